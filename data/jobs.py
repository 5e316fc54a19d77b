"""Work of seconds to minutes beside the requests: what it is, how far it has come, and how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Connection, Row, select
from sqlalchemy.dialects.postgresql import insert as insert_or_not

from data.frozen import jsonable
from data.tables import jobs

State = Literal["waiting", "running", "done", "failed", "cancelled"]
LOST_AFTER: Final = timedelta(seconds=30)
"""A job whose process has said nothing for so long has died with it."""
LOST: Final = "job_lost"
_OPEN: Final = ("waiting", "running")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """One job. stage: code of what it does now, `done` of `total` (0: nobody knows). error: code of why it failed."""

    id: int
    kind: str
    arguments: Mapping[str, Any]
    state: State
    stage: str
    done: int
    total: int
    result: Mapping[str, Any] | None
    error: str | None
    details: Mapping[str, Any] | None
    cancelling: bool
    started_at: datetime
    started_by: str
    beat_at: datetime
    ended_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether it waits or works."""
        return self.state in _OPEN


def begin(
    connection: Connection,
    *,
    request_id: UUID,
    kind: str,
    arguments: Mapping[str, Any],
    actor: str,
    at: datetime,
) -> tuple[JobRecord, bool]:
    """Store a job that waits; tells whether it is new, or what the same request began before."""
    values = {
        "request_id": request_id,
        "kind": kind,
        "arguments": jsonable(arguments),
        "started_at": at,
        "started_by": actor,
        "beat_at": at,
    }
    made = insert_or_not(jobs).values(values).on_conflict_do_nothing(index_elements=["request_id"])
    row = connection.execute(made.returning(jobs)).one_or_none()
    if row is not None:
        return _record(row), True
    return _record(connection.execute(select(jobs).where(jobs.c.request_id == request_id)).one()), False


def get(connection: Connection, job_id: int) -> JobRecord | None:
    """Read a job."""
    row = connection.execute(select(jobs).where(jobs.c.id == job_id)).one_or_none()
    return None if row is None else _record(row)


def newest(
    connection: Connection, *, kind: str, actor: str | None = None, limit: int = 20
) -> tuple[JobRecord, ...]:
    """Read the jobs of a kind, the newest first; `actor`: only those that somebody started."""
    query = select(jobs).where(jobs.c.kind == kind).order_by(jobs.c.id.desc()).limit(limit)
    if actor is not None:
        query = query.where(jobs.c.started_by == actor)
    return tuple(_record(row) for row in connection.execute(query))


def beat(connection: Connection, job_id: int, *, at: datetime) -> bool:
    """Say that its process lives; tells whether it goes on: somebody may have asked it to end."""
    statement = jobs.update().where(jobs.c.id == job_id, jobs.c.state.in_(_OPEN)).values(beat_at=at)
    cancelling = connection.scalar(statement.returning(jobs.c.cancelling))
    return cancelling is False


def step(connection: Connection, job_id: int, *, stage: str, done: int, total: int, at: datetime) -> None:
    """Say how far it has come."""
    values = {"state": "running", "stage": stage, "done": done, "total": total, "beat_at": at}
    connection.execute(jobs.update().where(jobs.c.id == job_id, jobs.c.state.in_(_OPEN)).values(values))


def end(
    connection: Connection,
    job_id: int,
    *,
    state: State,
    at: datetime,
    result: Mapping[str, Any] | None = None,
    error: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Say how it ended; what has ended stays so."""
    values = {
        "state": state,
        "ended_at": at,
        "result": jsonable(result),
        "error": error,
        "details": jsonable(details),
    }
    connection.execute(jobs.update().where(jobs.c.id == job_id, jobs.c.state.in_(_OPEN)).values(values))


def ask_to_end(connection: Connection, job_id: int) -> None:
    """Ask an open job to end."""
    connection.execute(
        jobs.update().where(jobs.c.id == job_id, jobs.c.state.in_(_OPEN)).values(cancelling=True)
    )


def end_lost(connection: Connection, *, now: datetime) -> None:
    """End the jobs whose process has died."""
    lost = jobs.c.state.in_(_OPEN) & (jobs.c.beat_at < now - LOST_AFTER)
    connection.execute(jobs.update().where(lost).values(state="failed", error=LOST, ended_at=now))


def _record(row: Row[Any]) -> JobRecord:
    return JobRecord(**{name: getattr(row, name) for name in JobRecord.__dataclass_fields__})
