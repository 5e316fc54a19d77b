"""The places and people of a call: a chain of cells up and down, the points below it, and who has a duty there on a day."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import shapely
from sqlalchemy import Connection, text

from dispatch.calling import Direction, Holder, Place
from dispatch.model import Position
from gis.crs import STORED

POINT_LEVEL = 6
"""Below the leaf cells: places with people of their own, such as geohazard points."""

_LEAF = text(f"""
    SELECT code FROM grid_cells WHERE theme = :theme AND level = 5
        AND ST_Covers(geom, ST_SetSRID(ST_MakePoint(:lon, :lat), {STORED})) ORDER BY code LIMIT 1
""")
_LEAVES = text(f"""
    SELECT code FROM grid_cells WHERE theme = :theme AND level = 5
        AND ST_Relate(geom, ST_GeomFromWKB(:shape, {STORED}), 'T********') ORDER BY code
""")
_CELL = text("SELECT code FROM grid_cells WHERE code = :code AND theme = :theme")
_CELLS = text("""
    WITH RECURSIVE up AS (
        SELECT id, code, level, parent, name, name_en, area_code FROM grid_cells WHERE code = ANY(:origins)
        UNION
        SELECT above.id, above.code, above.level, above.parent, above.name, above.name_en, above.area_code
        FROM grid_cells above JOIN up ON above.code = up.parent
    ), down AS (
        SELECT id, code, level, parent, name, name_en, area_code FROM grid_cells
        WHERE code = ANY(:origins) AND :below
        UNION
        SELECT one.id, one.code, one.level, one.parent, one.name, one.name_en, one.area_code
        FROM grid_cells one JOIN down ON one.parent = down.code
    )
    SELECT * FROM up UNION SELECT * FROM down ORDER BY level, code
""")
_POINTS = text("""
    SELECT DISTINCT ON (places.layer, places.code) places.id, places.layer, places.code, places.name, places.name_en,
        places.area_code, leaf.code AS leaf
    FROM places JOIN grid_cells leaf ON leaf.theme = :theme AND leaf.level = 5 AND ST_Intersects(leaf.geom, places.geom)
    WHERE places.id = ANY(:chosen) OR (places.layer = ANY(:layers) AND leaf.code = ANY(:leaves))
    ORDER BY places.layer, places.code, leaf.code
""")
_HOLDERS = text("""
    SELECT coalesce(grid.code, place.layer || '/' || place.code, duties.area_code) AS place,
        people.code AS person, duties.role, duties.rank
    FROM duties JOIN people ON people.id = duties.person_id
        LEFT JOIN grid_cells grid ON grid.id = duties.grid_id LEFT JOIN places place ON place.id = duties.place_id
    WHERE (duties.grid_id = ANY(:cells) OR duties.place_id = ANY(:points) OR duties.area_code = ANY(:codes))
        AND (duties.valid_from IS NULL OR duties.valid_from <= :day)
        AND (duties.valid_to IS NULL OR duties.valid_to >= :day)
    ORDER BY duties.rank, duties.role, people.code
""")
_PLACE = text("""
    SELECT id, name, name_en, area_code, ST_X(ST_PointOnSurface(geom)) AS lon, ST_Y(ST_PointOnSurface(geom)) AS lat
    FROM places WHERE layer = :layer AND code = :code
""")
# Who a code stood for at a moment; who it stands for now, where nothing was kept of then; who it last stood for.
_PEOPLE = text("""
    SELECT DISTINCT ON (code) code, name, phone FROM (
        SELECT code, name, phone, 0 AS turn, since FROM person_versions
            WHERE code = ANY(:codes) AND (since IS NULL OR since <= :at)
        UNION ALL SELECT code, name, phone, 1, NULL FROM people WHERE code = ANY(:codes)
        UNION ALL SELECT code, name, phone, 2, since FROM person_versions WHERE code = ANY(:codes)
    ) AS found ORDER BY code, turn, since DESC NULLS LAST
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A place of a call as it was called when the call began. `layer`: "grid_cells", or that of a point."""

    code: str
    name: str
    name_en: str
    level: int
    layer: str
    area_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who a code stood for."""

    code: str
    name: str
    phone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PointRecord:
    """A place with people of its own, where it lies."""

    id: int
    name: str
    name_en: str
    area_code: str | None
    position: Position


