"""What `muster bench` measures: road networks, and travel times beside named peers on the same weights.

Times are this machine's; ratios are what to compare. Every engine answers the same question (times from a few candidates
to one target) on the same whole milliseconds in the same run, and its answers are compared with ours. Engines take turns by all cases, and of three repetitions the least
counts, because other programs share the machine. The first case is left out: it compiles, loads and fills caches.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any, Final

import geopandas as gpd
import networkx as nx
import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph
from shapely import Point

from api.bench.networks import generated
from data import demo, osm
from gis import hierarchy
from gis.hierarchy import WORTH_IT, Metrics
from gis.network import Closure, RoadNetwork, VehicleProfile
from gis.roads import Roads, edges_from_lines, edges_from_ways
from gis.search import NEVER
from gis.travel import times_to

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

CAR: Final = VehicleProfile(speed_class="car")
CANDIDATES: Final = 20
NEAR: Final = 400
"""Near candidates are drawn from so many nodes around the target."""
BESIDE_DEGREES: Final = 0.0003
"""About 30 m: near enough to the target's road for a closure given as a point."""
REPETITIONS: Final = 3
AFTER_CLOSING: Final = "muster, after closing"
NETWORKX_MOST_NODES: Final = 300_000
"""Beyond this its graph alone takes minutes and gigabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelFigure:
    """What one engine took for the times of 20 candidates to a target; ms.

    engine "muster": the whole question from positions to times (overlay, snapping, search, walks), candidates never seen before.
    "muster, known bases": the same, candidates asked about before, as in a county whose bases stay.
    "muster, after closing": from closing a road beside the target to the next right answer.
    The others search only, between nodes that are given: "muster search", and its peers "scipy" and "networkx" (bounded by the
    farthest candidate's time, which they are told) and "pyroutingkit" (customised before).
    times_search and times_whole: how many "muster search" and "muster" fit into one of it, by medians.
    equal: answers that are those of "muster" to the millisecond; scipy and networkx know no turn restrictions.
    """

    network: str
    nodes: int
    candidates: str
    engine: str
    cases: int
    median_ms: float
    p95_ms: float
    times_search: float
    times_whole: float
    equal: int
    answers: int


def networks(extracts: Sequence[Path], generated_nodes: int) -> Iterator[tuple[str, RoadNetwork]]:
    """Yield the demo county's network, that of each extract, and a generated one of about so many nodes."""
    yield "demo", _built(edges_from_lines(gpd.read_file(demo.FILES / "roads.geojson"), snap_m=1.0))
    for path in extracts:
        found = osm.read(path)
        roads = edges_from_ways(found.ways, found.vertices, found.restrictions, found.barriers)
        yield path.name.partition(".")[0], _built(roads)
    if generated_nodes:
        yield "generated", generated(generated_nodes)


def _built(roads: Roads) -> RoadNetwork:
    return RoadNetwork.build(roads.nodes, roads.edges, roads.banned_turns)


def measure(name: str, network: RoadNetwork, *, cases: int = 5) -> Iterator[TravelFigure]:
    """Measure candidates near the target, and spread over the whole network; a very large one is prepared for far questions first."""
    if network.drive.state_count >= WORTH_IT and hierarchy.AVAILABLE:
        network.prepare_for_far()
    peers = _Peers(network)
    for spread in ("near", "spread"):
        yield from _figures(name, network, peers, spread, cases)


class _Peers:
    """The car's weights as others take them; for scipy and networkx reversed, so that one search from the target serves all."""

    def __init__(self, network: RoadNetwork) -> None:
        weights = network.weights(network.classify(CAR))
        usable = np.flatnonzero(weights >= 0)
        tail, head, ms = network.tail[usable], network.head[usable], weights[usable]
        order = np.lexsort((ms, tail, head))
        tail, head, ms = tail[order], head[order], ms[order]
        first = np.append(True, (np.diff(head) != 0) | (np.diff(tail) != 0))  # of parallel arcs the quickest
        tail, head, ms = tail[first], head[first], ms[first]
        shape = (network.node_count, network.node_count)
        self.matrix = sparse.csr_array((ms.astype(np.float64), (head, tail)), shape=shape)
        self.graph = _digraph(head, tail, ms) if network.node_count <= NETWORKX_MOST_NODES else None
        self.metrics = network.customised(network.classify(CAR)) if hierarchy.AVAILABLE else None
        degree = np.bincount(tail, minlength=network.node_count)
        _, part = csgraph.connected_components(self.matrix, directed=True, connection="strong")
        self.usable = np.flatnonzero((part == np.bincount(part).argmax()) & (degree > 0))


def _digraph(tail: npt.NDArray[Any], head: npt.NDArray[Any], ms: npt.NDArray[Any]) -> "nx.DiGraph[int]":
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_weighted_edges_from(zip(tail.tolist(), head.tolist(), ms.tolist(), strict=True))
    return graph


Answers = Sequence[float] | npt.NDArray[Any]
Ask = Callable[[int], Answers]
"""Takes the number of the repetition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One question: a target node, candidate nodes, and how long the farthest takes."""

    network: RoadNetwork
    peers: _Peers
    target: int
    chosen: Int64s
    here: tuple[float, float]
    sources: Floats
    limit: float = np.inf

    def engines(self) -> Iterator[tuple[str, Ask]]:
        yield "muster", self.anew
        yield "muster, known bases", lambda _: self.whole()
        yield AFTER_CLOSING, lambda _: self.after_closing()
        yield "muster search", self.search()
        yield "scipy", lambda _: self.scipy()
        graph, metrics = self.peers.graph, self.peers.metrics
        if graph is not None:
            yield "networkx", lambda _: self.networkx(graph)
        if metrics is not None:
            yield "pyroutingkit", lambda _: self.pyroutingkit(metrics)

    def anew(self, number: int) -> Answers:
        """Ask for the candidates in another order each time: nothing is remembered of that."""
        turned = replace(self, sources=np.roll(self.sources, number + 1, axis=0))
        return np.roll(turned.whole(), -number - 1)

    def whole(self, closures: Sequence[Closure] = ()) -> Answers:
        overlay = self.network.overlay(closures)
        return times_to(self.network, self.here, self.sources, CAR, overlay).road_ms

    def after_closing(self) -> Answers:
        lon, lat = self.here
        return self.whole([Closure(id=1, geometry=Point(lon + BESIDE_DEGREES, lat))])

    def search(self) -> Ask:
        """Return the compiled search alone, between states."""
        overlay = self.network.overlay()
        lane = self.network.lane(CAR, overlay)
        joints = lane.land.joints
        at_target = joints.extra_state[joints.extra_first[self.target] : joints.extra_first[self.target + 1]]
        seeds = np.append(at_target, self.target).astype(np.int32)
        order = np.argsort(self.chosen, kind="stable").astype(np.int32)
        options = self.chosen[order].astype(np.int32), np.zeros(len(order), dtype=np.int64), order

        def ask(_: int) -> Answers:
            best = np.full(len(order), NEVER, dtype=np.int64)
            way = np.full(len(order), -1, dtype=np.int32)
            with self.network.lend(lane, overlay) as field, lane.workspaces.lend() as room:
                room.run(
                    lane.land.in_first,
                    lane.land.in_links,
                    field.weights,
                    (seeds, np.zeros(len(seeds), dtype=np.int64)),
                    options,
                    (best, way),
                )
            return best

        return ask

    def scipy(self) -> Answers:
        found = csgraph.dijkstra(self.peers.matrix, indices=[self.target], limit=self.limit)
        return np.asarray(found[0])[self.chosen]

    def networkx(self, graph: "nx.DiGraph[int]") -> Answers:
        found = nx.single_source_dijkstra_path_length(graph, self.target, cutoff=self.limit)
        return [found.get(int(node), np.inf) for node in self.chosen]

    def pyroutingkit(self, metrics: Metrics) -> Answers:
        return metrics.times(self.chosen.astype(np.int32), np.array([self.target], dtype=np.int32))[:, 0]


def _figures(
    name: str, network: RoadNetwork, peers: _Peers, spread: str, cases: int
) -> Iterator[TravelFigure]:
    questions, ms, equal = [], {}, {}
    for question in _questions(network, peers, spread, cases + 1):
        expected = np.asarray(question.whole())
        questions.append((replace(question, limit=float(expected.max()) + 1), expected))
    for engine in dict(questions[0][0].engines()):
        taken = [_asked(dict(question.engines())[engine], expected) for question, expected in questions]
        ms[engine] = [least for least, _ in taken[1:]]
        equal[engine] = sum(right for _, right in taken[1:])
    search, whole = median(ms["muster search"]), median(ms["muster"])
    answers = cases * len(questions[0][1])
    for engine, least in ms.items():
        yield TravelFigure(
            network=name,
            nodes=network.node_count,
            candidates=spread,
            engine=engine,
            cases=cases,
            median_ms=median(least),
            p95_ms=float(np.percentile(least, 95)),
            times_search=median(least) / search,
            times_whole=median(least) / whole,
            equal=answers if engine == AFTER_CLOSING else equal[engine],  # another question
            answers=answers,
        )


def _asked(ask: Ask, expected: npt.NDArray[Any]) -> tuple[float, int]:
    """Return the least ms of some repetitions, and how many of the last one's answers are as expected."""
    least, answers = np.inf, expected
    for number in range(REPETITIONS):
        start = time.perf_counter()
        found = ask(number)
        least = min(least, (time.perf_counter() - start) * 1000)
        answers = np.asarray(found)
    return least, int(np.sum(answers == expected))


def _questions(network: RoadNetwork, peers: _Peers, spread: str, count: int) -> Iterator[_Case]:
    """Draw targets and their candidates from the network's largest strongly connected part."""
    draw = np.random.default_rng(7)
    for _ in range(count):
        target, pool = int(draw.choice(peers.usable)), peers.usable
        if spread == "near":
            offset = network.node_lonlat[pool] - network.node_lonlat[target]
            pool = pool[np.argsort((offset**2).sum(axis=1))[:NEAR]]
        chosen = draw.choice(pool, size=min(CANDIDATES, len(pool)), replace=False)
        lon, lat = (float(degrees) for degrees in network.node_lonlat[target])
        yield _Case(
            network=network,
            peers=peers,
            target=target,
            chosen=chosen,
            here=(lon, lat),
            sources=network.node_lonlat[chosen],
        )
