"""Ledgers → frames: headers matched, cells read, positions brought to the stored datum, every problem named.

The frame that comes out has one row for each row that may be taken, indexed by its number in the file, and a column
for each field that the file has (and for those with a default). A column that the file lacks is absent, so that an
import never wipes what another ledger knows. Values are plain Python: None where a cell is empty.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from data import cells, sources
from data.cells import Cell, CellError, header
from data.layers import ACCEPTED_SHAPES, Field, Layer
from data.policies import Policy, Term
from data.problems import Problem, Severity, faulty_rows
from data.sources import RawRow, RawTable, SourceError
from gis import crs, frames
from gis.crs import Datum

Bounds = tuple[float, float, float, float]
"""West, south, east, north in stored degrees."""

POSITION_FIELDS: Final = ("lon", "lat", "pair", "wkt")
"""Groups of headers that carry positions, in the vocabulary's [headers]."""

_SAMPLE_MARK: Final = "示例数据"
_HEADER_SEARCH_ROWS: Final = 15
_SHORT_HEADER_BYTES: Final = 10
_DMS_COLUMNS: Final = 3
_FAR_DEGREES: Final = 1.0
_CHINA: Final[Bounds] = (73.0, 3.0, 136.0, 54.0)
_LOCAL_DATUMS: Final = {
    "beijing54": "Beijing54",
    "北京54": "Beijing54",
    "xian80": "Xian80",
    "西安80": "Xian80",
}
_LOCAL_GEODETIC: Final = ("Beijing 1954", "New Beijing", "Xian 1980")


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
    try:
        table = sources.read(path, sheet=sheet, preferred=(layer.code, *layer.words.values()))
        return _Reader(path.name, table, layer, policy, near).read(datum)
    except SourceError as error:
        problem = Problem(code=error.code, remedy=error.remedy, file=path.name, values=error.values)
        return Reading(frame=_empty(layer), rows=0, problems=(problem,))


def contract(layer: Layer) -> frames.Contract:
    """Return what a frame of `layer` must be to enter the store: its key, required columns and shapes."""
    needed = {name for name, field in layer.fields.items() if field.required} | {"code"}
    return frames.Contract(
        columns={name: frames.FrameColumn(dtype="object") for name in sorted(needed)},
        key=("code",),
        geometry_kinds=ACCEPTED_SHAPES[layer.geometry],
        geometry_nullable=not layer.geometry_required,
    )


