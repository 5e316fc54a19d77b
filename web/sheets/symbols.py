"""The signs of point layers: the same silhouettes as on the command map, read from the one file that has them."""

import re
from functools import cache
from pathlib import Path
from typing import Final

from web.sheets.svg import element, n

_SCRIPT: Final = Path(__file__).parents[1] / "static" / "map" / "symbols.js"
_ENTRY: Final = re.compile(r'^  "?([a-z-]+)"?: \["([^"]+)"(?:, "([^"]+)")?\],$', re.MULTILINE)
_INNER_FROM_MM: Final = 1.0  # inner lines of a smaller sign run together


@cache
def shapes() -> dict[str, tuple[str, str]]:
    """Return silhouette and inner lines (maybe none) of every sign as path data; its radius is 1."""
    script = _SCRIPT.read_text(encoding="utf-8")
    table = script[script.index("const SHAPES") : script.index("};", script.index("const SHAPES"))]
    return {name: (fill, lines) for name, fill, lines in _ENTRY.findall(table)}


def draw(symbol: str, colour: str, x: float, y: float, radius: float, *, pale: bool = False) -> str:
    """Draw a sign around (x, y) with its white rim, `radius` in millimetres."""
    fill, lines = shapes().get(symbol) or shapes()["circle"]
    thin = 0.16 / radius
    parts = [
        element("path", d=fill, fill="#fff", stroke="#fff", stroke_width=4.2 * thin, stroke_linejoin="round"),
        element("path", d=fill, fill=colour),
    ]
    if lines and radius >= _INNER_FROM_MM:
        parts.append(element("path", d=lines, fill="none", stroke="#fff", stroke_width=1.3 * thin))
    return element(
        "g",
        "".join(parts),
        transform=f"translate({n(x)} {n(y)}) scale({n(radius)})",
        opacity="0.45" if pale else None,
    )
