"""Real edge cases behave on the road, checked against networks that are built without our splitting."""

import itertools
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, TypeGuard

import networkx as nx
import numpy as np
import osmium
import pytest
import shapely

from data import osm
from gis import travel
from gis.crs import geodesic_steps
from gis.islands import islands, mainland
from gis.journeys import Reach
from gis.network import RoadNetwork, VehicleProfile
from gis.road_tags import CLOSED_TO_VEHICLES, DRIVABLE_SPEED_KMH
from gis.roads import Roads, edges_from_ways
from gis.travel import Route, Unreachable

pytestmark = pytest.mark.sharedata
CAR = VehicleProfile(speed_class="car")
FOOT = VehicleProfile(speed_class="foot")
SMALL = (
    "one_way_dead_end.osm.pbf",
    "edge_based_subnetwork.osm.xml.gz",
    "test_simple_turncosts.osm.xml",
    "ny-access-restriction.osm.pbf",
)


def roads_of(folder: Path, name: str) -> Roads:
    extract = osm.read(folder / "osm" / name)
    return edges_from_ways(extract.ways, extract.vertices, extract.restrictions, extract.barriers)


def frozen(roads: Roads) -> RoadNetwork:
    return RoadNetwork.build(roads.nodes, roads.edges, roads.banned_turns)


def middle(roads: Roads, edge_id: int) -> tuple[float, float]:
    """Where half of an edge's metres are driven."""
    xy = shapely.get_coordinates(roads.edges.set_index("edge_id").geometry[edge_id])
    along = np.r_[0, np.cumsum(geodesic_steps(xy))]
    lon, lat = (float(np.interp(along[-1] / 2, along, xy[:, axis])) for axis in (0, 1))
    return lon, lat


# --- against networks built in another way


def raw_segments(path: Path) -> "nx.DiGraph[Any]":
    """Every stretch between neighbouring nodes of plain roads, straight from the file; only oneway is understood."""
    graph: nx.DiGraph[Any] = nx.DiGraph()
    for way in osmium.FileProcessor(str(path)).with_locations():
        if not way.is_way() or way.tags.get("highway") not in DRIVABLE_SPEED_KMH or not plain(way.tags):
            continue
        nodes = [node for node in way.nodes if node.location.valid()]
        oneway = way.tags.get("oneway")
        around = way.tags.get("junction") == "roundabout" and oneway is None
        for a, b in itertools.pairwise(nodes):
            metres = float(geodesic_steps(np.array([(a.lon, a.lat), (b.lon, b.lat)]))[0])
            if oneway != "-1":
                graph.add_edge(a.ref, b.ref, metres=metres)
            if oneway not in ("yes", "true", "1") and not around:
                graph.add_edge(b.ref, a.ref, metres=metres)
    return graph


def plain(tags: Any) -> bool:
    return not any(
        key in tags for key in ("access", "vehicle", "motor_vehicle", "motorcar", "emergency", "smoothness")
    )


@pytest.mark.parametrize("name", ["andorra.osm.pbf", *SMALL])
def test_distances_are_those_of_the_unsplit_ways(shared_data: Path, name: str) -> None:
    """Splitting neither shortens, joins nor cuts anything: distances between junctions are those of the raw file."""
    raw = raw_segments(shared_data / "osm" / name)
    tagged = osm.read(shared_data / "osm" / name).ways.set_index("way_id")
    simple = tagged.index[[plain(row.dropna()) for _, row in tagged.iterrows()]]
    edges = roads_of(shared_data, name).edges
    edges = edges[edges["osm_way_id"].isin(simple) & edges["road_class"].isin(list(DRIVABLE_SPEED_KMH))]
    split: nx.DiGraph[Any] = nx.DiGraph()
    for u, v, oneway, metres in zip(edges["u"], edges["v"], edges["oneway"], edges["length_m"], strict=True):
        for tail, head, allowed in ((u, v, oneway >= 0), (v, u, oneway <= 0)):
            if allowed and metres < split.get_edge_data(tail, head, {"metres": np.inf})["metres"]:
                split.add_edge(tail, head, metres=metres)
    junctions = sorted(split)
    random = np.random.default_rng(5)
    for source in random.choice(junctions, size=min(15, len(junctions)), replace=False).tolist():
        expected = nx.single_source_dijkstra_path_length(raw, source, weight="metres")
        found = nx.single_source_dijkstra_path_length(split, source, weight="metres")
        assert found == pytest.approx({node: expected[node] for node in junctions if node in expected})


