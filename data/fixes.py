"""Where units were: fixes of telephones and trackers. Telemetry, not acts: many, pruned, and not in the journal.

The newest good one of a team is also its place in `team_states`, from where plans start.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, Table, func, literal, select, true
from sqlalchemy.dialects.postgresql import insert

from data.geometry import position_of, stored_point
from data.tables import depots, positions, team_states, teams, vehicles
from data.worlds import schema_of
from gis.tracks import Fix

UnitKind = Literal["team", "vehicle"]
Unit = tuple[UnitKind, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFix:
    """The newest good fix of a unit, with what it is called. `kind` of a vehicle is its code in the vocabulary."""

    unit: Unit
    code: str
    name: str
    name_en: str
    kind: str
    owner: str
    area_code: str | None
    fix: Fix
    received_at: datetime
    order_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """The last good fix of a unit, and a suspect one since."""

    good: Fix | None
    doubted: Fix | None


def channel(schema: str) -> str:
    """Name the channel on which a world's units call out that they have moved."""
    return f"positions_{schema}"


def store(
    connection: Connection,
    unit: Unit,
    fixes: Sequence[Fix],
    suspect: Sequence[bool],
    *,
    received_at: datetime,
    order_id: int | None = None,
) -> int:
    """Store fixes of a unit and return how many are new; one of the same moment is there already.

    The newest good one becomes the team's place unless somebody has reported since. Who listens is told once.
    """
    if not fixes:
        return 0
    kind, identity = unit
    rows = [
        {
            f"{kind}_id": identity,
            "order_id": order_id,
            "at": fix.at,
            "received_at": received_at,
            "geom": stored_point(fix.position),
            "accuracy_m": fix.accuracy_m,
            "suspect": doubtful,
        }
        for fix, doubtful in zip(fixes, suspect, strict=True)
    ]
    new = connection.execute(
        insert(positions).values(rows).on_conflict_do_nothing().returning(positions.c.id)
    ).all()
    if new:
        good = [fix for fix, doubtful in zip(fixes, suspect, strict=True) if not doubtful]
        if kind == "team" and good:
            _stand(connection, identity, max(good, key=lambda fix: fix.at))
        message = f'{{"{kind}": {identity}}}'
        connection.execute(select(func.pg_notify(channel(schema_of(connection)), message)))
    return len(new)


def _stand(connection: Connection, team_id: int, fix: Fix) -> None:
    """Put a team where it was last seen, unless something newer is known of it."""
    values = {"geom": stored_point(fix.position), "reported_at": fix.at}
    statement = insert(team_states).values(team_id=team_id, **values)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[team_states.c.team_id],
            set_=values,
            where=team_states.c.reported_at.is_(None) | (team_states.c.reported_at < fix.at),
        )
    )


def last(connection: Connection, unit: Unit) -> Last:
    """Read what newer fixes of a unit are compared with."""
    good = connection.execute(_of(unit).where(~positions.c.suspect).limit(1)).one_or_none()
    doubted = connection.execute(_of(unit).where(positions.c.suspect).limit(1)).one_or_none()
    if doubted is not None and good is not None and doubted.at < good.at:
        doubted = None
    return Last(good=None if good is None else _fix(good), doubted=None if doubted is None else _fix(doubted))


def track(connection: Connection, unit: Unit, *, since: datetime, limit: int) -> tuple[Fix, ...]:
    """Read the good fixes of a unit since a moment, the newest `limit` of them, in the order of time."""
    query = _of(unit).where(~positions.c.suspect, positions.c.at >= since).limit(limit)
    return tuple(reversed([_fix(row) for row in connection.execute(query)]))


def newest(
    connection: Connection, *, since: datetime, received_after: datetime | None = None
) -> tuple[UnitFix, ...]:
    """Read the newest good fix of every unit that was seen since a moment; only of those heard of after another, if given."""
    tables: tuple[tuple[UnitKind, Table], ...] = (("team", teams), ("vehicle", vehicles))
    return tuple(
        _unit_fix(kind, row)
        for kind, table in tables
        for row in connection.execute(_newest(kind, table, since, received_after))
    )


def of_units(connection: Connection, units: Sequence[Unit], *, since: datetime) -> Mapping[Unit, Fix]:
    """Read the newest good fix since a moment of each of some units that has one."""
    found = {}
    for unit in units:
        row = connection.execute(
            _of(unit).where(~positions.c.suspect, positions.c.at >= since).limit(1)
        ).one_or_none()
        if row is not None:
            found[unit] = _fix(row)
    return found


def prune(connection: Connection, *, before: datetime, limit: int) -> int:
    """Delete the oldest fixes that were received before a moment, at most `limit`; return how many.

    Numbers grow as fixes come in, so the oldest stand first and nothing else is looked at.
    """
    head = select(positions.c.id, positions.c.received_at).order_by(positions.c.id).limit(limit).subquery()
    old = select(head.c.id).where(head.c.received_at < before)
    return connection.execute(positions.delete().where(positions.c.id.in_(old))).rowcount


def _of(unit: Unit) -> Select[Any]:
    kind, identity = unit
    ours, other = (
        (positions.c.team_id, positions.c.vehicle_id)
        if kind == "team"
        else (positions.c.vehicle_id, positions.c.team_id)
    )
    columns = (positions.c.at, positions.c.geom, positions.c.accuracy_m)
    return select(*columns).where(ours == identity, other.is_(None)).order_by(positions.c.at.desc())


def _newest(kind: str, table: Table, since: datetime, received_after: datetime | None) -> Select[Any]:
    """Ask for the newest good fix of each row of `table`: one look into the index for each."""
    ours, other = positions.c[f"{kind}_id"], positions.c["vehicle_id" if kind == "team" else "team_id"]
    of_one = (
        select(positions)
        .where(ours == table.c.id, other.is_(None), ~positions.c.suspect, positions.c.at >= since)
        .order_by(positions.c.at.desc())
        .limit(1)
    )
    fix = of_one.lateral("fix")
    base = (
        table
        if kind == "team"
        else table.outerjoin(teams, teams.c.id == table.c.team_id).outerjoin(
            depots, depots.c.id == table.c.depot_id
        )
    )
    owner = literal("") if kind == "team" else func.coalesce(teams.c.name, depots.c.name, "")
    area = table.c.area_code if kind == "team" else func.coalesce(teams.c.area_code, depots.c.area_code)
    named = (
        table.c.id,
        table.c.code,
        table.c.name,
        table.c.name_en,
        table.c.kind,
        owner.label("owner"),
        area.label("area_code"),
    )
    columns = (fix.c.at, fix.c.received_at, fix.c.geom, fix.c.accuracy_m, fix.c.order_id)
    query = select(*named, *columns).select_from(base.join(fix, true())).order_by(table.c.id)
    return query if received_after is None else query.where(fix.c.received_at > received_after)


def _fix(row: Row[Any]) -> Fix:
    return Fix(at=row.at, position=position_of(row.geom), accuracy_m=row.accuracy_m)


def _unit_fix(kind: UnitKind, row: Row[Any]) -> UnitFix:
    return UnitFix(
        unit=(kind, row.id),
        code=row.code,
        name=row.name,
        name_en=row.name_en,
        kind=row.kind,
        owner=row.owner,
        area_code=row.area_code,
        fix=_fix(row),
        received_at=row.received_at,
        order_id=row.order_id,
    )
