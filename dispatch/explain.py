"""Plan → reasons, as codes with numbers: why this unit, why not that one, what if it were gone.

Every reason can be recomputed from the snapshot and the travel table alone. For a unit that could have been sent the
reason is the first tier that gets worse in the best plan that differs from the proposed one by sending it, in addition
or in place of one unit: later, kept for coverage, no need of it left, longer road, or last in the fixed order.

`CODES` lists every code that can come out of here, for whoever puts words to them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from dispatch.choice import TIERS, Choice, completion_times, faults, tiers_of, trips_made
from dispatch.decode import decode
from dispatch.model import (
    Completion,
    Depot,
    Incident,
    Need,
    Plan,
    Position,
    Reason,
    Shipment,
    Team,
    Vehicle,
    Wish,
)
from dispatch.planner import DEFAULT_TIME_LIMIT_S, solve
from dispatch.problem import Problem, build, lent_elsewhere
from dispatch.propose import Ground
from dispatch.readiness import depot_refusal, team_refusal, vehicle_refusal
from dispatch.times import Start, start_of
from gis.network import RoadNetwork, VehicleProfile
from gis.travel import Route, route

CHOSEN_CODES: Final = ("pinned", "only_one", "earliest", "in_time", "bottleneck")
PASSED_OVER_CODES: Final = (
    # it may not be sent at all
    "committed",
    "off_duty",
    "resting",
    "stale",
    "unavailable",
    "no_strength",
    "closed",
    "empty",
    "no_carrier",
    "banned",
    "lent_elsewhere",
    # it does not fit
    "lacks_capability",
    "grade_too_low",
    "too_few_heads",
    "wrong_kind",
    "lacks_item",
    "load_too_small",
    # it cannot get there
    "unreachable",
    "unreachable_closure",
    "unreachable_zone",
    "unreachable_rule",
    "unreachable_limit",
    # it could go, and the plan would be worse
    "cannot_replace",
    "later",
    "kept_for_coverage",
    "no_need_left",
    "longer_road",
    "fixed_order",
    "not_proven",
)
REFUSED_PIN_CODES: Final = ("pin_incident_not_open", "pin_banned", "pin_elsewhere", "pin_not_possible")
CODES: Final = CHOSEN_CODES + PASSED_OVER_CODES + REFUSED_PIN_CODES

_WORSE: Final = {
    "unmet_critical": "cannot_replace",
    "unmet_other": "cannot_replace",
    "time_critical": "later",
    "time_rest": "later",
    "coverage": "kept_for_coverage",
    "orders": "no_need_left",
    "road": "longer_road",
    "tie_break": "fixed_order",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TierChange:
    """One tier of the plan, and of another one."""

    code: str
    before: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """The best plan under other words of the commander, and what that costs in each tier."""

    plan: Plan
    changes: tuple[TierChange, ...]


# -- what if it were gone


def without(
    ground: Ground,
    plan: Plan,
    kind: Literal["team", "vehicle", "depot"],
    identity: int,
    *,
    time_limit_s: float = DEFAULT_TIME_LIMIT_S,
) -> Alternative:
    """Plan again, exactly, as if a unit were gone. `vehicle` may also name a depot's carrier."""
    gone = Wish(kind=kind, id=identity)
    return reworded(
        ground,
        plan,
        pins=tuple(pin for pin in ground.snapshot.pins if (pin.kind, pin.id) != (kind, identity)),
        bans=(*ground.snapshot.bans, gone),
        time_limit_s=time_limit_s,
    )


def reworded(
    ground: Ground,
    plan: Plan,
    *,
    pins: Sequence[Wish],
    bans: Sequence[Wish],
    time_limit_s: float = DEFAULT_TIME_LIMIT_S,
) -> Alternative:
    """Plan again with other words of the commander, and compare tier by tier."""
    snapshot = replace(ground.snapshot, pins=tuple(pins), bans=tuple(bans))
    problem = build(snapshot, ground.travel)
    solved = solve(problem, time_limit_s=time_limit_s)
    other = decode(snapshot, problem, solved.choice, solved.tiers, solver=solved.solver)
    return Alternative(plan=other, changes=tier_changes(plan, other))


