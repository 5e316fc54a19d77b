"""Hill shading: an elevation model → pictures of light and shadow for the map, kept by the file that they are from."""

import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from math import cos, pi, radians
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import CRSError, NotGeoreferencedWarning, RasterioError
from rasterio.fill import fillnodata
from rasterio.io import DatasetReader, MemoryFile
from rasterio.transform import from_origin
from rasterio.warp import reproject, transform_bounds
from sqlalchemy import Connection, delete, func, insert, select

from data import places
from data.tables import relief_tiles
from gis.crs import SEMI_MAJOR_M, STORED, WEB_MERCATOR
from gis.mercator import Bounds, Tile, tiles_within
from gis.terrain import FLAT_LIGHT, hillshade

ZOOMS: Final = range(8, 14)
"""Beyond the last a browser enlarges: models of 30 m have no more to show."""

SIZE: Final = 256
_AROUND_M: Final = 2 * pi * SEMI_MAJOR_M
_STEPS: Final = 31  # of opacity: few enough to compress well, too many to see
_STEEPER: Final = (
    0.35  # slopes are drawn so much steeper for each zoom out from the last, or wide views look flat
)
_VOID_CELLS: Final = (
    24  # holes in a model, such as of the radar behind ridges, are filled from their rim so far
)
_SUFFIXES: Final = frozenset({".tif", ".tiff", ".hgt"})
_ROWS_AT_ONCE: Final = 64

Progress = Callable[[str, int, int], None]
"""Told (stage code, steps done, steps in all)."""

Pixels = npt.NDArray[np.uint8]
"""Grey and opacity, shape (2, SIZE, SIZE)."""


class ReliefError(ValueError):
    """An elevation model that cannot be used. code: raster_unreadable, raster_without_crs or raster_elsewhere."""

    def __init__(self, code: str, why: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Shaded:
    """What an import drew: the file's name as its source, tiles, and their bytes."""

    source: str
    tiles: int
    stored_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliefExtent:
    """Where there is hill shading, and from which to which zoom."""

    bounds: Bounds
    zooms: tuple[int, int]


def replace(
    connection: Connection, path: Path, *, progress: Progress = lambda _stage, _done, _all: None
) -> Shaded:
    """Draw the hill shading of the county from a model (GeoTIFF, .hgt, zipped) instead of what this file gave before.

    Raises FileNotFoundError, and ReliefError for what is no raster, has no coordinate system or lies elsewhere.
    """
    if not path.is_file():
        raise FileNotFoundError(path)
    with _opened(path) as model:
        common = _common(model, places.extent(connection))
        wanted = [tile for zoom in ZOOMS for tile in tiles_within(common, zoom)]
        connection.execute(delete(relief_tiles).where(relief_tiles.c.source == path.name))
        drawn = stored = 0
        for start in range(0, len(wanted), _ROWS_AT_ONCE):
            progress("relief", start, len(wanted))
            rows = list(_rows(model, path.name, wanted[start : start + _ROWS_AT_ONCE]))
            if rows:
                connection.execute(insert(relief_tiles), rows)
            drawn += len(rows)
            stored += sum(len(row["data"]) for row in rows)
    progress("relief", len(wanted), len(wanted))
    return Shaded(source=path.name, tiles=drawn, stored_bytes=stored)


def tile(connection: Connection, wanted: Tile) -> bytes | None:
    """Return one picture (PNG); of several models laid over each other; None where there is none."""
    query = (
        select(relief_tiles.c.data)
        .where(relief_tiles.c.z == wanted.z, relief_tiles.c.x == wanted.x, relief_tiles.c.y == wanted.y)
        .order_by(relief_tiles.c.source)
    )
    pictures = [bytes(row.data) for row in connection.execute(query)]
    if len(pictures) < 2:  # noqa: PLR2004  # two can be laid over each other
        return pictures[0] if pictures else None
    return _png(reduce(lambda under, over: np.where(over[1] > 0, over, under), map(_pixels, pictures)))


def extent(connection: Connection) -> ReliefExtent | None:
    """Tell where there is hill shading; None where no model was imported."""
    last = select(func.max(relief_tiles.c.z)).scalar_subquery()
    x, y, z = relief_tiles.c.x, relief_tiles.c.y, relief_tiles.c.z
    edges = select(func.min(x), func.max(x), func.min(y), func.max(y), func.max(z)).where(z == last)
    west_x, east_x, north_y, south_y, zoom = connection.execute(edges).one()
    first = connection.scalar(select(func.min(relief_tiles.c.z)))
    if first is None:
        return None
    west, _, _, north = Tile(zoom, west_x, north_y).bounds
    _, south, east, _ = Tile(zoom, east_x, south_y).bounds
    return ReliefExtent(bounds=(west, south, east, north), zooms=(first, zoom))


def _opened(path: Path) -> DatasetReader:
    try:
        model = rasterio.open(_inside(path))
    except RasterioError as error:
        raise ReliefError("raster_unreadable", str(error)) from error
    if model.crs is None:
        model.close()
        raise ReliefError("raster_without_crs")
    return model


def _inside(path: Path) -> str:
    """Return what to open: the file, or the first one in an archive."""
    if not zipfile.is_zipfile(path):
        return str(path)
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if Path(name).suffix.lower() in _SUFFIXES)
    if not names:
        raise ReliefError("raster_unreadable")
    return f"/vsizip/{path.resolve()}/{names[0]}"


