"""Which places hang together by road, on small networks that can be checked by hand."""

import numpy as np
import pytest
from shapely import LineString, Point, box

from gis.connection import connected, roads_under
from gis.network import Closure, RoadNetwork, VehicleProfile
from tests.dispatch.roads import SIZE, grid_network, place

CAR = VehicleProfile(speed_class="car")
CORNER, MIDDLE, EAST = place(0, 0), place(3, 3), place(6, 3)


def served(network: RoadNetwork, *closures: Closure, people: tuple[float, ...] = (1, 1, 1)) -> list[bool]:
    places = np.array([CORNER, MIDDLE, EAST])
    found = connected(network, places, np.array(people, dtype=float), CAR, network.overlay(closures))
    return [bool(one) for one in found]


def line(identity: int, *points: tuple[float, float]) -> Closure:
    return Closure(id=identity, geometry=LineString(points))


def test_everybody_has_a_road_while_nothing_is_closed() -> None:
    """The whole grid is one part."""
    assert served(grid_network()) == [True, True, True]


def test_a_place_is_cut_off_when_its_last_road_is_closed() -> None:
    """The corner has two roads: one closure leaves it a way, the second takes it."""
    network = grid_network()
    east, north = line(1, place(0.4, -0.2), place(0.4, 0.2)), line(2, place(-0.2, 0.4), place(0.2, 0.4))
    assert served(network, east) == [True, True, True]
    assert served(network, east, north) == [False, True, True]


def test_a_road_that_is_only_slowed_cuts_nobody_off() -> None:
    """Slow is not closed."""
    network = grid_network()
    slow = Closure(id=1, geometry=box(110.9, 35.9, 111.01, 36.01), factor_percent=500)
    assert served(network, slow) == [True, True, True]


def test_the_main_part_is_where_most_people_live() -> None:
    """A wall through the county leaves two halves of roads; the seat may be in the smaller one."""
    network = grid_network()
    wall = line(1, place(2.5, -1), place(2.5, SIZE))
    assert served(network, wall, people=(1, 1, 1)) == [False, True, True]
    assert served(network, wall, people=(10, 1, 1)) == [True, False, False]


def test_a_place_before_the_closed_stretch_keeps_its_road() -> None:
    """An edge closed in its middle still serves both its ends."""
    network = grid_network()
    places = np.array([place(3.2, 0), place(3.8, 0)])
    across = line(1, place(3.5, -0.2), place(3.5, 0.2))
    found = connected(network, places, np.ones(2), CAR, network.overlay([across]))
    assert found.tolist() == [True, True]
    both_ends = (across, line(2, place(2.5, 0.0), place(3.1, 0.0)))
    found = connected(network, places, np.ones(2), CAR, network.overlay(both_ends))
    assert found.tolist() == [False, True]


def test_a_one_way_street_in_alone_is_no_road() -> None:
    """Who can be driven to and never comes back is not served."""
    way_in = {(0, 1): -1, (0, SIZE): -1}  # both roads of the corner lead into it
    assert served(grid_network(oneway=way_in)) == [False, True, True]


def test_nobody_is_no_question() -> None:
    """A county without villages has nobody to cut off."""
    network = grid_network()
    assert connected(network, np.zeros((0, 2)), np.zeros(0), CAR, network.overlay()).tolist() == []


def test_the_roads_under_a_line_are_named_with_their_lengths() -> None:
    """Before a closure is stored somebody reads which roads it means."""
    network = grid_network(name={(0, SIZE): "河谷路", (SIZE, 2 * SIZE): "河谷路", (0, 1): "北坡路"})
    found = roads_under(network, LineString([place(0, 0), place(2, 0)]))
    assert found[0].name == "河谷路"
    assert found[0].length_m == pytest.approx(2 * network.rules.length_m[network.places_of([7])[0]], rel=0.3)
    (point,) = roads_under(network, Point(place(0, 0.5)))
    assert (point.name, point.length_m) == ("北坡路", 0.0)
