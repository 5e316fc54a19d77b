"""What goes out of a call: signed, once, through every trouble of the other side, and never from a test or an exercise."""

import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, text
from sqlalchemy.exc import IntegrityError

from api import webhook
from api.context import Context, World, make_context
from api.security import local_administrator
from api.settings import Settings
from api.usecases import call_sending, called, calls
from api.usecases.call_chains import Where
from api.usecases.call_views import CallView, get
from api.webhook import CallMessage
from data import tables, worlds
from tests import builders
from tests.api.calling import FIRST
from tests.api.conftest import Clock

SECRET = "signing secret of tests"  # noqa: S105  # nobody else has it
TOKEN = "answer token of tests"  # noqa: S105  # as above
SCHEMA = Path(__file__).parents[2] / "docs" / "deployment" / "call-message.schema.json"


class Receiver:
    """The other side: a real server on this machine. `answers`: the statuses of the first requests, 200 afterwards."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.slow_s = 0.0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.heard.append((dict(self.headers), body))
                time.sleep(outer.slow_s)
                status = outer.answers.pop(0) if outer.answers else 200
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", f"http://127.0.0.1:{outer.port}/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def messages(self) -> list[CallMessage]:
        return [CallMessage.model_validate_json(body) for _, body in self.heard]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def clock() -> Clock:
    return Clock(builders.NOW)


@pytest.fixture
def settings(database: str, receiver: Receiver) -> Settings:
    return Settings(
        database_url=database,
        call_webhook=f"http://127.0.0.1:{receiver.port}/calls",
        call_secret=SECRET,
        call_answer_token=TOKEN,
        origins=("https://muster.example",),
        _env_file=None,
    )


@pytest.fixture
def context(engine: Engine, settings: Settings, clock: Clock) -> Iterator[Context]:
    """A worker with a webhook, and the county's chain of people."""
    with engine.begin() as connection:
        here = worlds.inside(connection, worlds.LIVE)
        builders.add_areas(here)
        builders.add_duties(here)
    made = make_context(settings, str(settings.database_url), clock=clock)
    yield made.acting(local_administrator("tests"))
    made.engine.dispose()


def outside(context: Context) -> webhook.Webhook:
    made = webhook.of(context.settings, context.world.schema)
    assert made is not None
    return made


def begin(context: Context, **values: Any) -> CallView:
    asked: dict[str, Any] = {"kind": "warning", "text": "暴雨红色预警", "direction": "up", **values}
    return calls.start(context, Where(place="FF-05-001"), request_id=uuid.uuid4(), **asked)


def _write(engine: Engine, schema: str, row: dict[str, Any]) -> None:
    """Write what goes out, past everything that would not."""
    with engine.begin() as connection:
        worlds.inside(connection, schema).execute(insert(tables.call_messages).values(**row))


def states(context: Context, call: CallView) -> Counter[str | None]:
    seen = get(context, call.call.id)
    return Counter(
        one.step.sent for place in seen.places for line in place.lines for one in line.first if one.step
    )


def test_everybody_hears_once_signed_with_a_link_of_their_own(
    context: Context, receiver: Receiver, clock: Clock
) -> None:
    """The signature is what the contract says, the key names the message, the link answers for one person."""
    call = begin(context)
    assert receiver.heard == [], "nothing goes out before the act is done"
    assert call_sending.send_waiting(context, outside(context)) == len(FIRST)
    assert call_sending.send_waiting(context, outside(context)) == 0
    assert {one.person.code for one in receiver.messages} == set(FIRST)
    assert states(context, call) == {"sent": len(FIRST)}
    for headers, body in receiver.heard:
        assert headers["Muster-Signature"] == webhook.signature(SECRET, body, at=clock.now)
        message = CallMessage.model_validate_json(body)
        assert headers["Idempotency-Key"] == str(message.key)
        assert message.link.startswith("https://muster.example/c/")
        holder = called.by_link(context, message.link.rpartition("/")[2])
        assert holder.actor.call == (call.call.id, message.person.code)
    ranger = next(one for one in receiver.messages if one.person.code == "RANGER")
    assert (ranger.person.phone, ranger.place.code, ranger.call.text) == (
        "10000000006", "FF-05-001", "暴雨红色预警",
    )  # fmt: skip


