"""From an incident to an acknowledged order, through HTTP: propose, confirm, refuse, cancel."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from api.context import Context
from data import worlds
from tests import builders
from tests.api.conftest import Browser, Clock

AT_NODE_5 = {"type": "landslide", "level": 4, "position": list(builders.on_main_road(5))}


def report(browser: Browser, **changes: Any) -> int:
    """Report a landslide in the middle of the main road and return its id."""
    answer = browser.post("/incidents", {**AT_NODE_5, **changes})
    assert answer.status_code == 201, answer.text
    number: int = answer.json()["id"]
    return number


def propose(browser: Browser, *incidents: int, **changes: Any) -> dict[str, Any]:
    """Propose a plan and return its document."""
    answer = browser.post("/plans", {"incidents": list(incidents), **changes})
    assert answer.status_code == 201, answer.text
    plan: dict[str, Any] = answer.json()
    return plan


def confirm(browser: Browser, plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Confirm a plan and return its orders."""
    answer = browser.post(f"/plans/{plan['id']}/confirm")
    assert answer.status_code == 200, answer.text
    orders: list[dict[str, Any]] = answer.json()
    return orders


def teams_of(plan: dict[str, Any]) -> set[int]:
    return {one["id"] for one in plan["plan"]["assignments"] if one["kind"] == "team"}


def free(context: Context, lot: int) -> tuple[int, int]:
    """Return what a lot has on hand and what of it is promised."""
    with context.world.read() as connection:
        row = connection.exec_driver_sql(
            f"SELECT quantity, reserved FROM live.stock_lots WHERE id = {lot}"
        ).one()
    return row.quantity, row.reserved


def test_a_landslide_becomes_acknowledged_orders(
    commander: Browser, county: dict[str, int], context: Context, clock: Clock
) -> None:
    """The whole way once: report, propose, confirm, acknowledge, depart, arrive, finish, close."""
    incident = report(commander)
    plan = propose(commander, incident)
    assert {county["both"], county["landslide"], county["medical"]} & teams_of(plan)
    assert all(tier["proven"] for tier in plan["plan"]["tiers"])
    assert plan["baseline"]["assignments"]
    orders = confirm(commander, plan)
    assert {order["state"] for order in orders} == {"sent"}
    carried = next(order for order in orders if order["kind"] == "carrier")
    promised = sum(line["quantity"] for line in carried["lines"])
    assert free(context, county["lot"]) == (500, promised)
    for order in orders:
        for act in ("acknowledge", "depart", "arrive", "finish"):
            clock.forward(minutes=1)
            done = commander.post(f"/orders/{order['id']}/{act}")
            assert done.status_code == 200, done.text
    assert free(context, county["lot"]) == (500 - promised, 0)
    assert commander.post(f"/incidents/{incident}/close").json()["state"] == "closed"
    assert commander.get("/orders?only_open=true").json() == []


def test_the_plan_names_its_units_and_their_ways(commander: Browser, county: dict[str, int]) -> None:
    """A page draws a plan from its document and its routes alone: every id in it has a name and a way."""
    plan = propose(commander, report(commander))
    named = {unit["id"] for unit in plan["units"]["teams"]}
    assert teams_of(plan) <= named
    routes = commander.get(f"/plans/{plan['id']}/routes").json()
    drawn = {(one["properties"]["kind"], one["properties"]["id"]) for one in routes["features"]}
    assert {(one["kind"], one["id"]) for one in plan["plan"]["assignments"]} <= drawn
    assert ("carrier", county["carrier"]) in drawn or ("carrier", county["second_carrier"]) in drawn
    assert commander.get(f"/plans/{plan['id']}").json() == plan


def test_pins_and_bans_are_obeyed(commander: Browser, county: dict[str, int]) -> None:
    """The commander's word is a constraint: a banned team stays, a pinned one goes."""
    incident = report(commander)
    chosen = teams_of(propose(commander, incident))
    banned = min(chosen)
    without = propose(commander, incident, bans=[{"kind": "team", "id": banned}])
    assert banned not in teams_of(without)
    pinned = propose(commander, incident, pins=[{"kind": "team", "id": county["far"], "incident": incident}])
    assert county["far"] in teams_of(pinned)
    assert pinned["pins"] == [{"kind": "team", "id": county["far"], "incident": incident}]


