"""Around the map: title, neat line with coordinates, the sheets that go on at the edges, scale and origin."""

from collections.abc import Mapping
from typing import Final

from gis import cartography
from gis.atlas import Direction, Sheet
from gis.cartography import MapFrame
from web.sheets import fonts, looks, svg
from web.sheets.naming import LEAST_MM
from web.sheets.page import BAND_MM, RING_MM, Page, Rectangle
from web.wording import Words

_TICK_MM: Final = 1.4
_APART_MM: Final = 15.0  # between a label of degrees and one of kilometres
_CORNERS: Final[Mapping[Direction, tuple[str, float]]] = {
    "nw": ("top", 0.12),
    "n": ("top", 0.5),
    "ne": ("top", 0.88),
    "sw": ("bottom", 0.12),
    "s": ("bottom", 0.5),
    "se": ("bottom", 0.88),
    "w": ("left", 0.5),
    "e": ("right", 0.5),
}
_ARROWS: Final[Mapping[Direction, str]] = {
    "n": "↑", "ne": "↗", "e": "→", "se": "↘", "s": "↓", "sw": "↙", "w": "←", "nw": "↖",
}  # fmt: skip


def title(sheet: Sheet, page: Page, words: Words) -> str:
    """Write what the sheet is: title, theme, number, who may see it."""
    box = page.title
    side = box.width * 0.2
    room = box.width - 2 * side
    name = words.sheet_title(sheet)
    size = 8.2 if page.paper == "A3" else 6.2
    spacing = 0.08 * size if words.lang == "zh" else 0.0
    full = fonts.width(name, size, bold=True) + spacing * len(name)
    size, spacing = (
        (size * min(1.0, room / full), spacing * min(1.0, room / full)) if full else (size, spacing)
    )
    shown = fonts.shortened(name, max(size, 3.4), room, bold=True) if size < 3.4 else name  # noqa: PLR2004  # no title is smaller
    middle = box.x + box.width / 2
    small = 3.0 * page.fine
    top = box.y + 1.5
    left = words.sheet_number(sheet)
    right = words.sheet_classification(sheet)
    parts = [
        svg.text(
            shown,
            middle,
            box.y + box.height * 0.36,
            max(size, 3.4),
            bold=True,
            anchor="middle",
            spacing=spacing,
        ),
        svg.text(
            fonts.shortened(words.sheet_subtitle(sheet), small, room),
            middle,
            box.y + box.height * 0.8,
            small,
            anchor="middle",
            fill=looks.SOFT_INK,
        ),
        svg.text(left, box.x, top + small / 2, small, bold=True),
        svg.text(
            fonts.shortened(right, small, side, bold=True),
            box.right,
            top + small / 2,
            small,
            bold=True,
            anchor="end",
            fill="#b3261e",
        ),
    ]
    return "".join(parts)


def ring(sheet: Sheet, frame: MapFrame, words: Words) -> str:
    """Draw the neat line, its coordinates and the neighbours, around a map whose upper left corner is (0, 0)."""
    wide, high = frame.width_mm, frame.height_mm
    outer = RING_MM
    parts = [
        svg.element("rect", width=wide, height=high, fill="none", stroke=looks.INK, stroke_width=0.2),
        svg.element(
            "rect",
            x=-outer,
            y=-outer,
            width=wide + 2 * outer,
            height=high + 2 * outer,
            fill="none",
            stroke=looks.INK,
            stroke_width=0.75,
        ),
    ]
    taken: dict[str, list[float]] = {"top": [], "right": [], "bottom": [], "left": []}
    for tick in cartography.ticks(frame):
        taken[tick.edge].append(tick.at_mm)
        parts.append(_tick(tick.edge, tick.at_mm, frame))
        parts.append(_on_ring(_degrees(tick, words), tick.edge, tick.at_mm, frame, looks.INK))
    for line in cartography.kilometre_grid(frame):
        for edge in ("top", "bottom") if line.easting else ("left", "right"):
            clear = all(abs(line.at_mm - other) > _APART_MM for other in taken[edge])
            kilometres = f"{line.metres / 1000:g} km" if clear else ""
            parts.append(_on_ring(kilometres, edge, line.at_mm, frame, "#6f8496") if clear else "")
    return "".join(parts) + _neighbours(sheet, frame, words)


def _degrees(tick: cartography.Tick, words: Words) -> str:
    return words.sheet_degrees(tick.seconds, east=tick.edge in {"top", "bottom"})


