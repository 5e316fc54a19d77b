"""Running orders made anew through HTTP: what is proposed, what accepting does, and what stands in its way."""

import uuid
from typing import Any

import pytest

from api.context import Context
from tests import builders
from tests.api.conftest import Browser, Clock
from tests.api.test_dispatch import confirm, free, propose, report
from tests.api.test_order_links import link
from tests.api.test_positions import fixes


def anew(browser: Browser, *incidents: int, **more: Any) -> dict[str, Any]:
    answer = browser.post("/plans/anew", {"incidents": list(incidents), **more})
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()
    return document


def codes(browser: Browser, incident: int) -> set[str]:
    return {one["code"] for one in browser.get(f"/incidents/{incident}/triggers").json()}


def step(browser: Browser, order: int, act: str) -> None:
    answer = browser.post(f"/orders/{order}/{act}", {"reason": "test"})
    assert answer.status_code == 200, answer.text


def effect(browser: Browser, **drawing: Any) -> dict[str, Any]:
    """What a drawing would do; nothing is stored, so no request id is sent."""
    answer = browser.http.post("/api/v1/closures/effect", json=drawing)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def medics(county: dict[str, int]) -> set[int]:
    return {county["both"], county["medical"], county["far"]}


def medic(sent: list[dict[str, Any]]) -> dict[str, Any]:
    """The order that brings medical aid: two other teams could."""
    return next(one for one in sent if one["kind"] == "team" and one["lines"][0]["code"] == "medical")


def sent_by(plan: dict[str, Any]) -> set[int]:
    return {one["id"] for one in plan["plan"]["assignments"] if one["kind"] == "team"}


@pytest.fixture
def running(commander: Browser) -> tuple[int, list[dict[str, Any]]]:
    """An incident with its orders just sent."""
    incident = report(commander)
    return incident, confirm(commander, propose(commander, incident))


def test_while_all_goes_as_planned_nothing_is_proposed(
    commander: Browser, running: tuple[int, list[dict[str, Any]]]
) -> None:
    """No notice, and a plan made anew all the same ends nobody and repeats nothing that is under way."""
    incident, sent = running
    outstanding = commander.get(f"/incidents/{incident}").json()["outstanding"]
    assert codes(commander, incident) == ({"grown"} if outstanding else set())
    plan = anew(commander, incident)
    assert plan["cancels"] == []
    assert not {one["id"] for one in plan["plan"]["assignments"]} & {one["team_id"] for one in sent}


def test_a_refused_order_gets_its_substitute_and_is_not_asked_again(
    commander: Browser, county: dict[str, int], running: tuple[int, list[dict[str, Any]]]
) -> None:
    """Whoever refused is idle again, and would be nearest: the substitute is somebody else."""
    incident, sent = running
    medical = medic(sent)
    step(commander, medical["id"], "refuse")
    assert "refused" in codes(commander, incident)
    plan = anew(commander, incident)
    assert medical["team_id"] not in sent_by(plan)
    assert sent_by(plan) & medics(county)
    assert plan["bans"] == [{"kind": "team", "id": medical["team_id"], "incident": incident}]


def test_a_silent_order_is_ended_and_replaced_at_one_click(
    commander: Browser,
    county: dict[str, int],
    clock: Clock,
    running: tuple[int, list[dict[str, Any]]],
) -> None:
    """Everybody else has answered. Accepting ends the silent order and sends the substitute, in one transaction."""
    incident, sent = running
    medical = medic(sent)
    for order in sent:
        if order["id"] != medical["id"]:
            step(commander, order["id"], "acknowledge")
    clock.forward(minutes=30)
    assert "no_answer" in codes(commander, incident)
    plan = anew(commander, incident)
    assert plan["cancels"] == [medical["id"]]
    made = confirm(commander, plan)
    assert {one["team_id"] for one in made} & medics(county) - {medical["team_id"]}
    assert commander.get(f"/orders/{medical['id']}").json()["state"] == "cancelled"
    assert "no_answer" not in codes(commander, incident)


def test_a_plan_made_anew_is_not_searched_on(
    commander: Browser, clock: Clock, running: tuple[int, list[dict[str, Any]]]
) -> None:
    """Its proof is of what runs and what is new together: a search for the new orders alone would forget what it ends."""
    incident, _ = running
    clock.forward(minutes=30)
    plan = anew(commander, incident)
    refused = commander.post(f"/plans/{plan['id']}/prove")
    assert (refused.status_code, refused.json()["code"]) == (409, "plan_made_anew")
    assert commander.get(f"/plans/{plan['id']}").json() == plan


