"""Every page in both languages and both themes: whole, at home, translated, and usable without eyes or a mouse.

The walk takes its addresses from the routers themselves: a new page is in it at once, and fails it until the scene knows
what stands in its address.
"""

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from fastapi.routing import APIRoute
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine, text

from data import worlds
from tests import builders
from tests.journeys.conftest import Visitor
from tests.site import PASSWORD, add_accounts, serving
from web import pages

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
LOOKS = (("zh", "light", (1366, 768)), ("en", "dark", (1920, 1080)), ("zh", "dark", (683, 384)))
"""Language, theme, window. The last is half of 1366 × 768: what somebody sees who doubles the size of everything."""

SPOKEN = """() => {
  const said = [], other = (e) => e.closest("script, style, noscript, svg title, [data-language]");
  const lang = document.documentElement.lang;
  const foreign = (e) => { const marked = e.closest("[lang]"); return marked && marked.lang !== lang; };
  const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const at = walk.currentNode.parentElement;
    if (at && !other(at) && !foreign(at)) said.push(walk.currentNode.data);
  }
  for (const at of document.querySelectorAll("[title], [aria-label], [placeholder], [alt], [aria-description]"))
    if (!foreign(at))
      for (const name of ["title", "aria-label", "placeholder", "alt", "aria-description"])
        if (at.hasAttribute(name)) said.push(at.getAttribute(name));
  return said;
}"""
NEIGHBOUR = "990102000000"
LATIN = re.compile(r"[A-Za-z][A-Za-z'’-]+")
HAN = re.compile(r"[\u4e00-\u9fff]+")
CODE = re.compile(r"\b[A-Z][A-Z0-9]*(?:[-–][A-Z0-9]+)+\b|\b[A-Z]+\d[A-Z0-9-]*\b")  # T001, FF-05-001, N49H
UNITS_AND_NAMES = frozenset(
    [
        "km",
        "kg",
        "min",
        "CSV",
        "Excel",
        "PDF",
        "JSON",
        "GeoJSON",
        "GeoPackage",
        "QGIS",
        "CGCS",
        "WGS",
        "GCJ",
        "BD",
        "CP-SAT",
        "HiGHS",
        "OR-Tools",
        "ortools",
        "Esc",
        "Enter",
        "Tab",
        "Shift",
        "Alt",
        "Ctrl",
        "GB",
        "Muster",
        "PostgreSQL",
        "PostGIS",
        "HTTP",
        "API",
        "Web",
        "UTC",
        "IP",
        "SHA",
    ]
)
"""What is written so in Chinese, too."""


@pytest.fixture(scope="module")
def axe() -> str:
    """The accessibility checker's script."""
    return AXE.read_text()


@pytest.fixture
def county(engine: Engine) -> dict[str, int]:
    """The hand-made county, whose teams have just reported."""
    with engine.begin() as connection:
        made = builders.add_county(worlds.inside(connection, worlds.LIVE))
        connection.execute(text("UPDATE live.team_states SET reported_at = now()"))
        connection.execute(
            text(
                "INSERT INTO areas (code, level, name, name_en) VALUES (:code, 'county', '邻县', 'Neighbour')"
            ),
            {"code": NEIGHBOUR},
        )
    add_accounts(engine)
    return made


@pytest.fixture
def address(database: str, county: dict[str, int]) -> Iterator[str]:
    assert county
    with serving(database) as address:
        yield address


