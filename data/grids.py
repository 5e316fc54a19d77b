"""Responsibility grids in the store: cells, who answers for them, what they were on any past day, and their writing.

A past moment reads the versions that triggers keep (migration 0005), by the same queries as the present.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import shapely
from geoalchemy2.shape import to_shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, Row, TextClause, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from data.geometry import stored_shape
from data.history import VALID
from data.tables import duties, grid_cells, grid_changes, people

LEAF: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRecord:
    """A responsibility grid; `alias` is the bureau's own code. area_km2 on the ellipsoid."""

    id: int
    code: str
    theme: str
    level: int
    parent: str | None
    name: str
    name_en: str
    alias: str
    area_code: str | None
    area_km2: float
    geometry: BaseGeometry


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCell:
    """A cell as it shall be; one of the same code is changed, any other is new."""

    code: str
    theme: str
    level: int
    parent: str | None
    name: str
    name_en: str
    alias: str
    area_code: str | None
    geometry: BaseGeometry
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRecord:
    """Somebody who answers for something."""

    id: int
    code: str
    name: str
    phone: str
    organisation: str
    position: str
    area_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyRecord:
    """What a person answers for: `kind` is grid_cells, areas, teams or the layer of a place. Rank A answers first.

    valid_from, valid_to: first and last day; None: open. area_code: of the subject, by which people are shown or masked.
    """

    code: str
    person: PersonRecord
    role: str
    rank: str
    valid_from: date | None
    valid_to: date | None
    kind: str
    subject_id: int | None
    subject: str
    subject_name: str
    subject_name_en: str
    area_code: str | None
    theme: str = ""
    level: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """The cells of one theme and level."""

    theme: str
    level: int
    cells: int
    area_km2: float
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRecord:
    """A change of a cell or of who answers for it, the newest first; `since` None: from before anything was kept."""

    since: datetime | None
    until: datetime | None
    what: str
    name: str
    alias: str
    area_km2: float | None
    role: str
    rank: str
    person: str


_STOOD: Final = "coalesce(since, '-infinity') <= :at AND coalesce(until, 'infinity') > :at"
_CELL_COLUMNS: Final = "code, theme, level, parent, name, name_en, alias, area_code, geom"
_DUTY_COLUMNS: Final = (
    "code, person_id, role, rank, area_code, grid_id, place_id, team_id, valid_from, valid_to"
)
_PERSON_COLUMNS: Final = "code, name, phone, organisation, position, area_code"
_PAST: Final = {
    "grid_cells": f"(SELECT row_id AS id, {_CELL_COLUMNS} FROM grid_cell_versions WHERE {_STOOD}) AS grid_cells",
    "duties": f"(SELECT row_id AS id, {_DUTY_COLUMNS} FROM duty_versions WHERE {_STOOD}) AS duties",
    "people": f"(SELECT row_id AS id, {_PERSON_COLUMNS} FROM person_versions WHERE {_STOOD}) AS people",
}
_PRESENT: Final = {name: name for name in _PAST}

