"""The way to the database when it breaks: a short wait, then a clear refusal, and what each failure means."""

import shutil
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoneFreeError

from api.errors import CollidedError, DatabaseAwayError, StoreFullError, UnavailableError

PATIENCE_S: Final = 3.0
"""A PostgreSQL that was killed is back within about a second: whoever comes meanwhile waits instead of failing."""
_AGAIN_S: Final = 0.05
_NO_ROOM: Final = "53100"  # SQLSTATE disk_full
_COLLIDED: Final = frozenset({"40P01", "40001"})  # SQLSTATE deadlock_detected, serialization_failure
_GONE: Final = ("08", "57P")  # SQLSTATE classes: connection exceptions; the server stops or starts


class Outage:
    """Since when one process has not reached its database; None while it does."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._began = 0.0
        self.since: datetime | None = None

    def connect(self, engine: Engine) -> Connection:
        """Connect, waiting through a restart. Raises DatabaseAwayError, at once when it has been away for longer."""
        while True:
            try:
                connection = engine.connect()
            except NoneFreeError:
                raise UnavailableError("database_busy", wait_s=5) from None
            except OperationalError as error:
                away = self.noticed()
                if time.monotonic() - self._began > PATIENCE_S:
                    raise away from error
                time.sleep(_AGAIN_S)
            else:
                self.since = None
                return connection

    def noticed(self) -> DatabaseAwayError:
        """Note that the database is away, and return the error that says since when."""
        with self._lock:
            if self.since is None:
                self.since, self._began = self._clock(), time.monotonic()
            return DatabaseAwayError(self.since)

    def told(self, error: DBAPIError) -> Exception:
        """Return what a failed statement means: the database is away, its disk full, two acts collided, or `error` itself."""
        state = getattr(error.orig, "sqlstate", None) or ""
        if error.connection_invalidated or state.startswith(_GONE):
            return self.noticed()
        if state in _COLLIDED:
            return CollidedError("database_busy", wait_s=1)
        return StoreFullError("disk_full") if state == _NO_ROOM else error


RESERVE_BYTES: Final = 96 * 2**20
"""Six segments of PostgreSQL's log: without room for the next one it would stop altogether, and reading with it."""


class Room:
    """Refuses writing before the disk under a local database is so full that PostgreSQL could not go on."""

    def __init__(self, reserve_bytes: int = RESERVE_BYTES) -> None:
        self._reserve = reserve_bytes
        self._folder: Path | None = None
        self._asked = False

    def check(self, connection: Connection) -> None:
        """Raise StoreFullError when too little is left. Says nothing of a database on another machine."""
        if not self._asked:
            here = connection.scalar(text("SELECT setting FROM pg_settings WHERE name = 'data_directory'"))
            local = str(connection.engine.url.query.get("host", "")).startswith("/")
            self._folder = Path(here) if here and local else None
            self._asked = True
        if self._folder is None:
            return
        try:
            free = shutil.disk_usage(self._folder).free
        except OSError:  # not ours to look into
            self._folder = None
            return
        if free < self._reserve:
            raise StoreFullError("disk_full", free_mib=free // 2**20)