def test_two_workers_send_nothing_twice(context: Context, receiver: Receiver, settings: Settings) -> None:
    """Each takes what the other has not, under the database's own locks."""
    other = make_context(settings, str(settings.database_url), clock=context.clock)
    receiver.slow_s = 0.05
    for _ in range(4):
        begin(context)
    with ThreadPoolExecutor(4) as pool:
        workers = [context, other.acting(context.actor)] * 2
        list(pool.map(lambda one: call_sending.send_waiting(one, outside(one)), workers))
    while call_sending.send_waiting(context, outside(context)):
        pass
    keys = Counter(one.key for one in receiver.messages)
    assert len(keys) == 4 * len(FIRST)
    assert set(keys.values()) == {1}
    other.engine.dispose()


def test_a_worker_that_dies_in_the_middle_loses_nothing(
    context: Context, receiver: Receiver, clock: Clock
) -> None:
    """It had taken the messages and perhaps sent them: after a while another sends them again, under the same keys."""

    class Dying(webhook.Webhook):
        def deliver(self, message: CallMessage, *, at: Any) -> webhook.Delivery:
            super().deliver(message, at=at)
            raise MemoryError

    call = begin(context)
    with pytest.raises(MemoryError):
        call_sending.send_waiting(context, Dying(str(context.settings.call_webhook), SECRET))
    assert call_sending.send_waiting(context, outside(context)) == 0, "they are the dead one's for a while"
    clock.forward(minutes=1)
    assert call_sending.send_waiting(context, outside(context)) == len(FIRST)
    assert states(context, call) == {"sent": len(FIRST)}
    assert len({one.key for one in receiver.messages}) == len(FIRST)


@pytest.mark.parametrize(
    ("trouble", "error", "again"),
    [(503, "http_503", 1), (429, "http_429", 1), (400, "http_400", 0), (302, "http_302", 0)],
)
def test_what_the_other_side_may_answer(  # noqa: PLR0917  # fixtures and a case
    context: Context, receiver: Receiver, clock: Clock, trouble: int, error: str, again: int
) -> None:
    """ "Not now" is tried again and arrives; "no" is said on the page; nobody is followed elsewhere."""
    receiver.answers = [trouble] * len(FIRST)
    call = begin(context)
    call_sending.send_waiting(context, outside(context))
    assert states(context, call) == {"waiting" if again else "failed": len(FIRST)}
    step = get(context, call.call.id).places[0].lines[0].first[0].step
    assert step is not None
    assert (step.error, step.tries) == (error, 1)
    clock.forward(seconds=5)
    call_sending.send_waiting(context, outside(context))
    assert states(context, call) == {"sent" if again else "failed": len(FIRST)}
    assert len(receiver.heard) == len(FIRST) * (2 if again else 1)


