"""Cells of villages: divided, drawn, or cut by a lattice, they are the village and nothing else."""

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gis import beidou
from gis.crs import geodesic_area_m2
from gis.division import cells_for
from gis.grid_check import check
from gis.grid_codes import number
from gis.grid_making import Burden, Guides, beidou_lattice, divide_village, from_drawn, square_lattice
from tests.gis.counties import SOUTH, WEST, County, counties

LEAN = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NONE = Guides.of({})
SQUARE = shapely.box(WEST, SOUTH, WEST + 0.04, SOUTH + 0.04)


@LEAN
@given(counties(5), st.integers(0, 4))
def test_cells_partition_a_random_county(county: County, more: int) -> None:
    """No gap, no overlap, every cell connected, codes unique and the same when the same is done again."""
    areas = np.asarray([geodesic_area_m2(village) for village in county.villages])
    counts = cells_for(areas, len(areas) + more).tolist()
    cells, codes = [], []
    for k, (village, parts) in enumerate(zip(county.villages.tolist(), counts, strict=True)):
        made = divide_village(village, parts, county.guides, bounded=False).cells
        if k == 0:
            assert made == divide_village(village, parts, county.guides, bounded=False).cells
        assert len(made) == parts
        assert sum(cell.area for cell in made) == pytest.approx(village.area, rel=1e-6)
        if village.geom_type == "Polygon":
            assert {cell.geom_type for cell in made} == {"Polygon"}
        name = f"{990101100200 + k}"
        own = number(name, made)
        again = made[::-1]
        assert number(name, again, before=dict(zip(own, made, strict=True)))[::-1] == own
        cells.append(list(made))
        codes.append(own)
    found = check(county.grids(cells, codes), sliver_m2=0, sliver_width_m=0)
    assert {finding.code for finding in found} <= {"in_pieces"}  # islands of one village
    every = [code for own in codes for code in own]
    assert len(set(every)) == len(every)


def test_borders_between_cells_are_equal_to_the_last_bit() -> None:
    """A border rounded differently on both sides is a gap on every map that is drawn from it."""
    cells = divide_village(SQUARE, 5, NONE).cells
    assert shapely.coverage_is_valid(cells)
    assert set(map(tuple, shapely.get_coordinates(SQUARE))) <= set(map(tuple, shapely.get_coordinates(cells)))


def test_a_border_lies_on_the_road_through_the_village() -> None:
    """People know where their land ends when a road, a stream or a ridge says so."""
    road = shapely.LineString(
        [(WEST - 0.01, SOUTH + 0.017), (WEST + 0.02, SOUTH + 0.021), (WEST + 0.05, SOUTH + 0.022)]
    )
    first, second = divide_village(SQUARE, 2, Guides.of({"road": [road]})).cells
    border = shapely.intersection(shapely.boundary(first), shapely.boundary(second))
    assert shapely.length(shapely.intersection(border, shapely.buffer(road, 1e-7))) > 0.95 * border.length


def test_work_is_shared() -> None:
    """With most people at one end of a long village, its cell is the smaller one."""
    long = shapely.box(WEST, SOUTH, WEST + 0.08, SOUTH + 0.04)
    rng = np.random.default_rng(0)
    homes = np.column_stack([rng.uniform(WEST, WEST + 0.02, 60), rng.uniform(SOUTH, SOUTH + 0.04, 60)])
    made = divide_village(long, 2, NONE, Burden(lonlat=homes, people=np.ones(60), risk=np.zeros(60)))
    assert made.work.max() < 0.66  # halves of the land would have 0.72 of the work
    west = min(made.cells, key=lambda cell: cell.centroid.x)
    assert west.area < 0.45 * long.area


def test_islands_go_to_the_nearest_land() -> None:
    """A village in two parts that wants one grid has one; with two, each part is one."""
    parts = shapely.union(SQUARE, shapely.box(WEST + 0.05, SOUTH, WEST + 0.08, SOUTH + 0.04))
    assert divide_village(parts, 1, NONE).cells == (parts,)
    assert {cell.geom_type for cell in divide_village(parts, 2, NONE).cells} == {"Polygon"}


