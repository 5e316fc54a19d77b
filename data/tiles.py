"""The base map as vector tiles, straight from the imported roads, waters, woods, areas and villages.

Layers of a tile: woods, water (areas), waterways, boundaries (lines), roads (least important first), places (names).
The tile's own coordinate system is whatever ST_TileEnvelope gives; geometry is stored in degrees and indexed so.
"""

from typing import Final

from sqlalchemy import Connection, text

from gis.crs import STORED

MAX_ZOOM: Final = 22
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


def base_tile(connection: Connection, z: int, x: int, y: int) -> bytes:
    """Draw one tile of the base map as a Mapbox Vector Tile; empty where there is nothing.

    Raises ValueError for an address that is no tile.
    """
    if not (0 <= z <= MAX_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z):
        raise ValueError(f"no tile {z}/{x}/{y}")
    tile: memoryview | bytes = connection.execute(_TILE, {"z": z, "x": x, "y": y}).scalar_one()
    return bytes(tile)
