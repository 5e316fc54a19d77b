"""A team leader's telephone: big buttons, a line that comes and goes, and where the team is."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2 as httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import Engine, text

from data import worlds
from tests import builders
from tests.journeys.conftest import Visitor
from tests.site import PASSWORD, add_accounts, serving

pytestmark = pytest.mark.browser
WAIT_MS = 60_000
SMALL = {"width": 360, "height": 640}
USUAL = {"width": 390, "height": 844}


class Desk:
    """The command post, over HTTP."""

    def __init__(self, address: str) -> None:
        self.http = httpx.Client(base_url=f"{address}/api/v1", timeout=WAIT_MS / 1000)
        answer = self.http.post("/session", json={"name": "commander", "password": PASSWORD})
        self.http.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        self.numbers = iter(range(1, 1000))

    def post(self, path: str, **body: Any) -> Any:
        request = f"00000000-0000-4000-8000-{next(self.numbers):012}"
        answer = self.http.post(path, json={"request_id": request, **body})
        assert answer.is_success, answer.text
        return answer.json()

    def get(self, path: str) -> Any:
        return self.http.get(path).json()


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
def desk(address: str) -> Iterator[Desk]:
    """A commander at the command post."""
    made = Desk(address)
    yield made
    made.http.close()


@pytest.fixture
def order(desk: Desk) -> dict[str, Any]:
    """A team's order with its link."""
    incident = desk.post(
        "/incidents", type="landslide", level=4, position=list(builders.on_main_road(6.5)), name="老庄"
    )["id"]
    plan = desk.post("/plans", incidents=[incident])["id"]
    orders = desk.post(f"/plans/{plan}/confirm")
    order: dict[str, Any] = next(one for one in orders if one["kind"] == "team")
    return {**order, "path": desk.post(f"/orders/{order['id']}/link")["path"]}


@contextmanager
def telephone(browser: Browser, **settings: Any) -> Iterator[BrowserContext]:
    context = browser.new_context(**{"viewport": USUAL, "locale": "zh-CN", "has_touch": True, **settings})
    context.set_default_timeout(WAIT_MS)
    yield context
    context.close()


def acts_of(engine: Engine, order: int) -> list[str]:
    """What was journalled about an order, in order."""
    with engine.connect() as connection:
        return list(
            connection.scalars(
                text(
                    "SELECT act FROM live.journal WHERE subject = 'order' AND subject_id = :order ORDER BY number"
                ),
                {"order": order},
            )
        )


def test_what_is_pressed_without_a_network_is_sent_once(
    browser: Browser, engine: Engine, address: str, desk: Desk, order: dict[str, Any]
) -> None:
    """In a valley the leader presses twice and drives on; the page survives a reload, and the ridge sends all of it once."""
    expect.set_options(timeout=WAIT_MS)
    with telephone(browser) as context:
        visitor = Visitor(context, address)
        page = visitor.open(order["path"])
        expect(page.locator("button.huge:visible")).to_have_text("收到")
        expect(page.locator(".route li").first).to_contain_text("出发，沿")
        page.wait_for_function("() => navigator.serviceWorker.controller !== null")
        page.reload()  # through the worker, which keeps it
        page.wait_for_load_state("networkidle")
        assert visitor.complaints == []

        context.set_offline(True)
        page.click("button.huge:visible")
        expect(page.locator("#kept .waiting")).to_contain_text("等待网络")
        expect(page.locator("button.huge:visible")).to_have_text("出发")
        page.click("button.huge:visible")
        expect(page.locator("#kept .waiting")).to_have_count(2)
        page.reload()
        expect(page.locator("#kept .waiting")).to_have_count(2)
        expect(page.locator("button.huge:visible")).to_have_text("到达")
        assert desk.get(f"/orders/{order['id']}")["state"] == "sent"

        context.set_offline(False)
        expect(page.locator("main .state").first).to_contain_text("已出发")
        expect(page.locator("button.huge:visible")).to_have_text("到达")
        expect(page.locator("#kept .waiting")).to_have_count(0)
    assert acts_of(engine, order["id"])[-2:] == ["order.acknowledge", "order.depart"]


def test_an_answer_that_gets_lost_is_asked_for_again(
    browser: Browser, engine: Engine, address: str, order: dict[str, Any]
) -> None:
    """The act was done and its answer never came: the same request goes out again, and nothing is done twice."""
    expect.set_options(timeout=WAIT_MS)
    with telephone(browser, service_workers="block") as context:
        page = context.new_page()
        lost: list[str] = []

        def lose(route: Any) -> None:
            route.fetch()  # the server hears it …
            lost.append(route.request.post_data_json["request_id"])
            route.abort()  # … and the telephone never learns

        page.route("**/acknowledge", lose, times=2)
        page.goto(address + order["path"])
        page.click("button.huge:visible")
        expect(page.locator("button.huge:visible")).to_have_text("出发")
        expect(page.locator("main .state").first).to_contain_text("已收到")
    assert len(set(lost)) == 1
    assert acts_of(engine, order["id"]).count("order.acknowledge") == 1