def drives(roads: Roads) -> "nx.DiGraph[Any]":
    """Which drive along an edge may follow which; bans of two edges taken out. Weight: milliseconds of the second."""
    edges = roads.edges[~roads.edges["access"].isin(CLOSED_TO_VEHICLES)]
    banned = set(roads.banned_turns)
    graph: nx.DiGraph[Any] = nx.DiGraph()
    leaving: dict[int, list[tuple[int, bool]]] = {}
    arcs = []
    columns = (edges[name] for name in ("edge_id", "u", "v", "oneway", "length_m", "speed_kmh"))
    for edge, u, v, oneway, metres, kmh in zip(*columns, strict=True):
        for forward, tail, head in ((True, u, v), (False, v, u)):
            if oneway in (0, 1 if forward else -1):
                arcs.append(((edge, forward), head, metres * 3600 / min(kmh, 120)))
                leaving.setdefault(tail, []).append((edge, forward))
    cost = {arc: ms for arc, _, ms in arcs}
    for arc, head, _ in arcs:
        graph.add_node(arc)
        for follow in leaving.get(head, []):
            if (arc, follow) not in banned:
                graph.add_edge(arc, follow, ms=cost[follow])
    return graph


def pairs(edges: list[int], count: int) -> Iterator[tuple[int, int]]:
    random = np.random.default_rng(11)
    for _ in range(count):
        a, b = random.choice(edges, size=2, replace=False).tolist()
        yield a, b


@pytest.mark.parametrize(
    "name", ["one_way_dead_end.osm.pbf", "edge_based_subnetwork.osm.xml.gz", "test_simple_turncosts.osm.xml"]
)
def test_times_are_those_of_the_graph_of_drives(shared_data: Path, name: str) -> None:
    """From the middle of one road to the middle of another, with one-ways and forbidden turns, or no way at all."""
    roads = roads_of(shared_data, name)
    assert all(len(turn) == 2 for turn in roads.banned_turns)
    network, graph = frozen(roads), drives(roads)
    drivable = sorted({edge for edge, _ in graph})
    ms = {
        edge: metres * 3600 / min(kmh, 120)
        for edge, metres, kmh in zip(
            *(roads.edges[c] for c in ("edge_id", "length_m", "speed_kmh")), strict=True
        )
    }
    overlay = network.overlay()
    for start, goal in pairs(drivable, 40):
        expected = min(
            (
                nx.dijkstra_path_length(graph, (start, a), (goal, b), weight="ms")
                for a, b in itertools.product((True, False), repeat=2)
                if (start, a) in graph and (goal, b) in graph and nx.has_path(graph, (start, a), (goal, b))
            ),
            default=None,
        )
        found = travel.route(network, middle(roads, start), middle(roads, goal), CAR, overlay)
        if expected is None:
            assert not driven(found, start, goal)
        else:
            assert driven(found, start, goal)
            # the graph counts the whole of the last road and none of the first: half of each is driven
            drive = expected + ms[start] / 2 - ms[goal] / 2
            assert found.road_ms == pytest.approx(drive, abs=len(found.parts) + 2)


def driven(found: Route | Unreachable, start: int, goal: int) -> TypeGuard[Route]:
    """Whether a route drives from one edge to another, without a stretch on foot round what it cannot drive."""
    return (
        isinstance(found, Route)
        and (found.parts[0].edge_id, found.parts[-1].edge_id) == (start, goal)
        and max(found.walk_ms, found.access_ms) < 100
    )


# --- what each of the files is about


def test_the_forbidden_left_turn_is_driven_around(shared_data: Path) -> None:
    """test_simple_turncosts: way 1 to way 3 is barred at node 2; the loop over ways 111 and 2 leads there."""
    roads = roads_of(shared_data, "test_simple_turncosts.osm.xml")
    found = travel.route(frozen(roads), (0.0, -0.5), (-0.5, 0.0), CAR, frozen(roads).overlay())
    assert isinstance(found, Route)
    ways = roads.edges.set_index("edge_id")["osm_way_id"]
    assert [ways[part.edge_id] for part in found.parts] == [1, 111, 2, 3]
    free = frozen(Roads(nodes=roads.nodes, edges=roads.edges, banned_turns=(), faults=roads.faults))
    direct = travel.route(free, (0.0, -0.5), (-0.5, 0.0), CAR, free.overlay())
    assert isinstance(direct, Route)
    assert [ways[part.edge_id] for part in direct.parts] == [1, 3]


