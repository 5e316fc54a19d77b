"""Which parts of a road network hang together: islands that no vehicle reaches, and traps that it cannot leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

from gis.restrictions import Turn
from gis.road_tags import CLOSED_TO_VEHICLES
from gis.turns import expand

LISTED: Final = 10  # islands that are named by their length

_Floats = npt.NDArray[np.float64]
_Indices = npt.NDArray[np.int64]
_Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Islands:
    """The shape of the drivable network, in kilometres of road.

    number: connected parts, one-ways ignored; the largest is the mainland, the others are islands.
    no_way_out: roads of the mainland that one can drive into but not back from; no_way_in: the reverse.
    largest_islands_km: at most ten, the longest first.
    """

    number: int
    mainland_km: float
    islands_km: float
    largest_islands_km: tuple[float, ...]
    no_way_out_km: float
    no_way_in_km: float


def islands(edges: gpd.GeoDataFrame, banned_turns: Sequence[Turn] = ()) -> Islands:
    """Report on edges with edge_id, u, v, oneway, access and length_m; roads for walkers only are no part of it."""
    drivable = edges[~edges["access"].isin(CLOSED_TO_VEHICLES)]
    if drivable.empty:
        return Islands(
            number=0,
            mainland_km=0.0,
            islands_km=0.0,
            largest_islands_km=(),
            no_way_out_km=0.0,
            no_way_in_km=0.0,
        )
    km = drivable["length_m"].to_numpy(dtype=np.float64) / 1000
    number, part = _parts(drivable)
    sizes = np.bincount(part, weights=km, minlength=number)
    largest = int(sizes.argmax())
    others = np.sort(np.delete(sizes, largest))[::-1]
    entered, left, both = _traffic(drivable, banned_turns, np.where(part == largest, km, 0.0))
    on_mainland = part == largest
    return Islands(
        number=number,
        mainland_km=_round(sizes[largest]),
        islands_km=_round(others.sum()),
        largest_islands_km=tuple(_round(size) for size in others[:LISTED]),
        no_way_out_km=_round(km[on_mainland & entered & ~both].sum()),
        no_way_in_km=_round(km[on_mainland & left & ~both].sum()),
    )


def mainland(edges: gpd.GeoDataFrame, banned_turns: Sequence[Turn] = ()) -> _Flags:
    """Return which edges a vehicle can drive to from the core of the network, and come back from."""
    found: _Flags = ~edges["access"].isin(CLOSED_TO_VEHICLES).to_numpy(dtype=bool)
    drivable = edges[found]
    if not drivable.empty:
        _, _, both = _traffic(drivable, banned_turns, drivable["length_m"].to_numpy(dtype=np.float64))
        found[found] = both
    return found


def _parts(edges: gpd.GeoDataFrame) -> tuple[int, _Indices]:
    """Return the number of connected parts, one-ways ignored, and the part of each edge."""
    nodes, u, v = _ends(edges)
    graph = csr_array((np.ones(len(u), dtype=np.int8), (u, v)), shape=(nodes, nodes))
    number, part = connected_components(graph, directed=False)
    return int(number), part[u].astype(np.int64)


def _ends(edges: gpd.GeoDataFrame) -> tuple[int, _Indices, _Indices]:
    """Return the number of nodes, and both ends of each edge as places among them."""
    nodes, ends = np.unique(edges[["u", "v"]].to_numpy(dtype=np.int64), return_inverse=True)
    u, v = ends.reshape(-1, 2).T
    return len(nodes), u, v


def _traffic(
    edges: gpd.GeoDataFrame, banned_turns: Sequence[Turn], km: _Floats
) -> tuple[_Flags, _Flags, _Flags]:
    """Return which edges can be driven into from the core, which lead back to it, and which do both in one drive.

    The core is the strongly connected part with the most kilometres (km: of each edge, 0 where it cannot be).
    """
    tail, head, arc = _links(edges, banned_turns)
    edge = arc // 2
    states = int(max(tail.max(), head.max())) + 1
    graph = csr_array((np.ones(len(tail), dtype=np.int8), (tail, head)), shape=(states, states))
    _, strong = connected_components(graph, directed=True, connection="strong")
    inside = strong[tail] == strong[head]
    weight = np.bincount(strong[tail][inside], weights=km[edge][inside], minlength=strong.max() + 1)
    core = int(np.flatnonzero(strong == weight.argmax())[0])
    entered, left = _reached(graph, core)[tail], _reached(graph.T.tocsr(), core)[head]

    def any_drive(flags: _Flags) -> _Flags:
        return np.bincount(edge[flags], minlength=len(edges)) > 0

    return any_drive(entered), any_drive(left), any_drive(entered & left)


def _links(edges: gpd.GeoDataFrame, banned_turns: Sequence[Turn]) -> tuple[_Indices, _Indices, _Indices]:
    """Return from which state to which each drive along an edge leads, and its arc (see `gis.turns`)."""
    nodes, u, v = _ends(edges)
    arc_tail, arc_head = (np.column_stack(ends).ravel().astype(np.int32) for ends in ((u, v), (v, u)))
    graph = expand(nodes, arc_tail, arc_head, _words(edges, banned_turns))
    target, arc = graph.out_links.T
    oneway = edges["oneway"].to_numpy()
    allowed = np.column_stack([oneway >= 0, oneway <= 0]).ravel()[arc]
    return (
        graph.out_tail[allowed].astype(np.int64),
        target[allowed].astype(np.int64),
        arc[allowed].astype(np.int64),
    )


def _words(edges: gpd.GeoDataFrame, banned_turns: Sequence[Turn]) -> list[list[int]]:
    """Return the banned turns over these edges as sequences of arcs."""
    place = {edge: i for i, edge in enumerate(edges["edge_id"].tolist())}
    return [
        [2 * place[edge] + (not forward) for edge, forward in turn]
        for turn in banned_turns
        if all(edge in place for edge, _ in turn)
    ]


def _reached(graph: csr_array, start: int) -> _Flags:
    flags = np.zeros(graph.shape[0], dtype=bool)
    flags[breadth_first_order(graph, start, directed=True, return_predecessors=False)] = True
    return flags


def _round(km: float) -> float:
    return round(float(km), 3)
