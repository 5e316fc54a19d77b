"""A frame beside the store: which rows are new, changed (old → new for each field), the same, and gone.

What counts as a difference is exactly what `data.imports` would write: a preview of what was applied is all the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy import Connection, select

from data import registers, row_values
from data.frozen import jsonable
from data.imports import Importing, Outcome, Row
from data.layers import Layer
from data.policies import Policy
from data.problems import Problem
from data.registers import MINUTE_MS
from data.row_values import Making
from data.tables import team_capabilities, teams
from data.whose import Areas, Whose

Changes = Mapping[str, tuple[Any, Any]]
"""Old and new value of each field that changes, as JSON has them."""

_DIGITS: Final = 7
_NEVER: Final = datetime.min.replace(tzinfo=UTC)  # nothing is written


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One row of a file beside the store's."""

    number: int
    code: str
    name: str
    outcome: Outcome
    changes: Changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A row of the store that the file does not have."""

    code: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A whole frame beside the store. problems: of rows that cannot stand. areas: in which each row would lie; empty
    where nobody asked whose rows they are.
    """

    differences: tuple[Difference, ...]
    gone: tuple[Gone, ...]
    problems: tuple[Problem, ...]
    areas: Areas


def compare(
    connection: Connection,
    layer: Layer,
    frame: gpd.GeoDataFrame,
    policy: Policy,
    *,
    source: str,
    coming: Mapping[str, Mapping[str, str]],
    within: str | None = None,
    coming_areas: Mapping[str, Areas] = MappingProxyType({}),
) -> Comparison:
    """Compare a frame of `layer` with what the store holds. Nothing is written.

    coming: by layer, codes and names of rows that are applied before these; coming_areas: in which they would lie.
    within: digits of the area whose rows may be touched; nothing is told of what others hold.
    """
    known = row_values.look_up(connection, layer, policy, frame, coming)
    making = Making(layer=layer, policy=policy, known=known)
    fields = [name for name in layer.fields if name in frame.columns]
    importing = Importing(connection, making, fields, actor="", at=_NEVER, source=source, sample=False)
    rows = importing.rows(frame)
    stored = _Stored(connection, layer, fields)
    differences = tuple(stored.differences(rows))
    problems = list(importing.problems)
    areas: dict[str, str | None] = {}
    if within is not None:
        whose = Whose(connection, making, fields, coming_areas)
        kept = []
        for row, one in zip(rows, differences, strict=True):
            touched = whose.touched(row, moved=one.outcome == "new" or "geometry" in one.changes)
            areas[row.code] = touched[0]
            outside = [area for area in touched if area is None or not area.startswith(within)]
            if outside:
                problems.append(_outside(source, row.number, outside[0]))
            kept.append(replace(one, changes={}) if outside else one)
        differences = tuple(kept)
    codes = {str(code) for code in frame["code"]}
    return Comparison(
        differences=differences,
        gone=_gone(connection, layer, codes, within),
        problems=tuple(problems),
        areas=areas,
    )


def _outside(file: str, row: int, area: str | None) -> Problem:
    """Name a row that is not of the area of whoever brings it."""
    if area is None:
        return Problem(code="area_unstated", remedy="write_area_code", file=file, row=row)
    return Problem(code="outside_area", remedy="ask_county", file=file, row=row, values={"value": area})


def _gone(connection: Connection, layer: Layer, codes: set[str], within: str | None) -> tuple[Gone, ...]:
    table = registers.table_of(layer)
    name = table.c.name if "name" in table.c else table.c.code
    query = select(table.c.code, name.label("named")).where(
        *registers.belongs(layer), *registers.lies(layer, within)
    )
    return tuple(
        Gone(code=row.code, name=row.named)
        for row in connection.execute(query.order_by(table.c.code))
        if row.code not in codes
    )


