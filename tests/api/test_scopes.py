"""Every act by every role in the own area and in another one: what an account's area lets through, and what leaks."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import insert

from api.security import ACTS, AccountRole
from data import accounts, tables
from tests import builders
from tests.api.conftest import ROLES, Browser, Clock
from tests.api.test_dispatch import confirm, propose
from tests.api.test_roles import REACHED, SignIn, _filled, scene

assert scene  # the fixture

OTHER_COUNTY = "990102000000"
OTHER_TOWNSHIP = "990102100000"
NAME, PHONE = "欧阳独一", "10000000999"
Enter = Callable[..., Browser]

EVERYBODYS = {"own.read", "own.password", "own.end_session", "base_map.read", "audit.verify"}
"""Acts that are about oneself or nobody's area."""
LISTS = {
    act
    for act, (method, path, _) in REACHED.items()
    if method == "GET" and "{" not in path and act not in EVERYBODYS and act != "map.read"
}


@pytest.fixture
def enter(app: FastAPI, sign_in: SignIn, password_hash: str, clock: Clock) -> Enter:
    """Make an account for an area and sign it in."""
    with app.state.context.world.begin() as connection:
        connection.execute(
            insert(tables.areas),
            [
                {"code": OTHER_COUNTY, "level": "county", "name": "邻县"},
                {"code": OTHER_TOWNSHIP, "level": "township", "parent": OTHER_COUNTY, "name": "邻镇"},
            ],
        )

    def made(role: AccountRole, area: str, name: str = "somebody") -> Browser:
        with app.state.context.world.begin() as connection:
            accounts.insert_user(
                connection, name=name, role=role, password_hash=password_hash, at=clock.now, area_code=area
            )
        return sign_in(name)

    return made


def report(browser: Browser, node: float) -> dict[str, Any]:
    body = {"type": "landslide", "level": 3, "position": list(builders.on_main_road(node))}
    answer: dict[str, Any] = browser.post("/incidents", body).json()
    return answer


def empty(answer: Any) -> bool:
    """Whether an answer holds nothing: no list of it has an entry, no sum is more than none."""
    inside = answer.values() if isinstance(answer, dict) else answer if isinstance(answer, list) else ()
    return all(map(empty, inside)) if isinstance(answer, dict) else not answer


@pytest.mark.parametrize("role", ROLES)
def test_another_county_reaches_nothing(enter: Enter, scene: dict[str, int], role: AccountRole) -> None:
    """Whatever its role: other people's ids are not found or not allowed, lists are empty, and nothing is made there."""
    officer = enter("duty_officer", builders.COUNTY, "officer")
    scene = {**scene, "message": officer.post("/messages", {"body": "本县"}).json()["id"]}
    somebody = enter(role, OTHER_COUNTY)
    for act, (method, path, body) in REACHED.items():
        if act in EVERYBODYS or act == "map.read" or act.startswith(("position.", "tracker.")):
            continue
        if act == "message.send":  # to its own county
            continue
        answer = somebody.send(method, path.format(**scene), _filled(body, scene, role))
        told = f"{role} {act}: {answer.status_code} {answer.text[:300]}"
        if role not in ACTS[act]:
            assert answer.status_code == 403, told
        elif act in {"account.read", "audit.read", "audit.export"}:
            assert "commander" not in answer.text, told
        elif act == "shift.hand_over":  # its own desk, on which nothing of this county lies
            handed = answer.json()
            assert handed["area_code"] == OTHER_COUNTY, told
            assert not handed["summary"]["incidents"], told
            assert scene["message"] not in handed["summary"]["messages"], told
        elif act == "message.read":  # what the installation says to all is for it, too
            assert {one["sent_by"] for one in answer.json()} == {"commander"}, told
        elif act == "layer.export":  # headers and no row
            assert len(answer.text.strip().splitlines()) == 1, told
        elif act == "grid.mend":  # by a preview of grids that it cannot see
            assert answer.json()["code"] in {"grids_changed", "outside_your_area"}, told
        elif act in LISTS and answer.status_code == 200:
            assert empty(answer.json()), told
        else:
            assert answer.status_code in {403, 404}, told


