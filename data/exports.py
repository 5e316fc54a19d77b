"""Layers on their way out as files that an import reads back without a difference, one layer or many at once.

| format | one layer | many layers | what it cannot hold, and how it is kept |
|---|---|---|---|
| Excel | a sheet | a sheet each | a cell holds 32,767 characters: an outline goes on in further columns of its header |
| CSV | a file | a zip of files | text like a formula gets an apostrophe, which `data.sources` takes off again |
| GeoPackage | a table | a table each | – |
| Shapefile | a zip | a zip | names of ten bytes, texts of 254: tables beside it (`data.shapefiles`) |
| GeoJSON | a file | a zip of files | – |
| KML | a folder | a folder each | every value is text |

Values are the store's own, in the spelling that an import gives every text (`data.cells.plain`).
"""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, zip_longest
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, get_args
from xml.sax.saxutils import escape, quoteattr

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import shapely
from shapely.geometry.base import BaseGeometry

from data import headings, shapefiles, sources, workbooks
from data.headings import Headers
from data.layers import Layer
from data.policies import Policy

Format = Literal["xlsx", "csv", "gpkg", "shp", "geojson", "kml"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)

_PIECE: Final = 30_000
"""Characters of an outline in one cell, below `workbooks.LONGEST_CELL`."""

_WIDTH_ROWS: Final = 200  # by so many rows the width of a column is chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of a layer on their way out: a frame as `data.places.frame` makes it. `masked`: fields whose values are."""

    layer: Layer
    frame: gpd.GeoDataFrame
    masked: frozenset[str] = frozenset()


def suffix_of(format_: Format, *, many: bool) -> str:
    """Return how the name of a file ends."""
    if format_ == "shp" or (many and format_ in {"csv", "geojson"}):
        return ".zip"
    return f".{format_}"


def format_of(path: Path) -> Format | None:
    """Return the format that a file's name says for one layer; None for a name that says none. A zip is a Shapefile."""
    suffix = path.suffix.lower().removeprefix(".")
    return "shp" if suffix == "zip" else next((one for one in FORMATS if one == suffix != "shp"), None)


def write(
    tables: Sequence[Table], path: Path, policy: Policy, *, format_: Format, headers: Headers = "zh"
) -> None:
    """Write tables to one file. Reading it back as CGCS2000, layer by layer, gives the same rows.

    Raises OSError where the file cannot be made.
    """
    ready = [_ready(table, policy, headers) for table in tables]
    _WRITERS[format_](ready, path)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """A table in the words of its file. `names`: of its columns by field, those of positions by group."""

    layer: Layer
    frame: gpd.GeoDataFrame  # its columns are headed and its values worded; shapes in `geometry`
    names: Mapping[str, str]
    positions: Mapping[str, str]
    title: str

    @property
    def stem(self) -> str:
        return self.layer.code


def _ready(table: Table, policy: Policy, headers: Headers) -> _Ready:
    layer, frame = table.layer, table.frame
    names = {
        name: (headings.masked_heading if name in table.masked else headings.heading)(field, policy, headers)
        for name, field in layer.fields.items()
        if name in frame.columns
    }
    content = {
        title: pd.Series(
            [headings.worded(layer.fields[name], value, policy, headers) for value in frame[name]],
            index=frame.index,
            dtype=object,
        )
        for name, title in names.items()
    }
    return _Ready(
        layer=layer,
        frame=gpd.GeoDataFrame(content, geometry=frame.geometry, crs=frame.crs),
        names=names,
        positions=headings.position_headings(layer, policy, headers),
        title=layer.code if headers == "code" else layer.words[headers],
    )


# ----------------------------------------------------------------------------------------------- spreadsheets


def _write_csv(tables: Sequence[_Ready], path: Path) -> None:
    if len(tables) == 1:
        path.write_bytes(_csv(tables[0]))
    else:
        _zip(path, {f"{table.stem}.csv": _csv(table) for table in tables})


def _csv(table: _Ready) -> bytes:
    rows = pd.DataFrame(_columns(table)).map(_in_text)
    # the mark at the beginning tells spreadsheets the encoding
    return str(rows.to_csv(index=False, lineterminator="\r\n")).encode("utf-8-sig")


def _in_text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else sources.guarded(value)