def test_the_same_proposal_is_made_once(commander: Browser) -> None:
    """A repeated request gets the stored plan, not another one."""
    body = {"incidents": [report(commander)], "request_id": str(uuid.uuid4())}
    first, again = commander.post("/plans", body), commander.post("/plans", body)
    assert first.json() == again.json()
    assert commander.get(f"/plans/{first.json()['id'] + 1}").status_code == 404


def test_a_repeated_confirmation_gives_the_same_orders(commander: Browser, context: Context) -> None:
    """A commit whose answer was lost must not send everybody twice."""
    plan = propose(commander, report(commander))
    body = {"request_id": str(uuid.uuid4())}
    first = commander.post(f"/plans/{plan['id']}/confirm", body)
    again = commander.post(f"/plans/{plan['id']}/confirm", body)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    with context.world.read() as connection:
        assert builders.count(connection, "orders") == len(first.json())
    third = commander.post(f"/plans/{plan['id']}/confirm")
    assert (third.status_code, third.json()["code"]) == (409, "already_done")


def test_raising_the_level_plans_only_the_difference(commander: Browser) -> None:
    """What is ordered counts: the second plan asks for what the higher level adds, and sends nobody twice."""
    incident = report(commander)
    first = propose(commander, incident)
    confirm(commander, first)
    left = {
        need["key"]: need["quantity"]
        for need in commander.get(f"/incidents/{incident}").json()["outstanding"]
    }
    raised = commander.post(f"/incidents/{incident}/level", {"level": 3}).json()
    added = {need["key"]: need["quantity"] for need in raised["outstanding"]}
    assert sum(added.values()) > sum(left.values())
    second = propose(commander, incident)
    assert not teams_of(first) & teams_of(second)


@dataclass(frozen=True)
class Scene:
    """A proposed plan that nobody has confirmed yet."""

    browser: Browser
    context: Context
    county: dict[str, int]
    plan: dict[str, Any]
    incident: int

    def execute(self, *statements: str) -> None:
        with self.context.world.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)


def _team_off_duty(scene: Scene) -> None:
    team = min(teams_of(scene.plan))
    assert scene.browser.send("PATCH", f"/teams/{team}", {"status": "resting"}).status_code == 200


def _less_stock(scene: Scene) -> None:
    lot = scene.county["lot"]
    assert scene.browser.send("PATCH", f"/lots/{lot}", {"quantity": 1}).status_code == 200


def _level_raised(scene: Scene) -> None:
    assert scene.browser.post(f"/incidents/{scene.incident}/level", {"level": 2}).status_code == 200


def _cancelled(scene: Scene) -> None:
    assert scene.browser.post(f"/incidents/{scene.incident}/cancel").status_code == 200


def _other_plan(scene: Scene) -> None:
    other = report(scene.browser, position=list(builders.on_main_road(4.5)))
    confirm(scene.browser, propose(scene.browser, other))


def _road_closed(scene: Scene) -> None:
    point = {"type": "Point", "coordinates": list(builders.on_main_road(4.5))}
    assert scene.browser.post("/closures", {"geometry": point}).status_code == 201


def _depot_closed(scene: Scene) -> None:
    depot = scene.county["depot"]
    assert scene.browser.send("PATCH", f"/depots/{depot}", {"open": False}).status_code == 200


def _carrier_broken(scene: Scene) -> None:
    carrier = scene.plan["plan"]["shipments"][0]["carrier"]
    assert scene.browser.send("PATCH", f"/vehicles/{carrier}", {"in_service": False}).status_code == 200


def _capability_lost(scene: Scene) -> None:
    scene.execute(f"DELETE FROM team_capabilities WHERE team_id = {min(teams_of(scene.plan))}")


@pytest.mark.parametrize(
    ("change", "kind", "field"),
    [
        (_team_off_duty, "team", "status"),
        (_capability_lost, "team", "capabilities"),
        (_less_stock, "lot", "quantity"),
        (_depot_closed, "depot", "open"),
        (_carrier_broken, "carrier", "available"),
        (_level_raised, "incident", "level"),
        (_cancelled, "incident", "gone"),
        (_other_plan, "team", "status"),
        (_road_closed, "closure", "new"),
    ],
)
def test_a_plan_whose_ground_changed_is_refused_with_what_changed(
    commander: Browser,
    context: Context,
    county: dict[str, int],
    *,
    change: Callable[[Scene], None],
    kind: str,
    field: str,
) -> None:
    """Nothing may be sent on an outdated plan; the answer lists the changes, and no order is written."""
    incident = report(commander)
    plan = propose(commander, incident)
    change(Scene(commander, context, county, plan, incident))
    before = len(commander.get("/orders").json())
    answer = commander.post(f"/plans/{plan['id']}/confirm")
    assert (answer.status_code, answer.json()["code"]) == (409, "plan_outdated"), answer.text
    assert (kind, field) in {(one["kind"], one["field"]) for one in answer.json()["details"]["changed"]}
    assert len(commander.get("/orders").json()) == before
    assert commander.get(f"/plans/{plan['id']}").json()["state"] == "proposed"


