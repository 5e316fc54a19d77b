"""Closed and slowed stretches of road, with their time windows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, Row

from data import drawn
from data.drawn import Drawn
from data.tables import closures
from gis.network import Closure


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureRecord(Drawn):
    """A closure as it is stored. `factor_percent`: of the usual time; None: closed."""

    factor_percent: int | None

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
    return drawn.insert(
        connection,
        closures,
        _record,
        geometry=geometry,
        factor_percent=factor_percent,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason,
        created_at=created_at,
        created_by=created_by,
    )


def get(connection: Connection, closure_id: int, *, area: str | None = None) -> ClosureRecord | None:
    """Read one closure; None when there is none, or none that touches the area of this full code."""
    return drawn.get(connection, closures, _record, closure_id, area=area)


def edit(connection: Connection, *, closure_id: int, **values: Any) -> ClosureRecord | None:
    """Change reason, window or slow-down of a closure that was not ended; None when there is none such.

    values: any of factor_percent, starts_at, ends_at, reason; `ended_at` with `ended_by` opens the road again.
    """
    return drawn.edit(connection, closures, _record, closure_id, **values)


def not_over(connection: Connection, at: datetime, *, area: str | None = None) -> tuple[ClosureRecord, ...]:
    """Read closures that hold at `at` or will later, by id; only those that touch an area, given by its full code."""
    return drawn.not_over(connection, closures, _record, at, area=area)


def _record(row: Row[Any]) -> ClosureRecord:
    return ClosureRecord(**drawn.common(row), factor_percent=row.factor_percent)
