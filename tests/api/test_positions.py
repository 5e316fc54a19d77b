"""Where units are: sent by telephones and trackers, stored once, told to the map, and never a way in."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import httpx2 as httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

from api.context import Context
from api.events import stream
from api.usecases import events, positions
from data import journal
from tests import builders
from tests.api.conftest import Browser, Clock
from tests.api.test_dispatch import confirm, propose, report
from tests.api.test_events import listening
from tests.api.test_order_links import link


def fixes(clock: Clock, *nodes: float, seconds: int = 60) -> dict[str, Any]:
    """Fixes along the main road, one every `seconds`, the last one now."""
    first = clock.now - timedelta(seconds=seconds * (len(nodes) - 1))
    return {
        "fixes": [
            {
                "at": (first + timedelta(seconds=seconds * number)).isoformat(),
                "position": list(builders.on_main_road(node)),
                "accuracy_m": 12,
            }
            for number, node in enumerate(nodes)
        ]
    }


@pytest.fixture
def administrator(sign_in: Any) -> Browser:
    """Somebody who gives devices out."""
    signed: Browser = sign_in("administrator")
    return signed


@pytest.fixture
def device(app: FastAPI) -> TestClient:
    """A program without a session."""
    return TestClient(app, base_url="http://muster.test")


def make(administrator: Browser, team: int) -> dict[str, Any]:
    answer = administrator.post("/trackers", {"name": "车载01", "kind": "team", "unit": team})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def send(device: TestClient, token: str, body: dict[str, Any]) -> httpx.Response:
    answer: httpx.Response = device.post(
        "/api/v1/positions", json=body, headers={"Authorization": f"Bearer {token}"}
    )
    return answer


def test_a_tracker_moves_its_team(
    administrator: Browser, device: TestClient, county: dict[str, int], clock: Clock
) -> None:
    """The newest fix is where plans start from, and the whole way is there to look back at."""
    clock.forward(minutes=10)
    made = make(administrator, county["far"])
    answer = send(device, made["token"], fixes(clock, 10, 9.5, 9))
    assert answer.json() == {"stored": 3, "known": 0, "suspect": 0, "refused": [], "goes_on": True}
    team = administrator.get(f"/teams/{county['far']}").json()
    assert team["position_now"] == pytest.approx(list(builders.on_main_road(9)))
    assert datetime.fromisoformat(team["reported_at"]) == clock.now
    (shown,) = administrator.get("/positions").json()["features"]
    assert (shown["properties"]["unit"], shown["properties"]["id"]) == ("team", county["far"])
    assert administrator.get("/map/state").json()["positions"]["features"] == [shown]
    (way,) = administrator.get(f"/positions/team/{county['far']}/track").json()["features"]
    assert len(way["geometry"]["coordinates"]) == len(way["properties"]["at"]) == 3


def test_the_same_batch_twice_is_one(
    administrator: Browser, device: TestClient, county: dict[str, int], clock: Clock
) -> None:
    """A line that swallows answers makes devices send again."""
    clock.forward(minutes=10)
    token = make(administrator, county["far"])["token"]
    body = fixes(clock, 10, 9.5)
    assert send(device, token, body).json()["stored"] == 2
    again = send(device, token, body).json()
    assert (again["stored"], again["known"]) == (0, 2)


def test_a_late_batch_does_not_turn_the_clock_back(
    administrator: Browser, device: TestClient, county: dict[str, int], clock: Clock
) -> None:
    """What was kept in a valley comes after what was sent on the ridge; the newer place holds."""
    clock.forward(minutes=10)
    token = make(administrator, county["far"])["token"]
    late = fixes(clock, 10, 9.8)
    clock.forward(minutes=5)
    send(device, token, fixes(clock, 8))
    assert send(device, token, late).json()["stored"] == 2
    team = administrator.get(f"/teams/{county['far']}").json()
    assert team["position_now"] == pytest.approx(list(builders.on_main_road(8)))


def test_clocks_and_leaps_are_weighed(
    administrator: Browser, device: TestClient, county: dict[str, int], clock: Clock
) -> None:
    """A fix from next year or last year is refused, one from another county kept as suspect; the good one counts."""
    clock.forward(minutes=10)
    token = make(administrator, county["far"])["token"]
    body = fixes(clock, 10, 10)
    body["fixes"][0]["at"] = (clock.now + timedelta(days=300)).isoformat()
    body["fixes"].append({"at": (clock.now - timedelta(days=300)).isoformat(), "position": [111, 36]})
    body["fixes"].append({"at": (clock.now + timedelta(seconds=60)).isoformat(), "position": [113, 36]})
    answer = send(device, token, body).json()
    assert (answer["stored"], answer["suspect"]) == (2, 1)
    assert [one["code"] for one in answer["refused"]] == ["in_future", "too_old"]
    team = administrator.get(f"/teams/{county['far']}").json()
    assert team["position_now"] == pytest.approx(list(builders.on_main_road(10)))


def test_a_revoked_token_opens_nothing(
    administrator: Browser, device: TestClient, county: dict[str, int], clock: Clock
) -> None:
    """A stolen device must not move a team; and its token never opened anything else."""
    made = make(administrator, county["far"])
    assert (
        device.get("/api/v1/positions", headers={"Authorization": f"Bearer {made['token']}"}).status_code
        == 401
    )
    assert administrator.post(f"/trackers/{made['id']}/revoke").json()["revoked_at"] is not None
    answer = send(device, made["token"], fixes(clock, 10))
    assert (answer.status_code, answer.json()["code"]) == (401, "tracker_wrong")
    assert "token" not in administrator.get("/trackers").json()[0]


def test_who_sends_too_often_waits(
    administrator: Browser, device: TestClient, county: dict[str, int], clock: Clock, context: Context
) -> None:
    """A device gone wild must not take the line from the others; a minute later it is heard again."""
    token = make(administrator, county["far"])["token"]
    body = fixes(clock, 10)
    for _ in range(context.settings.position_batches_per_minute):
        assert send(device, token, body).status_code == 200
    refused = send(device, token, body)
    assert (refused.status_code, refused.json()["code"]) == (429, "sending_too_often")
    clock.forward(minutes=1)
    assert send(device, token, body).status_code == 200


def test_a_link_reports_while_under_way(commander: Browser, clock: Clock, context: Context) -> None:
    """From the order on until the arrival, for its own unit; the arrival is computed again from there."""
    orders = confirm(commander, propose(commander, report(commander)))
    order = next(one for one in orders if one["kind"] == "team")
    token = link(commander, order)
    for act in ("acknowledge", "depart"):
        commander.post(f"/order-links/{token}/{act}")
    clock.forward(minutes=30)
    answer = commander.post(f"/order-links/{token}/positions", fixes(clock, 4, 4.2), headers={})
    assert answer.status_code == 422, "a request id is no part of a batch"
    path = f"/api/v1/order-links/{token}/positions"
    received = commander.http.post(path, json=fixes(clock, 4, 4.2)).json()
    assert (received["stored"], received["goes_on"]) == (2, True)
    (shown,) = commander.get("/positions").json()["features"]
    assert shown["properties"]["order"] == order["id"]
    assert shown["properties"]["late"] is True
    expected = datetime.fromisoformat(shown["properties"]["expected_at"])
    assert expected > clock.now
    commander.post(f"/order-links/{token}/arrive")
    clock.forward(minutes=10)
    after = commander.http.post(path, json=fixes(clock, 6)).json()
    assert (after["stored"], after["goes_on"]) == (0, False)
    assert after["refused"][0]["code"] == "not_under_way"
    with context.world.read() as connection:
        assert "position" not in " ".join(one.act for one in journal.after(connection, 0))


def test_a_village_shares_no_position(commander: Browser, clock: Clock) -> None:
    """Who stays at home is not followed."""
    called = commander.post(f"/incidents/{report(commander)}/villages", {"village": builders.WEST_VILLAGE})
    path = f"/api/v1/order-links/{link(commander, called.json())}/positions"
    answer = commander.http.post(path, json=fixes(clock, 2))
    assert (answer.status_code, answer.json()["code"]) == (409, "nobody_under_way")


def test_a_link_reads_the_base_map_and_no_other_layer(commander: Browser) -> None:
    """A team finds its way by roads and names; the county's layers are not its business."""
    order = confirm(commander, propose(commander, report(commander)))[0]
    token = link(commander, order)
    commander.http.cookies.clear()
    assert commander.get(f"/order-links/{token}/tiles/9/413/200.mvt").status_code == 200
    assert commander.get(f"/order-links/{'A' * 43}/tiles/9/413/200.mvt").status_code == 401
    assert commander.get("/tiles/9/413/200.mvt").status_code == 401


