"""Road lines become nodes and edges split at junctions."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.crs import STORED, geodesic_lengths
from gis.roads import EDGE_COLUMNS, Roads, clip, edges_from_lines
from tests.gis.osm_cases import edge, path, restriction, roads

BOARD = {i: (i % 10, i // 10) for i in range(100)}
_CELL = st.integers(0, 9)
METRE = 1 / 111_000  # degrees of latitude, roughly


def ends(made: Roads) -> set[tuple[int, int]]:
    return set(zip(made.edges["u"].tolist(), made.edges["v"].tolist(), strict=True))


def codes(made: Roads) -> list[tuple[str, int, str]]:
    return list(made.faults[["subject", "id", "code"]].itertuples(index=False, name=None))


# --- OSM ways


def test_ways_are_cut_where_they_share_a_node() -> None:
    """A junction is a node that two ways name; a bend is not."""
    made = roads(BOARD, {1: [0, 1, 2, 3], 2: [12, 2, 22]})
    assert ends(made) == {(0, 2), (2, 3), (12, 2), (2, 22)}


def test_a_way_that_crosses_itself_is_cut_there() -> None:
    """A loop road meets itself at its neck."""
    made = roads(BOARD, {1: [0, 1, 2, 12, 11, 1]})
    assert ends(made) == {(0, 1), (1, 1)}


def test_ways_that_cross_without_a_node_do_not_meet() -> None:
    """One of them is on a bridge."""
    made = roads(BOARD, {1: [10, 12], 2: [1, 21]})
    assert ends(made) == {(10, 12), (1, 21)}


def test_edges_carry_the_contract_of_the_network() -> None:
    """The frame is what `RoadNetwork.build` and the store take."""
    made = roads(BOARD, {1: [0, 1]}, {1: {"name": "A", "oneway": "yes"}})
    assert tuple(made.edges.columns) == EDGE_COLUMNS
    assert made.edges.crs.to_epsg() == STORED
    assert made.edges["name"].tolist() == ["A"]
    assert made.nodes.columns.tolist() == ["node_id", "lon", "lat"]


def test_edge_ids_follow_the_way_ids() -> None:
    """The same extract gives the same ids, in whatever order its ways are stored."""
    first = roads(BOARD, {1: [0, 1, 2], 2: [1, 11]})
    second = roads(BOARD, {2: [1, 11], 1: [0, 1, 2]})
    pd.testing.assert_frame_equal(pd.DataFrame(first.edges), pd.DataFrame(second.edges))


def test_a_node_that_the_extract_lacks_breaks_the_way() -> None:
    """Jumping the gap would invent a road."""
    made = roads({i: BOARD[i] for i in (0, 1, 3, 4)}, {1: [0, 1, 2, 3, 4]})
    assert ends(made) == {(0, 1), (3, 4)}
    assert codes(made) == [("way", 1, "node_missing")]


def test_a_way_of_one_node_is_a_fault() -> None:
    """It leads nowhere."""
    assert codes(roads(BOARD, {1: [0, 1], 2: [5], 3: [7, 7]})) == [
        ("way", 2, "too_short"),
        ("way", 3, "too_short"),
    ]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.integers(0, 99), min_size=2, max_size=8), min_size=1, max_size=8))
def test_splitting_keeps_every_metre_and_leaves_no_junction_inside(chains: list[list[int]]) -> None:
    """The edges of a way are the way; a node of two edges is the end of both."""
    made = roads(BOARD, dict(enumerate(chains)))
    whole = [[n for i, n in enumerate(chain) if i == 0 or n != chain[i - 1]] for chain in chains]
    lines = [
        shapely.LineString([(1.5 + 0.01 * (n % 10), 42.5 + 0.01 * (n // 10)) for n in c])
        for c in whole
        if len(c) > 1
    ]
    assert made.edges["length_m"].sum() == pytest.approx(
        geodesic_lengths(np.array(lines, dtype=object)).sum() if lines else 0
    )
    ends_at = set(made.edges["u"]) | set(made.edges["v"])
    assert ends_at == set(made.nodes["node_id"])
    position = made.nodes.set_index("node_id")[["lon", "lat"]]
    for u, v, geometry in zip(made.edges["u"], made.edges["v"], made.edges.geometry, strict=True):
        assert geometry.coords[0] == tuple(position.loc[u])
        assert geometry.coords[-1] == tuple(position.loc[v])
        assert not set(geometry.coords[1:-1]) & {tuple(row) for row in position.to_numpy()}


def test_clipping_keeps_whole_edges_that_touch_the_outline() -> None:
    """A road is not cut at a border, and a ban goes with its edges."""
    made = roads(
        BOARD, {1: [0, 1], 2: [1, 2], 3: [2, 3]}, restrictions=[restriction("no_straight_on", 2, 2, 3)]
    )
    west = clip(made, shapely.box(1.4, 42.4, 1.515, 42.6))
    assert ends(west) == {(0, 1), (1, 2)}
    assert west.banned_turns == ()
    both = clip(made, shapely.box(1.4, 42.4, 1.525, 42.6))
    assert both.banned_turns == (path(made, 1, 2, 3),)
    assert edge(both, 2, 3)[0] == edge(made, 2, 3)[0]


# --- survey lines


def survey(*lines: Sequence[tuple[float, float]], **columns: Sequence[object]) -> gpd.GeoDataFrame:
    """Lines in metres east and north of a place at 111 E 36 N."""
    shapes = [shapely.LineString([(111 + x * METRE, 36 + y * METRE) for x, y in line]) for line in lines]
    return gpd.GeoDataFrame(dict(columns), geometry=shapes, crs=STORED)


def test_ends_within_the_tolerance_are_one_junction() -> None:
    """Two surveyors never draw the same point."""
    made = edges_from_lines(survey([(0, 0), (100, 0)], [(100.5, 0.3), (200, 0)]))
    assert ends(made) == {(1, 2), (2, 3)}
    assert len(edges_from_lines(survey([(0, 0), (100, 0)], [(102, 0), (200, 0)])).nodes) == 4
    assert len(edges_from_lines(survey([(0, 0), (100, 0)], [(102, 0), (200, 0)]), snap_m=5).nodes) == 3


def test_an_end_on_another_line_splits_it() -> None:
    """A side road ends on the main road, between two of its points."""
    made = edges_from_lines(survey([(0, 0), (100, 0)], [(40, 0.5), (40, 80)]))
    assert len(made.edges) == 3
    junction = made.edges["u"].iloc[2]
    assert (made.edges["u"] == junction).sum() + (made.edges["v"] == junction).sum() == 3


def test_a_point_that_two_lines_name_is_a_junction() -> None:
    """Both were digitised through the same crossroads."""
    made = edges_from_lines(survey([(0, 0), (50, 0), (100, 0)], [(50, -50), (50, 0), (50, 50)]))
    assert len(made.edges) == 4
    assert len(made.nodes) == 5


def test_lines_that_merely_cross_do_not_meet() -> None:
    """Without a common point one passes over the other; nor do they at the middle of a bridge."""
    assert len(edges_from_lines(survey([(0, 0), (100, 0)], [(50, -50), (50, 50)])).edges) == 2
    crossing = survey([(0, 0), (50, 0), (100, 0)], [(50, -50), (50, 0), (50, 50)], bridge=[True, False])
    assert len(edges_from_lines(crossing).edges) == 2


def test_parts_of_one_line_are_separate_roads() -> None:
    """A drawing program saves several strokes as one feature."""
    parts = survey([(0, 0), (100, 0)], [(200, 0), (300, 0)])
    frame = gpd.GeoDataFrame(
        {"road_class": ["track"]}, geometry=[shapely.union_all(parts.geometry)], crs=STORED
    )
    made = edges_from_lines(frame)
    assert made.edges["road_class"].tolist() == ["track", "track"]
    assert len(made.nodes) == 4


def test_a_third_dimension_and_another_projection_are_taken() -> None:
    """Surveys come in metres and with heights."""
    plain = survey([(0, 0), (100, 0)])
    metric = plain.to_crs(4546)
    metric.geometry = [shapely.force_3d(line, 900.0) for line in metric.geometry]
    assert edges_from_lines(metric).edges["length_m"].tolist() == pytest.approx(
        edges_from_lines(plain).edges["length_m"].tolist()
    )


def test_attributes_of_a_survey_are_checked() -> None:
    """A value that cannot be used gets the default of its class, and is named by its row."""
    made = edges_from_lines(
        survey(
            [(0, 0), (100, 0)],
            [(0, 50), (100, 50)],
            road_class=["tertiary", "boulevard"],
            speed_kmh=[0, -5],
            oneway=["yes", "x"],
            access=["private", "maybe"],
            max_mass_kg=[10_000, "ten"],
            conditional=["no @ (Mo-Fr 07:00-09:00)", "sometimes"],
            tunnel=["1", "perhaps"],
        )
    )
    good, poor = made.edges.iloc[0], made.edges.iloc[1]
    assert (good["speed_kmh"], good["oneway"], good["access"], good["max_mass_kg"]) == (
        40,
        1,
        "private",
        10_000,
    )
    assert good["conditional"] == [{"access": "no", "hours": "Mo-Fr 07:00-09:00"}]
    assert good["tunnel"]
    assert (poor["road_class"], poor["speed_kmh"], poor["oneway"]) == ("unclassified", 35, 0)
    assert (poor["access"], poor["max_mass_kg"], poor["conditional"], poor["tunnel"]) == (
        "yes",
        0,
        None,
        False,
    )
    assert set(made.faults["tag"]) == {
        "road_class", "speed_kmh", "oneway", "access", "max_mass_kg", "conditional", "tunnel",
    }  # fmt: skip
    assert set(made.faults["id"]) == {1}


def test_what_is_no_line_is_a_fault() -> None:
    """A point in a file of roads, an empty shape, and a stroke shorter than the tolerance."""
    frame = survey([(0, 0), (100, 0)], [(0, 50), (0.4, 50)])
    extra = gpd.GeoDataFrame(geometry=[shapely.Point(111, 36), shapely.LineString()], crs=STORED)
    made = edges_from_lines(pd.concat([frame, extra], ignore_index=True))
    assert codes(made) == [("line", 2, "not_a_line"), ("line", 3, "not_a_line"), ("line", 1, "too_short")]


def test_no_lines_make_no_roads() -> None:
    """The caller decides whether that is an error."""
    made = edges_from_lines(survey())
    assert len(made.edges) == 0
    assert tuple(made.edges.columns) == EDGE_COLUMNS


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.lists(st.tuples(_CELL, _CELL), min_size=2, max_size=2, unique=True), min_size=1, max_size=8),
    st.integers(0, 2**32 - 1),
)
def test_shaken_ends_give_the_same_junctions(lines: list[list[tuple[int, int]]], seed: int) -> None:
    """Moving each end by less than half the tolerance joins what the exact drawing joins."""
    shake = np.random.default_rng(seed).uniform(-0.5, 0.5, (len(lines), 2, 2))
    exact = np.array(lines) * 400.0
    drawn, moved = (edges_from_lines(survey(*board.tolist()), snap_m=2.0) for board in (exact, exact + shake))
    assert degrees(moved) == degrees(drawn)


def degrees(made: Roads) -> list[int]:
    """How many edges end at each node, sorted."""
    return sorted(pd.concat([made.edges["u"], made.edges["v"]]).value_counts().tolist())