def test_keeping_sends_the_substitute_besides(
    commander: Browser,
    county: dict[str, int],
    clock: Clock,
    running: tuple[int, list[dict[str, Any]]],
) -> None:
    """The commander may trust the silent team all the same: nothing is ended."""
    incident, sent = running
    medical = medic(sent)
    for order in sent:
        if order["id"] != medical["id"]:
            step(commander, order["id"], "acknowledge")
    clock.forward(minutes=30)
    plan = anew(commander, incident)
    body = {"request_id": str(uuid.uuid4()), "keep": True}
    first = commander.post(f"/plans/{plan['id']}/confirm", body)
    again = commander.post(f"/plans/{plan['id']}/confirm", body)
    assert (first.status_code, again.json()) == (200, first.json())
    assert {one["team_id"] for one in first.json()} & medics(county) - {medical["team_id"]}
    assert commander.get(f"/orders/{medical['id']}").json()["state"] == "sent"


def test_an_answer_in_the_meantime_stops_the_change(
    commander: Browser,
    clock: Clock,
    context: Context,
    running: tuple[int, list[dict[str, Any]]],
) -> None:
    """The team answers while the commander reads: nothing is ended and nothing sent."""
    incident, sent = running
    medical = medic(sent)
    clock.forward(minutes=30)
    plan = anew(commander, incident)
    assert medical["id"] in plan["cancels"]
    step(commander, medical["id"], "acknowledge")
    with context.world.read() as connection:
        before = builders.count(connection, "orders")
    refused = commander.post(f"/plans/{plan['id']}/confirm")
    assert (refused.status_code, refused.json()["code"]) == (409, "plan_outdated")
    changed = refused.json()["details"]["changed"]
    assert ("order", medical["id"], "state") in {(one["kind"], one["id"], one["field"]) for one in changed}
    with context.world.read() as connection:
        assert builders.count(connection, "orders") == before


def test_ended_carriers_give_their_stock_back(
    commander: Browser,
    county: dict[str, int],
    clock: Clock,
    context: Context,
    running: tuple[int, list[dict[str, Any]]],
) -> None:
    """Nobody answers at the depot: the promised goods are free again, and the same amount goes with another carrier."""
    incident, sent = running
    loaded = next(one for one in sent if one["kind"] == "carrier")
    promised = free(context, county["lot"])[1]
    for order in sent:
        if order["id"] != loaded["id"]:
            step(commander, order["id"], "acknowledge")
    clock.forward(minutes=30)
    plan = anew(commander, incident)
    assert loaded["id"] in plan["cancels"]
    (shipment,) = plan["plan"]["shipments"]
    assert shipment["carrier"] != loaded["vehicle_id"]
    confirm(commander, plan)
    assert commander.get(f"/orders/{loaded['id']}").json()["state"] == "cancelled"
    assert free(context, county["lot"])[1] == promised


def test_a_growing_incident_asks_for_the_difference(
    commander: Browser, running: tuple[int, list[dict[str, Any]]]
) -> None:
    """The level is raised: a notice, and a plan that ends nobody."""
    incident, _ = running
    commander.post(f"/incidents/{incident}/level", {"level": 2})
    assert "grown" in codes(commander, incident)
    plan = anew(commander, incident)
    keeping, change = ([tier["value"] for tier in plan[which]["tiers"]] for which in ("keeping", "plan"))
    assert change[:5] <= keeping[:5]


def test_a_closure_on_the_way_is_seen_and_names_the_orders(
    commander: Browser, running: tuple[int, list[dict[str, Any]]], clock: Clock
) -> None:
    """Closing the main road before the scene touches those who still have to pass; opening it is told as well."""
    incident, sent = running
    clock.forward(minutes=1)
    drawn = {
        "type": "LineString",
        "coordinates": [[builders.on_main_road(4.5)[0], 35.99], [builders.on_main_road(4.5)[0], 36.01]],
    }
    preview = effect(commander, geometry=drawn)
    closed = commander.post("/closures", {"geometry": drawn}).json()
    stored = commander.get(f"/closures/{closed['id']}/effect").json()
    assert preview["orders"] == stored["orders"]
    assert set(stored["orders"]) & {one["id"] for one in sent}
    assert stored["incidents"] == [incident]
    assert "road_closed" in codes(commander, incident)
    plan = anew(commander, incident)
    assert plan["plan"]["tiers"] is not None
    clock.forward(minutes=1)
    commander.post(f"/closures/{closed['id']}/open")
    assert "road_closed" not in codes(commander, incident)


