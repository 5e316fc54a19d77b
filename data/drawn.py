"""What people draw on the map, closures and danger areas alike: where, from when until when, why, and who ended it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, Row, Table, or_, select

from data import reach
from data.geometry import shape_of, stored_shape

R = TypeVar("R")
Read = Callable[[Row[Any]], R]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What all of them have. Without times it holds from when it was drawn until it is ended."""

    id: int
    geometry: BaseGeometry
    starts_at: datetime | None
    ends_at: datetime | None
    reason: str
    created_at: datetime
    created_by: str
    ended_at: datetime | None
    ended_by: str | None


def common(row: Row[Any]) -> dict[str, Any]:
    """Return the fields of `Drawn` of a row."""
    return {
        "id": row.id,
        "geometry": shape_of(row.geom),
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "reason": row.reason,
        "created_at": row.created_at,
        "created_by": row.created_by,
        "ended_at": row.ended_at,
        "ended_by": row.ended_by,
    }


def insert(
    connection: Connection, table: Table, read: Read[R], *, geometry: BaseGeometry, **values: Any
) -> R:
    """Store something drawn."""
    statement = table.insert().values(geom=stored_shape(geometry), **values)
    return read(connection.execute(statement.returning(table)).one())


def get(connection: Connection, table: Table, read: Read[R], identity: int, *, area: str | None) -> R | None:
    """Read one; None when there is none, or none that touches the area of this full code."""
    query = select(table).where(table.c.id == identity)
    if area is not None:
        query = query.where(reach.touched(table.c.geom, area))
    row = connection.execute(query).one_or_none()
    return read(row) if row else None


def edit(connection: Connection, table: Table, read: Read[R], identity: int, **values: Any) -> R | None:
    """Change one that was not ended; None when there is none such."""
    row = connection.execute(
        table.update()
        .where(table.c.id == identity, table.c.ended_at.is_(None))
        .values(**values)
        .returning(table)
    ).one_or_none()
    return read(row) if row else None


def not_over(
    connection: Connection, table: Table, read: Read[R], at: datetime, *, area: str | None
) -> tuple[R, ...]:
    """Read those that hold at `at` or will later, by id; only those that touch the area of this full code."""
    query = (
        select(table)
        .where(table.c.ended_at.is_(None), or_(table.c.ends_at.is_(None), table.c.ends_at > at))
        .order_by(table.c.id)
    )
    if area is not None:
        query = query.where(reach.touched(table.c.geom, area))
    return tuple(read(row) for row in connection.execute(query))
