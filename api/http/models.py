"""What goes over the wire. Times are ISO 8601 with an offset, *_ms whole milliseconds, positions [longitude, latitude]."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, computed_field

from api.security import PASSWORD_MIN_LENGTH, AccountRole, Role
from api.usecases.completeness import Standing
from api.usecases.positions import MOST_FIXES
from api.usecases.taking_out import Kind, Only, People
from data.completeness import score
from data.headings import Headers
from data.policies import Policy
from dispatch.cutoff import ServedKind, VehicleClass
from dispatch.lifecycle import VillageTask
from gis.atlas import SheetKind, SheetLevel

Longitude = Annotated[float, Field(ge=-180, le=180)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Position = tuple[Longitude, Latitude]
Text = Annotated[str, Field(max_length=2000)]
ShortText = Annotated[str, Field(max_length=200)]
Level = Annotated[int, Field(ge=1, le=4)]
Identifier = Annotated[int, Field(ge=1, le=2**63 - 1)]
GeoJSON = dict[str, Any]


class Record(BaseModel):
    """Base of what is answered: read from the frozen records of the floors below."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Command(BaseModel):
    """Base of what is asked for: the same `request_id` sent twice is applied once and answered twice."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    request_id: UUID


# -- session -----------------------------------------------------------------------------------------------------------


class Login(BaseModel):
    """A name and a password."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=200)]
    password: Annotated[str, Field(min_length=1, max_length=1000)]


class Session(Record):
    """Who is signed in, what they may do, and the token that every form must carry."""

    name: str
    display_name: str
    role: Role
    area_code: str | None = Field(
        description="the account's township or county; null: the whole installation"
    )
    must_change_password: bool
    acts: list[str]
    csrf_token: str
    expires_at: datetime


# -- incidents ---------------------------------------------------------------------------------------------------------


class IncidentReport(Command):
    """Where: exactly one of `position`, `village`, `grid`, `place`; a radius may stand with any of them."""

    type: ShortText
    level: Level
    position: Position | None = None
    village: ShortText | None = Field(default=None, description="code of a village")
    grid: ShortText | None = Field(default=None, description="code of a responsibility grid")
    place: ShortText | None = Field(default=None, description="name or code of a place")
    radius_m: int = Field(default=0, ge=0, le=100_000)
    priority: int | None = Field(default=None, ge=1, le=1000, description="unset: by level")
    name: ShortText = ""
    description: Text = ""
    details: dict[str, str | int | float | bool] = Field(default_factory=dict, max_length=50)
    reporter_name: ShortText = ""
    reporter_phone: ShortText = ""


class IncidentFields(BaseModel):
    """What can be added to an incident later; what is left out stays. Of `details`, codes that its type asks for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ShortText | None = None
    description: Text | None = None
    radius_m: int | None = Field(default=None, ge=0, le=100_000)
    position: Position | None = None
    reporter_name: ShortText | None = None
    reporter_phone: ShortText | None = None
    details: dict[str, Annotated[int, Field(ge=0, le=2_000_000_000)] | Text | None] | None = Field(
        default=None, max_length=50
    )

    def given(self) -> dict[str, Any]:
        """Return the fields that were sent and say something."""
        return self.model_dump(exclude_none=True) | ({"details": dict(self.details)} if self.details else {})


class IncidentEdit(Command):
    """New values, and what the editor saw before: a field that somebody else changed since is answered with 409."""

    changes: IncidentFields
    seen: IncidentFields = IncidentFields()


class SentReport(Record):
    """A report that went upwards."""

    code: str
    at: datetime
    by: str


class ReportClock(Record):
    """A report that is owed: due when, and what was sent; later ones are follow-ups."""

    code: str
    due_at: datetime
    verified: bool
    sent: list[SentReport]


class ReportSent(Command):
    """Which report went upwards."""

    report: ShortText


class LevelChange(Command):
    """A new level; only the difference is planned next."""

    level: Level


class Plain(Command):
    """An act that needs nothing more than its request id."""


class Reasoned(Command):
    """An act with a reason that is kept in the journal."""

    reason: Text = ""


class Need(Record):
    """One line of what an incident asks for, with what open orders already bring."""

    key: str
    kind: Literal["capability", "vehicle", "material"]
    code: str
    quantity: int
    critical: bool
    grade: int
    min_strength: int


class Incident(Record):
    """An incident as the command post sees it."""

    id: int
    type: str
    level: int
    priority: int
    state: str
    name: str
    description: str
    position: Position
    radius_m: int
    area_code: str | None
    grid_code: str | None
    post: str | None = Field(description="area whose command post leads it; null: the county's own")
    escalated_at: datetime | None
    escalated_by: str | None
    reported_at: datetime
    reported_by: str
    ended_at: datetime | None
    details: Mapping[str, Any]
    reporter_name: str = Field(description="masked for roles that may not see people")
    reporter_phone: str = Field(description="masked for roles that may not see people")
    clocks: list[ReportClock]
    outstanding: list[Need] = Field(default_factory=list, description="needs less what open orders bring")


# -- plans -------------------------------------------------------------------------------------------------------------


class Wish(BaseModel):
    """The commander's word about a unit; a ban without an incident holds everywhere."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)

    kind: Literal["team", "vehicle", "depot"]
    id: Identifier
    incident: Identifier | None = None


