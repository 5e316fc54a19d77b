"""What a plan rests on, compared with how it is now: small frozen values, no store."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dispatch.changes import changes
from dispatch.model import (
    Assignment,
    Capability,
    Depot,
    Incident,
    Legs,
    MoveUp,
    Need,
    Plan,
    Shipment,
    ShipmentLine,
    Snapshot,
    StockLot,
    Team,
    Vehicle,
)
from gis.network import VehicleProfile

CAR = VehicleProfile(speed_class="car")
LEGS = Legs(notify_ms=1, assemble_ms=2, road_ms=3, walk_ms=0)
NEED = Need(key="capability:medical", kind="capability", code="medical", quantity=10)
INCIDENT = Incident(id=1, type="landslide", level=3, position=(111.0, 36.0), needs=(NEED,))
AMBULANCE = Vehicle(id=21, kind="ambulance", profile=CAR)
TEAM = Team(
    id=11,
    position=(111.1, 36.0),
    township="990101100000",
    capabilities=(Capability(code="medical"),),
    strength=10,
    profile=CAR,
    notify_ms=1,
    assemble_ms=2,
    vehicles=(AMBULANCE,),
)
IDLE = replace(TEAM, id=12, vehicles=())
LOT = StockLot(id=41, item="tent", quantity=100, unit_kg=45)
TRUCK = Vehicle(id=31, kind="truck", profile=CAR, load_kg=6000)
DEPOT = Depot(id=51, position=(111.2, 36.0), notify_ms=1, loading_ms=2, lots=(LOT,), carriers=(TRUCK,))
WAS = Snapshot(
    journal=7,
    taken_at=datetime(2026, 3, 15, 18, 10, tzinfo=UTC),
    incidents=(INCIDENT,),
    teams=(TEAM, IDLE),
    depots=(DEPOT,),
)
PEOPLE = Assignment(kind="team", id=11, team=11, incident=1, need=NEED.key, amount=10, legs=LEGS)
WHEELS = Assignment(kind="vehicle", id=21, team=11, incident=1, need="vehicle:ambulance", amount=1, legs=LEGS)
LOAD = Shipment(
    carrier=31,
    depot=51,
    incident=1,
    lines=(ShipmentLine(lot=41, item="tent", need="material:tent", quantity=60),),
    load_kg=2700,
    legs=LEGS,
)
PLAN = Plan(assignments=(PEOPLE, WHEELS), shipments=(LOAD,))


def told(now: Snapshot, plan: Plan = PLAN) -> set[tuple[str, int, str]]:
    """Return what changed as (kind, id, field)."""
    return {(change.kind, change.id, change.field) for change in changes(plan, WAS, now)}


def with_team(team: Team) -> Snapshot:
    return replace(WAS, teams=(team, IDLE))


def with_depot(depot: Depot) -> Snapshot:
    return replace(WAS, depots=(depot,))


def test_nothing_changed_is_nothing_told() -> None:
    """A later journal number alone outdates no plan."""
    assert told(replace(WAS, journal=8)) == set()


@pytest.mark.parametrize(
    ("now", "change"),
    [
        (replace(WAS, incidents=()), ("incident", 1, "gone")),
        (replace(WAS, incidents=(replace(INCIDENT, level=2),)), ("incident", 1, "level")),
        (replace(WAS, incidents=(replace(INCIDENT, needs=()),)), ("incident", 1, "needs")),
        (replace(WAS, incidents=(replace(INCIDENT, position=(111.3, 36.0)),)), ("incident", 1, "position")),
        (replace(WAS, teams=(IDLE,)), ("team", 11, "gone")),
        (with_team(replace(TEAM, status="committed")), ("team", 11, "status")),
        (with_team(replace(TEAM, strength=6)), ("team", 11, "strength")),
        (with_team(replace(TEAM, capabilities=())), ("team", 11, "capabilities")),
        (with_team(replace(TEAM, position=(111.9, 36.0))), ("team", 11, "position")),
        (with_team(replace(TEAM, vehicles=())), ("vehicle", 21, "gone")),
        (
            with_team(replace(TEAM, vehicles=(replace(AMBULANCE, available=False),))),
            ("vehicle", 21, "available"),
        ),
        (replace(WAS, depots=()), ("depot", 51, "gone")),
        (with_depot(replace(DEPOT, open=False)), ("depot", 51, "open")),
        (with_depot(replace(DEPOT, carriers=())), ("carrier", 31, "gone")),
        (with_depot(replace(DEPOT, carriers=(replace(TRUCK, load_kg=500),))), ("carrier", 31, "load_kg")),
        (with_depot(replace(DEPOT, lots=(replace(LOT, quantity=59),))), ("lot", 41, "quantity")),
        (with_depot(replace(DEPOT, lots=())), ("lot", 41, "quantity")),
    ],
)
def test_each_thing_that_a_plan_rests_on_is_told(now: Snapshot, change: tuple[str, int, str]) -> None:
    """Each of these would make an order that cannot be carried out as it was promised."""
    assert change in told(now)


@pytest.mark.parametrize(
    "now",
    [
        replace(WAS, teams=(TEAM,)),
        replace(WAS, teams=(TEAM, replace(IDLE, status="resting"))),
        with_depot(replace(DEPOT, lots=(replace(LOT, quantity=60),))),
        with_depot(replace(DEPOT, lots=(replace(LOT, quantity=500),))),
    ],
)
def test_what_a_plan_does_not_rest_on_is_not_told(now: Snapshot) -> None:
    """A county is never at rest: other teams and stock that still suffices must not stop a plan."""
    assert told(now) == set()


def test_a_vehicle_leaves_while_its_people_are_out_but_not_when_they_are_off_duty() -> None:
    """A vehicle has its own crew: it depends on its team's duty, not on where the people are."""
    wheels = Plan(assignments=(WHEELS,))
    assert told(with_team(replace(TEAM, status="committed")), wheels) == set()
    assert told(with_team(replace(TEAM, status="off_duty")), wheels) == {("team", 11, "status")}


def test_a_moved_up_team_must_still_be_free() -> None:
    """Standing by elsewhere takes the people as an order does."""
    moved = Plan(move_ups=(MoveUp(team=12, township="990101101000", code="medical", legs=LEGS),))
    assert told(replace(WAS, teams=(TEAM, replace(IDLE, status="committed"))), moved) == {
        ("team", 12, "status")
    }


def test_a_change_says_what_was_and_what_is() -> None:
    """The commander reads "100 tents, now 59"."""
    (change,) = changes(PLAN, WAS, with_depot(replace(DEPOT, lots=(replace(LOT, quantity=59),))))
    assert (change.was, change.now) == (100, 59)
