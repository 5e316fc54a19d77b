"""Layers that are too large to send whole, as vector tiles: points gathered in cells, so that a wide view stays light.

A cell is an eighth of a tile, the same for every tile that sees it, so that what lies on an edge is drawn alike on both
sides. Names about persons are left out unless they are asked for, as everywhere.
"""

from functools import lru_cache
from math import pi
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, bindparam, case, cast, func, literal, select
from sqlalchemy.types import Double, Integer

from data import registers
from data.layers import Layer
from gis.crs import STORED, WEB_MERCATOR
from gis.mercator import Bounds, Tile

LAYER: Final = "features"
"""Name of the one layer in a tile. Its features: n, and where n is 1: id, code, name, name_en."""

CELLS: Final = 8
"""Cells along the edge of a tile: 64 of the 512 pixels that a browser draws a tile on."""

SINGLE_FROM: Final = 16
"""From this zoom on every feature is drawn for itself."""

_MOST: Final = 10_000
_UNITS: Final = 4096
_NAMES: Final = ("code", "name", "name_en")


def layer_tile(
    connection: Connection,
    layer: Layer,
    tile: Tile,
    *,
    personal: bool = False,
    within: str | None = None,
    known: str | None = None,
) -> bytes:
    """Draw one tile of a layer as a Mapbox Vector Tile; empty where it has nothing.

    `within`, `known`: digits of areas, as in `registers.items`.

    Raises ValueError for an address that is no tile.
    """
    if not tile.exists:
        raise ValueError(f"no tile {tile}")
    gathered = layer.geometry == "Point" and tile.z < SINGLE_FROM
    west, south, east, north = _with_margin(tile)
    values = {"west": west, "south": south, "east": east, "north": north, **tile._asdict()}
    drawn: memoryview | bytes | None = connection.scalar(
        _query(layer, personal=personal, gathered=gathered, within=within, known=known), values
    )
    return bytes(drawn or b"")


def _with_margin(tile: Tile) -> Bounds:
    """Degrees of a tile and one cell around it: the corners of cells in the zoom where a cell is a tile."""
    deeper = CELLS.bit_length() - 1
    first, last = (tile.x * CELLS - 1, tile.y * CELLS - 1), ((tile.x + 1) * CELLS, (tile.y + 1) * CELLS)
    west, _, _, north = Tile(tile.z + deeper, *first).bounds
    _, south, east, _ = Tile(tile.z + deeper, *last).bounds
    return max(west, -180.0), south, min(east, 180.0), north


@lru_cache(maxsize=256)
def _query(
    layer: Layer, *, personal: bool, gathered: bool, within: str | None, known: str | None
) -> Select[Any]:
    table = registers.table_of(layer)
    edges = (bindparam(edge, type_=Double) for edge in ("west", "south", "east", "north"))
    box = func.ST_MakeEnvelope(*edges, STORED)
    near = (
        select(
            registers.key_of(layer).label("id"), *_names(layer, personal=personal, known=known), table.c.geom
        )
        .where(*registers.belongs(layer), table.c.geom.op("&&")(box), *registers.lies(layer, within))
        .limit(None if gathered else _MOST)
        .cte("near")
    )
    rows = _cells(near) if gathered else _each(near, layer)
    square = func.ST_TileEnvelope(
        bindparam("z", type_=Integer), bindparam("x", type_=Integer), bindparam("y", type_=Integer)
    )
    drawn = select(
        func.ST_AsMVTGeom(
            func.ST_Transform(rows.c.geom, WEB_MERCATOR),
            square,
            _UNITS,
            _UNITS // CELLS,
            True,  # noqa: FBT003  # clip
        ).label("geom"),
        *(column for column in rows.c if column.name != "geom"),
    ).cte("drawn")
    kept = select(drawn).where(drawn.c.geom.is_not(None)).subquery("kept")
    return select(func.ST_AsMVT(kept.table_valued(), LAYER, _UNITS, "geom"))


def _names(layer: Layer, *, personal: bool, known: str | None) -> list[ColumnElement[Any]]:
    return [
        (
            registers.shown(layer, layer.fields[name], known)
            if name in layer.fields and (personal or not layer.fields[name].personal)
            else literal("")
        ).label(name)
        for name in _NAMES
    ]


def _cells(near: Any) -> Any:
    """Gather points by cell: their number and middle, and who it is where there is but one."""
    cells = func.power(2.0, bindparam("z", type_=Integer)) * CELLS
    lon, lat = func.ST_X(near.c.geom), func.ST_Y(near.c.geom)
    column = func.floor((lon + 180.0) / 360.0 * cells)
    row = func.floor((1.0 - func.ln(func.tan(pi / 4 + func.radians(lat) / 2)) / pi) / 2 * cells)
    middle = func.ST_SetSRID(func.ST_MakePoint(func.avg(lon), func.avg(lat)), STORED)
    alone = func.count() == 1
    told = (case((alone, func.min(near.c[name]))).label(name) for name in ("id", *_NAMES))
    return select(func.count().label("n"), middle.label("geom"), *told).group_by(column, row).cte("cells")


def _each(near: Any, layer: Layer) -> Any:
    """Every feature for itself; lines and areas that are smaller than a pixel are left out."""
    rows = select(cast(1, Integer).label("n"), near)
    if layer.geometry != "Point":
        pixel = 360.0 / 512 / func.power(2.0, bindparam("z", type_=Integer))
        width = func.ST_XMax(near.c.geom) - func.ST_XMin(near.c.geom)
        height = func.ST_YMax(near.c.geom) - func.ST_YMin(near.c.geom)
        rows = rows.where(func.greatest(width, height) > pixel)
    return rows.cte("each")
