"""Positions of a raw table → shapes in the stored datum, each checked against what the layer may keep."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from data import cells
from data.cells import Cell, CellError, header
from data.columns import Columns
from data.layers import ACCEPTED_SHAPES, Layer
from data.problems import Notebook
from data.sources import RawRow, RawTable
from gis import crs
from gis.crs import Datum

Bounds = tuple[float, float, float, float]
"""West, south, east, north in stored degrees."""

Shapes = Mapping[int, BaseGeometry | None]
"""By row number."""

_MAP_DATUMS: Final[frozenset[str]] = frozenset({"GCJ02", "BD09"})
"""Datums of online maps, which no label of a file can say."""

_LOCAL_DATUMS: Final = {
    "beijing54": "Beijing54",
    "北京54": "Beijing54",
    "xian80": "Xian80",
    "西安80": "Xian80",
}
_LOCAL_GEODETIC: Final = ("Beijing 1954", "New Beijing", "Xian 1980")
_CHINA: Final[Bounds] = (73.0, 3.0, 136.0, 54.0)
_NEAR_DEGREES: Final = 1.0
_DMS_COLUMNS: Final = 3
_LARGEST_ANGLE: Final = 360
_LON_LIMIT, _LAT_LIMIT = 180, 90


def settle_datum(
    table: RawTable, columns: Columns, asked: str | None, known: Mapping[str, str], notes: Notebook
) -> Datum | None:
    """Settle the datum of a table's positions: as asked, or as the file states it. None: there is none to settle.

    asked: any word in `known`, which maps words in `cells.header` spelling to datums. A table with positions that
    says nothing, and a datum that needs local parameters, are faults of the file.
    """
    wanted = _asked(asked, known, notes)
    if table.drawn and table.crs is not None:
        return _stated(table.crs, wanted, notes)
    if wanted is None and asked is None and (table.drawn or columns.positions):
        notes.fault("datum_asked", "say_datum")
    return wanted


def _asked(asked: str | None, known: Mapping[str, str], notes: Notebook) -> Datum | None:
    if asked is None:
        return None
    local, found = _LOCAL_DATUMS.get(header(asked)), known.get(header(asked))
    if local is not None:
        notes.fault("datum_refused", "convert_datum", datum=local)
    elif found is None:
        notes.fault("not_choice", "choose_one", value=asked, group="datums")
    return next((datum for datum in crs.DATUMS if datum == found), None)


def _stated(system: CRS, wanted: Datum | None, notes: Notebook) -> Datum:
    """Settle the datum of a drawing that states one: its word holds, but no label can say an online map's datum."""
    geodetic = system.geodetic_crs
    if geodetic is None or any(local in geodetic.name for local in _LOCAL_GEODETIC):
        notes.fault("datum_refused", "convert_datum", datum=system.name)
    elif wanted in _MAP_DATUMS and not system.is_geographic:
        notes.fault("datum_conflict", "agree_datum", found=system.name, asked=wanted)
    return wanted or "CGCS2000"


def read(
    rows: Sequence[RawRow],
    table: RawTable,
    columns: Columns,
    *,
    layer: Layer,
    datum: Datum | None,
    near: Bounds | None,
    notes: Notebook,
    place: Callable[[int], BaseGeometry | None] | None = None,
) -> Shapes:
    """Read the shape of each row, in stored degrees; None where it has none. `near`: where the county lies.

    place: finds a place for a row (its number) that writes none, or notes itself why it does not.
    """
    drawn: dict[int, BaseGeometry | None] = (
        {row.number: row.shape for row in rows} if table.drawn else _written(rows, columns, near, notes)
    )
    stored = _to_stored(list(drawn.values()), table.crs, datum)
    found: dict[int, BaseGeometry | None] = {}
    for number, shape, plain in zip(drawn, stored, _unremarkable(stored, layer, near), strict=True):
        if plain:
            found[number] = shape
        elif shape is None and place is not None and not table.drawn:
            found[number] = place(number)
        else:
            found[number] = _checked(number, shape, layer, near, drawn=table.drawn, notes=notes)
    return found


# ----------------------------------------------------------------------------------------------- written positions


