"""The live world, and one schema for each exercise. The same tables and triggers, and no row in common.

A connection is in exactly one world: its `schema_translate_map` says which schema the tables' `world` stands for.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Table, func, select, text
from sqlalchemy.schema import CreateSchema, DropSchema

from data import tables
from data.tables import WORLD, closures, hazard_areas, metadata, stock_lots, stock_movements, worlds

LIVE = "live"
_STATE = (tables.team_states, tables.vehicle_states, tables.depot_states, closures, hazard_areas, stock_lots)
"""What an exercise takes over from the live world."""

EXERCISE_NAME = re.compile(r"exercise_[a-z0-9_]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A set of operational tables: the live one, or an exercise's."""

    schema: str
    title: str
    created_at: datetime


def inside(connection: Connection, schema: str) -> Connection:
    """Put a connection into a world; everything that it does from now on happens there."""
    return connection.execution_options(schema_translate_map={WORLD: schema})


def schema_of(connection: Connection) -> str:
    """Tell which world a connection is in. Raises LookupError when it is in none."""
    schema = (connection.get_execution_options().get("schema_translate_map") or {}).get(WORLD)
    if schema is None:
        raise LookupError("the connection is in no world: see data.worlds.inside")
    return str(schema)


def list_all(connection: Connection) -> tuple[World, ...]:
    """List the worlds: the live one, then exercises, the oldest first."""
    order = (worlds.c.schema_name != LIVE, worlds.c.created_at, worlds.c.schema_name)
    rows = connection.execute(select(worlds).order_by(*order))
    return tuple(World(schema=row.schema_name, title=row.title, created_at=row.created_at) for row in rows)


def names(connection: Connection) -> tuple[str, ...]:
    """List the worlds' schemas for a migration: by the two columns that every release has had."""
    order = (worlds.c.schema_name != LIVE, worlds.c.schema_name)
    return tuple(connection.scalars(select(worlds.c.schema_name).order_by(*order)))


def create_exercise(connection: Connection, *, schema: str, title: str, at: datetime) -> World:
    """Make an exercise's world from the live state: duty, service, closures, hazard areas and stock as they are, all of it free.

    Incidents, orders and the journal start empty. Raises ValueError for a name that is no exercise's.
    """
    _check_name(schema)
    connection.execute(worlds.insert().values(schema_name=schema, title=title, created_at=at))
    connection.execute(CreateSchema(schema))
    _create_tables(connection, schema)
    _copy_triggers(connection, schema)
    for table in _STATE:
        _copy_rows(connection, table, schema)
    _open_stock(connection, schema, at)
    return World(schema=schema, title=title, created_at=at)


def drop_exercise(connection: Connection, *, schema: str) -> None:
    """Drop an exercise's world with everything in it. Raises ValueError for a name that is no exercise's."""
    _check_name(schema)
    connection.execute(DropSchema(schema, cascade=True))
    connection.execute(worlds.delete().where(worlds.c.schema_name == schema))


def world_tables() -> list[Table]:
    """List the tables that stand once in each world, parents first."""
    return [table for table in metadata.sorted_tables if table.schema == WORLD]


def _check_name(schema: str) -> None:
    if not EXERCISE_NAME.fullmatch(schema):
        raise ValueError(f"no exercise's schema: {schema!r}")


def _create_tables(connection: Connection, schema: str) -> None:
    """Make the world's tables, and leave the connection in the world that it was in."""
    before = connection.get_execution_options().get("schema_translate_map")
    metadata.create_all(inside(connection, schema), tables=world_tables(), checkfirst=False)
    connection.execution_options(schema_translate_map=before)


def _copy_triggers(connection: Connection, schema: str) -> None:
    """Repeat the live world's triggers; their functions find the world by the table that they are called for."""
    definitions = connection.scalars(
        text(
            "SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE c.relnamespace = 'live'::regnamespace AND NOT t.tgisinternal"
        )
    )
    for definition in definitions.all():
        connection.exec_driver_sql(definition.replace(" ON live.", f" ON {schema}."))


def _copy_rows(connection: Connection, table: Table, schema: str) -> None:
    columns = ", ".join(column.name for column in table.columns)
    # stock is free again, and an area's incident stays in the live world
    fresh = {stock_lots.c.reserved: "0", hazard_areas.c.incident_id: "NULL"}
    chosen = ", ".join(fresh.get(column, column.name) for column in table.columns)
    standing = " WHERE ended_at IS NULL" if table in {closures, hazard_areas} else ""
    connection.exec_driver_sql(
        f"INSERT INTO {schema}.{table.name} ({columns}) SELECT {chosen} FROM {LIVE}.{table.name}{standing}"
    )
    if "id" in table.columns:
        sequence = func.pg_get_serial_sequence(f"{schema}.{table.name}", "id")
        newest = text(f"(SELECT coalesce(max(id), 0) + 1 FROM {schema}.{table.name})")
        connection.execute(select(func.setval(sequence, newest, False)))  # noqa: FBT003  # the next number, not the last


def _open_stock(connection: Connection, schema: str, at: datetime) -> None:
    """Begin each lot's movements with what is on hand, so that the exercise's ledger balances by itself."""
    connection.execute(
        text(
            f"INSERT INTO {schema}.{stock_movements.name} (lot_id, kind, quantity, at, actor)"
            f" SELECT id, 'count', quantity, :at, :actor FROM {schema}.{stock_lots.name} WHERE quantity > 0"
        ),
        {"at": at, "actor": schema},
    )
