"""Files as they lie: spreadsheets and drawings → rows of raw cells, with shapes and their coordinate system if any.

Nothing is understood here: which row is the header and what a column means is for `data.ledgers`. Every file has
passed `data.quarantine` before its content is parsed. Workbooks are read by calamine, which knows the old ones too.
"""

import csv
import dataclasses
import io
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyogrio
import python_calamine
import shapely
from defusedxml import ElementTree
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely.geometry.base import BaseGeometry

from data import quarantine, shapefiles
from data.cells import Cell, header, plain

DRAWINGS: Final[Mapping[str, bool]] = {
    # suffix: whether its coordinate system is fixed by the format (RFC 7946, OGC KML: WGS84)
    ".gpkg": False,
    ".shp": False,
    ".zip": False,
    ".geojson": True,
    ".json": True,
    ".kml": True,
}
SPREADSHEETS: Final = frozenset({".csv", ".txt", ".xlsx", ".xls"})
_WITH_TABLES: Final = frozenset({".gpkg", ".zip"})  # drawings that may hold a list without shapes
_ENCODINGS: Final = ("utf-8-sig", "gb18030")
_LONGEST_CELL: Final = 1 << 24  # the outline of a county as WKT; Python's own limit is 128 KiB
_DELIMITERS: Final = ",;\t|"
_LIKE_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
_HARMFUL: Final = re.compile(r"\s*(?:[=＝]|[+＋\-－@＠]\s*[A-Za-z_]+[^()|!\s]*\s*[(|!])")
"""Text that a spreadsheet would run if it were written into one: a telephone number with + or a name with @ is not."""

_ERROR_CELL: Final = re.compile(rb"<(?:\w+:)?c\b([^>]*?\bt=[\"']e[\"'][^>]*)>")
_CELL_REFERENCE: Final = re.compile(rb"\br=[\"']([A-Z]{1,3})(\d+)[\"']")
ERROR: Final = "#N/A"
"""What stands for a cell whose formula failed, whatever the failure."""

_HIDDEN_ROW: Final = re.compile(rb"<(?:\w+:)?row\b[^>]*?\bhidden=[\"'](?:1|true)[\"']")
_ROW_NUMBER: Final = re.compile(rb"\br=[\"'](\d+)[\"']")
_SIMPLE: Final = frozenset({str, int, float, bool, type(None)})
_MOST_FORMULAS_TOLD: Final = 3

Merge = tuple[tuple[int, int], tuple[int, int]]
"""First and last cell of a merged range: (row, column) of each, from 0."""


class SourceError(Exception):
    """A file that cannot be used at all: code, remedy and values as for a cell."""

    def __init__(self, code: str, remedy: str, **values: str) -> None:
        super().__init__(code)
        self.code = code
        self.remedy = remedy
        self.values = values


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRow:
    """One row or feature. `number`: as a spreadsheet numbers rows; features are numbered from 1."""

    number: int
    cells: tuple[Cell, ...]
    shape: BaseGeometry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTable:
    """A sheet or a layer of a drawing. `headers` None: they stand somewhere among the first rows.

    crs: of the shapes, None where there are none or the file does not say. short_headers: the format cuts headers
    off after ten bytes. merges: ranges that span columns, as row numbers and columns from 0; those that span rows are
    filled already. hidden: nobody who opens the workbook sees the sheet; hidden_rows: numbers of such rows.
    """

    name: str
    rows: tuple[RawRow, ...]
    headers: tuple[str, ...] | None = None
    drawn: bool = False
    crs: CRS | None = None
    short_headers: bool = False
    merges: tuple[Merge, ...] = ()
    hidden: bool = False
    hidden_rows: tuple[int, ...] = ()


def read(path: Path, *, sheet: str | None = None, preferred: Iterable[str] = ()) -> RawTable:
    """Read one sheet or layer of a file: the one asked for, the only one that is not empty, or a preferred name.

    Raises SourceError for a file that cannot be read, of a kind that is not known, or with several to choose from.
    """
    tables = read_all(path)
    name = _choose(
        {table.name: len(table.rows) for table in tables}, sheet, frozenset(map(header, preferred))
    )
    chosen = next(table for table in tables if table.name == name)
    return chosen if len(tables) > 1 else dataclasses.replace(chosen, name="")


