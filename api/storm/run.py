"""A whole storm: a county of its own, the server, the clients, the kills, and the questions at the end."""

import random
import shutil
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import quantiles
from typing import Any, Final
from uuid import UUID, uuid4

from api import runtime
from api.context import Context
from api.errors import ConflictError
from api.networks import rehearse
from api.security import local_administrator, new_password
from api.settings import Settings
from api.storm.board import Board
from api.storm.clients import Client, Note
from api.storm.listeners import Listener
from api.storm.site import VICTIMS, Site, Victim
from api.storm.wire import Line
from api.usecases import accounts, bringing_in, events, system
from data.integrity import Violation

Prepare = Callable[[Context], None]
Told = Callable[[str], None]

_ROLES: Final = ("commander", "commander", "duty_officer", "administrator")
_LISTENERS: Final = 16
_CATCH_UP_S: Final = 60.0
_WARM_UP_S: Final = 90.0
"""Kills begin with the first answered order, or after this time: code and roads are loaded then, and orders are open."""
CYCLE: Final = (
    *("incident.report", "incident.close", "plan.propose", "plan.confirm"),
    *("order.acknowledge", "order.depart", "order.arrive", "order.finish", "order.cancel"),
    *("resource.edit", "closure.close", "closure.open"),
)
"""What a storm must have done at least once: without it, it shows nothing."""
_WHOLE_WITHIN_S: Final = 120.0
"""A storm goes on for so long after its time on a slow machine, until every act of the cycle was done."""
_LAST_ANSWER_S: Final = 120.0
_LISTENER_ENDS_S: Final = 5.0  # its stream ends with the server
_LAST_WORDS: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """How hard it blows: who acts for how long, and how often what is killed."""

    clients: int = 64
    seconds: float = 600.0
    workers: int = 3
    seed: int = 1
    think_s: float = 1.0
    kills: Mapping[Victim, int] = field(default_factory=dict)

    @classmethod
    def of(cls, *, clients: int, minutes: float, workers: int, seed: int) -> "Weather":
        """Choose the kills of a storm of `minutes`: each worker once a minute, two servers, a backend, an owner in three."""
        kills: dict[Victim, int] = {
            "worker": round(workers * minutes),
            "postgres": round(2 * minutes),
            "backend": round(minutes),
            "owner": round(minutes / 3),
        }
        return cls(clients=clients, seconds=60 * minutes, workers=workers, seed=seed, kills=kills)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActReport:
    """One kind of act: how it ended, and how long a client waited for its answer, tries included."""

    act: str
    done: int
    refused: int
    unknown: int
    tries: int
    p50_s: float
    p95_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a storm has shown."""

    seed: int
    clients: int
    workers: int
    seconds: float
    kills: Mapping[str, int]
    acts: tuple[ActReport, ...]
    sent_again: int
    journal: int
    listeners: int
    reconnections: int
    warm_up_s: float
    longest_silence_s: float
    violations: tuple[Violation, ...]

    @property
    def ok(self) -> bool:
        """Whether every law held, and the storm did what it is for."""
        return not self.violations


def run(weather: Weather, *, prepare: Prepare | None = None, told: Told = lambda _: None) -> Report:
    """Raise a storm over a database of its own and check everything afterwards; the database is gone at the end.

    prepare: puts a county into the empty database; the fictional one by default.
    """
    with _folder() as folder:
        settings = Settings(folder=folder, database_url=None, _env_file=None)
        told("preparing a county")
        with runtime.opened(settings) as context:
            acting = context.acting(local_administrator("storm"))
            (prepare or _demo)(acting)
            people = _accounts(acting)
            # compiled here once, and not by each worker that is killed
            rehearse(context.networks.current()[1], settings.folder)
        site = Site(folder, weather.workers)
        with site.running():
            site.wait_until_ready()
            seen = _blow(weather, site, people, told)
            told("checking what is stored")
            with runtime.opened(settings) as context:
                report = _report(weather, context.acting(local_administrator("storm")), seen)
        for listener in seen.listeners:
            listener.join(_LISTENER_ENDS_S)
        if not report.ok:
            told(f"the server's last complaints:\n{site.complaints[-_LAST_WORDS:]}")
        return report


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """Everything that was observed from outside."""

    notes: Sequence[Note]
    listeners: Sequence[Listener]
    kills: Mapping[str, int]
    warm_up_s: float
    broken: Sequence[int]
    """Clients that gave up by themselves, or never came to an end: what they would have found is not known."""


def _blow(weather: Weather, site: Site, people: Mapping[str, str], told: Told) -> _Seen:
    door = Line(site.port)
    tickets = [door.sign_in(name, password) for name, password in people.items()]
    door.close()
    board, reader = Board(), Line(site.port, tickets[0])
    board.learn_once(reader.read)
    listeners = [Listener(site.port, tickets[number % len(tickets)]) for number in range(_LISTENERS)]
    clients = [
        Client(
            Line(site.port, tickets[number % len(tickets)]),
            board,
            random.Random(f"{weather.seed}/{number}"),  # noqa: S311 - a rehearsal, to be repeated
            weather.think_s,
        )
        for number in range(weather.clients)
    ]
    for thread in (*listeners, *clients):
        thread.start()
    over = threading.Event()
    refresher = threading.Thread(target=_refresh, args=(board, reader, over), name="storm-board", daemon=True)
    refresher.start()
    began = time.monotonic()
    while not _answered(_notes(clients), "order.") and time.monotonic() - began < _WARM_UP_S:
        time.sleep(0.2)
    warm_up_s = time.monotonic() - began
    told(f"{warm_up_s:.1f} s until a first order was answered; the storm begins")
    kills = _kill(weather, site, told)
    deadline = time.monotonic() + _WHOLE_WITHIN_S
    while (missing := _never_done(_notes(clients))) and time.monotonic() < deadline:
        time.sleep(0.2)
    if missing:
        told(f"never done: {', '.join(missing)}")
    for client in clients:
        client.end()
    deadline = time.monotonic() + _LAST_ANSWER_S
    for client in clients:
        client.join(max(0.0, deadline - time.monotonic()))
    over.set()
    refresher.join(_LAST_ANSWER_S)
    reader.close()
    return _Seen(
        notes=_notes(clients),
        listeners=listeners,
        kills=kills,
        warm_up_s=warm_up_s,
        broken=tuple(number for number, client in enumerate(clients) if not client.ended_well),
    )


def _notes(clients: Sequence[Client]) -> list[Note]:
    return [note for client in clients for note in list(client.notes)]


def _answered(notes: Sequence[Note], act: str) -> bool:
    return any(
        note.done and note.asked.act.startswith(act) and note.asked.act != "order.link" for note in notes
    )


def _never_done(notes: Sequence[Note]) -> tuple[str, ...]:
    done = {note.asked.act for note in notes if note.done}
    return tuple(act for act in CYCLE if act not in done)


def _refresh(board: Board, reader: Line, over: threading.Event) -> None:
    while not over.wait(1.0):
        try:
            board.learn(reader.read)
        except RuntimeError:
            continue  # no answer for a minute: the clients notice it as well


def _kill(weather: Weather, site: Site, told: Told) -> dict[str, int]:
    """Strike at the moments that the seed says, until the storm is over."""
    dice = random.Random(f"{weather.seed}/kills")  # noqa: S311 - as above
    strikes = sorted(
        (dice.uniform(0.05, 0.9) * weather.seconds, victim)
        for victim in VICTIMS
        for _ in range(weather.kills.get(victim, 0))
    )
    began = time.monotonic()
    done: Counter[str] = Counter()
    for at, victim in strikes:
        time.sleep(max(0.0, began + at - time.monotonic()))
        while not site.strike(victim, dice):
            time.sleep(
                0.1
            )  # there is none at this moment: the one that was killed before is just coming back
        done[victim] += 1
        told(f"{at:6.1f} s: killed {victim}")
    time.sleep(max(0.0, began + weather.seconds - time.monotonic()))
    return dict(done)


def _report(weather: Weather, ctx: Context, seen: _Seen) -> Report:
    latest = events.latest(ctx)
    deadline = time.monotonic() + _CATCH_UP_S
    while any(one.latest < latest for one in seen.listeners) and time.monotonic() < deadline:
        time.sleep(0.2)
    for listener in seen.listeners:
        listener.end()
    wrong = [
        *system.violations(ctx),
        *_answers(ctx, seen.notes),
        *_streams(seen.listeners, latest),
        *(Violation(code="never_done", subject=act, id=0, numbers={}) for act in _never_done(seen.notes)),
        *(Violation(code="client_broken", subject="client", id=number, numbers={}) for number in seen.broken),
    ]
    moments = sorted(note.at_s for note in seen.notes if note.done and note.at_s >= seen.warm_up_s)
    return Report(
        seed=weather.seed,
        clients=weather.clients,
        workers=weather.workers,
        seconds=weather.seconds,
        kills=seen.kills,
        acts=_acts(seen.notes),
        sent_again=sum(note.again for note in seen.notes),
        journal=latest,
        listeners=len(seen.listeners),
        reconnections=sum(max(0, one.connections - 1) for one in seen.listeners),
        warm_up_s=seen.warm_up_s,
        longest_silence_s=max((after - before for before, after in pairwise(moments)), default=0.0),
        violations=tuple(wrong),
    )


def _acts(notes: Sequence[Note]) -> tuple[ActReport, ...]:
    kinds: dict[str, list[Note]] = defaultdict(list)
    for note in notes:
        kinds[note.asked.act].append(note)
    return tuple(_act(act, found) for act, found in sorted(kinds.items()))


def _act(act: str, notes: Sequence[Note]) -> ActReport:
    outcomes = Counter(note.outcome for note in notes)
    took = [note.answer.took_s for note in notes]
    spread = quantiles(took, n=20) if len(took) > 1 else took * 19
    return ActReport(
        act=act,
        done=outcomes["done"],
        refused=outcomes["refused"],
        unknown=outcomes["unknown"],
        tries=sum(note.answer.tries for note in notes),
        p50_s=spread[9],
        p95_s=spread[18],
    )


def _answers(ctx: Context, notes: Sequence[Note]) -> Iterator[Violation]:
    """Every answer that a client received is what the journal says: done once with this subject, or not done at all."""
    entries: dict[UUID, list[Any]] = defaultdict(list)
    number = 0
    while rows := events.after(ctx, number):
        for row in rows:
            if row.request_id is not None:
                entries[row.request_id].append(row)
        number = rows[-1].number
    perhaps_done = {note.asked.request_id for note in notes if note.outcome != "refused"}
    for note in notes:
        found = entries.get(UUID(note.asked.request_id), [])
        for status in note.answer.failures:
            yield _wrong("server_error", note, status=status)
        if note.done and note.asked.act != "order.link":
            if len(found) != 1:
                yield _wrong("answer_not_in_journal_once", note, times=len(found))
            elif (found[0].act, found[0].subject_id) != (note.asked.act, note.subject or found[0].subject_id):
                yield _wrong("answer_differs_from_journal", note, journal=found[0].number)
        # A proposal is computed outside any transaction: a repetition may be refused (its incident was closed meanwhile)
        # while the first is still being solved. It sends nobody, so that alone is no loss.
        if (
            note.outcome == "refused"
            and found
            and note.asked.request_id not in perhaps_done
            and note.asked.act != "plan.propose"
        ):
            yield _wrong("refused_and_done", note, journal=found[0].number, status=note.answer.status)


def _wrong(code: str, note: Note, **numbers: Any) -> Violation:
    return Violation(
        code=code,
        subject=note.asked.act,
        id=note.subject or 0,
        numbers={"request": note.asked.request_id, **numbers},
    )


def _streams(listeners: Sequence[Listener], latest: int) -> Iterator[Violation]:
    """Every listener saw every number from the first to the last exactly once and in order."""
    for place, listener in enumerate(listeners):
        seen = listener.numbers
        if not seen:
            yield Violation(code="stream_empty", subject="listener", id=place, numbers={})
        elif seen[-1] < latest or seen != list(
            range(seen[0], seen[-1] + 1)
        ):  # an act may still come in after `latest`
            at = next((number for last, number in pairwise(seen) if number != last + 1), seen[-1])
            numbers = {"at": at, "first": seen[0], "last": seen[-1], "journal": latest}
            yield Violation(code="stream_not_gapless", subject="listener", id=place, numbers=numbers)


# -- the county of the storm ---------------------------------------------------------------------------------------------


def _demo(ctx: Context) -> None:
    bringing_in.demo_county(ctx, request_id=uuid4(), progress=lambda *_: None)


def _accounts(ctx: Context) -> dict[str, str]:
    """Make the clients' accounts: few, because each sign-in is slow by design; return their passwords."""
    accounts.set_up(ctx)
    made: dict[str, str] = {}
    for number, role in enumerate(_ROLES):
        name, password = f"storm-{number}", new_password()
        try:
            accounts.create(ctx, request_id=uuid4(), name=name, role=role, password=password)
        except ConflictError:
            continue
        made[name] = password
    return made


@contextmanager
def _folder() -> Iterator[Path]:
    """Make a folder that the database's own user can enter, and remove it with everything in it."""
    made = Path(tempfile.mkdtemp(prefix="muster-storm-"))
    made.chmod(0o755)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
