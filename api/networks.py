"""The road network in this process: loaded once for each version that an import stored."""

import fcntl
import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from sqlalchemy import Connection

from api.errors import UnavailableError
from data import roads
from gis import hierarchy
from gis.network import RoadNetwork, VehicleProfile
from gis.travel import routes_to

Read = Callable[[], AbstractContextManager[Connection]]

log = logging.getLogger(__name__)


class Networks:
    """Gives the present road network; loads it when its version in the store has changed."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._loaded: tuple[int, RoadNetwork] | None = None
        self._orders: Path | None = None

    def prepare_large_ones(self, orders: Path) -> None:
        """From now on make each very large network ready for far questions, in a thread beside the answers.

        Until that is done, and where the library for it is missing, the plain search gives the same answers later.
        orders: the folder in which the work is kept for the next start.
        """
        self._orders = orders

    def current(self) -> tuple[int, RoadNetwork]:
        """Return the present version and its network. Raises UnavailableError while no roads were imported."""
        loaded = self._loaded
        if loaded is not None and loaded[0] == self._stored():
            return loaded
        with self._lock:  # who waits here for the roads holds no connection that others need
            if self._loaded is None or self._loaded[0] != self._stored():
                self._loaded = self._load()
            return self._loaded

    def _stored(self) -> int:
        with self._read() as connection:
            return _version(connection)

    def _load(self) -> tuple[int, RoadNetwork]:
        with self._read() as connection:
            version, network = _version(connection), roads.load_network(connection)
        for rule in network.unread_rules:
            log.warning("road edge %s: hours not understood, left out: %s", rule.edge_id, rule.text)
        if self._orders is not None:
            prepare_beside(network, self._orders)
        return version, network


def _version(connection: Connection) -> int:
    version = roads.current_version(connection)
    if version is None:
        raise UnavailableError("no_road_network")
    return version


def prepare_beside(network: RoadNetwork, orders: Path) -> threading.Thread | None:
    """Begin to make a network ready for far questions if it is large enough to gain by it; return the thread that does."""
    if network.drive.state_count < hierarchy.WORTH_IT:
        return None
    if not hierarchy.AVAILABLE:
        log.warning("pyroutingkit is not installed: far travel times on this large network take longer")
        return None
    thread = threading.Thread(target=_prepare, args=(network, orders), name="far-roads", daemon=True)
    thread.start()
    return thread


def rehearse(network: RoadNetwork, folder: Path) -> None:
    """Ask one small question, so that compiled code is loaded (or compiled, once for a version) before anybody waits for it.

    Workers of one installation take turns by a lock in its `folder`: at the very first start they would all compile the
    same code, and write its cache over each other's.
    """
    lon, lat = (float(degrees) for degrees in network.node_lonlat[0])
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            turn = stack.enter_context((folder / "compiling.lock").open("a"))
            fcntl.flock(turn, fcntl.LOCK_EX)
        except OSError:
            log.warning("workers compile beside each other: nothing can be kept in %s", folder)
        routes_to(network, (lon, lat), [(lon, lat)], VehicleProfile(speed_class="car"), network.overlay())


def _prepare(network: RoadNetwork, orders: Path) -> None:
    try:
        network.prepare_for_far(orders)
    except OSError:
        log.exception("the next start will prepare the roads again: nothing can be kept in %s", orders)
