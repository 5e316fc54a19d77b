"""The table of acts on pages: each role is shown what it holds and nothing else, and a form that it was not shown is refused."""

import re
import uuid
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from shapely.geometry import box, mapping
from sqlalchemy import Engine, text

from api.context import Context
from api.security import ACCOUNT_ROLES, ACTS, AccountRole, local_administrator
from api.usecases import aid, calls, closures, hazards, incidents, messages, orders, plans, trackers
from api.usecases.call_chains import Where
from data import journal, worlds
from tests import builders
from tests.web.conftest import Reader

OTHER_COUNTY: Final = "990102000000"

# act → the page that offers it, and the address that its form or its confirm step has there
OFFERED: Final = {
    "incident.report": ("/incidents", "/incidents"),
    "incident.edit": ("/incidents/{incident}", "/incidents/{incident}/edit"),
    "incident.send_report": ("/incidents/{incident}", "/incidents/{incident}/reports"),
    "incident.change_level": ("/incidents/{incident}", "/incidents/{incident}/level"),
    "incident.escalate": ("/incidents/{incident}", "/incidents/{incident}/escalate"),
    "incident.close": ("/incidents/{incident}", "/confirm/incident.close/{incident}"),
    "incident.cancel": ("/incidents/{incident}", "/confirm/incident.cancel/{incident}"),
    "plan.propose": ("/incidents/{quiet}", "/plans"),
    "plan.replan": ("/incidents/{incident}/replan", "/incidents/{incident}/replan"),
    "plan.confirm": ("/plans/{plan}", "/plans/{plan}/confirm"),
    "plan.withdraw": ("/plans/{sent}", "/confirm/plan.withdraw/{sent}"),
    "order.link": ("/orders", "/orders/links"),
    "order.acknowledge": ("/orders", "/orders/{sent_order}/acknowledge"),
    "order.depart": ("/orders", "/orders/{acknowledged}/depart"),
    "order.arrive": ("/orders", "/orders/{departed}/arrive"),
    "order.finish": ("/orders", "/orders/{arrived}/finish"),
    "order.refuse": ("/orders", "/orders/{sent_order}/refuse"),
    "order.cancel": ("/orders", "/confirm/order.cancel/{sent_order}"),
    "order.call_village": ("/incidents/{incident}", "/incidents/{incident}/villages"),
    "call.start": ("/calls/new?place=FF-05-001", "/calls"),
    "call.answer": ("/calls/{call}", "/calls/{call}/people/TOWN/answer"),
    "call.link": ("/calls/{call}", "/calls/{call}/links"),
    "call.end": ("/calls/{call}", "/confirm/call.end/{call}"),
    "closure.close": ("/closures", "/closures"),
    "closure.edit": ("/closures", "/closures/{closure}/edit"),
    "closure.open": ("/closures", "/confirm/closure.open/{closure}"),
    "hazard.draw": ("/closures", "/closures"),
    "hazard.edit": ("/closures", "/hazards/{hazard}/edit"),
    "hazard.end": ("/closures", "/confirm/hazard.end/{hazard}"),
    "resource.edit": ("/resources/teams/{team}", "/resources/teams/{team}"),
    "message.send": ("/messages", "/messages"),
    "message.acknowledge": ("/messages", "/messages/{message}/acknowledge"),
    "shift.hand_over": ("/handover", "/handover"),
    "aid.request": ("/aid?incident={incident}", "/aid"),
    "aid.answer": ("/aid/{aid}", "/aid/{aid}/answer"),
    "aid.end": ("/aid/{aid}", "/confirm/aid.end/{aid}"),
    "tracker.create": ("/trackers", "/trackers"),
    "tracker.revoke": ("/trackers", "/confirm/tracker.revoke/{tracker}"),
    "account.create": ("/accounts", "/accounts"),
    "account.disable": ("/accounts", "/confirm/account.disable/{account}"),
    "account.enable": ("/accounts", "/accounts/gone/enable"),
    "account.set_password": ("/accounts", "/accounts/viewer/password"),
    "atlas.print": ("/atlas", "/atlas"),
    "audit.verify": ("/audit", "/audit/verify"),
    "audit.export": ("/audit", "/audit/export"),
    "own.password": ("/me", "/me/password"),
    "own.end_session": ("/me", "/me/sessions/end"),
}
ELSEWHERE: Final = {
    "position.report",  # a telephone's and a tracker's
    "call.escalate",  # the clockwork's
    "order.unlink",  # held with order.link; shown where there is a link
    "account.make_key",  # of the command line and the API
    "job.cancel",  # offered while a job runs
    # shown on pages that this scene has no grids and no ledger for: walked by tests/api/test_roles.py
    "grid.divide",
    "grid.edit",
    "grid.mend",
    "grid.restore",
    "grid.staff",
    "ledger.apply",
    "ledger.correct",
    "ledger.drop",
    "ledger.map",
    "ledger.undo",
    "ledger.upload",
    "plan.prove",  # offered where a proof is open
    "county.export",
    "county.import",
    "layer.import",
    "layer.export",  # offered as a choice of the form that everybody has
    "osm.import",
    "terrain.import",
    "demo.load",
    "system.check",
}
"""Writing acts that no page of this scene offers."""

