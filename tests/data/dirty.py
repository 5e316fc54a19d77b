"""Workbooks as counties send them: real headers, each with one known kind of dirt, and the truth beside it.

The headers are facts, copied by name from templates and registers in use (a county viewer of the 2020–2022 risk census,
import templates of enterprises, a geohazard monitoring backend). The rows are invented.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import openpyxl
import xlwt

Cells = Sequence[Any]
Row = dict[str, Any]

SAMPLE: Final = "示例数据，勿删"
COUNT: Final = 6

POINT_HEADERS: Final = (
    "序号", "隐患点编号", "隐患点名称", "隐患点类型", "地理位置", "经度", "纬度", "规模等级", "险情等级", "威胁财产(万元)", "威胁户数(户)",
    "威胁人数(人)", "隐患点发现时间", "诱发因素", "防灾责任人姓名", "防灾责任人电话", "监测责任人姓名", "监测责任人电话", "备注",
)  # fmt: skip
SHELTER_HEADERS: Final = (
    "场所编号", "场所名称", "场所类型", "详细地址", "可容纳人数", "经度", "纬度", "负责人", "负责人电话", "备注",
)  # fmt: skip
TEAM_HEADERS: Final = (
    "队伍编号", "队伍名称", "队伍类型", "队伍地址", "主要负责人", "应急电话", "主管部门", "总人数", "应急功能", "经度", "纬度",
)  # fmt: skip
DEPOT_HEADERS: Final = (
    "编号", "储备库名称", "储备库等级", "所属单位", "储备库地址", "负责人", "负责人电话", "库容", "经度", "纬度",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """A clean ledger of one layer. `fields`: by header, the field that the truth has under it."""

    layer: str
    title: str
    headers: tuple[str, ...]
    fields: Mapping[str, str]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dirty:
    """A workbook with one kind of dirt. truth: what each code must come out as; named: codes that a problem must name.

    rows: the code in each row of the sheet, by its number.
    """

    dirt: str
    path: Path
    layer: str
    truth: Mapping[str, Row]
    named: frozenset[str] = frozenset()
    rows: Mapping[int, str] = field(default_factory=dict)


def _points() -> Ledger:
    fields = {
        "隐患点编号": "code", "隐患点名称": "name", "隐患点类型": "kind", "地理位置": "location", "规模等级": "scale", "险情等级": "danger",
        "威胁财产(万元)": "property_10k", "威胁户数(户)": "households", "威胁人数(人)": "people", "隐患点发现时间": "found_on",
        "诱发因素": "trigger", "防灾责任人姓名": "head_name", "防灾责任人电话": "head_phone", "监测责任人姓名": "monitor_name",
        "监测责任人电话": "monitor_phone", "备注": "remark",
    }  # fmt: skip
    rows = tuple(
        {
            "序号": n,
            "隐患点编号": f"DZ{n:04}",
            "隐患点名称": f"第{n}沟滑坡",
            "隐患点类型": ("滑坡", "landslide"),
            "地理位置": f"西岭村{n}组",
            "经度": 111.02 + n / 1000,
            "纬度": 36.1 + n / 1000,
            "规模等级": ("中型", "medium"),
            "险情等级": ("小型", "small"),
            "威胁财产(万元)": 12.5 * n,
            "威胁户数(户)": n,
            "威胁人数(人)": 3 * n,
            "隐患点发现时间": date(2012, 3, n),
            "诱发因素": "降雨",
            "防灾责任人姓名": f"张{n}",
            "防灾责任人电话": f"1380000{n:04}",
            "监测责任人姓名": f"李{n}",
            "监测责任人电话": f"1390000{n:04}",
            "备注": f"雨季加密{n}",
        }
        for n in range(1, COUNT + 1)
    )
    return Ledger(
        layer="geohazard_points",
        title="地质灾害隐患点登记表",
        headers=POINT_HEADERS,
        fields=fields,
        rows=rows,
    )


def _shelters() -> Ledger:
    fields = {
        "场所编号": "code", "场所名称": "name", "场所类型": "setting", "详细地址": "location", "可容纳人数": "capacity",
        "负责人": "keeper_name", "负责人电话": "keeper_phone", "备注": "remark",
    }  # fmt: skip
    rows = tuple(
        {
            "场所编号": f"BN{n:03}",
            "场所名称": f"第{n}小学操场",
            "场所类型": ("室外避难场所", "outdoor"),
            "详细地址": f"城关镇{n}号",
            "可容纳人数": 100 * n,
            "经度": 111.05 + n / 1000,
            "纬度": 36.2 + n / 1000,
            "负责人": f"王{n}",
            "负责人电话": f"1370000{n:04}",
            "备注": "有供水",
        }
        for n in range(1, COUNT + 1)
    )
    return Ledger(layer="shelters", title="避难场所信息", headers=SHELTER_HEADERS, fields=fields, rows=rows)


def _teams() -> Ledger:
    fields = {
        "队伍编号": "code", "队伍名称": "name", "队伍类型": "kind", "队伍地址": "location", "主要负责人": "contact_name", "应急电话": "contact_phone",
        "主管部门": "organisation", "总人数": "strength", "应急功能": "capabilities",
    }  # fmt: skip
    rows = tuple(
        {
            "队伍编号": f"DW{n:03}",
            "队伍名称": f"第{n}救援队",
            "队伍类型": ("消防", "full_time"),
            "队伍地址": f"城关镇{n}号",
            "主要负责人": f"赵{n}",
            "应急电话": f"1360000{n:04}",
            "主管部门": "应急管理局",
            "总人数": 10 + n,
            "应急功能": ("医疗救援;滑坡救援:1", (("landslide_rescue", 1), ("medical", 3))),
            "经度": 111.04 + n / 1000,
            "纬度": 36.15 + n / 1000,
        }
        for n in range(1, COUNT + 1)
    )
    return Ledger(layer="teams", title="应急队伍信息", headers=TEAM_HEADERS, fields=fields, rows=rows)


def _depots() -> Ledger:
    fields = {
        "编号": "code", "储备库名称": "name", "储备库等级": "level", "所属单位": "organisation", "储备库地址": "location", "负责人": "contact_name",
        "负责人电话": "contact_phone", "库容": "volume_m3",
    }  # fmt: skip
    rows = tuple(
        {
            "编号": f"CK{n:03}",
            "储备库名称": f"第{n}储备点",
            "储备库等级": ("乡镇", "township"),
            "所属单位": "城关镇",
            "储备库地址": f"城关镇{n}号",
            "负责人": f"钱{n}",
            "负责人电话": f"1350000{n:04}",
            "库容": 20.5 * n,
            "经度": 111.06 + n / 1000,
            "纬度": 36.12 + n / 1000,
        }
        for n in range(1, COUNT + 1)
    )
    return Ledger(layer="depots", title="应急储备库信息", headers=DEPOT_HEADERS, fields=fields, rows=rows)


LEDGERS: Final[Mapping[str, Ledger]] = MappingProxyType(
    {one.layer: one for one in (_points(), _shelters(), _teams(), _depots())}
)


def truth_of(ledger: Ledger, row: Row) -> Row:
    """Return what a row says, by field, with its position."""
    meant = {name: _meant(row[head]) for head, name in ledger.fields.items()}
    return {**meant, "position": (row["经度"], row["纬度"])}


def _meant(value: Any) -> Any:
    return value[1] if isinstance(value, tuple) else value


def _written(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) else value


class _Sheet:
    """A sheet on its way to dirt: lines of cells, and which line is which row."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.headers: list[Any] = list(ledger.headers)
        self.lines: list[list[Any]] = [
            [_written(row[head]) for head in ledger.headers] for row in ledger.rows
        ]
        self.above: list[list[Any]] = []
        self.below: list[list[Any]] = []
        self.merges: list[tuple[int, int, int, int]] = []
        self.truth = {str(_meant(row[self._code()])): truth_of(ledger, row) for row in ledger.rows}
        self.named: set[str] = set()
        self.suffix = ".xlsx"
        self.stem_ends = ""

    def _code(self) -> str:
        return next(head for head, name in self.ledger.fields.items() if name == "code")

    def codes(self) -> list[str]:
        return [str(_meant(row[self._code()])) for row in self.ledger.rows]

    def head(self, name: str) -> int:
        """Find the column of a field or of a position."""
        wanted = next((head for head, one in self.ledger.fields.items() if one == name), name)
        return self.ledger.headers.index(wanted)

    def phone(self) -> str:
        return next(name for name in self.ledger.fields.values() if name.endswith("_phone"))

    def number(self) -> str:
        return {
            "geohazard_points": "people",
            "shelters": "capacity",
            "teams": "strength",
            "depots": "volume_m3",
        }[self.ledger.layer]