@pytest.mark.parametrize("role", ROLES)
def test_the_own_county_is_held_by_the_table_alone(
    enter: Enter, scene: dict[str, int], role: AccountRole
) -> None:
    """An account of the county does there what its role holds, as one of the whole installation does."""
    somebody = enter(role, builders.COUNTY)
    for act, (method, path, body) in REACHED.items():
        if act in {"position.report", "account.create", "account.disable", "account.enable"}:
            continue
        if act in {"account.set_password", "account.make_key"}:
            continue
        answer = somebody.send(method, path.format(**scene), _filled(body, scene, role))
        allowed = role in ACTS[act]
        told = f"{role} {act}: {answer.status_code} {answer.text[:300]}"
        if not allowed:
            assert answer.status_code == 403, told
        elif answer.status_code == 403:  # who leads an incident is asked after the role
            assert answer.json()["code"] == "old_password_wrong", told


def test_a_township_leads_its_own_until_it_escalates(enter: Enter) -> None:
    """It plans with its own units, sees what is missing, hands over; then the county leads and it acts for its teams."""
    west = enter("township", builders.WEST_TOWNSHIP)
    county = enter("commander", builders.COUNTY, "county")
    assert report(west, 9)["code"] == "outside_your_area"
    incident = report(west, 2)
    assert incident["post"] == builders.WEST_TOWNSHIP
    plan = propose(west, incident["id"])
    sent = {unit["id"] for unit in plan["units"]["teams"]}
    assert sent <= {team["id"] for team in west.get("/teams").json()}
    assert plan["plan"]["unmet"] if "plan" in plan else plan["unmet"]
    orders = confirm(west, plan)

    done = west.post(f"/incidents/{incident['id']}/escalate", {"reason": "力量不足"})
    assert done.json()["post"] is None
    assert done.json()["escalated_by"] == "somebody"
    assert west.post(f"/incidents/{incident['id']}/escalate").json()["code"] == "county_leads_already"
    refused = west.post("/plans", {"incidents": [incident["id"]]})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_your_command")
    its_own = next(one for one in orders if one["kind"] == "team")
    assert west.post(f"/orders/{its_own['id']}/acknowledge").status_code == 200
    assert west.post(f"/orders/{its_own['id']}/cancel").json()["code"] == "not_your_command"
    listed = {one["id"]: one for one in county.get("/incidents").json()}
    assert listed[incident["id"]]["escalated_at"]
    assert county.post("/plans", {"incidents": [incident["id"]]}).status_code == 201


def test_a_township_makes_its_plan_anew_until_the_county_leads(
    enter: Enter, county: dict[str, int], clock: Clock
) -> None:
    """With its own units alone, for its own incidents alone; what it proposed it cannot accept once the county leads."""
    west = enter("township", builders.WEST_TOWNSHIP)
    chief = enter("commander", builders.COUNTY, "county")
    incident, beyond = report(west, 2)["id"], report(chief, 9)["id"]
    orders = confirm(west, propose(west, incident))
    clock.forward(minutes=30)
    plan = west.post("/plans/anew", {"incidents": [incident]}).json()
    assert set(plan["cancels"]) <= {one["id"] for one in orders}
    assert plan["cancels"], "nobody answered"
    sent = {one["id"] for one in plan["plan"]["assignments"] if one["kind"] == "team"}
    assert county["far"] not in sent
    both = west.post("/plans/anew", {"incidents": [incident, beyond]})
    assert (both.status_code, both.json()["code"]) == (404, "no_such_incident")
    west.post(f"/incidents/{incident}/escalate", {"reason": "力量不足"})
    refused = (
        west.post("/plans/anew", {"incidents": [incident]}),
        west.post(f"/plans/{plan['id']}/confirm"),
    )
    assert [(one.status_code, one.json()["code"]) for one in refused] == [(403, "not_your_command")] * 2
    assert chief.post("/plans/anew", {"incidents": [incident]}).status_code == 201


def test_a_township_sees_its_neighbours_on_the_map_without_words(enter: Enter, commander: Browser) -> None:
    """What happens next door stands on the map, since it may come over; what was said of it does not."""
    body = {
        "type": "landslide",
        "level": 2,
        "position": list(builders.on_main_road(8)),
        "name": "东沟",
        "description": "内部",
    }
    there = commander.post("/incidents", body).json()["id"]
    west = enter("township", builders.WEST_TOWNSHIP)
    state = west.get("/map/state")
    drawn = {one["properties"]["id"]: one["properties"] for one in state.json()["incidents"]["features"]}
    assert drawn[there]["name"] == ""
    assert "内部" not in state.text
    assert west.get(f"/incidents/{there}").status_code == 404
    assert there not in {one["id"] for one in west.get("/incidents").json()}


