"""Who and what needs a road: villages with their people, teams, depots, shelters."""

from collections.abc import Collection
from dataclasses import dataclass

import shapely
from sqlalchemy import Connection, select

from data.geometry import shape_of
from data.tables import places, villages
from data.units import list_depots, list_teams
from dispatch.cutoff import Served

SHELTERS = "shelters"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedRecord:
    """One of them with its names."""

    served: Served
    code: str
    name: str
    name_en: str


def read(connection: Connection) -> tuple[ServedRecord, ...]:
    """Read all of them, villages with most people first, then shelters, teams and depots by code."""
    found = [
        ServedRecord(
            served=Served(kind="village", id=row.id, position=_middle(row.geom), people=row.population),
            code=row.code,
            name=row.name,
            name_en=row.name_en,
        )
        for row in connection.execute(
            select(villages).order_by(villages.c.population.desc(), villages.c.code)
        )
    ]
    query = select(places).where(places.c.layer == SHELTERS).order_by(places.c.code)
    found += [
        ServedRecord(
            served=Served(kind="shelter", id=row.id, position=_middle(row.geom)),
            code=row.code,
            name=row.name,
            name_en=row.name_en,
        )
        for row in connection.execute(query)
    ]
    found += [
        ServedRecord(
            served=Served(kind="team", id=one.id, position=one.position_now),
            code=one.code,
            name=one.name,
            name_en=one.name_en,
        )
        for one in sorted(list_teams(connection), key=lambda one: one.code)
    ]
    found += [
        ServedRecord(
            served=Served(kind="depot", id=one.id, position=one.position),
            code=one.code,
            name=one.name,
            name_en=one.name_en,
        )
        for one in sorted(list_depots(connection), key=lambda one: one.code)
    ]
    return tuple(found)


def chosen(records: Collection[ServedRecord], cut: Collection[Served]) -> tuple[ServedRecord, ...]:
    """Return those of the records that were cut off, in their order."""
    keys = {(one.kind, one.id) for one in cut}
    return tuple(one for one in records if (one.served.kind, one.served.id) in keys)


def _middle(element: object) -> tuple[float, float]:
    point = shapely.point_on_surface(shape_of(element))  # type: ignore[arg-type]  # a geometry column's value
    return (float(point.x), float(point.y))
