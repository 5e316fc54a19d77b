"""Named situations on the road: ends on one edge, dead ends, islands, zones, barriers, causes."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pytest
import shapely

from gis.network import Cause, Closure, RoadNetwork, VehicleProfile
from gis.profiles import walk_ms
from gis.travel import (
    Reach,
    Route,
    Unreachable,
    reachable,
    route,
    second_route,
    times_from,
    times_to,
    times_to_each,
    unreachable_cause,
)
from tests.gis.networks import STEP, Position, Road, World, at, chain, grid, whole_edges

CAR = VehicleProfile(speed_class="car")
HEAVY = VehicleProfile(speed_class="heavy", mass_kg=30_000)
MORNING = datetime(2026, 3, 16, 8, 0)  # noqa: DTZ001 - a clock face, a Monday


def one(
    network: RoadNetwork, source: Position, target: Position, profile: VehicleProfile = CAR, **overlay: object
) -> tuple[int, int, Reach]:
    """Return (road_ms, walk_ms, reach) of one journey, and check that the other direction of search agrees."""
    over = network.overlay(**overlay)  # type: ignore[arg-type]
    back = times_to(network, target, [source], profile, over)
    there = times_from(network, source, [target], profile, over)
    assert back.total_ms.tolist() == there.total_ms.tolist()
    return int(back.road_ms[0]), int(back.walk_ms[0]), Reach(int(back.reach[0]))


def edge_ms(world: World, edge_id: int = 1) -> int:
    road = world.road(edge_id)
    return round(world.length_m(road) * 3600 / road.speed_kmh)


def test_two_places_on_one_edge_take_the_part_between_them() -> None:
    """A search by nodes alone would drive to a crossing and back."""
    world = chain(1)
    network = world.build()
    ms = edge_ms(world)
    expected = ms * 7 // 10 - ms * 2 // 10
    assert one(network, world.place(1, 0.2), world.place(1, 0.7))[0] == expected
    assert one(network, world.place(1, 0.7), world.place(1, 0.2))[0] == pytest.approx(expected, abs=1)
    assert one(network, world.place(1, 0.7), world.place(1, 0.7)) == (0, 0, Reach.REACHED)


def test_backwards_on_a_one_way_edge_means_round_the_block() -> None:
    """The target is 1 km behind, but the way there is the whole loop."""
    loop = grid(2, 2)
    one_way = {1: 1, 4: 1, 2: -1, 3: -1}  # north, east, south, west
    roads = tuple(Road(edge_id=r.edge_id, u=r.u, v=r.v, oneway=one_way[r.edge_id]) for r in loop.roads)
    world = World(nodes=loop.nodes, roads=roads)
    whole = sum(edge_ms(world, road.edge_id) for road in roads)
    network = world.build()
    back, _, reach = one(network, world.place(1, 0.6), world.place(1, 0.4))
    ahead, _, _ = one(network, world.place(1, 0.4), world.place(1, 0.6))
    assert reach == Reach.REACHED
    assert back + ahead == whole


def test_a_one_way_dead_end_can_be_driven_into_but_not_left() -> None:
    """Help may go in; a base at its end has no way out and is not sent."""
    world = chain(2)
    world = World(nodes=world.nodes, roads=(world.roads[0], Road(edge_id=2, u=1, v=2, oneway=1)))
    network = world.build()
    assert one(network, at(0, 0), at(1.5, 0))[2] == Reach.REACHED
    trapped = one(network, at(1.5, 0), at(0, 0))
    assert trapped[2] == Reach.CUT_OFF  # only on foot, back to the road behind it
    assert trapped[1] > 0


def island_world() -> World:
    """A long road, and 300 m north of its middle a short one that joins nothing."""
    nodes = {0: at(0, 0), 1: at(2, 0), 2: at(0.99, 0.06), 3: at(1.01, 0.06)}
    return World(nodes=nodes, roads=(Road(edge_id=1, u=0, v=1), Road(edge_id=2, u=2, v=3)))


def test_an_island_does_not_capture_the_incident() -> None:
    """The nearest line on the map may be a stub that no vehicle reaches."""
    network = island_world().build()
    road, walk, reach = one(network, at(0, 0), at(1, 0.05))
    assert road > 0
    assert reach == Reach.REACHED
    assert walk == walk_ms(STEP * 0.05 * 110_950) or walk > 0


def test_an_island_does_not_capture_a_base_beside_the_road() -> None:
    """Within ISLAND_MARGIN_M of each other, the road that leads somewhere is the base's road."""
    network = island_world().build()
    found = times_to(network, at(2, 0), [at(1, 0.04)], CAR, network.overlay())
    assert found.reach[0] == Reach.REACHED
    assert found.walk_ms[0] == 0


