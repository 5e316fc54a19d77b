"""The command map in a real browser: it draws in both themes, finds, measures, and takes large layers as tiles."""

import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from shapely import Point
from sqlalchemy import Engine, insert, text

from data import tables, worlds
from tests import builders
from tests.journeys.conftest import Visitor, click_map
from tests.site import add_accounts, serving

pytestmark = pytest.mark.browser
MANY = 20_001


@pytest.fixture
def address(engine: Engine, database: str) -> Iterator[str]:
    """The hand-made county with one layer of twenty thousand."""
    draw = random.Random(7)
    with engine.begin() as connection:
        here = worlds.inside(connection, worlds.LIVE)
        builders.add_county(here)
        here.execute(
            insert(tables.places),
            [
                {
                    "layer": "water_points",
                    "code": f"W{i}",
                    "name": f"取水点{i}",
                    "geom": builders.wkt(
                        Point(
                            builders.WEST + draw.uniform(0, 0.2), builders.SOUTH + draw.uniform(-0.08, 0.08)
                        )
                    ),
                }
                for i in range(MANY)
            ],
        )
        here.execute(text("UPDATE road_edges SET name = '沿河路' WHERE road_class = 'secondary'"))
    add_accounts(engine)
    with serving(database) as address:
        yield address


def visitor(browser: Browser, address: str) -> Visitor:
    context = browser.new_context(
        viewport={"width": 1366, "height": 768}, locale="zh-CN", reduced_motion="reduce"
    )
    context.set_default_timeout(30_000)
    return Visitor(context, address)


def colours(page: Page, selector: str) -> list[list[int]]:
    """Different colours that the canvases under `selector` show, ignoring what is clear."""
    found: list[list[int]] = page.evaluate(
        """(selector) => {
            const seen = new Set();
            for (const canvas of document.querySelectorAll(selector)) {
                if (!canvas.width) continue;
                const copy = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
                const context = copy.getContext("2d", { willReadFrequently: true });
                context.drawImage(canvas, 0, 0);
                const { data } = context.getImageData(0, 0, copy.width, copy.height);
                for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 250) seen.add(data.slice(at, at + 3).join());
            }
            return [...seen].map((colour) => colour.split(",").map(Number));
        }""",
        selector,
    )
    return found


def settled(page: Page) -> None:
    """Wait until every layer of tiles has painted what it needs."""
    page.wait_for_function(
        "() => { let busy = 0; map_command.eachLayer((layer) => { busy += layer.isLoading?.() ? 1 : 0; }); return !busy; }"
    )
    page.wait_for_timeout(300)  # a repaint in other colours is told by nothing


def test_the_map_draws_finds_and_measures(browser: Browser, address: str) -> None:
    """What an officer does within the first minute of a call, by night too, with the keyboard."""
    somebody = visitor(browser, address)
    page = somebody.sign_in("duty_officer")
    page.wait_for_selector("#panel [name=lon]")
    settled(page)
    road = [0xFD, 0xF3, 0xC4]  # a secondary road by day
    assert road in colours(page, ".leaflet-tile-pane canvas")
    page.evaluate(
        "() => { document.documentElement.dataset.theme = 'dark'; dispatchEvent(new Event('muster:theme')); }"
    )
    settled(page)
    dark = colours(page, ".leaflet-tile-pane canvas")
    assert road not in dark
    assert len(dark) > 3

    page.focus("#map_command")
    page.keyboard.press("/")
    page.keyboard.type("东沟")
    expect(page.locator("#search-list [role=option]")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator(".flash")).to_be_visible()
    centre: dict[str, float] = page.evaluate("() => ({ ...map_command.getCenter() })")
    lon, lat = builders.on_main_road(8)
    assert abs(centre["lng"] - lon) + abs(centre["lat"] - lat) < 0.001
    expect(page.locator("#cursor-area")).to_contain_text("东镇")
    expect(page.locator("#cursor-code")).to_have_text(re.compile(r"N49J[0-9A-F]{8}"))

    page.click("#measure-tool")
    page.evaluate(
        "([lat, lon]) => { map_command.setView([lat, lon], 12, { animate: false }); }", [lat, lon - 0.05]
    )
    click_map(page, *builders.on_main_road(4))
    click_map(page, *builders.on_main_road(8))
    expect(page.locator("#measure-told")).to_contain_text("7.2 公里")
    page.keyboard.press("Escape")
    expect(page.locator("#measure")).to_be_hidden()
    assert somebody.complaints == []


def test_a_layer_of_twenty_thousand_comes_as_tiles(browser: Browser, address: str) -> None:
    """Its features are never sent whole; a circle leads nearer, a symbol says its name and leads to its page."""
    somebody = visitor(browser, address)
    asked: list[str] = []
    somebody.context.on("request", lambda request: asked.append(request.url))
    page = somebody.sign_in("viewer")
    page.wait_for_selector("#legend-layers [data-layer=water_points]")
    page.check("[data-layer=water_points]")
    settled(page)
    assert any("/layers/water_points/tiles/" in address for address in asked)
    assert not any("/layers/water_points/items" in address for address in asked)

    def pick(n: str) -> Any:
        return page.evaluate(
            """(one) => {
                const [tiles] = feature_group_water_points.getLayers();
                const size = map_command.getSize();
                for (let x = 300; x < size.x - 60; x += 6) for (let y = 120; y < size.y - 60; y += 6) {
                    const at = map_command.containerPointToLatLng([x, y]);
                    const [found] = [...tiles.queryTileFeaturesDebug(at.lng, at.lat, 14).values()].flat();
                    if (found && (found.feature.props.n === 1) === (one === "one")) return [x, y];
                }
            }""",
            n,
        )

    zoom = page.evaluate("() => map_command.getZoom()")
    x, y = pick("several")
    page.locator("#map_command").click(position={"x": x, "y": y})
    page.wait_for_function(
        "(before) => map_command.getZoom() > before && !map_command._animatingZoom", arg=zoom
    )
    page.evaluate(
        "([lat, lon]) => { map_command.setView([lat, lon], 17, { animate: false }); }",
        list(builders.on_main_road(5))[::-1],
    )
    settled(page)
    x, y = pick("one")
    page.locator("#map_command").hover(position={"x": x, "y": y})
    expect(page.locator(".leaflet-tooltip")).to_contain_text("取水点")
    page.locator("#map_command").click(position={"x": x, "y": y})
    expect(page.locator("#content h1")).to_contain_text("取水点")
    assert somebody.complaints == []
