"""Mutual aid between areas: what one asked of another for an incident, what was answered, and which units were lent.

A unit is lent while its request stands as granted. What a team may not do twice, the open order's own index refuses,
whoever sends it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, or_, select

from data.reach import inside
from data.tables import aid_requests, aid_units

AidState = Literal["requested", "granted", "declined", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AidRecord:
    """One request for help. `teams` and `depots` are what was lent; they stay on record after the end."""

    id: int
    incident_id: int
    from_area: str
    to_area: str
    state: AidState
    text: str
    requested_at: datetime
    requested_by: str
    answered_at: datetime | None
    answered_by: str | None
    answer: str
    ended_at: datetime | None
    ended_by: str | None
    teams: tuple[int, ...]
    depots: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lent:
    """Units that are lent now: by unit, the incidents that they were lent to."""

    teams: Mapping[int, frozenset[int]]
    depots: Mapping[int, frozenset[int]]


def insert(
    connection: Connection,
    *,
    incident_id: int,
    from_area: str,
    to_area: str,
    text: str,
    at: datetime,
    by: str,
) -> AidRecord:
    """Store a new request."""
    statement = aid_requests.insert().values(
        incident_id=incident_id,
        from_area=from_area,
        to_area=to_area,
        text=text,
        requested_at=at,
        requested_by=by,
    )
    row = connection.execute(statement.returning(aid_requests)).one()
    return _record(row, ())


def get(connection: Connection, aid_id: int, *, within: str | None = None) -> AidRecord | None:
    """Read one request; None when there is none, or none from or to the area of digits `within`."""
    found = _many(connection, _of(within).where(aid_requests.c.id == aid_id))
    return found[0] if found else None


def lock(connection: Connection, aid_id: int) -> AidRecord | None:
    """Read one request and hold it until the transaction ends (after its incident, `data.journal`: step 2)."""
    found = _many(connection, select(aid_requests).where(aid_requests.c.id == aid_id).with_for_update())
    return found[0] if found else None


def list_all(connection: Connection, *, within: str | None = None, limit: int = 200) -> tuple[AidRecord, ...]:
    """Read the newest requests, the newest first; only those from or to the area of digits `within`."""
    return _many(connection, _of(within).order_by(aid_requests.c.id.desc()).limit(limit))


def of_incident(
    connection: Connection, incident_id: int, *, within: str | None = None
) -> tuple[AidRecord, ...]:
    """Read the requests for an incident, the oldest first; only those from or to the area of digits `within`."""
    query = _of(within).where(aid_requests.c.incident_id == incident_id).order_by(aid_requests.c.id)
    return _many(connection, query)


def answer(
    connection: Connection,
    *,
    aid_id: int,
    granted: bool,
    at: datetime,
    by: str,
    text: str = "",
    teams: Collection[int] = (),
    depots: Collection[int] = (),
) -> None:
    """Answer a request, with the units that are lent where it is granted. Ask its state first, under `lock`."""
    state = "granted" if granted else "declined"
    connection.execute(
        aid_requests.update()
        .where(aid_requests.c.id == aid_id)
        .values(state=state, answered_at=at, answered_by=by, answer=text)
    )
    units = [{"aid_id": aid_id, "team_id": one, "depot_id": None} for one in sorted(set(teams))]
    units += [{"aid_id": aid_id, "team_id": None, "depot_id": one} for one in sorted(set(depots))]
    if units:
        connection.execute(aid_units.insert(), units)


def end(connection: Connection, *, aid_id: int, at: datetime, by: str) -> None:
    """End a request: what was lent is its owner's again."""
    connection.execute(
        aid_requests.update()
        .where(aid_requests.c.id == aid_id)
        .values(state="ended", ended_at=at, ended_by=by)
    )


def lent(connection: Connection) -> Lent:
    """Read all units that are lent now."""
    query = (
        select(aid_units.c.team_id, aid_units.c.depot_id, aid_requests.c.incident_id)
        .join(aid_requests, aid_requests.c.id == aid_units.c.aid_id)
        .where(aid_requests.c.state == "granted")
    )
    teams: dict[int, set[int]] = {}
    depots: dict[int, set[int]] = {}
    for row in connection.execute(query):
        owner, unit = (teams, row.team_id) if row.team_id is not None else (depots, row.depot_id)
        owner.setdefault(unit, set()).add(row.incident_id)
    return Lent(
        teams={unit: frozenset(to) for unit, to in teams.items()},
        depots={unit: frozenset(to) for unit, to in depots.items()},
    )


def _of(within: str | None) -> Select[Any]:
    query = select(aid_requests)
    if within is None:
        return query
    return query.where(or_(inside(aid_requests.c.from_area, within), inside(aid_requests.c.to_area, within)))


def _many(connection: Connection, query: Select[Any]) -> tuple[AidRecord, ...]:
    rows = connection.execute(query).all()
    if not rows:
        return ()
    known = select(aid_units).where(aid_units.c.aid_id.in_([row.id for row in rows])).order_by(aid_units.c.id)
    units = connection.execute(known).all()
    return tuple(_record(row, [unit for unit in units if unit.aid_id == row.id]) for row in rows)


def _record(row: Row[Any], units: Sequence[Row[Any]]) -> AidRecord:
    return AidRecord(
        id=row.id,
        incident_id=row.incident_id,
        from_area=row.from_area,
        to_area=row.to_area,
        state=row.state,
        text=row.text,
        requested_at=row.requested_at,
        requested_by=row.requested_by,
        answered_at=row.answered_at,
        answered_by=row.answered_by,
        answer=row.answer,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        teams=tuple(unit.team_id for unit in units if unit.team_id is not None),
        depots=tuple(unit.depot_id for unit in units if unit.depot_id is not None),
    )