def test_a_team_on_the_island_of_the_incident_drives_there() -> None:
    """An island is cut off from the rest, not from itself."""
    world = island_world()
    network = world.build()
    over = network.overlay()
    on_island = (world.place(2, 0.0)[0] - 0.02, world.place(2, 0.0)[1])
    found = times_to(network, world.place(2, 1.0), [world.place(2, 0.5), at(0, 0)], CAR, over)
    assert found.reach.tolist() == [Reach.REACHED, Reach.REACHED]
    assert found.walk_ms[1] > 0
    assert on_island[0] < world.place(2, 0.0)[0]


def test_vehicles_stop_at_the_rim_of_a_hazard_zone_and_people_walk_on() -> None:
    """Inside the zone no road is driven, whichever side help comes from; the road outside stays usable to the rim."""
    world = chain(4)
    network = world.build()
    zone = shapely.Point(at(2, 0)).buffer(0.01)
    over = network.overlay(zones=[zone])
    west, east = (route(network, at(x, 0), at(2, 0), CAR, over) for x in (0, 4))
    assert isinstance(west, Route)
    assert isinstance(east, Route)
    rim = west.geometry.coords[-1]
    assert not zone.buffer(-1e-7).intersects(west.geometry)
    assert rim[0] == pytest.approx(at(2, 0)[0] - 0.01, abs=1e-5)
    assert west.walk_ms == pytest.approx(walk_ms(901.0), rel=0.01)
    assert not zone.buffer(-1e-7).intersects(east.geometry)


def test_a_closed_point_leaves_the_road_usable_up_to_it() -> None:
    """A landslide lies at one place of a long edge: both sides of it can still be driven to."""
    world = chain(2)
    network = world.build()
    slide = Closure(id=9, geometry=shapely.Point(world.place(1, 0.5)))
    over = network.overlay([slide])
    before = times_to(network, world.place(1, 0.45), [at(0, 0)], CAR, over)
    assert before.reach[0] == Reach.REACHED
    assert before.walk_ms[0] == 0
    behind = times_to(network, world.place(1, 0.55), [at(0, 0), at(2, 0)], CAR, over)
    assert behind.reach.tolist() == [Reach.CUT_OFF, Reach.REACHED]
    assert behind.walk_ms[0] > 0
    assert behind.walk_ms[1] == 0


def test_the_cause_of_a_cut_is_named_and_opening_it_mends_it() -> None:
    """ "Unreachable by which closure" is the question at the desk."""
    world = chain(4)
    network = world.build()
    closures = [
        Closure(id=1, geometry=shapely.Point(world.place(2, 0.5))),
        Closure(id=2, geometry=shapely.Point(world.place(4, 0.5))),
        Closure(id=3, geometry=world.line(world.road(3)), factor_percent=300),
    ]
    over = network.overlay(closures)
    assert unreachable_cause(network, at(0, 0), at(3, 0), CAR, over) == (Cause("closure", 1),)
    assert unreachable_cause(network, at(0, 0), at(4, 0), CAR, over) == (
        Cause("closure", 1),
        Cause("closure", 2),
    )
    assert unreachable_cause(network, at(0, 0), at(1, 0), CAR, over) == ()
    mended = network.overlay([closure for closure in closures if closure.id != 1])
    assert times_to(network, at(3, 0), [at(0, 0)], CAR, mended).reach[0] == Reach.REACHED