class PlanRequest(Command):
    """Incidents that are planned together, and the commander's pins and bans."""

    incidents: list[Identifier] = Field(min_length=1, max_length=500)
    pins: list[Wish] = Field(default_factory=list, max_length=500)
    bans: list[Wish] = Field(default_factory=list, max_length=500)
    time_limit_s: float | None = Field(default=None, gt=0, le=300)


class Reworded(BaseModel):
    """Other words of the commander about a plan, to be priced."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pins: list[Wish] = Field(default_factory=list, max_length=500)
    bans: list[Wish] = Field(default_factory=list, max_length=500)


class Legs(Record):
    """Time to effect in its four visible parts."""

    notify_ms: int
    assemble_ms: int
    road_ms: int
    walk_ms: int
    total_ms: int


class Assignment(Record):
    """A team's people, or one vehicle, to one need of one incident."""

    kind: Literal["team", "vehicle"]
    id: int
    team: int
    incident: int
    need: str
    amount: int
    legs: Legs
    pinned: bool


class ShipmentLine(Record):
    """Goods of one lot aboard a carrier."""

    lot: int
    item: str
    need: str
    quantity: int


class Shipment(Record):
    """One carrier's trip from a depot to an incident."""

    carrier: int
    depot: int
    incident: int
    lines: list[ShipmentLine]
    load_kg: int
    legs: Legs
    pinned: bool


class Unmet(Record):
    """What is missing, to be asked for as mutual aid."""

    incident: int
    need: str
    kind: Literal["capability", "vehicle", "material"]
    code: str
    quantity: int
    asked: int
    critical: bool


class Tier(Record):
    """One objective: its value, the bound that nothing can beat, and whether the two meet."""

    code: str
    value: int
    bound: int
    proven: bool
    gap: float


class Completion(Record):
    """When one incident's needs are in effect, and the last piece."""

    incident: int
    critical_ms: int | None
    all_ms: int | None
    bottleneck: tuple[str, int] | None


class CoverLoss(Record):
    """What a township keeps less than it should."""

    township: str
    code: str
    heads_before: int
    heads_after: int
    heads_asked: int


class MoveUp(Record):
    """An idle team that stands by elsewhere so that coverage is kept."""

    team: int
    township: str
    code: str
    legs: Legs


class PlanBody(Record):
    """An answer with its proof."""

    assignments: list[Assignment]
    shipments: list[Shipment]
    unmet: list[Unmet]
    completions: list[Completion]
    tiers: list[Tier]
    cover_losses: list[CoverLoss]
    move_ups: list[MoveUp]
    solver: str
    proven: bool


class Unit(Record):
    """A name for an id in a plan."""

    id: int
    code: str
    name: str
    name_en: str
    kind: str = ""


class Units(Record):
    """The names of everything that a plan mentions."""

    teams: list[Unit]
    vehicles: list[Unit]
    depots: list[Unit]


class Plan(Record):
    """A stored plan beside its baseline, nearest first."""

    id: int
    state: Literal["proposed", "confirmed"]
    incidents: list[int]
    journal: int = Field(description="the journal number that the plan was made at")
    network_version: int | None
    created_at: datetime
    created_by: str
    confirmed_at: datetime | None
    confirmed_by: str | None
    pins: list[Wish]
    bans: list[Wish]
    plan: PlanBody
    baseline: PlanBody | None
    cancels: list[int] = Field(description="orders that it ends, of a plan made anew")
    keeping: PlanBody | None = Field(description="of a plan made anew: the best that ends none of them")
    units: Units


