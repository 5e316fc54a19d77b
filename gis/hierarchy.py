"""Times between far places on very large networks: a customizable contraction hierarchy (Dibbelt, Strasser & Wagner, JEA 21, 2016).

The order of contraction knows only the shape of the network and is made once; the weights of a class are put in
afterwards, and a closure changes its own arcs only. It answers what the plain search would answer, to the millisecond.
"""

import hashlib
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from gis.shapes import ramps
from gis.turns import Graph

try:
    from pyroutingkit import INF_WEIGHT, CCHMetric, CCHTopology
except ImportError:  # it has no build for every processor
    AVAILABLE = False
else:
    AVAILABLE = True

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]

WORTH_IT: Final = 200_000  # states; below, the plain search over everything takes about as long
_SEAL: Final = "sha256"
NO_WAY_MS: Final = int(INF_WEIGHT) if AVAILABLE else (1 << 31) - 1


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """The contracted shape of one graph. Input arc k is the graph's k-th out-link."""

    topology: Any
    graph: Graph
    links_first: Int32s  # the links of arc a: links[links_first[a] : links_first[a + 1]]
    links: Int32s

    @classmethod
    def build(
        cls, graph: Graph, node_lonlat: npt.NDArray[np.float64], kept_in: Path | None = None
    ) -> "Hierarchy":
        """Contract a graph; takes seconds for 10^5 states and a minute or two for 10^6, while other threads run on.

        kept_in: a folder in which the order of this graph may have been kept (`keep`): then it takes a second.
        Raises ModuleNotFoundError, with the name of the library, where that is not installed.
        """
        if not AVAILABLE:
            raise ModuleNotFoundError(name="pyroutingkit")
        topology = None if kept_in is None else _kept(graph, kept_in / _name(graph))
        if topology is None:
            topology = _contracted(graph, node_lonlat)
        arc = graph.out_links[:, 1]
        first = np.zeros(int(arc.max(initial=-1)) + 2, dtype=np.int32)
        np.cumsum(np.bincount(arc), out=first[1:])
        return cls(topology, graph, first, np.argsort(arc, kind="stable").astype(np.int32))

    def keep(self, folder: Path) -> None:
        """Keep the order in a folder, for `build` to find; it appears whole or not at all. Raises OSError."""
        place = folder / _name(self.graph)
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(dir=folder))
        self.topology.save(str(unfinished))
        (unfinished / _SEAL).write_text(_seal(unfinished))
        shutil.rmtree(place, ignore_errors=True)
        unfinished.rename(place)

    def links_of(self, arcs: Int32s) -> tuple[Int32s, Int64s]:
        """Return (links, which of the arcs each belongs to) of some arcs."""
        counts = self.links_first[arcs + 1] - self.links_first[arcs]
        links = self.links[np.repeat(self.links_first[arcs], counts) + ramps(counts)]
        return links, np.repeat(np.arange(len(arcs)), counts)


def _name(graph: Graph) -> str:
    """Return a name that only this graph has."""
    digest = hashlib.sha256(np.int64(graph.state_count).tobytes())
    digest.update(np.ascontiguousarray(graph.out_tail).data)
    digest.update(np.ascontiguousarray(graph.out_links[:, 0]).data)
    return f"order-{digest.hexdigest()[:24]}"


def _contracted(graph: Graph, node_lonlat: npt.NDArray[np.float64]) -> Any:
    lonlat = node_lonlat[graph.node_of].astype(np.float32)
    topology = CCHTopology()
    tail, head = graph.out_tail.astype(np.uint32), graph.out_links[:, 0].astype(np.uint32)
    topology.build(tail, head, lonlat[:, 1].copy(), lonlat[:, 0].copy(), graph.state_count)
    return topology


def _kept(graph: Graph, place: Path) -> Any | None:
    """Return what is kept of a graph; None when there is nothing, or it is not as it was written: the library would not notice."""
    seal = place / _SEAL
    if not seal.is_file() or seal.read_text() != _seal(place):
        return None
    topology = CCHTopology()
    topology.load(str(place))
    return topology if topology.node_count == graph.state_count else None


def _seal(folder: Path) -> str:
    """Return a digest of the files in a folder, but for the seal itself."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.name != _SEAL:
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


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
