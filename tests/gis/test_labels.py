"""Names on a map: none covers another, a sign, or the edge."""

import itertools

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis import labels
from gis.labels import Label, Place

FRAME = (100.0, 80.0)
spots = st.tuples(st.floats(0, 100), st.floats(0, 80))


def named(
    points: list[tuple[float, float]], width: float = 12.0, weights: list[int] | None = None
) -> list[Label]:
    return [
        Label(
            key=str(at),
            weight=(weights or [1] * len(points))[at],
            places=labels.around_point(x, y, 1.0, width, 3.0),
        )
        for at, (x, y) in enumerate(points)
    ]


def signs(points: list[tuple[float, float]]) -> list[shapely.Polygon]:
    return [shapely.box(x - 1, y - 1, x + 1, y + 1) for x, y in points]


@given(st.lists(spots, min_size=1, max_size=60), st.floats(4, 25))
@settings(max_examples=30, deadline=None)
def test_no_name_covers_a_name_a_sign_or_the_edge(points: list[tuple[float, float]], width: float) -> None:
    """The whole promise, for any crowd."""
    placed = labels.place(named(points, width), frame=FRAME, obstacles=signs(points))
    boxes = labels.boxes(list(placed.values()), grown_mm=-0.03)
    assert all(shapely.box(0, 0, *FRAME).contains(box) for box in boxes)
    assert not any(a.intersects(b) for a, b in itertools.combinations(boxes, 2))
    assert not any(box.intersects(sign) for box in boxes for sign in signs(points))


@given(st.lists(st.tuples(spots, st.integers(1, 5)), min_size=1, max_size=6), st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_small_crowds_are_named_almost_as_well_as_can_be(
    crowd: list[tuple[tuple[float, float], int]], choices: int
) -> None:
    """Every combination is tried: what the search leaves out is never worth a tenth of the best."""
    points = [(20 + x / 4, 20 + y / 4) for (x, y), _ in crowd]
    offered = [
        Label(key=one.key, weight=weight, places=one.places[:choices])
        for one, (_, weight) in zip(named(points), crowd, strict=True)
    ]
    placed = labels.place(offered, frame=FRAME, obstacles=signs(points))
    worth = sum(one.weight for one in offered if one.key in placed)
    assert worth >= 0.9 * best(offered, signs(points)) - 1


def best(offered: list[Label], obstacles: list[shapely.Polygon]) -> int:
    """The greatest weight of any choice, by trying all."""
    tree = shapely.union_all(obstacles)
    possible = [
        [None, *(box for box in labels.boxes(one.places, grown_mm=-0.02) if not box.intersects(tree))]
        for one in offered
    ]
    found = 0

    def go(at: int, chosen: list[shapely.Polygon], worth: int) -> None:
        nonlocal found
        found = max(found, worth)
        if at == len(offered) or worth + sum(one.weight for one in offered[at:]) <= found:
            return
        for box in possible[at]:
            if box is None:
                go(at + 1, chosen, worth)
            elif not any(box.intersects(other) for other in chosen):
                go(at + 1, [*chosen, box], worth + offered[at].weight)

    go(0, [], 0)
    return found


def test_what_matters_more_is_named_first() -> None:
    """Two names for one place: the township's, not the hamlet's."""
    one = Place(x=50, y=40, width=10, height=3)
    offered = [Label(key="hamlet", weight=1, places=(one,)), Label(key="town", weight=9, places=(one,))]
    assert set(labels.place(offered, frame=FRAME)) == {"town"}


def test_a_name_moves_aside_for_another() -> None:
    """Greedy takes the best place of the first; the search finds that both fit."""
    shared = Place(x=50, y=40, width=10, height=3)
    elsewhere = Place(x=50, y=60, width=10, height=3, cost=100)
    offered = [
        Label(key="free", weight=5, places=(shared, elsewhere)),
        Label(key="bound", weight=1, places=(shared,)),
    ]
    assert set(labels.place(offered, frame=FRAME)) == {"free", "bound"}


@given(st.lists(spots, min_size=2, max_size=40))
@settings(max_examples=20, deadline=None)
def test_the_same_map_is_always_named_the_same(points: list[tuple[float, float]]) -> None:
    """A sheet printed again is the same sheet."""
    first = labels.place(named(points), frame=FRAME, obstacles=signs(points))
    assert labels.place(named(points), frame=FRAME, obstacles=signs(points)) == first


@given(st.integers(0, 10_000), st.floats(3, 20))
@settings(max_examples=25, deadline=None)
def test_names_of_areas_stand_wholly_inside(seed: int, width: float) -> None:
    """A village's name that hangs into the next village names the wrong one."""
    corners = np.random.default_rng(seed).random((12, 2)) * 40
    area = shapely.MultiPoint(corners).convex_hull
    for box in labels.boxes(labels.in_area(area, width, 3.0)):
        assert area.contains(box)


def test_an_area_too_small_offers_no_place() -> None:
    """Then letters shrink, or a line leads out of it: that is the caller's choice."""
    assert labels.in_area(shapely.box(0, 0, 5, 2), 12.0, 3.0) == ()


@given(st.floats(0, 360), st.floats(20, 80))
def test_names_along_lines_never_stand_on_their_head(bearing: float, length: float) -> None:
    """Whichever way a river was digitised, its name is read from the lower edge of the sheet."""
    angle = np.radians(bearing)
    line = shapely.LineString([(0, 0), (length * np.cos(angle), length * np.sin(angle))])
    found = labels.along_line(line, 10.0, 3.0)
    assert found
    assert all(-90.001 <= place.turn <= 90.001 for place in found)
    assert all(line.distance(shapely.Point(place.x, place.y)) < 1e-6 for place in found)


def test_no_name_along_a_line_that_turns_under_it() -> None:
    """Letters across a hairpin belong to neither side of it."""
    hairpin = shapely.LineString([(0, 0), (8, 0), (8, 1), (0, 1)])
    assert labels.along_line(hairpin, 12.0, 3.0) == ()


@given(st.lists(spots, min_size=1, max_size=40), st.floats(0.5, 2))
@settings(max_examples=25, deadline=None)
def test_signs_move_no_further_than_they_may(points: list[tuple[float, float]], radius: float) -> None:
    """A depot drawn in the next valley is worse than one that touches its neighbour."""
    at = np.array(points)
    moved = labels.spread(at, np.full(len(at), radius), most_mm=3.0)
    assert np.hypot(*(moved - at).T).max() <= 3.0 + 1e-6


def test_signs_alone_stay_and_two_of_one_spot_part() -> None:
    """Only who is in the way moves."""
    points = np.array([(10.0, 10.0), (50.0, 50.0), (50.0, 50.0)])
    moved = labels.spread(points, np.full(3, 1.5), most_mm=3.0)
    assert moved[0] == pytest.approx(points[0], abs=1e-9)
    assert np.hypot(*(moved[1] - moved[2])) >= 2.9


@given(st.lists(st.tuples(spots, st.sampled_from("ab")), min_size=1, max_size=40))
@settings(max_examples=25, deadline=None)
def test_gathered_signs_stand_for_every_point_once(crowd: list[tuple[tuple[float, float], str]]) -> None:
    """Whatever is gathered under one sign is still counted and listed, and only with its own sort."""
    points = np.array([point for point, _ in crowd])
    sorts = [sort for _, sort in crowd]
    groups, places = labels.gathered(points, np.full(len(crowd), 1.5), sorts, most_mm=3.0)
    assert sorted(at for group in groups for at in group) == list(range(len(crowd)))
    assert len(places) == len(groups)
    assert all(len({sorts[at] for at in group}) == 1 for group in groups)
