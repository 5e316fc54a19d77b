"""Builders of small dispatch cases: snapshots and travel tables from a seed, with no roads."""

import random
from datetime import UTC, datetime

import numpy as np

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
    Wish,
)
from dispatch.times import TravelTable, starts_of, targets_of
from gis.network import VehicleProfile

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
MINUTE = 60_000
CAR = VehicleProfile(speed_class="car")
TRUCK = VehicleProfile(speed_class="truck", mass_kg=12_000)


def team(identity: int, codes: str | tuple[str, ...] = "medical", **changes: object) -> Team:
    """An available team of ten, five minutes from the call to the road."""
    names = (codes,) if isinstance(codes, str) else codes
    values: dict[str, object] = {
        "id": identity,
        "position": (111.0 + identity / 1000, 36.0),
        "township": "990101100000",
        "capabilities": tuple(Capability(code=name) for name in names),
        "strength": 10,
        "profile": CAR,
        "notify_ms": 2 * MINUTE,
        "assemble_ms": 3 * MINUTE,
    }
    return Team(**{**values, **changes})  # type: ignore[arg-type]


def depot(
    identity: int, lots: tuple[StockLot, ...], carriers: tuple[Vehicle, ...], **changes: object
) -> Depot:
    """An open depot, ten minutes from the call to the road."""
    values: dict[str, object] = {
        "id": identity,
        "position": (111.5 + identity / 1000, 36.0),
        "notify_ms": 2 * MINUTE,
        "loading_ms": 8 * MINUTE,
        "lots": lots,
        "carriers": carriers,
    }
    return Depot(**{**values, **changes})  # type: ignore[arg-type]


def carrier(identity: int, load_kg: int = 1000) -> Vehicle:
    return Vehicle(id=identity, kind="truck", profile=TRUCK, load_kg=load_kg)


def need(code: str, quantity: int = 10, kind: str = "capability", **changes: object) -> Need:
    return Need(key=f"{kind}:{code}", kind=kind, code=code, quantity=quantity, **changes)  # type: ignore[arg-type]


def incident(identity: int, *needs: Need, priority: int = 1) -> Incident:
    return Incident(
        id=identity,
        type="landslide",
        level=2,
        position=(112.0 + identity / 1000, 36.0),
        priority=priority,
        needs=needs,
    )


def snapshot(incidents: tuple[Incident, ...], teams: tuple[Team, ...] = (), **changes: object) -> Snapshot:
    values: dict[str, object] = {
        "journal": 1,
        "taken_at": NOW,
        "incidents": incidents,
        "teams": teams,
        "depots": (),
    }
    return Snapshot(**{**values, **changes})  # type: ignore[arg-type]


def table(
    state: Snapshot, minutes: dict[tuple[Position, Position], int | None], otherwise: int | None = None
) -> TravelTable:
    """A travel table from whole minutes by (start position, target position); None = unreachable."""
    starts, targets = starts_of(state), targets_of(state)
    road = np.full((len(starts), len(targets)), -1, dtype=np.int64)
    for row, start in enumerate(starts):
        for column, target in enumerate(targets):
            found = minutes.get((start.position, target), otherwise)
            if found is not None:
                road[row, column] = found * MINUTE
    return travel_from(state, road)


def travel_from(state: Snapshot, road: np.ndarray, walk: np.ndarray | None = None) -> TravelTable:
    reason = np.where(road < 0, 1, 0).astype(np.int64)
    return TravelTable(
        starts=starts_of(state),
        targets=targets_of(state),
        road_ms=road,
        walk_ms=np.zeros_like(road) if walk is None else walk,
        reason=reason,
        codes=("reached", "no_way"),
    )


