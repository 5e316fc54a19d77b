"""A project for QGIS 3.22 and later that opens the county as the command map shows it, with its data in a GeoPackage.

The zip holds `muster.qgs` and `county.gpkg` beside it. Groups, order, colours, symbols, labels and the scales from which
layers and labels show follow the layers' legends. The GeoPackage carries the same looks in `layer_styles`, so that it
opens styled without the project, too.
"""

import base64
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET  # builds a document of our own; nothing is parsed

import shapely
from pyproj import CRS

from data import exports, headings, symbols
from data.exports import Table
from data.headings import Headers
from data.layers import Layer
from data.policies import Policy
from gis.crs import STORED

PROJECT: Final = "muster.qgs"
PACKAGE: Final = "county.gpkg"
LAYER_ID: Final = "muster-layer-"
"""Before a layer's code: QGIS replaces ids of ten signs or less."""

_VERSION: Final = "3.22.16-Białowieża"
_SCALE_AT_ZERO: Final = 591_657_550.0 * 0.81
"""1 : n of a web map at zoom 0 on a screen of 96 dpi, on the ground at 36° N."""

_PIXEL_MM: Final = 25.4 / 96
_SYMBOL_SHARE: Final = 0.75  # of the radius from near: QGIS shows the county from further away
_FONT: Final = "Noto Sans CJK SC"
_LABEL_POINTS: Final = 8.0
_UNSEEN: Final = {
    "Point": "Point",
    "MultiPolygon": "Polygon",
    "Polygon": "Polygon",
    "LineString": "Line",
    "none": "No geometry",
}
_KINDS: Final[Mapping[str, int]] = {"Point": 0, "Line": 1, "Polygon": 2, "No geometry": 4}
_MARGIN: Final = 0.05
_WKT: Final = CRS.from_epsg(STORED).to_wkt("WKT2_2019")

_STYLES: Final = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
  f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
  useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
  update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    """A table and how the project shows it. `kind`: of its shapes, as QGIS calls it; `label`: the column written."""

    table: Table
    title: str
    kind: str
    label: str

    @property
    def layer(self) -> Layer:
        return self.table.layer

    @property
    def id(self) -> str:
        return LAYER_ID + self.layer.code


def write(
    tables: Sequence[Table], path: Path, policy: Policy, *, title: str, headers: Headers = "zh"
) -> None:
    """Write the zip. Raises OSError where the file cannot be made."""
    drawn = [_drawn(table, policy, headers) for table in _ordered(tables)]
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / PACKAGE
        exports.write(tables, package, policy, format_="gpkg", headers=headers)
        _add_styles(package, drawn)
        project = _project(drawn, policy, title, headers)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(package, PACKAGE)
            archive.writestr(PROJECT, project)


def _ordered(tables: Iterable[Table]) -> list[Table]:
    """Put what is drawn above others before them: points, then lines, then areas, the finest first."""
    kinds = list(_KINDS)
    return sorted(
        tables,
        key=lambda table: (
            kinds.index(_UNSEEN.get(table.layer.geometry, "Polygon")),
            -table.layer.legend.order,
        ),
    )


def _drawn(table: Table, policy: Policy, headers: Headers) -> _Drawn:
    layer = table.layer
    named = layer.legend.label or ("name" if layer.store in {"areas", "villages"} else "")
    label = headings.heading(layer.fields[named], policy, headers) if named in layer.fields else ""
    return _Drawn(
        table=table,
        title=layer.code if headers == "code" else layer.words[headers],
        kind=_UNSEEN.get(layer.geometry, "Polygon"),
        label=label if not (named in layer.fields and layer.fields[named].personal) else "",
    )


# ----------------------------------------------------------------------------------------------- the project


