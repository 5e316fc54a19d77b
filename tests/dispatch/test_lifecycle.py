"""The state machine of incidents and orders, walked completely."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.lifecycle import (
    INCIDENT_TRANSITIONS,
    OPEN_ORDER_STATES,
    ORDER_TRANSITIONS,
    VILLAGE_TRANSITIONS,
    IncidentAct,
    IncidentStanding,
    IncidentState,
    OrderAct,
    OrderStanding,
    OrderState,
    Refusal,
    next_incident,
    next_order,
    possible_order_acts,
)

NOW = datetime(2026, 3, 15, 18, 10, tzinfo=UTC)
ORDER_STATES: tuple[OrderState, ...] = get_args(OrderState)
ORDER_ACTS: tuple[OrderAct, ...] = get_args(OrderAct)


def test_an_order_goes_from_sent_to_finished() -> None:
    """The ordinary life of an order, each act one minute after the last, keeps the minute of the last act."""
    standing = OrderStanding(state="sent", since=NOW)
    for minute, act in enumerate(("acknowledge", "depart", "arrive", "finish"), start=1):
        moved = next_order(standing, act, NOW + timedelta(minutes=minute))  # type: ignore[arg-type] # four of the acts
        assert isinstance(moved, OrderStanding)
        standing = moved
    assert standing == OrderStanding(state="finished", since=NOW + timedelta(minutes=4))


@pytest.mark.parametrize("state", ORDER_STATES)
@pytest.mark.parametrize("act", ORDER_ACTS)
def test_every_order_state_answers_every_act(state: OrderState, act: OrderAct) -> None:
    """No pair is forgotten: what the table does not allow is refused with a code, never an exception."""
    answer = next_order(OrderStanding(state=state, since=NOW), act, NOW)
    if (state, act) in ORDER_TRANSITIONS:
        assert answer == OrderStanding(state=ORDER_TRANSITIONS[state, act], since=NOW)
    else:
        assert isinstance(answer, Refusal)
        assert answer.code in {"already_done", "not_in_this_state"}


def test_a_village_answers_and_is_done() -> None:
    """A village that is called drives nowhere: from its answer it goes to done, and "depart" is no word to it."""
    called = OrderStanding(state="sent", since=NOW, village=True)
    answered = next_order(called, "acknowledge", NOW)
    assert isinstance(answered, OrderStanding)
    assert possible_order_acts("acknowledged", village=True) == ("finish", "refuse", "cancel")
    gone = next_order(answered, "depart", NOW)
    assert isinstance(gone, Refusal)
    assert gone.code == "not_in_this_state"
    assert next_order(answered, "finish", NOW) == OrderStanding(state="finished", since=NOW, village=True)


@pytest.mark.parametrize("state", ORDER_STATES)
@pytest.mark.parametrize("act", ORDER_ACTS)
def test_a_village_answers_every_act(state: OrderState, act: OrderAct) -> None:
    """The village's own table is walked as completely as the other."""
    answer = next_order(OrderStanding(state=state, since=NOW, village=True), act, NOW)
    if (state, act) in VILLAGE_TRANSITIONS:
        assert isinstance(answer, OrderStanding)
        assert answer.state == VILLAGE_TRANSITIONS[state, act]
    else:
        assert isinstance(answer, Refusal)


def test_a_second_press_is_told_that_it_is_done() -> None:
    """A leader who presses twice must read "done", not "forbidden"."""
    answer = next_order(OrderStanding(state="acknowledged", since=NOW), "acknowledge", NOW)
    assert answer == Refusal(code="already_done", state="acknowledged", act="acknowledge")


def test_a_clock_that_went_back_stops_nobody() -> None:
    """The act counts from the one before it: a team departs though the clock is wrong, and no minutes are negative."""
    before = NOW - timedelta(hours=1)
    assert next_order(OrderStanding(state="sent", since=NOW), "acknowledge", before) == OrderStanding(
        state="acknowledged", since=NOW
    )
    assert next_incident(IncidentStanding(state="open", since=NOW), "close", before) == IncidentStanding(
        state="closed", since=NOW
    )


@given(acts=st.lists(st.sampled_from(ORDER_ACTS), max_size=12))
@settings(max_examples=200, deadline=None)
def test_a_finished_order_never_opens_again(acts: list[OrderAct]) -> None:
    """Once a team is free by its order, no series of acts may take it back by the same order."""
    standing, was_closed = OrderStanding(state="sent", since=NOW), False
    for act in acts:
        answer = next_order(standing, act, NOW)
        standing = answer if isinstance(answer, OrderStanding) else standing
        assert not (was_closed and standing.state in OPEN_ORDER_STATES)
        was_closed = standing.state not in OPEN_ORDER_STATES


def test_possible_acts_are_those_of_the_table() -> None:
    """Pages draw one button for each possible act: closed states have none, open ones at least one."""
    for state in ORDER_STATES:
        acts = possible_order_acts(state)
        assert bool(acts) == (state in OPEN_ORDER_STATES)
        assert all((state, act) in ORDER_TRANSITIONS for act in acts)


@pytest.mark.parametrize("state", get_args(IncidentState))
@pytest.mark.parametrize("act", get_args(IncidentAct))
def test_every_incident_state_answers_every_act(state: IncidentState, act: IncidentAct) -> None:
    """What is closed or cancelled stays so; what is open takes every act of the table."""
    answer = next_incident(IncidentStanding(state=state, since=NOW), act, NOW)
    assert isinstance(answer, IncidentStanding) == (state == "open")
    assert ((state, act) in INCIDENT_TRANSITIONS) == isinstance(answer, IncidentStanding)


def test_an_incident_does_not_close_over_open_orders() -> None:
    """A team on its way to a closed incident would be lost from every list."""
    answer = next_incident(IncidentStanding(state="open", since=NOW, open_orders=1), "close", NOW)
    assert answer == Refusal(code="orders_open", state="open", act="close")
