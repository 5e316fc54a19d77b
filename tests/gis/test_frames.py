"""Contracts of frames: all faults at once, none for a frame that keeps them."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gis.crs import STORED
from gis.frames import Contract, FrameColumn, FrameError, check, faults

WELLS = Contract(
    columns={
        "code": FrameColumn(dtype="text"),
        "depth_m": FrameColumn(dtype="float", nullable=True),
        "people": FrameColumn(dtype="integer"),
        "open": FrameColumn(dtype="boolean"),
    },
    key=("code",),
    geometry_kinds=frozenset({"Point"}),
)


def wells(**changes: object) -> gpd.GeoDataFrame:
    columns: dict[str, object] = {
        "code": ["a", "b"],
        "depth_m": [1.5, np.nan],
        "people": [3, 4],
        "open": [True, False],
        "geometry": [shapely.Point(111.0, 36.0), shapely.Point(111.1, 36.1)],
    }
    return gpd.GeoDataFrame(columns | changes, geometry="geometry", crs=STORED)


def codes(frame: pd.DataFrame) -> set[tuple[str, str]]:
    return {(fault.code, fault.column) for fault in faults(frame, WELLS)}


def test_a_frame_that_keeps_its_contract_passes_unchanged() -> None:
    """Checking is no conversion: the same object comes back."""
    frame = wells(extra=[1, 2])
    assert check(frame, WELLS) is frame


def test_all_faults_are_reported_at_once() -> None:
    """A file is corrected in one round, so one look must find everything."""
    frame = wells(code=["a", "a"], people=[1.0, 2.0], depth_m=[np.inf, 1.0]).drop(columns="open")
    frame.geometry = [shapely.LineString([(111, 36), (112, 36)]), shapely.Point(36.0, 111.0)]
    with pytest.raises(FrameError) as error:
        check(frame, WELLS)
    assert {(fault.code, fault.column) for fault in error.value.faults} == {
        ("key_repeated", "code"),
        ("column_dtype", "people"),
        ("column_not_finite", "depth_m"),
        ("column_missing", "open"),
        ("geometry_kind", "geometry"),
        ("coordinate_range", "geometry"),
    }


def test_a_fault_counts_its_rows_and_names_the_first() -> None:
    """The message leads to the row."""
    frame = wells(code=["a", None])
    frame.index = [7, 8]
    (fault,) = faults(frame, WELLS)
    assert (fault.code, fault.rows, fault.first) == ("column_null", 1, 8)
    assert "column_null code in 1 rows from 8" in str(FrameError((fault,)))


def test_numbers_in_a_text_column_are_a_fault() -> None:
    """A code read as a number has lost its leading zeros."""
    assert codes(wells(code=["a", 7])) == {("column_dtype", "code")}


def test_another_coordinate_system_or_none_is_a_fault() -> None:
    """Nothing is measured or routed in a system that was not asked for."""
    assert codes(wells().set_crs(4326, allow_override=True)) == {("crs_other", "geometry")}
    assert codes(wells().set_crs(None, allow_override=True)) == {("crs_missing", "geometry")}


def test_missing_and_invalid_shapes_are_faults() -> None:
    """An empty or self-crossing shape would only fail later, and far away."""
    assert codes(wells(geometry=[None, shapely.Point(111, 36)])) == {("geometry_null", "geometry")}
    bow_tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    land = Contract(columns={}, geometry_kinds=frozenset({"Polygon"}))
    found = faults(gpd.GeoDataFrame(geometry=[bow_tie], crs=STORED), land)
    assert [fault.code for fault in found] == ["geometry_invalid"]


def test_a_plain_table_lacks_its_geometry() -> None:
    """A DataFrame with a column called geometry is not enough."""
    plain = pd.DataFrame(wells().drop(columns="geometry"))
    assert codes(plain) == {("geometry_missing", "geometry")}


def test_an_empty_frame_keeps_any_contract() -> None:
    """Empty columns have no dtype worth arguing about."""
    assert codes(wells().iloc[:0]) == set()
