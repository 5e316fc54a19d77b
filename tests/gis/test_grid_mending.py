"""Mending: small faults go, large ones stay for a person, and nothing else changes."""

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from gis.grid_check import Grids, check
from gis.grid_making import divide_village
from gis.grid_mending import mend
from tests.gis.counties import County, counties
from tests.gis.test_grid_check import box, grids


@pytest.mark.parametrize(
    ("shapes", "changes"),
    [
        ({"v_02": box(1.003, 0, 2, 1)}, [("v-01", ("gap",))]),
        ({"v_02": box(0.997, 0, 2, 1)}, [("v-02", ("overlap",))]),
        ({"v_02": box(1, 0, 2.003, 1)}, [("v-02", ("overhang",))]),
        ({"v_01": box(0, 0, 1.9999, 1), "v_02": box(1.9999, 0, 2, 1)}, [("v-01", ("sliver",)), ("v-02", ("sliver",))]),
        ({"v": box(0, 0, 2.003, 1)}, [("w", ("overlap",)), ("w-01", ("overhang",)), ("v-02", ("gap",))]),
    ],
)  # fmt: skip
def test_each_small_fault_is_mended(
    shapes: dict[str, BaseGeometry], changes: list[tuple[str, tuple[str, ...]]]
) -> None:
    """Longest border first for gaps, the lower code for overlaps, the parent for overhangs."""
    faulty = grids(**shapes)
    mending = mend(faulty)
    assert sorted((one.grid, one.reasons) for one in mending.changes) == sorted(changes)
    assert mending.left == ()
    assert check(mending.grids) == []
    assert mend(mending.grids).changes == ()


def test_large_faults_are_left() -> None:
    """Half a village without a grid is a question, not rounding."""
    mending = mend(grids(v_02=box(1.5, 0, 2, 1)))
    assert mending.changes == ()
    assert [finding.code for finding in mending.left] == ["gap"]


def test_a_sliver_ends_and_its_neighbour_takes_the_land() -> None:
    """The preview says which grid ends, and into which."""
    mending = mend(grids(v_01=box(0, 0, 1.9999, 1), v_02=box(1.9999, 0, 2, 1)))
    (ended,) = [one for one in mending.changes if one.after is None]
    assert (ended.grid, ended.into) == ("v-02", "v-01")
    assert "v-02" not in mending.grids.codes


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(counties(4), st.integers(0, 1000))
def test_mended_grids_pass_the_check_and_the_rest_is_untouched(county: County, seed: int) -> None:
    """Cells redrawn by a shaky hand: whatever is small enough is whole again, and a second run changes nothing."""
    rng = np.random.default_rng(seed)
    cells = [list(divide_village(v, 2, county.guides, bounded=False).cells) for v in county.villages.tolist()]
    k = int(rng.integers(len(cells)))
    cells[k][0] = shapely.buffer(cells[k][0], float(rng.choice([-2e-6, 2e-6])))
    faulty = county.grids(cells)
    mending = mend(faulty, most_m2=50_000, sliver_m2=0, sliver_width_m=0)
    assert {finding.code for finding in mending.left} <= {"in_pieces"}
    again = mend(mending.grids, most_m2=50_000, sliver_m2=0, sliver_width_m=0)
    assert again.changes == ()
    changed = {one.grid for one in mending.changes}
    assert _others(mending.grids, changed) == _others(faulty, changed)


def _others(every: Grids, changed: set[str]) -> dict[str, bytes]:
    return {
        code: shapely.to_wkb(shape)
        for code, shape in zip(every.codes, every.shapes.tolist(), strict=True)
        if code not in changed
    }
