"""Every page in both languages and both themes: whole, at home, translated, and usable without eyes or a mouse.

The walk takes its addresses from the routers themselves: a new page is in it at once, and fails it until the scene knows
what stands in its address.
"""

import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2 as httpx
import pytest
from fastapi.routing import APIRoute
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine, text

from data import worlds
from data.cluster import Cluster
from data.engine import make_engine
from tests import builders, databases
from tests.journeys.conftest import Visitor
from tests.site import PASSWORD, add_accounts, serving
from web import pages

pytestmark = pytest.mark.browser

AXE: Final = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
LOOKS: Final = (("zh", "light", (1366, 768)), ("en", "dark", (1920, 1080)), ("zh", "dark", (683, 384)))
"""Language, theme, window. The last is half of 1366 × 768: what somebody sees who doubles the size of everything."""
WAIT_MS: Final = 60_000
REFUSED: Final = re.compile(r"Failed to load resource: .* (401|404|422|503)")
"""What a browser writes down about a page that says no."""
LEAST_SIGNS: Final = 10
"""Of a page that says anything."""

SPOKEN: Final = """() => {
  const said = [], lang = document.documentElement.lang;
  const foreign = (e) => { const marked = e.closest("[lang]"); return marked && marked.lang !== lang; };
  const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const at = walk.currentNode.parentElement;
    if (at && !at.closest("script, style, noscript") && !foreign(at)) said.push(walk.currentNode.data);
  }
  for (const name of ["title", "aria-label", "aria-description", "aria-roledescription", "placeholder", "alt", "label"])
    for (const at of document.querySelectorAll(`[${name}]`)) if (!foreign(at)) said.push(at.getAttribute(name));
  return said;
}"""
WIDE: Final = """() => [document.documentElement, ...document.querySelectorAll(".panel .body")]
  .map((e) => e.scrollWidth - e.clientWidth).reduce((a, b) => Math.max(a, b))"""
STILL: Final = """() => document.readyState === "complete" && !document.querySelector(".htmx-request")
  && !document.querySelector("#content[hx-trigger=load]")"""
LATIN: Final = re.compile(r"[A-Za-z][A-Za-z'’-]+")
HAN: Final = re.compile(r"[\u4e00-\u9fff]+")
CODE: Final = re.compile(
    r"https?://\S+|[\w.]+@[\w.]+|/[oc]/\S+|\b[A-Z][A-Z0-9]*(?:[-–][A-Z0-9]+)+\b|\b[A-Z]+\d[A-Z0-9-]*\b"
)
"""Addresses, and codes like T001, FF-05-001, N49H."""
SAID_SO_EVERYWHERE: Final = frozenset(
    [
        "km",
        "kg",
        "GeoJSON",
        "GPS",
        "PNG",
        "SVG",
        "csv",
        "xls",
        "xlsx",
        "shelters",  # a file's name, and what stands in it
        "capacity",
        "ninety",
        "Excel",
        "QGIS",
        "zip",
        "GNSS",
        "GeoPackage",
        "Shapefile",
        "KML",
        "ortools",
        "min",
        "CSV",
        "PDF",
        "CGCS",
        "GB",
        "CP-SAT",
        "Esc",
        "Enter",
        "Tab",
        "Shift",
        "Alt",
        "Ctrl",
    ]
)
"""What is written so in Chinese, too."""

NEIGHBOUR: Final = "990102000000"
TYPED: Final = (
    "二次滑坡",
    "请支援两队",
    "注意余震",
    "一切正常",
    "桥面塌陷",
    "李四",
    "王五",
    "老庄滑坡现场",
    "暴雨红色预警",
)
"""What somebody typed on these pages: it stays in the language that it was typed in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A served county in motion. `paths`: every page of it; `known`: the words that are data, the longest first."""

    address: str
    paths: tuple[str, ...]
    known: tuple[str, ...]
    engine: Engine

    @property
    def in_panel(self) -> list[str]:
        """Pages that the command map shows beside it."""
        return [path for path in self.paths if path != "/" and not path.startswith(ALONE)]


