"""Beside the map: the legend of what is really on it, where in the county it lies, and the way to its live page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import segno
import shapely

from data.layers import Layer
from data.policy_model import Policy
from gis.atlas import Sheet
from gis.cartography import MapFrame
from web.sheets import fonts, looks, svg, symbols
from web.sheets.drawing import Drawing
from web.sheets.naming import LEAST_MM
from web.sheets.page import Page, Rectangle
from web.wording import Words

_ROW_MM: Final = 4.7
_HEAD_MM: Final = 5.6
_BOTTOM_HEAD_MM: Final = 5.5
_BELOW_CODE_MM: Final = 5.0  # two lines of words
_SWATCH_MM: Final = 8.0
_LEAST_SUBJECT_MM: Final = 1.6
_QUIET: Final = 2  # modules of white around a code that stands on white


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the legend: its swatch around (0, 0), words, and how many there are."""

    swatch: str
    words: str
    count: int | None = None


def entries(sheet: Sheet, drawing: Drawing, words: Words, policy: Policy) -> list[Entry]:
    """List what is on the sheet: signs with their number first, then lines, then areas."""
    known = sorted(
        (policy.layers[code] for code in drawing.signs if code in policy.layers),
        key=lambda layer: layer.legend.order,
    )
    listed = [
        Entry(
            _swatch(layer, drawn_as_extent=layer.code in drawing.extents),
            words.layer(layer.code),
            drawing.signs[layer.code] or None,
        )
        for layer in known
    ]
    listed += [
        Entry(
            svg.element(
                "circle",
                r=radius,
                fill="#fff" if ring else looks.SOFT_INK,
                stroke=looks.INK if ring else "#fff",
                stroke_width=0.26 if ring else 0.1,
            ),
            words.sheet_place(place),
        )
        for place, ring, radius in (
            ("county", True, 1.1),
            ("township", True, 0.9),
            ("village", False, 0.6),
            ("hamlet", False, 0.35),
        )
        if place in drawing.places
    ]
    listed += [
        Entry(
            svg.element("path", d="M-3.4 0h6.8", fill="none", stroke="#fff", stroke_width=1.1)
            + svg.element(
                "path",
                d="M-3.4 0h6.8",
                fill="none",
                stroke=colour,
                stroke_width=0.6,
                stroke_dasharray="2 0.7",
            ),
            words.sheet_word(f"route_{sort}"),
        )
        for sort, colour in looks.ROUTES.items()
        if sort in drawing.routes
    ]
    listed += [
        Entry(_border(level), words.sheet_border(level))
        for level in looks.BORDERS
        if level in drawing.borders
    ]
    listed += [
        Entry(_road(sort), words.sheet_road(sort))
        for sort in reversed(list(looks.ROADS))
        if sort in drawing.roads
    ]
    stress = looks.STRESSES[sheet.kind]
    for code, swatch in (
        ("river", _line(looks.RIVER, 0.75)),
        ("stream", _line(looks.STREAM, 0.3)),
        ("water", _patch(looks.WATER, looks.RIVER)),
        ("wood", _patch(stress.wood, "none")),
        (
            "threat",
            svg.element(
                "circle",
                r=1.6,
                fill=looks.THREAT,
                fill_opacity="0.16",
                stroke=looks.THREAT,
                stroke_width=0.2,
                stroke_dasharray="0.9 0.5",
            ),
        ),
        (
            "subject",
            svg.element("path", d="M-3.4 0h6.8", stroke=looks.SUBJECT, stroke_width=1.3, opacity="0.4"),
        ),
    ):
        if code in drawing.ground:
            listed.append(Entry(swatch, words.sheet_word(code)))
    if drawing.tints:
        shown = drawing.tints[:4]
        step = 6.8 / len(shown)
        patches = "".join(
            svg.element("rect", x=-3.4 + at * step, y=-1.4, width=step, height=2.8, fill=looks.TINTS[number])
            for at, number in enumerate(shown)
        )
        listed.append(Entry(patches, words.sheet_word("tints")))
    return listed


def _swatch(layer: Layer, *, drawn_as_extent: bool) -> str:
    colour = layer.legend.colour
    if not drawn_as_extent:
        return symbols.draw(layer.legend.symbol, colour, 0, 0, 1.45)
    if layer.geometry == "LineString":
        return _line(colour, 0.5)
    return svg.element(
        "rect",
        x=-3.4,
        y=-1.4,
        width=6.8,
        height=2.8,
        fill=colour,
        fill_opacity="0.15",
        stroke=colour,
        stroke_width=0.5,
    )


def _border(level: str) -> str:
    look = looks.BORDERS[level]
    return svg.element(
        "path",
        d="M-3.4 0h6.8",
        fill="none",
        stroke=look.colour,
        stroke_width=look.width,
        stroke_dasharray=" ".join(map(svg.n, look.dash)),
    )


def _road(sort: str) -> str:
    look = looks.ROADS[sort]
    casing = _line(look.casing, look.width + 0.25) if look.casing else ""
    return casing + svg.element(
        "path",
        d="M-3.4 0h6.8",
        stroke=look.fill,
        stroke_width=look.width,
        stroke_dasharray=" ".join(map(svg.n, look.dash)) or None,
    )


def _line(colour: str, width: float) -> str:
    return svg.element("path", d="M-3.4 0h6.8", stroke=colour, stroke_width=width)


def _patch(fill: str, stroke: str) -> str:
    return svg.element(
        "rect", x=-3.4, y=-1.4, width=6.8, height=2.8, fill=fill, stroke=stroke, stroke_width=0.15
    )


