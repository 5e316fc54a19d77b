"""What an operator sees of the running product: figures and lines, and nobody's name in them."""

import io
import json
import logging
import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.exc import IntegrityError

from api import logs
from api.http.watch import Watch
from api.settings import Settings
from tests.api.conftest import PASSWORD, Browser
from tests.api.test_dispatch import confirm, propose, report

PHONE = "13900001234"
PERSON = "王小明"
TOKEN = "a-token-of-monitoring"  # noqa: S105 - of one test


@pytest.fixture
def settings(database: str) -> Settings:
    return Settings(database_url=database, metrics_token=TOKEN, stream_life_s=1, _env_file=None)


@pytest.fixture
def told() -> io.StringIO:
    """What was logged."""
    return io.StringIO()


@pytest.fixture
def watched(app: FastAPI, settings: Settings, told: io.StringIO) -> Iterator[Watch]:
    """The application with its outermost layer, as `web.app` puts it on, logging as a server does."""
    root = logging.getLogger()
    before, level = root.handlers, root.level
    logs.configure(settings, told)
    yield Watch(app)
    logging.captureWarnings(capture=False)
    root.handlers, root.level = before, level


@pytest.fixture
def browser(watched: Watch) -> Browser:
    return Browser(watched, "commander")


def figures(app: Watch) -> str:
    answer = TestClient(app).get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return answer.text


def value(text: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found, name
    return float(found[1])


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def test_figures_follow_what_is_done(watched: Watch, browser: Browser) -> None:
    """A county's monitoring must see work, delay and refusals without reading the log."""
    before = figures(watched)
    orders = confirm(browser, propose(browser, report(browser)))
    browser.post("/incidents/999/close")
    after = figures(watched)
    assert value(after, "muster_journal_number") == value(before, "muster_journal_number") + 3
    assert value(after, 'muster_orders_open{state="sent"}') == len(orders)
    assert value(after, "muster_incidents_open") == 1
    for name in (
        'muster_acts_total{act="plan.confirm",outcome="done"}',
        'muster_acts_total{act="incident.close",outcome="no_such_incident"}',
        'muster_plan_seconds_count{proven="true"}',
        'muster_requests_total{method="POST",route="/api/v1/plans/{plan_id}/confirm",status="200"}',
    ):
        assert value(after, name) >= 1
    assert value(after, "muster_database_up") == 1


def test_figures_are_closed_to_strangers(watched: Watch) -> None:
    """Route names and counts of orders are for the county's own monitoring."""
    stranger = TestClient(watched)
    assert stranger.get("/metrics").json()["code"] == "metrics_closed"
    wrong = stranger.get("/metrics", headers={"Authorization": "Bearer guess"})
    assert wrong.status_code == 403


def test_each_request_is_one_line_with_its_journal_number(browser: Browser, told: io.StringIO) -> None:
    """From a line of the log one finds the act in the journal, and from the journal the line."""
    answer = browser.post(
        "/incidents",
        {"type": "landslide", "level": 4, "position": [111.1, 36.0]},
        headers={"X-CSRF-Token": browser.csrf, "X-Request-Id": "from-the-proxy-1"},
    )
    assert answer.headers["X-Request-Id"] == "from-the-proxy-1"
    line = next(one for one in lines(told.getvalue()) if one.get("act"))
    assert {key: line[key] for key in ("request_id", "method", "route", "status", "act", "role")} == {
        "request_id": "from-the-proxy-1",
        "method": "POST",
        "route": "/api/v1/incidents",
        "status": 201,
        "act": "incident.report",
        "role": "commander",
    }
    journal = browser.get("/events", headers={"Last-Event-ID": "0"}).text
    assert f"id: {line['journal']}\nevent: act" in journal


def test_no_line_holds_a_person_a_place_or_a_secret(
    app: FastAPI, watched: Watch, browser: Browser, told: io.StringIO
) -> None:
    """Logs are kept long and copied far: what must not leave the house must not be in them."""
    orders = confirm(browser, propose(browser, report(browser, name=PERSON, description=f"来电 {PHONE}")))
    link = browser.post(f"/orders/{orders[0]['id']}/link").json()
    path = str(link.get("path") or f"/o/{link['token']}")
    phone = TestClient(watched, base_url="http://muster.test")
    phone.get(f"/api/v1{path}?phone={PHONE}")
    phone.post("/api/v1/session", json={"name": PERSON, "password": PHONE})
    browser.get(f"/locate?lon=111.123456&lat=36.654321&q={PERSON}")

    @app.get("/broken/{thing}")
    def broken(thing: str) -> None:
        raise IntegrityError(
            f"INSERT … {thing}", {"phone": PHONE}, ValueError(f"Key (name)=({PERSON}) {thing}")
        )

    with pytest.raises(IntegrityError):
        TestClient(watched).get(f"/broken/{PHONE}")
    logging.getLogger("uvicorn.error").warning("strange: /o/%s?x=%s %s", "s3cret-token", PERSON, PHONE)
    log = told.getvalue()
    failed = next(one for one in lines(log) if one["event"] == "request failed")
    assert (failed["error"], failed.get("because")) == ("IntegrityError", None)
    assert any("test_monitoring.py" in str(place) for place in failed["at"])  # type: ignore[attr-defined]
    secret = path.rsplit("/", 1)[1]
    for hidden in (PHONE, PERSON, secret, "s3cret-token", PASSWORD, "111.123456", "36.654321", browser.csrf):
        assert hidden not in log
    assert "/o/…?…" in log


def test_a_line_for_people_to_read(told: io.StringIO) -> None:
    """At a terminal the same lines read as text."""
    root = logging.getLogger()
    before, level = root.handlers, root.level
    logs.configure(Settings(log_form="console", _env_file=None), told)
    try:
        logging.getLogger("api.hub").warning("lost its connection to %s", "postgresql://muster:pass@db/x")
    finally:
        logging.captureWarnings(capture=False)
        root.handlers, root.level = before, level
    assert "lost its connection to postgresql://…@db/x" in told.getvalue()
    assert not told.getvalue().startswith("{")


def test_readiness_names_what_is_missing(browser: Browser, app: FastAPI) -> None:
    """Whoever is called at night starts from a code, not from a riddle."""
    answer = browser.http.get("/ready")
    assert answer.json()["missing"] == []
    with app.state.context.world.begin() as connection:
        connection.exec_driver_sql("UPDATE users SET active = false WHERE role = 'administrator'")
        connection.exec_driver_sql("UPDATE road_networks SET current = false")
    answer = browser.http.get("/ready")
    assert (answer.status_code, answer.json()["missing"]) == (503, ["no_administrator", "no_roads"])
