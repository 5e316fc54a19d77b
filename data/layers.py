"""What a layer is: its fields with the words of their headers, its geometry, and the table that keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias, get_args

from data.checked_toml import Section

Words: TypeAlias = Mapping[str, str]
"""The same in both languages: exactly the keys "zh" and "en"."""

Store = Literal[
    "places",
    "areas",
    "grid_cells",
    "villages",
    "depots",
    "stock_lots",
    "teams",
    "vehicles",
    "people",
    "duties",
]
GeometryKind = Literal["none", "Point", "LineString", "Polygon", "MultiPolygon", "any"]
FieldType = Literal[
    "text",
    "integer",
    "number",
    "boolean",
    "date",
    "phone",
    "choice",
    "area",
    "reference",
    "layer",
    "capabilities",
    "people",
]

STORES: Final[tuple[Store, ...]] = get_args(Store)
GEOMETRY_KINDS: Final[tuple[GeometryKind, ...]] = get_args(GeometryKind)
FIELD_TYPES: Final[tuple[FieldType, ...]] = get_args(FieldType)

ACCEPTED_SHAPES: Final[Mapping[GeometryKind, frozenset[str]]] = MappingProxyType(
    {
        "none": frozenset(),
        "Point": frozenset({"Point"}),
        "LineString": frozenset({"LineString", "MultiLineString"}),
        "Polygon": frozenset({"Polygon", "MultiPolygon"}),
        "MultiPolygon": frozenset({"Polygon", "MultiPolygon"}),
        "any": frozenset({"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"}),
    }
)
"""Shapely names of the shapes that each kind takes. Drawing programs save single and multiple shapes at random."""

DEFAULT_LIMIT: Final = 500
_NEAREST_ZOOM: Final = 22

PLACED_BY: Final = "placed_by"
RADIUS: Final = "radius_m"
"""Fields of every layer of points: how a row without coordinates was placed, and how far off it may be."""

OTHER_GROUP: Final = "other"
"""Of the legend, for a layer that names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column of a layer. `also`: other headers that real ledgers use for it.

    least, most: bounds of a number. limit: characters of a text. group: vocabulary of a choice. target: layer that
    a reference names by code. personal: not shown to everybody. repeats: of several people in one field, the headers
    of name and telephone that ledgers number from 1 ("监测人姓名1", "监测人电话1", …).
    """

    name: str
    type: FieldType
    words: Words
    also: tuple[str, ...] = ()
    required: bool = False
    least: float | None = None
    most: float | None = None
    limit: int = DEFAULT_LIMIT
    group: str = ""
    target: str = ""
    default: str | None = None
    personal: bool = False
    repeats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Legend:
    """How a map draws the layer: in which group of the legend, and in which look.

    min_zoom: first zoom that shows it. size: radius of a symbol seen from near, line_width: of lines and outlines, both
    in pixels. fill: opacity of areas, 0 to 1. label: the field written beside each feature from label_zoom on; "" for none.
    """

    group: str
    colour: str
    symbol: str
    order: int
    visible: bool
    min_zoom: int
    size: float
    line_width: float
    fill: float
    label: str
    label_zoom: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """A register of things of one sort. Equal only to itself: a policy is loaded once, and queries are kept by layer.

    code_from: fields that make the code of a row that has none. fixed: column values that every row of this layer
    has, and without: column values that mark rows of another layer, where several layers share one table. personal: the whole layer is not for everybody.
    """

    code: str
    words: Words
    store: Store
    geometry: GeometryKind
    geometry_required: bool
    legend: Legend
    fields: Mapping[str, Field]
    code_from: tuple[str, ...] = ()
    fixed: Mapping[str, str] = field(default_factory=dict)
    without: Mapping[str, str] = field(default_factory=dict)
    personal: bool = False


def read_words(section: Section) -> Words:
    """Read {zh = …, en = …}; other keys of the section are left to the caller."""
    return MappingProxyType({"zh": section.text("zh"), "en": section.text("en")})


def read_named(section: Section, key: str) -> Words:
    """Read the words under `key`, and nothing else with them."""
    inner = section.section(key)
    words = read_words(inner)
    inner.done()
    return words


def read_layer(code: str, document: Section) -> Layer:
    """Read one layer's document; faults gather in it."""
    sections = document.section("fields").sections()
    fields = {name: _read_field(name, section) for name, section in sections}
    geometry: GeometryKind = _literal(document.one_of("geometry", GEOMETRY_KINDS))
    if geometry == "Point":
        fields |= _placed_fields()
    layer = Layer(
        code=code,
        words=read_named(document, "name"),
        store=_literal(document.one_of("store", STORES)),
        geometry=geometry,
        geometry_required=document.flag("geometry_required", default=True),
        legend=_read_legend(document.section("legend")),
        fields=MappingProxyType(fields),
        code_from=document.texts("code_from"),
        fixed=_read_columns(document.section("fixed", required=False)),
        without=_read_columns(document.section("without", required=False)),
        personal=document.flag("personal", default=False),
    )
    document.done()
    _check_layer(layer, document)
    return layer