class _Stored:
    """What a layer's table holds, by code, in the columns that rows with these fields would write."""

    def __init__(self, connection: Connection, layer: Layer, fields: Sequence[str]) -> None:
        self.layer, self.fields = layer, fields
        self.table = registers.table_of(layer)
        self.columns = sorted(row_values.updated_columns(layer, fields))
        self.attributes = [name for name in fields if registers.is_attribute(layer, name)]
        self.names = {registers.column_of(layer, name): name for name in fields}
        wanted = {*self.columns, *({"area_code"} & set(self.table.c.keys()))}
        if layer.store == "stock_lots":
            wanted.add("quantity")
        query = select(self.table.c.code, *(self.table.c[name] for name in sorted(wanted))).where(
            *registers.belongs(layer)
        )
        found = connection.execute(query).all()
        self.rows: dict[str, dict[str, Any]] = {row.code: row._asdict() for row in found}
        self.moved: dict[str, tuple[Any, Any]] = {}
        self.capabilities = self._read_capabilities(connection) if layer.store == "teams" else {}

    def _read_capabilities(self, connection: Connection) -> dict[str, list[tuple[str, int]]]:
        query = select(
            teams.c.code, team_capabilities.c.code.label("what"), team_capabilities.c.grade
        ).join_from(team_capabilities, teams)
        found: dict[str, list[tuple[str, int]]] = {}
        for code, what, grade in connection.execute(query):
            found.setdefault(code, []).append((what, grade))
        return found

    def differences(self, rows: Sequence[Row]) -> Iterator[Difference]:
        """Tell what applying each row would do."""
        if "geom" in self.columns:
            self._compare_shapes([row for row in rows if row.code in self.rows])
        return map(self._difference, rows)

    def _compare_shapes(self, rows: Sequence[Row]) -> None:
        """Find the rows whose shape is another than the stored one's, all at once."""
        old = _shapes([self.rows[row.code]["geom"] for row in rows])
        new = _shapes([row.values["geom"] for row in rows])
        same = shapely.equals_exact(old, new, 0.0) | (shapely.is_missing(old) & shapely.is_missing(new))
        self.moved = {rows[place].code: (old[place], new[place]) for place in np.flatnonzero(~same).tolist()}

    def _difference(self, row: Row) -> Difference:
        name = str(row.record.get("name") or "")
        stored = self.rows.get(row.code)
        if stored is None:
            said = {
                field: (None, _shown(value)) for field, value in row.record.items() if value not in (None, "")
            }
            return Difference(number=row.number, code=row.code, name=name, outcome="new", changes=said)
        changes = self._changes(row, stored)
        outcome: Outcome = "changed" if changes else "same"
        return Difference(
            number=row.number, code=row.code, name=name or row.code, outcome=outcome, changes=changes
        )

    def _changes(self, row: Row, stored: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
        changes: dict[str, tuple[Any, Any]] = {}
        moved = False
        for column in self.columns:
            new = row.values.get(column)
            if column == "geom":
                if row.code in self.moved:
                    moved = True
                    old, fresh = self.moved[row.code]
                    changes["geometry"] = (_place(old), _place(fresh))
            elif column == "attributes":
                changes |= self._attribute_changes(stored["attributes"], new or {})
            elif new != stored[column]:
                name = self.names.get(column, column)
                changes[name] = (_shown(stored[column], column), _shown(new, column))
        if moved and "area_code" in stored and "area_code" not in self.columns:
            around = row.values.get("area_code")
            if around is not None and around != stored["area_code"]:
                changes["area_code"] = (stored["area_code"], around)
        if self.layer.store == "teams" and "capabilities" in self.fields:
            old, new = sorted(self.capabilities.get(row.code, [])), sorted(row.record["capabilities"])
            if old != new:
                changes["capabilities"] = (_shown(old), _shown(new))
        if self.layer.store == "stock_lots" and stored["quantity"] != row.record["quantity"]:
            changes["quantity"] = (stored["quantity"], row.record["quantity"])
        return changes

    def _attribute_changes(
        self, stored: Mapping[str, Any], new: Mapping[str, Any]
    ) -> dict[str, tuple[Any, Any]]:
        return {
            name: (stored.get(name), new.get(name))
            for name in self.attributes
            if stored.get(name) != new.get(name)
        }


def _shapes(stored: Sequence[Any]) -> npt.NDArray[np.object_]:
    data = np.array([None if shape is None else bytes(shape.data) for shape in stored], dtype=object)
    return np.asarray(shapely.from_wkb(data), dtype=object)


def _place(shape: Any) -> str | None:
    if shape is None:
        return None
    if shape.geom_type == "Point":
        return f"{shape.x:.{_DIGITS}f}, {shape.y:.{_DIGITS}f}"
    at = shape.representative_point()
    return f"{shape.geom_type} {at.x:.5f}, {at.y:.5f} ({shapely.get_num_coordinates(shape)})"


def _shown(value: Any, column: str = "") -> Any:
    """Return a value as JSON has it, minutes for milliseconds, capabilities as ledgers write them."""
    if type(value) is str:
        return value
    if isinstance(value, (list, tuple)):
        return ";".join(f"{code}:{grade}" for code, grade in value)
    if column.endswith("_ms") and value is not None:
        return value / MINUTE_MS
    return jsonable(value)
