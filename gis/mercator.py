"""Map tiles: squares of the web's Mercator projection, numbered by zoom, column from the west and row from the north."""

from collections.abc import Iterator
from math import asinh, atan, degrees, floor, pi, radians, sinh, tan
from typing import Final, NamedTuple

Bounds = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

MAX_ZOOM: Final = 22
MAX_LAT: Final = 85.0511287798066
"""Degrees: the square world ends here."""


class Tile(NamedTuple):
    """One tile's address."""

    z: int
    x: int
    y: int

    @property
    def exists(self) -> bool:
        """Whether there is such a tile."""
        return 0 <= self.z <= MAX_ZOOM and 0 <= self.x < 2**self.z and 0 <= self.y < 2**self.z

    @property
    def bounds(self) -> Bounds:
        """Degrees of its edges."""
        return (
            _longitude(self.x, self.z),
            _latitude(self.y + 1, self.z),
            _longitude(self.x + 1, self.z),
            _latitude(self.y, self.z),
        )


def tile_at(lon: float, lat: float, zoom: int) -> Tile:
    """Return the tile that a position lies in; beyond the edge of the square world the nearest one."""
    last = 2**zoom - 1
    clamped = min(max(lat, -MAX_LAT), MAX_LAT)
    x = floor((lon + 180) / 360 * 2**zoom)
    y = floor((1 - asinh(tan(radians(clamped))) / pi) / 2 * 2**zoom)
    return Tile(zoom, min(max(x, 0), last), min(max(y, 0), last))


def tiles_within(bounds: Bounds, zoom: int) -> Iterator[Tile]:
    """Yield the tiles of one zoom that touch an area, row after row."""
    west, south, east, north = bounds
    first, last = tile_at(west, north, zoom), tile_at(east, south, zoom)
    for y in range(first.y, last.y + 1):
        for x in range(first.x, last.x + 1):
            yield Tile(zoom, x, y)


def _longitude(x: int, zoom: int) -> float:
    return x / (1 << zoom) * 360 - 180


def _latitude(y: int, zoom: int) -> float:
    return degrees(atan(sinh(pi * (1 - 2 * y / (1 << zoom)))))
