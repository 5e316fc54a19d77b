"""Pieces of SVG in millimetres, as text: every word of data goes through `escaped`, every number through `n`."""

import math
import re
from collections.abc import Iterable
from typing import Final
from xml.sax.saxutils import escape as _escape
from xml.sax.saxutils import quoteattr

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from web.sheets import fonts

_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff￾￿]")  # no XML has them


def readable(text: str) -> str:
    """Return text without letters that no document may hold (control characters, halves of pairs)."""
    return _FORBIDDEN.sub("", text)


def escaped(text: str) -> str:
    """Return text as it stands between tags: nothing in it is a tag, a reference, or a letter that XML forbids."""
    return _escape(readable(text))


def n(number: float) -> str:
    """Write millimetres: hundredths, no empty decimals."""
    return f"{number:.2f}".rstrip("0").rstrip(".") if math.isfinite(number) else "0"


def attributes(**values: str | float | None) -> str:
    """Write attributes: stroke_width=0.2 → stroke-width="0.2"; None is left out."""
    return "".join(
        f" {name.rstrip('_').replace('_', '-')}={quoteattr(value if isinstance(value, str) else n(value))}"
        for name, value in values.items()
        if value is not None
    )


def element(tag: str, content: str = "", /, **values: str | float | None) -> str:
    """Write one element."""
    return f"<{tag}{attributes(**values)}>{content}</{tag}>" if content else f"<{tag}{attributes(**values)}/>"


def group(parts: Iterable[str], **values: str | float | None) -> str:
    """Write a group; nothing where it would be empty."""
    content = "".join(parts)
    return element("g", content, **values) if content else ""


def data(geometry: BaseGeometry) -> str:
    """Return a geometry's outline as path data; polygons closed, holes and all."""
    out = []
    for part in shapely.get_parts(geometry):
        if part.geom_type == "Polygon":
            out += [_run(ring) + "Z" for ring in (part.exterior, *part.interiors) if not ring.is_empty]
        elif part.geom_type in {"LineString", "LinearRing"} and not part.is_empty:
            out.append(_run(part))
        elif part.geom_type.startswith(("Multi", "Geometry")):
            out.append(data(part))
    return "".join(out)


def _run(line: BaseGeometry) -> str:
    """Write a line in relative hundredths: half the letters of absolute positions."""
    at = np.rint(shapely.get_coordinates(line) * 100).astype(int)
    steps = np.diff(at, axis=0)
    moved = steps[(steps != 0).any(axis=1)].tolist()
    start = f"M{n(at[0, 0] / 100)} {n(at[0, 1] / 100)}"
    if not moved:
        return start + "l0 0"
    return start + "l" + " ".join(f"{_hundredths(x)} {_hundredths(y)}" for x, y in moved)


def _hundredths(number: int) -> str:
    whole, rest = divmod(abs(number), 100)
    sign = "-" if number < 0 else ""
    if not rest:
        return f"{sign}{whole}"
    return f"{sign}{whole or ''}.{rest:02d}".rstrip("0")


def xy(point: BaseGeometry) -> tuple[float, float]:
    """Return where a point is."""
    (x, y), *_ = shapely.get_coordinates(point).tolist()
    return x, y


def path(geometry: BaseGeometry, **values: str | float | None) -> str:
    """Draw a geometry; nothing where it is empty."""
    outline = data(geometry)
    return element("path", d=outline, **values) if outline else ""


def text(
    words: str,
    x: float,
    y: float,
    size: float,
    *,
    fill: str = "#1c2733",
    bold: bool = False,
    anchor: str = "start",
    turn: float = 0.0,
    spacing: float = 0.0,
) -> str:
    """Write a line whose middle (in height) is at y. `turn` in degrees clockwise about (x, y)."""
    drop = y + size * fonts.BASELINE
    start = x - {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor] * (
        fonts.width(words, size, bold=bold) + spacing * max(0, len(words) - 1)
    )
    return element(
        "text",
        escaped(words),
        x=start,
        y=drop,
        font_size=size,
        font_family=fonts.FAMILIES,
        font_weight="700" if bold else None,
        fill=fill,
        letter_spacing=spacing or None,
        transform=f"rotate({n(turn)} {n(x)} {n(y)})" if turn else None,
    )


def lit(words: str, x: float, y: float, size: float, *, bold: bool = False, turn: float = 0.0) -> str:
    """Return the light behind a line whose middle is at (x, y), as path data wrapped in its place."""
    start = x - fonts.width(words, size, bold=bold) / 2
    shapes = fonts.glow(words, size, bold=bold)
    if not shapes:
        return ""
    moved = shapely.transform(
        np.array(shapes, dtype=object), lambda xy: xy + np.array([start, y + size * fonts.BASELINE])
    )
    outline = "".join(data(shape) for shape in moved)
    return element("path", d=outline, transform=f"rotate({n(turn)} {n(x)} {n(y)})" if turn else None)
