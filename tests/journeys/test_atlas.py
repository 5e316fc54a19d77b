"""A grid officer looks a sheet up, prints it, and has the atlas of a township made."""

from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine, text

from data import worlds
from tests import builders
from tests.journeys.conftest import Visitor
from tests.site import add_accounts, serving

pytestmark = pytest.mark.browser
WAIT_MS = 120_000
HOSTILE = "西镇{{ 7 * 7 }}<img src=x onerror=alert(1)>"


@pytest.fixture
def address(engine: Engine, database: str) -> Iterator[str]:
    """The hand-made county, served; its western township has a name that looks like code."""
    with engine.begin() as connection:
        world = worlds.inside(connection, worlds.LIVE)
        builders.add_county(world)
        builders.add_duties(world)
        connection.execute(
            text("UPDATE areas SET name = :name WHERE code = :code"),
            {"name": HOSTILE, "code": builders.WEST_TOWNSHIP},
        )
    add_accounts(engine)
    with serving(database) as address:
        yield address


def test_a_sheet_is_found_looked_at_and_printed_and_an_atlas_is_made(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    """From the list to the wall: the page shows what the paper has, and the whole is one file."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    context.set_default_timeout(WAIT_MS)
    expect.set_options(timeout=WAIT_MS)
    officer = Visitor(context, address)
    page = officer.sign_in("commander")
    page.goto(f"{address}/atlas")
    page.get_by_text(HOSTILE).first.wait_for(state="attached")
    page.locator("#sheets summary").first.click()
    page.locator("#sheets details a").first.click()

    page.wait_for_function("() => document.getElementById('map-stage').dataset.ready === 'yes'")
    expect(page.locator("h1")).to_contain_text(HOSTILE)
    expect(page.locator(".sheet-tables")).to_contain_text("赵0")
    href = page.get_by_role("link", name="PDF A4").get_attribute("href")
    pdf = context.request.get(address + str(href), timeout=WAIT_MS)
    assert pdf.body().startswith(b"%PDF")
    with pypdfium2.PdfDocument(pdf.body()) as document:
        written = "".join(one.get_textpage().get_text_range() for one in document)
    assert "赵0" in written
    assert "10000000000" in written

    page.goto(f"{address}/atlas")
    page.select_option("[name=area]", builders.WEST_TOWNSHIP)
    page.uncheck("[name=levels][value=grid]")
    page.uncheck("[name=levels][value=county]")
    page.get_by_role("button", name="开始制作").click()
    made = page.locator("a[href^='/atlas/files/']")
    made.wait_for()
    with page.expect_download() as download:
        made.click()
    download.value.save_as(tmp_path / "atlas.pdf")
    with pypdfium2.PdfDocument(tmp_path / "atlas.pdf") as document:
        assert len(document) >= 1
        assert [mark.get_dest().get_index() for mark in document.get_toc()] == [0]
    assert officer.complaints == []
    context.close()
