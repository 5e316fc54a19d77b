"""Signing in and out, and requests that another site's page could forge."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine

from api.context import Context
from api.errors import ConflictError
from api.usecases import accounts
from data import accounts as users
from data import journal
from tests import builders
from tests.api.conftest import PASSWORD, Browser, Clock, beside

REPORT = {"type": "landslide", "level": 4, "position": list(builders.on_main_road(5))}


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(commander: Browser) -> None:
    """A script that got into a page must not read the session, nor another site send it along with a form."""
    answer = commander.http.post("/api/v1/session", json={"name": "commander", "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert commander.csrf not in cookie


def test_a_session_tells_who_and_what(commander: Browser) -> None:
    """A page shows only what its reader may do."""
    session = commander.get("/session").json()
    assert (session["name"], session["role"]) == ("commander", "commander")
    assert "plan.confirm" in session["acts"]
    assert "account.create" not in session["acts"]


def test_a_wrong_password_and_a_wrong_name_look_the_same(commander: Browser) -> None:
    """Whoever guesses must not learn which names exist."""
    answers = [
        commander.http.post("/api/v1/session", json={"name": name, "password": "wrong"})
        for name in ("commander", "nobody-of-this-name")
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()


def test_guessing_is_stopped_and_waiting_helps(commander: Browser, clock: Clock) -> None:
    """After eight failures even the right password must wait; five minutes later it opens."""
    right = {"name": "viewer", "password": PASSWORD}
    for _ in range(8):
        commander.http.post("/api/v1/session", json={**right, "password": "wrong"})
    stopped = commander.http.post("/api/v1/session", json=right)
    assert (stopped.status_code, stopped.json()["code"]) == (429, "too_many_logins")
    assert int(stopped.headers["retry-after"]) > 0
    clock.forward(minutes=5, seconds=1)
    assert commander.http.post("/api/v1/session", json=right).status_code == 201


def test_a_session_ends_by_time_and_by_signing_out(
    commander: Browser, sign_in: Callable[[str], Browser], clock: Clock
) -> None:
    """A cookie that somebody kept opens nothing after either."""
    other = sign_in("viewer")
    assert other.http.delete("/api/v1/session", headers={"X-CSRF-Token": other.csrf}).status_code == 204
    assert other.get("/session").status_code == 401
    clock.forward(hours=12, seconds=1)
    assert commander.get("/incidents").json()["code"] == "not_signed_in"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "csrf_token_wrong"),
        ({"X-CSRF-Token": "0" * 64}, "csrf_token_wrong"),
        ({"Origin": "http://evil.test"}, "origin_wrong"),
        ({"Origin": "null"}, "origin_wrong"),
    ],
)
def test_a_forged_request_is_refused(commander: Browser, headers: dict[str, str], code: str) -> None:
    """The browser sends the cookie with another site's form too: without our token or from elsewhere it counts for nothing."""
    if "Origin" in headers:
        headers = {"X-CSRF-Token": commander.csrf, **headers}
    answer = commander.post("/incidents", REPORT, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, code)
    assert commander.get("/incidents").json() == []


def test_our_own_page_may_send(commander: Browser) -> None:
    """A browser names our own origin with every change."""
    headers = {"X-CSRF-Token": commander.csrf, "Origin": "http://muster.test"}
    assert commander.post("/incidents", REPORT, headers=headers).status_code == 201


def test_another_site_cannot_sign_somebody_in(commander: Browser) -> None:
    """Signing a victim into the attacker's account would make them write into it."""
    answer = commander.http.post(
        "/api/v1/session",
        json={"name": "commander", "password": PASSWORD},
        headers={"Origin": "http://evil.test"},
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "origin_wrong")


def test_the_first_administrator_is_made_once_with_its_own_password(
    commander: Browser, context: Context
) -> None:
    """No installation shares a password with another, and a second set-up makes nobody."""
    assert accounts.set_up(context) is None
    with context.world.begin() as connection:
        connection.exec_driver_sql("UPDATE users SET role = 'viewer' WHERE role = 'administrator'")
    password = accounts.set_up(context)
    assert password is not None
    assert len(password) >= 16
    answer = commander.http.post("/api/v1/session", json={"name": "admin", "password": password})
    assert answer.json()["role"] == "administrator"
    assert accounts.set_up(context) is None


def test_an_account_belongs_to_its_township(commander: Browser, sign_in: Callable[[str], Browser]) -> None:
    """Its area goes with it into every session; a township's account without one would be nobody's."""
    administrator = sign_in("administrator")
    new = {"name": "西镇值班", "role": "township", "password": PASSWORD}
    for area, code in ((None, "township_without_area"), ("990101999000", "no_such_area")):
        answer = administrator.post("/accounts", {**new, "area_code": area})
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    made = administrator.post("/accounts", {**new, "area_code": builders.WEST_TOWNSHIP})
    assert made.json()["area_code"] == builders.WEST_TOWNSHIP
    assert sign_in("西镇值班").get("/session").json()["area_code"] == builders.WEST_TOWNSHIP
    assert commander.get("/session").json()["area_code"] is None


