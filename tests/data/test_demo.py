"""The demo county: its counts, its land and roads, and its way into the store."""

import csv
import re
from collections import Counter
from functools import cache
from itertools import islice
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import shapely
from sqlalchemy import Connection, func, select

from data import demo, policies, tables
from data.demo import forces, names, settlement
from data.demo.build import SEED
from gis.crs import geodesic_area_m2, metres_crs
from gis.grid_check import Grids, check
from gis.grid_index import GridIndex
from gis.network import Closure, RoadNetwork, VehicleProfile
from gis.roads import edges_from_lines
from gis.travel import times_to
from tests.builders import NOW

CAR = VehicleProfile(speed_class="car", mass_kg=2000, height_cm=180, width_cm=190)
AMBULANCE = VehicleProfile(speed_class="car", mass_kg=3500, height_cm=270, width_cm=205)
EXCAVATOR = VehicleProfile(speed_class="heavy", mass_kg=38_000, height_cm=390, width_cm=300)
MEGABYTE = 1_000_000


@cache
def rows(layer: str) -> tuple[dict[str, str], ...]:
    with (demo.FILES / f"{layer}.csv").open(encoding="utf-8") as file:
        return tuple(csv.DictReader(file))


@cache
def frame(name: str) -> gpd.GeoDataFrame:
    return gpd.read_file(demo.FILES / f"{name}.geojson")


@cache
def network() -> RoadNetwork:
    roads = edges_from_lines(frame("roads"))
    assert roads.faults.empty
    return RoadNetwork.build(roads.nodes, roads.edges, roads.banned_turns)


def places(layer: str) -> list[tuple[float, float]]:
    return [(float(row["lon"]), float(row["lat"])) for row in rows(layer)]


@cache
def index() -> GridIndex:
    cells = frame("grid_cells")
    return GridIndex(cells["code"].tolist(), cells["parent"].fillna("").tolist(), cells.geometry.tolist())


def seat() -> tuple[float, float]:
    return places("villages")[0]


@cache
def outlines() -> dict[str, shapely.Geometry]:
    areas = frame("areas")
    return dict(zip(areas["code"], areas.geometry, strict=True))


# ------------------------------------------------------------------------------------------------------- counts


@pytest.mark.parametrize(
    ("layer", "count"),
    [
        ("villages", 137), ("people", 973), ("geohazard_points", 137), ("instruments", 470), ("treatment_works", 6),
        ("rain_stations", 98), ("loudspeakers", 96), ("agreement_companies", 5), ("depots", 52), ("helipads", 12),
    ],
)  # fmt: skip
def test_the_published_counts_are_there(layer: str, count: int) -> None:
    """The county stands for a real one of which only counts are public: they must be met to the last one."""
    assert len(rows(layer)) == count
    assert len({row["code"] for row in rows(layer)}) == count


@pytest.mark.parametrize(
    ("layer", "count"),
    [
        ("shelters", 143), ("key_facilities", 219), ("water_points", 111), ("teams", 91), ("vehicles", 215),
        ("stock_lots", 639), ("duties", 1247),
    ],
)  # fmt: skip
def test_the_invented_counts_stay(layer: str, count: int) -> None:
    """Nothing is published of these; but figures and screens that speak of them must not drift unseen."""
    assert len(rows(layer)) == count
    assert len({tuple(row.items()) for row in rows(layer)}) == count


def test_kinds_are_counted_as_published() -> None:
    """Four works are done and two under way; nineteen stations report by themselves."""
    assert Counter(row["status"] for row in rows("treatment_works")) == {"done": 4, "under_way": 2}
    assert Counter(row["kind"] for row in rows("rain_stations")) == {"automatic": 19, "simple": 79}
    kinds = Counter(row["kind"] for row in rows("key_facilities"))
    assert {
        "coal_mine": 23, "washery": 34, "non_coal_mine": 24, "hazardous_chemical": 34, "metallurgy_trade": 19,
        "explosives": 1, "coal_bed_methane": 1, "freight": 31, "transport": 6, "reservoir": 2, "scenic_area": 1,
    }.items() <= kinds.items()  # fmt: skip