def test_a_closure_elsewhere_and_an_idle_team_do_not_matter(
    commander: Browser, county: dict[str, int]
) -> None:
    """Only what the plan rests on can stop it: a county is never at rest."""
    plan = propose(commander, report(commander))
    idle = ({county["both"], county["landslide"], county["medical"], county["far"]} - teams_of(plan)).pop()
    commander.send("PATCH", f"/teams/{idle}", {"status": "off_duty"})
    in_the_zone = [builders.on_main_road(5)[0], builders.SOUTH + builders.NORTH / 2]  # nobody can drive there
    commander.post("/closures", {"geometry": {"type": "Point", "coordinates": in_the_zone}})
    assert confirm(commander, plan)


def test_reasons_cover_the_chosen_and_the_others(commander: Browser, county: dict[str, int]) -> None:
    """ "Why was this one not chosen" has an answer for every team that stays."""
    plan = propose(commander, report(commander))
    why = commander.get(f"/plans/{plan['id']}/reasons").json()
    chosen = {(one["kind"], one["id"]) for one in why["chosen"]}
    assert {("team", team) for team in teams_of(plan)} <= chosen
    idle = {county["both"], county["landslide"], county["medical"], county["far"]} - teams_of(plan)
    assert idle
    assert idle <= {one["id"] for one in why["passed_over"] if one["kind"] == "team"}


def test_what_if_a_unit_were_gone(commander: Browser) -> None:
    """Without a chosen team the plan is another one, and some tier is worse, none of a higher rank better."""
    plan = propose(commander, report(commander))
    team = min(teams_of(plan))
    without = commander.get(f"/plans/{plan['id']}/without", params={"kind": "team", "id": team}).json()
    assert team not in {one["id"] for one in without["plan"]["assignments"] if one["kind"] == "team"}
    worse = [change["difference"] for change in without["changes"] if change["difference"]]
    assert worse
    assert worse[0] > 0


@pytest.mark.parametrize("last", ["acknowledge", "depart", "arrive"])
def test_a_cancelled_order_gives_the_stock_back(
    commander: Browser, context: Context, county: dict[str, int], last: str
) -> None:
    """Wherever a carrier is called home, the ledger balances: all goods on hand, none promised."""
    orders = confirm(commander, propose(commander, report(commander)))
    carried = next(order for order in orders if order["kind"] == "carrier")
    for act in ("acknowledge", "depart", "arrive"):
        commander.post(f"/orders/{carried['id']}/{act}")
        if act == last:
            break
    cancelled = commander.post(f"/orders/{carried['id']}/cancel", {"reason": "道路中断"})
    assert (cancelled.status_code, cancelled.json()["reason"]) == (200, "道路中断")
    assert free(context, county["lot"]) == (500, 0)


def test_a_refusal_frees_the_team_and_its_need(commander: Browser) -> None:
    """A team that cannot come is available again, and the next plan looks for somebody else."""
    incident = report(commander)
    orders = confirm(commander, propose(commander, incident))
    before = commander.get(f"/incidents/{incident}").json()["outstanding"]
    people = next(order for order in orders if order["kind"] == "team")
    refused = commander.post(f"/orders/{people['id']}/refuse", {"reason": "人员不足"})
    assert refused.json()["state"] == "refused"
    after = commander.get(f"/incidents/{incident}").json()["outstanding"]
    assert sum(need["quantity"] for need in after) > sum(need["quantity"] for need in before)
    assert people["team_id"] in teams_of(propose(commander, incident))


def test_cancelling_an_incident_cancels_its_orders(
    commander: Browser, context: Context, county: dict[str, int]
) -> None:
    """After a false alarm nobody is left on the way, and nothing promised."""
    incident = report(commander)
    confirm(commander, propose(commander, incident))
    assert commander.post(f"/incidents/{incident}/close").json()["code"] == "orders_open"
    assert commander.post(f"/incidents/{incident}/cancel").json()["state"] == "cancelled"
    orders = commander.get(f"/orders?incident={incident}").json()
    assert {order["state"] for order in orders} == {"cancelled"}
    assert free(context, county["lot"]) == (500, 0)


