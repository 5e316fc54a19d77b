"""Jobs: work beside the requests is told, can be ended, and is never half done or done twice."""

import threading
import time
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from api.context import Context
from api.errors import ConflictError, InvalidError, NotFoundError
from api.security import Actor
from api.usecases import jobs
from api.usecases.jobs import Progress, Work
from data import jobs as rows
from data.jobs import LOST, LOST_AFTER, JobRecord
from tests.api.conftest import Clock

CLERK = Actor(name="clerk", role="registrar")
OTHER = Actor(name="other", role="registrar")


@pytest.fixture
def clerk(app: FastAPI) -> Context:
    """The running application's context with a registrar in it."""
    context = app.state.context
    assert isinstance(context, Context)
    return context.acting(CLERK)


def ended(ctx: Context, job: JobRecord) -> JobRecord:
    """Wait until a job is over."""
    for _ in range(400):
        found = jobs.get(ctx, job.id)
        if not found.is_open:
            return found
        time.sleep(0.05)
    raise AssertionError("the job goes on")


def start(ctx: Context, work: Work, request_id: uuid.UUID | None = None) -> JobRecord:
    return jobs.start(ctx, "atlas", request_id or uuid.uuid4(), {"paper": "A3"}, work)


def test_a_job_tells_how_far_it_is_and_keeps_its_result(clerk: Context) -> None:
    """Whoever asks any worker reads it from the table."""
    told, go_on = threading.Event(), threading.Event()

    def work(_: Context, progress: Progress) -> Mapping[str, Any]:
        progress("drawing", 3, 10)
        told.set()
        assert go_on.wait(10)
        return {"page": "/atlas", "sheets": 10}

    job = start(clerk, work)
    assert told.wait(10)
    running = jobs.get(clerk, job.id)
    assert (running.state, running.stage, running.done, running.total) == ("running", "drawing", 3, 10)
    go_on.set()
    done = ended(clerk, job)
    assert (done.state, done.result) == ("done", {"page": "/atlas", "sheets": 10})


def test_the_same_request_begins_one_job(clerk: Context) -> None:
    """A page that was sent twice makes one atlas; another's request id is refused."""
    begun: list[int] = []

    def work(_: Context, __: Progress) -> Mapping[str, Any]:
        begun.append(1)
        return {}

    request = uuid.uuid4()
    first, second = start(clerk, work, request), start(clerk, work, request)
    assert first.id == second.id
    ended(clerk, first)
    assert begun == [1]
    with pytest.raises(ConflictError):
        start(clerk.acting(OTHER), work, request)


def test_a_cancelled_job_ends_at_its_next_step(clerk: Context) -> None:
    """Also one that still waits for its turn."""
    at_work = threading.Event()

    def endless(_: Context, progress: Progress) -> Mapping[str, Any]:
        while True:
            at_work.set()
            progress("drawing", 0, 0)
            time.sleep(0.02)

    first, waiting = start(clerk, endless), start(clerk, endless)
    assert at_work.wait(10)
    for job in (first, waiting):
        assert jobs.cancel(clerk, job.id).cancelling
    assert {ended(clerk, first).state, ended(clerk, waiting).state} == {"cancelled"}


def test_a_failure_is_told_by_its_code(clerk: Context, caplog: pytest.LogCaptureFixture) -> None:
    """A refusal keeps its numbers; what nobody foresaw is in the log and not on the page."""

    def refused(_: Context, __: Progress) -> Mapping[str, Any]:
        raise InvalidError("no_such_file", file="a.xls")

    def broken(_: Context, __: Progress) -> Mapping[str, Any]:
        raise ZeroDivisionError

    found = ended(clerk, start(clerk, refused))
    assert (found.state, found.error, found.details) == ("failed", "no_such_file", {"file": "a.xls"})
    assert ended(clerk, start(clerk, broken)).error == "job_failed"
    assert any("ZeroDivisionError" in (record.exc_text or "") or record.exc_info for record in caplog.records)


def test_a_job_is_its_starters_and_the_administrators(clerk: Context) -> None:
    """A result may lead to people's names."""
    job = ended(clerk, start(clerk, lambda _, __: {}))
    with pytest.raises(NotFoundError):
        jobs.get(clerk.acting(OTHER), job.id)
    with pytest.raises(NotFoundError):
        jobs.cancel(clerk.acting(OTHER), job.id)
    assert jobs.get(clerk.acting(Actor(name="root", role="administrator")), job.id).id == job.id


def test_a_job_whose_process_died_is_ended_by_the_next_one(clerk: Context, clock: Clock) -> None:
    """Its page says so before that: nobody waits for a bar that stands still."""
    begun = threading.Event()

    def silent(_: Context, __: Progress) -> Mapping[str, Any]:
        begun.set()
        time.sleep(0.5)
        return {}

    job = start(clerk, silent)
    assert begun.wait(10)
    clock.now += LOST_AFTER + timedelta(seconds=1)
    with clerk.world.begin() as connection:
        rows.end_lost(connection, now=clock.now)
    assert (jobs.get(clerk, job.id).state, jobs.get(clerk, job.id).error) == ("failed", LOST)
    time.sleep(0.8)
    assert jobs.get(clerk, job.id).state == "failed"
