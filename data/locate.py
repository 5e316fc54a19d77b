"""Where is this, and what is called so: position → areas and responsibility grid, words or codes → positions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from sqlalchemy import Connection, Row, TextClause, false, or_, select, text

from data import reach
from data.geometry import position_of
from data.history import VALID
from data.tables import incidents
from gis.crs import STORED

Position = tuple[float, float]
FoundKind = Literal[
    "area", "village", "grid", "place", "team", "depot", "road", "incident", "person", "position"
]


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
    """One answer of a search. `layer`: of a place; the class of a road, the type of an incident.

    within, within_en: the township it lies in, which tells two of one name apart.
    """

    kind: FoundKind
    id: int | None
    code: str
    name: str
    name_en: str
    layer: str
    area_code: str | None
    position: Position
    within: str = ""
    within_en: str = ""


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

_PEOPLE = text(f"""
    SELECT duties.grid_id, people.name, people.phone, duties.role, duties.rank
    FROM duties JOIN people ON people.id = duties.person_id
    WHERE duties.grid_id = ANY(:grids) AND {VALID} ORDER BY duties.rank, duties.role, people.code
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A table of things that have a name and a place, as SQL. `at`: its shape; all others are columns or constants."""

    kind: FoundKind
    table: str
    layer: str
    id: str = "id"
    area: str = "area_code"
    at: str = "geom"
    only: str = "true"

    @property
    def rows(self) -> str:
        """Its rows, to be narrowed by further conditions."""
        return f"""SELECT '{self.kind}' AS kind, {self.id} AS id, code, name, name_en, {self.layer} AS layer,
            {self.area} AS area_code, {self.at} AS at FROM {self.table} WHERE {self.at} IS NOT NULL AND {self.only}"""


_GRIDS: Final = _Source(kind="grid", table="grid_cells", layer="'grid_cells'")
_SOURCES: Final = (
    _Source(
        kind="area", table="areas", layer="level", id="NULL::bigint", area="code", at="coalesce(seat, geom)"
    ),
    _Source(kind="village", table="villages", layer="'villages'"),
    _GRIDS,
    _Source(kind="place", table="places", layer="layer", only="layer <> ALL(:hidden)"),
    _Source(kind="team", table="teams", layer="'teams'"),
    _Source(kind="depot", table="depots", layer="'depots'"),
)

# Words are looked for three times, each by its parts in the index (name_parts): as the whole name or code, at its
# beginning, anywhere in a name. Each table gives its first 100 in this turn, so that words which a hundred thousand
# names hold ("村") cost no more than others and a name that is exactly meant is never left out.
_TRIES = r"""
    tries AS MATERIALIZED (
        SELECT ARRAY[E'\n' || left(lower(:words), 100) || E'\n'] AS parts, :literal AS code_like, :literal AS name_like
        UNION ALL SELECT (E'\n' || left(lower(:words), 1)) || CASE WHEN char_length(lower(:words)) > 1 THEN pairs END,
            :prefix, :prefix FROM pairs
        UNION ALL SELECT pairs, :prefix, :pattern FROM pairs
    )
"""
_PAIRS = r"""
    pairs AS MATERIALIZED (
        SELECT ARRAY(
            SELECT part FROM unnest(name_parts(:words, '', '')) part
            WHERE part !~ '^\n' AND char_length(part) = least(2, char_length(lower(:words)))
        ) AS pairs
    )
