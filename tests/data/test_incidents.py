from typing import Any

import pytest
from sqlalchemy import Connection

from data import incidents
from data.incidents import IncidentRecord
from tests import builders
from tests.builders import NOW, on_main_road
from tests.data.conftest import Begin


def report(connection: Connection, **overrides: Any) -> IncidentRecord:
    values: dict[str, Any] = {
        "type": "forest_fire",
        "level": 2,
        "position": on_main_road(2),
        "reported_at": NOW,
        "reported_by": "zhang",
    }
    return incidents.insert(connection, **{**values, **overrides})


def test_an_incident_is_read_as_it_was_reported(begin: Begin) -> None:
    """Level and position are never lower, nearer or rounder than they were said to be."""
    with begin() as connection:
        builders.add_areas(connection)
        reported = report(
            connection,
            priority=8,
            name="西岭",
            description="{{ 7 * 7 }}",
            position=(111.012345678901, 36.000000000001),
            radius_m=300,
            area_code=builders.WEST_TOWNSHIP,
            grid_code=builders.LEAF_GRID,
            details={"wind_from_deg": 270, "trapped": 2},
        )
    with begin() as connection:
        assert incidents.get(connection, reported.id) == reported
    assert reported.position == (111.012345678901, 36.000000000001)
    assert (reported.state, reported.ended_at) == ("open", None)


def test_the_level_of_an_open_incident_changes(begin: Begin) -> None:
    """With it, if asked, its priority; an incident that is over keeps what it had."""
    with begin() as connection:
        incident = report(connection)
        raised = incidents.set_level(connection, incident_id=incident.id, level=1, priority=16)
        assert raised is not None
        assert (raised.level, raised.priority) == (1, 16)
        incidents.set_state(connection, incident_id=incident.id, state="closed", at=NOW)
        assert incidents.set_level(connection, incident_id=incident.id, level=4) is None
        assert incidents.get(connection, incident.id) == incidents.list_all(connection)[0]


@pytest.mark.parametrize("state", ["closed", "cancelled"])
def test_an_incident_ends_once(begin: Begin, state: Any) -> None:
    """The second end finds nothing open."""
    with begin() as connection:
        incident = report(connection)
        ended = incidents.set_state(connection, incident_id=incident.id, state=state, at=NOW)
        assert ended is not None
        assert (ended.state, ended.ended_at) == (state, NOW)
        assert incidents.set_state(connection, incident_id=incident.id, state=state, at=NOW) is None
        assert incidents.list_open(connection) == ()


def test_locking_leaves_out_what_is_not_there(begin: Begin) -> None:
    """The caller compares; the order is that of the ids whatever was asked."""
    with begin() as connection:
        first, second = report(connection), report(connection)
        locked = incidents.lock(connection, [second.id, 10**9, first.id])
        assert [one.id for one in locked] == [first.id, second.id]
        assert incidents.get(connection, 10**9) is None
