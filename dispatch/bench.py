"""How long from incident to proven plan with routes, and how much better than nearest first, on any road network.

`muster bench dispatch` prints what `run` returns. Cases are made from a seed on the network's own nodes, so the same
network gives the same cases anywhere; times are this machine's, ratios are what to compare.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from statistics import median
from typing import Final

import numpy as np

from dispatch.hazards import HazardRule
from dispatch.model import (
    Capability,
    Cover,
    Depot,
    Incident,
    Need,
    Position,
    Snapshot,
    StockLot,
    Team,
    Vehicle,
)
from dispatch.propose import Proposal, propose
from gis.network import Closure, RoadNetwork, VehicleProfile

MINUTE: Final = 60_000
CRITICAL_CAPABILITIES: Final = 2
CODES: Final = ("search_rescue", "landslide_rescue", "medical", "engineering", "flood_rescue", "evacuation")
KINDS: Final = ("excavator", "loader", "ambulance")
ITEMS: Final = ("tent", "blanket", "drinking_water", "food_ration", "shovel", "rope", "stretcher", "sandbag")
CAR: Final = VehicleProfile(speed_class="car")
TRUCK: Final = VehicleProfile(speed_class="truck", mass_kg=12_000)
RULES: Final = {"landslide": HazardRule(shape="circle", radius_m=100)}
HEAVY: Final = VehicleProfile(speed_class="heavy", mass_kg=30_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One size of case. Times in ms; `proven` and `better` count cases of `cases`.

    reclosed: from closing the road under the first route to the next right plan. speedup: weighted time until the
    last critical help by nearest first, over that of the plan (median over cases in which both leave nothing unmet).
    """

    incidents: int
    teams: int
    depots: int
    cases: int
    median_ms: float
    p95_ms: float
    reclosed_median_ms: float
    proven: int
    better: int
    speedup: float | None


def run(
    network: RoadNetwork,
    sizes: Sequence[tuple[int, int, int]] = ((1, 200, 50), (10, 200, 50)),
    *,
    cases: int = 5,
    time_limit_s: float = 10.0,
) -> tuple[Figure, ...]:
    """Measure each (incidents, teams, depots). The first case is run once before, so that nothing is compiled in it."""
    return tuple(_figure(network, size, cases, time_limit_s) for size in sizes)


def _figure(network: RoadNetwork, size: tuple[int, int, int], cases: int, time_limit_s: float) -> Figure:
    propose(sample_snapshot(network, *size, seed=0), network, time_limit_s=time_limit_s, hazard_rules=RULES)
    times, closings, ratios = [], [], []
    proven = better = 0
    for seed in range(cases):
        snapshot = sample_snapshot(network, *size, seed=seed)
        found, ms = _timed(snapshot, network, time_limit_s)
        times.append(ms)
        closings.append(_timed(_closed(snapshot, found), network, time_limit_s)[1])
        proven += found.plan.proven
        ours, theirs = ([t.value for t in plan.tiers] for plan in (found.plan, found.baseline))
        better += ours < theirs
        if ours[:2] == theirs[:2] == [0, 0] and ours[2]:
            ratios.append(theirs[2] / ours[2])
    incidents, teams, depots = size
    return Figure(
        incidents=incidents,
        teams=teams,
        depots=depots,
        cases=cases,
        median_ms=median(times),
        p95_ms=float(np.percentile(times, 95)),
        reclosed_median_ms=median(closings),
        proven=proven,
        better=better,
        speedup=median(ratios) if ratios else None,
    )


def _timed(snapshot: Snapshot, network: RoadNetwork, time_limit_s: float) -> tuple[Proposal, float]:
    start = time.perf_counter()
    found = propose(snapshot, network, time_limit_s=time_limit_s, hazard_rules=RULES)
    return found, (time.perf_counter() - start) * 1000


def _closed(snapshot: Snapshot, found: Proposal) -> Snapshot:
    """Return the snapshot with the middle of the first route closed."""
    if not found.routes:
        return snapshot
    middle = found.routes[0].geometry.interpolate(0.5, normalized=True)  # type: ignore[attr-defined]  # a LineString
    return replace(snapshot, closures=(*snapshot.closures, Closure(id=1, geometry=middle)))


