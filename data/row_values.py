"""What a layer's row says → what its table holds: units, references, defaults, and what is made from other fields.

Reading the rows that others may name is the only query here; the rest is pure.
"""

import dataclasses
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from geoalchemy2.elements import WKBElement
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, Table, literal, select

from data import registers
from data.cells import header
from data.geometry import stored_shape
from data.layers import Layer, Store
from data.policies import Policy
from data.registers import MINUTE_MS
from data.tables import areas, grid_cells
from gis import areas as area_codes
from gis.crs import STORED
from gis.network import VehicleProfile

Record = Mapping[str, Any]
"""What a row says, by field."""

Values = dict[str, Any]
"""What its table will hold, by column."""

_PROFILE: Final = tuple(field.name for field in dataclasses.fields(VehicleProfile))
_SUBJECT_COLUMNS: Final[Mapping[Store, str]] = MappingProxyType(
    {"areas": "area_code", "grid_cells": "grid_id", "places": "place_id", "teams": "team_id"}
)
_MADE_FROM: Final[Mapping[Store, Mapping[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "areas": {"code": ("level", "parent"), "seat_lon": ("seat",)},
        "grid_cells": {"level": ("level",)},
        "teams": {"transport": tuple(f"travel_{name}" for name in _PROFILE)},
        "vehicles": {
            "team": ("team_id", "depot_id"),
            "depot": ("team_id", "depot_id"),
            "kind": ("speed_class",),
        },
        "stock_lots": {"depot": ("depot_id",), "item": ("unit_kg",)},
        "duties": {"person": ("person_id",), "subject": tuple(_SUBJECT_COLUMNS.values())},
    }
)
"""Columns that are made from a field of another name."""


class RowRefusedError(Exception):
    """A row that cannot stand: why, the remedy, the field, and the values that the words mention."""

    def __init__(self, code: str, remedy: str, field: str = "", **values: object) -> None:
        super().__init__(code)
        self.code, self.remedy, self.field = code, remedy, field
        self.values = {key: str(value) for key, value in values.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The rows of a layer that others may name: by code, and by name where only one has it."""

    ids: Mapping[str, Any]
    codes_by_name: Mapping[str, str]

    def code(self, named: str) -> str | None:
        """Return the code of the row that is meant; None if there is none."""
        return named if named in self.ids else self.codes_by_name.get(header(named))


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """What rows of one layer are made with. `known`: by layer, all that they may name."""

    layer: Layer
    policy: Policy
    known: Mapping[str, Known]

    @property
    def table(self) -> Table:
        """The table that the rows are for."""
        return registers.table_of(self.layer)

    def reference(self, field: str, target: str, named: str) -> str:
        """Return the code of what a row names in `field`. Raises RowRefusedError where there is none."""
        code = self.known[target].code(named) if target in self.known else None
        if code is None:
            raise RowRefusedError(
                "reference_unknown", "import_target_first", field, value=named, target=target
            )
        return code


# ----------------------------------------------------------------------------------------------- what is known


def look_up(
    connection: Connection,
    layer: Layer,
    policy: Policy,
    frame: gpd.GeoDataFrame,
    coming: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> Mapping[str, Known]:
    """Read the codes of every layer that rows of this one name; rows of a tree may name one another.

    coming: by layer, codes and names of rows that will stand there before these do.
    """
    targets = {field.target for field in layer.fields.values() if field.target}
    if layer.store == "duties":
        targets |= {str(code) for code in frame["subject_layer"].dropna().unique()}
    if "area_code" in registers.table_of(layer).c:
        targets.add("areas")
    if layer.store in {"areas", "grid_cells"}:
        targets.add(layer.code)
    known = {code: _known(connection, policy.layers[code]) for code in targets if code in policy.layers}
    for code, rows in coming.items():
        if code in known:
            names = {header(name): row for row, name in rows.items() if name}
            known[code] = Known(
                ids={**dict.fromkeys(rows), **known[code].ids},
                codes_by_name={**names, **known[code].codes_by_name},
            )
    if layer.code in known:
        here = dict.fromkeys(map(str, frame["code"]))
        known[layer.code] = dataclasses.replace(known[layer.code], ids={**here, **known[layer.code].ids})
    return known


def _known(connection: Connection, layer: Layer) -> Known:
    table = registers.table_of(layer)
    name = table.c.get("name", literal("")).label("name")
    query = select(registers.key_of(layer).label("id"), table.c.code, name)
    if layer.store == "places":
        query = query.where(table.c.layer == layer.code)
    found = connection.execute(query).all()
    times = Counter(header(row.name) for row in found)
    return Known(
        ids={row.code: row.id for row in found},
        codes_by_name={
            header(row.name): row.code for row in found if row.name and times[header(row.name)] == 1
        },
    )


# ----------------------------------------------------------------------------------------------- one row


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a field goes: a column (empty: what it holds where the field is), an attribute, or neither of them."""

    column: str | None
    empty: str | None
    attribute: bool
    target: str | None


@lru_cache(maxsize=4_096)
def _place_of(layer: Layer, name: str) -> _Place:
    """Tell, once for each field, where it goes: a file has a hundred thousand rows."""
    table, column = registers.table_of(layer), registers.column_of(layer, name)
    nullable = column is None or table.c[column].nullable or table.c[column].type.python_type is not str
    return _Place(
        column=column,
        empty=None if nullable else "",
        attribute=registers.is_attribute(layer, name),
        target=layer.fields[name].target,
    )


def values_of(making: Making, record: Record, shape: WKBElement | None, around: str | None) -> Values:
    """Make the columns of one row. shape: as `stored_shapes` makes it. `around`: the area that it lies in, for a row
    that does not say.

    Raises RowRefusedError for a row that contradicts itself or names what is not there.
    """
    layer, table = making.layer, making.table
    values: Values = dict(layer.fixed)
    attributes: Values = {}
    for name, said in record.items():
        value = _plain(said)
        place = _place_of(layer, name)
        if place.target and value:
            value = making.reference(name, place.target, value)
        if place.column is None:
            if value is not None and place.attribute:
                attributes[name] = value.isoformat() if isinstance(value, date) else value
        elif value is None:
            values[place.column] = place.empty
        else:
            values[place.column] = value * MINUTE_MS if place.column.endswith("_ms") else value
    _refuse_other_layers(layer, values)
    if "attributes" in table.c:
        values["attributes"] = attributes
    if "geom" in table.c:
        values["geom"] = shape
    if "area_code" in table.c and layer.store != "duties":
        values["area_code"] = _area(making, values.get("area_code") or around)
    if layer.store in _MAKERS:
        _MAKERS[layer.store](making, record, values)
    return values


def updated_columns(layer: Layer, fields: Collection[str]) -> set[str]:
    """Name the columns that a known row takes from rows with these fields; the others are left as they are."""
    table = registers.table_of(layer)
    own = {registers.column_of(layer, name) for name in fields}
    made = {
        column
        for field, columns in _MADE_FROM.get(layer.store, {}).items()
        if field in fields
        for column in columns
    }
    attributes = {"attributes"} if any(registers.is_attribute(layer, name) for name in fields) else set()
    shape = {"geom"} if "geom" in table.c else set()
    kept = {"code", "layer"} | ({"quantity"} if layer.store == "stock_lots" else set())
    return ({column for column in own if column} | made | attributes | shape | set(layer.fixed)) - kept


def _plain(value: Any) -> Any:
    """Bring what frames make of values back: NaN to None, numbers of arrays to plain ones."""
    if type(value) is str:
        return value
    if isinstance(value, np.generic):
        value = value.item()
    return None if value != value else value  # noqa: PLR0124  # NaN alone differs from itself


def _refuse_other_layers(layer: Layer, values: Values) -> None:
    for column, other in layer.without.items():
        if values.get(column) == other:
            raise RowRefusedError("other_layer", "choose_layer", column, value=other)


def _area(making: Making, code: str | None) -> str | None:
    if code is not None and code not in making.known["areas"].ids:
        raise RowRefusedError("area_unknown", "import_areas_first", "area_code", value=code)
    return code


def stored_shapes(table: Table, shapes: Sequence[BaseGeometry | None]) -> list[WKBElement | None]:
    """Make the values of a table's geometry column, all at once."""
    if table in {areas, grid_cells}:
        shapes = [
            shapely.MultiPolygon([shape]) if isinstance(shape, shapely.Polygon) else shape for shape in shapes
        ]
    written = shapely.to_wkb(np.array(shapes, dtype=object))
    return [None if data is None else WKBElement(data, srid=STORED) for data in written]


# ----------------------------------------------------------------------------------------------- each store


def _make_place(making: Making, _record: Record, values: Values) -> None:
    values["layer"] = making.layer.code


def _make_area(making: Making, record: Record, values: Values) -> None:
    code = str(record["code"])
    values["level"] = area_codes.level(code)
    values["parent"] = _nearest(area_codes.chain(code)[:-1], making.known[making.layer.code])
    lon, lat = _plain(record.get("seat_lon")), _plain(record.get("seat_lat"))
    values["seat"] = None if lon is None or lat is None else stored_shape(shapely.Point(lon, lat))


def _make_grid_cell(_making: Making, record: Record, values: Values) -> None:
    values["level"] = int(record["level"])


def _make_village(making: Making, record: Record, values: Values) -> None:
    values["area_code"] = _nearest(area_codes.chain(str(record["code"])), making.known["areas"])


def _make_depot(making: Making, _record: Record, values: Values) -> None:
    times = making.policy.readiness.depots[values["level"]]
    _default(values, **dataclasses.asdict(times))


def _make_team(making: Making, record: Record, values: Values) -> None:
    times = making.policy.readiness.teams[values["kind"]]
    _default(values, **dataclasses.asdict(times))
    transport = _plain(record.get("transport")) or making.policy.readiness.transport
    profile = making.policy.vehicle_kinds[transport].profile
    values |= {f"travel_{name}": value for name, value in dataclasses.asdict(profile).items()}


def _make_vehicle(making: Making, record: Record, values: Values) -> None:
    kind = making.policy.vehicle_kinds[values["kind"]]
    _default(values, load_kg=kind.load_kg, **dataclasses.asdict(kind.profile))
    owners = {target: _plain(record.get(target)) for target in ("team", "depot")}
    if sum(owner is not None for owner in owners.values()) != 1:
        raise RowRefusedError("one_owner", "name_one_owner", "team")
    for target, owner in owners.items():
        code = making.reference(target, f"{target}s", owner) if owner else None
        values[f"{target}_id"] = making.known[f"{target}s"].ids[code] if code else None


def _make_stock_lot(making: Making, record: Record, values: Values) -> None:
    ownership = values["ownership"]
    _default(values, activation_ms=making.policy.readiness.activation_ms[ownership])
    if ownership == "own" and values["activation_ms"]:
        raise RowRefusedError("own_activation", "correct_ownership", "activation_min")
    values["depot_id"] = making.known["depots"].ids[making.reference("depot", "depots", record["depot"])]
    values["unit_kg"] = making.policy.items[values["item"]].unit_kg
    del values["quantity"]  # on hand changes by movements only


def _make_duty(making: Making, record: Record, values: Values) -> None:
    target = str(record["subject_layer"])
    column = _SUBJECT_COLUMNS.get(making.policy.layers[target].store)
    if column is None:
        raise RowRefusedError("no_duty_for", "choose_subject", "subject_layer", target=target)
    subject = making.reference("subject", target, record["subject"])
    values |= dict.fromkeys(_SUBJECT_COLUMNS.values())
    values[column] = making.known[target].ids[subject]
    values["person_id"] = making.known["people"].ids[making.reference("person", "people", record["person"])]


_MAKERS: Final[Mapping[Store, Callable[[Making, Record, Values], None]]] = MappingProxyType(
    {
        "places": _make_place,
        "areas": _make_area,
        "grid_cells": _make_grid_cell,
        "villages": _make_village,
        "depots": _make_depot,
        "teams": _make_team,
        "vehicles": _make_vehicle,
        "stock_lots": _make_stock_lot,
        "duties": _make_duty,
    }
)


def _nearest(chain: Collection[str], known: Known) -> str | None:
    """Return the last code of a chain, the county first, that is known."""
    return next((code for code in reversed(tuple(chain)) if code in known.ids), None)


def _default(values: Values, **defaults: object) -> None:
    """Fill what a row lacks."""
    for column, value in defaults.items():
        if values.get(column) is None:
            values[column] = value
