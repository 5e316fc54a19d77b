"""The county's policy: cards, layers, words, levels, clocks, hours and coverage, read from data/policy/*.toml.

`load` reads a folder once into one frozen value and checks everything together, so that a policy either is whole or
is refused with all its faults, each with file and key.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, get_args

from data.atlas_policy import FILE as ATLAS_FILE
from data.atlas_policy import faults_of, read_atlas
from data.checked_toml import DocumentError, Fault, Section, read
from data.layers import Layer, read_layer, read_named, read_words
from data.policy_model import (
    CallPolicy,
    CompletenessRule,
    CompletenessRules,
    CoverRule,
    DepotTimes,
    Detail,
    DetailKind,
    GridRules,
    IncidentLegend,
    IncidentType,
    Item,
    Level,
    Policy,
    Readiness,
    ReportClock,
    ScoreParts,
    TeamTimes,
    Term,
    VehicleKind,
)
from dispatch.calling import Rules
from dispatch.cards import BEST_GRADE, LAST_GRADE, LEVELS, Card, CardLine
from dispatch.hazards import HazardRule, ZoneShape
from dispatch.model import NeedKind
from gis.areas import AreaLevel
from gis.network import SpeedClass, VehicleProfile

__all__ = ["SHIPPED", "CoverRule", "Policy", "load"]

SHIPPED: Final = Path(__file__).parent / "policy"
HOURS: Final = 24
WHOLE: Final = 100
MINUTE_MS: Final = 60_000

_CODE = re.compile(r"[A-Za-z0-9_]+")
_MARK = re.compile(r"[A-Z]{0,2}")
_GBT_38565 = re.compile(r"[123][0-9]{0,6}|")
_VOCABULARY_OF: Final[Mapping[NeedKind, str]] = MappingProxyType(
    {"capability": "capabilities", "vehicle": "vehicle_kinds", "material": "items"}
)


def load(folder: Path | None = None) -> Policy:
    """Read the policy in `folder`, or the one that is shipped. Raises DocumentError with every fault of every file."""
    root = folder or SHIPPED
    faults: list[Fault] = []
    policy = _read_policy(root, faults)
    _check_together(policy, faults)
    if faults:
        raise DocumentError(sorted(set(faults)))
    return policy


def _read_policy(root: Path, faults: list[Fault]) -> Policy:
    vocabulary = read(root / "vocabulary.toml", root, faults)
    deadlines = read(root / "deadlines.toml", root, faults)
    terms = {group: _read_group(group, section) for group, section in vocabulary.sections()}
    types = {path.stem: _read_type(path, root, faults) for path in sorted(root.glob("cards/*.toml"))}
    layers = {
        path.stem: read_layer(path.stem, read(path, root, faults))
        for path in sorted(root.glob("layers/*.toml"))
    }
    levels = _read_levels(read(root / "levels.toml", root, faults))
    vehicle_kinds = _only(terms.get("vehicle_kinds", {}), VehicleKind)
    policy = Policy(
        incident_types=MappingProxyType(types),
        layers=MappingProxyType(dict(sorted(layers.items(), key=lambda entry: entry[1].legend.order))),
        vocabulary=MappingProxyType(terms | _derived_groups(types, layers, levels)),
        items=_only(terms.get("items", {}), Item),
        vehicle_kinds=vehicle_kinds,
        details=_only(terms.get("details", {}), Detail),
        levels=MappingProxyType(levels),
        report_clocks=_read_reports(deadlines.section("reports")),
        answer_within_ms=_read_minutes(deadlines.section("orders"), "answer_min"),
        stock_arrives_within_ms=_read_minutes(deadlines.section("stock"), "arrive_min"),
        hour_factors=_read_hours(read(root / "hours.toml", root, faults)),
        cover_rules=_read_cover(read(root / "cover.toml", root, faults)),
        readiness=_read_readiness(read(root / "readiness.toml", root, faults)),
        calls=_read_calls(deadlines.section("calls")),
        atlas=read_atlas(read(root / ATLAS_FILE, root, faults), vehicle_kinds),
        grids=_read_grids(read(root / "grids.toml", root, faults)),
        completeness=_read_completeness(read(root / "completeness.toml", root, faults)),
    )
    deadlines.done()
    return policy


def _only(terms: Mapping[str, Any], kind: type[Any]) -> Mapping[str, Any]:
    return MappingProxyType({code: term for code, term in terms.items() if isinstance(term, kind)})


def _derived_groups(
    types: Mapping[str, IncidentType], layers: Mapping[str, Layer], levels: Mapping[int, Level]
) -> dict[str, Mapping[str, Term]]:
    """Words that stand in files of their own, as groups of the vocabulary too."""
    return {
        "incident_types": {code: Term(code=code, words=kind.words) for code, kind in types.items()},
        "layers": {code: Term(code=code, words=layer.words) for code, layer in layers.items()},
        "levels": {
            str(number): Term(code=str(number), words=level.words) for number, level in levels.items()
        },
    }


# ----------------------------------------------------------------------------------------------- words


def _read_group(group: str, section: Section) -> Mapping[str, Term]:
    readers = {"items": _read_item, "vehicle_kinds": _read_vehicle_kind, "details": _read_detail}
    read_one = readers.get(group, _read_term)
    terms: dict[str, Term] = {}
    for code, entry in section.sections():
        if not _CODE.fullmatch(code):
            section.fault(code, "a code is made of letters, digits and underscores")
        terms[code] = read_one(code, entry)
        entry.done()
    return MappingProxyType(terms)


def _read_term(code: str, section: Section) -> Term:
    return Term(code=code, words=read_words(section), aka=section.texts("aka"))


def _read_item(code: str, section: Section) -> Item:
    gbt_38565 = section.text("gbt_38565", "")
    if not _GBT_38565.fullmatch(gbt_38565):
        section.fault("gbt_38565", "is 1, 2 or 3 and up to six digits more")
    return Item(
        code=code,
        words=read_words(section),
        aka=section.texts("aka"),
        unit=MappingProxyType({"zh": section.text("unit_zh"), "en": section.text("unit_en")}),
        unit_kg=section.integer("unit_kg"),
        gbt_38565=gbt_38565,
    )


def _read_detail(code: str, section: Section) -> Detail:
    kind: Any = section.one_of("kind", get_args(DetailKind))
    return Detail(code=code, words=read_words(section), aka=section.texts("aka"), kind=kind)


def _read_vehicle_kind(code: str, section: Section) -> VehicleKind:
    speed_class: Any = section.one_of("speed_class", get_args(SpeedClass))
    kind = VehicleKind(
        code=code,
        words=read_words(section),
        aka=section.texts("aka"),
        profile=VehicleProfile(
            speed_class=speed_class,
            mass_kg=section.integer("mass_kg"),
            height_cm=section.integer("height_cm"),
            width_cm=section.integer("width_cm"),
            four_wheel_drive=section.flag("four_wheel_drive", default=False),
        ),
        load_kg=section.integer("load_kg", 0),
        carrier=section.flag("carrier", default=False),
    )
    if kind.carrier and not kind.load_kg:
        section.fault("load_kg", "a carrier needs one")
    return kind


# ----------------------------------------------------------------------------------------------- cards


def _read_type(path: Path, root: Path, faults: list[Fault]) -> IncidentType:
    document = read(path, root, faults)
    legend = document.section("legend")
    kind = IncidentType(
        code=path.stem,
        words=read_named(document, "name"),
        headquarters=read_named(document, "headquarters"),
        lead_office=read_named(document, "lead_office"),
        legend=IncidentLegend(colour=legend.text("colour"), symbol=legend.text("symbol")),
        default_level=document.integer("default_level", least=min(LEVELS), most=max(LEVELS)),
        hazard=_read_hazard(document.section("hazard")),
        reports=document.texts("reports"),
        details=document.texts("details"),
        card=_read_card(path.stem, document),
    )
    legend.done()
    document.done()
    return kind


def _read_hazard(section: Section) -> HazardRule:
    shape: Any = section.one_of("shape", get_args(ZoneShape))
    rule = HazardRule(
        shape=shape,
        radius_m=section.integer("radius_m", 0, most=50_000),
        length_m=section.integer("length_m", 0, most=50_000),
        half_angle_deg=section.integer("half_angle_deg", 0, most=90),
        closes_roads=section.flag("closes_roads", default=True),
    )
    section.done()
    return rule


def _read_card(code: str, document: Section) -> Card:
    rows = document.rows("needs")
    lines = [line for line in map(_read_line, rows) if line]
    try:
        return Card(incident_type=code, lines=tuple(lines))
    except ValueError as error:
        document.fault("needs", str(error))
        return Card(incident_type=code, lines=())


def _read_line(section: Section) -> CardLine | None:
    kinds = [kind for kind in get_args(NeedKind) if kind in section.values]
    if len(kinds) != 1:
        section.fault("", f"names one of {', '.join(get_args(NeedKind))}")
        return None
    values: dict[str, Any] = {
        "kind": kinds[0],
        "code": section.text(kinds[0]),
        "quantities": section.integers("quantities", count=len(LEVELS), least=0),
        "critical": section.flag("critical", default=True),
        "grade": section.integer("grade", LAST_GRADE, least=BEST_GRADE, most=LAST_GRADE),
        "min_strength": section.integer("min_strength", 1, least=1),
    }
    section.done()
    try:
        return CardLine(**values)
    except ValueError as error:
        section.fault("", str(error))
        return None


# ----------------------------------------------------------------------------------------------- figures


def _read_levels(document: Section) -> dict[int, Level]:
    active = document.values.get("active", list(LEVELS))
    levels = {}
    for number in LEVELS:
        section = document.section(str(number))
        levels[number] = Level(
            number=number,
            words=read_named(section, "name"),
            event=read_named(section, "event"),
            warning=read_named(section, "warning"),
            colour=section.text("colour"),
            priority=section.integer("priority", least=1),
            active=isinstance(active, list) and number in active,
        )
        section.done()
    if not (isinstance(active, list) and active and set(active) <= set(LEVELS)):
        document.fault("active", f"must list some of {LEVELS}")
    for key in document.values:
        if key not in {"active", *map(str, LEVELS)}:
            document.fault(key, "is no key here")
    return levels


def _read_reports(section: Section) -> Mapping[str, ReportClock]:
    clocks = {}
    for code, entry in section.sections():
        levels = entry.values.get("levels", list(LEVELS))
        if not (isinstance(levels, list) and levels and set(levels) <= set(LEVELS)):
            entry.fault("levels", f"must list some of {LEVELS}")
            levels = list(LEVELS)
        clocks[code] = ReportClock(
            code=code,
            words=read_named(entry, "name"),
            within_ms=_minutes(entry, "within_min"),
            levels=tuple(levels),
            verified=entry.flag("verified", default=True),
        )
    return MappingProxyType(clocks)


def _read_minutes(section: Section, key: str) -> Mapping[str, int]:
    found = {}
    for code, entry in section.sections():
        found[code] = _minutes(entry, key)
        entry.done()
    return MappingProxyType(found)


def _read_calls(section: Section) -> CallPolicy:
    roles = {}
    for row in section.rows("roles"):
        roles[row.text("role")] = row.texts("stand_in")
        row.done()
    rules = Rules(
        roles=MappingProxyType(roles),
        answer_ms=_minutes(section, "answer_min"),
        substitute_ms=_minutes(section, "substitute_min"),
        above_ms=_minutes(section, "above_min"),
    )
    calls = CallPolicy(rules=rules, clock=section.text("clock"))
    section.done()
    return calls


def _minutes(section: Section, key: str, *, least: int = 1) -> int:
    return section.integer(key, least=least, most=10_080) * MINUTE_MS


def _read_hours(document: Section) -> Mapping[str, tuple[int, ...]]:
    return MappingProxyType(
        {
            road_class: document.integers(road_class, count=HOURS, least=100, most=1000)
            for road_class in document.values
        }
    )


def _read_cover(document: Section) -> tuple[CoverRule, ...]:
    rules = []
    for row in document.rows("rules"):
        rules.append(
            CoverRule(
                capability=row.text("capability"),
                heads=row.integer("heads", least=1),
                within_ms=_minutes(row, "within_min"),
                weight=row.integer("weight", 1, least=1),
            )
        )
        row.done()
    document.done()
    return tuple(rules)


def _read_readiness(document: Section) -> Readiness:
    teams = {code: _read_team_times(entry) for code, entry in document.section("teams").sections()}
    depots = {code: _read_depot_times(entry) for code, entry in document.section("depots").sections()}
    lots = {
        code: _minutes(entry, "activation_min", least=0)
        for code, entry in document.section("lots").sections()
    }
    readiness = Readiness(
        teams=MappingProxyType(teams),
        depots=MappingProxyType(depots),
        activation_ms=MappingProxyType(lots),
        transport=document.section("transport").text("kind"),
        stale_after_ms=_minutes(document.section("data"), "stale_after_min"),
    )
    document.done()
    return readiness


def _read_grids(document: Section) -> GridRules:
    areas = {}
    for code, entry in document.section("levels").sections():
        if "area" in entry.values and code.isdecimal():
            areas[int(code)] = entry.one_of("area", get_args(AreaLevel))
        entry.done()
    marks = {}
    for code, entry in document.section("themes").sections():
        marks[code] = entry.text("mark", "")
        if not _MARK.fullmatch(marks[code]):
            entry.fault("mark", "is at most two capital letters")
        elif list(marks.values()).count(marks[code]) > 1:
            entry.fault("mark", "is another theme's too")
        entry.done()
    people = document.section("people")
    rules = GridRules(
        areas=MappingProxyType(areas),
        marks=MappingProxyType(marks),
        most_cells=people.integer("most_cells", least=1),
        staleness_days=people.integer("staleness_days", least=1),
    )
    people.done()
    document.done()
    return rules


def _read_completeness(document: Section) -> CompletenessRules:
    parts = document.section("weights")
    shares = ScoreParts(**{name: parts.integer(name, most=WHOLE) for name in ("complete", "fresh", "sure")})
    if shares.complete + shares.fresh + shares.sure != WHOLE:
        document.fault("weights", f"do not make {WHOLE} together")
    parts.done()
    stale_days = document.integer("stale_days", least=1)
    layers = {}
    for code, entry in document.section("layers").sections():
        expected = entry.section("expected")
        layers[code] = CompletenessRule(
            stale_days=entry.integer("stale_days", stale_days, least=1),
            expected=MappingProxyType({name: expected.integer(name, least=1) for name in expected.values}),
            not_zero=entry.texts("not_zero"),
            until=entry.texts("until"),
            owner=entry.text("owner", ""),
        )
        expected.done()
        entry.done()
    rules = CompletenessRules(
        parts=shares,
        near_m=document.integer("near_m", least=1, most=1000),
        stale_days=stale_days,
        layers=MappingProxyType(layers),
    )
    document.done()
    return rules


def _read_team_times(section: Section) -> TeamTimes:
    times = TeamTimes(
        notify_ms=_minutes(section, "notify_min", least=0),
        assemble_ms=_minutes(section, "assemble_min", least=0),
        consent_ms=_minutes(section, "consent_min", least=0),
    )
    section.done()
    return times


def _read_depot_times(section: Section) -> DepotTimes:
    times = DepotTimes(
        notify_ms=_minutes(section, "notify_min", least=0),
        loading_ms=_minutes(section, "loading_min", least=0),
    )
    section.done()
    return times


# ----------------------------------------------------------------------------------------------- together


def _check_together(policy: Policy, faults: list[Fault]) -> None:
    """Note every code that one file uses and no file defines."""

    def known(file: str, key: str, code: str, group: str) -> None:
        if code not in policy.vocabulary.get(group, {}):
            faults.append(Fault(file=file, key=key, what=f"{code!r} is not in vocabulary.toml [{group}]"))

    for kind in policy.incident_types.values():
        file = f"cards/{kind.code}.toml"
        for line in kind.card.lines:
            known(file, "needs", line.code, _VOCABULARY_OF[line.kind])
        faults.extend(
            Fault(file=file, key="reports", what=f"{report!r} is not in deadlines.toml [reports]")
            for report in kind.reports
            if report not in policy.report_clocks
        )
        for detail in kind.details:
            known(file, "details", detail, "details")
    for role, stand_in in policy.calls.rules.roles.items():
        for code in (role, *stand_in):
            known("deadlines.toml", "calls.roles", code, "duty_roles")
    if policy.calls.clock not in policy.report_clocks:
        what = f"{policy.calls.clock!r} is not in [reports]"
        faults.append(Fault(file="deadlines.toml", key="calls.clock", what=what))
    for rule in policy.cover_rules:
        known("cover.toml", "rules", rule.capability, "capabilities")
    known("readiness.toml", "transport.kind", policy.readiness.transport, "vehicle_kinds")
    _check_readiness(policy, faults)
    faults.extend(faults_of(policy.atlas, policy.layers, policy.vocabulary))
    _check_grids(policy, faults)
    _check_completeness(policy, faults)
    for layer in policy.layers.values():
        _check_fields(policy, layer, faults)


def _check_readiness(policy: Policy, faults: list[Fault]) -> None:
    """Every kind of team, depot and lot must have its defaults, and no other may."""
    tables: tuple[tuple[str, Mapping[str, object], str], ...] = (
        ("teams", policy.readiness.teams, "team_kinds"),
        ("depots", policy.readiness.depots, "depot_levels"),
        ("lots", policy.readiness.activation_ms, "ownerships"),
    )
    for key, given, group in tables:
        for code in sorted(set(given) ^ set(policy.vocabulary.get(group, {}))):
            what = f"{code!r} must stand here and in vocabulary.toml [{group}]"
            faults.append(Fault(file="readiness.toml", key=key, what=what))


def _check_grids(policy: Policy, faults: list[Fault]) -> None:
    """Every theme must have its mark, and every level that stands on areas must be one."""
    for code in sorted(set(policy.grids.marks) ^ set(policy.vocabulary.get("grid_themes", {}))):
        what = f"{code!r} must stand here and in vocabulary.toml [grid_themes]"
        faults.append(Fault(file="grids.toml", key="themes", what=what))
    faults.extend(
        Fault(file="grids.toml", key="levels", what=f"{level} is not in vocabulary.toml [grid_levels]")
        for level in policy.grids.areas
        if str(level) not in policy.vocabulary.get("grid_levels", {})
    )


def _check_completeness(policy: Policy, faults: list[Fault]) -> None:
    """Note rules that expect of a layer what it has no field for."""
    for code, rule in policy.completeness.layers.items():
        layer = policy.layers.get(code)
        fields = {} if layer is None else layer.fields
        named = {*rule.expected, *rule.not_zero, *rule.until, rule.owner} - {"", "geometry"}
        wrong = sorted(named - set(fields)) + [
            name for name in rule.until if name in fields and fields[name].type != "date"
        ]
        if wrong or layer is None or (rule.owner in fields and fields[rule.owner].personal):
            what = f"names what the layer does not have: {', '.join(wrong) or code}"
            faults.append(Fault(file="completeness.toml", key=f"layers.{code}", what=what))


def _check_fields(policy: Policy, layer: Layer, faults: list[Fault]) -> None:
    file = f"layers/{layer.code}.toml"
    if layer.legend.group not in policy.vocabulary.get("layer_groups", {}):
        what = f"{layer.legend.group!r} is not in vocabulary.toml [layer_groups]"
        faults.append(Fault(file=file, key="legend.group", what=what))
    for field in layer.fields.values():
        key = f"fields.{field.name}"
        if field.group and field.group not in policy.vocabulary:
            faults.append(Fault(file=file, key=key, what=f"vocabulary.toml has no group {field.group!r}"))
        if field.target and field.target not in policy.layers:
            faults.append(Fault(file=file, key=key, what=f"there is no layer {field.target!r}"))
        if field.group and field.default and field.default not in policy.vocabulary.get(field.group, {}):
            faults.append(
                Fault(file=file, key=key, what=f"the default {field.default!r} is not in [{field.group}]")
            )
