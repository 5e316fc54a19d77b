"""The journal: one row for each act, gapless and sealed, written last in the act's own transaction.

It is audit trail, outbox and after-action record at once. Requests that were applied stand beside it, so that the
same request is applied once and answered the same.

Lock order of every act, so that no two acts wait for each other in a circle:
1. its request id (`claim`), 2. incidents by id, then a call, 3. the plan, 4. orders by id, then new orders: people by team,
vehicles by id, 5. stock lots by id, 6. the journal (`append`). An act may leave out steps, never go back.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from data import reach
from data.frozen import jsonable, sha256
from data.tables import commands, incidents, journal, orders
from data.worlds import schema_of

BEFORE_FIRST = bytes(32)
"""What the first row seals: nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One act, as it was journalled."""

    number: int
    at: datetime
    actor: str
    act: str
    subject: str
    subject_id: int | None
    payload: Mapping[str, Any]
    request_id: UUID | None


class RequestReusedError(Exception):
    """A request id came again with another act, actor or arguments: a mistake of the caller, not a repetition."""

    def __init__(self, request_id: UUID) -> None:
        super().__init__(str(request_id))
        self.request_id = request_id


def channel(schema: str) -> str:
    """Name the channel on which a world's journal calls out its new numbers."""
    return f"journal_{schema}"


def append(
    connection: Connection,
    *,
    act: str,
    actor: str,
    at: datetime,
    subject: str = "",
    subject_id: int | None = None,
    payload: Mapping[str, Any] | None = None,
    request_id: UUID | None = None,
) -> int:
    """Journal one act and return its number. The last statement of a transaction: the lock is held until it commits.

    The lock makes numbers visible in order, so that a reader who asks for "after n" can miss none. The listener is
    told the number only, and only when the transaction commits.
    """
    schema = schema_of(connection)
    lock(connection)
    last = connection.execute(
        select(journal.c.number, journal.c.hash).order_by(journal.c.number.desc()).limit(1)
    ).one_or_none()
    entry = Entry(
        number=last.number + 1 if last else 1,
        at=at,
        actor=actor,
        act=act,
        subject=subject,
        subject_id=subject_id,
        payload=jsonable(payload or {}),
        request_id=request_id,
    )
    prev_hash = bytes(last.hash) if last else BEFORE_FIRST
    connection.execute(
        journal.insert().values(
            number=entry.number,
            at=at,
            actor=actor,
            act=act,
            subject=subject,
            subject_id=subject_id,
            payload=entry.payload,
            request_id=request_id,
            prev_hash=prev_hash,
            hash=_seal(entry, prev_hash),
        )
    )
    connection.execute(select(func.pg_notify(channel(schema), str(entry.number))))
    return entry.number


def latest(connection: Connection) -> int:
    """Return the newest number; 0 while nothing has happened."""
    return connection.scalar(select(func.coalesce(func.max(journal.c.number), 0))) or 0


def after(connection: Connection, number: int, *, limit: int = 1000) -> tuple[Entry, ...]:
    """Read what came after `number`, in order, at most `limit` rows."""
    query = select(journal).where(journal.c.number > number).order_by(journal.c.number).limit(limit)
    return tuple(_entry(row) for row in connection.execute(query))


def newest(
    connection: Connection,
    *,
    actor: str | None = None,
    act: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    among: Collection[str] | None = None,
    limit: int | None = None,
) -> tuple[Entry, ...]:
    """Read rows from the newest down: of an actor, an act, a span of time; `among` these actors, below a number."""
    query = select(journal).order_by(journal.c.number.desc()).limit(limit)
    if actor is not None:
        query = query.where(journal.c.actor == actor)
    if act is not None:
        query = query.where(journal.c.act == act)
    if since is not None:
        query = query.where(journal.c.at >= since)
    if until is not None:
        query = query.where(journal.c.at < until)
    if before is not None:
        query = query.where(journal.c.number < before)
    if among is not None:
        query = query.where(journal.c.actor.in_(among))
    return tuple(_entry(row) for row in connection.execute(query))


def hash_of(connection: Connection, number: int) -> bytes | None:
    """Return the seal of one row; None where there is none."""
    found = connection.scalar(select(journal.c.hash).where(journal.c.number == number))
    return None if found is None else bytes(found)


def lock(connection: Connection) -> None:
    """Wait for whoever is writing the journal and hold it until this transaction ends: what is read now is the newest."""
    schema = schema_of(connection)
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("journal"), func.hashtext(schema))))