@contextmanager
def county_in_motion(database: str) -> Iterator[Site]:
    """Serve the hand-made county after one of everything has happened in it."""
    engine = make_engine(database)
    with engine.begin() as connection:
        made = builders.add_county(worlds.inside(connection, worlds.LIVE))
        builders.add_duties(connection)
        connection.execute(text("UPDATE live.team_states SET reported_at = now()"))
        connection.execute(
            text(
                "INSERT INTO areas (code, level, name, name_en) VALUES (:code, 'county', '邻县', 'Neighbour')"
            ),
            {"code": NEIGHBOUR},
        )
    add_accounts(engine)
    with serving(database) as address:
        paths = tuple(addresses(scene(address, made)))
        yield Site(address=address, paths=paths, known=tuple(known_words(engine)), engine=engine)
    engine.dispose()


@pytest.fixture(scope="module")
def site(cluster: Cluster, template: str) -> Iterator[Site]:
    """One county for all who only look."""
    name = "test_every_page"
    databases.execute(cluster, f"CREATE DATABASE {name} TEMPLATE {template}")
    with county_in_motion(cluster.url(name)) as site:
        yield site
    databases.execute(cluster, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def axe() -> str:
    """The accessibility checker's script."""
    return AXE.read_text()


def scene(address: str, county: dict[str, int]) -> dict[str, str]:
    """Let one of everything happen; what stands in addresses, by the parameter's name."""
    http = httpx.Client(base_url=f"{address}/api/v1", timeout=60)
    csrf = http.post("/session", json={"name": "administrator", "password": PASSWORD}).json()["csrf_token"]

    def post(path: str, **body: Any) -> Any:
        asked = {"request_id": str(uuid.uuid4()), **body}
        answer = http.post(path, json=asked, headers={"X-CSRF-Token": csrf})
        assert answer.status_code < 300, answer.text
        return answer.json()

    at = list(builders.on_main_road(1))
    first = post("/incidents", type="landslide", level=4, position=at, description="老庄滑坡现场")["id"]
    orders = post(f"/plans/{post('/plans', incidents=[first])['id']}/confirm")
    quiet = post("/incidents", type="landslide", level=3, position=at)["id"]
    plan = post("/plans", incidents=[quiet])["id"]
    closed = {"type": "Point", "coordinates": list(builders.on_main_road(9.5))}
    closure = post("/closures", geometry=closed, reason="桥面塌陷")["id"]
    token = post(f"/orders/{orders[0]['id']}/link")["token"]
    corners = [[111.15, 36.01], [111.16, 36.01], [111.16, 36.02], [111.15, 36.01]]
    danger = post("/hazards", geometry={"type": "Polygon", "coordinates": [corners]}, reason="二次滑坡")["id"]
    aid = post("/aid", incident=quiet, to_area=NEIGHBOUR, text="请支援两队")["id"]
    post("/messages", body="注意余震")
    handover = post("/handovers", handed_over_by="王五", taken_over_by="李四", note="一切正常")["id"]
    call = post("/calls", kind="warning", text="暴雨红色预警", position=list(builders.on_main_road(2)))["id"]
    link = post(f"/calls/{call}/people/RANGER/link")["token"]
    wish = {"theme": "forest_fire", "area": builders.WEST_TOWNSHIP, "method": "divide", "each": 2}
    making = post("/grids/making", **wish)["id"]
    while (job := http.get(f"/jobs/{making}").json())["state"] in {"waiting", "running"}:
        time.sleep(0.1)
    ledger = http.post(
        "/ledgers",
        data={"request_id": str(uuid.uuid4()), "datum": "CGCS2000"},
        files={"file": ("shelters.csv", LEDGER.encode())},
        headers={"X-CSRF-Token": csrf},
    )
    assert ledger.status_code == 201, ledger.text
    newest = http.get("/timeline").json()
    http.close()
    return {
        "incident_id": str(first),
        "incident": str(quiet),
        "plan_id": str(plan),
        "order_id": str(orders[0]["id"]),
        "closure_id": str(closure),
        "area_id": str(danger),
        "aid_id": str(aid),
        "handover_id": str(handover),
        "number": str(newest[0]["number"]),
        "act": "closure.open",
        "subject": str(closure),
        "token": token,
        "call_id": str(call),
        "link": link,
        "layer": "teams",
        "batch_id": str(ledger.json()["batch"]["id"]),
        "job_id": str(making),
        "kind": "responsibility",
        "level": "grid",
        "code": builders.LEAF_GRID,
        "person": "RANGER",
        "name": job["result"]["made"],
        "identity": str(county["far"]),
    }


LEDGER: Final = "code,name,capacity,lon,lat\nL1,School,ninety,111.02,36.01\nL2,Hall,80,111.03,36.01\n"
"""A row to be mended and a good one."""

QUERIES: Final = {
    "/calls/new": "?place=FF-05-001",
    "/plans/{plan_id}/without": "?kind=team&id={identity}",
    "/plans/{plan_id}/swaps": "?kind=team&id={identity}&incident={incident}",
}
"""What an address needs behind its path."""
NO_PAGES: Final = frozenset(
    {
        "/o/worker.js",
        "/grids/words",
        "/atlas/files/{job_id}",
        "/atlas/{kind}/{level}/{code}/file",
        "/ledgers/{batch_id}/marked",
        "/ledgers/completeness/workbook",
        "/ledgers/export/files/{name}",
        "/ledgers/templates",
    }
)


ALONE: Final = (
    "/o/",
    "/c/",
    "/grids",
    "/people",
    "/atlas",
    "/ledgers",
    "/jobs",
    "/login",
    "/accounts",
    "/audit",
    "/trackers",
)
"""Pages that nobody opens in the panel of the map: of others than the commander, or the whole window's."""


def addresses(scene: dict[str, str]) -> list[str]:
    """Every page's address, filled from the scene."""
    routes = [route for module in pages.modules() for route in module.router.routes]
    paths = {route.path for route in routes if isinstance(route, APIRoute) and "GET" in (route.methods or ())}
    return sorted((path + QUERIES.get(path, "")).format(**scene) for path in paths - NO_PAGES)


def known_words(engine: Engine) -> list[str]:
    """Names of the store and what was typed: data, in whatever language they are written."""
    query = """
        SELECT unnest(ARRAY[name, name_en]) FROM teams UNION SELECT unnest(ARRAY[name, name_en]) FROM depots
        UNION SELECT unnest(ARRAY[name, name_en]) FROM areas UNION SELECT unnest(ARRAY[name, name_en]) FROM villages
        UNION SELECT unnest(ARRAY[name, name_en]) FROM grid_cells UNION SELECT unnest(ARRAY[name, name_en]) FROM places
        UNION SELECT unnest(ARRAY[name, code]) FROM people UNION SELECT name FROM users
        UNION SELECT contact_name FROM teams UNION SELECT contact_name FROM depots
    """
    with engine.connect() as connection:
        found = {word for word in connection.scalars(text(query)) if word}
    return sorted(found | set(TYPED), key=len, reverse=True)


def untranslated(said: list[str], lang: str, known: tuple[str, ...]) -> list[str]:
    """Words in the other language that are neither data nor written so everywhere."""
    found = set()
    for line in said:
        rest = line
        for word in known:
            rest = rest.replace(word, " ")
        if lang == "en":
            found |= set(HAN.findall(rest))
        else:
            found |= set(LATIN.findall(CODE.sub(" ", rest))) - SAID_SO_EVERYWHERE
    return sorted(found)


def settle(page: Page) -> None:
    """Wait until the page has what it asked for; the event stream never ends, so the network is never idle."""
    page.wait_for_function(STILL)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")


def checked_by_axe(page: Page, axe: str, part: str = "html") -> list[str]:
    """Serious and critical faults, with the first element of each."""
    page.evaluate(axe)
    result = page.evaluate("part => axe.run(part, { resultTypes: ['violations'] })", part)
    return [
        f"axe {fault['id']} ({fault['impact']}): {fault['nodes'][0]['html'][:160]} [{len(fault['nodes'])}]"
        for fault in result["violations"]
        if fault["impact"] in {"serious", "critical"}
    ]


def faults_of(page: Page, lang: str, known: tuple[str, ...], axe: str, part: str = "html") -> Iterator[str]:
    """Everything that is wrong with the page that is open."""
    if page.locator("main h1").count() != 1 or len(page.inner_text("main")) < LEAST_SIGNS:
        yield f"no page: {page.inner_text('body')[:60]!r}"
    for word in untranslated(page.evaluate(SPOKEN), lang, known):
        yield f"not translated: {word}"
    if (wide := page.evaluate(WIDE)) > 1:
        yield f"{wide} px wider than the window"
    yield from checked_by_axe(page, axe, part)


@pytest.mark.parametrize(("lang", "theme", "window"), LOOKS)
def test_every_page_is_whole_translated_and_at_home(  # noqa: PLR0917  # a look and what looks
    browser: Browser, site: Site, axe: str, lang: str, theme: str, window: tuple[int, int]
) -> None:
    """No request to another host, nothing on the console, no word of the other language, no serious fault for axe."""
    faults: list[str] = []
    with browser.new_context(viewport={"width": window[0], "height": window[1]}) as context:
        context.set_default_timeout(WAIT_MS)
        context.add_cookies([{"name": "theme", "value": theme, "url": site.address}])
        visitor = Visitor(context, site.address)
        page = visitor.open(f"/login?lang={lang}")

        def look(where: str, *, says_no: bool = False) -> None:
            settle(page)
            heard = [one for one in visitor.complaints if not (says_no and REFUSED.search(one))]
            visitor.complaints.clear()
            faults.extend(f"{where}: {fault}" for fault in (*heard, *faults_of(page, lang, site.known, axe)))

        look("/login")
        page.fill("[name=name]", "administrator")
        page.fill("[name=password]", "wrong")
        page.click("main button")
        look("/login, refused", says_no=True)
        page.fill("[name=password]", PASSWORD)
        page.click("main button")
        expect(page.locator("#live")).to_have_attribute("data-state", "live")
        for path in site.paths:
            page.goto(site.address + path)
            look(path)
        for path in (
            "/nowhere",
            "/incidents/999999",
            "/o/no-link-at-all",
            "/c/no-link-at-all",
            "/resources/teams/999999",
        ):
            page.goto(site.address + path)
            look(path, says_no=True)
        with database_away(site.engine):
            page.goto(f"{site.address}/incidents")
            expect(page.locator("main [role=alert]")).to_be_visible()
            look("/incidents, without the database", says_no=True)
        expect(page.locator("form[data-report]")).to_be_visible()  # by itself
    assert not faults, "\n" + "\n".join(faults)


INTO_PANEL: Final = (
    """path => htmx.ajax("GET", path, { target: "#content", select: "#content", swap: "outerHTML" })"""
)


def test_every_page_fits_into_the_panel_of_the_map(browser: Browser, site: Site, axe: str) -> None:
    """Where people work, a third of the window wide, the longer language must fit, too."""
    faults: list[str] = []
    with browser.new_context(viewport={"width": 1366, "height": 768}) as context:
        context.set_default_timeout(WAIT_MS)
        visitor = Visitor(context, site.address)
        page = visitor.sign_in("commander", lang="en")
        settle(page)
        for path in site.in_panel:
            page.evaluate(INTO_PANEL, path)
            expect(page.locator("#content")).to_have_attribute("data-path", path.partition("?")[0])
            settle(page)
            faults += [f"{path}: {fault}" for fault in faults_of(page, "en", site.known, axe, "#panel")]
        assert visitor.complaints == []
    assert not faults, "\n" + "\n".join(faults)


@contextmanager
def database_away(engine: Engine) -> Iterator[None]:
    """Let nobody into the database of this engine."""
    name = engine.url.database
    outside = make_engine(engine.url.set(database="postgres").render_as_string(hide_password=False))
    with outside.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
            {"name": name},
        )
        try:
            yield
        finally:
            connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
    outside.dispose()