def test_a_side_that_is_away_or_slow_is_tried_until_it_is_given_up(
    context: Context, receiver: Receiver, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A receiver that hangs costs no more than the time limit; one that never comes back is named on the page."""
    call = begin(context)
    monkeypatch.setattr(webhook, "TIMEOUT_S", 0.05)
    receiver.slow_s = 0.5
    call_sending.send_waiting(context, outside(context))
    assert states(context, call) == {"waiting": len(FIRST)}
    receiver.server.shutdown()
    receiver.server.server_close()
    errors = set()
    for _ in range(call_sending.MOST_TRIES):
        clock.forward(minutes=1)
        call_sending.send_waiting(context, outside(context))
        (first, *_) = get(context, call.call.id).places[0].lines[0].first
        assert first.step is not None
        errors.add(first.step.error)
    assert "unreachable" in errors
    assert states(context, call) == {"failed": len(FIRST)}


def test_an_answer_over_the_channel_counts_once(context: Context, receiver: Receiver, clock: Clock) -> None:
    """Answered twice, late, and with a clock that is wrong: one answer, at a minute that can be."""
    call = begin(context)
    call_sending.send_waiting(context, outside(context))
    with pytest.raises(Exception, match="call_token_wrong"):
        called.by_channel(context, "another token, as long")
    channel = called.by_channel(context, TOKEN)
    ranger = next(one for one in receiver.messages if one.person.code == "RANGER")
    clock.forward(minutes=2)
    first = called.answer_over_channel(channel, ranger.key, answered_at=clock.now.replace(year=2040))
    again = called.answer_over_channel(channel, ranger.key)
    assert first.answered_at == again.answered_at == clock.now
    assert (first.answered_over, first.answered_by) == ("webhook", "channel:webhook")
    clock.forward(minutes=1)
    calls.escalate_due(context)
    followers = {one.person for place in get(context, call.call.id).places for one in place.told}
    assert "STANDIN" not in followers


def test_who_has_answered_is_not_sent_anything(context: Context, receiver: Receiver) -> None:
    """She was on the telephone before the channel came to her; and an ended call says nothing more."""
    call = begin(context)
    calls.answer(context, call.call.id, "RANGER", request_id=uuid.uuid4())
    call_sending.send_waiting(context, outside(context))
    assert {one.person.code for one in receiver.messages} == set(FIRST) - {"RANGER"}
    other = begin(context)
    calls.end(context, other.call.id, request_id=uuid.uuid4())
    assert call_sending.send_waiting(context, outside(context)) == 0


def test_a_test_call_reaches_nobody_outside_and_cannot(
    context: Context, receiver: Receiver, engine: Engine, clock: Clock
) -> None:
    """Not by itself, not through its escalations, and not by a row that somebody writes past everything."""
    call = begin(context, kind="test")
    for _ in range(4):
        clock.forward(minutes=3)
        calls.escalate_due(context)
        assert call_sending.send_waiting(context, outside(context)) == 0
    seen = get(context, call.call.id)
    step = seen.places[0].lines[0].first[0].step
    assert step is not None
    for kind in ("test", "warning"):
        row = {"step_id": step.id, "call_id": call.call.id, "kind": kind, "next_at": clock.now}
        with pytest.raises(IntegrityError):
            _write(engine, worlds.LIVE, row)
    assert receiver.heard == []


def test_an_exercise_reaches_nobody_outside_and_cannot(
    context: Context, receiver: Receiver, engine: Engine, clock: Clock
) -> None:
    """Its world has no sender; its table refuses what a sender would read, even of a real warning."""
    with engine.begin() as connection:
        worlds.create_exercise(connection, schema="exercise_calls", title="叫应演练", at=clock.now)
    world: World = replace(context.world, schema="exercise_calls")
    exercise = replace(context, world=world)
    assert webhook.of(exercise.settings, world.schema) is None
    call = begin(exercise)
    assert states(exercise, call) == {None: len(FIRST)}
    clock.forward(minutes=3)
    assert calls.escalate_due(exercise) == 1
    sender = outside(context)  # the live world's, used where it must not be
    assert call_sending.send_waiting(exercise, sender) == 0
    step = get(exercise, call.call.id).places[0].lines[0].first[0].step
    assert step is not None
    row = {"step_id": step.id, "call_id": call.call.id, "kind": "warning", "next_at": clock.now}
    with pytest.raises(IntegrityError, match="no place to call from"):
        _write(engine, "exercise_calls", row)
    assert receiver.heard == []


def test_escalations_of_two_workers_are_one(context: Context, settings: Settings, clock: Clock) -> None:
    """Both see the clock run out; one row of the journal, one substitute."""
    begin(context)
    others = [make_context(settings, str(settings.database_url), clock=clock) for _ in range(3)]
    clock.forward(minutes=3)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(calls.escalate_due, [context, *others]))
    with context.engine.connect() as connection:
        rows = connection.scalar(text("SELECT count(*) FROM live.journal WHERE act = 'call.escalate'"))
        stood_in = connection.scalar(text("SELECT count(*) FROM live.call_steps WHERE why = 'substitute'"))
    assert (rows, stood_in) == (1, 3)
    for one in others:
        one.engine.dispose()


def test_the_contract_is_the_one_that_is_written_down() -> None:
    """Whoever builds the other side reads the schema; it must be what is sent."""
    assert json.loads(SCHEMA.read_text()) == CallMessage.model_json_schema()


def test_a_webhook_is_signed_or_refused(database: str) -> None:
    """An address alone would send names and phones that nobody can trust."""
    for address, secret in (("http://sms.example", None), ("ftp://sms.example", SECRET)):
        with pytest.raises(ValueError, match="call_"):
            Settings(database_url=database, _env_file=None, call_webhook=address, call_secret=secret)
    assert webhook.of(Settings(database_url=database, _env_file=None), worlds.LIVE) is None
