"""Which parts of a road network hang together: islands that no vehicle reaches, and traps that it cannot leave."""

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

from gis.road_tags import CLOSED_TO_VEHICLES

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


def islands(edges: gpd.GeoDataFrame) -> Islands:
    """Report on edges with u, v, oneway, access and length_m; roads for walkers only are no part of it."""
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
    tail, head, graph = _graph(drivable)
    number, part = connected_components(graph, directed=False)
    sizes = np.bincount(part[tail], weights=km, minlength=number)
    largest = int(sizes.argmax())
    others = np.sort(np.delete(sizes, largest))[::-1]
    entered, left = _traffic(graph, tail, head, np.where(part[tail] == largest, km, 0.0))
    on_mainland = part[tail] == largest
    return Islands(
        number=number,
        mainland_km=_round(sizes[largest]),
        islands_km=_round(others.sum()),
        largest_islands_km=tuple(_round(size) for size in others[:LISTED]),
        no_way_out_km=_round(km[on_mainland & entered & ~left].sum()),
        no_way_in_km=_round(km[on_mainland & left & ~entered].sum()),
    )


def mainland(edges: gpd.GeoDataFrame) -> _Flags:
    """Return which edges a vehicle can drive to from all over the mainland, and come back from."""
    found: _Flags = ~edges["access"].isin(CLOSED_TO_VEHICLES).to_numpy(dtype=bool)
    drivable = edges[found]
    if not drivable.empty:
        tail, head, graph = _graph(drivable)
        entered, left = _traffic(graph, tail, head, drivable["length_m"].to_numpy(dtype=np.float64))
        found[found] = entered & left
    return found


def _graph(edges: gpd.GeoDataFrame) -> tuple[_Indices, _Indices, csr_array]:
    """Return tail and head of each edge (a two-way road either way round) and the directed graph over them."""
    nodes, ends = np.unique(edges[["u", "v"]].to_numpy(dtype=np.int64), return_inverse=True)
    u, v = ends.reshape(-1, 2).T
    oneway = edges["oneway"].to_numpy()
    tail, head = np.where(oneway < 0, v, u), np.where(oneway < 0, u, v)
    back = oneway == 0
    links = (np.r_[tail, head[back]], np.r_[head, tail[back]])
    graph = csr_array((np.ones(len(links[0]), dtype=np.int8), links), shape=(len(nodes), len(nodes)))
    return tail, head, graph


def _traffic(graph: csr_array, tail: _Indices, head: _Indices, km: _Floats) -> tuple[_Flags, _Flags]:
    """Return which edges can be driven into from the core, and which lead back to it.

    The core is the strongly connected part with the most kilometres; km is 0 where it cannot be.
    A two-way road stands with one direction only: both its ends are entered and left alike.
    """
    _, strong = connected_components(graph, directed=True, connection="strong")
    inside = strong[tail] == strong[head]
    weight = np.bincount(strong[tail][inside], weights=km[inside], minlength=strong.max() + 1)
    core = int(np.flatnonzero(strong == weight.argmax())[0])
    return _reached(graph, core)[tail], _reached(graph.T.tocsr(), core)[head]


def _reached(graph: csr_array, start: int) -> _Flags:
    flags = np.zeros(graph.shape[0], dtype=bool)
    flags[breadth_first_order(graph, start, directed=True, return_predecessors=False)] = True
    return flags


def _round(km: float) -> float:
    return round(float(km), 3)
