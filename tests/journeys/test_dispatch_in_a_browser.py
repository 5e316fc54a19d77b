"""From a click on the map to an acknowledged order, as people do it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine, text

from data import worlds
from tests import builders
from tests.journeys.conftest import Visitor, click_map
from tests.site import add_accounts, serving

pytestmark = pytest.mark.browser
WAIT_MS = 60_000  # the first plan of a process compiles the road search


@pytest.fixture
def address(engine: Engine, database: str) -> Iterator[str]:
    """The hand-made county, served."""
    with engine.begin() as connection:
        builders.add_county(worlds.inside(connection, worlds.LIVE))
        connection.execute(text("UPDATE live.team_states SET reported_at = now()"))  # served by a real clock
    add_accounts(engine)
    with serving(database) as address:
        yield address


@pytest.fixture
def commander(browser: Browser, address: str) -> Iterator[Visitor]:
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    context.set_default_timeout(WAIT_MS)
    yield Visitor(context, address)
    context.close()


def test_a_landslide_becomes_acknowledged_orders(commander: Visitor, browser: Browser) -> None:
    """The first paragraph of what the product promises, on a map, with one hand on the mouse."""
    expect.set_options(timeout=WAIT_MS)
    page = commander.sign_in("commander")
    expect(page.locator("#legend-layers li")).to_have_count(5)
    expect(page.locator("#live")).to_have_attribute("data-state", "live")

    lon, lat = builders.on_main_road(6.5)
    page.wait_for_selector("#panel [name=lon]")
    click_map(page, lon, lat - 0.001)
    assert abs(float(page.input_value("[name=lon]")) - lon) < 0.001
    expect(page.locator("#hint")).to_contain_text("东镇")
    page.select_option("[name=type]", "landslide")
    page.click("label:has([name=level][value='4'])")
    page.click("#panel form button.primary")

    expect(page.locator("#needs")).to_contain_text("滑坡坍塌救援")
    expect(page.locator("#map_command .mark.open")).to_have_count(1)
    page.click("#needs button.primary")
    cards = page.locator("#content[data-plan] article.card")
    expect(cards.first).to_be_visible()
    assert cards.count() >= 3
    expect(page.locator("#content .proof")).to_contain_text("已证明最优")
    expect(page.locator("#content article.card.last")).to_have_count(1)
    expect(page.locator("#reasons")).to_contain_text("未选用的力量及原因")
    page.click("#content form[action$='/confirm'] button")

    expect(page.locator("#orders .card").first).to_be_visible()
    expect(page.locator("#map_command .unit.warn").first).to_be_visible()
    with page.context.expect_page() as opened:
        page.click("form#links button:not([type=button])")
    link = opened.value.locator(".copy a").last.get_attribute("href")
    assert link is not None

    phone = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False).new_page()
    phone.goto(link)
    expect(phone.locator("button.huge:visible")).to_have_text("收到")
    phone.click("button.huge:visible")
    expect(phone.locator("button.huge:visible")).to_have_text("出发")
    expect(phone.locator("#standing .state")).to_contain_text("已收到")

    expect(page.locator("#orders .state.good")).to_have_count(1)
    expect(page.locator("#map_command .unit", has_text=re.compile("已收到|已答复"))).to_have_count(1)
    assert commander.complaints == []


SLOW_PLANS = """() => {
  const send = XMLHttpRequest.prototype.send;
  XMLHttpRequest.prototype.send = function (body) {
    if (String(body).includes("incidents=")) setTimeout(() => send.call(this, body), 1500);
    else send.call(this, body);
  };
}"""


def test_somebody_else_acts_while_a_plan_is_made(commander: Visitor) -> None:
    """The page under the commander's hand is redrawn while the plan is computed; the plan must still find its place."""
    expect.set_options(timeout=WAIT_MS)
    page = commander.sign_in("commander")
    page.wait_for_selector("#panel [name=lon]")
    click_map(page, *builders.on_main_road(6.5))
    page.select_option("[name=type]", "landslide")
    page.click("label:has([name=level][value='4'])")
    page.click("#panel form button.primary")
    expect(page.locator("#needs")).to_contain_text("滑坡坍塌救援")
    page.evaluate(SLOW_PLANS)
    form = page.query_selector("#needs form")
    page.click("#needs button.primary")
    page.evaluate("htmx.trigger(document.body, 'act', {})")
    assert form is not None
    form.wait_for_element_state("hidden")  # redrawn
    expect(page.locator("#content[data-plan]")).to_have_count(1)
    expect(page.locator("#content")).to_have_count(1)
    expect(page).to_have_url(re.compile("plans"))
    assert commander.complaints == []


def test_a_road_is_closed_on_the_map_and_opened_again(commander: Visitor) -> None:
    """A closure takes a click and a word, and as much to undo."""
    page = commander.sign_in("duty_officer")
    page.wait_for_selector("#panel [name=lon]")
    page.click("#close-tool")
    lon, lat = builders.on_main_road(7.5)
    click_map(page, lon, lat)
    page.fill("#content [name=reason]", "{{7*7}} <b>塌方</b>")
    page.click("#content form[action='/closures'] button.primary.only-closure")
    expect(page.locator("#closures")).to_contain_text("{{7*7}} <b>塌方</b>")
    expect(page.locator("#map_command .closed-road")).to_have_count(1)
    page.click("#closures a[data-dialog]")
    page.click("#dialog button.primary")
    expect(page.locator("#map_command .closed-road")).to_have_count(0)
    assert commander.complaints == []
