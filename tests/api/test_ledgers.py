"""Ledgers on their way in: previewed, corrected, applied as one act, undone to the byte."""

import csv
import dataclasses
import io
import json
import uuid
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import shapely
from fastapi import FastAPI
from sqlalchemy import text

from api.context import Context
from api.errors import ConflictError, InvalidError, NotFoundError
from api.security import Actor
from api.usecases import ledgers
from data.batches import Batch, BatchRow
from tests import builders

CLERK = Actor(name="clerk", role="registrar")
SHELTERS = [
    ("应急避难场所登记表", "", "", "", "", "", ""),
    ("场所编号(必填)", "*场所名称", "可容纳人数(人)", "经度", "纬度", "负责人", "负责人电话"),
    ("示例", "示例小学", "１００人", 111.1, 36.1, "张三", "13800000000", "示例数据，勿删"),
    ("S1", "沙坪小学", "３００人", 111.02, 36.02, "示例甲", 86231888.0),
    ("S2", "石沟中学", "1.2万", "36.03", "111.03", "示例乙", "10000000002"),
    ("S3", "下河文化站", 80, "111°1′12″", "36°1′12″", "示例丙", "1377888888"),
]
STATE = "SELECT layer, code, to_jsonb(places) FROM places ORDER BY id"


@pytest.fixture
def clerk(app: FastAPI, tmp_path: Path) -> Context:
    """The running application's context with a registrar in it, and a folder of its own."""
    context = app.state.context
    assert isinstance(context, Context)
    settings = context.settings.model_copy(update={"folder": tmp_path})
    return dataclasses.replace(context.acting(CLERK), settings=settings)


def workbook(sheets: Mapping[str, Sequence[Sequence[Any]]]) -> bytes:
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for title, rows in sheets.items():
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(row)
    content = io.BytesIO()
    made.save(content)
    return content.getvalue()


def bring(ctx: Context, content: bytes, name: str = "台账.xlsx", **known: Any) -> Batch:
    path = ledgers.keep(ctx, name, io.BytesIO(content))
    number = ledgers.upload(ctx, path, name, request_id=uuid.uuid4(), **{"datum": "CGCS2000"} | known)
    assert ledgers.start_preview(ctx, number, uuid.uuid4()) is None
    return ledgers.get(ctx, number)


def rows(ctx: Context, batch: Batch, **only: Any) -> list[tuple[int | None, str, str]]:
    return [(row.number, row.code, row.outcome) for row in ledgers.rows(ctx, batch.id, **only)]


def codes(row: BatchRow) -> set[str]:
    return {problem["code"] for problem in row.problems}


def state(ctx: Context) -> list[Any]:
    with ctx.world.read() as connection:
        return [tuple(row) for row in connection.execute(text(STATE))]


def apply(ctx: Context, batch: Batch, **how: Any) -> Mapping[str, Any]:
    return ledgers.apply(ctx, batch.id, request_id=uuid.uuid4(), **how)


def test_the_whole_way_of_a_dirty_workbook(clerk: Context) -> None:
    """Previewed, a cell mended, applied, previewed again all the same, undone to the byte."""
    before = state(clerk)
    batch = bring(clerk, workbook({"避难场所": SHELTERS}))
    sheet = batch.sheets[0]
    assert (batch.state, sheet["layer"], sheet["rows"]) == ("previewed", "shelters", 3)
    assert rows(clerk, batch)[:3] == [(4, "S1", "new"), (5, "S2", "new"), (6, "", "faulty")]
    faulty = ledgers.rows(clerk, batch.id, outcome="faulty")[0]
    assert [(one["code"], one["cell"]) for one in faulty.problems] == [("not_phone", "G6")]
    assert state(clerk) == before

    place = faulty.problems[0]["place"]
    ledgers.correct(clerk, batch.id, request_id=uuid.uuid4(), sheet=0, cells=[(6, place, "10000000003")])
    ledgers.preview(clerk, batch.id, lambda _stage, _done, _total: None)
    assert ledgers.get(clerk, batch.id).sheets[0]["counts"]["new"] == 3

    assert {**apply(clerk, batch)} | {"id": 0, "kept": {}} == {
        "new": 3, "changed": 0, "gone": 0, "skipped": 0, "kept": {}, "id": 0
    }  # fmt: skip
    again = bring(clerk, workbook({"避难场所": [*SHELTERS[:5], (*SHELTERS[5][:6], "10000000003")]}))
    assert again.sheets[0]["counts"] | {"gone": 0} == {
        "new": 0,
        "changed": 0,
        "gone": 0,
        "faulty": 0,
        "same": 3,
    }

    ledgers.undo(clerk, batch.id, request_id=uuid.uuid4())
    assert state(clerk) == before