def _tick(edge: str, at: float, frame: MapFrame) -> str:
    wide, high = frame.width_mm, frame.height_mm
    x1, y1, x2, y2 = {
        "top": (at, 0.0, at, -_TICK_MM),
        "bottom": (at, high, at, high + _TICK_MM),
        "left": (0.0, at, -_TICK_MM, at),
        "right": (wide, at, wide + _TICK_MM, at),
    }[edge]
    return svg.element("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=looks.INK, stroke_width=0.25)


def _on_ring(
    label: str, edge: str, at: float, frame: MapFrame, fill: str, *, off: float = 0.0, size: float = LEAST_MM
) -> str:
    """Write on the ring; `off` further out. A label that would stand over a corner moves inwards."""
    wide, high = frame.width_mm, frame.height_mm
    half = fonts.width(label, size) / 2 + 0.3
    length = wide if edge in {"top", "bottom"} else high
    at = min(max(at, half - RING_MM), length + RING_MM - half)
    away = RING_MM * 0.62 + off
    x, y, turn = {
        "top": (at, -away, 0.0),
        "bottom": (at, high + away, 0.0),
        "left": (-away, at, -90.0),
        "right": (wide + away, at, 90.0),
    }[edge]
    return svg.text(label, x, y, size, fill=fill, anchor="middle", turn=turn)


def _neighbours(sheet: Sheet, frame: MapFrame, words: Words) -> str:
    beside: dict[Direction, list[str]] = {}
    for one in sheet.neighbours:
        beside.setdefault(one.direction, []).append(words.sheet_neighbour(one))
    parts = []
    size = max(2.3, LEAST_MM)
    for direction, names in beside.items():
        edge, share = _CORNERS[direction]
        length = frame.width_mm if edge in {"top", "bottom"} else frame.height_mm
        room = length * (0.42 if share == 0.5 else 0.26)  # noqa: PLR2004  # the middle has more room than the corners
        if edge in {"left", "right"}:
            room = length * 0.9
        label = fonts.shortened(f"{_ARROWS[direction]} " + "　".join(names), size, room)
        parts.append(
            _on_ring(
                label,
                edge,
                share * length,
                frame,
                looks.SOFT_INK,
                off=RING_MM * 0.38 + BAND_MM * 0.5,
                size=size,
            )
        )
    return "".join(parts)


def north_arrow(frame: MapFrame, words: Words) -> tuple[str, Rectangle]:
    """Draw the arrow in the upper right corner of the map, and tell which place it takes."""
    box = Rectangle(x=frame.width_mm - 13.5, y=2.0, width=11.5, height=19.5)
    turn = cartography.convergence_deg(frame)
    x, top, foot = box.x + box.width / 2, box.y + 4.6, box.bottom - 4.4
    arrow = (
        svg.element("path", d=f"M{svg.n(x)} {svg.n(top)}L{svg.n(x - 2.6)} {svg.n(foot)}L{svg.n(x)} {svg.n(foot - 2.2)}Z", fill=looks.INK)
        + svg.element(
            "path", d=f"M{svg.n(x)} {svg.n(top)}L{svg.n(x + 2.6)} {svg.n(foot)}L{svg.n(x)} {svg.n(foot - 2.2)}Z",
            fill="#fff", stroke=looks.INK, stroke_width=0.2, stroke_linejoin="round",
        )
    )  # fmt: skip
    plate = svg.element(
        "rect", x=box.x, y=box.y, width=box.width, height=box.height, rx=1, fill="#fff", opacity="0.8"
    )
    return (
        plate
        + arrow
        + svg.text("N", x, box.y + 2.5, 3.4, bold=True, anchor="middle")
        + svg.text(
            words.sheet_convergence(turn), x, box.bottom - 1.9, LEAST_MM, anchor="middle", fill=looks.SOFT_INK
        ),
        box,
    )


def foot(sheet: Sheet, frame: MapFrame, page: Page, words: Words) -> str:
    """Write scale and bar on the left; reference system, date, approval and maker on the right."""
    box = page.foot
    bar = cartography.scale_bar(frame.denominator, longest_mm=min(80.0, box.width * 0.3))
    ratio = words.sheet_scale(frame.denominator)
    size = 3.2 * page.fine
    y = box.y + box.height * 0.52
    at = box.x + fonts.width(ratio, size, bold=True) + 5.0
    parts = [svg.text(ratio, box.x, y, size, bold=True)]
    parts += [
        svg.element(
            "rect",
            x=at + part * bar.part_mm,
            y=y + 0.2,
            width=bar.part_mm,
            height=1.2,
            fill=looks.INK if part % 2 == 0 else "#fff",
            stroke=looks.INK,
            stroke_width=0.18,
        )
        for part in range(bar.parts)
    ]
    long = bar.part_m * bar.parts >= 1000  # noqa: PLR2004  # metres in a kilometre
    for part in range(bar.parts + 1):
        metres = part * bar.part_m
        label = f"{metres / 1000:g}" if long else f"{metres}"
        if part == bar.parts:
            label += " km" if long else " m"
        parts.append(svg.text(label, at + part * bar.part_mm, y - 1.6, LEAST_MM, anchor="middle"))
    left = at + bar.part_mm * bar.parts + 8.0
    lines = words.sheet_origin(sheet, frame.crs)
    step = (box.height - 2.0) / len(lines)
    parts += [
        svg.text(
            fonts.shortened(line, LEAST_MM, box.right - left),
            box.right,
            box.y + 1.4 + step * (number + 0.5),
            LEAST_MM,
            anchor="end",
            fill=looks.SOFT_INK,
        )
        for number, line in enumerate(lines)
    ]
    return "".join(parts)