@pytest.fixture
def scene(address: str, county: dict[str, int]) -> dict[str, str]:
    """The county in motion; what stands in addresses, by the parameter's name."""
    http = httpx.Client(base_url=f"{address}/api/v1", timeout=60)
    csrf = http.post("/session", json={"name": "administrator", "password": PASSWORD}).json()["csrf_token"]

    def post(path: str, **body: Any) -> Any:
        answer = http.post(
            path, json={"request_id": str(uuid.uuid4()), **body}, headers={"X-CSRF-Token": csrf}
        )
        assert answer.status_code < 300, answer.text
        return answer.json()

    at = list(builders.on_main_road(1))
    first = post("/incidents", type="landslide", level=4, position=at)["id"]
    orders = post(f"/plans/{post('/plans', incidents=[first])['id']}/confirm")
    quiet = post("/incidents", type="landslide", level=3, position=at)["id"]
    plan = post("/plans", incidents=[quiet])["id"]
    closed = {"type": "Point", "coordinates": list(builders.on_main_road(9.5))}
    closure = post("/closures", geometry=closed)["id"]
    token = post(f"/orders/{orders[0]['id']}/link")["token"]
    area = {
        "type": "Polygon",
        "coordinates": [[[111.15, 36.01], [111.16, 36.01], [111.16, 36.02], [111.15, 36.01]]],
    }
    danger = post("/hazards", geometry=area, reason="二次滑坡")["id"]
    aid = post("/aid", incident=quiet, to_area=NEIGHBOUR, text="请支援两队")["id"]
    post("/messages", body="注意余震")
    handover = post("/handovers", taken_over_by="李四", note="一切正常")["id"]
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
        "layer": "teams",
        "identity": str(county["far"]),
    }


QUERIES = {
    "/plans/{plan_id}/without": "?kind=team&id={identity}",
    "/plans/{plan_id}/swaps": "?kind=team&id={identity}&incident={incident}",
}
"""What an address needs behind its path."""
NO_PAGES = frozenset({"/o/worker.js", "/handover"})


def addresses(scene: dict[str, str]) -> list[str]:
    """Every page's address, filled from the scene."""
    routes = [route for module in pages.modules() for route in module.router.routes]
    paths = {route.path for route in routes if isinstance(route, APIRoute) and "GET" in (route.methods or ())}
    return sorted((path + QUERIES.get(path, "")).format(**scene) for path in paths - NO_PAGES)


def known_words(engine: Engine) -> list[str]:
    """Every text of the store: names are data, in whatever language they are written."""
    query = """
        SELECT DISTINCT unnest(ARRAY[name, name_en]) FROM teams UNION SELECT unnest(ARRAY[name, name_en]) FROM depots
        UNION SELECT unnest(ARRAY[name, name_en]) FROM areas UNION SELECT unnest(ARRAY[name, name_en]) FROM villages
        UNION SELECT unnest(ARRAY[name, name_en]) FROM grid_cells UNION SELECT unnest(ARRAY[name, name_en]) FROM places
        UNION SELECT unnest(ARRAY[name, name_en]) FROM vehicles UNION SELECT name FROM people UNION SELECT name FROM users
        UNION SELECT contact_name FROM teams UNION SELECT contact_name FROM depots UNION SELECT code FROM teams
    """
    with engine.connect() as connection:
        found = [word for word in connection.scalars(text(query)) if word]
    return sorted(found, key=len, reverse=True)


def untranslated(said: list[str], lang: str, known: list[str]) -> list[str]:
    """Words in the other language that are neither data nor written so everywhere."""
    found = []
    for line in said:
        rest = line
        for word in known:
            rest = rest.replace(word, " ")
        if lang == "en":
            found += HAN.findall(rest)
            continue
        rest = CODE.sub(" ", re.sub(r"https?://\S+|[\w.]+@[\w.]+|/o/\S+", " ", rest))
        found += [word for word in LATIN.findall(rest) if word not in UNITS_AND_NAMES]
    return found


def settle(page: Page) -> None:
    """Wait until nothing is asked any more; the event stream never ends, so the network is never idle."""
    page.wait_for_load_state("load")
    page.wait_for_function("() => !document.querySelector('.htmx-request')")
    page.wait_for_timeout(250)