class ConfirmRequest(Command):
    """Whether only that is sent which keeps everything under way, of a plan made anew."""

    keep: bool = False


class Trigger(Record):
    """Why a new plan may be needed: a code, the orders that it is about, and how many things."""

    code: str
    orders: list[int]
    count: int


class Reason(Record):
    """Why, as a code with numbers; `web/wording.py` has the words."""

    code: str
    kind: str
    id: int
    incident: int | None
    need: str | None
    numbers: dict[str, int | str]


class Reasons(Record):
    """Why each chosen unit, and why not each other."""

    chosen: list[Reason]
    passed_over: list[Reason]


class Without(Record):
    """The plan if one unit were gone, and the change in each tier."""

    plan: PlanBody
    changes: list["TierChange"]


class Swap(Record):
    """A unit that could take another one's place; `changes` is null where time ended before it was priced."""

    kind: Literal["team", "vehicle", "depot"]
    id: int
    total_ms: int
    changes: list["TierChange"] | None


class TierChange(Record):
    """One tier of the plan, and of the other one."""

    code: str
    before: int
    after: int

    @computed_field  # type: ignore[prop-decorator] # pydantic's documented order
    @property
    def difference(self) -> int:
        """How much worse (positive) the other one is."""
        return self.after - self.before


# -- orders ------------------------------------------------------------------------------------------------------------


class OrderLine(Record):
    """One line of an order: heads, a vehicle, or goods of one lot."""

    need: str
    code: str
    quantity: int
    lot_id: int | None


class Order(Record):
    """An order with every minute of its life."""

    id: int
    plan_id: int | None
    kind: Literal["team", "vehicle", "carrier", "move_up", "village"]
    incident_id: int | None
    team_id: int | None
    vehicle_id: int | None
    depot_id: int | None
    township: str | None
    village: str | None
    state: str
    legs: Legs
    lines: list[OrderLine]
    sent_at: datetime
    answer_by: datetime | None
    due_at: datetime | None
    acknowledged_at: datetime | None
    departed_at: datetime | None
    arrived_at: datetime | None
    finished_at: datetime | None
    refused_at: datetime | None
    cancelled_at: datetime | None
    reason: str
    overdue: bool
    acts: list[str] = Field(description="what may be done with it now, by this actor")


class VillageCall(Command):
    """Which village is called, and what it is to do."""

    village: ShortText = Field(description="code or exact name of a village")
    tasks: list[VillageTask] = Field(default=["guide"], min_length=1, max_length=3)
    shelter: ShortText | None = Field(default=None, description="code of the shelter to evacuate to")


class OrderLink(Record):
    """A team's link to its own order. The token is shown this once; a new link ends the one before."""

    order: int
    token: str
    path: str
    expires_at: datetime


# -- positions ---------------------------------------------------------------------------------------------------------


class GivenFix(BaseModel):
    """Where a unit was at a moment, by its own clock and receiver."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: datetime
    position: Position
    accuracy_m: int | None = Field(default=None, ge=0, le=1_000_000)


class FixBatch(BaseModel):
    """Fixes of one unit, in any order. The same fix may come again: it is stored once."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fixes: list[GivenFix] = Field(min_length=1, max_length=MOST_FIXES)


class RefusedFix(Record):
    """A fix that was not stored."""

    at: datetime
    code: Literal["in_future", "too_old", "not_under_way"]


class PositionsReceived(Record):
    """What became of a batch."""

    stored: int
    known: int = Field(description="there already: sent before")
    suspect: int = Field(description="stored as evidence, but too far from the one before to be true")
    refused: list[RefusedFix]
    goes_on: bool = Field(description="whether more is wanted: false once the unit has arrived")