def _common(model: DatasetReader, county: Bounds | None) -> Bounds:
    """Return what a model and the county share; all of the model while there is no county."""
    try:
        west, south, east, north = transform_bounds(model.crs, CRS.from_epsg(STORED), *model.bounds)
    except (CRSError, RasterioError) as error:
        raise ReliefError("raster_without_crs", str(error)) from error
    if county is not None:
        west, south = max(west, county[0]), max(south, county[1])
        east, north = min(east, county[2]), min(north, county[3])
    if west >= east or south >= north:
        raise ReliefError("raster_elsewhere")
    return west, south, east, north


def _rows(model: DatasetReader, source: str, wanted: Sequence[Tile]) -> Iterator[dict[str, Any]]:
    for one in wanted:
        pixels = _shade(model, one)
        if pixels[1].any():
            yield {"source": source, **one._asdict(), "data": _png(pixels)}


def _shade(model: DatasetReader, one: Tile) -> Pixels:
    """Draw light as white and shadow as black, as opaque as they are strong: so it lies on any ground."""
    step = _AROUND_M / SIZE / 2**one.z
    heights = np.full((SIZE + 2, SIZE + 2), np.nan, dtype=np.float32)
    west = one.x * SIZE * step - _AROUND_M / 2 - step
    north = _AROUND_M / 2 - one.y * SIZE * step + step
    _, south_lat, _, north_lat = one.bounds
    metres = step * cos(radians((south_lat + north_lat) / 2))
    reproject(
        rasterio.band(model, 1),
        heights,
        src_nodata=model.nodata,
        dst_transform=from_origin(west, north, step, step),
        dst_crs=CRS.from_epsg(WEB_MERCATOR),
        dst_nodata=np.nan,
        resampling=Resampling.average if metres > _cell_m(model) else Resampling.cubic_spline,
    )
    known = np.isfinite(heights)
    if known.any() and not known.all():
        heights = fillnodata(heights, mask=known, max_search_distance=_VOID_CELLS)
    steeper = 1 + _STEEPER * (ZOOMS[-1] - one.z)
    light = hillshade(heights.astype(np.float64) * steeper, metres)
    strength = np.where(
        light < FLAT_LIGHT, (FLAT_LIGHT - light) / FLAT_LIGHT, (light - FLAT_LIGHT) / (1 - FLAT_LIGHT)
    )
    steps = np.round(np.nan_to_num(strength).clip(0, 1) * _STEPS)
    grey = np.where(light > FLAT_LIGHT, 255, 0)
    return np.stack([grey, steps * (255 // _STEPS)]).astype(np.uint8)


def _cell_m(model: DatasetReader) -> float:
    """Metres from one row of a model to the next."""
    rows: float = abs(model.transform.e)
    return rows * _AROUND_M / 360 if model.crs.is_geographic else rows


def _png(pixels: Pixels) -> bytes:
    profile = {"driver": "PNG", "width": SIZE, "height": SIZE, "count": 2, "dtype": "uint8"}
    with MemoryFile() as memory:
        with memory.open(**profile, transform=from_origin(0, SIZE, 1, 1)) as picture:
            picture.colorinterp = (ColorInterp.gray, ColorInterp.alpha)
            picture.write(pixels)
        return bytes(memory.read())


def _pixels(png: bytes) -> Pixels:
    with warnings.catch_warnings(), MemoryFile(png) as memory:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # a picture lies where its address says
        with memory.open(driver="PNG") as picture:
            read: Pixels = picture.read()
    return read