# what a form that was made by hand says, where the address alone is not enough
SAID: Final[dict[str, dict[str, str]]] = {
    "incident.report": {"type": "landslide", "level": "4", "lon": "111.05", "lat": "36.0"},
    "incident.edit": {"name": "test"},
    "incident.send_report": {"report": "government_up"},
    "incident.change_level": {"level": "3"},
    "plan.propose": {"incidents": "{quiet}"},
    "order.link": {"order": "{sent_order}"},
    "call.start": {"kind": "test", "place": "FF-05-001", "text": "test"},
    "call.link": {"person": "TOWN"},
    "order.call_village": {"village": builders.WEST_VILLAGE, "tasks": "guide"},
    "closure.close": {"lon": "111.05", "lat": "36.0"},
    "hazard.draw": {
        "kind": "hazard",
        "geometry": "111.5,36.5;111.6,36.5;111.6,36.6;111.5,36.5",
    },
    "incident.cancel": {"reason": "test"},
    "order.cancel": {"reason": "test"},
    "resource.edit": {"status": "on_duty", "strength": "5", "note": ""},
    "message.send": {"body": "test"},
    "shift.hand_over": {"taken_over_by": "Li"},
    "aid.request": {"incident": "{incident}", "to_area": OTHER_COUNTY, "text": "test"},
    "aid.answer": {"grant": "false", "text": "no"},
    "tracker.create": {"name": "GPS", "unit": "team:1"},
    "account.create": {"name": "new", "role": "viewer"},
}


def context_of(client: TestClient) -> Context:
    """The running application's context."""
    assert isinstance(client.app, FastAPI)
    context = client.app.state.context
    assert isinstance(context, Context)
    return context


@pytest.fixture
def scene(client: TestClient, ids: dict[str, int], engine: Engine) -> dict[str, Any]:
    """Something of everything, in each state that an act needs; ids by what they are called in addresses."""
    context = context_of(client).acting(local_administrator("tests"))

    def report(node: float) -> int:
        return incidents.report(
            context,
            request_id=uuid.uuid4(),
            type="landslide",
            level=4,
            position=builders.on_main_road(node),
        ).id

    def propose(*which: int) -> int:
        return plans.propose(context, request_id=uuid.uuid4(), incidents=which).id

    incident = report(5)
    sent = propose(incident)
    its_orders = [one.id for one in plans.confirm(context, sent, request_id=uuid.uuid4())]
    steps = ("acknowledge", "depart", "arrive")
    for done, order in enumerate(its_orders[:4]):
        for step in steps[:done]:
            orders.step(context, order, step, request_id=uuid.uuid4())
    quiet = report(6)
    point = {"type": "Point", "coordinates": list(builders.on_main_road(1))}
    area = mapping(box(111.5, 36.5, 111.6, 36.6))
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO areas (code, level, name) VALUES (:code, 'county', '邻县')"),
            {"code": OTHER_COUNTY},
        )
        connection.execute(
            text("UPDATE live.incidents SET post = :post WHERE id = :id"),
            {"post": builders.WEST_TOWNSHIP, "id": incident},
        )
        connection.execute(
            text(
                "INSERT INTO users (name, role, password_hash, active, created_at, password_changed_at)"
                " SELECT 'gone', role, password_hash, false, :at, :at FROM users WHERE name = 'viewer'"
            ),
            {"at": datetime.now(UTC)},
        )
        account = connection.scalar(text("SELECT id FROM users WHERE name = 'viewer'"))
        builders.add_duties(worlds.inside(connection, worlds.LIVE))
    asked = aid.request(context, quiet, request_id=uuid.uuid4(), to_area=OTHER_COUNTY, text="test")
    return {
        "incident": incident,
        "quiet": quiet,
        "sent": sent,
        "plan": propose(quiet),
        "sent_order": its_orders[0],
        "acknowledged": its_orders[1],
        "departed": its_orders[2],
        "arrived": its_orders[3],
        "closure": closures.close(context, request_id=uuid.uuid4(), geometry=point).id,
        "hazard": hazards.draw(context, request_id=uuid.uuid4(), geometry=area).id,
        "team": ids["far"],
        "message": messages.send(context, request_id=uuid.uuid4(), body="test").id,
        "aid": asked.id,
        "call": calls.start(
            context,
            Where(place="FF-05-001"),
            request_id=uuid.uuid4(),
            kind="test",
            text="test",
            direction="up",
        ).call.id,
        "tracker": trackers.create(
            context, request_id=uuid.uuid4(), name="GPS", unit=("team", ids["far"])
        ).tracker.id,
        "account": account,
    }


