"""What comes first: the orderings of incidents and orders."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dispatch.urgency import Awaited, Pressure, attention, urgency

NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)
CALM = Pressure(level=3, critical_unmet=0, troubled=0, reported_at=NOON)
SENT = Awaited(
    state="sent", sent_at=NOON, answer_by=NOON + timedelta(minutes=5), due_at=NOON + timedelta(minutes=40)
)


def test_level_comes_first_then_critical_need_then_orders_then_the_wait() -> None:
    """The order is lexicographic: a level outweighs everything below it."""
    older = replace(CALM, reported_at=NOON - timedelta(hours=5))
    troubled = replace(CALM, troubled=1)
    unmet = replace(CALM, critical_unmet=1)
    higher = replace(CALM, level=2, reported_at=NOON + timedelta(hours=1))
    everything = [CALM, older, troubled, unmet, higher]
    assert sorted(everything, key=urgency) == [higher, unmet, troubled, older, CALM]


@given(st.integers(1, 50), st.integers(1, 50))
def test_counts_do_not_outweigh_the_wait(few: int, many: int) -> None:
    """Among incidents with a gap the one that waits longest is first, however large the gaps are."""
    first = replace(CALM, critical_unmet=few, troubled=few)
    second = replace(CALM, critical_unmet=many, troubled=many, reported_at=NOON + timedelta(minutes=1))
    assert urgency(first) < urgency(second)


def test_orders_in_trouble_come_before_those_that_run() -> None:
    """Refused with nobody in its place, unanswered, late, waiting, on the way, at the scene, ended."""
    now = NOON + timedelta(minutes=30)
    refused = replace(SENT, state="refused", need_open=True, sent_at=NOON - timedelta(minutes=9))
    late = replace(SENT, state="departed", due_at=NOON + timedelta(minutes=20))
    fresh = replace(SENT, sent_at=now, answer_by=now + timedelta(minutes=5))
    under_way = replace(SENT, state="departed")
    arrived = replace(SENT, state="arrived")
    finished = replace(SENT, state="finished")
    replaced = replace(refused, need_open=False, sent_at=NOON + timedelta(minutes=1))
    wanted = [refused, SENT, late, fresh, under_way, arrived, finished, replaced]
    assert sorted(wanted, key=lambda one: attention(one, now)) == wanted
    assert SENT.unanswered(now)
    assert late.late(now)
    assert not arrived.late(now + timedelta(days=1))


def test_the_clock_that_runs_follows_the_state() -> None:
    """First to answer, then to be in effect; none once at the scene."""
    assert SENT.deadline == SENT.answer_by
    assert replace(SENT, state="acknowledged").deadline == SENT.due_at
    assert replace(SENT, state="arrived").deadline is None