def test_old_fixes_are_deleted(
    administrator: Browser, device: TestClient, county: dict[str, int], clock: Clock, context: Context
) -> None:
    """Where people were last spring is nobody's business any more."""
    token = make(administrator, county["far"])["token"]
    send(device, token, fixes(clock, 10, 9.9))
    clock.forward(days=29)
    assert positions.prune(context) == 0
    clock.forward(days=2)
    assert positions.prune(context) == 2
    with context.world.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM live.positions")) == 0


def test_what_moves_is_told_once_a_second(
    administrator: Browser, device: TestClient, county: dict[str, int], clock: Clock, context: Context
) -> None:
    """An event without a number: a browser that missed it asks where things are, not what it missed."""
    token = make(administrator, county["far"])["token"]

    async def told() -> list[bytes]:
        async with listening(context) as hub:
            for node in (10, 9.9):
                clock.forward(seconds=30)
                await asyncio.to_thread(send, device, token, fixes(clock, node))
            read = stream(hub, None, lambda n: events.after(context, n), life_s=2.5)
            return [chunk async for chunk in read]

    chunks = asyncio.run(told())
    moved = [chunk for chunk in chunks if b"event: position" in chunk]
    assert moved == [b'event: position\ndata: {"team": ' + str(county["far"]).encode() + b"}\n\n"]