def tier_changes(plan: Plan, other: Plan) -> tuple[TierChange, ...]:
    """Compare two plans of one problem tier by tier."""
    return tuple(
        TierChange(code=before.code, before=before.value, after=after.value)
        for before, after in zip(plan.tiers, other.tiers, strict=True)
    )


# -- why this one


def chosen(ground: Ground, plan: Plan) -> tuple[Reason, ...]:
    """Why each unit and carrier of a plan goes, one or two reasons each.

    pinned: the commander's word. only_one: nobody else can serve this need. earliest: every candidate that would be
    in effect sooner is sent as well. in_time: it is not among the soonest, but in effect before the incident is
    complete anyhow, and so costs less elsewhere. bottleneck: the incident waits for it.
    """
    problem = ground.problem
    completion = {c.incident: c for c in plan.completions}
    used = {(a.kind, a.id) for a in plan.assignments}
    reasons = []
    for a in plan.assignments:
        need = _need_row(problem, a.incident, a.need)
        pairs = np.flatnonzero(problem.pair_need == need)
        sooner = [
            _unit(problem, int(unit))
            for unit in problem.pair_unit[pairs[problem.pair_ms[pairs] < a.legs.total_ms]]
        ]
        waiting = completion[a.incident]
        numbers = {
            "total_ms": a.legs.total_ms,
            "candidates": len(pairs),
            "sooner": len(sooner),
            "sooner_free": sum(unit not in used for unit in sooner),
            "completion_ms": waiting.all_ms or 0,
        }
        code = _why_chosen(pinned=a.pinned, numbers=numbers)
        reasons.append(
            Reason(code=code, kind=a.kind, id=a.id, incident=a.incident, need=a.need, numbers={**numbers})
        )
        if waiting.bottleneck == (a.kind, a.id):
            reasons.append(_bottleneck(a.kind, a.id, a.incident, a.need, a.legs.total_ms))
    carriers = {s.carrier for s in plan.shipments}
    for s in plan.shipments:
        reasons.extend(_why_shipment(problem, s, carriers, completion))
    return tuple(reasons)


def _why_chosen(*, pinned: bool, numbers: dict[str, int]) -> str:
    if pinned:
        return "pinned"
    if numbers["candidates"] == 1:
        return "only_one"
    return "earliest" if numbers["sooner_free"] == 0 else "in_time"


def _bottleneck(kind: str, identity: int, incident: int, need: str | None, total_ms: int) -> Reason:
    return Reason(
        code="bottleneck",
        kind=kind,  # type: ignore[arg-type]  # from a plan
        id=identity,
        incident=incident,
        need=need,
        numbers={"total_ms": total_ms},
    )


def _why_shipment(
    problem: Problem, shipment: Shipment, carriers: set[int], completion: Mapping[int, Completion]
) -> Iterator[Reason]:
    row = _incident_row(problem, shipment.incident)
    needs = {_need_row(problem, shipment.incident, line.need) for line in shipment.lines}
    trips = np.unique(problem.draw_trip[np.isin(problem.draw_need, list(needs))])
    trips = trips[problem.trip_incident[trips] == row]
    candidates: dict[int, int] = {}
    for trip in trips.tolist():
        carrier = int(problem.carrier_ids[problem.trip_carrier[trip]])
        candidates[carrier] = min(candidates.get(carrier, 1 << 62), int(problem.trip_ms[trip]))
    sooner = [c for c, ms in candidates.items() if ms < shipment.legs.total_ms and c != shipment.carrier]
    waiting = completion[shipment.incident]
    numbers = {
        "total_ms": shipment.legs.total_ms,
        "candidates": len(candidates),
        "sooner": len(sooner),
        "sooner_free": sum(carrier not in carriers for carrier in sooner),
        "completion_ms": waiting.all_ms or 0,
    }
    code = _why_chosen(pinned=shipment.pinned, numbers=numbers)
    yield Reason(
        code=code,
        kind="carrier",
        id=shipment.carrier,
        incident=shipment.incident,
        numbers={**numbers, "depot": shipment.depot},
    )
    if waiting.bottleneck == ("carrier", shipment.carrier):
        yield _bottleneck("carrier", shipment.carrier, shipment.incident, None, shipment.legs.total_ms)


