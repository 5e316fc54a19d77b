"""Handovers of the shift: who gave it, who took it, and what stood at that moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from data.frozen import jsonable
from data.tables import handovers


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverRecord:
    """One handover; `summary` holds numbers and ids as they stood, `area_code` the post (None: the command post)."""

    id: int
    area_code: str | None
    shift_began_at: datetime | None
    at: datetime
    handed_over_by: str
    taken_over_by: str
    summary: Mapping[str, Any]
    note: str


def insert(
    connection: Connection,
    *,
    area_code: str | None,
    shift_began_at: datetime | None,
    at: datetime,
    handed_over_by: str,
    taken_over_by: str,
    summary: Mapping[str, Any],
    note: str,
) -> HandoverRecord:
    """Store a handover."""
    statement = handovers.insert().values(
        area_code=area_code,
        shift_began_at=shift_began_at,
        at=at,
        handed_over_by=handed_over_by,
        taken_over_by=taken_over_by,
        summary=jsonable(summary),
        note=note,
    )
    return _record(connection.execute(statement.returning(handovers)).one())


def newest(connection: Connection, *, area_code: str | None, limit: int = 30) -> tuple[HandoverRecord, ...]:
    """Read a post's handovers, the newest first."""
    query = (
        select(handovers)
        .where(handovers.c.area_code.is_not_distinct_from(area_code))
        .order_by(handovers.c.id.desc())
        .limit(limit)
    )
    return tuple(_record(row) for row in connection.execute(query))


def get(connection: Connection, handover_id: int) -> HandoverRecord | None:
    """Read one handover; None when there is none."""
    row = connection.execute(select(handovers).where(handovers.c.id == handover_id)).one_or_none()
    return _record(row) if row else None


def _record(row: Row[Any]) -> HandoverRecord:
    return HandoverRecord(
        id=row.id,
        area_code=row.area_code,
        shift_began_at=row.shift_began_at,
        at=row.at,
        handed_over_by=row.handed_over_by,
        taken_over_by=row.taken_over_by,
        summary=row.summary,
        note=row.note,
    )