def test_changed_rows_tell_old_and_new_and_come_back(clerk: Context) -> None:
    """Undo restores every column that the batch changed, who and when included."""
    apply(clerk, bring(clerk, workbook({"避难场所": SHELTERS[:5]})))
    before = state(clerk)
    changed = [*SHELTERS[:3], ("S1", "沙坪小学", 350, 111.025, 36.02, "", "")]
    batch = bring(clerk, workbook({"避难场所": changed}))
    row = ledgers.rows(clerk, batch.id, outcome="changed")[0]
    assert row.changes["capacity"] == [300, 350]
    assert row.changes["keeper_name"] == ["示例甲", None]
    assert row.changes["geometry"] == ["111.0200000, 36.0200000", "111.0250000, 36.0200000"]
    assert ("S2", "gone") in [(code, outcome) for _, code, outcome in rows(clerk, batch)]
    apply(clerk, batch, remove_gone=True)
    assert "S2" not in [code for _, code, _ in state(clerk)]
    ledgers.undo(clerk, batch.id, request_id=uuid.uuid4())
    assert state(clerk) == before


def test_what_was_changed_since_is_not_undone(clerk: Context) -> None:
    """Undoing would wipe what somebody else wrote."""
    first = bring(clerk, workbook({"避难场所": SHELTERS[:5]}))
    apply(clerk, first)
    second = [*SHELTERS[:2], ("S1", "沙坪小学", 350, 111.02, 36.02, "示例甲", 86231888)]
    apply(clerk, bring(clerk, workbook({"避难场所": second})))
    with pytest.raises(ConflictError) as refused:
        ledgers.undo(clerk, first.id, request_id=uuid.uuid4())
    assert (refused.value.code, refused.value.details["names"]) == ("ledger_changed_since", "S1")


def test_a_store_that_changed_since_the_preview_is_told(clerk: Context) -> None:
    """What is applied is what was seen."""
    waiting = bring(clerk, workbook({"避难场所": SHELTERS[:5]}))
    apply(clerk, bring(clerk, workbook({"避难场所": SHELTERS[:4]})))
    with pytest.raises(ConflictError) as refused:
        apply(clerk, waiting)
    assert refused.value.code == "ledger_stale"
    assert "S1" in refused.value.details["names"]


def test_all_or_nothing_takes_nothing_where_a_row_is_faulty(clerk: Context) -> None:
    """The county asked for all; the good rows alone are another wish."""
    before = state(clerk)
    batch = bring(clerk, workbook({"避难场所": SHELTERS}))
    with pytest.raises(ConflictError) as refused:
        apply(clerk, batch, whole=True)
    assert (refused.value.code, refused.value.details["rows"]) == ("ledger_faulty", 1)
    assert state(clerk) == before
    assert apply(clerk, batch)["new"] == 2


def test_a_workbook_of_several_ledgers_hangs_together(clerk: Context) -> None:
    """Goods may name a depot that stands in another sheet of the same file, on whichever side."""
    sheets: dict[str, Sequence[Sequence[Any]]] = {
        "物资": [("储备库编号", "物资名称", "数量"), ("县中心库", "帐篷", 40)],
        "应急储备库": [("储备库名称", "储备库等级", "经度", "纬度"), ("县中心库", "县级", 111.02, 36.02)],
        "说明": [("请如实填写",)],
    }
    batch = bring(clerk, workbook(sheets))
    assert [sheet["layer"] for sheet in batch.sheets] == ["stock_lots", "depots", ""]
    assert apply(clerk, batch)["new"] == 2


