"""The responsibility grids in this process: loaded once for each change of a cell, so that a point costs microseconds."""

import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

import shapely
from sqlalchemy import Connection, Row

from data import grids
from gis.grid_index import GridIndex

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class CellInMemory:
    """What a chain says of one cell."""

    id: int
    code: str
    theme: str
    level: int
    name: str
    name_en: str
    alias: str
    area_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GridsInMemory:
    """All cells as they stood at one number of changes: the index of each theme, and what the cells are called."""

    number: int
    themes: Mapping[str, GridIndex]
    cells: Mapping[str, CellInMemory]

    def chain_at(self, theme: str, lon: float, lat: float) -> tuple[CellInMemory, ...]:
        """Return the chain of the leaf at a position, the county first; empty outside, or where there is no such theme."""
        index = self.themes.get(theme)
        return () if index is None else tuple(self.cells[code] for code in index.locate(lon, lat))

    def chain_of(self, code: str) -> tuple[CellInMemory, ...]:
        """Return a cell's chain, the county first. Raises KeyError."""
        return tuple(self.cells[one] for one in self.themes[self.cells[code].theme].chain(code))


class GridMemory:
    """Gives the present grids; reads them again when a cell has changed, in whichever process that was."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loaded: GridsInMemory | None = None
        self._worked_out: dict[Hashable, tuple[int, Any]] = {}

    def once(self, about: Hashable, number: int, work_out: Callable[[], T]) -> T:
        """Return what follows from the cells alone as they stood at a number of changes; worked out once for it.

        about: names what it is; the newest of each is kept.
        """
        kept = self._worked_out.get(about)
        if kept is None or kept[0] != number:
            kept = (number, work_out())
            self._worked_out[about] = kept
        found: T = kept[1]
        return found

    def current(self, connection: Connection) -> GridsInMemory:
        """Return the grids as this transaction sees them."""
        number = grids.change_number(connection)
        loaded = self._loaded
        if loaded is not None and loaded.number == number:
            return loaded
        with self._lock:
            if self._loaded is None or self._loaded.number != number:
                self._loaded = _load(connection, number)
            return self._loaded


def _load(connection: Connection, number: int) -> GridsInMemory:
    by_theme: dict[str, list[Row[Any]]] = {}
    cells = {}
    for row in grids.brief(connection):
        by_theme.setdefault(row.theme, []).append(row)
        cells[row.code] = CellInMemory(
            id=row.id,
            code=row.code,
            theme=row.theme,
            level=row.level,
            name=row.name,
            name_en=row.name_en,
            alias=row.alias,
            area_code=row.area_code,
        )
    return GridsInMemory(
        number=number,
        themes=MappingProxyType({theme: _index(rows) for theme, rows in by_theme.items()}),
        cells=MappingProxyType(cells),
    )


def _index(rows: list[Row[Any]]) -> GridIndex:
    shapes = shapely.from_wkb([bytes(row.shape) for row in rows])
    return GridIndex([row.code for row in rows], [row.parent for row in rows], list(shapes))
