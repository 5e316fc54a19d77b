from concurrent.futures import ThreadPoolExecutor

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, inspect, text

from data import migrate, tables, worlds
from data.engine import make_engine

MIRROR = {None: "mirror", tables.WORLD: "mirror_world"}


def constraints(connection: Connection, schemas: tuple[str, str]) -> dict[tuple[str, str], str]:
    """Definitions by table and name, with the schemas' names taken out."""
    rows = connection.execute(
        text(
            "SELECT n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid) AS body FROM pg_constraint k"
            " JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = ANY(:schemas) AND k.contype <> 't' AND c.relname NOT IN ('alembic_version', 'spatial_ref_sys')"
        ),
        {"schemas": list(schemas)},
    )
    return {(row.relname, row.conname): _plain(row.body, schemas) for row in rows}


def indexes(connection: Connection, schemas: tuple[str, str]) -> dict[tuple[str, str], str]:
    rows = connection.execute(
        text(
            "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = ANY(:schemas)"
            " AND tablename NOT IN ('alembic_version', 'spatial_ref_sys')"
        ),
        {"schemas": list(schemas)},
    )
    return {(row.tablename, row.indexname): _plain(row.indexdef, schemas) for row in rows}


def _plain(definition: str, schemas: tuple[str, str]) -> str:
    for schema in schemas:
        definition = definition.replace(f"{schema}.", "")
    return definition


def test_upgrading_an_empty_database_gives_the_tables(engine: Engine) -> None:
    """Whoever reads `tables.py` must be able to trust it: columns, types, defaults and indexes."""
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "include_name": lambda name, kind, _: kind != "schema" or name in {None, "live"},
                "include_object": lambda _thing, name, kind, *_: (kind, name) != ("table", "spatial_ref_sys"),
                "compare_server_default": True,
            },
        )
        assert compare_metadata(context, tables.in_world("live")) == []


def test_migrated_constraints_are_those_of_the_tables(engine: Engine) -> None:
    """Alembic does not compare checks: what `tables.py` would create is held against what the migrations did."""
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA mirror"))
        connection.execute(text("CREATE SCHEMA mirror_world"))
        connection.execute(text("SET LOCAL search_path = mirror, public"))
        tables.metadata.create_all(
            connection.execution_options(schema_translate_map=MIRROR), checkfirst=False
        )
        migrated, declared = ("public", "live"), ("mirror", "mirror_world")
        assert constraints(connection, migrated) == constraints(connection, declared)
        assert indexes(connection, migrated) == indexes(connection, declared)


def test_upgrading_again_changes_nothing(engine: Engine) -> None:
    """Every start of the product upgrades; most find nothing to do."""
    with engine.connect() as connection:
        assert migrate.revision_of(connection) == migrate.head()
    migrate.upgrade(engine)
    with engine.connect() as connection:
        assert migrate.revision_of(connection) == migrate.head()
        assert [world.schema for world in worlds.list_all(connection)] == [worlds.LIVE]


def test_every_geometry_has_a_spatial_index_and_one_coordinate_system(engine: Engine) -> None:
    """A map that reads a layer by its window must not read it whole."""
    with engine.connect() as connection:
        columns = connection.execute(
            text("SELECT f_table_schema, f_table_name, f_geometry_column, srid FROM geometry_columns")
        ).all()
        indexed = {
            (schema, table, column)
            for schema in ("public", "live")
            for table in inspect(connection).get_table_names(schema=schema)
            for index in inspect(connection).get_indexes(table, schema=schema)
            if index["dialect_options"].get("postgresql_using") == "gist"
            for column in index["column_names"]
        }
    assert {row.srid for row in columns} == {4490}
    bare = {tuple(row[:3]) for row in columns} - indexed
    assert bare == {("public", "areas", "seat")}, "a seat is only ever read with its area"


def test_two_processes_may_upgrade_at_once(engine: Engine) -> None:
    """Two workers that start together find one another: the second waits, and has nothing to do."""
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql("CREATE DATABASE empty_at_first TEMPLATE template0")
    empty = make_engine(engine.url.set(database="empty_at_first").render_as_string(hide_password=False))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(migrate.upgrade, [empty, empty]))
    with empty.connect() as connection:
        assert migrate.revision_of(connection) == migrate.head()
    empty.dispose()
