"""Choice → Plan: from rows of arrays back to teams, lots and incidents, with times, completions and what is missing."""

from collections import defaultdict

import numpy as np

from dispatch.choice import (
    Choice,
    completion_times,
    heads_left,
    missing,
    trips_made,
)
from dispatch.model import (
    Assignment,
    Completion,
    CoverLoss,
    Plan,
    Shipment,
    ShipmentLine,
    Snapshot,
    StockLot,
    Tier,
    Unmet,
)
from dispatch.problem import Problem, leaving_order, sorted_covers
from dispatch.readiness import shipment_legs, team_legs
from dispatch.times import Ints


def decode(
    snapshot: Snapshot, problem: Problem, choice: Choice, tiers: tuple[Tier, ...], *, solver: str = ""
) -> Plan:
    """Return the plan that a choice stands for. Lots are named here: earliest expiry first, as far as no tier gets worse."""
    assignments = _assignments(problem, choice)
    shipments = _shipments(problem, choice)
    return Plan(
        assignments=assignments,
        shipments=shipments,
        unmet=_unmet(problem, choice),
        completions=_completions(problem, assignments, shipments),
        tiers=tiers,
        cover_losses=_cover_losses(snapshot, problem, choice),
        refused=problem.refused,
        solver=solver,
    )


def _assignments(problem: Problem, choice: Choice) -> tuple[Assignment, ...]:
    found = []
    for pair in np.flatnonzero(choice.pairs).tolist():
        unit = int(problem.pair_unit[pair])
        team = problem.teams[problem.unit_team[unit]]
        fixed = team.notify_ms + team.consent_ms + team.assemble_ms
        road = int(problem.pair_road[pair])
        walk = int(problem.pair_ms[pair]) - fixed - road
        found.append(
            Assignment(
                kind="team" if problem.unit_kinds[unit] == "team" else "vehicle",
                id=int(problem.unit_ids[unit]),
                team=team.id,
                incident=problem.incidents[problem.pair_incident[pair]].id,
                need=problem.needs[problem.pair_need[pair]].key,
                amount=int(problem.pair_amount[pair]),
                legs=team_legs(team, road, walk),
                pinned=bool(problem.unit_pin[unit] >= 0),
            )
        )
    return tuple(sorted(found, key=lambda a: (a.incident, a.need, a.legs.total_ms, a.kind, a.id)))


def _shipments(problem: Problem, choice: Choice) -> tuple[Shipment, ...]:
    lines = _lots_for_draws(problem, choice)
    pinned = {int(trip) for pin in problem.trip_pins for trip in pin}
    found = []
    for trip in np.flatnonzero(trips_made(problem, choice)).tolist():
        aboard = lines[trip]
        depot = problem.depots[problem.carrier_depot[problem.trip_carrier[trip]]]
        delay = max(lot.activation_ms for lot, _, _ in aboard)
        walk = int(
            problem.trip_ms[trip]
            - problem.trip_activation[trip]
            - problem.trip_road[trip]
            - depot.notify_ms
            - depot.loading_ms
        )
        found.append(
            Shipment(
                carrier=int(problem.carrier_ids[problem.trip_carrier[trip]]),
                depot=depot.id,
                incident=problem.incidents[problem.trip_incident[trip]].id,
                lines=tuple(
                    ShipmentLine(lot=lot.id, item=lot.item, need=problem.needs[need].key, quantity=quantity)
                    for lot, need, quantity in aboard
                ),
                load_kg=sum(lot.unit_kg * quantity for lot, _, quantity in aboard),
                legs=shipment_legs(depot, delay, int(problem.trip_road[trip]), walk),
                pinned=trip in pinned,
            )
        )
    return tuple(sorted(found, key=lambda s: (s.incident, s.depot, s.carrier)))


