"""Who is cut off by one thing among others, and which orders have it before them."""

import random

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point

from dispatch.cutoff import VEHICLES, Served, Way, cut_off, touched
from gis.network import Closure, RoadNetwork
from tests.dispatch.roads import SIZE, grid_network, place

CAR = VEHICLES["car"]


def shut(*pairs: tuple[int, int]) -> list[Closure]:
    """Close edges of the grid, given by their nodes, in their middles."""
    found = []
    for number, pair in enumerate(pairs, 1):
        (x, y), (u, v) = (divmod(node, SIZE) for node in pair)
        found.append(Closure(id=number, geometry=Point(place((x + u) / 2, (y + v) / 2))))
    return found


def villages() -> list[Served]:
    """A village at each crossing."""
    return [
        Served(kind="village", id=node, position=place(*divmod(node, SIZE)), people=100)
        for node in range(SIZE * SIZE)
    ]


def lost(network: RoadNetwork, standing: list[Closure], new: list[Closure]) -> set[int]:
    without, with_it = network.overlay(standing), network.overlay([*standing, *new])
    return {one.id for one in cut_off(villages(), network, without, with_it, CAR)}


def test_only_what_the_new_closure_takes_is_shown() -> None:
    """The village that was cut off before is not the new closure's doing; the one that hung by a thread is."""
    network = grid_network()
    first, second = shut((0, 1), (0, SIZE))
    assert lost(network, [first], [second]) == {0}
    assert lost(network, [second], [first]) == {0}
    assert lost(network, [first, second], []) == set()
    assert lost(network, [], [first]) == set()


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_it_is_the_difference_of_two_components(seed: int) -> None:
    """The oracle: networkx on the same grid, the component with most villages before and after."""
    draw = random.Random(seed)
    grid = nx.Graph(
        [(n, n + 1) for n in range(SIZE * SIZE) if n % SIZE < SIZE - 1]
        + [(n, n + SIZE) for n in range(SIZE * (SIZE - 1))]
    )
    chosen = draw.sample(sorted(grid.edges), draw.randint(8, 40))
    standing, new = chosen[: len(chosen) // 2], chosen[len(chosen) // 2 :]

    def main(closed: list[tuple[int, int]]) -> tuple[set[int], bool]:
        left = grid.copy()
        left.remove_edges_from(closed)
        parts = sorted(nx.connected_components(left), key=len)
        return parts[-1], len(parts) == 1 or len(parts[-1]) > len(parts[-2])

    (before, sure), (after, sure_after) = main(standing), main(chosen)
    if sure and sure_after:  # of two equal parts either may be the main one
        found = lost(grid_network(), shut(*standing), shut(*new))
        assert found == before - after


def test_an_order_that_has_passed_is_not_touched() -> None:
    """What lies behind a unit does not matter to it; without a position its whole way counts."""
    network = grid_network()
    edges = tuple(
        int(network.edge_ids[network.nearest_edge(*place(column + 0.5, 0), 50)[0] or 0])
        for column in range(4)
    )
    struck = network.overlay([Closure(id=1, geometry=LineString([place(1.5, -0.1), place(1.5, 0.1)]))])
    ways = [
        Way(order=1, edges=edges),
        Way(order=2, edges=edges, position=place(0.5, 0)),
        Way(order=3, edges=edges, position=place(2.5, 0.01)),
        Way(order=4, edges=()),
    ]
    assert touched(ways, network, struck) == (1, 2)


def test_on_the_same_edge_only_what_lies_ahead_counts() -> None:
    """Whichever way the edge is driven; where a way is one edge alone, its direction is not known and it counts."""
    network = grid_network()
    there = tuple(
        int(network.edge_ids[network.nearest_edge(*place(column + 0.5, 0), 50)[0] or 0])
        for column in range(3)
    )
    middle = network.overlay([Closure(id=1, geometry=LineString([place(1.5, -0.1), place(1.5, 0.1)]))])
    end = network.overlay([Closure(id=1, geometry=LineString([place(2.5, -0.1), place(2.5, 0.1)]))])
    back, before, after = there[::-1], place(1.2, 0), place(1.8, 0)
    ways = [
        Way(order=1, edges=there, position=before),
        Way(order=2, edges=there, position=after),
        Way(order=3, edges=back, position=before),
        Way(order=4, edges=back, position=after),
        Way(order=5, edges=there[1:2], position=after),
    ]
    assert touched(ways, network, middle) == (1, 4, 5)
    last = [Way(order=1, edges=there, position=place(x, 0)) for x in (2.2, 2.8)]
    assert [touched([way], network, end) for way in last] == [(1,), ()]
    slowed = network.overlay(
        [Closure(id=1, geometry=LineString([place(1.5, -0.1), place(1.5, 0.1)]), factor_percent=300)]
    )
    assert touched(ways[1:2], network, slowed) == (2,)
