"""The common case of an approach in one compiled call: from a target to the road, and back to all who start for it.

A county's search takes some tens of microseconds, less than what Python would do around it.
What this leaves open (cut roads, islands, routes) is the business of `gis.journeys`.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from gis.compiled import compiled
from gis.profiles import DETOUR_PERCENT, WALKING_KMH
from gis.search import ALL_FOUND, LONGEST_MS, NEVER, settle
from gis.shapes import Grid
from gis.snapping import ALL, ENTER, NOWHERE, Field, Joints, Seen, between, entering, nearest_one

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

NO_LIMIT: Final = -1
NO_PREFERENCE: Final = np.zeros(0, dtype=np.bool_)
_NOT_ASKED: Final = -1  # lower than any time, so that no search ever improves it


class Starts(NamedTuple):
    """N places brought to the road, and the ways from them to the states of a graph, by state.

    edges is NOWHERE where no road is near. metres, access_ms: on foot to the road, counted in `ms` as well.
    outside: they never come to the main network, whatever is closed. (state, ms, owner, arc): see `snapping.leaving`.
    """

    edges: Int32s
    places: Int32s
    metres: Floats
    access_ms: Int64s
    outside: Flags
    state: Int32s
    ms: Int64s
    owner: Int32s
    arc: Int32s


class Land(NamedTuple):
    """What never changes: the grid of shapes, the joints, the links that lead to each state, and the main network (see `network.Main`)."""

    grid: Grid
    joints: Joints
    in_first: Int32s
    in_links: Int32s
    leads_in: Flags
    led_to: Flags


class Room(NamedTuple):
    """The arrays of a `search.Workspace`, and the number of the present search."""

    label: Int64s
    settled: Int32s
    heads: Int32s
    queue: Int64s
    number: int


class Answer(NamedTuple):
    """Times of N starts to one target; -1 where there is none yet.

    end: the target's place on the road (edge, millionths), edge NOWHERE when none is near.
    known_ms: what was known before the search: NEVER, or the time along one edge. best_ms: after it; way: the place in
    `Starts` of the way taken, -1 for along one edge. missing: how many have no time. outside: who was left out, because the
    target lies on the main network. seed_*: the ways in (see `snapping.entering`). why: see `search`.
    """

    road_ms: Int64s
    walk_ms: Int64s
    missing: int
    edge: int
    place: int
    walk: int
    known_ms: Int64s
    best_ms: Int64s
    way: Int32s
    outside: bool
    seed_state: Int32s
    seed_ms: Int64s
    seed_arc: Int32s
    why: int
    queue: Int64s
    done: int
    looked_at: int


@compiled
def on_foot_ms(metres: float) -> int:
    """Return `profiles.walk_ms` of one distance."""
    return int(np.rint(metres * (DETOUR_PERCENT / 100) * 3600.0 / WALKING_KMH))


@compiled
def answer(
    land: Land,
    field: Field,
    room: Room,
    starts: Starts,
    target: tuple[float, float],
    reach_m: float,
    within_ms: int,
    budget: int,
    never_opens: bool,
) -> Answer:
    """Answer for a target (lon, lat) as far as one search can.

    within_ms bounds road and walk together, or is NO_LIMIT. never_opens: the overlay lets nobody in where the bare network does not.
    """
    count = len(starts.edges)
    road = np.full(count, -1, dtype=np.int64)
    walks = np.full(count, -1, dtype=np.int64)
    best = np.full(count, NEVER, dtype=np.int64)
    way = np.full(count, -1, dtype=np.int32)
    end_edge = np.empty(1, dtype=np.int32)
    end_place = np.empty(1, dtype=np.int32)
    seen = Seen(room.label, room.number, np.zeros(0, dtype=np.int32))
    edge, place, metres = nearest_one(
        land.grid,
        field,
        land.joints,
        seen,
        NO_PREFERENCE,
        target[0],
        target[1],
        reach_m,
        ENTER,
        ALL,
    )
    end_edge[0], end_place[0] = edge, place
    seed_state, seed_ms, _, seed_arc = entering(field, land.joints, end_edge, end_place)
    walk = on_foot_ms(metres)
    on_main = edge != NOWHERE and never_opens and _on_main(land, edge)
    outside = False
    asked = 0
    for i in range(count):
        if starts.edges[i] == NOWHERE or edge == NOWHERE:
            best[i] = _NOT_ASKED
        elif on_main and starts.outside[i]:
            best[i] = _NOT_ASKED
            outside = True
        else:
            asked += 1
            if starts.edges[i] == edge:
                ms, _ = between(field, edge, starts.places[i], place)
                if ms >= 0:
                    best[i] = starts.access_ms[i] + ms
    known = best.copy()
    why, queue, done, looked_at = ALL_FOUND, room.queue, 0, 0
    if asked:
        queue, done, looked_at, why = settle(
            land.in_first,
            land.in_links,
            field.weights,
            room.label,
            room.settled,
            room.heads,
            room.queue,
            room.number,
            seed_state,
            seed_ms,
            starts.state,
            starts.ms,
            starts.owner,
            best,
            way,
            0,
            LONGEST_MS if within_ms == NO_LIMIT else within_ms - walk,
            budget,
            0,
        )
    missing = 0
    for i in range(count):
        if 0 <= best[i] < NEVER:
            road[i], walks[i] = best[i], walk
        else:
            missing += 1
    return Answer(
        road,
        walks,
        missing,
        edge,
        place,
        walk,
        known,
        best,
        way,
        outside,
        seed_state,
        seed_ms,
        seed_arc,
        why,
        queue,
        done,
        looked_at,
    )


@compiled
def _on_main(land: Land, edge: int) -> bool:
    """Return whether an edge belongs to the main network in one direction at least."""
    return bool(
        (land.led_to[2 * edge] and land.leads_in[2 * edge])
        or (land.led_to[2 * edge + 1] and land.leads_in[2 * edge + 1])
    )
