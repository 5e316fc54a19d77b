"""Who comes to a place and when, and how people get from where they live or are in danger to their shelter.

A sheet hangs on its wall for a year: roads are taken as they were built, without the closures and hours of the day.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from shapely.geometry import LineString

from gis import areas
from gis.holdings import LandKey, Position, Thing
from gis.network import RoadNetwork, VehicleProfile
from gis.travel import Route, routes_to, times_from, times_to_each

Key = tuple[str, str]
"""A thing's layer and code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Somebody who comes: the time to get ready, on the road, and on foot from the road's end. Whole milliseconds."""

    thing: Thing
    ready_ms: int
    road_ms: int
    walk_ms: int

    @property
    def total_ms(self) -> int:
        """From the call until they are there."""
        return self.ready_ms + self.road_ms + self.walk_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The fastest way from one thing to another or to a place: `line` goes along the roads and on foot to its end."""

    source: Thing
    target: Thing | None
    road_ms: int
    walk_ms: int
    length_m: float
    line: LineString

    @property
    def total_ms(self) -> int:
        """Road and walk."""
        return self.road_ms + self.walk_ms


def arrivals(
    network: RoadNetwork, places: Mapping[LandKey, Position], things: Iterable[Thing]
) -> dict[LandKey, tuple[Arrival, ...]]:
    """Tell for each place who comes there, the first first; who cannot reach it by road is left out."""
    found: dict[LandKey, list[Arrival]] = {code: [] for code in places}
    by_profile: dict[VehicleProfile, list[Thing]] = {}
    for thing in things:
        if thing.profile is not None and thing.ready_ms is not None:
            by_profile.setdefault(thing.profile, []).append(thing)
    targets = np.array([*places.values()], dtype=np.float64).reshape(-1, 2)
    for profile, coming in by_profile.items() if len(targets) else ():
        sources = [thing.position for thing in coming]
        each = times_to_each(network, targets, sources, profile, network.overlay())
        for code, times in zip(places, each, strict=True):
            found[code] += [
                Arrival(
                    thing=thing,
                    ready_ms=thing.ready_ms or 0,
                    road_ms=int(times.road_ms[i]),
                    walk_ms=int(times.walk_ms[i]),
                )
                for i, thing in enumerate(coming)
                if times.road_ms[i] >= 0
            ]
    return {
        code: tuple(sorted(coming, key=lambda one: (one.total_ms, one.thing.layer, one.thing.code)))
        for code, coming in found.items()
    }


def ways_in(network: RoadNetwork, place: Position, coming: Sequence[Arrival]) -> tuple[Way, ...]:
    """Return the ways of some who come to a place, in their order."""
    found: dict[Key, Way] = {}
    for profile in {one.thing.profile for one in coming} - {None}:
        same = [one.thing for one in coming if one.thing.profile == profile]
        assert profile is not None  # noqa: S101  # for the type: None was taken out above
        for thing, route in _routes(network, place, same, profile):
            found[thing.layer, thing.code] = _way(thing, None, route)
    return tuple(found[one.thing.layer, one.thing.code] for one in coming if _key(one.thing) in found)


def ways_to_shelters(
    network: RoadNetwork, sources: Sequence[Thing], shelters: Sequence[Thing], profile: VehicleProfile
) -> dict[Key, Way]:
    """Return the way from each source to its shelter: the one that it names (field `shelter`), else the nearest in time.

    Nearest is asked among the shelters of its own village where there are any. A source that reaches none is left out.
    """
    by_code = {shelter.code: shelter for shelter in shelters}
    going: dict[str, list[Thing]] = {}
    for source in sources:
        named = by_code.get(str(source.fields.get("shelter") or ""))
        shelter = named or _nearest(network, source, shelters, profile)
        if shelter is not None:
            going.setdefault(shelter.code, []).append(source)
    found = {}
    for code, coming in going.items():
        shelter = by_code[code]
        for source, route in _routes(network, shelter.position, coming, profile):
            found[_key(source)] = _way(source, shelter, route)
    return found


def _nearest(
    network: RoadNetwork, source: Thing, shelters: Sequence[Thing], profile: VehicleProfile
) -> Thing | None:
    own = [
        one
        for one in shelters
        if source.area and one.area and areas.level(source.area) == "village" and one.area == source.area
    ]
    candidates = own or shelters
    if len(candidates) <= 1:
        return next(iter(candidates), None)
    times = times_from(
        network, source.position, [one.position for one in candidates], profile, network.overlay()
    )
    reached = [
        (int(total), one.code, one)
        for total, one in zip(times.total_ms, candidates, strict=True)
        if total >= 0
    ]
    return min(reached)[2] if reached else None


def _routes(
    network: RoadNetwork, place: Position, sources: Sequence[Thing], profile: VehicleProfile
) -> Iterable[tuple[Thing, Route]]:
    found = routes_to(network, place, [one.position for one in sources], profile, network.overlay())
    return ((thing, one) for thing, one in zip(sources, found, strict=True) if isinstance(one, Route))


def _way(source: Thing, target: Thing | None, route: Route) -> Way:
    return Way(
        source=source,
        target=target,
        road_ms=route.road_ms,
        walk_ms=route.walk_ms,
        length_m=route.length_m,
        line=LineString([source.position, *route.geometry.coords, *list(route.walk.coords)[1:]]),
    )


def _key(thing: Thing) -> Key:
    return thing.layer, thing.code