def test_a_path_that_is_closed_in_spring_is_open_in_autumn(shared_data: Path) -> None:
    """conditional-restrictions: no access from 15 January to 15 August, on foot too."""
    roads = roads_of(shared_data, "conditional-restrictions.osm.xml")
    rules = roads.edges.set_index("osm_way_id")["conditional"]
    assert rules[444421849].iloc[0] == [{"access": "no", "hours": "Jan 15-Aug 15"}]
    network = frozen(roads)
    edge = int(roads.edges.loc[roads.edges["osm_way_id"] == 623558000, "edge_id"].iloc[0])
    target, source = middle(roads, edge), middle(roads, 1)
    spring, autumn = (network.overlay(at=datetime(2026, month, 1, 12)) for month in (5, 10))  # noqa: DTZ001
    closed = travel.times_to(network, target, [source], FOOT, spring)
    opened = travel.times_to(network, target, [source], FOOT, autumn)
    assert opened.reach[0] == Reach.REACHED
    assert opened.walk_ms[0] < 10_000
    # in spring the last stretch is across country, from the nearest path that is open
    assert closed.walk_ms[0] > opened.walk_ms[0] + 10_000


def test_a_play_street_is_closed_on_sundays_by_day(shared_data: Path) -> None:
    """ny-access-restriction: no motor vehicles on Sundays from 8 to 18; on foot it stays open."""
    roads = roads_of(shared_data, "ny-access-restriction.osm.pbf")
    street = roads.edges[roads.edges["conditional"].notna()]
    assert street["conditional"].iloc[0] == [{"access": "foot", "hours": "Su 08:00-18:00"}]
    network = frozen(roads)
    edge = int(street["edge_id"].iloc[0])
    network_middle, outside = (
        middle(roads, edge),
        middle(roads, int(roads.edges.loc[mainland(roads.edges), "edge_id"].iloc[0])),
    )
    sunday, monday = (network.overlay(at=datetime(2026, 3, day, 12)) for day in (1, 2))  # noqa: DTZ001
    used = {}
    for day, overlay in (("sunday", sunday), ("monday", monday)):
        found = travel.route(network, outside, network_middle, CAR, overlay)
        assert isinstance(found, Route)
        used[day] = edge in {part.edge_id for part in found.parts}
    assert used == {"sunday": False, "monday": True}


def test_truck_and_width_tags_are_read(shared_data: Path) -> None:
    """ny-access-restriction: routes for trucks are signed, and do not bar a fire engine from other streets."""
    roads = roads_of(shared_data, "ny-access-restriction.osm.pbf")
    extract = osm.read(shared_data / "osm" / "ny-access-restriction.osm.pbf")
    assert extract.ways["hgv"].value_counts().to_dict() == {"designated": 62, "local": 39, "destination": 25}
    drivable = roads.edges[~roads.edges["access"].isin(CLOSED_TO_VEHICLES)]
    assert (drivable["max_mass_kg"] == 0).all()
    assert set(roads.edges["max_width_cm"]) == {0, 365}  # twelve feet


def test_a_one_way_dead_end_can_be_entered_and_not_left(shared_data: Path) -> None:
    """one_way_dead_end: whoever is sent there is lost to the county."""
    roads = roads_of(shared_data, "one_way_dead_end.osm.pbf")
    assert islands(roads.edges).no_way_out_km == pytest.approx(0.074, abs=0.001)
    safe = mainland(roads.edges)
    first = int(roads.edges.loc[safe, "edge_id"].iloc[0])
    last = int(roads.edges.loc[~safe & (roads.edges["osm_way_id"] == 1002186180), "edge_id"].iloc[0])
    network, in_core, inside = frozen(roads), middle(roads, first), middle(roads, last)
    assert driven(travel.route(network, in_core, inside, CAR, network.overlay()), first, last)
    assert not driven(travel.route(network, inside, in_core, CAR, network.overlay()), last, first)


def test_turn_restrictions_make_a_part_that_cannot_be_entered(shared_data: Path) -> None:
    """edge_based_subnetwork: all its roads hang together, until one counts the turns."""
    roads = roads_of(shared_data, "edge_based_subnetwork.osm.xml.gz")
    whole = mainland(roads.edges)
    turning = mainland(roads.edges, roads.banned_turns)
    lost = roads.edges[whole & ~turning]
    assert len(lost) > 0
    assert islands(roads.edges, roads.banned_turns).no_way_in_km > islands(roads.edges).no_way_in_km
    network = frozen(roads)
    first = int(roads.edges.loc[turning, "edge_id"].iloc[0])
    overlay = network.overlay()
    for edge in lost["edge_id"].tolist():
        there = travel.route(network, middle(roads, first), middle(roads, edge), CAR, overlay)
        back = travel.route(network, middle(roads, edge), middle(roads, first), CAR, overlay)
        assert not (driven(there, first, edge) and driven(back, edge, first))
