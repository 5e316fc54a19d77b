"""The oracle: every possible plan of a small case, straight from the snapshot. Shares no code with the planner."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from dispatch.model import Depot, Incident, Need, Snapshot, Team, Vehicle
from dispatch.times import TravelTable, start_of
from gis.network import VehicleProfile


@dataclass(frozen=True)
class Part:
    """What a set of movements does: enough to add two parts and value the sum."""

    brought: tuple[int, ...]
    critical_ms: tuple[int, ...]
    all_ms: tuple[int, ...]
    gone: frozenset[int]  # teams that left
    orders: int
    road: int
    rank: int
    pinned: frozenset[tuple[str, int, int | None]]


@dataclass(frozen=True)
class Case:
    state: Snapshot
    travel: TravelTable

    @property
    def incidents(self) -> list[Incident]:
        return sorted(self.state.incidents, key=lambda i: i.id)

    @property
    def needs(self) -> list[tuple[int, Need]]:
        return [(row, need) for row, incident in enumerate(self.incidents) for need in incident.needs]

    def banned(self, kind: str, identity: int, incident: int) -> bool:
        return any(
            b.kind == kind and b.id == identity and b.incident in (None, incident) for b in self.state.bans
        )

    def times(
        self, position: tuple[float, float], profile: VehicleProfile, row: int
    ) -> tuple[int, int] | None:
        start = start_of(position, profile)
        road, walk, _ = self.travel.cell(start, self.incidents[row].position)
        return None if road < 0 else (road, walk)


def optimum(state: Snapshot, travel: TravelTable) -> tuple[tuple[int, ...], set[tuple[str, int, int | None]]]:
    """(least value of every tier, pins that are kept): pins first one by one in order of (kind, id, incident)."""
    case = Case(state, travel)
    wholes = list(_wholes(case))
    kept: set[tuple[str, int, int | None]] = set()
    for pin in sorted({(p.kind, p.id, p.incident) for p in state.pins}):
        if any(kept | {pin} <= part.pinned for part in wholes):
            kept.add(pin)
    return min(_value(case, part) for part in wholes if kept <= part.pinned), kept


def _wholes(case: Case) -> Iterator[Part]:
    units = _distinct(_unit_parts(case))
    stocks = _distinct(_stock_parts(case))
    for unit, stock in product(units, stocks):
        yield _sum(unit, stock)


def _distinct(parts: Iterator[Part]) -> list[Part]:
    return list(dict.fromkeys(parts))


def _sum(a: Part, b: Part) -> Part:
    return Part(
        brought=tuple(x + y for x, y in zip(a.brought, b.brought, strict=True)),
        critical_ms=tuple(map(max, a.critical_ms, b.critical_ms)),
        all_ms=tuple(map(max, a.all_ms, b.all_ms)),
        gone=a.gone | b.gone,
        orders=a.orders + b.orders,
        road=a.road + b.road,
        rank=a.rank + b.rank,
        pinned=a.pinned | b.pinned,
    )


def _unit_parts(case: Case) -> Iterator[Part]:
    teams = sorted(case.state.teams, key=lambda t: t.id)
    vehicles = sorted((v.id, t, v) for t in teams for v in t.vehicles)
    options: list[list[tuple[Any, ...] | None]] = []
    for rank, team in enumerate(teams, 1):
        options.append([None])
        for column, (row, need) in enumerate(case.needs):
            fits = need.kind == "capability" and any(
                c.code == need.code and c.grade <= need.grade for c in team.capabilities
            )
            if not fits or team.status != "available" or team.strength < need.min_strength:
                continue
            move = _move(case, team, team.profile, ("team", team.id), row)
            if move:
                options[-1].append(("team", team.id, rank, row, column, team.strength, *move))
    for rank, (identity, team, vehicle) in enumerate(vehicles, len(teams) + 1):
        options.append([None])
        for column, (row, need) in enumerate(case.needs):
            fits = need.kind == "vehicle" and vehicle.kind == need.code and vehicle.available
            if not fits or team.status not in ("available", "committed"):
                continue
            move = _move(case, team, vehicle.profile, ("vehicle", identity), row)
            if move:
                options[-1].append(("vehicle", identity, rank, row, column, 1, *move))
    for chosen in product(*options):
        yield _part(case, [c for c in chosen if c])


def _move(
    case: Case, team: Team, profile: VehicleProfile, unit: tuple[str, int], row: int
) -> tuple[int, int] | None:
    found = case.times(team.position, profile, row)
    if found is None or case.banned(*unit, case.incidents[row].id):
        return None
    road, walk = found
    return team.notify_ms + team.consent_ms + team.assemble_ms + road + walk, road


def _part(case: Case, moves: list[tuple[Any, ...]]) -> Part:
    brought = [0] * len(case.needs)
    critical, everything = [0] * len(case.incidents), [0] * len(case.incidents)
    for _, _, _, row, column, amount, ms, _ in moves:
        brought[column] += amount
        everything[row] = max(everything[row], ms)
        if case.needs[column][1].critical:
            critical[row] = max(critical[row], ms)
    return Part(
        brought=tuple(brought),
        critical_ms=tuple(critical),
        all_ms=tuple(everything),
        gone=frozenset(m[1] for m in moves if m[0] == "team"),
        orders=len(moves),
        road=sum(m[7] for m in moves),
        rank=sum(m[2] for m in moves),
        pinned=frozenset((m[0], m[1], case.incidents[m[3]].id) for m in moves),
    )


def _stock_parts(case: Case) -> Iterator[Part]:
    teams = case.state.teams
    first_rank = len(teams) + sum(len(t.vehicles) for t in teams) + 1
    depots = sorted(case.state.depots, key=lambda d: d.id)
    carriers = [(d, c) for d in depots for c in sorted(d.carriers, key=lambda c: c.id)]
    options = [
        [None, *_loads(case, depot, vehicle, first_rank + n)] for n, (depot, vehicle) in enumerate(carriers)
    ]
    stock = {lot.id: lot.quantity for d in depots for lot in d.lots}
    for chosen in product(*options):
        loads = [c for c in chosen if c]
        drawn: dict[int, int] = defaultdict(int)
        brought = [0] * len(case.needs)
        for load in loads:
            for lot, column, quantity in load[0]:
                drawn[lot] += quantity
                brought[column] += quantity
        if any(quantity > stock[lot] for lot, quantity in drawn.items()):
            continue
        if any(b > need.quantity for b, (_, need) in zip(brought, case.needs, strict=True)):
            continue
        yield _sum(_part(case, []), _stock_part(case, loads, brought))


def _stock_part(case: Case, loads: list[tuple[Any, ...]], brought: list[int]) -> Part:
    critical, everything = [0] * len(case.incidents), [0] * len(case.incidents)
    for lines, row, ms, *_ in loads:
        everything[row] = max(everything[row], ms)
        if any(case.needs[column][1].critical for _, column, _ in lines):
            critical[row] = max(critical[row], ms)
    return Part(
        brought=tuple(brought),
        critical_ms=tuple(critical),
        all_ms=tuple(everything),
        gone=frozenset(),
        orders=len(loads),
        road=sum(load[3] for load in loads),
        rank=sum(load[4] for load in loads),
        pinned=frozenset(("depot", load[5], case.incidents[load[1]].id) for load in loads),
    )


def _loads(case: Case, depot: Depot, vehicle: Vehicle, rank: int) -> Iterator[tuple[Any, ...]]:
    """(lines, incident row, ms, road, rank, depot id) for every way to load one carrier."""
    if not depot.open or not vehicle.available:
        return
    for row, incident in enumerate(case.incidents):
        found = case.times(depot.position, vehicle.profile, row)
        if found is None or case.banned("depot", depot.id, incident.id):
            continue
        road, walk = found
        slots = [
            (lot, column)
            for lot in depot.lots
            for column, (place, need) in enumerate(case.needs)
            if place == row and need.kind == "material" and need.code == lot.item
        ]
        for quantities in product(*[range(lot.quantity + 1) for lot, _ in slots]):
            lines = tuple((lot.id, c, q) for (lot, c), q in zip(slots, quantities, strict=True) if q)
            mass = sum(lot.unit_kg * q for (lot, _), q in zip(slots, quantities, strict=True))
            if lines and mass <= vehicle.load_kg:
                wait = max(lot.activation_ms for (lot, _), q in zip(slots, quantities, strict=True) if q)
                fixed = depot.notify_ms + depot.loading_ms
                yield lines, row, fixed + wait + road + walk, road, rank, depot.id


def _value(case: Case, part: Part) -> tuple[int, ...]:
    unmet = {True: 0, False: 0}
    for brought, (row, need) in zip(part.brought, case.needs, strict=True):
        share = max(1, (10_000 + need.quantity // 2) // need.quantity)
        unmet[need.critical] += case.incidents[row].priority * share * max(0, need.quantity - brought)
    return (
        unmet[True],
        unmet[False],
        sum(i.priority * ms for i, ms in zip(case.incidents, part.critical_ms, strict=True)),
        sum(i.priority * ms for i, ms in zip(case.incidents, part.all_ms, strict=True)),
        coverage_lost(case, part.gone),
        part.orders,
        part.road,
        part.rank,
    )


def coverage_lost(case: Case, gone: frozenset[int]) -> int:
    """Weighted heads missing after the teams in `gone` left, beyond those missing before."""
    total = 0
    for cover in case.state.covers:
        before = after = 0
        for team in case.state.teams:
            road, walk, _ = case.travel.cell(start_of(team.position, team.profile), cover.position)
            reaches = road >= 0 and road + walk <= cover.within_ms
            if team.status == "available" and reaches and cover.code in [c.code for c in team.capabilities]:
                before += team.strength
                after += team.strength if team.id not in gone else 0
        total += cover.weight * (max(0, cover.heads - after) - max(0, cover.heads - before))
    return total
