"""Kinds of dirt that counties' workbooks have, one at a time: taken rightly, told, or asked about."""

from pathlib import Path
from typing import Any

import openpyxl
import pytest
import shapely
import xlwt

from data import ledgers, sources
from data.columns import Choices
from data.ledgers import Corrections, Reading
from data.placing import Gazetteer, Placed, Spot, Standing, Surroundings
from data.policies import Policy, load
from data.sources import SourceError

POLICY: Policy = load()
SHELTERS = POLICY.layers["shelters"]
POINTS = POLICY.layers["geohazard_points"]
HEAD = ("场所编号", "场所名称", "可容纳人数", "经度", "纬度")
GOOD = ("S1", "沙坪小学", 300, 111.02, 36.02)


def save(path: Path, *rows: tuple[Any, ...], merged: tuple[str, ...] = ()) -> Path:
    workbook = openpyxl.Workbook()
    sheet = workbook.worksheets[0]
    for row in rows:
        sheet.append(row)
    for cells in merged:
        sheet.merge_cells(cells)
    workbook.save(path)
    return path


def read(path: Path, layer: Any = SHELTERS, **known: Any) -> Reading:
    return ledgers.read(path, layer, POLICY, datum="CGCS2000", **known)


def first(reading: Reading) -> dict[str, Any]:
    assert [one for one in reading.problems if one.severity == "fault"] == []
    return dict(reading.frame.iloc[0])


def told(reading: Reading) -> set[str]:
    return {problem.code for problem in reading.problems}


def test_an_old_workbook_is_read_like_a_new_one(tmp_path: Path) -> None:
    """Counties' templates are .xls, with a title and an example that must not be deleted."""
    workbook = xlwt.Workbook()
    sheet = workbook.add_sheet("Export")
    rows = [("避难场所信息",), HEAD, (*GOOD, "示例数据，勿删"), GOOD]
    for number, row in enumerate(rows):
        for place, value in enumerate(row):
            sheet.write(number, place, value)
    workbook.save(str(tmp_path / "避难场所 .xls"))
    reading = read(tmp_path / "避难场所 .xls")
    assert first(reading)["capacity"] == 300
    assert told(reading) == {"sample_row"}


def test_two_rows_of_headers_are_joined(tmp_path: Path) -> None:
    """A role over its name and number, longitude over degrees, minutes and seconds."""
    top = ("隐患点编号", "隐患点名称", "隐患点类型", "防灾责任人", "", "经度", "", "", "纬度")
    below = ("", "", "", "姓名", "电话", "度", "分", "秒", "")
    row = ("G1", "老庄滑坡", "滑坡", "示例甲", "13900000001", 111, 1, 12, 36.02)
    path = save(
        tmp_path / "a.xlsx", ("登记表",), top, below, row, merged=("D2:E2", "F2:H2", "A2:A3", "I2:I3")
    )
    found = first(read(path, POINTS))
    assert (found["head_name"], found["head_phone"]) == ("示例甲", "13900000001")
    assert found["geometry"].equals_exact(shapely.Point(111.02, 36.02), 1e-9)


def test_a_merged_cell_belongs_to_all_its_rows(tmp_path: Path) -> None:
    """One township over the rows of its places."""
    head = (*HEAD, "详细地址")
    rows = [(*GOOD, "石沟镇"), ("S2", "中学", 80, 111.03, 36.02, None)]
    reading = read(save(tmp_path / "a.xlsx", head, *rows, merged=("F2:F3",)))
    assert list(reading.frame["location"]) == ["石沟镇", "石沟镇"]


@pytest.mark.parametrize(
    ("header", "cell", "kept"),
    [
        ("占地总面积(亩)", 3, 2000.0),
        ("占地总面积(㎡)", "0.5公顷", 5000.0),
        ("占地总面积", "800平方米", 800.0),
    ],
)
def test_units_are_converted(tmp_path: Path, header: str, cell: object, kept: float) -> None:
    """In the header or behind the number."""
    found = first(read(save(tmp_path / "a.xlsx", (*HEAD, header), (*GOOD, cell))))
    assert found["total_m2"] == pytest.approx(kept)


def test_a_unit_that_measures_something_else_is_named(tmp_path: Path) -> None:
    """Thirty households are not thirty people."""
    rows = [(*HEAD[:2], "可容纳人数", *HEAD[3:]), ("S1", "小学", "30户", 111.02, 36.02)]
    assert told(read(save(tmp_path / "a.xlsx", *rows))) == {"unit_differs"}