def test_every_writing_act_is_walked_or_named() -> None:
    """A new act comes onto a page, or among those that no page offers."""
    writing = {act for act in ACTS if not act.endswith(".read")}
    assert writing == set(OFFERED) | (ELSEWHERE & set(ACTS))
    assert not set(OFFERED) & ELSEWHERE


@pytest.mark.parametrize("role", ACCOUNT_ROLES)
def test_a_role_is_shown_its_acts_and_no_other(
    client: TestClient, scene: dict[str, Any], role: AccountRole
) -> None:
    """A button that answers "not allowed" is a promise broken; one that is missing is an act that nobody finds."""
    Reader(client, role)  # a login that can be ended
    somebody = Reader(client, role)
    pages = {page.format(**scene): "" for page, _ in OFFERED.values()}
    for path in pages:
        answer = somebody.get(path)
        assert answer.status_code in {200, 403}, path
        pages[path] = answer.text if answer.status_code == 200 else ""
    wrong = {
        act: shown
        for act, (page, address) in OFFERED.items()
        if (shown := _offers(pages[page.format(**scene)], act, address.format(**scene)))
        != (role in ACTS[act])
    }
    assert wrong == {}, f"{role}: act → whether it is shown"


def _offers(html: str, act: str, address: str) -> bool:
    """Whether a page has the form of an act, or the link to its confirm step or to the page of its form."""
    if act == "hazard.draw":  # a choice in the form that closes roads
        return 'name="kind" value="hazard"' in html
    tags = r"a|form" if address.startswith("/confirm/") or act == "incident.edit" else "form"
    return bool(re.search(rf'<({tags})\b[^>]*\b(action|href)="{re.escape(address)}["?]', html))


@pytest.mark.parametrize("role", ACCOUNT_ROLES)
def test_a_form_made_by_hand_is_refused_to_whoever_does_not_hold_its_act(
    client: TestClient, scene: dict[str, Any], role: AccountRole
) -> None:
    """Hiding a button protects nothing: the act itself asks, and says in words why not; nothing is journaled."""
    context = context_of(client)

    def newest() -> int:
        with context.world.read() as connection:
            return journal.latest(connection)

    somebody = Reader(client, role)
    token = re.findall(r'name="csrf_token" value="([^"]+)"', somebody.get("/incidents").text)[0]
    before, wrong = newest(), {}
    for act, (_, address) in OFFERED.items():
        if role in ACTS[act]:
            continue
        path = _sent_to(address.format(**scene), act)
        said = {name: value.format(**scene) for name, value in SAID.get(act, {}).items()}
        hidden = {"csrf_token": token, "request_id": str(uuid.uuid4())}
        answer = client.post(path, data={**hidden, **said})
        if answer.status_code != 403 or 'role="alert"' not in answer.text:
            wrong[act] = answer.status_code
    assert wrong == {}, f"{role}: act → what was answered"
    assert newest() == before


def _sent_to(address: str, act: str) -> str:
    """The address that a confirm step's form goes to."""
    confirmed = re.fullmatch(r"/confirm/(\w+)\.(\w+)/(\d+)", address)
    if confirmed is None:
        return address
    if act == "account.disable":
        return "/accounts/viewer/disable"
    subject, what, identity = confirmed.groups()
    plural = {"aid": "aid"}.get(subject, f"{subject}s")
    return f"/{plural}/{identity}/{what}"
