from datetime import timedelta

import pytest

from data import units
from tests import builders
from tests.builders import NOW, on_main_road
from tests.data.conftest import Begin


@pytest.fixture
def county(begin: Begin) -> dict[str, int]:
    with begin() as connection:
        return builders.add_county(connection)


def test_a_team_that_nobody_reported_on_is_taken_at_its_ledgers_word(begin: Begin) -> None:
    """A freshly imported county must be able to act."""
    with begin() as connection:
        builders.add_areas(connection)
        team_id = builders.add_team(connection, position=on_main_road(1), capabilities={"medical": 2})
        connection.exec_driver_sql("DELETE FROM live.team_states")
        team = units.get_team(connection, team_id)
    assert team is not None
    assert (team.status, team.strength_now, team.position_now) == ("on_duty", 10, on_main_road(1))
    assert team.reported_at is None


def test_the_newest_report_replaces_the_one_before(begin: Begin, county: dict[str, int]) -> None:
    """A state is what was said last; the ledger below it does not change."""
    later = NOW + timedelta(minutes=5)
    with begin() as connection:
        units.report_team(
            connection,
            team_id=county["both"],
            status="resting",
            strength=3,
            position=on_main_road(9),
            reported_at=NOW,
            note="换班",
        )
        units.report_team(connection, team_id=county["both"], status="on_duty", reported_at=later)
        team = units.get_team(connection, county["both"])
    assert team is not None
    assert (team.status, team.strength_now, team.position_now) == ("on_duty", 10, on_main_road(4))
    assert (team.reported_at, team.note) == (later, "")


def test_only_those_asked_for(begin: Begin, county: dict[str, int]) -> None:
    """A plan names a handful of ten thousand; asking for nobody gives nobody."""
    with begin() as connection:
        asked = [county["far"], county["both"]]
        assert [one.id for one in units.list_teams(connection, asked)] == sorted(asked)
        assert [one.id for one in units.list_vehicles(connection, [county["carrier"]])] == [county["carrier"]]
        assert units.list_depots(connection, []) == ()
        assert len(units.list_teams(connection)) == 4
        assert units.get_vehicle(connection, 10**9) is None


def test_a_vehicle_and_a_depot_say_what_they_are(begin: Begin, county: dict[str, int]) -> None:
    """Load, size and speed class decide roads and loads; service and opening belong to the world."""
    with begin() as connection:
        units.report_vehicle(connection, vehicle_id=county["carrier"], in_service=False, reported_at=NOW)
        units.report_depot(connection, depot_id=county["depot"], open=False, reported_at=NOW, note="盘点")
        carrier = units.get_vehicle(connection, county["carrier"])
        (depot,) = units.list_depots(connection, [county["depot"]])
    assert carrier is not None
    assert (carrier.depot_id, carrier.team_id) == (county["depot"], None)
    assert (carrier.load_kg, carrier.profile.speed_class, carrier.profile.mass_kg) == (6000, "truck", 12_000)
    assert not carrier.in_service
    assert (depot.open, depot.note) == (False, "盘点")
