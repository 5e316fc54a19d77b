"""From a place to the road: the nearest point of a usable edge, and the states that it joins.

A `Field` is what a class of vehicles meets under an overlay. weights[arc] is its time in ms, -1 where the class may
never go, or CLOSED - j where closed entry j bars it: then the edge may still be driven from its first position up to stub_u[j] and
from its last one back to stub_v[j] (millionths), at open_ms[j] for the whole (forward, backward).
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from gis.compiled import compiled
from gis.search import LONGEST_MS, NEVER, SEARCH_SHIFT
from gis.shapes import MILLION, Grid, degree_m, foot_point

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

ANY: Final = 0  # every edge counts
LEAVE: Final = 1  # edges that a vehicle standing there can drive away on
ENTER: Final = 2  # edges that can be driven to that place

ALL: Final = 0
UNREACHED: Final = 1  # only edges that the search so far has not reached
REACHED: Final = 2

NOWHERE: Final = -1
CLOSED: Final = -2  # the weight of an arc that closed entry 0 bars; one less for each further entry

ISLAND_MARGIN_M: Final = 250.0  # an edge cut off from the main network counts only when it is so much nearer


class Field(NamedTuple):
    weights: Int32s
    stub_u: Int32s
    stub_v: Int32s
    open_ms: Int32s


class Joints(NamedTuple):
    """How arcs meet states: arc tails, the state after an arc, extra states by node, links out of each state."""

    tail: Int32s
    after: Int32s
    extra_first: Int32s
    extra_state: Int32s
    out_first: Int32s
    out_links: Int32s


class Seen(NamedTuple):
    """What a search has reached: its labels and number (see `gis.search`), and what was tried before.

    tried: 2 × edge, + 1 for the part of a closed edge that is reached from its last position.
    """

    label: Int64s
    number: int
    tried: Int32s


@compiled
def _reaches(seen: Seen, state: int) -> bool:
    return bool(seen.label[state, 1] >> SEARCH_SHIFT == seen.number and seen.label[state, 0] < NEVER)


@compiled
def _counts(joints: Joints, seen: Seen, arc: int, which: int) -> bool:
    """Return whether an arc passes the filter `which`."""
    if which == ALL:
        return True
    node = joints.tail[arc]
    wanted = which == REACHED
    if _reaches(seen, node) == wanted:
        return True
    for k in range(joints.extra_first[node], joints.extra_first[node + 1]):
        if _reaches(seen, joints.extra_state[k]) == wanted:
            return True
    return False


@compiled
def _arc_at(edge: int, from_u: bool, purpose: int) -> int:
    """Return the arc that joins a place on an edge with its first (u) or last end: towards it when leaving."""
    if purpose == LEAVE:
        return 2 * edge + (1 if from_u else 0)
    return 2 * edge + (0 if from_u else 1)


@compiled
def nearest_one(
    grid: Grid,
    field: Field,
    joints: Joints,
    seen: Seen,
    main: Flags,
    lon: float,
    lat: float,
    reach_m: float,
    purpose: int,
    which: int,
) -> tuple[int, int, float]:
    """Return (edge, millionths, metres) of the nearest place; edge -1 when none lies within reach_m.

    Rings of cells are searched outwards until the next cannot hold anything nearer. `main` flags arcs that belong
    to the main network; empty = no preference.
    """
    east, north = degree_m(lat)
    cell_x, cell_y = grid.cell[0] * east, grid.cell[1] * north
    column = int(np.floor((lon - grid.origin[0]) / grid.cell[0]))
    row = int(np.floor((lat - grid.origin[1]) / grid.cell[1]))
    inner_x = (lon - grid.origin[0]) * east - column * cell_x
    inner_y = (lat - grid.origin[1]) * north - row * cell_y
    margin = min(inner_x, cell_x - inner_x, inner_y, cell_y - inner_y)
    edge, place, metres = NOWHERE, 0, reach_m
    main_edge, main_place, main_metres = NOWHERE, 0, reach_m
    prefer = len(main) > 0
    ring = 0
    while True:
        nothing_nearer = margin + (ring - 1) * min(cell_x, cell_y) if ring else 0.0
        bound = min(main_metres, metres + ISLAND_MARGIN_M) if prefer else metres
        if nothing_nearer > bound:
            break
        for y in range(max(row - ring, 0), min(row + ring, grid.rows - 1) + 1):
            whole = y == row - ring or y == row + ring
            step = 1 if whole or ring == 0 else 2 * ring
            for x in range(column - ring, column + ring + 1, step):
                if x < 0 or x >= grid.columns:
                    continue
                cell = y * grid.columns + x
                for k in range(grid.cell_first[cell], grid.cell_first[cell + 1]):
                    segment = grid.cell_segments[k]
                    here = grid.owner[segment]
                    start, end = grid.along[segment], grid.along[segment + 1]
                    for stub in range(2):
                        low, high = 0.0, 1.0
                        is_main = True
                        if purpose != ANY:  # else there may be no weights: see `RoadNetwork.nearest_edge`
                            forward, backward = field.weights[2 * here], field.weights[2 * here + 1]
                            if forward >= 0 or backward >= 0:
                                if stub:
                                    break
                                fits = (forward >= 0 and _counts(joints, seen, 2 * here, which)) or (
                                    backward >= 0 and _counts(joints, seen, 2 * here + 1, which)
                                )
                                if prefer:
                                    is_main = (forward >= 0 and main[2 * here]) or (
                                        backward >= 0 and main[2 * here + 1]
                                    )
                            else:
                                closed = CLOSED - min(forward, backward)
                                arc = _arc_at(here, stub == 0, purpose)
                                if closed < 0 or field.weights[arc] > CLOSED:
                                    continue
                                fits = _counts(joints, seen, arc, which)
                                if prefer:
                                    is_main = main[arc]
                                span = end - start
                                if stub == 0:
                                    limit = field.stub_u[closed] / MILLION
                                    if limit <= 0.0 or start > limit:
                                        continue
                                    high = 1.0 if span <= 0.0 else min(1.0, (limit - start) / span)
                                else:
                                    limit = field.stub_v[closed] / MILLION
                                    if limit >= 1.0 or end < limit:
                                        continue
                                    low = 0.0 if span <= 0.0 else max(0.0, (limit - start) / span)
                            if not fits:
                                continue
                        elif stub:
                            break
                        share, away = foot_point(grid.xy, segment, lon, lat, east, north, low, high)
                        nearer = away < metres or (away == metres and (edge == NOWHERE or here < edge))
                        nearer_main = (
                            prefer
                            and is_main
                            and (
                                away < main_metres
                                or (away == main_metres and (main_edge == NOWHERE or here < main_edge))
                            )
                        )
                        if not (nearer or nearer_main):
                            continue
                        skip = False
                        for t in range(len(seen.tried)):
                            skip = skip or seen.tried[t] == 2 * here + stub
                        if skip:
                            continue
                        # rounded into the stub, never beyond the barrier
                        exact = (start + share * (end - start)) * MILLION
                        at = (
                            int(np.floor(exact))
                            if high < 1.0
                            else int(np.ceil(exact))
                            if low > 0.0
                            else int(np.rint(exact))
                        )
                        if nearer:
                            edge, place, metres = here, at, away
                        if nearer_main:
                            main_edge, main_place, main_metres = here, at, away
        ring += 1
    if prefer and main_edge != NOWHERE and main_metres <= metres + ISLAND_MARGIN_M:
        return main_edge, main_place, main_metres
    return edge, place, metres


@compiled
def nearest(
    grid: Grid,
    field: Field,
    joints: Joints,
    seen: Seen,
    main: Flags,
    points: Floats,
    reach_m: float,
    purpose: int,
    which: int,
) -> tuple[Int32s, Int32s, Floats]:
    """Return (edges, millionths along them, metres away) for N places (lon, lat); edge NOWHERE when none lies within reach_m."""
    edges = np.empty(len(points), dtype=np.int32)
    places = np.empty(len(points), dtype=np.int32)
    metres = np.empty(len(points), dtype=np.float64)
    for i in range(len(points)):
        edges[i], places[i], metres[i] = nearest_one(
            grid, field, joints, seen, main, points[i, 0], points[i, 1], reach_m, purpose, which
        )
    return edges, places, metres


@compiled
def nearest_between(
    grid: Grid, first: int, last: int, lon: float, lat: float, low: int, high: int
) -> tuple[int, float]:
    """Return (millionths, metres) of the place nearest to a point between two places of one edge.

    first and last are the numbers of the edge's first and last position.
    """
    east, north = degree_m(lat)
    place, metres = low, np.inf
    for segment in range(first, last):
        start, end = grid.along[segment], grid.along[segment + 1]
        if end < low / MILLION or start > high / MILLION:
            continue
        span = end - start
        least = max(0.0, (low / MILLION - start) / span) if span > 0.0 else 0.0
        most = min(1.0, (high / MILLION - start) / span) if span > 0.0 else 1.0
        share, away = foot_point(grid.xy, segment, lon, lat, east, north, least, most)
        if away < metres:
            place, metres = int(np.rint((start + share * span) * MILLION)), away
    return min(max(place, low), high), metres


@compiled
def own_stretch(field: Field, edge: int, place: int, left: int, backwards: bool) -> tuple[int, int]:
    """Return the part (from, to) of its own edge that lies within the ms left of a place."""
    low, high = np.int64(place), np.int64(place)
    for backward in range(2):
        ms, floor, roof = np.int64(field.weights[2 * edge + backward]), np.int64(0), np.int64(MILLION)
        if ms <= CLOSED:
            closed = CLOSED - ms
            ms = np.int64(field.open_ms[closed, backward])
            if place <= field.stub_u[closed]:
                roof = np.int64(field.stub_u[closed])
            else:
                floor = np.int64(field.stub_v[closed])
        if ms < 0:
            continue
        if (backward == 0) != backwards:
            high = min(roof, place + left * MILLION // ms)
        else:
            low = max(floor, place - left * MILLION // ms)
    return int(low), int(high)


@compiled
def ahead(
    grid: Grid, first: Int32s, field: Field, edges: Int32s, places: Int32s, lon: float, lat: float
) -> tuple[Int32s, Floats]:
    """Return (millionths, metres) of the places nearest to a point that N places can be driven from on their own edges.

    The positions of edge e are first[e] … first[e + 1] - 1. Infinitely far from places that are NOWHERE.
    """
    found = places.copy()
    metres = np.full(len(edges), np.inf)
    for i in range(len(edges)):
        edge = edges[i]
        if edge == NOWHERE:
            continue
        low, high = own_stretch(field, edge, places[i], LONGEST_MS, backwards=False)
        found[i], metres[i] = nearest_between(grid, first[edge], first[edge + 1] - 1, lon, lat, low, high)
    return found, metres


@compiled
def leaving_ms(field: Field, edge: int, place: int, forward: bool) -> int:
    """Return the ms from a place to the end of its edge, or -1 where a vehicle there cannot drive that way."""
    weight = field.weights[2 * edge + (0 if forward else 1)]
    if weight <= CLOSED:
        closed = CLOSED - weight
        if forward and place >= field.stub_v[closed]:
            weight = field.open_ms[closed, 0]
        elif not forward and place <= field.stub_u[closed]:
            weight = field.open_ms[closed, 1]
    if weight < 0:
        return -1
    return int(
        weight - weight * np.int64(place) // MILLION
        if forward
        else weight - weight * np.int64(MILLION - place) // MILLION
    )


@compiled
def entering_ms(field: Field, edge: int, place: int, forward: bool) -> int:
    """Return the ms from the end of an edge to a place on it, or -1 where no vehicle can drive that way."""
    weight = field.weights[2 * edge + (0 if forward else 1)]
    if weight <= CLOSED:
        closed = CLOSED - weight
        if forward and place <= field.stub_u[closed]:
            weight = field.open_ms[closed, 0]
        elif not forward and place >= field.stub_v[closed]:
            weight = field.open_ms[closed, 1]
    if weight < 0:
        return -1
    return int(
        weight * np.int64(place) // MILLION if forward else weight * np.int64(MILLION - place) // MILLION
    )


@compiled
def leaving(
    field: Field, joints: Joints, edges: Int32s, places: Int32s
) -> tuple[Int32s, Int64s, Int32s, Int32s]:
    """Return (state, ms, owner, arc) for each way to drive away from N places; arc -1: the place is the node itself."""
    state = np.empty(4 * len(edges), dtype=np.int32)
    cost = np.empty(4 * len(edges), dtype=np.int64)
    owner = np.empty(4 * len(edges), dtype=np.int32)
    way = np.empty(4 * len(edges), dtype=np.int32)
    count = 0
    for i in range(len(edges)):
        if edges[i] == NOWHERE:
            continue
        for backward in range(2):
            arc = 2 * edges[i] + backward
            ms = leaving_ms(field, edges[i], places[i], backward == 0)
            if ms >= 0:
                state[count], cost[count], owner[count], way[count] = joints.after[arc], ms, i, arc
                count += 1
            if places[i] == (MILLION if backward else 0):
                state[count], cost[count], owner[count], way[count] = joints.tail[arc], 0, i, -1
                count += 1
    return state[:count], cost[:count], owner[:count], way[:count]


@compiled
def entering(
    field: Field, joints: Joints, edges: Int32s, places: Int32s
) -> tuple[Int32s, Int64s, Int32s, Int32s]:
    """Return (state, ms, owner, arc) for each state from which N places can be driven to; arc -1: the node itself."""
    room = 0
    for i in range(len(edges)):
        if edges[i] == NOWHERE:
            continue
        for backward in range(2):
            node = joints.tail[2 * edges[i] + backward]
            room += 2 * (1 + joints.extra_first[node + 1] - joints.extra_first[node])
    state = np.empty(room, dtype=np.int32)
    cost = np.empty(room, dtype=np.int64)
    owner = np.empty(room, dtype=np.int32)
    way = np.empty(room, dtype=np.int32)
    count = 0
    for i in range(len(edges)):
        if edges[i] == NOWHERE:
            continue
        for backward in range(2):
            arc = 2 * edges[i] + backward
            node = joints.tail[arc]
            ms = entering_ms(field, edges[i], places[i], backward == 0)
            at_node = places[i] == (MILLION if backward else 0)
            for k in range(joints.extra_first[node] - 1, joints.extra_first[node + 1]):
                here = node if k < joints.extra_first[node] else joints.extra_state[k]
                if at_node:
                    state[count], cost[count], owner[count], way[count] = here, 0, i, -1
                    count += 1
                elif ms >= 0:
                    for link in range(joints.out_first[here], joints.out_first[here + 1]):
                        if joints.out_links[link, 1] == arc:
                            state[count], cost[count], owner[count], way[count] = here, ms, i, arc
                            count += 1
    return state[:count], cost[:count], owner[:count], way[:count]


@compiled
def between(field: Field, edge: int, start: int, end: int) -> tuple[int, int]:
    """Return (ms, arc) of driving along one edge from one place to another; (-1, -1) where that cannot be done."""
    if start == end:
        return 0, 2 * edge
    arc = 2 * edge + (0 if end >= start else 1)
    weight = field.weights[arc]
    if weight <= CLOSED:
        closed = CLOSED - weight
        if max(start, end) <= field.stub_u[closed] or min(start, end) >= field.stub_v[closed]:
            weight = field.open_ms[closed, arc & 1]
    if weight < 0:
        return -1, -1
    here, there = (start, end) if end >= start else (MILLION - start, MILLION - end)
    return int(weight * np.int64(there) // MILLION - weight * np.int64(here) // MILLION), arc
