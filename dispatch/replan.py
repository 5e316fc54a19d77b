"""A running plan made anew: the best that keeps everything under way, and the best that may end or redirect some of it.

Both are optima of one problem, the *joint* one, in the same tiers and with the same proof (`dispatch.planner`):

- What is on scene or done counts as brought. Every other order for the chosen incidents is a unit of the problem again,
  at the place where it is now: it may keep its need, with what is left of its time and at no effort, or take another one,
  after a new call and what is left of its assembly. A carrier may keep its trip or end it; what an ended one frees, its
  goods and itself, is free for the next plan only. A team that moved up may be sent from where it stands.
- An order that did not answer in time is not counted on. It brings nothing; the change ends it.
- Orders for other incidents are not touched. Nobody is taken from an incident that the commander did not include.

*Keeping* holds every order that is counted on to its need. *Changing* is free. It is proposed only where it is better in
one of the five first tiers (needs, times, coverage), or ends a silent order; fewer orders or less road are no reason to
turn anybody round. Of what changing leaves idle, everything that does no harm is kept.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from dispatch.choice import Choice, tiers_of, trips_made
from dispatch.coverage import move_ups
from dispatch.decode import decode
from dispatch.hazards import HazardRule
from dispatch.measure import measure
from dispatch.model import (
    Assignment,
    Capability,
    Depot,
    HazardZone,
    Plan,
    Snapshot,
    StockLot,
    Team,
    Tier,
    UnderWay,
    UnitRoute,
    Vehicle,
    Wish,
)
from dispatch.planner import DEFAULT_TIME_LIMIT_S, Solved, solve
from dispatch.problem import Problem, build
from dispatch.propose import NO_ZONES, ground, routes_of
from dispatch.times import Ints, TravelTable
from gis.closures import Overlay
from gis.network import RoadNetwork

MOST_LINES: Final = 10_000
"""No order has so many lines."""
WORTH: Final = 5
"""So many tiers must speak for turning somebody round: unmet needs, times, coverage."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Joint:
    """The joint problem, and which of its pairs and trips are orders under way (by order id).

    Units stand in for orders under negative numbers: minus the order's id.
    """

    snapshot: Snapshot
    given: Snapshot
    travel: TravelTable
    problem: Problem
    pair_of: dict[int, int]
    trip_of: dict[int, int]
    silent: tuple[int, ...]

    @property
    def kept(self) -> Choice:
        """Everything under way that is counted on, and nothing new: what happens if nobody does anything."""
        pairs = np.zeros(len(self.problem.pair_unit), dtype=np.bool_)
        pairs[list(self.pair_of.values())] = True
        draws = np.zeros(len(self.problem.draw_trip), dtype=np.int64)
        for trip in self.trip_of.values():
            _load(self.problem, draws, trip)
        return Choice(pairs, draws)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replanned:
    """Two answers. `keeping` sends only new orders; `plan` also ends the orders in `ended`.

    The tiers of both are of the joint problem, so that they can be compared. Without a gain `plan` is `keeping`.
    `standing`: the tiers if nobody does anything.
    """

    keeping: Plan
    plan: Plan
    ended: tuple[int, ...]
    standing: tuple[int, ...]
    joint: Joint


