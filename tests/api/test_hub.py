"""The hub's queues: a reader that cannot keep up is sent back to the table, never a gap."""

from datetime import UTC, datetime

from api import hub
from data.journal import Entry


def entry(number: int) -> Entry:
    return Entry(
        number=number,
        at=datetime(2026, 3, 15, tzinfo=UTC),
        actor="a",
        act="closure.close",
        subject="closure",
        subject_id=number,
        payload={},
        request_id=None,
    )


def test_a_reader_that_falls_behind_is_told_to_come_again() -> None:
    """A full queue ends with None and leaves the hub; others go on, and nobody reads past a gap."""
    made = hub.Hub("postgresql+psycopg://", "journal_live", lambda _after: (), lambda: 0, "positions_live")
    with made.subscribe() as slow, made.subscribe() as quick:
        for number in range(1, hub.QUEUE_LENGTH + 2):
            made.offer(entry(number))
            if number <= 5:
                assert quick.get_nowait() == entry(number)
            else:
                while not quick.empty():
                    quick.get_nowait()
        assert slow.get_nowait() is None
        assert slow.empty()
        made.offer(entry(9_999))
        assert slow.empty()
        assert quick.get_nowait() == entry(9_999)


def test_units_that_move_never_push_acts_aside() -> None:
    """Hundreds of trackers report each second; a reader that is slow loses positions, not acts."""
    made = hub.Hub("postgresql+psycopg://", "journal_live", lambda _after: (), lambda: 0, "positions_live")
    with made.subscribe() as slow:
        for team in range(3 * hub.QUEUE_LENGTH):
            made.moved(f'{{"team": {team}}}')
        made.offer(entry(1))
        told = [slow.get_nowait() for _ in range(slow.qsize())]
        assert told[0] == '{"team": 0}'
        assert told[-1] == entry(1)


def test_a_notice_that_is_no_unit_is_left_out() -> None:
    """Anybody with the database's password can notify; a line break in it must not become an event of its own."""
    made = hub.Hub("postgresql+psycopg://", "journal_live", lambda _after: (), lambda: 0, "positions_live")
    with made.subscribe() as queue:
        made.moved("nonsense\n\nevent: act")
        made.moved('{"team":\n7}')
        assert queue.get_nowait() == '{"team": 7}'
        assert queue.empty()
