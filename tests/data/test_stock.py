from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from data import incidents, orders, stock
from data.orders import LineRecord
from data.tables import stock_lots, stock_movements
from dispatch.model import Legs
from tests import builders
from tests.builders import NOW, on_main_road
from tests.data.conftest import Begin

LEGS = Legs(notify_ms=1, assemble_ms=2, road_ms=3, walk_ms=4)
WHO: dict[str, Any] = {"actor": "zhang", "at": NOW}


@pytest.fixture
def county(begin: Begin) -> dict[str, int]:
    """The hand-made county with an incident and one carrier's order for it."""
    with begin() as connection:
        ids = builders.add_county(connection)
        ids["incident"] = incidents.insert(
            connection,
            type="flood",
            level=3,
            position=on_main_road(6),
            reported_at=NOW,
            reported_by="zhang",
        ).id
        for name in ("carrier", "second_carrier"):
            ids[f"order_of_{name}"] = orders.insert(
                connection,
                kind="carrier",
                legs=LEGS,
                sent_at=NOW,
                created_by="zhang",
                incident_id=ids["incident"],
                depot_id=ids["depot"],
                vehicle_id=ids[name],
                lines=[LineRecord(need="material:shovel", code="shovel", quantity=10, lot_id=ids["lot"])],
            ).id
    return ids


def balances(connection: Connection) -> bool:
    """Whether every lot is the sum of its movements, and promises are covered."""
    query = (
        select(
            stock_lots.c.quantity,
            stock_lots.c.reserved,
            func.coalesce(func.sum(stock_movements.c.quantity), 0),
            func.coalesce(func.sum(stock_movements.c.reserved), 0),
        )
        .outerjoin(stock_movements, stock_movements.c.lot_id == stock_lots.c.id)
        .group_by(stock_lots.c.id)
    )
    return all(
        (quantity, reserved) == (moved, promised) and 0 <= reserved <= quantity
        for quantity, reserved, moved, promised in connection.execute(query)
    )


def test_goods_are_promised_leave_and_come_back(begin: Begin, county: dict[str, int]) -> None:
    """The whole way of a load, with what is on hand and what is free after each step."""
    lot, order = county["lot"], county["order_of_carrier"]
    with begin() as connection:
        promised = stock.reserve(connection, lot_id=lot, quantity=120, order_id=order, **WHO)
        assert (promised.quantity, promised.free) == (500, 380)
        (left,) = stock.issue(connection, order_id=order, **WHO)
        assert (left.quantity, left.free) == (380, 380)
        (back,) = stock.give_back(connection, order_id=order, **WHO)
        assert (back.quantity, back.free) == (500, 500)
        assert stock.give_back(connection, order_id=order, **WHO) == ()
        kinds = [one.kind for one in stock.movements(connection, lot)]
    assert kinds == ["receive", "reserve", "issue", "receive"]


def test_a_promise_is_released_once(begin: Begin, county: dict[str, int]) -> None:
    """Two refusals of one order free its goods once."""
    lot, order = county["lot"], county["order_of_carrier"]
    with begin() as connection:
        stock.reserve(connection, lot_id=lot, quantity=120, order_id=order, **WHO)
        assert [one.free for one in stock.release(connection, order_id=order, **WHO)] == [500]
        assert stock.release(connection, order_id=order, **WHO) == ()
        assert stock.issue(connection, order_id=order, **WHO) == ()


def test_promising_more_than_is_free_changes_nothing(begin: Begin, county: dict[str, int]) -> None:
    """The caller learns how much there is, and the transaction may go on."""
    lot = county["lot"]
    with begin() as connection:
        stock.reserve(connection, lot_id=lot, quantity=400, order_id=county["order_of_carrier"], **WHO)
        with pytest.raises(stock.StockShortError) as caught:
            stock.reserve(
                connection, lot_id=lot, quantity=101, order_id=county["order_of_second_carrier"], **WHO
            )
        assert (caught.value.lot_id, caught.value.asked, caught.value.free) == (lot, 101, 100)
        found = stock.get(connection, lot)
    assert found is not None
    assert (found.quantity, found.reserved) == (500, 400)


