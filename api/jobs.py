"""The threads of one process that work beside its requests: one job at a time, the others wait their turn."""

import threading
from collections.abc import Callable
from typing import Final

_LOOK_EVERY_S: Final = 1.0
_JOIN_S: Final = 60.0


class StoppedError(Exception):
    """The job was cancelled, or its process ends."""


class Jobs:
    """Threads that work beside the requests."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self.ending = threading.Event()
        self._threads: list[threading.Thread] = []

    def begin(self, name: str, run: Callable[[], None]) -> None:
        """Run something in a thread of its own."""
        self._threads = [one for one in self._threads if one.is_alive()]
        thread = threading.Thread(target=run, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def wait_for_turn(self, stopped: Callable[[], bool]) -> None:
        """Wait until no other job works. Raises StoppedError. `end_turn` must follow."""
        while not self._turn.acquire(timeout=_LOOK_EVERY_S):
            if stopped():
                raise StoppedError

    def end_turn(self) -> None:
        """Let the next one work."""
        self._turn.release()

    def stop(self) -> None:
        """Ask all to end, and give them a moment."""
        self.ending.set()
        for thread in self._threads:
            thread.join(_JOIN_S)
