"""Batches of ledgers on their way in: a file, what people said about it, and what each of its rows would do or did."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Connection, Row, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from data.frozen import json_text, jsonable
from data.tables import ledger_batches, ledger_mappings, ledger_rows

State = Literal["waiting", "previewed", "refused", "applied", "undone", "dropped"]
RowOutcome = Literal["new", "changed", "same", "gone", "faulty"]
_COLUMNS: Final = (
    *("batch_id", "sheet", "number", "layer", "code", "name", "outcome", "placed", "changes", "problems"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One file. made: name of the kept file, "" once it is not kept. sheets: what a preview found of each sheet. said:
    what people corrected, by the sheet's number. area_code: whose rows it may touch; None: all.
    """

    id: int
    request_id: UUID
    file: str
    made: str
    state: State
    area_code: str | None
    datum: str | None
    sheets: Sequence[Mapping[str, Any]]
    said: Mapping[str, Any]
    made_at: datetime
    made_by: str
    applied_at: datetime | None
    applied_by: str | None
    undone_at: datetime | None
    undone_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """One row of a batch. number: in its sheet, None for what the file does not have. changes: [old, new] by field."""

    sheet: int
    number: int | None
    layer: str
    code: str
    name: str
    outcome: RowOutcome
    placed: bool = False
    changes: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    problems: Sequence[Mapping[str, Any]] = ()


def add(
    connection: Connection,
    *,
    request_id: UUID,
    file: str,
    made: str,
    area_code: str | None,
    datum: str | None,
    said: Mapping[str, Any],
    actor: str,
    at: datetime,
) -> int:
    """Store a file that waits for its preview."""
    values = {
        "request_id": request_id,
        "file": file,
        "made": made,
        "area_code": area_code,
        "datum": datum,
        "said": said,
        "made_at": at,
        "made_by": actor,
    }
    number: int = connection.execute(
        ledger_batches.insert().values(values).returning(ledger_batches.c.id)
    ).scalar_one()
    return number


def get(connection: Connection, batch_id: int, *, locked: bool = False) -> Batch | None:
    """Read a batch."""
    query = select(ledger_batches).where(ledger_batches.c.id == batch_id)
    row = connection.execute(query.with_for_update() if locked else query).one_or_none()
    return None if row is None else _batch(row)


def newest(connection: Connection, *, limit: int = 50, offset: int = 0) -> tuple[Batch, ...]:
    """Read batches, the newest first."""
    query = select(ledger_batches).order_by(ledger_batches.c.id.desc()).limit(limit).offset(offset)
    return tuple(_batch(row) for row in connection.execute(query))


def change(connection: Connection, batch_id: int, **values: Any) -> None:
    """Set columns of a batch."""
    kept = {name: jsonable(value) if name in {"sheets", "said"} else value for name, value in values.items()}
    connection.execute(update(ledger_batches).where(ledger_batches.c.id == batch_id).values(kept))


def put_rows(connection: Connection, batch_id: int, rows: Iterable[BatchRow]) -> None:
    """Put a preview's rows in the place of those of an earlier one."""
    connection.execute(delete(ledger_rows).where(ledger_rows.c.batch_id == batch_id))
    driver: Any = connection.connection.driver_connection
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY ledger_rows ({', '.join(_COLUMNS)}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(
                (
                    *(
                        batch_id,
                        row.sheet,
                        row.number,
                        row.layer,
                        row.code,
                        row.name,
                        row.outcome,
                        row.placed,
                    ),
                    json_text(row.changes),
                    json_text(row.problems),
                )
            )


def rows(
    connection: Connection,
    batch_id: int,
    *,
    outcome: RowOutcome | None = None,
    placed: bool = False,
    noted: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> tuple[BatchRow, ...]:
    """Read rows of a batch in the order of their sheets; `placed`: only those; `noted`: only those with a problem."""
    query = (
        select(ledger_rows)
        .where(ledger_rows.c.batch_id == batch_id)
        .order_by(ledger_rows.c.id)
        .limit(limit)
        .offset(offset)
    )
    if outcome is not None:
        query = query.where(ledger_rows.c.outcome == outcome)
    if placed:
        query = query.where(ledger_rows.c.placed)
    if noted:
        query = query.where(func.jsonb_array_length(ledger_rows.c.problems) > 0)
    return tuple(
        BatchRow(**{name: getattr(row, name) for name in BatchRow.__dataclass_fields__})
        for row in connection.execute(query)
    )


def keep_images(
    connection: Connection,
    batch_id: int,
    sheet: int,
    images: Mapping[str, tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]],
) -> None:
    """Keep what rows were before and are after a batch, by code."""
    statement = (
        update(ledger_rows)
        .where(
            ledger_rows.c.batch_id == batch_id,
            ledger_rows.c.sheet == sheet,
            ledger_rows.c.code == bindparam("of_code"),
            ledger_rows.c.outcome != "faulty",
        )
        .values(before=bindparam("was"), after=bindparam("is_now"))
    )
    if images:
        connection.execute(
            statement,
            [{"of_code": code, "was": was, "is_now": now} for code, (was, now) in images.items()],
        )


def images(
    connection: Connection, batch_id: int
) -> list[tuple[int, str, str, Mapping[str, Any] | None, Mapping[str, Any] | None]]:
    """Read (sheet, layer, code, before, after) of the rows that a batch touched, the last first."""
    c = ledger_rows.c
    touched = c.before.is_not(None) | c.after.is_not(None)
    query = select(c.sheet, c.layer, c.code, c.before, c.after).where(c.batch_id == batch_id, touched)
    return [tuple(row) for row in connection.execute(query.order_by(c.id.desc()))]


def mapping(connection: Connection, fingerprint: str) -> tuple[str, Mapping[str, str]] | None:
    """Read what was saved for these headers: the layer, and targets by "header#times before"."""
    row = connection.execute(
        select(ledger_mappings.c.layer, ledger_mappings.c.targets).where(
            ledger_mappings.c.fingerprint == fingerprint
        )
    ).one_or_none()
    return None if row is None else (row.layer, row.targets)


def save_mapping(
    connection: Connection,
    *,
    fingerprint: str,
    name: str,
    layer: str,
    targets: Mapping[str, str],
    actor: str,
    at: datetime,
) -> None:
    """Save what the columns of a table with these headers hold, for the next file like it."""
    values = {"name": name, "layer": layer, "targets": targets, "saved_at": at, "saved_by": actor}
    connection.execute(
        insert(ledger_mappings)
        .values(fingerprint=fingerprint, **values)
        .on_conflict_do_update(index_elements=["fingerprint"], set_=values)
    )


def aged(connection: Connection, *, before: datetime) -> list[tuple[int, str]]:
    """Read the ids and kept files of batches from before a moment whose file is still kept."""
    query = select(ledger_batches.c.id, ledger_batches.c.made).where(
        ledger_batches.c.made != "", ledger_batches.c.made_at < before
    )
    return [(row.id, row.made) for row in connection.execute(query)]


def _batch(row: Row[Any]) -> Batch:
    return Batch(**{name: getattr(row, name) for name in Batch.__dataclass_fields__})
