"""Shapefiles that lose nothing: their tables hold names of ten bytes and texts of 254, so the rest stands beside them.

In the zip, next to `teams.shp`: `teams.columns.csv` (short name, full header, field) and, where a text is longer than
its table holds, `teams.texts.csv` (row from 1, short name, text). A program that knows nothing of them reads the
Shapefile as ever; an import puts the headers and the texts back.
"""

import csv
import io
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import pyogrio

_NAME_BYTES: Final = 10
_TEXT_BYTES: Final = 254  # a dBASE field of text holds no more
_COLUMNS: Final = ".columns.csv"
_TEXTS: Final = ".texts.csv"
_SPEAKING: Final = {
    "columns": ("字段名 short", "表头 header", "字段代码 field"),
    "texts": ("行 row", "字段名 short", "全文 text"),
}


def files(
    frame: gpd.GeoDataFrame, *, stem: str, fields: Mapping[str, str], kind: str | None
) -> dict[str, bytes]:
    """Make the files of one Shapefile and of the tables beside it, by name.

    fields: the code of each column, of which its short name is made. kind: of its shapes; None: a table alone.
    """
    shorts = dict(zip(fields, _short_names(fields.values()), strict=True))
    long_texts: list[tuple[int, str, str]] = []
    content = {shorts[title]: _fitting(frame[title], shorts[title], long_texts) for title in fields}
    if kind is None:
        table: pd.DataFrame = pd.DataFrame(content)
    else:
        table = gpd.GeoDataFrame(content, geometry=frame.geometry, crs=frame.crs)
    made = _written(table, stem, kind)
    made[stem + _COLUMNS] = _csv(
        _SPEAKING["columns"], [(shorts[title], title, name) for title, name in fields.items()]
    )
    if long_texts:
        made[stem + _TEXTS] = _csv(_SPEAKING["texts"], long_texts)
    return made


def restored(frame: pd.DataFrame, path: Path, layer: str) -> tuple[pd.DataFrame, bool]:
    """Return a table that was read from a zip with its headers and texts put back; whether there were any."""
    beside = _beside(path, layer)
    headers = {line[0]: line[1] for line in beside.get(_COLUMNS, ())}
    if not headers:
        return frame, False
    whole = frame.copy()
    for row, short, text in beside.get(_TEXTS, ()):
        if short in whole.columns and row.isdigit() and 1 <= int(row) <= len(whole):
            whole[short] = whole[short].astype(object)
            whole.loc[whole.index[int(row) - 1], short] = text
    return whole.rename(columns=headers), True


def _short_names(names: Iterable[str]) -> list[str]:
    """Cut names to what a table holds, each its own."""
    taken: list[str] = []
    for name in names:
        short, number = name[:_NAME_BYTES], 1
        while short in taken:
            number += 1
            short = f"{name[: _NAME_BYTES - len(str(number))]}{number}"
        taken.append(short)
    return taken


def _fitting(values: pd.Series, short: str, long_texts: list[tuple[int, str, str]]) -> pd.Series:
    """Cut the texts that the table cannot hold, noting them whole; truth values as numbers, which every program reads."""
    if isinstance(values.dtype, pd.BooleanDtype):
        return values.astype("Int64")
    if not isinstance(values.dtype, pd.StringDtype):
        return values

    def fit(row: int, value: Any) -> Any:
        if not isinstance(value, str) or len(value.encode()) <= _TEXT_BYTES:
            return value
        long_texts.append((row, short, value))
        return value.encode()[:_TEXT_BYTES].decode(errors="ignore")

    return pd.Series(
        [fit(row, value) for row, value in enumerate(values, 1)], index=values.index, dtype="str"
    )


def _written(table: pd.DataFrame, stem: str, kind: str | None) -> dict[str, bytes]:
    """Let the driver write, and take what it wrote."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"{stem}.{'dbf' if kind is None else 'shp'}"
        options = {} if kind is None else {"geometry_type": "Polygon" if kind == "MultiPolygon" else kind}
        pyogrio.write_dataframe(table, target, driver="ESRI Shapefile", encoding="UTF-8", **options)
        return {file.name: file.read_bytes() for file in sorted(Path(folder).iterdir())}


def _csv(heads: Sequence[str], lines: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([heads, *lines])
    return text.getvalue().encode("utf-8-sig")


def _beside(path: Path, layer: str) -> dict[str, list[list[str]]]:
    """Read the tables beside one Shapefile of a zip; those of the only one, where the zip holds one."""
    if not zipfile.is_zipfile(path):
        return {}
    found: dict[str, list[list[str]]] = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            for kind in (_COLUMNS, _TEXTS):
                if Path(name).name == layer + kind:
                    text = archive.read(name).decode("utf-8-sig", errors="replace")
                    lines = list(csv.reader(io.StringIO(text, newline="")))[1:]
                    found[kind] = [line for line in lines if len(line) == len(_SPEAKING["columns"])]
    return found
