"""Where is this, and what is called so: position → areas and responsibility grid, words or codes → positions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, Row, text

from gis.crs import STORED

Position = tuple[float, float]
FoundKind = Literal["area", "village", "grid", "place", "team", "depot"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """One area that a position lies in."""

    code: str
    level: str
    name: str
    name_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Responsible:
    """A person with a duty in a grid cell. Rank A answers first, B stands in."""

    name: str
    phone: str
    role: str
    rank: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One link in the chain of responsibility."""

    code: str
    level: int
    name: str
    name_en: str
    people: tuple[Responsible, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A position with its areas (widest first) and the chain of its leaf grid (county first); empty outside."""

    position: Position
    areas: tuple[Area, ...]
    grids: tuple[Cell, ...]

    @property
    def area_code(self) -> str | None:
        """The narrowest area."""
        return self.areas[-1].code if self.areas else None

    @property
    def grid_code(self) -> str | None:
        """The leaf grid."""
        return self.grids[-1].code if self.grids else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One answer of a search."""

    kind: FoundKind
    id: int | None
    code: str
    name: str
    name_en: str
    layer: str
    area_code: str | None
    position: Position


_POINT = f"ST_SetSRID(ST_MakePoint(:lon, :lat), {STORED})"

_AREAS = text(f"""
    SELECT code, level, name, name_en FROM areas WHERE geom IS NOT NULL AND ST_Covers(geom, {_POINT})
    ORDER BY array_position(ARRAY['province', 'city', 'county', 'township', 'village'], level), code
""")

# A point on a border belongs to the leaf with the smallest code: exactly one, always the same.
_CHAIN = text(f"""
    WITH RECURSIVE leaf AS (
        SELECT id, code, level, name, name_en, parent FROM grid_cells
        WHERE theme = :theme AND level = 5 AND ST_Covers(geom, {_POINT}) ORDER BY code LIMIT 1
    ), chain AS (
        SELECT * FROM leaf
        UNION ALL
        SELECT up.id, up.code, up.level, up.name, up.name_en, up.parent
        FROM grid_cells up JOIN chain ON up.code = chain.parent
    )
    SELECT id, code, level, name, name_en FROM chain ORDER BY level
""")

_PEOPLE = text("""
    SELECT duties.grid_id, people.name, people.phone, duties.role, duties.rank
    FROM duties JOIN people ON people.id = duties.person_id
    WHERE duties.grid_id = ANY(:grids) ORDER BY duties.rank, duties.role, people.code
""")

# Everything that has a name and a place; `middle` is a point that surely lies on the thing.
_NAMED = """
    SELECT 'area' AS kind, NULL::bigint AS id, code, name, name_en, level AS layer, code AS area_code,
        coalesce(seat, ST_PointOnSurface(geom)) AS middle FROM areas WHERE geom IS NOT NULL OR seat IS NOT NULL
    UNION ALL SELECT 'village', id, code, name, name_en, 'villages', area_code, geom FROM villages
    UNION ALL SELECT 'grid', id, code, name, name_en, 'grid_cells', area_code, ST_PointOnSurface(geom) FROM grid_cells
    UNION ALL SELECT 'place', id, code, name, name_en, layer, area_code, ST_PointOnSurface(geom) FROM places
    UNION ALL SELECT 'team', id, code, name, name_en, 'teams', area_code, geom FROM teams
    UNION ALL SELECT 'depot', id, code, name, name_en, 'depots', area_code, geom FROM depots
"""

_SEARCH = text(f"""
    SELECT kind, id, code, name, name_en, layer, area_code, ST_X(middle) AS lon, ST_Y(middle) AS lat
    FROM ({_NAMED}) AS named
    WHERE code = :words OR name ILIKE :pattern OR name_en ILIKE :pattern OR code ILIKE :prefix
    ORDER BY code = :words DESC, lower(name) = lower(:words) DESC, position(lower(:words) IN lower(name)) = 1 DESC,
        length(name), kind, code
    LIMIT :limit
""")

_BY_CODE = text(f"""
    SELECT kind, id, code, name, name_en, layer, area_code, ST_X(middle) AS lon, ST_Y(middle) AS lat
    FROM ({_NAMED}) AS named WHERE kind = ANY(:kinds) AND (code = :words OR name = :words OR name_en = :words)
    ORDER BY code = :words DESC, kind, layer, code LIMIT 2
""")


def locate(connection: Connection, position: Position, *, theme: str = "forest_fire") -> Location:
    """Tell in which areas a position lies, and the chain of responsibility of its leaf grid."""
    lon, lat = position
    areas = connection.execute(_AREAS, {"lon": lon, "lat": lat}).all()
    cells = connection.execute(_CHAIN, {"lon": lon, "lat": lat, "theme": theme}).all()
    people = connection.execute(_PEOPLE, {"grids": [cell.id for cell in cells]}).all()
    return Location(
        position=position,
        areas=tuple(Area(**row._mapping) for row in areas),  # noqa: SLF001 - SQLAlchemy's public name for it
        grids=tuple(_cell(cell, people) for cell in cells),
    )


def search(connection: Connection, words: str, *, limit: int = 20) -> tuple[Found, ...]:
    """Find by code or by part of a name in either language: exact first, then names that begin so, then short ones."""
    escaped = words.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    values = {"words": words, "pattern": f"%{escaped}%", "prefix": f"{escaped}%", "limit": limit}
    return tuple(_found(row) for row in connection.execute(_SEARCH, values))


def called(connection: Connection, kinds: Sequence[FoundKind], words: str) -> tuple[Found, ...]:
    """Return what of `kinds` has this code or exactly this name: none, the one, or two where it is ambiguous.

    A code beats a name, and a village's point stands for the area of the same code.
    """
    found = tuple(_found(row) for row in connection.execute(_BY_CODE, {"kinds": list(kinds), "words": words}))
    by_code = tuple(one for one in found if one.code == words)
    if by_code and all(one.kind in {"area", "village"} for one in by_code):
        return by_code[-1:]
    return by_code or found


def names_of(connection: Connection, codes: Collection[str]) -> Mapping[str, Area]:
    """Read what areas and grid cells are called, by code; a grid cell's level is "grid"."""
    query = text("""
        SELECT code, level, name, name_en FROM areas WHERE code = ANY(:codes)
        UNION ALL SELECT code, 'grid', name, name_en FROM grid_cells WHERE code = ANY(:codes)
    """)
    found = connection.execute(query, {"codes": sorted(codes)})
    return {
        row.code: Area(code=row.code, level=row.level, name=row.name, name_en=row.name_en) for row in found
    }


def _cell(cell: Row[tuple[object, ...]], people: Sequence[Row[tuple[object, ...]]]) -> Cell:
    return Cell(
        code=cell.code,
        level=cell.level,
        name=cell.name,
        name_en=cell.name_en,
        people=tuple(
            Responsible(name=person.name, phone=person.phone, role=person.role, rank=person.rank)
            for person in people
            if person.grid_id == cell.id
        ),
    )


def _found(row: Row[tuple[object, ...]]) -> Found:
    return Found(
        kind=row.kind,
        id=row.id,
        code=row.code,
        name=row.name,
        name_en=row.name_en,
        layer=row.layer,
        area_code=row.area_code,
        position=(row.lon, row.lat),
    )
