"""Databases for tests: copied from a migrated template, and emptied again, which costs a tenth of making one."""

from functools import cache

import psycopg
from psycopg import Connection, sql

from data.cluster import USER, Cluster

LARGEST = 60 * 2**20
"""Bytes: a database that a test has filled is dropped, since emptying it leaves its size."""


def execute(cluster: Cluster, statement: str) -> None:
    """Run one statement outside every test's database."""
    with connect(cluster, "postgres") as connection:
        connection.execute(statement.encode())


def connect(cluster: Cluster, name: str) -> "Connection[tuple[object, ...]]":
    """Open a connection that commits each statement."""
    return psycopg.connect(host=str(cluster.socket_folder), user=USER, dbname=name, autocommit=True)


def empty(cluster: Cluster, name: str, template: str) -> bool:
    """Make a database as new: no rows, no connections, numbers from 1. False where it must be made anew.

    That is when a test has changed the schema (tables, columns, triggers, functions), or filled the disk.
    """
    with connect(cluster, "postgres") as outside:
        outside.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
    with connect(cluster, name) as connection:
        if _schema(connection) != _schema_of(cluster, template) or _size(connection) > LARGEST:
            return False
        connection.execute("SET session_replication_role = replica")  # past triggers and foreign keys
        for schema, table in _filled(connection):
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(schema, table)))
        connection.execute(
            "SELECT setval(format('%I.%I', schemaname, sequencename), 1, false)"
            " FROM pg_sequences WHERE last_value IS NOT NULL"
        )
    return True


def _filled(connection: "Connection[tuple[object, ...]]") -> list[tuple[str, str]]:
    """Tables that hold anything but what the migrations put there."""
    tables = connection.execute(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'live')"
        " AND tablename NOT IN ('alembic_version', 'spatial_ref_sys', 'worlds')"
    ).fetchall()
    asking = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {}, {} WHERE EXISTS (SELECT FROM {})").format(
            schema, table, sql.Identifier(str(schema), str(table))
        )
        for schema, table in tables
    )
    return [(str(schema), str(table)) for schema, table in connection.execute(asking).fetchall()]


def _size(connection: "Connection[tuple[object, ...]]") -> int:
    row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(str(row[0])) if row else 0


@cache
def _schema_of(cluster: Cluster, template: str) -> tuple[object, ...] | None:
    with connect(cluster, template) as connection:
        return _schema(connection)


def _schema(connection: "Connection[tuple[object, ...]]") -> tuple[object, ...] | None:
    """Fingerprint of relations, columns, triggers, functions and worlds."""
    return connection.execute(
        """
        SELECT
            (SELECT md5(string_agg(concat_ws(' ', relnamespace::regnamespace, relname, relkind, relnatts, relchecks),
                                   ',' ORDER BY relnamespace::regnamespace::text, relname))
             FROM pg_class
             WHERE relnamespace NOT IN ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace)),
            (SELECT md5(string_agg(concat_ws(' ', tgrelid::regclass, tgname, tgenabled),
                                   ',' ORDER BY tgrelid::regclass::text, tgname))
             FROM pg_trigger WHERE NOT tgisinternal),
            (SELECT md5(string_agg(prosrc, ',' ORDER BY oid)) FROM pg_proc WHERE oid >= 16384),
            (SELECT count(*) FROM pg_constraint),
            (SELECT string_agg(schema_name, ',') FROM worlds)
        """
    ).fetchone()
