"""What is written on a map, how large, and what gives way to what; the places themselves come from `gis.labels`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis import labels
from gis.atlas import Drawn
from web.sheets import fonts, looks, svg

LEAST_MM: Final = 2.12
"""6 points: nothing on paper is smaller."""

_LINE: Final = 1.16  # of the letters' size: height of a line
_ONE_LINE_EM: Final = 7.5  # longer names stand in two lines
_REF: Final = re.compile(r"[A-Z]{1,2}\d{1,4}")
_NUMBER_WEIGHT: Final = 1
_BAND_MM: Final = 20.0
_SHIELDS: Final[Mapping[str, tuple[str, str]]] = {"G": ("#c0392b", "#fff"), "S": ("#e0b000", "#3a2d00")}
_SHIELD: Final = ("#ffffff", "#3a3a3a")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a name is written. base: what one such name is worth against others."""

    size: float
    fill: str
    base: int
    bold: bool = False
    shield: bool = False
    upright: bool = False  # drawn without light


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A name that wants to be on the map. `anchor`: its sign's place and radius, its line, or its area."""

    drawn: Drawn
    anchor: BaseGeometry
    manner: Manner
    radius: float = 0.0
    numbered: bool = False
    """Whether a number stands in for it, and a list names it, when it finds no place."""
    members: tuple[Drawn, ...] = ()
    """What a sign for several stands for: it has a number from the first, and the list names them all."""


@dataclass(slots=True)
class Written:
    """Names on the map as SVG, and those that a list has to give: number → what it stands for."""

    light: list[str] = field(default_factory=list)
    leaders: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    listed: dict[int, tuple[Drawn, ...]] = field(default_factory=dict)


def lines_of(name: str, size: float) -> list[str]:
    """Return a name in one line, or in two of about the same length."""
    whole = " ".join(name.split())
    if fonts.width(whole, 1.0) <= _ONE_LINE_EM:
        return [whole]
    return fonts.wrapped(whole, size, max(fonts.width(whole, size) / 2 + 0.6 * size, 3 * size))[:3]


def write(
    wanted: Sequence[Wanted],
    *,
    frame: tuple[float, float],
    signs: Sequence[BaseGeometry],
    avoided: Sequence[BaseGeometry],
) -> Written:
    """Find places for names, write them, and number what found none."""
    by_key = {str(at): one for at, one in enumerate(wanted)}
    ranks = _ranks(wanted)
    offered = [
        labels.Label(key=key, weight=one.manner.base + ranks[at], places=_places(one))
        for at, (key, one) in enumerate(by_key.items())
        if not one.members
    ]
    placed = labels.place(offered, frame=frame, obstacles=signs, avoided=avoided)
    written = Written()
    for key, place in placed.items():
        _put(written, by_key[key], place)
    missing = sorted(
        ((key, one) for key, one in by_key.items() if key not in placed and one.numbered),
        key=lambda pair: _reading_order(pair[1].anchor),
    )
    _number(written, missing, frame, [*signs, *labels.boxes(list(placed.values()))])
    return written


def _reading_order(anchor: BaseGeometry) -> tuple[float, float]:
    """Sort from west to east in bands from north to south, so that a number is soon found."""
    west, north, _, _ = anchor.bounds
    return north // _BAND_MM, west


def _ranks(wanted: Sequence[Wanted]) -> list[int]:
    """Return for each name up to half of its base more, by its weight among those of its layer."""
    by_layer: dict[str, list[int]] = {}
    for one in wanted:
        by_layer.setdefault(one.drawn.layer, []).append(one.drawn.weight)
    ordered = {layer: np.sort(weights) for layer, weights in by_layer.items()}
    return [
        int(one.manner.base * 0.5 * np.searchsorted(of, one.drawn.weight) / len(of))
        for one, of in ((one, ordered[one.drawn.layer]) for one in wanted)
    ]


def _box(name: str, manner: Manner, size: float) -> tuple[float, float]:
    lines = lines_of(name, size)
    wide = max(fonts.width(line, size, bold=manner.bold) for line in lines)
    pad = 0.9 if manner.shield else 0.3
    return wide + pad, len(lines) * size * _LINE


def _places(one: Wanted) -> tuple[labels.Place, ...]:
    name, manner = one.drawn.name, one.manner
    width, height = _box(name, manner, manner.size)
    kind = one.anchor.geom_type
    if kind == "Point":
        x, y = svg.xy(one.anchor)
        near = labels.around_point(x, y, one.radius, width, height)
        far = labels.led_from(x, y, width, height, distances=(4.0, 7.0)) if one.numbered else ()
        return tuple(_sized(place, manner.size) for place in (*near, *far))
    if "Line" in kind:
        flat = width if manner.shield else fonts.width(" ".join(name.split()), manner.size) + 0.3
        found = labels.along_line(one.anchor, flat, manner.size * _LINE, level=manner.shield, every_mm=9.0)
        return tuple(_sized(place, manner.size) for place in found[:24])
    return tuple(_in_area(one))


