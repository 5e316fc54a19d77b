"""Exports: write → read → no difference, in every format, for every layer, with headers of every kind."""

import csv
import io
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from data import cells, exports, ledgers, workbooks
from data.exports import FORMATS, Format, Table
from data.headings import HEADERS, Headers
from data.layers import Field, Layer
from data.policies import Policy, load
from gis.crs import STORED

POLICY: Policy = load()
SIGNS = st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs"))
HOSTILE = ('=HYPERLINK("http://x")', "+86", "-1+1", "@SUM(A1)", "'=1", "''", "'石", "_x0041_", "<b>&amp;</b>", "]]>", "007",
           "1.0", "1E5", "TRUE", "NULL", "nan", "None", "2026-03-15", '"a",b;c', "{{7*7}}", "*", "滑坡", "𠮷野家")  # fmt: skip
LINES = st.sampled_from((2, 1000)).map(
    lambda n: shapely.Point(111.1, 36.1).buffer(0.05 + 1 / 30, quad_segs=n)
)
POINTS = st.builds(shapely.Point, st.floats(110.3, 114.5), st.floats(34.6, 40.7))
SHAPES: dict[str, st.SearchStrategy[shapely.Geometry | None]] = {
    "Point": POINTS,
    "MultiPolygon": LINES.map(lambda one: shapely.MultiPolygon([one, shapely.box(111.5, 36.5, 111.6, 36.6)])),
    "none": st.none(),
}


def texts(limit: int) -> st.SearchStrategy[str]:
    """Any text that an import could have made, up to the longest that the field takes."""
    random = st.text(SIGNS, min_size=1, max_size=min(limit, 40)).map(cells.plain).filter(bool)
    long = st.integers(1, limit).map(lambda length: ("沟口村民委员会东侧" * limit)[:length])
    return st.one_of(random, long, st.sampled_from(HOSTILE)).filter(lambda text: len(text) <= limit)


def value_of(field: Field) -> st.SearchStrategy[Any]:
    """Any value that a field may hold."""
    if field.type == "choice":
        return st.sampled_from(list(POLICY.vocabulary[field.group]))
    if field.type == "integer":
        return st.integers(int(field.least or 0), int(min(field.most or 10**6, 10**6)))
    if field.type == "number":
        least, most = field.least or 0.0, min(field.most or 1e6, 1e6)
        return st.floats(least, most, allow_subnormal=False).map(lambda number: round(number, 6))
    capability = st.tuples(st.sampled_from(list(POLICY.vocabulary["capabilities"])), st.integers(1, 3))
    others: dict[str, st.SearchStrategy[Any]] = {
        "boolean": st.booleans(),
        "date": st.dates(date(1950, 1, 1), date(2090, 1, 1)),
        "phone": st.sampled_from(["10000001234", "10000001234;03571234567", "119"]),
        "area": st.just("990101100200"),
        "layer": st.sampled_from(list(POLICY.layers)),
        "people": st.sampled_from(["示例甲 10000001234；示例乙", "示例丙"]),
        "capabilities": st.lists(capability, min_size=1, unique_by=lambda pair: pair[0]).map(
            lambda pairs: tuple(sorted(pairs))
        ),
    }
    return others[field.type] if field.type in others else texts(field.limit)


@st.composite
def frames(draw: st.DrawFn, layer: Layer) -> gpd.GeoDataFrame:
    """A frame of a layer of none to three rows, each optional cell full or empty."""
    count = draw(st.integers(0, 3))
    content: dict[str, Any] = {}
    for name, field in layer.fields.items():
        optional = not field.required and field.default is None
        filled = [draw(value_of(field)) for _ in range(count)]
        content[name] = [None if optional and draw(st.booleans()) else value for value in filled]
    is_area = layer.fields["code"].type == "area"
    content["code"] = [f"99010110020{row}" if is_area else f"A{row}" for row in range(count)]
    shapes = [draw(SHAPES[layer.geometry]) for _ in range(count)]
    if not layer.geometry_required:
        shapes = [None if draw(st.booleans()) else shape for shape in shapes]
    columns = {name: pd.Series(values, dtype=object) for name, values in content.items()}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=STORED, index=range(count))


