from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, box

from dispatch.hazards import HazardRule, Surroundings, barred, drawn, run_out_m, staging_allowed, zone, zones
from dispatch.model import HazardArea, Incident
from gis.crs import metres_crs, to_metres

RULES = {
    "landslide": HazardRule(shape="run_out", radius_m=100, half_angle_deg=15),
    "collapse": HazardRule(shape="circle", radius_m=80),
    "hazmat_leak": HazardRule(shape="wind_sector", radius_m=100, length_m=300, half_angle_deg=30),
    "earthquake": HazardRule(shape="none"),
}


def incident(kind: str, radius_m: int = 0, identity: int = 1) -> Incident:
    return Incident(id=identity, type=kind, level=2, position=(111.0, 36.0), radius_m=radius_m)


def metres(found: object) -> object:
    return to_metres(found.geometry, metres_crs(111.0, 36.0))  # type: ignore[attr-defined]


def test_circle_has_the_rules_radius() -> None:
    """An isolation distance is a distance in metres, not in degrees."""
    area = metres(zone(incident("collapse"), RULES)).area  # type: ignore[attr-defined]
    assert area == pytest.approx(3.1416 * 80**2, rel=0.01)


def test_reported_radius_replaces_the_rule() -> None:
    """What was seen on the spot is worth more than a table."""
    small, large = zone(incident("collapse", 40), RULES), zone(incident("collapse", 400), RULES)
    assert metres(large).area > 90 * metres(small).area  # type: ignore[attr-defined]


def test_wind_sector_lies_downwind() -> None:
    """Wind from the west carries the cloud east: east is inside, west is not."""
    found = zone(incident("hazmat_leak"), RULES, Surroundings(wind_from_deg=270))
    assert found is not None
    per_metre = 1 / 90_160
    assert not staging_allowed((111.0 + 250 * per_metre, 36.0), [found])
    assert staging_allowed((111.0 - 250 * per_metre, 36.0), [found])


def test_run_out_goes_down_the_slope_by_the_angle_of_reach() -> None:
    """A 10,000 m3 slide that falls 100 m reaches 244 m: 100 · 10^(0.085 · 4 + 0.047)."""
    assert run_out_m(100, 10_000) == pytest.approx(243.8, abs=0.1)
    found = zone(incident("landslide"), RULES, Surroundings(downslope_deg=180, drop_m=100, volume_m3=10_000))
    assert found is not None
    assert not staging_allowed((111.0, 36.0 - 230 / 110_950), [found])
    assert staging_allowed((111.0, 36.0 + 230 / 110_950), [found])


def test_unknown_direction_invents_nothing() -> None:
    """Without wind the zone is the isolation circle, the same in every direction."""
    area = metres(zone(incident("hazmat_leak"), RULES)).area  # type: ignore[attr-defined]
    assert area == pytest.approx(3.1416 * 100**2, rel=0.01)


def test_types_without_a_zone_have_none() -> None:
    """A traffic jam or an earthquake closes no road by itself."""
    assert zones([incident("earthquake"), incident("strike"), incident("collapse", identity=2)], RULES) == (
        zone(incident("collapse", identity=2), RULES),
    )


@given(kind=st.sampled_from(["landslide", "collapse", "hazmat_leak"]), radius=st.integers(10, 2000))
@settings(max_examples=30, deadline=None)
def test_the_place_itself_is_never_a_staging_area(kind: str, radius: int) -> None:
    """Whatever the shape, the incident lies in its own zone."""
    found = zone(incident(kind, radius), RULES)
    assert found is not None
    assert found.geometry.contains(Point(111.0, 36.0))  # type: ignore[attr-defined]


def test_a_drawn_area_counts_within_its_window_only() -> None:
    """A blasting notice for tomorrow closes nothing today."""
    noon = datetime(2026, 3, 15, 12, tzinfo=UTC)
    later = HazardArea(
        id=7, geometry=box(111, 36, 112, 37), starts_at=noon, ends_at=noon + timedelta(hours=1)
    )
    open_ended = HazardArea(id=3, geometry=box(113, 36, 114, 37), incident=5, closes_roads=False)

    def standing(at: datetime) -> list[int | None]:
        return [zone.area for zone in drawn([later, open_ended], at)]

    assert standing(noon - timedelta(seconds=1)) == [3]
    assert standing(noon) == [3, 7]
    assert standing(noon + timedelta(hours=1)) == [3]
    assert len(barred(drawn([later, open_ended], noon))) == 1