class TrackerRequest(Command):
    """A device and whose place it reports."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    kind: Literal["team", "vehicle"]
    unit: Identifier


class Tracker(Record):
    """A device and whose place it reports."""

    id: int
    name: str
    kind: Literal["team", "vehicle"]
    unit: int
    created_at: datetime
    created_by: str
    revoked_at: datetime | None


class MadeTracker(Tracker):
    """A new tracker. The token is shown this once: null when the same request comes again."""

    token: str | None


# -- closures ----------------------------------------------------------------------------------------------------------


class ClosureRequest(Command):
    """Where a road is closed or slowed; without times, from now until it is opened."""

    geometry: GeoJSON = Field(description="GeoJSON Point, LineString, Polygon or their Multi forms")
    factor_percent: int | None = Field(
        default=None, gt=100, le=10_000, description="unset: closed; 300: three times slower"
    )
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    reason: Text = ""


class Closure(Record):
    """A closed or slowed stretch of road."""

    id: int
    geometry: GeoJSON
    factor_percent: int | None
    starts_at: datetime | None
    ends_at: datetime | None
    reason: str
    created_at: datetime
    created_by: str
    ended_at: datetime | None
    ended_by: str | None


class ClosureEdit(Command):
    """How much, how long and why: all of it as it shall be from now on."""

    factor_percent: int | None = Field(default=None, gt=100, le=10_000)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    reason: Text = ""


class HazardRequest(Command):
    """Where a danger area lies; without times, from now until it is ended."""

    geometry: GeoJSON = Field(description="GeoJSON Polygon or MultiPolygon")
    incident: Identifier | None = Field(default=None, description="the open incident that it belongs to")
    closes_roads: bool = Field(default=True, description="whether nobody is routed through it")
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    reason: Text = ""


class HazardEdit(Command):
    """What it closes, how long and why: all of it as it shall be from now on."""

    closes_roads: bool = True
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    reason: Text = ""


class HazardArea(Record):
    """A danger area that somebody has drawn."""

    id: int
    geometry: GeoJSON
    incident_id: int | None
    closes_roads: bool
    starts_at: datetime | None
    ends_at: datetime | None
    reason: str
    created_at: datetime
    created_by: str
    ended_at: datetime | None
    ended_by: str | None


class EffectRequest(BaseModel):
    """What somebody is drawing: nothing is stored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    geometry: GeoJSON
    hazard: bool = Field(default=False, description="a danger area instead of a closure")
    closes_roads: bool = True
    factor_percent: int | None = Field(default=None, gt=100, le=10_000)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    vehicle: VehicleClass = "car"


class RoadUnder(Record):
    """A road that is struck: what stands on its sign, and how much of it."""

    name: str
    road_class: str
    length_m: float


class CutOff(Record):
    """A village, team, depot or shelter without a road; `people` live there."""

    kind: ServedKind
    id: int
    code: str
    name: str
    name_en: str
    people: int


class Effect(Record):
    """What a closure or danger area does, now or when it begins."""

    at: datetime
    vehicle: VehicleClass
    roads: list[RoadUnder]
    people: int
    cut_off: list[CutOff]
    orders: list[int] = Field(description="running orders that still have to pass it")
    incidents: list[int]


# -- places ------------------------------------------------------------------------------------------------------------


class Area(Record):
    """An area that a position lies in."""

    code: str
    level: str
    name: str
    name_en: str


class Responsible(Record):
    """A person with a duty in a grid cell; masked for roles that may not see people."""

    name: str
    phone: str
    role: str
    rank: str


class Cell(Record):
    """One link in the chain of responsibility."""

    code: str
    level: int
    name: str
    name_en: str
    people: list[Responsible]


class LocatedPosition(Record):
    """A position with its areas, widest first, and the chain of its leaf grid, county first."""

    position: Position
    areas: list[Area]
    chain: list[Cell] = Field(validation_alias="grids")
    area_code: str | None
    grid_code: str | None
    beidou: str | None = Field(
        default=None, description="BeiDou grid location code (GB/T 39409-2020), level 6"
    )


class MeasuredLeg(Record):
    """From one point to the next. `reach` tells why there is no way by road; the walk leads from the road to the point."""

    reach: str
    straight_m: float
    road_m: float | None
    road_ms: int | None
    walk_ms: int | None
    drive: GeoJSON | None
    walk: GeoJSON | None


class Measured(Record):
    """A chain of points: sums along the roads (null where a leg has no way) and straight."""

    by: str
    straight_m: float
    road_m: float | None
    road_ms: int | None
    legs: list[MeasuredLeg]


class FoundPlace(Record):
    """One answer of a search; `within` is the township that it lies in."""

    kind: Literal[
        "area", "village", "grid", "place", "team", "depot", "road", "incident", "person", "position"
    ]
    id: int | None
    code: str
    name: str
    name_en: str
    layer: str
    area_code: str | None
    position: Position
    within: str
    within_en: str


