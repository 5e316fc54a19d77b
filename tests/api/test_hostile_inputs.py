"""What somebody with bad intentions, or a broken program, would send: each is refused in words, and nothing is left of it."""

import json
import math
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests import builders
from tests.api.conftest import Browser
from tests.api.test_dispatch import confirm, propose, report

SignIn = Callable[[str], Browser]
AT = list(builders.on_main_road(1))
HOSTILE_TEXTS = (
    "<script>alert(1)</script>",
    "{{ 7 * 7 }}{% raise %}",
    "'; DROP TABLE live.orders; --",
    '=HYPERLINK("http://evil.example";"x")',
    "\u202eno\u202d \u0000"[:-1],
    "%s%n{0}${x}",
    "../../etc/passwd",
    "😀" * 50,
)
HUGE = (2**31, 2**63, 2**63 - 1, 10**30, -(10**30), 1e308)


def incident(**changes: Any) -> dict[str, Any]:
    return {"type": "landslide", "level": 4, "position": AT, **changes}


def journal(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT count(*) FROM live.journal")) or 0)


def test_hostile_texts_come_back_as_they_went_in(commander: Browser) -> None:
    """A name is data: stored whole, given back whole, run by nobody."""
    for name in HOSTILE_TEXTS:
        answer = commander.post("/incidents", incident(name=name, description=name))
        assert answer.status_code == 201, (name, answer.text)
        back = commander.get(f"/incidents/{answer.json()['id']}").json()
        assert (back["name"], back["description"]) == (name, name)


def test_huge_numbers_are_refused_as_numbers(commander: Browser, engine: Engine) -> None:
    """Whatever a database or a float cannot hold is a bad request, never a failure."""
    before = journal(engine)
    for number in HUGE:
        for body in (
            incident(level=number),
            incident(radius_m=number),
            incident(priority=number),
            incident(position=[number, 36]),
        ):
            answer = commander.post("/incidents", body)
            if answer.status_code == 201 and "priority" in body:
                pytest.fail(f"a priority of {number} was taken")
            assert answer.status_code == 422, (body, answer.status_code, answer.text)
        for path in (
            "/incidents/{}",
            "/plans/{}",
            "/orders/{}",
            "/teams/{}",
            "/closures/{}/open",
            "/places/{}",
        ):
            address = path.format(number)
            answer = commander.post(address) if "open" in path else commander.get(address)
            assert answer.status_code in {404, 405, 422}, (address, answer.status_code)
    assert journal(engine) == before


def test_numbers_that_are_none_are_refused(commander: Browser) -> None:
    """JSON's NaN and Infinity reach no coordinate."""
    headers = {"X-CSRF-Token": commander.csrf, "Content-Type": "application/json"}
    for number in (math.nan, math.inf, -math.inf):
        body = json.dumps({**incident(position=[number, 36.0]), "request_id": str(uuid.uuid4())})
        answer = commander.http.post("/api/v1/incidents", content=body, headers=headers)
        assert answer.status_code == 422, (number, answer.text)


BAD_GEOMETRIES: tuple[Any, ...] = (
    {},
    {"type": "Point"},
    {"type": "Point", "coordinates": []},
    {"type": "Point", "coordinates": ["a", "b"]},
    {"type": "Point", "coordinates": [111.0]},
    {"type": "Point", "coordinates": [1e9, 1e9]},
    {"type": "Point", "coordinates": [None, None]},
    {"type": "LineString", "coordinates": [[111.0, 36.0]]},
    {"type": "Polygon", "coordinates": [[[111, 36], [111.1, 36.1], [111.1, 36], [111, 36.1], [111, 36]]]},
    {"type": "Polygon", "coordinates": [[[111, 36], [111.1, 36]]]},
    {"type": "Polygon", "coordinates": []},
    {"type": "GeometryCollection", "geometries": []},
    {"type": "Circle", "coordinates": [111, 36], "radius": 5},
    {"type": ["Point"], "coordinates": [111, 36]},
    {"type": "Point", "coordinates": {"lon": 111, "lat": 36}},
    {"type": "MultiPolygon", "coordinates": [[[[math.pi] * 2] * 3]]},
)


def test_bad_geometry_is_refused_and_nothing_is_closed(commander: Browser, engine: Engine) -> None:
    """Broken, crossing, empty, foreign and unknown shapes: each a refusal with a code."""
    before = journal(engine)
    for geometry in BAD_GEOMETRIES:
        answer = commander.post("/closures", {"geometry": geometry})
        assert answer.status_code == 422, (geometry, answer.status_code, answer.text)
        assert answer.json()["code"], geometry
    assert journal(engine) == before
    assert commander.get("/closures").json() == []


def test_half_a_character_is_refused(commander: Browser) -> None:
    """JSON may spell a lone surrogate, which is no text and cannot be stored."""
    headers = {"X-CSRF-Token": commander.csrf, "Content-Type": "application/json"}
    body = json.dumps({**incident(), "request_id": str(uuid.uuid4())})[:-1] + ', "name": "\\ud800"}'
    answer = commander.http.post("/api/v1/incidents", content=body, headers=headers)
    assert answer.status_code == 422, answer.text
    assert commander.get("/search?q=%ED%A0%80").status_code in {200, 422}


def test_deeply_nested_json_is_refused(commander: Browser) -> None:
    """A bracket bomb ends in the parser."""
    headers = {"X-CSRF-Token": commander.csrf, "Content-Type": "application/json"}
    for bomb in ("[" * 100_000, '{"a":' * 50_000 + "1" + "}" * 50_000):
        answer = commander.http.post("/api/v1/incidents", content=bomb, headers=headers)
        assert answer.status_code in {400, 413, 422}, answer.status_code


def test_fields_that_nobody_asked_for_are_refused(commander: Browser) -> None:
    """Nobody writes past the form: no id, no state, no author."""
    extras: tuple[dict[str, Any], ...] = (
        {"id": 1},
        {"state": "closed"},
        {"reported_by": "boss"},
        {"post": "x"},
        {"__proto__": {}},
    )
    for extra in extras:
        answer = commander.post("/incidents", {**incident(), **extra})
        assert (answer.status_code, answer.json()["code"]) == (422, "fields_invalid"), extra


def test_other_peoples_links_and_orders_stay_shut(commander: Browser, sign_in: SignIn) -> None:
    """A link opens its own order: not another's, not a page of the command post, not after a newer link."""
    orders = confirm(commander, propose(commander, report(commander)))
    first, second = orders[0]["id"], orders[1]["id"]
    token = commander.post(f"/orders/{first}/link").json()["token"]
    stranger = sign_in("viewer").http
    stranger.cookies.clear()
    assert stranger.get(f"/api/v1/order-links/{token}").json()["id"] == first
    for path in ("/incidents", "/orders", f"/orders/{second}", "/teams", "/events", "/session"):
        assert stranger.get(f"/api/v1{path}").status_code == 401, path
        as_cookie = stranger.get(f"/api/v1{path}", headers={"Cookie": f"muster_session={token}"})
        assert as_cookie.status_code == 401, path
    newer = commander.post(f"/orders/{first}/link").json()["token"]
    body = {"request_id": str(uuid.uuid4())}
    assert stranger.post(f"/api/v1/order-links/{token}/acknowledge", json=body).status_code == 401
    assert stranger.post(f"/api/v1/order-links/{newer}/acknowledge", json=body).status_code == 200
    for guess in ("", "x", token[:-1], token + "A", token.swapcase(), "%00", "../" + newer):
        assert stranger.get(f"/api/v1/order-links/{guess}").status_code in {401, 404, 405, 422}, guess


def test_a_replayed_form_is_one_act(commander: Browser, engine: Engine) -> None:
    """The same request sent ten times is one incident; with other words, or by somebody else, it is refused."""
    request_id = str(uuid.uuid4())
    answers = [commander.post("/incidents", incident(request_id=request_id)) for _ in range(10)]
    assert {answer.json()["id"] for answer in answers} == {answers[0].json()["id"]}
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM live.incidents")) == 1
    other = commander.post("/incidents", incident(request_id=request_id, level=3))
    assert (other.status_code, other.json()["code"]) == (409, "request_reused")


def test_a_request_id_of_somebody_else_gives_nothing_away(commander: Browser, sign_in: SignIn) -> None:
    """Knowing a request's number is not having been answered."""
    request_id = str(uuid.uuid4())
    assert commander.post("/incidents", incident(request_id=request_id)).status_code == 201
    answer = sign_in("duty_officer").post("/incidents", incident(request_id=request_id))
    assert (answer.status_code, answer.json()["code"]) == (409, "request_reused")
    assert "id" not in answer.json()["details"]


def test_a_form_without_its_token_or_from_elsewhere_is_refused(commander: Browser, engine: Engine) -> None:
    """The cookie alone changes nothing, and another site's page changes nothing with the token."""
    before = journal(engine)
    for headers in (
        {},
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": commander.csrf[:-1] + "0"},
        {"X-CSRF-Token": commander.csrf, "Origin": "http://evil.example"},
        {"X-CSRF-Token": commander.csrf, "Origin": "null"},
    ):
        answer = commander.post("/incidents", incident(), headers=headers)
        assert answer.status_code == 403, headers
    assert journal(engine) == before


def test_a_host_that_is_not_ours_gains_nothing(commander: Browser) -> None:
    """A forged Host does not make another site's Origin our own."""
    headers = {"X-CSRF-Token": commander.csrf, "Origin": "http://evil.example", "Host": "muster.test"}
    assert commander.post("/incidents", incident(), headers=headers).status_code == 403


def test_sessions_are_not_guessed_from_malformed_cookies(commander: Browser) -> None:
    """Empty, long and binary cookies are nobody's."""
    for cookie in ("", "x" * 5000, "%00%ff", "muster_session=a; muster_session=b"):
        answer = commander.http.get("/api/v1/incidents", headers={"Cookie": f"muster_session={cookie}"})
        assert answer.status_code == 401, cookie[:20]
