"""Every act by every role, through HTTP: the table in `api.security` is what is really enforced."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine

from api.security import ACTS, Role
from data import worlds
from tests import builders
from tests.api import calling
from tests.api.conftest import PASSWORD, ROLES, Browser
from tests.api.test_dispatch import confirm, propose, report

SignIn = Callable[[str], Browser]
AREA = {"type": "Polygon", "coordinates": [[[111.5, 36.5], [111.6, 36.5], [111.6, 36.6], [111.5, 36.5]]]}
POINT = {"type": "Point", "coordinates": list(builders.on_main_road(4.5))}

# act → how it is reached: method, path and body; {incident} … are filled from the scene below
REACHED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "map.read": ("GET", "/layers", {}),
    "incident.read": ("GET", "/incidents", {}),
    "incident.report": (
        "POST",
        "/incidents",
        {"type": "landslide", "level": 4, "position": list(builders.on_main_road(1))},
    ),
    "incident.edit": ("PATCH", "/incidents/{incident}", {"changes": {"name": "东沟滑坡"}}),
    "incident.send_report": ("POST", "/incidents/{incident}/reports", {"report": "government_up"}),
    "incident.change_level": ("POST", "/incidents/{incident}/level", {"level": 3}),
    "incident.escalate": ("POST", "/incidents/{incident}/escalate", {}),
    "incident.close": ("POST", "/incidents/{quiet}/close", {}),
    "incident.cancel": ("POST", "/incidents/{false}/cancel", {}),
    "plan.read": ("GET", "/plans/{plan}", {}),
    "plan.propose": ("POST", "/plans", {"incidents": ["{quiet}"]}),
    "plan.prove": ("POST", "/plans/{plan}/prove", {}),
    "plan.replan": ("POST", "/plans/anew", {"incidents": ["{quiet}"]}),
    "plan.confirm": ("POST", "/plans/{plan}/confirm", {}),
    "plan.withdraw": ("POST", "/plans/{plan}/withdraw", {}),
    "message.read": ("GET", "/messages", {}),
    "message.send": ("POST", "/messages", {"body": "test"}),
    "message.acknowledge": ("POST", "/messages/{message}/acknowledge", {}),
    "timeline.read": ("GET", "/timeline", {}),
    "shift.read": ("GET", "/handovers", {}),
    "shift.hand_over": ("POST", "/handovers", {"taken_over_by": "Li"}),
    "order.read": ("GET", "/orders/{order}", {}),
    "order.link": ("POST", "/orders/{order}/link", {}),
    "order.acknowledge": ("POST", "/orders/{order}/acknowledge", {}),
    "order.depart": ("POST", "/orders/{order}/depart", {}),
    "order.arrive": ("POST", "/orders/{order}/arrive", {}),
    "order.finish": ("POST", "/orders/{order}/finish", {}),
    "order.refuse": ("POST", "/orders/{order}/refuse", {}),
    "order.cancel": ("POST", "/orders/{order}/cancel", {}),
    "order.call_village": ("POST", "/incidents/{incident}/villages", {"village": builders.WEST_VILLAGE}),
    "call.read": ("GET", "/calls/{call}", {}),
    "call.start": ("POST", "/calls", {"kind": "test", "text": "test", "place": "FF-05-001"}),
    "call.answer": ("POST", "/calls/{call}/people/{person}/answer", {}),
    "call.link": ("POST", "/calls/{call}/people/{person}/link", {}),
    "call.end": ("POST", "/calls/{call}/end", {}),
    "base_map.read": ("GET", "/tiles/9/400/200.mvt", {}),
    "position.read": ("GET", "/positions", {}),
    "position.report": (
        "POST",
        "/positions",
        {"fixes": [{"at": "2026-03-15T10:00:00Z", "position": [111, 36]}]},
    ),
    "tracker.read": ("GET", "/trackers", {}),
    "tracker.create": ("POST", "/trackers", {"name": "GPS", "kind": "team", "unit": 1}),
    "tracker.revoke": ("POST", "/trackers/1/revoke", {}),
    "aid.read": ("GET", "/aid", {}),
    "aid.request": ("POST", "/aid", {"incident": "{incident}", "to_area": builders.COUNTY}),
    "aid.answer": ("POST", "/aid/1/answer", {"grant": False, "text": "无"}),
    "aid.end": ("POST", "/aid/1/end", {}),
    "closure.read": ("GET", "/closures", {}),
    "closure.close": ("POST", "/closures", {"geometry": POINT}),
    "closure.edit": ("PATCH", "/closures/{closure}", {"reason": "snow"}),
    "closure.open": ("POST", "/closures/{closure}/open", {}),
    "hazard.read": ("GET", "/hazards", {}),
    "hazard.draw": ("POST", "/hazards", {"geometry": AREA}),
    "hazard.edit": ("PATCH", "/hazards/{hazard}", {"closes_roads": False}),
    "hazard.end": ("POST", "/hazards/{hazard}/end", {}),
    "resource.read": ("GET", "/teams", {}),
    "resource.edit": ("PATCH", "/teams/{team}", {"status": "on_duty"}),
    "grid.read": ("GET", "/grids/overview", {}),
    "grid.edit": ("POST", "/grids/edit", {"kind": "rename", "grids": ["FF-05-001"], "alias": "LX-{role}"}),
    "grid.mend": ("POST", "/grids/mending", {"theme": "forest_fire", "number": 0}),
    "grid.restore": ("POST", "/grids/undo", {"number": 1}),
    "grid.divide": (
        "POST",
        "/grids/making",
        {"theme": "forest_fire", "area": builders.COUNTY, "method": "divide", "each": 1},
    ),
    "grid.staff": ("POST", "/grids/{leaf}/duties", {"person": "P-none", "role": "ranger"}),
    "atlas.read": ("GET", "/atlas/{sheets}", {}),
    "atlas.print": ("POST", "/atlas", {"kind": "responsibility"}),
    "job.read": ("GET", "/jobs/1", {}),
    "job.cancel": ("POST", "/jobs/1/cancel", {}),
    "layer.export": ("POST", "/exports", {"layers": ["helipads"], "format": "csv", "people": "whole"}),
    "ledger.read": ("GET", "/ledgers", {}),
    "ledger.upload": ("POST", "/ledgers/1/preview", {}),
    "ledger.correct": ("PATCH", "/ledgers/1", {"sheet": 0}),
    "ledger.map": ("POST", "/ledgers/1/mapping", {"sheet": 0}),
    "ledger.drop": ("POST", "/ledgers/1/drop", {}),
    "ledger.apply": ("POST", "/ledgers/1/apply", {}),
    "ledger.undo": ("POST", "/ledgers/1/undo", {}),
    "audit.read": ("GET", "/audit", {}),
    "audit.verify": ("GET", "/audit/verdict", {}),
    "audit.export": ("POST", "/audit/export", {}),
    "own.read": ("GET", "/me/sessions", {}),
    "own.password": ("POST", "/me/password", {"old": PASSWORD, "new": PASSWORD}),
    "own.end_session": ("POST", "/me/sessions/none/end", {}),
    "account.read": ("GET", "/accounts", {}),
    "account.create": ("POST", "/accounts", {"name": "neu-{role}", "role": "viewer", "password": PASSWORD}),
    "account.disable": ("POST", "/accounts/township/disable", {}),
    "account.enable": ("POST", "/accounts/township/enable", {}),
    "account.make_key": ("POST", "/accounts/township/keys", {"days": 1}),
    "account.set_password": ("POST", "/accounts/township/password", {"password": PASSWORD}),
}
ONLY_LOCAL = {
    "county.export",
    "county.import",
    "layer.import",
    "osm.import",
    "demo.load",
    "terrain.import",
    "system.check",
    "call.escalate",
}
"""Acts of the command line and of the clockwork, which only a local administrator has."""
WITHOUT_REQUEST_ID = {"position.report", "job.cancel"}
"""Telemetry: a fix names itself by its moment, so its batch carries no request id; ending a job twice ends it once."""


def test_every_act_is_reached_or_local() -> None:
    """A new act must come into this walk; `personal.read` is no act of its own but what others may show."""
    assert set(ACTS) == set(REACHED) | ONLY_LOCAL | {"personal.read"}
    assert all(ACTS[act] == {"administrator"} for act in ONLY_LOCAL)


@pytest.fixture
def scene(commander: Browser, county: dict[str, int], engine: Engine) -> dict[str, Any]:
    """An incident with orders, a plan, a closure, a danger area, a call; ids by what they are called in paths."""
    with engine.begin() as connection:
        builders.add_duties(worlds.inside(connection, worlds.LIVE))
    incident, quiet, false = report(commander), report(commander), report(commander)
    order = next(one for one in confirm(commander, propose(commander, incident)) if one["kind"] == "team")
    plan = propose(commander, quiet)
    closure = commander.post("/closures", {"geometry": POINT}).json()["id"]
    hazard = commander.post("/hazards", {"geometry": AREA}).json()["id"]
    message = commander.post("/messages", {"body": "test"}).json()["id"]
    return {
        "incident": incident,
        "message": message,
        "hazard": hazard,
        "quiet": quiet,
        "false": false,
        "plan": plan["id"],
        "order": order["id"],
        "closure": closure,
        "leaf": builders.LEAF_GRID,
        "sheets": "responsibility",
        "team": county["far"],
        "call": calling.start(commander)["id"],
        "person": "TOWN",
    }


@pytest.mark.parametrize("role", ROLES)
def test_each_role_can_do_its_acts_and_no_other(sign_in: SignIn, scene: dict[str, int], role: Role) -> None:
    """Allowed acts get past the door (whatever the state then says); all others answer 403 and change nothing."""
    somebody = sign_in(role)
    for act, (method, path, body) in REACHED.items():
        send = somebody.send_plain if act in WITHOUT_REQUEST_ID else somebody.send
        answer = send(method, path.format(**scene), _filled(body, scene, role))
        allowed = role in ACTS[act]
        assert (answer.status_code != 403) == allowed, f"{role} {act}: {answer.status_code} {answer.text}"
        if not allowed:
            assert answer.json()["code"] == "not_allowed"
            assert answer.json()["details"] == {"act": act, "role": role}


def _filled(body: dict[str, Any], scene: dict[str, int], role: str) -> dict[str, Any]:
    filled = {
        key: value.format(role=role, **scene) if isinstance(value, str) else value
        for key, value in body.items()
    }
    if "incidents" in filled:
        filled["incidents"] = [scene["quiet"]]
    return filled


def test_nobody_gets_past_the_door(commander: Browser, scene: dict[str, int]) -> None:
    """Without a session every act answers 401, reading ones too."""
    commander.http.cookies.clear()
    for act, (method, path, body) in REACHED.items():
        answer = commander.send(method, path.format(**scene), _filled(body, scene, "nobody"))
        assert answer.status_code == 401, f"{act}: {answer.status_code}"
        assert answer.json()["code"] == "not_signed_in"


def test_people_are_masked_for_viewers(sign_in: SignIn, county: dict[str, int]) -> None:
    """Names and phones of people are for those who must call them; the rest of a team is for everybody."""
    seen = sign_in("viewer").get(f"/teams/{county['both']}").json()
    known = sign_in("duty_officer").get(f"/teams/{county['both']}").json()
    assert (known["contact_name"], known["contact_phone"]) == ("张三", "10000000001")
    assert "三" not in seen["contact_name"]
    assert "1000000" not in seen["contact_phone"]
    assert {key: seen[key] for key in seen if not key.startswith("contact")} == {
        key: known[key] for key in known if not key.startswith("contact")
    }
    layer = sign_in("viewer").get("/layers/teams/items").text
    assert "张三" not in layer
    assert "10000000001" not in layer


def test_the_last_administrator_stays(sign_in: SignIn) -> None:
    """A county that shuts its only administrator out could never let anybody in again."""
    answer = sign_in("administrator").post("/accounts/administrator/disable")
    assert (answer.status_code, answer.json()["code"]) == (409, "last_administrator")


def test_a_disabled_account_is_out_at_once(sign_in: SignIn) -> None:
    """Its sessions end with the act, and its password opens nothing."""
    viewer, administrator = sign_in("viewer"), sign_in("administrator")
    assert viewer.get("/incidents").status_code == 200
    assert administrator.post("/accounts/viewer/disable").status_code == 200
    assert viewer.get("/incidents").status_code == 401
    again = viewer.http.post("/api/v1/session", json={"name": "viewer", "password": PASSWORD})
    assert (again.status_code, again.json()["code"]) == (401, "login_wrong")
    assert administrator.post("/accounts/viewer/enable", {"request_id": str(uuid.uuid4())}).json()["active"]