HOSTILE: Final = "<img src=x onerror='window.pwned=1'>{{ 7919 * 7907 }}{% raise %}</script>\"'`${x}"
WORDS_OF_PEOPLE: Final = [
    "name",
    "name_en",
    "display_name",
    "description",
    "reason",
    "note",
    "body",
    "text",
    "answer",
    "contact_name",
    "contact_phone",
    "organisation",
    "position",
    "supplier",
    "radio_channel",
    "reporter_name",
    "reporter_phone",
    "opening_hours",
    "title",
    "source",
]
"""Columns that hold what somebody typed."""


def poison(engine: Engine) -> int:
    """Put markup, template and script into every text that somebody may have typed, in every table; tell how many columns."""
    query = """
        SELECT table_schema, table_name, column_name FROM information_schema.columns JOIN information_schema.tables
        USING (table_schema, table_name) WHERE table_type = 'BASE TABLE' AND data_type = 'text'
        AND table_schema IN ('public', 'live') AND column_name = ANY(:columns)
        AND table_name NOT IN ('users', 'road_networks', 'relief_tiles', 'stock_movements')
    """
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # past triggers
        columns = connection.execute(text(query), {"columns": WORDS_OF_PEOPLE}).all()
        for schema, table, column in columns:
            connection.execute(
                text(f'UPDATE "{schema}"."{table}" SET "{column}" = :word || "{column}"'), {"word": HOSTILE}
            )
    return len(columns)