def test_rows_without_coordinates_are_placed_and_marked(clerk: Context) -> None:
    """By the village's name, with a radius; a surveyed position takes the mark off."""
    with clerk.world.read() as connection:
        village = connection.execute(text("SELECT code, name FROM villages ORDER BY code LIMIT 1")).one()
    rows_ = [("场所编号", "场所名称", "可容纳人数", "村"), ("P1", "祠堂", 60, village.name)]
    batch = bring(clerk, workbook({"避难场所": rows_}))
    assert rows(clerk, batch, placed=True) == [(2, "P1", "new")]
    apply(clerk, batch)
    with clerk.world.read() as connection:
        marks = connection.execute(text("SELECT attributes FROM places WHERE code = 'P1'")).scalar_one()
    assert marks["placed_by"] == "village_name"
    assert marks["radius_m"] > 0
    surveyed = [("场所编号", "场所名称", "可容纳人数", "经度", "纬度"), ("P1", "祠堂", 60, 111.02, 36.02)]
    apply(clerk, bring(clerk, workbook({"避难场所": surveyed})))
    apply(clerk, bring(clerk, workbook({"避难场所": [*rows_[:1], ("P1", "祠堂", 61, village.name)]})))
    with clerk.world.read() as connection:
        kept = connection.execute(
            text("SELECT attributes, ST_X(geom) AS lon FROM places WHERE code = 'P1'")
        ).one()
    assert "placed_by" not in kept.attributes
    assert kept.lon == pytest.approx(111.02)


def test_a_corrected_mapping_is_used_for_the_next_file(clerk: Context) -> None:
    """Whoever told once what a county's own header means is not asked again."""
    rows_ = [("场所编号", "场所名称", "能装多少", "经度", "纬度"), ("M1", "祠堂", 60, 111.02, 36.02)]
    batch = bring(clerk, workbook({"避难场所": rows_}))
    assert batch.sheets[0]["refused"]
    targets = [("能装多少", 0, "capacity")]
    ledgers.correct(clerk, batch.id, request_id=uuid.uuid4(), sheet=0, targets=targets)
    ledgers.preview(clerk, batch.id, lambda _stage, _done, _total: None)
    assert ledgers.get(clerk, batch.id).sheets[0]["counts"]["new"] == 1
    ledgers.save_mapping(clerk, batch.id, request_id=uuid.uuid4(), sheet=0, name="石沟镇")
    assert bring(clerk, workbook({"避难场所": rows_})).sheets[0]["counts"]["new"] == 1


def test_a_marked_copy_goes_back(clerk: Context) -> None:
    """Faulty cells are coloured and explained in the workbook as it came."""
    batch = bring(clerk, workbook({"避难场所": SHELTERS}))
    copy = openpyxl.load_workbook(ledgers.marked(clerk, batch.id, "zh"))
    assert copy.sheetnames == ["问题清单", "避难场所"]
    cell = copy["避难场所"]["G6"]
    assert cell.value == "1377888888"
    assert "1377888888" in (cell.comment.text if cell.comment else "")
    assert [row[1] for row in copy["问题清单"].iter_rows(min_row=2, values_only=True)].count("G6") == 1


def bomb() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (64 << 20))
    return content.getvalue()


def with_part(name: str, content: str) -> bytes:
    made = io.BytesIO(workbook({"避难场所": SHELTERS}))
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr(name, content)
    return made.getvalue()