# -- why not that one


def passed_over(ground: Ground, plan: Plan, network: RoadNetwork | None = None) -> tuple[Reason, ...]:
    """Why each team, vehicle and depot that is not sent is not: one reason for each incident, or one for all.

    With the network the cause of an unreachable unit is looked for: which closure, zone, rule or limit.
    """
    looking = _Looking(ground, plan, network)
    return tuple(looking.reasons())


@dataclass(frozen=True, slots=True)
class _Fit:
    """Whether something fits an incident: the code of why not, or the needs that it could serve."""

    code: str | None
    numbers: dict[str, int | str]
    needs: tuple[int, ...] = ()


class _Looking:
    """The plan as a choice, and what has been found out about blocked ways."""

    def __init__(self, ground: Ground, plan: Plan, network: RoadNetwork | None) -> None:
        self.ground = ground
        self.problem = ground.problem
        self.plan = plan
        self.network = network
        self.choice = encode(ground.problem, plan)
        self.values = tiers_of(self.problem, self.choice)
        self.last = {
            flag: completion_times(self.problem, self.choice, critical_only=flag) for flag in (True, False)
        }
        self.blocked: dict[tuple[Start, Position], tuple[str, dict[str, int | str]]] = {}
        self.bans = {(ban.kind, ban.id, ban.incident) for ban in ground.snapshot.bans}
        self.lent = lent_elsewhere(ground.snapshot)

    def reasons(self) -> Iterator[Reason]:
        used = {(a.kind, a.id) for a in self.plan.assignments}
        for team in self.problem.teams:
            if ("team", team.id) not in used:
                yield from self._of_unit(team, None)
        for team in self.problem.teams:
            for vehicle in sorted(team.vehicles, key=lambda v: v.id):
                if ("vehicle", vehicle.id) not in used:
                    yield from self._of_unit(team, vehicle)
        loading = {(s.depot, s.incident) for s in self.plan.shipments}
        for depot in self.problem.depots:
            yield from self._of_depot(depot, loading)

    # teams and vehicles

    def _of_unit(self, team: Team, vehicle: Vehicle | None) -> Iterator[Reason]:
        kind = "vehicle" if vehicle else "team"
        identity = vehicle.id if vehicle else team.id
        refusal = vehicle_refusal(team, vehicle) if vehicle else team_refusal(team)
        if refusal:
            yield _reason(refusal, kind, identity, None)
            return
        for row, incident in enumerate(self.problem.incidents):
            if self._is_banned(kind, identity, incident.id):
                yield _reason("banned", kind, identity, incident.id)
                continue
            if (kind, identity, incident.id) in self.lent:
                yield _reason("lent_elsewhere", kind, identity, incident.id)
                continue
            fit = _vehicle_fit(incident, vehicle) if vehicle else _team_fit(incident, team)
            if fit.code:
                yield _reason(fit.code, kind, identity, incident.id, fit.numbers)
                continue
            start = start_of(team.position, vehicle.profile if vehicle else team.profile)
            road = self.ground.travel.cell(start, incident.position)[0]
            if road < 0:
                code, numbers = self._why_unreachable(start, incident.position)
                yield _reason(code, kind, identity, incident.id, numbers)
            else:
                yield self._worse(kind, identity, row)

    def _is_banned(self, kind: str, identity: int, incident: int) -> bool:
        return (kind, identity, None) in self.bans or (kind, identity, incident) in self.bans

    def _worse(self, kind: str, identity: int, incident: int) -> Reason:
        """Return the first tier that gets worse in the best plan that sends this unit too, or instead of another."""
        problem = self.problem
        pairs = [
            p
            for p in np.flatnonzero(problem.pair_incident == incident).tolist()
            if _unit(problem, int(problem.pair_unit[p])) == (kind, identity)
        ]
        place = problem.incidents[incident].id
        if not pairs:
            return _reason("pinned", kind, identity, place)
        options = [option for pair in pairs for option in self._options(pair)]
        return self._compared(kind, identity, incident, options, int(problem.pair_ms[pairs[0]]))

    def _options(self, pair: int) -> Iterator[tuple[int, ...]]:
        """Values of the plans that send a pair in addition, or in place of one other of the same need."""
        problem = self.problem
        late = self._late_by(pair)
        if late is not None:
            yield late
            return
        need = problem.pair_need[pair]
        same = np.flatnonzero(self.choice.pairs & (problem.pair_need == need)).tolist()
        for gone in (None, *same):
            changed = self.choice.pairs.copy()
            changed[pair] = True
            if gone is not None:
                changed[gone] = False
            option = Choice(changed, self.choice.draws)
            if not faults(problem, option):
                yield tiers_of(problem, option)

    def _late_by(self, pair: int) -> tuple[int, ...] | None:
        """Return the values with a unit later than the completion: a time tier gets worse whatever it replaces."""
        problem = self.problem
        incident = int(problem.pair_incident[pair])
        critical = bool(problem.need_critical[problem.pair_need[pair]])
        late = int(problem.pair_ms[pair] - self.last[critical][incident])
        if late <= 0:
            return None
        values = list(self.values)
        values[TIERS.index("time_critical" if critical else "time_rest")] += late * int(
            problem.priority[incident]
        )
        return tuple(values)

    def _compared(
        self, kind: str, identity: int, incident: int, options: Iterable[tuple[int, ...]], total_ms: int
    ) -> Reason:
        place = self.problem.incidents[incident].id
        best = min(options)
        tier = next((n for n in range(len(TIERS)) if best[n] != self.values[n]), None)
        if tier is None or best[tier] < self.values[tier]:
            return _reason("not_proven", kind, identity, place, {"total_ms": total_ms})
        difference = best[tier] - self.values[tier]
        numbers: dict[str, int | str] = {"total_ms": total_ms, "tier": TIERS[tier], "difference": difference}
        if TIERS[tier] in ("time_critical", "time_rest"):
            numbers["by_ms"] = difference // int(self.problem.priority[incident])
        return _reason(_WORSE[TIERS[tier]], kind, identity, place, numbers)

    # depots

    def _of_depot(self, depot: Depot, loading: set[tuple[int, int]]) -> Iterator[Reason]:
        wanting = [row for row, i in enumerate(self.problem.incidents) if _materials(i)]
        wanting = [row for row in wanting if (depot.id, self.problem.incidents[row].id) not in loading]
        refusal = depot_refusal(depot)
        if refusal:
            if wanting:
                yield _reason(refusal, "depot", depot.id, None)
            return
        for row in wanting:
            yield self._depot_at(depot, row)

    def _depot_at(self, depot: Depot, row: int) -> Reason:
        incident = self.problem.incidents[row]
        if self._is_banned("depot", depot.id, incident.id):
            return _reason("banned", "depot", depot.id, incident.id)
        if ("depot", depot.id, incident.id) in self.lent:
            return _reason("lent_elsewhere", "depot", depot.id, incident.id)
        wanted = {need.code for need in _materials(incident)}
        lots = [lot for lot in depot.lots if lot.quantity > 0 and lot.item in wanted]
        if not lots:
            return _reason("lacks_item", "depot", depot.id, incident.id)
        carriers = [
            c for c in depot.carriers if c.available and not self._is_banned("vehicle", c.id, incident.id)
        ]
        starts = [start_of(depot.position, c.profile) for c in carriers]
        there = [
            c
            for c, start in zip(carriers, starts, strict=True)
            if self.ground.travel.cell(start, incident.position)[0] >= 0
        ]
        if not carriers:
            return _reason("no_carrier", "depot", depot.id, incident.id)
        if not there:
            code, numbers = self._why_unreachable(starts[0], incident.position)
            return _reason(code, "depot", depot.id, incident.id, numbers)
        lightest = min(lot.unit_kg for lot in lots)
        if max(c.load_kg for c in there) < lightest:
            numbers = {"unit_kg": lightest, "load_kg": max(c.load_kg for c in there)}
            return _reason("load_too_small", "depot", depot.id, incident.id, numbers)
        return self._depot_worse(depot, row)

    def _depot_worse(self, depot: Depot, row: int) -> Reason:
        """Return the first tier that gets worse when one of its free carriers takes over a whole shipment of the incident.

        Where none can take one over, it could only come in addition.
        """
        problem = self.problem
        mine = np.flatnonzero(
            (problem.trip_incident == row)
            & (problem.carrier_ids[problem.trip_carrier] >= 0)
            & np.isin(problem.trip_carrier, np.flatnonzero(problem.carrier_depot == self._depot_row(depot)))
        )
        busy = set(problem.trip_carrier[trips_made(problem, self.choice)].tolist())
        free = [t for t in mine.tolist() if int(problem.trip_carrier[t]) not in busy]
        soonest = min((int(problem.trip_ms[t]) for t in mine), default=0)
        options = [
            tiers_of(problem, option)
            for trip in free
            for old in np.flatnonzero(
                trips_made(problem, self.choice) & (problem.trip_incident == row)
            ).tolist()
            for option in self._taken_over(old, trip)
        ]
        if not options:
            more = list(self.values)
            more[TIERS.index("orders")] += 1
            options = [tuple(more)]
        return self._compared("depot", depot.id, row, options, soonest)

    def _depot_row(self, depot: Depot) -> int:
        return self.problem.depots.index(depot)

    def _taken_over(self, old: int, new: int) -> Iterator[Choice]:
        """Return the choice in which one trip brings what another did, if it can."""
        problem = self.problem
        draws = self.choice.draws.copy()
        moved: dict[int, int] = {}
        for draw in np.flatnonzero((problem.draw_trip == old) & (draws > 0)).tolist():
            need = int(problem.draw_need[draw])
            moved[need] = moved.get(need, 0) + int(draws[draw])
            draws[draw] = 0
        for draw in np.flatnonzero(problem.draw_trip == new).tolist():
            need = int(problem.draw_need[draw])
            quantity = min(moved.get(need, 0), int(problem.draw_most[draw]))
            draws[draw] = quantity
            moved[need] = moved.get(need, 0) - quantity
        option = Choice(self.choice.pairs, draws)
        if not any(moved.values()) and not faults(problem, option):
            yield option

    # ways

    def _why_unreachable(self, start: Start, target: Position) -> tuple[str, dict[str, int | str]]:
        key = (start, target)
        if key not in self.blocked:
            self.blocked[key] = self._find_cause(start, target)
        return self.blocked[key]

    def _find_cause(self, start: Start, target: Position) -> tuple[str, dict[str, int | str]]:
        """Return what closes the way that would be taken if all were open, or what of the vehicle no way allows."""
        reach: dict[str, int | str] = {"reach": self.ground.travel.cell(start, target)[2]}
        if self.network is None:
            return "unreachable", reach
        bare = self.network.overlay()
        way = route(self.network, start.position, target, start.profile, bare)
        if not isinstance(way, Route):
            light = VehicleProfile(speed_class="car", four_wheel_drive=True)
            any_way = route(self.network, start.position, target, light, bare)
            return ("unreachable_limit" if isinstance(any_way, Route) else "unreachable"), reach
        edges = self.network.places_of([part.edge_id for part in way.parts])
        for edge in edges.tolist():
            for cause in self.ground.overlay.causes(edge):
                if cause.kind == "closure":
                    return "unreachable_closure", {**reach, "closure": cause.id}
                if cause.kind == "zone":
                    return "unreachable_zone", reach
                return "unreachable_rule", {**reach, "edge": cause.id}
        return "unreachable", reach