def _placed_fields() -> dict[str, Field]:
    """Return the fields of a row that was placed by words; empty where its position was measured."""
    words = {
        PLACED_BY: {"zh": "定位方式", "en": "Placed by"},
        RADIUS: {"zh": "定位半径", "en": "Radius of its place (m)"},
    }
    return {
        PLACED_BY: Field(
            name=PLACED_BY, type="choice", group="placings", words=MappingProxyType(words[PLACED_BY])
        ),
        RADIUS: Field(name=RADIUS, type="integer", least=0, words=MappingProxyType(words[RADIUS])),
    }


def _literal(value: str) -> Any:
    """Hand a checked string to a field of a Literal type."""
    return value


def _read_legend(section: Section) -> Legend:
    legend = Legend(
        group=section.text("group", OTHER_GROUP),
        colour=section.text("colour"),
        symbol=section.text("symbol"),
        order=section.integer("order"),
        visible=section.flag("visible", default=False),
        min_zoom=section.integer("min_zoom", 0, most=_NEAREST_ZOOM),
        size=_from_to(section, "size", 10.0, 3.0, 30.0),
        line_width=_from_to(section, "line_width", 1.4, 0.5, 12.0),
        fill=_from_to(section, "fill", 0.02, 0.0, 1.0),
        label=section.text("label", ""),
        label_zoom=section.integer("label_zoom", 14, most=_NEAREST_ZOOM),
    )
    section.done()
    return legend


def _from_to(section: Section, key: str, default: float, least: float, most: float) -> float:
    value = section.number(key)
    if value is None:
        return default
    if not least <= value <= most:
        section.fault(key, f"{value:g} is not from {least:g} to {most:g}")
    return value


def _read_columns(section: Section) -> Mapping[str, str]:
    return MappingProxyType({column: section.text(column) for column in section.values})


def _read_field(name: str, section: Section) -> Field:
    column = Field(
        name=name,
        type=_literal(section.one_of("type", FIELD_TYPES)),
        words=read_words(section),
        also=section.texts("also"),
        required=section.flag("required", default=False),
        least=section.number("least"),
        most=section.number("most"),
        limit=section.integer("limit", DEFAULT_LIMIT, least=1),
        group=section.text("group", ""),
        target=section.text("target", ""),
        default=section.text("default") if "default" in section.values else None,
        personal=section.flag("personal", default=False),
        repeats=section.texts("repeats"),
    )
    section.done()
    if (column.type == "choice") != bool(column.group):
        section.fault("group", "goes with type choice, and only with it")
    if (column.type == "reference") != bool(column.target):
        section.fault("target", "goes with type reference, and only with it")
    return column


def _check_layer(layer: Layer, document: Section) -> None:
    """Note what contradicts itself within one layer."""
    code = layer.fields.get("code")
    if code is None or not (code.required or layer.code_from):
        document.fault("fields.code", "must be required, unless code_from makes it")
    label = layer.legend.label
    if label and (label not in layer.fields or layer.fields[label].personal):
        document.fault("legend.label", f"{label!r} is no field that everybody may read")
    for name in layer.code_from:
        if name not in layer.fields:
            document.fault("code_from", f"{name!r} is no field")
    if layer.store == "places" and "name" not in layer.fields:
        document.fault("fields.name", "is missing")
