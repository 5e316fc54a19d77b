"""Villages and who answers for them: where a position lies, which are near, and whom a call reaches."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, Row, func, select, text

from data.geometry import position_of
from data.history import VALID
from data.tables import places, villages
from dispatch.model import Position
from gis.crs import STORED, metres_per_degree

SHELTERS: Final = "shelters"
"""The layer of places where people are safe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageRecord:
    """A village at its middle."""

    id: int
    code: str
    name: str
    name_en: str
    area_code: str | None
    population: int
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person on duty for a village. Rank A answers first, B stands in."""

    name: str
    phone: str
    role: str
    rank: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelterRecord:
    """A place where people are safe."""

    code: str
    name: str
    name_en: str


# Whoever has a duty in the village itself, in the grid cell of the same code, or in the leaf cell that it lies in.
# The village's own come before the leaf's, A before B.
_CONTACTS = text(f"""
    SELECT DISTINCT ON (village, person) village, name, phone, role, rank, turn FROM (
        SELECT villages.code AS village, people.code AS person, people.name, people.phone, duties.role, duties.rank, 0 AS turn
        FROM villages JOIN duties ON duties.area_code = villages.code JOIN people ON people.id = duties.person_id
        WHERE villages.code = ANY(:codes) AND {VALID}
        UNION ALL
        SELECT villages.code, people.code, people.name, people.phone, duties.role, duties.rank,
            CASE WHEN grid_cells.code = villages.code THEN 1 ELSE 2 END
        FROM villages JOIN grid_cells ON grid_cells.code = villages.code
            OR grid_cells.level = 5 AND ST_Covers(grid_cells.geom, villages.geom)
        JOIN duties ON duties.grid_id = grid_cells.id JOIN people ON people.id = duties.person_id
        WHERE villages.code = ANY(:codes) AND {VALID}
    ) AS found ORDER BY village, person, turn, rank
""")

_HOME = text("""
    SELECT villages.code FROM villages JOIN areas ON areas.code = villages.code
    WHERE ST_Covers(areas.geom, ST_SetSRID(ST_MakePoint(:lon, :lat), :srid))
    UNION ALL
    SELECT villages.code FROM villages JOIN grid_cells ON grid_cells.code = villages.code
    WHERE ST_Covers(grid_cells.geom, ST_SetSRID(ST_MakePoint(:lon, :lat), :srid))
    ORDER BY code LIMIT 1
""")


def get(connection: Connection, code: str) -> VillageRecord | None:
    """Read one village; None when there is none."""
    return by_code(connection, [code]).get(code)


def by_code(connection: Connection, codes: Collection[str]) -> Mapping[str, VillageRecord]:
    """Read villages by code."""
    if not codes:
        return {}
    rows = connection.execute(select(villages).where(villages.c.code.in_(codes)))
    return {row.code: _record(row) for row in rows}


def of_position(connection: Connection, position: Position, *, within_m: float) -> VillageRecord | None:
    """Tell in which village a position lies: by outline, by the grid cell of a village's code, else the nearest within."""
    code = connection.scalar(_HOME, {"lon": position[0], "lat": position[1], "srid": STORED})
    if code is not None:
        return get(connection, code)
    found = near(connection, position, limit=1, within_m=within_m)
    return found[0] if found else None


def near(
    connection: Connection, position: Position, *, limit: int, within_m: float
) -> tuple[VillageRecord, ...]:
    """Read the villages nearest to a position, the nearest first, within so many metres as the crow flies."""
    away = _metres(villages.c.geom, position)
    query = select(villages).where(away <= within_m).order_by(away, villages.c.code).limit(limit)
    return tuple(_record(row) for row in connection.execute(query))


def shelters_near(connection: Connection, position: Position, *, limit: int) -> tuple[ShelterRecord, ...]:
    """Read the shelters nearest to a position as the crow flies, the nearest first."""
    away = _metres(func.ST_PointOnSurface(places.c.geom), position)
    query = select(places).where(places.c.layer == SHELTERS).order_by(away, places.c.code).limit(limit)
    return tuple(_shelter(row) for row in connection.execute(query))


def shelters(connection: Connection, codes: Collection[str]) -> Mapping[str, ShelterRecord]:
    """Read shelters by code."""
    query = select(places).where(places.c.layer == SHELTERS, places.c.code.in_(codes))
    return {row.code: _shelter(row) for row in connection.execute(query)} if codes else {}


def _metres(point: Any, position: Position) -> Any:
    """Write the distance of a stored point from a position, on a plane that is good for some kilometres."""
    lon_m, lat_m = (float(metres) for metres in metres_per_degree(position[1]))
    east = (func.ST_X(point) - position[0]) * lon_m
    north = (func.ST_Y(point) - position[1]) * lat_m
    return func.sqrt(func.pow(east, 2) + func.pow(north, 2))


def _shelter(row: Row[Any]) -> ShelterRecord:
    return ShelterRecord(code=row.code, name=row.name, name_en=row.name_en)


def contacts(
    connection: Connection, codes: Collection[str], *, day: date | None = None
) -> Mapping[str, tuple[Contact, ...]]:
    """Read whom a call to each village reaches, first A then B; a village without anybody has none.

    day: whose duties hold then; None: on the database's own day.
    """
    found: dict[str, list[tuple[int, str, Contact]]] = {code: [] for code in codes}
    for row in connection.execute(_CONTACTS, {"codes": sorted(codes), "day": day}) if codes else ():
        contact = Contact(name=row.name, phone=row.phone, role=row.role, rank=row.rank)
        found[row.village].append((row.turn, row.rank, contact))
    return {
        code: tuple(
            contact for _, _, contact in sorted(people, key=lambda one: (one[1], one[0], one[2].name))
        )
        for code, people in found.items()
    }


def _record(row: Row[Any]) -> VillageRecord:
    return VillageRecord(
        id=row.id,
        code=row.code,
        name=row.name,
        name_en=row.name_en,
        area_code=row.area_code,
        population=row.population,
        position=position_of(row.geom),
    )
