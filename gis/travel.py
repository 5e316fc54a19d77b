"""Travel times to and from a place, routes, a second route, reachable area. Exact to the millisecond.

A journey has up to three parts: from a base to the nearest road (on foot, counted as road time), along the road, and from
the last usable road on foot to the place itself. Searches start at the incident and stop when what is asked is settled.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

import numpy as np
import shapely
from shapely.geometry import LineString, MultiLineString, MultiPolygon, Polygon

from gis import snapping
from gis.backwards import Starts
from gis.closures import Cause, Overlay
from gis.crs import metres_crs, to_degrees, to_metres
from gis.journeys import (
    MAX_ACCESS_M,
    MAX_WALK_M,
    Anchors,
    Floats,
    Found,
    Int32s,
    Int64s,
    Piece,
    Reach,
    Ride,
    Roads,
    TravelTimes,
    approach,
    depart,
    lend_roads,
)
from gis.network import RoadNetwork
from gis.profiles import BARRED, VehicleProfile
from gis.shapes import MILLION
from gis.snapping import NOWHERE

__all__ = [
    "Reach",
    "Reachable",
    "Route",
    "RoutePart",
    "TravelTimes",
    "Unreachable",
    "reachable",
    "route",
    "routes_to",
    "second_route",
    "times_from",
    "times_to",
    "times_to_each",
    "unreachable_cause",
]

Position = tuple[float, float]
Positions = Sequence[Position] | Floats

DEFAULT_BESIDE_M: Final = 100.0  # how far beside the road the ground counts as reached
_BARRIER_MS: Final = 100_000_000  # more than any journey: a way with fewer barriers always wins


@dataclass(frozen=True, slots=True)
class RoutePart:
    """A drive along one edge, between two places counted in millionths from its first position."""

    edge_id: int
    forward: bool
    start: int
    end: int
    ms: int
    length_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A journey along the road: road_ms = access_ms + the sum of its parts.

    start and end: where it enters and leaves the road, as (edge id, millionths along it).
    geometry is the road driven, walk the way on foot from its end to the target.
    """

    road_ms: int
    walk_ms: int
    access_ms: int
    reach: Reach
    parts: tuple[RoutePart, ...]
    start: tuple[int, int]
    end: tuple[int, int]
    geometry: LineString
    walk: LineString

    @property
    def length_m(self) -> float:
        return sum(part.length_m for part in self.parts)


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No route, and why."""

    reach: Reach


def times_to(
    network: RoadNetwork,
    target: Position,
    sources: Positions,
    profile: VehicleProfile,
    overlay: Overlay,
    *,
    within_ms: int | None = None,
) -> TravelTimes:
    """Return the times from N sources to one target; within_ms bounds road and walk together."""
    return times_to_each(network, [target], sources, profile, overlay, within_ms=within_ms)[0]


def times_to_each(
    network: RoadNetwork,
    targets: Positions,
    sources: Positions,
    profile: VehicleProfile,
    overlay: Overlay,
    *,
    within_ms: int | None = None,
) -> tuple[TravelTimes, ...]:
    """Return `times_to` for each of several targets; the sources are brought to the road only once."""
    points = _points(sources)
    with lend_roads(network, profile, overlay) as roads:
        starts = roads.starts(points)
        return tuple(
            approach(roads, point, starts, within_ms, trace=False).times for point in _points(targets)
        )


def times_from(
    network: RoadNetwork,
    source: Position,
    targets: Positions,
    profile: VehicleProfile,
    overlay: Overlay,
    *,
    within_ms: int | None = None,
) -> TravelTimes:
    """Return the times from one source to N targets; within_ms bounds road and walk together."""
    with lend_roads(network, profile, overlay) as roads:
        start = roads.snap(_points([source]), snapping.LEAVE, MAX_ACCESS_M)
        return depart(roads, start, _points(targets), within_ms, trace=False).times


def route(
    network: RoadNetwork, source: Position, target: Position, profile: VehicleProfile, overlay: Overlay
) -> Route | Unreachable:
    """Return the fastest route; its times are those of `times_to`, to the millisecond."""
    return routes_to(network, target, [source], profile, overlay)[0]


def routes_to(
    network: RoadNetwork, target: Position, sources: Positions, profile: VehicleProfile, overlay: Overlay
) -> tuple[Route | Unreachable, ...]:
    """Return the fastest routes from N sources to one target, all from one search."""
    with lend_roads(network, profile, overlay) as roads:
        starts = roads.starts(_points(sources))
        found = approach(roads, _points([target])[0], starts, None, trace=True)
        return tuple(_route(roads, found, i, starts, target) for i in range(len(starts.edges)))


def _points(positions: Positions) -> Floats:
    points = np.asarray(positions, dtype=np.float64).reshape(-1, 2)
    if not np.isfinite(points).all():
        raise ValueError("a position has two finite coordinates")
    return points


def _route(roads: Roads, found: Found, i: int, starts: Starts, target: Position) -> Route | Unreachable:
    ride, reach = found.rides[i], Reach(int(found.times.reach[i]))
    if ride is None:
        return Unreachable(reach)
    access, walk = int(starts.access_ms[i]), int(found.times.walk_ms[i])
    return _as_route(roads.network, ride, target, access=access, walk=walk, reach=reach)


def _as_route(
    network: RoadNetwork, ride: Ride, target: Position, *, access: int, walk: int, reach: Reach
) -> Route:
    line = _line(network, ride)
    return Route(
        road_ms=access + ride.ms,
        walk_ms=walk,
        access_ms=access,
        reach=reach,
        parts=tuple(_part(network, piece) for piece in ride.pieces),
        start=(int(network.edge_ids[ride.start[0]]), ride.start[1]),
        end=(int(network.edge_ids[ride.end[0]]), ride.end[1]),
        geometry=line,
        walk=LineString([line.coords[-1], target]),
    )


def _part(network: RoadNetwork, piece: Piece) -> RoutePart:
    edge = piece.arc // 2
    share = abs(piece.end - piece.start) / MILLION
    return RoutePart(
        edge_id=int(network.edge_ids[edge]),
        forward=piece.arc % 2 == 0,
        start=piece.start,
        end=piece.end,
        ms=piece.ms,
        length_m=float(network.rules.length_m[edge]) * share,
    )


def _line(network: RoadNetwork, ride: Ride) -> LineString:
    """Return the road driven as one line, without repeated positions; a stop in place is a line of two equal positions."""
    if not ride.pieces:
        return LineString(network.shapes.cut(ride.start[0], ride.start[1], ride.start[1]))
    xy = np.concatenate([network.shapes.cut(piece.arc // 2, piece.start, piece.end) for piece in ride.pieces])
    moved = np.concatenate([[True], np.any(np.diff(xy, axis=0) != 0, axis=1)])
    return LineString(xy[moved] if moved.sum() > 1 else xy[:2])


def second_route(
    network: RoadNetwork, first: Route, profile: VehicleProfile, overlay: Overlay
) -> Route | None:
    """Return the fastest route between the ends of another that shares no stretch of road with it; None where there is none.

    Not the pair with the least sum (Suurballe): the first is the one that is driven, and the second must hold
    when any edge of the first is lost. An edge counts as shared in either direction; of the edges at both ends the part that
    the first does not use is free.
    """
    if not first.parts:
        return None
    edges = network.places_of([part.edge_id for part in first.parts])
    backward = np.array([not part.forward for part in first.parts], dtype=np.int32)
    with lend_roads(network, profile, overlay) as roads:
        start, end = (
            Anchors.at(network.places_of([edge])[0], place) for edge, place in (first.start, first.end)
        )
        ways_out = roads.ways_out(start).without(2 * edges + backward)
        ways_in = roads.ways_in(end).without(2 * edges + backward)
        with roads.reweighted(np.concatenate([2 * edges, 2 * edges + 1]), BARRED):
            ride = roads.drive(start, ways_out, ways_in, end)
    if ride is None:
        return None
    lon, lat = first.walk.coords[-1]
    return _as_route(network, ride, (lon, lat), access=first.access_ms, walk=first.walk_ms, reach=first.reach)


def unreachable_cause(
    network: RoadNetwork, source: Position, target: Position, profile: VehicleProfile, overlay: Overlay
) -> tuple[Cause, ...]:
    """Return what must be opened so that the target's nearest road can be reached, in the order met from the source.

    The way with the fewest barred edges, then the fastest, is looked for; its causes are returned. Empty when nothing bars the
    way, or when there is none even with everything open: then the vehicle's limits or the network itself are the reason.
    """
    bare = network.overlay()
    with lend_roads(network, profile, bare) as roads:
        start = roads.snap(_points([source]), snapping.LEAVE, MAX_ACCESS_M)
        end = roads.snap(_points([target]), snapping.ENTER, MAX_WALK_M)
    if start.edges[0] == NOWHERE or end.edges[0] == NOWHERE:
        return ()
    with lend_roads(network, profile, overlay) as roads:
        arcs, open_ms = roads.closed_arcs()
        free_out, free_in = roads.ways_out(start), roads.ways_in(end)
        with roads.reweighted(arcs, open_ms + _BARRIER_MS):
            ride = roads.drive(
                start, free_out.joined(roads.ways_out(start)), free_in.joined(roads.ways_in(end)), end
            )
    pieces = () if ride is None else ride.pieces
    met = [cause for piece in pieces if _crosses(overlay, piece) for cause in overlay.causes(piece.arc // 2)]
    return tuple(dict.fromkeys(met))


def _crosses(overlay: Overlay, piece: Piece) -> bool:
    """Return whether a drive along an edge passes the closed stretch of it."""
    entry = overlay.entries.get(piece.arc // 2)
    if entry is None or not entry.closed:
        return False
    return max(piece.start, piece.end) > entry.low and min(piece.start, piece.end) < entry.high


@dataclass(frozen=True, slots=True, eq=False)
class Reachable:
    """The stretches of road within a time: N edges (ids) from `start` to `end`, in millionths from their first position."""

    edge_ids: Int64s
    start: Int32s
    end: Int32s
    lines: MultiLineString

    def area(self, beside_m: float = DEFAULT_BESIDE_M) -> Polygon | MultiPolygon:
        """Return the ground within so many metres of the road reached; never a hull, so what is not reached stays out."""
        if self.lines.is_empty:
            return MultiPolygon()
        west, south, east, north = self.lines.bounds
        metres = metres_crs((west + east) / 2, (south + north) / 2)
        strips = shapely.buffer(shapely.get_parts(to_metres(self.lines, metres)), beside_m, quad_segs=4)
        return cast("Polygon | MultiPolygon", to_degrees(shapely.union_all(strips), metres))


def reachable(
    network: RoadNetwork,
    place: Position,
    profile: VehicleProfile,
    overlay: Overlay,
    *,
    within_ms: int,
    towards: bool = False,
) -> Reachable:
    """Return the road that can be reached from a place within a time; towards: the road from which the place can be."""
    with lend_roads(network, profile, overlay) as roads:
        purpose, reach_m = (snapping.ENTER, MAX_WALK_M) if towards else (snapping.LEAVE, MAX_ACCESS_M)
        at = roads.snap(_points([place]), purpose, reach_m)
        edges, start, end = roads.spread(at, within_ms, backwards=towards)
    lines = [LineString(network.shapes.cut(*span)) for span in zip(edges, start, end, strict=True)]
    return Reachable(network.edge_ids[edges], start, end, MultiLineString(lines))
