"""Screens that say how fresh they are, and catch up by themselves: seven tabs, a server that restarts, a session that ends."""

import re
import uuid
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import Engine, text

from api.context import Context, make_context
from api.security import local_administrator
from api.settings import Settings
from api.storm.wire import Line, Ticket
from api.usecases import closures
from data import worlds
from tests import builders
from tests.hours import quiet_zone
from tests.journeys.conftest import Visitor
from tests.site import PASSWORD, add_accounts, serving

pytestmark = pytest.mark.browser
WAIT_MS = 30_000
POINT = {"type": "Point", "coordinates": list(builders.on_main_road(4.5))}
NOT_A_FAULT = re.compile(
    r"Failed to load resource|net::ERR_|401"
)  # while the server is away, and after signing out


@pytest.fixture
def acting(engine: Engine, database: str) -> Iterator[Context]:
    """Somebody else who acts, beside the server: on the command line, or at another worker."""
    with engine.begin() as connection:
        builders.add_county(worlds.inside(connection, worlds.LIVE))
        connection.execute(text("UPDATE live.team_states SET reported_at = now()"))
    add_accounts(engine)
    context = make_context(Settings(database_url=database, timezone=quiet_zone(), _env_file=None), database)
    yield context.acting(local_administrator("tests"))
    context.engine.dispose()


@pytest.fixture
def desk(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    context.set_default_timeout(WAIT_MS)
    expect.set_options(timeout=WAIT_MS)
    yield context
    context.close()


def close_road(acting: Context, reason: str) -> None:
    closures.close(acting, request_id=uuid.uuid4(), geometry=POINT, reason=reason)


def line_to(address: str, ticket: Ticket | None = None) -> Line:
    return Line(int(address.rsplit(":", 1)[1]), ticket)


def is_live(page: Page) -> None:
    expect(page.locator("#live")).to_have_attribute("data-state", "live")


def test_seven_tabs_share_one_stream_and_lose_nothing_when_the_server_restarts(
    desk: BrowserContext, acting: Context, database: str
) -> None:
    """A browser has six connections to a server; a screen that stays silent after a restart is believed."""
    with serving(database) as address:
        officer = Visitor(desk, address)
        officer.sign_in("duty_officer")
        tabs = [officer.open("/closures") for _ in range(7)]
        for tab in tabs:
            is_live(tab)
            expect(tab.locator("#live")).to_contain_text(re.compile(r"实时 · \d+ 秒前"))
        tabs[6].reload()  # a request of its own still finds a connection
        close_road(acting, "第一处")
        for tab in tabs:
            expect(tab.locator("main")).to_contain_text("第一处")
        port = int(address.rsplit(":", 1)[1])
    for tab in tabs:
        expect(tab.locator("#live")).to_contain_text(re.compile(r"正在重连 · 数据截至 \d\d:\d\d:\d\d"))
    close_road(acting, "停机期间")
    with serving(database, port=port):
        for tab in tabs:
            is_live(tab)
            expect(tab.locator("main")).to_contain_text("停机期间")
        assert not [told for told in officer.complaints if not NOT_A_FAULT.search(told)]
        tabs[0].close()
        close_road(acting, "第三处")
        expect(tabs[1].locator("main")).to_contain_text("第三处")


def test_a_stream_that_reaches_its_age_goes_on_without_a_gap(
    desk: BrowserContext, acting: Context, database: str
) -> None:
    """Streams end after some minutes; what happens between two of them is told by the second."""
    with serving(database, stream_life_s=2) as address:
        page = Visitor(desk, address).sign_in("duty_officer")
        page.goto(f"{address}/closures")
        for turn in range(4):
            close_road(acting, f"第 {turn} 处")
            page.wait_for_timeout(900)
        for turn in range(4):
            expect(page.locator("main")).to_contain_text(f"第 {turn} 处")


def test_without_shared_workers_each_page_listens_for_itself(
    desk: BrowserContext, acting: Context, database: str
) -> None:
    """Offices keep browsers for years."""
    desk.add_init_script("delete window.SharedWorker")
    with serving(database) as address:
        page = Visitor(desk, address).sign_in("duty_officer")
        page.goto(f"{address}/closures")
        is_live(page)
        close_road(acting, "旧浏览器")
        expect(page.locator("main")).to_contain_text("旧浏览器")


def test_a_session_that_ended_is_said_and_what_was_typed_stays(
    desk: BrowserContext, acting: Context, database: str
) -> None:
    """Signed out in another tab, or by the clock: the page must not look live, and not throw away a half-written report."""
    with serving(database, stream_life_s=1) as address:
        officer = Visitor(desk, address)
        officer.sign_in("duty_officer")
        page = officer.open("/incidents")
        is_live(page)
        page.locator("form.fields details summary").click()
        page.fill("[name=description]", "两人被困")
        officer.open("/orders").locator(".bar form button").click()
        expect(page.locator("#live")).to_contain_text("已退出登录")
        close_road(acting, "之后")
        expect(page.get_by_role("link", name="重新登录")).to_have_attribute(
            "href", "/login?next=%2Fincidents"
        )
        assert page.input_value("[name=description]") == "两人被困"


def test_an_act_at_one_worker_reaches_a_browser_at_another(
    desk: BrowserContext, acting: Context, database: str
) -> None:
    """Workers share nothing but the database: who is signed in at one acts at the other, and both tell of it."""
    with serving(database) as here, serving(database) as there:
        officer = Visitor(desk, here)
        officer.sign_in("duty_officer")
        tab = officer.open("/closures")
        is_live(tab)
        with closing(line_to(here)) as line:
            ticket = line.sign_in("commander", PASSWORD)
        with closing(line_to(there, ticket)) as line:
            road = {"request_id": str(uuid.uuid4()), "geometry": POINT, "reason": "另一处"}
            assert line.ask("POST", "/api/v1/closures", road).status == 201
        expect(tab.locator("main")).to_contain_text("另一处")
        assert [one.reason for one in closures.standing(acting)] == ["另一处"]
