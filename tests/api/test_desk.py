"""The desk: taking acts back, messages, the timeline, handing over."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from api.security import ACTS
from data import accounts, worlds
from dispatch import undo
from tests import builders
from tests.api.conftest import Browser, Clock
from tests.api.test_dispatch import confirm, propose, report

POINT = {"type": "Point", "coordinates": list(builders.on_main_road(4.5))}
SignIn = Callable[[str], Browser]


def timeline(somebody: Browser, **query: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = somebody.get("/timeline", params=query).json()
    return rows


def last(somebody: Browser) -> int:
    return int(timeline(somebody)[0]["number"])


def test_every_writing_act_says_how_it_is_taken_back_or_why_not() -> None:
    """A new act comes into one of the two tables."""
    writing = {
        act
        for act in ACTS
        if not act.endswith(".read") and act not in {"system.check", "position.report", "job.cancel"}
    }
    assert writing <= set(undo.INVERSES) | set(undo.FINAL)


def test_a_closed_road_is_opened_again_by_undo_and_closed_again_by_the_next(commander: Browser) -> None:
    """The undo is an ordinary act that names what it takes back; taking it back closes the same stretch."""
    closed = commander.post("/closures", {"geometry": POINT, "reason": "slide"}).json()
    number = last(commander)
    assert commander.post(f"/timeline/{number}/undo").status_code == 204
    assert commander.get("/closures").json() == []
    row = timeline(commander)[0]
    assert (row["act"], row["subject_id"], row["payload"]["undoes"]) == ("closure.open", closed["id"], number)
    again = commander.post(f"/timeline/{number}/undo")
    assert (again.status_code, again.json()["code"]) == (409, "undone_already")
    assert commander.post(f"/timeline/{row['number']}/undo").status_code == 204
    (standing,) = commander.get("/closures").json()
    assert (standing["geometry"], standing["reason"]) == (closed["geometry"], "slide")


def test_a_level_goes_back_unless_somebody_changed_it_since(commander: Browser) -> None:
    """Mine is taken back, not what a colleague decided after me."""
    incident = report(commander)
    commander.post(f"/incidents/{incident}/level", {"level": 2})
    mine = last(commander)
    commander.post(f"/incidents/{incident}/level", {"level": 1})
    refused = commander.post(f"/timeline/{mine}/undo")
    assert (refused.status_code, refused.json()["code"]) == (409, "undo_overtaken")
    assert commander.post(f"/timeline/{mine + 1}/undo").status_code == 204
    assert commander.get(f"/incidents/{incident}").json()["level"] == 2


def test_the_same_undo_sent_twice_is_done_once(commander: Browser) -> None:
    """A weak line repeats requests; the answer is the same and the road is opened once."""
    commander.post("/closures", {"geometry": POINT})
    number = last(commander)
    body = {"request_id": "5b6a3a52-6a11-4b8a-8a4e-9f4f5c1d2e3f"}
    assert commander.post(f"/timeline/{number}/undo", body).status_code == 204
    assert commander.post(f"/timeline/{number}/undo", body).status_code == 204
    assert last(commander) == number + 1


def test_a_plan_confirmed_by_mistake_is_withdrawn_while_nobody_has_answered(commander: Browser) -> None:
    """Orders end and stock is free; with one answer it is too late, and nothing changes."""
    incident = report(commander)
    orders = confirm(commander, propose(commander, incident))
    number = last(commander)
    assert commander.post(f"/timeline/{number}/undo").status_code == 204
    states = {commander.get(f"/orders/{order['id']}").json()["state"] for order in orders}
    assert states == {"cancelled"}
    assert all(lot["reserved"] == 0 for lot in commander.get("/lots").json())
    orders = confirm(commander, propose(commander, incident))
    number = last(commander)
    commander.post(f"/orders/{orders[0]['id']}/acknowledge")
    refused = commander.post(f"/timeline/{number}/undo")
    assert (refused.status_code, refused.json()["code"]) == (409, "plan_answered")
    assert commander.get(f"/orders/{orders[-1]['id']}").json()["state"] == "sent"


def test_a_team_stands_again_as_it_was_reported_before(commander: Browser, county: dict[str, int]) -> None:
    """The wrong row of the list was set off duty."""
    path = f"/teams/{county['far']}"
    before = commander.get(path).json()
    commander.send("PATCH", path, {"status": "off_duty", "strength": 1, "note": "wrong row"})
    assert commander.post(f"/timeline/{last(commander)}/undo").status_code == 204
    after = commander.get(path).json()
    same = ("status", "strength_now", "position_now", "note")
    assert [after[name] for name in same] == [before[name] for name in same]


def test_a_wrong_count_is_taken_back_and_what_left_meanwhile_stays_away(
    commander: Browser, county: dict[str, int]
) -> None:
    """The count was of the wrong shelf; since then a carrier has left with its load, which is not in the depot again."""

    def on_hand() -> int:
        (lot,) = commander.get("/lots").json()
        return int(lot["quantity"])

    commander.send("PATCH", f"/lots/{county['lot']}", {"quantity": 480})
    counted = last(commander)
    sent = confirm(commander, propose(commander, report(commander)))
    (trip,) = (one for one in sent if one["kind"] == "carrier")
    for act in ("acknowledge", "depart"):
        commander.post(f"/orders/{trip['id']}/{act}")
    left = on_hand()
    assert left < 480
    body = {"request_id": "7d1c5a52-6a11-4b8a-8a4e-9f4f5c1d2e3f"}
    for _ in range(2):
        assert commander.post(f"/timeline/{counted}/undo", body).status_code == 204
    assert on_hand() == left + 20


def test_whoever_may_not_do_the_inverse_may_not_undo(sign_in: SignIn, commander: Browser) -> None:
    """Undo is no way round the table of roles."""
    commander.post("/closures", {"geometry": POINT})
    refused = sign_in("viewer").post(f"/timeline/{last(commander)}/undo")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")


def test_telephone_numbers_in_reasons_are_masked_for_who_may_not_see_people(
    sign_in: SignIn, commander: Browser
) -> None:
    """The journal is for ever; who reads it is not."""
    commander.post("/closures", {"geometry": POINT, "reason": "call 138 0013 8000"})
    assert timeline(commander)[0]["payload"]["reason"] == "call 138 0013 8000"
    assert timeline(sign_in("viewer"))[0]["payload"]["reason"] == "call ***"


def test_the_timeline_of_an_incident_holds_its_orders_and_nothing_else(commander: Browser) -> None:
    """After-action review of one incident out of a busy night."""
    quiet, incident = report(commander), report(commander)
    orders = confirm(commander, propose(commander, incident))
    commander.post(f"/orders/{orders[0]['id']}/acknowledge")
    commander.post("/closures", {"geometry": POINT})
    acts = [row["act"] for row in timeline(commander, incident=incident)]
    assert acts == ["order.acknowledge", "plan.confirm", "plan.propose", "incident.report"]
    assert [row["act"] for row in timeline(commander, order=orders[0]["id"])][-1] == "plan.confirm"
    assert [row["act"] for row in timeline(commander, incident=quiet)] == ["incident.report"]
    assert {row["act"] for row in timeline(commander, kind="closure")} == {"closure.close"}


def test_a_message_is_answered_once_by_somebody_else(sign_in: SignIn, commander: Browser) -> None:
    """Unanswered until a colleague takes it; never by its own sender."""
    sent = commander.post("/messages", {"body": "  bridge gauge at 3.2 m  "}).json()
    assert sent["body"] == "bridge gauge at 3.2 m"
    own = commander.post(f"/messages/{sent['id']}/acknowledge")
    assert (own.status_code, own.json()["code"]) == (409, "own_message")
    officer = sign_in("duty_officer")
    assert [one["id"] for one in officer.get("/messages", params={"unanswered": True}).json()] == [sent["id"]]
    done = officer.post(f"/messages/{sent['id']}/acknowledge").json()
    assert done["acknowledged_by"] == "duty_officer"
    assert officer.get("/messages", params={"unanswered": True}).json() == []
    assert officer.post(f"/messages/{sent['id']}/acknowledge").status_code == 409
    assert "body" not in timeline(commander, kind="message")[0]["payload"]


def test_what_waits_is_what_others_said_to_this_post(
    sign_in: SignIn, commander: Browser, engine: Engine, password_hash: str
) -> None:
    """One's own words, another post's and those to a team wait for somebody else; what a team says waits for the post."""
    incident = report(commander, position=list(builders.on_main_road(2)))
    order = confirm(commander, propose(commander, incident))[0]["id"]
    commander.post("/messages", {"body": "全体注意"})
    commander.post("/messages", {"body": "到哪了？", "order": order})
    commander.post("/messages", {"body": "东镇注意", "to_area": builders.EAST_TOWNSHIP})
    token = commander.post(f"/orders/{order}/link").json()["path"].rsplit("/", 1)[1]
    said = commander.post(f"/order-links/{token}/messages", {"body": "路断了"}).json()

    def waits() -> list[int]:
        people = (commander, sign_in("duty_officer"), west, east)
        return [one.get("/messages/waiting").json()["count"] for one in people]

    with engine.begin() as connection:
        for name, area in (("west", builders.WEST_TOWNSHIP), ("east", builders.EAST_TOWNSHIP)):
            accounts.insert_user(
                worlds.inside(connection, worlds.LIVE),
                name=name,
                role="township",
                password_hash=password_hash,
                at=datetime.now(UTC),
                area_code=area,
            )
    west, east = sign_in("west"), sign_in("east")
    assert waits() == [1, 2, 2, 2]
    commander.post(f"/messages/{said['id']}/acknowledge")
    assert waits() == [0, 1, 1, 2]


def test_a_message_needs_words_and_something_that_is_there(commander: Browser) -> None:
    """Each refusal has its code."""
    assert commander.post("/messages", {"body": "   "}).json()["code"] == "message_empty"
    assert commander.post("/messages", {"body": "x", "incident": 9}).json()["code"] == "no_such_incident"
    assert commander.post("/messages", {"body": "x", "order": 9}).json()["code"] == "no_such_order"
    assert commander.post("/messages", {"body": "x", "to_area": "nowhere"}).json()["code"] == "no_such_area"


def test_a_handover_keeps_what_stood_and_begins_the_next_shift(commander: Browser, clock: Clock) -> None:
    """Late orders and unanswered messages must not get lost between two shifts."""
    incident = report(commander)
    orders = confirm(commander, propose(commander, incident))
    message = commander.post("/messages", {"body": "gauge"}).json()
    clock.forward(minutes=40)
    made = commander.post("/handovers", {"taken_over_by": "李强", "note": "桥"}).json()
    summary = made["summary"]
    assert (made["handed_over_by"], made["taken_over_by"]) == ("commander", "李强")
    assert summary["incidents"] == [incident]
    assert sorted(summary["late"] + summary["running"]) == sorted(order["id"] for order in orders)
    assert summary["late"]
    assert summary["messages"] == [message["id"]]
    assert summary["done"]["plan.confirm"] == 1
    clock.forward(minutes=20)
    following = commander.post("/handovers", {"taken_over_by": "王芳"}).json()
    assert following["shift_began_at"] == made["at"]
    assert "plan.confirm" not in following["summary"]["done"]
    assert [one["id"] for one in commander.get("/handovers").json()] == [following["id"], made["id"]]


@pytest.mark.parametrize("name", ["", "   "])
def test_a_shift_is_handed_to_somebody(commander: Browser, name: str) -> None:
    """A shift that nobody takes is not handed over."""
    assert commander.post("/handovers", {"taken_over_by": name}).status_code == 422
