"""The QGIS project: opened by QGIS itself, every layer valid, styled and whole."""

import json
import os
import re
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from data import qgis, symbols
from data.exports import Table
from data.layers import Layer
from data.policies import Policy, load
from gis.crs import STORED

POLICY: Policy = load()
PYTHON = "/usr/bin/python3"
READ = """
import json, sys
from qgis.core import (QgsApplication, QgsProject, QgsMapRendererParallelJob, QgsMapSettings, QgsLayerTreeLayer, QgsVectorLayer)
from qgis.PyQt.QtCore import QSize
project, package, picture, prefix = sys.argv[1:]
application = QgsApplication([], False)
application.initQgis()
opened = QgsProject.instance()
assert opened.read(project), opened.error()
found = {}
for layer in opened.mapLayers().values():
    look = layer.renderer()
    symbol = None if look is None else look.symbol()
    found[layer.id()[len(prefix):]] = {
        "valid": layer.isValid(), "count": layer.featureCount(), "name": layer.name(), "crs": layer.crs().authid(),
        "colour": None if symbol is None else symbol.color().name(),
        "symbol": None if symbol is None else symbol.symbolLayer(0).layerType(),
        "label": layer.labeling().settings().fieldName if layer.labelsEnabled() else "",
        "scaled": layer.hasScaleBasedVisibility(), "min_scale": layer.minimumScale(),
    }
alone = QgsVectorLayer(package + "|layername=teams", "alone", "ogr")
alone.loadDefaultStyle()
tree = opened.layerTreeRoot()
settings = QgsMapSettings()
settings.setLayers([one for one in tree.layerOrder() if tree.findLayer(one.id()).isVisible()])
settings.setExtent(opened.mapLayersByName("行政区划")[0].extent())
settings.setOutputSize(QSize(900, 700))
settings.setDestinationCrs(opened.crs())
job = QgsMapRendererParallelJob(settings)
job.start(); job.waitForFinished(); job.renderedImage().save(picture)
groups = [[group.name(), [one.layerId()[len(prefix):] for one in group.findLayers()]] for group in tree.findGroups()]
print("FOUND " + json.dumps({"crs": opened.crs().authid(), "layers": found, "groups": groups,
  "shown": [one.id()[len(prefix):] for one in settings.layers()], "alone": alone.renderer().symbol().symbolLayer(0).layerType()}))
import os; os._exit(0)
"""


@pytest.fixture(scope="module")
def tables() -> list[Table]:
    """A row or more of every layer, in a county of one square."""
    return [
        Table(layer=layer, frame=rows(layer, 1 + place % 3))
        for place, layer in enumerate(POLICY.layers.values())
    ]


def rows(layer: Layer, count: int) -> gpd.GeoDataFrame:
    content: dict[str, Any] = {name: [None] * count for name in layer.fields}
    content |= {"code": [f"{layer.code}{row}" for row in range(count)]}
    content |= (
        {"name": [f"{layer.words['zh']}{row}" for row in range(count)]} if "name" in layer.fields else {}
    )
    step = 0.02 * (1 + list(POLICY.layers).index(layer.code))
    shapes: dict[str, list[Any]] = {
        "Point": [shapely.Point(111 + step, 36 + 0.1 * row) for row in range(count)],
        "MultiPolygon": [
            shapely.MultiPolygon([shapely.box(111 + row, 35.9, 112 + row, 36.4)]) for row in range(count)
        ],
    }
    columns = {name: pd.Series(values, dtype=object) for name, values in content.items()}
    return gpd.GeoDataFrame(columns, geometry=shapes.get(layer.geometry, [None] * count), crs=STORED)


def test_qgis_opens_the_county_as_the_command_map_shows_it(tmp_path: Path, tables: list[Table]) -> None:
    """Layers, counts, colours, symbols, labels, groups, order and scales are the legends' own."""
    if subprocess.run([PYTHON, "-c", "import qgis.core"], check=False, capture_output=True).returncode:
        pytest.skip("QGIS is not installed")
    qgis.write(tables, tmp_path / "county.zip", POLICY, title="试验县")
    with zipfile.ZipFile(tmp_path / "county.zip") as archive:
        archive.extractall(tmp_path)
    arguments = [str(tmp_path / name) for name in (qgis.PROJECT, qgis.PACKAGE, "map.png")]
    arguments.append(qgis.LAYER_ID)
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run(
        [PYTHON, "-c", READ, *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
    )
    assert "FOUND " in done.stdout, done.stderr
    found = json.loads(done.stdout.partition("FOUND ")[2])
    assert found["crs"] == f"EPSG:{STORED}"
    assert found["alone"] == "SvgMarker"
    assert set(found["layers"]) == set(POLICY.layers)
    for table in tables:
        layer, told = table.layer, found["layers"][table.layer.code]
        assert (told["valid"], told["count"], told["name"]) == (True, len(table.frame), layer.words["zh"])
        if layer.geometry == "none":
            continue
        assert told["crs"] == f"EPSG:{STORED}"
        assert told["symbol"] == ("SvgMarker" if layer.geometry == "Point" else "SimpleFill")
        assert told["colour"] == layer.legend.colour
        assert told["scaled"] == bool(layer.legend.min_zoom)
        if layer.legend.label:
            assert told["label"] == layer.fields[layer.legend.label].words["zh"]
    groups = dict(found["groups"])
    assert list(groups) == [
        term.words["zh"] for term in list(POLICY.vocabulary["layer_groups"].values())[:-1]
    ]
    for group in POLICY.vocabulary["layer_groups"].values():
        members = {code for code, layer in POLICY.layers.items() if layer.legend.group == group.code}
        assert set(groups.get(group.words["zh"], [])) == members
    assert set(found["shown"]) == {code for code, layer in POLICY.layers.items() if layer.legend.visible}
    assert (tmp_path / "map.png").stat().st_size > 5000


def test_symbols_are_those_of_the_command_map() -> None:
    """One silhouette for each name, in both places."""
    script = Path(__file__).parents[2] / "web" / "static" / "map" / "symbols.js"
    table = script.read_text(encoding="utf-8").partition("const SHAPES = {")[2].partition("};")[0]
    told = {
        (quoted or bare): tuple(re.findall(r'"([^"]*)"', paths))
        for quoted, bare, paths in re.findall(r'^\s*(?:"([\w-]+)"|(\w+)): \[(.*)\],$', table, re.MULTILINE)
    }
    assert {name: tuple(path for path in paths if path) for name, paths in symbols.SHAPES.items()} == told
