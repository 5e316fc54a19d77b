"""Reporting incidents, their level and their end, through HTTP."""

import uuid

import pytest

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
