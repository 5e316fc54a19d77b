"""Journeys from many places to one, or from one to many: snapping, searching, and falling back where roads are cut.

The machinery behind `gis.travel`, which is what others call.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from gis import search, snapping
from gis.backwards import NO_LIMIT, NO_PREFERENCE, Answer, Room, Starts, answer
from gis.closures import Overlay
from gis.hierarchy import NO_WAY_MS
from gis.network import NOTHING_SEEN, Lane, RoadNetwork
from gis.profiles import ProfileClass, VehicleProfile, walk_ms
from gis.search import LONGEST_MS, NEVER, Workspace
from gis.shapes import MILLION, ramps
from gis.snapping import NOWHERE, Field, Joints, Seen
from gis.turns import Graph

Int8s = npt.NDArray[np.int8]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MAX_ACCESS_M: Final = 2_000.0  # farther from any usable road a vehicle cannot set out
MAX_WALK_M: Final = 10_000.0  # farther from any reachable road a place counts as unreachable
UNREACHABLE: Final = -1

NEAR_STATES: Final = 20_000  # settled by the plain search before a hierarchy is asked: about two milliseconds
EVERY_STATE: Final = 1 << 31  # a budget that no search exhausts
_MAX_ROUNDS: Final = 256  # islands round an incident that are tried before giving up


class Reach(IntEnum):
    """How a journey ends. The first two are reached."""

    REACHED = 0
    CUT_OFF = 1  # the nearest road cannot be reached: by another road, and a longer way on foot
    NO_ROAD_AT_SOURCE = 2
    NO_ROAD_AT_TARGET = 3
    NO_WAY = 4
    TOO_FAR = 5  # not within the limit that was asked for


@dataclass(frozen=True, slots=True, eq=False)
class TravelTimes:
    """Times of N journeys; -1 where unreachable, with the reason in `reach` (a `Reach`).

    road_ms counts the way from the source to its road, walk_ms the way on foot from the last road to the target.
    """

    road_ms: Int64s
    walk_ms: Int64s
    reach: Int8s

    @property
    def total_ms(self) -> Int64s:
        return np.where(self.road_ms < 0, UNREACHABLE, self.road_ms + self.walk_ms)


@dataclass(frozen=True, slots=True, eq=False)
class Anchors:
    """Places on edges, and the metres to them."""

    edges: Int32s
    places: Int32s
    metres: Floats

    @classmethod
    def at(cls, edge: int, place: int) -> "Anchors":
        """Return one place on the road itself."""
        return cls(np.array([edge], dtype=np.int32), np.array([place], dtype=np.int32), np.zeros(1))

    @classmethod
    def of(cls, starts: Starts) -> "Anchors":
        return cls(starts.edges, starts.places, starts.metres)

    def take(self, which: Int64s) -> "Anchors":
        return Anchors(self.edges[which], self.places[which], self.metres[which])

    def one(self, i: int) -> tuple[int, int]:
        """Return (edge, place) of one."""
        return int(self.edges[i]), int(self.places[i])


class Piece(NamedTuple):
    """A drive along one arc between two places (millionths from the first position of its edge)."""

    arc: int
    start: int
    end: int
    ms: int


@dataclass(frozen=True, slots=True, eq=False)
class Ride:
    """The road part of one journey. Without pieces it begins and ends at one place: `start` (edge, place)."""

    start: tuple[int, int]
    end: tuple[int, int]
    pieces: tuple[Piece, ...]

    @property
    def ms(self) -> int:
        return sum(piece.ms for piece in self.pieces)


Driven = dict[int, tuple[list[int], int]]  # (whole arcs in the order driven, number of the way in) by owner


class Ways(NamedTuple):
    """Ways between places on edges and the states of a graph: (state, ms, number of the place, arc driven or -1)."""

    state: Int32s
    ms: Int64s
    owner: Int32s
    arc: Int32s

    def by_state(self) -> "Ways":
        order = np.argsort(self.state, kind="stable")
        return Ways(self.state[order], self.ms[order], self.owner[order], self.arc[order])

    def later(self, access_ms: Int64s) -> "Ways":
        """Return the ways with the time that each owner needs to get to the road."""
        return self._replace(ms=self.ms + access_ms[self.owner])

    def drive(self, i: int, access_ms: int = 0) -> tuple[int, int]:
        """Return (arc, ms) of one way, less what is not driving."""
        return int(self.arc[i]), int(self.ms[i]) - access_ms

    def joined(self, others: "Ways") -> "Ways":
        """Return these ways and others to or from the same places."""
        return Ways(
            np.concatenate([self.state, others.state]),
            np.concatenate([self.ms, others.ms]),
            np.concatenate([self.owner, others.owner]),
            np.concatenate([self.arc, others.arc]),
        ).by_state()

    def without(self, arcs: Int32s) -> "Ways":
        keep = ~np.isin(self.arc, arcs)
        return Ways(self.state[keep], self.ms[keep], self.owner[keep], self.arc[keep])


@dataclass(frozen=True, slots=True, eq=False)
class Roads:
    """What one class meets on a network under one overlay, lent for the length of a query."""

    network: RoadNetwork
    lane: Lane
    overlay: Overlay
    field: Field
    workspace: Workspace

    @property
    def of(self) -> ProfileClass:
        return self.lane.of

    @property
    def graph(self) -> Graph:
        return self.lane.graph

    @property
    def joints(self) -> Joints:
        return self.lane.land.joints

    def snap(
        self,
        points: Floats,
        purpose: int,
        within_m: float,
        which: int = snapping.ALL,
        seen: Seen = NOTHING_SEEN,
    ) -> Anchors:
        """Return the nearest places that serve a purpose; those to leave from prefer the main network."""
        prefer = self.lane.land.leads_in if purpose == snapping.LEAVE else NO_PREFERENCE
        found = snapping.nearest(
            self.lane.land.grid, self.field, self.joints, seen, prefer, points, within_m, purpose, which
        )
        return Anchors(*found)

    def starts(self, points: Floats) -> Starts:
        """Return N places brought to the road. Bases do not move: what no closure touches is remembered."""
        key = points.tobytes()
        if not self.overlay.opens:
            starts = self.lane.starts.get(key, lambda: replace(self, field=self.lane.bare).bring(points))
            arcs = 2 * starts.edges  # those that are nowhere stay there: closing a road brings none nearer
            arcs = np.concatenate([arcs, arcs + 1])
            if not self.overlay.entries or np.array_equal(self.field.weights[arcs], self.lane.base[arcs]):
                return starts
        return self.lane.starts.get((self.overlay, key), lambda: self.bring(points))

    def bring(self, points: Floats) -> Starts:
        at = self.snap(points, snapping.LEAVE, MAX_ACCESS_M)
        access = walk_ms(at.metres)
        ways = self.ways_out(at).later(access)
        leads_in, arcs = self.lane.land.leads_in, 2 * at.edges
        outside = (at.edges != NOWHERE) & ~(leads_in[arcs] | leads_in[arcs + 1])
        return Starts(at.edges, at.places, at.metres, access, outside, *ways)

    def answer(self, target: Floats, starts: Starts, within_ms: int | None, budget: int) -> Answer:
        """Return the times of starts to a target (lon, lat) as far as one search goes; the workspace knows what it settled."""
        self.workspace.begin()
        found = answer(
            self.lane.land,
            self.field,
            Room(*self.workspace.arrays()),
            starts,
            (target[0], target[1]),
            MAX_WALK_M,
            NO_LIMIT if within_ms is None else within_ms,
            budget,
            not self.overlay.opens,
        )
        self.workspace.take_over(found.queue, found.done, found.looked_at)
        return found

    def seen(self, tried: Sequence[int] = ()) -> Seen:
        return Seen(self.workspace.label, self.workspace.number, np.array(tried, dtype=np.int32))

    def part_of(self, edge: int, place: int) -> int:
        """Return how `Seen.tried` names the part of an edge that a place lies on."""
        weights = self.field.weights[2 * edge : 2 * edge + 2]
        closed = snapping.CLOSED - int(weights.min())
        behind = weights.max() < 0 <= closed and place > self.field.stub_u[closed]
        return 2 * edge + int(behind)

    def ways_out(self, places: Anchors) -> Ways:
        """Return how vehicles standing at N places get under way."""
        return Ways(*snapping.leaving(self.field, self.joints, places.edges, places.places)).by_state()

    def ways_in(self, places: Anchors) -> Ways:
        """Return how N places are driven to."""
        return Ways(*snapping.entering(self.field, self.joints, places.edges, places.places)).by_state()

    def search(
        self,
        seeds: Ways,
        wanted: Ways,
        best_ms: Int64s,
        *,
        backwards: bool,
        limit: int = LONGEST_MS,
        budget: int | None = None,
    ) -> tuple[Int32s, int]:
        """Search from seeds until every owner in `wanted` is served; lower best_ms. Return (way taken or -1, why it stopped)."""
        graph = self.graph
        way = np.full(len(best_ms), -1, dtype=np.int32)
        why = self.workspace.run(
            graph.in_first if backwards else graph.out_first,
            graph.in_links if backwards else graph.out_links,
            self.field.weights,
            (seeds.state, seeds.ms),
            (wanted.state, wanted.ms, wanted.owner),
            (best_ms, way),
            limit=limit,
            budget=budget,
        )
        return way, why

    def arcs_to_seed(self, state: int, *, backwards: bool) -> tuple[list[int], int]:
        """Return (whole arcs in the order driven, number of the seed) between a settled state and its seed."""
        graph = self.graph
        first, links = (graph.in_first, graph.in_links) if backwards else (graph.out_first, graph.out_links)
        arcs = []
        while (parent := self.workspace.parent(state)) < len(links):
            arcs.append(int(links[parent, 1]))
            state = int(np.searchsorted(first, parent, side="right")) - 1
        return (arcs if backwards else arcs[::-1]), parent - len(links)

    def along_one_edge(self, starts: Anchors, ends: Anchors) -> dict[int, Ride]:
        """Return the rides of the pairs that need not leave their edge; starts or ends may be one that stands for all."""
        edges, places, end_edges, end_places = np.broadcast_arrays(
            starts.edges, starts.places, ends.edges, ends.places
        )
        rides = {}
        for i in map(int, np.flatnonzero((edges == end_edges) & (edges != NOWHERE))):
            edge, start, end = int(edges[i]), int(places[i]), int(end_places[i])
            ms, arc = snapping.between(self.field, edge, start, end)
            if ms >= 0:
                pieces = (Piece(arc, start, end, ms),) if start != end else ()
                rides[i] = Ride((edge, start), (edge, end), pieces)
        return rides

    def ride(
        self, start: Anchors, out: tuple[int, int], arcs: Sequence[int], into: tuple[int, int], end: Anchors
    ) -> Ride:
        """Return a ride over whole arcs between the two part arcs (arc, ms); arc -1: it starts or ends at a node."""
        (first, first_ms), (last, last_ms) = out, into
        here, there = start.one(0), end.one(0)
        pieces = []
        if first >= 0:
            pieces.append(Piece(first, here[1], _far_end(first), first_ms))
        pieces += [Piece(arc, _near_end(arc), _far_end(arc), int(self.field.weights[arc])) for arc in arcs]
        if last >= 0:
            pieces.append(Piece(last, _near_end(last), there[1], last_ms))
        return Ride(here, there, tuple(piece for piece in pieces if piece.start != piece.end))

    def drive(self, start: Anchors, ways_out: Ways, ways_in: Ways, end: Anchors) -> Ride | None:
        """Return the fastest ride between two places on the road that begins and ends by one of the ways given."""
        self.workspace.begin()
        along = self.along_one_edge(start, end)
        best = np.array([along[0].ms if along else NEVER], dtype=np.int64)
        way, _ = self.search(ways_in, ways_out, best, backwards=True)
        if best[0] >= NEVER:
            return None
        if way[0] < 0:
            return along[0]
        arcs, seed = self.arcs_to_seed(int(ways_out.state[way[0]]), backwards=True)
        return self.ride(start, ways_out.drive(way[0]), arcs, ways_in.drive(seed), end)

    def closed_arcs(self) -> tuple[Int32s, Int32s]:
        """Return the arcs that the overlay bars for this class, and their ms if they were open."""
        edges = np.fromiter(self.overlay.entries, dtype=np.int32, count=len(self.overlay.entries))
        arcs = np.concatenate([2 * edges, 2 * edges + 1])
        arcs = arcs[self.field.weights[arcs] <= snapping.CLOSED]
        return arcs, self.field.open_ms[snapping.CLOSED - self.field.weights[arcs], arcs % 2]

    @contextmanager
    def reweighted(self, arcs: Int32s, ms: Int32s | int) -> Iterator[None]:
        """Give some arcs other weights for a while; the field is a working copy that nobody else sees."""
        kept = self.field.weights[arcs]
        self.field.weights[arcs] = ms
        try:
            yield
        finally:
            self.field.weights[arcs] = kept

    def spread(self, at: Anchors, within_ms: int, *, backwards: bool) -> tuple[Int32s, Int32s, Int32s]:
        """Return (edges, from, to) of the stretches within a time of one place on the road, or from which it can be reached."""
        self.workspace.begin()
        left = within_ms - int(walk_ms(at.metres)[0])
        if at.edges[0] == NOWHERE or left < 0:
            nothing = np.zeros(0, dtype=np.int32)
            return nothing, nothing, nothing
        seeds = self.ways_in(at) if backwards else self.ways_out(at)
        nobody = Ways(*(np.zeros(0, dtype=column.dtype) for column in seeds))
        self.search(seeds, nobody, np.zeros(0, dtype=np.int64), backwards=backwards, limit=left)
        arc, far = self._driven(left, backwards=backwards)
        from_first = (
            arc % 2 == 0
        ) != backwards  # counted from the edge's first position, or back from its last
        low, high = np.where(from_first, 0, MILLION - far), np.where(from_first, far, MILLION)
        first = snapping.own_stretch(self.field, *at.one(0), left, backwards)
        return _united(np.append(arc // 2, at.edges[0]), np.append(low, first[0]), np.append(high, first[1]))

    def _driven(self, left: int, *, backwards: bool) -> tuple[Int32s, Int64s]:
        """Return (arcs, millionths of each that can be driven within the time left, from the end searched first)."""
        graph, field, workspace = self.graph, self.field, self.workspace
        first, links = (graph.in_first, graph.in_links) if backwards else (graph.out_first, graph.out_links)
        states = workspace.settled[: workspace.done]
        counts = first[states + 1] - first[states]
        arc = links[np.repeat(first[states], counts) + ramps(counts), 1]
        left_at_end = np.repeat(left - workspace.label[states, 0], counts)
        ms = field.weights[arc]
        closed = ms <= snapping.CLOSED
        number = np.where(closed, snapping.CLOSED - ms, 0)
        cap = np.full(len(arc), MILLION, dtype=np.int64)
        if closed.any():
            from_first = (arc % 2 == 0) != backwards
            stub = np.where(from_first, field.stub_u[number], MILLION - field.stub_v[number])
            cap = np.where(closed, stub, cap)
            ms = np.where(closed, field.open_ms[number, arc % 2], ms)
        can = ms > 0
        far = np.minimum(left_at_end[can] * MILLION // ms[can], cap[can])
        return arc[can], far

    def ahead(self, starts: Anchors, target: Floats) -> Anchors:
        """Return the places nearest to a target that can be driven to without leaving the edges of N starts."""
        shapes = self.network.shapes
        places, metres = snapping.ahead(
            shapes.grid, shapes.first, self.field, starts.edges, starts.places, target[0], target[1]
        )
        return Anchors(starts.edges, places, metres)


def _united(edge: Int64s, low: Int64s, high: Int64s) -> tuple[Int32s, Int32s, Int32s]:
    """Return stretches (edge, from, to) by edge, with those that meet made one and those without length left out."""
    some = high > low
    edge, low, high = edge[some], low[some], high[some]
    base = edge.astype(np.int64) * (2 * MILLION)  # no stretch of one edge meets one of the next
    order = np.argsort(base + low, kind="stable")
    base, low, high = base[order], (base + low)[order], np.maximum.accumulate((base + high)[order])
    first = np.flatnonzero(np.concatenate([[True], low[1:] > high[:-1]])[: len(low)])
    last = np.append(first[1:] - 1, len(low) - 1)[: len(first)]
    base = base[first]
    return (
        (base // (2 * MILLION)).astype(np.int32),
        (low[first] - base).astype(np.int32),
        (high[last] - base).astype(np.int32),
    )


def _near_end(arc: int) -> int:
    return MILLION if arc % 2 else 0


def _far_end(arc: int) -> int:
    return 0 if arc % 2 else MILLION


@contextmanager
def lend_roads(network: RoadNetwork, profile: VehicleProfile, overlay: Overlay) -> Iterator[Roads]:
    """Lend what a vehicle meets, with a workspace to search it; to one thread at a time."""
    lane = network.lane(profile, overlay)
    with network.lend(lane, overlay) as field, lane.workspaces.lend() as workspace:
        yield Roads(network, lane, overlay, field, workspace)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Times of N journeys, and the rides where they were asked for."""

    times: TravelTimes
    rides: list[Ride | None]

    @classmethod
    def nothing(cls, starts: Anchors, count: int) -> "Found":
        """Return N journeys that are not found, each with the reason known so far."""
        reach = np.full(count, Reach.NO_WAY, dtype=np.int8)
        reach[np.broadcast_to(starts.edges == NOWHERE, count)] = Reach.NO_ROAD_AT_SOURCE
        never = np.full(count, UNREACHABLE, dtype=np.int64)
        return cls(TravelTimes(never, never.copy(), reach), [None] * count)

    def write(
        self, which: Int64s | int, road_ms: Int64s | int, walk: Int64s | int, reach: Reach | int
    ) -> None:
        self.times.road_ms[which] = road_ms
        self.times.walk_ms[which] = walk
        self.times.reach[which] = reach

    def keep_within(self, within_ms: int | None) -> None:
        """Drop what takes longer than asked for, road and walk together."""
        if within_ms is None:
            return
        late = self.times.total_ms > within_ms
        self.times.road_ms[late] = self.times.walk_ms[late] = UNREACHABLE
        self.times.reach[late] = Reach.TOO_FAR
        for i in np.flatnonzero(late):
            self.rides[i] = None


