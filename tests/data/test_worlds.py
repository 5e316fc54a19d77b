from typing import Any

import pytest
from sqlalchemy import Connection, Engine, func, select, text, update
from sqlalchemy.exc import IntegrityError, ProgrammingError

from data import closures, incidents, journal, orders, stock, tables, units, worlds
from dispatch.model import Legs
from tests import builders
from tests.builders import NOW, on_main_road
from tests.data.conftest import Begin

EXERCISE = "exercise_spring"
LEGS = Legs(notify_ms=1, assemble_ms=2, road_ms=3, walk_ms=4)


@pytest.fixture
def county(begin: Begin) -> dict[str, int]:
    """The hand-made county as the live world has it: one incident with an order and a promise, one closed road."""
    with begin() as connection:
        ids = builders.add_county(connection)
        ids["incident"] = an_incident(connection)
        ids["order"] = orders.insert(
            connection,
            kind="carrier",
            legs=LEGS,
            sent_at=NOW,
            created_by="zhang",
            incident_id=ids["incident"],
            depot_id=ids["depot"],
            vehicle_id=ids["carrier"],
        ).id
        stock.reserve(
            connection, lot_id=ids["lot"], quantity=200, order_id=ids["order"], actor="zhang", at=NOW
        )
        ids["closure"] = closures.insert(
            connection, geometry=builders.triangle(111.05, 36.0, 0.01), created_at=NOW, created_by="zhang"
        ).id
        journal.append(connection, act="test", actor="zhang", at=NOW)
    return ids


def an_incident(connection: Connection) -> int:
    return incidents.insert(
        connection,
        type="landslide",
        level=3,
        position=on_main_road(6),
        reported_at=NOW,
        reported_by="zhang",
    ).id


def contents(connection: Connection, schema: str) -> dict[str, list[Any]]:
    """Every row of every table of a world."""
    return {
        table.name: [
            tuple(row)
            for row in connection.execute(text(f"SELECT t::text FROM {schema}.{table.name} t ORDER BY 1"))
        ]
        for table in worlds.world_tables()
    }


def test_an_exercise_starts_as_the_live_world_stands_and_free(begin: Begin, county: dict[str, int]) -> None:
    """Duty, roads and stock are real, but nobody is out: an exercise is not about the live world's orders."""
    with begin() as connection:
        worlds.create_exercise(connection, schema=EXERCISE, title="春季演练", at=NOW)
        worlds.inside(connection, EXERCISE)
        (lot,) = stock.list_all(connection)
        assert (lot.id, lot.quantity, lot.reserved) == (county["lot"], 500, 0)
        assert [one.id for one in closures.not_over(connection, NOW)] == [county["closure"]]
        assert incidents.list_all(connection) == ()
        assert orders.list_all(connection) == ()
        assert journal.latest(connection) == 0
        assert all(team.reported_at == NOW for team in units.list_teams(connection))


def test_nothing_done_in_an_exercise_touches_the_live_world(begin: Begin, county: dict[str, int]) -> None:
    """Row by row, and the other way round: one slip here sends real people to an invented landslide."""
    with begin() as connection:
        worlds.create_exercise(connection, schema=EXERCISE, title="春季演练", at=NOW)
    with begin() as connection:
        live = contents(connection, worlds.LIVE)
        worlds.inside(connection, EXERCISE)
        incident = an_incident(connection)
        units.report_team(connection, team_id=county["both"], status="resting", reported_at=NOW)
        units.report_vehicle(connection, vehicle_id=county["carrier"], in_service=False, reported_at=NOW)
        units.report_depot(connection, depot_id=county["depot"], open=False, reported_at=NOW)
        order = orders.insert(
            connection,
            kind="team",
            legs=LEGS,
            sent_at=NOW,
            created_by="li",
            incident_id=incident,
            team_id=county["both"],
        )
        stock.reserve(connection, lot_id=county["lot"], quantity=500, order_id=order.id, actor="li", at=NOW)
        closures.edit(connection, closure_id=county["closure"], ended_at=NOW, ended_by="li")
        closures.insert(
            connection, geometry=builders.triangle(111.1, 36.0, 0.01), created_at=NOW, created_by="li"
        )
        journal.append(connection, act="test", actor="li", at=NOW)
    with begin() as connection:
        exercise = contents(connection, EXERCISE)
        assert contents(connection, worlds.LIVE) == live
        an_incident(connection)
        stock.receive(connection, lot_id=county["lot"], quantity=5, actor="zhang", at=NOW)
        journal.append(connection, act="test", actor="zhang", at=NOW)
        assert contents(connection, EXERCISE) == exercise
        assert contents(connection, worlds.LIVE) != live


