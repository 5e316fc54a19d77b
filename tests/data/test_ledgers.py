"""Ledgers of every format into frames: the same rows from each, every bad cell named, positions in the stored datum."""

import csv
import json
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import openpyxl
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS
from pyproj.database import query_crs_info

from data import columns, ledgers
from data.cells import header
from data.layers import Layer
from data.policies import Policy, load
from data.problems import words
from gis.crs import STORED, from_stored

POLICY: Policy = load()
POINTS = POLICY.layers["geohazard_points"]
SHELTERS = POLICY.layers["shelters"]
GRIDS = POLICY.layers["grid_cells"]

HEADER = ("隐患点编号", "隐患点名称", "隐患点类型", "威胁人数(人)", "经度", "纬度")
GOOD: tuple[tuple[object, ...], ...] = (
    ("G1", "沙坪滑坡", "滑坡", "３０人", 111.0254, 36.1043),
    ("G2", "石沟崩塌", "崩塌", 12, 111.0301, 36.1102),
)


def write_csv(
    path: Path, rows: Sequence[Sequence[object]], *, encoding: str = "utf-8", delimiter: str = ","
) -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def write_xlsx(path: Path, sheets: dict[str, Sequence[Sequence[object]]]) -> Path:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.worksheets[0])
    for title, rows in sheets.items():
        sheet = workbook.create_sheet(title)
        for row in rows:
            sheet.append(row)
    workbook.save(path)
    return path


def drawing(**columns: object) -> gpd.GeoDataFrame:
    content: dict[str, object] = {
        "code": ["G1", "G2"],
        "name": ["沙坪滑坡", "石沟崩塌"],
        "kind": ["滑坡", "崩塌"],
        "people": [30, 12],
        "geometry": [shapely.Point(111.0254, 36.1043), shapely.Point(111.0301, 36.1102)],
    }
    return gpd.GeoDataFrame(content | columns, geometry="geometry", crs=STORED)


def read(path: Path, layer: Layer = POINTS, **options: Any) -> ledgers.Reading:
    options = {"datum": "CGCS2000"} | options
    return ledgers.read(path, layer, POLICY, **options)


def codes(reading: ledgers.Reading) -> list[tuple[str, int | None, str]]:
    return [(problem.code, problem.row, problem.field) for problem in reading.problems]


def assert_is_the_two_points(reading: ledgers.Reading) -> None:
    assert [problem for problem in reading.problems if problem.severity == "fault"] == []
    frame = reading.frame
    assert list(frame["code"]) == ["G1", "G2"]
    assert list(frame["kind"]) == ["landslide", "collapse"]
    assert list(frame["people"]) == [30, 12]
    assert frame.geometry.iloc[0].equals_exact(shapely.Point(111.0254, 36.1043), 1e-9)
    assert frame.crs.to_epsg() == STORED


# ----------------------------------------------------------------------------------------------- formats


@pytest.mark.parametrize(
    ("encoding", "delimiter"), [("utf-8", ","), ("utf-8-sig", ";"), ("gb18030", ","), ("gb18030", "\t")]
)
def test_a_text_table_in_any_usual_encoding(tmp_path: Path, encoding: str, delimiter: str) -> None:
    """Chinese spreadsheets save CSV in GB 18030, others in UTF-8 with or without its mark."""
    path = write_csv(tmp_path / "点.csv", [HEADER, *GOOD], encoding=encoding, delimiter=delimiter)
    assert_is_the_two_points(read(path))


def test_a_workbook_with_a_title_above_and_a_sample_below_its_header(tmp_path: Path) -> None:
    """Templates in use have a title row, blank rows, and a sample row that people are told not to delete."""
    sample = ("编号", "名称", "滑坡", "1", "111", "36", "示例数据，勿删")
    path = write_xlsx(
        tmp_path / "点.xlsx", {"Sheet1": [("地质灾害隐患点登记表",), (), HEADER, sample, *GOOD, ()]}
    )
    reading = read(path)
    assert_is_the_two_points(reading)
    assert codes(reading) == [("sample_row", 4, "")]
    assert list(reading.frame.index) == [5, 6]