def test_what_no_closure_bars_has_no_cause() -> None:
    """A limit of the vehicle is no closure: opening roads would not help."""
    world = chain(3, max_mass_kg=0)
    world = World(
        nodes=world.nodes,
        roads=(*world.roads[:1], Road(edge_id=2, u=1, v=2, max_mass_kg=8_000), world.roads[2]),
    )
    network = world.build()
    assert unreachable_cause(network, at(0, 0), at(3, 0), HEAVY, network.overlay()) == ()
    assert isinstance(route(network, at(0, 0), at(3, 0), CAR, network.overlay()), Route)


def test_a_closure_counts_only_within_its_time() -> None:
    """Planned works begin tonight: now the road is open."""
    world = chain(2)
    network = world.build()
    works = Closure(
        id=1,
        geometry=shapely.Point(world.place(1, 0.5)),
        starts_at=MORNING.replace(hour=9),
        ends_at=MORNING.replace(hour=17),
    )
    reached = {
        hour: one(network, at(0, 0), at(2, 0), closures_=[works], at=MORNING.replace(hour=hour))[2]
        for hour in (8, 9, 16, 17)
    }
    assert reached == {8: Reach.REACHED, 9: Reach.CUT_OFF, 16: Reach.CUT_OFF, 17: Reach.REACHED}


def test_conditional_access_follows_the_clock_and_names_what_it_cannot_read() -> None:
    """School streets close at times; a rule that is not understood is said, never guessed."""
    rules = [{"access": "foot", "hours": "Mo-Fr 07:00-09:00"}, {"access": "no", "hours": "PH sunset-sunrise"}]
    world = chain(3)
    world = World(
        nodes=world.nodes,
        roads=(world.roads[0], Road(edge_id=2, u=1, v=2, conditional=rules), world.roads[2]),
    )
    network = world.build()
    assert one(network, at(0, 0), at(3, 0), at=MORNING)[2] == Reach.CUT_OFF
    assert one(network, at(0, 0), at(3, 0), at=MORNING.replace(hour=9))[2] == Reach.REACHED
    assert (
        one(network, at(0, 0), at(3, 0), VehicleProfile(speed_class="foot"), at=MORNING)[2] == Reach.REACHED
    )
    assert [rule.edge_id for rule in network.unread_rules] == [2]
    over = network.overlay(at=MORNING)
    assert unreachable_cause(network, at(0, 0), at(3, 0), CAR, over) == (Cause("rule", 2),)


def test_an_edge_that_opens_at_times_is_used_then() -> None:
    """A private works road may be open to traffic at night."""
    world = chain(1, access="no", conditional=[{"access": "yes", "hours": "22:00-06:00"}])
    world = World(nodes={**world.nodes, 2: at(1, 1)}, roads=(*world.roads, Road(edge_id=2, u=1, v=2)))
    network = world.build()
    night, day = MORNING.replace(hour=23), MORNING
    assert one(network, at(1, 1), at(0.3, 0), at=night)[1] == 0
    assert one(network, at(1, 1), at(0.3, 0), at=day)[1] > 0


def test_hours_of_the_day_slow_a_class_by_its_percentage() -> None:
    """Coal trucks fill the trunk road in the morning."""
    world = chain(1, road_class="primary")
    network = world.build()
    factors = {"primary": [100] * 8 + [250] + [100] * 15}
    free, _, _ = one(network, at(0, 0), at(1, 0), at=MORNING.replace(hour=7), hour_factors=factors)
    peak, _, _ = one(network, at(0, 0), at(1, 0), at=MORNING, hour_factors=factors)
    assert peak == free * 250 // 100


def test_a_base_far_from_any_road_has_none() -> None:
    """A vehicle does not cross two kilometres of country."""
    network = chain(1).build()
    assert one(network, at(0.5, 0.5), at(1, 0))[2] == Reach.NO_ROAD_AT_SOURCE