"""
_CANDIDATES: Final = 100
_STRETCHES: Final = 2000  # of roads: one of them has many

_SAME_PLACE = "AND NOT EXISTS (SELECT FROM villages WHERE villages.code = areas.code)"
_CALLED_SO = "name_parts(code, name, name_en) @> parts AND (code ILIKE code_like OR name ILIKE name_like OR name_en ILIKE name_like)"


def _first(rows: str, limit: int = _CANDIDATES) -> str:
    """Select the first rows of all tries."""
    return f"SELECT one.* FROM tries CROSS JOIN LATERAL ({rows} LIMIT {limit}) AS one LIMIT {limit}"


def _candidates(source: _Source, called_so: str = _CALLED_SO) -> str:
    return _first(f"""{source.rows} {_SAME_PLACE if source.kind == "area" else ""} AND {called_so}
        AND (:within = '' OR starts_with({source.area}, :within))""")


# A grid cell by the code that its bureau gave it.
_ALIASES = _candidates(
    _GRIDS,
    "name_parts(alias, '', '') @> parts AND alias ILIKE code_like",
)


_NAMED_STRETCHES = _first(
    """SELECT name, ref, road_class, length_m, geom FROM road_edges JOIN road_networks USING (version)
        WHERE current AND (name IS NOT NULL OR ref IS NOT NULL)
            AND name_parts(coalesce(ref, ''), coalesce(name, ''), '') @> parts
            AND (name ILIKE name_like OR ref ILIKE code_like)""",
    _STRETCHES,
)
# Roads by name, each at the middle of its longest stretch.
_ROADS = f"""
    SELECT 'road' AS kind, NULL::bigint AS id, max(coalesce(ref, '')) AS code, coalesce(name, ref) AS name,
        '' AS name_en, min(road_class) AS layer, NULL AS area_code,
        ST_LineInterpolatePoint((array_agg(geom ORDER BY length_m DESC))[1], 0.5) AS at
    FROM ({_NAMED_STRETCHES}) AS stretches GROUP BY coalesce(name, ref)
"""

# People stand where their first duty is.
_PERSONS = _first(f"""
    SELECT DISTINCT ON (people.id) 'person' AS kind, people.id, people.code, people.name, '' AS name_en,
        duties.role AS layer, coalesce(grid.area_code, place.area_code, team.area_code, duties.area_code) AS area_code,
        coalesce(grid.geom, place.geom, team.geom, area.seat, area.geom) AS at
    FROM people JOIN duties ON duties.person_id = people.id AND {VALID}
        LEFT JOIN grid_cells grid ON grid.id = duties.grid_id LEFT JOIN places place ON place.id = duties.place_id
        LEFT JOIN teams team ON team.id = duties.team_id LEFT JOIN areas area ON area.code = duties.area_code
    WHERE name_parts(people.code, people.name, '') @> parts AND people.name ILIKE name_like
        AND coalesce(grid.geom, place.geom, team.geom, area.seat, area.geom) IS NOT NULL
        AND (:within = '' OR starts_with(coalesce(grid.area_code, place.area_code, team.area_code, duties.area_code), :within))
        AND (:known = '' OR starts_with(coalesce(grid.area_code, place.area_code, team.area_code, duties.area_code), :known))
    ORDER BY people.id, duties.id
""")

_TURN = """
    code = :words DESC, lower(name) = lower(:words) DESC, position(lower(:words) IN lower(name)) = 1 DESC,
    array_position(ARRAY['area', 'village', 'team', 'depot', 'place', 'road', 'grid', 'person'], kind),
    length(name), code
"""


def _ranked(*more: str) -> TextClause:
    """Search everything and `more`: exact first, then names that begin so, then the broadest and shortest."""
    every = " UNION ALL ".join(f"({one})" for one in (*map(_candidates, _SOURCES), _ALIASES, *more))
    return text(f"""
        WITH {_PAIRS}, {_TRIES},
        named AS (SELECT DISTINCT ON (kind, layer, code, name) * FROM ({every}) AS every),
        turns AS (SELECT *, row_number() OVER (ORDER BY {_TURN}) AS turn FROM named),
        best AS (SELECT *, ST_PointOnSurface(at) AS middle FROM turns WHERE turn <= :limit)
        SELECT best.*, ST_X(middle) AS lon, ST_Y(middle) AS lat, coalesce(township.name, '') AS within,
            coalesce(township.name_en, '') AS within_en
        FROM best LEFT JOIN areas township ON township.code = rpad(left(best.area_code, 9), 12, '0')
            AND township.code <> best.code
        ORDER BY turn
    """)


_SEARCH: Final = {
    # whether roads are searched, too, and people
    (False, False): _ranked(),
    (True, False): _ranked(_ROADS),
    (True, True): _ranked(_ROADS, _PERSONS),
}

_EXACTLY = r"name_parts(code, name, name_en) @> ARRAY[E'\n' || left(lower(:words), 100) || E'\n']"
_CALLED_EXACTLY = f"{_EXACTLY} AND (code = :words OR name = :words OR name_en = :words)"
_ALIAS_EXACTLY = (
    r"name_parts(alias, '', '') @> ARRAY[E'\n' || left(lower(:words), 100) || E'\n'] AND alias = :words"
)
_BY_CODE = text(f"""
    SELECT kind, id, code, name, name_en, layer, area_code, ST_X(middle) AS lon, ST_Y(middle) AS lat, '' AS within,
        '' AS within_en
    FROM (SELECT *, ST_PointOnSurface(at) AS middle
        FROM ({" UNION ALL ".join(f"{one.rows} AND {_CALLED_EXACTLY}" for one in _SOURCES)}
            UNION ALL {_GRIDS.rows} AND {_ALIAS_EXACTLY}) AS named
        WHERE kind = ANY(:kinds)) AS called
    ORDER BY code = :words DESC, kind, layer, code LIMIT 2
