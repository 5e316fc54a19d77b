"""Edits by hand: both sides of a border follow, third cells stay, and what would break the grids is refused."""

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from gis.grid_check import check
from gis.grid_edit import EditError, GridShape, border, merge, move_border, split
from gis.grid_making import divide_village
from tests.gis.counties import County, counties
from tests.gis.test_grid_check import CODES, SOUTH, WEST, box, grids

CLEAN = grids()
SHAPES = dict(zip(CODES, CLEAN.shapes.tolist(), strict=True))
GRIDS = {
    code: GridShape(parent=parent, shape=shape)
    for code, parent, shape in zip(CODES, CLEAN.parents, CLEAN.shapes.tolist(), strict=True)
}


def line(*points: tuple[float, float]) -> shapely.LineString:
    """A line in hundredths of a degree."""
    return shapely.LineString([(WEST + x / 100, SOUTH + y / 100) for x, y in points])


def refusal(first: str, second: str, way: BaseGeometry) -> str:
    with pytest.raises(EditError) as caught:
        move_border(GRIDS, first, second, way)
    return caught.value.code


def test_both_cells_follow_a_moved_border() -> None:
    """What one ranger gives, the other takes, to the last bit."""
    moved = move_border(GRIDS, "v-01", "v-02", line((1, 0), (1.3, 0.5), (1, 1)))
    assert set(moved) == {"v-01", "v-02"}
    assert shapely.coverage_is_valid(list(moved.values()))
    assert shapely.union_all(list(moved.values())).equals(SHAPES["v"])
    assert moved["v-01"].area > SHAPES["v-01"].area


def test_villages_follow_a_border_between_their_cells() -> None:
    """The border of two villages is the border of their cells: it cannot stay behind."""
    moved = move_border(GRIDS, "w-01", "v-02", line((2, 1), (1.8, 0.6), (2, 0)))
    assert set(moved) == {"w-01", "v-02", "w", "v"}
    assert moved["w"].equals(moved["w-01"])
    assert shapely.union(moved["v-02"], SHAPES["v-01"]).equals(moved["v"])
    assert shapely.coverage_is_valid([moved["v"], moved["w"]])


def test_a_piece_of_a_border_can_be_moved() -> None:
    """Only the bend at the ford is wrong; the ends are set on the border by a hand that is not exact."""
    moved = move_border(GRIDS, "v-01", "v-02", line((1.02, 0.3), (1.2, 0.4), (0.98, 0.6)))
    assert shapely.coverage_is_valid(list(moved.values()))
    (new,) = border(moved["v-01"], moved["v-02"])
    assert shapely.intersection(new, line((1, 0), (1, 1))).length == pytest.approx(0.007, rel=1e-6)


def test_the_border_around_an_enclosed_cell_can_be_moved() -> None:
    """A town inside a village touches nothing else."""
    hole = box(0.3, 0.3, 0.6, 0.6)
    around = {
        "a": GridShape(parent="v", shape=shapely.difference(box(0, 0, 1, 1), hole)),
        "b": GridShape(parent="v", shape=hole),
    }
    moved = move_border(around, "a", "b", line((0.6, 0.35), (0.8, 0.45), (0.6, 0.55)))
    assert moved["b"].area > hole.area
    assert shapely.union_all(list(moved.values())).equals(box(0, 0, 1, 1))


@pytest.mark.parametrize(
    ("way", "code"),
    [
        (line((1, 0), (2.5, 0.5), (1, 1)), "leaves_the_pair"),
        (line((1, 0), (0.5, 1), (0.7, 0.8), (1, 1)), "cuts_in_parts"),
        (line((1, 0), (1.5, 0.5), (1.9, 0.5)), "ends_elsewhere"),
        (line((1, 0), (1.5, 0.5), (1.5, 0.2), (1.2, 0.6), (1, 1)), "crosses_itself"),
        (line((1, 0), (0.001, 0.001), (0.001, 0.999), (1, 1)), "swallows_a_cell"),
        (shapely.LineString(), "no_line"),
    ],
)
def test_borders_that_would_break_grids_are_refused(way: BaseGeometry, code: str) -> None:
    """Each refusal has its own words on the page."""
    assert refusal("v-01", "v-02", way) == code