def approach(roads: Roads, target: Floats, starts: Starts, within_ms: int | None, *, trace: bool) -> Found:
    """Search backwards from a target (lon, lat), from the nearest road first; beyond what a near answer costs by a hierarchy.

    The hierarchy's answers are the search's own to the millisecond. Where it finds no way for somebody the search goes through,
    for what it leaves untouched tells where to go on from.
    """
    far = roads.network.knows_far and roads.of.speed_class != "foot"
    first = roads.answer(target, starts, within_ms, NEAR_STATES if far else EVERY_STATE)
    driven: Driven | None = None
    if first.why == search.OUT_OF_BUDGET:
        driven = _from_afar(roads, starts, first, trace=trace)
        first = (
            roads.answer(target, starts, within_ms, EVERY_STATE)
            if driven is None
            else first._replace(
                road_ms=np.where(first.best_ms < 0, UNREACHABLE, first.best_ms),
                walk_ms=np.where(first.best_ms < 0, UNREACHABLE, first.walk),
                missing=int(np.count_nonzero(first.best_ms < 0)),
                why=search.ALL_FOUND,
            )
        )
    reach = np.zeros(len(starts.edges), dtype=np.int8)
    found = Found(TravelTimes(first.road_ms, first.walk_ms, reach), [None] * len(reach))
    if trace:
        _trace(roads, found, starts, first, driven or {})
    if first.missing:
        _serve_the_rest(roads, found, target, starts, first, within_ms=within_ms, trace=trace)
    found.keep_within(within_ms)
    return found


