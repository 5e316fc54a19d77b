"""What a county holds, as its sheets are made from it: land, cells of the grid, people on duty, things, and the ground."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis import areas
from gis.atlas import SheetLevel
from gis.network import VehicleProfile

LEAF: Final = 5
"""The level of leaf cells: every place lies in exactly one of a theme."""

Position = tuple[float, float]

LandKey = tuple[SheetLevel, str]
"""Level and code of a land: an area, a cell and an enterprise may have the same code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Land:
    """Land that a sheet can be about: an area, a leaf cell of the grid, or what surrounds an enterprise.

    area: code of the area that it is or belongs to. place: where people come to when they come here. cell: code of the
    grid's cell that it is or lies in; None where the grid has none.
    """

    code: str
    level: SheetLevel
    name: str
    name_en: str
    area: str
    shape: BaseGeometry
    place: Position
    cell: str | None
    population: int | None = None
    households: int | None = None


def key_of(land: Land) -> LandKey:
    """Return what names a land among all."""
    return land.level, land.code


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell of the responsibility grid."""

    code: str
    level: int
    parent: str | None
    name: str
    name_en: str
    area: str | None
    shape: BaseGeometry
    population: int | None = None
    households: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDuty:
    """A person with a duty in a cell, or for a place where `subject` is its layer and code. Rank A answers first."""

    person: str
    role: str
    rank: str
    name: str
    phone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """A row of a layer with a place. `area`: the area that it belongs to, by its code or else by where it lies.

    leaf: the leaf cell it lies in. personal: the names of fields about persons. ready_ms, profile, capabilities: of who
    comes to help; ready_ms is None of all else.
    """

    layer: str
    code: str
    name: str
    name_en: str
    area: str | None
    leaf: str | None
    shape: BaseGeometry
    fields: Mapping[str, Any]
    detail: str = ""
    ready_ms: int | None = None
    profile: VehicleProfile | None = None
    capabilities: frozenset[str] = frozenset()

    @property
    def position(self) -> Position:
        """A point of it: where one comes to."""
        point = self.shape if self.shape.geom_type == "Point" else shapely.point_on_surface(self.shape)
        return (float(shapely.get_x(point)), float(shapely.get_y(point)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """N lines and shapes of the ground, each of a sort (road, water, waterway, wood, settlement) and a class in it."""

    sorts: tuple[str, ...]
    classes: tuple[str, ...]
    names: tuple[str, ...]
    shapes: Sequence[BaseGeometry]


@dataclass(frozen=True, kw_only=True)
class Holdings:
    """Everything of one county at one moment. cells are of one theme; people and duties those valid on `day`."""

    county: str
    day: date
    theme: str
    lands: Mapping[LandKey, Land]
    cells: Mapping[str, Cell]
    on_duty: Mapping[str, tuple[OnDuty, ...]]
    in_charge: Mapping[tuple[str, str], tuple[OnDuty, ...]]
    things: Mapping[str, tuple[Thing, ...]]
    ground: Ground
    names: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    @cached_property
    def children(self) -> Mapping[str, tuple[Cell, ...]]:
        """Cells by the cell above them, in the order of their codes."""
        found: dict[str, list[Cell]] = {}
        for cell in sorted(self.cells.values(), key=lambda one: one.code):
            if cell.parent is not None:
                found.setdefault(cell.parent, []).append(cell)
        return {code: tuple(cells) for code, cells in found.items()}

    @cached_property
    def leaves(self) -> tuple[Cell, ...]:
        """The leaf cells in the order of their codes."""
        return tuple(sorted((c for c in self.cells.values() if c.level == LEAF), key=lambda cell: cell.code))

    def chain(self, cell: str | None) -> tuple[Cell, ...]:
        """Return a cell and everything above it, the widest first."""
        found: list[Cell] = []
        while cell is not None and cell in self.cells and self.cells[cell] not in found:
            found.insert(0, self.cells[cell])
            cell = self.cells[cell].parent
        return tuple(found)

    def below(self, cell: str | None) -> Iterable[Cell]:
        """Yield everything below a cell, each cell followed by what is below it."""
        for child in self.children.get(cell or "", ()):
            yield child
            yield from self.below(child.code)

    def belongs(self, thing: Thing, land: Land) -> bool:
        """Whether a thing is of a land: of a leaf where it lies, of an enterprise what is near, of an area by its code."""
        if land.level == "grid":
            return thing.leaf == land.code
        if land.level == "enterprise":
            return bool(shapely.intersects(land.shape, thing.shape))
        return thing.area is not None and areas.contains(land.code, thing.area)

    def of(self, layer: str, land: Land) -> tuple[Thing, ...]:
        """Return a layer's things of a land, in the order of their codes."""
        return tuple(thing for thing in self.things.get(layer, ()) if self.belongs(thing, land))

    def cells_of(self, land: Land) -> tuple[Cell, ...]:
        """Return the leaf cells of a land: below its cell, or those that an enterprise's surroundings touch."""
        if land.level == "enterprise":
            return tuple(cell for cell in self.leaves if shapely.intersects(cell.shape, land.shape))
        if land.level == "grid":
            return tuple(cell for cell in self.leaves if cell.code == land.code)
        return tuple(cell for cell in self.below(land.cell) if cell.level == LEAF)


def leaves_of(points: Sequence[BaseGeometry], leaves: Sequence[Cell]) -> list[str | None]:
    """Tell in which leaf each of N shapes lies by a point of it; on a border that of the smallest code, as everywhere."""
    return _covering(points, [cell.shape for cell in leaves], [cell.code for cell in leaves])


def areas_of(points: Sequence[BaseGeometry], lands: Sequence[Land]) -> list[str | None]:
    """Tell in which of the lands each of N shapes lies by a point of it; on a border the one of the smallest code."""
    return _covering(points, [land.shape for land in lands], [land.code for land in lands])


def _covering(
    points: Sequence[BaseGeometry], shapes: Sequence[BaseGeometry], codes: Sequence[str]
) -> list[str | None]:
    found: list[str | None] = [None] * len(points)
    if not points or not shapes:
        return found
    at = shapely.point_on_surface(np.asarray(points, dtype=object))
    pairs = shapely.STRtree(shapes).query(at, predicate="covered_by")
    for point, shape in pairs.T:
        known = found[point]
        if known is None or codes[shape] < known:
            found[point] = codes[shape]
    return found
