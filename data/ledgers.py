"""Ledgers → frames: headers matched, cells read, positions brought to the stored datum, every problem named.

The frame that comes out has one row for each row that may be taken, indexed by its number in the file, and a column
for each field that the file has (and for those with a default). A column that the file lacks is absent, so that an
import never wipes what another ledger knows. Values are plain Python: None where a cell is empty.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from data import cells, columns, positions, sources
from data.cells import Cell, CellError
from data.columns import Columns
from data.layers import ACCEPTED_SHAPES, Field, Layer
from data.policies import Policy
from data.positions import Bounds, Shapes
from data.problems import Notebook, Problem, faulty_rows
from data.sources import RawRow, RawTable, SourceError
from gis import crs, frames

Records = Mapping[int, Mapping[str, object]]
"""What the rows say, by row number and field."""

CellReader = Callable[[Cell], object]

_SAMPLE_MARK: Final = "示例数据"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a file gave: the rows that may be taken, how many it had, and its problems in the order of its rows."""

    frame: gpd.GeoDataFrame
    rows: int
    problems: tuple[Problem, ...]

    @property
    def refused(self) -> bool:
        """Whether the file as a whole cannot be taken."""
        return None in faulty_rows(self.problems)


def read(
    path: Path,
    layer: Layer,
    policy: Policy,
    *,
    datum: str | None = None,
    sheet: str | None = None,
    near: Bounds | None = None,
) -> Reading:
    """Read a file into a frame of `layer`.

    datum: of positions that do not say it (spreadsheets) or whose label is a habit (GCJ-02 saved as WGS 84); any
    word of the vocabulary's [datums]. sheet: of a workbook or layered drawing. near: where the county lies, by which
    swapped axes are found outside China too. Never raises for what is in the file: that is a problem.
    """
    notes = Notebook(path.name)
    try:
        table = sources.read(path, sheet=sheet, preferred=(layer.code, *layer.words.values()))
    except SourceError as error:
        notes.fault(error.code, error.remedy, row=None, **error.values)
        return Reading(frame=_empty(layer), rows=0, problems=notes.in_order())
    notes.sheet = table.name
    return _read_table(table, layer, policy, datum=datum, near=near, notes=notes)


def contract(layer: Layer) -> frames.Contract:
    """Return what a frame of `layer` must be to enter the store: its key, required columns and shapes."""
    needed = {name for name, field in layer.fields.items() if field.required} | {"code"}
    return frames.Contract(
        columns={name: frames.FrameColumn(dtype="object") for name in sorted(needed)},
        key=("code",),
        geometry_kinds=ACCEPTED_SHAPES[layer.geometry],
        geometry_nullable=not layer.geometry_required,
    )


def _read_table(
    table: RawTable, layer: Layer, policy: Policy, *, datum: str | None, near: Bounds | None, notes: Notebook
) -> Reading:
    matched = columns.match(table, layer, policy, notes)
    rows = () if matched is None else _rows_below(table, matched, notes)
    settled = None
    if matched is not None and layer.geometry != "none":
        settled = positions.settle_datum(table, matched, datum, policy.codes_by_word("datums"), notes)
    if matched is None or notes.refused:
        return Reading(frame=_empty(layer), rows=len(rows), problems=notes.in_order())
    records = _records(rows, matched, layer, policy, notes)
    shapes: Shapes = {}
    if layer.geometry != "none":
        shapes = positions.read(rows, table, matched, layer=layer, datum=settled, near=near, notes=notes)
    frame = _frame(rows, records, shapes, matched=matched, layer=layer, notes=notes)
    return Reading(frame=frames.check(frame, contract(layer)), rows=len(rows), problems=notes.in_order())


def _rows_below(table: RawTable, matched: Columns, notes: Notebook) -> Sequence[RawRow]:
    """Return the rows below the header, without the sample row that templates tell people not to delete."""
    rows = table.rows[matched.first_row :]
    samples = [
        row for row in rows if any(_SAMPLE_MARK in cell for cell in row.cells if isinstance(cell, str))
    ]
    for row in samples:
        notes.remark("sample_row", "delete_sample", row=row.number)
    return [row for row in rows if row not in samples] if samples else rows