# -- system ------------------------------------------------------------------------------------------------------------


class Health(Record):
    """Whether the process answers."""

    status: Literal["ok"] = "ok"


class Readiness(Record):
    """Whether everything that an act needs is there."""

    ready: bool
    database: bool
    schema_up_to_date: bool
    roads: bool
    administrator: bool
    disk: bool
    clock: bool
    missing: tuple[str, ...] = Field(description="codes of what is not there, the first cause first")


class Word(Record):
    """A code's words in both languages."""

    zh: str
    en: str


# -- the map -----------------------------------------------------------------------------------------------------------


class LayerSummary(Record):
    """A layer: its words, its look in the legend, and how many rows it has."""

    code: str
    zh: str
    en: str
    geometry: str
    colour: str
    symbol: str
    visible: bool
    min_zoom: int
    count: int


class MapState(Record):
    """All that stands now, as GeoJSON collections."""

    incidents: GeoJSON
    zones: GeoJSON
    closures: GeoJSON
    hazards: GeoJSON = Field(description="danger areas that people have drawn, future ones too")
    orders: GeoJSON = Field(description="where each unit stands, with the state of its order")
    routes: GeoJSON = Field(description="the ways of open orders")
    positions: GeoJSON = Field(description="where units were last seen within a day")


# -- resources ---------------------------------------------------------------------------------------------------------


class Capability(Record):
    """What a team can do; grade 1 is the highest."""

    code: str
    grade: int


class Team(Record):
    """A team as it stands; contact masked for roles that may not see people."""

    id: int
    code: str
    name: str
    name_en: str
    kind: str
    area_code: str | None
    base: Position
    position_now: Position
    strength: int
    strength_now: int
    status: str
    capabilities: list[Capability]
    notify_ms: int
    assemble_ms: int
    consent_ms: int
    radio_channel: str
    contact_name: str
    contact_phone: str
    reported_at: datetime | None
    note: str
    sample: bool


class Vehicle(Record):
    """A vehicle of a team or a depot."""

    id: int
    code: str
    name: str
    name_en: str
    kind: str
    team_id: int | None
    depot_id: int | None
    load_kg: int
    in_service: bool
    reported_at: datetime | None
    note: str
    sample: bool


class Depot(Record):
    """A reserve depot; contact masked for roles that may not see people."""

    id: int
    code: str
    name: str
    name_en: str
    level: str
    area_code: str | None
    position: Position
    notify_ms: int
    loading_ms: int
    opening_hours: str
    contact_name: str
    contact_phone: str
    open: bool
    reported_at: datetime | None
    note: str
    sample: bool


class Lot(Record):
    """A stock lot: on hand, promised, and free."""

    id: int
    code: str
    depot_id: int
    ownership: str
    item: str
    quantity: int
    reserved: int
    free: int
    unit_kg: int
    expires_on: date | None
    activation_ms: int
    supplier: str
    contact_name: str
    contact_phone: str
    contract_ends_on: date | None


class Place(Record):
    """A place with the fields of its layer."""

    id: int
    layer: str
    fields: dict[str, Any]
    geometry: GeoJSON | None


class TeamEdit(Command):
    """How a team stands; what is left out stays."""

    status: Literal["on_duty", "off_duty", "resting", "unavailable"] | None = None
    strength: int | None = Field(default=None, ge=0, le=100_000)
    position: Position | None = None
    note: Text | None = None


class VehicleEdit(Command):
    """Whether a vehicle can be sent."""

    in_service: bool
    note: Text | None = None


class DepotEdit(Command):
    """Whether a depot can give out goods."""

    open: bool
    note: Text | None = None


class LotEdit(Command):
    """What was counted."""

    quantity: int = Field(ge=0, le=2_000_000_000)
    note: Text = ""


class PlaceEdit(Command):
    """Fields of the place's layer."""

    fields: dict[str, str | int | float | bool | None] = Field(min_length=1, max_length=100)


# -- mutual aid --------------------------------------------------------------------------------------------------------


class AidRequest(Command):
    """Ask another area of the same level for help with an incident."""

    incident: Identifier
    to_area: ShortText
    text: Text = ""


