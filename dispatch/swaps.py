"""Who could take a unit's place, and what that would cost: the constrained optimum beside the plan, for each candidate."""

import time
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from dispatch.explain import Alternative, reworded
from dispatch.model import Plan, Wish
from dispatch.problem import Problem
from dispatch.propose import Ground

SwapKind = Literal["team", "vehicle", "depot"]
AT_MOST: Final = 6
LEAST_TIME_S: Final = 0.03
"""A candidate that the stopwatch leaves less than this is listed without its cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A unit that can serve a need that another one serves in the plan, and when it would be in effect."""

    kind: SwapKind
    id: int
    total_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """One candidate with the best plan that sends it and not the other unit; None where time ended before."""

    candidate: Candidate
    alternative: Alternative | None


def swaps(
    ground: Ground,
    plan: Plan,
    kind: SwapKind,
    identity: int,
    incident: int,
    *,
    time_limit_s: float,
    at_most: int = AT_MOST,
) -> tuple[Swap, ...]:
    """Price the soonest candidates for a unit's place at an incident, within a time limit for all of them together.

    Everything else stays as the commander said it; what the plan does with the other units is free. Each candidate has
    an equal share of the time that is left, so that a hard one leaves others their price: one that is not proven in its
    share is the price of the best plan found, an upper bound.
    """
    stop_at = time.perf_counter() + time_limit_s
    listed = candidates(ground, plan, kind, identity, incident)[:at_most]
    found = []
    for place, candidate in enumerate(listed):
        share = (stop_at - time.perf_counter()) / (len(listed) - place)
        alternative = None
        if share > LEAST_TIME_S:
            pins, bans = swapped(ground, kind, identity, incident, candidate)
            alternative = reworded(ground, plan, pins=pins, bans=bans, time_limit_s=share)
        found.append(Swap(candidate=candidate, alternative=_worth_telling(plan, alternative)))
    return tuple(found)


def _worth_telling(plan: Plan, alternative: Alternative | None) -> Alternative | None:
    """Drop a price that only says that time was short: more needs unmet, and not proven that they must be."""
    if alternative is None or alternative.plan.proven:
        return alternative
    return alternative if alternative.plan.tiers[0].value <= plan.tiers[0].value else None


def swapped(
    ground: Ground, kind: SwapKind, identity: int, incident: int, candidate: Candidate
) -> tuple[tuple[Wish, ...], tuple[Wish, ...]]:
    """Give the pins and bans that send the candidate to the incident, and not the unit."""
    gone = Wish(kind=kind, id=identity, incident=incident)
    sent = Wish(kind=candidate.kind, id=candidate.id, incident=incident)
    pins = tuple(
        pin
        for pin in ground.snapshot.pins
        if (pin.kind, pin.id) not in {(gone.kind, gone.id), (sent.kind, sent.id)}
    )
    bans = tuple(ban for ban in ground.snapshot.bans if (ban.kind, ban.id) != (sent.kind, sent.id))
    return (*pins, sent), (*bans, gone)


def candidates(
    ground: Ground, plan: Plan, kind: SwapKind, identity: int, incident: int
) -> tuple[Candidate, ...]:
    """List what could serve a need that the unit serves at the incident and is not sent there, the soonest first."""
    problem = ground.problem
    row = next((n for n, one in enumerate(problem.incidents) if one.id == incident), None)
    if row is None:
        return ()
    if kind == "depot":
        times = _depots(problem, plan, identity, row)
    else:
        times = _units(problem, plan, (kind, identity), row)
    listed = [Candidate(kind=k, id=i, total_ms=ms) for (k, i), ms in times.items()]  # type: ignore[arg-type]  # a problem's kinds
    return tuple(sorted(listed, key=lambda one: (one.total_ms, one.kind, one.id)))


def _units(problem: Problem, plan: Plan, unit: tuple[str, int], row: int) -> dict[tuple[str, int], int]:
    incident = problem.incidents[row].id
    here = [one for one in plan.assignments if one.incident == incident]
    served = {one.need for one in here if (one.kind, one.id) == unit}
    sent = {(str(one.kind), one.id) for one in here}
    times: dict[tuple[str, int], int] = {}
    for pair in np.flatnonzero(problem.pair_incident == row).tolist():
        if problem.needs[int(problem.pair_need[pair])].key not in served:
            continue
        at = int(problem.pair_unit[pair])
        key = (problem.unit_kinds[at], int(problem.unit_ids[at]))
        if key not in sent:
            times[key] = min(times.get(key, 1 << 62), int(problem.pair_ms[pair]))
    return times


def _depots(problem: Problem, plan: Plan, depot: int, row: int) -> dict[tuple[str, int], int]:
    incident = problem.incidents[row].id
    here = [one for one in plan.shipments if one.incident == incident]
    served = {line.need for one in here if one.depot == depot for line in one.lines}
    sent = {one.depot for one in here}
    times: dict[tuple[str, int], int] = {}
    for draw in range(len(problem.draw_trip)):
        trip = int(problem.draw_trip[draw])
        need = problem.needs[int(problem.draw_need[draw])].key
        at = problem.depots[int(problem.carrier_depot[int(problem.trip_carrier[trip])])].id
        if int(problem.trip_incident[trip]) == row and need in served and at not in sent:
            times["depot", at] = min(times.get(("depot", at), 1 << 62), int(problem.trip_ms[trip]))
    return times
