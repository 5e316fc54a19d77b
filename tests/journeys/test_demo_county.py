"""What the newcomer does who typed `make demo`: a landslide in the demo county, from the click to the answer."""

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine

from api.context import make_context
from api.security import local_administrator
from api.settings import Settings
from api.usecases import bringing_in
from tests.hours import quiet_zone
from tests.journeys.conftest import Visitor, click_map
from tests.site import add_accounts, serving

pytestmark = pytest.mark.browser
WAIT_MS = 60_000
LIVE_MS = 3_000  # an answer is seen by everybody "within a second or so"; tests share the processor

HILLSIDE = (111.10, 36.07)
TOWNSHIPS = 10


@pytest.fixture
def address(engine: Engine, database: str) -> Iterator[str]:
    """The demo county, served."""
    context = make_context(Settings(database_url=database, timezone=quiet_zone(), _env_file=None), database)
    bringing_in.demo_county(
        context.acting(local_administrator("test")),
        request_id=uuid4(),
        progress=lambda _stage, _done, _all: None,
    )
    context.engine.dispose()
    add_accounts(engine)
    with serving(database) as address:
        yield address


def report_landslide(page: Page) -> None:
    """Click the hillside, choose level II, report."""
    page.wait_for_selector("#panel [name=lon]")
    click_map(page, *HILLSIDE)
    expect(page.locator("#hint")).to_contain_text("赤岩镇")
    page.select_option("[name=type]", "landslide")
    page.click("label:has([name=level][value='2'])")
    page.click("#panel form button.primary")


def test_a_landslide_in_the_demo_county_is_answered_on_a_telephone(browser: Browser, address: str) -> None:
    """The first paragraph of what the product promises, on the county that everybody gets."""
    desk = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    desk.set_default_timeout(WAIT_MS)
    expect.set_options(timeout=WAIT_MS)
    commander = Visitor(desk, address)
    page = commander.sign_in("commander")
    report_landslide(page)

    page.click("#needs button.primary")
    expect(page.locator("#content .proof")).to_contain_text("已证明最优")
    expect(page.locator("#content article.card.last")).to_have_count(1)
    cards = page.locator("#content article.card")
    assert cards.count() >= TOWNSHIPS
    for card in cards.all()[:5]:
        parts = [
            int(minutes) for minutes in re.findall(r"(\d+) 分钟", card.locator(".leg-list").inner_text())
        ]
        assert sum(parts) == minutes_of(card.locator(".total").inner_text())
    expect(page.locator("#reasons")).to_contain_text("未选用的力量及原因")
    expect(page.locator("#reasons")).not_to_contain_text(re.compile(r"[a-z]{3,}_[a-z]{2,}"))  # a raw code
    mark, legend = (
        page.locator("#map_command .mark.open").bounding_box(),
        page.locator(".legend").bounding_box(),
    )
    assert mark is not None
    assert legend is not None
    assert mark["x"] > legend["x"] + legend["width"], "the incident hides behind the legend"

    page.click("#content form[action$='/confirm'] button")
    expect(page.locator("#orders .state.warn").first).to_be_visible()
    with page.context.expect_page() as opened:
        page.click("form#links button:not([type=button])")
    link = opened.value.locator(".copy a").last.get_attribute("href")
    assert link is not None
    phone = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False).new_page()
    phone.goto(link)
    expect(phone.locator("main")).to_contain_text("路线")
    phone.click("button.huge:visible")
    answered = page.locator("#map_command .unit.good", has_text=re.compile(r"已收到 \d+ 分钟"))
    expect(answered.or_(page.locator("#map_command .unit", has_text="已答复"))).to_have_count(
        1, timeout=LIVE_MS
    )
    assert commander.complaints == []


def minutes_of(written: str) -> int:
    """Read "57 分钟" or "1 小时 02 分"."""
    hours = re.search(r"(\d+) 小时", written)
    minutes = re.search(r"(\d+) 分", written)
    return 60 * int(hours[1] if hours else 0) + int(minutes[1] if minutes else 0)