def test_a_place_far_from_any_road_cannot_be_reached() -> None:
    """More than ten kilometres on foot is another kind of operation."""
    network = chain(1).build()
    assert one(network, at(0, 0), at(0.5, 2.5))[2] == Reach.NO_ROAD_AT_TARGET


def test_access_and_walk_are_counted() -> None:
    """Both ends off the road cost time on foot: the base's end as road time, the incident's as walk."""
    world = chain(1)
    network = world.build()
    on_road, _, _ = one(network, world.place(1, 0.3), world.place(1, 0.7))
    lon, lat = world.place(1, 0.3)
    far_lon, far_lat = world.place(1, 0.7)
    road, walk, _ = one(network, (lon, lat + 0.001), (far_lon, far_lat + 0.002))
    assert road - on_road == pytest.approx(walk_ms(110.95), rel=0.01)
    assert walk == pytest.approx(2 * (road - on_road), rel=0.01)


def test_a_second_route_is_found_round_the_block_and_none_on_a_single_road() -> None:
    """A commander asks for it first when a bridge is in doubt."""
    block = grid(2, 2).build()
    first = route(block, at(0, 0), at(1, 1), CAR, block.overlay())
    assert isinstance(first, Route)
    second = second_route(block, first, CAR, block.overlay())
    assert second is not None
    assert not {part.edge_id for part in first.parts} & {part.edge_id for part in second.parts}
    line = chain(3).build()
    only = route(line, at(0, 0), at(3, 0), CAR, line.overlay())
    assert isinstance(only, Route)
    assert second_route(line, only, CAR, line.overlay()) is None


def test_reachable_road_ends_where_the_time_is_up_and_is_no_hull() -> None:
    """A hull would paint the valley between two roads as reached."""
    world = grid(3, 3)
    network = world.build()
    within = edge_ms(world, 1) * 3 // 2
    found = reachable(network, at(0, 0), CAR, network.overlay(), within_ms=within)
    assert found.lines.length > 0
    area = found.area()
    assert area.covers(shapely.Point(at(1, 0.2)))
    assert not area.covers(shapely.Point(at(0.5, 0.5)))
    for edge, start, end in zip(found.edge_ids, found.start, found.end, strict=True):
        for place in (start, end):
            times = times_to(network, world.place(int(edge), place / 1e6), [at(0, 0)], CAR, network.overlay())
            assert times.road_ms[0] <= within + 1


def test_reachable_towards_a_place_on_a_one_way_is_what_leads_there() -> None:
    """Who can come here, and where can one go from here, are different questions."""
    world = chain(2, oneway=1)
    network = world.build()
    over = network.overlay()
    ahead = reachable(network, at(1, 0), CAR, over, within_ms=10_000_000)
    behind = reachable(network, at(1, 0), CAR, over, within_ms=10_000_000, towards=True)
    assert ahead.edge_ids.tolist() == [2]
    assert behind.edge_ids.tolist() == [1]


def test_an_area_closes_what_touches_it_and_a_line_what_it_crosses() -> None:
    """A line along one road leaves the roads that join it open."""
    world = grid(3, 3)
    network = world.build()
    along = network.overlay([Closure(id=1, geometry=world.line(world.road(1)))])
    assert [int(network.edge_ids[edge]) for edge in along.entries] == [1]
    across = shapely.LineString([at(0.5, -0.5), at(0.5, 2.5)])
    crossed = {int(network.edge_ids[e]) for e in network.overlay([Closure(id=1, geometry=across)]).entries}
    middle = {r.edge_id for r in world.roads if world.line(r).intersects(across)}
    assert crossed == middle
    area = shapely.Point(at(1, 1)).buffer(STEP / 4)
    touched = {int(network.edge_ids[e]) for e in network.overlay([Closure(id=1, geometry=area)]).entries}
    assert touched == {r.edge_id for r in world.roads if world.line(r).intersects(area)}


