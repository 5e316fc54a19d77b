"""Files as they lie: spreadsheets and drawings → rows of raw cells, with shapes and their coordinate system if any.

Nothing is understood here: which row is the header and what a column means is for `data.ledgers`.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely.geometry.base import BaseGeometry

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
SPREADSHEETS: Final = frozenset({".csv", ".txt", ".xlsx"})
_ENCODINGS: Final = ("utf-8-sig", "gb18030")
_DELIMITERS: Final = ",;\t|"
_LIKE_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")


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
    off after ten bytes.
    """

    name: str
    rows: tuple[RawRow, ...]
    headers: tuple[str, ...] | None = None
    drawn: bool = False
    crs: CRS | None = None
    short_headers: bool = False


def read(path: Path, *, sheet: str | None = None, preferred: Iterable[str] = ()) -> RawTable:
    """Read one sheet or layer of a file: the one asked for, the only one that is not empty, or a preferred name.

    Raises SourceError for a file that cannot be read, of a kind that is not known, or with several to choose from.
    """
    suffix = path.suffix.lower()
    if not path.is_file():
        raise SourceError("file_unreadable", "give_readable_file", detail="ENOENT")
    names = frozenset(map(header, preferred))
    if suffix in DRAWINGS:
        return _read_drawing(path, sheet, names)
    if suffix == ".xlsx":
        return _read_workbook(path, sheet, names)
    if suffix in SPREADSHEETS:
        return _read_text(path)
    raise SourceError("file_kind_unknown", "convert_file", suffix=suffix)


# ----------------------------------------------------------------------------------------------- spreadsheets


def _read_text(path: Path) -> RawTable:
    content = _decoded(path.read_bytes())
    first_line = content.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first_line.count)
    try:
        lines = list(csv.reader(io.StringIO(content, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise SourceError("file_unreadable", "give_readable_file", detail=str(error)) from error
    return RawTable(name="", rows=_numbered([_unguarded(cell) for cell in line] for line in lines))


def guarded(value: Any) -> Any:
    """Put an apostrophe before text that a spreadsheet would take for a formula."""
    return f"'{value}" if isinstance(value, str) and _LIKE_FORMULA.match(value) else value


def _unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and _LIKE_FORMULA.match(text) else text


def _decoded(content: bytes) -> str:
    """Decode a text file: UTF-8, or the encoding that Chinese spreadsheets save by default."""
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SourceError("file_unreadable", "give_readable_file", detail="encoding")


def _read_workbook(path: Path, sheet: str | None, preferred: frozenset[str]) -> RawTable:
    try:
        workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises whatever its parsers meet
        raise SourceError("file_unreadable", "give_readable_file", detail=type(error).__name__) from error
    try:
        # a read-only workbook may state a wrong size for a sheet: ask it to look
        for worksheet in workbook.worksheets:
            worksheet.reset_dimensions()
        tables = {
            worksheet.title: _numbered(worksheet.iter_rows(values_only=True))
            for worksheet in workbook.worksheets
        }
    finally:
        workbook.close()
    name = _choose({title: len(rows) for title, rows in tables.items()}, sheet, preferred)
    return RawTable(name=name if len(tables) > 1 else "", rows=tables[name])


def _numbered(lines: Iterable[Iterable[Any]]) -> tuple[RawRow, ...]:
    """Give rows their numbers from 1 and leave out the blank ones."""
    rows = (RawRow(number=number, cells=tuple(line)) for number, line in enumerate(lines, 1))
    return tuple(row for row in rows if any(map(plain, row.cells)))


def _choose(sizes: Mapping[str, int], sheet: str | None, preferred: frozenset[str]) -> str:
    if sheet is not None:
        if sheet not in sizes:
            raise SourceError("sheet_missing", "name_sheet", name=sheet)
        return sheet
    filled = [name for name, size in sizes.items() if size]
    named = [name for name in filled if header(name) in preferred]
    for candidates in (named, filled):
        if len(candidates) == 1:
            return candidates[0]
    if not filled:
        raise SourceError("header_missing", "use_template")
    raise SourceError("file_layers_ambiguous", "name_sheet", names=", ".join(filled))


# ----------------------------------------------------------------------------------------------- drawings


def _read_drawing(path: Path, sheet: str | None, preferred: frozenset[str]) -> RawTable:
    try:
        layers = [
            str(name)
            for name, kind in pyogrio.list_layers(path)
            if kind is not None or path.suffix == ".gpkg"
        ]
        sizes = {
            name: max(0, int(pyogrio.read_info(path, layer=name, force_feature_count=True)["features"]))
            for name in layers
        }
        name = _choose(sizes, sheet, preferred)
        options = {"encoding": encoding} if (encoding := _dbf_encoding(path)) else {}
        frame = pyogrio.read_dataframe(path, layer=name, **options)
    except (
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
        CRSError,
        OSError,
        ValueError,
    ) as error:
        raise SourceError("file_unreadable", "give_readable_file", detail=str(error)[:200]) from error
    return _from_frame(
        frame, name if len(sizes) > 1 else "", short_headers=path.suffix.lower() in {".shp", ".zip"}
    )


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