_CELLS: Final = f"""
    SELECT id, {_CELL_COLUMNS}, ST_Area(geom::geography) / 1e6 AS area_km2 FROM {{grid_cells}}
    WHERE (CAST(:theme AS text) IS NULL OR theme = :theme) AND (CAST(:level AS int) IS NULL OR level = :level)
        AND (CAST(:codes AS text[]) IS NULL OR code = ANY(:codes))
        AND (CAST(:ids AS bigint[]) IS NULL OR id = ANY(:ids))
        AND (CAST(:parent AS text) IS NULL OR parent = :parent)
        AND (:within = '' OR starts_with(area_code, :within))
    ORDER BY theme, level, code
"""
_SUBJECTS: Final = """
    duties.code, duties.role, duties.rank, duties.valid_from, duties.valid_to,
    people.id AS person_id, people.code AS person_code, people.name AS person_name, people.phone,
    people.organisation, people.position, people.area_code AS person_area,
    CASE WHEN duties.grid_id IS NOT NULL THEN 'grid_cells' WHEN duties.team_id IS NOT NULL THEN 'teams'
        WHEN duties.place_id IS NOT NULL THEN coalesce(place.layer, '') ELSE 'areas' END AS kind,
    coalesce(duties.grid_id, duties.team_id, duties.place_id) AS subject_id,
    coalesce(grid_cells.code, team.code, place.code, duties.area_code) AS subject,
    coalesce(grid_cells.name, team.name, place.name, area.name, '') AS subject_name,
    coalesce(grid_cells.name_en, team.name_en, place.name_en, area.name_en, '') AS subject_name_en,
    coalesce(grid_cells.area_code, team.area_code, place.area_code, duties.area_code) AS area_code,
    coalesce(grid_cells.theme, '') AS theme, grid_cells.level
"""
_DUTIES: Final = f"""
    SELECT {_SUBJECTS}
    FROM {{duties}} JOIN {{people}} ON people.id = duties.person_id
        LEFT JOIN {{grid_cells}} ON grid_cells.id = duties.grid_id
        LEFT JOIN teams team ON team.id = duties.team_id LEFT JOIN places place ON place.id = duties.place_id
        LEFT JOIN areas area ON area.code = duties.area_code
    WHERE {{which}} AND (CAST(:any_day AS boolean) OR {VALID})
    ORDER BY kind, grid_cells.level, subject, duties.rank,
        array_position(ARRAY['grid_head', 'grid_deputy', 'supervisor', 'ranger'], duties.role), people.code
"""
_TOTALS: Final = text(f"""
    SELECT theme, level, count(*) AS cells, sum(ST_Area(geom::geography)) / 1e6 AS area_km2,
        (SELECT count(DISTINCT duties.person_id) FROM duties JOIN grid_cells mine ON mine.id = duties.grid_id
            WHERE mine.theme = grid_cells.theme AND mine.level = grid_cells.level AND {VALID}
            AND (:within = '' OR starts_with(mine.area_code, :within))) AS people
    FROM grid_cells WHERE (:within = '' OR starts_with(area_code, :within)) GROUP BY theme, level ORDER BY theme, level
""")
_PERSONS_OF_THEME: Final = text(f"""
    SELECT grid_cells.theme, count(DISTINCT duties.person_id) FROM duties JOIN grid_cells ON grid_cells.id = duties.grid_id
    WHERE {VALID} AND (:within = '' OR starts_with(grid_cells.area_code, :within)) GROUP BY 1
""")
_HISTORY: Final = text("""
    SELECT since, until, 'cell' AS what, name, alias, ST_Area(geom::geography) / 1e6 AS area_km2, '' AS role,
        '' AS rank, '' AS person FROM grid_cell_versions WHERE row_id = :id
    UNION ALL
    SELECT duty.since, duty.until, 'duty', '', '', NULL, duty.role, duty.rank, coalesce(
        (SELECT name FROM person_versions WHERE row_id = duty.person_id ORDER BY id DESC LIMIT 1), '')
    FROM duty_versions duty WHERE duty.grid_id = :id
    ORDER BY since DESC NULLS LAST, what
    LIMIT :limit
""")
_PEOPLE_IN: Final = text("""
    SELECT grid_cells.code, sum(villages.population)::bigint AS people
    FROM grid_cells JOIN villages ON ST_Covers(grid_cells.geom, villages.geom)
    WHERE grid_cells.code = ANY(:codes) GROUP BY grid_cells.code
""")


def _asked(query: str, at: datetime | None, **parts: str) -> TextClause:
    return text(query.format(**(_PRESENT if at is None else _PAST), **parts))


def change_number(connection: Connection) -> int:
    """Return a number that grows with every change of a cell."""
    return connection.scalar(select(grid_changes.c.number)) or 0


def cells(
    connection: Connection,
    *,
    theme: str | None = None,
    level: int | None = None,
    codes: Collection[str] | None = None,
    ids: Collection[int] | None = None,
    parent: str | None = None,
    within: str | None = None,
    at: datetime | None = None,
) -> tuple[CellRecord, ...]:
    """Read cells, the widest first: as they are, or as they stood at a moment. within: of the area of these digits."""
    values: dict[str, Any] = {
        "theme": theme,
        "level": level,
        "codes": None if codes is None else sorted(codes),
        "ids": None if ids is None else sorted(ids),
        "parent": parent,
        "within": within or "",
    }
    if at is not None:
        values["at"] = at
    return tuple(_cell(row) for row in connection.execute(_asked(_CELLS, at), values))


def get(connection: Connection, code: str, *, at: datetime | None = None) -> CellRecord | None:
    """Read one cell; None where there is none of this code then."""
    return next(iter(cells(connection, codes=[code], at=at)), None)


