"""Parts of a raster: division and outlines."""

import numpy as np
import numpy.typing as npt
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from gis.patches import OUTSIDE, cut_corners, divide, outlines

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
