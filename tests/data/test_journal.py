import contextlib
import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta, timezone
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from data import journal, worlds
from tests.builders import NOW
from tests.data.conftest import Begin

WRITERS = 16
ROWS_EACH = 15


def test_a_reader_that_asks_for_what_came_after_misses_nothing(begin: Begin) -> None:
    """Sixteen writers, one reader that only remembers its last number: without the lock, half were lost."""
    seen: list[int] = []

    def write(writer: int) -> None:
        for row in range(ROWS_EACH):
            with begin() as connection:
                journal.append(connection, act="test", actor=f"writer {writer}", at=NOW, payload={"row": row})
                time.sleep(
                    random.random() / 500
                )  # commits in another order than they came, if the lock let them

    def read() -> None:
        while len(seen) < WRITERS * ROWS_EACH:
            with begin() as connection:
                entries = journal.after(connection, seen[-1] if seen else 0)
            seen.extend(entry.number for entry in entries)

    with ThreadPoolExecutor(WRITERS + 1) as pool:
        reader = pool.submit(read)
        list(pool.map(write, range(WRITERS)))
        reader.result(timeout=60)
    assert seen == list(range(1, WRITERS * ROWS_EACH + 1))
    with begin() as connection:
        assert journal.first_broken(connection) is None


def test_an_act_that_fails_leaves_no_gap(begin: Begin) -> None:
    """A number belongs to a committed act or to nobody."""

    def fail() -> None:
        with begin() as connection:
            journal.append(connection, act="failing", actor="zhang", at=NOW)
            raise TimeoutError

    with pytest.raises(TimeoutError):
        fail()
    with begin() as connection:
        assert journal.append(connection, act="working", actor="zhang", at=NOW) == 1
        assert journal.latest(connection) == 1


def test_a_changed_row_breaks_the_chain(begin: Begin) -> None:
    """Whoever can switch triggers off can change a row, but not without being seen."""
    with begin() as connection:
        for number in range(1, 6):
            journal.append(connection, act="test", actor="zhang", at=NOW, payload={"number": number})
    with begin() as connection:
        connection.execute(text("ALTER TABLE live.journal DISABLE TRIGGER USER"))
        connection.execute(text("UPDATE live.journal SET actor = 'li' WHERE number = 3"))
    with begin() as connection:
        assert journal.first_broken(connection) == 3


def test_a_removed_row_breaks_the_chain(begin: Begin) -> None:
    """A hole in the middle shows as the row that is missing."""
    with begin() as connection:
        for _ in range(3):
            journal.append(connection, act="test", actor="zhang", at=NOW)
    with begin() as connection:
        connection.execute(text("ALTER TABLE live.journal DISABLE TRIGGER USER"))
        connection.execute(text("DELETE FROM live.journal WHERE number = 2"))
    with begin() as connection:
        assert journal.first_broken(connection) == 2


_text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _text,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("键key", max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=st.dictionaries(st.text("abc", min_size=1, max_size=3), values, max_size=3))
def test_seals_hold_for_whatever_json_can_say(begin: Begin, payload: dict[str, object]) -> None:
    """JSONB spells numbers in its own way; a row must not look changed because of it."""
    east_eight = NOW.astimezone(timezone(timedelta(hours=8)))
    with begin() as connection:
        journal.append(
            connection, act="test", actor="张三", at=east_eight, payload=payload, request_id=uuid4()
        )
        assert journal.first_broken(connection) is None


def test_a_listener_is_told_the_number_after_the_commit(begin: Begin, database: str) -> None:
    """A notification is a wake-up: it holds no data, and comes when the row can be read."""
    address = database.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(address, autocommit=True) as listener:
        listener.execute(f"LISTEN {journal.channel(worlds.LIVE)}")
        with begin() as connection:
            number = journal.append(connection, act="test", actor="zhang", at=NOW, payload={"name": "张三"})
            assert list(listener.notifies(timeout=0.05)) == []
        (notice,) = listener.notifies(timeout=5, stop_after=1)
    assert json.loads(notice.payload) == number


def test_entries_about_one_subject(begin: Begin) -> None:
    """An incident's page shows its own history, in order."""
    with begin() as connection:
        for subject_id in (1, 2, 1):
            journal.append(
                connection,
                act="incident.read",
                actor="zhang",
                at=NOW,
                subject="incident",
                subject_id=subject_id,
            )
        assert [one.number for one in journal.about(connection, subject="incident", subject_id=1)] == [1, 3]


