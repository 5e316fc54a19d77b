"""Write the fictional demo county into `files/`: the same seed gives the same bytes.

Run as `python -m data.demo.build [FOLDER]`. It takes about two minutes; the files are shipped, so nobody needs to.
"""

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import shapely
from scipy import ndimage

from data.demo import facilities, forces, hazards, names, places, registers
from data.demo.county import County, Row
from data.demo.lattice import DECIMALS, degrees, make_lattice, smooth_line, to_degrees
from data.demo.relief import CELLS, CENTRE, STEP_LAT, STEP_LON, fractal_noise, make_relief
from data.demo.roadbuilding import BROOK_KM2, build_roads
from data.demo.roaddrawing import add_bridges, draw_roads, lay_streets
from data.demo.roadledger import road_lines
from data.demo.settlement import fit_scale, outline_leaves, settle
from gis.patches import OUTSIDE, outlines
from gis.terrain import Terrain, reaches

SEED = 20260315
FILES = Path(__file__).parent / "files"
MARGIN = 40  # cells of terrain kept around the county
WOODS_M = 1250  # metres above which even gentle slopes are wooded
RIVER_KM2 = 350  # drained by what bears the county river's name
WIDE_KM2 = 60  # drained by what is drawn as a river


def lay_out(seed: int = SEED, say: Callable[[str], object] = print) -> tuple[County, list[shapely.Polygon]]:
    """Lay out the county, and the outlines of its leaf grids, in the plane."""
    say("relief")
    land = make_relief(seed)
    lattice = make_lattice(seed)
    say("settlement")
    people = settle(land, seed)
    leaves = outline_leaves(people, lattice)
    scale = fit_scale(shapely.union_all(leaves))
    say("roads")
    network, sites = build_roads(land, people, seed)
    roads = draw_roads(network, lattice, lay_streets(network, people, lattice, seed))
    roads = add_bridges(roads, [(line, drained) for line, drained in _rivers(land, lattice.of_cells)])
    return County(_stretched(land, scale), lattice, people, scale, roads, sites, seed), leaves


def _rivers(land: Terrain, place: Callable[[np.ndarray], np.ndarray]) -> list[tuple[np.ndarray, float]]:
    """Drawn streams in the plane with the km² that they drain at their end."""
    stream = land.drained_km2 >= BROOK_KM2
    return [
        (smooth_line(place(reach)), float(land.drained_km2.flat[reach[-2]]))
        for reach in reaches(land.receivers, stream)
    ]


def _stretched(land: Terrain, scale: float) -> Terrain:
    """Return the same heights on cells stretched about the county's middle."""
    half = (CELLS - 1) / 2
    west, north = CENTRE[0] - STEP_LON * scale * half, CENTRE[1] + STEP_LAT * scale * half
    return Terrain(np.array(land.heights), west, north, STEP_LON * scale, STEP_LAT * scale)


def write(folder: Path, county: County, leaves: list[shapely.Polygon]) -> None:
    """Write every file."""
    folder.mkdir(parents=True, exist_ok=True)
    rounded = shapely.transform(np.asarray(leaves, dtype=object), lambda xy: degrees(xy, county.scale))
    _write_areas(folder, county, rounded)
    grids = registers.grid_rows(county)
    shapes = [shapely.coverage_union_all(rounded[list(grid.leaves)]) for grid in grids]
    _geojson(folder / "grid_cells.geojson", [grid.row for grid in grids], shapes)
    people, duties, by_grid = registers.responsible_people(county, grids)
    shelters = places.shelter_rows(county, by_grid)
    points, hazard_duties = hazards.hazard_rows(county, by_grid, shelters)
    key = facilities.facility_rows(county)
    reservoirs = [row for row in key if row["kind"] == "reservoir"]
    teams, vehicles = forces.team_rows(county)
    depots, companies, lots, carriers = forces.depot_rows(county, by_grid)
    for name, rows in {
        "villages": registers.village_rows(county, by_grid),
        "people": people,
        "duties": [*duties, *hazard_duties],
        "shelters": shelters,
        "geohazard_points": points,
        "instruments": hazards.instrument_rows(county, points),
        "treatment_works": hazards.works_rows(points),
        "rain_stations": places.rain_rows(county, by_grid),
        "loudspeakers": places.loudspeaker_rows(county, by_grid),
        "key_facilities": key,
        "helipads": places.helipad_rows(county, by_grid),
        "water_points": places.water_rows(county, by_grid, reservoirs),
        "teams": teams,
        "depots": depots,
        "agreement_companies": companies,
        "vehicles": [*vehicles, *carriers],
        "stock_lots": lots,
    }.items():
        _csv(folder / f"{name}.csv", rows)
    _geojson(folder / "roads.geojson", *road_lines(county))
    _write_land(folder, county)