def _columns(table: _Ready) -> dict[str, list[Any]]:
    """Return the columns of a table by header, positions last; outlines as WKT to the last digit."""
    columns = {str(title): list(table.frame[title]) for title in table.frame.columns.drop("geometry")}
    shapes = table.frame.geometry
    if "lon" in table.positions:
        columns[table.positions["lon"]] = [None if one is None or one.is_empty else one.x for one in shapes]
        columns[table.positions["lat"]] = [None if one is None or one.is_empty else one.y for one in shapes]
    elif "wkt" in table.positions:
        columns[table.positions["wkt"]] = [None if one is None else _wkt(one) for one in shapes]
    return columns


def _wkt(shape: shapely.Geometry) -> str:
    return str(shapely.to_wkt(shape, rounding_precision=-1))


def _write_workbook(tables: Sequence[_Ready], path: Path) -> None:
    workbook = openpyxl.Workbook(write_only=True)
    for table in tables:
        _write_sheet(workbook.create_sheet(workbooks.sheet_name(table.title)), table)
    workbook.save(path)


def _write_sheet(sheet: Any, table: _Ready) -> None:
    columns = _columns(table)
    outline = table.positions.get("wkt")
    heads = [(title, 1) for title in columns]
    lines = zip_longest(*columns.values()) if columns else iter(())
    if outline is not None:
        pieces = [_pieces(text) for text in columns.pop(outline)]
        width = max(1, max(map(len, pieces), default=1))
        heads = [*((title, 1) for title in columns), (outline, width)]
        rest = zip(*columns.values(), strict=True) if columns else iter(())
        lines = ((*row, *piece) for row, piece in zip(rest, pieces, strict=True))
    shown = {title: [title, *values[:_WIDTH_ROWS]] for title, values in columns.items()}
    widths = (
        workbooks.width_of([] if value is None else value for value in shown.get(title, [title]))
        for title, times in heads
        for _ in range(times)
    )
    workbooks.set_widths(sheet, list(widths))
    sheet.freeze_panes = "A2"
    needed = {
        table.names[name]
        for name, field in table.layer.fields.items()
        if field.required and name in table.names
    }
    sheet.append(
        [
            workbooks.header_cell(sheet, title, needed=title in needed)
            for title in chain.from_iterable([title] * times for title, times in heads)
        ]
    )
    for line in lines:
        sheet.append([workbooks.cell_of(sheet, value) for value in line])


def _pieces(text: str | None) -> tuple[str, ...]:
    """Cut WKT into cells, each cut behind a comma: a reader that trims cells joins them again."""
    pieces = []
    rest = text or ""
    while len(rest) > _PIECE:
        cut = rest.rindex(",", 0, _PIECE) + 1
        pieces.append(rest[:cut])
        rest = rest[cut:].lstrip()
    return (*pieces, rest) if rest else tuple(pieces)


# ----------------------------------------------------------------------------------------------- drawings


def _write_geopackage(tables: Sequence[_Ready], path: Path) -> None:
    path.unlink(missing_ok=True)  # the driver adds to what is there
    for table in tables:
        frame, options = _typed(table), {}
        if table.layer.geometry == "none":
            frame = pd.DataFrame(frame.drop(columns="geometry"))
        else:
            options = {
                "geometry_type": _kind(table.layer),
                "promote_to_multi": _kind(table.layer) == "MultiPolygon",
            }
        pyogrio.write_dataframe(
            frame,
            path,
            layer=table.stem,
            driver="GPKG",
            append=path.exists(),
            identifier=table.title,
            **options,
        )


def _kind(layer: Layer) -> str:
    return "Unknown" if layer.geometry == "any" else layer.geometry


def _typed(table: _Ready) -> gpd.GeoDataFrame:
    """Give each column the type of its field: a column without a value would else be one of text."""
    types = {"integer": "Int64", "number": "Float64", "boolean": "boolean"}
    frame = table.frame.copy()
    for name, title in table.names.items():
        kind = types.get(table.layer.fields[name].type)
        values = frame[title]
        if kind is not None and not any(isinstance(value, str) for value in values):
            frame[title] = values.astype(kind)
        else:
            text = [value.isoformat() if isinstance(value, date) else value for value in values]
            frame[title] = pd.Series(text, index=frame.index, dtype="str")
    return frame


def _write_geojson(tables: Sequence[_Ready], path: Path) -> None:
    if len(tables) == 1:
        path.write_bytes(_geojson(tables[0]))
    else:
        _zip(path, {f"{table.stem}.geojson": _geojson(table) for table in tables})


