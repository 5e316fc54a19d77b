"""Land on paper: scales, ticks, scale bars, tints and thinned borders."""

from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from gis import cartography
from gis.cartography import MapFrame

ROOMS = {"landscape": (270.0, 230.0), "portrait": (250.0, 290.0)}
places = st.tuples(st.floats(75, 134), st.floats(4, 53))
sizes = st.tuples(st.floats(0.0005, 1.0), st.floats(0.0005, 1.0))


def land(place: tuple[float, float], size: tuple[float, float]) -> shapely.Polygon:
    return shapely.box(
        place[0] - size[0] / 2, place[1] - size[1] / 2, place[0] + size[0] / 2, place[1] + size[1] / 2
    )


def frame(place: tuple[float, float] = (111.0, 36.0), size: tuple[float, float] = (0.5, 0.4)) -> MapFrame:
    return cartography.fit(land(place, size), ROOMS)[1]


@given(places, sizes)
@settings(max_examples=30, deadline=None)
def test_land_fits_with_its_margin_and_no_larger_scale_would_hold_it(
    place: tuple[float, float], size: tuple[float, float]
) -> None:
    """Nothing of the sheet's own land is cut off, and none of its paper is given away."""
    subject = land(place, size)
    _, found = cartography.fit(subject, ROOMS, margin_mm=4.0)
    west, north, east, south = shapely.total_bounds(found.drawn([subject]))
    assert west >= 3.99
    assert north >= 3.99
    assert east <= found.width_mm - 3.99
    assert south <= found.height_mm - 3.99
    assert found.denominator in cartography.SCALES
    larger = [scale for scale in cartography.SCALES if scale < found.denominator]
    if larger:
        grown = found.denominator / larger[-1]
        too_wide = all(
            (east - west) * grown > width - 8.001 or (south - north) * grown > height - 8.001
            for width, height in ROOMS.values()
        )
        assert too_wide


@pytest.mark.parametrize(("size", "turn"), [((0.6, 0.2), "landscape"), ((0.2, 0.6), "portrait")])
def test_paper_turns_as_the_land_asks(size: tuple[float, float], turn: str) -> None:
    """A long county lies, a tall one stands."""
    assert cartography.fit(land((111.0, 36.0), size), ROOMS)[0] == turn


def test_no_land_is_no_sheet() -> None:
    """An empty subject is a mistake of who asks, and is said so."""
    with pytest.raises(ValueError, match="some land"):
        cartography.fit(shapely.Polygon(), ROOMS)


@given(places, sizes, st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=8))
@settings(max_examples=25, deadline=None)
def test_paper_leads_back_to_the_ground(
    place: tuple[float, float], size: tuple[float, float], shares: list[tuple[float, float]]
) -> None:
    """What is read off the sheet's edge is the position, to the width of a pencil line."""
    found = frame(place, size)
    paper = np.array([(x * found.width_mm, y * found.height_mm) for x, y in shares])
    assert found.paper(found.ground(paper)) == pytest.approx(paper, abs=1e-3)


@given(places, sizes)
@settings(max_examples=30, deadline=None)
def test_ticks_stand_where_their_coordinate_is(place: tuple[float, float], size: tuple[float, float]) -> None:
    """A tick that is off by a line's width sends a team to the next valley."""
    found = frame(place, size)
    ticks = cartography.ticks(found)
    assert {tick.edge for tick in ticks} == {"top", "right", "bottom", "left"}
    for tick in ticks:
        at = {
            "top": (tick.at_mm, 0.0),
            "bottom": (tick.at_mm, found.height_mm),
            "left": (0.0, tick.at_mm),
            "right": (found.width_mm, tick.at_mm),
        }[tick.edge]
        lon, lat = found.ground(np.array([at]))[0]
        exact = tick.seconds / 3600
        there = found.paper(np.array([(exact, lat) if tick.edge in {"top", "bottom"} else (lon, exact)]))[0]
        assert np.hypot(*(there - np.array(at))) < 0.05


@given(st.sampled_from(cartography.SCALES), st.floats(25, 90))
def test_scale_bar_has_round_parts_and_fits(denominator: int, longest: float) -> None:
    """A bar of 1.7 km parts cannot be read with a ruler."""
    bar = cartography.scale_bar(denominator, longest_mm=longest)
    assert bar.part_mm * bar.parts <= longest + 1e-9
    assert str(bar.part_m).rstrip("0") in {"1", "2", "5"}
    assert bar.part_mm * denominator / 1000 == pytest.approx(bar.part_m)
    assert bar.part_mm * bar.parts > longest * 0.4


