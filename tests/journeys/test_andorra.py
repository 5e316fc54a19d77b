"""The main job on a real county: Andorra from its OpenStreetMap extract, through the API."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.context import Context
from api.usecases import bringing_in
from data.osm_import import OsmReport
from tests.api.conftest import Browser, Clock, app, clock, context, password_hash, settings, sign_in

__all__ = ["app", "clock", "context", "password_hash", "settings", "sign_in"]  # fixtures

SANT_JULIA = [1.4912, 42.4640]
CAPITAL = [1.5211, 42.5071]


@pytest.fixture
def county() -> dict[str, int]:
    """No hand-made county here: the extract brings its own."""
    return {"nothing": 0}


@pytest.fixture
def andorra(context: Context, shared_data: Path) -> OsmReport:
    """Andorra in the store, with invented teams, depots and stock."""
    report = bringing_in.extract(
        context,
        shared_data / "osm" / "andorra.osm.pbf",
        request_id=uuid.uuid4(),
        samples_seed=1,
        progress=lambda _stage, _done, _all: None,
    )
    assert report is not None
    return report


def critical_ms(plan: dict[str, Any]) -> int:
    (done,) = plan["plan"]["completions"]
    value: int = done["critical_ms"]
    return value


def test_a_landslide_in_a_real_county_becomes_acknowledged_orders(
    andorra: OsmReport, sign_in: Callable[[str], Browser], clock: Clock
) -> None:
    """What works in the fictional county works on real roads: proven plan, routes, orders, the team's answer."""
    assert andorra.roads.edges > 1000
    commander = sign_in("commander")
    body = {"type": "landslide", "level": 4, "position": SANT_JULIA}
    incident = commander.post("/incidents", body)
    assert incident.status_code == 201, incident.text
    plan = commander.post("/plans", {"incidents": [incident.json()["id"]]})
    assert plan.status_code == 201, plan.text
    document = plan.json()
    assert document["plan"]["assignments"]
    assert all(tier["proven"] for tier in document["plan"]["tiers"])
    values = [tier["value"] for tier in document["plan"]["tiers"]]
    assert values <= [tier["value"] for tier in document["baseline"]["tiers"]]
    routes = commander.get(f"/plans/{document['id']}/routes").json()["features"]
    assert {one["geometry"]["type"] for one in routes} <= {"LineString", "MultiLineString"}
    orders = commander.post(f"/plans/{document['id']}/confirm").json()
    assert len(orders) == len(document["plan"]["assignments"]) + len(document["plan"]["shipments"])
    clock.forward(minutes=2)
    answered = commander.post(f"/orders/{orders[0]['id']}/acknowledge")
    assert answered.status_code == 200, answered.text
    assert answered.json()["state"] == "acknowledged"


def test_closing_the_only_valley_road_makes_the_plan_later_and_opening_restores_it(
    andorra: OsmReport, sign_in: Callable[[str], Browser]
) -> None:
    """Closed roads that do not change the ranking are what users of such systems complain about."""
    assert andorra.roads.edges
    commander = sign_in("commander")
    incident = commander.post("/incidents", {"type": "landslide", "level": 4, "position": SANT_JULIA}).json()[
        "id"
    ]

    def planned() -> dict[str, Any]:
        answer = commander.post("/plans", {"incidents": [incident]})
        assert answer.status_code == 201, answer.text
        document: dict[str, Any] = answer.json()
        return document

    before = planned()
    across_the_valley = {"type": "LineString", "coordinates": [[1.470, 42.485], [1.505, 42.485]]}
    closed = commander.post("/closures", {"geometry": across_the_valley, "reason": "test"})
    assert closed.status_code == 201, closed.text
    during = planned()
    assert commander.post(f"/closures/{closed.json()['id']}/open").status_code == 200
    after = planned()
    worth = [[tier["value"] for tier in plan["plan"]["tiers"]] for plan in (before, during, after)]
    assert worth[1] > worth[0]
    assert worth[2] == worth[0]
    assert after["plan"] == before["plan"]
