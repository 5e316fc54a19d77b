"""The desk in a browser: keys without a mouse, what was done with its undo, and confirm steps as dialogs."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine, text

from data import messages, worlds
from tests import builders
from tests.journeys.conftest import Visitor
from tests.site import add_accounts, serving

pytestmark = pytest.mark.browser
WAIT_MS = 60_000
LON, LAT = builders.on_main_road(4.5)


@pytest.fixture
def commander(engine: Engine, database: str, browser: Browser) -> Iterator[Visitor]:
    """A commander at a desk of 1366 × 768, on the hand-made county."""
    with engine.begin() as connection:
        builders.add_county(worlds.inside(connection, worlds.LIVE))
        connection.execute(text("UPDATE live.team_states SET reported_at = now()"))
    add_accounts(engine)
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    context.set_default_timeout(WAIT_MS)
    expect.set_options(timeout=WAIT_MS)
    with serving(database) as address:
        yield Visitor(context, address)
        context.close()


def test_a_road_is_closed_taken_back_and_asked_about_by_keyboard_alone(commander: Visitor) -> None:
    """Every step by keys: to the page, the form, the undo, the list of keys, the dialog and out of it again."""
    page = commander.sign_in("commander")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    page.locator("body").press("?")
    dialog = page.locator("#dialog")
    expect(dialog).to_contain_text("快捷键")
    expect(dialog.locator("kbd").first).to_have_text("g")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()

    page.keyboard.press("g")
    page.keyboard.press("c")
    expect(page.locator("#content")).to_have_attribute("data-path", "/closures")
    page.fill("#content [name=lon]", str(LON))
    page.fill("#content [name=lat]", str(LAT))
    page.locator("#content [name=reason]").first.press_sequentially(
        "gc? 落石"
    )  # keys mean letters while typing
    page.keyboard.press("Enter")
    toast = page.locator("#toast .toast")
    expect(toast).to_contain_text("管制道路")
    expect(page.locator("#told")).to_contain_text("管制道路")  # for whoever cannot see it
    page.locator("#content").focus()
    page.keyboard.press("u")
    expect(page.locator("#undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(toast).to_contain_text("撤回第 1 条")
    expect(page.locator("#closures .card")).to_have_count(0)

    page.locator("#content").focus()
    page.keyboard.press("u")
    page.keyboard.press("Enter")  # the undo taken back: closed again
    expect(page.locator("#closures .card")).to_have_count(1)
    opener = page.locator("#closures a[data-dialog]")
    opener.focus()
    page.keyboard.press("Enter")
    expect(dialog.locator(".consequence")).to_contain_text(re.compile(r"道路管制 \d+（gc\? 落石）将解除"))
    expect(dialog.locator("a[data-dismiss]")).to_be_focused()  # the safe one first
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()
    page.keyboard.press("Enter")
    dialog.locator("button.primary").press("Enter")
    expect(page.locator("#closures .card")).to_have_count(0)
    assert commander.complaints == []


def test_the_bar_fits_and_nothing_scrolls_sideways(commander: Visitor, engine: Engine) -> None:
    """1366 pixels in both languages, and half of that, which is 200 % zoom: for whoever sees every link, with words waiting."""
    with engine.begin() as connection:
        here = worlds.inside(connection, worlds.LIVE)
        for number in range(12):
            messages.insert(here, body=f"雨情 {number}", sent_at=datetime.now(UTC), sent_by="duty_officer")
    page = commander.sign_in("administrator")
    expect(page.locator("#waiting")).to_have_text("1212 条待答复")  # one for the eye, one for the ear
    for lang in ("zh", "en"):
        page.set_viewport_size({"width": 1366, "height": 768})
        page.goto(f"{commander.address}/timeline?lang={lang}")
        bar = page.locator(".bar").bounding_box()
        assert bar is not None
        assert bar["height"] < 60, lang
        for path in ("/timeline", "/messages", "/handover", "/incidents", "/orders"):
            page.set_viewport_size({"width": 683, "height": 384})
            page.goto(commander.address + path)
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, (lang, path)