def test_the_sheet_named_like_the_layer_is_taken(tmp_path: Path) -> None:
    """A workbook may hold all layers of a county."""
    sheets: dict[str, Sequence[Sequence[object]]] = {
        "说明": [("如何填写",)],
        "地质灾害隐患点": [HEADER, *GOOD],
        "队伍": [("队伍名称",)],
    }
    assert_is_the_two_points(read(write_xlsx(tmp_path / "county.xlsx", sheets)))


def test_several_sheets_without_a_known_name_must_be_chosen(tmp_path: Path) -> None:
    """Guessing a sheet would import the wrong one."""
    path = write_xlsx(tmp_path / "a.xlsx", {"甲": [HEADER, *GOOD], "乙": [HEADER]})
    refused = read(path)
    assert refused.refused
    assert codes(refused) == [("file_layers_ambiguous", None, "")]
    assert_is_the_two_points(read(path, sheet="甲"))
    assert codes(read(path, sheet="丙")) == [("sheet_missing", None, "")]


@pytest.mark.parametrize(
    ("name", "driver"),
    [
        ("points.gpkg", "GPKG"),
        ("points.geojson", "GeoJSON"),
        ("points.shp", "ESRI Shapefile"),
        ("points.kml", "KML"),
    ],
)
def test_drawings_of_every_format(tmp_path: Path, name: str, driver: str) -> None:
    """What a GIS saves is read with the datum that the file states."""
    frame = drawing() if driver in {"GPKG", "ESRI Shapefile"} else drawing().to_crs(4326)
    frame.to_file(tmp_path / name, driver=driver)
    assert_is_the_two_points(read(tmp_path / name, datum=None))


def test_a_zipped_shapefile_with_short_headers_and_an_unstated_encoding(tmp_path: Path) -> None:
    """Shapefiles cut headers after ten bytes, and older programs save them in GB 18030 without saying so."""
    folder = tmp_path / "shape"
    folder.mkdir()
    drawing(threat_rad=[100, 200]).to_file(folder / "p.shp", encoding="gb18030")
    (folder / "p.cpg").unlink()
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for part in folder.iterdir():
            archive.write(part, part.name)
    reading = read(tmp_path / "p.zip", datum=None)
    assert_is_the_two_points(reading)
    assert list(reading.frame["name"]) == ["沙坪滑坡", "石沟崩塌"]
    assert list(reading.frame["threat_radius_m"]) == [100, 200]


def test_outlines_are_taken_where_the_layer_has_them(tmp_path: Path) -> None:
    """A grid drawn as a polygon, or written as WKT in a table."""
    square = shapely.box(111.0, 36.0, 111.1, 36.1)
    table = write_csv(tmp_path / "g.csv", [("code", "name", "level", "wkt"), ("A", "甲", "1", square.wkt)])
    assert read(table, GRIDS).frame.geometry.iloc[0].equals(square)
    frame = gpd.GeoDataFrame({"code": ["A"], "name": ["甲"], "level": ["1"]}, geometry=[square], crs=STORED)
    frame.to_file(tmp_path / "g.gpkg")
    assert read(tmp_path / "g.gpkg", GRIDS).frame.geometry.iloc[0].equals(square)


