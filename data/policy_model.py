"""The nouns of the county's policy, frozen: cards, layers, words, levels, clocks, hours and coverage."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from data.cells import words_of
from data.layers import Layer, Words
from dispatch.calling import Rules
from dispatch.cards import Card
from dispatch.hazards import HazardRule
from gis.atlas_rules import AtlasRules
from gis.network import VehicleProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A code's words, and other words that ledgers use for it."""

    code: str
    words: Words
    aka: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Item(Term):
    """Goods: what one unit is, its mass in whole kilograms rounded up, and its class in GB/T 38565 as far as known."""

    unit: Words
    unit_kg: int
    gbt_38565: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleKind(Term):
    """What a vehicle of this kind usually is, where its own figures are not known."""

    profile: VehicleProfile
    load_kg: int = 0
    carrier: bool = False


DetailKind = Literal["count", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail(Term):
    """Something that becomes known of an incident after it was reported: a number of people or things, or words."""

    kind: DetailKind


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentLegend:
    """How a map draws an incident of one type."""

    colour: str
    symbol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentType:
    """A type of incident: its card, who leads, what its zone is, which report clocks start, which details are asked for."""

    code: str
    words: Words
    headquarters: Words
    lead_office: Words
    legend: IncidentLegend
    default_level: int
    hazard: HazardRule
    reports: tuple[str, ...]
    details: tuple[str, ...]
    card: Card

    def clocks(self, level: int, report_clocks: Mapping[str, "ReportClock"]) -> tuple["ReportClock", ...]:
        """Give the reports that an incident of this type owes at a level, the earliest deadline first."""
        owed = (report_clocks[code] for code in self.reports)
        return tuple(sorted((one for one in owed if level in one.levels), key=lambda one: one.within_ms))


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A response level, 1 the highest. `priority` weighs its incidents in a joint plan."""

    number: int
    words: Words
    event: Words
    warning: Words
    colour: str
    priority: int
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportClock:
    """A report that is due `within_ms` of learning of an incident at one of `levels`."""

    code: str
    words: Words
    within_ms: int
    levels: tuple[int, ...]
    verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverRule:
    """What each township keeps within reach; its weight is people in hundreds times `weight`."""

    capability: str
    heads: int
    within_ms: int
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamTimes:
    """Readiness of a kind of team where its ledger says nothing."""

    notify_ms: int
    assemble_ms: int
    consent_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DepotTimes:
    """Readiness of a depot of one level where its ledger says nothing."""

    notify_ms: int
    loading_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Defaults of readiness, and the age at which a report counts as stale."""

    teams: Mapping[str, TeamTimes]
    depots: Mapping[str, DepotTimes]
    activation_ms: Mapping[str, int]
    transport: str
    stale_after_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRules:
    """How the county's responsibility grids are made up.

    areas: grid level → the level of area whose land its grids have. marks: theme → what stands before the number in
    the codes of its leaves. most_cells: leaves of one theme for one person.
    """

    areas: Mapping[int, str]
    marks: Mapping[str, str]
    most_cells: int
    staleness_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPolicy:
    """Whom a call reaches and by which clocks; `clock` of the reports is what its figures are held against."""

    rules: Rules
    clock: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreParts:
    """Of 100: how much it counts that a row is filled in, fresh, and beyond doubt."""

    complete: int
    fresh: int
    sure: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletenessRule:
    """What is expected of a layer's rows: weight by field. not_zero: figures hardly ever 0. until: dates that end it.

    owner: the field that names who keeps the row; "" where none does.
    """

    stale_days: int
    expected: Mapping[str, int] = field(default_factory=dict)
    not_zero: tuple[str, ...] = ()
    until: tuple[str, ...] = ()
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletenessRules:
    """How the resource database is scored (`data.completeness`)."""

    parts: ScoreParts
    near_m: int
    stale_days: int
    layers: Mapping[str, CompletenessRule]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Everything that a county decides for itself. Keys are codes; hour_factors are percent of free-flow time."""

    incident_types: Mapping[str, IncidentType]
    layers: Mapping[str, Layer]
    vocabulary: Mapping[str, Mapping[str, Term]]
    items: Mapping[str, Item]
    vehicle_kinds: Mapping[str, VehicleKind]
    details: Mapping[str, Detail]
    levels: Mapping[int, Level]
    report_clocks: Mapping[str, ReportClock]
    answer_within_ms: Mapping[str, int]
    stock_arrives_within_ms: Mapping[str, int]
    hour_factors: Mapping[str, tuple[int, ...]]
    cover_rules: tuple[CoverRule, ...]
    readiness: Readiness
    calls: CallPolicy
    atlas: AtlasRules
    grids: GridRules
    completeness: CompletenessRules

    @property
    def called_within_ms(self) -> int:
        """Within which a call should have reached somebody at each place."""
        return self.report_clocks[self.calls.clock].within_ms

    @property
    def hazard_rules(self) -> Mapping[str, HazardRule]:
        """The zone rule of each incident type, as `dispatch.hazards` takes them."""
        return {code: kind.hazard for code, kind in self.incident_types.items()}

    def codes_by_word(self, group: str) -> dict[str, str]:
        """Map every word of a group's terms, in `data.cells.header` spelling, to its code."""
        terms = self.vocabulary.get(group, {}).values()
        return words_of((term.code, (*term.words.values(), *term.aka)) for term in terms)

    def word(self, group: str, code: str, lang: str) -> str:
        """Return the word of a code, or the code itself where there is none: a page never fails for a word."""
        term = self.vocabulary.get(group, {}).get(code)
        return term.words[lang] if term else code
