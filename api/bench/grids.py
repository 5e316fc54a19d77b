"""What `muster bench grids` measures: points → leaf cell and chain beside named peers, and the division of the demo county.

Every engine answers for the same points and the same cells in the same run, and its answers are compared with ours, chain by
chain. Cells and points are in each engine's own form before the clock starts. Times are this machine's; ratios are what to compare.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import psycopg
import shapely

from data import demo
from data.cluster import Cluster
from gis.crs import STORED, geodesic_area_m2
from gis.division import cells_for
from gis.grid_index import GridIndex
from gis.grid_making import Burden, Guides, divide_village

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Progress = Callable[[str, int, int], None]

ALONE: Final = 300
"""Points that are asked one after the other."""
REPETITIONS: Final = 3
ENOUGH_S: Final = 15.0  # after which nothing is repeated
DEMO_CELLS: Final = 169
RIDGES_KM2: Final = 0.8
_SIDE_DEGREES: Final = 0.5
_LEVELS: Final = (10, 31, 137)  # townships, sectors and villages that generated leaves are shared out to


@dataclass(frozen=True, slots=True, kw_only=True)
class GridFigure:
    """One row. what: "points" (many at once), "one point", or of the division.

    times: how many of ours fit into one of this engine's time; equal: answers that are ours, of `answers`.
    """

    what: str
    cells: int
    engine: str
    value: float
    unit: str
    times: float | None = None
    equal: int | None = None
    answers: int | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Case:
    """Cells of all levels, numbers of the leaves among them, and positions (N, 2) to ask for."""

    codes: list[str]
    parents: list[str | None]
    shapes: npt.NDArray[Any]
    leaves: Ints
    lonlat: Floats


def run(*, sizes: Sequence[int], points: int, progress: Progress) -> Iterator[GridFigure]:
    """Yield every figure: each size beside geopandas and PostGIS, then the division of the demo county."""
    with tempfile.TemporaryDirectory(prefix="muster-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        cluster = Cluster(Path(folder) / "c", durable=False)
        with ExitStack() as stopped:
            stopped.callback(cluster.stop)
            url = cluster.start()
            for size in sizes:
                progress(f"{size} cells", 0, 0)
                yield from asked(case(size, points), url)
    progress("division", 0, 0)
    yield from _divided()


def case(size: int, points: int) -> Case:
    """Return the demo county's grids for their own number, else generated cells of about 25 corners on five levels."""
    if size == DEMO_CELLS:
        frame = gpd.read_file(demo.FILES / "grid_cells.geojson")
        codes, parents = frame["code"].tolist(), [p or None for p in frame["parent"].fillna("")]
        shapes, leaves = frame.geometry.to_numpy(), np.flatnonzero(frame["level"] == 5)  # noqa: PLR2004 - leaves
    else:
        codes, parents, shapes, leaves = _generated(size)
    west, south, east, north = shapely.total_bounds(shapes[leaves])
    rng = np.random.default_rng(1)
    return Case(
        codes=codes,
        parents=parents,
        shapes=shapes,
        leaves=leaves,
        lonlat=rng.uniform((west, south), (east, north), (points, 2)),
    )


