"""Faults around an act: the database goes away, its disk is full, the clock is wrong, a body is too large."""

import asyncio
import os
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from api import hub
from api.context import Context
from api.errors import StoreFullError
from api.events import stream
from api.http.away import Away
from api.http.limits import MOST_BYTES
from api.outage import Room
from api.usecases import closures, events, incidents, orders, plans, system
from data import journal
from data.cluster import Cluster
from tests import builders, databases
from tests.api.conftest import Browser, Clock

HERE = {"type": "Point", "coordinates": list(builders.on_main_road(1))}


def breaking_once(engine: Engine, moment: str) -> None:
    """Let the next act's connection break: in the middle of it, or after its commit, before the answer."""

    def cut(connection: Any) -> None:
        event.remove(engine, moment, cut)
        if moment == "commit":
            connection.connection.dbapi_connection.commit()
        connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    event.listen(engine, moment, cut)


def entries(context: Context) -> list[journal.Entry]:
    return list(events.after(context, 0))


@pytest.mark.parametrize("moment", ["begin", "commit"])
def test_an_act_whose_connection_breaks_is_done_once(context: Context, moment: str) -> None:
    """Nobody knows whether a broken commit was done; the act is tried again and has one effect, one row, one answer."""
    breaking_once(context.engine, moment)
    request = uuid.uuid4()
    made = closures.close(context, request_id=request, geometry=HERE)
    assert [one.request_id for one in entries(context)] == [request]
    assert closures.close(context, request_id=request, geometry=HERE) == made
    assert len(closures.standing(context)) == 1


@pytest.mark.parametrize("state", ["40P01", "40001"])
def test_an_act_that_the_database_ended_for_another_is_done_after_it(context: Context, state: str) -> None:
    """Two acts that wait for each other's rows: PostgreSQL ends one of them, which is tried again and not failed."""

    def end(connection: Any) -> None:
        event.remove(context.engine, "begin", end)
        connection.exec_driver_sql(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$")

    event.listen(context.engine, "begin", end)
    request = uuid.uuid4()
    closures.close(context, request_id=request, geometry=HERE)
    assert [one.request_id for one in entries(context)] == [request]


def test_a_killed_server_costs_a_moment_and_no_act(context: Context, cluster: Cluster) -> None:
    """kill -9 of PostgreSQL between two acts: the second one waits for it to come back instead of failing."""
    closures.close(context, request_id=uuid.uuid4(), geometry=HERE)
    os.kill(int((cluster.data / "postmaster.pid").read_text().split("\n", 1)[0]), 9)
    request = uuid.uuid4()
    for _ in range(20):  # on a busy machine the recovery may take longer than one act waits
        try:
            closures.close(context, request_id=request, geometry=HERE)
        except Exception as error:  # noqa: BLE001  # whatever it is, the next try must do
            last = error
        else:
            break
    else:
        raise last
    assert [one.request_id for one in entries(context)][
        -1
    ] == request  # the tests' server keeps less than a real one
    assert system.violations(context) == ()


def test_a_reserve_is_kept_before_the_disk_is_full(context: Context, commander: Browser) -> None:
    """PostgreSQL without room for its log would stop, and reading with it: writing stops before, and says so."""
    full = replace(context.world, room=Room(reserve_bytes=2**60))
    with pytest.raises(StoreFullError, match="disk_full"):
        closures.close(replace(context, world=full), request_id=uuid.uuid4(), geometry=HERE)
    assert commander.get("/closures").json() == []
    assert closures.close(context, request_id=uuid.uuid4(), geometry=HERE)


@pytest.fixture
def tiny(cluster: Cluster) -> Iterator[Path]:
    """A disk of four megabytes."""
    with tempfile.TemporaryDirectory(prefix="muster-tiny-") as made:
        Path(made).chmod(0o755)
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", made],
            capture_output=True,
            check=False,
        )
        if mounted.returncode != 0:
            pytest.skip("this account may not mount a small disk")
        os.chown(made, cluster.data.stat().st_uid, cluster.data.stat().st_gid)
        try:
            yield Path(made)
        finally:
            subprocess.run(["umount", "-l", made], check=True)


