"""Several workers behind one address: one that dies is replaced, and none outlives its owner."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from sqlalchemy import Engine

from tests.site import add_accounts

SERVE = (
    "import sys; from api import workers; from api.cli import main;"
    " workers.SILENT_S = 10.0; sys.argv = ['muster', *sys.argv[1:]]; main()"
)


WORKERS = 2


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def workers_of(owner: int) -> set[int]:
    children = " ".join(task.read_text() for task in Path(f"/proc/{owner}/task").glob("*/children"))
    return {int(pid) for pid in children.split()}


def alive(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/ready", timeout=30) as answer:  # our own address
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


@pytest.fixture
def site(database: str, engine: Engine, tmp_path: Path) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """`muster serve --workers 2` with both of them at work, and its port."""
    add_accounts(engine)
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    command = [sys.executable, "-c", SERVE, "serve", "--workers", str(WORKERS), "--port", str(port)]
    log = tmp_path / "log"
    environment = {**os.environ, "MUSTER_DATABASE_URL": database}
    with log.open("wb") as said, subprocess.Popen(command, env=environment, stderr=said) as owner:
        try:
            assert within(300, lambda: log.read_text().count("Application startup complete") == WORKERS)
            assert within(300, lambda: alive(port))
            yield owner, port
        finally:
            owner.kill()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["dead", "silent"])
def test_a_worker_that_answers_nobody_is_replaced_and_none_outlives_the_owner(
    site: tuple["subprocess.Popen[bytes]", int], how: signal.Signals
) -> None:
    """One that is killed or stands still is made good; kill -9 of the owner frees the port for the next start."""
    owner, port = site
    first = workers_of(owner.pid)
    assert len(first) == WORKERS
    victim = min(first)
    os.kill(victim, how)
    assert within(120, lambda: victim not in (now := workers_of(owner.pid)) and len(now) == WORKERS)
    assert within(120, lambda: alive(port))
    last = workers_of(owner.pid)
    owner.kill()
    owner.wait()
    assert within(120, lambda: not any(Path(f"/proc/{pid}").exists() for pid in last))
    socket.create_server(("127.0.0.1", port)).close()
