"""The base map as vector tiles, from the imported roads, waters, woods, areas and villages.

Layers of a tile: woods, water (areas), waterways, boundaries (lines), roads (least important first), places (names).
The tile's own coordinate system is whatever ST_TileEnvelope gives; geometry is stored in degrees and indexed so.
An import bakes the county's tiles into `base_tiles`; what is not baked is drawn when it is asked for.
"""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Final

from sqlalchemy import Connection, delete, insert, select, text

from data import places
from data.places import Bounds
from data.tables import base_tiles
from gis.crs import STORED
from gis.mercator import Tile, tiles_within

BAKED_ZOOMS: Final = range(7, 15)
"""A browser draws zoom z from tiles of z - 1 and enlarges the deepest: these serve every zoom from 8 on."""

MOST_BAKED: Final = 20_000
"""Tiles: beyond this the deepest zooms are left to be drawn when asked for, so that an import stays one of minutes."""

DRAWN_STORES: Final = frozenset({"areas", "villages"})
"""Stores of layers that the base map draws: what changes them bakes anew."""

_ROWS_AT_ONCE: Final = 500

Progress = Callable[[str, int, int], None]
"""Told (stage code, steps done, steps in all)."""

_BUFFER: Final = 64  # of 4096 units: room for casings and dashes that cross the border

# class of the map, road classes in it, first zoom at which it is drawn: least important first
_ROADS: Final = (
    ("path", ("footway", "path", "steps", "pedestrian", "bridleway", "cycleway"), 14),
    ("track", ("track",), 13),
    ("service", ("service",), 14),
    ("local", ("residential", "living_street", "unclassified", "road"), 10),
    ("tertiary", ("tertiary", "tertiary_link"), 9),
    ("secondary", ("secondary", "secondary_link"), 8),
    ("primary", ("primary", "primary_link"), 7),
    ("trunk", ("trunk", "trunk_link"), 6),
    ("motorway", ("motorway", "motorway_link"), 5),
)


def _cases(position: int) -> str:
    return " ".join(
        f"WHEN '{road_class}' THEN {(repr(name), rank, zoom)[position]}"
        for rank, (name, classes, zoom) in enumerate(_ROADS)
        for road_class in classes
    )


def _layer(name: str, columns: str, source: str) -> str:
    """One layer: `source` yields geom and `columns`; `tile` and `box` are the tile in its own system and in ours."""
    return f"""(
        SELECT ST_AsMVT(drawn, '{name}') FROM (
            SELECT ST_AsMVTGeom(ST_Transform(source.geom, ST_SRID(tile)), tile, 4096, {_BUFFER}) AS geom, {columns}
            FROM ({source}) AS source, envelope
        ) AS drawn WHERE drawn.geom IS NOT NULL
    )"""


_WOODS = "SELECT geom, class FROM base_features, envelope WHERE kind = 'wood' AND geom && box"
_WATER = "SELECT geom, class, name FROM base_features, envelope WHERE kind = 'water' AND geom && box"
_WATERWAYS = """
    SELECT geom, class, name FROM base_features, envelope
    WHERE kind = 'waterway' AND geom && box AND (:z >= 11 OR class = 'river')
"""
_BOUNDARIES = """
    SELECT ST_Boundary(geom) AS geom, level FROM areas, envelope
    WHERE geom && box AND (level = 'county' OR (level = 'township' AND :z >= 9))
"""
_ROAD_ROWS = f"""
    SELECT e.geom, CASE e.road_class {_cases(0)} ELSE 'local' END AS class, nullif(e.name, '') AS name,
        nullif(e.ref, '') AS ref, e.bridge, e.tunnel
    FROM road_edges e JOIN road_networks n ON n.version = e.version AND n.current, envelope
    WHERE e.geom && box AND :z >= CASE e.road_class {_cases(2)} ELSE 10 END
    ORDER BY CASE e.road_class {_cases(1)} ELSE 3 END
"""
_PLACES = """
    SELECT coalesce(seat, ST_PointOnSurface(geom)) AS geom, level AS class, name, nullif(name_en, '') AS name_en
    FROM areas, envelope WHERE coalesce(seat, geom) && box AND level IN ('county', 'township')
    UNION ALL
    SELECT geom, 'village', name, nullif(name_en, '') FROM villages, envelope WHERE geom && box AND :z >= 11
    UNION ALL
    SELECT geom, CASE WHEN class IN ('city', 'town', 'village') THEN 'village' ELSE 'hamlet' END, name, NULL
    FROM base_features, envelope WHERE kind = 'settlement' AND name <> '' AND geom && box AND :z >= 11
"""

_TILE = text(f"""
    WITH envelope AS (
        SELECT tile, ST_Transform(ST_Expand(tile, (ST_XMax(tile) - ST_XMin(tile)) * {_BUFFER} / 4096), {STORED}) AS box
        FROM (SELECT ST_TileEnvelope(:z, :x, :y) AS tile) AS asked
    )
    SELECT
        {_layer("woods", "class", _WOODS)} ||
        {_layer("water", "class, name", _WATER)} ||
        {_layer("waterways", "class, name", _WATERWAYS)} ||
        {_layer("boundaries", "level", _BOUNDARIES)} ||
        {_layer("roads", "class, name, ref, bridge, tunnel", _ROAD_ROWS)} ||
        {_layer("places", "class, name, name_en", _PLACES)}
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Baked:
    """What baking made: tiles, and their bytes as stored."""

    tiles: int
    stored_bytes: int


def base_tile(connection: Connection, tile: Tile) -> bytes:
    """Return one tile of the base map as a gzipped Mapbox Vector Tile: the baked one, or else drawn now."""
    baked = select(base_tiles.c.data).where(
        base_tiles.c.z == tile.z, base_tiles.c.x == tile.x, base_tiles.c.y == tile.y
    )
    found: memoryview | bytes | None = connection.scalar(baked)
    return _drawn(connection, tile) if found is None else bytes(found)


def bake(connection: Connection, *, progress: Progress = lambda _stage, _done, _all: None) -> Baked:
    """Replace all baked tiles by those of the county as it stands in this transaction; none where it has no extent.

    Whoever reads meanwhile sees the old tiles; after the commit all new ones, never some of each.
    """
    bounds = places.extent(connection)
    wanted = [] if bounds is None else _wanted(bounds)
    connection.execute(delete(base_tiles))
    drawn = ({**tile._asdict(), "data": _drawn(connection, tile)} for tile in wanted)
    stored = done = 0
    progress("tiles", 0, len(wanted))
    while rows := list(islice(drawn, _ROWS_AT_ONCE)):
        connection.execute(insert(base_tiles), rows)
        done += len(rows)
        stored += sum(len(row["data"]) for row in rows)
        progress("tiles", done, len(wanted))
    return Baked(tiles=done, stored_bytes=stored)


def _wanted(bounds: Bounds) -> list[Tile]:
    """List the tiles to bake, from the widest zoom down, whole zooms only."""
    wanted: list[Tile] = []
    for zoom in BAKED_ZOOMS:
        level = list(islice(tiles_within(bounds, zoom), MOST_BAKED + 1))
        if len(wanted) + len(level) > MOST_BAKED:
            break
        wanted += level
    return wanted


def _drawn(connection: Connection, tile: Tile) -> bytes:
    """Draw a tile; equal content is equal to the byte."""
    content: memoryview | bytes = connection.execute(_TILE, tile._asdict()).scalar_one()
    return gzip.compress(bytes(content), mtime=0)