def _title_row(sheet: _Sheet) -> None:
    sheet.above = [[sheet.ledger.title]]


def _instructions(sheet: _Sheet) -> None:
    text = f"{sheet.ledger.title}\n标*的为必填字段\n请按照要求填写本表格，否则会导致数据导入失败\n第一行为示例数据请勿删除"
    sheet.above = [[text], []]
    sheet.merges = [(1, 1, 1, len(sheet.headers))]


def _sample_row(sheet: _Sheet) -> None:
    sheet.lines.insert(0, [*map(str, sheet.headers), SAMPLE])


def _required_marks(sheet: _Sheet) -> None:
    for name, mark in (("code", "*{}"), ("name", "{}(必填)"), (sheet.number(), "＊{}（必填）")):
        place = sheet.head(name)
        sheet.headers[place] = mark.format(sheet.headers[place])


def _units(sheet: _Sheet) -> None:
    place = sheet.head(sheet.number())
    title = str(sheet.headers[place]).partition("(")[0]
    sheet.headers[place] = f"{title}（{'㎥' if sheet.ledger.layer == 'depots' else '人'}）"


def _trailing_spaces(sheet: _Sheet) -> None:
    sheet.headers = [f"{head} " if place % 2 else f" {head}\n" for place, head in enumerate(sheet.headers)]
    place = sheet.head("name")
    for line in sheet.lines:
        line[place] = f"  {line[place]}　"
    sheet.stem_ends = " "