class AidAnswer(Command):
    """Grant with units of the asked area, or decline with a reason in `text`."""

    grant: bool
    text: Text = ""
    teams: list[Identifier] = Field(default_factory=list, max_length=500)
    depots: list[Identifier] = Field(default_factory=list, max_length=500)


class AidUnit(Record):
    """A unit that was lent."""

    kind: Literal["team", "depot"]
    id: int
    code: str
    name: str
    name_en: str


class AidOffer(AidUnit):
    """A unit that could be lent."""

    total_ms: int | None = Field(description="until it is in effect; null where no plan would send it")


class Aid(Record):
    """A request for mutual aid, and what you may do with it now."""

    id: int
    incident_id: int
    from_area: str
    to_area: str
    state: Literal["requested", "granted", "declined", "ended"]
    text: str
    requested_at: datetime
    requested_by: str
    answered_at: datetime | None
    answered_by: str | None
    answer: str
    ended_at: datetime | None
    ended_by: str | None
    units: list[AidUnit]
    acts: list[str]


class OwnPassword(Command):
    """The old password and the new one."""

    old: Annotated[str, Field(min_length=1, max_length=1000)]
    new: Annotated[str, Field(min_length=PASSWORD_MIN_LENGTH, max_length=1000)]


class OwnSession(Record):
    """One of your logins, or a program's reading key."""

    id: str
    client: str
    reading_key: bool
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    current: bool


class AuditEntry(Record):
    """One row of the journal."""

    number: int
    at: datetime
    actor: str
    act: str
    subject: str
    subject_id: int | None
    payload: Mapping[str, Any]
    request_id: UUID | None


class AuditVerdict(Record):
    """Whether the journal holds; `seal` is its end now, to be kept elsewhere."""

    rows: int
    seal: str
    broken: int | None
    why: Literal["changed", "cut_off", "not_the_same"] | None


class AuditExport(Command):
    """What to take out; what is unset is not asked for."""

    actor: ShortText | None = None
    act: ShortText | None = None
    since: datetime | None = None
    until: datetime | None = None


# -- accounts ----------------------------------------------------------------------------------------------------------


class Account(Record):
    """An account as an administrator sees it."""

    id: int
    name: str
    display_name: str
    role: AccountRole
    area_code: str | None
    must_change_password: bool
    active: bool
    created_at: datetime
    password_changed_at: datetime


class AccountRequest(Command):
    """A new account; the administrator hands the password over."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    role: AccountRole
    password: Annotated[str, Field(min_length=PASSWORD_MIN_LENGTH, max_length=1000)]
    display_name: ShortText = ""
    area_code: ShortText | None = Field(
        default=None, description="township or county; unset: the whole installation"
    )
    must_change_password: bool = False


class PasswordRequest(Command):
    """A new password; its owner must choose another at the next login unless `must_change` is false."""

    must_change: bool = True

    password: Annotated[str, Field(min_length=PASSWORD_MIN_LENGTH, max_length=1000)]


class KeyRequest(Command):
    """A reading key for a program: how many days it lives, and what it is for."""

    days: Annotated[int, Field(ge=1, le=400)] = 365
    program: ShortText = ""


class MadeKey(Record):
    """A new reading key."""

    key: str
    expires_at: datetime


# -- messages, timeline, shifts ------------------------------------------------------------------------------------------


class Said(Command):
    """What somebody says."""

    body: Annotated[str, Field(min_length=1, max_length=2000)]


class MessagesWaiting(Record):
    """How many messages wait for the reader's answer."""

    count: int


class MessageRequest(Said):
    """A message: about an incident or an order, to a post by its area's code, or to all."""

    incident: Identifier | None = None
    order: Identifier | None = None
    to_area: ShortText | None = None


class Message(Record):
    """A message and who answered for it."""

    id: int
    incident_id: int | None
    order_id: int | None
    to_area: str | None
    body: str
    sent_at: datetime
    sent_by: str
    acknowledged_at: datetime | None
    acknowledged_by: str | None


class Entry(Record):
    """One row of the journal; what may be a telephone number is masked for those who may not see people."""

    number: int
    at: datetime
    actor: str
    act: str
    subject: str
    subject_id: int | None
    payload: dict[str, Any]


class HandoverRequest(Command):
    """Who takes the shift over; `handed_over_by` where several share an account."""

    taken_over_by: Annotated[str, Field(min_length=1, max_length=200)]
    handed_over_by: ShortText = ""
    note: Text = ""


