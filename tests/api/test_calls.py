"""Calls through HTTP: who is called when, who answers how, what nobody may do."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, text

from api.context import Context
from api.usecases import calls
from data import worlds
from tests import builders
from tests.api import calling
from tests.api.calling import people_of, start
from tests.api.conftest import Browser, Clock

SignIn = Callable[[str], Browser]


@pytest.fixture(autouse=True)
def chain(county: dict[str, int], engine: Engine) -> None:
    """Somebody at every place of the chain."""
    assert county
    with engine.begin() as connection:
        builders.add_duties(worlds.inside(connection, worlds.LIVE))


def get(somebody: Browser, call: dict[str, Any]) -> dict[str, Any]:
    answer = somebody.get(f"/calls/{call['id']}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def answered(somebody: Browser, call: dict[str, Any], *people: str, **body: Any) -> None:
    for person in people:
        answer = somebody.post(f"/calls/{call['id']}/people/{person}/answer", body)
        assert answer.status_code == 200, answer.text


def test_a_call_goes_up_and_ends_when_all_have_answered(commander: Browser, clock: Clock) -> None:
    """The preview says whom; the call calls them; the last answer ends it, and its figures stay."""
    body = {"kind": "warning", "position": calling.AT, "direction": "up"}
    seen = commander.send_plain("POST", "/calls/preview", body).json()
    assert (seen["persons"], seen["without_phone"], seen["empty"], seen["goes_out"]) == (5, 0, [], False)
    assert commander.get("/calls").json() == []
    call = start(commander)
    assert list(people_of(call)) == list(calling.FIRST)
    for person in calling.FIRST:
        clock.forward(seconds=20)
        answered(commander, call, person)
    over = get(commander, call)
    assert (over["state"], over["outcomes"]) == ("ended", {"answered": 5})
    assert over["figures"] == {
        "called": 5, "answered": 5, "in_time": 5, "median_ms": 60_000, "longest_ms": 100_000,
    }  # fmt: skip
    (listed,) = commander.get("/calls").json()
    assert listed["figures"] == over["figures"]


def test_silence_calls_the_substitute_and_then_the_place_above(
    commander: Browser, clock: Clock, context: Context
) -> None:
    """By the clockwork, though nobody looks; each step is an ordinary row of the journal."""
    call = start(commander)
    answered(commander, call, "MAYOR", "TOWN", "SECTOR", "VILLAGE")
    clock.forward(minutes=3)
    calls.escalate_due(context)
    assert people_of(get(commander, call))["STANDIN"]["why"] == "substitute"
    clock.forward(minutes=2)
    calls.escalate_due(context)
    told = people_of(get(commander, call))["VILLAGE@FF-05-001"]
    assert (told["why"], told["late"], told["answered_at"]) == ("above", False, None)
    answered(commander, call, "VILLAGE")
    standing = get(commander, call)
    assert (standing["state"], standing["outcomes"]) == ("open", {"answered": 4, "above": 1})
    acts = [one["act"] for one in commander.get("/timeline?limit=50").json()]
    assert acts.count("call.escalate") == 2
    assert calls.escalate_due(context) == 0


def test_an_answer_by_telephone_carries_its_own_minute(commander: Browser, clock: Clock) -> None:
    """She was reached at ten past, and it is taken down at a quarter past: the figure is hers, not the keyboard's."""
    call = start(commander)
    at = clock.now
    clock.forward(minutes=2)
    for wrong in (at.replace(year=2020), clock.now.replace(year=2030)):
        refused = commander.post(
            f"/calls/{call['id']}/people/RANGER/answer", {"answered_at": wrong.isoformat()}
        )
        assert (refused.status_code, refused.json()["code"]) == (422, "answer_time_wrong")
    answered(commander, call, "RANGER", answered_at=at.replace(second=30).isoformat())
    assert get(commander, call)["figures"]["longest_ms"] == 30_000
    again = commander.post(f"/calls/{call['id']}/people/RANGER/answer")
    assert (again.status_code, again.json()["code"]) == (409, "already_done")


def test_whoever_was_called_answers_on_a_link_of_their_own(commander: Browser, clock: Clock) -> None:
    """No login, one person; a later link ends it; it opens nothing of anybody else's."""
    call = start(commander, kind="test", text="叫应测试")
    made = commander.post(f"/calls/{call['id']}/people/RANGER/link").json()
    assert made["path"] == f"/c/{made['token']}"
    link = f"/call-links/{made['token']}"
    assert commander.get(link).json()["answered_at"] is None
    commander.http.cookies.clear()
    clock.forward(minutes=1)
    body = {"request_id": str(uuid.uuid4())}
    first = commander.http.post(f"/api/v1{link}/answer", json=body).json()
    clock.forward(minutes=1)
    again = commander.http.post(f"/api/v1{link}/answer", json={"request_id": str(uuid.uuid4())}).json()
    assert first == again
    assert first["answered_at"] is not None
    clock.forward(hours=25)
    refused = commander.http.get(f"/api/v1{link}")
    assert (refused.status_code, refused.json()["code"]) == (401, "call_link_expired")


