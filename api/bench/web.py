"""What `muster bench web` measures: a private server with several workers, loaded from processes of its own.

Times are this machine's, which serves and asks at once; ratios between rows of one run are what to compare.
"""

import importlib.util
import json
import math
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import text

from api import runtime
from api.bench.load import HOST
from api.demonstration import Visitor, prepare
from api.settings import Settings
from data.cluster import Cluster
from data.engine import make_engine
from gis.crs import STORED

PROCESSES: Final = 2
CONNECTIONS: Final = 4  # of each process
SECONDS: Final = 4.0
ACTS: Final = 20
PLANS: Final = 10
PLANNERS: Final = 4  # at once
SEARCHES: Final = 100
SEARCHED: Final = "起降点 {:d}"
ROOT: Final = Path(__file__).parents[2]
LOOPBACK: Final = (
    "127.0.0.7"  # the peer speaks TCP to PostgreSQL; an address of its own meets nobody else's server
)
LAYER: Final = "helipads"
_STARTS_WITHIN_S: Final = 120.0
_PAGE: Final = 1000  # features a request, ours and the peer's
_QUIET_MS: Final = 1500
_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebFigure:
    """One row: `value` in `unit`; p50 and p95 in ms where there are many answers. `note` says what is not there."""

    what: str
    value: float | None = None
    unit: str = ""
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The private server under load."""

    port: int
    visitor: Visitor
    url: str

    @property
    def cookie(self) -> str:
        """The session, as a browser sends it."""
        return self.visitor.cookie


def run(
    *, workers: int, browsers: int, sizes: Sequence[int], progress: Callable[[str, int, int], None]
) -> Iterator[WebFigure]:
    """Yield every figure. Peers that are not installed are named in a note."""
    with tempfile.TemporaryDirectory(prefix="muster-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        progress("a county", 0, 0)
        with _serving(Path(folder), workers) as site:
            progress("reading", 0, 0)
            yield from _reading(site)
            progress("planning", 0, 0)
            yield from _planning(site)
            progress("listening", 0, 0)
            yield from _listening(site, browsers)
            for size in sizes:
                progress(f"{size} features", 0, 0)
                _fill(site, size)
                if size == _PAGE:
                    yield from _items(site, workers)
                yield _searching(site, size)
                yield from _pages(site, Path(folder), size)


@contextmanager
def _serving(folder: Path, workers: int) -> Iterator[Site]:
    """Serve the demo county with some workers on a free port, on a cluster that is thrown away."""
    cluster = Cluster(folder / "c", durable=True, options={"listen_addresses": LOOPBACK})
    url = cluster.start()
    settings = Settings(folder=folder, database_url=url)
    with runtime.on(settings, url) as context:
        password = prepare(context, lambda _stage, _done, _all: None)
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(  # noqa: S603 - our own program
        [
            *(sys.executable, "-c", "from api.cli import main; main()"),
            *("serve", "--port", str(port), "--workers", str(workers)),
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "MUSTER_DATABASE_URL": url,
            "MUSTER_FOLDER": str(folder),
            "MUSTER_LOG_LEVEL": "error",
        },
        stdout=subprocess.DEVNULL,
    )
    try:
        visitor = Visitor(f"http://{HOST}:{port}")
        _wait(lambda: visitor.get("/ready")["ready"])
        visitor.sign_in(password)
        yield Site(port=port, visitor=visitor, url=url)
    finally:
        server.terminate()
        server.wait()
        cluster.stop()


def _wait(there: Callable[[], object]) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN_S
    while True:
        with suppress(OSError):
            if there():
                return
        if time.monotonic() > deadline:
            raise RuntimeError("the server did not start")
        time.sleep(0.1)


def _ask(**asked: Any) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-m", "api.bench.load"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    process.stdin.write(json.dumps(asked) + "\n")
    process.stdin.flush()
    return process


def _hammered(
    what: str, port: int, cookie: str, paths: list[str], *, items: int = 1, unit: str = "requests/s"
) -> WebFigure:
    asked = {"do": "hammer", "port": port, "cookie": cookie, "paths": paths}
    running = [_ask(**asked, connections=CONNECTIONS, seconds=SECONDS) for _ in range(PROCESSES)]
    answers = [json.loads(process.communicate()[0]) for process in running]
    took = [ms for answer in answers for ms in answer["ms"]]
    failed = sum(answer["failed"] for answer in answers)
    return WebFigure(
        what=what,
        value=items * sum(len(answer["ms"]) / answer["seconds"] for answer in answers),
        unit=unit,
        note=f"{failed} failed"
        if failed
        else f"{sum(answer['bytes'] for answer in answers) // max(1, len(took)):,} bytes each",
        **_spread(took),
    )


def _spread(took: Sequence[float]) -> dict[str, Any]:
    if len(took) < 2:  # noqa: PLR2004 - a spread needs two
        return {}
    cuts = quantiles(took, n=100)
    return {"p50_ms": median(took), "p95_ms": cuts[94], "p99_ms": cuts[98]}


def _reading(site: Site) -> Iterator[WebFigure]:
    api = "/api/v1"
    for what, paths in (
        ("map: list of layers", [f"{api}/layers"]),
        ("map: items of a layer", [f"{api}/layers/{code}/items" for code in ("teams", "depots", "shelters")]),
        ("map: state", [f"{api}/map/state"]),
        ("map: base tile", [f"{api}/tiles/10/827/402.mvt"]),
        ("page: command map", ["/"]),
    ):
        yield _hammered(what, site.port, site.cookie, paths)


def _planning(site: Site) -> Iterator[WebFigure]:
    """One browser reports, proposes, prices and confirms in turn, and takes everything back; then several at once."""
    took: dict[str, list[float]] = {
        name: []
        for name in ("report", "plan: propose", "plan: swaps priced", "plan: confirm", "closure: preview")
    }
    for number in range(PLANS):
        incident = _timed(took["report"], site, "/incidents", _landslide(number))["id"]
        plan = _timed(took["plan: propose"], site, "/plans", {"incidents": [incident]})
        sent = plan["plan"]["assignments"][0]
        began = time.perf_counter()
        site.visitor.get(
            f"/api/v1/plans/{plan['id']}/swaps?kind={sent['kind']}&id={sent['id']}&incident={incident}"
        )
        took["plan: swaps priced"].append((time.perf_counter() - began) * 1000)
        _timed(took["plan: confirm"], site, f"/plans/{plan['id']}/confirm", {})
        drawn = {"geometry": {"type": "Point", "coordinates": _on_a_road(site, number)}}
        began = time.perf_counter()
        site.visitor.post("/closures/effect", drawn)
        took["closure: preview"].append((time.perf_counter() - began) * 1000)
        _take_back(site, incident)
    for what, times in took.items():
        yield WebFigure(what=what, value=1000 / median(times), unit="acts/s, one browser", **_spread(times))
    yield _planning_at_once(site)


def _landslide(number: int) -> dict[str, Any]:
    return {"type": "landslide", "level": 4, "village": f"99010110020{number % 3 + 1}"}


def _take_back(site: Site, incident: int) -> None:
    site.visitor.post(f"/incidents/{incident}/cancel", {"request_id": str(uuid4()), "reason": "bench"})


def _planning_at_once(site: Site) -> WebFigure:
    """From report to confirmed orders by several browsers over the same teams: who comes second plans again."""
    took: list[float] = []
    refused: list[int] = []

    def work(first: int) -> None:
        for number in range(first, first + PLANS // 2):
            began = time.perf_counter()
            incident = _timed([], site, "/incidents", _landslide(number))["id"]
            while True:
                plan = _timed([], site, "/plans", {"incidents": [incident]})["id"]
                try:
                    _timed([], site, f"/plans/{plan}/confirm", {})
                except urllib.error.HTTPError as error:
                    if error.code != HTTPStatus.CONFLICT:
                        raise
                    refused.append(plan)
                else:
                    break
            took.append((time.perf_counter() - began) * 1000)
            _take_back(site, incident)

    began = time.perf_counter()
    with ThreadPoolExecutor(PLANNERS) as planners:
        for done in [planners.submit(work, first) for first in range(PLANNERS)]:
            done.result()
    return WebFigure(
        what=f"report, plan and confirm, {PLANNERS} browsers",
        value=len(took) / (time.perf_counter() - began),
        unit="incidents/s",
        note=f"{len(refused)} plans were too old and made again",
        **_spread(took),
    )


def _timed(took: list[float], site: Site, path: str, body: dict[str, Any]) -> Any:
    began = time.perf_counter()
    answer = site.visitor.post(path, {"request_id": str(uuid4()), **body})
    took.append((time.perf_counter() - began) * 1000)
    return answer


def _listening(site: Site, browsers: int) -> Iterator[WebFigure]:
    """Acts while many browsers listen: from sending the act to its arrival at each."""
    ears = _ask(do="listen", port=site.port, cookie=site.cookie, browsers=browsers, seconds=30.0)
    assert ears.stdout is not None  # noqa: S101 - it is a pipe
    ears.stdout.readline()  # "ready"
    sent: list[float] = []
    closure = {"geometry": {"type": "Point", "coordinates": _on_a_road(site, 0)}}
    for _ in range(ACTS):
        sent.append(time.time())
        site.visitor.post("/closures", {"request_id": str(uuid4()), **closure})
        time.sleep(0.2)
    heard = json.loads(ears.communicate()[0].splitlines()[-1])["heard"]
    acts = sorted(((int(number), times) for number, times in heard.items()))[-ACTS:]
    late = [(at - began) * 1000 for began, (_, times) in zip(sent, acts, strict=False) for at in times]
    yield WebFigure(
        what=f"events: an act on {browsers} browsers",
        value=100 * len(late) / (ACTS * browsers),
        unit="% delivered",
        note="from sending the act to its arrival",
        **_spread(late),
    )


def _on_a_road(site: Site, number: int) -> list[float]:
    engine = make_engine(site.url)
    with engine.connect() as connection:
        at = connection.execute(
            text(
                "SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_LineInterpolatePoint(geom, 0.5) AS p FROM road_edges"
                " ORDER BY length_m DESC OFFSET :number LIMIT 1) e"
            ),
            {"number": number},
        ).one()
    engine.dispose()
    return list(at)


def _fill(site: Site, size: int) -> None:
    """Put so many invented places into one layer, around the county."""
    engine = make_engine(site.url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("DELETE FROM places WHERE layer = :layer"), {"layer": LAYER})
        connection.execute(
            text(
                "INSERT INTO places (layer, code, name, geom, sample)"
                " SELECT :layer, 'B' || n, '起降点 ' || n, ST_Point("
                " ST_XMin(box) + (ST_XMax(box) - ST_XMin(box)) * (n * 0.618034 - floor(n * 0.618034)),"
                " ST_YMin(box) + (ST_YMax(box) - ST_YMin(box)) * (n + 0.5) / :size, :stored), true"
                " FROM generate_series(1, :size) n,"
                " (SELECT geom AS box FROM areas WHERE level = 'county' LIMIT 1) c"
            ),
            {"layer": LAYER, "size": size, "stored": STORED},
        )
        connection.execute(text("ANALYZE places"))
    engine.dispose()


def _searching(site: Site, size: int) -> WebFigure:
    """Type into the map's search box, one person, on names that nearly all look the same."""
    took: list[float] = []
    for number in range(SEARCHES):
        words = urllib.parse.quote(SEARCHED.format(1 + number * size // SEARCHES))
        began = time.perf_counter()
        site.visitor.get(f"/api/v1/search?q={words}")
        took.append((time.perf_counter() - began) * 1000)
    return WebFigure(
        what=f"search box, {size} features",
        value=1000 / median(took),
        unit="answers/s, one browser",
        **_spread(took),
    )


def _items(site: Site, workers: int) -> Iterator[WebFigure]:
    """GeoJSON items a second: ours, and the peer's on the same table with as many workers."""
    ours = f"/api/v1/layers/{LAYER}/items?limit={_PAGE}"
    yield _hammered("items: muster", site.port, site.cookie, [ours], items=_PAGE, unit="items/s")
    if importlib.util.find_spec("tipg") is None:
        yield WebFigure(what="items: tipg", note="not installed")
        return
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    peer = subprocess.Popen(  # noqa: S603 - the peer
        [
            sys.executable,
            "-m",
            "uvicorn",
            "tipg.main:app",
            "--port",
            str(port),
            "--log-level",
            "error",
            *("--workers", str(workers)),
        ],
        env={
            **os.environ,
            "DATABASE_URL": f"postgresql://muster@{LOOPBACK}:5432/muster",
            "TIPG_DB_SCHEMAS": '["public"]',
        },
    )
    try:
        theirs = f"/collections/public.places/items?limit={_PAGE}&f=geojson&layer={LAYER}"
        ask = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
        _wait(lambda: ask(f"http://{HOST}:{port}{theirs}", timeout=60).read())
        yield _hammered("items: tipg", port, "", [theirs], items=_PAGE, unit="items/s")
    except (RuntimeError, OSError) as error:
        yield WebFigure(what="items: tipg", note=f"did not answer: {error}")
    finally:
        peer.terminate()
        peer.wait()


# -- pages in a browser ------------------------------------------------------------------------------------------------

_LISTEN: Final = """
localStorage.setItem("muster.layers", JSON.stringify({shown}));
window.busyUntil = 0;
new PerformanceObserver((list) => {{
  for (const task of list.getEntries()) window.busyUntil = Math.max(window.busyUntil, task.startTime + task.duration);
}}).observe({{ type: "longtask", buffered: true }});
"""
_SETTLED: Final = """() => {
  const loaded = performance.getEntriesByType("resource").filter((one) => !one.name.endsWith("/events")).map((one) => one.responseEnd);
  const [page] = performance.getEntriesByType("navigation");
  const last = Math.max(window.busyUntil, page.domContentLoadedEventEnd, ...loaded);
  return [last, performance.now() - last];
}"""
_WATCH_FRAMES: Final = """() => {
  window.framesTook = [];
  let last = performance.now();
  const tick = (now) => { window.framesTook.push(now - last); last = now; requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
}"""
_DRAGS: Final = 120


def _pages(site: Site, folder: Path, size: int) -> Iterator[WebFigure]:
    """Bytes and time to interactive of the command map with the layer on, and of a plain Folium page of the same data."""
    if importlib.util.find_spec("playwright") is None:
        yield WebFigure(what=f"page: {size} features", note="playwright is not installed")
        return
    from playwright.sync_api import Error, sync_playwright  # noqa: PLC0415 - of the tests' group

    with _plain_folium(site, folder, size) as plain, sync_playwright() as playwright:
        system = shutil.which("chromium") or shutil.which("google-chrome")
        try:
            browser = playwright.chromium.launch(executable_path=system, args=list(_FLAGS))
        except Error:
            yield WebFigure(what=f"page: {size} features", note="no Chromium")
            return
        for what, address in (
            (f"command map, {size} features", f"http://{HOST}:{site.port}/"),
            (f"plain Folium, {size} features", plain),
        ):
            context = browser.new_context(viewport={"width": 1366, "height": 768})
            name, _, value = site.cookie.partition("=")
            context.add_cookies([{"name": name, "value": value, "url": address}])
            context.add_init_script(_LISTEN.format(shown=json.dumps({LAYER: True})))
            page = context.new_page()
            sizes: list[float] = []
            devtools = context.new_cdp_session(page)
            devtools.send("Network.enable")
            devtools.on(
                "Network.loadingFinished", lambda told, sizes=sizes: sizes.append(told["encodedDataLength"])
            )
            page.goto(address, wait_until="domcontentloaded", timeout=120_000)
            deadline = time.monotonic() + _STARTS_WITHIN_S
            while True:
                page.wait_for_timeout(250)
                interactive, quiet = page.evaluate(_SETTLED)
                if quiet > _QUIET_MS or time.monotonic() > deadline:
                    break
            yield WebFigure(
                what=what, value=interactive, unit="ms to interactive", note=f"{sum(sizes) / 1e6:.2f} MB"
            )
            yield _panning(page, what)
            context.close()
        browser.close()


def _panning(page: Any, what: str) -> WebFigure:
    """Drag the map to and fro, and measure how long each picture stands."""
    box = page.locator(".leaflet-container").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(_WATCH_FRAMES)
    for step in range(_DRAGS):
        page.mouse.move(x + 150 * math.sin(step / 8), y + 80 * math.sin(step / 5))
    frames = page.evaluate("() => window.framesTook")
    page.mouse.up()
    return WebFigure(
        what=f"{what}, dragged", value=1000 / median(frames), unit="pictures/s", **_spread(frames)
    )


@contextmanager
def _plain_folium(site: Site, folder: Path, size: int) -> Iterator[str]:
    """Serve a Folium page as its tutorial makes one: the same points embedded as GeoJSON; scripts from here."""
    import folium  # noqa: PLC0415 - a second to import

    data = json.loads(site.visitor.read(f"/api/v1/layers/{LAYER}/items"))
    while len(data["features"]) < size:  # one request has a limit; the rest are copies of its shapes
        data["features"] += data["features"][: size - len(data["features"])]
    made = folium.Map(location=[0, 0], zoom_start=11, tiles=None, prefer_canvas=True)
    points = folium.GeoJson(
        data, marker=folium.CircleMarker(radius=4), tooltip=folium.GeoJsonTooltip(["name"])
    )
    points.add_to(made)
    made.fit_bounds(points.get_bounds())
    html = made.get_root().render()
    for kind in (
        "js",
        "css",
    ):  # its other libraries (jQuery, Bootstrap, icons) lie on other hosts: they are left out, to its advantage
        html = _only_local(html, kind)
    served = folder / f"plain{size}"
    served.mkdir()
    (served / "index.html").write_text(html)
    (served / "vendor").symlink_to(ROOT / "web" / "static" / "vendor")
    handler = partial(_Quiet, directory=str(served))
    with ThreadingHTTPServer((HOST, 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://{HOST}:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def _only_local(html: str, kind: str) -> str:
    """Keep Leaflet, from our own copy, and drop what would come from another host."""
    local = f"vendor/leaflet/leaflet.{kind}"
    tag = f'<script src="{local}"></script>' if kind == "js" else f'<link rel="stylesheet" href="{local}"/>'
    lines = []
    for line in html.splitlines():
        if not ("https://" in line and f".{kind}" in line and ("<script" in line or "<link" in line)):
            lines.append(line)
        elif f"leaflet.{kind}" in line:
            lines.append(tag)
    return "\n".join(lines)


class _Quiet(SimpleHTTPRequestHandler):
    """Serves a folder without a line for each request."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