def test_a_session_that_nobody_uses_ends(commander: Browser, clock: Clock) -> None:
    """A browser that was left open and forgotten is shut after an hour; one in use goes on."""
    for _ in range(3):
        clock.forward(minutes=50)
        assert commander.get("/incidents").status_code == 200
    clock.forward(minutes=61)
    assert commander.get("/incidents").status_code == 401


def test_guessing_many_names_from_one_address_is_stopped(commander: Browser) -> None:
    """Somebody who tries one password on every name is held by the address, and capitals are no other name."""
    wrong = [{"name": f"name{number}", "password": "wrong"} for number in range(40)]
    assert {commander.http.post("/api/v1/session", json=one).status_code for one in wrong} == {401}
    right = {"name": "viewer", "password": PASSWORD}
    assert commander.http.post("/api/v1/session", json=right).json()["code"] == "too_many_logins"


def test_one_changes_ones_own_password_with_the_old_one(
    sign_in: Callable[[str], Browser], app: FastAPI
) -> None:
    """The other logins end, this one stays, and a weak or wrong word changes nothing."""
    mine, other = sign_in("viewer"), sign_in("viewer")
    new = "a quite different word"
    for body, code in (
        ({"old": "not this one", "new": new}, "old_password_wrong"),
        ({"old": PASSWORD, "new": "viewer likes this"}, "password_has_name"),
        ({"old": PASSWORD, "new": "1234567890"}, "password_too_common"),
        ({"old": PASSWORD, "new": "aaaaaaaaaaaa"}, "password_too_common"),
        ({"old": PASSWORD, "new": PASSWORD}, "password_unchanged"),
    ):
        assert mine.post("/me/password", body).json()["code"] == code
    assert len(mine.get("/me/sessions").json()) == 2
    body = {"request_id": str(uuid.uuid4()), "old": PASSWORD, "new": new}
    assert mine.post("/me/password", body).status_code == 204
    assert mine.post("/me/password", body).status_code == 204, "the answer was lost on the way"
    assert mine.get("/incidents").status_code == 200
    assert other.get("/incidents").status_code == 401
    assert [one["current"] for one in mine.get("/me/sessions").json()] == [True]
    with app.state.context.world.read() as connection:
        kept = connection.exec_driver_sql(
            "SELECT string_agg(payload::text, '') FROM live.journal"
        ).scalar_one()
    assert new not in kept


def test_a_password_that_somebody_else_set_opens_only_its_change(
    commander: Browser, sign_in: Callable[[str], Browser]
) -> None:
    """Whoever reset it must not go on knowing it."""
    administrator = sign_in("administrator")
    given = "handed over on paper"
    assert administrator.post("/accounts/viewer/password", {"password": given}).json()["must_change_password"]
    signed = commander.http.post("/api/v1/session", json={"name": "viewer", "password": given}).json()
    commander.csrf = signed["csrf_token"]
    assert set(signed["acts"]) == {"own.read", "own.password", "own.end_session"}
    assert commander.get("/incidents").json()["code"] == "must_change_password"
    assert commander.post("/me/password", {"old": given, "new": "known to me alone"}).status_code == 204
    assert commander.get("/incidents").status_code == 200


@pytest.mark.parametrize("header", [None, "X-Forwarded-For"], ids=["unset", "set"])
def test_an_address_is_taken_from_a_header_by_setting_alone(
    app: FastAPI, sign_in: Callable[[str], Browser], header: str | None
) -> None:
    """Anybody can send the header; only behind our own proxy does its last entry tell who asks."""
    context = app.state.context
    app.state.context = replace(
        context, settings=context.settings.model_copy(update={"client_header": header})
    )
    viewer = sign_in("viewer")
    forwarded = {"X-Forwarded-For": "203.0.113.7, 10.0.0.9"}
    viewer.http.post("/api/v1/session", json={"name": "viewer", "password": PASSWORD}, headers=forwarded)
    clients = {one["client"] for one in viewer.get("/me/sessions").json()}
    assert ("10.0.0.9" in clients) == (header is not None)
    assert "203.0.113.7" not in clients


def test_two_administrators_cannot_shut_each_other_out(
    context: Context, engine: Engine, password_hash: str
) -> None:
    """Both at the same moment: who comes second is told that nobody would be left."""
    with context.world.begin() as connection:
        first = users.get_user_by_name(connection, "administrator")
        other = users.insert_user(
            connection, name="other", role="administrator", password_hash=password_hash, at=context.clock()
        )
    assert first is not None
    with ThreadPoolExecutor(1) as pool:
        with context.world.begin() as connection:  # the one's act, about to be committed
            users.set_active(connection, user_id=other.id, active=False, at=context.clock())
            journal.lock(connection)
            second = beside(
                engine,
                pool,
                lambda: accounts.set_active(context, first.name, request_id=uuid.uuid4(), active=False),
            )
        with pytest.raises(ConflictError, match="last_administrator"):
            second.result(timeout=60)