def encode(problem: Problem, plan: Plan) -> Choice:
    """Return the choice that a plan stands for: the inverse of `dispatch.decode`, up to the lots within a batch."""
    units = {_unit(problem, row): row for row in range(problem.n_units)}
    pairs = np.zeros(len(problem.pair_unit), dtype=np.bool_)
    for a in plan.assignments:
        unit, need = units[a.kind, a.id], _need_row(problem, a.incident, a.need)
        pairs |= (problem.pair_unit == unit) & (problem.pair_need == need)
    draws = np.zeros(len(problem.draw_trip), dtype=np.int64)
    batch_of = {lot.id: row for row, lots in enumerate(problem.batch_lots) for lot in lots}
    delay_of = {lot.id: lot.activation_ms for lots in problem.batch_lots for lot in lots}
    for s in plan.shipments:
        delay = max(delay_of[line.lot] for line in s.lines)
        trips = np.flatnonzero(
            (problem.carrier_ids[problem.trip_carrier] == s.carrier)
            & (problem.trip_incident == _incident_row(problem, s.incident))
            & (problem.trip_activation >= delay)
        )
        trip = trips[np.argmin(problem.trip_activation[trips])]
        for line in s.lines:
            draws[
                (problem.draw_trip == trip)
                & (problem.draw_batch == batch_of[line.lot])
                & (problem.draw_need == _need_row(problem, s.incident, line.need))
            ] += line.quantity
    return Choice(pairs, draws)


