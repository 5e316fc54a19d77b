"""A real PostGIS for every test that asks for one; nothing talks to another host."""

import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine

from data import migrate
from data.cluster import USER, Cluster
from data.engine import make_engine

TEMPLATE = "template_muster"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A private cluster for this run, in a folder that the database's own user can enter."""
    with tempfile.TemporaryDirectory(prefix="muster-tests-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        server = Cluster(Path(folder) / "cluster", durable=False)
        server.start()
        yield server
        server.stop()


def _execute(cluster: Cluster, statement: str) -> None:
    with psycopg.connect(
        host=str(cluster.socket_folder), user=USER, dbname="postgres", autocommit=True
    ) as connection:
        connection.execute(statement)


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """The name of a migrated, empty database to copy."""
    _execute(cluster, f"CREATE DATABASE {TEMPLATE}")
    engine = make_engine(cluster.url(TEMPLATE))
    migrate.upgrade(engine)
    engine.dispose()
    return TEMPLATE


@pytest.fixture
def database(cluster: Cluster, template: str) -> Iterator[str]:
    """The address of a fresh migrated database of this test's own."""
    name = f"test_{next(_numbers)}"
    _execute(cluster, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield cluster.url(name)
    _execute(cluster, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    """An engine on a fresh migrated database."""
    made = make_engine(database)
    yield made
    made.dispose()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real extracts beside the project; skips where it is missing."""
    folder = Path(os.environ.get("MUSTER_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real extracts at {folder}")
    return folder
