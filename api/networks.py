"""The road network in this process: loaded once for each version that an import stored."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy import Connection

from api.errors import UnavailableError
from data import roads
from gis.network import RoadNetwork

Read = Callable[[], AbstractContextManager[Connection]]


class Networks:
    """Gives the present road network; loads it when its version in the store has changed."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._loaded: tuple[int, RoadNetwork] | None = None

    def current(self) -> tuple[int, RoadNetwork]:
        """Return the present version and its network. Raises UnavailableError while no roads were imported."""
        with self._read() as connection:
            version = roads.current_version(connection)
            if version is None:
                raise UnavailableError("no_road_network")
            with self._lock:
                if self._loaded is None or self._loaded[0] != version:
                    self._loaded = version, roads.load_network(connection)
                return self._loaded
