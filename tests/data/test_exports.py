"""Exports: write → read → no difference, in every format and for every layer."""

import csv
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from data import cells, exports, ledgers
from data.layers import Field, Layer
from data.policies import Policy, load
from gis.crs import STORED

POLICY: Policy = load()
LETTERS = st.characters(codec="utf-8", categories=("L", "N", "P", "S"))
WORDS = st.text(LETTERS, min_size=1, max_size=12).filter(lambda word: word == cells.plain(word))
SHAPES: dict[str, shapely.Geometry | None] = {
    "Point": shapely.Point(111.0254321, 36.1043219),
    "MultiPolygon": shapely.box(111.0, 36.0, 111.5, 36.5),
    "none": None,
}


def value_of(field: Field) -> st.SearchStrategy[Any]:
    """Any value that a field may hold."""
    if field.type == "choice":
        return st.sampled_from(list(POLICY.vocabulary[field.group]))
    if field.type == "integer":
        return st.integers(int(field.least or 0), int(min(field.most or 10**6, 10**6)))
    if field.type == "number":
        return st.floats(field.least or 0, min(field.most or 1e6, 1e6)).map(lambda number: round(number, 3))
    return {
        "boolean": st.booleans(),
        "date": st.dates(date(1990, 1, 1), date(2090, 1, 1)),
        "phone": st.just("10000001234"),
        "area": st.just("990101100200"),
        "layer": st.just("teams"),
        "capabilities": st.just((("landslide_rescue", 2), ("medical", 3))),
    }.get(field.type, WORDS)


@st.composite
def rows(draw: st.DrawFn, layer: Layer) -> gpd.GeoDataFrame:
    """A frame of a layer: one full row and one with its optional cells empty."""
    full = {name: draw(value_of(field)) for name, field in layer.fields.items()}
    full["code"] = full["code"] if layer.fields["code"].type == "area" else "A1"
    bare = {
        name: full[name] if field.required or field.default is not None else None
        for name, field in layer.fields.items()
    }
    bare["code"] = "990101100201" if layer.fields["code"].type == "area" else "A2"
    content = {name: pd.Series([full[name], bare[name]], dtype=object) for name in full}
    return gpd.GeoDataFrame(content, geometry=[SHAPES[layer.geometry]] * 2, crs=STORED)


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".csv", ".xlsx"])
@given(data=st.data(), code=st.sampled_from(list(POLICY.layers)))
@settings(max_examples=20, deadline=None)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, data: st.DataObject, code: str
) -> None:
    """Every cell, every shape, and no problem on the way."""
    layer = POLICY.layers[code]
    assume(suffix != ".xlsx" or layer.geometry in {"none", "Point"})
    frame = data.draw(rows(layer))
    path = tmp_path_factory.mktemp("export") / f"layer{suffix}"
    exports.write(frame, layer, path)
    reading = ledgers.read(path, layer, POLICY, datum="CGCS2000")
    assert [problem for problem in reading.problems if problem.severity == "fault"] == []
    for name in reading.frame.columns.drop("geometry"):
        assert list(reading.frame[name]) == list(frame[name]), name
    if layer.geometry != "none":
        shapes = zip(reading.frame.geometry, frame.geometry, strict=True)
        assert all(shapely.hausdorff_distance(got, meant) < 1e-7 for got, meant in shapes)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_no_cell_becomes_a_formula(tmp_path: Path, suffix: str) -> None:
    """A shelter called `=HYPERLINK(…)` must not reach the network from the desk of whoever opens the export."""
    layer = POLICY.layers["shelters"]
    names = ['=HYPERLINK("http://x")', "+86", "-1+1", "@SUM(A1)", "'=1", "''", "'石", "石沟"]
    content = {
        "code": [f"S{n}" for n in range(len(names))],
        "name": names,
        "capacity": list(range(len(names))),
    }
    frame = gpd.GeoDataFrame(
        {name: pd.Series(values, dtype=object) for name, values in content.items()},
        geometry=[shapely.Point(111, 36)] * len(names),
        crs=STORED,
    )
    path = tmp_path / f"shelters{suffix}"
    exports.write(frame, layer, path)
    assert "formula" not in kinds(path)
    assert list(ledgers.read(path, layer, POLICY, datum="CGCS2000").frame["name"]) == names


def kinds(path: Path) -> set[str]:
    """What a spreadsheet program would make of the name cells."""
    if path.suffix == ".xlsx":
        sheet = openpyxl.load_workbook(path).worksheets[0]
        return {"formula" if cell.data_type == "f" else "text" for row in sheet.iter_rows() for cell in row}
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {"formula" if row[1][:1] in set("=+-@\t\r") else "text" for row in csv.reader(file)}


def test_what_a_format_cannot_hold_is_not_written(tmp_path: Path) -> None:
    """A Shapefile would cut the headers off, a workbook's cell the outline of a county."""
    frame = gpd.GeoDataFrame({"code": []}, geometry=[], crs=STORED)
    with pytest.raises(ValueError, match="outlines"):
        exports.write(frame, POLICY.layers["areas"], tmp_path / "a.xlsx")
    with pytest.raises(ValueError, match="none of"):
        exports.write(frame, POLICY.layers["shelters"], tmp_path / "s.shp")