def _written(
    rows: Sequence[RawRow], columns: Columns, near: Bounds | None, notes: Notebook
) -> dict[int, BaseGeometry | None]:
    """Read the positions that rows of a spreadsheet write, their axes put right; None where one writes none."""
    found: dict[int, BaseGeometry | None] = {}
    pairs: dict[int, tuple[float, float]] = {}
    numeric = _numeric_columns(columns)
    for row in rows:
        try:
            pair = (numeric and _numbers(row, *numeric)) or None
            if (
                pair is None
                and "wkt" in columns.positions
                and (wkt := _filled(row, columns.positions["wkt"]))
            ):
                found[row.number] = _from_wkt("".join(wkt))  # one too long for one cell goes on in the next
                continue
            pair = pair or _pair(row, columns)
            found[row.number] = None
            if pair is not None:
                pairs[row.number] = _right_way_round(row.number, *pair, near, notes)
        except CellError as error:
            found.pop(row.number, None)
            notes.fault(error.code, error.remedy, row=row.number, field="geometry", **error.values)
    points = np.asarray(shapely.points(np.array(list(pairs.values())).reshape(-1, 2)), dtype=object)
    found.update(zip(pairs, points, strict=True))
    return found


def _numeric_columns(columns: Columns) -> tuple[int, int] | None:
    """Return the columns of longitude and latitude where each has one and no outline may stand beside them."""
    lon, lat = columns.positions.get("lon", ()), columns.positions.get("lat", ())
    return (lon[0], lat[0]) if len(lon) == len(lat) == 1 and "wkt" not in columns.positions else None


def _numbers(row: RawRow, lon: int, lat: int) -> tuple[float, float] | None:
    """Return both angles where both cells are numbers, as nearly all are."""
    if max(lon, lat) >= len(row.cells):
        return None
    one, other = row.cells[lon], row.cells[lat]
    if type(one) is float and type(other) is float and one == one and other == other:  # noqa: PLR0124  # NaN
        return one, other
    return None


def _pair(row: RawRow, columns: Columns) -> tuple[float, float] | None:
    lone = _filled(row, (*columns.positions.get("lon", ()), *columns.positions.get("lat", ())))
    if len(lone) == 1 and "," in lone[0]:
        return cells.position(lone[0])  # both in the cell of one: as people mend a row that has neither
    lon = _angle(row, columns.positions.get("lon", ()))
    lat = _angle(row, columns.positions.get("lat", ()))
    if lon is not None and lat is not None:
        return lon, lat
    if lon is not None or lat is not None:
        raise CellError("coordinate_missing", "write_coordinates")
    both = _filled(row, columns.positions.get("pair", ()))
    return cells.position(both[0]) if both else None


def _angle(row: RawRow, places: Sequence[int]) -> float | None:
    """Read an angle from one column, or from three of one header: degrees, minutes, seconds."""
    if len(places) == 1:
        cell = row.cells[places[0]] if places[0] < len(row.cells) else None
        if isinstance(cell, float):
            return cell if cell == cell else None  # noqa: PLR0124  # NaN alone differs from itself
        return cells.degrees(cell) if cells.plain(cell) else None
    parts = [cells.plain(row.cells[place]) if place < len(row.cells) else "" for place in places]
    if not any(parts):
        return None
    last = max(number for number, part in enumerate(parts) if part)
    if len(places) != _DMS_COLUMNS or not all(parts[: last + 1]):
        raise CellError("not_coordinate", "write_coordinates", value=" ".join(filter(None, parts)))
    return cells.degrees(" ".join(parts[: last + 1]))


def _filled(row: RawRow, places: Sequence[int]) -> list[str]:
    found: list[Cell] = [row.cells[place] for place in places if place < len(row.cells)]
    return [text for cell in found if (text := cells.plain(cell))]


def _from_wkt(written: str) -> BaseGeometry:
    try:
        shape: BaseGeometry = shapely.force_2d(shapely.from_wkt(written))
    except shapely.errors.ShapelyError as error:
        raise CellError("geometry_invalid", "redraw_geometry", detail="WKT") from error
    return shape


def _right_way_round(
    row: int, lon: float, lat: float, near: Bounds | None, notes: Notebook
) -> tuple[float, float]:
    """Return a position with its axes in order; refuses metres.

    Swapped: beyond a pole as it stands, or neither near the county nor in China, but so the other way round.
    """
    if max(abs(lon), abs(lat)) > _LARGEST_ANGLE:
        raise CellError("metre_coordinates", "convert_metres", x=f"{lon:.2f}", y=f"{lat:.2f}")
    homes = [home for home in (near, _CHINA) if home is not None]
    beyond_a_pole = abs(lat) > _LAT_LIMIT >= abs(lon)
    elsewhere = not any(_is_near(lon, lat, home) for home in homes)
    if beyond_a_pole or (elsewhere and _is_near(lat, lon, homes[0])):
        notes.remark("axes_swapped", "check_swapped", row=row, field="geometry", lon=lat, lat=lon)
        return lat, lon
    return lon, lat