def _empty(layer: Layer) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({name: [] for name in layer.fields}, geometry=[], crs=crs.STORED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """Which column of the table holds what: fields, and the columns of positions by their group."""

    headers: tuple[str, ...]
    first_row: int  # index in the table's rows of the first row below the header
    fields: Mapping[str, int]
    positions: Mapping[str, tuple[int, ...]]


class _Reader:
    """One pass over one table: problems gather while rows are read."""

    def __init__(self, file: str, table: RawTable, layer: Layer, policy: Policy, near: Bounds | None) -> None:
        self.file, self.table, self.layer, self.policy = file, table, layer, policy
        self.near = near
        self.problems: list[Problem] = []
        self.readers: dict[str, Callable[[Cell], object]] = {
            name: _cell_reader(field, policy) for name, field in layer.fields.items()
        }

    def read(self, datum: str | None) -> Reading:
        columns = self._match_headers()
        known_datum = self._datum(datum, columns)
        rows = [row for row in self.table.rows[columns.first_row :] if not self._is_sample(row)]
        if None in faulty_rows(self.problems):
            return Reading(frame=_empty(self.layer), rows=len(rows), problems=tuple(self.problems))
        records = {row.number: self._record(row, columns) for row in rows}
        self._refuse_repeated_codes(records)
        shapes = self._shapes(rows, columns, known_datum)
        faulty = faulty_rows(self.problems)
        kept = [row.number for row in rows if row.number not in faulty]
        self.problems.sort(key=lambda problem: -1 if problem.row is None else problem.row)
        frame = self._frame(kept, records, shapes, columns)
        return Reading(
            frame=frames.check(frame, contract(self.layer)), rows=len(rows), problems=tuple(self.problems)
        )

    # ------------------------------------------------------------------------------------------- problems

    def _note(
        self,
        code: str,
        remedy: str,
        *,
        row: int | None = None,
        field: str = "",
        at: str = "",
        severity: Severity = "fault",
        values: Mapping[str, object] | None = None,
    ) -> None:
        problem = Problem(
            code=code,
            remedy=remedy,
            file=self.file,
            sheet=self.table.name,
            row=row,
            field=field,
            header=at,
            values={key: str(value) for key, value in (values or {}).items()},
            severity=severity,
        )
        self.problems.append(problem)

    def _is_sample(self, row: RawRow) -> bool:
        """Whether this is the sample row that templates tell people not to delete."""
        if not any(_SAMPLE_MARK in cells.plain(cell) for cell in row.cells):
            return False
        self._note("sample_row", "delete_sample", row=row.number, severity="note")
        return True

    # ------------------------------------------------------------------------------------------- headers

    def _match_headers(self) -> _Columns:
        names = header_names(self.layer, self.policy)
        if self.table.headers is not None:
            return self._columns(self.table.headers, 0, names)
        candidates = self.table.rows[:_HEADER_SEARCH_ROWS]
        known = [sum(header(cell) in names for cell in row.cells) for row in candidates]
        if not known or max(known) == 0:
            raise SourceError("header_missing", "use_template", header=self._first_header())
        place = known.index(max(known))
        return self._columns(tuple(map(cells.plain, candidates[place].cells)), place + 1, names)

    def _first_header(self) -> str:
        return next(iter(self.layer.fields.values())).words["zh"]

    def _columns(self, headers: tuple[str, ...], first_row: int, names: Mapping[str, str]) -> _Columns:
        fields: dict[str, int] = {}
        positions: dict[str, tuple[int, ...]] = {}
        for place, title in enumerate(headers):
            name = names.get(header(title)) or (self._name_of_short(title, names))
            if name is None:
                self._note_unknown(title)
            elif name in POSITION_FIELDS:
                positions[name] = (*positions.get(name, ()), place)
            elif name not in fields or self._matches_better(title, headers[fields[name]], name):
                fields[name] = place
        self._refuse_missing(fields)
        return _Columns(headers=headers, first_row=first_row, fields=fields, positions=positions)

    def _name_of_short(self, title: str, names: Mapping[str, str]) -> str | None:
        """Find the field of a header that a Shapefile has cut off, if only one begins like it."""
        if not self.table.short_headers or len(title.encode()) < _SHORT_HEADER_BYTES - 1:
            return None
        found = {name for word, name in names.items() if word.startswith(header(title))}
        return found.pop() if len(found) == 1 else None

    def _note_unknown(self, title: str) -> None:
        if header(title):
            self._note("column_unknown", "rename_column", at=title, severity="note")

    def _matches_better(self, title: str, taken: str, name: str) -> bool:
        """Whether `title` is an earlier synonym of the field than the header already taken for it."""
        order = [header(word) for word in _words_of_field(self.layer.fields[name])]
        new, old = order.index(header(title)), order.index(header(taken))
        if new == old:
            self._note("column_repeated", "keep_one_column", field=name, at=title)
        return new < old

    def _refuse_missing(self, fields: Mapping[str, int]) -> None:
        for name, field in self.layer.fields.items():
            if (
                field.required
                and name not in fields
                and field.default is None
                and name not in self.layer.fixed
            ):
                words = field.words["zh"]
                self._note("column_missing", "use_template", field=name, values={"header": words})

    # ------------------------------------------------------------------------------------------- cells

    def _record(self, row: RawRow, columns: _Columns) -> dict[str, object]:
        record: dict[str, object] = {}
        for name, field in self.layer.fields.items():
            place = columns.fields.get(name)
            if place is None and field.default is None:
                continue
            cell = row.cells[place] if place is not None and place < len(row.cells) else None
            record[name] = self._value(
                row.number, field, cell, columns.headers[place] if place is not None else ""
            )
        if not record.get("code") and self.layer.code_from:
            record["code"] = "/".join(
                cells.plain(_key_part(record.get(name))) or "-" for name in self.layer.code_from
            )
        return record

    def _value(self, row: int, field: Field, cell: Cell, at: str) -> object:
        if cells.plain(cell) == "":
            if field.required and field.default is None:
                self._note("required", "fill_in", row=row, field=field.name, at=at)
            return field.default
        try:
            return self.readers[field.name](cell)
        except CellError as error:
            self._note(error.code, error.remedy, row=row, field=field.name, at=at, values=error.values)
            return None

    def _refuse_repeated_codes(self, records: Mapping[int, Mapping[str, object]]) -> None:
        first: dict[object, int] = {}
        for row, record in records.items():
            code = record.get("code")
            if code and first.setdefault(code, row) != row:
                self._note(
                    "code_repeated",
                    "make_unique",
                    row=row,
                    field="code",
                    values={"value": code, "first": first[code]},
                )

    # ------------------------------------------------------------------------------------------- positions

    def _datum(self, asked: str | None, columns: _Columns) -> Datum | None:
        """Settle the datum of the positions: asked, or stated by the file. None: there is nothing to settle."""
        wanted = self._asked_datum(asked)
        if self.layer.geometry == "none":
            return None
        system = self.table.crs
        if self.table.drawn and system is not None:
            return self._drawn_datum(system, wanted)
        if wanted is None and (self.table.drawn or columns.positions):
            if not (asked and None in faulty_rows(self.problems)):
                self._note("datum_asked", "say_datum")
            return None
        return wanted

    def _asked_datum(self, asked: str | None) -> Datum | None:
        if asked is None:
            return None
        key = header(asked)
        if key in _LOCAL_DATUMS:
            self._note("datum_refused", "convert_datum", values={"datum": _LOCAL_DATUMS[key]})
            return None
        found = _choices("datums", self.policy).get(key)
        for datum in crs.DATUMS:
            if datum == found:
                return datum
        self._note("not_choice", "choose_one", values={"value": asked, "group": "datums"})
        return None

    def _drawn_datum(self, system: CRS, wanted: Datum | None) -> Datum | None:
        """Settle the datum of a drawing that states one: its word holds, but no label can say a Chinese map datum."""
        geodetic = system.geodetic_crs
        name = geodetic.name if geodetic is not None else ""
        if geodetic is None or any(local in name for local in _LOCAL_GEODETIC):
            self._note("datum_refused", "convert_datum", values={"datum": system.name})
        elif wanted in {"GCJ02", "BD09"} and not system.is_geographic:
            self._note("datum_conflict", "agree_datum", values={"found": system.name, "asked": wanted})
        return wanted if wanted is not None else "CGCS2000"

    def _shapes(
        self, rows: Sequence[RawRow], columns: _Columns, datum: Datum | None
    ) -> Mapping[int, BaseGeometry | None]:
        if self.layer.geometry == "none":
            return {}
        raw = {row.number: self._raw_shape(row, columns) for row in rows}
        stored = dict(zip(raw, _to_stored(list(raw.values()), self.table.crs, datum), strict=True))
        return {row: self._checked_shape(row, shape) for row, shape in stored.items()}

    def _raw_shape(self, row: RawRow, columns: _Columns) -> BaseGeometry | None:
        """Return the shape of a row in the file's own coordinates, its axes put right."""
        if self.table.drawn:
            return row.shape
        try:
            if "wkt" in columns.positions and (written := self._cells(row, columns.positions["wkt"])[0]):
                return _from_wkt(cells.plain(written))
            pair = self._pair(row, columns)
            return None if pair is None else shapely.Point(self._right_way_round(row.number, *pair))
        except CellError as error:
            self._note(error.code, error.remedy, row=row.number, field="geometry", values=error.values)
            return _REFUSED

    @staticmethod
    def _cells(row: RawRow, places: Sequence[int]) -> list[Cell]:
        return [row.cells[place] if place < len(row.cells) else None for place in places]

    def _pair(self, row: RawRow, columns: _Columns) -> tuple[float, float] | None:
        if {"lon", "lat"} <= columns.positions.keys():
            lon = self._angle(self._cells(row, columns.positions["lon"]))
            lat = self._angle(self._cells(row, columns.positions["lat"]))
            if lon is not None and lat is not None:
                return lon, lat
            if (lon is None) != (lat is None):
                raise CellError("coordinate_missing", "write_coordinates")
        if "pair" in columns.positions:
            written = self._cells(row, columns.positions["pair"])[0]
            if cells.plain(written):
                return cells.position(written)
        return None

    @staticmethod
    def _angle(found: Sequence[Cell]) -> float | None:
        """Read an angle from one cell, or from three: degrees, minutes, seconds."""
        filled = [cells.plain(cell) for cell in found if cells.plain(cell)]
        if not filled:
            return None
        if len(found) == _DMS_COLUMNS and len(filled) > 1:
            return cells.degrees(" ".join(filled))
        return cells.degrees(found[0])

    def _right_way_round(self, row: int, lon: float, lat: float) -> tuple[float, float]:
        """Return a position with its axes in order; refuses metres."""
        if max(abs(lon), abs(lat)) > 360:  # noqa: PLR2004  # no angle
            raise CellError("metre_coordinates", "convert_metres", x=f"{lon:.2f}", y=f"{lat:.2f}")
        homes = [bounds for bounds in (self.near, _CHINA) if bounds is not None]
        swapped = not any(_within(lon, lat, home) for home in homes) and _within(lat, lon, homes[0])
        if swapped or (abs(lat) > 90 and abs(lon) <= 90):  # noqa: PLR2004  # beyond a pole
            self._note(
                "axes_swapped",
                "check_swapped",
                row=row,
                field="geometry",
                severity="note",
                values={"lon": lat, "lat": lon},
            )
            return lat, lon
        return lon, lat

    def _checked_shape(self, row: int, shape: BaseGeometry | None) -> BaseGeometry | None:
        """Return a stored shape if the layer may keep it; else note why not."""
        if shape is _REFUSED:
            return None
        if shape is None or shape.is_empty:
            if self.layer.geometry_required:
                code, remedy = ("geometry_missing", "draw_geometry") if self.table.drawn else _NO_POSITION
                self._note(code, remedy, row=row, field="geometry")
            return None
        problem = _shape_problem(shape, self.layer)
        if problem:
            code, remedy, values = problem
            self._note(code, remedy, row=row, field="geometry", values=values)
            return None
        self._note_far(row, shape)
        return shape

    def _note_far(self, row: int, shape: BaseGeometry) -> None:
        if self.near is None:
            return
        centre = shape.centroid
        if not _within(centre.x, centre.y, self.near):
            self._note(
                "coordinate_outside",
                "confirm_county",
                row=row,
                field="geometry",
                severity="note",
                values={"lon": f"{centre.x:.5f}", "lat": f"{centre.y:.5f}"},
            )

    # ------------------------------------------------------------------------------------------- frame

    def _frame(
        self,
        kept: Sequence[int],
        records: Mapping[int, Mapping[str, object]],
        shapes: Mapping[int, BaseGeometry | None],
        columns: _Columns,
    ) -> gpd.GeoDataFrame:
        present = [
            name
            for name, field in self.layer.fields.items()
            if name in columns.fields or field.default is not None or name == "code"
        ]
        content = {
            name: pd.Series([records[row].get(name) for row in kept], index=list(kept), dtype=object)
            for name in present
        }
        return gpd.GeoDataFrame(
            content, index=list(kept), geometry=[shapes.get(row) for row in kept], crs=crs.STORED
        )


_REFUSED: Final = shapely.GeometryCollection()
"""Stands for a position that has been refused already."""

_NO_POSITION: Final = ("coordinate_missing", "write_coordinates")


def _key_part(value: object) -> Cell:
    return value if isinstance(value, (str, int, float)) or value is None else str(value)


def header_names(layer: Layer, policy: Policy) -> dict[str, str]:
    """Map every header that means something, in `cells.header` spelling, to its field or its group of positions."""
    names: dict[str, str] = {}
    for group, term in policy.vocabulary.get("headers", {}).items():
        for word in (group, *term.words.values(), *term.aka):
            names[header(word)] = group
    if layer.geometry == "none":
        names = {}
    for name, field in reversed(list(layer.fields.items())):
        for word in reversed(_words_of_field(field)):
            names[header(word)] = name
    for name, field in layer.fields.items():
        for word in (name, *field.words.values()):
            names[header(word)] = name
    return names


def _words_of_field(field: Field) -> list[str]:
    return [field.name, *field.words.values(), *field.also]


def _choices(group: str, policy: Policy) -> dict[str, str]:
    terms: Iterable[Term] = policy.vocabulary.get(group, {}).values()
    return cells.words_of((term.code, (*term.words.values(), *term.aka)) for term in terms)


def _cell_reader(field: Field, policy: Policy) -> Callable[[Cell], object]:
    """Return the function that reads a cell of this field."""
    if field.type == "choice":
        codes = _choices(field.group, policy)
        return lambda cell: cells.choice(cell, codes, group=field.group)
    if field.type == "capabilities":
        known = _choices("capabilities", policy)
        return lambda cell: cells.capabilities(cell, known)
    if field.type == "layer":
        layers = cells.words_of((layer.code, layer.words.values()) for layer in policy.layers.values())
        return lambda cell: cells.choice(cell, layers, group="layers")
    if field.type == "integer":
        return lambda cell: cells.integer(cell, least=field.least, most=field.most)
    if field.type == "number":
        return lambda cell: cells.number(cell, least=field.least, most=field.most)
    plain_readers: dict[str, Callable[[Cell], Any]] = {
        "boolean": cells.boolean,
        "date": cells.day,
        "phone": cells.phone,
        "area": cells.area_code,
    }
    return plain_readers.get(field.type, lambda cell: cells.text(cell, limit=field.limit))


def _from_wkt(written: str) -> BaseGeometry:
    try:
        return shapely.force_2d(shapely.from_wkt(written))
    except shapely.errors.ShapelyError as error:
        raise CellError("geometry_invalid", "redraw_geometry", detail="WKT") from error


def _within(lon: float, lat: float, bounds: Bounds) -> bool:
    west, south, east, north = bounds
    return (
        west - _FAR_DEGREES <= lon <= east + _FAR_DEGREES
        and south - _FAR_DEGREES <= lat <= north + _FAR_DEGREES
    )


def _shape_problem(shape: BaseGeometry, layer: Layer) -> tuple[str, str, dict[str, str]] | None:
    """Say why the layer may not keep a stored shape; None if it may."""
    if shape.geom_type not in ACCEPTED_SHAPES[layer.geometry]:
        return "geometry_kind", "change_geometry", {"found": shape.geom_type, "wanted": layer.geometry}
    west, south, east, north = shape.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):  # noqa: PLR2004  # degrees
        return "coordinate_range", "check_coordinates", {"lon": f"{west:.5f}", "lat": f"{south:.5f}"}
    if not shape.is_valid:
        return "geometry_invalid", "redraw_geometry", {"detail": shapely.is_valid_reason(shape)}
    return None


def _to_stored(
    shapes: Sequence[BaseGeometry | None], system: CRS | None, datum: Datum | None
) -> Sequence[BaseGeometry | None]:
    """Bring shapes of a file to the stored datum: through its projection first, then out of a Chinese map datum."""
    column = np.asarray(shapes, dtype=object)
    if system is not None and not (system.is_geographic and datum in {"GCJ02", "BD09"}):
        series = gpd.GeoSeries(column, crs=system).to_crs(crs.STORED)
        column = np.asarray(series, dtype=object)
    if datum is None or datum not in {"GCJ02", "BD09"}:
        return list(column)
    return [_shift(shape, datum) for shape in column]


def _shift(shape: BaseGeometry | None, datum: Datum) -> BaseGeometry | None:
    if shape is None or shape is _REFUSED:
        return shape

    def move(lonlat: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.column_stack(crs.to_stored(lonlat[:, 0], lonlat[:, 1], datum))

    return shapely.transform(shape, move)