def brief(connection: Connection) -> tuple[Row[Any], ...]:
    """Read every cell as (id, code, theme, level, parent, name, name_en, alias, area_code, shape), fit for 100,000."""
    query = text("""
        SELECT id, code, theme, level, parent, name, name_en, alias, area_code, ST_AsBinary(geom) AS shape
        FROM grid_cells ORDER BY theme, code
    """)
    return tuple(connection.execute(query))


def lock(connection: Connection) -> None:
    """Wait for whoever is changing cells: what is read now is what this transaction changes."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('grid_cells'), 0)"))


def on_duty(
    connection: Connection, grids: Collection[int], *, day: date | None, at: datetime | None = None
) -> Mapping[int, tuple[DutyRecord, ...]]:
    """Read who answers for each of these cells on a day, as it was known at a moment; A before B."""
    found: dict[int, list[DutyRecord]] = {grid: [] for grid in grids}
    for record in _duties(connection, "duties.grid_id = ANY(:grids)", day, at, grids=sorted(grids)):
        if record.subject_id is not None:
            found[record.subject_id].append(record)
    return {grid: tuple(sorted(records, key=_turn)) for grid, records in found.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """Somebody on duty for a cell, in few columns: what a question that may take milliseconds reads."""

    grid_id: int
    duty: str
    role: str
    rank: str
    valid_from: date | None
    valid_to: date | None
    person: PersonRecord


_ANSWERING: Final = text(f"""
    SELECT duties.grid_id, duties.code AS duty, duties.role, duties.rank, duties.valid_from, duties.valid_to, people.id,
        people.code, people.name, people.phone, people.organisation, people.position, people.area_code
    FROM duties JOIN people ON people.id = duties.person_id
    WHERE duties.grid_id = ANY(:grids) AND {VALID}
    ORDER BY duties.rank, array_position(ARRAY['grid_head', 'grid_deputy', 'supervisor', 'ranger'], duties.role),
        people.code
""")


def answering(connection: Connection, grids: Collection[int], *, day: date | None) -> tuple[Answering, ...]:
    """Read who answers for some cells on a day, A before B: by one index, whatever else there is."""
    rows = connection.execute(_ANSWERING, {"grids": sorted(grids), "day": day}) if grids else ()
    return tuple(
        Answering(
            grid_id=row.grid_id,
            duty=row.duty,
            role=row.role,
            rank=row.rank,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            person=_person(row),
        )
        for row in rows
    )


def duties_of(
    connection: Connection,
    person: str,
    *,
    day: date | None,
    at: datetime | None = None,
    any_day: bool = False,
) -> tuple[DutyRecord, ...]:
    """Read all that a person (by code) answers for on a day; any_day: what was and will be, too."""
    return _duties(connection, "people.code = :person", day, at, any_day=any_day, person=person)


def all_duties(connection: Connection, theme: str, *, day: date | None) -> tuple[DutyRecord, ...]:
    """Read every duty for cells of a theme that holds on a day."""
    return _duties(connection, "grid_cells.theme = :theme", day, None, theme=theme)


def duty(connection: Connection, code: str) -> DutyRecord | None:
    """Read one duty, whenever it holds; None where there is none."""
    return next(iter(_duties(connection, "duties.code = :code", None, None, any_day=True, code=code)), None)


def duties_of_cell(connection: Connection, grid: int) -> tuple[DutyRecord, ...]:
    """Read the duties for a cell, past and coming ones too."""
    return _duties(connection, "duties.grid_id = :grid", None, None, any_day=True, grid=grid)


def person(connection: Connection, code: str) -> PersonRecord | None:
    """Read a person; None where there is none of this code."""
    row = connection.execute(select(people).where(people.c.code == code)).one_or_none()
    return None if row is None else _person(row)


def codes_ever(connection: Connection, prefix: str) -> frozenset[str]:
    """Read every code that begins so and was ever a cell's."""
    query = text("SELECT DISTINCT code FROM grid_cell_versions WHERE starts_with(code, :prefix)")
    return frozenset(connection.scalars(query, {"prefix": prefix}))