@given(places, sizes)
@settings(max_examples=30, deadline=None)
def test_kilometre_lines_are_round_and_apart(place: tuple[float, float], size: tuple[float, float]) -> None:
    """Lines that are too close hide the map under them."""
    found = frame(place, size)
    for easting in (True, False):
        lines = [line for line in cartography.kilometre_grid(found, apart_mm=40) if line.easting is easting]
        assert lines
        assert all(abs(b.at_mm - a.at_mm) >= 39.99 for a, b in pairwise(lines))
        assert all(0 <= line.at_mm <= (found.width_mm if easting else found.height_mm) for line in lines)


def mosaic(seed: int, count: int) -> dict[str, BaseGeometry]:
    """Random cells that share their borders exactly."""
    points = np.random.default_rng(seed).random((count, 2)) * 100
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=shapely.box(0, 0, 100, 100))
    )
    return {f"c{at:03}": cell.intersection(shapely.box(0, 0, 100, 100)) for at, cell in enumerate(cells)}


@given(st.integers(0, 10_000), st.integers(1, 60))
@settings(max_examples=25, deadline=None)
def test_neighbours_never_share_a_tint(seed: int, count: int) -> None:
    """Two townships of one colour look like one."""
    cells = mosaic(seed, count)
    beside = cartography.neighbours(cells)
    tints = cartography.tints(beside)
    assert set(tints) == set(cells)
    assert all(tints[one] != tints[other] for one, others in beside.items() for other in others)
    assert max(tints.values()) < 6


@given(st.integers(0, 10_000), st.integers(8, 50))
@settings(max_examples=25, deadline=None)
def test_a_small_change_keeps_most_tints(seed: int, count: int) -> None:
    """Who split one cell does not want to find the whole atlas in other colours."""
    cells = mosaic(seed, count)
    before = cartography.tints(cartography.neighbours(cells))
    changed = dict(cells)
    west, south, east, north = changed["c000"].bounds
    left = changed["c000"].intersection(shapely.box(west, south, (west + east) / 2, north))
    changed["c000"], changed["c000b"] = left, cells["c000"].difference(left)
    beside = cartography.neighbours(changed)
    after = cartography.tints(beside, before=before)
    assert all(after[one] != after[other] for one, others in beside.items() for other in others)
    assert all(after[code] == before[code] for code in before)


@given(st.integers(0, 10_000), st.integers(2, 12), st.floats(0.5, 3.0))
@settings(max_examples=20, deadline=None)
def test_thinned_areas_still_fit_together(seed: int, count: int, tolerance: float) -> None:
    """A border drawn from both sides must be one line, or white slivers appear between villages."""
    seeds = np.random.default_rng(seed).random((count, 2)) * 20
    squares = [(x, y) for x in range(20) for y in range(20)]
    nearest = [int(np.argmin(np.hypot(*(seeds - np.array(square)).T))) for square in squares]
    cells = [
        shapely.union_all(
            [
                shapely.box(x, y, x + 1, y + 1)
                for (x, y), own in zip(squares, nearest, strict=True)
                if own == at
            ]
        )
        for at in sorted(set(nearest))
    ]
    thinned = cartography.thinned_coverage(np.array(cells, dtype=object), tolerance)
    assert shapely.coverage_is_valid(thinned)
    assert shapely.union_all(thinned).area == pytest.approx(sum(cell.area for cell in thinned))
    assert shapely.get_num_coordinates(thinned).sum() <= shapely.get_num_coordinates(cells).sum()


def test_a_border_is_drawn_once_at_its_highest_level() -> None:
    """Dashes of a village over dashes of a county are neither."""
    villages = [shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)]
    lines = cartography.border_lines([("county", [shapely.box(0, 0, 20, 10)]), ("village", villages)])
    assert lines["county"].length == pytest.approx(60)
    assert lines["village"].length == pytest.approx(10, abs=1.0)
    assert lines["village"].distance(lines["county"]) == pytest.approx(0.3, abs=0.01)


def test_grid_north_is_true_north_on_the_central_meridian() -> None:
    """Convergence is nothing at 111° E, and east of it true north leans to the west."""
    assert cartography.convergence_deg(frame((111.0, 36.0))) == pytest.approx(0.0, abs=1e-3)
    assert cartography.convergence_deg(frame((111.8, 36.0))) == pytest.approx(
        -0.8 * np.sin(np.radians(36)), abs=0.01
    )
