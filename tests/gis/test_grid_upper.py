"""Upper levels of grids from outlines and points."""

import numpy as np
import pytest
import shapely
from shapely import box

from gis.grid_upper import Unit, share_out, upper_cells

COUNTY = "990101000000"
LAND = box(111.0, 36.0, 111.4, 36.2)
WEST, EAST = box(111.0, 36.0, 111.2, 36.2), box(111.2, 36.0, 111.4, 36.2)


def test_points_share_land_exactly_each_position_to_its_nearest() -> None:
    """Together they are the land, without overlap, and each point lies in its own share; one outside gets nothing."""
    rng = np.random.default_rng(5)
    points = np.column_stack([111.01 + rng.random(12) * 0.38, 36.01 + rng.random(12) * 0.18])
    *shares, outside = share_out(LAND, [], np.vstack([points, [[112.0, 36.1]]]))
    assert outside is None
    assert shapely.coverage_is_valid(shares)
    assert shapely.area(shapely.symmetric_difference(shapely.union_all(shares), LAND)) < 1e-9
    for at, share in zip(points, shares, strict=True):
        assert share is not None
        assert share.contains(shapely.Point(at))


def test_outlines_stay_and_points_get_what_they_leave() -> None:
    """A gap without a point, be it a hairline, is the nearest outline's."""
    outline = box(111.0, 36.0, 111.1, 36.2)
    beside = box(111.1 + 1e-5, 36.0, 111.2, 36.2)
    first, second, third, inside = share_out(
        LAND, [outline, beside], np.asarray([[111.3, 36.1], [111.05, 36.1]])
    )
    assert inside is None
    assert first is not None
    assert second is not None
    assert third is not None
    assert shapely.area(shapely.difference(outline, first)) < 1e-9
    assert shapely.area(first) + shapely.area(second) == pytest.approx(0.04, rel=1e-6)
    assert shapely.area(third) == pytest.approx(0.04, rel=1e-6)


def test_a_county_without_cells_gets_four_levels() -> None:
    """Missing levels are passed through, missing codes are the lowest free number, and who got no land is named."""
    townships = [
        Unit(code="990101100000", name="West", outline=WEST),
        Unit(code="990101101000", name="East", outline=EAST),
    ]
    villages = [
        Unit(code="990101100001", name="A", area_code="990101100000", known=False, seat=(111.05, 36.1)),
        Unit(code="", name="B", area_code="990101100000", known=False, seat=(111.15, 36.1)),
        Unit(code="", name="astray", area_code="990101100000", known=False, seat=(120.0, 36.1)),
    ]
    cells, without = upper_cells(Unit(code=COUNTY, name="C", outline=LAND), townships, villages)
    assert {(cell.level, cell.code, cell.parent, cell.origin) for cell in cells} == {
        (1, COUNTY, None, "outlines"),
        (2, "990101100000", COUNTY, "outlines"),
        (2, "990101101000", COUNTY, "outlines"),
        (3, "990101100-P1", "990101100000", "whole"),
        (3, "990101101-P1", "990101101000", "whole"),
        (4, "990101100001", "990101100-P1", "points"),
        (4, "990101100002", "990101100-P1", "points"),
        (4, "990101101001", "990101101-P1", "whole"),
    }
    assert {cell.area_code for cell in cells} == {COUNTY, "990101100000", "990101101000"}
    assert without == ["astray"]
    for level in (2, 3, 4):
        parts = [cell.shape for cell in cells if cell.level == level]
        assert shapely.coverage_is_valid(parts)
        assert shapely.area(shapely.symmetric_difference(shapely.union_all(parts), LAND)) < 1e-9


def test_a_county_of_nothing_but_its_outline_is_one_village() -> None:
    """Township and village are the county, with the first numbers."""
    cells, without = upper_cells(Unit(code=COUNTY, name="C", outline=LAND), [], [])
    assert [cell.code for cell in cells] == [COUNTY, "990101001000", "990101001-P1", "990101001001"]
    assert {cell.area_code for cell in cells} == {COUNTY}
    assert not without
    with pytest.raises(ValueError, match="no_outlines"):
        upper_cells(Unit(code=COUNTY, name="C"), [], [])