def _trace(roads: Roads, found: Found, starts: Starts, first: Answer, driven: "Driven") -> None:
    """Write the rides of those who have a time."""
    anchors, end = Anchors.of(starts), Anchors.at(first.edge, first.place)
    for i in map(int, np.flatnonzero(found.times.road_ms >= 0)):
        here, way = anchors.take(np.array([i])), int(first.way[i])
        if way < 0:
            found.rides[i] = roads.along_one_edge(here, end)[0]
            continue
        arcs, seed = driven[i] if i in driven else roads.arcs_to_seed(int(starts.state[way]), backwards=True)
        out = int(starts.arc[way]), int(starts.ms[way] - starts.access_ms[i])
        into = int(first.seed_arc[seed]), int(first.seed_ms[seed])
        found.rides[i] = roads.ride(here, out, arcs, into, end)


def _serve_the_rest(
    roads: Roads,
    found: Found,
    target: Floats,
    starts: Starts,
    first: Answer,
    *,
    within_ms: int | None,
    trace: bool,
) -> None:
    """Give those whom one search left out the next best time, or the reason why there is none.

    Sources that cannot reach the nearest road are served from the nearest one that they can: whatever an exhausted search did
    not touch is what they have in common, so the next round begins at the nearest edge among it.
    """
    anchors = Anchors.of(starts)
    lost = found.times.road_ms < 0
    found.times.reach[lost] = Reach.NO_WAY
    found.times.reach[starts.edges == NOWHERE] = Reach.NO_ROAD_AT_SOURCE
    lost &= starts.edges != NOWHERE
    if first.edge == NOWHERE:
        found.times.reach[lost] = Reach.NO_ROAD_AT_TARGET
        return
    left_out = lost & starts.outside & first.outside
    stranded = np.flatnonzero(left_out).tolist()
    waiting = np.flatnonzero(lost & ~left_out)
    if first.why == search.PAST_LIMIT:
        found.times.reach[waiting] = Reach.TOO_FAR
    if first.why == search.EXHAUSTED:
        tried = [roads.part_of(first.edge, first.place)]
        stranded += _serve_round_cuts(
            roads, found, target, anchors, waiting, tried=tried, within_ms=within_ms, trace=trace
        )
    for i in stranded:
        alone = depart(roads, anchors.take(np.array([i])), target[None, :], within_ms, trace=trace)
        found.write(i, alone.times.road_ms[0], alone.times.walk_ms[0], alone.times.reach[0])
        found.rides[i] = alone.rides[0]