def test_there_are_ten_townships_and_five_levels_of_grids() -> None:
    """169 leaf grids are the base of the whole tree."""
    levels = Counter(code[6:9] != "000" for code in outlines() if code.endswith("000"))
    assert levels == {False: 1, True: 10}
    assert Counter(frame("grid_cells")["level"]) == {1: 1, 2: 10, 3: 31, 4: 137, 5: 169}


def test_the_six_bodies_have_more_than_630_rescuers() -> None:
    """三专三兼: three full-time and three part-time bodies, as the real county counts them."""
    full, part = (forces.rescuers(bodies) for bodies in (forces.FULL_TIME_BODIES, forces.PART_TIME_BODIES))
    assert 630 <= full + part < 650
    assert sum(int(row["strength"]) for row in rows("teams")) >= full + part


def test_depots_stand_at_three_levels_and_agreements_with_five_companies() -> None:
    """Goods are near everywhere in small lots, and far in large ones."""
    levels = Counter(row["level"] for row in rows("depots"))
    assert levels == {"county": 2, "township": 10, "village": 40}
    agreement = [row for row in rows("stock_lots") if row["ownership"] == "agreement"]
    assert {row["depot"] for row in agreement} == {row["code"] for row in rows("agreement_companies")}
    assert all(int(row["activation_min"]) > 0 for row in agreement)


def test_every_village_but_the_documented_four_has_a_shelter() -> None:
    """The layout check needs something to find, and no more than that."""
    sheltered = {row["area_code"] for row in rows("shelters")}
    without = {row["code"] for row in rows("villages")} - sheltered
    assert len(without) == 4


# --------------------------------------------------------------------------------------------------------- land


def test_the_county_covers_2029_square_kilometres() -> None:
    """The area is published to the square kilometre."""
    assert geodesic_area_m2(outlines()[demo.COUNTY]) / 1e6 == pytest.approx(settlement.AREA_KM2, abs=0.5)


def test_the_36th_parallel_crosses_the_county() -> None:
    """Location codes change their prefix there, which an import must survive."""
    _, south, _, north = shapely.bounds(outlines()[demo.COUNTY])
    assert south < 36.0 < north


def test_grids_have_neither_gap_nor_overlap() -> None:
    """Any point has exactly one leaf grid, and every parent consists of its children."""
    cells = frame("grid_cells")
    grids = Grids(
        codes=cells["code"].tolist(),
        parents=cells["parent"].fillna("").tolist(),
        levels=cells["level"].to_numpy(),
        shapes=cells.geometry.to_numpy(),
    )
    assert check(grids) == []
    leaves = frame("grid_cells").query("level == 5").geometry.to_numpy()
    assert shapely.coverage_is_valid(leaves)


def test_every_village_stands_in_its_own_area_and_leaf() -> None:
    """Code and position of a village must not contradict each other."""
    tree = index()
    for row, (lon, lat) in zip(rows("villages"), places("villages"), strict=True):
        chain = tree.locate(lon, lat)
        assert len(chain) == 5
        assert chain[3] == row["code"]
        assert shapely.contains_xy(outlines()[row["code"]], lon, lat)


@pytest.mark.parametrize(
    "layer", ["geohazard_points", "shelters", "teams", "depots", "key_facilities", "water_points"]
)
def test_places_carry_the_code_of_the_village_around_them(layer: str) -> None:
    """Roll-ups by township are by code: they must agree with the map."""
    tree = index()
    wrong = [
        row["code"]
        for row, position in zip(rows(layer), places(layer), strict=True)
        if (chain := tree.locate(*position)) and chain[3] != row["area_code"]
    ]
    assert len(wrong) <= 0.03 * len(rows(layer))  # smoothing moves a border by some metres


