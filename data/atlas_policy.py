"""policy/atlas.toml read into the rules of sheets, and checked against the layers and words of the policy."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, get_args

from data.checked_toml import Fault, Section
from data.layers import Layer
from data.policy_model import VehicleKind
from gis.atlas_rules import (
    KINDS,
    LEVELS,
    MADE_SECTIONS,
    READY_COLUMNS,
    WORKED_OUT,
    AtlasRules,
    GroundRule,
    KindRule,
    LevelRule,
    TableRule,
    WayKind,
)
from gis.network import VehicleProfile
from gis.profiles import SpeedClass

FILE: Final = "atlas.toml"
_DEEPEST: Final = 5
_WAYS: Final[tuple[WayKind, ...]] = get_args(WayKind)
_MOST_ROWS: Final = 1_000
_NO_VEHICLE: Final = VehicleProfile(speed_class="truck")


def read_atlas(document: Section, vehicles: Mapping[str, VehicleKind]) -> AtlasRules:
    """Read the rules; faults gather in the document. `vehicles` are the kinds that it may name."""
    on_foot: Any = document.one_of("shelter_on", get_args(SpeedClass))
    goods_on = vehicles.get(document.text("goods_on"))
    if goods_on is None:
        document.fault("goods_on", "is no kind of vehicle")
    ground, tables, kinds = (document.section(key) for key in ("ground", "tables", "kinds"))
    rules = AtlasRules(
        approval=document.text("approval", ""),
        classification=document.text("classification"),
        producer=_read_producer(document),
        surroundings_m=document.integer("surroundings_m", least=100, most=20_000),
        shelter_profile=VehicleProfile(speed_class=on_foot),
        goods_profile=goods_on.profile if goods_on else _NO_VEHICLE,
        ground=MappingProxyType({level: _read_ground(ground.section(level)) for level in LEVELS}),
        tables=MappingProxyType({code: _read_table(code, one) for code, one in tables.sections()}),
        kinds=MappingProxyType({kind: _read_kind(kinds.section(kind)) for kind in KINDS}),
    )
    for section in (ground, kinds, document):
        section.done()
    return rules


def _read_producer(document: Section) -> Mapping[str, str]:
    """Read {zh = …, en = …}, which may be empty: not every county signs its maps."""
    section = document.section("producer")
    words = MappingProxyType({lang: section.text(lang, "") for lang in ("zh", "en")})
    section.done()
    return words


def _read_ground(section: Section) -> GroundRule:
    rule = GroundRule(
        roads=section.texts("roads"),
        waterways=section.texts("waterways"),
        settlements=section.flag("settlements", default=False),
    )
    section.done()
    return rule


def _read_table(code: str, section: Section) -> TableRule:
    most = section.integer("most", 0, most=_MOST_ROWS)
    rule = TableRule(
        code=code,
        layer=section.text("layer"),
        columns=section.texts("columns"),
        first=section.text("first", ""),
        most=most or None,
    )
    if code in MADE_SECTIONS:
        section.fault("", f"{code!r} is a section of its own")
    section.done()
    return rule


def _read_kind(section: Section) -> KindRule:
    levels = section.section("levels")
    rule = KindRule(
        theme=section.text("theme"),
        roles=section.texts("roles"),
        capabilities=section.texts("capabilities"),
        levels=MappingProxyType(
            {level: _read_level(levels.section(level)) for level in LEVELS if level in levels.values}
        ),
    )
    if not rule.levels:
        section.fault("levels", f"has none of {', '.join(LEVELS)}")
    levels.done()
    section.done()
    return rule


def _read_level(section: Section) -> LevelRule:
    ways = section.texts("ways")
    if not set(ways) <= set(_WAYS):
        section.fault("ways", f"lists other than {', '.join(_WAYS)}")
    rule = LevelRule(
        layers=section.texts("layers"),
        sections=section.texts("sections"),
        cells=section.integer("cells", most=_DEEPEST),
        people=section.integer("people", most=_DEEPEST),
        ways=tuple(way for way in _WAYS if way in ways),
    )
    section.done()
    return rule


def faults_of(
    rules: AtlasRules, layers: Mapping[str, Layer], vocabulary: Mapping[str, Mapping[str, object]]
) -> Iterator[Fault]:
    """Name every code that the rules use and no other file of the policy defines."""

    def unknown(key: str, code: str, group: str) -> Iterator[Fault]:
        if code not in vocabulary.get(group, {}):
            yield _fault(key, f"{code!r} is not in vocabulary.toml [{group}]")

    yield from unknown("classification", rules.classification, "classifications")
    for table in rules.tables.values():
        yield from _faults_of_table(table, layers)
    for code, kind in rules.kinds.items():
        key = f"kinds.{code}"
        yield from unknown(f"{key}.theme", kind.theme, "grid_themes")
        for role in kind.roles:
            yield from unknown(f"{key}.roles", role, "duty_roles")
        for capability in kind.capabilities:
            yield from unknown(f"{key}.capabilities", capability, "capabilities")
        for level, rule in kind.levels.items():
            for layer in rule.layers:
                if layer not in layers or layers[layer].geometry == "none":
                    yield _fault(f"{key}.levels.{level}.layers", f"{layer!r} is no layer of a map")
            for section in rule.sections:
                if section not in rules.tables and section not in MADE_SECTIONS:
                    yield _fault(f"{key}.levels.{level}.sections", f"there is no section {section!r}")


def _faults_of_table(table: TableRule, layers: Mapping[str, Layer]) -> Iterator[Fault]:
    key, layer = f"tables.{table.code}", layers.get(table.layer)
    if layer is None:
        yield _fault(f"{key}.layer", f"there is no layer {table.layer!r}")
        return
    for column in (*table.columns, *filter(None, [table.first])):
        if column not in layer.fields and column not in WORKED_OUT:
            yield _fault(f"{key}.columns", f"{table.layer!r} has no field {column!r}")
    if table.answers and layer.store not in {"teams", "depots"}:
        yield _fault(f"{key}.columns", f"nobody comes from {table.layer!r}: {', '.join(READY_COLUMNS)}")


def _fault(key: str, what: str) -> Fault:
    return Fault(file=FILE, key=key, what=what)