def test_values_under_each_others_headers_are_asked_about(tmp_path: Path) -> None:
    """Numbers of days are valid telephone numbers: nobody would ever notice."""
    head = (*HEAD, "负责人电话", "报出日期")
    rows = [(f"S{n}", f"{n}号", 30, 111.02, 36.02, 44_000 + n, f"1390000000{n}") for n in range(1, 5)]
    reading = read(save(tmp_path / "a.xlsx", head, *rows))
    assert reading.refused
    assert told(reading) == {"column_looks_wrong"}
    table = sources.read_all(tmp_path / "a.xlsx")[0]
    targets = {("负责人电话", 0): "reported_on", ("报出日期", 0): "keeper_phone"}
    said = Corrections(choices=Choices(targets=targets))
    mended = ledgers.read_table(table, SHELTERS, POLICY, file="a", datum="CGCS2000", said=said)
    assert first(mended)["keeper_phone"] == "13900000001"


def test_repeating_groups_become_people(tmp_path: Path) -> None:
    """The first is the monitoring person where no other column names one."""
    head = (
        "隐患点编号",
        "隐患点名称",
        "隐患点类型",
        "经度",
        "纬度",
        "监测人姓名1",
        "监测人电话1",
        "监测人姓名2",
        "监测人电话2",
    )
    row = ("G1", "老庄", "滑坡", 111.02, 36.02, "示例甲", 13900000001.0, "示例乙", "")
    found = first(read(save(tmp_path / "a.xlsx", head, row), POINTS))
    assert found["monitors"] == "示例甲 13900000001；示例乙"
    assert (found["monitor_name"], found["monitor_phone"]) == ("示例甲", "13900000001")


def test_a_code_that_the_ledger_lacks_is_the_stores_or_the_name(tmp_path: Path) -> None:
    """Most templates in use have no column for a code."""
    path = save(tmp_path / "a.xlsx", HEAD[1:], GOOD[1:], ("新场所", 40, 111.03, 36.02))
    standing = Standing(codes_by_name={"沙坪小学": ["S1"]}, shapes={})
    reading = read(path, around=Surroundings(gazetteer=Gazetteer(()), standing=standing))
    assert list(reading.frame["code"]) == ["S1", "新场所"]


def test_a_failed_formula_is_named(tmp_path: Path) -> None:
    """An empty cell would wipe what the store has."""
    path = tmp_path / "a.csv"
    path.write_text(",".join(HEAD) + "\nS1,小学,#REF!,111.02,36.02\n", encoding="utf-8")
    assert told(read(path)) == {"cell_error"}


def spot(code: str, name: str, within: str) -> Spot:
    return Spot(kind="village", code=code, name=name, lon=111.0, lat=36.0, radius_m=900, within=within)


def test_words_that_fit_two_villages_ask_and_the_township_tells_them_apart() -> None:
    """Guessing would send a team into the wrong valley."""
    east, west = spot("990101101201", "老庄村", "东镇"), spot("990101100201", "老庄村", "西镇")
    town = Spot(kind="township", code="990101101000", name="东镇", lon=111.2, lat=36.0, radius_m=5000)
    around = Gazetteer([east, west, town])
    assert set(around.find(village="老庄")) == {east, west}  # type: ignore[arg-type]  # several spots
    assert around.find(village="老庄", town="东镇") == Placed(spot=east, by="village_name")
    assert around.find(texts=("东镇老庄村村委会旁",)) == Placed(spot=east, by="address")
    assert around.find(area_code="990101100201") == Placed(spot=west, by="village_code")
    assert around.find(texts=("别处",)) == ()


def test_text_that_a_spreadsheet_would_run_refuses_the_file(tmp_path: Path) -> None:
    """A telephone number with a plus, a lone dash and a name with @ are none."""
    harmless = (*GOOD[:1], "-", *GOOD[2:])
    assert (
        read(save(tmp_path / "a.xlsx", HEAD, harmless, ("S2", "+86 13900000001", 1, 111.0, 36.0))).rows == 2
    )
    for text in ("=1+1", "@SUM(1)", "+cmd|' /c calc'!A0"):
        path = tmp_path / "b.csv"
        path.write_text(",".join(HEAD) + f'\nS1,"{text}",1,111.0,36.0\n', encoding="utf-8")
        with pytest.raises(SourceError):
            sources.read_all(path)


def test_both_coordinates_may_stand_in_the_cell_of_one(tmp_path: Path) -> None:
    """So a row without coordinates is mended in one cell."""
    found = first(read(save(tmp_path / "a.xlsx", HEAD, ("S1", "小学", 30, None, "111.02, 36.02"))))
    assert found["geometry"].equals_exact(shapely.Point(111.02, 36.02), 1e-9)
