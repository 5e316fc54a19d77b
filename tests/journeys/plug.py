"""A server as a county runs it, whose plug can be pulled: the owner, its workers and PostgreSQL die at once."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx
from sqlalchemy import Engine

from data import migrate
from data.cluster import Cluster
from data.engine import make_engine

ROOT = Path(__file__).parents[2]
COMMAND = "from api.cli import main; main()"
STARTS_WITHIN_S = 120.0


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


class Machine:
    """`muster serve` with several workers on its embedded cluster, always at the same address."""

    def __init__(self, folder: Path, *, workers: int = 2) -> None:
        self.folder, self.workers, self.port = folder, workers, free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._server: subprocess.Popen[bytes] | None = None

    @contextmanager
    def database(self) -> Iterator[Engine]:
        """Open the store without a server, or beside it."""
        cluster = Cluster(self.folder / "cluster")
        engine = make_engine(cluster.start(attach=True))
        try:
            migrate.upgrade(engine)
            yield engine
        finally:
            engine.dispose()
            cluster.stop()

    def start(self) -> None:
        """Switch it on and wait until people can work."""
        environment = {**os.environ, "MUSTER_FOLDER": str(self.folder)}
        arguments = ["serve", "--port", str(self.port), "--workers", str(self.workers)]
        self._server = subprocess.Popen(
            [sys.executable, "-c", COMMAND, *arguments], cwd=ROOT, env=environment
        )
        deadline = time.monotonic() + STARTS_WITHIN_S
        while not self.ready():
            assert self._server.poll() is None, "the server ended"
            assert time.monotonic() < deadline, "the server took too long to start"
            time.sleep(0.1)

    def ready(self) -> bool:
        """Whether it says that people can work."""
        try:
            return httpx.get(f"{self.address}/ready", timeout=5).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def pull_the_plug(self) -> None:
        """Kill the owner and everything below it, without a word, as a power cut does."""
        assert self._server is not None
        for process in (self._server.pid, *descendants(self._server.pid)):
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._server.wait()

    def stop(self) -> None:
        """Switch it off in order."""
        if self._server is not None and self._server.poll() is None:
            self._server.terminate()
            self._server.wait(timeout=60)


def descendants(process: int) -> list[int]:
    """Processes below one, from /proc."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(state[1]), []).append(int(folder.name))
    found, waiting = [], [process]
    while waiting:
        below = parents.get(waiting.pop(), [])
        found += below
        waiting += below
    return found
