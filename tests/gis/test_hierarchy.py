"""Far answers on very large networks are the plain search's own, to the millisecond."""

from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.bench.networks import generated
from gis import hierarchy, journeys
from gis.network import Closure, RoadNetwork, VehicleProfile
from gis.travel import Reach, Route, routes_to, times_to
from tests.gis.networks import World, worlds

CAR = VehicleProfile(speed_class="car")
HEAVY = VehicleProfile(speed_class="heavy", mass_kg=20_000)


pytestmark = pytest.mark.skipif(
    not hierarchy.AVAILABLE, reason="pyroutingkit has no build for this processor"
)


@pytest.fixture(autouse=True)
def ask_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the hierarchy answer everything, near or far."""
    monkeypatch.setattr(journeys, "NEAR_STATES", 0)


@pytest.fixture(scope="module")
def pair() -> tuple[RoadNetwork, RoadNetwork]:
    """One network twice: plain, and with a hierarchy."""
    plain, prepared = generated(2_500), generated(2_500)
    prepared.prepare_for_far()
    return plain, prepared


@pytest.mark.parametrize("profile", [CAR, HEAVY], ids=["car", "heavy"])
def test_far_times_and_routes_equal_the_search(
    pair: tuple[RoadNetwork, RoadNetwork], profile: VehicleProfile
) -> None:
    """Under changing closures, which the hierarchy takes in and out again."""
    plain, prepared = pair
    draw = np.random.default_rng(5)
    for _ in range(12):
        some = plain.node_lonlat[draw.integers(0, plain.node_count, 9)]
        closures = [
            Closure(id=i, geometry=shapely.Point(*some[i]).buffer(0.003), factor_percent=factor)
            for i, factor in ((6, None), (7, 300))
        ]
        closed = closures[: int(draw.integers(0, 3))]
        expected = times_to(plain, some[8], some[:6], profile, plain.overlay(closed))
        found = times_to(prepared, some[8], some[:6], profile, prepared.overlay(closed))
        assert found.road_ms.tolist() == expected.road_ms.tolist()
        assert found.walk_ms.tolist() == expected.walk_ms.tolist()
        assert found.reach.tolist() == expected.reach.tolist()
        for i, way in enumerate(routes_to(prepared, some[8], some[:6], profile, prepared.overlay(closed))):
            if isinstance(way, Route):
                assert (
                    way.road_ms == way.access_ms + sum(part.ms for part in way.parts) == expected.road_ms[i]
                )
                ends = [part.edge_id for part in way.parts]
                assert way.geometry.is_valid or len(ends) == 0
            else:
                assert expected.reach[i] not in {Reach.REACHED, Reach.CUT_OFF}


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(worlds(), st.data())
def test_turn_restrictions_and_rules_hold_in_it(world: World, data: st.DataObject) -> None:
    """The hierarchy is built over the states, not the nodes: a banned turn stays banned."""
    plain, prepared = world.build(), world.build()
    prepared.prepare_for_far()
    places = [world.place(data.draw(st.sampled_from(world.roads)).edge_id, 0.4) for _ in range(4)]
    for profile in (CAR, HEAVY):
        expected = times_to(plain, places[0], places[1:], profile, plain.overlay())
        found = times_to(prepared, places[0], places[1:], profile, prepared.overlay())
        assert found.road_ms.tolist() == expected.road_ms.tolist()
        assert found.walk_ms.tolist() == expected.walk_ms.tolist()


def test_the_order_is_kept_and_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute of work is done once for a network, not at each start; a file cut short is not believed."""
    first, again = generated(900), generated(900)
    first.prepare_for_far(tmp_path)
    (kept,) = tmp_path.iterdir()
    with monkeypatch.context() as barred:
        barred.setattr(hierarchy, "_contracted", lambda *_: pytest.fail("contracted anew"))
        again.prepare_for_far(tmp_path)
    places = first.node_lonlat[::90]
    expected = times_to(first, places[0], places[1:], CAR, first.overlay())
    found = times_to(again, places[0], places[1:], CAR, again.overlay())
    assert found.road_ms.tolist() == expected.road_ms.tolist()
    (kept / "order").write_bytes(b"")
    mended = generated(900)
    mended.prepare_for_far(tmp_path)
    assert mended.knows_far


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the library has no build, nobody is told that far questions are quick."""
    monkeypatch.setattr(hierarchy, "AVAILABLE", False)
    network = generated(100)
    with pytest.raises(ModuleNotFoundError) as missing:
        network.prepare_for_far()
    assert missing.value.name == "pyroutingkit"
    assert not network.knows_far