def _project(drawn: Sequence[_Drawn], policy: Policy, title: str, headers: Headers) -> bytes:
    root = ET.Element("qgis", {"version": _VERSION, "projectname": title})
    ET.SubElement(root, "title").text = title
    _system(ET.SubElement(root, "projectCrs"))
    tree = ET.SubElement(root, "layer-tree-group")
    words = "zh" if headers == "zh" else "en"
    for group in policy.vocabulary["layer_groups"].values():
        members = [one for one in drawn if one.layer.legend.group == group.code]
        if members:
            branch = ET.SubElement(
                tree,
                "layer-tree-group",
                {"name": group.words[words], "checked": "Qt::Checked", "expanded": "1"},
            )
            for one in members:
                ET.SubElement(branch, "layer-tree-layer", _leaf(one))
    order = ET.SubElement(tree, "custom-order", {"enabled": "1"})
    for one in drawn:
        ET.SubElement(order, "item").text = one.id
    canvas = ET.SubElement(root, "mapcanvas", {"name": "theMapCanvas"})
    ET.SubElement(canvas, "units").text = "degrees"
    _extent(ET.SubElement(canvas, "extent"), _bounds(drawn))
    _system(ET.SubElement(canvas, "destinationsrs"))
    layers = ET.SubElement(root, "projectlayers")
    for one in drawn:
        _map_layer(layers, one)
    properties = ET.SubElement(root, "properties")
    systems = ET.SubElement(properties, "SpatialRefSys")
    ET.SubElement(systems, "ProjectionsEnabled", {"type": "int"}).text = "1"  # else the project has no system
    paths = ET.SubElement(properties, "Paths")
    ET.SubElement(paths, "Absolute", {"type": "bool"}).text = "false"
    document: str = ET.tostring(root, encoding="unicode")
    return f"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n{document}".encode()


def _leaf(one: _Drawn) -> dict[str, str]:
    return {
        "id": one.id,
        "name": one.title,
        "source": _source(one),
        "providerKey": "ogr",
        "checked": "Qt::Checked" if one.layer.legend.visible else "Qt::Unchecked",
        "expanded": "0",
    }


def _source(one: _Drawn) -> str:
    return f"./{PACKAGE}|layername={one.layer.code}"


def _map_layer(parent: ET.Element, one: _Drawn) -> None:
    made = ET.SubElement(
        parent,
        "maplayer",
        {"type": "vector", "geometry": one.kind, "autoRefreshEnabled": "0", **_scales(one)},
    )
    for tag, said in (("id", one.id), ("datasource", _source(one)), ("layername", one.title)):
        ET.SubElement(made, tag).text = said
    if one.kind != "No geometry":
        _system(ET.SubElement(made, "srs"))
    ET.SubElement(made, "provider", {"encoding": "UTF-8"}).text = "ogr"
    _look(made, one)


def _scales(one: _Drawn) -> dict[str, str]:
    """Return the scales between which a layer shows: from its first zoom on."""
    legend = one.layer.legend
    return {
        "hasScaleBasedVisibilityFlag": "1" if legend.min_zoom else "0",
        "minScale": f"{_scale(legend.min_zoom):.0f}",
        "maxScale": "0",
        "labelsEnabled": "1" if one.label else "0",
        "styleCategories": "AllStyleCategories",
    }


def _scale(zoom: int) -> float:
    """Return 1 : n of a web map's zoom; half a step further out, so that the zoom itself shows it."""
    return float(_SCALE_AT_ZERO / 2 ** (zoom - 0.5))


def _system(parent: ET.Element) -> None:
    made = ET.SubElement(parent, "spatialrefsys")
    known = {"wkt": _WKT, "srid": str(STORED), "authid": f"EPSG:{STORED}", "geographicflag": "true"}
    for tag, said in known.items():
        ET.SubElement(made, tag).text = said


def _extent(parent: ET.Element, bounds: tuple[float, float, float, float]) -> None:
    for tag, edge in zip(("xmin", "ymin", "xmax", "ymax"), bounds, strict=True):
        ET.SubElement(parent, tag).text = repr(edge)


def _bounds(drawn: Sequence[_Drawn]) -> tuple[float, float, float, float]:
    """Return the county's bounds with a margin: of what the project shows at first."""
    shapes = [
        shape
        for one in drawn
        if one.layer.legend.visible
        for shape in one.table.frame.geometry
        if shape is not None and not shape.is_empty
    ]
    if not shapes:
        return (73.0, 18.0, 135.0, 54.0)
    west, south, east, north = (float(edge) for edge in shapely.total_bounds(shapes))
    wide = _MARGIN * max(east - west, north - south, _MARGIN)
    return (west - wide, south - wide, east + wide, north + wide)


# ----------------------------------------------------------------------------------------------- looks


def _look(parent: ET.Element, one: _Drawn) -> None:
    if one.kind == "No geometry":
        return
    renderer = ET.SubElement(
        parent,
        "renderer-v2",
        {"type": "singleSymbol", "symbollevels": "0", "enableorderby": "0", "forceraster": "0"},
    )
    makers = {"Point": _marker, "Line": _line, "Polygon": _fill}
    makers[one.kind](ET.SubElement(renderer, "symbols"), one.layer)
    if one.label:
        _label(parent, one)
    ET.SubElement(parent, "blendMode").text = "0"
    ET.SubElement(parent, "layerGeometryType").text = str(_KINDS[one.kind])


