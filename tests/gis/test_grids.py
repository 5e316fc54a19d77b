"""Responsibility grids: division, outlines, lookup, and faults."""

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from gis.grids import OUTSIDE, GridTree, cut_corners, divide, faults, outlines

Bools = npt.NDArray[np.bool_]


@st.composite
def regions(draw: st.DrawFn) -> Bools:
    """A ragged 4-connected piece of land of at least 40 cells."""
    noise = draw(arrays(np.bool_, (14, 16), elements=st.booleans()))
    mask = ndimage.binary_closing(noise, iterations=1)
    pieces, count = ndimage.label(mask)
    assume(count > 0)
    largest: Bools = pieces == np.argmax(np.bincount(pieces.ravel())[1:]) + 1
    assume(largest.sum() >= 40)
    return largest


@settings(max_examples=40, deadline=None)
@given(regions(), st.integers(1, 5))
def test_division_leaves_no_cell_and_no_part_in_pieces(region: Bools, parts: int) -> None:
    """A leaf grid in two pieces would have a ranger on the wrong side of a ridge."""
    labels = divide(region, parts)
    assert ((labels != OUTSIDE) == region).all()
    assert set(np.unique(labels[region])) == set(range(parts))
    for part in range(parts):
        assert ndimage.label(labels == part)[1] == 1


def test_division_of_a_square_is_even() -> None:
    """Compact parts of similar size share the work."""
    labels = divide(np.ones((20, 20), dtype=bool), 4)
    assert np.bincount(labels.ravel()).min() > 60


def test_division_into_more_parts_than_cells_is_refused() -> None:
    """The caller's mistake is named where it is made."""
    with pytest.raises(ValueError, match="parts"):
        divide(np.ones((2, 2), dtype=bool), 5)


@settings(max_examples=40, deadline=None)
@given(regions(), st.integers(2, 4))
def test_outlines_share_their_borders_exactly(region: Bools, parts: int) -> None:
    """No point of the county may be in no grid, or in two."""
    labels = divide(region, parts)
    rows, columns = region.shape
    corners = np.stack(np.meshgrid(np.arange(columns + 1.0), np.arange(rows + 1.0)), axis=-1)
    shapes = outlines(labels, corners, smoothing=0)
    assert shapely.coverage_is_valid([shapes[part] for part in range(parts)])
    assert sum(shape.area for shape in shapes.values()) == pytest.approx(region.sum(), rel=0.05)


def test_smoothing_frees_borders_of_steps() -> None:
    """A border drawn as stairs is longer than the one that is meant, and looks like a machine's."""
    rows, columns = np.mgrid[0:30, 0:30]
    labels = np.where(rows + columns < 30, 0, 1)
    corners = np.stack(np.meshgrid(np.arange(31.0), np.arange(31.0)), axis=-1)
    rough, smooth = outlines(labels, corners, smoothing=0), outlines(labels, corners)
    assert smooth[0].length < 0.93 * rough[0].length
    assert shapely.coverage_is_valid(list(smooth.values()))


def test_cutting_corners_keeps_ends_and_rings() -> None:
    """Junctions of borders stay where they are."""
    line = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    cut = cut_corners(line, 2)
    assert cut[0].tolist() == [0.0, 0.0]
    assert cut[-1].tolist() == [1.0, 1.0]
    ring = cut_corners(np.array([[0.0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]), 1)
    assert ring[0].tolist() == ring[-1].tolist()
    assert len(ring) == 9


def tree(**changes: dict[str, object]) -> gpd.GeoDataFrame:
    """One county, township, sector and village, with two leaves side by side; changed row by row."""
    whole = shapely.box(0, 0, 2, 1)
    rows: dict[str, dict[str, object]] = {
        "c": {"parent": None, "level": 1, "geometry": whole},
        "t": {"parent": "c", "level": 2, "geometry": whole},
        "s": {"parent": "t", "level": 3, "geometry": whole},
        "v": {"parent": "s", "level": 4, "geometry": whole},
        "a": {"parent": "v", "level": 5, "geometry": shapely.box(0, 0, 1, 1)},
        "b": {"parent": "v", "level": 5, "geometry": shapely.box(1, 0, 2, 1)},
    }
    for code, change in changes.items():
        rows[code] = rows.get(code, {}) | change
    return gpd.GeoDataFrame([{"code": code, **row} for code, row in rows.items()])


def test_a_point_has_one_leaf_and_its_chain() -> None:
    """Whoever sees the smoke must learn who answers for the place, up to the county."""
    assert GridTree(tree()).locate(0.5, 0.5) == ("c", "t", "s", "v", "a")
    assert GridTree(tree()).locate(5, 5) == ()


def test_on_a_shared_border_the_answer_is_always_the_same() -> None:
    """Two dispatchers asking for the same point get the same ranger."""
    forth, back = tree(), tree().iloc[::-1]
    assert GridTree(forth).leaf(1.0, 0.5) == GridTree(back).leaf(1.0, 0.5) == "a"


def test_a_sound_tree_has_no_faults() -> None:
    """The check must not cry wolf."""
    assert faults(tree()) == ()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"b": {"geometry": shapely.box(1.5, 0, 2, 1)}}, [("gap", "v", "")]),
        ({"b": {"geometry": shapely.box(0.5, 0, 2, 1)}}, [("overlap", "a", "b")]),
        ({"b": {"parent": "x"}}, [("gap", "v", ""), ("orphan", "b", "x")]),
        ({"b": {"parent": "s"}}, [("gap", "v", ""), ("orphan", "b", "s")]),
        ({"b": {"geometry": shapely.box(1, 0, 2.5, 1)}}, [("overhang", "b", "v")]),
        (
            {"w": {"parent": "s", "level": 4, "geometry": shapely.box(3, 0, 4, 1)}},
            [("childless", "w", ""), ("overhang", "w", "s")],
        ),
    ],
)
def test_each_fault_is_named(
    changes: dict[str, dict[str, object]], expected: list[tuple[str, str, str]]
) -> None:
    """A gap is a place that nobody watches; an overlap one where each waits for the other."""
    assert [(fault.code, fault.grid, fault.other) for fault in faults(tree(**changes))] == expected


def test_slivers_below_the_tolerance_pass() -> None:
    """Rounding to a tenth of a metre leaves slivers that no one could stand in."""
    narrow = tree(b={"geometry": shapely.box(1 + 1e-10, 0, 2, 1)})
    assert faults(narrow) == ()
    assert faults(narrow, tolerance=0.0) != ()
