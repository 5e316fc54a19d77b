"""A way in turns: which way, which road, how far, which limits."""

import pandas as pd
import pytest
import shapely

from gis.directions import Step, directions, drives_along, drives_of
from gis.network import RoadNetwork
from gis.profiles import VehicleProfile
from gis.travel import Route, route
from tests.gis.networks import Road, World

CAR = VehicleProfile(speed_class="car")
W, S = 111.0, 36.0

# A cross of roads: 1 west, 2 the crossing, 3 east, 4 north, 5 south-east of 3 by a gentle bend. About 1.8 km an arm.
CROSS = World(
    nodes={1: (W, S), 2: (W + 0.02, S), 3: (W + 0.04, S), 4: (W + 0.02, S + 0.016), 5: (W + 0.06, S - 0.004)},
    roads=(
        Road(edge_id=1, u=1, v=2),
        Road(edge_id=2, u=2, v=3, max_mass_kg=15_000),
        Road(edge_id=3, u=4, v=2, road_class="track"),  # drawn towards the crossing
        Road(edge_id=4, u=3, v=5, max_mass_kg=20_000, max_height_cm=350),
    ),
)
NAMES = {1: "东风路", 2: "东风路", 3: "", 4: "东风路"}
BRIDGES = {1: False, 2: True, 3: False, 4: True}


@pytest.fixture(scope="module")
def network() -> RoadNetwork:
    """The cross with names and bridges."""
    edges = CROSS.edges()
    edges = edges.assign(
        name=edges["edge_id"].map(NAMES), ref="", bridge=edges["edge_id"].map(BRIDGES), tunnel=False
    )
    nodes = pd.DataFrame(
        [(node, *position) for node, position in CROSS.nodes.items()], columns=["node_id", "lon", "lat"]
    )
    return RoadNetwork.build(nodes, edges)


def way(network: RoadNetwork, start: tuple[float, float], end: tuple[float, float]) -> Route:
    found = route(network, start, end, CAR, network.overlay())
    assert isinstance(found, Route)
    return found


def steps(network: RoadNetwork, start: tuple[float, float], end: tuple[float, float]) -> list[Step]:
    return list(directions(network, drives_of(network, way(network, start, end))))


def test_left_and_right_at_a_crossing(network: RoadNetwork) -> None:
    """From the west to the north is left, from the north to the east is left, from the east to the north is right."""
    west, east, north = CROSS.place(1, 0.5), CROSS.place(2, 0.5), CROSS.place(3, 0.2)
    assert [step.turn for step in steps(network, west, north)] == ["start", "left"]
    assert [step.turn for step in steps(network, north, east)] == ["start", "left"]
    assert [step.turn for step in steps(network, east, north)] == ["start", "right"]


def test_one_sign_is_one_step_with_its_strictest_limits(network: RoadNetwork) -> None:
    """Nobody wants to be told at every crossing that the road goes on; but the weakest bridge must be said."""
    (only,) = steps(network, CROSS.place(1, 0.5), CROSS.place(4, 0.5))
    assert (only.turn, only.name, only.heading_deg) == ("start", "东风路", 90)
    assert (only.bridges, only.max_mass_kg, only.max_height_cm, only.max_width_cm) == (2, 15_000, 350, 0)
    assert only.length_m == pytest.approx(0.5 * 1803 + 1803 + 0.5 * 1857, rel=0.01)


def test_a_road_without_a_name_is_told_by_its_kind(network: RoadNetwork) -> None:
    """The sign is empty, the kind of road is not."""
    last = steps(network, CROSS.place(1, 0.5), CROSS.place(3, 0.2))[-1]
    assert (last.name, last.ref, last.road_class) == ("", "", "track")
    assert last.heading_deg == 0


def test_a_stored_way_says_the_same_as_a_fresh_one(network: RoadNetwork) -> None:
    """Plans keep edges and a line, without directions: nothing may be lost by that, whichever way edges are drawn."""
    places = [CROSS.place(edge, share) for edge in (1, 2, 3, 4) for share in (0.2, 0.7)]
    for start in places:
        for end in places:
            found = way(network, start, end)
            stored = [part.edge_id for part in found.parts]
            again = directions(network, drives_along(network, stored, found.geometry))
            fresh = directions(network, drives_of(network, found))
            assert [(one.turn, one.name) for one in again] == [(one.turn, one.name) for one in fresh]
            assert [one.length_m for one in again] == pytest.approx([one.length_m for one in fresh], abs=1.0)


def test_an_empty_way_has_no_steps(network: RoadNetwork) -> None:
    """A team that is there already needs no directions."""
    assert directions(network, ()) == ()
    assert drives_along(network, (), shapely.LineString([(W, S), (W, S)])) == ()
