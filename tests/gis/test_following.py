"""Lines drawn by hand, laid onto the roads of small networks."""

import pytest
import shapely
from shapely import LineString
from shapely.geometry.base import BaseGeometry

from gis.following import along_roads
from gis.network import Closure, RoadNetwork
from tests.gis.networks import Road, World, at, grid

BESIDE = 0.0002  # of a degree: about twenty metres


def closed(network: RoadNetwork, line: BaseGeometry) -> set[int]:
    overlay = network.overlay([Closure(id=1, geometry=line)])
    return {int(network.edge_ids[edge]) for edge in overlay.entries}


def edge_between(world: World, u: int, v: int) -> int:
    return next(road.edge_id for road in world.roads if {road.u, road.v} == {u, v})


def test_a_line_drawn_beside_a_road_closes_that_road_and_none_that_joins_it() -> None:
    """A hand shakes: the line lies now on this side of the road, now on that, and over every junction of it."""
    world = grid(4, 3)
    network = world.build()
    (x0, y0), (x1, y1), (x2, y2) = at(0.2, 1), at(1, 1), at(1.9, 1)
    drawn = LineString([(x0, y0 - BESIDE), (x1, y1 + BESIDE), (x2, y2 - BESIDE)])
    meant = {edge_between(world, 1, 4), edge_between(world, 4, 7)}
    assert closed(network, drawn) != meant, "as it was drawn it strikes other roads"
    followed = along_roads(network, drawn)
    assert closed(network, followed) == meant
    assert along_roads(network, followed).equals(followed)


def test_a_corner_of_the_drawn_line_is_a_corner_of_the_road() -> None:
    """The way between its ends that is shorter was not drawn."""
    world = grid(3, 3)
    network = world.build()
    drawn = LineString([at(0.3, 0), at(1, 0), at(1, 1), at(1.6, 1)])
    meant = {edge_between(world, u, v) for u, v in ((0, 3), (3, 4), (4, 7))}
    assert closed(network, along_roads(network, drawn)) == meant


def test_a_bar_across_a_road_closes_it_there() -> None:
    """Two corners near one road are no drive along it where the line between them crosses it."""
    world = grid(2, 2)
    network = world.build()
    x, y = at(0.5, 0)
    bar = LineString([(x, y - BESIDE), (x, y + BESIDE)])
    assert along_roads(network, bar).equals(bar)
    assert closed(network, bar) == {edge_between(world, 0, 2)}


def test_a_road_under_the_one_that_is_followed_stays_open() -> None:
    """A bridge is closed; what passes below it has no junction with it."""
    nodes = {0: at(0, 0), 1: at(2, 0), 2: at(1, -1), 3: at(1, 1)}
    world = World(nodes=nodes, roads=(Road(edge_id=1, u=0, v=1), Road(edge_id=2, u=2, v=3)))
    network = world.build()
    assert closed(network, LineString([at(0.5, 0), at(1.5, 0)])) == {1}
    assert closed(network, LineString([at(1, 0.5), at(1.5, 0), at(1.8, 0), at(1.8, -0.3)])) >= {1}


@pytest.mark.parametrize(
    "drawn", [LineString([at(0.3, 0.5), at(0.7, 0.5)]), shapely.Point(at(0.5, 0)), LineString()]
)
def test_what_runs_along_no_road_stays_as_it_was_drawn(drawn: BaseGeometry) -> None:
    """A line over a field, a point, nothing."""
    assert along_roads(grid(2, 2).build(), drawn).equals(drawn)