def test_overlays_never_touch_the_network() -> None:
    """Arrays are shared between threads and worlds: read-only means read-only."""
    network = chain(2).build()
    of = network.classify(CAR)
    before = network.weights(of).copy()
    times_to(
        network, at(2, 0), [at(0, 0)], CAR, network.overlay(zones=[shapely.Point(at(1, 0)).buffer(0.01)])
    )
    assert np.array_equal(network.weights(of), before)
    for array in (
        network.tail,
        network.head,
        network.weights(of),
        network.shapes.grid.xy,
        network.drive.in_links,
    ):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_a_position_that_is_no_number_is_refused() -> None:
    """NaN would snap to nothing and come back as a reason that is not true."""
    network = chain(1).build()
    with pytest.raises(ValueError, match="finite"):
        times_to_each(network, [(float("nan"), 36.0)], [at(0, 0)], CAR, network.overlay())


def test_no_source_is_an_empty_answer() -> None:
    """A county with no team of a kind asks for nobody's time."""
    network = chain(1).build()
    assert len(times_to(network, at(0, 0), [], CAR, network.overlay()).road_ms) == 0
    assert isinstance(route(network, at(0.5, 0.9), at(1, 0), CAR, network.overlay()), Unreachable)


@pytest.mark.parametrize(
    ("limit", "small", "large"),
    [
        ({"max_mass_kg": 10_000}, {"mass_kg": 10_000}, {"mass_kg": 10_001}),
        ({"max_height_cm": 350}, {"height_cm": 350}, {"height_cm": 351}),
        ({"max_width_cm": 250}, {"width_cm": 250}, {"width_cm": 251}),
        ({"four_wheel_drive_only": True}, {"four_wheel_drive": True}, {"four_wheel_drive": False}),
    ],
    ids=["mass", "height", "width", "track for 4×4 only"],
)
def test_each_limit_sends_what_breaks_it_round_the_block(
    limit: dict[str, Any], small: dict[str, Any], large: dict[str, Any]
) -> None:
    """Exactly at the sign a vehicle may pass; one unit more takes the long way, and none where that is closed."""
    block = grid(2, 2)
    short = next(road for road in block.roads if (road.u, road.v) == (0, 1))
    roads = tuple(replace(road, **limit) if road is short else road for road in block.roads)
    network = World(nodes=block.nodes, roads=roads).build()
    fits, breaks = (VehicleProfile(speed_class="truck", **size) for size in (small, large))
    over = network.overlay()
    direct = route(network, at(0, 0), at(0, 1), fits, over)
    round_the_block = route(network, at(0, 0), at(0, 1), breaks, over)
    assert isinstance(direct, Route)
    assert isinstance(round_the_block, Route)
    assert [part.edge_id for part in direct.parts] == [short.edge_id]
    assert {part.edge_id for part in round_the_block.parts} == {r.edge_id for r in roads} - {short.edge_id}
    far_side = next(road for road in roads if (road.u, road.v) == (2, 3))
    cut = network.overlay([Closure(id=1, geometry=block.line(far_side))])
    assert times_to(network, at(0, 1), [at(0, 0)], fits, cut).walk_ms[0] == 0
    assert times_to(network, at(0, 1), [at(0, 0)], breaks, cut).walk_ms[0] > 0


def test_places_that_were_brought_to_the_road_are_remembered_and_yet_right() -> None:
    """A base whose own road is closed, slowed or opened again must not be answered from memory."""
    world = chain(3)
    network = world.build()
    base, target = world.place(1, 0.3), world.place(3, 0.5)
    expected = {}
    for name, closures in {
        "open": [],
        "slow": whole_edges(world, [1], 300),
        "closed": whole_edges(world, [1], None),
        "elsewhere": whole_edges(world, [2], 200),
    }.items():
        fresh = world.build()
        expected[name] = closures, times_to(fresh, target, [base], CAR, fresh.overlay(closures)).total_ms[0]
    for name in ("open", "slow", "open", "closed", "elsewhere", "closed", "open"):
        closures, total = expected[name]
        assert times_to(network, target, [base], CAR, network.overlay(closures)).total_ms[0] == total, name
    assert len({int(total) for _, total in expected.values()}) == len(expected)