def _serial_dates(sheet: _Sheet) -> None:
    place = sheet.head("found_on")
    for line in sheet.lines:
        line[place] = (line[place] - date(1899, 12, 30)).days


def _dotted_dates(sheet: _Sheet) -> None:
    place = sheet.head("found_on")
    for line in sheet.lines:
        line[place] = f"{line[place].year}年{line[place].month}月{line[place].day}日"


def _phones_as_floats(sheet: _Sheet) -> None:
    place = sheet.head(sheet.phone())
    for line in sheet.lines:
        line[place] = float(line[place])


def _phones_short_of_a_digit(sheet: _Sheet) -> None:
    place = sheet.head(sheet.phone())
    for line, code in list(zip(sheet.lines, sheet.codes(), strict=True))[:2]:
        line[place] = line[place][:10]
        sheet.named.add(code)


def _empty_cells(sheet: _Sheet) -> None:
    place = sheet.head("location")
    for line, code in list(zip(sheet.lines, sheet.codes(), strict=True))[:3]:
        line[place] = None
        sheet.truth[code]["location"] = None


def _empty_codes_and_names(sheet: _Sheet) -> None:
    place = sheet.head("name")
    for line, code in list(zip(sheet.lines, sheet.codes(), strict=True))[:2]:
        line[place] = None
        sheet.named.add(code)


def _swapped_headers(sheet: _Sheet) -> None:
    lon, lat = sheet.head("经度"), sheet.head("纬度")
    sheet.headers[lon], sheet.headers[lat] = "纬度", "经度"


