"""The content of a printed map sheet: what it draws, what it lists, and what it says of itself. Codes only: words are web's."""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from shapely.geometry.base import BaseGeometry

from gis.crs import metres_per_degree

SheetKind = Literal["responsibility", "command", "risk", "forest_fire"]
"""Grid responsibility map, operations command map, risk distribution map, forest-fire single map."""
SheetLevel = Literal["county", "township", "village", "grid", "enterprise"]
Direction = Literal["n", "ne", "e", "se", "s", "sw", "w", "nw"]

_AROUND: Final = (
    2.0  # ground given for a sheet, times the longer side of its land: enough for any shape of paper
)
_LEAST_M: Final = 500.0
Cell = str | int | float | date | None
"""A table's cell; a code of the policy's vocabulary where the column says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One thing on the map, in stored longitude and latitude.

    layer: code of a policy layer; of the ground: area, road, water, waterway, wood, settlement; or of what the sheet
    works out: route (detail shelter or response), threat (the reach of a hazard, a polygon).
    detail: what sort within it: road class, area level, level of a grid cell, kind of facility. name: its label; empty: none.
    subject: whether it belongs to what the sheet is about; all else is drawn pale. weight: the greater is labelled first.
    colour: number of its tint where neighbours are told apart by tints.
    """

    layer: str
    code: str
    geometry: BaseGeometry
    detail: str = ""
    name: str = ""
    subject: bool = True
    weight: int = 0
    colour: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A table beside or below the map. `code` names it (people, hazards, shelters …); every row has a cell for each column.

    A column is a field of a policy layer ("geohazard_points.kind": the policy has its words, and those of its codes),
    or one that the sheet works out ("road_min"). A section of two columns "fact" and "value" has a fact in each row: its
    first cell is named like a column, and the second is that column's value.
    """

    code: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """The sheet that goes on beyond an edge; `number` None: the land there has none in this atlas."""

    direction: Direction
    code: str
    name: str
    number: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One sheet. `subject` is the land it is about; `number` of `total` in its atlas; `path` leads to its live page."""

    kind: SheetKind
    level: SheetLevel
    code: str
    name: str
    theme: str
    subject: BaseGeometry
    drawn: tuple[Drawn, ...]
    sections: tuple[Section, ...]
    neighbours: tuple[Neighbour, ...] = ()
    number: int = 1
    total: int = 1
    data_date: date
    path: str
    approval: str = ""
    """The number under which the map was approved; empty: none, and the sheet says so."""
    classification: str = ""
    """Code of who may see it, as printed at the top (internal, public …); words in the vocabulary's [classifications]."""
    producer: str = ""
    """Who made the map, as printed at its foot."""
    locator: tuple[Drawn, ...] = ()
    """Whole outlines of the county and its townships (layer area), for the small map that shows where the sheet lies."""


def reach(subject: BaseGeometry) -> tuple[float, float, float, float]:
    """Return how far a sheet's ground is given: west, south, east, north in degrees. What is drawn beyond it is not whole."""
    west, south, east, north = (float(degrees) for degrees in subject.bounds)
    lon, lat = (west + east) / 2, (south + north) / 2
    east_m, north_m = (float(metres) for metres in metres_per_degree(lat))
    width_m, height_m = (east - west) * east_m, (north - south) * north_m
    half_m = max(width_m, height_m, _LEAST_M) * _AROUND / 2
    return lon - half_m / east_m, lat - half_m / north_m, lon + half_m / east_m, lat + half_m / north_m
