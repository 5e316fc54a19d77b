"""Who did what, and when: reading the journal, taking it out, and proving that nobody changed it afterwards.

The rows are chained by hashes, so a changed or missing row is found by itself. What a chain cannot show is that its end
was cut off: for that a seal (the last number and its hash) is kept elsewhere, and the journal is held against it.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Connection

from api import scope
from api.context import Context
from api.errors import InvalidError
from api.security import authorise
from api.usecases import personal
from api.usecases.acting import Done, perform
from data import accounts, journal
from data.frozen import canonical
from data.journal import Entry

PAGE: Final = 100
_HASH_DIGITS: Final = 64
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
COLUMNS: Final = ("number", "at", "actor", "act", "subject", "subject_id", "payload", "request_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What to read of the journal; what is None is not asked for. `before`: only smaller numbers, for the next page."""

    actor: str | None = None
    act: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """The end of the journal at one moment, to be kept elsewhere."""

    number: int
    hash: str

    def __str__(self) -> str:
        """Write it on one line: the number, a colon, the hash."""
        return f"{self.number}:{self.hash}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether the journal holds. `broken`: the first row that does not, and why."""

    rows: int
    seal: Seal
    broken: int | None = None
    why: Literal["changed", "cut_off", "not_the_same"] | None = None


def entries(ctx: Context, wanted: Filter, *, limit: int = PAGE) -> tuple[Entry, ...]:
    """Read the journal, the newest first; an administrator of an area reads what its own accounts did."""
    authorise(ctx.actor, "audit.read")
    with ctx.world.read() as connection:
        return _read(ctx, connection, wanted, limit)


def seal(ctx: Context) -> Seal:
    """Give the journal's last number and hash."""
    authorise(ctx.actor, "audit.verify")
    with ctx.world.read() as connection:
        return _seal(connection)


def verify(ctx: Context, sealed: Seal | None = None) -> Verdict:
    """Recompute every seal in order, and hold the journal against one that was kept elsewhere."""
    authorise(ctx.actor, "audit.verify")
    with ctx.world.read() as connection:
        now = _seal(connection)
        broken = journal.first_broken(connection)
        if broken is not None:
            return Verdict(rows=now.number, seal=now, broken=broken, why="changed")
        if sealed is None or sealed.number == 0:
            return Verdict(rows=now.number, seal=now)
        if sealed.number > now.number:
            return Verdict(rows=now.number, seal=now, broken=now.number + 1, why="cut_off")
        then = journal.hash_of(connection, sealed.number)
        if then is None or then.hex() != sealed.hash:
            return Verdict(rows=now.number, seal=now, broken=sealed.number, why="not_the_same")
        return Verdict(rows=now.number, seal=now)


def read_seal(written: str) -> Seal:
    """Read a seal as `muster audit seal` prints it. Raises InvalidError."""
    number, _, digits = written.strip().partition(":")
    hexadecimal = len(digits) == _HASH_DIGITS and set(digits.lower()) <= set("0123456789abcdef")
    if not (number.isascii() and number.isdigit() and hexadecimal):
        raise InvalidError("seal_unreadable")
    return Seal(number=int(number), hash=digits.lower())


def export(ctx: Context, wanted: Filter, *, request_id: UUID) -> str:
    """Write what the filter asks for as CSV, the newest first. Taking it out is itself an act of the journal.

    A cell that a spreadsheet would run as a formula begins with an apostrophe.
    """
    found: list[Entry] = []

    def do(connection: Connection, now: datetime) -> Done:  # noqa: ARG001  # the shape of every act
        found[:] = _read(ctx, connection, wanted, None)  # an act may be tried twice
        return Done(subject="journal", id=None, payload={"rows": len(found), **_told(wanted)})

    perform(ctx, "audit.export", request_id, _told(wanted), do)
    if not found:  # a repeated request: it was journaled the first time
        found.extend(entries(ctx, wanted, limit=_EVERYTHING))
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    writer.writerows(_cells(entry) for entry in found)
    return file.getvalue()


_EVERYTHING: Final = 10_000_000


def safe(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _cells(entry: Entry) -> Iterator[str]:
    told: Mapping[str, Any] = {
        **{name: getattr(entry, name) for name in COLUMNS},
        "at": entry.at.isoformat(),
        "payload": canonical(personal.without(entry.payload)).decode(),
    }
    yield from (safe("" if told[name] is None else str(told[name])) for name in COLUMNS)


def _told(wanted: Filter) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name in ("actor", "act", "since", "until", "before")
        if (value := getattr(wanted, name)) is not None
    }


def _read(ctx: Context, connection: Connection, wanted: Filter, limit: int | None) -> tuple[Entry, ...]:
    own = scope.own(ctx.actor)
    known = None if own is None else [user.name for user in accounts.list_users(connection, within=own)]
    return journal.newest(
        connection,
        actor=wanted.actor,
        act=wanted.act,
        since=wanted.since,
        until=wanted.until,
        before=wanted.before,
        among=known,
        limit=limit,
    )


def _seal(connection: Connection) -> Seal:
    number = journal.latest(connection)
    return Seal(number=number, hash=(journal.hash_of(connection, number) or journal.BEFORE_FIRST).hex())
