"""A team's link: works without a login, for its own order only, and ends."""

from typing import Any

import pytest

from tests.api.conftest import Browser, Clock
from tests.api.test_dispatch import confirm, propose, report


@pytest.fixture
def orders(commander: Browser) -> list[dict[str, Any]]:
    """The orders of a confirmed plan."""
    return confirm(commander, propose(commander, report(commander)))


def link(browser: Browser, order: dict[str, Any]) -> str:
    answer = browser.post(f"/orders/{order['id']}/link")
    assert answer.status_code == 201, answer.text
    token: str = answer.json()["token"]
    assert answer.json()["path"] == f"/o/{token}"
    return token


@pytest.fixture
def leader(commander: Browser) -> Browser:
    """Somebody without cookie or form token."""
    commander.http.cookies.clear()
    commander.csrf = ""
    return commander


def test_a_leader_acknowledges_without_a_login(commander: Browser, orders: list[dict[str, Any]]) -> None:
    """The token in the address is all that a phone in a valley has."""
    token = link(commander, orders[0])
    commander.http.cookies.clear()
    commander.csrf = ""
    seen = commander.get(f"/order-links/{token}").json()
    assert (seen["id"], seen["state"]) == (orders[0]["id"], "sent")
    assert set(seen["acts"]) == {"acknowledge", "refuse"}
    done = commander.post(f"/order-links/{token}/acknowledge")
    assert (done.status_code, done.json()["state"]) == (200, "acknowledged")
    assert done.json()["acknowledged_at"] is not None


def test_a_link_cannot_cancel_or_reach_anything_else(
    commander: Browser, orders: list[dict[str, Any]]
) -> None:
    """Cancelling is the commander's word; the token is no session."""
    token = link(commander, orders[0])
    commander.http.cookies.clear()
    refused = commander.post(f"/order-links/{token}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    commander.http.cookies.set("muster_session", token)
    assert commander.get(f"/orders/{orders[1]['id']}").status_code == 401


def test_a_new_link_ends_the_one_before(commander: Browser, orders: list[dict[str, Any]]) -> None:
    """A phone that was lost must not speak for the team."""
    first = link(commander, orders[0])
    second = link(commander, orders[0])
    assert commander.get(f"/order-links/{first}").json()["code"] == "link_wrong"
    assert commander.get(f"/order-links/{second}").status_code == 200
    ended = commander.send("DELETE", f"/orders/{orders[0]['id']}/link")
    assert ended.status_code == 200
    assert commander.get(f"/order-links/{second}").status_code == 401


def test_a_link_expires(commander: Browser, orders: list[dict[str, Any]], clock: Clock) -> None:
    """A link in an old message opens nothing after a day."""
    token = link(commander, orders[0])
    clock.forward(hours=23)
    assert commander.get(f"/order-links/{token}").status_code == 200
    clock.forward(hours=2)
    assert commander.get(f"/order-links/{token}").json()["code"] == "link_expired"


def test_a_guessed_token_opens_nothing(leader: Browser) -> None:
    """A wrong token answers like an old one; a malformed one is no address."""
    assert leader.get(f"/order-links/{'A' * 43}").json()["code"] == "link_wrong"
    assert leader.get("/order-links/x").status_code == 422


def test_a_finished_order_gets_no_link(commander: Browser, orders: list[dict[str, Any]]) -> None:
    """There is nothing left to answer."""
    commander.post(f"/orders/{orders[0]['id']}/refuse")
    answer = commander.post(f"/orders/{orders[0]['id']}/link")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_in_this_state")


def test_a_team_and_the_command_post_talk_over_the_link(
    commander: Browser, orders: list[dict[str, Any]]
) -> None:
    """Each hears the other and answers for it; the same request is said once; others' words stay closed."""
    asked = commander.post("/messages", {"body": "路还通吗？", "order": orders[0]["id"]}).json()
    other = commander.post("/messages", {"body": "原地待命", "order": orders[1]["id"]}).json()
    token = link(commander, orders[0])
    path = f"/order-links/{token}/messages"
    (heard,) = commander.get(path).json()
    assert heard["id"] == asked["id"]
    answered = commander.post(f"{path}/{asked['id']}/acknowledge")
    assert (answered.status_code, answered.json()["acknowledged_by"]) == (
        200,
        f"link:order/{orders[0]['id']}",
    )
    assert commander.post(f"{path}/{other['id']}/acknowledge").status_code == 404
    body = {"request_id": "00000000-0000-4000-8000-00000000beef", "body": "塌方，改走北线"}
    for _ in range(2):
        assert commander.http.post(f"/api/v1{path}", json=body).status_code == 201
    said = [one for one in commander.get("/messages").json() if one["sent_by"].startswith("link:")]
    assert [(one["body"], one["order_id"]) for one in said] == [("塌方，改走北线", orders[0]["id"])]
    assert said[0]["incident_id"] == orders[0]["incident_id"]
