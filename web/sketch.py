"""A way as a small drawing and a list of roads, for a telephone without a map."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import shapely

from api.usecases.sheets import Sheet
from web.wording import Words

WIDTH, HEIGHT, MARGIN = 320, 200, 16
POINTS = 300  # more than this cannot be seen at this size

Dot = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One stretch of the way."""

    name: str
    length_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The way in the drawing's own units, north up."""

    points: str
    first: Dot
    last: Dot
    length_m: float
    steps: tuple[Step, ...]


def draw(sheet: Sheet, words: Words) -> Drawn | None:
    """Draw the way of an order; None where there is none to draw."""
    if sheet.route is None or not isinstance(sheet.route.geometry, shapely.LineString):
        return None
    dots = _fit(list(sheet.route.geometry.coords))
    return Drawn(
        points=" ".join(f"{x:.1f},{y:.1f}" for x, y in dots),
        first=dots[0],
        last=dots[-1],
        length_m=sheet.route.length_m,
        steps=tuple(Step(name=words.road(one), length_m=one.length_m) for one in sheet.stretches),
    )


def _fit(way: Sequence[tuple[float, ...]]) -> list[Dot]:
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