def test_who_is_seen_behind_a_closure_is_not_touched_by_it(
    commander: Browser, county: dict[str, int], running: tuple[int, list[dict[str, Any]]], clock: Clock
) -> None:
    """Without a position the whole way counts; once a unit was seen past the place, it and the notice leave it out."""
    incident, sent = running
    lon = builders.on_main_road(4.5)[0]
    drawn = {"type": "LineString", "coordinates": [[lon, 35.99], [lon, 36.01]]}
    before = effect(commander, geometry=drawn)["orders"]
    order = next(one for one in sent if one["kind"] == "team" and one["team_id"] == county["landslide"])
    passing, token = order["id"], link(commander, order)
    assert passing in before
    for act in ("acknowledge", "depart"):
        commander.post(f"/order-links/{token}/{act}")
    clock.forward(minutes=5)
    assert effect(commander, geometry=drawn)["orders"] == before
    seen = commander.http.post(f"/api/v1/order-links/{token}/positions", json=fixes(clock, 4.8, 4.9))
    assert seen.json()["stored"] == 2
    assert effect(commander, geometry=drawn)["orders"] == [one for one in before if one != passing]
    commander.post("/closures", {"geometry": drawn})
    triggers = commander.get(f"/incidents/{incident}/triggers").json()
    (notice,) = (one for one in triggers if one["code"] == "road_closed")
    assert passing not in notice["orders"]
    clock.forward(minutes=30)
    assert passing in effect(commander, geometry=drawn)["orders"], "an old position says nothing"


def test_a_closure_names_the_villages_it_cuts_off(commander: Browser) -> None:
    """The east village hangs on two roads: the second closure takes the last one; the preview says so before it is stored."""
    lon = builders.on_main_road(7)[0]
    south = {"type": "LineString", "coordinates": [[lon + 0.01, 35.99], [lon + 0.01, 36.01]]}
    east = {"type": "LineString", "coordinates": [[lon + 0.03, 35.99], [lon + 0.03, 36.01]]}
    assert effect(commander, geometry=south)["cut_off"] == []
    commander.post("/closures", {"geometry": south})
    both = effect(commander, geometry=east)
    villages = [one for one in both["cut_off"] if one["kind"] == "village"]
    assert [one["code"] for one in villages] == [builders.EAST_VILLAGE]
    assert both["people"] == villages[0]["people"] > 0
    later = effect(commander, geometry=east, starts_at="2030-01-01T00:00:00+08:00")
    assert later["at"].startswith("2030-01-01T00")


def test_danger_areas_live_and_end(commander: Browser) -> None:
    """Drawn, tied to an incident, changed, on the map, planned round, ended once."""
    incident = report(commander)
    x = builders.on_main_road(4.5)[0]
    ring = [
        [x - 0.002, 35.99],
        [x + 0.002, 35.99],
        [x + 0.002, 36.01],
        [x - 0.002, 36.01],
        [x - 0.002, 35.99],
    ]
    area = {"type": "Polygon", "coordinates": [ring]}
    before = propose(commander, incident)
    drawn = commander.post("/hazards", {"geometry": area, "incident": incident, "reason": "crack"}).json()
    refused = commander.post(f"/plans/{before['id']}/confirm")
    assert refused.status_code == 409
    assert "hazard" in {one["kind"] for one in refused.json()["details"]["changed"]}
    worth = [
        [tier["value"] for tier in plan["plan"]["tiers"]] for plan in (before, propose(commander, incident))
    ]
    assert worth[1] > worth[0]
    (feature,) = commander.get("/map/state").json()["hazards"]["features"]
    assert feature["properties"]["reason"] == "crack"
    edited = commander.send(
        "PATCH", f"/hazards/{drawn['id']}", {"closes_roads": False, "reason": "watch"}
    ).json()
    assert (edited["closes_roads"], edited["reason"], edited["incident_id"]) == (False, "watch", incident)
    assert commander.post(f"/hazards/{drawn['id']}/end").json()["ended_by"] == "commander"
    assert commander.post(f"/hazards/{drawn['id']}/end").json()["code"] == "already_done"
    assert commander.get("/hazards").json() == []
    point = {"type": "Point", "coordinates": [x, 36.0]}
    assert commander.post("/hazards", {"geometry": point}).json()["code"] == "geometry_kind_wrong"


def test_a_closure_is_changed_and_remembers_where(commander: Browser) -> None:
    """Time and reason change, the place does not; an opened one cannot be changed."""
    point = {"type": "Point", "coordinates": list(builders.on_main_road(4.5))}
    closed = commander.post("/closures", {"geometry": point}).json()
    body = {"factor_percent": 300, "ends_at": "2026-03-16T08:00:00+08:00", "reason": "one lane"}
    edited = commander.send("PATCH", f"/closures/{closed['id']}", body).json()
    assert (edited["factor_percent"], edited["reason"], edited["geometry"]) == (
        300,
        "one lane",
        closed["geometry"],
    )
    commander.post(f"/closures/{closed['id']}/open")
    again = commander.send("PATCH", f"/closures/{closed['id']}", body)
    assert (again.status_code, again.json()["code"]) == (409, "already_done")
