"""Which places hang together by road: what a closure cuts off, and which roads lie under a geometry."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csgraph, csr_array
from shapely.geometry.base import BaseGeometry

from gis.closures import Overlay
from gis.journeys import Anchors, Floats, Roads, Ways, lend_roads
from gis.network import Closure, RoadNetwork, VehicleProfile
from gis.shapes import MILLION

Flags = npt.NDArray[np.bool_]


def connected(
    network: RoadNetwork, places: Floats, people: Floats, profile: VehicleProfile, overlay: Overlay
) -> Flags:
    """Return which of N places have a road under an overlay: can be driven to from the main part, and driven away from to it.

    places: N × (longitude, latitude). people: N weights that tell which part is the main one.
    A place's road is the nearest one that the vehicle may leave on when nothing at all is closed; it does not change
    with closures, so a place beside a closed stretch has no road. The main part is the strongly connected part of the
    network, as it is under the overlay, that the roads of most people lead into; of equals the larger one.
    An edge that is closed part-way still serves the places before and behind the closed stretch.
    A place farther than `gis.journeys.MAX_ACCESS_M` from any road has none, before or after.
    Cost: one pass over the network's links, whatever N is.
    """
    if not len(places):
        return np.zeros(0, dtype=np.bool_)
    with lend_roads(network, profile, network.overlay()) as bare:
        at = Anchors.of(bare.starts(places))
    with lend_roads(network, profile, overlay) as roads:
        return _on_main(roads, roads.ways_out(at), roads.ways_in(at), people)


def _on_main(roads: Roads, ways_out: Ways, ways_in: Ways, people: Floats) -> Flags:
    graph, weights = roads.graph, roads.field.weights
    usable = weights[graph.out_links[:, 1]] >= 0
    links = (graph.out_tail[usable], graph.out_links[usable, 0])
    shape = (graph.state_count, graph.state_count)
    matrix = csr_array((np.ones(len(links[0]), dtype=np.int8), links), shape=shape)
    count, part = csgraph.connected_components(matrix, directed=True, connection="strong")
    living = np.bincount(part[ways_out.state], weights=people[ways_out.owner], minlength=count)
    size = np.bincount(part, minlength=count)
    main = int(np.lexsort((size, living))[-1])
    start = int(np.argmax(part == main))
    from_main, to_main = np.zeros(shape[0], dtype=np.bool_), np.zeros(shape[0], dtype=np.bool_)
    from_main[csgraph.breadth_first_order(matrix, start, return_predecessors=False)] = True
    to_main[csgraph.breadth_first_order(matrix.T.tocsr(), start, return_predecessors=False)] = True
    leaves, entered = np.zeros(len(people), dtype=np.bool_), np.zeros(len(people), dtype=np.bool_)
    leaves[ways_out.owner[to_main[ways_out.state]]] = True
    entered[ways_in.owner[from_main[ways_in.state]]] = True
    both: Flags = leaves & entered
    return both


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """A road under a geometry: what stands on its sign ("" for none), its class, and how much of it is struck."""

    name: str
    road_class: str
    length_m: float


def roads_under(network: RoadNetwork, geometry: BaseGeometry) -> tuple[Covered, ...]:
    """Return the roads that a closure of this geometry would strike, the longest stretch first.

    Edges of one name and class are one road. A point strikes an edge without any length of it.
    """
    lengths: dict[tuple[str, str], float] = {}
    for edge, entry in network.overlay([Closure(id=0, geometry=geometry)]).entries.items():
        name = str(network.names[edge] or network.refs[edge] or "")
        key = (name, network.class_names[network.road_class[edge]])
        share = max(0, entry.high - entry.low) / MILLION
        lengths[key] = lengths.get(key, 0.0) + float(network.rules.length_m[edge]) * share
    found = [
        Covered(name=name, road_class=road_class, length_m=m) for (name, road_class), m in lengths.items()
    ]
    return tuple(sorted(found, key=lambda road: (-road.length_m, road.name, road.road_class)))
