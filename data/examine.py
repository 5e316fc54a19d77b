"""What can be told of a whole database by itself: seals, balances, counts. Used on what was restored."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select, text

from data import journal, migrate, worlds
from data.tables import journal as journal_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What was found. `broken`: worlds whose journal does not hold; `unbalanced`: lots that differ from their movements."""

    revision: str
    journal_number: int
    broken: Mapping[str, int]
    unbalanced: tuple[str, ...]
    counts: Mapping[str, int]

    @property
    def sound(self) -> bool:
        """Whether people could go on with it."""
        return not self.broken and not self.unbalanced


def examine(connection: Connection) -> Examined:
    """Recompute the seals of every world's journal, compare its stock with the movements, and count every table."""
    schemas = worlds.names(connection)
    broken = {schema: journal.first_broken(worlds.inside(connection, schema)) for schema in schemas}
    return Examined(
        revision=migrate.revision_of(connection) or "",
        journal_number=journal.latest(worlds.inside(connection, worlds.LIVE)),
        broken={schema: number for schema, number in broken.items() if number is not None},
        unbalanced=tuple(lot for schema in schemas for lot in _unbalanced(connection, schema)),
        counts=_counts(connection, ("public", *schemas)),
    )


def seal(connection: Connection, number: int) -> bytes | None:
    """Return the seal of one row of the live journal: equal seals mean equal rows, and equal ones before it."""
    query = select(journal_table.c.hash).where(journal_table.c.number == number)
    return worlds.inside(connection, worlds.LIVE).scalar(query)


def _unbalanced(connection: Connection, schema: str) -> list[str]:
    return list(
        connection.scalars(
            text(
                f"SELECT '{schema}.' || l.code FROM {schema}.stock_lots l"
                f" LEFT JOIN {schema}.stock_movements m ON m.lot_id = l.id GROUP BY l.id"
                " HAVING l.quantity <> coalesce(sum(m.quantity), 0) OR l.reserved <> coalesce(sum(m.reserved), 0)"
            )
        )
    )


def _counts(connection: Connection, schemas: tuple[str, ...]) -> dict[str, int]:
    names = connection.execute(
        text(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = ANY(:schemas)"
            " AND tablename NOT IN ('alembic_version', 'spatial_ref_sys') ORDER BY 1"
        ),
        {"schemas": list(schemas)},
    ).scalars()
    return {name: connection.scalar(text(f"SELECT count(*) FROM {name}")) or 0 for name in names.all()}