def a_claim(**overrides: object) -> dict[str, object]:
    return {"act": "test", "actor": "zhang", "arguments": {"level": 2}, "at": NOW, **overrides}


def test_the_same_request_is_answered_as_before(begin: Begin) -> None:
    """A browser that lost the answer asks again: nothing happens twice, and the answer is the same."""
    request = uuid4()
    with begin() as connection:
        assert journal.claim(connection, request_id=request, **a_claim()) is None  # type: ignore[arg-type]
        first = journal.settle(connection, request_id=request, result={"id": 7, "at": NOW, "ids": (1, 2)})
    with begin() as connection:
        assert journal.claim(connection, request_id=request, **a_claim()) == first  # type: ignore[arg-type]


@pytest.mark.parametrize("other", [{"act": "other"}, {"actor": "li"}, {"arguments": {"level": 1}}])
def test_a_request_id_that_is_used_for_something_else(begin: Begin, other: dict[str, object]) -> None:
    """Answering with another act's result would hide a mistake."""
    request = uuid4()
    with begin() as connection:
        journal.claim(connection, request_id=request, **a_claim())  # type: ignore[arg-type]
        journal.settle(connection, request_id=request, result={})
    with pytest.raises(journal.RequestReusedError), begin() as connection:
        journal.claim(connection, request_id=request, **a_claim(**other))  # type: ignore[arg-type]


def test_a_request_sent_sixteen_times_at_once_is_applied_once(begin: Begin) -> None:
    """Impatient fingers and retrying proxies come at the same moment."""
    request = UUID(int=5)

    def act(_: int) -> tuple[bool, object]:
        with begin() as connection:
            earlier = journal.claim(connection, request_id=request, **a_claim())  # type: ignore[arg-type]
            if earlier is not None:
                return False, earlier
            number = journal.append(connection, act="test", actor="zhang", at=NOW, request_id=request)
            return True, journal.settle(connection, request_id=request, result={"number": number})

    with ThreadPoolExecutor(WRITERS) as pool:
        answers = list(pool.map(act, range(WRITERS)))
    assert sum(applied for applied, _ in answers) == 1
    assert all(answer == {"number": 1} for _, answer in answers)


def test_nothing_is_lost_or_done_twice_while_connections_die(begin: Begin) -> None:
    """A commit can succeed without its answer arriving: whoever asks again with the same request is told."""
    requests = [uuid4() for _ in range(60)]
    finished = threading.Event()

    def act(request: UUID) -> None:
        while True:
            try:
                with begin() as connection:
                    if journal.claim(connection, request_id=request, **a_claim()) is None:  # type: ignore[arg-type]
                        journal.settle(connection, request_id=request, result={})
                        journal.append(connection, act="test", actor="zhang", at=NOW, request_id=request)
            except DBAPIError as error:
                if not error.connection_invalidated and not isinstance(error, OperationalError):
                    raise
            else:
                return

    def kill() -> int:
        killed = 0
        while not finished.wait(0.02):
            with contextlib.suppress(DBAPIError), begin() as connection:
                killed += connection.scalar(text(_KILL_ONE)) or 0
        return killed

    with ThreadPoolExecutor(WRITERS + 1) as pool:
        killer = pool.submit(kill)
        try:
            list(pool.map(act, requests))
        finally:
            finished.set()
    assert killer.result() > 0, "nobody died, so nothing was shown"
    with begin() as connection:
        done = [entry.request_id for entry in journal.after(connection, 0)]
        assert sorted(done, key=str) == sorted(requests, key=str)
        assert journal.first_broken(connection) is None


_KILL_ONE = """
    SELECT count(pg_terminate_backend(pid)) FROM (
        SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
        ORDER BY random() LIMIT 1
    ) AS one
"""


def test_a_connection_outside_every_world_writes_nothing(begin: Begin) -> None:
    """Forgetting the world must fail at once, not write into the live one."""
    with begin() as connection:
        connection.execution_options(schema_translate_map=None)
        with pytest.raises(LookupError):
            journal.append(connection, act="test", actor="zhang", at=NOW)
