"""Incidents: what was reported, where, and whether it is still open."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from data import reach
from data.frozen import jsonable
from data.geometry import position_of, stored_point
from data.tables import incidents
from dispatch.lifecycle import IncidentState
from dispatch.model import Incident, Position


@dataclass(frozen=True, slots=True, kw_only=True)
class SentReport:
    """A report on an incident that went upwards: which clock it answers, when, and who sent it."""

    code: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRecord:
    """An incident as it is stored; what it still needs is computed from its card and its orders.

    `post` is the area whose command post leads it; None: the county's own, as for one that was escalated.
    """

    id: int
    type: str
    level: int
    priority: int
    name: str
    description: str
    position: Position
    radius_m: int
    area_code: str | None
    grid_code: str | None
    details: Mapping[str, Any]
    state: IncidentState
    post: str | None
    escalated_at: datetime | None
    escalated_by: str | None
    reported_at: datetime
    reported_by: str
    reporter_name: str
    reporter_phone: str
    reports: tuple[SentReport, ...]
    ended_at: datetime | None

    def source(self) -> Incident:
        """Return what danger zones are made from."""
        return Incident(
            id=self.id, type=self.type, level=self.level, position=self.position, radius_m=self.radius_m
        )


def insert(
    connection: Connection,
    *,
    type: str,  # noqa: A002  # the domain's word
    level: int,
    position: Position,
    reported_at: datetime,
    reported_by: str,
    priority: int = 1,
    radius_m: int = 0,
    name: str = "",
    description: str = "",
    area_code: str | None = None,
    grid_code: str | None = None,
    details: Mapping[str, Any] | None = None,
    post: str | None = None,
    reporter_name: str = "",
    reporter_phone: str = "",
) -> IncidentRecord:
    """Store a new, open incident."""
    statement = incidents.insert().values(
        type=type,
        level=level,
        priority=priority,
        name=name,
        description=description,
        geom=stored_point(position),
        radius_m=radius_m,
        area_code=area_code,
        grid_code=grid_code,
        details=jsonable(details or {}),
        post=post,
        reported_at=reported_at,
        reported_by=reported_by,
        reporter_name=reporter_name,
        reporter_phone=reporter_phone,
    )
    return _record(connection.execute(statement.returning(incidents)).one())


def get(connection: Connection, incident_id: int, *, within: str | None = None) -> IncidentRecord | None:
    """Read one incident; None when there is none, or none that concerns the area of digits `within`."""
    query = _select().where(incidents.c.id == incident_id)
    if within is not None:
        query = query.where(reach.incident_or_help(within))
    row = connection.execute(query).one_or_none()
    return _record(row) if row else None


def several(
    connection: Connection, incident_ids: Collection[int], *, within: str | None = None
) -> Mapping[int, IncidentRecord]:
    """Read incidents by their ids; left out is what there is not, or what does not concern the area of digits `within`."""
    query = _select().where(incidents.c.id.in_(incident_ids))
    if within is not None:
        query = query.where(reach.incident_or_help(within))
    return {row.id: _record(row) for row in connection.execute(query)} if incident_ids else {}


def lock(connection: Connection, incident_ids: Sequence[int]) -> tuple[IncidentRecord, ...]:
    """Read incidents and hold them until the transaction ends, in the order of their ids (`data.journal`: step 2).

    Ids that do not exist are left out.
    """
    query = _select().where(incidents.c.id.in_(incident_ids)).with_for_update(key_share=True)
    return tuple(_record(row) for row in connection.execute(query))


def list_open(connection: Connection, *, within: str | None = None) -> tuple[IncidentRecord, ...]:
    """Read all open incidents by id, however many there are; only those in the area of digits `within`."""
    query = _select().where(incidents.c.state == "open")
    if within is not None:
        query = query.where(reach.incident(within))
    return tuple(_record(row) for row in connection.execute(query))


def list_all(
    connection: Connection,
    *,
    state: IncidentState | None = None,
    limit: int = 500,
    within: str | None = None,
) -> tuple[IncidentRecord, ...]:
    """Read the newest incidents, the newest first: in any state or one, and only those in the area of digits `within`."""
    query = select(incidents).order_by(incidents.c.id.desc()).limit(limit)
    if state is not None:
        query = query.where(incidents.c.state == state)
    if within is not None:
        query = query.where(reach.incident(within))
    return tuple(_record(row) for row in connection.execute(query))


def set_level(
    connection: Connection, *, incident_id: int, level: int, priority: int | None = None
) -> IncidentRecord | None:
    """Change the level (and the priority with it) of an open incident; None when none is open."""
    values = {"level": level} if priority is None else {"level": level, "priority": priority}
    return _update_open(connection, incident_id, values)


def edit(connection: Connection, *, incident_id: int, values: Mapping[str, Any]) -> IncidentRecord | None:
    """Change columns of an open incident; `position` moves it, with its area and grid given along. None when none is open."""
    stored = {key: value for key, value in values.items() if key != "position"}
    if "position" in values:
        stored["geom"] = stored_point(values["position"])
    return _update_open(connection, incident_id, stored)


def keep_reports(
    connection: Connection, *, incident_id: int, reports: Sequence[SentReport]
) -> IncidentRecord | None:
    """Keep the reports that went upwards, all of them; None when no such incident is open."""
    kept = [{"code": one.code, "at": one.at.isoformat(), "by": one.by} for one in reports]
    return _update_open(connection, incident_id, {"reports": kept})


def set_state(
    connection: Connection, *, incident_id: int, state: IncidentState, at: datetime
) -> IncidentRecord | None:
    """End an open incident as closed or cancelled; None when none is open."""
    return _update_open(connection, incident_id, {"state": state, "ended_at": at})


def escalate(connection: Connection, *, incident_id: int, at: datetime, by: str) -> IncidentRecord | None:
    """Hand an open incident that a township leads to its county; None when no township leads an open one."""
    row = connection.execute(
        incidents.update()
        .where(incidents.c.id == incident_id, incidents.c.state == "open", incidents.c.post.is_not(None))
        .values(post=None, escalated_at=at, escalated_by=by)
        .returning(incidents)
    ).one_or_none()
    return _record(row) if row else None


def _update_open(
    connection: Connection, incident_id: int, values: Mapping[str, Any]
) -> IncidentRecord | None:
    row = connection.execute(
        incidents.update()
        .where(incidents.c.id == incident_id, incidents.c.state == "open")
        .values(**values)
        .returning(incidents)
    ).one_or_none()
    return _record(row) if row else None


def _select() -> Select[Any]:
    return select(incidents).order_by(incidents.c.id)


def _record(row: Row[Any]) -> IncidentRecord:
    return IncidentRecord(
        id=row.id,
        type=row.type,
        level=row.level,
        priority=row.priority,
        name=row.name,
        description=row.description,
        position=position_of(row.geom),
        radius_m=row.radius_m,
        area_code=row.area_code,
        grid_code=row.grid_code,
        details=row.details,
        state=row.state,
        post=row.post,
        escalated_at=row.escalated_at,
        escalated_by=row.escalated_by,
        reported_at=row.reported_at,
        reported_by=row.reported_by,
        reporter_name=row.reporter_name,
        reporter_phone=row.reporter_phone,
        reports=tuple(
            SentReport(code=one["code"], at=datetime.fromisoformat(one["at"]), by=one["by"])
            for one in row.reports
        ),
        ended_at=row.ended_at,
    )
