"""Jobs: work of seconds to minutes beside the requests, with progress that everybody's worker can tell.

A job is no act: what it writes, it writes by acts, in its starter's name. It may end at any moment, when its process
is killed, without anything half written.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from api import scope
from api.context import Context
from api.errors import ConflictError, DatabaseAwayError, MusterError, NotFoundError
from api.jobs import StoppedError
from api.security import authorise
from data import jobs
from data.jobs import LOST, JobRecord

Progress = Callable[[str, int, int], None]
"""Told (stage code, steps done, steps in all; 0: nobody knows). Raises `api.jobs.StoppedError` when the job shall end."""

Work = Callable[[Context, Progress], Mapping[str, Any]]
"""What a job does. Its result is small; `result["page"]`, a path, is where the finished job's page leads."""

_BEAT_EVERY_S: Final = 2.0
_TELL_EVERY_S: Final = 0.5
_TRIES: Final = 30  # to write how it ended while the database is away

log = logging.getLogger(__name__)


def start(ctx: Context, kind: str, request_id: UUID, arguments: Mapping[str, Any], work: Work) -> JobRecord:
    """Begin a job in this process; the caller has authorised what it is for. A repeated request gets the same job.

    Raises ConflictError when the request id was used for another job.
    """
    now = ctx.clock()
    with ctx.world.begin() as connection:
        jobs.end_lost(connection, now=now)
        job, fresh = jobs.begin(
            connection,
            request_id=request_id,
            kind=kind,
            arguments=arguments,
            actor=ctx.actor.name,
            at=now,
        )
    if (job.kind, job.started_by) != (kind, ctx.actor.name):
        raise ConflictError("request_reused")
    if fresh:
        running = _Running(ctx, job.id)
        ctx.jobs.begin(f"job-{job.id}", lambda: running.run(work))
    return job


def get(ctx: Context, job_id: int) -> JobRecord:
    """Read a job, its starter's or for an administrator. Raises NotFoundError."""
    authorise(ctx.actor, "job.read")
    with ctx.world.read() as connection:
        return _own(ctx, jobs.get(connection, job_id), job_id)


def listing(ctx: Context, kind: str) -> tuple[JobRecord, ...]:
    """Read the newest jobs of a kind: the actor's own, an administrator all."""
    authorise(ctx.actor, "job.read")
    with ctx.world.read() as connection:
        return jobs.newest(connection, kind=kind, actor=None if _sees_all(ctx) else ctx.actor.name)


def cancel(ctx: Context, job_id: int) -> JobRecord:
    """Ask a job to end; what has ended stays so. Raises NotFoundError."""
    authorise(ctx.actor, "job.cancel")
    with ctx.world.begin() as connection:
        _own(ctx, jobs.get(connection, job_id), job_id)
        jobs.ask_to_end(connection, job_id)
        return _own(ctx, jobs.get(connection, job_id), job_id)


def is_lost(ctx: Context, job: JobRecord) -> bool:
    """Whether a job's process has died under it."""
    return job.is_open and ctx.clock() - job.beat_at > jobs.LOST_AFTER


def _sees_all(ctx: Context) -> bool:
    return ctx.actor.role == "administrator" and scope.own(ctx.actor) is None


def _own(ctx: Context, job: JobRecord | None, job_id: int) -> JobRecord:
    if job is None or not (_sees_all(ctx) or job.started_by == ctx.actor.name):
        raise NotFoundError("no_such_job", id=job_id)
    return job


class _Running:
    """One job at work."""

    def __init__(self, ctx: Context, job_id: int) -> None:
        self.ctx, self.id = ctx, job_id
        self._told_at = 0.0
        self._stage = ""
        self._over, self._cancelled = threading.Event(), threading.Event()

    def run(self, work: Work) -> None:
        self.ctx.jobs.begin(f"job-{self.id}-beat", self._beat)
        try:
            self._end(**self._outcome(work))
        finally:
            self._over.set()

    def _outcome(self, work: Work) -> dict[str, Any]:
        try:
            self.ctx.jobs.wait_for_turn(self._stopped)
            try:
                self._tell("", 0, 0)
                return {"state": "done", "result": work(self.ctx, self._progress)}
            finally:
                self.ctx.jobs.end_turn()
        except StoppedError:
            if self._cancelled.is_set():
                return {"state": "cancelled"}
            return {"state": "failed", "error": LOST}
        except MusterError as error:
            return {"state": "failed", "error": error.code, "details": error.details}
        except DatabaseAwayError:
            return {"state": "failed", "error": "database_away"}
        except Exception:
            log.exception("job failed", extra={"job": self.id})
            return {"state": "failed", "error": "job_failed"}

    def _stopped(self) -> bool:
        return self._cancelled.is_set() or self.ctx.jobs.ending.is_set()

    def _progress(self, stage: str, done: int, total: int) -> None:
        if self._stopped():
            raise StoppedError
        now = time.monotonic()
        if stage != self._stage or now - self._told_at >= _TELL_EVERY_S:
            self._told_at, self._stage = now, stage
            self._tell(stage, done, total)

    def _tell(self, stage: str, done: int, total: int) -> None:
        """Write how far it has come; while the database is away, the work goes on untold."""
        try:
            with self.ctx.world.begin() as connection:
                jobs.step(connection, self.id, stage=stage, done=done, total=total, at=self.ctx.clock())
        except (DatabaseAwayError, MusterError) as error:
            log.warning("progress untold", extra={"job": self.id, "error": type(error).__name__})

    def _beat(self) -> None:
        while not (self._over.wait(_BEAT_EVERY_S) or self.ctx.jobs.ending.is_set()):
            try:
                with self.ctx.world.begin() as connection:
                    if not jobs.beat(connection, self.id, at=self.ctx.clock()):
                        self._cancelled.set()
            except (DatabaseAwayError, MusterError) as error:
                log.warning("no beat", extra={"job": self.id, "error": type(error).__name__})

    def _end(self, **outcome: Any) -> None:
        for _ in range(_TRIES):
            try:
                with self.ctx.world.begin() as connection:
                    jobs.end(connection, self.id, at=self.ctx.clock(), **outcome)
            except (DatabaseAwayError, MusterError) as error:
                log.warning("end untold", extra={"job": self.id, "error": type(error).__name__})
                if self.ctx.jobs.ending.wait(1.0):
                    return
            else:
                return