def _geojson(table: _Ready) -> bytes:
    frame = table.frame.copy()
    for title in table.names.values():
        frame[title] = frame[title].map(lambda value: value.isoformat() if isinstance(value, date) else value)
    # CGCS2000 and WGS 84 agree to the centimetre, and RFC 7946 knows only the latter
    text: str = frame.set_crs(4326, allow_override=True).to_json(drop_id=True, ensure_ascii=False)
    return text.encode()


def _write_shapefile(tables: Sequence[_Ready], path: Path) -> None:
    _zip(path, dict(chain.from_iterable(_shapefile(table).items() for table in tables)))


def _shapefile(table: _Ready) -> dict[str, bytes]:
    frame = _typed(table)
    shapes = None if table.layer.geometry == "none" else _kind(table.layer)
    return shapefiles.files(
        frame, stem=table.stem, fields={title: name for name, title in table.names.items()}, kind=shapes
    )


# ----------------------------------------------------------------------------------------------- KML


def _write_kml(tables: Sequence[_Ready], path: Path) -> None:
    """Write a folder for each layer, whose columns a schema names (OGC KML 2.2, 9.3)."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n')
        file.write('<kml xmlns="http://www.opengis.net/kml/2.2"><Document id="muster">\n')
        for table in tables:
            fields = "".join(
                f'<SimpleField type="string" name={quoteattr(title)}/>' for title in table.names.values()
            )
            file.write(f"<Schema name={quoteattr(table.stem)} id={quoteattr(table.stem)}>{fields}</Schema>\n")
        for table in tables:
            file.write(f"<Folder id={quoteattr('folder-' + table.stem)}><name>{escape(table.stem)}</name>")
            file.write(f"<description>{escape(table.title)}</description>\n")
            file.writelines(_placemarks(table))
            file.write("</Folder>\n")
        file.write("</Document></kml>\n")


def _placemarks(table: _Ready) -> list[str]:
    told = list(table.frame.columns.drop("geometry"))
    label = next((table.names[name] for name in ("name", "code") if name in table.names), None)
    marks = []
    for row, shape in zip(table.frame[told].to_dict("records"), table.frame.geometry, strict=True):
        values = "".join(
            f"<SimpleData name={quoteattr(title)}>{_xml(value)}</SimpleData>"
            for title, value in row.items()
            if value is not None
        )
        name = "" if label is None or row[label] is None else f"<name>{_xml(row[label])}</name>"
        marks.append(
            f"<Placemark>{name}<ExtendedData><SchemaData schemaUrl={quoteattr('#' + table.stem)}>{values}"
            f"</SchemaData></ExtendedData>{_kml_shape(shape)}</Placemark>\n"
        )
    return marks


def _xml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(workbooks.without_controls(str(value)))


def _kml_shape(shape: BaseGeometry | None) -> str:
    if shape is None or shape.is_empty:
        return ""
    if isinstance(shape, shapely.Point):
        return f"<Point><coordinates>{_kml_positions(shape)}</coordinates></Point>"
    if isinstance(shape, shapely.LineString):
        return f"<LineString><coordinates>{_kml_positions(shape)}</coordinates></LineString>"
    if isinstance(shape, shapely.Polygon):
        rings = [("outer", shape.exterior), *(("inner", ring) for ring in shape.interiors)]
        said = "".join(
            f"<{side}BoundaryIs><LinearRing><coordinates>{_kml_positions(ring)}</coordinates></LinearRing></{side}BoundaryIs>"
            for side, ring in rings
        )
        return f"<Polygon>{said}</Polygon>"
    return f"<MultiGeometry>{''.join(map(_kml_shape, shapely.get_parts(shape)))}</MultiGeometry>"


def _kml_positions(shape: shapely.Geometry) -> str:
    return " ".join(f"{lon!r},{lat!r}" for lon, lat in shapely.get_coordinates(shape).tolist())


def _zip(path: Path, files: Mapping[str, bytes]) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    path.write_bytes(made.getvalue())


_WRITERS: Final[Mapping[Format, Callable[[Sequence[_Ready], Path], None]]] = MappingProxyType(
    {
        "xlsx": _write_workbook,
        "csv": _write_csv,
        "gpkg": _write_geopackage,
        "shp": _write_shapefile,
        "geojson": _write_geojson,
        "kml": _write_kml,
    }
)
