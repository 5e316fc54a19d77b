"""Datums and metres: where a place is must not depend on who drew the map."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Point

from gis.crs import (
    DATUMS,
    Datum,
    from_stored,
    geodesic_lengths,
    metres_crs,
    metres_per_degree,
    to_degrees,
    to_metres,
    to_stored,
)

places = st.tuples(st.floats(75, 134), st.floats(18, 53))


@given(places, st.sampled_from(DATUMS))
def test_in_and_out_of_a_datum_is_the_same_place(place: tuple[float, float], datum: Datum) -> None:
    """To a tenth of a metre: a library's own inverse was off by four."""
    lon, lat = to_stored(*from_stored(*place, datum), datum)
    east, north = metres_per_degree(place[1])
    assert abs(float(lon) - place[0]) * float(east) < 0.1
    assert abs(float(lat) - place[1]) * float(north) < 0.1


def test_online_maps_are_shifted_by_half_a_kilometre_there() -> None:
    """What a user clicks on such a map is not where it is."""
    lon, lat = from_stored([111.0], [36.0], "GCJ02")
    east, north = metres_per_degree(36.0)
    shift = np.hypot((lon[0] - 111.0) * east, (lat[0] - 36.0) * north)
    assert 400 < shift < 800
    assert from_stored([111.0], [36.0], "WGS84")[0][0] == 111.0


def test_an_unknown_datum_is_refused() -> None:
    """Old national datums need local parameters: a guess would be wrong by a hundred metres."""
    with pytest.raises(ValueError, match="Beijing54"):
        to_stored([111.0], [36.0], "Beijing54")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lon", "lat", "code"), [(111.0, 36.0, 4546), (112.6, 36.0, 4547), (75.1, 39.0, 4534), (134.8, 48.0, 4554), (1.5, 42.5, 32631), (-70.0, -33.0, 32719)]
)  # fmt: skip
def test_metres_are_those_of_the_zone(lon: float, lat: float, code: int) -> None:
    """A county's own 3-degree zone; UTM elsewhere."""
    assert metres_crs(lon, lat).to_epsg() == code


def test_there_and_back_through_metres() -> None:
    """Buffers are made in metres and stored in degrees."""
    crs = metres_crs(111.0, 36.0)
    back = to_degrees(to_metres(Point(111.2, 36.1), crs), crs)
    assert back.distance(Point(111.2, 36.1)) < 1e-9


def test_lengths_are_those_of_the_ellipsoid() -> None:
    """One degree along the meridian at 36 degrees north is 110.96 km, along the parallel 90.16 km."""
    lines = [LineString([(111, 35.5), (111, 36.5)]), LineString([(110.5, 36), (111, 36), (111.5, 36)])]
    lengths = geodesic_lengths(lines)
    assert lengths[0] == pytest.approx(110_958, abs=10)
    assert lengths[1] == pytest.approx(90_163, abs=10)
    east, north = metres_per_degree(36.0)
    assert (float(east), float(north)) == pytest.approx((lengths[1], lengths[0]), rel=1e-4)
