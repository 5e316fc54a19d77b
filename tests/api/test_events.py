"""The event stream: every act once, in order, without a gap, whatever happens to the connection."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from api.context import Context, make_context
from api.events import stream
from api.hub import Hub
from api.security import local_administrator
from api.settings import Settings
from api.usecases import closures, events
from data.cluster import Cluster
from tests import builders
from tests.api.conftest import Browser, Clock


def close_roads(context: Context, count: int) -> None:
    """Do `count` acts."""
    point = {"type": "Point", "coordinates": list(builders.on_main_road(1))}
    for _ in range(count):
        closures.close(context, request_id=uuid.uuid4(), geometry=point)


@asynccontextmanager
async def listening(context: Context) -> AsyncIterator[Hub]:
    """A hub that has started to listen."""
    url = context.engine.url.render_as_string(hide_password=False)
    hub = Hub(
        url,
        events.channel(context),
        lambda n: events.after(context, n),
        lambda: events.latest(context),
        events.positions_channel(context),
    )
    task = asyncio.create_task(hub.run())
    await asyncio.sleep(0.3)
    try:
        yield hub
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def acting(database: str, clock: Clock) -> Context:
    """A local administrator on an empty database, without an application around."""
    context = make_context(Settings(database_url=database), database, clock=clock)
    return context.acting(local_administrator("tests"))


async def numbers(hub: Hub, context: Context, since: int | None, *, life_s: float = 2.0) -> list[int]:
    """Listen until the stream ends, and return the numbers of the acts that came."""
    heard = await everything(hub, context, since, life_s=life_s)
    return [data["number"] for event, data in heard if event == "act"]


async def everything(
    hub: Hub, context: Context, since: int | None, *, life_s: float
) -> list[tuple[str, dict[str, Any]]]:
    """Listen until the stream ends, and return each event with its data."""
    told: list[tuple[str, dict[str, Any]]] = []
    async for chunk in stream(hub, since, lambda n: events.after(context, n), life_s=life_s):
        lines = [line.split(": ", 1) for line in chunk.decode().splitlines() if line]
        fields = {name: value for name, value in lines}  # noqa: C416  # lists of two
        told.append((fields["event"], json.loads(fields["data"])))
    return told


def test_a_listener_that_comes_back_misses_nothing(acting: Context) -> None:
    """Rows from before, from during and from after its absence arrive once each and in order."""

    async def scene() -> list[int]:
        async with listening(acting) as hub:
            listener = asyncio.create_task(numbers(hub, acting, 2))
            await asyncio.sleep(0.2)
            await asyncio.to_thread(close_roads, acting, 3)
            return await listener

    close_roads(acting, 4)
    assert asyncio.run(scene()) == [3, 4, 5, 6, 7]
    acting.engine.dispose()


def test_a_new_listener_hears_from_now_on(acting: Context) -> None:
    """A page that was just loaded has read the state already."""

    async def scene() -> list[int]:
        async with listening(acting) as hub:
            listener = asyncio.create_task(numbers(hub, acting, None))
            await asyncio.sleep(0.2)
            await asyncio.to_thread(close_roads, acting, 2)
            return await listener

    close_roads(acting, 3)
    assert asyncio.run(scene()) == [4, 5]
    acting.engine.dispose()


def test_what_happened_while_the_database_was_away_is_told(acting: Context, cluster: Cluster) -> None:
    """A notification is lost while nobody listens: after every reconnection the journal is read again."""

    def cut() -> None:
        with psycopg.connect(cluster.url("postgres").replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%%'"
            )

    async def scene() -> list[int]:
        async with listening(acting) as hub:
            listener = asyncio.create_task(numbers(hub, acting, None, life_s=4))
            await asyncio.sleep(0.2)
            await asyncio.to_thread(cut)
            await asyncio.to_thread(close_roads, acting, 2)
            return await listener

    assert asyncio.run(scene()) == [1, 2]
    acting.engine.dispose()


def test_a_unit_that_moves_is_told_without_a_number(acting: Context) -> None:
    """Positions come by the hundred and stand in no journal; whoever shows them asks for the newest."""

    def move() -> None:
        with acting.world.begin() as connection:
            connection.execute(
                text("SELECT pg_notify(:channel, :unit)"),
                {"channel": events.positions_channel(acting), "unit": '{"team": 7}'},
            )

    async def scene() -> list[tuple[str, dict[str, Any]]]:
        async with listening(acting) as hub:
            listener = asyncio.create_task(everything(hub, acting, None, life_s=2))
            await asyncio.sleep(0.2)
            await asyncio.to_thread(move)
            return await listener

    heard = asyncio.run(scene())
    assert heard[0] == ("beat", {"number": 0, "hearing": True})
    assert ("position", {"team": 7}) in heard
    acting.engine.dispose()


def test_a_page_from_before_the_store_was_put_back_is_told_so(acting: Context) -> None:
    """After a restore the journal ends earlier than what an open page has seen: the answer's own number is smaller."""

    async def scene() -> bytes:
        async with listening(acting) as hub:
            async for chunk in stream(hub, 900, lambda n: events.after(acting, n), life_s=1):
                return chunk
        raise AssertionError

    close_roads(acting, 3)
    assert b"\nid: 3\nevent: beat\n" in asyncio.run(scene())
    acting.engine.dispose()


def test_eight_writers_are_heard_without_a_gap(acting: Context) -> None:
    """Numbers become visible in order, so that "after n" can skip nobody who commits late."""

    async def scene() -> list[int]:
        async with listening(acting) as hub:
            listener = asyncio.create_task(numbers(hub, acting, 0, life_s=6))
            await asyncio.gather(*(asyncio.to_thread(close_roads, acting, 5) for _ in range(8)))
            return await listener

    assert asyncio.run(scene()) == list(range(1, 41))
    acting.engine.dispose()


def test_the_stream_is_events_and_ends_by_itself(commander: Browser) -> None:
    """The life of a stream is capped; each event says what was done to what, and nothing personal."""
    commander.post(
        "/incidents", {"type": "landslide", "level": 4, "position": list(builders.on_main_road(5))}
    )
    answer = commander.get("/events", headers={"Last-Event-ID": "0"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    event = next(block for block in answer.text.split("\n\n") if "event: act" in block)
    data = json.loads(event.split("data: ")[1])
    assert (data["act"], data["subject"]) == ("incident.report", "incident")
    assert set(data) == {"number", "at", "act", "subject", "id"}


def test_a_stream_needs_a_session(commander: Browser) -> None:
    """What happens in the county is not for everybody."""
    commander.http.cookies.clear()
    assert commander.get("/events").status_code == 401
