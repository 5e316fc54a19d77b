"""Several application workers behind one listening socket, and the loop of their owner that keeps them running.

They share nothing but PostgreSQL: sessions, limits of logins, requests that were applied and the journal stand there.
"""

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from api import metrics
from api.worker import FINISH_S

_LOOK_EVERY_S: Final = 0.1
_LONG_LIFE_S: Final = 20.0
"""A worker that lived this long and died is started again at once; others wait longer each time."""
_FIRST_WAIT_S: Final = 0.2
_LONGEST_WAIT_S: Final = 10.0

log = logging.getLogger(__name__)


class _Place:
    """One worker's place: the process in it, and when the next may start."""

    def __init__(self, command: list[str], door: int, environment: Mapping[str, str]) -> None:
        self._command = command
        self._door = door
        self._environment = environment
        self._wait_s = _FIRST_WAIT_S
        self._not_before = 0.0
        self._started = 0.0
        self.process: subprocess.Popen[bytes] | None = None

    def watch(self) -> None:
        """Start a worker where there is none, and take leave of a dead one."""
        now = time.monotonic()
        if self.process is None:
            if now >= self._not_before:
                self._start(now)
        elif (ended := self.process.poll()) is not None:
            if now - self._started > _LONG_LIFE_S:
                self._wait_s = _FIRST_WAIT_S
            log.warning(
                "worker %s ended (%s); the next starts in %.1f s", self.process.pid, ended, self._wait_s
            )
            metrics.forget(self.process.pid)
            self._not_before = now + self._wait_s
            self._wait_s = min(2 * self._wait_s, _LONGEST_WAIT_S)
            self.forget()

    def _start(self, now: float) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - our own module
            self._command,
            stdin=subprocess.PIPE,  # never written to: its end tells the worker that we are gone
            pass_fds=(self._door,),
            env=self._environment,
            start_new_session=True,  # a Ctrl-C at the terminal reaches us, and we end the workers in good order
        )
        self._started = now

    def forget(self) -> None:
        """Close our end of a worker that has ended."""
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
        self.process = None


def keep(door: socket.socket, count: int, url: str) -> None:
    """Keep `count` workers running on `door` until this process is told to end; then end them in good order."""
    command = [sys.executable, "-m", "api.worker", str(door.fileno())]
    environment = {**os.environ, "MUSTER_DATABASE_URL": url}
    places = [_Place(command, door.fileno(), environment) for _ in range(count)]
    try:
        while True:
            for place in places:
                place.watch()
            time.sleep(_LOOK_EVERY_S)
    finally:
        _end(places)


def _end(places: list[_Place]) -> None:
    running = [place.process for place in places if place.process is not None]
    for process in running:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + FINISH_S + 5
    try:
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=max(0.0, deadline - time.monotonic()))
    finally:  # in time or not, and after a second Ctrl-C: nothing of ours stays
        for process in running:
            if process.poll() is None:
                process.kill()
                process.wait()
        for place in places:
            place.forget()