def _unit(problem: Problem, row: int) -> tuple[str, int]:
    return problem.unit_kinds[row], int(problem.unit_ids[row])


def _incident_row(problem: Problem, incident: int) -> int:
    return next(row for row, i in enumerate(problem.incidents) if i.id == incident)


def _need_row(problem: Problem, incident: int, key: str) -> int:
    place = _incident_row(problem, incident)
    return next(
        row
        for row, need in enumerate(problem.needs)
        if need.key == key and int(problem.need_incident[row]) == place
    )


def _materials(incident: Incident) -> list[Need]:
    return [need for need in incident.needs if need.kind == "material" and need.quantity > 0]


def _reason(
    code: str, kind: str, identity: int, incident: int | None, numbers: dict[str, int | str] | None = None
) -> Reason:
    return Reason(
        code=code,
        kind=kind,  # type: ignore[arg-type]  # the callers' kinds are the model's
        id=identity,
        incident=incident,
        numbers=numbers or {},
    )


def _team_fit(incident: Incident, team: Team) -> _Fit:
    """Capability first, then grade, then heads: the first that no need of the incident is content with."""
    asked = [n for n in incident.needs if n.kind == "capability" and n.quantity > 0]
    grades = {c.code: min(d.grade for d in team.capabilities if d.code == c.code) for c in team.capabilities}
    able = [need for need in asked if need.code in grades]
    if not able:
        return _Fit("lacks_capability", {})
    good = [need for need in able if grades[need.code] <= need.grade]
    if not good:
        nearest = min(able, key=lambda n: grades[n.code] - n.grade)
        return _Fit("grade_too_low", {"grade": grades[nearest.code], "wanted": nearest.grade})
    strong = [need for need in good if team.strength >= need.min_strength]
    if not strong:
        least = min(need.min_strength for need in good)
        return _Fit("too_few_heads", {"strength": team.strength, "wanted": least})
    return _Fit(None, {})


def _vehicle_fit(incident: Incident, vehicle: Vehicle) -> _Fit:
    kinds = {need.code for need in incident.needs if need.kind == "vehicle" and need.quantity > 0}
    return _Fit(None if vehicle.kind in kinds else "wrong_kind", {})