def totals(connection: Connection, *, day: date | None, within: str | None = None) -> tuple[Total, ...]:
    """Count cells, land and the persons on duty, by theme and level."""
    found = connection.execute(_TOTALS, {"day": day, "within": within or ""})
    return tuple(
        Total(
            theme=row.theme,
            level=row.level,
            cells=row.cells,
            area_km2=float(row.area_km2),
            people=row.people,
        )
        for row in found
    )


def persons(connection: Connection, *, day: date | None, within: str | None = None) -> Mapping[str, int]:
    """Count the persons who answer for any cell of each theme, each once."""
    found = connection.execute(_PERSONS_OF_THEME, {"day": day, "within": within or ""})
    return {row[0]: row[1] for row in found}


def population(connection: Connection, codes: Collection[str]) -> Mapping[str, int]:
    """Sum the people of the villages whose middle lies in each cell; cells without one are left out."""
    return {row.code: row.people for row in connection.execute(_PEOPLE_IN, {"codes": sorted(codes)})}


def villages_without(
    connection: Connection, theme: str, *, within: str | None = None
) -> tuple[tuple[str, str, BaseGeometry], ...]:
    """Read code, name and middle of the villages that lie in no leaf of a theme."""
    query = text("""
        SELECT code, name, ST_AsBinary(geom) AS at FROM villages
        WHERE (:within = '' OR starts_with(area_code, :within)) AND NOT EXISTS (
            SELECT FROM grid_cells WHERE theme = :theme AND level = 5 AND ST_Covers(grid_cells.geom, villages.geom))
        ORDER BY code
    """)
    found = connection.execute(query, {"theme": theme, "within": within or ""})
    return tuple((row.code, row.name, shapely.from_wkb(bytes(row.at))) for row in found)


def persons_not_looked_at(
    connection: Connection, persons: Collection[int], since: datetime
) -> frozenset[int]:
    """Tell which of these persons nobody has written anew since a moment."""
    query = select(people.c.id).where(people.c.id.in_(persons), people.c.updated_at < since)
    return frozenset(connection.scalars(query))


def history(connection: Connection, cell: int, *, limit: int = 100) -> tuple[VersionRecord, ...]:
    """Read the versions of a cell and of the duties for it, the newest first."""
    rows = connection.execute(_HISTORY, {"id": cell, "limit": limit})
    return tuple(VersionRecord(**row._mapping) for row in rows)  # noqa: SLF001 - SQLAlchemy's public name for it


def _duties(
    connection: Connection,
    which: str,
    day: date | None,
    at: datetime | None,
    *,
    any_day: bool = False,
    **values: Any,
) -> tuple[DutyRecord, ...]:
    values |= {"day": day, "any_day": any_day}
    if at is not None:
        values["at"] = at
    return tuple(_duty(row) for row in connection.execute(_asked(_DUTIES, at, which=which), values))


# ----------------------------------------------------------------------------------------------- writing


def put(connection: Connection, changed: Iterable[NewCell]) -> None:
    """Change cells of known codes, insert the others. Overlaps are asked for at the end of the transaction."""
    for cell in changed:
        values = {
            "code": cell.code,
            "theme": cell.theme,
            "level": cell.level,
            "parent": cell.parent,
            "name": cell.name,
            "name_en": cell.name_en,
            "alias": cell.alias,
            "area_code": cell.area_code,
            "geom": stored_shape(_multi(cell.geometry)),
        }
        statement = insert(grid_cells).values(source=cell.source, **values)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["code"], set_={**values, "updated_at": func.now()}
            )
        )


def remove(connection: Connection, codes: Collection[str]) -> None:
    """Delete cells with the duties for them; both stay in the past."""
    if codes:
        connection.execute(delete(grid_cells).where(grid_cells.c.code.in_(codes)))


def assign(
    connection: Connection,
    *,
    person_id: int,
    grid_id: int,
    code: str,
    role: str,
    rank: str,
    valid_from: date | None,
    valid_to: date | None,
) -> str:
    """Give a person a duty for a cell and return its code; the same role there again takes the new dates and rank."""
    values = {"rank": rank, "valid_from": valid_from, "valid_to": valid_to}
    statement = insert(duties).values(code=code, person_id=person_id, grid_id=grid_id, role=role, **values)
    kept = statement.on_conflict_do_update(
        index_elements=["person_id", "role", "area_code", "grid_id", "place_id", "team_id"], set_=values
    ).returning(duties.c.code)
    return str(connection.execute(kept).scalar_one())