def _write_areas(folder: Path, county: County, leaves: np.ndarray) -> None:
    rows, shapes = [], []
    of_leaf = county.people.village_of_leaf
    for row, township, village in registers.area_rows(county):
        if village is not None:
            part = of_leaf == village
        elif township is not None:
            part = county.people.township_of[of_leaf] == township
        else:
            part = np.ones(of_leaf.size, dtype=bool)
        rows.append(row)
        shapes.append(shapely.coverage_union_all(leaves[part]))
    _geojson(folder / "areas.geojson", rows, shapes)


def _write_land(folder: Path, county: County) -> None:
    """Terrain around the county, and what the base map draws: waters, woods and hamlets."""
    rows, columns = np.nonzero(county.people.inside)
    top, left = max(int(rows.min()) - MARGIN, 0), max(int(columns.min()) - MARGIN, 0)
    window = np.s_[top : int(rows.max()) + MARGIN, left : int(columns.max()) + MARGIN]
    west, north = (float(edge) for edge in county.land.positions(top, left))
    np.savez_compressed(
        folder / "terrain.npz",
        heights_m=np.rint(county.land.heights[window]).astype(np.int16),
        west_north=np.array([west, north]),
        steps=np.array([county.land.step_lon, county.land.step_lat]),
    )
    east, south = (float(edge) for edge in county.land.positions(window[0].stop, window[1].stop))
    drawn = [
        *_waterways(county, shapely.Polygon.from_bounds(west, south, east, north)),
        *(
            ({"kind": "water", "class": "reservoir", "name": zh}, to_degrees(shape, county.scale))
            for (zh, _), shape in zip(facilities.RESERVOIRS, facilities.reservoir_shapes(county), strict=True)
        ),
        *(({"kind": "wood", "class": "wood"}, shape) for shape in _woods(county)),
        *_hamlets(county),
    ]
    _geojson(folder / "base_map.geojson", [row for row, _ in drawn], [shape for _, shape in drawn])


def _waterways(county: County, frame: shapely.Polygon) -> Iterator[tuple[Row, shapely.Geometry]]:
    for xy, drained in _rivers(county.land, county.lattice.of_cells):
        line = to_degrees(shapely.LineString(xy), county.scale)
        if frame.contains(line):
            river = drained > RIVER_KM2
            kind = "river" if drained > WIDE_KM2 else "stream"
            yield {"kind": "waterway", "class": kind, "name": names.RIVER[0] if river else None}, line


def _hamlets(county: County) -> Iterator[tuple[Row, shapely.Geometry]]:
    """Small settlements, each name once in its township."""
    cells = county.sites.hamlets
    townships = county.people.township_of[county.sites.hamlet_village]
    upland = county.land.drained_km2.flat[cells] < 1
    for township in range(len(names.TOWNSHIPS)):
        own = np.flatnonzero(townships == township)
        words = names.villages(upland[own].tolist(), county.rng(50 + township))
        for (name, _), xy in zip(words, county.lattice.of_cells(cells[own]), strict=True):
            yield (
                {"kind": "settlement", "class": "hamlet", "name": name},
                to_degrees(shapely.Point(xy), county.scale),
            )


def _woods(county: County) -> list[shapely.Geometry]:
    """Where nobody ploughs: high or steep land, in pieces of at least fifty hectares."""
    noise = fractal_noise(county.rng(40), CELLS, longest=40, roughness=0.6)
    steep = ndimage.gaussian_filter(county.land.slopes, 3)
    wild = (county.land.heights - WOODS_M) / 150 + (steep - 17) / 6 + 0.7 * noise
    pieces, _ = ndimage.label(ndimage.binary_opening(county.people.inside & (wild > 0), iterations=2))
    sizes = np.bincount(pieces.ravel())
    large = np.flatnonzero(sizes >= 100)
    labels = np.where(np.isin(pieces, large[large > 0]), pieces, OUTSIDE)
    shapes = outlines(labels, county.lattice.corners()).values()
    return [to_degrees(shape.simplify(25), county.scale) for shape in shapes]


def _geojson(path: Path, rows: Sequence[Mapping[str, object]], shapes: Iterable[shapely.Geometry]) -> None:
    """One feature a line, so that a change is one line of a diff. Coordinates are rounded already."""
    features = []
    for row, shape in zip(rows, shapes, strict=True):
        geometry = json.loads(shapely.to_geojson(shapely.transform(shape, lambda xy: np.round(xy, DECIMALS))))
        properties = {key: value for key, value in row.items() if value is not None}
        feature = {"type": "Feature", "properties": properties, "geometry": geometry}
        features.append(json.dumps(feature, ensure_ascii=False, separators=(",", ":"), default=_plain))
    text = '{"type":"FeatureCollection","features":[\n' + ",\n".join(features) + "\n]}\n"
    path.write_text(text, encoding="utf-8")


def _plain(value: object) -> object:
    """NumPy's numbers as JSON's."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"no JSON for {type(value)}")


def _csv(path: Path, rows: Sequence[Row]) -> None:
    fields = list(dict.fromkeys(field for row in rows for field in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fields, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else FILES, *lay_out())
