"""A real PostGIS for every test that asks for one; nothing talks to another host."""

import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import Engine

from data import migrate
from data.cluster import Cluster
from data.engine import make_engine
from tests import databases

TEMPLATE = "template_muster"

settings.register_profile("muster", deadline=None)  # no test asserts a time
settings.load_profile("muster")
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


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """The name of a migrated, empty database to copy."""
    databases.execute(cluster, f"CREATE DATABASE {TEMPLATE}")
    engine = make_engine(cluster.url(TEMPLATE))
    migrate.upgrade(engine)
    engine.dispose()
    return TEMPLATE


@pytest.fixture(scope="session")
def emptied() -> list[str]:
    """Names of databases that a test has left and that are as new again."""
    return []


@pytest.fixture
def database(cluster: Cluster, template: str, emptied: list[str]) -> Iterator[str]:
    """The address of a migrated, empty database of this test's own."""
    if emptied:
        name = emptied.pop()
    else:
        name = f"test_{next(_numbers)}"
        databases.execute(cluster, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield cluster.url(name)
    if databases.empty(cluster, name, template):
        emptied.append(name)
    else:
        databases.execute(cluster, f"DROP DATABASE {name} WITH (FORCE)")


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
