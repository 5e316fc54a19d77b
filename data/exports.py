"""Layers on their way out as files that an import reads back (GeoJSON, GeoPackage, CSV, Excel).

A spreadsheet takes a cell that begins like a formula for one, and some name of a place could begin so: in CSV such
text gets an apostrophe in front, which `data.sources` takes off again; a workbook marks it as text.
"""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import openpyxl
import pandas as pd

from data import sources
from data.layers import Layer


def write(frame: gpd.GeoDataFrame, layer: Layer, path: Path) -> None:
    """Write a frame of `layer` (see `data.places.frame`) to a file, its format by the suffix.

    Reading it back as CGCS2000 gives the same rows. Raises ValueError for a suffix that is none of `.geojson`,
    `.gpkg`, `.csv` and `.xlsx` (a Shapefile would cut the headers off), or for outlines in `.xlsx` (its cells hold
    32,767 characters, and a county's outline has more); OSError where the file cannot be made.
    """
    writer = _WRITERS.get(path.suffix.lower())
    if writer is _write_workbook and layer.geometry not in {"none", "Point"}:
        raise ValueError(f"{layer.code!r} has outlines, which no cell of a workbook holds")
    if writer is None:
        raise ValueError(f"{path.suffix!r} is none of {', '.join(_WRITERS)}")
    writer(_plain(frame, layer), layer, path)


def _plain(frame: gpd.GeoDataFrame, layer: Layer) -> gpd.GeoDataFrame:
    """Return the frame with values that every format can hold."""
    content = {name: frame[name].map(_text_or_number) for name in layer.fields if name in frame.columns}
    return gpd.GeoDataFrame(content, geometry=frame.geometry, crs=frame.crs)


def _text_or_number(value: Any) -> Any:
    if isinstance(value, tuple):
        return ";".join(f"{code}:{grade}" for code, grade in value)
    return value.isoformat() if isinstance(value, date) else value


def _write_geojson(frame: gpd.GeoDataFrame, _layer: Layer, path: Path) -> None:
    path.write_text(frame.to_json(drop_id=True, ensure_ascii=False, to_wgs84=True), encoding="utf-8")


def _write_geopackage(frame: gpd.GeoDataFrame, layer: Layer, path: Path) -> None:
    frame.to_file(path, layer=layer.code, driver="GPKG")


def _write_csv(frame: gpd.GeoDataFrame, layer: Layer, path: Path) -> None:
    # the mark at the beginning tells spreadsheets the encoding
    _table(frame, layer).map(sources.guarded).to_csv(path, index=False, encoding="utf-8-sig")


def _write_workbook(frame: gpd.GeoDataFrame, layer: Layer, path: Path) -> None:
    table = _table(frame, layer)
    workbook = openpyxl.Workbook()
    sheet = workbook.worksheets[0]
    sheet.title = layer.code
    for row, values in enumerate([tuple(table.columns), *table.itertuples(index=False, name=None)], 1):
        for column, value in enumerate(values, 1):
            if value is None or value != value:  # noqa: PLR0124 - not a number
                continue
            cell = sheet.cell(row, column, value)
            if isinstance(value, str):
                # an import refuses what a spreadsheet would run; all else is text, whatever it begins with
                cell.value = sources.guarded_in_workbook(value)
                cell.data_type = "s"
    sheet.freeze_panes = "A2"
    workbook.save(path)


def _table(frame: gpd.GeoDataFrame, layer: Layer) -> pd.DataFrame:
    """Return the frame with its positions as columns."""
    table = pd.DataFrame(frame.drop(columns="geometry"))
    if layer.geometry == "Point":
        table["lon"], table["lat"] = frame.geometry.x, frame.geometry.y
    elif layer.geometry != "none":
        table["wkt"] = frame.geometry.to_wkt()
    return table


_WRITERS: Final[Mapping[str, Callable[[gpd.GeoDataFrame, Layer, Path], None]]] = MappingProxyType(
    {".geojson": _write_geojson, ".gpkg": _write_geopackage, ".csv": _write_csv, ".xlsx": _write_workbook}
)
