"""Laws of travel times on random networks: equal to networkx to the millisecond, whatever the rules of the road."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gis.network import VehicleProfile
from gis.travel import (
    Reach,
    Route,
    RoutePart,
    route,
    routes_to,
    second_route,
    times_from,
    times_to,
    times_to_each,
)
from tests.gis import oracle
from tests.gis.networks import CLASSES, World, places, profiles, whole_edges, worlds

NOON = datetime(2026, 3, 15, 12, 0)  # noqa: DTZ001 - a clock face, not a moment
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def usable(world: World, profile: VehicleProfile, place: tuple[int, float]) -> bool:
    """Return whether the edge of a place can be driven at all, so that the place is on the road and not beside it."""
    road = world.road(place[0])
    return any(oracle.arc_ms(world, road, profile, forward=forward) is not None for forward in (True, False))


Journey = tuple[World, VehicleProfile, list[tuple[int, float]], tuple[int, float]]


@st.composite
def journeys(draw: st.DrawFn) -> Journey:
    """A world, a vehicle, places to start from and one to go to, all on roads that the vehicle may use."""
    world, profile = draw(worlds()), draw(profiles)
    starts = draw(st.lists(places(world), min_size=1, max_size=4))
    target = draw(places(world))
    starts = [place for place in starts if usable(world, profile, place)]
    assume(starts and usable(world, profile, target))
    return world, profile, starts, target


def at(world: World, some: Sequence[tuple[int, float]]) -> list[tuple[float, float]]:
    return [world.place(*place) for place in some]


@quick
@given(journeys(), st.data())
def test_times_equal_networkx_to_the_millisecond(journey: Journey, data: st.DataObject) -> None:
    """Every rule at once: limits, one-ways, accesses, tracks, banned turns, closures, slow-downs and the hour."""
    world, profile, starts, target = journey
    ids = [road.edge_id for road in world.roads]
    ends = {place[0] for place in (*starts, target)}
    closed = [edge for edge in data.draw(st.lists(st.sampled_from(ids), max_size=3)) if edge not in ends]
    slow = {
        edge: data.draw(st.sampled_from([100, 150, 333]))
        for edge in data.draw(st.lists(st.sampled_from(ids), max_size=3))
    }
    hour = {name: data.draw(st.sampled_from([100, 130, 250])) for name in CLASSES}
    closures = whole_edges(world, closed, None)
    for edge, factor in slow.items():
        closures += whole_edges(world, [edge], factor)
    network = world.build()
    overlay = network.overlay(
        closures, at=NOON, hour_factors={name: [percent] * 24 for name, percent in hour.items()}
    )
    found = times_to(network, world.place(*target), at(world, starts), profile, overlay)
    for i, start in enumerate(starts):
        expected = oracle.times(world, profile, start, target, closed=closed, slow=slow, hour=hour)
        if expected is None:
            assert found.road_ms[i] < 0 or found.walk_ms[i] > 0
        else:
            assert (found.road_ms[i], found.walk_ms[i], found.reach[i]) == (expected, 0, Reach.REACHED)


@quick
@given(journeys())
def test_forwards_and_backwards_agree(journey: Journey) -> None:
    """The search from a source and the search from a target are two ways to one answer."""
    world, profile, starts, target = journey
    network = world.build()
    overlay = network.overlay()
    back = times_to(network, world.place(*target), at(world, starts), profile, overlay)
    for i, start in enumerate(at(world, starts)):
        there = times_from(network, start, [world.place(*target)], profile, overlay)
        assert there.total_ms[0] == back.total_ms[i]
        assert (there.reach[0] in {Reach.REACHED, Reach.CUT_OFF}) == (
            back.reach[i] in {Reach.REACHED, Reach.CUT_OFF}
        )


@quick
@given(journeys())
def test_many_at_once_are_the_same_as_one_by_one(journey: Journey) -> None:
    """Stopping for all together must not change the answer of any."""
    world, profile, starts, target = journey
    network = world.build()
    overlay = network.overlay()
    targets = [world.place(*target), world.place(*starts[0])]
    for place, together in zip(
        targets, times_to_each(network, targets, at(world, starts), profile, overlay), strict=True
    ):
        alone = [times_to(network, place, [start], profile, overlay) for start in at(world, starts)]
        assert together.road_ms.tolist() == [int(times.road_ms[0]) for times in alone]
        assert together.walk_ms.tolist() == [int(times.walk_ms[0]) for times in alone]


@quick
@given(journeys())
def test_a_route_takes_the_sum_of_its_parts_and_what_times_say(journey: Journey) -> None:
    """A commander adds up the legs on the screen: they must give the time that chose the unit."""
    world, profile, starts, target = journey
    network = world.build()
    overlay = network.overlay()
    times = times_to(network, world.place(*target), at(world, starts), profile, overlay)
    ways = routes_to(network, world.place(*target), at(world, starts), profile, overlay)
    for i, way in enumerate(ways):
        if not isinstance(way, Route):
            assert times.road_ms[i] == -1
            assert way.reach == times.reach[i]
            continue
        assert way.road_ms == way.access_ms + sum(part.ms for part in way.parts) == times.road_ms[i]
        assert way.walk_ms == times.walk_ms[i]
        assert way.length_m >= 0
        assert way.geometry.is_valid or way.geometry.length == 0
        for part, following in zip(way.parts, way.parts[1:], strict=False):
            assert _end_node(world, part) == _start_node(world, following)


def _end_node(world: World, part: RoutePart) -> int:
    road = world.road(part.edge_id)
    return road.v if part.forward else road.u


def _start_node(world: World, part: RoutePart) -> int:
    road = world.road(part.edge_id)
    return road.u if part.forward else road.v


@quick
@given(journeys())
def test_no_route_breaks_a_rule(journey: Journey) -> None:
    """A heavy vehicle on a limited bridge is the one mistake that costs lives on the way."""
    world, profile, starts, target = journey
    network = world.build()
    for start in at(world, starts):
        way = route(network, start, world.place(*target), profile, network.overlay())
        if not isinstance(way, Route):
            continue
        for part in way.parts:
            assert oracle.arc_ms(world, world.road(part.edge_id), profile, forward=part.forward) is not None
        driven = tuple((part.edge_id, part.forward) for part in way.parts)
        if profile.speed_class != "foot":
            assert not any(
                driven[i : i + len(ban)] == ban
                for ban in world.bans
                for i in range(len(driven) - len(ban) + 1)
            )


@quick
@given(journeys(), st.data())
def test_closing_never_shortens_and_opening_restores(journey: Journey, data: st.DataObject) -> None:
    """One network serves many overlays in turn: nothing of an earlier one may stay behind."""
    world, profile, starts, target = journey
    network = world.build()
    ids = [road.edge_id for road in world.roads]
    closures = [
        closure
        for edge in data.draw(st.lists(st.sampled_from(ids), min_size=1, max_size=4))
        for closure in whole_edges(world, [edge], data.draw(st.sampled_from([None, 100, 250])))
    ]
    place, points = world.place(*target), at(world, starts)
    before = times_to(network, place, points, profile, network.overlay())
    during = times_to(network, place, points, profile, network.overlay(closures))
    after = times_to(network, place, points, profile, network.overlay())
    comparable = (
        (before.reach == Reach.REACHED) & (during.reach == Reach.REACHED) & (during.walk_ms == before.walk_ms)
    )
    assert np.all(during.road_ms[comparable] >= before.road_ms[comparable])
    assert after.road_ms.tolist() == before.road_ms.tolist()
    assert after.walk_ms.tolist() == before.walk_ms.tolist()


@quick
@given(journeys(), st.integers(1, 4_000_000))
def test_a_limit_cuts_off_exactly_what_takes_longer(journey: Journey, within_ms: int) -> None:
    """A bounded search is only a cheaper one: what it finds is the same, what it leaves out is later."""
    world, profile, starts, target = journey
    network = world.build()
    place, points = world.place(*target), at(world, starts)
    whole = times_to(network, place, points, profile, network.overlay())
    bounded = times_to(network, place, points, profile, network.overlay(), within_ms=within_ms)
    for i, total in enumerate(whole.total_ms):
        if 0 <= total <= within_ms and whole.reach[i] == Reach.REACHED:
            assert bounded.total_ms[i] == total
        else:
            assert bounded.total_ms[i] in {-1, total}
            assert bounded.total_ms[i] <= within_ms


@quick
@given(journeys())
def test_a_second_route_shares_no_stretch_and_is_no_faster(journey: Journey) -> None:
    """If any edge of the first is lost, the second still holds."""
    world, profile, starts, target = journey
    network = world.build()
    for start in at(world, starts):
        first = route(network, start, world.place(*target), profile, network.overlay())
        if not isinstance(first, Route):
            continue
        second = second_route(network, first, profile, network.overlay())
        if second is None:
            continue
        assert second.road_ms >= first.road_ms
        assert second.road_ms == second.access_ms + sum(part.ms for part in second.parts)
        for one in first.parts:
            for other in second.parts:
                if one.edge_id == other.edge_id:
                    low = max(min(one.start, one.end), min(other.start, other.end))
                    assert low >= min(max(one.start, one.end), max(other.start, other.end))