def test_a_full_disk_refuses_the_act_whole(
    context: Context, commander: Browser, cluster: Cluster, tiny: Path
) -> None:
    """PostgreSQL's own "no space left": 507 with its code, nothing half-written, reading goes on, room mends it."""
    databases.execute(cluster, f"CREATE TABLESPACE tiny LOCATION '{tiny}'")
    try:
        with context.engine.begin() as connection:
            connection.execute(text("ALTER TABLE live.closures SET TABLESPACE tiny"))
        filler = tiny / "filler"
        filler.write_bytes(b"\0" * (4 * 2**20 - 2**18 - 2**16))
        refused = None
        wide = {"type": "MultiPoint", "coordinates": [[111 + n / 1e5, 36.0] for n in range(3000)]}
        for _ in range(40):
            answer = commander.post("/closures", {"geometry": wide})
            if answer.status_code != 201:
                refused = answer
                break
        assert refused is not None
        assert (refused.status_code, refused.json()["code"]) == (507, "disk_full")
        assert commander.get("/closures").status_code == 200
        assert system.violations(context) == ()
        filler.unlink()
        assert commander.post("/closures", {"geometry": HERE}).status_code == 201
        with context.engine.begin() as connection:
            connection.execute(text("ALTER TABLE live.closures SET TABLESPACE pg_default"))
    finally:
        databases.execute(cluster, "DROP TABLESPACE IF EXISTS tiny")


def test_a_clock_that_goes_back_stops_no_response(context: Context, clock: Clock) -> None:
    """Somebody sets the server's clock back an hour: orders go on, no minutes are negative, and people are warned."""
    incident = incidents.report(
        context, request_id=uuid.uuid4(), type="landslide", level=4, position=builders.on_main_road(6)
    )
    plan = plans.propose(context, request_id=uuid.uuid4(), incidents=[incident.id])
    sent = plans.confirm(context, plan.id, request_id=uuid.uuid4())
    clock.forward(hours=-1)
    for act in ("acknowledge", "depart", "arrive", "finish"):
        orders.step(context, sent[0].id, act, request_id=uuid.uuid4())
    incidents.cancel(context, incident.id, request_id=uuid.uuid4())
    assert orders.get(context, sent[0].id).state == "finished"
    assert system.violations(context) == ()
    standing = system.readiness(context)
    assert standing.missing == ("clock_off",)
    assert standing.ready, "a wrong clock is told, and stops nobody"


def test_a_body_is_bounded(commander: Browser) -> None:
    """With and without a length told before: nobody fills the server's memory."""
    headers = {"X-CSRF-Token": commander.csrf, "Content-Type": "application/json"}
    large = b'{"name": "' + b"a" * MOST_BYTES + b'"}'
    told = commander.http.post("/api/v1/incidents", content=large, headers=headers)
    untold = commander.http.post("/api/v1/incidents", content=iter([large]), headers=headers)
    for answer in (told, untold):
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert commander.get("/incidents").json() == []


def test_a_slow_reader_is_sent_away_and_catches_up(context: Context) -> None:
    """A phone that stops reading fills its own queue only: its stream ends, and the next begins where it was."""

    async def scene() -> tuple[list[bytes], list[bytes]]:
        made = hub.Hub("", "", lambda n: events.after(context, n), lambda: 0, positions="")
        rows = events.after(context, 0)
        slow = stream(made, 0, lambda _: (), life_s=60)
        first = [await anext(slow)]
        for _ in range(hub.QUEUE_LENGTH // len(rows) + 1):
            for row in rows:
                made.offer(row)
        rest = [chunk async for chunk in slow]
        again = stream(made, 0, lambda n: events.after(context, n), life_s=0.0)
        return first + rest, [chunk async for chunk in again]

    for _ in range(2):
        closures.close(context, request_id=uuid.uuid4(), geometry=HERE)
    ended, caught_up = asyncio.run(scene())
    assert b"event: act" not in b"".join(ended)
    assert b"".join(caught_up).count(b"event: act") == 2


def test_a_request_that_the_stopping_server_gives_up_is_told_to_come_again() -> None:
    """A server that was told to stop waits for running requests, not for ever: 503, never a broken answer."""

    async def endless(_scope: Any, _receive: Any, _send: Any) -> None:
        await asyncio.sleep(60)

    async def scene() -> list[Any]:
        sent: list[Any] = []

        async def send(message: Any) -> None:  # as ASGI has it
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/api/v1/plans", "headers": []}
        task = asyncio.create_task(Away(endless)(scope, asyncio.Queue[Any]().get, send))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return sent

    start, body = asyncio.run(scene())
    assert start["status"] == 503
    assert b"server_stopping" in body["body"]