def end_duty(connection: Connection, code: str, last_day: date) -> None:
    """Let a duty end with a day."""
    connection.execute(update(duties).where(duties.c.code == code).values(valid_to=last_day))


_TOUCHED: Final = {
    "grid_cells": ("grid_cell_versions", _CELL_COLUMNS, "grid_cells.id = ANY(:ids)", "row_id = ANY(:ids)"),
    "duties": (
        "duty_versions",
        _DUTY_COLUMNS,
        "duties.id = ANY(:ids)",
        "row_id = ANY(:ids)",
    ),
}


def touched(connection: Connection, at: datetime) -> Mapping[str, tuple[int, ...]]:
    """Tell which cells and duties have versions that began or ended at a moment: what an act of that moment changed."""
    return {
        table: tuple(
            connection.scalars(
                text(f"SELECT DISTINCT row_id FROM {versions} WHERE since = :at OR until = :at ORDER BY 1"),
                {"at": at},
            )
        )
        for table, (versions, *_) in _TOUCHED.items()
    }


def changed_since(connection: Connection, rows: Mapping[str, Sequence[int]], at: datetime) -> bool:
    """Whether any of these cells or duties changed after a moment."""
    return any(
        connection.scalar(
            text(
                f"SELECT EXISTS (SELECT FROM {_TOUCHED[table][0]} WHERE row_id = ANY(:ids) AND (since > :at OR until > :at))"
            ),
            {"ids": list(ids), "at": at},
        )
        for table, ids in rows.items()
    )


def restore(connection: Connection, rows: Mapping[str, Sequence[int]], at: datetime) -> None:
    """Bring cells and duties back to what they were until a moment: their numbers, shapes, dates and all."""
    for table in ("grid_cells", "duties"):
        versions, columns, _, _ = _TOUCHED[table]
        ids = list(rows.get(table, ()))
        if not ids:
            continue
        assigned = ", ".join(f"{column.strip()} = EXCLUDED.{column.strip()}" for column in columns.split(","))
        connection.execute(
            text(f"DELETE FROM {table} WHERE id = ANY(:ids) AND NOT EXISTS (SELECT FROM {versions}"
                 f" WHERE row_id = {table}.id AND until = :at)"),
            {"ids": ids, "at": at},
        )  # fmt: skip
        connection.execute(
            text(f"INSERT INTO {table} (id, {columns}) OVERRIDING SYSTEM VALUE SELECT row_id, {columns} FROM {versions}"
                 f" WHERE row_id = ANY(:ids) AND until = :at ON CONFLICT (id) DO UPDATE SET {assigned}"),
            {"ids": ids, "at": at},
        )  # fmt: skip


# ----------------------------------------------------------------------------------------------- rows


def _turn(record: DutyRecord) -> tuple[bool, str]:
    return (record.rank != "A", "")


def _multi(shape: BaseGeometry) -> BaseGeometry:
    return shapely.MultiPolygon([shape]) if isinstance(shape, shapely.Polygon) else shape


def _cell(row: Row[Any]) -> CellRecord:
    return CellRecord(
        id=row.id,
        code=row.code,
        theme=row.theme,
        level=row.level,
        parent=row.parent,
        name=row.name,
        name_en=row.name_en,
        alias=row.alias,
        area_code=row.area_code,
        area_km2=float(row.area_km2),
        geometry=shapely.from_wkb(row.geom) if isinstance(row.geom, (str, bytes)) else to_shape(row.geom),
    )


def _person(row: Row[Any]) -> PersonRecord:
    return PersonRecord(
        id=row.id,
        code=row.code,
        name=row.name,
        phone=row.phone,
        organisation=row.organisation,
        position=row.position,
        area_code=row.area_code,
    )


def _duty(row: Row[Any]) -> DutyRecord:
    return DutyRecord(
        code=row.code,
        person=PersonRecord(
            id=row.person_id,
            code=row.person_code,
            name=row.person_name,
            phone=row.phone,
            organisation=row.organisation,
            position=row.position,
            area_code=row.person_area,
        ),
        role=row.role,
        rank=row.rank,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        kind=row.kind,
        subject_id=row.subject_id,
        subject=row.subject,
        subject_name=row.subject_name,
        subject_name_en=row.subject_name_en,
        area_code=row.area_code,
        theme=row.theme,
        level=row.level,
    )