def test_every_page_is_whole_translated_and_at_home(
    browser: Browser, address: str, scene: dict[str, str], engine: Engine, axe: str
) -> None:
    """No request to another host, nothing on the console, no word of the other language, no serious fault for axe."""
    known = known_words(engine)
    faults: list[str] = []
    for lang, theme, (width, height) in LOOKS:
        with browser.new_context(viewport={"width": width, "height": height}) as context:
            context.add_cookies(
                [
                    {"name": "theme", "value": theme, "url": address},
                    {"name": "lang", "value": lang, "url": address},
                ]
            )
            visitor = Visitor(context, address)
            visitor.sign_in("administrator", lang=lang).close()
            for path in addresses(scene):
                page = visitor.open(path)
                settle(page)
                where = f"{lang} {theme} {width} px {path}"
                faults += [f"{where}: {complaint}" for complaint in visitor.complaints]
                visitor.complaints.clear()
                wrong = sorted(set(untranslated(page.evaluate(SPOKEN), lang, known)))
                faults += [f"{where}: not translated: {word}" for word in wrong]
                wide = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
                if wide > 1:
                    faults.append(f"{where}: {wide} px wider than the window")
                faults += [f"{where}: {fault}" for fault in checked_by_axe(page, axe)]
                page.close()
    assert not faults, "\n" + "\n".join(faults)


HOSTILE = "<img src=x onerror='window.pwned=1'>{{ 7 * 7 }}{% raise %}</script>\"'`${x}"
WORDS_OF_PEOPLE = frozenset(
    [
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
)
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
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        columns = connection.execute(text(query), {"columns": list(WORDS_OF_PEOPLE)}).all()
        for schema, table, column in columns:
            connection.execute(
                text(f'UPDATE "{schema}"."{table}" SET "{column}" = :word || "{column}"'), {"word": HOSTILE}
            )
    return len(columns)


def test_hostile_words_are_text_on_every_page(
    browser: Browser, address: str, scene: dict[str, str], engine: Engine
) -> None:
    """Whatever stands in a ledger, a name or a reason: it is shown, and nothing of it runs, in the server or the browser."""
    assert poison(engine) > 20
    with browser.new_context(viewport={"width": 1366, "height": 768}) as context:
        visitor = Visitor(context, address)
        visitor.sign_in("administrator").close()
        shown = 0
        for path in addresses(scene):
            page = visitor.open(path)
            settle(page)
            assert page.title(), path
            assert page.evaluate("() => window.pwned === undefined"), path
            body = page.inner_text("body")
            assert "{{ 49 }}" not in body, path
            assert "Internal Server Error" not in body, path
            shown += HOSTILE[:20] in body
            page.close()
        assert shown > len(addresses(scene)) // 3
        page = visitor.open("/")
        settle(page)
        page.fill("[type=search]", "img src")
        page.wait_for_selector("[role=option]")
        for mark in page.locator(".leaflet-marker-icon").all()[:8]:
            mark.hover(force=True)
        page.wait_for_timeout(300)
        assert page.evaluate("() => window.pwned === undefined")
        assert visitor.complaints == []


def checked_by_axe(page: Page, axe: str) -> list[str]:
    """Serious and critical faults, with the first element of each."""
    page.evaluate(axe)
    result = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"axe {fault['id']} ({fault['impact']}): {fault['nodes'][0]['html'][:160]} [{len(fault['nodes'])}]"
        for fault in result["violations"]
        if fault["impact"] in {"serious", "critical"}
    ]


def test_the_checks_can_fail(browser: Browser, axe: str) -> None:
    """A page with a word of each language, a field without a name and a line that is too long is found out."""
    page = browser.new_page()
    page.set_content(
        "<!doctype html><html lang='zh-CN'><title>页</title><body><main><h1>标题 Heading</h1>"
        "<p title='提示 hint'>编号 T001，3 km</p><input><p style='width: 5000px'>长</p><p lang='en'>English</p></main>"
    )
    said = page.evaluate(SPOKEN)
    assert untranslated(said, "zh", []) == ["Heading", "hint"]
    assert untranslated(said, "en", ["标题"]) == ["页", "编号", "长", "提示"]
    assert any(fault.startswith("axe label") for fault in checked_by_axe(page, axe))
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") > 1
    page.close()