def _symbol(parent: ET.Element, type_: str, kind: str, options: Mapping[str, str]) -> None:
    symbol = ET.SubElement(
        parent, "symbol", {"type": type_, "name": "0", "alpha": "1", "clip_to_extent": "1"}
    )
    made = ET.SubElement(symbol, "layer", {"class": kind, "enabled": "1", "locked": "0", "pass": "0"})
    told = ET.SubElement(made, "Option", {"type": "Map"})
    for name, value in options.items():
        ET.SubElement(told, "Option", {"type": "QString", "name": name, "value": value})


def _marker(parent: ET.Element, layer: Layer) -> None:
    drawing = symbols.svg(layer.legend.symbol, layer.legend.colour)
    size = 2 * symbols.BOX * layer.legend.size * _PIXEL_MM * _SYMBOL_SHARE
    _symbol(
        parent,
        "marker",
        "SvgMarker",
        {
            "name": "base64:" + base64.b64encode(drawing.encode()).decode(),
            "size": f"{size:.2f}",
            "size_unit": "MM",
            "color": _rgba(layer.legend.colour),
            "outline_color": "255,255,255,255",
            "horizontal_anchor_point": "1",
            "vertical_anchor_point": "1",
        },
    )


def _line(parent: ET.Element, layer: Layer) -> None:
    width = f"{layer.legend.line_width * _PIXEL_MM:.2f}"
    _symbol(
        parent,
        "line",
        "SimpleLine",
        {"line_color": _rgba(layer.legend.colour), "line_width": width, "line_width_unit": "MM"},
    )


def _fill(parent: ET.Element, layer: Layer) -> None:
    _symbol(
        parent,
        "fill",
        "SimpleFill",
        {
            "color": _rgba(layer.legend.colour, layer.legend.fill),
            "style": "solid",
            "outline_color": _rgba(layer.legend.colour, 0.8),
            "outline_style": "dash",
            "outline_width": f"{layer.legend.line_width * _PIXEL_MM:.2f}",
            "outline_width_unit": "MM",
        },
    )


def _rgba(colour: str, opacity: float = 1.0) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"{red},{green},{blue},{round(255 * opacity)}"


def _label(parent: ET.Element, one: _Drawn) -> None:
    """Write the label beside the symbol, with a white halo, where no other stands: points below, areas inside."""
    legend = one.layer.legend
    settings = ET.SubElement(
        ET.SubElement(parent, "labeling", {"type": "simple"}), "settings", {"calloutType": "simple"}
    )
    style = ET.SubElement(
        settings,
        "text-style",
        {
            "fieldName": one.label,
            "isExpression": "0",
            "fontFamily": _FONT,
            "fontSize": f"{_LABEL_POINTS:g}",
            "fontSizeUnit": "Point",
            "textColor": _rgba(legend.colour),
            "textOpacity": "1",
        },
    )
    halo = {"bufferDraw": "1", "bufferSize": "0.8", "bufferSizeUnits": "MM", "bufferColor": "255,255,255,255"}
    ET.SubElement(style, "text-buffer", halo)
    points = one.kind == "Point"
    ET.SubElement(
        settings,
        "placement",
        # 1: over the point, at the quadrant below it; 4: lying, inside the area
        {
            "placement": "1" if points else "4",
            "quadOffset": "7",
            "dist": "0",
            "yOffset": "1.6" if points else "0",
            "offsetUnits": "MM",
        },
    )
    near = points and legend.label_zoom > 0
    ET.SubElement(
        settings,
        "rendering",
        {
            "drawLabels": "1",
            "scaleVisibility": "1" if near else "0",
            # QGIS 3 writes the two the wrong way round (its own note: to be swapped in 4)
            "scaleMin": "0",
            "scaleMax": f"{_scale(legend.label_zoom):.0f}" if near else "0",
            "obstacle": "1" if points else "0",  # an area's land is no obstacle: all labels stand on it
        },
    )


def _add_styles(package: Path, drawn: Sequence[_Drawn]) -> None:
    """Put each layer's look into the package, as QGIS's own "save style in database" does."""
    with closing(sqlite3.connect(package)) as connection, connection:
        connection.execute(_STYLES)
        connection.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('layer_styles', 'attributes', 'layer_styles')"
        )
        for one in drawn:
            if one.kind == "No geometry":
                continue
            look = ET.Element("qgis", {"version": _VERSION, **_scales(one)})
            _look(look, one)
            connection.execute(
                "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName,"
                " styleQML, useAsDefault, description, owner) VALUES ('', '', ?, 'geom', ?, ?, 1, '', '')",
                (one.layer.code, one.title, ET.tostring(look, encoding="unicode")),
            )