def _generated(size: int) -> tuple[list[str], list[str | None], npt.NDArray[Any], Ints]:
    rng = np.random.default_rng(0)
    seeds = rng.uniform((110.8, 35.8), (110.8 + _SIDE_DEGREES, 35.8 + _SIDE_DEGREES), (size, 2))
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seeds)))
    west, south = shapely.get_coordinates(shapely.centroid(cells)).T
    cells = cells[
        np.lexsort((south, (west / _SIDE_DEGREES * 12).astype(np.int64)))
    ]  # neighbours share parents
    cells = shapely.segmentize(cells, _SIDE_DEGREES / np.sqrt(size) / 6)
    codes: list[str] = ["0"]
    parents: list[str | None] = [None]
    above = ["0"]
    for level, count in enumerate((*_LEVELS, len(cells))):
        own = [f"{level + 1}-{k:06}" for k in range(count)]
        codes += own
        parents += [above[k * len(above) // count] for k in range(count)]
        above = own
    shapes = np.full(len(codes), shapely.Polygon(), dtype=object)
    leaves = np.arange(len(codes) - len(cells), len(codes))
    shapes[leaves] = cells
    return codes, parents, shapes, leaves


def asked(case: Case, url: str) -> Iterator[GridFigure]:
    """Yield what each engine took, and whether it answered as we do. url: of a database with PostGIS."""
    began = time.perf_counter()
    index = GridIndex(case.codes, case.parents, case.shapes.tolist())
    cells = len(case.leaves)
    yield GridFigure(
        what="index made", cells=cells, engine="muster", value=time.perf_counter() - began, unit="s"
    )
    ours, seconds = _best(lambda: index.chains(index.leaves_at(*case.lonlat.T)))
    alone = median(_each(index.locate, case.lonlat[:ALONE]))
    chains = [_chain(index, row) for row in ours.tolist()]
    engines: list[tuple[str, list[tuple[str, ...]], float, float]] = [("muster", chains, seconds, alone)]
    engines += [("geopandas sjoin", *_by_frames(case)), ("PostGIS", *_by_database(case, url))]
    for engine, answers, took, one in engines:
        equal = sum(a == b for a, b in zip(answers, chains, strict=True))
        rate = len(chains) / took
        yield GridFigure(
            what="points", cells=cells, engine=engine, value=rate, unit="points/s", times=took / seconds,
            equal=equal, answers=len(chains),
        )  # fmt: skip
        yield GridFigure(
            what="one point",
            cells=cells,
            engine=engine,
            value=one * 1000,
            unit="ms, median",
            times=one / alone,
        )


def _chain(index: GridIndex, numbers: Sequence[int]) -> tuple[str, ...]:
    return tuple(index.codes[number] for number in numbers if number >= 0)


def _best(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return the answer and the least seconds of some repetitions, because other programs share the machine."""
    took = []
    for _ in range(REPETITIONS):
        began = time.perf_counter()
        answer = work()
        took.append(time.perf_counter() - began)
        if sum(took) > ENOUGH_S:
            break
    return answer, min(took)


def _each(ask: Callable[[float, float], object], lonlat: Floats) -> list[float]:
    took = []
    for lon, lat in lonlat.tolist():
        began = time.perf_counter()
        ask(lon, lat)
        took.append(time.perf_counter() - began)
    return took


def _above(case: Case) -> dict[str, tuple[str, ...]]:
    parents = dict(zip(case.codes, case.parents, strict=True))
    chains: dict[str, tuple[str, ...]] = {}
    for leaf in case.leaves.tolist():
        chain, at = [], case.codes[leaf]
        while at:
            chain.append(at)
            at = parents.get(at) or ""
        chains[case.codes[leaf]] = tuple(chain)
    return chains


def _by_frames(case: Case) -> tuple[list[tuple[str, ...]], float, float]:
    """Join frames of points and cells; then chains by a dictionary."""
    cells = gpd.GeoDataFrame(
        {"code": [case.codes[k] for k in case.leaves]}, geometry=case.shapes[case.leaves], crs=STORED
    )
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*case.lonlat.T), crs=STORED)
    above = _above(case)
    _ = cells.sindex  # as ours, made before

    def join(some: gpd.GeoDataFrame) -> list[tuple[str, ...]]:
        found = gpd.sjoin(some, cells, how="left", predicate="intersects")
        found = found[~found.index.duplicated()]
        return [above.get(code, ()) for code in found["code"]]

    answers, seconds = _best(lambda: join(points))
    rows = iter([points.iloc[[k]] for k in range(len(case.lonlat[:ALONE]))])
    alone = median(_each(lambda _lon, _lat: join(next(rows)), case.lonlat[:ALONE]))
    return answers, seconds, alone


_TABLES: Final = f"""
    CREATE EXTENSION IF NOT EXISTS postgis;
    DROP TABLE IF EXISTS bench_cells, bench_points;
    CREATE TABLE bench_cells (code text PRIMARY KEY, parent text, geom geometry(Geometry, {STORED}));
    CREATE TABLE bench_points (id integer PRIMARY KEY, geom geometry(Point, {STORED}));
"""
_CHAINS: Final = """
    WITH RECURSIVE chains AS (
        SELECT code AS leaf, parent, ARRAY[code] AS chain FROM bench_cells WHERE geom IS NOT NULL
        UNION ALL
        SELECT chains.leaf, above.parent, chains.chain || above.code FROM chains JOIN bench_cells above ON above.code = chains.parent
    ) SELECT leaf, chain FROM chains WHERE parent IS NULL
"""
_MANY: Final = f"""
    SELECT points.id, chain FROM bench_points points
        LEFT JOIN bench_cells cells ON ST_Covers(cells.geom, points.geom)
        LEFT JOIN ({_CHAINS}) AS whole ON whole.leaf = cells.code
    ORDER BY points.id
"""
_ONE: Final = f"""
    WITH RECURSIVE chain AS (
        (SELECT code, parent, 1 AS step FROM bench_cells
            WHERE ST_Covers(geom, ST_SetSRID(ST_MakePoint(%s, %s), {STORED})) ORDER BY code LIMIT 1)
        UNION ALL SELECT above.code, above.parent, step + 1 FROM chain JOIN bench_cells above ON above.code = chain.parent
    ) SELECT code FROM chain ORDER BY step
"""


def _by_database(case: Case, url: str) -> tuple[list[tuple[str, ...]], float, float]:
    """Join tables with an index each; the chains of all leaves by one recursion."""
    leaves = set(case.leaves.tolist())
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(_TABLES)
        with connection.cursor().copy("COPY bench_cells FROM STDIN") as copy:
            for k, (code, parent) in enumerate(zip(case.codes, case.parents, strict=True)):
                shape = shapely.to_wkb(shapely.set_srid(case.shapes[k], STORED), hex=True, include_srid=True)
                copy.write_row((code, parent, shape if k in leaves else None))
        with connection.cursor().copy("COPY bench_points FROM STDIN") as copy:
            for k, point in enumerate(np.asarray(shapely.points(case.lonlat), dtype=object)):
                shape = shapely.to_wkb(shapely.set_srid(point, STORED), hex=True, include_srid=True)
                copy.write_row((k, shape))
        connection.execute("CREATE INDEX ON bench_cells USING gist (geom)")
        connection.execute("VACUUM ANALYZE bench_cells")
        connection.execute("VACUUM ANALYZE bench_points")
        rows, seconds = _best(lambda: connection.execute(_MANY).fetchall())
        answers = {number: tuple(chain or ()) for number, chain in reversed(rows)}
        alone = median(
            _each(lambda lon, lat: connection.execute(_ONE, (lon, lat)).fetchall(), case.lonlat[:ALONE])
        )
    return [answers[k] for k in range(len(case.lonlat))], seconds, alone


def _divided() -> Iterator[GridFigure]:
    """Divide the demo county's villages into as many cells as it has, with bounds and without."""
    cells = gpd.read_file(demo.FILES / "grid_cells.geojson")
    villages = cells[cells["level"] == 4].geometry.tolist()  # noqa: PLR2004 - villages
    counts = cells_for(np.asarray([geodesic_area_m2(village) for village in villages]), DEMO_CELLS).tolist()
    roads = gpd.read_file(demo.FILES / "roads.geojson")
    base = gpd.read_file(demo.FILES / "base_map.geojson")
    began = time.perf_counter()
    ridges = [shapely.LineString(line) for line in demo.terrain().coarser(2).ridges(RIDGES_KM2)]
    yield GridFigure(
        what="ridges", cells=DEMO_CELLS, engine="muster", value=time.perf_counter() - began, unit="s"
    )
    guides = Guides.of(
        {
            "road": roads[roads["road_class"] != "track"].geometry.to_numpy(),
            "stream": base[base["kind"] == "waterway"].geometry.to_numpy(),
            "ridge": ridges,
        }
    )
    homes = gpd.read_file(demo.FILES / "villages.csv")
    risks = gpd.read_file(demo.FILES / "geohazard_points.csv")
    places = [frame[["lon", "lat"]].to_numpy(dtype=np.float64) for frame in (homes, risks)]
    burden = Burden(
        lonlat=np.concatenate(places),
        people=np.concatenate([homes["population"].to_numpy(dtype=np.float64), np.zeros(len(risks))]),
        risk=np.concatenate([np.zeros(len(homes)), np.ones(len(risks))]),
    )
    for bounded in (False, True):
        began = time.perf_counter()
        made = [
            divide_village(village, parts, guides, burden, bounded=bounded)
            for village, parts in zip(villages, counts, strict=True)
        ]
        what = "division, with bounds" if bounded else "division"
        yield GridFigure(
            what=what, cells=DEMO_CELLS, engine="muster", value=time.perf_counter() - began, unit="s"
        )
    gaps = [one.partition.gap for one in made if len(one.cells) > 1]
    for what, gap in (("gap, median", median(gaps)), ("gap, largest", max(gaps))):
        yield GridFigure(what=what, cells=DEMO_CELLS, engine="muster", value=100 * gap, unit="%")
