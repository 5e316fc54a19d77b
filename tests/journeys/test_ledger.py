"""A ledger in a browser: dropped onto the page, three rows mended in the preview, applied, undone."""

import io
from collections.abc import Iterator
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Browser, FilePayload, expect
from sqlalchemy import Engine, text

from data import worlds
from tests import builders
from tests.journeys.conftest import Visitor
from tests.site import add_accounts, serving

pytestmark = pytest.mark.browser
WAIT_MS = 60_000
ROWS: list[tuple[Any, ...]] = [
    ("应急避难场所登记表",),
    ("场所编号(必填)", "*场所名称", "可容纳人数(人)", "经度", "纬度", "负责人", "负责人电话"),
    ("S1", "沙坪小学", "３００人", 111.02, 36.01, "示例甲", 86231888.0),
    ("S2", "石沟中学", "九十", 111.03, 36.01, "示例乙", "10000000002"),
    ("S3", "下河文化站", 80, "111°1′12″", "36°0′12″", "示例丙", "1377888888"),
    ("S4", "", 60, 111.04, 36.01, "示例丁", "10000000004"),
]
PLACES = "SELECT layer, code, to_jsonb(places) FROM places ORDER BY id"


def ledger() -> bytes:
    made = openpyxl.Workbook()
    sheet = made.worksheets[0]
    sheet.title = "避难场所"
    for row in ROWS:
        sheet.append(row)
    content = io.BytesIO()
    made.save(content)
    return content.getvalue()


@pytest.fixture
def registrar(engine: Engine, database: str, browser: Browser) -> Iterator[Visitor]:
    """A grid officer at a desk, on the hand-made county."""
    with engine.begin() as connection:
        builders.add_county(worlds.inside(connection, worlds.LIVE))
    add_accounts(engine)
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    context.set_default_timeout(WAIT_MS)
    expect.set_options(timeout=WAIT_MS)
    with serving(database) as address:
        yield Visitor(context, address)
        context.close()


def test_a_ledger_is_dropped_mended_applied_and_undone(registrar: Visitor, engine: Engine) -> None:
    """What the preview names is mended where it is named; what was applied goes back to the byte."""

    def stored() -> list[Any]:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(PLACES))]

    before = stored()
    page = registrar.sign_in("registrar")
    page.goto(f"{registrar.address}/ledgers")
    file: FilePayload = {"name": "台账.xlsx", "mimeType": "application/octet-stream", "buffer": ledger()}
    page.set_input_files("input[type=file]", files=file)
    page.select_option("select[name=datum]", "CGCS2000")
    page.get_by_role("button", name="预览").click()

    mend = page.locator("input[name^='cell|']")
    expect(mend).to_have_count(3)
    assert stored() == before
    for cell, value in (("C4", "90"), ("G5", "10000000003"), ("B6", "老君庙")):
        page.get_by_label(f"单元格 {cell} 的值").fill(value)
    page.get_by_role("button", name="重新检查").click()
    expect(page.locator("#apply")).to_contain_text("将新增 4 行、更改 0 行")
    page.locator("#apply button").click()
    expect(page.locator("body")).to_contain_text("已写入")
    assert {"S1", "S2", "S3", "S4"} <= {row[1] for row in stored()}

    page.get_by_role("link", name="整批撤回").click()
    dialog = page.locator("#dialog")
    expect(dialog).to_contain_text("移除新增的 4 行")
    dialog.locator("button.danger, button.primary").first.click()
    expect(page.locator("body")).to_contain_text("已撤回")
    assert stored() == before