def by_request(connection: Connection, request_id: UUID, *, within: int = 2000) -> Entry | None:
    """Find what a request did among the newest rows; None when it is not there."""
    query = (
        select(journal)
        .where(journal.c.number > latest(connection) - within, journal.c.request_id == request_id)
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return _entry(row) if row else None


def later_about(connection: Connection, entry: Entry) -> tuple[Entry, ...]:
    """Read what came after a row about the same subject, took it back, or planned for the same incident."""
    touches = [
        and_(journal.c.subject == entry.subject, journal.c.subject_id == entry.subject_id),
        journal.c.payload.contains({"undoes": entry.number}),
    ]
    if entry.subject == "incident":
        planned = journal.c.payload.contains({"incidents": [entry.subject_id]})
        touches.append(and_(journal.c.act == "plan.confirm", planned))
    query = select(journal).where(journal.c.number > entry.number, or_(*touches)).order_by(journal.c.number)
    return tuple(_entry(row) for row in connection.execute(query))


def timeline(
    connection: Connection,
    *,
    before: int | None = None,
    since: datetime | None = None,
    kinds: Collection[str] = (),
    hidden: Collection[str] = (),
    incident: int | None = None,
    order: int | None = None,
    within: str | None = None,
    actor: str = "",
    limit: int = 50,
) -> tuple[Entry, ...]:
    """Read rows, the newest first: before a number, since a moment, of some kinds of act, about an incident or an order.

    kinds: what stands before the dot of an act; hidden: kinds that are left out. within: only what concerns incidents of
    the area of these digits and their orders, and what `actor` did.
    """
    kind = func.split_part(journal.c.act, ".", 1)
    query = select(journal).order_by(journal.c.number.desc()).limit(limit)
    if before is not None:
        query = query.where(journal.c.number < before)
    if since is not None:
        query = query.where(journal.c.at >= since)
    if within is not None:
        query = query.where(_concerns(within, actor))
    if kinds:
        query = query.where(kind.in_(kinds))
    if hidden:
        query = query.where(kind.not_in(hidden))
    if incident is not None:
        its_orders = select(orders.c.id).where(orders.c.incident_id == incident)
        query = query.where(
            or_(
                and_(journal.c.subject == "incident", journal.c.subject_id == incident),
                and_(journal.c.subject == "order", journal.c.subject_id.in_(its_orders)),
                journal.c.payload.contains({"incident": incident}),
                journal.c.payload.contains({"incidents": [incident]}),
            )
        )
    if order is not None:
        query = query.where(
            or_(
                and_(journal.c.subject == "order", journal.c.subject_id == order),
                journal.c.payload.contains({"order": order}),
                journal.c.payload.contains({"orders": [order]}),
            )
        )
    return tuple(_entry(row) for row in connection.execute(query))


def _concerns(within: str, actor: str) -> ColumnElement[bool]:
    its = select(incidents.c.id).where(reach.incident_or_help(within)).scalar_subquery()
    its_orders = select(orders.c.id).where(orders.c.incident_id.in_(its))
    return or_(
        journal.c.actor == actor,
        and_(journal.c.subject == "incident", journal.c.subject_id.in_(its)),
        and_(journal.c.subject == "order", journal.c.subject_id.in_(its_orders)),
        journal.c.payload["incident"].as_integer().in_(its),
    )


def counts(
    connection: Connection, *, since: datetime | None, within: str | None = None, actor: str = ""
) -> dict[str, int]:
    """Count rows by act, since a moment or from the beginning; `within` and `actor` as in `newest`."""
    query = select(journal.c.act, func.count()).group_by(journal.c.act).order_by(journal.c.act)
    if since is not None:
        query = query.where(journal.c.at >= since)
    if within is not None:
        query = query.where(_concerns(within, actor))
    return {act: number for act, number in connection.execute(query)}  # noqa: C416  # rows, not pairs


def about(connection: Connection, *, subject: str, subject_id: int) -> tuple[Entry, ...]:
    """Read everything that was done with one subject, in order."""
    query = select(journal).where(journal.c.subject == subject, journal.c.subject_id == subject_id)
    return tuple(_entry(row) for row in connection.execute(query.order_by(journal.c.number)))


def first_broken(connection: Connection) -> int | None:
    """Recompute every seal; return the first number whose row was changed afterwards, None when all hold."""
    prev_hash, expected = BEFORE_FIRST, 1
    query = select(journal).order_by(journal.c.number).execution_options(yield_per=1000)
    with connection.execute(query) as rows:
        for row in rows:
            if (row.number, bytes(row.prev_hash)) != (expected, prev_hash):
                return expected
            if bytes(row.hash) != _seal(_entry(row), prev_hash):
                return expected
            prev_hash, expected = bytes(row.hash), expected + 1
    return None


def claim(
    connection: Connection,
    *,
    request_id: UUID,
    act: str,
    actor: str,
    arguments: Mapping[str, Any],
    at: datetime,
) -> dict[str, Any] | None:
    """Claim a request for this transaction: None when it is new, its earlier result when it was applied before.

    A second transaction with the same request waits here until the first one ends. Raises RequestReusedError.
    """
    digest = sha256(jsonable(arguments))
    claimed = connection.execute(
        insert(commands)
        .values(request_id=request_id, act=act, actor=actor, at=at, arguments_sha256=digest)
        .on_conflict_do_nothing()
        .returning(commands.c.request_id)
    ).one_or_none()
    if claimed is not None:
        return None
    return answered(connection, request_id=request_id, act=act, actor=actor, arguments=arguments)


def answered(
    connection: Connection, *, request_id: UUID, act: str, actor: str, arguments: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Tell what a request was answered with, None when it was not applied yet. Raises RequestReusedError."""
    earlier = connection.execute(select(commands).where(commands.c.request_id == request_id)).one_or_none()
    if earlier is None:
        return None
    if (earlier.act, earlier.actor, bytes(earlier.arguments_sha256)) != (
        act,
        actor,
        sha256(jsonable(arguments)),
    ):
        raise RequestReusedError(request_id)
    return dict(earlier.result)


def settle(connection: Connection, *, request_id: UUID, result: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what a claimed request is answered with, and return it as a repetition will be answered."""
    kept = dict(jsonable(result))
    connection.execute(commands.update().where(commands.c.request_id == request_id).values(result=kept))
    return kept


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        number=row.number,
        at=row.at,
        actor=row.actor,
        act=row.act,
        subject=row.subject,
        subject_id=row.subject_id,
        payload=row.payload,
        request_id=row.request_id,
    )


def _seal(entry: Entry, prev_hash: bytes) -> bytes:
    return sha256(
        {
            "number": entry.number,
            "at": entry.at.astimezone(UTC).isoformat(),
            "actor": entry.actor,
            "act": entry.act,
            "subject": entry.subject,
            "subject_id": entry.subject_id,
            "payload": entry.payload,
            "request_id": str(entry.request_id) if entry.request_id else None,
            "prev_hash": prev_hash.hex(),
        }
    )
