"""What a process needs around its acts: the database, the schema, the context, the event hub, warm roads."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from fastapi import FastAPI
from sqlalchemy import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from api import webhook
from api.context import Clock, Context, make_context, system_clock
from api.errors import DatabaseAwayError, MusterError, UnavailableError
from api.hub import Hub
from api.networks import rehearse
from api.settings import Settings
from api.threads import to_the_end
from api.usecases import call_sending, calls, events, positions, system
from api.webhook import Webhook
from data import archive, migrate
from data.cluster import Cluster

_TIDY_S = 3600.0
_BETWEEN_BATCHES_S = 1.0  # others' work comes first
_WATCH_EVERY_S = 10.0
_CALL_EVERY_S = 1.0
_JUMP_S = 60.0
_TOLD_FOR_S = 3600.0
_TROUBLES = frozenset({"disk_nearly_full", "clock_off"})

log = logging.getLogger(__name__)


@contextmanager
def database(settings: Settings, *, attach: bool = True) -> Iterator[str]:
    """Yield the address of the database: the one in the settings, or a private cluster that runs while we do.

    `attach`: use the cluster of a server that is already running on the folder instead of refusing.
    """
    if settings.database_url is not None:
        yield settings.database_url
        return
    private = cluster(settings)
    try:
        yield private.start(attach=attach)
    finally:
        private.stop()


def cluster(settings: Settings) -> Cluster:
    """Return the private cluster of the settings' folder; it keeps its log once there is a base backup."""
    folder = settings.folder / "cluster"
    return Cluster(folder, options=archive.options(folder.resolve(), settings.backups.resolve()))


@contextmanager
def on(settings: Settings, url: str, *, clock: Clock = system_clock) -> Iterator[Context]:
    """Yield a context on the database at `url`, with its schema brought up to date."""
    context = make_context(settings, url, clock=clock)
    try:
        migrate.upgrade(context.engine)
        yield context
    finally:
        context.engine.dispose()


@contextmanager
def looking(settings: Settings, url: str) -> Iterator[Context]:
    """Yield a context on the database as it is, whatever its schema."""
    context = make_context(settings, url)
    try:
        yield context
    finally:
        context.engine.dispose()


@contextmanager
def opened(settings: Settings, *, attach: bool = True, clock: Clock = system_clock) -> Iterator[Context]:
    """Yield a context on the settings' database."""
    with database(settings, attach=attach) as url, on(settings, url, clock=clock) as context:
        yield context


def address(url: str) -> URL:
    """Read a database's address."""
    return make_url(url)


@asynccontextmanager
async def running(app: FastAPI, settings: Settings, *, clock: Clock = system_clock) -> AsyncIterator[None]:
    """Hold everything the HTTP endpoints need in `app.state` (context, hub) while the application runs."""
    entered = opened(settings, attach=False, clock=clock)
    context = await run_in_threadpool(entered.__enter__)
    tasks: list[asyncio.Task[None]] = []
    try:
        hub = Hub(
            context.engine.url.render_as_string(hide_password=False),
            events.channel(context),
            lambda after: events.after(context, after),
            lambda: events.latest(context),
            positions=events.positions_channel(context),
        )
        await run_in_threadpool(system.publish_layers, context)
        app.state.context = context
        app.state.hub = hub
        app.state.troubles = ()
        work = [hub.run(), _warm(context), _tidy(context), _watch(app, context), _escalate(context)]
        if (outside := webhook.of(settings, context.world.schema)) is not None:
            work.append(_send(context, outside))
        tasks = [asyncio.create_task(one) for one in work]
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await run_in_threadpool(context.jobs.stop)
        await run_in_threadpool(entered.__exit__, None, None, None)


async def _watch(app: FastAPI, context: Context) -> None:
    """Keep in `app.state.troubles` what every page warns of: a disk that fills up, a clock that is wrong."""
    wall, steady = context.clock(), time.monotonic()
    jumped_until = 0.0
    while True:
        standing = await to_the_end(system.readiness, context)
        went = (context.clock() - wall).total_seconds() - (time.monotonic() - steady)
        wall, steady = context.clock(), time.monotonic()
        if went > _JUMP_S:
            jumped_until = steady + _TOLD_FOR_S
        found = {code for code in standing.missing if code in _TROUBLES}
        if steady < jumped_until:
            found.add("clock_jumped")
        app.state.troubles = tuple(sorted(found))
        await asyncio.sleep(_WATCH_EVERY_S)


async def _escalate(context: Context) -> None:
    """Call whoever follows when somebody's clock has run out, whether anybody looks or not, until cancelled."""
    while True:
        try:
            await to_the_end(calls.escalate_due, context)
        except (SQLAlchemyError, MusterError, DatabaseAwayError) as error:
            log.warning("Calls were not brought forward: %s", error)
        await asyncio.sleep(_CALL_EVERY_S)


async def _send(context: Context, outside: Webhook) -> None:
    """Deliver what calls have to say to the outside, until cancelled. A test call and an exercise have nothing."""
    while True:
        tried = 0
        try:
            tried = await to_the_end(call_sending.send_waiting, context, outside)
        except (SQLAlchemyError, MusterError, DatabaseAwayError) as error:
            log.warning("Calls were not sent: %s", error)
        await asyncio.sleep(0 if tried else _CALL_EVERY_S)


async def _tidy(context: Context) -> None:
    """Delete old fixes, a bounded number at a time, until cancelled. Several processes may do so at once."""
    while True:
        pause = _TIDY_S
        try:
            if await to_the_end(positions.prune, context):
                pause = _BETWEEN_BATCHES_S
            await to_the_end(system.sweep_made, context)
        except (SQLAlchemyError, MusterError, DatabaseAwayError) as error:
            log.warning("Old positions were not deleted: %s", error)
        await asyncio.sleep(pause)


async def _warm(context: Context) -> None:
    """Load the roads, and the code that searches them, before the first plan asks for them."""
    context.networks.prepare_large_ones(context.settings.folder / "roads")
    with suppress(UnavailableError, DatabaseAwayError):  # whoever plans first loads them then
        _, network = await to_the_end(context.networks.current)
        await to_the_end(rehearse, network, context.settings.folder)
