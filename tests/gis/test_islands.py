"""What hangs together on a network."""

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.islands import islands, mainland
from tests.gis.osm_cases import restriction, roads

LINE = {i: (i, 0) for i in range(1, 12)}


def test_a_road_that_no_other_meets_is_an_island() -> None:
    """Islands are usually gaps in the survey: the county must see them."""
    found = islands(roads(LINE, {1: [1, 2, 3], 2: [3, 4], 3: [6, 7]}).edges)
    assert found.number == 2
    assert found.mainland_km == pytest.approx(3 * found.islands_km, rel=1e-3)
    assert found.largest_islands_km == (found.islands_km,)


def test_footpaths_do_not_join_islands() -> None:
    """No vehicle crosses on them."""
    found = islands(roads(LINE, {1: [1, 2], 2: [2, 3], 3: [3, 4]}, {2: {"highway": "footway"}}).edges)
    assert found.number == 2


def test_a_one_way_dead_end_has_no_way_out() -> None:
    """A vehicle sent there does not come back; the reverse one cannot be reached."""
    made = roads(LINE, {1: [1, 2], 2: [2, 3], 3: [4, 2]}, {2: {"oneway": "yes"}, 3: {"oneway": "yes"}})
    found = islands(made.edges)
    assert found.number == 1
    km = made.edges.set_index("osm_way_id")["length_m"] / 1000
    assert found.no_way_out_km == pytest.approx(km[2], abs=1e-3)
    assert found.no_way_in_km == pytest.approx(km[3], abs=1e-3)


def test_no_roads_are_no_islands() -> None:
    """A file of footpaths is a legal file."""
    assert islands(roads(LINE, {1: [1, 2]}, {1: {"highway": "steps"}}).edges).number == 0


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 11), st.integers(1, 11), st.sampled_from(["yes", "no", "-1"])),
        min_size=1,
        max_size=15,
    )
)
def test_islands_are_the_connected_parts(links: list[tuple[int, int, str]]) -> None:
    """networkx counts the same parts and the same roads without a way back to the core."""
    links = [(a, b, oneway) for a, b, oneway in links if a != b]
    if not links:
        return
    made = roads(
        LINE,
        {i: [a, b] for i, (a, b, _) in enumerate(links)},
        {i: {"oneway": o} for i, (_, _, o) in enumerate(links)},
    )
    graph: nx.MultiDiGraph[int] = nx.MultiDiGraph()
    for a, b, oneway in links:
        if oneway != "-1":
            graph.add_edge(a, b)
        if oneway != "yes":
            graph.add_edge(b, a)
    found = islands(made.edges)
    assert found.number == nx.number_weakly_connected_components(graph)
    total = made.edges["length_m"].sum() / 1000
    assert found.mainland_km + found.islands_km == pytest.approx(total, abs=2e-3)
    if nx.is_strongly_connected(graph):
        assert (found.no_way_out_km, found.no_way_in_km) == (0, 0)


def test_a_turn_restriction_can_make_a_trap() -> None:
    """Every road of it is open both ways, and yet nobody who drives in comes out again."""
    nodes = {1: (0, 0), 2: (1, 0), 3: (2, 0), 4: (3, 0), 5: (3, 1)}
    ways = {1: [1, 2], 2: [2, 3], 3: [3, 4], 4: [4, 5], 5: [5, 3]}
    back = restriction("no_straight_on", 2, 2, 1)
    made = roads(nodes, ways, {1: {"oneway": "no"}}, restrictions=[back])
    open_all_over = islands(made.edges)
    trapped = islands(made.edges, made.banned_turns)
    assert open_all_over.no_way_out_km == 0
    assert trapped.no_way_in_km > 0
    assert mainland(made.edges, made.banned_turns).tolist() != mainland(made.edges).tolist()
