"""A road is closed on the map while teams are under way: what it does is seen before, and the plan is made anew."""

import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine, text

from api.context import Context, make_context
from api.security import local_administrator
from api.settings import Settings
from api.usecases import incidents, plans
from data import worlds
from tests import builders
from tests.hours import quiet_zone
from tests.journeys.conftest import Visitor, click_map
from tests.site import add_accounts, serving

pytestmark = pytest.mark.browser
WAIT_MS = 30_000
NEAR, BEYOND = "河西清障队", "北路清障队"
"""The team west of the bridge, which goes first, and one on the other side that takes long to call."""


@pytest.fixture
def acting(engine: Engine, database: str) -> Iterator[Context]:
    """Somebody who acts beside the server, on the hand-made county with two teams that cut people out of wrecks."""
    with engine.begin() as connection:
        here = worlds.inside(connection, worlds.LIVE)
        builders.add_county(here)
        cutting = {"traffic_rescue": 1}
        builders.add_team(here, name=NEAR, position=builders.on_main_road(3.5), capabilities=cutting)
        north = (builders.on_main_road(6)[0], builders.SOUTH + builders.NORTH)
        builders.add_team(here, name=BEYOND, position=north, capabilities=cutting, notify_ms=720_000)
        connection.execute(text("UPDATE live.team_states SET reported_at = now()"))  # served by a real clock
    add_accounts(engine)
    context = make_context(Settings(database_url=database, timezone=quiet_zone(), _env_file=None), database)
    yield context.acting(local_administrator("tests"))
    context.engine.dispose()


def under_way(acting: Context) -> int:
    """Report an accident beyond the bridge and send who is proposed; return its id."""
    accident = incidents.report(
        acting,
        request_id=uuid.uuid4(),
        type="traffic_accident",
        level=4,
        position=builders.on_main_road(5.02),
    )
    plan = plans.propose(acting, request_id=uuid.uuid4(), incidents=[accident.id])
    plans.confirm(acting, plan.id, request_id=uuid.uuid4())
    return accident.id


def draw_line(page: Page, *corners: tuple[float, float]) -> None:
    """Draw a line with the map's own tool; the last corner is clicked again."""
    tool = page.locator("[data-draw=Line]")
    tool.click()
    expect(tool).to_have_attribute("aria-pressed", "true")
    lon, lat = corners[0]
    page.evaluate("at => map_command.setView(at, 13, { animate: false })", [lat, lon])
    vertices = page.locator("#map_command .marker-icon:not(.cursor-marker)")
    for count, corner in enumerate(corners, start=1):
        click_map(page, *corner)
        expect(vertices).to_have_count(count)
    click_map(page, *corners[-1])
    expect(tool).to_have_attribute("aria-pressed", "false")


def test_a_line_over_a_route_is_weighed_stored_and_answered_with_a_new_plan(
    browser: Browser, acting: Context, database: str
) -> None:
    """The duty officer draws and asks, the commander accepts; on both maps the one team goes and the other comes."""
    expect.set_options(timeout=WAIT_MS)
    accident = under_way(acting)
    contexts = [
        browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN") for _ in range(2)
    ]
    with serving(database) as address:
        officer, commander = (Visitor(context, address) for context in contexts)
        page = officer.sign_in("duty_officer")
        expect(page.locator("#map_command .unit", has_text=NEAR)).to_have_count(1)
        page.click(".tabs a[href='/closures']")
        lon, lat = builders.on_main_road(4.6)
        draw_line(page, (lon, lat + 0.008), (lon, lat - 0.008))

        effect = page.locator("#effect")
        expect(effect).to_contain_text("影响 2 条执行中的指令")
        expect(effect).to_contain_text(NEAR)
        expect(page.locator("#closures .card")).to_have_count(0)  # nothing is stored yet
        page.fill("#content [name=reason]", "桥面塌陷")
        page.click("button.primary.only-closure")
        closed = page.locator("#closures .card.last")
        expect(closed).to_contain_text("桥面塌陷")
        page.wait_for_function(
            "() => feature_group_closures.toGeoJSON().features.length === 1"
        )  # drawn on a canvas

        closed.locator("a.button.primary").click()
        expect(page.locator("#content")).to_have_attribute("data-path", f"/incidents/{accident}/replan")
        page.click("#content form button.primary")
        new_plan = page.locator("#content")
        expect(new_plan).to_contain_text("改变的收益：")
        expect(new_plan.locator("h2:has-text('终止') + ul .card", has_text=NEAR)).to_have_count(1)
        expect(new_plan.locator("h2:has-text('新派') ~ article.card", has_text=BEYOND)).to_have_count(1)
        expect(new_plan.get_by_text("接受改变")).to_have_count(0)  # that is the commander's

        desk = commander.sign_in("commander")
        desk.wait_for_selector("#panel [name=lon]")
        desk.goto(address + page.evaluate("'/' + location.search"))  # the same page, its address read out
        desk.click("#content form.sheet button.primary")
        orders = desk.locator("#orders")
        expect(orders.locator(".card", has_text=BEYOND)).to_contain_text("待接收")
        expect(orders.locator(".card", has_text=NEAR)).to_contain_text("已撤销")
        for screen in (page, desk):
            expect(screen.locator("#map_command .unit", has_text=BEYOND)).to_have_count(1)
            expect(screen.locator("#map_command .unit", has_text=NEAR)).to_contain_text("已撤销")
        assert officer.complaints == commander.complaints == []
    for context in contexts:
        context.close()
