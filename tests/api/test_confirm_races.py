"""Confirming under fire: commanders who want the same units at the same moment, through the use cases."""

import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from shapely import Point
from sqlalchemy import text

from api.context import Context
from api.errors import ConflictError
from api.usecases import incidents, plans
from api.usecases import orders as order_acts
from data import closures, journal, orders, stock
from data.orders import OrderRecord
from tests import builders
from tests.builders import on_main_road

ROUNDS = 5


def report(ctx: Context, node: float) -> int:
    return incidents.report(
        ctx, request_id=uuid.uuid4(), type="landslide", level=4, position=on_main_road(node)
    ).id


def propose(ctx: Context, incident: int) -> int:
    return plans.propose(ctx, request_id=uuid.uuid4(), incidents=[incident]).id


def at_once(acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run acts at the same moment; give each one's answer, or the refusal that it met."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        gate.wait()
        try:
            return act()
        except ConflictError as refusal:
            return refusal

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def confirming(ctx: Context, plan: int, request: uuid.UUID | None = None) -> Callable[[], Any]:
    return lambda: plans.confirm(ctx, plan, request_id=request or uuid.uuid4())


def units_of(sent: Sequence[OrderRecord]) -> set[tuple[str, int | None]]:
    """What a set of orders holds: people by team, vehicles by id."""
    return {
        ("vehicle", one.vehicle_id) if one.vehicle_id is not None else ("people", one.team_id) for one in sent
    }


def assert_nothing_is_held_twice(ctx: Context) -> None:
    """The store as a whole: no unit twice, promises as orders ask, the journal unbroken."""
    with ctx.world.read() as connection:
        standing = orders.open_orders(connection)
        assert len(units_of(standing)) == len(standing)
        promised = sum(line.quantity for one in standing for line in one.lines if line.lot_id is not None)
        assert promised == sum(lot.reserved for lot in stock.list_all(connection))
        assert journal.first_broken(connection) is None


def test_of_two_overlapping_plans_exactly_one_is_confirmed(context: Context) -> None:
    """Two incidents at the same moment want the same teams: one commander wins, the other sees what is gone."""
    for _ in range(ROUNDS):
        first, second = report(context, 6), report(context, 5)
        both = [propose(context, first), propose(context, second)]
        wanted = [plans.get(context, plan) for plan in both]
        shared = {(one.kind, one.id) for one in wanted[0].plan.assignments} & {
            (one.kind, one.id) for one in wanted[1].plan.assignments
        }
        assert shared, "the two plans must want the same units, or the test shows nothing"

        answers = at_once([confirming(context, plan) for plan in both])

        (lost,) = (number for number, one in enumerate(answers) if isinstance(one, ConflictError))
        refusal, sent = answers[lost], answers[1 - lost]
        assert refusal.code == "plan_outdated"
        gone = {(change["kind"], change["id"]) for change in refusal.details["changed"]}
        assert shared <= gone, "every unit that was taken is named, not only the first"
        assert_all_or_nothing(context, both[lost], both[1 - lost], sent)
        assert_nothing_is_held_twice(context)

        if plans.get(context, propose(context, (first, second)[lost])).plan.assignments:
            again = plans.latest_for(context, (first, second)[lost])
            assert again is not None
            assert plans.confirm(context, again.id, request_id=uuid.uuid4())
        assert_nothing_is_held_twice(context)
        for incident in (first, second):
            incidents.cancel(context, incident, request_id=uuid.uuid4())


def assert_all_or_nothing(ctx: Context, lost: int, won: int, sent: Sequence[OrderRecord]) -> None:
    """The winner's orders are all there and the loser left no trace: no order, no promise, no journal row."""
    with ctx.world.read() as connection:
        assert orders.of_plan(connection, lost) == ()
        assert orders.of_plan(connection, won) == tuple(sent)
        assert [one.act for one in journal.about(connection, subject="plan", subject_id=won)] == [
            "plan.propose",
            "plan.confirm",
        ]
        assert [one.act for one in journal.about(connection, subject="plan", subject_id=lost)] == [
            "plan.propose"
        ]
    assert plans.get(ctx, lost).state == "proposed"
    assert plans.get(ctx, won).state == "confirmed"


def test_one_plan_confirmed_by_many_is_confirmed_once(context: Context) -> None:
    """Eight commanders press at once: one set of orders, and seven are told that it is done."""
    plan = propose(context, report(context, 6))
    answers = at_once([confirming(context, plan) for _ in range(8)])
    refusals = [one for one in answers if isinstance(one, ConflictError)]
    assert [one.code for one in refusals] == ["already_done"] * 7
    assert_nothing_is_held_twice(context)


def test_one_request_sent_many_times_is_answered_the_same(context: Context) -> None:
    """A browser that lost the answer sends the same request again, perhaps before the first one is through."""
    plan = propose(context, report(context, 6))
    request = uuid.uuid4()
    answers = at_once([confirming(context, plan, request) for _ in range(8)])
    assert all(one == answers[0] for one in answers)
    assert answers[0]
    assert_nothing_is_held_twice(context)


def test_many_overlapping_plans_never_wait_in_a_circle(context: Context) -> None:
    """Six plans over the same few units: each answer is orders or a refusal, never a deadlock."""
    mine = [report(context, node) for node in (1, 3, 5, 6, 8, 10)]
    waiting = [propose(context, incident) for incident in mine]
    answers = at_once([confirming(context, plan) for plan in waiting])
    winners = [one for one in answers if not isinstance(one, ConflictError)]
    assert winners
    assert {one.code for one in answers if isinstance(one, ConflictError)} <= {"plan_outdated"}
    assert_nothing_is_held_twice(context)


def test_a_false_alarm_while_everybody_departs(context: Context) -> None:
    """Cancelling an incident meets its orders being answered: whoever comes second is told, stock comes out even."""
    for _ in range(ROUNDS):
        incident = report(context, 6)
        sent = plans.confirm(context, propose(context, incident), request_id=uuid.uuid4())
        for order in sent:
            order_acts.step(context, order.id, "acknowledge", request_id=uuid.uuid4())

        def departing(order_id: int) -> Callable[[], Any]:
            return lambda: order_acts.step(context, order_id, "depart", request_id=uuid.uuid4())

        def cancelling(incident_id: int = incident) -> Any:
            return incidents.cancel(context, incident_id, request_id=uuid.uuid4())

        answers = at_once([*(departing(order.id) for order in sent), cancelling])
        refusals = [one for one in answers if isinstance(one, ConflictError)]
        assert {one.code for one in refusals} <= {"not_in_this_state"}
        with context.world.read() as connection:
            assert orders.open_orders(connection) == ()
            assert [(lot.quantity, lot.reserved) for lot in stock.list_all(connection)] == [(500, 0)]


@pytest.mark.parametrize("thing", ["closure", "team", "level"])
def test_what_changed_before_confirming_is_named(context: Context, thing: str) -> None:
    """A plan that no longer holds is refused with the reason, and the plan itself stays for comparison."""
    incident = report(context, 6)
    plan = propose(context, incident)
    with context.world.begin() as connection:
        if thing == "closure":
            on_the_way = Point(on_main_road(8.5))
            closures.insert(connection, geometry=on_the_way, created_at=context.clock(), created_by="zhang")
        elif thing == "team":
            connection.execute(text("UPDATE live.team_states SET status = 'off_duty'"))
        else:
            connection.execute(text("UPDATE live.incidents SET level = 3"))
    with pytest.raises(ConflictError) as caught:
        plans.confirm(context, plan, request_id=uuid.uuid4())
    kinds = {change["kind"] for change in caught.value.details["changed"]}
    assert {"closure": "closure", "team": "team", "level": "incident"}[thing] in kinds
    with context.world.read() as connection:
        assert orders.open_orders(connection) == ()


def test_a_plan_on_roads_that_were_imported_anew(context: Context) -> None:
    """Its ways name edges of another network: nothing that was checked about them holds."""
    plan = propose(context, report(context, 6))
    with context.world.begin() as connection:
        connection.execute(text("UPDATE road_networks SET current = false"))
        builders.add_roads(connection)
    with pytest.raises(ConflictError, match="roads_changed"):
        plans.confirm(context, plan, request_id=uuid.uuid4())
