"""Times between far places on very large networks: a customizable contraction hierarchy (Dibbelt, Strasser & Wagner, JEA 21, 2016).

The order of contraction knows only the shape of the network and is made once; the weights of a class are put in
afterwards, and a closure changes its own arcs only. It answers what the plain search would answer, to the millisecond.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pyroutingkit import INF_WEIGHT, CCHMetric, CCHTopology

from gis.shapes import ramps
from gis.turns import Graph

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]

WORTH_IT: Final = 200_000  # states; below, the plain search over everything takes about as long
NO_WAY_MS: Final = int(INF_WEIGHT)


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """The contracted shape of one graph. Input arc k is the graph's k-th out-link."""

    topology: Any
    graph: Graph
    links_first: Int32s  # the links of arc a: links[links_first[a] : links_first[a + 1]]
    links: Int32s

    @classmethod
    def build(cls, graph: Graph, node_lonlat: npt.NDArray[np.float64]) -> "Hierarchy":
        """Contract a graph; takes seconds for 10^5 states and a minute for 10^6."""
        lonlat = node_lonlat[graph.node_of].astype(np.float32)
        topology = CCHTopology()
        tail, head = graph.out_tail.astype(np.uint32), graph.out_links[:, 0].astype(np.uint32)
        topology.build(tail, head, lonlat[:, 1].copy(), lonlat[:, 0].copy(), graph.state_count)
        arc = graph.out_links[:, 1]
        first = np.zeros(int(arc.max(initial=-1)) + 2, dtype=np.int32)
        np.cumsum(np.bincount(arc), out=first[1:])
        return cls(topology, graph, first, np.argsort(arc, kind="stable").astype(np.int32))

    def links_of(self, arcs: Int32s) -> tuple[Int32s, Int64s]:
        """Return (links, which of the arcs each belongs to) of some arcs."""
        counts = self.links_first[arcs + 1] - self.links_first[arcs]
        links = self.links[np.repeat(self.links_first[arcs], counts) + ramps(counts)]
        return links, np.repeat(np.arange(len(arcs)), counts)


def _input(weights: Int32s) -> npt.NDArray[np.uint32]:
    return np.where(weights < 0, NO_WAY_MS, weights).astype(np.uint32)


class Metrics:
    """The hierarchy with the weights of one class and hour, under one overlay at a time; lent to one thread at a time."""

    def __init__(self, hierarchy: Hierarchy, base: Int32s) -> None:
        self.hierarchy = hierarchy
        self._base = base
        self._metric = CCHMetric(hierarchy.topology)
        self._metric.customize(_input(base[hierarchy.graph.out_links[:, 1]]))
        self._changed = np.zeros(0, dtype=np.int32)
        self._present: object = None
        self._lock = threading.Lock()

    @contextmanager
    def under(self, patch: object, arcs: Int32s, ms: Int32s) -> Iterator["Metrics"]:
        """Put the weights of an overlay's arcs in, unless the same patch is in already."""
        with self._lock:
            if patch is not self._present:
                self._put(self._changed, self._base[self._changed])
                self._put(arcs, ms)
                self._changed, self._present = arcs, patch
            yield self

    def _put(self, arcs: Int32s, ms: Int32s) -> None:
        links, owner = self.hierarchy.links_of(arcs)
        if len(links):
            self._metric.update_weights(links.astype(np.uint32), _input(ms[owner]))

    def times(self, sources: Int32s, targets: Int32s) -> Int64s:
        """Return ms between states, NO_WAY_MS where there is no way; shape (sources, targets)."""
        found = self._metric.distances_many_to_many(sources.astype(np.uint32), targets.astype(np.uint32))
        return np.asarray(found, dtype=np.int64).reshape(len(sources), len(targets))

    def arcs(self, source: int, target: int) -> list[int]:
        """Return the arcs of a fastest way between two states."""
        _, _, links = self._metric.query(source, target)
        return [int(arc) for arc in self.hierarchy.graph.out_links[np.asarray(links, dtype=np.int64), 1]]