def test_administrators_of_a_county_keep_to_its_accounts(enter: Enter) -> None:
    """They make, shut out and reset accounts of their county, and do not see that there are others."""
    somebody = enter("administrator", builders.COUNTY)
    new = {"name": "西镇", "role": "township", "password": "a long enough word", "area_code": OTHER_TOWNSHIP}
    assert somebody.post("/accounts", new).json()["code"] == "outside_your_area"
    assert somebody.post("/accounts", {**new, "role": "viewer", "area_code": None}).status_code == 403
    made = somebody.post("/accounts", {**new, "area_code": builders.WEST_TOWNSHIP})
    assert made.status_code == 201
    assert {one["name"] for one in somebody.get("/accounts").json()} == {"somebody", "西镇"}
    assert somebody.post("/accounts/commander/disable").status_code == 404
    assert somebody.post("/accounts/commander/password", {"password": "another long word"}).status_code == 404


def test_people_never_leave_their_area(
    app: FastAPI, enter: Enter, commander: Browser, scene: dict[str, int], county: dict[str, int]
) -> None:
    """No address that can be read gives the name or number of a person to a viewer, or to another area's officer."""
    caller = {"reporter_name": "李报灾", "reporter_phone": "10000000777"}
    here = {"type": "landslide", "level": 3, "position": list(builders.on_main_road(2))}
    incident = commander.post("/incidents", {**here, **caller}).json()["id"]
    with app.state.context.world.begin() as connection:
        for table in (tables.teams, tables.depots):
            only = table.c.id == county["both" if table is tables.teams else "depot"]
            connection.execute(table.update().where(only).values(contact_name=NAME, contact_phone=PHONE))
    values = {
        **{name: 1 for route in app.routes if isinstance(route, APIRoute) for name in route.param_convertors},
        "incident_id": incident,
        "plan_id": scene["plan"],
        "order_id": scene["order"],
        "team_id": county["both"],
        "depot_id": county["depot"],
        "lot_id": county["lot"],
        "place_id": county["place"],
    }
    asking: dict[str, Any] = {
        "q": "张",
        "words": "张",
        "lon": 111.08,
        "lat": 36.0,
        "point": ["111,36", "111.1,36"],
    }
    secrets = (NAME, PHONE, *caller.values())
    readers = [
        enter("viewer", builders.COUNTY, "viewer-here"),
        enter("township", builders.EAST_TOWNSHIP, "east"),
        enter("commander", OTHER_COUNTY, "elsewhere"),
    ]
    read = 0
    for reader in readers:
        for path, methods in app.openapi()["paths"].items():
            if "get" not in methods or "stream" in path or path.endswith("/events"):
                continue
            for layer in ("teams", "people") if "{layer}" in path or "{collection" in path else ("",):
                known = {**values, "layer": layer, "collection": layer, "collection_id": layer}
                address = path.format(**{name: known.get(name, 1) for name in _names(path)})
                answer = reader.http.get(address, params=asking)
                read += answer.status_code == 200
                leaked = [one for one in secrets if one in answer.text or _escaped(one) in answer.text]
                assert not leaked, f"{address}: {leaked}"
    assert read > len(readers) * 10
    known_here = enter("township", builders.WEST_TOWNSHIP, "west").get(f"/teams/{county['both']}").json()
    assert (known_here["contact_name"], known_here["contact_phone"]) == (NAME, PHONE)
    with app.state.context.world.read() as connection:
        journal = connection.exec_driver_sql("SELECT string_agg(payload::text, ' ') FROM live.journal")
        kept = journal.scalar_one()
    assert not [one for one in secrets if one in kept]


def _names(path: str) -> list[str]:
    return [part[1:-1] for part in path.replace(".", "/").split("/") if part.startswith("{")]


def _escaped(text: str) -> str:
    return json.dumps(text)[1:-1]


def test_a_message_to_all_stays_in_its_county(enter: Enter) -> None:
    """All of a county's officer are its county and its townships; another county hears nothing."""
    sent = enter("duty_officer", builders.COUNTY).post("/messages", {"body": "注意余震"})
    assert sent.status_code == 201, sent.text
    heard = [one["body"] for one in enter("township", builders.WEST_TOWNSHIP, "west").get("/messages").json()]
    assert heard == ["注意余震"]
    assert enter("duty_officer", OTHER_COUNTY, "away").get("/messages").json() == []