def _is_near(lon: float, lat: float, home: Bounds) -> bool:
    west, south, east, north = home
    return (
        west - _NEAR_DEGREES <= lon <= east + _NEAR_DEGREES
        and south - _NEAR_DEGREES <= lat <= north + _NEAR_DEGREES
    )


# ----------------------------------------------------------------------------------------------- stored shapes


def _to_stored(
    shapes: Sequence[BaseGeometry | None], system: CRS | None, datum: Datum | None
) -> Sequence[BaseGeometry | None]:
    """Bring shapes of a file to the stored datum: out of its projection, or out of an online map's datum."""
    column = np.asarray(shapes, dtype=object)
    if datum is not None and datum in _MAP_DATUMS:
        return list(_shifted(column, datum))
    if system is None:
        return list(column)
    return list(gpd.GeoSeries(column, crs=system).to_crs(crs.STORED))


def _shifted(shapes: npt.NDArray[np.object_], datum: Datum) -> npt.NDArray[np.object_]:
    def move(lonlat: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(crs.to_stored(lonlat[:, 0], lonlat[:, 1], datum))

    return np.asarray(shapely.transform(shapes, move), dtype=object)


def _unremarkable(
    shapes: Sequence[BaseGeometry | None], layer: Layer, near: Bounds | None
) -> npt.NDArray[np.bool_]:
    """Tell, all at once, which shapes the layer may keep without a word; the others are looked at one by one."""
    column = np.array(shapes, dtype=object)
    accepted = {name.upper() for name in ACCEPTED_SHAPES[layer.geometry]}
    kinds = [kind for kind in shapely.GeometryType if kind.name in accepted]
    west, south, east, north = shapely.bounds(column).reshape(-1, 4).T
    fine = np.isin(shapely.get_type_id(column), kinds) & ~shapely.is_empty(column) & shapely.is_valid(column)
    fine &= (west >= -_LON_LIMIT) & (east <= _LON_LIMIT) & (south >= -_LAT_LIMIT) & (north <= _LAT_LIMIT)
    if near is not None:
        middle = shapely.centroid(column)
        x, y = shapely.get_x(middle), shapely.get_y(middle)
        least_x, least_y, most_x, most_y = near
        fine &= (x >= least_x - _NEAR_DEGREES) & (x <= most_x + _NEAR_DEGREES)
        fine &= (y >= least_y - _NEAR_DEGREES) & (y <= most_y + _NEAR_DEGREES)
    return np.asarray(fine, dtype=bool)


def _checked(
    row: int, shape: BaseGeometry | None, layer: Layer, near: Bounds | None, *, drawn: bool, notes: Notebook
) -> BaseGeometry | None:
    """Return a stored shape if the layer may keep it; else write down why not."""
    if shape is None or shape.is_empty:
        if layer.geometry_required and drawn:
            notes.fault("geometry_missing", "draw_geometry", row=row, field="geometry")
        elif layer.geometry_required:
            notes.fault("coordinate_missing", "write_coordinates", row=row, field="geometry")
        return None
    refusal = _refusal(shape, layer)
    if refusal is not None:
        notes.fault(refusal.code, refusal.remedy, row=row, field="geometry", **refusal.values)
        return None
    if near is not None and not _is_near(shape.centroid.x, shape.centroid.y, near):
        lon, lat = (f"{degrees:.5f}" for degrees in (shape.centroid.x, shape.centroid.y))
        notes.remark("coordinate_outside", "confirm_county", row=row, field="geometry", lon=lon, lat=lat)
    return shape


def _refusal(shape: BaseGeometry, layer: Layer) -> CellError | None:
    """Say why the layer may not keep a stored shape; None if it may."""
    if shape.geom_type not in ACCEPTED_SHAPES[layer.geometry]:
        return CellError("geometry_kind", "change_geometry", found=shape.geom_type, wanted=layer.geometry)
    west, south, east, north = shape.bounds
    if not (-_LON_LIMIT <= west <= east <= _LON_LIMIT and -_LAT_LIMIT <= south <= north <= _LAT_LIMIT):
        return CellError("coordinate_range", "check_coordinates", lon=f"{west:.5f}", lat=f"{south:.5f}")
    if not shape.is_valid:
        return CellError("geometry_invalid", "redraw_geometry", detail=shapely.is_valid_reason(shape))
    return None
