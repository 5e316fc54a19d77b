from typing import Any

import pytest
import shapely
from sqlalchemy import Connection, text

from data import plans
from data.plans import PlanRecord
from dispatch.model import (
    Assignment,
    Completion,
    HazardZone,
    Incident,
    Legs,
    Plan,
    Snapshot,
    Tier,
    UnitRoute,
    Unmet,
    Wish,
)
from tests.builders import NOW, on_main_road, triangle
from tests.data.conftest import Begin

SNAPSHOT = Snapshot(
    journal=0,
    taken_at=NOW,
    incidents=(Incident(id=1, type="landslide", level=2, position=on_main_road(6)),),
    teams=(),
    depots=(),
    pins=(Wish(kind="team", id=4, incident=1),),
    bans=(Wish(kind="depot", id=5),),
)
PLAN = Plan(
    assignments=(
        Assignment(
            kind="team",
            id=4,
            team=4,
            incident=1,
            need="capability:medical",
            amount=10,
            legs=Legs(notify_ms=1, assemble_ms=2, road_ms=3, walk_ms=4),
            pinned=True,
        ),
    ),
    unmet=(Unmet(incident=1, need="m", kind="material", code="tent", quantity=1, asked=2, critical=True),),
    completions=(Completion(incident=1, critical_ms=10, all_ms=None, bottleneck=("team", 4)),),
    tiers=(Tier(code="unmet_critical", value=5, bound=5),),
    solver="exact 1",
)
LINE = shapely.LineString([on_main_road(4), on_main_road(6)])


def store(connection: Connection, **overrides: Any) -> PlanRecord:
    values: dict[str, Any] = {
        "incident_ids": [1],
        "snapshot": SNAPSHOT,
        "plan": PLAN,
        "baseline": Plan(solver="nearest first"),
        "routes": [
            UnitRoute(
                kind="team", id=4, incident=1, road_ms=3, walk_ms=4, length_m=3600, geometry=LINE, walk=LINE
            )
        ],
        "zones": [HazardZone(incident=1, geometry=triangle(111, 36, 0.01))],
        "created_at": NOW,
        "created_by": "zhang",
        "network_version": 1,
    }
    return plans.insert(connection, **{**values, **overrides})


def test_a_plan_is_read_as_it_was_made(begin: Begin) -> None:
    """The proof, the comparison, the ways and the commander's wishes come back as values."""
    with begin() as connection:
        stored = store(connection)
    with begin() as connection:
        assert plans.get(connection, stored.id) == stored
    assert stored.plan == PLAN
    assert stored.plan.proven
    assert (stored.pins, stored.bans) == (SNAPSHOT.pins, SNAPSHOT.bans)
    assert stored.routes[0].geometry == LINE
    assert stored.state == "proposed"


def test_a_plan_keeps_the_snapshot_that_it_was_made_from(begin: Begin) -> None:
    """Any decision can be replayed on what it saw."""
    with begin() as connection:
        stored = store(connection)
        assert plans.snapshot_of(connection, stored.id) == SNAPSHOT


def test_a_changed_snapshot_is_noticed(begin: Begin) -> None:
    """A replay on other facts would be worse than none."""
    with begin() as connection:
        first = store(connection)
        other = store(
            connection, snapshot=Snapshot(journal=1, taken_at=NOW, incidents=(), teams=(), depots=())
        )
        connection.execute(
            text(
                "UPDATE live.plans SET snapshot = (SELECT snapshot FROM live.plans WHERE id = :other) WHERE id = :first"
            ),
            {"first": first.id, "other": other.id},
        )
        with pytest.raises(plans.SnapshotChangedError):
            plans.snapshot_of(connection, first.id)


def test_a_plan_is_confirmed_once(begin: Begin) -> None:
    """The second confirmation is told that there is nothing to confirm."""
    with begin() as connection:
        stored = store(connection)
        confirmed = plans.confirm(connection, plan_id=stored.id, confirmed_at=NOW, confirmed_by="li")
        assert confirmed is not None
        assert (confirmed.state, confirmed.confirmed_by) == ("confirmed", "li")
        assert plans.confirm(connection, plan_id=stored.id, confirmed_at=NOW, confirmed_by="li") is None


def test_plans_of_an_incident_newest_first(begin: Begin) -> None:
    """A joint plan belongs to each of its incidents."""
    with begin() as connection:
        first, joint, other = (store(connection, incident_ids=ids) for ids in ([1], [2, 1], [2]))
        assert [one.id for one in plans.of_incident(connection, 1)] == [joint.id, first.id]
        assert [one.id for one in plans.of_incident(connection, 2)] == [other.id, joint.id]


def test_a_plan_that_is_not_there(begin: Begin) -> None:
    """Reading gives None; its snapshot is an error, since nobody asks for it without having read the plan."""
    with begin() as connection:
        assert plans.get(connection, 1) is None
        assert plans.lock(connection, 1) is None
        with pytest.raises(LookupError):
            plans.snapshot_of(connection, 1)
