"""Counters and clocks for Prometheus: of this process, or of all workers together where they share a folder.

No label holds a name, an address or an id of anybody: routes are templates, acts and outcomes are codes.
"""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector
from sqlalchemy import Engine, event

SHARED: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that makes several workers count into one folder; the library reads it when it is imported."""

REQUESTS: Final = Counter("muster_requests", "Requests answered", ["method", "route", "status"])
REQUEST_SECONDS: Final = Histogram(
    "muster_request_seconds",
    "Time until a request was answered, event streams left out",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
ACTS: Final = Counter(
    "muster_acts", "Acts by outcome: done, repeated, or the code of a refusal", ["act", "outcome"]
)
PLAN_SECONDS: Final = Histogram(
    "muster_plan_seconds",
    "Time to compute a plan",
    ["proven"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60),
)
STREAMS: Final = Gauge("muster_event_streams", "Event streams that are open", multiprocess_mode="livesum")
HANDED_OUT: Final = Gauge(
    "muster_hub_journal_number",
    "Newest journal number that every worker's hub has handed to its browsers",
    multiprocess_mode="livemin",
)
CONNECTIONS: Final = Gauge(
    "muster_pool_connections_in_use", "Database connections in use", multiprocess_mode="livesum"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What the store and the disk say at the moment of a scrape; None or an empty part where it is not known."""

    database: bool
    schema_up_to_date: bool = False
    roads: bool = False
    journal_number: int | None = None
    open_incidents: int | None = None
    open_orders: tuple[tuple[str, int], ...] = ()
    overdue_orders: int | None = None
    backup_age_s: tuple[tuple[str, float], ...] = ()
    rehearsal_age_s: float | None = None
    disk_free_bytes: int | None = None


def share(folder: Path) -> None:
    """Let the workers that are started from now on count into one empty folder."""
    os.environ[SHARED] = str(folder)


def forget(worker: int) -> None:
    """Take the gauges of a worker that ended, by its process id, out of the sums."""
    if SHARED in os.environ:
        mark_process_dead(worker)  # type: ignore[no-untyped-call]  # the library's


def exposition(state: State) -> bytes:
    """Write everything in Prometheus' text form."""
    registry = REGISTRY
    if SHARED in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library's
    told = CollectorRegistry()
    told.register(_Told(state))
    return generate_latest(registry) + generate_latest(told)


@contextmanager
def planning() -> Iterator[list[bool]]:
    """Time a plan; the caller appends whether it was proven."""
    began = time.perf_counter()
    proven: list[bool] = []
    yield proven
    PLAN_SECONDS.labels(str(all(proven)).lower()).observe(time.perf_counter() - began)


def watch_pool(engine: Engine) -> None:
    """Count the connections of this engine that somebody uses."""
    event.listen(engine, "checkout", lambda *_: CONNECTIONS.inc())
    event.listen(engine, "checkin", lambda *_: CONNECTIONS.dec())


class _Told(Collector):
    """The state of the store as gauges."""

    def __init__(self, state: State) -> None:
        self._state = state

    def collect(self) -> Iterable[Metric]:
        state = self._state
        yield _gauge("muster_database_up", "Whether the database answers", float(state.database))
        yield _gauge(
            "muster_schema_up_to_date", "Whether its schema is this program's", float(state.schema_up_to_date)
        )
        yield _gauge("muster_roads_loaded", "Whether there is a road network", float(state.roads))
        yield _gauge("muster_journal_number", "Newest number of the live journal", state.journal_number)
        yield _gauge("muster_incidents_open", "Incidents that are open", state.open_incidents)
        yield _gauge("muster_orders_overdue", "Orders whose answer or arrival is late", state.overdue_orders)
        yield _gauge("muster_disk_free_bytes", "Free bytes where the data lie", state.disk_free_bytes)
        yield _gauge(
            "muster_rehearsal_age_seconds", "Since a restore was last rehearsed", state.rehearsal_age_s
        )
        yield _by("muster_orders_open", "Orders that are open, by state", "state", state.open_orders)
        yield _by("muster_backup_age_seconds", "Since the newest backup, by kind", "kind", state.backup_age_s)


def _gauge(name: str, words: str, value: float | None) -> Metric:
    """Make a gauge; without a sample where nothing is known, which is not the same as 0."""
    made = GaugeMetricFamily(name, words, labels=())
    if value is not None:
        made.add_metric((), value)
    return made


def _by(name: str, words: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    made = GaugeMetricFamily(name, words, labels=(label,))
    for key, value in values:
        made.add_metric((key,), value)
    return made