def test_hazards_lie_on_slopes() -> None:
    """A landslide point on level ground would teach nobody anything."""
    slope = demo.terrain().slope(*np.transpose(places("geohazard_points")))
    assert np.median(slope) > 15
    assert slope.min() > 5


def test_streams_run_down_the_shipped_terrain() -> None:
    """Terrain and streams are drawn from the same land."""
    drawn = frame("base_map").query("kind == 'waterway'").geometry
    ends = np.stack([shapely.get_coordinates(drawn.to_numpy()[i])[[0, -1]] for i in range(len(drawn))])
    head = demo.terrain().elevation(ends[:, 0, 0], ends[:, 0, 1])
    mouth = demo.terrain().elevation(ends[:, 1, 0], ends[:, 1, 1])
    assert (head >= mouth - 1).mean() > 0.99


# -------------------------------------------------------------------------------------------------------- roads


@pytest.mark.parametrize("profile", [CAR, AMBULANCE])
def test_every_village_reaches_the_county_seat(profile: VehicleProfile) -> None:
    """A village that no ambulance reaches would be a fault of the drawing, not of the land."""
    roads = network()
    times = times_to(roads, seat(), places("villages"), profile, roads.overlay())
    assert (times.road_ms >= 0).all()
    assert times.road_ms.max() < 2.5 * 3_600_000


def test_limits_keep_heavy_machines_out_of_some_villages_only() -> None:
    """Limits must matter for plans, and most places must still be within an excavator's reach."""
    roads = network()
    times = times_to(roads, seat(), places("villages"), EXCAVATOR, roads.overlay())
    reached = (times.road_ms >= 0).mean()
    assert 0.6 < reached < 1.0


def test_some_bridges_are_critical() -> None:
    """Closing the only bridge of a valley must cut villages off, and opening it must bring them back."""
    roads = network()
    edges = edges_from_lines(frame("roads")).edges
    graph = nx.Graph(zip(edges["u"], edges["v"], strict=True))
    critical = {tuple(sorted(pair)) for pair in nx.bridges(graph)}
    spans = edges[edges["bridge"] & (edges["length_m"] > 25) & ~edges["four_wheel_drive_only"]]
    single = [edge for edge in spans.itertuples() if tuple(sorted((edge.u, edge.v))) in critical]
    homes = places("villages")
    cut_off = []
    for edge in single:
        closure = Closure(id=1, geometry=edge.geometry.interpolate(0.5, normalized=True))
        times = times_to(roads, seat(), homes, CAR, roads.overlay([closure]))
        cut_off.append(int((times.road_ms < 0).sum()))
    assert sum(count > 0 for count in cut_off) >= 3
    assert (times_to(roads, seat(), homes, CAR, roads.overlay()).road_ms >= 0).all()


def test_roads_are_of_every_kind() -> None:
    """National and provincial roads, bridges with limits, tunnels, rough tracks and streets all occur."""
    roads = frame("roads")
    assert {"trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "track"} <= set(
        roads["road_class"]
    )
    assert {"G990", "S991"} <= set(roads["ref"].dropna())
    assert roads["tunnel"].sum() >= 2
    assert (roads["bridge"] & (roads["max_mass_kg"] > 0)).sum() > 20
    assert roads["four_wheel_drive_only"].sum() > 100
    assert (roads["max_height_cm"] > 0).sum() > 5
    assert 3000 < len(roads) < 8000