def test_an_order_without_an_answer_is_overdue(commander: Browser, clock: Clock) -> None:
    """Silence must show: once the deadline of the policy has passed, the order says so until it is answered."""
    orders = confirm(commander, propose(commander, report(commander)))
    order = next(one for one in orders if one["kind"] == "team")
    assert not order["overdue"]
    clock.forward(minutes=6)
    assert commander.get(f"/orders/{order['id']}").json()["overdue"]
    answered = commander.post(f"/orders/{order['id']}/acknowledge").json()
    assert not answered["overdue"]


def test_an_act_out_of_order_is_refused(commander: Browser) -> None:
    """Departing before acknowledging would leave no answered minute; unknown acts do not exist."""
    order = confirm(commander, propose(commander, report(commander)))[0]
    early = commander.post(f"/orders/{order['id']}/depart")
    assert (early.status_code, early.json()["code"]) == (409, "not_in_this_state")
    assert commander.post(f"/orders/{order['id']}/dance").status_code == 422


def test_without_roads_nothing_is_proposed(commander: Browser, context: Context) -> None:
    """Before the first import a proposal says what is missing instead of guessing with straight lines."""
    with context.world.begin() as connection:
        worlds.inside(connection, worlds.LIVE).exec_driver_sql("UPDATE road_networks SET current = false")
    answer = commander.post("/plans", {"incidents": [report(commander)]})
    assert (answer.status_code, answer.json()["code"]) == (503, "no_road_network")


def test_a_closed_incident_is_not_planned(commander: Browser) -> None:
    """A page that is an hour old must not send anybody to what is over, or to what never was."""
    incident = report(commander)
    commander.post(f"/incidents/{incident}/close")
    over = commander.post("/plans", {"incidents": [incident]})
    assert (over.status_code, over.json()["code"]) == (409, "not_in_this_state")
    assert commander.post("/plans", {"incidents": [999]}).status_code == 404


def test_the_search_goes_on_after_a_first_plan(commander: Browser) -> None:
    """A first plan keeps its number and gains its proof, or a better one comes as a plan of its own."""
    first = propose(commander, report(commander), time_limit_s=0.001)
    request = {"request_id": str(uuid.uuid4())}
    proved = commander.post(f"/plans/{first['id']}/prove", request).json()
    assert all(tier["proven"] for tier in proved["plan"]["tiers"])
    values = [[tier["value"] for tier in plan["plan"]["tiers"]] for plan in (proved, first)]
    assert values[0] <= values[1]
    assert (proved["id"] == first["id"]) == (values[0] == values[1])
    assert proved["journal"] == first["journal"], (
        "on the snapshot of the first, so that only the search differs"
    )
    assert commander.post(f"/plans/{first['id']}/prove", request).json() == proved
    confirm(commander, proved)
    late = commander.post(f"/plans/{proved['id']}/prove").json()
    assert (late["id"], late["state"]) == (proved["id"], "confirmed")


def test_swaps_and_words_are_priced_before_anything_is_proposed(
    commander: Browser, county: dict[str, int]
) -> None:
    """The cost of sending another one is there without storing a plan, and is what the plan with that word has."""
    incident = report(commander)
    plan = propose(commander, incident)
    gone = next(one for one in plan["plan"]["assignments"] if one["need"] == "capability:medical")
    query = f"kind=team&id={gone['id']}&incident={incident}"
    listed = commander.get(f"/plans/{plan['id']}/swaps?{query}").json()
    assert {one["id"] for one in listed} <= {county["both"], county["medical"], county["far"]} - {gone["id"]}
    assert listed[0]["changes"] is not None
    words = {
        "pins": [{"kind": "team", "id": listed[0]["id"], "incident": incident}],
        "bans": [{"kind": "team", "id": gone["id"], "incident": incident}],
    }
    answer = commander.http.post(
        f"/api/v1/plans/{plan['id']}/price", json=words, headers={"X-CSRF-Token": commander.csrf}
    )
    assert answer.json()["changes"] == listed[0]["changes"]
    proposed = propose(commander, incident, **words)
    after = [change["after"] for change in listed[0]["changes"]]
    assert [tier["value"] for tier in proposed["plan"]["tiers"]] == after