def _in_area(one: Wanted) -> Iterator[labels.Place]:
    """Yield places within the area, smaller letters after larger ones, then places led out of it."""
    manner = one.manner
    sizes = sorted({manner.size, max(manner.size * 0.82, LEAST_MM), LEAST_MM}, reverse=True)
    for step, size in enumerate(sizes):
        width, height = _box(one.drawn.name, manner, size)
        for place in labels.in_area(one.anchor, width, height, cost=220 * step):
            yield _sized(place, size)
    if one.numbered:
        width, height = _box(one.drawn.name, manner, sizes[-1])
        inside = one.anchor.representative_point()
        for place in labels.led_from(inside.x, inside.y, width, height, distances=(5.0, 9.0)):
            yield _sized(place, sizes[-1])


def _sized(place: labels.Place, size: float) -> labels.Place:
    return labels.Place(
        x=place.x,
        y=place.y,
        width=place.width,
        height=place.height,
        turn=place.turn,
        size=size,
        cost=place.cost,
        leader=place.leader,
    )


def _number(
    written: Written,
    missing: Sequence[tuple[str, Wanted]],
    frame: tuple[float, float],
    taken: Sequence[BaseGeometry],
) -> None:
    """Write a small number beside what has no name on the map. Where not even that fits the list says where it is."""
    numbers = {key: at for at, (key, _) in enumerate(missing, 1)}
    offered = []
    for key, one in missing:
        width, height = fonts.width(str(numbers[key]), LEAST_MM, bold=True) + 0.2, LEAST_MM * 0.95
        point = one.anchor if one.anchor.geom_type == "Point" else one.anchor.representative_point()
        near = labels.around_point(*svg.xy(point), one.radius, width, height, gap=0.2)
        far = labels.led_from(*svg.xy(point), width, height, distances=(3.0, 5.0, 8.0))
        offered.append(
            labels.Label(
                key=key,
                weight=_NUMBER_WEIGHT,
                places=tuple(_sized(place, LEAST_MM) for place in (*near, *far)),
            )
        )
    placed = labels.place(offered, frame=frame, obstacles=taken)
    for key, one in missing:
        written.listed[numbers[key]] = one.members or (one.drawn,)
        if key in placed:
            place = placed[key]
            _lead(written, place)
            written.light.append(svg.lit(str(numbers[key]), place.x, place.y, LEAST_MM, bold=True))
            written.words.append(
                svg.text(
                    str(numbers[key]),
                    place.x,
                    place.y,
                    LEAST_MM,
                    bold=True,
                    anchor="middle",
                    fill=one.manner.fill,
                )
            )


def _lead(written: Written, place: labels.Place) -> None:
    if place.leader is None:
        return
    box = labels.boxes([place])[0]
    foot = shapely.Point(place.leader)
    line = shapely.shortest_line(box, foot)
    written.leaders.append(svg.path(line))


def _put(written: Written, one: Wanted, place: labels.Place) -> None:
    manner, size = one.manner, place.size
    _lead(written, place)
    if manner.shield:
        written.words.append(_shield(one.drawn.name, place))
        return
    level = "Line" in one.anchor.geom_type
    lines = [" ".join(one.drawn.name.split())] if level else lines_of(one.drawn.name, size)
    for at, line in enumerate(lines):
        y = place.y + (at - (len(lines) - 1) / 2) * size * _LINE
        written.light.append(svg.lit(line, place.x, y, size, bold=manner.bold, turn=place.turn))
        written.words.append(
            svg.text(
                line, place.x, y, size, fill=manner.fill, bold=manner.bold, anchor="middle", turn=place.turn
            )
        )


def _shield(ref: str, place: labels.Place) -> str:
    fill, ink = _SHIELDS.get(ref[:1], _SHIELD)
    plate = svg.element(
        "rect",
        x=place.x - place.width / 2,
        y=place.y - place.height / 2,
        width=place.width,
        height=place.height,
        rx=0.5,
        fill=fill,
        stroke="#fff" if fill != "#ffffff" else looks.SOFT_INK,
        stroke_width=0.18,
    )
    return plate + svg.text(ref, place.x, place.y, place.size, fill=ink, bold=True, anchor="middle")


def is_ref(name: str) -> bool:
    """Whether a road's name is a number such as G209."""
    return _REF.fullmatch(name) is not None
