"""Danger areas that people have drawn, with their time windows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, Row, or_, select

from data import reach
from data.geometry import shape_of, stored_shape
from data.tables import hazard_areas
from dispatch.model import HazardArea


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardAreaRecord:
    """An area as it is stored: what a decision sees of it, and who drew and ended it."""

    id: int
    geometry: BaseGeometry
    incident_id: int | None
    closes_roads: bool
    starts_at: datetime | None
    ends_at: datetime | None
    reason: str
    created_at: datetime
    created_by: str
    ended_at: datetime | None
    ended_by: str | None

    def drawn(self) -> HazardArea:
        """Return what a decision sees of it."""
        return HazardArea(
            id=self.id,
            geometry=self.geometry,
            incident=self.incident_id,
            closes_roads=self.closes_roads,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
        )


def insert(
    connection: Connection,
    *,
    geometry: BaseGeometry,
    created_at: datetime,
    created_by: str,
    incident_id: int | None = None,
    closes_roads: bool = True,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    reason: str = "",
) -> HazardAreaRecord:
    """Store an area; without times it holds until it is ended."""
    statement = hazard_areas.insert().values(
        geom=stored_shape(geometry),
        incident_id=incident_id,
        closes_roads=closes_roads,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason,
        created_at=created_at,
        created_by=created_by,
    )
    return _record(connection.execute(statement.returning(hazard_areas)).one())


def get(connection: Connection, area_id: int, *, area: str | None = None) -> HazardAreaRecord | None:
    """Read one area; None when there is none, or none that touches the division of the full code `area`."""
    query = select(hazard_areas).where(hazard_areas.c.id == area_id)
    if area is not None:
        query = query.where(reach.touched(hazard_areas.c.geom, area))
    row = connection.execute(query).one_or_none()
    return _record(row) if row else None


def edit(connection: Connection, *, area_id: int, **values: Any) -> HazardAreaRecord | None:
    """Change an area that was not ended; None when there is none such.

    values: any of closes_roads, starts_at, ends_at, reason; `ended_at` with `ended_by` ends it.
    """
    row = connection.execute(
        hazard_areas.update()
        .where(hazard_areas.c.id == area_id, hazard_areas.c.ended_at.is_(None))
        .values(**values)
        .returning(hazard_areas)
    ).one_or_none()
    return _record(row) if row else None


def not_over(
    connection: Connection, at: datetime, *, area: str | None = None
) -> tuple[HazardAreaRecord, ...]:
    """Read areas that hold at `at` or will later, by id; only those that touch the division of the full code `area`."""
    query = (
        select(hazard_areas)
        .where(
            hazard_areas.c.ended_at.is_(None),
            or_(hazard_areas.c.ends_at.is_(None), hazard_areas.c.ends_at > at),
        )
        .order_by(hazard_areas.c.id)
    )
    if area is not None:
        query = query.where(reach.touched(hazard_areas.c.geom, area))
    return tuple(_record(row) for row in connection.execute(query))


def _record(row: Row[Any]) -> HazardAreaRecord:
    return HazardAreaRecord(
        id=row.id,
        geometry=shape_of(row.geom),
        incident_id=row.incident_id,
        closes_roads=row.closes_roads,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        reason=row.reason,
        created_at=row.created_at,
        created_by=row.created_by,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
    )
