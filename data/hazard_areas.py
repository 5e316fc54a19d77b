"""Danger areas that people have drawn, with their time windows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, Row

from data import drawn
from data.drawn import Drawn
from data.tables import hazard_areas
from dispatch.model import HazardArea


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardAreaRecord(Drawn):
    """An area as it is stored."""

    incident_id: int | None
    closes_roads: bool

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
    return drawn.insert(
        connection,
        hazard_areas,
        _record,
        geometry=geometry,
        incident_id=incident_id,
        closes_roads=closes_roads,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason,
        created_at=created_at,
        created_by=created_by,
    )


def get(connection: Connection, area_id: int, *, area: str | None = None) -> HazardAreaRecord | None:
    """Read one area; None when there is none, or none that touches the division of the full code `area`."""
    return drawn.get(connection, hazard_areas, _record, area_id, area=area)


def edit(connection: Connection, *, area_id: int, **values: Any) -> HazardAreaRecord | None:
    """Change an area that was not ended; None when there is none such.

    values: any of closes_roads, starts_at, ends_at, reason; `ended_at` with `ended_by` ends it.
    """
    return drawn.edit(connection, hazard_areas, _record, area_id, **values)


def not_over(
    connection: Connection, at: datetime, *, area: str | None = None
) -> tuple[HazardAreaRecord, ...]:
    """Read areas that hold at `at` or will later, by id; only those that touch the division of the full code `area`."""
    return drawn.not_over(connection, hazard_areas, _record, at, area=area)


def _record(row: Row[Any]) -> HazardAreaRecord:
    return HazardAreaRecord(**drawn.common(row), incident_id=row.incident_id, closes_roads=row.closes_roads)
