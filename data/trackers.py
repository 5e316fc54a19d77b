"""Trackers: devices that report where one team or vehicle is, each with a token of which only the hash is kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from data.fixes import Unit
from data.tables import trackers


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerRecord:
    """A device and whose place it reports."""

    id: int
    name: str
    unit: Unit
    created_at: datetime
    created_by: str
    revoked_at: datetime | None


def insert(
    connection: Connection, *, name: str, unit: Unit, token_hash: bytes, at: datetime, by: str
) -> TrackerRecord:
    """Store a tracker."""
    kind, identity = unit
    values = {
        "name": name,
        "token_hash": token_hash,
        f"{kind}_id": identity,
        "created_at": at,
        "created_by": by,
    }
    return _record(connection.execute(trackers.insert().values(**values).returning(trackers)).one())


def list_all(connection: Connection) -> tuple[TrackerRecord, ...]:
    """List the trackers, the newest first."""
    return tuple(_record(row) for row in connection.execute(select(trackers).order_by(trackers.c.id.desc())))


def by_token(connection: Connection, token_hash: bytes) -> TrackerRecord | None:
    """Read the tracker of a token; None where there is none. Whether it was revoked, the caller sees."""
    return _one(connection, select(trackers).where(trackers.c.token_hash == token_hash))


def get(connection: Connection, tracker_id: int) -> TrackerRecord | None:
    """Read one tracker; None when there is none."""
    return _one(connection, select(trackers).where(trackers.c.id == tracker_id))


def revoke(connection: Connection, tracker_id: int, *, at: datetime) -> None:
    """End a tracker's token; one that has ended stays as it is."""
    statement = trackers.update().where(trackers.c.id == tracker_id, trackers.c.revoked_at.is_(None))
    connection.execute(statement.values(revoked_at=at))


def _one(connection: Connection, query: Select[Any]) -> TrackerRecord | None:
    row = connection.execute(query).one_or_none()
    return None if row is None else _record(row)


def _record(row: Row[Any]) -> TrackerRecord:
    unit: Unit = ("team", row.team_id) if row.team_id is not None else ("vehicle", row.vehicle_id)
    return TrackerRecord(
        id=row.id,
        name=row.name,
        unit=unit,
        created_at=row.created_at,
        created_by=row.created_by,
        revoked_at=row.revoked_at,
    )
