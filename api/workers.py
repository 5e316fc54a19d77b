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
SILENT_S = 30.0
"""A worker that lives and says nothing for so long answers nobody: it is killed, and replaced as a dead one."""
_FIRST_WORD_S: Final = 300.0
"""Until its first word: it loads the application, on a slow machine for minutes."""
_WORDS: Final = 4096

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
        self._silent_after = 0.0
        self._line: socket.socket | None = None
        self.process: subprocess.Popen[bytes] | None = None

    def watch(self) -> None:
        """Start a worker where there is none, take leave of a dead one, and kill one that has fallen silent."""
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
        elif self._spoke():
            self._silent_after = now + SILENT_S
        elif now > self._silent_after:
            log.error("worker %s does not answer; it is killed", self.process.pid)
            self.process.kill()

    def _start(self, now: float) -> None:
        self._line, theirs = socket.socketpair()  # its end tells the worker that we are gone
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 - our own module
                self._command,
                stdin=theirs.fileno(),
                pass_fds=(self._door,),
                env=self._environment,
                start_new_session=True,  # a Ctrl-C at the terminal reaches us, and we end the workers in good order
            )
        self._started, self._silent_after = now, now + _FIRST_WORD_S

    def _spoke(self) -> bool:
        """Whether the worker said since the last look that its event loop goes on."""
        assert self._line is not None  # noqa: S101 - it has one as long as there is a process
        try:
            return bool(self._line.recv(_WORDS, socket.MSG_DONTWAIT))
        except BlockingIOError:
            return False

    def forget(self) -> None:
        """Close our end of a worker that has ended."""
        if self._line is not None:
            self._line.close()
        self._line = self.process = None


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