HOSTILE = {
    "file_bomb": ("a.xlsx", bomb),
    "file_entities": (
        "a.xlsx",
        lambda: with_part("xl/x.xml", '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
    ),
    "file_macros": ("a.xlsx", lambda: with_part("xl/vbaProject.bin", "x")),
    "file_links": ("a.xlsx", lambda: with_part("xl/externalLinks/externalLink1.xml", "<a/>")),
    "file_kind_wrong": ("a.geojson", lambda: b"<OGRVRTDataSource/>"),
    "file_formula": ("a.xlsx", lambda: workbook({"a": [*SHELTERS[1:2], ('=HYPERLINK("http://x")',)]})),
    "file_encrypted": (
        "a.xlsx",
        lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
    ),
}


@pytest.mark.parametrize("code", HOSTILE)
def test_what_could_harm_is_refused_before_it_is_parsed(clerk: Context, code: str) -> None:
    """With the name of what is wrong, and no file left behind."""
    name, content = HOSTILE[code]
    with pytest.raises(InvalidError) as refused:
        ledgers.keep(clerk, name, io.BytesIO(content()))
    assert (refused.value.code, refused.value.details["problem"]) == ("ledger_refused", code)
    folder = clerk.settings.folder / "made"
    assert not folder.is_dir() or not list(folder.iterdir())


def test_text_that_would_run_is_refused(clerk: Context) -> None:
    """It would run in the spreadsheet of whoever exports the county one day."""
    content = io.StringIO()
    csv.writer(content).writerows([SHELTERS[1], ("S1", "=cmd|'/c calc'!A0", 1, 111.0, 36.0, "", "")])
    with pytest.raises(InvalidError) as refused:
        bring(clerk, content.getvalue().encode(), "a.csv")
    assert refused.value.details["problem"] == "file_formula"


def test_another_countys_batch_is_not_seen(clerk: Context) -> None:
    """A batch shows people of its own area."""
    batch = bring(clerk, workbook({"避难场所": SHELTERS}))
    stranger = clerk.acting(Actor(name="b", role="registrar", area="140000000000"))
    with pytest.raises(NotFoundError):
        ledgers.get(stranger, batch.id)
    assert json.dumps(batch.sheets)


EAST = Actor(name="east", role="registrar", area=builders.EAST_TOWNSHIP)
LOT = ("编号", "储备库编号", "物资名称", "数量")
CAR = ("车辆编号", "车辆类型", "队伍编号", "储备库编号")
DUTY = ("人员编号", "对象图层", "对象编号", "责任")
OWNED = "SELECT code, to_jsonb(t) FROM {} t ORDER BY id"
TEAM = ("队伍编号", "队伍名称", "队伍类型", "人数", "救援能力", "经度", "纬度")


def table(ctx: Context, name: str) -> list[Any]:
    with ctx.world.read() as connection:
        return [tuple(row) for row in connection.execute(text(OWNED.format(name)))]


def code_of(ctx: Context, name: str, number: int) -> str:
    with ctx.world.read() as connection:
        return str(
            connection.execute(text(f"SELECT code FROM {name} WHERE id = :id"), {"id": number}).scalar_one()
        )


def found(ctx: Context, batch: Batch) -> dict[tuple[str, int | None], tuple[str, set[str]]]:
    return {
        (row.layer, row.number): (row.outcome, codes(row))
        for row in ledgers.rows(ctx, batch.id)
        if row.outcome != "gone"
    }


def test_a_township_touches_only_rows_of_its_own_area(clerk: Context, county: Mapping[str, int]) -> None:
    """Where a row lies or would lie, by its code, its position or its owner; what others hold is not told either."""
    west_depot, west_lot = (
        code_of(clerk, "depots", county["depot"]),
        code_of(clerk, "live.stock_lots", county["lot"]),
    )
    west_team, east_team = code_of(clerk, "teams", county["both"]), code_of(clerk, "teams", county["far"])
    west_car = code_of(clerk, "vehicles", county["carrier"])
    depot = ("储备库编号", "储备库名称", "储备库等级", "经度", "纬度")
    apply(
        clerk,
        bring(
            clerk,
            workbook(
                {
                    "避难场所": [
                        *SHELTERS[:2],
                        ("SW", "西小学", 300, 111.02, 36.02, "示例甲", "10000000009"),
                    ],
                    "应急储备库": [depot, ("DE", "东库", "县级", 111.16, 36.0)],
                    "责任人": [("人员编号", "姓名", "手机"), ("PE", "示例丁", "10000000008")],
                }
            ),
        ),
    )
    east = clerk.acting(EAST)
    sheets: dict[str, Sequence[Sequence[Any]]] = {
        "避难场所": [
            SHELTERS[1],
            ("SW", "西小学", 1, 111.02, 36.02, "示例丙", ""),  # stands in the west
            ("SW2", "西中学", 1, 111.02, 36.02, "", ""),  # would stand there
            ("SW3", "别处中学", 1, 112.9, 36.02, "", ""),  # nowhere in the county
            ("SE", "东中学", 1, 111.16, 36.02, "", ""),
        ],
        "应急储备库": [
            depot,
            ("DE2", "东二库", "乡级", 111.17, 36.0),
            ("DW2", "西二库", "乡级", 111.02, 36.0),
        ],
        "物资": [
            LOT,
            ("LW", west_depot, "帐篷", 4),
            (west_lot, "DE", "铁锹", 4),  # taken away from the west
            ("LW2", "DW2", "帐篷", 4),  # in a depot that this file would bring there
            ("LE", "DE", "帐篷", 4),
            ("LE2", "DE2", "帐篷", 4),
        ],
        "车辆": [
            CAR,
            ("VW", "卡车", west_team, ""),
            (west_car, "卡车", east_team, ""),
            ("VE", "卡车", "", "DE"),
        ],
        "责任分工": [
            DUTY,
            ("PE", "责任网格", builders.LEAF_GRID, "网格长"),
            ("PE", "行政区划", builders.WEST_TOWNSHIP, "网格长"),
            ("PE", "teams", east_team, "网格长"),
        ],
    }
    outside = ("faulty", {"outside_area"})
    before = {
        name: table(clerk, name) for name in ("places", "live.stock_lots", "vehicles", "duties", "depots")
    }
    batch = bring(east, workbook(sheets))
    assert found(east, batch) == {
        ("shelters", 2): outside,
        ("shelters", 3): outside,
        ("shelters", 4): ("faulty", {"area_unstated", "coordinate_outside"}),
        ("shelters", 5): ("new", set()),
        ("depots", 2): ("new", set()),
        ("depots", 3): outside,
        **{("stock_lots", number): outside for number in (2, 3, 4)},
        **{("stock_lots", number): ("new", set()) for number in (5, 6)},
        ("vehicles", 2): outside,
        ("vehicles", 3): outside,
        ("vehicles", 4): ("new", set()),
        ("duties", 2): outside,
        ("duties", 3): outside,
        ("duties", 4): ("new", set()),
    }
    assert not any(row.changes for row in ledgers.rows(east, batch.id, outcome="faulty"))
    assert apply(east, batch)["new"] == 6
    for name, rows_ in before.items():
        assert table(clerk, name)[: len(rows_)] == rows_
    assert {code for name in before for code, _ in table(clerk, name)[len(before[name]) :]} >= {
        "SE",
        "LE2",
        "VE",
    }


def test_grids_that_would_leave_land_to_nobody_are_refused(clerk: Context) -> None:
    """A leaf drawn too small leaves a strip for which nobody answers."""
    with clerk.world.begin() as connection:
        builders.add_grids(connection)
    west, first, _, _, _ = builders.GRID_EDGES
    head = ("网格编号", "网格名称", "网格类别", "网格级别", "上级网格", "行政区划代码", "WKT")

    def leaf(east: float) -> bytes:
        outline = shapely.box(west, builders.SOUTH - 0.1, east, builders.SOUTH + 0.1).wkt
        said = (
            builders.LEAVES[0],
            "小格",
            "safety",
            "5",
            f"{builders.WEST_VILLAGE}-S",
            builders.WEST_VILLAGE,
        )
        return workbook({"责任网格": [head, (*said, outline)]})

    before = table(clerk, "grid_cells")
    batch = bring(clerk, leaf(first - 0.01), layer="grid_cells")
    assert batch.sheets[0]["counts"]["changed"] == 1
    with pytest.raises(ConflictError) as refused:
        apply(clerk, batch)
    assert refused.value.code == "ledger_opens_gap"
    assert table(clerk, "grid_cells") == before
    assert apply(clerk, bring(clerk, leaf(first), layer="grid_cells"))["changed"] == 1


def test_teams_and_duties_come_back_with_all_that_is_theirs(
    clerk: Context, county: Mapping[str, int]
) -> None:
    """What a team can do, and who answers for what since when: changed, new and removed rows alike."""
    with clerk.world.begin() as connection:
        builders.add_duties(connection)
    skills = "SELECT team_id, code, grade FROM team_capabilities ORDER BY team_id, code"

    def standing() -> list[Any]:
        with clerk.world.read() as connection:
            skilled = [tuple(row) for row in connection.execute(text(skills))]
        return [table(clerk, "teams"), table(clerk, "duties"), skilled]

    before = standing()
    team = code_of(clerk, "teams", county["both"])
    sheets: dict[str, Sequence[Sequence[Any]]] = {
        "救援队伍": [
            TEAM,
            (team, "改名救援队", "full_time", 12, "medical:2", 111.08, 36.0),
            ("TN", "新救援队", "full_time", 5, "medical:3", 111.09, 36.0),
        ],
        "责任分工": [
            ("编号", *DUTY, "任职截止日期"),
            ("DUTY-MAYOR", "MAYOR", "grid_cells", "FF-01-001", "grid_deputy", "2026-12-31"),
            ("DN", "VICE", "teams", "TN", "grid_head", ""),
        ],
    }
    batch = bring(clerk, workbook(sheets))
    done = apply(clerk, batch, remove_gone=True)
    assert (done["new"], done["changed"]) == (2, 2)
    assert done["gone"] >= len(builders.DUTIES) - 1
    assert all(now != then for now, then in zip(standing(), before, strict=True))
    ledgers.undo(clerk, batch.id, request_id=uuid.uuid4())
    assert standing() == before
