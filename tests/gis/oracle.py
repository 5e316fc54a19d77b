"""Travel times by networkx, written from the rules alone: nothing of it is shared with the product.

A state is the node together with the last arcs driven, as many as the longest banned turn less one: no automaton.
"""

from collections.abc import Collection, Mapping

import networkx as nx

from gis.network import VehicleProfile
from tests.gis.networks import Road, World

Arc = tuple[int, bool]
State = tuple[int, tuple[Arc, ...]]

SHARE = {"car": 100, "truck": 80, "heavy": 65}
CAP = {"car": 120.0, "truck": 80.0, "heavy": 60.0}


def arc_ms(
    world: World,
    road: Road,
    profile: VehicleProfile,
    *,
    forward: bool,
    slow: Mapping[int, int] | None = None,
    hour: Mapping[str, int] | None = None,
) -> int | None:
    """Return the milliseconds of an edge in one direction, or None where the vehicle may not go."""
    length = world.length_m(road)
    if profile.speed_class == "foot":
        return None if road.access == "no" else max(1, round(length * 3600.0 / 4.0))
    limits = (
        (road.max_mass_kg, profile.mass_kg),
        (road.max_height_cm, profile.height_cm),
        (road.max_width_cm, profile.width_cm),
    )
    if (
        road.access in {"no", "foot"}
        or (road.four_wheel_drive_only and not profile.four_wheel_drive)
        or any(limit and size > limit for limit, size in limits)
        or road.oneway == (-1 if forward else 1)
    ):
        return None
    kmh = min(road.speed_kmh * (SHARE[profile.speed_class] / 100), CAP[profile.speed_class])
    ms = max(1, round(length * 3600.0 / kmh))
    if hour:
        ms = max(1, ms * hour.get(road.road_class, 100) // 100)
    if slow and road.edge_id in slow:
        ms = max(1, ms * slow[road.edge_id] // 100)
    return ms


def times(
    world: World,
    profile: VehicleProfile,
    source: tuple[int, float],
    target: tuple[int, float],
    *,
    closed: Collection[int] = (),
    slow: Mapping[int, int] | None = None,
    hour: Mapping[str, int] | None = None,
) -> int | None:
    """Return the milliseconds between two places (edge id, share of a million parts / 1e6), or None."""
    ms: dict[Arc, int] = {}
    for road in world.roads:
        for forward in (True, False):
            value = arc_ms(world, road, profile, forward=forward, slow=slow, hour=hour)
            if value is not None and road.edge_id not in closed:
                ms[road.edge_id, forward] = value
    bans = () if profile.speed_class == "foot" else world.bans
    graph = _graph(world, ms, bans)
    for state, cost in _ways_out(world, ms, bans, source):
        _add(graph, "source", state, cost)
    for arc, share in _ways_in(ms, target):
        for state in [s for s in graph.nodes if isinstance(s, tuple) and s[0] == _tail(world, arc)]:
            if not _banned((*state[1], arc), bans):
                _add(graph, state, "target", share)
    for node in _nodes_at(world, target):
        for state in [s for s in graph.nodes if isinstance(s, tuple) and s[0] == node]:
            _add(graph, state, "target", 0)
    best = []
    along = _along(ms, source, target)
    if along is not None:
        best.append(along)
    if "source" in graph and "target" in graph and nx.has_path(graph, "source", "target"):
        best.append(int(nx.dijkstra_path_length(graph, "source", "target")))
    return min(best, default=None)


def _graph(world: World, ms: Mapping[Arc, int], bans: Collection[tuple[Arc, ...]]) -> "nx.DiGraph[object]":
    kept = max((len(ban) for ban in bans), default=1) - 1
    graph: nx.DiGraph[object] = nx.DiGraph()
    waiting: list[State] = [(node, ()) for node in world.nodes]
    graph.add_nodes_from(waiting)
    seen = set(waiting)
    while waiting:
        state = waiting.pop()
        for arc, cost in ms.items():
            if _tail(world, arc) != state[0] or _banned((*state[1], arc), bans):
                continue
            history = (*state[1], arc)[-kept:] if kept else ()
            following = (_head(world, arc), history)
            _add(graph, state, following, cost)
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return graph


def _add(graph: "nx.DiGraph[object]", tail: object, head: object, ms: int) -> None:
    if not graph.has_edge(tail, head) or graph[tail][head]["weight"] > ms:
        graph.add_edge(tail, head, weight=ms)


def _banned(driven: tuple[Arc, ...], bans: Collection[tuple[Arc, ...]]) -> bool:
    return any(driven[-len(ban) :] == ban for ban in bans)


def _tail(world: World, arc: Arc) -> int:
    road = world.road(arc[0])
    return road.u if arc[1] else road.v


def _head(world: World, arc: Arc) -> int:
    return _tail(world, (arc[0], not arc[1]))


def _nodes_at(world: World, place: tuple[int, float]) -> list[int]:
    road = world.road(place[0])
    return [node for node, share in ((road.u, 0.0), (road.v, 1.0)) if place[1] == share]


def _parts(place: tuple[int, float], *, forward: bool) -> int:
    """Return how many millionths of its edge lie before a place in a direction."""
    parts = round(place[1] * 1_000_000)
    return parts if forward else 1_000_000 - parts


def _ways_out(
    world: World, ms: Mapping[Arc, int], bans: Collection[tuple[Arc, ...]], source: tuple[int, float]
) -> list[tuple[State, int]]:
    kept = max((len(ban) for ban in bans), default=1) - 1
    ways: list[tuple[State, int]] = [((node, ()), 0) for node in _nodes_at(world, source)]
    for forward in (True, False):
        arc = (source[0], forward)
        if arc in ms:
            before = ms[arc] * _parts(source, forward=forward) // 1_000_000
            ways.append(((_head(world, arc), (arc,) if kept else ()), ms[arc] - before))
    return ways


def _ways_in(ms: Mapping[Arc, int], target: tuple[int, float]) -> list[tuple[Arc, int]]:
    return [
        (arc, ms[arc] * _parts(target, forward=arc[1]) // 1_000_000)
        for arc in ((target[0], True), (target[0], False))
        if arc in ms
    ]


def _along(ms: Mapping[Arc, int], source: tuple[int, float], target: tuple[int, float]) -> int | None:
    if source == target:
        return 0
    if source[0] != target[0]:
        return None
    arc = (source[0], target[1] >= source[1])
    if arc not in ms:
        return None
    start, end = (_parts(place, forward=arc[1]) for place in (source, target))
    return ms[arc] * end // 1_000_000 - ms[arc] * start // 1_000_000