def test_hostile_words_are_text_on_every_page(browser: Browser, database: str) -> None:
    """Whatever stands in a ledger, a name or a reason: it is shown, and nothing of it runs, in the server or the browser."""
    with (
        county_in_motion(database) as site,
        browser.new_context(viewport={"width": 1366, "height": 768}) as context,
    ):
        assert poison(site.engine) > 20
        context.set_default_timeout(WAIT_MS)
        visitor = Visitor(context, site.address)
        page = visitor.sign_in("administrator")
        shown = 0
        for path in site.paths:
            page.goto(site.address + path)
            settle(page)
            body = page.inner_text("body")
            assert page.locator("h1").count() == 1, path
            assert str(7919 * 7907) not in body, path
            assert page.locator("img[src=x]").count() == 0, path
            assert page.evaluate("() => window.pwned === undefined"), path
            assert visitor.complaints == [], path
            shown += HOSTILE[:20] in body
        assert shown > len(site.paths) // 3
        page.goto(site.address)
        settle(page)
        page.fill("[type=search]", "img src")
        page.wait_for_selector("[role=option]")
        for mark in page.locator(".leaflet-marker-icon").all()[:8]:
            mark.dispatch_event("mouseover")
        assert page.evaluate("() => window.pwned === undefined")
        assert visitor.complaints == []


def test_the_checks_can_fail(browser: Browser, axe: str) -> None:
    """A page with a word of each language, a field without a name and a line that is too long is found out."""
    page = browser.new_page()
    page.set_content(
        "<!doctype html><html lang='zh-CN'><title>页</title><body><main><h1>标题 Heading</h1>"
        "<p title='提示 hint'>编号 T001，3 km</p><input><p style='width: 5000px'>长</p><p lang='en'>English</p></main>"
    )
    said = page.evaluate(SPOKEN)
    assert untranslated(said, "zh", ()) == ["Heading", "hint"]
    assert untranslated(said, "en", ("标题",)) == ["提示", "编号", "长", "页"]
    found = list(faults_of(page, "zh", (), axe))
    assert [fault for fault in found if fault.endswith("wider than the window")]
    assert [fault for fault in found if fault.startswith("axe label")]
    page.set_content("<!doctype html><html lang='en'><title>x</title><main></main>")
    assert next(faults_of(page, "en", (), axe)).startswith("no page")
    page.close()
