"""Commands that serve, demonstrate and examine."""

import errno
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from pydantic_core import to_json

from api import checkup, demonstration, logs, metrics, runtime, worker
from api.settings import Settings
from api.terminal import NO_DATABASE, REFUSED, WORKERS_HELP, AsJson, fail, progress_bar, settings_or_exit
from api.usecases import accounts, system
from api.workers import keep as keep_workers
from data.cluster import ClusterError

BACKLOG = 512
DOOR_WAIT_S = 2.0
PORT_HELP = "Port to listen on; 0 takes a free one."


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help=PORT_HELP)] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help=WORKERS_HELP)] = None,
) -> None:
    """Serve the pages and the API with the settings of the environment (MUSTER_…)."""
    settings = settings_or_exit()
    with (
        _listening(host or settings.host, settings.port if port is None else port) as door,
        runtime.database(settings, attach=False) as url,
    ):
        with runtime.on(settings, url) as context:
            if not system.readiness(context).administrator:
                typer.echo("There is no administrator yet. Make one: muster db init", err=True)
        typer.echo(_address(door))
        _serve(settings, url, door, workers or settings.workers)


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """Take the port before any long work: a port in use is told at once, and a browser that is early waits."""
    deadline = time.monotonic() + DOOR_WAIT_S
    while True:
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            door = socket.create_server((host, port), family=family, backlog=BACKLOG)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and time.monotonic() < deadline:
                time.sleep(0.1)  # the workers of an owner that was killed are just going
                continue
            fail(
                f"Cannot listen on {host}, port {port}: {error.strerror}. Take another with --port.", REFUSED
            )
        break
    with door:
        yield door


def _address(door: socket.socket) -> str:
    host, port = door.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _serve(settings: Settings, url: str, door: socket.socket, count: int) -> None:
    logs.configure(settings)
    if count > 1:
        with TemporaryDirectory(prefix="muster-counters-", ignore_cleanup_errors=True) as counters:
            metrics.share(Path(counters))
            keep_workers(door, count, url)
    else:
        os.environ["MUSTER_DATABASE_URL"] = url
        worker.serve(door)


def demo(
    port: Annotated[int, typer.Option(help=PORT_HELP)] = 8600,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Ask the page, the map and one plan, and stop.")
    ] = False,
) -> None:
    """Load the fictional county 岚溪县 and serve it."""
    given = settings_or_exit()
    settings = given.model_copy(update={"folder": given.folder / "demo"})
    with (
        _listening(settings.host, 0 if check else port) as door,
        runtime.database(settings, attach=False) as url,
    ):
        with runtime.on(settings, url) as context, progress_bar() as progress:
            password = demonstration.prepare(context, progress)
        if check:
            os.environ["MUSTER_DATABASE_URL"] = url
            _checked(password)
            return
        typer.echo(f"\n  {_address(door)}\n  name: {accounts.FIRST_ADMINISTRATOR}\n  password: {password}\n")
        os.environ.setdefault("MUSTER_LOG_LEVEL", "warning")  # the address must stay on the screen
        _serve(settings_or_exit(), url, door, given.workers)


def _checked(password: str) -> None:
    for line in demonstration.check(worker.APPLICATION, password):
        typer.echo(line)


def doctor(*, as_json: AsJson = False) -> None:
    """Tell what is wrong and how to mend it. Exit codes: 0 nothing serious, 1 people could not work, 3 no database."""
    settings = settings_or_exit()
    found = [*checkup.leftover(settings), *checkup.machine(settings)]
    standing = system.Standing(database=False)
    try:
        with runtime.database(settings) as url, runtime.looking(settings, url) as context:
            standing = system.readiness(context)
            found += checkup.store(context)
    except ClusterError as error:
        found.append(checkup.finding("database_away", why=str(error)))
    broken = next((one.details["number"] for one in found if one.code == "journal_broken"), None)
    if as_json:
        told = {**asdict(standing), "ready": standing.ready, "journal_broken_at": broken}
        typer.echo(to_json({**told, "findings": [asdict(one) for one in found]}).decode())
    else:
        for one in sorted(found, key=lambda one: not one.serious):
            typer.echo(
                f"{'!!' if one.serious else ' -'} {one.code}\n   {one.zh}\n   {one.en}\n   → {one.remedy}"
            )
        typer.echo(f"{len(found)} findings, {sum(one.serious for one in found)} serious.")
    if not standing.database:
        raise typer.Exit(NO_DATABASE)
    if any(one.serious for one in found):
        raise typer.Exit(REFUSED)
