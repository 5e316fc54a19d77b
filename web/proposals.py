"""A plan as people read it: a card for each unit, every need on one time axis, what is missing, what confirming does."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from api.usecases.plans import PlanView
from dispatch.model import Assignment, Completion, Legs, Plan, Shipment, Tier, Unmet
from web.names import Names
from web.reasons import Why, WishKind, banned
from web.wording import Words, need_parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One unit that goes. `wish_*` name it for pins and bans: a carrier's trip is wished for as its depot."""

    name: str
    owner: tuple[str, int]
    wish_kind: WishKind
    wish_id: int
    incident: int
    wished: str
    where: str
    brings: tuple[str, ...]
    legs: Legs
    bottleneck: bool
    pinned: bool
    unit: str
    """Its name among the ways on the map: kind and id."""
    second_ms: int | None
    """How much longer its second way takes; None where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedRow:
    """One need of an incident on the common time axis: the bar is its last piece's, `others` are when the others come.

    `nearest`: who nearest-first would send for it, and when its last one would be in effect.
    """

    name: str
    critical: bool
    amount: str
    missing: str
    legs: Legs | None
    others: tuple[int, ...]
    units: str
    who: tuple[str, ...]
    last: bool
    nearest: tuple[str, ...]
    nearest_ms: int | None
    nearest_missing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One incident of a plan beside nearest-first."""

    incident: Any
    ours: Completion
    nearest: Completion | None
    ours_missing: str
    nearest_missing: str
    needs: tuple[NeedRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Everything that the plan's page says."""

    incidents: tuple[Any, ...]
    incidents_parts: tuple[Part, ...]
    units: tuple[Card, ...]
    banned: tuple[Why, ...]
    unmet: tuple[str, ...]
    request: str
    move_ups: tuple[str, ...]
    cover_losses: tuple[str, ...]
    tiers: tuple[tuple[Tier, int | None], ...]
    """Each objective with what nearest-first reaches in it."""
    sentence: str
    axis: "Axis"
    proven: bool
    gap: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What turning codes into words needs: the words, the names, the incidents by id."""

    words: Words
    names: Names
    incidents: Mapping[int, Any]
    wishes: Mapping[tuple[str, int], str]
    seconds: Mapping[str, int]
    """Unit → how much longer its second way takes, in ms."""

    def title(self, incident: int) -> str:
        """Name an incident."""
        return self.words.incident_title(self.incidents[incident])


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A time axis from 0 to `end_ms` with a line at each of `ticks` (ms)."""

    end_ms: int
    ticks: tuple[int, ...]

    def percent(self, ms: int) -> str:
        """Write where a time stands, in percent of the axis."""
        return f"{ms / self.end_ms * 100:.2f}%"


STEPS_MIN: Final = (5, 10, 15, 20, 30, 60, 120, 240, 480)
MOST_TICKS: Final = 5
MINUTE_MS: Final = 60_000


def axis_for(longest_ms: int) -> Axis:
    """Choose an axis that holds the longest time, with few lines at round minutes."""
    minutes = max(1, -(-longest_ms // MINUTE_MS))
    step = next((one for one in STEPS_MIN if minutes / one <= MOST_TICKS), -(-minutes // MOST_TICKS))
    end = -(-minutes // step) * step
    return Axis(end_ms=end * MINUTE_MS, ticks=tuple(tick * MINUTE_MS for tick in range(0, end + 1, step)))


def seconds_of(plan: PlanView) -> dict[str, int]:
    """Map units to how much longer their second ways take."""
    return {
        unit_key(way.kind, way.id): way.second_ms - way.road_ms - way.walk_ms
        for way in plan.routes
        if way.second_ms is not None
    }


def unit_key(kind: str, identity: int) -> str:
    """Name a unit among ways, cards and needs."""
    return f"{kind}-{identity}"


def show(plan: PlanView, reader: Reader) -> Shown:
    """Put a plan into words."""
    body = plan.plan
    cards = _in_turn(
        [_assigned(reader, body, one) for one in body.assignments]
        + [_shipped(reader, body, one) for one in body.shipments]
    )
    unmet = tuple(reader.words.unmet_line(line, reader.title(line.incident)) for line in body.unmet)
    return Shown(
        incidents=tuple(reader.incidents[one] for one in plan.incident_ids),
        incidents_parts=tuple(_part(reader, plan, one) for one in plan.incident_ids),
        units=tuple(cards),
        banned=banned(plan, reader.names),
        unmet=unmet,
        request=reader.words.mutual_aid(unmet, [_scene(reader, one) for one in plan.incident_ids])
        if unmet
        else "",
        move_ups=tuple(
            reader.words.move_up(
                move, reader.names.unit("team", move.team), reader.names.township(move.township)
            )
            for move in body.move_ups
        ),
        cover_losses=tuple(
            reader.words.cover_loss(loss, reader.names.township(loss.township))
            for loss in body.cover_losses
            if loss.heads_after < min(loss.heads_before, loss.heads_asked)
        ),
        tiers=_tiers(plan),
        sentence=sentence(plan, reader.words),
        axis=axis_for(max((card.legs.total_ms for card in cards), default=0)),
        proven=body.proven,
        gap=f"{max((tier.gap for tier in body.tiers), default=0.0):.1%}",
    )


def _in_turn(cards: Sequence[Card]) -> list[Card]:
    """Sort by incident, then owners by their first help; what one owner sends stands together."""
    first: dict[tuple[int, tuple[str, int]], int] = {}
    for card in cards:
        key = (card.incident, card.owner)
        first[key] = min(card.legs.total_ms, first.get(key, card.legs.total_ms))

    def turn(card: Card) -> tuple[int, int, tuple[str, int], int]:
        return card.incident, first[card.incident, card.owner], card.owner, card.legs.total_ms

    return sorted(cards, key=turn)


def _tiers(plan: PlanView) -> tuple[tuple[Tier, int | None], ...]:
    nearest = {tier.code: tier.value for tier in plan.baseline.tiers} if plan.baseline else {}
    return tuple((tier, nearest.get(tier.code)) for tier in plan.plan.tiers)


def _part(reader: Reader, plan: PlanView, incident: int) -> Part:
    def missing(unmet: Sequence[Unmet]) -> str:
        return reader.words.missing([line for line in unmet if line.incident == incident])

    ours = plan.plan.completion(incident)
    return Part(
        incident=reader.incidents[incident],
        ours=ours or Completion(incident=incident, critical_ms=None, all_ms=None),
        nearest=plan.baseline.completion(incident) if plan.baseline else None,
        ours_missing=missing(plan.plan.unmet),
        nearest_missing=missing(plan.baseline.unmet) if plan.baseline else "",
        needs=_needs(reader, plan, incident),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """What one unit brings for one need."""

    unit: tuple[str, int]
    legs: Legs
    quantity: int


def _pieces(plan: Plan | None, incident: int) -> dict[str, list[_Piece]]:
    """Map needs to what is sent for them, the last one first."""
    found: dict[str, list[_Piece]] = defaultdict(list)
    for one in plan.assignments if plan else ():
        if one.incident == incident:
            found[one.need].append(_Piece(unit=(one.kind, one.id), legs=one.legs, quantity=one.amount))
    for trip in plan.shipments if plan else ():
        amounts: dict[str, int] = defaultdict(int)
        for line in trip.lines if trip.incident == incident else ():
            amounts[line.need] += line.quantity
        for need, quantity in amounts.items():
            found[need].append(_Piece(unit=("carrier", trip.carrier), legs=trip.legs, quantity=quantity))
    for pieces in found.values():
        pieces.sort(key=lambda piece: -piece.legs.total_ms)
    return found


def _needs(reader: Reader, plan: PlanView, incident: int) -> tuple[NeedRow, ...]:
    """Put every need that is served or missed on a row: critical ones first, else in the card's order."""
    ours, nearest = _pieces(plan.plan, incident), _pieces(plan.baseline, incident)
    short = {one.need: one for one in plan.plan.unmet if one.incident == incident}
    nearest_short = {
        one.need: one for one in (plan.baseline.unmet if plan.baseline else ()) if one.incident == incident
    }
    critical = reader.words.critical_needs(reader.incidents[incident].type)
    keys = [key for key in critical if key in ours or key in short]
    keys += sorted((set(ours) | set(short)) - set(critical))
    completion = plan.plan.completion(incident)
    rows = [
        _need_row(
            reader,
            key,
            (ours.get(key, []), nearest.get(key, [])),
            (short.get(key), nearest_short.get(key)),
            critical=critical.get(key, False),
            bottleneck=completion.bottleneck if completion else None,
        )
        for key in keys
    ]
    return tuple(sorted(rows, key=lambda row: not row.critical))


def _need_row(
    reader: Reader,
    key: str,
    pieces: tuple[list[_Piece], list[_Piece]],
    short: tuple[Unmet | None, Unmet | None],
    *,
    critical: bool,
    bottleneck: tuple[str, int] | None,
) -> NeedRow:
    words, kind_and_code = reader.words, need_parts(key)
    ours, nearest = pieces

    def lacking(unmet: Unmet | None) -> str:
        return words.amount(*kind_and_code, unmet.quantity) if unmet else ""

    return NeedRow(
        name=words.need_of_key(key),
        critical=critical,
        amount=words.amount(*kind_and_code, sum(piece.quantity for piece in ours)),
        missing=lacking(short[0]),
        legs=ours[0].legs if ours else None,
        others=tuple(piece.legs.total_ms for piece in ours[1:]),
        units=",".join(unit_key(*piece.unit) for piece in ours),
        who=tuple(reader.names.unit(*piece.unit) for piece in reversed(ours)),
        last=bool(ours) and ours[0].unit == bottleneck,
        nearest=tuple(reader.names.unit(*piece.unit) for piece in reversed(nearest)),
        nearest_ms=nearest[0].legs.total_ms if nearest else None,
        nearest_missing=lacking(short[1]),
    )


def _is_last(plan: Plan, incident: int, piece: tuple[str, int]) -> bool:
    completion = plan.completion(incident)
    return completion is not None and completion.bottleneck == piece


def _assigned(reader: Reader, plan: Plan, one: Assignment) -> Card:
    need_kind, code = need_parts(one.need)
    wish = (one.kind, one.id)
    return Card(
        name=reader.names.unit(one.kind, one.id),
        owner=("team", one.team),
        wish_kind=one.kind,
        wish_id=one.id,
        incident=one.incident,
        wished=reader.wishes.get(wish, ""),
        where=reader.title(one.incident),
        brings=(reader.words.bring(need_kind, code, one.amount),),
        legs=one.legs,
        bottleneck=_is_last(plan, one.incident, wish),
        pinned=one.pinned,
        unit=unit_key(*wish),
        second_ms=reader.seconds.get(unit_key(*wish)),
    )


def _shipped(reader: Reader, plan: Plan, one: Shipment) -> Card:
    amounts: dict[str, int] = defaultdict(int)
    for line in one.lines:
        amounts[line.item] += line.quantity
    return Card(
        name=reader.names.unit("carrier", one.carrier),
        owner=("depot", one.depot),
        wish_kind="depot",
        wish_id=one.depot,
        incident=one.incident,
        wished=reader.wishes.get(("depot", one.depot), ""),
        where=reader.title(one.incident),
        brings=tuple(reader.words.bring("material", item, quantity) for item, quantity in amounts.items()),
        legs=one.legs,
        bottleneck=_is_last(plan, one.incident, ("carrier", one.carrier)),
        pinned=one.pinned,
        unit=unit_key("carrier", one.carrier),
        second_ms=reader.seconds.get(unit_key("carrier", one.carrier)),
    )


def sentence(plan: PlanView, words: Words) -> str:
    """Say in one sentence what confirming does."""
    body = plan.plan
    return words.confirm_sentence(
        teams=sum(1 for one in body.assignments if one.kind == "team"),
        vehicles=sum(1 for one in body.assignments if one.kind == "vehicle"),
        carriers=len(body.shipments),
        items=len({line.item for one in body.shipments for line in one.lines}),
        move_ups=len(body.move_ups),
    )


def _scene(reader: Reader, incident: int) -> str:
    record = reader.incidents[incident]
    lon, lat = record.position
    return f"{reader.words.incident_title(record)} ({reader.words.level(record.level)}, {lon:.5f}, {lat:.5f})"
