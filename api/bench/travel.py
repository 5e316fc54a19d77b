"""What `muster bench` measures: road networks, and travel times beside named peers on the same weights.

Times are this machine's; ratios are what to compare. Every peer answers the same question (times from a few
candidates to one target) on the same integer weights in the same run, and its answers are compared with ours.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
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
from gis.hierarchy import WORTH_IT
from gis.network import Closure, Overlay, RoadNetwork, VehicleProfile
from gis.roads import Roads, edges_from_lines, edges_from_ways
from gis.travel import times_to

CAR: Final = VehicleProfile(speed_class="car")
CANDIDATES: Final = 20
NEAR: Final = 400
"""Near candidates are drawn from so many nodes around the target."""
BESIDE_DEGREES: Final = 0.0003
"""About 30 m: near enough to the target's road for a closure given as a point."""
NETWORKX_MOST_NODES: Final = 300_000
"""Beyond this its graph alone takes minutes and gigabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelFigure:
    """Times of 20 candidates to a target; medians in ms, and the 95th percentile of ours.

    closure_ms: from closing a road beside the target to the next right answer.
    hierarchy_ms: a contraction hierarchy's query alone, on networks large enough to prepare one.
    `equal`: answers that agree with scipy's to the millisecond; scipy knows no turn restrictions.
    """

    network: str
    nodes: int
    candidates: str
    cases: int
    ours_ms: float
    ours_p95_ms: float
    closure_ms: float
    hierarchy_ms: float | None
    scipy_ms: float
    networkx_ms: float | None
    equal: int
    answers: int

    @property
    def times_faster_than_scipy(self) -> float:
        """How many of our searches fit into one of scipy's, bounded by the farthest candidate's time."""
        return self.scipy_ms / self.ours_ms

    @property
    def times_faster_than_networkx(self) -> float | None:
        """How many of our searches fit into one of networkx's."""
        return None if self.networkx_ms is None else self.networkx_ms / self.ours_ms


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


def measure(name: str, network: RoadNetwork, *, cases: int = 5) -> tuple[TravelFigure, ...]:
    """Measure candidates near the target, and spread over the whole network."""
    if network.drive.state_count >= WORTH_IT:
        network.prepare_for_far()
    graph = _Peers(network)
    return tuple(_figure(name, network, graph, spread, cases) for spread in ("near", "spread"))


class _Peers:
    """The car's weights as scipy and networkx take them: reversed, so that one search from the target serves all."""

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
        degree = np.bincount(tail, minlength=network.node_count)
        _, part = csgraph.connected_components(self.matrix, directed=True, connection="strong")
        self.usable = np.flatnonzero((part == np.bincount(part).argmax()) & (degree > 0))


def _digraph(tail: npt.NDArray[Any], head: npt.NDArray[Any], ms: npt.NDArray[Any]) -> "nx.DiGraph[int]":
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_weighted_edges_from(zip(tail.tolist(), head.tolist(), ms.tolist(), strict=True))
    return graph


def _figure(name: str, network: RoadNetwork, peers: _Peers, spread: str, cases: int) -> TravelFigure:
    draw = np.random.default_rng(7)
    overlay = network.overlay()
    ours, theirs, slow, closed, contracted = [], [], [], [], []
    equal = answers = 0
    for case in range(-1, cases):  # the first is only run, so that nothing is compiled while the clock runs
        target, chosen = _chosen(network, peers, spread, draw)
        here = _position(network, target)
        sources = [_position(network, node) for node in chosen]
        found, ms = _timed(partial(times_to, network, here, sources, CAR, overlay))
        limit = float(found.road_ms.max()) + 1
        expected, scipy_ms = _timed(partial(csgraph.dijkstra, peers.matrix, indices=target, limit=limit))
        if case < 0:
            continue
        ours.append(ms)
        closed.append(_timed(partial(_after_closing, network, here, sources))[1])
        if network.knows_far:
            contracted.append(_hierarchy_ms(network, overlay, target, chosen))
        theirs.append(scipy_ms)
        if peers.graph is not None:
            slow.append(_timed(partial(nx.single_source_dijkstra_path_length, peers.graph, target))[1])
        equal += int(np.sum(found.road_ms == expected[chosen]))
        answers += len(chosen)
    return TravelFigure(
        network=name,
        nodes=network.node_count,
        candidates=spread,
        cases=cases,
        ours_ms=median(ours),
        ours_p95_ms=float(np.percentile(ours, 95)),
        closure_ms=median(closed),
        hierarchy_ms=median(contracted) if contracted else None,
        scipy_ms=median(theirs),
        networkx_ms=median(slow) if slow else None,
        equal=equal,
        answers=answers,
    )


def _after_closing(network: RoadNetwork, target: tuple[float, float], sources: Any) -> None:
    """Close the road beside a target, and ask again."""
    beside = Point(target[0] + BESIDE_DEGREES, target[1])
    times_to(network, target, sources, CAR, network.overlay([Closure(id=1, geometry=beside)]))


def _hierarchy_ms(
    network: RoadNetwork, overlay: Overlay, target: int, chosen: npt.NDArray[np.int64]
) -> float:
    with network.lend_far(network.classify(CAR), overlay) as metrics:
        if metrics is None:
            return 0.0
        return _timed(partial(metrics.times, chosen.astype(np.int32), np.array([target], dtype=np.int32)))[1]


def _chosen(
    network: RoadNetwork, peers: _Peers, spread: str, draw: np.random.Generator
) -> tuple[int, npt.NDArray[np.int64]]:
    """Draw a target and its candidates from the network's largest strongly connected part."""
    target = int(draw.choice(peers.usable))
    pool = peers.usable
    if spread == "near":
        offset = network.node_lonlat[pool] - network.node_lonlat[target]
        pool = pool[np.argsort((offset**2).sum(axis=1))[:NEAR]]
    return target, draw.choice(pool, size=min(CANDIDATES, len(pool)), replace=False)


def _position(network: RoadNetwork, node: int) -> tuple[float, float]:
    lon, lat = network.node_lonlat[node]
    return float(lon), float(lat)


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    result = work()
    return result, (time.perf_counter() - start) * 1000
