"""Reporting incidents, their level and their end, through HTTP."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from api.context import Context
from tests import builders
from tests.api.conftest import Browser, Clock

REPORT = {"type": "landslide", "level": 4, "position": list(builders.on_main_road(5)), "name": "老庄滑坡"}


def test_a_report_finds_its_township_and_leaf_grid(commander: Browser, clock: Clock) -> None:
    """Whoever reports only clicks; who is responsible there follows from the areas and grids."""
    answer = commander.post("/incidents", {**REPORT, "position": list(builders.on_main_road(2))})
    assert answer.status_code == 201, answer.text
    incident = answer.json()
    assert incident["area_code"] == builders.WEST_TOWNSHIP
    assert incident["grid_code"] == builders.LEAF_GRID
    assert incident["state"] == "open"
    assert incident["reported_by"] == "commander"
    assert incident["reported_at"] == clock.now.isoformat().replace("+00:00", "Z")
    assert {need["key"] for need in incident["outstanding"]} >= {"capability:medical", "vehicle:excavator"}
    assert commander.get(f"/incidents/{incident['id']}").json() == incident
    assert [one["id"] for one in commander.get("/incidents?state=open").json()] == [incident["id"]]


@pytest.mark.parametrize(
    ("where", "node"),
    [
        ({"village": builders.EAST_VILLAGE}, 8),
        ({"village": "西岭村"}, 2),
        ({"place": "老庄滑坡", "radius_m": 300}, 6),
        ({"place": "东沟村"}, 8),
    ],
)
def test_words_and_codes_say_where(commander: Browser, where: dict[str, str], node: int) -> None:
    """Calls come in as "at East Gully village"; a code or an exact name with a radius must be enough."""
    body = {"type": "landslide", "level": 4, **where}
    answer = commander.post("/incidents", body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["position"] == pytest.approx(builders.on_main_road(node))
    assert answer.json()["radius_m"] == where.get("radius_m", 0)


def test_a_grid_code_says_where(commander: Browser) -> None:
    """The point taken for a grid lies in that grid."""
    answer = commander.post("/incidents", {"type": "forest_fire", "level": 4, "grid": builders.LEAF_GRID})
    assert answer.status_code == 201, answer.text
    assert answer.json()["grid_code"] == builders.LEAF_GRID


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"position": None}, "one_place_wanted"),
        ({"village": builders.EAST_VILLAGE}, "one_place_wanted"),
        ({"position": None, "village": "无此村"}, "no_such_place"),
        ({"type": "meteorite"}, "unknown_incident_type"),
        ({"level": 5}, "fields_invalid"),
        ({"position": [200, 36]}, "fields_invalid"),
        ({"colour": "red"}, "fields_invalid"),
    ],
)
def test_a_report_that_cannot_be_right_is_refused_with_a_code(
    commander: Browser, change: dict[str, object], code: str
) -> None:
    """The form shows what to mend only if the refusal says which rule it broke; nothing is stored."""
    answer = commander.post("/incidents", {**REPORT, **change})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code
    assert commander.get("/incidents").json() == []


def test_an_ambiguous_name_is_refused_with_the_codes(commander: Browser, context: Context) -> None:
    """Two villages of one name must not be guessed between: the answer names both codes."""
    with context.world.begin() as connection:
        builders.add_village(connection, code="990101101202", name="西岭村")
    answer = commander.post("/incidents", {"type": "landslide", "level": 4, "village": "西岭村"})
    assert answer.json()["code"] == "place_ambiguous"
    assert set(answer.json()["details"]["codes"]) == {builders.WEST_VILLAGE, "990101101202"}


def test_the_same_request_is_applied_once(commander: Browser) -> None:
    """A phone that lost the answer sends again: one incident, the same answer."""
    request = {"request_id": str(uuid.uuid4())}
    first = commander.post("/incidents", {**REPORT, **request})
    again = commander.post("/incidents", {**REPORT, **request})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert len(commander.get("/incidents").json()) == 1
    other = commander.post("/incidents", {**REPORT, **request, "level": 1})
    assert (other.status_code, other.json()["code"]) == (409, "request_reused")


def test_raising_the_level_raises_the_priority_with_it(commander: Browser) -> None:
    """A priority that nobody set follows the level; needs follow the card of the new level."""
    incident = commander.post("/incidents", REPORT).json()
    raised = commander.post(f"/incidents/{incident['id']}/level", {"level": 2}).json()
    assert raised["level"] == 2
    assert raised["priority"] > incident["priority"]
    before = {need["key"]: need["quantity"] for need in incident["outstanding"]}
    after = {need["key"]: need["quantity"] for need in raised["outstanding"]}
    assert all(after[key] >= quantity for key, quantity in before.items())
    assert sum(after.values()) > sum(before.values())


def test_a_closed_incident_stays_closed(commander: Browser) -> None:
    """Closing twice tells that it is done; raising its level is refused; it leaves the open list."""
    incident = commander.post("/incidents", REPORT).json()
    path = f"/incidents/{incident['id']}"
    assert commander.post(f"{path}/close", {"reason": "处置完毕"}).json()["state"] == "closed"
    again = commander.post(f"{path}/close")
    assert (again.status_code, again.json()["code"]) == (409, "already_done")
    assert commander.post(f"{path}/level", {"level": 1}).status_code == 409
    assert commander.get("/incidents?state=open").json() == []


def test_what_does_not_exist_is_not_found(commander: Browser) -> None:
    """Reading and acting on an unknown incident both answer 404 with the same code."""
    for answer in (commander.get("/incidents/999"), commander.post("/incidents/999/close")):
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_incident")


def test_what_is_learnt_later_is_added_and_journaled_as_differences(
    commander: Browser, context: Context
) -> None:
    """The first call brings three facts; the rest comes in pieces, and each piece says who wrote what over what."""
    path = f"/incidents/{commander.post('/incidents', REPORT).json()['id']}"
    changes = {"name": "老庄村滑坡", "details": {"trapped": 3, "trend": "仍有落石"}, "reporter_name": "王五"}
    edited = commander.send("PATCH", path, {"changes": changes})
    assert edited.status_code == 200, edited.text
    assert edited.json()["details"] == {"trapped": 3, "trend": "仍有落石"}
    moved = {"position": list(builders.on_main_road(2)), "details": {"trapped": None}}
    again = commander.send("PATCH", path, {"changes": moved}).json()
    assert (again["area_code"], again["grid_code"]) == (builders.WEST_TOWNSHIP, builders.LEAF_GRID)
    with context.world.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT payload FROM live.journal WHERE act = 'incident.edit'"
        ).all()
    assert rows[0].payload["changes"]["name"] == {"from": "老庄滑坡", "to": "老庄村滑坡"}
    assert rows[0].payload["changes"]["details.trapped"] == {"from": None, "to": 3}
    assert "王五" not in str(rows)  # nobody could ever take a name out of a sealed journal
    wrong = commander.send("PATCH", path, {"changes": {"details": {"burnt_mu": 3}}})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "unknown_field")
    wrong = commander.send("PATCH", path, {"changes": {"details": {"dead": "viele"}}})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "field_invalid")


def test_two_who_edit_at_once_lose_nothing(sign_in: Callable[[str], Browser]) -> None:
    """Different fields both come through; for the same field the second sees both versions, and nothing is written."""
    first, second = sign_in("commander"), sign_in("duty_officer")
    path = f"/incidents/{first.post('/incidents', REPORT).json()['id']}"
    seen = {"name": "老庄滑坡", "details": {"dead": None, "injured": None}}
    assert first.send("PATCH", path, {"changes": {"details": {"dead": 1}}, "seen": seen}).status_code == 200
    other = second.send("PATCH", path, {"changes": {"details": {"injured": 4}}, "seen": seen})
    assert other.json()["details"] == {"dead": 1, "injured": 4}
    same = second.send("PATCH", path, {"changes": {"name": "东沟", "details": {"dead": 2}}, "seen": seen})
    assert (same.status_code, same.json()["code"]) == (409, "edited_meanwhile")
    assert same.json()["details"]["conflicts"] == {"details.dead": {"seen": None, "now": 1, "yours": 2}}
    assert same.json()["details"]["by"] == "duty_officer"
    assert first.get(path).json()["name"] == "老庄滑坡"
    agreed = second.send("PATCH", path, {"changes": {"details": {"dead": 1}}, "seen": seen})
    assert agreed.status_code == 200, "the same word twice is no conflict"


def test_the_caller_is_masked_for_viewers(sign_in: Callable[[str], Browser]) -> None:
    """Whoever calls in an emergency does not agree to be known by everybody with a login."""
    caller = {"reporter_name": "王小明", "reporter_phone": "13800000000"}
    path = f"/incidents/{sign_in('duty_officer').post('/incidents', {**REPORT, **caller}).json()['id']}"
    seen = sign_in("viewer").get(path).json()
    assert (seen["reporter_name"], seen["reporter_phone"]) == ("王***", "***00")
    assert sign_in("commander").get(path).json()["reporter_phone"] == "13800000000"


def test_report_clocks_run_until_the_first_report_and_count_follow_ups(
    commander: Browser, clock: Clock
) -> None:
    """A level IV landslide owes two reports; one that it does not owe is refused."""
    incident = commander.post("/incidents", REPORT).json()
    due = {one["code"]: one["due_at"] for one in incident["clocks"]}
    assert list(due) == ["government_up", "geohazard_small"]
    assert due["government_up"] == (clock.now + timedelta(hours=2)).isoformat().replace("+00:00", "Z")
    path = f"/incidents/{incident['id']}/reports"
    for number in (1, 2):
        clock.forward(minutes=number)
        answer = commander.post(path, {"report": "government_up"})
        assert [len(one["sent"]) for one in answer.json()["clocks"]] == [number, 0]
    wrong = commander.post(path, {"report": "province_urgent"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "unknown_report")


def test_an_open_incident_is_never_pushed_out_by_newer_ones(commander: Browser, engine: Engine) -> None:
    """In a long storm hundreds come and go after it: the list and the map still hold it."""
    old = commander.post("/incidents", REPORT).json()["id"]
    columns = "type, level, priority, name, description, geom, radius_m, details, reported_at, reported_by"
    with engine.begin() as connection:
        connection.execute(
            text(
                f"INSERT INTO live.incidents ({columns}, state, ended_at)"
                f" SELECT {columns}, 'closed', reported_at FROM live.incidents, generate_series(1, 600)"
            )
        )
    assert [one["id"] for one in commander.get("/incidents?state=open").json()] == [old]
    shown = commander.get("/map/state").json()
    assert [one["properties"]["id"] for one in shown["incidents"]["features"]] == [old]
