"""Ways as a small drawing, for a telephone without a map and for paper."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import shapely

from api.usecases.sheets import Way

WIDTH, HEIGHT, MARGIN = 320, 200, 16
POINTS = 300  # more than this cannot be seen at this size

Dot = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The way in the drawing's own units, north up."""

    points: str
    first: Dot
    last: Dot


def draw(way: Way | None) -> Drawn | None:
    """Draw a way; None where there is none to draw."""
    if way is None or way.geometry.is_empty:
        return None
    dots = _fit([(x, y) for x, y in shapely.get_coordinates(way.geometry).tolist()])
    return Drawn(points=" ".join(f"{x:.1f},{y:.1f}" for x, y in dots), first=dots[0], last=dots[-1])


def _fit(way: Sequence[Dot]) -> list[Dot]:
    """Scale (longitude, latitude) degrees into the drawing, keeping shape; y grows downwards."""
    kept = [*way[:: max(1, len(way) // POINTS)], way[-1]]
    squeeze = math.cos(math.radians(kept[0][1]))
    xs, ys = [point[0] * squeeze for point in kept], [-point[1] for point in kept]
    extent = max(
        (max(xs) - min(xs)) / (WIDTH - 2 * MARGIN), (max(ys) - min(ys)) / (HEIGHT - 2 * MARGIN), 1e-9
    )
    left = (WIDTH - (max(xs) - min(xs)) / extent) / 2
    top = (HEIGHT - (max(ys) - min(ys)) / extent) / 2
    return [
        (round(left + (x - min(xs)) / extent, 1), round(top + (y - min(ys)) / extent, 1))
        for x, y in zip(xs, ys, strict=True)
    ]