def legend(listed: Sequence[Entry], box: Rectangle, words: Words) -> tuple[str, float]:
    """Draw the legend at the top of a column; return it with its height."""
    across = 2
    rows = -(-len(listed) // across)
    wide = box.width / across
    size = 2.35
    parts = [_head(words.sheet_word("legend"), box)]
    for number, entry in enumerate(listed):
        column, row = divmod(number, rows)
        x = box.x + column * wide + _SWATCH_MM / 2
        y = box.y + _HEAD_MM + (row + 0.5) * _ROW_MM
        room = wide - _SWATCH_MM - 1.5
        count = "" if entry.count is None else words.sheet_count(entry.count)
        said = fonts.shortened(entry.words, size, room - fonts.width(count, size))
        parts.append(svg.group([entry.swatch], transform=f"translate({svg.n(x)} {svg.n(y)})"))
        parts.append(svg.text(said + count, x + _SWATCH_MM / 2 + 0.8, y, size))
    return "".join(parts), _HEAD_MM + rows * _ROW_MM + 1.0


def _head(said: str, box: Rectangle) -> str:
    return svg.text(said, box.x, box.y + 2.2, 3.0, bold=True) + svg.element(
        "line", x1=box.x, y1=box.y + 4.5, x2=box.right, y2=box.y + 4.5, stroke=looks.INK, stroke_width=0.25
    )


def bottom_height(sheet: Sheet, page: Page) -> float:
    """Return how much of the first column locator and code take; the code alone has no heading."""
    high = 39.0 if page.paper == "A3" else 33.0
    return high if _is_located(sheet) else high - _BOTTOM_HEAD_MM


def _is_located(sheet: Sheet) -> bool:
    return bool(sheet.locator) and sheet.level != "county"


def bottom(sheet: Sheet, frame: MapFrame, page: Page, words: Words, address: str) -> str:
    """Draw the locator and the code that leads to the live page, at the foot of the first column."""
    column = page.columns[0]
    high = bottom_height(sheet, page)
    head = _BOTTOM_HEAD_MM if _is_located(sheet) else 0.0
    top = column.bottom - high
    square = high - head - _BELOW_CODE_MM
    right = Rectangle(x=column.right - square, y=top + head, width=square, height=square)
    left = Rectangle(x=column.x, y=top + head, width=column.width - square - 4.0, height=high - head)
    parts = []
    if _is_located(sheet):
        parts.append(
            _head(words.sheet_word("locator"), Rectangle(x=left.x, y=top, width=left.width, height=high))
        )
        parts.append(_locator(sheet, frame, left))
    parts.append(_code(address, right))
    parts += [
        svg.text(
            line, right.right, right.bottom + 1.9 + 2.6 * at, LEAST_MM, anchor="end", fill=looks.SOFT_INK
        )
        for at, line in enumerate((words.sheet_word("live"), words.sheet_data_date(sheet)))
    ]
    return "".join(parts)


def _locator(sheet: Sheet, frame: MapFrame, box: Rectangle) -> str:
    """Draw the county small, and the sheet's land in it; a ring around land too small to be seen."""
    shapes = frame.drawn([sheet.subject, *(one.geometry for one in sheet.locator)])
    west, north, east, south = (float(edge) for edge in shapely.total_bounds(shapes))
    scale = min((box.width - 2) / (east - west), (box.height - 2) / (south - north))
    left = box.x + (box.width - (east - west) * scale) / 2
    top = box.y + (box.height - (south - north) * scale) / 2
    small = shapely.simplify(
        shapely.transform(shapes, lambda xy: (xy - np.array([west, north])) * scale + np.array([left, top])),
        0.1,
    )
    subject, outlines = small[0], small[1:]
    parts = []
    for one, outline in sorted(
        zip(sheet.locator, outlines, strict=True), key=lambda pair: pair[0].detail == "county"
    ):
        county = one.detail == "county"
        parts.append(
            svg.path(
                outline,
                fill="none" if county else "#f4f2ec",
                stroke=looks.INK if county else "#9a94a5",
                stroke_width=0.35 if county else 0.15,
            )
        )
    parts.append(svg.path(subject, fill=looks.SUBJECT, fill_opacity="0.75"))
    x0, y0, x1, y1 = subject.bounds
    if max(x1 - x0, y1 - y0) < 2 * _LEAST_SUBJECT_MM:
        middle = subject.centroid
        parts.append(
            svg.element(
                "circle",
                cx=middle.x,
                cy=middle.y,
                r=_LEAST_SUBJECT_MM,
                fill="none",
                stroke=looks.SUBJECT,
                stroke_width=0.35,
            )
        )
    return "".join(parts)


def _code(address: str, box: Rectangle) -> str:
    """Draw a QR code: each row's dark modules as runs of one path."""
    matrix = [bytes(row) for row in segno.make(address, error="m", micro=False).matrix]
    size = box.width / (len(matrix) + 2 * _QUIET)
    runs = []
    for y, row in enumerate(matrix):
        x = 0
        while x < len(row):
            end = x
            while end < len(row) and row[end]:
                end += 1
            if end > x:
                runs.append(f"M{x} {y}h{end - x}v1h{x - end}z")
            x = end + 1
    at = f"translate({svg.n(box.x + _QUIET * size)} {svg.n(box.y + _QUIET * size)}) scale({size:.5f})"
    return svg.element("path", d="".join(runs), transform=at, fill="#000")
