"""How wide words are in the font that they are printed in, and the shape of light around them that keeps them readable."""

import io
import unicodedata
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

import shapely
from fontTools.pens.basePen import BasePen
from fontTools.ttLib import TTFont
from shapely.affinity import affine_transform
from shapely.geometry.base import BaseGeometry

FAMILY: Final = "Noto Sans CJK SC"
FAMILIES: Final = f"{FAMILY}, PingFang SC, Microsoft YaHei, sans-serif"
"""The printed font; the others for an SVG that is opened where it is missing."""
BASELINE: Final = 0.37
"""Of the letters' size: how far the baseline lies under the middle of a line."""

_FOLDERS: Final = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path.home() / ".local/share/fonts",
    Path.home() / ".fonts",
)
_FILES: Final = {False: "NotoSansCJK-Regular.ttc", True: "NotoSansCJK-Bold.ttc"}
_WIDE: Final = frozenset("WFA")  # East Asian widths that take a whole square
_NARROW_EM: Final = 0.62  # other letters where the font is not there to be asked: on the safe side
_EXACT_MM: Final = 1e-6  # a column made for a line holds it
_HALO_EM: Final = 0.11
_SMOOTH_EM: Final = 0.03
_OUTLINED_MM: Final = (
    3.5  # around smaller letters nobody sees the shape of the light, and a hull has a fifth of the points
)


@cache
def _face(*, bold: bool) -> TTFont | None:
    """Return the font; None where it is not installed, and widths are then estimated."""
    for folder in _FOLDERS:
        for path in sorted(folder.rglob(_FILES[bold])) if folder.is_dir() else ():
            content = io.BytesIO(path.read_bytes())  # kept, and no file stays open
            for number in range(10):
                face = TTFont(content, fontNumber=number, lazy=True)
                if face["name"].getDebugName(1) == FAMILY:
                    return face
    return None


@cache
def _advances(*, bold: bool) -> tuple[dict[int, str], Any, float] | None:
    face = _face(bold=bold)
    return None if face is None else (face.getBestCmap(), face["hmtx"], float(face["head"].unitsPerEm))


@lru_cache(maxsize=20_000)
def _width_em(letter: str, *, bold: bool) -> float:
    if unicodedata.combining(letter) or unicodedata.category(letter) in {"Cf", "Cc"}:
        return 0.0
    known = _advances(bold=bold)
    name = known[0].get(ord(letter)) if known else None
    if known is None or name is None:
        return 1.0 if unicodedata.east_asian_width(letter) in _WIDE or ord(letter) > 0xFFFF else _NARROW_EM  # noqa: PLR2004  # emoji
    return float(known[1][name][0]) / known[2]


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Return how wide a line of text is, in the unit of the letters' size."""
    return size * sum(_width_em(letter, bold=bold) for letter in text)


def shortened(text: str, size: float, room: float, *, bold: bool = False) -> str:
    """Return text that is at most so wide: its end is replaced by an ellipsis where it has to be."""
    if width(text, size, bold=bold) <= room:
        return text
    kept = text
    while kept and width(kept + "…", size, bold=bold) > room:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def wrapped(text: str, size: float, room: float, *, bold: bool = False) -> list[str]:
    """Return text broken into lines of at most that width: between Chinese letters anywhere, between words elsewhere."""
    if "\n" in text:
        return [line for part in text.split("\n") for line in wrapped(part, size, room, bold=bold)]
    room += _EXACT_MM
    lines: list[str] = []
    line = ""
    for piece in _pieces(text):
        if line and width(line + piece.rstrip(), size, bold=bold) > room:
            lines.append(line.rstrip())
            line = ""
        line += piece
        while width(line.rstrip(), size, bold=bold) > room and len(line) > 1:
            kept = line[:-1]
            while len(kept) > 1 and width(kept, size, bold=bold) > room:
                kept = kept[:-1]
            lines.append(kept)
            line = line[len(kept) :]
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def longest_piece(text: str, size: float) -> float:
    """Return the width of the longest part that no line should break."""
    return max((width(piece.rstrip(), size) for piece in _pieces(text)), default=0.0)


def _pieces(text: str) -> list[str]:
    """Split where a line may break; a space stays with what is before it."""
    pieces: list[str] = []
    for letter in text:
        wide = unicodedata.east_asian_width(letter) in "WF"
        before = pieces[-1] if pieces else ""
        joined = (
            before
            and not wide
            and not before[-1].isspace()
            and unicodedata.east_asian_width(before[-1]) not in "WF"
        )
        if before and (joined or letter.isspace()):
            pieces[-1] += letter
        else:
            pieces.append(letter)
    return pieces


# -- light around letters


class _Outline(BasePen):  # type: ignore[misc]  # fontTools ships no types
    """Gathers the contours of a glyph as polygons, its curves as a few straight lines."""

    def __init__(self, glyphs: Any) -> None:
        super().__init__(glyphs)
        self.rings: list[list[tuple[float, float]]] = []

    def _moveTo(self, pt: tuple[float, float]) -> None:  # noqa: N802  # the pen's protocol
        self.rings.append([pt])

    def _lineTo(self, pt: tuple[float, float]) -> None:  # noqa: N802
        self.rings[-1].append(pt)

    def _curveToOne(self, pt1: Any, pt2: Any, pt3: tuple[float, float]) -> None:  # noqa: N802
        x0, y0 = self.rings[-1][-1]
        for t in (0.5, 1.0):
            a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
            self.rings[-1].append(
                (a * x0 + b * pt1[0] + c * pt2[0] + d * pt3[0], a * y0 + b * pt1[1] + c * pt2[1] + d * pt3[1])
            )


@lru_cache(maxsize=4_000)
def _glow(letter: str, *, bold: bool, hull: bool) -> BaseGeometry:
    """Return what is lit around a letter (or around its hull), for a size of 1, y down, its left end on the baseline."""
    known = _advances(bold=bold)
    name = known[0].get(ord(letter)) if known else None
    if known is None or name is None:
        return shapely.box(-0.05, -0.85, _width_em(letter, bold=bold) + 0.05, 0.12)
    face = _face(bold=bold)
    assert face is not None  # noqa: S101  # it was asked for the name
    glyphs = face.getGlyphSet()
    pen = _Outline(glyphs)
    glyphs[name].draw(pen)
    # the outer shape is enough: light shines through the counters of letters this small
    polygons = [shapely.Polygon(ring) for ring in pen.rings if len(ring) > 2]  # noqa: PLR2004  # a triangle
    shape = shapely.union_all([shapely.make_valid(polygon) for polygon in polygons])
    scaled = affine_transform(shape, [1 / known[2], 0, 0, -1 / known[2], 0, 0])
    if hull:
        return scaled.convex_hull.buffer(_HALO_EM, quad_segs=1).simplify(2 * _SMOOTH_EM)
    return scaled.buffer(_HALO_EM, quad_segs=2).simplify(_SMOOTH_EM)


def glow(text: str, size: float, *, bold: bool = False) -> list[BaseGeometry]:
    """Return the shapes to be lit behind a line of text whose left end stands on (0, 0)."""
    at = 0.0
    shapes = []
    for letter in text:
        if not letter.isspace() and _width_em(letter, bold=bold):
            shapes.append(
                affine_transform(
                    _glow(letter, bold=bold, hull=size < _OUTLINED_MM), [size, 0, 0, size, at, 0]
                )
            )
        at += size * _width_em(letter, bold=bold)
    return shapes
