"""Closed and slowed stretches of road, with their time windows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, Row, or_, select

from data import reach
from data.geometry import shape_of, stored_shape
from data.tables import closures
from gis.network import Closure


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureRecord:
    """A closure as it is stored: what the road search sees of it, and who closed and opened."""

    id: int
    geometry: BaseGeometry
    factor_percent: int | None
    starts_at: datetime | None
    ends_at: datetime | None
    reason: str
    created_at: datetime
    created_by: str
    ended_at: datetime | None
    ended_by: str | None

    def on_roads(self) -> Closure:
        """Return what the road search sees of it."""
        return Closure(
            id=self.id,
            geometry=self.geometry,
            factor_percent=self.factor_percent,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
        )


def insert(
    connection: Connection,
    *,
    geometry: BaseGeometry,
    created_at: datetime,
    created_by: str,
    factor_percent: int | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    reason: str = "",
) -> ClosureRecord:
    """Store a closure; without times it holds until it is ended."""
    statement = closures.insert().values(
        geom=stored_shape(geometry),
        factor_percent=factor_percent,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason,
        created_at=created_at,
        created_by=created_by,
    )
    return _record(connection.execute(statement.returning(closures)).one())


def get(connection: Connection, closure_id: int, *, area: str | None = None) -> ClosureRecord | None:
    """Read one closure; None when there is none, or none that touches the area of this full code."""
    query = select(closures).where(closures.c.id == closure_id)
    if area is not None:
        query = query.where(reach.touched(closures.c.geom, area))
    row = connection.execute(query).one_or_none()
    return _record(row) if row else None


def edit(connection: Connection, *, closure_id: int, **values: Any) -> ClosureRecord | None:
    """Change reason, window or slow-down of a closure that was not ended; None when there is none such.

    values: any of factor_percent, starts_at, ends_at, reason.
    """
    row = connection.execute(
        closures.update()
        .where(closures.c.id == closure_id, closures.c.ended_at.is_(None))
        .values(**values)
        .returning(closures)
    ).one_or_none()
    return _record(row) if row else None


def end(
    connection: Connection, *, closure_id: int, ended_at: datetime, ended_by: str
) -> ClosureRecord | None:
    """Open the road again; None when there is no such closure or it was ended before."""
    row = connection.execute(
        closures.update()
        .where(closures.c.id == closure_id, closures.c.ended_at.is_(None))
        .values(ended_at=ended_at, ended_by=ended_by)
        .returning(closures)
    ).one_or_none()
    return _record(row) if row else None


def not_over(connection: Connection, at: datetime, *, area: str | None = None) -> tuple[ClosureRecord, ...]:
    """Read closures that hold at `at` or will later, by id; only those that touch an area, given by its full code."""
    query = (
        select(closures)
        .where(closures.c.ended_at.is_(None), or_(closures.c.ends_at.is_(None), closures.c.ends_at > at))
        .order_by(closures.c.id)
    )
    if area is not None:
        query = query.where(reach.touched(closures.c.geom, area))
    return tuple(_record(row) for row in connection.execute(query))


def _record(row: Row[Any]) -> ClosureRecord:
    return ClosureRecord(
        id=row.id,
        geometry=shape_of(row.geom),
        factor_percent=row.factor_percent,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        reason=row.reason,
        created_at=row.created_at,
        created_by=row.created_by,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
    )
