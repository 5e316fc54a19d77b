"""Calls 叫应: what was called out, whom it reached and when, and what waits to go out over the webhook.

The call's row is the lock of everything that belongs to it: who rings, answers or ends holds it first.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, func, or_, select, text, update

from data.call_trees import Post
from data.frozen import decode, encode
from data.tables import call_messages, call_steps, calls
from data.worlds import schema_of
from dispatch.calling import CallKind, Direction, Ring, Rules, Rung, Tree, Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Where a call begins. kind: "incident", "position", "shape", or what was named ("grid", "village", "place", "area")."""

    kind: str
    code: str
    name: str
    name_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """All that a call goes by, as it was when it began."""

    tree: Tree
    rules: Rules
    posts: tuple[Post, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """A call. `look_at`: when a clock runs out that something follows; None: nothing more happens by itself."""

    id: int
    kind: CallKind
    direction: Direction
    subject: Subject
    incident_id: int | None
    text: str
    area_code: str | None
    post: str | None
    state: str
    started_at: datetime
    started_by: str
    look_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None

    @property
    def is_open(self) -> bool:
        """Whether answers are still waited for."""
        return self.state == "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """A person who was called. `about`: the place where nobody answered, empty for the call itself.

    sent: how it stands with the webhook, None where nothing goes out; `error`: why not, as a code.
    """

    id: int
    call_id: int
    key: UUID
    person: str
    place: str
    area_code: str | None
    role: str
    rank: str
    about: str
    why: Why
    called_at: datetime
    answer_by: datetime
    answered_at: datetime | None
    answered_by: str | None
    answered_over: str | None
    sent: str | None
    tries: int
    error: str

    def rung(self) -> Rung:
        """Give it as the core takes it."""
        return Rung(
            person=self.person,
            about=self.about,
            called_at=self.called_at,
            answer_by=self.answer_by,
            answered_at=self.answered_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a call came to, by persons who were called themselves: so many, answered, within the clock; the places too."""

    called: int
    answered: int
    in_time: int
    median_ms: int | None
    longest_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Figures of an area's test calls."""

    area_code: str
    calls: int
    figures: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A step that is to go out, with its call."""

    step: StepRecord
    call: CallRecord


def insert(
    connection: Connection,
    *,
    kind: CallKind,
    direction: Direction,
    subject: Subject,
    incident_id: int | None,
    said: str,
    area_code: str | None,
    post: str | None,
    chain: Chain,
    at: datetime,
    by: str,
) -> CallRecord:
    """Store a call; nobody is called yet."""
    row = connection.execute(
        calls.insert()
        .values(
            kind=kind,
            direction=direction,
            subject=encode(subject),
            incident_id=incident_id,
            text=said,
            area_code=area_code,
            post=post,
            tree=encode(chain),
            started_at=at,
            started_by=by,
        )
        .returning(calls)
    ).one()
    return _call(row)


def get(connection: Connection, call_id: int, *, within: str | None = None) -> CallRecord | None:
    """Read one call; None when there is none that concerns the area of these digits."""
    query = select(calls).where(calls.c.id == call_id)
    if within is not None:
        query = query.where(_concerns(within))
    row = connection.execute(query).one_or_none()
    return _call(row) if row else None


def lock(connection: Connection, call_id: int) -> CallRecord | None:
    """Hold a call until the transaction ends; None when there is none."""
    row = connection.execute(select(calls).where(calls.c.id == call_id).with_for_update()).one_or_none()
    return _call(row) if row else None


def chain(connection: Connection, call_id: int) -> Chain:
    """Read what a call goes by. Raises NoResultFound."""
    return decode(Chain, connection.execute(select(calls.c.tree).where(calls.c.id == call_id)).scalar_one())


def newest(
    connection: Connection,
    *,
    within: str | None = None,
    incident: int | None = None,
    before: int | None = None,
    limit: int = 50,
) -> tuple[CallRecord, ...]:
    """Read calls, open ones first, then the newest; only those that concern the area of these digits."""
    query = select(calls).order_by(calls.c.state == "ended", calls.c.id.desc()).limit(limit)
    if within is not None:
        query = query.where(_concerns(within))
    if incident is not None:
        query = query.where(calls.c.incident_id == incident)
    if before is not None:
        query = query.where(calls.c.id < before)
    return tuple(_call(row) for row in connection.execute(query))


def _concerns(within: str) -> ColumnElement[bool]:
    reached = exists().where(
        call_steps.c.call_id == calls.c.id, call_steps.c.area_code.startswith(within, autoescape=True)
    )
    return or_(calls.c.area_code.startswith(within, autoescape=True), reached)


def due(connection: Connection, now: datetime) -> tuple[tuple[int, datetime], ...]:
    """List the calls in which a clock has run out, with that clock."""
    query = select(calls.c.id, calls.c.look_at).where(calls.c.look_at <= now).order_by(calls.c.look_at)
    return tuple((row.id, row.look_at) for row in connection.execute(query))


def ring(
    connection: Connection,
    call_id: int,
    rings: Sequence[Ring],
    *,
    at: datetime,
    areas: Mapping[str, str | None],
) -> tuple[int, ...]:
    """Note whom a call calls at a moment, in order; return the steps' ids. areas: the area of each place."""
    if not rings:
        return ()
    rows = [
        {
            "call_id": call_id,
            "key": uuid4(),
            "person": one.person,
            "place": one.place,
            "area_code": areas.get(one.place),
            "role": one.role,
            "rank": one.rank,
            "about": one.about,
            "why": one.why,
            "called_at": at,
            "answer_by": at + timedelta(milliseconds=one.within_ms),
        }
        for one in rings
    ]
    return tuple(
        connection.scalars(call_steps.insert().returning(call_steps.c.id, sort_by_parameter_order=True), rows)
    )


def steps(connection: Connection, call_id: int) -> tuple[StepRecord, ...]:
    """Read everybody whom a call called, in that order."""
    query = _steps().where(call_steps.c.call_id == call_id).order_by(call_steps.c.called_at, call_steps.c.id)
    return tuple(_step(row) for row in connection.execute(query))


def step(connection: Connection, step_id: int) -> StepRecord | None:
    """Read one; None when there is none."""
    row = connection.execute(_steps().where(call_steps.c.id == step_id)).one_or_none()
    return _step(row) if row else None


def by_key(connection: Connection, key: UUID) -> StepRecord | None:
    """Read the step of the key that went out; None when there is none."""
    row = connection.execute(_steps().where(call_steps.c.key == key)).one_or_none()
    return _step(row) if row else None


def by_token(connection: Connection, link_hash: bytes) -> StepRecord | None:
    """Read the step that a link opens; None when it opens none."""
    row = connection.execute(_steps().where(call_steps.c.link_hash == link_hash)).one_or_none()
    return _step(row) if row else None


def set_link(connection: Connection, step_id: int, link_hash: bytes) -> None:
    """Let a link open a step; the one before opens nothing any more."""
    connection.execute(update(call_steps).where(call_steps.c.id == step_id).values(link_hash=link_hash))


def answer(connection: Connection, call_id: int, person: str, *, at: datetime, by: str, over: str) -> int:
    """Note that a person has answered, for all that they were called about and had not answered; return how many.

    Nobody answers before they are called: a moment before that counts as that moment.
    """
    done = connection.execute(
        update(call_steps)
        .where(
            call_steps.c.call_id == call_id, call_steps.c.person == person, call_steps.c.answered_at.is_(None)
        )
        .values(answered_at=func.greatest(call_steps.c.called_at, at), answered_by=by, answered_over=over)
    )
    return done.rowcount


def look_again(connection: Connection, call_id: int, at: datetime | None) -> None:
    """Say when a call is looked at again."""
    connection.execute(update(calls).where(calls.c.id == call_id).values(look_at=at))


def end(connection: Connection, call_id: int, *, at: datetime, by: str) -> None:
    """End a call: nobody else is called, and nothing more goes out."""
    connection.execute(
        update(calls)
        .where(calls.c.id == call_id)
        .values(state="ended", ended_at=at, ended_by=by, look_at=None)
    )
    connection.execute(
        update(call_messages)
        .where(call_messages.c.call_id == call_id, call_messages.c.state == "waiting")
        .values(state="dropped", next_at=None)
    )


# -- figures -----------------------------------------------------------------------------------------------------------

_FIGURES = """
    count(*) AS called, count(answered_at) AS answered,
    count(*) FILTER (WHERE answered_at <= called_at + :within) AS in_time,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM answered_at - called_at)) AS median_s,
    extract(epoch FROM max(answered_at - called_at)) AS longest_s
"""


def figures(connection: Connection, call_ids: Collection[int], *, within: timedelta) -> Mapping[int, Figures]:
    """Count what calls came to, by call: only persons who were called for the call itself."""
    query = text(f"""
        SELECT call_id, {_FIGURES} FROM {schema_of(connection)}.call_steps
        WHERE about = '' AND call_id = ANY(:calls) GROUP BY call_id
    """)  # the schema is one of `data.worlds`
    rows = connection.execute(query, {"calls": sorted(call_ids), "within": within})
    return {row.call_id: _figures(row) for row in rows}


def shares(
    connection: Connection, *, since: datetime, within: timedelta, area: str | None = None
) -> tuple[Share, ...]:
    """Count the answers to test calls by township, the least punctual first. area: the digits of the area asked for."""
    schema = schema_of(connection)
    query = text(f"""
        SELECT rpad(left(steps.area_code, 9), 12, '0') AS township, count(DISTINCT steps.call_id) AS calls, {_FIGURES}
        FROM {schema}.call_steps steps JOIN {schema}.calls ON calls.id = steps.call_id
        WHERE calls.kind = 'test' AND calls.started_at >= :since AND steps.about = ''
            AND starts_with(steps.area_code, :area) AND substr(steps.area_code, 7, 3) <> '000'
        GROUP BY township ORDER BY count(*) FILTER (WHERE answered_at <= called_at + :within)::float / count(*), township
    """)
    rows = connection.execute(query, {"since": since, "within": within, "area": area or ""})
    return tuple(Share(area_code=row.township, calls=row.calls, figures=_figures(row)) for row in rows)


def _figures(row: Row[Any]) -> Figures:
    return Figures(
        called=row.called,
        answered=row.answered,
        in_time=row.in_time,
        median_ms=_ms(row.median_s),
        longest_ms=_ms(row.longest_s),
    )


def _ms(seconds: Any) -> int | None:
    return None if seconds is None else round(float(seconds) * 1000)


# -- what goes out -----------------------------------------------------------------------------------------------------


def queue(connection: Connection, call: CallRecord, step_ids: Collection[int], *, at: datetime) -> None:
    """Let steps of a call go out. The store refuses it for a test call, and in every world but the live one."""
    if step_ids:
        rows = [
            {"step_id": number, "call_id": call.id, "kind": call.kind, "next_at": at} for number in step_ids
        ]
        connection.execute(call_messages.insert(), rows)


def claim(connection: Connection, *, now: datetime, until: datetime, most: int) -> tuple[Outgoing, ...]:
    """Take what is to go out now for this worker alone: whoever else looks before `until` does not see it.

    A worker that dies holds nothing for longer. What was answered meanwhile does not go out at all.
    """
    answered = exists().where(
        call_steps.c.id == call_messages.c.step_id, call_steps.c.answered_at.is_not(None)
    )
    connection.execute(
        update(call_messages)
        .where(call_messages.c.state == "waiting", call_messages.c.next_at <= now, answered)
        .values(state="dropped", next_at=None)
    )
    free = (
        select(call_messages.c.step_id)
        .where(call_messages.c.state == "waiting", call_messages.c.next_at <= now)
        .order_by(call_messages.c.next_at, call_messages.c.step_id)
        .limit(most)
        .with_for_update(skip_locked=True)
        .cte()
    )
    taken = connection.scalars(
        update(call_messages)
        .where(call_messages.c.step_id == free.c.step_id)
        .values(next_at=until, tries=call_messages.c.tries + 1)
        .returning(call_messages.c.step_id)
    ).all()
    found = [_step(row) for row in connection.execute(_steps().where(call_steps.c.id.in_(taken)))]
    its_calls = {
        row.id: _call(row)
        for row in connection.execute(select(calls).where(calls.c.id.in_({one.call_id for one in found})))
    }
    return tuple(
        Outgoing(step=one, call=its_calls[one.call_id]) for one in sorted(found, key=lambda one: one.id)
    )


def sent(connection: Connection, step_id: int, *, at: datetime) -> None:
    """Note that a step has gone out."""
    _settle(connection, step_id, state="sent", sent_at=at, next_at=None, error="")


def try_again(connection: Connection, step_id: int, *, at: datetime, error: str) -> None:
    """Note why a step has not gone out, and when it is tried again."""
    _settle(connection, step_id, state="waiting", next_at=at, error=error)


def give_up(connection: Connection, step_id: int, *, error: str) -> None:
    """Note that a step will not go out, and why."""
    _settle(connection, step_id, state="failed", next_at=None, error=error)


def _settle(connection: Connection, step_id: int, **values: Any) -> None:
    connection.execute(
        update(call_messages)
        .where(call_messages.c.step_id == step_id, call_messages.c.state == "waiting")
        .values(**values)
    )


# -- rows --------------------------------------------------------------------------------------------------------------


def _steps() -> Any:
    return select(
        call_steps, call_messages.c.state.label("sent"), call_messages.c.tries, call_messages.c.error
    ).outerjoin_from(call_steps, call_messages, and_(call_messages.c.step_id == call_steps.c.id))


def _call(row: Row[Any]) -> CallRecord:
    return CallRecord(
        id=row.id,
        kind=row.kind,
        direction=row.direction,
        subject=decode(Subject, row.subject),
        incident_id=row.incident_id,
        text=row.text,
        area_code=row.area_code,
        post=row.post,
        state=row.state,
        started_at=row.started_at,
        started_by=row.started_by,
        look_at=row.look_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
    )


def _step(row: Row[Any]) -> StepRecord:
    return StepRecord(
        id=row.id,
        call_id=row.call_id,
        key=row.key,
        person=row.person,
        place=row.place,
        area_code=row.area_code,
        role=row.role,
        rank=row.rank,
        about=row.about,
        why=row.why,
        called_at=row.called_at,
        answer_by=row.answer_by,
        answered_at=row.answered_at,
        answered_by=row.answered_by,
        answered_over=row.answered_over,
        sent=row.sent,
        tries=row.tries or 0,
        error=row.error or "",
    )