def _misspelt_latitude(sheet: _Sheet) -> None:
    sheet.headers[sheet.head("纬度")] = "维度"


def _degrees_in_three_columns(sheet: _Sheet) -> None:
    for name, title in (("纬度", "监测点纬度"), ("经度", "监测点精度")):
        place = sheet.head(name)
        sheet.headers[place : place + 1] = [title] * 3
        for line in sheet.lines:
            line[place : place + 1] = _dms(line[place])


def _dms(angle: float) -> list[Any]:
    degrees = int(angle)
    minutes = int((angle - degrees) * 60)
    return [degrees, minutes, round((angle - degrees - minutes / 60) * 3600, 4)]


def _degrees_as_text(sheet: _Sheet) -> None:
    for name in ("经度", "纬度"):
        place = sheet.head(name)
        for line in sheet.lines:
            degrees, minutes, seconds = _dms(line[place])
            line[place] = f"{degrees}°{minutes}′{seconds}″"


def _pair(sheet: _Sheet) -> None:
    lon, lat = sheet.head("经度"), sheet.head("纬度")
    for line in sheet.lines:
        line[lon] = f"{line[lon]}，{line[lat]}"
    sheet.headers[lon] = "经纬度坐标"
    for line in (sheet.headers, *sheet.lines):
        del line[lat]


def _metres(sheet: _Sheet) -> None:
    lon, lat = sheet.head("经度"), sheet.head("纬度")
    for line, code in zip(sheet.lines, sheet.codes(), strict=True):
        line[lon], line[lat] = 37501234.5, 3998765.4
        sheet.named.add(code)


def _mixed_roles(sheet: _Sheet) -> None:
    place = sheet.head(sheet.phone().replace("_phone", "_name"))
    sheet.headers[place] = {
        "geohazard_points": "防灾责任人",
        "shelters": "场所负责人",
        "teams": "单位负责人",
        "depots": "联系人",
    }[sheet.ledger.layer]


def _full_width(sheet: _Sheet) -> None:
    place = sheet.head(sheet.number())
    sheet.headers = [str(head).replace("(", "（").replace(")", "）") for head in sheet.headers]
    for line in sheet.lines:
        line[place] = "".join(
            chr(ord(sign) + 0xFEE0) if sign.isdigit() else sign for sign in str(line[place])
        ).replace(".", "．")


def _repeated_people(sheet: _Sheet) -> None:
    name, phone = sheet.head("monitor_name"), sheet.head("monitor_phone")
    sheet.headers[name], sheet.headers[phone] = "监测人姓名1", "监测人电话1"
    sheet.headers += ["监测人姓名2", "监测人电话2"]
    for line in sheet.lines:
        line += [None, None]


def _numbers_with_units(sheet: _Sheet) -> None:
    place = sheet.head(sheet.number())
    for line in sheet.lines:
        line[place] = f"{line[place]}{'立方米' if sheet.ledger.layer == 'depots' else '人'}"


def _merged_heads(sheet: _Sheet) -> None:
    sheet.above = [[sheet.ledger.title], ["填报单位：", None, "填报时间："]]
    sheet.merges = [(1, 1, 1, len(sheet.headers))]


def _totals(sheet: _Sheet) -> None:
    sheet.below = [[], ["填表人：张某", None, None, "审核人：李某"]]
    sheet.named.add("填表人")


def _unknown_words(sheet: _Sheet) -> None:
    kind = {"geohazard_points": "kind", "shelters": "setting", "teams": "kind", "depots": "level"}[
        sheet.ledger.layer
    ]
    place = sheet.head(kind)
    sheet.lines[0][place] = "天外来客"
    sheet.named.add(sheet.codes()[0])


def _repeated_codes(sheet: _Sheet) -> None:
    place = sheet.head("code")
    sheet.lines[1][place] = sheet.lines[0][place]
    sheet.named.add(sheet.codes()[1])


def _old_workbook(sheet: _Sheet) -> None:
    sheet.suffix = ".xls"
    sheet.stem_ends = " "


