"""A grid officer at the map: a border is dragged and both cells follow, and hairline faults are mended."""

from collections.abc import Iterator

import httpx2 as httpx
import pytest
import shapely
from playwright.sync_api import Browser, Page, expect
from shapely.geometry import shape
from sqlalchemy import Engine, text, update

from data import tables, worlds
from tests import builders
from tests.builders import GRID_MIDDLE, GRID_THEME, LEAVES, SOUTH
from tests.journeys.conftest import Visitor, click_map
from tests.site import PASSWORD, add_accounts, serving

pytestmark = pytest.mark.browser


@pytest.fixture
def site(engine: Engine, database: str) -> Iterator[str]:
    """A served county with a tree of grids."""
    with engine.begin() as connection:
        builders.add_county(worlds.inside(connection, worlds.LIVE))
        builders.add_grids(connection)
    add_accounts(engine)
    with serving(database) as address:
        yield address


def leaves(site: str) -> dict[str, shapely.Geometry]:
    """Every leaf as the store has it, by code."""
    with httpx.Client(base_url=f"{site}/api/v1") as http:
        http.post("/session", json={"name": "registrar", "password": PASSWORD})
        found = http.get("/grids/shapes", params={"theme": GRID_THEME}).json()
    return {one["properties"]["code"]: shape(one["geometry"]) for one in found["features"]}


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag what stands at one position of the map to another."""
    points = page.evaluate(
        "places => places.map(([lon, lat]) => { const p = map_command.latLngToContainerPoint([lat, lon]); return [p.x, p.y]; })",
        [start, end],
    )
    box = page.locator("#map_command").bounding_box()
    assert box is not None
    (x, y), (to_x, to_y) = [(box["x"] + left, box["y"] + top) for left, top in points]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move((x + to_x) / 2, (y + to_y) / 2)
    page.mouse.move(to_x, to_y)
    page.mouse.up()


def signed_in(browser: Browser, site: str, path: str) -> tuple[Visitor, Page]:
    visitor = Visitor(browser.new_context(viewport={"width": 1366, "height": 900}), site)
    page = visitor.sign_in("registrar")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    page.goto(site + path)
    return visitor, page


def test_a_dragged_border_takes_both_cells_along_and_undo_restores_them(browser: Browser, site: str) -> None:
    """Nothing changes before Save; the union stays as it was; the past is kept; one press takes it back."""
    before = leaves(site)
    visitor, page = signed_in(browser, site, f"/grids/edit?theme={GRID_THEME}")
    expect(page.locator("#chosen")).not_to_be_empty()
    for west, east in zip(builders.GRID_EDGES[1:3], builders.GRID_EDGES[2:4], strict=True):
        click_map(page, (west + east) / 2, SOUTH + 0.02)
    expect(page.locator("#chosen")).to_contain_text(LEAVES[2])
    page.click("[data-edit=border]")
    expect(page.locator(".marker-icon-middle")).to_have_count(1)
    drag(page, (GRID_MIDDLE, SOUTH), (GRID_MIDDLE + 0.02, SOUTH))
    expect(page.locator("#edit-preview")).to_be_visible()
    expect(page.locator("#edit-changes tr")).to_have_count(8)  # two leaves, villages, sectors, townships
    assert leaves(site) == before
    page.click("#edit-save")
    expect(page.locator("#toast")).to_contain_text(LEAVES[1])
    after = leaves(site)
    assert shapely.area(after[LEAVES[1]]) > shapely.area(before[LEAVES[1]])
    assert shapely.area(after[LEAVES[2]]) < shapely.area(before[LEAVES[2]])
    old, new = (shapely.union_all(list(one.values())) for one in (before, after))
    assert shapely.area(shapely.symmetric_difference(old, new)) < 1e-12
    page.goto(f"{site}/grids/{LEAVES[1]}")
    rows = page.locator("tbody tr", has_text="km²")
    expect(rows).to_have_count(2)  # as it is, and as it was
    page.goto(f"{site}/timeline")
    page.locator("a[href^='/undo/']").first.click()
    page.click("main form button.primary, dialog form button.primary")
    expect(page.locator("main")).to_contain_text("恢复网格")
    assert leaves(site) == before
    assert not visitor.complaints


def test_a_finding_is_shown_on_the_map_and_mended_after_a_preview(
    browser: Browser, site: str, engine: Engine
) -> None:
    """The row leads the map to the place; one press mends; then no square metre is without somebody."""
    narrow = shapely.MultiPolygon(
        [shapely.box(builders.GRID_EDGES[1] + 2e-6, SOUTH - 0.1, GRID_MIDDLE, SOUTH + 0.1)]
    )
    with engine.begin() as connection:
        cells = tables.grid_cells
        connection.execute(update(cells).where(cells.c.code == LEAVES[1]).values(geom=builders.wkt(narrow)))
        connection.execute(text("UPDATE people SET updated_at = now()"))
    visitor, page = signed_in(browser, site, f"/grids/check?theme={GRID_THEME}")
    expect(page.locator("main .notice.bad")).to_be_visible()
    expect(page.locator("#findings tbody tr")).to_have_count(1)
    expect(page.locator("#map-stage")).to_have_attribute("data-ready", "true")
    page.locator("#findings tbody tr").click(position={"x": 5, "y": 5})
    page.wait_for_function(f"() => Math.abs(map_command.getCenter().lng - {builders.GRID_EDGES[1]}) < 0.001")
    page.click("#mend")
    expect(page.locator("main .notice.good")).to_be_visible()
    expect(page.locator("#findings")).to_have_count(0)
    assert not visitor.complaints


def test_leaf_cells_are_drawn_on_the_map(browser: Browser, site: str) -> None:
    """Only the chosen way's fields are shown; two polygons with a common side become cells, and the rest another."""
    visitor, page = signed_in(browser, site, f"/grids/make?theme={GRID_THEME}")
    expect(page.locator("#map-stage")).to_have_attribute("data-ready", "true")
    expect(page.locator("[name=each]")).to_be_visible()
    expect(page.locator("#draw")).to_be_hidden()
    page.select_option("[name=method]", "drawn")
    expect(page.locator("[name=each]")).to_be_hidden()
    page.select_option("[name=area]", builders.WEST_VILLAGE)
    west, first, middle = builders.GRID_EDGES[:3]
    sides = [(west + (first - west) / 5, first), (first, (first + middle) / 2)]
    for number, (left, right) in enumerate(sides, start=1):
        page.click("#draw")
        expect(page.locator("#draw")).to_have_attribute("aria-pressed", "true")
        for lon, lat in [(0, -1), (1, -1), (1, 1), (0, 1), (0, -1)]:
            click_map(page, (left, right)[lon], SOUTH + 0.08 * lat)
        expect(page.locator("#drawn-list li")).to_have_count(number)
    page.click("main form button.primary")
    page.wait_for_url("**/grids/made/**")
    expect(page.locator("tr[data-grid]")).to_have_count(3)
    assert not visitor.complaints
