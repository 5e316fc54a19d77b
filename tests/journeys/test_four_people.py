"""Four people at once, two incidents, a bridge, and somebody who pulls the server's plug twice: nothing is lost or doubled.

A duty officer, a commander, a township and team leaders on telephones, each in a browser of their own, on a server as a
county runs it: two workers and the embedded PostgreSQL, all killed without a word and started again.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from sqlalchemy import Connection, text

from data import integrity, worlds
from tests import builders
from tests.journeys.conftest import Visitor, click_map
from tests.journeys.plug import Machine
from tests.site import add_accounts

pytestmark = pytest.mark.browser
WAIT_MS: Final = 45_000
NEAR, BEYOND = "河西清障队", "北路清障队"
"""The team west of the bridge, which goes first, and one on the other side that takes long to call."""
ACCIDENT, BRIDGE, LANDSLIDE = 5.02, 4.6, 2.2
"""Where on the main road; the last is the western township's."""


@pytest.fixture
def machine() -> Iterator[Machine]:
    """The hand-made county with hands for two incidents, switched off."""
    with tempfile.TemporaryDirectory(prefix="muster-plug-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        machine = Machine(Path(folder))
        with machine.database() as engine:
            with engine.begin() as connection:
                add_hands(worlds.inside(connection, worlds.LIVE))
            add_accounts(engine)
            with engine.begin() as connection:
                connection.execute(
                    text("UPDATE users SET area_code = :area WHERE role = 'township'"),
                    {"area": builders.WEST_TOWNSHIP},
                )
        yield machine


def add_hands(connection: Connection) -> None:
    """Insert the county, two teams that cut people out of wrecks, and more for a landslide in the west."""
    builders.add_county(connection)
    cutting = {"traffic_rescue": 1}
    builders.add_team(connection, name=NEAR, position=builders.on_main_road(3.5), capabilities=cutting)
    north = (builders.on_main_road(6)[0], builders.SOUTH + builders.NORTH)
    builders.add_team(connection, name=BEYOND, position=north, capabilities=cutting, notify_ms=720_000)
    for node, able in (
        (1, "landslide_rescue"),
        (1.5, "landslide_rescue"),
        (2.5, "medical"),
        (8.5, "medical"),
    ):
        builders.add_team(connection, position=builders.on_main_road(node), capabilities={able: 1})
    connection.execute(text("UPDATE live.team_states SET reported_at = now()"))


class Cast:
    """Who is there, each with a browser of their own."""

    def __init__(self, browser: Browser, machine: Machine, stack: ExitStack) -> None:
        self.browser, self.machine, self.stack = browser, machine, stack
        self.visitors: list[Visitor] = []

    def _context(self, **options: Any) -> BrowserContext:
        context = self.stack.enter_context(self.browser.new_context(locale="zh-CN", **options))
        context.set_default_timeout(WAIT_MS)
        self.visitors.append(Visitor(context, self.machine.address))
        return context

    def at_a_desk(self, role: str) -> Page:
        self._context(viewport={"width": 1366, "height": 768})
        page = self.visitors[-1].sign_in(role)
        is_live(page)
        return page

    def on_a_telephone(self, link: str) -> Page:
        self._context(viewport={"width": 390, "height": 844}, has_touch=True)
        return self.visitors[-1].open(link.removeprefix(self.machine.address))

    def faults(self) -> list[str]:
        """Requests to another host and broken scripts; that requests fail is expected while the server is away."""
        said = [one for visitor in self.visitors for one in visitor.complaints]
        return [one for one in said if one.startswith(("asked", "script"))]


def is_live(*pages: Page) -> None:
    for page in pages:
        expect(page.locator("#live")).to_have_attribute("data-state", "live")


def waits(*pages: Page) -> None:
    """Every screen says by itself that what it shows is not live."""
    for page in pages:
        expect(page.locator("#live")).to_have_attribute("data-state", "reconnecting")


def report(page: Page, node: float, kind: str) -> None:
    """Give the place as the caller said it, choose type and level, send."""
    form = page.locator("#panel form[data-report]")
    for name, degrees in zip(("lon", "lat"), builders.on_main_road(node), strict=True):
        form.locator(f"[name={name}]").fill(str(degrees))
    page.select_option("#panel [name=type]", kind)
    page.click("#panel label:has([name=level][value='4'])")
    page.click("#panel form[data-report] button.primary")
    expect(page.locator("#needs")).to_be_visible()


def show(page: Page, path: str) -> None:
    """Open a page in the panel of the map, as its own address does."""
    page.goto(f"{page.url.partition('/?')[0].rstrip('/')}/?at={path}")
    page.wait_for_selector(f"#content[data-path='{path}']")


def propose(page: Page) -> str:
    """Press the button of an incident's page, and give the plan's address."""
    page.click("#needs button.primary")
    page.wait_for_selector("#content[data-plan]")
    expect(page.locator("#content .proof")).to_contain_text("已证明最优")
    return f"/plans/{page.get_attribute('#content', 'data-plan')}"


def link_of(page: Page, team: str) -> str:
    """Have the link of one team's order made, from the page of its incident."""
    card = page.locator("#orders .card", has_text=team)
    card.locator("summary").click()
    with page.context.expect_page() as opened:
        card.locator("form[action='/orders/links'] button").click()
    link = opened.value.locator(".copy a").get_attribute("href")
    assert link is not None
    opened.value.close()
    return link


def order(page: Page, team: str, state: str) -> Locator:
    """The mark of a team on the map, in which its order's state stands."""
    return page.locator(f"#map_command .unit[data-states*='{state}']", has_text=team)


def press(phone: Page, words: str) -> None:
    """Press the one big button, which says this."""
    button = phone.locator("button.huge:visible")
    expect(button).to_have_text(words)
    button.click()


def test_nobody_loses_or_doubles_anything(browser: Browser, machine: Machine) -> None:
    """What a county chief asks at three in the morning: and if the power fails now?"""
    expect.set_options(timeout=WAIT_MS)
    with machine.running(), ExitStack() as stack:
        machine.wait_until_ready()
        cast = Cast(browser, machine, stack)
        roles = ("duty_officer", "commander", "township")
        officer, commander, township = desks = [cast.at_a_desk(role) for role in roles]

        # the first incident: one reports, all see it; one plans, another confirms
        report(officer, ACCIDENT, "traffic_accident")
        for page in desks:
            expect(page.locator("#map_command .mark.open")).to_have_count(1)
        show(commander, propose(officer))
        commander.click("#standing button.primary")
        for page in desks:
            expect(order(page, NEAR, "sent")).to_have_count(1)

        # a team leader answers on a telephone, and the change is on all screens
        show(officer, "/incidents/1")
        phone = cast.on_a_telephone(link_of(officer, NEAR))
        press(phone, "收到")
        expect(phone.locator("#standing .state")).to_contain_text("已收到")
        for page in desks:
            expect(order(page, NEAR, "acknowledged")).to_have_count(1)

        # the plug: the telephone keeps what is pressed, the officer is told that a closed road did not arrive
        officer.click("#close-tool")
        click_map(officer, *builders.on_main_road(BRIDGE))
        officer.fill("#content [name=reason]", "桥面塌陷")
        expect(officer.locator("#effect")).to_contain_text("执行中的指令")
        machine.pull_the_plug()
        press(phone, "出发")
        expect(phone.locator("#kept li.waiting")).to_have_count(1)
        officer.click("#content button.primary.only-closure")
        expect(officer.locator("#toast [role=alert]")).to_contain_text("服务器没有回应")
        waits(*desks)
        machine.plug_in()
        expect(phone.locator("#standing .state")).to_contain_text("已出发")
        is_live(*desks)
        for page in desks:
            expect(order(page, NEAR, "departed")).to_have_count(1)

        # the bridge is closed under a running order: a new plan is offered and accepted, and both teams know
        officer.click("#content button.primary.only-closure")
        expect(officer.locator("#closures .card.last")).to_contain_text("桥面塌陷")
        for page in desks:
            expect(page.locator("#map_command .closed-road")).to_have_count(1)
        show(commander, "/incidents/1")
        commander.click("form[action='/incidents/1/replan'] button.primary")
        gone = commander.locator("h2:has-text('终止') + ul .card", has_text=NEAR)
        expect(gone).to_have_count(1)
        commander.click("#content form.sheet button.primary")
        for page in desks:
            expect(order(page, BEYOND, "sent")).to_have_count(1)
        expect(phone.locator("#standing")).to_contain_text("指令已撤销")
        show(officer, "/incidents/1")
        second_phone = cast.on_a_telephone(link_of(officer, BEYOND))
        press(second_phone, "收到")
        for page in desks:
            expect(order(page, BEYOND, "acknowledged")).to_have_count(1)

        # the second incident is a township's, which asks the county to lead
        report(township, LANDSLIDE, "landslide")
        township.fill("#help [name=reason]", "本镇力量不足")
        township.click("#help button.danger")
        expect(township.locator("#help")).to_contain_text("上报")
        for page in desks:
            expect(page.locator("#map_command .mark.open")).to_have_count(2)
        number = township.get_attribute("#content", "data-incident")  # a killed server leaves gaps
        show(commander, f"/incidents/{number}")
        propose(commander)

        # the plug again, in the very moment of the confirmation: all of its orders stand, or none
        with machine.in_the_middle_of_an_act():
            commander.click("#standing button.primary", no_wait_after=True)
        expect(commander.locator("#toast [role=alert]")).to_contain_text("服务器没有回应")
        press(second_phone, "出发")
        waits(*desks)
        machine.plug_in()
        is_live(*desks)
        for page in desks:
            expect(order(page, BEYOND, "departed")).to_have_count(1)
        commander.click("#standing button.primary")
        expect(commander.locator("#orders .card").first).to_be_visible()
        standing = commander.locator("#orders .card").count()

        # the shift is handed over, with everything that stands
        officer.goto(f"{machine.address}/handover")
        officer.fill("[name=taken_over_by]", "李四")
        officer.click("form[action='/handover'] button.primary")
        handed = officer.locator("dl.facts", has_text="执行中的指令")
        expect(handed.locator("a[href^='/incidents/']")).to_have_count(2)
        assert cast.faults() == []
    with machine.database() as engine, engine.connect() as connection:
        check_the_books(worlds.inside(connection, worlds.LIVE), standing)


def check_the_books(connection: Connection, standing: int) -> None:
    """The journal holds, nobody is sent twice, stock is where its movements say, every act happened once."""
    assert integrity.violations(connection) == ()
    twice = """
        SELECT team_id FROM live.orders WHERE kind IN ('team', 'move_up')
        AND state IN ('sent', 'acknowledged', 'departed', 'arrived') GROUP BY team_id HAVING count(*) > 1
    """
    assert connection.execute(text(twice)).all() == []
    second = "SELECT count(*) FROM live.orders WHERE incident_id <> 1"
    assert connection.scalar(text(second)) == standing
    done = Counter(connection.scalars(text("SELECT act FROM live.journal")))
    once = ("closure.close", "incident.escalate", "shift.hand_over", "plan.replan")
    assert {act: done[act] for act in once} == dict.fromkeys(once, 1)
    twice_done = ("incident.report", "order.acknowledge", "order.depart", "order.link", "plan.propose")
    assert {act: done[act] for act in twice_done} == dict.fromkeys(twice_done, 2)
    assert done["plan.confirm"] == 3