def test_words_reach_the_command_post_once_and_are_answered(
    browser: Browser, address: str, desk: Desk, order: dict[str, Any]
) -> None:
    """Said in a valley, sent on the ridge, each sentence once; the post's page shows them by itself, and replies."""
    expect.set_options(timeout=WAIT_MS)
    desk_cookie = {"name": "muster_session", "value": desk.http.cookies["muster_session"], "url": address}
    with telephone(browser) as phones, browser.new_context(locale="zh-CN") as posts:
        posts.add_cookies([desk_cookie])  # type: ignore[list-item]  # a cookie's own keys
        post, phone = Visitor(posts, address), Visitor(phones, address)
        board, page = post.open("/messages"), phone.open(order["path"])
        page.wait_for_function("() => navigator.serviceWorker.controller !== null")
        phones.set_offline(True)
        for words in ("塌方堵路", "<b>改走北线</b>"):
            page.fill(".say textarea", words)
            page.click(".say button")
        expect(page.locator("#unsaid .waiting")).to_have_count(2)
        assert [one for one in phone.complaints if "net::ERR_" not in one] == []
        phones.set_offline(False)
        expect(page.locator("#talk-list .mine")).to_have_count(2)
        phone.complaints.clear()  # of a browser that had no network
        expect(page.locator("#unsaid li")).to_have_count(0)
        expect(board.locator("#message-list .said")).to_have_text(["<b>改走北线</b>", "塌方堵路"])
        expect(board.locator("#waiting [aria-hidden]")).to_have_text("2")
        board.click("#message-list summary >> nth=0")
        board.fill("#message-list details[open] input[name=body]", "收到，北线已疏通")
        board.click("#message-list details[open] button")
        expect(board.locator("#message-list .said")).to_have_count(3)
        page.reload()
        expect(page.locator("#talk-list .waiting .said")).to_have_text("收到，北线已疏通")
        page.click("#talk-list .waiting button")
        expect(page.locator("#talk-list .waiting")).to_have_count(0)
        assert [*post.complaints, *phone.complaints] == []
    assert desk.get("/messages")[0]["acknowledged_by"] == f"link:order/{order['id']}"


def test_a_cancelled_order_says_so(browser: Browser, address: str, desk: Desk, order: dict[str, Any]) -> None:
    """Who pressed in the valley while the order was cancelled must read that, in words."""
    expect.set_options(timeout=WAIT_MS)
    with telephone(browser) as context:
        page = context.new_page()
        page.goto(address + order["path"])
        context.set_offline(True)
        page.click("button.huge:visible")
        desk.post(f"/orders/{order['id']}/cancel", reason="误报")
        context.set_offline(False)
        expect(page.locator("#kept .refused")).to_contain_text("当前状态下不能执行")
        expect(page.locator("#standing .notice").first).to_contain_text("指令已撤销")


def test_a_position_is_shared_on_the_way_and_no_further(
    browser: Browser, address: str, desk: Desk, order: dict[str, Any]
) -> None:
    """After a press, until the arrival; the command map's figures come from it."""
    expect.set_options(timeout=WAIT_MS)
    lon, lat = builders.on_main_road(5)
    place = {"longitude": lon, "latitude": lat, "accuracy": 15}
    with telephone(browser, permissions=["geolocation"], geolocation=place) as context:
        visitor = Visitor(context, address)
        page = visitor.open(order["path"])
        for title in ("收到", "出发"):
            page.click(f"button.huge:visible:has-text('{title}')")
        expect(page.locator("button.huge:visible")).to_have_text("到达")
        expect(page.locator("#standing .state")).to_contain_text("已出发")  # by the server, too
        page.click("#share button")
        expect(page.locator("#share p")).to_contain_text("位置已于")
        (seen,) = desk.get("/positions")["features"]
        assert seen["geometry"]["coordinates"] == pytest.approx([lon, lat])
        assert seen["properties"]["order"] == order["id"]
        assert seen["properties"]["expected_at"] is not None
        page.click("button.huge:visible")
        expect(page.locator("#share p")).to_contain_text("不再共享位置")
        assert page.evaluate(f"localStorage.getItem('muster order {order['id']} way')") is None
        assert visitor.complaints == []


def test_everything_fits_a_small_telephone(browser: Browser, address: str, order: dict[str, Any]) -> None:
    """No sideways scrolling, and a button that a glove can hit."""
    with telephone(browser, viewport=SMALL) as context:
        page = context.new_page()
        page.goto(f"{address}{order['path']}?lang=en")
        assert page.evaluate("document.documentElement.scrollWidth") <= SMALL["width"]
        box = page.locator("button.huge:visible").bounding_box()
        assert box is not None
        assert box["height"] >= 70
        assert box["y"] + box["height"] < SMALL["height"]
        assert not re.search(r"[一-鿿]", page.locator(".route").inner_text())


def test_without_javascript_the_forms_still_work(
    browser: Browser, address: str, desk: Desk, order: dict[str, Any]
) -> None:
    """An old telephone has buttons too; an ended link says whom to ask."""
    with telephone(browser, java_script_enabled=False) as context:
        page: Page = context.new_page()
        page.goto(address + order["path"])
        assert page.locator("svg.sketch").is_visible()
        page.click("button.huge:visible")
        assert page.locator("button.huge:visible").inner_text() == "出发"
        desk.post(f"/orders/{order['id']}/link")
        page.reload()
        assert "请致电指挥部" in page.content()