def assert_same(reading: ledgers.Reading, frame: gpd.GeoDataFrame, layer: Layer) -> None:
    """Every cell, every shape to the last digit, and no problem on the way."""
    assert [problem for problem in reading.problems if problem.severity == "fault"] == []
    assert len(reading.frame) == len(frame)
    assert set(reading.frame.columns) == {*layer.fields, "geometry"}
    for name in layer.fields:
        assert list(reading.frame[name]) == list(frame[name]), name
    for got, meant in zip(reading.frame.geometry, frame.geometry, strict=True):
        if meant is None:
            assert got is None
        else:
            assert shapely.equals_exact(parts(got), parts(meant), 1e-13)


def parts(shape: shapely.Geometry) -> shapely.Geometry:
    """Single and multiple as one, as the store keeps them: a Shapefile knows no difference."""
    return shapely.normalize(shapely.GeometryCollection(list(shapely.get_parts(shape))))


@pytest.mark.parametrize("format_", FORMATS)
@given(data=st.data(), code=st.sampled_from(list(POLICY.layers)), headers=st.sampled_from(HEADERS))
@settings(max_examples=15, deadline=None)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    format_: Format,
    data: st.DataObject,
    code: str,
    headers: Headers,
) -> None:
    """Whatever the texts, however long, whichever cells are empty, even of no rows at all."""
    layer = POLICY.layers[code]
    frame = data.draw(frames(layer))
    path = tmp_path_factory.mktemp("export") / f"out{exports.suffix_of(format_, many=False)}"
    exports.write([Table(layer=layer, frame=frame)], path, POLICY, format_=format_, headers=headers)
    assert exports.format_of(path) == format_
    reading = ledgers.read(path, layer, POLICY, datum="CGCS2000")
    if format_ in {"geojson", "kml"} and frame.empty:
        assert reading.rows == 0  # where there is no feature, these two have no place for headers
    else:
        assert_same(reading, frame, layer)


@pytest.fixture(scope="module")
def county() -> list[Table]:
    """Two rows of a few layers of every sort: points, outlines, lists."""
    tables = []
    for code in ("areas", "geohazard_points", "teams", "stock_lots"):
        layer = POLICY.layers[code]
        shapes = {
            "Point": shapely.Point(111, 36),
            "MultiPolygon": shapely.MultiPolygon([shapely.box(0, 0, 1, 1)]),
        }
        content = {name: [plain_value(field, row) for row in (1, 2)] for name, field in layer.fields.items()}
        columns = {name: pd.Series(values, dtype=object) for name, values in content.items()}
        frame = gpd.GeoDataFrame(columns, geometry=[shapes.get(layer.geometry)] * 2, crs=STORED)
        tables.append(Table(layer=layer, frame=frame))
    return tables


def plain_value(field: Field, row: int) -> Any:
    """A value of a field, another in each row where it is the code."""
    if field.name == "code":
        return f"99010110020{row}" if field.type == "area" else f"A{row}"
    if field.type == "choice":
        return next(iter(POLICY.vocabulary[field.group]))
    others: dict[str, Any] = {"date": date(2026, 3, 15), "boolean": True, "capabilities": (("medical", 2),)}
    numbers = {"integer": 7, "number": 0.5, "area": "990101100200", "phone": "119", "layer": "teams"}
    numbers["people"] = "示例甲 10000001234；示例乙"
    return (others | numbers).get(field.type, f"{field.words['zh']}{row}")


@pytest.mark.parametrize("headers", HEADERS)
@pytest.mark.parametrize("format_", FORMATS)
def test_many_layers_go_into_one_file(
    tmp_path: Path, county: list[Table], format_: Format, headers: Headers
) -> None:
    """A workbook, a GeoPackage, a KML or a zip: each layer is found in it again."""
    path = tmp_path / f"county{exports.suffix_of(format_, many=True)}"
    exports.write(county, path, POLICY, format_=format_, headers=headers)
    for table in county:
        file = path
        if format_ in {"csv", "geojson"}:
            with zipfile.ZipFile(path) as archive:
                file = Path(archive.extract(f"{table.layer.code}.{format_}", tmp_path))
        assert_same(ledgers.read(file, table.layer, POLICY, datum="CGCS2000"), table.frame, table.layer)


def test_an_outline_longer_than_a_cell_goes_on_in_the_next(tmp_path: Path) -> None:
    """A county's outline has more signs than Excel's 32,767."""
    layer = POLICY.layers["areas"]
    outline = shapely.MultiPolygon([shapely.Point(111.1, 36.1).buffer(0.3, quad_segs=2000)])
    content = {name: pd.Series([plain_value(field, 1)], dtype=object) for name, field in layer.fields.items()}
    frame = gpd.GeoDataFrame(content, geometry=[outline], crs=STORED)
    exports.write([Table(layer=layer, frame=frame)], tmp_path / "a.xlsx", POLICY, format_="xlsx")
    lines = list(openpyxl.load_workbook(tmp_path / "a.xlsx").worksheets[0].values)
    assert lines[0].count("图形") > 5
    assert max(len(str(cell)) for cell in lines[1]) <= workbooks.LONGEST_CELL
    assert_same(ledgers.read(tmp_path / "a.xlsx", layer, POLICY, datum="CGCS2000"), frame, layer)


