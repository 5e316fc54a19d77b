"""A way as people read it: turns in words, limits on them, and a drawing."""

from dataclasses import dataclass

from api.usecases.sheets import Way
from gis.directions import Step
from web import sketch
from web.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownWay:
    """A way in words and as a drawing."""

    turns: tuple[tuple[str, str], ...]
    drawn: sketch.Drawn
    length_m: float
    road_ms: int
    walk_ms: int


def shown_way(view: View, way: Way | None) -> ShownWay | None:
    """Put a way into words: each turn, and what limits stand on it."""
    drawn = sketch.draw(way)
    if way is None or drawn is None:
        return None
    return ShownWay(
        turns=tuple(_turn(view, step) for step in way.steps),
        drawn=drawn,
        length_m=way.length_m,
        road_ms=way.road_ms,
        walk_ms=way.walk_ms,
    )


def _turn(view: View, step: Step) -> tuple[str, str]:
    return view.words.turn(step), view.words.limits(step)
