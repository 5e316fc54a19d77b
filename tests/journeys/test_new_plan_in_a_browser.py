"""A road is closed on the map while teams are under way: who is cut off, whose order it touches, and the plan made anew."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine, text

from data import worlds
from tests import builders
from tests.journeys.conftest import Visitor, click_map
from tests.site import add_accounts, serving

pytestmark = pytest.mark.browser
WAIT_MS = 30_000


@pytest.fixture
def address(engine: Engine, database: str) -> Iterator[str]:
    """The hand-made county, served, with a medical team at the end of the northern road."""
    with engine.begin() as connection:
        here = worlds.inside(connection, worlds.LIVE)
        builders.add_county(here)
        builders.add_team(
            here,
            position=(builders.on_main_road(6)[0], builders.SOUTH + builders.NORTH),
            capabilities={"landslide_rescue": 1, "medical": 1, "search_rescue": 1},
            strength=40,
            notify_ms=900_000,  # slow to call: it goes only when the road to the others is cut
        )
        connection.execute(text("UPDATE live.team_states SET reported_at = now()"))  # served by a real clock
    add_accounts(engine)
    with serving(database) as address:
        yield address


def report_and_send(page: Page) -> None:
    """Report a landslide in the middle of the main road, and send what is proposed."""
    page.wait_for_selector("#panel [name=lon]")
    click_map(page, *builders.on_main_road(5.02))
    page.select_option("[name=type]", "landslide")
    page.click("label:has([name=level][value='4'])")
    page.click("#panel form button.primary")
    page.click("#needs button.primary")
    page.click("#content form[action$='/confirm'] button")
    expect(page.locator("#orders .card").first).to_be_visible()


def test_a_line_over_a_route_shows_what_it_does_and_the_new_plan_is_accepted(
    browser: Browser, address: str
) -> None:
    """Drawn with three clicks; before it is stored the roads, the cut off and the touched orders are named."""
    expect.set_options(timeout=WAIT_MS)
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    context.set_default_timeout(WAIT_MS)
    commander = Visitor(context, address)
    page = commander.sign_in("commander")
    report_and_send(page)

    page.click(".tabs a[href='/closures']")
    page.click("[data-draw=Line]")
    expect(page.locator("[data-draw=Line]")).to_have_attribute("aria-pressed", "true")
    lon, lat = builders.on_main_road(4.6)
    for north in (0.018, -0.018, -0.018):  # the last one again: done
        click_map(page, lon, lat + north)
    effect = page.locator("#effect")
    expect(effect).to_contain_text("道路")
    expect(effect).to_contain_text(re.compile("影响 [1-9]"))
    page.fill("#content [name=reason]", "桥面塌陷")
    page.click("button.only-closure")
    expect(page.locator("#map_command path.leaflet-interactive, #closures .card.last")).not_to_have_count(0)
    page.click("#closures .card.last a.button.primary")

    page.click("#content form button.primary")  # make the plan anew
    accept = page.locator("#content form.sheet button.primary")
    expect(accept).to_be_visible()
    expect(page.locator("#content")).to_contain_text("全部保持")
    accept.click()
    expect(page.locator("#orders .card").first).to_be_visible()
    expect(page.locator("#orders")).to_contain_text("已取消")
    assert commander.complaints == []
    context.close()