def read_all(path: Path) -> tuple[RawTable, ...]:
    """Read every sheet or layer of a file, those without rows too.

    Raises SourceError for a file that cannot be read, is of a kind that is not known, or could harm.
    """
    suffix = path.suffix.lower().strip()
    if not path.is_file():
        raise SourceError("file_unreadable", "give_readable_file", detail="ENOENT")
    if suffix not in {*DRAWINGS, *SPREADSHEETS, ".xlsm", ".xltm", ".xlsb", ".xlam"}:
        raise SourceError("file_kind_unknown", "convert_file", suffix=suffix)
    try:
        quarantine.check(path)
    except quarantine.RefusedFileError as error:
        raise SourceError(error.code, error.remedy, **error.values) from error
    if suffix in DRAWINGS:
        return _read_drawing(path)
    tables = _read_workbook(path) if suffix in {".xlsx", ".xls"} else (_read_text(path),)
    for table in tables:
        _refuse_formulas(table)
    return tuple(_without_guards(table, in_workbook=suffix in {".xlsx", ".xls"}) for table in tables)


def _refuse_formulas(table: RawTable) -> None:
    """Refuse text that would be run by the spreadsheet that this ledger is one day exported to."""
    found = [
        f"{table.name} {cell_name(row.number, place)} {cell[:40]}".strip()
        for row in table.rows
        for place, cell in enumerate(row.cells)
        if isinstance(cell, str) and cell[:1] in "=＝+＋-－@＠\t\r\n " and cell and _HARMFUL.match(cell)
    ]
    if found:
        told = "; ".join(found[:_MOST_FORMULAS_TOLD]) + (" …" if len(found) > _MOST_FORMULAS_TOLD else "")
        raise SourceError("file_formula", "remove_formula", value=told)


def _without_guards(table: RawTable, *, in_workbook: bool) -> RawTable:
    """Take off the apostrophes that `guarded` and `guarded_in_workbook` put before text."""
    if not any(isinstance(cell, str) and cell[:1] == "'" for row in table.rows for cell in row.cells):
        return table
    rows = (
        dataclasses.replace(
            row,
            cells=tuple(
                _unguarded(cell, in_workbook=in_workbook) if isinstance(cell, str) else cell
                for cell in row.cells
            ),
        )
        for row in table.rows
    )
    return dataclasses.replace(table, rows=tuple(rows))


def cell_name(row: int, place: int) -> str:
    """Return a cell's name as a spreadsheet shows it: row from 1, column from 0 → "C5"."""
    letters = ""
    while place >= 0:
        letters = chr(ord("A") + place % 26) + letters
        place = place // 26 - 1
    return f"{letters}{row}"


# ----------------------------------------------------------------------------------------------- spreadsheets