# ----------------------------------------------------------------------------------------------- cells


def _records(
    rows: Sequence[RawRow], matched: Columns, layer: Layer, policy: Policy, notes: Notebook
) -> Records:
    readers = {name: _cell_reader(field, policy) for name, field in layer.fields.items()}
    records = {row.number: _record(row, matched, layer, readers, notes) for row in rows}
    first: dict[object, int] = {}
    for row, record in records.items():
        code = record.get("code")
        if code and first.setdefault(code, row) != row:
            notes.fault("code_repeated", "make_unique", row=row, field="code", value=code, first=first[code])
    return records


def _record(
    row: RawRow, matched: Columns, layer: Layer, readers: Mapping[str, CellReader], notes: Notebook
) -> Mapping[str, object]:
    """Read the cells of one row; a code that it lacks is made of its parts where the layer says so."""
    record: dict[str, object] = {}
    for name in _present(matched, layer):
        place = matched.fields.get(name)
        cell = row.cells[place] if place is not None and place < len(row.cells) else None
        at = matched.headers[place] if place is not None else ""
        record[name] = _value(row.number, layer.fields[name], cell, at=at, reader=readers[name], notes=notes)
    if layer.code_from and not record.get("code"):
        record["code"] = "/".join(str(record.get(name) or "-") for name in layer.code_from)
    return record


def _present(matched: Columns, layer: Layer) -> list[str]:
    """Name the fields that rows of this table have: its columns, and those with a default."""
    return [
        name for name, field in layer.fields.items() if name in matched.fields or field.default is not None
    ]


def _value(row: int, field: Field, cell: Cell, *, at: str, reader: CellReader, notes: Notebook) -> object:
    if not cells.plain(cell):
        if field.required and field.default is None:
            notes.fault("required", "fill_in", row=row, field=field.name, at=at)
        return field.default
    try:
        return reader(cell)
    except CellError as error:
        notes.fault(error.code, error.remedy, row=row, field=field.name, at=at, **error.values)
        return None


def _cell_reader(field: Field, policy: Policy) -> CellReader:
    """Return the function that reads a cell of this field."""
    plain_readers: dict[str, CellReader] = {
        "boolean": cells.boolean,
        "date": cells.day,
        "phone": cells.phone,
        "area": cells.area_code,
        "integer": lambda cell: cells.integer(cell, least=field.least, most=field.most),
        "number": lambda cell: cells.number(cell, least=field.least, most=field.most),
    }
    if field.type in plain_readers:
        return plain_readers[field.type]
    group = {"choice": field.group, "layer": "layers", "capabilities": "capabilities"}.get(field.type)
    if group is None:
        return lambda cell: cells.text(cell, limit=field.limit)
    codes = policy.codes_by_word(group)
    if field.type == "capabilities":
        return lambda cell: cells.capabilities(cell, codes)
    return lambda cell: cells.choice(cell, codes, group=group)


# ----------------------------------------------------------------------------------------------- frame


def _frame(
    rows: Sequence[RawRow],
    records: Records,
    shapes: Shapes,
    *,
    matched: Columns,
    layer: Layer,
    notes: Notebook,
) -> gpd.GeoDataFrame:
    faulty = notes.faulty_rows
    kept = [row.number for row in rows if row.number not in faulty]
    names = _present(matched, layer)
    content: dict[str, Any] = {
        name: pd.Series([records[row].get(name) for row in kept], index=kept, dtype=object)
        for name in (names if "code" in names else [*names, "code"])
    }
    return gpd.GeoDataFrame(content, index=kept, geometry=[shapes.get(row) for row in kept], crs=crs.STORED)


def _empty(layer: Layer) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({name: [] for name in layer.fields}, geometry=[], crs=crs.STORED)