class Job(Record):
    """Work beside the requests: `done` of `total` steps (0: nobody knows); `error` says by its code why it failed."""

    id: int
    kind: str
    state: str
    stage: str
    done: int
    total: int
    cancelling: bool
    result: dict[str, Any] | None
    error: str | None
    details: dict[str, Any] | None
    started_at: datetime
    started_by: str
    ended_at: datetime | None


class AtlasWish(Command):
    """Which sheets an atlas shall have: of a kind, of one area (none: the county), of some levels (none: all)."""

    kind: SheetKind
    area: str | None = Field(default=None, max_length=12)
    levels: tuple[SheetLevel, ...] = ()
    paper: Literal["A3", "A4", "both"] = "A3"
    theme: ShortText | None = None
    lang: Literal["zh", "en"] = "zh"


class SheetEntry(Record):
    """A sheet: its number in the atlas, and the land it is about. `within`: number of the sheet of the land around it."""

    number: int
    level: SheetLevel
    code: str
    name: str
    within: int | None


class SheetIndex(Record):
    """Every sheet of a kind in one county, in the order of their numbers."""

    kind: SheetKind
    theme: str
    county: str
    name: str
    entries: tuple[SheetEntry, ...]


class SheetSection(Record):
    """A table of a sheet: columns are fields of layers ("teams.strength") or what the sheet works out ("road_min")."""

    code: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | float | date | None, ...], ...]


class SheetNeighbour(Record):
    """The sheet that goes on beyond an edge."""

    direction: str
    code: str
    name: str
    number: int | None


class SheetContent(Record):
    """What a sheet holds for its reader; `features`, GeoJSON, is what it draws on the ground."""

    kind: SheetKind
    level: SheetLevel
    code: str
    name: str
    theme: str
    number: int
    total: int
    data_date: date
    approval: str
    classification: str
    neighbours: tuple[SheetNeighbour, ...]
    sections: tuple[SheetSection, ...]
    features: GeoJSON


class Handover(Record):
    """A handover with the numbers and ids that stood at its moment."""

    id: int
    area_code: str | None
    shift_began_at: datetime | None
    at: datetime
    handed_over_by: str
    taken_over_by: str
    summary: dict[str, Any]
    note: str


# -- calls -------------------------------------------------------------------------------------------------------------

CallKind = Literal["incident", "warning", "test"]
CallDirection = Literal["up", "down", "both"]


class CallBegin(BaseModel):
    """Where a call begins (exactly one of incident, position, place, feature and shape), and which way it goes."""

    model_config = ConfigDict(extra="forbid")

    kind: CallKind
    direction: CallDirection = "both"
    incident: Identifier | None = None
    position: Position | None = None
    place: ShortText | None = Field(
        default=None, description="name or code of an area, village, cell or place"
    )
    feature: ShortText | None = Field(default=None, description="layer/code, as geohazard_points/DZ0001")
    shape: GeoJSON | None = Field(default=None, description="GeoJSON polygon in degrees")
    theme: ShortText = "forest_fire"
    points: bool = Field(default=False, description="the geohazard points below the cells, too")


class CallStart(CallBegin):
    """A call. The same request_id is applied once, however often it is sent."""

    request_id: UUID
    text: Text


class CallAnswer(Command):
    """That somebody has answered, and when, where it was before now."""

    answered_at: datetime | None = Field(default=None, description="with an offset from UTC; unset: now")


class ChannelAnswer(BaseModel):
    """An answer from the webhook's side, by the key of the message that it answers."""

    model_config = ConfigDict(extra="forbid")

    key: UUID
    answered_at: datetime | None = None


class CallSubject(Record):
    """Where a call began."""

    kind: str
    code: str
    name: str
    name_en: str


class CallFigures(Record):
    """What a call came to, by persons called for the call itself. in_time: within the clock of warnings."""

    called: int
    answered: int
    in_time: int
    median_ms: int | None
    longest_ms: int | None


class CallSummary(Record):
    """A call and its figures."""

    id: int
    kind: CallKind
    direction: CallDirection
    subject: CallSubject
    incident_id: int | None
    text: str
    area_code: str | None
    state: Literal["open", "ended"]
    started_at: datetime
    started_by: str
    look_at: datetime | None = Field(description="when the next clock runs out")
    ended_at: datetime | None
    ended_by: str | None
    figures: CallFigures