def leaf_at(connection: Connection, position: Position, *, theme: str) -> str | None:
    """Tell the leaf cell of a position, on a border the one of the smallest code; None where there is none."""
    found: str | None = connection.scalar(_LEAF, {"theme": theme, "lon": position[0], "lat": position[1]})
    return found


def leaves_in(connection: Connection, shape: shapely.Geometry, *, theme: str) -> tuple[str, ...]:
    """List the leaf cells that share ground with an area."""
    return tuple(connection.scalars(_LEAVES, {"theme": theme, "shape": shapely.to_wkb(shape)}))


def areas_of(connection: Connection, cells: Collection[str]) -> tuple[str | None, ...]:
    """Read the areas of cells, each once."""
    query = text("SELECT DISTINCT area_code FROM grid_cells WHERE code = ANY(:codes) ORDER BY area_code")
    return tuple(connection.scalars(query, {"codes": list(cells)}))


def has_cell(connection: Connection, code: str, *, theme: str) -> bool:
    """Whether a theme has a cell of this code."""
    return connection.scalar(_CELL, {"code": code, "theme": theme}) is not None


def point(connection: Connection, layer: str, code: str) -> PointRecord | None:
    """Read where a place of a layer lies; None when there is none."""
    row = connection.execute(_PLACE, {"layer": layer, "code": code}).one_or_none()
    if row is None:
        return None
    return PointRecord(
        id=row.id, name=row.name, name_en=row.name_en, area_code=row.area_code, position=(row.lon, row.lat)
    )


def read(
    connection: Connection,
    *,
    theme: str,
    cells: Collection[str],
    points: Collection[int],
    layers: Sequence[str],
    direction: Direction,
    day: date,
) -> tuple[tuple[Place, ...], Mapping[str, Post]]:
    """Read the forest around `cells` and `points`, with whoever has a duty in it on `day`, and what its places are called.

    layers: whose points below the leaves are in it, too. A point's code is its layer's and its own: geohazard_points/DZ0001.
    """
    below = direction != "up"
    found = connection.execute(_CELLS, {"origins": sorted(cells), "below": below}).all()
    leaves = [row.code for row in found if row.level == POINT_LEVEL - 1]
    wanted = {
        "theme": theme,
        "chosen": sorted(points),
        "layers": list(layers) if below else [],
        "leaves": leaves,
    }
    below_leaves = connection.execute(_POINTS, wanted).all() if points or (layers and below) else []
    posts = {
        row.code: Post(
            code=row.code,
            name=row.name,
            name_en=row.name_en,
            level=row.level,
            layer="grid_cells",
            area_code=row.area_code,
        )
        for row in found
    }
    parents = {row.code: row.parent for row in found}
    for row in below_leaves:
        code = f"{row.layer}/{row.code}"
        parents[code] = row.leaf
        posts[code] = Post(
            code=code,
            name=row.name,
            name_en=row.name_en,
            level=POINT_LEVEL,
            layer=row.layer,
            area_code=row.area_code,
        )
    asked = {
        "cells": [row.id for row in found],
        "points": [row.id for row in below_leaves],
        "codes": [row.code for row in found],
        "day": day,
    }
    holders: dict[str, list[Holder]] = {}
    for row in connection.execute(_HOLDERS, asked):
        holders.setdefault(row.place, []).append(Holder(person=row.person, role=row.role, rank=row.rank))
    places = tuple(
        Place(code=code, level=post.level, parent=parents[code], holders=tuple(holders.get(code, ())))
        for code, post in posts.items()
    )
    return places, posts


def people(connection: Connection, codes: Collection[str], *, at: datetime) -> Mapping[str, Person]:
    """Read whom codes stood for at a moment; a code that never stood for anybody is left out."""
    rows = connection.execute(_PEOPLE, {"codes": sorted(codes), "at": at}) if codes else ()
    return {row.code: Person(code=row.code, name=row.name, phone=row.phone) for row in rows}