def _read_text(path: Path) -> RawTable:
    content = _decoded(path.read_bytes())
    first_line = content.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first_line.count)
    csv.field_size_limit(_LONGEST_CELL)
    try:
        lines = list(csv.reader(io.StringIO(content, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise SourceError("file_unreadable", "give_readable_file", detail=str(error)) from error
    return RawTable(name="", rows=_numbered(lines))


def guarded(value: Any) -> Any:
    """Put an apostrophe before text that a spreadsheet would take for a formula."""
    return f"'{value}" if isinstance(value, str) and _LIKE_FORMULA.match(value) else value


def guarded_in_workbook(text: str) -> str:
    """Put an apostrophe before text that an import would refuse; a workbook marks other text as text by itself."""
    return f"'{text}" if _HARMFUL.match(text.lstrip("'")) else text


def _unguarded(text: str, *, in_workbook: bool) -> str:
    if not text.startswith("'"):
        return text
    marked = _HARMFUL.match(text.lstrip("'")) if in_workbook else _LIKE_FORMULA.match(text)
    return text[1:] if marked else text


def _decoded(content: bytes) -> str:
    """Decode a text file: UTF-8, or the encoding that Chinese spreadsheets save by default."""
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SourceError("file_unreadable", "give_readable_file", detail="encoding")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unseen:
    """What calamine does not tell of a sheet: rows that are hidden, cells (row, column from 0) whose formula failed."""

    hidden_rows: tuple[int, ...] = ()
    errors: tuple[tuple[int, int], ...] = ()


def _read_workbook(path: Path) -> tuple[RawTable, ...]:
    old = path.suffix.lower().strip() == ".xls"
    unseen = _unseen_in_old(path) if old else _unseen(path)
    try:
        with python_calamine.load_workbook(str(path)) as workbook:
            return tuple(
                _sheet(workbook, number, meta, unseen.get(number, _Unseen()))
                for number, meta in enumerate(workbook.sheets_metadata)
                if meta.typ == python_calamine.SheetTypeEnum.WorkSheet
            )
    except python_calamine.PasswordError as error:
        raise SourceError("file_encrypted", "remove_password") from error
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise SourceError("file_unreadable", "give_readable_file", detail=str(error)[:200]) from error


def _sheet(
    workbook: python_calamine.CalamineWorkbook,
    number: int,
    meta: python_calamine.SheetMetadata,
    unseen: _Unseen,
) -> RawTable:
    sheet = workbook.get_sheet_by_index(number)
    lines: list[list[Any]] = sheet.to_python(skip_empty_area=False)
    for row, column in unseen.errors:
        if row < len(lines) and column < len(lines[row]):
            lines[row][column] = ERROR
    merges = sheet.merged_cell_ranges or []
    for (top, left), (bottom, _right) in merges:
        for line in lines[top + 1 : bottom + 1]:
            line[left] = lines[top][left]
    return RawTable(
        name=meta.name,
        rows=_numbered([None if cell == "" else cell for cell in line] for line in lines),
        merges=tuple(merge for merge in merges if merge[1][1] > merge[0][1]),
        hidden=meta.visible != python_calamine.SheetVisibleEnum.Visible,
        hidden_rows=unseen.hidden_rows,
    )


def _unseen(path: Path) -> dict[int, _Unseen]:
    """Find what calamine does not tell of each sheet, counted from 0 in the workbook's order."""
    found: dict[int, _Unseen] = {}
    with zipfile.ZipFile(path) as archive:
        for number, name in enumerate(_sheet_parts(archive)):
            content = archive.read(name) if name in archive.NameToInfo else b""
            rows = _HIDDEN_ROW.finditer(content) if b"hidden=" in content else ()
            cells = _ERROR_CELL.finditer(content) if b'"e"' in content or b"'e'" in content else ()
            numbers = (_ROW_NUMBER.search(row[0]) for row in rows)
            references = (_CELL_REFERENCE.search(cell[1]) for cell in cells)
            found[number] = _Unseen(
                hidden_rows=tuple(int(match[1]) for match in numbers if match),
                errors=tuple((int(match[2]) - 1, _place(match[1])) for match in references if match),
            )
    return found


def _place(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number - 1


def _unseen_in_old(path: Path) -> dict[int, _Unseen]:
    return {
        number: _Unseen(hidden_rows=tuple(row + 1 for row in rows), errors=tuple(cells))
        for number, (rows, cells) in enumerate(quarantine.unseen_in_old_workbook(path.read_bytes()))
    }


def _sheet_parts(archive: zipfile.ZipFile) -> list[str]:
    """Return where a workbook's sheets lie in its archive, in their order."""
    try:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
        links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    except (KeyError, ElementTree.ParseError):
        return []
    targets = {link.get("Id"): (link.get("Target") or "").removeprefix("/xl/") for link in links}
    return [
        f"xl/{targets.get(next((value for key, value in sheet.items() if key.endswith('}id')), ''), '')}"
        for sheet in book.iter()
        if sheet.tag.rpartition("}")[2] == "sheet"
    ]


def _numbered(lines: Iterable[Iterable[Any]]) -> tuple[RawRow, ...]:
    """Give rows their numbers from 1 and leave out the blank ones."""
    simple = ([cell if type(cell) in _SIMPLE else _simple(cell) for cell in line] for line in lines)
    return tuple(
        RawRow(number=number, cells=tuple(line))
        for number, line in enumerate(simple, 1)
        if any(_says_something(cell) for cell in line)
    )


def _simple(cell: Any) -> Cell:
    """Bring a cell to one of the kinds that `data.cells` reads: times of day and lengths of time become text."""
    return cell.isoformat() if isinstance(cell, time) else str(cell) if isinstance(cell, timedelta) else cell


def _says_something(cell: Cell) -> bool:
    return cell is not None and (not isinstance(cell, str) or bool(plain(cell)))


def _choose(sizes: Mapping[str, int], sheet: str | None, preferred: frozenset[str]) -> str:
    if sheet is not None:
        if sheet not in sizes:
            raise SourceError("sheet_missing", "name_sheet", name=sheet)
        return sheet
    filled = [name for name, size in sizes.items() if size]
    named = [name for name in filled if header(name) in preferred]
    # a ledger may be empty: its headers are read all the same
    empty = [] if filled else [name for name in sizes if header(name) in preferred]
    for candidates in (named, filled, empty, [] if filled else list(sizes)):
        if len(candidates) == 1:
            return candidates[0]
    if not filled:
        raise SourceError("header_missing", "use_template")
    raise SourceError("file_layers_ambiguous", "name_sheet", names=", ".join(filled))


# ----------------------------------------------------------------------------------------------- drawings


def _read_drawing(path: Path) -> tuple[RawTable, ...]:
    try:
        layers = [
            str(name)
            for name, kind in pyogrio.list_layers(path)
            if kind is not None or path.suffix.lower() in _WITH_TABLES
        ]
        options = {"encoding": encoding} if (encoding := _dbf_encoding(path)) else {}
        if path.suffix.lower() in {".geojson", ".json"}:
            options["DATE_AS_STRING"] = "YES"  # GDAL takes text like "0/01/01" for a date
        frames = {name: pyogrio.read_dataframe(path, layer=name, **options) for name in layers}
    except (
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
        CRSError,
        OSError,
        ValueError,
    ) as error:
        raise SourceError("file_unreadable", "give_readable_file", detail=str(error)[:200]) from error
    tables = []
    for name, frame in frames.items():
        # a Shapefile of ours says beside it what its short names mean
        whole, told = shapefiles.restored(frame, path, name)
        short = not told and path.suffix.lower() in {".shp", ".zip"}
        tables.append(_from_frame(whole, name, short_headers=short))
    return tuple(tables)


def _from_frame(frame: pd.DataFrame, name: str, *, short_headers: bool) -> RawTable:
    shapes: Any = getattr(frame, "geometry", None) if "geometry" in frame.columns else None
    attributes = frame.drop(columns="geometry", errors="ignore")
    columns = [attributes[column].tolist() for column in attributes.columns]
    flat = shapely.force_2d(np.asarray(shapes, dtype=object)) if shapes is not None else [None] * len(frame)
    rows = tuple(
        RawRow(number=number, cells=tuple(map(_cell, cells)), shape=shape)
        for number, (shape, cells) in enumerate(zip(flat, _transposed(columns, len(frame)), strict=True), 1)
    )
    return RawTable(
        name=name,
        rows=rows,
        headers=tuple(map(str, attributes.columns)),
        drawn=shapes is not None,
        crs=getattr(shapes, "crs", None),
        short_headers=short_headers,
    )


def _transposed(columns: list[list[Any]], length: int) -> Iterable[tuple[Any, ...]]:
    return zip(*columns, strict=True) if columns else [()] * length


def _cell(value: Any) -> Cell:
    """Bring what pandas makes of a value back to a plain one."""
    if isinstance(value, (list, np.ndarray)):
        return ";".join(map(plain, value))
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    if isinstance(value, (str, bool, int, float, date, datetime)):
        return value
    return str(value)


def _dbf_encoding(path: Path) -> str | None:
    """Tell the encoding of a Shapefile's table where no .cpg says it: UTF-8 if it reads as that, else GB 18030."""
    if path.suffix.lower() == ".shp":
        files = {entry.suffix.lower(): entry for entry in path.parent.glob(f"{path.stem}.*")}
        has_cpg, table = ".cpg" in files, files[".dbf"].read_bytes() if ".dbf" in files else b""
    elif path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as archive:
            inside = {Path(name).suffix.lower(): name for name in archive.namelist()}
            has_cpg, table = ".cpg" in inside, archive.read(inside[".dbf"]) if ".dbf" in inside else b""
    else:
        return None
    if has_cpg or not table:
        return None
    try:
        # the header's binary lengths are no text: only what follows the field names is
        table[32:].decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"