def test_cells_that_do_not_touch_have_no_border() -> None:
    """There is nothing to move."""
    assert refusal("v-01", "w-01", line((1, 0), (1, 1))) == "not_adjacent"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(counties(4), st.integers(0, 1000))
def test_moving_any_border_keeps_the_county_whole(county: County, which: int) -> None:
    """The pair's land stays the pair's, third cells are not touched, and the check finds nothing new."""
    cells = [list(divide_village(v, 2, county.guides, bounded=False).cells) for v in county.villages.tolist()]
    before = county.grids(cells)
    known = {
        code: GridShape(parent=parent, shape=shape)
        for code, parent, shape in zip(before.codes, before.parents, before.shapes.tolist(), strict=True)
    }
    leaves = [code for code, level in zip(before.codes, before.levels.tolist(), strict=True) if level == 5]
    pairs = [
        (a, b, arc)
        for a in leaves
        for b in leaves
        if a < b
        for arc in border(known[a].shape, known[b].shape)
        if not arc.is_ring and arc.length > 0.01
    ]
    assume(pairs)
    a, b, arc = pairs[which % len(pairs)]
    ends = shapely.get_coordinates(arc)[[0, -1]]
    across = (ends[1] - ends[0])[::-1] * [-0.1, 0.1]
    bend = shapely.get_coordinates(arc.interpolate(0.5, normalized=True))[0] + across
    try:
        moved = move_border(known, a, b, shapely.LineString([ends[0], bend, ends[1]]))
    except EditError:
        return  # a bend that the pair's land does not allow is refused
    assert shapely.union(moved[a], moved[b]).area == pytest.approx(
        known[a].shape.area + known[b].shape.area, rel=1e-9
    )
    assert set(moved) <= {a, b, known[a].parent, known[b].parent}
    after = np.asarray([moved.get(code, known[code].shape) for code in before.codes], dtype=object)
    found = check(county.grids(cells), sliver_m2=0, sliver_width_m=0)
    new = check(
        type(before)(codes=before.codes, parents=before.parents, levels=before.levels, shapes=after),
        sliver_m2=0,
        sliver_width_m=0,
    )
    assert {(one.code, one.grids) for one in new} <= {(one.code, one.grids) for one in found}


def test_a_line_splits_a_cell() -> None:
    """The parts are numbered from the west and share the line."""
    west, east = split(SHAPES["v-01"], line((0.5, -0.5), (0.4, 0.5), (0.5, 1.5)))
    assert west.centroid.x < east.centroid.x
    assert shapely.coverage_is_valid([west, east])
    assert west.area + east.area == pytest.approx(SHAPES["v-01"].area, rel=1e-6)


def test_a_line_that_stops_just_short_is_led_on() -> None:
    """A hand stops at the border, not a hair beyond it."""
    assert len(split(SHAPES["v-01"], line((0.5, 0.03), (0.5, 0.97)))) == 2


@pytest.mark.parametrize(
    ("way", "code"),
    [
        (line((0.5, 0.3), (0.5, 0.6)), "does_not_split"),
        (line((0.0005, -1), (0.0005, 2)), "too_small"),
        (line((0.2, -1), (0.6, 2), (0.6, -1), (0.2, 2)), "crosses_itself"),
    ],
)
def test_splits_that_make_no_cells_are_refused(way: BaseGeometry, code: str) -> None:
    """Each refusal has its own words on the page."""
    with pytest.raises(EditError) as caught:
        split(SHAPES["v-01"], way)
    assert caught.value.code == code


def test_cells_of_a_village_are_merged() -> None:
    """Their land is the new cell's."""
    assert merge([SHAPES["v-01"], SHAPES["v-02"]], ["v", "v"]).equals(SHAPES["v"])


def test_cells_apart_are_not_merged() -> None:
    """Neither over a village's border, nor over land between, nor where only corners meet."""
    with pytest.raises(EditError, match="different_parents"):
        merge([SHAPES["v-02"], SHAPES["w-01"]], ["v", "w"])
    with pytest.raises(EditError, match="not_adjacent"):
        merge([SHAPES["v-01"], SHAPES["w-01"]], ["v", "v"])
    with pytest.raises(EditError, match="not_adjacent"):
        merge([box(0, 0, 1, 1), box(1, 1, 2, 2)], ["v", "v"])