Dirt = Callable[[_Sheet], None]
EVERYWHERE: Final = tuple(LEDGERS)
POINTS_ONLY: Final = ("geohazard_points",)

DIRT: Final[Mapping[str, tuple[Dirt, tuple[str, ...]]]] = MappingProxyType(
    {
        "title row": (_title_row, EVERYWHERE),
        "instructions in the title": (_instructions, EVERYWHERE),
        "sample row": (_sample_row, EVERYWHERE),
        "required marks": (_required_marks, EVERYWHERE),
        "units in headers": (_units, EVERYWHERE),
        "trailing spaces": (_trailing_spaces, EVERYWHERE),
        "date serials": (_serial_dates, POINTS_ONLY),
        "dates in words": (_dotted_dates, POINTS_ONLY),
        "phones as floats": (_phones_as_floats, EVERYWHERE),
        "phones short of a digit": (_phones_short_of_a_digit, EVERYWHERE),
        "empty cells": (_empty_cells, EVERYWHERE),
        "empty names": (_empty_codes_and_names, EVERYWHERE),
        "swapped axes": (_swapped_headers, EVERYWHERE),
        "latitude misspelt": (_misspelt_latitude, EVERYWHERE),
        "degrees in three columns": (_degrees_in_three_columns, EVERYWHERE),
        "degrees as text": (_degrees_as_text, EVERYWHERE),
        "both axes in one cell": (_pair, EVERYWHERE),
        "metres": (_metres, EVERYWHERE),
        "another word for a role": (_mixed_roles, EVERYWHERE),
        "full-width signs": (_full_width, EVERYWHERE),
        "people in numbered columns": (_repeated_people, POINTS_ONLY),
        "units behind numbers": (_numbers_with_units, EVERYWHERE),
        "merged rows above": (_merged_heads, EVERYWHERE),
        "signatures below": (_totals, EVERYWHERE),
        "unknown words": (_unknown_words, EVERYWHERE),
        "repeated codes": (_repeated_codes, EVERYWHERE),
        "old workbook": (_old_workbook, EVERYWHERE),
    }
)
"""Each kind of dirt, how it is made, and the ledgers that can have it."""


def write(folder: Path, layer: str, dirt: str) -> Dirty:
    """Write one ledger with one kind of dirt."""
    sheet = _Sheet(LEDGERS[layer])
    DIRT[dirt][0](sheet)
    path = folder / f"{layer}-{dirt.replace(' ', '_')}{sheet.stem_ends}{sheet.suffix}"
    lines: list[list[Any]] = [*sheet.above, sheet.headers, *sheet.lines, *sheet.below]
    if sheet.suffix == ".xls":
        _write_old(path, lines)
    else:
        _write_new(path, lines, sheet.merges)
    rows = {
        number: code
        for number, line in enumerate(lines, 1)
        for code in sheet.codes()
        if line is not sheet.headers and line and code in map(str, line)
    }
    return Dirty(
        dirt=dirt,
        path=path,
        layer=layer,
        truth=sheet.truth,
        named=frozenset(sheet.named),
        rows=rows,
    )


def _write_new(path: Path, lines: Sequence[Cells], merges: Sequence[tuple[int, int, int, int]]) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.worksheets[0]
    for number, line in enumerate(lines, 1):
        for place, value in enumerate(line, 1):
            if value is not None:
                sheet.cell(number, place, value)
    for top, left, bottom, right in merges:
        sheet.merge_cells(start_row=top, start_column=left, end_row=bottom, end_column=right)
    workbook.save(path)


def _write_old(path: Path, lines: Sequence[Cells]) -> None:
    workbook = xlwt.Workbook(encoding="utf-8")
    sheet = workbook.add_sheet("Export")
    day = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    for number, line in enumerate(lines):
        for place, value in enumerate(line):
            if isinstance(value, date):
                sheet.write(number, place, value, day)
            elif value is not None:
                sheet.write(number, place, value)
    workbook.save(str(path))
