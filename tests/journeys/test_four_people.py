"""Four people at once, two incidents, a bridge, and somebody who pulls the server's plug twice: nothing is lost or doubled.

A duty officer, a commander, a township and a team leader on a telephone, each in a browser of their own, on a server as a
county runs it: two workers and the embedded PostgreSQL, all killed without a word and started again.
"""

import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import Connection, text

from data import journal, worlds
from tests import builders
from tests.journeys.conftest import Visitor, click_map
from tests.journeys.plug import Machine
from tests.site import add_accounts

pytestmark = pytest.mark.browser
WAIT_MS = 90_000
BRIDGE = 5.5
"""Where on the main road: between the western teams and the first incident."""


@pytest.fixture
def machine() -> Iterator[Machine]:
    """The hand-made county with more hands than it needs, served by two workers."""
    with tempfile.TemporaryDirectory(prefix="muster-plug-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        machine = Machine(Path(folder))
        with machine.database() as engine:
            with engine.begin() as connection:
                here = worlds.inside(connection, worlds.LIVE)
                builders.add_county(here)
                for node, able in (
                    (1, "landslide_rescue"),
                    (2.5, "medical"),
                    (8, "landslide_rescue"),
                    (8.5, "medical"),
                ):
                    builders.add_team(here, position=builders.on_main_road(node), capabilities={able: 1})
                connection.execute(text("UPDATE live.team_states SET reported_at = now()"))
            add_accounts(engine)
            with engine.begin() as connection:
                connection.execute(
                    text("UPDATE users SET area_code = :area WHERE role = 'township'"),
                    {"area": builders.WEST_TOWNSHIP},
                )
        machine.start()
        yield machine
        machine.stop()


class Cast:
    """Who is there, each with a browser of their own."""

    def __init__(self, browser: Browser, machine: Machine, stack: ExitStack) -> None:
        self.browser, self.machine, self.stack = browser, machine, stack
        self.visitors: list[Visitor] = []

    def context(self, **options: Any) -> BrowserContext:
        context = self.stack.enter_context(self.browser.new_context(locale="zh-CN", **options))
        context.set_default_timeout(WAIT_MS)
        return context

    def at_a_desk(self, role: str) -> Page:
        visitor = Visitor(self.context(viewport={"width": 1366, "height": 768}), self.machine.address)
        self.visitors.append(visitor)
        page = visitor.sign_in(role)
        expect(page.locator("#live")).to_have_attribute("data-state", "live")
        return page

    def on_a_telephone(self, link: str) -> Page:
        page = self.context(viewport={"width": 390, "height": 844}, has_touch=True).new_page()
        page.goto(link)
        return page

    def asked_elsewhere(self) -> list[str]:
        """Requests to another host; errors on the console are expected while the server is away."""
        return [
            one
            for visitor in self.visitors
            for one in visitor.complaints
            if one.startswith(("asked", "script"))
        ]


def report(page: Page, node: float, level: int) -> None:
    """Click the map, choose type and level, send."""
    page.wait_for_selector("#panel [name=lon]")
    lon, lat = builders.on_main_road(node)
    click_map(page, lon, lat - 0.001)
    page.select_option("[name=type]", "landslide")
    page.click(f"label:has([name=level][value='{level}'])")
    page.click("#panel form:has([name=type]) button.primary")
    expect(page.locator("#needs")).to_be_visible()


def show(page: Page, path: str) -> None:
    """Open a page in the panel of the map, as its own address does."""
    page.goto(f"{page.url.split('/?')[0].rstrip('/')}/?at={path}")
    page.wait_for_selector(f"#content[data-path='{path}']")


def propose(page: Page) -> str:
    """Press the button of an incident's page, and give the plan's address."""
    page.click("#needs button.primary")
    page.wait_for_selector("#content[data-plan]")
    expect(page.locator("#content .proof")).to_contain_text("已证明最优")
    return f"/plans/{page.get_attribute('#content', 'data-plan')}"


def state_on_map(page: Page, state: str) -> Any:
    """Marks of units on the map in which an order stands in this state."""
    return page.locator(f"#map_command .unit[data-states*='{state}']")


def test_nobody_loses_or_doubles_anything(browser: Browser, machine: Machine) -> None:
    """What a county chief asks at three in the morning: and if the power fails now?"""
    expect.set_options(timeout=WAIT_MS)
    with ExitStack() as stack:
        cast = Cast(browser, machine, stack)
        officer, commander, township = (
            cast.at_a_desk(role) for role in ("duty_officer", "commander", "township")
        )

        # the first incident: one reports, all see it; one plans, another confirms
        report(officer, 6.5, 4)
        for page in (commander, township):
            expect(page.locator("#map_command .mark.open")).to_have_count(1)
        plan = propose(officer)
        show(commander, plan)
        commander.click("#content form[action$='/confirm'] button.primary")
        expect(commander.locator("#orders .card").first).to_be_visible()
        expect(state_on_map(officer, "sent").first).to_be_visible()
        first_orders = commander.locator("#orders .card").count()

        # a team leader answers on a telephone
        show(officer, "/incidents/1")
        with officer.context.expect_page() as opened:
            officer.click("#orders form[action='/orders/links'] >> nth=-1 >> button")
        phone = cast.on_a_telephone(str(opened.value.locator(".copy a").first.get_attribute("href")))
        phone.click("button.huge:visible")
        expect(phone.locator("main .state")).to_contain_text("已收到")
        for page in (officer, commander, township):
            expect(state_on_map(page, "acknowledged").first).to_be_visible()

        # the plug: the telephone keeps what is pressed, every screen says that it waits, and all come back by themselves
        machine.pull_the_plug()
        phone.click("button.huge:visible")
        expect(phone.locator("#kept li")).to_have_count(1)
        for page in (officer, commander, township):
            expect(page.locator("#live")).not_to_have_attribute("data-state", "live")
        machine.start()
        expect(phone.locator("main .state")).to_contain_text("已出发")
        for page in (officer, commander, township):
            expect(page.locator("#live")).to_have_attribute("data-state", "live")
            expect(state_on_map(page, "departed").first).to_be_visible()

        # a bridge is closed under a running order: who is touched is said, and a new plan offered and accepted
        officer.click("#close-tool")
        click_map(officer, *builders.on_main_road(BRIDGE))
        officer.fill("#content [name=reason]", "桥面塌陷")
        officer.click("#content form[action='/closures'] button.primary")
        for page in (officer, commander, township):
            expect(page.locator("#map_command .closed-road")).to_have_count(1)

        # the second incident is a township's, which asks the county to lead
        report(township, 2.2, 4)
        township.click("form[action$='/escalate'] button")
        expect(township.locator("#help")).to_contain_text("上报")
        for page in (officer, commander):
            expect(page.locator("#map_command .mark.open")).to_have_count(2)
        show(commander, "/incidents/2")
        propose(commander)

        # the plug again, in the very moment of the confirmation: all of its orders stand, or none
        commander.click("#content form[action$='/confirm'] button.primary", no_wait_after=True)
        machine.pull_the_plug()
        machine.start()
        expect(commander.locator("#live")).to_have_attribute("data-state", "live")
        show(commander, "/incidents/2")
        if not commander.locator("#orders .card").count():
            propose(commander)
            commander.click("#content form[action$='/confirm'] button.primary")
        expect(commander.locator("#orders .card").first).to_be_visible()
        second_orders = commander.locator("#orders .card").count()
        show(officer, "/orders")
        expect(officer.locator("#orders .card")).to_have_count(first_orders + second_orders)

        assert cast.asked_elsewhere() == []
    with machine.database() as engine, engine.connect() as connection:
        check_the_books(worlds.inside(connection, worlds.LIVE))


def check_the_books(connection: Connection) -> None:
    """The journal holds, nobody is sent twice, every unit of stock is where its movements say, every act happened once."""
    assert journal.first_broken(connection) is None
    twice = """
        SELECT team_id FROM live.orders WHERE kind IN ('team', 'move_up')
        AND state IN ('sent', 'acknowledged', 'departed', 'arrived') GROUP BY team_id HAVING count(*) > 1
    """
    assert connection.execute(text(twice)).all() == []
    balance = """
        SELECT l.id FROM live.stock_lots l LEFT JOIN live.stock_movements m ON m.lot_id = l.id GROUP BY l.id
        HAVING (l.quantity, l.reserved) <> (coalesce(sum(m.quantity), 0), coalesce(sum(m.reserved), 0))
    """
    assert connection.execute(text(balance)).all() == []
    acts = connection.execute(
        text(
            "SELECT act, subject_id, count(*) FROM live.journal WHERE subject = 'order' GROUP BY act, subject_id"
        )
    ).all()
    steps = {
        (act, number): times
        for act, number, times in acts
        if re.fullmatch(r"order\.(acknowledge|depart)", act)
    }
    assert len(steps) == 2
    assert set(steps.values()) == {1}
    incidents = connection.scalar(text("SELECT count(*) FROM live.incidents"))
    confirmed = connection.scalar(text("SELECT count(*) FROM live.journal WHERE act = 'plan.confirm'"))
    assert (incidents, confirmed) == (2, 2)