def test_a_township_calls_its_own_and_up(sign_in: SignIn, engine: Engine, commander: Browser) -> None:
    """Its county is on its chain; another township is not its to call. People elsewhere have no names for it."""
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE users SET area_code = :area WHERE name = 'township'"),
            {"area": builders.WEST_TOWNSHIP},
        )
    west = sign_in("township")
    call = start(west)
    assert people_of(call)["MAYOR"]["phone"] == "10000000000"
    answered(west, call, "MAYOR")
    assert west.post(f"/calls/{call['id']}/end").json()["state"] == "ended"
    elsewhere = west.post(
        "/calls", {"kind": "warning", "text": "x", "place": builders.EAST_TOWNSHIP, "direction": "up"}
    )
    assert elsewhere.status_code in {403, 404}
    theirs = start(commander)
    refused = west.post(f"/calls/{theirs['id']}/end")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_your_command")


def test_people_are_masked_for_whoever_may_not_see_them(commander: Browser, sign_in: SignIn) -> None:
    """A viewer sees the minutes, not the telephones."""
    call = start(commander)
    seen = people_of(get(sign_in("viewer"), call))["RANGER"]
    assert "赵" in seen["name"]
    assert "6" not in seen["name"]
    assert seen["phone"].startswith("***")


def test_what_a_call_cannot_begin_with(commander: Browser) -> None:
    """Each is refused in words, and nothing is kept of it."""
    asked: dict[str, Any] = {"kind": "warning", "text": "x", "direction": "up"}
    for body, code in (
        ({**asked}, "one_place_wanted"),
        ({**asked, "position": [112.9, 36.0]}, "no_grid_there"),
        ({**asked, "place": "没有这里"}, "no_such_place"),
        ({**asked, "feature": "geohazard_points/none"}, "no_such_place"),
        ({**asked, "incident": 99}, "no_such_incident"),
        ({**asked, "kind": "incident", "position": calling.AT}, "call_without_incident"),
        ({**asked, "text": " ", "position": calling.AT}, "message_empty"),
    ):
        assert commander.post("/calls", body).json()["code"] == code
    assert commander.get("/calls").json() == []


def test_a_call_begins_wherever_people_are_responsible(
    commander: Browser, county: dict[str, int], engine: Engine
) -> None:
    """At an incident, a cell, a village, a point with people of its own, an area that somebody drew."""
    assert county
    with engine.begin() as connection:
        place = builders.add_place(
            worlds.inside(connection, worlds.LIVE), position=builders.on_main_road(1), code="GH1"
        )
        connection.execute(
            text(
                "INSERT INTO duties (code, person_id, role, place_id)"
                " SELECT 'DUTY-GH1', id, 'hazard_head', :place FROM people WHERE code = 'VILLAGE'"
            ),
            {"place": place},
        )
    incident = commander.post("/incidents", {"type": "landslide", "level": 4, "position": calling.AT}).json()[
        "id"
    ]
    assert start(commander, kind="incident", position=None, incident=incident)["incident_id"] == incident
    down = start(commander, position=None, place="FF-03-001", direction="down")
    assert list(people_of(down)) == ["SECTOR", "VILLAGE", "RANGER"]
    village = start(commander, position=None, place=builders.WEST_VILLAGE)
    assert village["subject"]["code"] == builders.WEST_VILLAGE
    point = start(commander, position=None, feature="geohazard_points/GH1")
    assert list(people_of(point)) == list(
        calling.FIRST
    )  # the village's head answers for it, and is called once
    assert point["places"][-1]["lines"][0]["role"] == "hazard_head"
    ring = [[110.99, 35.95], [111.05, 35.95], [111.05, 36.05], [110.99, 35.95]]
    drawn = start(commander, position=None, shape={"type": "Polygon", "coordinates": [ring]})
    assert (drawn["subject"]["code"], drawn["area_code"]) == ("1", builders.WEST_TOWNSHIP)


def test_those_of_the_day_are_called(commander: Browser, engine: Engine) -> None:
    """A duty that has ended, or begins tomorrow, wakes nobody; who followed later does not rewrite who was called."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE duties SET valid_to = '2026-03-14' WHERE code = 'DUTY-RANGER'"))
        connection.execute(text("UPDATE duties SET valid_from = '2026-03-16' WHERE code = 'DUTY-VILLAGE'"))
    call = start(commander)
    assert set(people_of(call)) == {"MAYOR", "TOWN", "SECTOR", "STANDIN", "SECTOR@FF-04-001"}
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM people WHERE code = 'TOWN'"))
    assert people_of(get(commander, call))["TOWN"]["name"] == "赵2"


def test_figures_of_tests_by_township(commander: Browser, clock: Clock) -> None:
    """Which township answers within five minutes is what a test is held for; a real warning is no test."""
    call = start(commander, kind="test")
    clock.forward(minutes=1)
    answered(commander, call, "TOWN", "RANGER")
    start(commander)
    (share,) = commander.get("/calls/statistics").json()
    assert (share["area_code"], share["calls"]) == (builders.WEST_TOWNSHIP, 1)
    assert (share["figures"]["called"], share["figures"]["in_time"]) == (5, 2)