def _serve_round_cuts(
    roads: Roads,
    found: Found,
    target: Floats,
    starts: Anchors,
    waiting: Int64s,
    *,
    tried: list[int],
    within_ms: int | None,
    trace: bool,
) -> list[int]:
    """Search on from one road after another that was not touched. Return who is left to searches of their own."""
    reach = Reach.CUT_OFF if _led_to(roads, tried[0] // 2) else Reach.REACHED
    stranded: list[int] = []
    ahead = roads.ahead(starts, target)
    while len(waiting) and len(tried) < _MAX_ROUNDS:
        roads.workspace.start_behind()
        end = roads.snap(target[None, :], snapping.ENTER, MAX_WALK_M, snapping.UNREACHED, roads.seen(tried))
        bound = MAX_WALK_M if end.edges[0] == NOWHERE else float(end.metres[0])
        waiting = _serve_ahead(roads, found, starts, waiting, ahead=ahead, nearer_than_m=bound)
        if end.edges[0] == NOWHERE:
            break
        on_islands = _on_islands(roads, starts.take(waiting), end)
        stranded += waiting[on_islands].tolist()
        waiting = waiting[~on_islands]
        if not len(waiting):
            break
        waiting, why = _serve_from(
            roads, found, starts, waiting, end, within_ms=within_ms, reach=reach, trace=trace
        )
        if why == search.PAST_LIMIT:
            found.times.reach[waiting] = Reach.TOO_FAR
        if why != search.EXHAUSTED:
            break
        tried.append(roads.part_of(*end.one(0)))
    return stranded


def _serve_ahead(
    roads: Roads, found: Found, starts: Anchors, waiting: Int64s, *, ahead: Anchors, nearer_than_m: float
) -> Int64s:
    """Serve those who come nearest to the target without leaving their own edge. Return those that wait on.

    ahead: where and how near each of `starts` comes so (see `Roads.ahead`): the same in every round.
    """
    near = waiting[ahead.metres[waiting] < nearer_than_m]
    if not len(near):
        return waiting
    some, ends = starts.take(near), ahead.take(near)
    along = roads.along_one_edge(some, ends)
    served = np.array(list(along), dtype=np.int64)
    rode = np.array([ride.ms for ride in along.values()], dtype=np.int64)
    found.write(
        near[served],
        walk_ms(some.metres[served]) + rode,
        walk_ms(ends.metres[served]),
        Reach.CUT_OFF,
    )
    for i, ride in along.items():
        found.rides[int(near[i])] = ride
    return waiting[~np.isin(waiting, near[served])]


def _on_islands(roads: Roads, starts: Anchors, end: Anchors) -> npt.NDArray[np.bool_]:
    """Return which starts can never reach a place on the main network: not worth searching all of it for them.

    Each of them is served by a search of its own, which ends at the shore.
    """
    main = roads.lane.land
    outside = ~(main.leads_in[2 * starts.edges] | main.leads_in[2 * starts.edges + 1])
    if outside.any():
        arcs = slice(2 * end.edges[0], 2 * end.edges[0] + 2)
        if roads.overlay.opens or not (main.led_to[arcs] & main.leads_in[arcs]).any():
            outside[:] = False
    return outside


def _led_to(roads: Roads, edge: int) -> bool:
    """Return whether an edge can be reached from the main network when nothing is closed."""
    return bool(roads.lane.land.led_to[2 * edge : 2 * edge + 2].any())


def _serve_from(
    roads: Roads,
    found: Found,
    starts: Anchors,
    asked: Int64s,
    end: Anchors,
    *,
    within_ms: int | None,
    reach: Reach,
    trace: bool,
) -> tuple[Int64s, int]:
    """Search back from one place on the road to the starts asked for. Return (those not found, why the search stopped)."""
    some, walk = starts.take(asked), int(walk_ms(end.metres)[0])
    access = walk_ms(some.metres)
    seeds, wanted = roads.ways_in(end), roads.ways_out(some).later(access)
    along = roads.along_one_edge(some, end)
    best = np.full(len(asked), NEVER, dtype=np.int64)
    for i, ride in along.items():
        best[i] = access[i] + ride.ms
    limit = LONGEST_MS if within_ms is None else within_ms - walk
    way, why = roads.search(seeds, wanted, best, backwards=True, limit=limit)
    got = best < NEVER
    found.write(asked[got], best[got], walk, reach)
    for i in map(int, np.flatnonzero(got)) if trace else ():
        if way[i] < 0:
            ride = along[i]
        else:
            arcs, seed = roads.arcs_to_seed(int(wanted.state[way[i]]), backwards=True)
            here = some.take(np.array([i]))
            ride = roads.ride(here, wanted.drive(way[i], int(access[i])), arcs, seeds.drive(seed), end)
        found.rides[int(asked[i])] = ride
    return asked[~got], why


def _from_afar(roads: Roads, starts: Starts, first: Answer, *, trace: bool) -> Driven | None:
    """Put the hierarchy's answers into `best_ms` and `way`; None when somebody asked has no answer at all.

    Returns what is driven between the ways of each owner, where that is asked for.
    """
    with roads.network.lend_far(roads.of, roads.overlay) as metrics:
        if metrics is None:
            return None
        leave, left = np.unique(starts.state, return_inverse=True)
        enter, entered = np.unique(first.seed_state, return_inverse=True)
        between = metrics.times(leave, enter)[left][:, entered]
        total = np.where(between >= NO_WAY_MS, NEVER, between + first.seed_ms + starts.ms[:, None])
        seed = total.argmin(axis=1)
        quickest = total[np.arange(len(seed)), seed]
        best_ms, way = first.best_ms, first.way
        best_ms[:] = first.known_ms
        way[:] = -1
        for k in np.argsort(quickest, kind="stable"):
            if quickest[k] < best_ms[starts.owner[k]]:
                best_ms[starts.owner[k]], way[starts.owner[k]] = quickest[k], k
        if np.any(best_ms >= NEVER):
            return None
        driven = {}
        for i in map(int, np.flatnonzero(way >= 0)) if trace else ():
            k = int(way[i])
            driven[i] = (metrics.arcs(int(starts.state[k]), int(first.seed_state[seed[k]])), int(seed[k]))
        return driven


def depart(roads: Roads, start: Anchors, targets: Floats, within_ms: int | None, *, trace: bool) -> Found:
    """Search forwards from one start; targets on roads out of reach are served from the nearest road within reach."""
    roads.workspace.begin()
    found = Found.nothing(start, len(targets))
    if start.edges[0] == NOWHERE:
        return found
    ends = roads.snap(targets, snapping.ENTER, MAX_WALK_M)
    found.times.reach[ends.edges == NOWHERE] = Reach.NO_ROAD_AT_TARGET
    asked = np.flatnonzero(ends.edges != NOWHERE)
    if not len(asked):
        return found
    some, access = ends.take(asked), walk_ms(start.metres)
    seeds, wanted = roads.ways_out(start).later(access), roads.ways_in(some)
    along = roads.along_one_edge(start, some)
    best = np.full(len(asked), NEVER, dtype=np.int64)
    for i, ride in along.items():
        best[i] = access[0] + ride.ms
    limit = LONGEST_MS if within_ms is None else within_ms
    way, why = roads.search(seeds, wanted, best, backwards=False, limit=limit)
    got = best < NEVER
    found.write(asked[got], best[got], walk_ms(some.metres[got]), Reach.REACHED)
    for i in map(int, np.flatnonzero(got)) if trace else ():
        if way[i] < 0:
            ride = along[i]
        else:
            arcs, seed = roads.arcs_to_seed(int(wanted.state[way[i]]), backwards=False)
            out, there = seeds.drive(seed, int(access[0])), some.take(np.array([i]))
            ride = roads.ride(start, out, arcs, wanted.drive(way[i]), there)
        found.rides[int(asked[i])] = ride
    if why == search.PAST_LIMIT:
        found.times.reach[asked[~got]] = Reach.TOO_FAR
    if why == search.EXHAUSTED:
        for i in map(int, asked[~got]):
            reach = Reach.CUT_OFF if _led_to(roads, ends.one(i)[0]) else Reach.REACHED
            _serve_from_reached(roads, found, start, seeds, i, target=targets[i], reach=reach)
    found.keep_within(within_ms)
    return found


def _serve_from_reached(
    roads: Roads, found: Found, start: Anchors, seeds: Ways, i: int, *, target: Floats, reach: Reach
) -> None:
    """Bring one target to the nearest place that an exhausted forward search can drive to."""
    access = int(walk_ms(start.metres)[0])
    ahead: Anchors | None = roads.ahead(start, target)
    tried: list[int] = []
    while len(tried) < _MAX_ROUNDS:
        end = roads.snap(target[None, :], snapping.ENTER, MAX_WALK_M, snapping.REACHED, roads.seen(tried))
        if ahead is not None and (end.edges[0] == NOWHERE or ahead.metres[0] < end.metres[0]):
            end, ahead = ahead, None
        if end.edges[0] == NOWHERE or end.metres[0] > MAX_WALK_M:
            return
        along, ways = roads.along_one_edge(start, end), roads.ways_in(end)
        times = [
            (roads.workspace.ms(int(state)) + int(ms), k)
            for k, (state, ms) in enumerate(zip(ways.state, ways.ms, strict=True))
            if roads.workspace.is_settled(int(state))
        ]
        times += [(access + ride.ms, NOWHERE) for ride in along.values()]
        if times:
            road_ms, k = min(times)
            found.write(i, road_ms, walk_ms(end.metres)[0], reach)
            if k == NOWHERE:
                found.rides[i] = along[0]
                return
            arcs, seed = roads.arcs_to_seed(int(ways.state[k]), backwards=False)
            found.rides[i] = roads.ride(start, seeds.drive(seed, access), arcs, ways.drive(k), end)
            return
        tried.append(roads.part_of(*end.one(0)))