def test_counting_keeps_the_difference(begin: Begin, county: dict[str, int]) -> None:
    """A stocktaking is a movement like any other, and one that finds nothing new is none."""
    with begin() as connection:
        assert stock.count(connection, lot_id=county["lot"], counted=480, **WHO).quantity == 480
        assert stock.count(connection, lot_id=county["lot"], counted=480, **WHO).quantity == 480
        assert [one.quantity for one in stock.movements(connection, county["lot"])] == [500, -20]


def test_counting_less_than_is_promised_is_refused(begin: Begin, county: dict[str, int]) -> None:
    """Goods that an order relies on cannot be counted away in silence."""
    with begin() as connection:
        stock.reserve(
            connection, lot_id=county["lot"], quantity=300, order_id=county["order_of_carrier"], **WHO
        )
        with pytest.raises(stock.StockShortError):
            stock.count(connection, lot_id=county["lot"], counted=299, **WHO)


def test_sixteen_writers_cannot_oversell_a_lot(begin: Begin, county: dict[str, int]) -> None:
    """Five hundred shovels, sixteen times forty asked for: twelve get theirs, and the ledger balances."""

    def promise(_: int) -> bool:
        try:
            with begin() as connection:
                stock.reserve(
                    connection, lot_id=county["lot"], quantity=40, order_id=county["order_of_carrier"], **WHO
                )
        except stock.StockShortError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        served = sum(pool.map(promise, range(16)))
    assert served == 12
    with begin() as connection:
        lot = stock.get(connection, county["lot"])
        assert lot is not None
        assert (lot.quantity, lot.reserved) == (500, 480)
        assert balances(connection)


steps = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "release", "issue", "give_back", "receive", "count"]),
        st.sampled_from(["order_of_carrier", "order_of_second_carrier"]),
        st.integers(1, 400),
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_the_ledger_balances_after_any_steps(
    begin: Begin, county: dict[str, int], steps: list[tuple[str, str, int]]
) -> None:
    """Whatever is done in whatever order, nothing is lost, invented or promised twice."""
    for step, order, quantity in steps:
        try:
            with begin() as connection:
                _take(connection, step, county, order, quantity)
        except stock.StockShortError:
            pass
    with begin() as connection:
        assert balances(connection)


def _take(connection: Connection, step: str, county: dict[str, int], order: str, quantity: int) -> None:
    lot, order_id = county["lot"], county[order]
    if step == "reserve":
        stock.reserve(connection, lot_id=lot, quantity=quantity, order_id=order_id, **WHO)
    elif step == "receive":
        stock.receive(connection, lot_id=lot, quantity=quantity, **WHO)
    elif step == "count":
        stock.count(connection, lot_id=lot, counted=quantity, **WHO)
    else:
        getattr(stock, step)(connection, order_id=order_id, **WHO)


def test_a_ledger_and_two_carriers_never_wait_in_a_circle(begin: Begin, county: dict[str, int]) -> None:
    """A ledger counts lots in its own order while loads leave in theirs: each waits its turn, none is killed."""
    with begin() as connection:
        lots = [county["lot"]] + [
            builders.add_lot(connection, depot=county["depot"], item=item, quantity=100)
            for item in ("tent", "blanket", "rope")
        ]
        for lot in lots:
            for order in ("order_of_carrier", "order_of_second_carrier"):
                stock.reserve(connection, lot_id=lot, quantity=10, order_id=county[order], **WHO)

    def count_backwards() -> None:
        with begin() as connection:
            stock.hold_all(connection)
            for lot in reversed(lots):
                stock.count(connection, lot_id=lot, counted=90, **WHO)

    def leave(order: str) -> None:
        with begin() as connection:
            stock.issue(connection, order_id=county[order], **WHO)

    with ThreadPoolExecutor(3) as pool:
        done = [
            pool.submit(count_backwards),
            *(pool.submit(leave, f"order_of_{name}") for name in ("carrier", "second_carrier")),
        ]
        for one in done:
            one.result(timeout=30)
    with begin() as connection:
        assert balances(connection)
