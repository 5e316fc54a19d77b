"""Whose the rows of a file are: the area that each lies in now, and the one that it would lie in once it is applied.

A row without an area of its own has its owner's: goods their depot's, a vehicle its team's or depot's, a duty its
subject's. Known for every row that shares the code, of whichever layer of the table: it is what would be written to.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, select

from data import registers, row_values
from data.imports import Row
from data.row_values import Making

Areas = Mapping[str, str | None]
"""The area of each row, by code; None for a row that lies in none."""

_OWNERS: Final[Mapping[str, Sequence[str]]] = {"stock_lots": ("depot",), "vehicles": ("team", "depot")}
"""By store, the fields that name what a row belongs to; of each, the layer is called by the plural."""


class Whose:
    """The areas of one layer's rows before and after."""

    def __init__(
        self, connection: Connection, making: Making, fields: Sequence[str], coming: Mapping[str, Areas]
    ) -> None:
        self.connection, self.making, self.coming = connection, making, coming
        self.columns = row_values.updated_columns(making.layer, fields)
        self.stored = self._read(making.layer.code)
        self._owners: dict[str, dict[str, str | None]] = {}

    def touched(self, row: Row, *, moved: bool) -> tuple[str | None, ...]:
        """Return the area that a row would lie in, then the one that it lies in now if it is known.

        moved: whether its shape is another than the stored one's.
        """
        if row.code not in self.stored:
            return (self._after(row),)
        now = self.stored[row.code]
        stays = self._has_area() and "area_code" not in self.columns
        after = ((self._after(row) if moved else None) or now) if stays else self._after(row)
        return (after, now)

    def _has_area(self) -> bool:
        return self.making.layer.store not in {*_OWNERS, "areas", "villages", "duties"}

    def _after(self, row: Row) -> str | None:
        store = self.making.layer.store
        if store in {"areas", "villages"}:
            return row.code
        if store == "duties":
            return self._owner(str(row.record["subject_layer"]), row.record["subject"])
        named = [(field, row.record.get(field)) for field in _OWNERS.get(store, ())]
        if named:
            return next((self._owner(f"{field}s", owner) for field, owner in named if owner), None)
        area: str | None = row.values.get("area_code")
        return area

    def _owner(self, layer: str, named: Any) -> str | None:
        if layer not in self._owners:
            self._owners[layer] = {**self.coming.get(layer, {}), **self._read(layer)}
        return self._owners[layer].get(self.making.known[layer].code(str(named)) or "")

    def _read(self, code: str) -> dict[str, str | None]:
        layer = self.making.policy.layers[code]
        table = registers.table_of(layer)
        query = select(table.c.code, registers.area_of(layer).label("area"))
        if layer.store == "places":
            query = query.where(*registers.belongs(layer))
        return {row.code: row.area for row in self.connection.execute(query)}
