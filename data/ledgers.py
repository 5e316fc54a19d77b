"""Ledgers → frames: headers matched, cells read, positions brought to the stored datum, every problem named.

The frame that comes out has one row for each row that may be taken, indexed by its number in the file, and a column
for each field that the file has (and for those with a default). A column that the file lacks is absent, so that an
import never wipes what another ledger knows. Values are plain Python: None where a cell is empty.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from data import cells, columns, measures, positions, sources
from data.cells import Cell, CellError
from data.columns import SAMPLE_MARK, Choices, Columns
from data.layers import ACCEPTED_SHAPES, PLACED_BY, RADIUS, Field, Layer
from data.placing import Placed, Spot, Surroundings
from data.policies import Policy
from data.positions import Bounds, Shapes
from data.problems import Notebook, Problem, faulty_rows
from data.sources import RawRow, RawTable, SourceError
from gis import crs, frames

Records = dict[int, dict[str, object]]
"""What the rows say, by row number and field."""

CellReader = Callable[[Cell], object]

_TOTAL: Final = re.compile(r"(?:合\s*计|总\s*计|小\s*计|共\s*计|total|sum)[:：]?", re.IGNORECASE)
_ERRORS: Final = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"})
_PLACED_ROWS_TOLD: Final = 12
_HIDDEN_TOLD: Final = 12
_TEXTS: Final = ("location", "name")
_CODE_LIMIT: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a file gave: the rows that may be taken, how many it had, and its problems in the order of its rows.

    columns: how the headers were understood; None where no header was found.
    """

    frame: gpd.GeoDataFrame
    rows: int
    problems: tuple[Problem, ...]
    columns: Columns | None = None

    @property
    def refused(self) -> bool:
        """Whether the file as a whole cannot be taken."""
        return None in faulty_rows(self.problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrections:
    """What a person said about a sheet: of its columns, of single cells (row number, place from 0), and where rows
    lie whose words fit several places (row number → a spot's code).
    """

    choices: Choices = field(default_factory=Choices)
    cells: Mapping[tuple[int, int], str] = field(default_factory=dict)
    spots: Mapping[int, str] = field(default_factory=dict)


def read(
    path: Path,
    layer: Layer,
    policy: Policy,
    *,
    datum: str | None = None,
    sheet: str | None = None,
    near: Bounds | None = None,
    around: Surroundings | None = None,
) -> Reading:
    """Read a file into a frame of `layer`.

    datum: of positions that do not say it (spreadsheets) or whose label is a habit (GCJ-02 saved as WGS 84); any
    word of the vocabulary's [datums]. sheet: of a workbook or layered drawing. near: where the county lies, by which
    swapped axes are found outside China too. around: by what rows without coordinates are placed. Never raises for
    what is in the file: that is a problem.
    """
    notes = Notebook(path.name)
    try:
        table = sources.read(path, sheet=sheet, preferred=(layer.code, *layer.words.values()))
    except SourceError as error:
        notes.fault(error.code, error.remedy, row=None, **error.values)
        return Reading(frame=_empty(layer), rows=0, problems=notes.in_order())
    return read_table(table, layer, policy, file=path.name, datum=datum, near=near, around=around)


def read_table(
    table: RawTable,
    layer: Layer,
    policy: Policy,
    *,
    file: str,
    datum: str | None = None,
    near: Bounds | None = None,
    around: Surroundings | None = None,
    said: Corrections | None = None,
) -> Reading:
    """Read one sheet or layer of a file into a frame of `layer`; see `read`. `said`: what a person corrected."""
    notes = Notebook(file)
    notes.sheet = table.name
    said = said or Corrections()
    table = _corrected(table, said.cells)
    if table.hidden:
        notes.remark("sheet_hidden", "check_hidden", name=table.name)
    if table.hidden_rows:
        shown = ", ".join(map(str, table.hidden_rows[:_HIDDEN_TOLD]))
        notes.remark(
            "rows_hidden", "check_hidden", value=shown + " …" * (len(table.hidden_rows) > _HIDDEN_TOLD)
        )
    matched = columns.match(table, layer, policy, notes, said.choices)
    rows = () if matched is None else _rows_below(table, matched, notes)
    settled = None
    if matched is not None and layer.geometry != "none":
        settled = positions.settle_datum(table, matched, datum, policy.codes_by_word("datums"), notes)
    if matched is None or notes.refused:
        return Reading(frame=_empty(layer), rows=len(rows), problems=notes.in_order(), columns=matched)
    reading = _Table(
        rows=rows, matched=matched, layer=layer, policy=policy, notes=notes, said=said, around=around
    )
    reading.read_fields()
    shapes: Shapes = {}
    if layer.geometry != "none":
        place = reading.place if layer.geometry == "Point" and around is not None else None
        shapes = positions.read(
            rows, table, matched, layer=layer, datum=settled, near=near, notes=notes, place=place
        )
        reading.mark_measured(shapes)
    frame = reading.frame(shapes)
    return Reading(
        frame=frames.check(frame, contract(layer)),
        rows=len(rows),
        problems=tuple(_with_cell(problem, matched) for problem in notes.in_order()),
        columns=matched,
    )


def contract(layer: Layer) -> frames.Contract:
    """Return what a frame of `layer` must be to enter the store: its key, required columns and shapes."""
    needed = {name for name, one in layer.fields.items() if one.required} | {"code"}
    return frames.Contract(
        columns={name: frames.FrameColumn(dtype="object") for name in sorted(needed)},
        key=("code",),
        geometry_kinds=ACCEPTED_SHAPES[layer.geometry],
        geometry_nullable=not layer.geometry_required,
    )


def _corrected(table: RawTable, corrections: Mapping[tuple[int, int], str]) -> RawTable:
    """Put what a person wrote into its cells."""
    if not corrections:
        return table
    rows = []
    for row in table.rows:
        cells_of_row = list(row.cells)
        for (number, place), value in corrections.items():
            if number == row.number:
                cells_of_row += [None] * (place + 1 - len(cells_of_row))
                cells_of_row[place] = value or None
        rows.append(replace(row, cells=tuple(cells_of_row)))
    return replace(table, rows=tuple(rows))


def _rows_below(table: RawTable, matched: Columns, notes: Notebook) -> Sequence[RawRow]:
    """Return the rows below the header, without the sample row that templates tell people not to delete, and without
    the sums below.
    """
    kept = []
    for row in table.rows[matched.first_row :]:
        words = [cell for cell in row.cells if isinstance(cell, str)]
        said = "\n".join(words)
        if ("例" in said or "ample" in said) and any(map(SAMPLE_MARK.search, words)):
            notes.remark("sample_row", "delete_sample", row=row.number)
        elif words and len(words[0]) < 6 and _TOTAL.fullmatch(cells.plain(words[0])):  # noqa: PLR2004 - a short word
            notes.remark("total_row", "delete_total", row=row.number)
        else:
            kept.append(row)
    return kept


def _with_cell(problem: Problem, matched: Columns) -> Problem:
    """Say in which cell a problem of a row is."""
    if problem.row is None:
        return problem
    place = matched.fields.get(problem.field)
    if problem.field == "geometry":
        place = next((places[0] for places in matched.positions.values()), None)
    return (
        problem
        if place is None
        else replace(problem, cell=sources.cell_name(problem.row, place), place=place)
    )


# ----------------------------------------------------------------------------------------------- cells


class _Table:
    """The rows of one sheet on their way to a frame, read column by column: a value that occurs often is read once."""

    def __init__(
        self,
        *,
        rows: Sequence[RawRow],
        matched: Columns,
        layer: Layer,
        policy: Policy,
        notes: Notebook,
        said: Corrections,
        around: Surroundings | None,
    ) -> None:
        self.rows, self.matched, self.layer, self.policy = rows, matched, layer, policy
        self.notes, self.said, self.around = notes, said, around
        self.columns: dict[str, list[object]] = {}
        self.index = {row.number: place for place, row in enumerate(rows)}

    def read_fields(self) -> None:
        """Read every field that the rows have; a code that they lack is made of their parts."""
        for name, one in self.layer.fields.items():
            if name in self.said.choices.constants:
                self._read_constant(name, one, self.said.choices.constants[name])
            elif name in self.matched.fields or one.default is not None:
                self._read_column(name, one, self.matched.fields.get(name))
            elif name in self.matched.repeats:
                self._read_people(name, one)
        self._make_codes()
        self._refuse_repeated()

    def _read_constant(self, name: str, one: Field, said: str) -> None:
        try:
            value = cell_reader(one, self.policy)(said)
        except CellError as error:
            self.notes.fault(error.code, error.remedy, row=None, field=name, **error.values)
            value = None
        self.columns[name] = [value] * len(self.rows)

    def _read_column(self, name: str, one: Field, place: int | None) -> None:
        at = self.matched.headers[place] if place is not None else ""
        reader = cell_reader(
            one, self.policy, factor=self.matched.factors.get(name), coded=self.matched.coded.get(name)
        )
        needed = one.required and one.default is None and not (name == "code" and self.layer.code_from)
        known: dict[object, object] = {}
        values: list[object] = []
        for row in self.rows:
            cell = row.cells[place] if place is not None and place < len(row.cells) else None
            key = cell if type(cell) is str else (type(cell), cell)
            value = known.get(key, known)
            if value is known:  # read for the first time
                value = known[key] = _read_cell(cell, one, reader)
            if isinstance(value, CellError):
                self.notes.fault(value.code, value.remedy, row=row.number, field=name, at=at, **value.values)
                value = None
            elif value is None and needed:
                self.notes.fault("required", "fill_in", row=row.number, field=name, at=at)
            values.append(value)
        self.columns[name] = values

    def _read_people(self, name: str, one: Field) -> None:
        """Join the people of a repeating group, each with the telephone number beside the name."""
        groups = self.matched.repeats[name]
        values: list[object] = []
        for row in self.rows:
            found = []
            for who, phone in groups:
                person, number = (
                    cells.plain(row.cells[place]) if place is not None and place < len(row.cells) else ""
                    for place in (who, phone)
                )
                try:
                    found += (
                        [f"{person} {cells.phone(number) if number else ''}".strip()]
                        if person or number
                        else []
                    )
                except CellError as error:
                    at = self.matched.headers[phone] if phone is not None else ""
                    self.notes.fault(
                        error.code, error.remedy, row=row.number, field=name, at=at, **error.values
                    )
            values.append("；".join(found)[: one.limit] or None)
        self.columns[name] = values

    def _make_codes(self) -> None:
        """Make the codes that rows lack: of their parts where the layer says so, else the one that the store has for
        their name, else the name itself.
        """
        codes = self.columns.get("code")
        if codes is not None and not self.layer.code_from:
            return
        codes = codes or [None] * len(self.rows)
        parts = [self.columns.get(name) for name in self.layer.code_from]
        names = self.columns.get("name")
        if parts:
            self.columns["code"] = [
                code or "/".join(str((part[place] if part else None) or "-") for part in parts)
                for place, code in enumerate(codes)
            ]
        elif names is not None:
            known = self.around.standing.codes_by_name if self.around else {}
            self.columns["code"] = [
                self._code_of(row, name, known) for row, name in zip(self.rows, names, strict=True)
            ]

    def _code_of(self, row: RawRow, name: object, known: Mapping[str, Sequence[str]]) -> str | None:
        if not name:
            return None
        found = known.get(cells.header(str(name)), ())
        if len(found) > 1:
            self.notes.fault(
                "name_ambiguous",
                "write_code",
                row=row.number,
                field="name",
                value=name,
                codes="、".join(found[:6]),
            )
        if found:
            return found[0]
        if self.layer.personal or len(str(name)) > _CODE_LIMIT:
            said = (self.columns.get(part) for part in ("name", "phone"))
            parts = [str(column[self.index[row.number]]) for column in said if column]
            return "P-" + hashlib.sha256("/".join(parts).encode()).hexdigest()[:10]
        return str(name)

    def _refuse_repeated(self) -> None:
        first: dict[object, int] = {}
        for row, code in zip(self.rows, self.columns.get("code", ()), strict=False):
            if code and first.setdefault(code, row.number) != row.number:
                self.notes.fault(
                    "code_repeated",
                    "make_unique",
                    row=row.number,
                    field="code",
                    value=code,
                    first=first[code],
                )

    # ------------------------------------------------------------------------------------------- places

    def place(self, number: int) -> BaseGeometry | None:
        """Place a row without coordinates: where it stands already, where a person said, or by its words."""
        if self.around is None:
            return None
        row, at = self.rows[self.index[number]], self.index[number]
        code = str((self.columns.get("code") or [""] * len(self.rows))[at])
        standing = self.around.standing.shapes.get(code)
        if standing is not None and standing[1] is None:
            self.notes.remark("position_kept", "check_position", row=number, field="geometry")
            return self._mark(at, standing[0], None, None)
        chosen = self.around.gazetteer.by_code.get(self.said.spots.get(number, ""))
        found = Placed(spot=chosen, by="chosen") if chosen else self._found(row, at)
        if isinstance(found, Placed):
            spot = found.spot
            self.notes.remark(
                "placed", "check_position", row=number, field="geometry", name=spot.name, radius=spot.radius_m
            )
            return self._mark(at, shapely.Point(spot.lon, spot.lat), found.by, spot.radius_m)
        if standing is not None:
            return self._mark(at, *standing)
        if found:
            self._ask(number, found)
        elif self.layer.geometry_required:
            self.notes.fault("coordinate_missing", "write_coordinates", row=number, field="geometry")
        return None

    def _found(self, row: RawRow, at: int) -> Placed | tuple[Spot, ...]:
        clues = {
            group: "".join(
                cells.plain(row.cells[place])
                for place in self.matched.positions.get(group, ())
                if place < len(row.cells)
            )
            for group in columns.CLUES
        }
        area = (self.columns.get("area_code") or [None] * len(self.rows))[at]
        if self.layer.store == "villages":
            area = (self.columns.get("code") or [None] * len(self.rows))[at]
        texts = [str(self.columns[name][at] or "") for name in _TEXTS if name in self.columns]
        return self.around.gazetteer.find(  # type: ignore[union-attr]  # the caller has looked
            area_code=str(area or ""), village=clues["village"], town=clues["town"], texts=tuple(texts)
        )

    def _ask(self, number: int, found: Sequence[Spot]) -> None:
        names = "、".join(f"{spot.within}{spot.name}" for spot in found[:_PLACED_ROWS_TOLD])
        self.notes.fault(
            "place_ambiguous",
            "choose_place",
            row=number,
            field="geometry",
            names=names,
        )
        self.notes.offer((spot.code, f"{spot.within}{spot.name}") for spot in found[:_PLACED_ROWS_TOLD])

    def _mark(
        self, at: int, shape: BaseGeometry, placed_by: str | None, radius_m: int | None
    ) -> BaseGeometry:
        for name, value in ((PLACED_BY, placed_by), (RADIUS, radius_m)):
            self.columns.setdefault(name, [None] * len(self.rows))[at] = value
        return shape

    def mark_measured(self, shapes: Shapes) -> None:
        """Take the marks off rows that write their coordinates, unless the file itself has them."""
        written = any(shape is not None for shape in shapes.values())
        if self.layer.geometry == "Point" and written:
            for name in (PLACED_BY, RADIUS):
                self.columns.setdefault(name, [None] * len(self.rows))

    # ------------------------------------------------------------------------------------------- frame

    def frame(self, shapes: Shapes) -> gpd.GeoDataFrame:
        """Return the rows without a fault."""
        faulty = self.notes.faulty_rows
        kept = [place for place, row in enumerate(self.rows) if row.number not in faulty]
        numbers = [self.rows[place].number for place in kept]
        names = [name for name in self.layer.fields if name in self.columns]
        content: dict[str, Any] = {
            name: pd.Series([self.columns[name][place] for place in kept], index=numbers, dtype=object)
            for name in names
        }
        if "code" not in content:
            content["code"] = pd.Series([None] * len(kept), index=numbers, dtype=object)
        return gpd.GeoDataFrame(
            content, index=numbers, geometry=[shapes.get(number) for number in numbers], crs=crs.STORED
        )


def _read_cell(cell: Cell, one: Field, reader: CellReader) -> object:
    """Read a cell; what cannot be read is returned as its error."""
    said = cells.plain(cell)
    if not said:
        return one.default
    if said in _ERRORS:
        return CellError("cell_error", "mend_formula", value=said)
    try:
        return reader(cell)
    except CellError as error:
        return error


def cell_reader(
    one: Field, policy: Policy, *, factor: Any = None, coded: Mapping[str, str] | None = None
) -> CellReader:
    """Return the function that reads a cell of this field.

    factor: by what a number without a unit of its own is multiplied. coded: words that the column's header explains.
    """
    kept = measures.of_field(one.name)

    def scale(word: str, ten_thousands: bool, written: str) -> Any:  # noqa: FBT001 - as `cells.Scale` says
        if factor is not None and not word and not ten_thousands:
            return factor
        if not word and ten_thousands and kept is not None and kept.kind == "money":
            word, ten_thousands = "万", False
        elif ten_thousands and word == "元":
            word, ten_thousands = "万元", False
        return measures.of_cell(word, ten_thousands=ten_thousands, kept=kept, written=written)

    plain_readers: dict[str, CellReader] = {
        "boolean": cells.boolean,
        "date": cells.day,
        "phone": cells.phone,
        "area": cells.area_code,
        "integer": lambda cell: cells.integer(cell, least=one.least, most=one.most, scale=scale),
        "number": lambda cell: cells.number(cell, least=one.least, most=one.most, scale=scale),
        "people": lambda cell: cells.people(cell, limit=one.limit),
    }
    if one.type in plain_readers:
        return plain_readers[one.type]
    group = {"choice": one.group, "layer": "layers", "capabilities": "capabilities"}.get(one.type)
    if group is None:
        return lambda cell: cells.text(cell, limit=one.limit)
    codes = policy.codes_by_word(group)
    if one.type == "capabilities":
        return lambda cell: cells.capabilities(cell, codes)
    if coded:
        explained = {
            cells.header(short): codes[cells.header(word)]
            for number, word in coded.items()
            if cells.header(word) in codes
            for short in (number, number.lstrip("0"))
        }
        codes = {**explained, **codes}
    return lambda cell: cells.choice(cell, codes, group=group)


def _empty(layer: Layer) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({name: [] for name in layer.fields}, geometry=[], crs=crs.STORED)
