"""What a plan is worth, recomputed from the plan, the snapshot and the travel table. Shares no code with the planner."""

from collections.abc import Iterable, Sequence

from dispatch.model import Assignment, Plan, Shipment, Snapshot
from dispatch.times import TravelTable
from tests.dispatch.brute import Case, coverage_lost


def tiers_from(
    state: Snapshot,
    travel: TravelTable,
    assignments: Iterable[Assignment],
    shipments: Iterable[Shipment],
) -> tuple[int, ...]:
    """The eight tiers of some assignments and shipments."""
    assignments, shipments = list(assignments), list(shipments)
    brought: dict[tuple[int, str], int] = {}
    arrivals: list[tuple[int, bool, int]] = []
    critical = {(i.id, n.key) for i in state.incidents for n in i.needs if n.critical}
    for a in assignments:
        brought[a.incident, a.need] = brought.get((a.incident, a.need), 0) + a.amount
        arrivals.append((a.incident, (a.incident, a.need) in critical, a.legs.total_ms))
    for s in shipments:
        for line in s.lines:
            brought[s.incident, line.need] = brought.get((s.incident, line.need), 0) + line.quantity
        arrivals.append(
            (s.incident, any((s.incident, line.need) in critical for line in s.lines), s.legs.total_ms)
        )
    unmet = {True: 0, False: 0}
    times = {True: 0, False: 0}
    for i in state.incidents:
        for n in i.needs:
            share = max(1, (10_000 + n.quantity // 2) // n.quantity)
            unmet[n.critical] += i.priority * share * max(0, n.quantity - brought.get((i.id, n.key), 0))
        mine = [(flag, ms) for place, flag, ms in arrivals if place == i.id]
        times[True] += i.priority * max((ms for flag, ms in mine if flag), default=0)
        times[False] += i.priority * max((ms for _, ms in mine), default=0)
    return (
        unmet[True],
        unmet[False],
        times[True],
        times[False],
        coverage_lost(Case(state, travel), frozenset(a.id for a in assignments if a.kind == "team")),
        len(assignments) + len(shipments),
        sum(a.legs.road_ms for a in assignments) + sum(s.legs.road_ms for s in shipments),
        _ranks(state, assignments, shipments),
    )


def _ranks(state: Snapshot, assignments: Sequence[Assignment], shipments: Sequence[Shipment]) -> int:
    teams = sorted(team.id for team in state.teams)
    vehicles = sorted(vehicle.id for team in state.teams for vehicle in team.vehicles)
    depots = sorted(state.depots, key=lambda depot: depot.id)
    carriers = [vehicle.id for depot in depots for vehicle in sorted(depot.carriers, key=lambda v: v.id)]
    order = [("team", n) for n in teams] + [("vehicle", n) for n in vehicles]
    order += [("carrier", n) for n in carriers]
    sent = [(a.kind, a.id) for a in assignments] + [("carrier", s.carrier) for s in shipments]
    return sum(order.index(unit) + 1 for unit in sent)


def values(plan: Plan) -> tuple[int, ...]:
    return tuple(tier.value for tier in plan.tiers)