def sample_snapshot(network: RoadNetwork, incidents: int, teams: int, depots: int, *, seed: int) -> Snapshot:
    """Return a case on the nodes of a network: the same for the same network and seed."""
    draw = np.random.default_rng(seed)
    positions = network.node_lonlat

    def somewhere() -> Position:
        lon, lat = positions[draw.integers(len(positions))]
        return float(lon), float(lat)

    return Snapshot(
        journal=seed,
        taken_at=datetime(2026, 3, 1, 3, tzinfo=UTC),
        incidents=tuple(_incident(draw, n, somewhere()) for n in range(1, incidents + 1)),
        teams=tuple(_team(draw, n, somewhere()) for n in range(1, teams + 1)),
        depots=tuple(_depot(draw, n, somewhere()) for n in range(1, depots + 1)),
        covers=tuple(_cover(draw, n, somewhere()) for n in range(10)),
    )


def _some(draw: np.random.Generator, names: Sequence[str], count: int) -> list[str]:
    return [names[n] for n in draw.permutation(len(names))[:count]]


def _between(draw: np.random.Generator, low: int, high: int) -> int:
    return int(draw.integers(low, high + 1))


def _incident(draw: np.random.Generator, identity: int, position: Position) -> Incident:
    needs = [
        Need(
            key=f"capability:{code}",
            kind="capability",
            code=code,
            quantity=_between(draw, 15, 40),
            critical=rank < CRITICAL_CAPABILITIES,
        )
        for rank, code in enumerate(_some(draw, CODES, 4))
    ]
    (kind,) = _some(draw, KINDS, 1)
    needs.append(
        Need(key=f"vehicle:{kind}", kind="vehicle", code=kind, quantity=_between(draw, 1, 2), critical=False)
    )
    needs += [
        Need(
            key=f"material:{item}",
            kind="material",
            code=item,
            quantity=_between(draw, 20, 60),
            critical=rank < 1,
        )
        for rank, item in enumerate(_some(draw, ITEMS, 3))
    ]
    priority = (1, 2, 4)[_between(draw, 0, 2)]
    return Incident(
        id=identity, type="landslide", level=2, position=position, priority=priority, needs=tuple(needs)
    )


def _team(draw: np.random.Generator, identity: int, position: Position) -> Team:
    vehicles = tuple(
        Vehicle(
            id=identity * 10 + n,
            kind=KINDS[_between(draw, 0, 2)],
            profile=(TRUCK, HEAVY)[_between(draw, 0, 1)],
        )
        for n in range(_between(draw, 0, 2))
    )
    return Team(
        id=identity,
        position=position,
        township=f"9901011{_between(draw, 0, 9):02d}000",
        capabilities=tuple(
            Capability(code=code, grade=_between(draw, 1, 3))
            for code in _some(draw, CODES, _between(draw, 1, 3))
        ),
        strength=_between(draw, 5, 25),
        profile=CAR,
        notify_ms=_between(draw, 1, 10) * MINUTE,
        assemble_ms=_between(draw, 1, 30) * MINUTE,
        vehicles=vehicles,
    )


def _depot(draw: np.random.Generator, identity: int, position: Position) -> Depot:
    lots = tuple(
        StockLot(
            id=identity * 10 + n,
            item=item,
            quantity=_between(draw, 5, 60),
            unit_kg=_between(draw, 1, 20),
            activation_ms=60 * MINUTE if _between(draw, 0, 9) == 0 else 0,
        )
        for n, item in enumerate(_some(draw, ITEMS, 5))
    )
    carriers = tuple(
        Vehicle(
            id=1_000_000 + identity * 10 + n, kind="truck", profile=TRUCK, load_kg=_between(draw, 1, 5) * 1000
        )
        for n in range(2)
    )
    return Depot(
        id=identity,
        position=position,
        notify_ms=5 * MINUTE,
        loading_ms=20 * MINUTE,
        lots=lots,
        carriers=carriers,
    )


def _cover(draw: np.random.Generator, number: int, position: Position) -> Cover:
    return Cover(
        township=f"9901011{number:02d}000",
        position=position,
        code=CODES[_between(draw, 0, len(CODES) - 1)],
        heads=_between(draw, 20, 60),
        within_ms=30 * MINUTE,
        weight=_between(draw, 5, 90),
    )