def _lots_for_draws(problem: Problem, choice: Choice) -> dict[int, list[tuple[StockLot, int, int]]]:
    """Trip → (lot, need row, quantity). Within a batch the trip that may wait least chooses first.

    A trip may take any lot that is released before its incident is complete anyhow, so an agreement lot that
    expires sooner leaves before own stock unless that would make the time tiers worse.
    """
    drawn = np.flatnonzero(choice.draws > 0)
    patience = _patience(problem, choice)[problem.draw_trip[drawn]]
    left = {lot.id: lot.quantity for lots in problem.batch_lots for lot in lots}
    result: dict[int, list[tuple[StockLot, int, int]]] = defaultdict(list)
    for k in np.lexsort((drawn, patience)).tolist():
        draw = drawn[k]
        wanted = int(choice.draws[draw])
        for lot in sorted(problem.batch_lots[problem.draw_batch[draw]], key=leaving_order):
            quantity = min(wanted, left[lot.id]) if lot.activation_ms <= patience[k] else 0
            if quantity > 0:
                left[lot.id] -= quantity
                wanted -= quantity
                result[int(problem.draw_trip[draw])].append((lot, int(problem.draw_need[draw]), quantity))
        if wanted:
            raise AssertionError("a valid choice draws no more than the stock released in time")
    return result


def _patience(problem: Problem, choice: Choice) -> Ints:
    """Per trip: the longest activation that it could wait for and still not be its incident's last."""
    critical = completion_times(problem, choice, critical_only=True)[problem.trip_incident]
    last = completion_times(problem, choice, critical_only=False)[problem.trip_incident]
    carries_critical = np.zeros(len(problem.trip_ms), dtype=np.bool_)
    drawn = (choice.draws > 0) & problem.need_critical[problem.draw_need]
    carries_critical[problem.draw_trip[drawn]] = True
    limit: Ints = np.where(carries_critical, critical, last)
    return limit - (problem.trip_ms - problem.trip_activation)


def _unmet(problem: Problem, choice: Choice) -> tuple[Unmet, ...]:
    lacking = missing(problem, choice)
    return tuple(
        Unmet(
            incident=problem.incidents[problem.need_incident[row]].id,
            need=need.key,
            kind=need.kind,
            code=need.code,
            quantity=int(lacking[row]),
            asked=need.quantity,
            critical=need.critical,
        )
        for row, need in enumerate(problem.needs)
        if lacking[row] > 0
    )


def _completions(
    problem: Problem, assignments: tuple[Assignment, ...], shipments: tuple[Shipment, ...]
) -> tuple[Completion, ...]:
    critical = {(i.id, need.key) for i in problem.incidents for need in i.needs if need.critical}
    arrivals: dict[int, list[tuple[int, str, int, bool]]] = defaultdict(list)
    for a in assignments:
        arrivals[a.incident].append((a.legs.total_ms, a.kind, a.id, (a.incident, a.need) in critical))
    for s in shipments:
        flag = any((s.incident, line.need) in critical for line in s.lines)
        arrivals[s.incident].append((s.legs.total_ms, "carrier", s.carrier, flag))
    return tuple(_completion(incident.id, sorted(arrivals[incident.id])) for incident in problem.incidents)


def _completion(incident: int, arrivals: list[tuple[int, str, int, bool]]) -> Completion:
    critical = [arrival for arrival in arrivals if arrival[3]]
    last = (critical or arrivals)[-1:]
    return Completion(
        incident=incident,
        critical_ms=critical[-1][0] if critical else None,
        all_ms=arrivals[-1][0] if arrivals else None,
        bottleneck=(last[0][1], last[0][2]) if last else None,
    )


def _cover_losses(snapshot: Snapshot, problem: Problem, choice: Choice) -> tuple[CoverLoss, ...]:
    left = heads_left(problem, choice)
    return tuple(
        CoverLoss(
            township=cover.township,
            code=cover.code,
            heads_before=int(before),
            heads_after=int(after),
            heads_asked=cover.heads,
        )
        for cover, before, after in zip(sorted_covers(snapshot), problem.cover_before, left, strict=True)
        if max(0, cover.heads - after) > max(0, cover.heads - before)
    )
