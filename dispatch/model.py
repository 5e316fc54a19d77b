"""The nouns of dispatch. Frozen values with codes and numbers only: words live at the edge.

Units: *_ms whole milliseconds, *_kg whole kilograms, people as heads, quantities in the item's own unit (whole).
Positions are (longitude, latitude) in EPSG:4490 degrees. Grades run 1 (highest) to 3; a need of grade 2 takes 1 and 2.
Levels run 1 (I, highest) to 4 (IV). Priorities are positive integer weights, larger = more urgent.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from gis.network import Closure, VehicleProfile

NeedKind = Literal["capability", "vehicle", "material"]
UnitKind = Literal["team", "vehicle"]
Position = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One line of a requirement card, for one incident.

    capability: `quantity` heads from teams with `code` at `grade` or better, each team of at least `min_strength`.
    vehicle:    `quantity` vehicles of kind `code`.          material: `quantity` units of item `code`.
    `key` is unique within its incident and stable between levels ("capability:medical").
    """

    key: str
    kind: NeedKind
    code: str
    quantity: int
    critical: bool = True
    grade: int = 3
    min_strength: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """An open incident with what it still needs: the card's needs less what open orders already bring."""

    id: int
    type: str
    level: int
    position: Position
    priority: int = 1
    radius_m: int = 0
    needs: tuple[Need, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """A vehicle and its crew. `kind` is what needs ask for; load_kg is what it can carry as a carrier of stock."""

    id: int
    kind: str
    profile: VehicleProfile
    load_kg: int = 0
    available: bool = True  # False: out of service, or held by an open order


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    code: str
    grade: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A rescue team at its base (or last known position).

    The people go together to one incident and take one capability need there, bringing `strength` heads;
    each of `vehicles` is dispatchable by itself, with its crew, after the same notify and assembly times.
    `profile` is the vehicle that the people travel in. `consent_ms` is the extra delay when the owner must agree
    (0 = no consent needed). `status`: why it may not be used, as a code, or "available".
    """

    id: int
    position: Position
    township: str  # 12-digit area code of its township
    capabilities: tuple[Capability, ...]
    strength: int
    profile: VehicleProfile
    notify_ms: int
    assemble_ms: int
    consent_ms: int = 0
    status: Literal["available", "committed", "off_duty", "resting", "stale", "unavailable"] = "available"
    reported_at: datetime | None = None
    vehicles: tuple[Vehicle, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StockLot:
    """Goods of one item, expiry and owner in one depot. Agreement stock carries the delay of its activation."""

    id: int
    item: str
    quantity: int  # really free: on hand less reserved
    unit_kg: int  # mass of one unit, rounded up to whole kilograms (0 for negligible)
    expires_on: str | None = None  # ISO date; earliest leaves first, None last
    activation_ms: int = 0  # 0 = own stock


@dataclass(frozen=True, slots=True, kw_only=True)
class Depot:
    """A reserve depot: lots and carriers. A carrier makes one trip to one incident, within its load."""

    id: int
    position: Position
    notify_ms: int
    loading_ms: int
    open: bool = True
    lots: tuple[StockLot, ...] = ()
    carriers: tuple[Vehicle, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardZone:
    """An area that closes the roads in it; staging is refused inside. From `dispatch.hazards`."""

    incident: int | None  # None: drawn by hand, and about no incident
    geometry: object  # shapely Polygon in EPSG:4490
    closes_roads: bool = True
    area: int | None = None  # the id of the drawn area; None: made by the rule of the incident's type


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardArea:
    """A danger area that somebody has drawn. It counts within [starts_at, ends_at); None = open-ended."""

    id: int
    geometry: object  # shapely Polygon or MultiPolygon in EPSG:4490
    incident: int | None = None
    closes_roads: bool = True
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def in_effect(self, at: datetime) -> bool:
        """Return whether it counts at a moment."""
        return (self.starts_at is None or self.starts_at <= at) and (
            self.ends_at is None or at < self.ends_at
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """A township must keep at least `heads` of capability `code` within `within_ms` of `position`."""

    township: str
    position: Position
    code: str
    heads: int
    within_ms: int
    weight: int = 1  # people living there, in hundreds


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWayLine:
    """What an order under way brings for one need; `lot` and the mass of one unit for goods."""

    need: str
    code: str
    quantity: int
    lot: int | None = None
    unit_kg: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
    """An order that is not on scene yet, or a team that moved up: where its unit is taken to be, and what is left.

    `before_ms`: until it is on the road (notify and assembly or loading, as far as they are not done).
    `assemble_ms`: what of the assembly is left; somebody who is sent elsewhere needs it, and a call.
    `silent`: it has not answered in time, and is not counted on.
    """

    order: int
    kind: Literal["team", "vehicle", "carrier", "move_up"]
    id: int  # of the team for people and move-ups, else of the vehicle
    owner: int  # team, or depot of a carrier
    incident: int | None  # None: a move-up
    state: Literal["sent", "acknowledged", "departed", "arrived"]
    position: Position
    before_ms: int
    assemble_ms: int
    lines: tuple[UnderWayLine, ...] = ()
    silent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything that a decision may look at, as of one journal number."""

    journal: int
    taken_at: datetime
    incidents: tuple[Incident, ...]
    teams: tuple[Team, ...]
    depots: tuple[Depot, ...]
    covers: tuple[Cover, ...] = ()
    closures: tuple[Closure, ...] = ()
    areas: tuple[HazardArea, ...] = ()
    under_way: tuple[UnderWay, ...] = ()  # only where a running plan is made anew
    pins: tuple["Wish", ...] = ()
    bans: tuple["Wish", ...] = ()
    lent: tuple["Wish", ...] = ()
    """Units of another area, each with an incident that it was lent to: they go there and nowhere else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The commander's word. Pin: this unit goes to that incident. Ban: it does not (incident None = nowhere)."""

    kind: Literal["team", "vehicle", "depot"]
    id: int
    incident: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Legs:
    """Time to effect in its four visible parts, in milliseconds."""

    notify_ms: int  # call, consent, activation of an agreement
    assemble_ms: int  # assembly, or loading
    road_ms: int
    walk_ms: int  # from the last usable road to the place

    @property
    def total_ms(self) -> int:
        return self.notify_ms + self.assemble_ms + self.road_ms + self.walk_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A team's people, or one vehicle, to one need of one incident."""

    kind: UnitKind
    id: int  # team id, or vehicle id
    team: int  # the team that receives the order
    incident: int
    need: str
    amount: int  # heads or vehicles that it brings
    legs: Legs
    pinned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentLine:
    lot: int
    item: str
    need: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """One carrier's trip from a depot to an incident."""

    carrier: int
    depot: int
    incident: int
    lines: tuple[ShipmentLine, ...]
    load_kg: int
    legs: Legs  # of the latest lot aboard
    pinned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmet:
    incident: int
    need: str
    kind: NeedKind
    code: str
    quantity: int  # what is missing
    asked: int
    critical: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """One objective in its turn: minimised with all earlier ones held. Proven: value == bound."""

    code: Literal[
        "unmet_critical",
        "unmet_other",
        "time_critical",
        "time_rest",
        "coverage",
        "orders",
        "road",
        "tie_break",
    ]
    value: int
    bound: int

    @property
    def proven(self) -> bool:
        return self.value == self.bound

    @property
    def gap(self) -> float:
        """Relative gap (value - bound) / value; 0.0 when proven."""
        return 0.0 if self.proven else (self.value - self.bound) / max(1, abs(self.value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """When one incident's needs are in effect, and what the last piece is (the bottleneck)."""

    incident: int
    critical_ms: int | None  # None: no critical need is met at all, or none asked
    all_ms: int | None
    bottleneck: tuple[str, int] | None = None  # ("team" | "vehicle" | "carrier", id)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverLoss:
    township: str
    code: str
    heads_before: int
    heads_after: int
    heads_asked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveUp:
    """An idle team that moves to stand by at a township so that coverage is kept."""

    team: int
    township: str
    code: str
    legs: Legs


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRoute:
    """The way of one chosen unit. Geometries are shapely LineStrings in EPSG:4490; `walk` is the last part on foot.

    `second` shares no edge with the first way; None where there is no such way.
    """

    kind: Literal["team", "vehicle", "carrier", "move_up"]
    id: int
    incident: int | None  # None: a move-up
    road_ms: int
    walk_ms: int
    length_m: int
    geometry: object
    walk: object
    second: object | None = None
    second_ms: int | None = None
    edges: tuple[int, ...] = ()  # ids of the road edges that are driven, in their order


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """An answer with its proof. Infeasible, partly met and unproven are fields, never exceptions."""

    assignments: tuple[Assignment, ...] = ()
    shipments: tuple[Shipment, ...] = ()
    unmet: tuple[Unmet, ...] = ()
    completions: tuple[Completion, ...] = ()
    tiers: tuple[Tier, ...] = ()
    cover_losses: tuple[CoverLoss, ...] = ()
    move_ups: tuple[MoveUp, ...] = ()
    refused: tuple["Reason", ...] = ()  # pins that cannot be, each with its code
    solver: str = ""  # name and version of what proved it

    @property
    def proven(self) -> bool:
        return all(tier.proven for tier in self.tiers)

    def completion(self, incident: int) -> Completion | None:
        """Return when an incident's needs are met; None where the plan says nothing about it."""
        return next((one for one in self.completions if one.incident == incident), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why, as a code with numbers. The words for every code stand in `web/wording.py`.

    About a unit (`kind`, `id`) and, where it is about one, an incident and a need.
    """

    code: str
    kind: Literal["team", "vehicle", "depot", "carrier", "lot", "plan"]
    id: int
    incident: int | None = None
    need: str | None = None
    numbers: dict[str, int | str] = field(default_factory=dict)
