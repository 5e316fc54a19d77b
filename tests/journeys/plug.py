"""A server as a county runs it, whose plug can be pulled: the owner, its workers and PostgreSQL die at once."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import psycopg
from sqlalchemy import Engine

from api.storm.site import Site
from data import migrate
from data.cluster import DATABASE, USER, Cluster
from data.engine import make_engine
from tests.hours import quiet_zone

STUCK_WITHIN_S: Final = 60.0


class Machine(Site):
    """`muster serve` with two workers on its embedded cluster, always at the same address."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, workers=2, timezone=quiet_zone())
        self.address = f"http://127.0.0.1:{self.port}"
        self._cluster = Cluster(folder / "cluster")

    @contextmanager
    def database(self) -> Iterator[Engine]:
        """Open the store while nobody serves."""
        engine = make_engine(self._cluster.start())
        try:
            migrate.upgrade(engine)
            yield engine
        finally:
            engine.dispose()
            self._cluster.stop()

    def pull_the_plug(self) -> None:
        """Kill everything without a word, as a power cut does: first who would start the others again."""
        assert self._owner is not None
        for process in (self._owner.pid, *descendants(self._owner.pid)):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._owner.wait()

    def plug_in(self) -> None:
        """Start it again and wait until people can work."""
        self._start(self._log)
        self.wait_until_ready()

    @contextmanager
    def in_the_middle_of_an_act(self) -> Iterator[None]:
        """Hold the journal while the block begins an act, and go on when the act has done all but its last line."""
        address = f"host={self._cluster.socket_folder} user={USER} dbname={DATABASE}"
        with psycopg.connect(address) as holding, psycopg.connect(address, autocommit=True) as looking:
            holding.execute("SELECT pg_advisory_xact_lock(hashtext('journal'), hashtext('live'))")
            yield
            deadline = time.monotonic() + STUCK_WITHIN_S
            while not looking.execute(
                "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            ).fetchall():
                assert time.monotonic() < deadline, "nobody wrote the journal"
                time.sleep(0.02)
            self.pull_the_plug()
            holding.close()


def descendants(process: int) -> list[int]:
    """Processes below one, from /proc."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state = (folder / "stat").read_text().rpartition(")")[2].split()
            parents.setdefault(int(state[1]), []).append(int(folder.name))
    found, waiting = [], [process]
    while waiting:
        below = parents.get(waiting.pop(), [])
        found += below
        waiting += below
    return found