@LEAN
@given(counties(4), st.sampled_from([900.0, 2_500.0]))
def test_lattices_partition_a_random_county(county: County, size_m: float) -> None:
    """Squares and BeiDou cells, cut by villages, leave nothing out and nothing twice."""
    villages = county.villages.tolist()
    for made in (square_lattice(villages, size_m), beidou_lattice(villages, 4)):
        cells = [[cell.shape for cell in made if cell.village == k] for k in range(len(county.villages))]
        found = check(county.grids(cells), sliver_m2=0, sliver_width_m=0)
        assert {finding.code for finding in found} <= {"in_pieces"}


def test_whole_squares_have_their_size() -> None:
    """A square of a kilometre is one on the ground."""
    areas = sorted(geodesic_area_m2(cell.shape) for cell in square_lattice([SQUARE], 1_000.0))
    assert areas[len(areas) // 2] == pytest.approx(1e6, rel=2e-3)
    assert areas[0] > 0.24e6


def test_cells_of_a_beidou_lattice_lie_in_the_cell_of_their_code() -> None:
    """Only merged slivers may reach beyond it."""
    for cell in beidou_lattice([SQUARE], 4):
        inside = shapely.intersection(cell.shape, shapely.box(*beidou.decode(cell.lattice)))
        assert inside.area > 0.6 * cell.shape.area


def test_absurd_lattices_are_refused() -> None:
    """Half a metre instead of half a kilometre would run until morning."""
    with pytest.raises(ValueError, match="ten metres"):
        square_lattice([SQUARE], 0.5)
    with pytest.raises(ValueError, match="too fine"):
        beidou_lattice([SQUARE], 8)


def test_drawn_polygons_are_fitted_and_what_does_not_fit_is_named() -> None:
    """A clerk's polygons overlap a little, miss a corner, and cross into the next village."""
    west, east = SQUARE, shapely.box(WEST + 0.04, SOUTH, WEST + 0.08, SOUTH + 0.04)
    drawn = [
        shapely.box(WEST, SOUTH, WEST + 0.021, SOUTH + 0.04),
        shapely.box(WEST + 0.0199, SOUTH, WEST + 0.06, SOUTH + 0.04),
        shapely.box(WEST + 1, SOUTH, WEST + 1.01, SOUTH + 0.04),
    ]
    cells, misfits = from_drawn([west, east], drawn)
    assert [(cell.village, cell.source) for cell in cells] == [(0, 0), (0, 1), (1, 1), (1, None)]
    assert [(one.code, one.drawn, one.village) for one in misfits] == [
        ("uncovered", -1, 1),
        ("across", 1, -1),
        ("outside", 2, -1),
        ("overlap", 1, -1),
    ]
    for village, k in ((west, 0), (east, 1)):
        assert sum(cell.shape.area for cell in cells if cell.village == k) == pytest.approx(
            village.area, rel=1e-6
        )


def test_slivers_beside_drawn_polygons_are_closed() -> None:
    """Drawn a metre off the village's border, a polygon still is the village."""
    cells, misfits = from_drawn([SQUARE], [shapely.buffer(SQUARE, -1e-5)])
    assert [(cell.source, cell.shape) for cell in cells] == [(0, SQUARE)]
    assert misfits == []


def test_a_bow_tie_is_mended_and_named() -> None:
    """A polygon that crosses itself is what a tired hand draws."""
    tie = shapely.Polygon(
        [(WEST, SOUTH), (WEST + 0.04, SOUTH + 0.04), (WEST + 0.04, SOUTH), (WEST, SOUTH + 0.04)]
    )
    _, misfits = from_drawn([SQUARE], [tie])
    assert misfits[0].code == "invalid"