def catalogue(connection: Connection, schema: str) -> set[str]:
    """Columns, constraints, indexes and triggers of a world, without its name."""
    found = connection.scalars(
        text(
            "SELECT concat_ws(' ', table_name, column_name, data_type, column_default, is_nullable, is_identity)"
            " FROM information_schema.columns WHERE table_schema = :schema"
            " UNION ALL SELECT concat_ws(' ', c.relname, k.conname, pg_get_constraintdef(k.oid)) FROM pg_constraint k"
            " JOIN pg_class c ON c.oid = k.conrelid WHERE c.relnamespace = CAST(:schema AS regnamespace)"
            " UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = :schema"
            " UNION ALL SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE c.relnamespace = CAST(:schema AS regnamespace) AND NOT t.tgisinternal"
        ),
        {"schema": schema},
    )
    return {definition.replace(f"{schema}.", "") for definition in found}


def test_an_exercise_refuses_what_the_live_world_refuses(begin: Begin) -> None:
    """Same columns, checks, indexes and triggers: people must not train with softer rules."""
    with begin() as connection:
        worlds.create_exercise(connection, schema=EXERCISE, title="", at=NOW)
        assert catalogue(connection, EXERCISE) == catalogue(connection, worlds.LIVE)


def test_triggers_look_into_their_own_world(begin: Begin, county: dict[str, int]) -> None:
    """The live lot's movements must not vouch for an exercise's lot."""
    with begin() as connection:
        worlds.create_exercise(connection, schema=EXERCISE, title="", at=NOW)
    promise = update(tables.stock_lots).where(tables.stock_lots.c.id == county["lot"]).values(reserved=200)
    with pytest.raises(IntegrityError, match="differs from its movements"), begin() as connection:
        worlds.inside(connection, EXERCISE).execute(promise)


@pytest.mark.usefixtures("county")
def test_dropping_an_exercise_leaves_nothing_of_it(begin: Begin) -> None:
    """Its report is kept elsewhere; its rows are gone, and the live world stands."""
    with begin() as connection:
        live = contents(connection, worlds.LIVE)
        worlds.create_exercise(connection, schema=EXERCISE, title="", at=NOW)
        assert [world.schema for world in worlds.list_all(connection)] == [worlds.LIVE, EXERCISE]
    with begin() as connection:
        worlds.drop_exercise(connection, schema=EXERCISE)
    with begin() as connection:
        assert [world.schema for world in worlds.list_all(connection)] == [worlds.LIVE]
        assert contents(connection, worlds.LIVE) == live
    with pytest.raises(ProgrammingError), begin() as connection:
        connection.execute(select(func.count()).select_from(text(f"{EXERCISE}.orders")))


@pytest.mark.parametrize(
    "name", ["live", "public", "exercise_", "exercise_x; DROP SCHEMA live", "Exercise_x"]
)
def test_only_an_exercise_can_be_made_or_dropped(begin: Begin, name: str) -> None:
    """The name goes into statements as it is, so it is checked before anything else."""
    with begin() as connection:
        with pytest.raises(ValueError, match="no exercise's schema"):
            worlds.create_exercise(connection, schema=name, title="", at=NOW)
        with pytest.raises(ValueError, match="no exercise's schema"):
            worlds.drop_exercise(connection, schema=name)


def test_a_connection_in_no_world_cannot_read_one(engine: Engine) -> None:
    """Without a world there is no default: the live one is chosen, never fallen into."""
    with engine.connect() as connection, pytest.raises(ProgrammingError):
        incidents.list_open(connection)