def test_a_workbook_is_one_that_people_read(tmp_path: Path, county: list[Table]) -> None:
    """Chinese headers with units, words instead of codes, dates as dates, numbers as numbers."""
    points = county[1]
    exports.write([points], tmp_path / "p.xlsx", POLICY, format_="xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "p.xlsx").worksheets[0]
    heads, first, *_ = sheet.iter_rows(values_only=True)
    row = dict(zip(heads, first, strict=True))
    assert sheet.title == "地质灾害隐患点"
    assert row["隐患点类型"] == "滑坡"
    assert row["威胁财产(万元)"] == 0.5
    assert row["隐患点发现时间"] == datetime(2026, 3, 15)  # noqa: DTZ001  # a cell has no zone
    assert (row["经度"], row["纬度"]) == (111, 36)


@pytest.mark.parametrize("headers", HEADERS)
def test_masked_names_are_never_taken_for_names(
    tmp_path: Path, county: list[Table], headers: Headers
) -> None:
    """Whoever sends a masked file back must not write stars over the names."""
    teams = county[2]
    hidden = {name for name, field in teams.layer.fields.items() if field.personal}
    frame = teams.frame.assign(**dict.fromkeys(hidden, "张***"))
    table = Table(layer=teams.layer, frame=frame, masked=frozenset(hidden))
    exports.write([table], tmp_path / "t.xlsx", POLICY, format_="xlsx", headers=headers)
    reading = ledgers.read(tmp_path / "t.xlsx", teams.layer, POLICY, datum="CGCS2000")
    assert {problem.code for problem in reading.problems} == {"column_unknown"}
    assert len(reading.problems) == len(hidden)
    assert hidden.isdisjoint(reading.frame.columns)


def test_a_shapefile_is_one_for_every_program(tmp_path: Path, county: list[Table]) -> None:
    """Names of ten bytes for those who know no better, in UTF-8, with the table that says what they mean."""
    points = county[1]
    exports.write([points], tmp_path / "p.zip", POLICY, format_="shp")
    with zipfile.ZipFile(tmp_path / "p.zip") as archive:
        archive.extractall(tmp_path)
    plain = gpd.read_file(tmp_path / "geohazard_points.shp")
    assert list(plain["head_name"]) == ["防灾责任人姓名1", "防灾责任人姓名2"]
    assert plain.crs.to_epsg() == STORED
    with (tmp_path / "geohazard_points.columns.csv").open(encoding="utf-8-sig", newline="") as file:
        told = {line[0]: line[1] for line in csv.reader(file)}
    assert told["threat_rad"] == "威胁半径(米)"
    assert set(plain.columns.drop("geometry")) <= told.keys()


@pytest.mark.parametrize("format_", ["csv", "xlsx"])
def test_no_cell_becomes_a_formula(tmp_path: Path, format_: Format) -> None:
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
    path = tmp_path / f"shelters.{format_}"
    exports.write([Table(layer=layer, frame=frame)], path, POLICY, format_=format_)
    assert "formula" not in kinds(path)
    assert list(ledgers.read(path, layer, POLICY, datum="CGCS2000").frame["name"]) == names


def kinds(path: Path) -> set[str]:
    """What a spreadsheet program would make of the cells."""
    if path.suffix == ".xlsx":
        sheet = openpyxl.load_workbook(path).worksheets[0]
        return {"formula" if cell.data_type == "f" else "text" for row in sheet.iter_rows() for cell in row}
    lines = csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""))
    return {"formula" if cell[:1] in set("=+-@\t\r") and cell else "text" for line in lines for cell in line}


@pytest.mark.parametrize(
    ("name", "format_"),
    [("a.xlsx", "xlsx"), ("a.CSV", "csv"), ("a.zip", "shp"), ("a.shp", None), ("a.xls", None), ("a", None)],
)
def test_a_files_name_says_its_format(name: str, format_: Format | None) -> None:
    """A bare .shp would lose its table's names: it goes out as a zip."""
    assert exports.format_of(Path(name)) == format_