""")


def locate(
    connection: Connection, position: Position, *, theme: str = "forest_fire", day: date | None = None
) -> Location:
    """Tell in which areas a position lies, and the chain of responsibility of its leaf grid.

    day: whose duties hold then are named; None: on the database's own day.
    """
    lon, lat = position
    areas = connection.execute(_AREAS, {"lon": lon, "lat": lat}).all()
    cells = connection.execute(_CHAIN, {"lon": lon, "lat": lat, "theme": theme}).all()
    people = connection.execute(_PEOPLE, {"grids": [cell.id for cell in cells], "day": day}).all()
    return Location(
        position=position,
        areas=tuple(Area(**row._mapping) for row in areas),  # noqa: SLF001 - SQLAlchemy's public name for it
        grids=tuple(_cell(cell, people) for cell in cells),
    )


def search(
    connection: Connection,
    words: str,
    *,
    limit: int = 20,
    roads: bool = False,
    people: bool = False,
    hidden: Sequence[str] = (),
    within: str | None = None,
    known: str | None = None,
    day: date | None = None,
) -> tuple[Found, ...]:
    """Find by code or by part of a name in either language: exact first, then names that begin so, then short ones.

    roads: also roads by name or number. people: also persons, where their first duty of the day is; only together
    with roads.
    hidden: layers of places that are not searched. within: only what belongs to the area of these digits; known: the
    same for persons.
    """
    values = {
        **_patterns(words),
        "limit": limit,
        "hidden": list(hidden),
        "within": within or "",
        "known": known or "",
    }
    if people:
        values["day"] = day
    return tuple(_found(row) for row in connection.execute(_SEARCH[roads, people], values))


def search_incidents(
    connection: Connection,
    words: str,
    *,
    types: Sequence[str] = (),
    limit: int = 10,
    within: str | None = None,
) -> tuple[Found, ...]:
    """Find open incidents by part of their name, by number ("#12", "12") or by type, the latest first.

    within: only those of the area of these digits.
    """
    pattern, number = _patterns(words)["pattern"], words.removeprefix("#")
    by_number = incidents.c.id == int(number) if number.isascii() and number.isdigit() else false()
    query = (
        select(incidents)
        .where(incidents.c.state == "open")
        .where(or_(incidents.c.name.ilike(pattern), incidents.c.type.in_(types), by_number))
        .order_by(incidents.c.id.desc())
        .limit(limit)
    )
    if within is not None:
        query = query.where(reach.incident(within))
    return tuple(
        Found(
            kind="incident",
            id=row.id,
            code=str(row.id),
            name=row.name,
            name_en="",
            layer=row.type,
            area_code=row.area_code,
            position=position_of(row.geom),
        )
        for row in connection.execute(query)
    )


def _patterns(words: str) -> dict[str, str]:
    """Return the words with the signs of patterns taken literally."""
    escaped = words.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return {"words": words, "literal": escaped, "prefix": f"{escaped}%", "pattern": f"%{escaped}%"}


def called(connection: Connection, kinds: Sequence[FoundKind], words: str) -> tuple[Found, ...]:
    """Return what of `kinds` has this code or exactly this name: none, the one, or two where it is ambiguous.

    A code beats a name, and a village's point stands for the area of the same code.
    """
    found = tuple(
        _found(row)
        for row in connection.execute(_BY_CODE, {"kinds": list(kinds), "words": words, "hidden": []})
    )
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
        within=row.within,
        within_en=row.within_en,
    )
