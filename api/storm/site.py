"""The server of a storm: a real `muster serve` with its owner, workers and PostgreSQL, and what is killed of it."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import IO, Final, Literal

from api.storm.wire import Line

Victim = Literal["worker", "postgres", "backend", "owner"]
VICTIMS: Final[tuple[Victim, ...]] = ("worker", "postgres", "backend", "owner")

_STARTS_WITHIN_S: Final = 300.0
_SERVE: Final = "import sys; from api.cli import main; sys.argv = ['muster', *sys.argv[1:]]; main()"


class Site:
    """One server on a folder of its own."""

    def __init__(self, folder: Path, workers: int, *, timezone: str | None = None) -> None:
        self.folder = folder
        self.workers = workers
        self.timezone = timezone
        self.port = _free_port()
        self._owner: subprocess.Popen[bytes] | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve until the block ends."""
        with (self.folder / "server.log").open("ab") as log:
            try:
                self._start(log)
                self._log = log
                yield
            finally:
                self._stop()

    def strike(self, victim: Victim, dice: random.Random) -> bool:
        """Kill one process with SIGKILL; tell whether there was one. An owner is started again, as systemd would."""
        if victim == "owner":
            assert self._owner is not None  # noqa: S101 - called while running
            self._owner.kill()
            self._owner.wait()
            self._start(self._log)
            return True
        found = self._victims(victim)
        if not found:
            return False
        with suppress(ProcessLookupError):
            os.kill(dice.choice(found), signal.SIGKILL)
        return True

    def wait_until_ready(self) -> None:
        """Wait until people could work. Raises RuntimeError when that takes too long."""
        deadline = time.monotonic() + _STARTS_WITHIN_S
        while not self._ready():
            if time.monotonic() > deadline or (self._owner is not None and self._owner.poll() is not None):
                raise RuntimeError(f"the server did not start: {self.complaints[-2000:]}")
            time.sleep(0.2)

    def _ready(self) -> bool:
        line = Line(self.port)
        answer = line.ask("GET", "/ready", patience_s=0.0)
        line.close()
        return answer.status == HTTPStatus.OK

    @property
    def complaints(self) -> str:
        """What the server wrote of its troubles."""
        lines = (self.folder / "server.log").read_text(errors="replace").splitlines()
        return "\n".join(line for line in lines if '"level": "info"' not in line)

    def _start(self, log: IO[bytes]) -> None:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("MUSTER_")}
        if self.timezone is not None:
            environment["MUSTER_TIMEZONE"] = self.timezone
        self._owner = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-c", _SERVE, "serve", "--port", str(self.port), "--workers", str(self.workers)],
            env={**environment, "MUSTER_FOLDER": str(self.folder)},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def _stop(self) -> None:
        if self._owner is None:
            return
        self._owner.send_signal(signal.SIGTERM)
        try:
            self._owner.wait(timeout=_STARTS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._owner.kill()
            self._owner.wait()

    def _victims(self, victim: Victim) -> list[int]:
        assert self._owner is not None  # noqa: S101 - called while running
        if victim == "worker":
            return [pid for pid in _children(self._owner.pid) if "api.worker" in _program(pid)]
        try:
            postmaster = int(
                (self.folder / "cluster" / "data" / "postmaster.pid").read_text().split("\n", 1)[0]
            )
        except (FileNotFoundError, ValueError):
            return []
        if victim == "postgres":
            return [postmaster]
        return [pid for pid in _children(postmaster) if "muster" in _program(pid)]


def _children(parent: int) -> list[int]:
    """List the processes that any thread of `parent` started."""
    found: list[int] = []
    for thread in Path(f"/proc/{parent}/task").glob("*"):
        with suppress(OSError):
            found += [int(pid) for pid in (thread / "children").read_text().split()]
    return found


def _program(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port: int = door.getsockname()[1]
        return port
