"""A county that was set up with an earlier release: upgraded with everything in it, and work goes on."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, make_url, text

from api.context import make_context
from api.security import local_administrator
from api.settings import Settings
from api.usecases import incidents, orders, plans
from data import backup, journal, migrate, worlds
from data.cluster import Cluster
from data.engine import make_engine
from data.examine import examine
from tests import builders, databases
from tests.data.test_migrations import constraints, indexes

RELEASES = Path(__file__).parent / "releases"
EXERCISE = "exercise_spring"
RELEASED = ("0003", "0004")
Rows = dict[str, list[str]]


@pytest.fixture(params=RELEASED)
def release(request: pytest.FixtureRequest) -> str:
    """One of the releases that somebody may come from."""
    return str(request.param)


@pytest.fixture
def before(cluster: Cluster, release: str) -> Iterator[Engine]:
    """The frozen county of a release (see releases/make.py)."""
    name = f"release_{release}"
    databases.execute(cluster, f"CREATE DATABASE {name} TEMPLATE template0")
    engine = make_engine(cluster.url(name))
    backup.restore(make_url(cluster.url(name)), RELEASES / f"{release}.dump")
    yield engine
    engine.dispose()
    databases.execute(cluster, f"DROP DATABASE {name} WITH (FORCE)")


def rows(connection: Connection, columns: dict[str, str]) -> Rows:
    """Every row of every table as text, in the columns that it had."""
    return {
        table: list(
            connection.scalars(
                text(f"SELECT (SELECT r FROM (SELECT {names}) r)::text FROM {table} ORDER BY 1")
            )
        )
        for table, names in columns.items()
    }


def columns(connection: Connection) -> dict[str, str]:
    found = connection.execute(
        text(
            "SELECT format('%I.%I', table_schema, table_name) AS name,"
            " string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position) AS columns"
            " FROM information_schema.columns JOIN pg_tables ON (schemaname, tablename) = (table_schema, table_name)"
            " WHERE table_schema IN ('public', 'live', :exercise)"
            " AND table_name NOT IN ('alembic_version', 'spatial_ref_sys') GROUP BY 1"
        ),
        {"exercise": EXERCISE},
    )
    return {row.name: row.columns for row in found}


def test_every_row_of_a_release_is_still_there(before: Engine, release: str) -> None:
    """Row by row and column by column, in the live world and in an exercise."""
    with before.connect() as connection:
        assert migrate.revision_of(connection) == release
        known = columns(connection)
        had = rows(connection, known)
    assert sum(map(len, had.values())) > 100
    migrate.upgrade(before)
    with before.connect() as connection:
        assert migrate.revision_of(connection) == migrate.head()
        has = rows(connection, known)
        assert examine(connection).sound
    assert {table for table in had if has[table] != had[table]} == set()


def test_an_exercise_is_upgraded_with_the_live_world(before: Engine) -> None:
    """Its tables, columns, checks and indexes are those of the live world: the same acts must run in both."""
    migrate.upgrade(before)
    with before.connect() as connection:
        found = columns(connection)
        shape = {
            schema: {
                name.split(".")[1]: set(names.split(", "))
                for name, names in found.items()
                if name.startswith(schema)
            }
            for schema in ("live", EXERCISE)
        }
        assert shape[EXERCISE] == shape["live"]
        of_live, of_exercise = ("live", "live"), (EXERCISE, EXERCISE)
        assert constraints(connection, of_exercise) == constraints(connection, of_live)
        assert indexes(connection, of_exercise) == indexes(connection, of_live)


def test_work_goes_on_after_the_upgrade(before: Engine) -> None:
    """The running order takes its next step, a new incident its plan, and the journal holds from its first row."""
    url = before.url.render_as_string(hide_password=False)
    context = make_context(Settings(database_url=url, _env_file=None), url, clock=lambda: builders.NOW)
    migrate.upgrade(context.engine)
    acting = context.acting(local_administrator("after"))
    running = next(one for one in orders.listing(acting, only_open=True) if one.state == "acknowledged")
    assert orders.step(acting, running.id, "depart", request_id=UUID(int=101)).state == "departed"
    first = incidents.report(
        acting, request_id=UUID(int=102), type="landslide", level=4, position=builders.on_main_road(4)
    )
    plan = plans.propose(acting, request_id=UUID(int=103), incidents=[first.id])
    assert plans.confirm(acting, plan.id, request_id=UUID(int=104))
    with context.world.read() as connection:
        assert journal.first_broken(connection) is None
        assert journal.latest(worlds.inside(connection, worlds.LIVE)) > 9
    context.engine.dispose()