def random_case(seed: int, *, scale: int = 1) -> tuple[Snapshot, TravelTable]:
    """A small random case: several incidents and needs, few resources, pins, bans and coverage now and then."""
    draw = random.Random(seed)
    codes = ["medical", "search_rescue", "engineering"]
    items = ["tent", "blanket"]
    incidents = tuple(
        incident(n, *_random_needs(draw, codes, items), priority=draw.choice([1, 1, 2, 5]))
        for n in range(1, draw.randint(1, 2) + 1)
    )
    teams = tuple(_random_team(draw, n, codes) for n in range(1, draw.randint(1, 3 + scale) + 1))
    depots = tuple(_random_depot(draw, n, items) for n in range(1, draw.randint(0, 2) + 1))
    covers = tuple(
        Cover(
            township=f"99010110{n}000",
            position=(110.0 + n / 10, 36.0),
            code=draw.choice(codes),
            heads=draw.randint(1, 25),
            within_ms=draw.randint(5, 40) * MINUTE,
            weight=draw.randint(1, 9),
        )
        for n in range(draw.randint(0, 3))
    )
    state = snapshot(
        incidents,
        teams,
        depots=depots,
        covers=covers,
        pins=_random_wishes(draw, incidents, teams, depots, 0.25),
        bans=_random_wishes(draw, incidents, teams, depots, 0.3),
    )
    shape = (len(starts_of(state)), len(targets_of(state)))
    step = draw.choice([1, MINUTE, 5 * MINUTE])
    road = np.array([draw.randint(1, 40 * MINUTE) // step * step + step for _ in range(shape[0] * shape[1])])
    road[np.array([draw.random() < 0.15 for _ in road], dtype=bool)] = -1
    walk = np.array([draw.choice([0, 0, draw.randint(0, 20) * MINUTE]) for _ in road])
    return state, travel_from(
        state, road.reshape(shape).astype(np.int64), walk.reshape(shape).astype(np.int64)
    )


def _random_needs(draw: random.Random, codes: list[str], items: list[str]) -> list[Need]:
    found = [
        need(
            code,
            draw.randint(3, 25),
            critical=draw.random() < 0.6,
            grade=draw.randint(1, 3),
            min_strength=draw.choice([1, 1, 8]),
        )
        for code in draw.sample(codes, draw.randint(0, 2))
    ]
    if draw.random() < 0.4:
        found.append(need("excavator", draw.randint(1, 2), "vehicle", critical=draw.random() < 0.5))
    found += [
        need(item, draw.randint(1, 4), "material", critical=draw.random() < 0.5)
        for item in draw.sample(items, draw.randint(0, 2))
    ]
    return found


def _random_team(draw: random.Random, identity: int, codes: list[str]) -> Team:
    return team(
        identity,
        capabilities=tuple(
            Capability(code=code, grade=draw.randint(1, 3)) for code in draw.sample(codes, draw.randint(1, 2))
        ),
        strength=draw.randint(3, 15),
        notify_ms=draw.randint(0, 10) * MINUTE,
        consent_ms=draw.choice([0, 0, 10 * MINUTE]),
        status=draw.choice(["available"] * 6 + ["committed", "off_duty"]),
        vehicles=tuple(
            Vehicle(id=100 + identity, kind="excavator", profile=TRUCK, available=draw.random() < 0.8)
            for _ in range(draw.random() < 0.3)
        ),
    )


def _random_depot(draw: random.Random, identity: int, items: list[str]) -> Depot:
    lots = tuple(
        StockLot(
            id=10 * identity + n,
            item=draw.choice(items),
            quantity=draw.randint(0, 3),
            unit_kg=draw.choice([0, 5, 5, 10]),
            expires_on=draw.choice([None, "2026-05-01", "2027-01-01"]),
            activation_ms=draw.choice([0, 0, 30 * MINUTE]),
        )
        for n in range(draw.randint(0, 3))
    )
    carriers = tuple(
        carrier(1000 + 10 * identity + n, draw.choice([10, 15, 40])) for n in range(draw.randint(0, 2))
    )
    return depot(identity, lots, carriers, open=draw.random() < 0.9)


def _random_wishes(
    draw: random.Random,
    incidents: tuple[Incident, ...],
    teams: tuple[Team, ...],
    depots: tuple[Depot, ...],
    chance: float,
) -> tuple[Wish, ...]:
    found = []
    if draw.random() < chance:
        found.append(Wish(kind="team", id=draw.choice(teams).id, incident=draw.choice(incidents).id))
    if depots and draw.random() < chance:
        found.append(Wish(kind="depot", id=draw.choice(depots).id, incident=draw.choice(incidents).id))
    return tuple(found)