def test_roads_follow_the_land() -> None:
    """Great roads are gentle, small ones steeper, and none is straight for long: valleys and ridges bend them."""
    roads = frame("roads").query("not bridge and not tunnel and road_class != 'residential'")
    lines = roads.geometry.to_crs(metres_crs(111.0, 36.0)).to_numpy()
    long = shapely.length(lines) > 400
    length, road_class = shapely.length(lines[long]), roads["road_class"].to_numpy()[long]
    ends = np.stack([shapely.get_coordinates(line)[[0, -1]] for line in roads.geometry.to_numpy()[long]])
    heights = demo.terrain().elevation(ends[:, :, 0], ends[:, :, 1])
    gradient = np.abs(heights[:, 1] - heights[:, 0]) / length
    usual = {
        name: float(np.median(gradient[road_class == name])) for name in ("trunk", "unclassified", "track")
    }
    assert usual["trunk"] < 0.02
    assert usual["trunk"] < usual["unclassified"] < usual["track"]
    straight = shapely.distance(shapely.get_point(lines[long], 0), shapely.get_point(lines[long], -1))
    assert np.median(length / np.maximum(straight, 1)) > 1.02


def test_bridges_stand_over_water() -> None:
    """A bridge without a stream would look invented."""
    bridges = frame("roads").query("bridge").geometry.to_numpy()
    streams = frame("base_map").query("kind == 'waterway'").geometry.to_numpy()
    near, _ = shapely.STRtree(streams).query(bridges, predicate="dwithin", distance=0.0005)
    assert len(np.unique(near)) == len(bridges)


# ------------------------------------------------------------------------------------------------------ fiction


def test_no_telephone_number_can_ring() -> None:
    """Invented people must have impossible numbers: no Chinese mobile number starts with 100."""
    numbers = [
        value
        for path in demo.FILES.glob("*.csv")
        for row in rows(path.stem)
        for field, value in row.items()
        if "phone" in field and value
    ]
    assert len(numbers) > 1500
    assert all(re.fullmatch(r"1000000\d{4}", number) for number in numbers)


def test_the_county_is_visibly_fictional() -> None:
    """99 is no province; nothing here may be taken for a real place's data."""
    assert all(code.startswith("9901") for code in outlines())
    assert frame("areas").set_index("code").loc[demo.COUNTY, "name_en"] == "Lanxi Demo County"


def test_every_grid_is_staffed() -> None:
    """An unstaffed grid is a place for which nobody answers."""
    heads = {
        row["subject"]
        for row in rows("duties")
        if row["subject_layer"] == "grid_cells" and row["rank"] == "A"
    }
    assert heads == set(frame("grid_cells")["code"])


def test_the_seed_gives_the_same_people_again() -> None:
    """The files are made by their generator and by nothing else."""
    again = islice(names.people(np.random.default_rng([SEED, 103])), len(rows("people")))
    assert [(row["name"], row["name_en"]) for row in rows("people")] == list(again)


def test_the_files_stay_small() -> None:
    """They are in every checkout and every image."""
    assert sum(path.stat().st_size for path in demo.FILES.iterdir()) < 12 * MEGABYTE


# ------------------------------------------------------------------------------------------------------ loading


def test_loading_fills_the_store_and_loading_again_changes_nothing(connection: Connection) -> None:
    """`make demo` may be run again at any time, and the importers themselves are the way in."""
    policy = policies.load()
    first = demo.load(connection, policy, actor="test", at=NOW)
    again = demo.load(connection, policy, actor="test", at=NOW)
    assert all(counts.changed == counts.same == 0 for counts in first.layers.values())
    assert all(counts.new == counts.changed == 0 for counts in again.layers.values())
    assert first.roads.changed
    assert not again.roads.changed
    assert first.roads.islands.number == 1
    stored: dict[str, Any] = {
        table.name: connection.scalar(select(func.count()).select_from(table))
        for table in (tables.areas, tables.villages, tables.grid_cells, tables.people, tables.teams)
    }
    assert stored == {
        "areas": 148,
        "villages": 137,
        "grid_cells": 348,
        "people": 973,
        "teams": len(rows("teams")),
    }
    assert connection.scalar(select(func.count()).select_from(tables.base_features)) == len(frame("base_map"))
