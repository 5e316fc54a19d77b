"""How things look on paper: colours of the command map by day, widths in millimetres, and what each kind of sheet stresses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gis.atlas import SheetKind

INK: Final = "#1c2733"
SOFT_INK: Final = "#5a6673"
PALE_INK: Final = "#858d97"
LAND: Final = "#fdfcf7"
WATER: Final = "#a9cfe6"
RIVER: Final = "#6fa9cd"
STREAM: Final = "#93c1de"
WATER_INK: Final = "#2f6f96"
WOOD: Final = "#d5e5c8"
DEEP_WOOD: Final = "#bcd9a8"
GRID: Final = "#8fa3b3"
SUBJECT: Final = "#b0287a"
ROUTES: Final[Mapping[str, str]] = {"shelter": "#0b7a3b", "response": "#c8102e"}
THREAT: Final = "#d9480f"

TINTS: Final = ("#fbe6cd", "#dfeed6", "#dce9f6", "#f6deea", "#f3f0c4", "#e6dff3", "#d9efec", "#f0e2d8")
"""Of neighbours, pale enough that everything is read on them; five are the most that a map of areas has needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Border:
    """A boundary line: width, dashes (mm), colour."""

    width: float
    dash: tuple[float, ...]
    colour: str


BORDERS: Final[Mapping[str, Border]] = {
    "county": Border(width=0.6, dash=(4.0, 0.9, 0.5, 0.9), colour="#6a4c93"),
    "township": Border(width=0.42, dash=(2.8, 0.8, 0.4, 0.8), colour="#7c678f"),
    "district": Border(width=0.32, dash=(2.2, 0.7), colour="#7c678f"),
    "village": Border(width=0.28, dash=(1.4, 0.6), colour="#6d7884"),
    "grid": Border(width=0.24, dash=(0.5, 0.5), colour="#7a8b3c"),
}
"""From the highest level to the lowest, as the standards of thematic maps tell them apart: by dots and length of dashes."""

GRID_LEVELS: Final[Mapping[str, str]] = {
    "1": "county",
    "2": "township",
    "3": "district",
    "4": "village",
    "5": "grid",
}
"""Level of a responsibility grid → how its border is drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """A class of roads at 1:50 000: width of its fill and colours; `casing` empty: a plain line, with `dash`."""

    width: float
    fill: str
    casing: str = ""
    dash: tuple[float, ...] = ()
    smallest: int = 10_000_000
    """Largest denominator at which it is drawn."""


ROADS: Final[Mapping[str, Road]] = {
    "path": Road(width=0.14, fill="#a8946f", dash=(0.7, 0.6), smallest=60_000),
    "track": Road(width=0.18, fill="#a98f6b", dash=(1.6, 0.7), smallest=130_000),
    "service": Road(width=0.3, fill="#ffffff", casing="#b9b2a4", smallest=40_000),
    "local": Road(width=0.42, fill="#ffffff", casing="#9a9080", smallest=300_000),
    "tertiary": Road(width=0.58, fill="#ffffff", casing="#8d8370"),
    "secondary": Road(width=0.72, fill="#fdf0b0", casing="#a38c42"),
    "primary": Road(width=0.86, fill="#fbd977", casing="#a87d22"),
    "trunk": Road(width=1.0, fill="#f6b75a", casing="#a1641a"),
    "motorway": Road(width=1.2, fill="#ee9450", casing="#94490f"),
}
"""From the least to the most important, the order in which they are drawn."""

_SORTS: Final[Mapping[str, str]] = {
    "footway": "path",
    "steps": "path",
    "bridleway": "path",
    "cycleway": "path",
    "residential": "local",
    "unclassified": "local",
    "road": "local",
    "living_street": "local",
    "street": "local",
}


def road_sort(road_class: str) -> str:
    """Return which of `ROADS` a class of the road network is drawn as."""
    plain = road_class.removesuffix("_link")
    return plain if plain in ROADS else _SORTS.get(plain, "local")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stress:
    """What a kind of sheet stresses: layers whose signs stand out, and whether areas are told apart by tints."""

    layers: frozenset[str]
    tinted: bool = False
    wood: str = WOOD


STRESSES: Final[Mapping[SheetKind, Stress]] = {
    "responsibility": Stress(layers=frozenset(), tinted=True),
    "command": Stress(layers=frozenset({"teams", "depots", "agreement_companies", "shelters", "helipads"})),
    "risk": Stress(layers=frozenset({"geohazard_points", "key_facilities"}), tinted=True),
    "forest_fire": Stress(layers=frozenset({"water_points", "helipads", "teams", "depots"}), wood=DEEP_WOOD),
}
