from datetime import timedelta

import pytest

from dispatch.model import StockLot, Vehicle
from dispatch.readiness import (
    depot_refusal,
    shipment_legs,
    team_legs,
    team_refusal,
    vehicle_refusal,
    with_freshness,
)
from tests.dispatch.cases import CAR, MINUTE, NOW, carrier, depot, team


def test_four_times_are_shown_apart_and_add_up() -> None:
    """Who waits wants to know for what: consent counts as notice, assembly, road and walk stand alone."""
    legs = team_legs(team(1, consent_ms=10 * MINUTE), road_ms=7 * MINUTE, walk_ms=4 * MINUTE)
    parts = (legs.notify_ms, legs.assemble_ms, legs.road_ms, legs.walk_ms)
    assert parts == (12 * MINUTE, 3 * MINUTE, 7 * MINUTE, 4 * MINUTE)
    assert legs.total_ms == 26 * MINUTE


def test_an_agreements_activation_is_part_of_the_notice() -> None:
    """The company is called before it loads."""
    legs = shipment_legs(depot(1, (), ()), 60 * MINUTE, 5 * MINUTE, 0)
    assert (legs.notify_ms, legs.assemble_ms, legs.total_ms) == (62 * MINUTE, 8 * MINUTE, 75 * MINUTE)


@pytest.mark.parametrize(
    ("age", "status"), [(timedelta(hours=23), "available"), (timedelta(hours=25), "stale"), (None, "stale")]
)
def test_an_old_report_makes_a_team_stale(age: timedelta | None, status: str) -> None:
    """A team that nobody has heard of for too long is not promised to anybody."""
    reported = team(1, reported_at=NOW - age if age is not None else None)
    assert with_freshness(reported, NOW, timedelta(hours=24)).status == status


def test_a_busy_team_stays_busy_however_old_its_report() -> None:
    """Staleness only takes away what was promised; it says nothing about the rest."""
    assert with_freshness(team(1, status="committed"), NOW, timedelta(0)).status == "committed"


def test_why_a_unit_may_not_go() -> None:
    """The refusal is the status itself; vehicles have their own crews and outlast their team's commitment."""
    excavator = Vehicle(id=9, kind="excavator", profile=CAR)
    assert team_refusal(team(1)) is None
    assert team_refusal(team(1, status="off_duty")) == "off_duty"
    assert team_refusal(team(1, strength=0)) == "no_strength"
    assert vehicle_refusal(team(1, status="committed"), excavator) is None
    assert vehicle_refusal(team(1, status="stale"), excavator) == "stale"
    assert (
        vehicle_refusal(team(1), Vehicle(id=9, kind="excavator", profile=CAR, available=False)) == "committed"
    )


def test_why_nothing_can_leave_a_depot() -> None:
    """Closed comes before empty, empty before no carrier."""
    lot = StockLot(id=1, item="tent", quantity=1, unit_kg=1)
    assert depot_refusal(depot(1, (lot,), (carrier(1),), open=False)) == "closed"
    assert depot_refusal(depot(1, (), (carrier(1),))) == "empty"
    assert depot_refusal(depot(1, (lot,), ())) == "no_carrier"
    assert depot_refusal(depot(1, (lot,), (carrier(1),))) is None
