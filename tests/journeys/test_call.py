"""A warning at three in the morning: previewed, called, answered on a telephone, silent elsewhere, told above, ended."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine, text

from data import worlds
from tests import builders
from tests.journeys.conftest import Visitor
from tests.site import add_accounts, serving

pytestmark = pytest.mark.browser
WAIT_MS = 60_000


@pytest.fixture
def address(engine: Engine, database: str) -> Iterator[str]:
    """The hand-made county with somebody at every place of its chain, served."""
    with engine.begin() as connection:
        here = worlds.inside(connection, worlds.LIVE)
        builders.add_county(here)
        builders.add_duties(here)
    add_accounts(engine)
    with serving(database) as address:
        yield address


def minutes_pass(engine: Engine, minutes: int) -> None:
    """Let everything of every call have happened so many minutes earlier: their clocks run on."""
    with engine.begin() as connection:
        moved = {"by": minutes}
        for table, columns in (
            ("call_steps", ("called_at", "answer_by", "answered_at")),
            ("calls", ("started_at", "look_at")),
        ):
            values = ", ".join(f"{one} = {one} - make_interval(mins => :by)" for one in columns)
            connection.execute(text(f"UPDATE live.{table} SET {values}"), moved)


def person(page: Page, name: str) -> str:
    """What the page says of a person where they stand in the chain."""
    return page.locator(".call-place li", has_text=name).first.inner_text()


def test_a_warning_reaches_the_last_ranger_or_whoever_stands_above(
    browser: Browser, address: str, engine: Engine
) -> None:
    """Everything by hand and eye: two people, one desk, one telephone, and nobody reloads a page."""
    with browser.new_context(viewport={"width": 1366, "height": 768}) as context:
        context.set_default_timeout(WAIT_MS)
        desk = Visitor(context, address)
        page = desk.sign_in("duty_officer")
        expect(page.locator("#live")).to_have_attribute("data-state", "live")
        page.goto(f"{address}/calls/new")
        page.fill("main [name=place]", "FF-05-001")
        page.locator("main [name=direction]").select_option("up")
        page.click("main form[method=get] button:has-text('查看')")
        expect(page.locator("#preview .figures")).to_contain_text("5 人立即呼叫")
        page.fill("#preview [name=text]", "暴雨红色预警，请立即转移")
        page.click("#preview button.primary")
        expect(page.locator("h1")).to_contain_text("预警叫应")
        expect(page.locator("#call .figures")).to_contain_text("0 / 5")

        with page.expect_popup() as opened:
            page.locator(".call-place li", has_text="赵5").get_by_role("button", name="链接").click()
        links = opened.value
        link = links.locator("main table a").inner_text()
        with browser.new_context(viewport={"width": 360, "height": 640}, java_script_enabled=False) as phone:
            hers = phone.new_page()
            hers.goto(link)
            expect(hers.locator("main")).to_contain_text("暴雨红色预警")
            hers.get_by_role("button", name="收到").click()
            expect(hers.locator("main [role=status]")).to_contain_text("收到")
            assert hers.evaluate("() => document.documentElement.scrollWidth") <= 360
        links.close()
        expect(page.locator("#call .figures")).to_contain_text("1 / 5")
        assert "本人链接" in person(page, "赵5")

        for name in ("赵0", "赵2", "赵4"):
            page.locator(".call-place li", has_text=name).get_by_role("button", name="已应答").click()
            expect(page.locator(".call-place li", has_text=name).first).to_contain_text("电话确认")
        minutes_pass(engine, 3)
        expect(page.locator(".call-place li", has_text="赵7").first).to_contain_text("待应答")
        assert "超时未应答" in person(page, "赵6")
        minutes_pass(engine, 2)
        above = page.locator(".call-place li", has_text="因 网格5 无人应答")
        expect(above).to_contain_text("赵5")
        above.get_by_role("button", name="已应答").click()
        expect(page.locator("#call")).to_contain_text("上级已知")
        page.click("text=结束叫应")
        expect(page.locator("#dialog")).to_contain_text("还有 2 人未应答")
        page.locator("#dialog button.primary").click()
        expect(page.locator("#call .state").first).to_contain_text("已结束")
        expect(page.locator("#call .figures")).to_contain_text("4 / 6")
        assert "未应答" in person(page, "赵6")
        assert desk.complaints == []
