"""Terrain: what is read off a raster, and where its water goes."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gis.terrain import NOWHERE, Terrain, fill_depressions, flow_accumulation, flow_receivers, reaches

Floats = npt.NDArray[np.float64]
STEP = 0.001

rasters = st.tuples(st.integers(3, 12), st.integers(3, 12)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.floats(0, 500, width=16))
)


def land(heights: Floats) -> Terrain:
    return Terrain(heights, 111.0, 36.0, STEP, STEP)


def tilted(rows: int, columns: int, fall_east_m: float) -> Floats:
    return np.tile(-fall_east_m * np.arange(columns, dtype=np.float64), (rows, 1))


def test_a_plane_is_read_exactly_between_cells() -> None:
    """Bilinear reading has no error on a plane, so any error is a mistake of position."""
    plain = land(tilted(6, 8, 10.0))
    lon = np.array([111.0, 111.00025, 111.0069])
    assert plain.elevation(lon, np.full(3, 35.9975)) == pytest.approx([0.0, -2.5, -69.0])


def test_beyond_the_raster_the_edge_answers() -> None:
    """A place just outside the county must not make a plan fail."""
    plain = land(tilted(4, 4, 10.0))
    assert plain.elevation(120.0, 20.0) == pytest.approx(-30.0)


def test_positions_and_cells_are_inverse() -> None:
    """Places found on the raster are brought to the map and back."""
    plain = land(tilted(5, 7, 1.0))
    rows, columns = plain.rows_columns(*plain.positions([0, 3.25, 4], [6, 2.5, 0]))
    assert rows == pytest.approx([0, 3.25, 4])
    assert columns == pytest.approx([6, 2.5, 0])


def test_the_slope_of_a_tilted_plane_is_its_angle() -> None:
    """Hazards are ranked by slope: a 45 degree face must read 45."""
    flat = land(np.zeros((5, 5)))
    steep = land(tilted(5, 5, flat.cell_width_m))
    assert steep.slopes[1:-1, 1:-1] == pytest.approx(45.0)
    assert flat.slope(111.002, 35.998) == pytest.approx(0.0)


@settings(max_examples=60, deadline=None)
@given(rasters)
def test_filled_land_has_no_hollow_and_is_never_lower(heights: Floats) -> None:
    """Water that stops in a hollow of the data would end a stream in the middle of a valley."""
    filled = fill_depressions(heights)
    assert (filled >= heights).all()
    inner = flow_receivers(filled, 90.0, 90.0)[1:-1, 1:-1]
    assert (inner != NOWHERE).all()


@settings(max_examples=60, deadline=None)
@given(rasters)
def test_all_water_leaves_at_the_rim(heights: Floats) -> None:
    """No rain is lost or counted twice on its way."""
    receivers = flow_receivers(fill_depressions(heights), 90.0, 70.0)
    sums = flow_accumulation(receivers)
    assert sums[receivers == NOWHERE].sum() == heights.size
    assert sums.min() == 1


@settings(max_examples=60, deadline=None)
@given(rasters, st.integers(0, 10_000))
def test_the_way_down_never_climbs_on_filled_land(heights: Floats, start: int) -> None:
    """A run-out that climbs would threaten the wrong houses."""
    ground = land(fill_depressions(heights))
    row, column = divmod(start % heights.size, heights.shape[1])
    lon, lat = ground.positions(row, column)
    way = ground.steepest_descent(float(lon), float(lat))
    along = ground.elevation(way[:, 0], way[:, 1])
    assert (np.diff(along) < 1e-9).all()


def test_a_slide_stops_where_it_is_level_enough() -> None:
    """The run-out ends on the valley floor, not at the river's mouth."""
    profile = np.concatenate([60.0 * np.arange(6, 0, -1), np.zeros(10)])
    slope = land(np.tile(profile, (5, 1)) - 1e-3 * np.arange(16))
    whole = slope.steepest_descent(111.0, 35.998)
    slide = slope.steepest_descent(111.0, 35.998, down_to_deg=10.0)
    assert 5 < len(slide) < len(whole)


def test_streams_meet_in_a_shared_point() -> None:
    """A drawn river must not break at its confluences."""
    rows, columns = np.mgrid[0:20, 0:21]
    valley = np.abs(columns - 10.0) * 5 + np.abs(np.abs(columns - 10) - 5) * 8.0 - rows * 3.0
    ground = land(valley)
    lines = ground.streams(0.15)
    ends = {tuple(line[-1]) for line in lines} - {
        tuple(line[-1]) for line in lines if line[-1][1] <= 36 - 19 * STEP + 1e-9
    }
    starts = {tuple(line[0]) for line in lines}
    assert lines
    assert ends <= starts


def test_reaches_cover_each_stream_cell() -> None:
    """What drains enough is drawn, all of it."""
    ground = land(fill_depressions(np.random.default_rng(5).uniform(0, 90, (30, 30))))
    stream = ground.drained_km2 >= 0.05
    drawn = np.unique(np.concatenate(reaches(ground.receivers, stream)))
    lonely = stream & (ground.receivers == NOWHERE)
    assert set(drawn) | set(np.flatnonzero(lonely)) == set(np.flatnonzero(stream)) | set(
        np.flatnonzero(lonely)
    )


@pytest.mark.parametrize("heights", [np.zeros(4), np.zeros((1, 5))])
def test_a_raster_without_area_is_refused(heights: Floats) -> None:
    """A single row has no slope, and would divide by zero later."""
    with pytest.raises(ValueError, match="two by two"):
        land(heights)


def test_a_ridge_between_two_valleys_is_found_and_a_plain_slope_has_none() -> None:
    """Borders follow what a walker sees."""
    valleys = 20 * np.abs(np.arange(60.0) % 30 - 15)  # along columns 15 and 45
    ribs = valleys + 2 * np.arange(80.0)[::-1, None]
    lines = land(ribs).ridges(1.0)
    assert lines
    assert all(abs((line[:, 0] - 111.0) / STEP - 30).max() < 3 for line in lines if len(line) > 3)
    assert land(tilted(60, 60, 5.0)).ridges(1.0) == []


def test_coarser_cells_are_means_in_the_same_place() -> None:
    """A plane stays that plane."""
    plain = land(tilted(9, 9, 10.0))
    half = plain.coarser(2)
    assert half.heights.shape == (4, 4)
    assert half.elevation(111.0035, 35.9965) == pytest.approx(plain.elevation(111.0035, 35.9965))