def replan(
    joint: Joint, *, zones: tuple[HazardZone, ...] = (), time_limit_s: float = DEFAULT_TIME_LIMIT_S
) -> Replanned:
    """Return the best plan that keeps everything, and the best that may change it, each with its proof."""
    held = _solve_held(joint, time_limit_s)
    free = _solve_free(joint, time_limit_s)
    better = free.values[:WORTH] < held.values[:WORTH]
    chosen = free if better else held
    ended = tuple(sorted({*(_ended(joint, free.choice) if better else ()), *joint.silent}))
    keeping = _plan(joint, held, zones, ())
    return Replanned(
        keeping=keeping,
        plan=_plan(joint, chosen, zones, ended),
        ended=ended,
        standing=tiers_of(joint.problem, joint.kept),
        joint=joint,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Anew:
    """Two answers with the ways of everything new: those of the change, then of what only keeping sends."""

    replanned: Replanned
    routes: tuple[UnitRoute, ...]
    zones: tuple[HazardZone, ...]


def propose_anew(
    snapshot: Snapshot,
    network: RoadNetwork,
    *,
    time_limit_s: float = DEFAULT_TIME_LIMIT_S,
    hour_factors: Mapping[str, Sequence[int]] | None = None,
    hazard_rules: Mapping[str, HazardRule] = NO_ZONES,
) -> Anew:
    """Return both answers for a snapshot with what is under way. Arguments as in `dispatch.propose.propose`."""
    here = ground(after(snapshot, ()), network, hour_factors=hour_factors, hazard_rules=hazard_rules)
    found = replan(joint(snapshot, network, here.overlay), zones=here.zones, time_limit_s=time_limit_s)
    routes = routes_of(replace(here, snapshot=after(snapshot, found.ended)), network, found.plan)
    sent = {(way.kind, way.id) for way in routes}
    others = routes_of(here, network, found.keeping, second_routes=False)
    return Anew(
        replanned=found,
        routes=(*routes, *(way for way in others if (way.kind, way.id) not in sent)),
        zones=here.zones,
    )


def joint(snapshot: Snapshot, network: RoadNetwork, overlay: Overlay) -> Joint:
    """Return the joint problem of a snapshot with what is under way, on roads as they are."""
    given = stood_in(snapshot)
    return join(snapshot, given, measure(given, network, overlay))


def join(snapshot: Snapshot, given: Snapshot, travel: TravelTable) -> Joint:
    """Return the joint problem of a snapshot, `stood_in` and measured."""
    problem = build(given, travel)
    counted = [one for one in snapshot.under_way if not one.silent and one.incident is not None]
    pair_of: dict[int, int] = {}
    trip_of: dict[int, int] = {}
    pair_ms, pair_amount = problem.pair_ms.copy(), problem.pair_amount.copy()
    pair_new, trip_new = problem.pair_new.copy(), problem.trip_new.copy()
    teams = {team.id: team for team in given.teams}
    for one in counted:
        if one.kind == "carrier":
            trips = np.flatnonzero(problem.carrier_ids[problem.trip_carrier] == -one.order)
            if len(trips):
                trip_of[one.order] = int(trips[0])
                trip_new[trips] = False
            continue
        pair = _own_pair(problem, one)
        if pair is not None:
            pair_of[one.order] = pair
            team = teams[-one.order]
            called = team.notify_ms + team.consent_ms + team.assemble_ms
            pair_ms[pair] += one.before_ms - called
            pair_amount[pair] = sum(line.quantity for line in one.lines)
            pair_new[pair] = False
    return Joint(
        snapshot=snapshot,
        given=given,
        travel=travel,
        problem=replace(
            problem, pair_ms=pair_ms, pair_amount=pair_amount, pair_new=pair_new, trip_new=trip_new
        ),
        pair_of=pair_of,
        trip_of=trip_of,
        silent=tuple(sorted(one.order for one in snapshot.under_way if one.silent)),
    )


def _own_pair(problem: Problem, one: UnderWay) -> int | None:
    """Return the pair with which an order keeps its need; None where that need is not asked for any more."""
    units = np.flatnonzero(problem.unit_ids == -one.order)
    keys = {line.need for line in one.lines}
    for pair in np.flatnonzero(np.isin(problem.pair_unit, units)).tolist():
        at_place = problem.incidents[problem.pair_incident[pair]].id == one.incident
        if at_place and problem.needs[problem.pair_need[pair]].key in keys:
            return int(pair)
    return None


def stood_in(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot with a stand-in for every order under way that is counted on."""
    owners = {team.id: team for team in snapshot.teams}
    carriers = {vehicle.id: vehicle for depot in snapshot.depots for vehicle in depot.carriers}
    teams, depots = list(snapshot.teams), list(snapshot.depots)
    bans, lent = list(snapshot.bans), list(snapshot.lent)
    for one in snapshot.under_way:
        if one.silent:
            continue
        if one.kind == "carrier":
            depots.append(_carrier(one, carriers[one.id]))
            bans += [
                Wish(kind="depot", id=-one.order, incident=incident.id)
                for incident in snapshot.incidents
                if incident.id != one.incident
            ]
        elif one.owner in owners:
            teams.append(_team(one, owners[one.owner], snapshot))
            lent += [
                replace(wish, id=-one.order)
                for wish in snapshot.lent
                if (wish.kind, wish.id) == ("team", one.owner)
            ]
            kind = "vehicle" if one.kind == "vehicle" else "team"
            bans += [
                Wish(kind=kind, id=-one.order, incident=ban.incident)  # type: ignore[arg-type]  # one of the two
                for ban in snapshot.bans
                if (ban.kind, ban.id) == (kind, one.id) and ban.incident not in {None, one.incident}
            ]
    return replace(
        snapshot,
        teams=tuple(teams),
        depots=tuple(depots),
        bans=tuple(bans),
        lent=tuple(lent),
        under_way=(),
    )


def _team(one: UnderWay, owner: Team, snapshot: Snapshot) -> Team:
    """Return the stand-in of people or of one vehicle."""
    if one.kind != "vehicle":
        return replace(
            owner,
            id=-one.order,
            position=one.position,
            assemble_ms=one.assemble_ms,
            consent_ms=0,
            status="available",
            capabilities=_with_own(one, owner, snapshot),
            vehicles=(),
        )
    vehicles = [vehicle for vehicle in owner.vehicles if vehicle.id == one.id]
    return replace(
        owner,
        id=-one.order,
        position=one.position,
        assemble_ms=one.assemble_ms,
        consent_ms=0,
        status="available",
        capabilities=(),
        strength=0,
        vehicles=tuple(replace(vehicle, id=-one.order, available=True) for vehicle in vehicles),
    )


def _with_own(one: UnderWay, owner: Team, snapshot: Snapshot) -> tuple[Capability, ...]:
    """Return what the people can do. A grade that was taken from them meanwhile does not undo their order."""
    own = {line.need for line in one.lines}
    asked = [
        need
        for incident in snapshot.incidents
        if incident.id == one.incident
        for need in incident.needs
        if need.key in own and need.kind == "capability"
    ]
    known = {(capability.code, capability.grade) for capability in owner.capabilities}
    lost = {
        (need.code, need.grade)
        for need in asked
        if not any(code == need.code and grade <= need.grade for code, grade in known)
    }
    return (*owner.capabilities, *(Capability(code=code, grade=grade) for code, grade in sorted(lost)))


def _carrier(one: UnderWay, vehicle: Vehicle) -> Depot:
    """Return the stand-in of a loaded carrier: a depot on wheels with exactly its load."""
    lots = tuple(
        StockLot(
            id=-(one.order * MOST_LINES + number),  # never that of a lot that still stands in a depot
            item=line.code,
            quantity=line.quantity,
            unit_kg=line.unit_kg,
        )
        for number, line in enumerate(one.lines)
    )
    load = sum(line.unit_kg * line.quantity for line in one.lines)
    return Depot(
        id=-one.order,
        position=one.position,
        notify_ms=0,
        loading_ms=one.before_ms,
        lots=lots,
        carriers=(replace(vehicle, id=-one.order, load_kg=load, available=True),),
    )


# -- the two answers ---------------------------------------------------------------------------------------------------


def _solve_held(joint: Joint, time_limit_s: float) -> Solved:
    """Solve with every order under way held to its need, and with nobody redirected."""
    problem = joint.problem
    stands_in = problem.unit_ids[problem.pair_unit] < 0
    own = np.zeros(len(problem.pair_unit), dtype=np.bool_)
    own[list(joint.pair_of.values())] = True
    rows = np.flatnonzero(~stands_in | own)
    pins = problem.unit_pin.copy()
    held = np.array(sorted(joint.pair_of.values()), dtype=np.int64)
    pins[problem.pair_unit[held]] = problem.pair_incident[held]
    columns = {
        name: getattr(problem, name)[rows]
        for name in (
            "pair_unit",
            "pair_need",
            "pair_incident",
            "pair_amount",
            "pair_ms",
            "pair_road",
            "pair_new",
        )
    }
    trips = tuple(np.array([trip], dtype=np.int64) for trip in _holdable(joint))
    part = replace(problem, **columns, unit_pin=pins, trip_pins=(*problem.trip_pins, *trips))
    solved = solve(part, time_limit_s=time_limit_s)
    pairs = np.zeros(len(problem.pair_unit), dtype=np.bool_)
    pairs[rows[solved.choice.pairs]] = True
    return _settled(joint, replace(solved, choice=Choice(pairs, solved.choice.draws)))


def _holdable(joint: Joint) -> list[int]:
    """Return the trips under way that still bring something that is asked for, the soonest first."""
    problem = joint.problem
    room = problem.need_quantity.copy()
    found = []
    for trip in sorted(joint.trip_of.values(), key=lambda trip: (int(problem.trip_ms[trip]), trip)):
        needed = False
        for draw in np.flatnonzero(problem.draw_trip == trip).tolist():
            brought = min(int(problem.draw_most[draw]), int(room[problem.draw_need[draw]]))
            room[problem.draw_need[draw]] -= brought
            needed = needed or brought > 0
        if needed:
            found.append(trip)
    return found


def _solve_free(joint: Joint, time_limit_s: float) -> Solved:
    """Solve with everybody free, then keep everything under way that does no harm."""
    solved = _settled(joint, solve(joint.problem, time_limit_s=time_limit_s))
    choice, values = solved.choice, tiers_of(joint.problem, solved.choice)
    busy = set(joint.problem.pair_unit[choice.pairs].tolist())
    for pair in joint.pair_of.values():
        if int(joint.problem.pair_unit[pair]) in busy:
            continue
        pairs = choice.pairs.copy()
        pairs[pair] = True
        option = Choice(pairs, choice.draws)
        if tiers_of(joint.problem, option) <= values:
            choice = option
    return replace(solved, choice=choice)


def _settled(joint: Joint, solved: Solved) -> Solved:
    """Let carriers under way bring all that they can of what others would: a load on its way is not sent twice."""
    problem, choice = joint.problem, solved.choice
    values = tiers_of(problem, choice)
    made = trips_made(problem, choice)
    for trip in joint.trip_of.values():
        if not made[trip]:
            continue
        draws = choice.draws.copy()
        _load(problem, draws, trip, instead=problem.trip_new[problem.draw_trip])
        option = Choice(choice.pairs, draws)
        if tiers_of(problem, option) <= values:
            choice, values = option, tiers_of(problem, option)
    tiers = tuple(
        Tier(code=tier.code, value=value, bound=min(tier.bound, value))
        for tier, value in zip(solved.tiers, values, strict=True)
    )
    return replace(solved, choice=choice, tiers=tiers)


def _load(problem: Problem, draws: Ints, trip: int, instead: np.ndarray | None = None) -> None:
    """Fill a trip's draws up to what is asked for, in place of draws that `instead` marks."""
    for draw in np.flatnonzero(problem.draw_trip == trip).tolist():
        need = problem.draw_need[draw]
        mine = problem.draw_need == need
        want = int(problem.draw_most[draw]) - int(draws[draw])
        room = int(problem.need_quantity[need]) - int(draws[mine].sum())
        others = np.flatnonzero(mine & instead & (draws > 0)) if instead is not None else ()
        for other in others:
            taken = max(0, min(want - room, int(draws[other])))
            draws[other] -= taken
            room += taken
        draws[draw] += max(0, min(want, room))


def _ended(joint: Joint, choice: Choice) -> tuple[int, ...]:
    """Return the orders that a choice ends: redirected ones, and those whose need it serves otherwise."""
    problem = joint.problem
    made = trips_made(problem, choice)
    busy = problem.unit_ids[problem.pair_unit[choice.pairs & problem.pair_new]]
    redirected = {-int(identity) for identity in busy.tolist() if identity < 0}
    holdable = set(_holdable(joint))
    idle = {order for order, pair in joint.pair_of.items() if not choice.pairs[pair]}
    idle |= {order for order, trip in joint.trip_of.items() if trip in holdable and not made[trip]}
    return tuple(sorted(redirected | idle))


def _plan(joint: Joint, solved: Solved, zones: tuple[HazardZone, ...], ended: Collection[int]) -> Plan:
    """Return what has to be sent, with the completions of everything, under the real numbers of units."""
    whole = decode(joint.given, joint.problem, solved.choice, solved.tiers, solver=solved.solver)
    orders = {one.order: one for one in joint.snapshot.under_way}
    moves = move_ups(
        joint.given,
        joint.problem,
        joint.travel,
        solved.choice,
        zones=zones,
        staying={team.id for team in joint.given.teams if team.id < 0},
    )
    standing_by = {one.id for one in orders.values() if one.kind == "move_up" and one.order not in ended}
    kept = {order for order, pair in joint.pair_of.items() if solved.choice.pairs[pair]}
    return replace(
        whole,
        assignments=tuple(_named(one, orders) for one in whole.assignments if -one.team not in kept),
        shipments=tuple(one for one in whole.shipments if one.carrier > 0),
        completions=tuple(replace(one, bottleneck=_who(one.bottleneck, orders)) for one in whole.completions),
        move_ups=tuple(move for move in moves if move.team not in standing_by),
    )


def _named(one: Assignment, orders: dict[int, UnderWay]) -> Assignment:
    if one.team > 0:
        return one
    order = orders[-one.team]
    return replace(one, id=order.id, team=order.owner, kind="vehicle" if order.kind == "vehicle" else "team")


def _who(piece: tuple[str, int] | None, orders: dict[int, UnderWay]) -> tuple[str, int] | None:
    if piece is None or piece[1] > 0:
        return piece
    order = orders[-piece[1]]
    return ("team" if order.kind == "move_up" else order.kind, order.id)


# -- what remains when some orders have ended --------------------------------------------------------------------------


def after(snapshot: Snapshot, ended: Collection[int], was: Snapshot | None = None) -> Snapshot:
    """Return the plain snapshot that new orders are sent in: what goes on counts as brought, who was ended is free again.

    was: where ended units stand and what is left of their assembly is taken from this snapshot, so that two moments of
    one plan compare alike. Silent units are not free: nobody knows where they are.
    """
    told = {one.order: one for one in (was or snapshot).under_way}
    gone = set(ended)
    freed = [told[one.order] for one in snapshot.under_way if one.order in gone and one.order in told]
    people = {one.owner: one for one in freed if one.kind in {"team", "move_up"} and not one.silent}
    wheels = {one.id for one in freed if one.kind == "vehicle" and not one.silent}
    brought: dict[tuple[int | None, str], int] = {}
    for one in snapshot.under_way:
        if one.order not in gone:
            for line in one.lines:
                key = (one.incident, line.need)
                brought[key] = brought.get(key, 0) + line.quantity
    return replace(
        snapshot,
        incidents=tuple(
            replace(
                incident,
                needs=tuple(
                    replace(need, quantity=need.quantity - brought.get((incident.id, need.key), 0))
                    for need in incident.needs
                    if need.quantity > brought.get((incident.id, need.key), 0)
                ),
            )
            for incident in snapshot.incidents
        ),
        teams=tuple(_freed(team, people.get(team.id), wheels) for team in snapshot.teams),
        under_way=(),
    )


def _freed(team: Team, order: UnderWay | None, wheels: Collection[int]) -> Team:
    vehicles = tuple(
        replace(vehicle, available=vehicle.available or vehicle.id in wheels) for vehicle in team.vehicles
    )
    if order is None:
        return replace(team, vehicles=vehicles)
    return replace(
        team,
        status="available",
        position=order.position,
        assemble_ms=order.assemble_ms,
        consent_ms=0,
        vehicles=vehicles,
    )