def test_lines_are_taken_where_the_layer_says_so(tmp_path: Path) -> None:
    """Fire lanes and such are lines; a point layer refuses them by name."""
    lanes = replace(SHELTERS, code="fire_lanes", geometry="LineString")
    frame = gpd.GeoDataFrame(
        {"code": ["L1"], "name": ["甲"], "capacity": [1]},
        geometry=[shapely.LineString([(111, 36), (111.1, 36.1)])],
        crs=STORED,
    )
    frame.to_file(tmp_path / "l.gpkg")
    assert len(read(tmp_path / "l.gpkg", lanes).frame) == 1
    assert codes(read(tmp_path / "l.gpkg", SHELTERS)) == [("geometry_kind", 1, "geometry")]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.xls", b"\xd0\xcf\x11\xe0", "file_kind_wrong"),
        ("a.xlsx", b"no workbook", "file_kind_wrong"),
        ("a.gpkg", b"no drawing", "file_kind_wrong"),
        ("a.zip", b"no archive", "file_kind_wrong"),
        ("a.csv", b"", "header_missing"),
        ("a.csv", "甲,乙\n1,2\n".encode(), "header_missing"),
        ("a.csv", b"\xff\xfe\x00\xd8", "file_unreadable"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_problem_not_a_crash(
    tmp_path: Path, name: str, content: bytes, code: str
) -> None:
    """The person who sent it is told what to do."""
    (tmp_path / name).write_bytes(content)
    reading = read(tmp_path / name)
    assert reading.refused
    assert [problem.code for problem in reading.problems] == [code]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A wrong path is said like any other problem."""
    assert codes(read(tmp_path / "nowhere.csv")) == [("file_unreadable", None, "")]


# ----------------------------------------------------------------------------------------------- rows and cells


def test_each_bad_cell_is_named_and_the_other_rows_are_taken(tmp_path: Path) -> None:
    """File, row, field, why and remedy; a row may have several."""
    rows = [
        HEADER,
        GOOD[0],
        ("", "无编号", "滑坡", "1", 111, 36),
        ("G3", "x", "外星", "很多", 111, 36),
        ("G1", "again", "滑坡", "1", 111, 36),
        ("G4", "x", "滑坡", "1", "", ""),
        ("G5", "x", "滑坡", "1", "某村", "36"),
        GOOD[1],
    ]
    reading = read(write_csv(tmp_path / "点.csv", rows))
    assert list(reading.frame["code"]) == ["G1", "G2"]
    assert reading.rows == 7
    assert codes(reading) == [
        ("required", 3, "code"),
        ("not_choice", 4, "kind"),
        ("not_number", 4, "people"),
        ("code_repeated", 5, "code"),
        ("coordinate_missing", 6, "geometry"),
        ("not_coordinate", 7, "geometry"),
    ]


def test_a_problem_is_said_in_both_languages(tmp_path: Path) -> None:
    """Where, what, and what to do."""
    reading = read(write_csv(tmp_path / "点.csv", [HEADER, ("G3", "x", "外星", "1", 111, 36)]))
    (problem,) = reading.problems
    zh, en = (words(problem, POLICY, POINTS, lang) for lang in ("zh", "en"))
    assert zh.startswith("点.csv 第 2 行 “隐患点类型”：“外星”不在可选值中。可选：滑坡、崩塌")
    assert en.startswith(
        "点.csv, row 2, “隐患点类型”: “外星” is not one of the allowed values. Choose one of: Landslide"
    )


def test_hostile_braces_in_a_cell_stay_text(tmp_path: Path) -> None:
    """A cell's text is a value of the sentence, never its format."""
    reading = read(
        write_csv(tmp_path / "点.csv", [HEADER, ("G3", "x", "{0.__class__}{{7*7}}", "1", 111, 36)])
    )
    (problem,) = reading.problems
    assert "“{0.__class__}{{7*7}}”" in words(problem, POLICY, POINTS, "zh")


def test_a_required_column_that_is_missing_refuses_the_file(tmp_path: Path) -> None:
    """One sentence about the column instead of one about each row."""
    reading = read(write_csv(tmp_path / "点.csv", [HEADER[:2] + HEADER[3:], GOOD[0][:2] + GOOD[0][3:]]))
    assert reading.refused
    assert codes(reading) == [("column_missing", None, "kind")]


def test_a_column_that_means_nothing_here_is_noted_and_left_out(tmp_path: Path) -> None:
    """So that nobody believes it was imported."""
    rows = [(*HEADER, "是否转其他"), (*GOOD[0], "2025年")]
    reading = read(write_csv(tmp_path / "点.csv", rows))
    assert [(problem.code, problem.header, problem.severity) for problem in reading.problems] == [
        ("column_unknown", "是否转其他", "note")
    ]
    assert len(reading.frame) == 1


def test_a_column_that_the_file_lacks_is_absent_not_empty(tmp_path: Path) -> None:
    """An import must not wipe what another ledger knows."""
    frame = read(write_csv(tmp_path / "点.csv", [HEADER, *GOOD])).frame
    assert "shelter" not in frame.columns
    assert "people" in frame.columns


def test_the_better_of_two_synonyms_is_taken(tmp_path: Path) -> None:
    """Forms have both 负责人 and 联系人: the layer's own order of synonyms decides, not the order of columns."""
    titles = ("场所编号", "场所名称", "可容纳人数", "联系人", "负责人", "经度", "纬度")
    reading = read(
        write_csv(tmp_path / "s.csv", [titles, ("S1", "小学", 200, "甲", "乙", 111, 36)]), SHELTERS
    )
    assert list(reading.frame["keeper_name"]) == ["乙"]


def test_a_column_that_occurs_twice_refuses_the_file(tmp_path: Path) -> None:
    """Nobody can say which of two names is the name."""
    rows = [(*HEADER, "隐患点名称"), (*GOOD[0], "other")]
    assert ("column_repeated", None, "name") in codes(read(write_csv(tmp_path / "点.csv", rows)))


def test_a_lot_without_a_code_gets_one_from_its_parts(tmp_path: Path) -> None:
    """Real stock ledgers number no lots; the same line must be the same lot next time."""
    lots = POLICY.layers["stock_lots"]
    rows = [
        ("储备库编号", "物资名称", "数量", "有效期至"),
        ("D1", "帐篷", "50顶", "2030/1/1"),
        ("D1", "帐篷", "5", ""),
    ]
    frame = read(write_csv(tmp_path / "lots.csv", rows), lots).frame
    assert list(frame["code"]) == ["D1/tent/own/2030-01-01/-", "D1/tent/own/-/-"]
    assert list(frame["quantity"]) == [50, 5]


@given(
    code=st.sampled_from(list(POLICY.layers)),
    rows=st.lists(st.lists(st.text(max_size=12) | st.floats().map(str), max_size=8), max_size=6),
    known=st.data(),
)
@settings(max_examples=60, deadline=None)
def test_no_content_whatever_makes_it_crash(
    tmp_path_factory: pytest.TempPathFactory, code: str, rows: list[list[str]], known: st.DataObject
) -> None:
    """Each row that is not taken has a problem; nothing is lost without a word."""
    layer = POLICY.layers[code]
    titles = known.draw(
        st.lists(st.sampled_from([*layer.fields, "lon", "lat", "wkt", "经纬度", ""]), max_size=8)
    )
    path = write_csv(tmp_path_factory.mktemp("fuzz") / "x.csv", [titles, *rows], encoding="utf-8")
    reading = read(path, layer)
    if not reading.refused:
        faulty = {problem.row for problem in reading.problems if problem.severity == "fault"}
        assert len(reading.frame) + len(faulty) == reading.rows


# ----------------------------------------------------------------------------------------------- positions


@pytest.mark.parametrize("datum", ["CGCS2000", "WGS84", "GCJ02", "BD09"])
@given(lon=st.floats(75, 134), lat=st.floats(18, 53))
@settings(max_examples=15, deadline=None)
def test_positions_of_every_datum_come_back_to_the_centimetre(
    tmp_path_factory: pytest.TempPathFactory, datum: str, lon: float, lat: float
) -> None:
    """Written in a map's datum, read back in the stored one: what was meant is what is stored."""
    there = from_stored([lon], [lat], datum)  # type: ignore[arg-type]  # parametrised literal
    path = tmp_path_factory.mktemp("datum") / "点.csv"
    write_csv(path, [HEADER, ("G1", "x", "滑坡", 1, repr(float(there[0][0])), repr(float(there[1][0])))])
    point = read(path, datum=datum).frame.geometry.iloc[0]
    assert abs(point.x - lon) < 1e-7
    assert abs(point.y - lat) < 1e-7


@pytest.mark.parametrize("asked", ["gcj-02", "火星坐标系", "高德", "GCJ02"])
def test_a_datum_may_be_called_by_any_of_its_names(tmp_path: Path, asked: str) -> None:
    """People know the map's name rather than the datum's."""
    path = write_csv(tmp_path / "点.csv", [HEADER, *GOOD])
    moved = read(path, datum=asked).frame.geometry.iloc[0]
    assert 0.003 < 111.0254 - moved.x < 0.008


def test_a_table_with_positions_must_say_its_datum(tmp_path: Path) -> None:
    """The shift is half a kilometre: it is asked for, never assumed."""
    reading = read(write_csv(tmp_path / "点.csv", [HEADER, *GOOD]), datum=None)
    assert reading.refused
    assert codes(reading) == [("datum_asked", None, "")]


@pytest.mark.parametrize("asked", ["Beijing54", "北京54", "Xian80", "西安80", "Beijing 54"])
def test_old_datums_are_refused_with_the_remedy(tmp_path: Path, asked: str) -> None:
    """They need local parameters; a guess would be wrong by a hundred metres."""
    reading = read(write_csv(tmp_path / "点.csv", [HEADER, *GOOD]), datum=asked)
    (problem,) = reading.problems
    assert (problem.code, problem.remedy, reading.refused) == ("datum_refused", "convert_datum", True)


@pytest.mark.parametrize("local", ["Beijing 1954", "Xian 1980"])
def test_a_drawing_in_an_old_datum_is_refused(tmp_path: Path, local: str) -> None:
    """Its label says so, whatever is asked."""
    (info,) = (
        one
        for one in query_crs_info(auth_name="EPSG")
        if one.name == local and one.type.name == "GEOGRAPHIC_2D_CRS"
    )
    drawing().set_crs(CRS.from_epsg(int(info.code)), allow_override=True).to_file(tmp_path / "p.gpkg")
    assert codes(read(tmp_path / "p.gpkg", datum=None)) == [("datum_refused", None, "")]


def test_a_projected_drawing_is_brought_to_degrees(tmp_path: Path) -> None:
    """Survey offices deliver metres of a 3-degree zone."""
    drawing().to_crs(4546).to_file(tmp_path / "p.gpkg")
    assert_is_the_two_points(read(tmp_path / "p.gpkg", datum=None))


def test_a_drawing_from_an_online_map_is_shifted_when_asked(tmp_path: Path) -> None:
    """Such files are labelled WGS 84 although they are GCJ-02: no label can say it."""
    lon, lat = from_stored([111.0254, 111.0301], [36.1043, 36.1102], "GCJ02")
    shifted = drawing(geometry=list(map(shapely.Point, lon, lat))).set_crs(4326, allow_override=True)
    shifted.to_file(tmp_path / "p.geojson")
    reading = read(tmp_path / "p.geojson", datum="GCJ02")
    assert reading.frame.geometry.iloc[0].distance(shapely.Point(111.0254, 36.1043)) < 1e-7
    drawing().to_crs(4546).to_file(tmp_path / "m.gpkg")
    assert codes(read(tmp_path / "m.gpkg", datum="GCJ02")) == [("datum_conflict", None, "")]


def test_swapped_axes_are_put_right_and_noted(tmp_path: Path) -> None:
    """纬度 headers bound to longitudes occur in real files; in China the ranges tell."""
    reading = read(write_csv(tmp_path / "点.csv", [HEADER, ("G1", "x", "滑坡", 1, 36.1043, 111.0254)]))
    assert codes(reading) == [("axes_swapped", 2, "geometry")]
    assert reading.problems[0].severity == "note"
    assert reading.frame.geometry.iloc[0].equals(shapely.Point(111.0254, 36.1043))


def test_swapped_axes_are_found_abroad_by_where_the_county_lies(tmp_path: Path) -> None:
    """Neither 1.5 nor 42.5 is out of range, but only one way round lies in Andorra."""
    path = write_csv(
        tmp_path / "点.csv", [HEADER, ("G1", "x", "滑坡", 1, 42.5, 1.5), ("G2", "y", "滑坡", 1, 1.5, 42.6)]
    )
    reading = read(path, near=(1.4, 42.4, 1.8, 42.7))
    assert codes(reading) == [("axes_swapped", 2, "geometry")]
    assert [point.x for point in reading.frame.geometry] == [1.5, 1.5]


def test_a_place_far_from_the_county_is_noted_but_taken(tmp_path: Path) -> None:
    """It may be the neighbour's hospital, or a typing slip."""
    path = write_csv(tmp_path / "点.csv", [HEADER, ("G1", "x", "滑坡", 1, 116.4, 39.9)])
    reading = read(path, near=(110.6, 35.7, 111.3, 36.3))
    assert codes(reading) == [("coordinate_outside", 2, "geometry")]
    assert len(reading.frame) == 1


def test_metres_in_a_table_are_refused_with_the_remedy(tmp_path: Path) -> None:
    """A table cannot say its zone."""
    path = write_csv(tmp_path / "点.csv", [HEADER, ("G1", "x", "滑坡", 1, 497123.5, 3990123.5)])
    assert codes(read(path)) == [("metre_coordinates", 2, "geometry")]


def test_three_columns_of_one_header_are_degrees_minutes_seconds(tmp_path: Path) -> None:
    """A form in use has 监测点精度 (for 经度) three times, and 监测点纬度 three times."""
    titles = (*HEADER[:4], *["监测点精度"] * 3, *["监测点纬度"] * 3)
    path = write_csv(tmp_path / "点.csv", [titles, ("G1", "x", "滑坡", 1, 111, 1, "31.44", 36, 6, "15.48")])
    assert read(path).frame.geometry.iloc[0].equals_exact(shapely.Point(111.0254, 36.1043), 1e-9)


def test_both_coordinates_in_one_cell(tmp_path: Path) -> None:
    """经纬度坐标 is a common header."""
    path = write_csv(
        tmp_path / "点.csv", [(*HEADER[:4], "经纬度坐标"), (*GOOD[0][:4], "111°1′31.44″，36°6′15.48″")]
    )
    assert read(path).frame.geometry.iloc[0].equals_exact(shapely.Point(111.0254, 36.1043), 1e-9)


def test_a_shape_that_crosses_itself_is_refused(tmp_path: Path) -> None:
    """PostGIS would give wrong answers about it."""
    bow_tie = "POLYGON((0 0, 1 1, 1 0, 0 1, 0 0))"
    path = write_csv(tmp_path / "g.csv", [("code", "name", "level", "wkt"), ("A", "甲", "1", bow_tie)])
    assert codes(read(path, GRIDS)) == [("geometry_invalid", 2, "geometry")]


# ----------------------------------------------------------------------------------------------- real headers


REAL_FORMS = MappingProxyType(
    {
        "A_地质灾害隐患点": (
            "geohazard_points",
            {"code", "name", "kind", "households", "people", "head_name", "head_phone"},
        ),
        "A_应急避难场所": ("shelters", {"name", "class", "setting", "capacity", "keeper_phone"}),
        "B_避难场所": (
            "shelters",
            {"name", "setting", "location", "capacity", "keeper_name", "keeper_phone"},
        ),
        "B_应急储备库": (
            "depots",
            {"name", "organisation", "location", "contact_name", "contact_phone", "volume_m3"},
        ),
        "B_应急队伍": (
            "teams",
            {"name", "kind", "location", "contact_name", "contact_phone", "strength", "capabilities"},
        ),
        "A_地下矿山": ("key_facilities", {"code", "name", "location", "staff", "shift_people"}),
        "A_社区行政村减灾资源": ("villages", {"name", "code", "population", "households", "elderly"}),
    }
)


@pytest.mark.sharedata
@pytest.mark.parametrize("form", REAL_FORMS)
def test_the_headers_of_forms_in_use_are_known(shared_data: Path, form: str) -> None:
    """Counties keep their own forms; the fields that matter must be found under their own headers."""
    code, wanted = REAL_FORMS[form]
    forms = json.loads((shared_data / "ledgers" / "real_header_names.json").read_text(encoding="utf-8"))
    names = columns.header_names(POLICY.layers[code], POLICY)
    assert wanted <= {names.get(header(title)) for title in forms[form]}