class CalledPerson(Record):
    """A person of a call; names and phones are masked outside your area. called_at null: not called yet."""

    person: str
    name: str
    phone: str
    role: str
    rank: str
    about: str
    why: Literal["first", "substitute", "above"] | None
    called_at: datetime | None
    answer_by: datetime | None
    answered_at: datetime | None
    answered_over: Literal["screen", "link", "webhook"] | None
    late: bool
    sent: Literal["waiting", "sent", "failed", "dropped"] | None
    error: str


class CallLine(Record):
    """A role at a place that must be reached."""

    role: str
    outcome: Literal["waiting", "answered", "substitute", "above", "nobody"]
    first: list[CalledPerson]
    instead: list[CalledPerson]


class CallPlace(Record):
    """A place of a call, the highest first. told: who of it was told about places below where nobody answered."""

    code: str
    name: str
    name_en: str
    level: int
    parent: str | None
    called: bool
    lines: list[CallLine]
    told: list[CalledPerson]


class Call(CallSummary):
    """A call with everybody whom it called, and what you may do with it now."""

    places: list[CallPlace]
    outcomes: dict[str, int]
    acts: list[str]


class CallPreview(Record):
    """Whom a call would reach. goes_out: whether it leaves this machine over the webhook."""

    subject: CallSubject
    area_code: str | None
    persons: int
    without_phone: int
    empty: list[str] = Field(description="codes of places with nobody to call")
    goes_out: bool
    places: list[CallPlace]


class CallShare(Record):
    """The answers of a township to the last year's test calls."""

    area_code: str
    calls: int
    figures: CallFigures


class CallLink(Record):
    """The link of a called person, shown this once."""

    call: int
    person: str
    token: str
    path: str
    expires_at: datetime


class LinkedCall(Record):
    """What the holder of a link was called for."""

    call: int
    kind: CallKind
    text: str
    state: Literal["open", "ended"]
    started_at: datetime
    answered_at: datetime | None


class ChannelAnswered(Record):
    """That an answer stands."""

    key: UUID
    answered_at: datetime


# -- ledgers out -------------------------------------------------------------------------------------------------------


class Export(Command):
    """What to take out: layers by code (none: all), of an area, in a box, of a kind, with a text in them."""

    layers: list[ShortText] = Field(default_factory=list, max_length=100)
    format: Kind = "xlsx"
    headers: Headers = "zh"
    people: People = Field("masked", description="`whole` is for whoever keeps the records, of the own area")
    area: Annotated[str | None, Field(pattern="^[0-9]{12}$")] = None
    bounds: tuple[Longitude, Latitude, Longitude, Latitude] | None = Field(
        None, description="west, south, east, north"
    )
    text: ShortText = ""
    values: dict[ShortText, ShortText] = Field(
        default_factory=dict, description="of fields with choices: code by field"
    )
    only: list[Only] = Field(default_factory=list, max_length=2)


class CompletenessCell(Record):
    """A layer in a township: its score, the rows, and how many of them are stale or doubtful."""

    layer: str
    township: str = Field(description='area code; "" for rows that name none')
    score: float | None
    rows: int
    filled: int = Field(description="sum of the weights of what is filled in")
    weight: int = Field(description="sum of the weights of what is expected")
    stale: int
    doubtful: int


class Completeness(Record):
    """The score of the resource database."""

    at: datetime
    townships: dict[str, str] = Field(description="name by area code")
    cells: list[CompletenessCell]

    @classmethod
    def of(cls, standing: Standing, policy: Policy) -> "Completeness":
        """Make the document of a table."""
        return cls(
            at=standing.at,
            townships={one.code: one.name for one in standing.townships},
            cells=[
                CompletenessCell(
                    layer=cell.layer,
                    township=cell.township,
                    score=score([cell], policy),
                    rows=cell.rows,
                    filled=cell.filled,
                    weight=cell.weight,
                    stale=cell.stale,
                    doubtful=cell.doubtful,
                )
                for cell in standing.cells
            ],
        )


class CompletenessFinding(Record):
    """A row and what is wrong with it: fields that are missing, codes of doubts, who keeps it."""

    id: int | str
    code: str
    name: str
    township: str
    missing: list[str]
    stale: bool
    doubts: list[str]
    updated_at: datetime | None
    owner: str
