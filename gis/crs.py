"""Coordinate reference systems: the only file that names a CRS number.

Everything is stored as CGCS2000 degrees (longitude, latitude). Online maps by Gaode and Tencent are GCJ-02,
Baidu's are BD-09: converted here when they come in, never routed or measured in.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, Literal, TypeVar, get_args

import numpy as np
import numpy.typing as npt
import shapely
from coord_convert import transform as datums
from pyproj import CRS, Geod, Transformer
from shapely.geometry.base import BaseGeometry

Datum = Literal["CGCS2000", "WGS84", "GCJ02", "BD09"]
Floats = npt.NDArray[np.float64]
G = TypeVar("G", bound=BaseGeometry)

STORED = 4490  # CGCS2000, degrees
WEB_MERCATOR = 3857  # metres of map tiles, for drawing alone: nothing is measured in them
DATUMS: tuple[Datum, ...] = get_args(Datum)

_CHINA_LON = (73.0, 135.0)
_CHINA_LAT = (3.0, 54.0)
_ZONE_3_DEGREES = 4534  # CGCS2000 / 3-degree Gauss-Kruger at 75 E; one number more for every 3 degrees
_UTM_NORTH, _UTM_SOUTH = 32600, 32700
_GEOD = Geod(a=6378137.0, rf=298.257222101)  # the ellipsoid of CGCS2000
SEMI_MAJOR_M: Final = float(_GEOD.a)
ECCENTRICITY_SQUARED: Final = float(_GEOD.es)
_INVERSE_ROUNDS = (
    3  # of BD-09: each shrinks the error (0.06 m after the library's own inverse) a thousandfold
)


def metres_crs(lon: float, lat: float) -> CRS:
    """Return the CRS to measure metres in around a place: CGCS2000 3-degree zone in China, UTM elsewhere."""
    if _CHINA_LON[0] <= lon <= _CHINA_LON[1] and _CHINA_LAT[0] <= lat <= _CHINA_LAT[1]:
        meridian = min(max(round(lon / 3) * 3, 75), 135)
        return CRS.from_epsg(_ZONE_3_DEGREES + (meridian - 75) // 3)
    zone = int((lon + 180) // 6) % 60 + 1
    return CRS.from_epsg((_UTM_NORTH if lat >= 0 else _UTM_SOUTH) + zone)


def to_metres(geometry: G, crs: CRS) -> G:
    """Return a stored geometry in the metres of `crs`."""
    return _reproject(geometry, _transformer(CRS.from_epsg(STORED), crs))


def to_degrees(geometry: G, crs: CRS) -> G:
    """Return a geometry that is in the metres of `crs` as stored degrees."""
    return _reproject(geometry, _transformer(crs, CRS.from_epsg(STORED)))


def positions_to_metres(lonlat: Floats, crs: CRS) -> Floats:
    """Return N stored positions in the metres of `crs`; shape (N, 2) in and out."""
    return np.column_stack(_transformer(CRS.from_epsg(STORED), crs).transform(lonlat[:, 0], lonlat[:, 1]))


def positions_to_degrees(metres: Floats, crs: CRS) -> Floats:
    """Return N positions in the metres of `crs` as stored degrees; the inverse of `positions_to_metres`."""
    return np.column_stack(_transformer(crs, CRS.from_epsg(STORED)).transform(metres[:, 0], metres[:, 1]))


@lru_cache(maxsize=64)
def _transformer(source: CRS, target: CRS) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)


def _reproject(geometry: G, transformer: Transformer) -> G:
    def move(xy: Floats) -> Floats:
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))

    moved: G = shapely.transform(geometry, move)
    return moved


def to_stored(lon: npt.ArrayLike, lat: npt.ArrayLike, datum: Datum) -> tuple[Floats, Floats]:
    """Return longitudes and latitudes of `datum` in the stored one; arrays of one shape in, the same out.

    WGS84 and CGCS2000 differ by centimetres and are taken as equal, as PROJ does. GCJ-02 and BD-09 are inverted
    by iteration, to under a millimetre. Raises ValueError for any other datum: Beijing54 and Xian80 need local parameters.
    """
    return _convert(lon, lat, datum, {"GCJ02": datums.gcj2wgs, "BD09": _bd_to_wgs})


def from_stored(lon: npt.ArrayLike, lat: npt.ArrayLike, datum: Datum) -> tuple[Floats, Floats]:
    """Return stored longitudes and latitudes in `datum`; the inverse of `to_stored`."""
    return _convert(lon, lat, datum, {"GCJ02": datums.wgs2gcj, "BD09": datums.wgs2bd})


_PointFunction = Callable[[float, float], tuple[float, float]]


def _convert(
    lon: npt.ArrayLike, lat: npt.ArrayLike, datum: Datum, functions: dict[Datum, _PointFunction]
) -> tuple[Floats, Floats]:
    if datum not in DATUMS:
        raise ValueError(f"unknown datum {datum!r}: one of {', '.join(DATUMS)}")
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    if datum not in functions:
        return x.copy(), y.copy()
    points = [functions[datum](float(a), float(b)) for a, b in zip(x.ravel(), y.ravel(), strict=True)]
    out = np.array(points, dtype=np.float64).reshape(-1, 2)
    return out[:, 0].reshape(x.shape), out[:, 1].reshape(y.shape)


def _bd_to_wgs(lon: float, lat: float) -> tuple[float, float]:
    """Invert BD-09 by iteration: the library's own inverse of its second step is off by centimetres."""
    x, y = datums.bd2gcj(lon, lat)
    for _ in range(_INVERSE_ROUNDS):
        back_lon, back_lat = datums.gcj2bd(x, y)
        x, y = x + lon - back_lon, y + lat - back_lat
    wgs: tuple[float, float] = datums.gcj2wgs(x, y)
    return wgs


def geodesic_lengths(lines: Sequence[BaseGeometry] | npt.NDArray[Any]) -> Floats:
    """Return the length in metres on the ellipsoid of each of N stored LineStrings; shape (N,)."""
    coordinates, owner = shapely.get_coordinates(np.asarray(lines, dtype=object), return_index=True)
    steps = geodesic_steps(coordinates)
    within = owner[1:] == owner[:-1]
    lengths: Floats = np.bincount(owner[1:][within], weights=steps[within], minlength=len(lines)).astype(
        np.float64
    )
    return lengths


def geodesic_steps(lonlat: Floats) -> Floats:
    """Return the metres on the ellipsoid between each of N positions and the next; shape (N - 1,)."""
    if not len(lonlat):
        return np.zeros(0)
    _, _, metres = _GEOD.inv(lonlat[:-1, 0], lonlat[:-1, 1], lonlat[1:, 0], lonlat[1:, 1])
    return np.asarray(metres, dtype=np.float64)


def geodesic_area_m2(polygon: shapely.Geometry) -> float:
    """Return the area on the ellipsoid of a stored polygon, holes taken out."""
    area, _ = _GEOD.geometry_area_perimeter(shapely.orient_polygons(polygon))
    return abs(float(area))


def metres_per_degree(lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return (east, north) metres in one degree on the ellipsoid at a latitude: a plane good for a few kilometres."""
    phi = np.radians(np.asarray(lat, dtype=np.float64))
    curve = 1.0 - _GEOD.es * np.sin(phi) ** 2
    east = np.radians(1.0) * _GEOD.a * np.cos(phi) / np.sqrt(curve)
    north = np.radians(1.0) * _GEOD.a * (1.0 - _GEOD.es) / curve**1.5
    return east, north
