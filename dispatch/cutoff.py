"""What a closure or danger area does: who is left without a road, and which running orders have it before them.

Both are differences. *Cut off* by something is what has a road (`gis.connection.connected`, for one class of vehicle)
under everything else that stands, and none with it on top. Two closures that cut a village off only together each
show it while the other stands.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import shapely

from dispatch.model import Position
from dispatch.times import Flags
from gis.closures import Overlay
from gis.connection import connected
from gis.crs import metres_per_degree
from gis.network import RoadNetwork, VehicleProfile
from gis.shapes import MILLION

ServedKind = Literal["village", "team", "depot", "shelter"]
VehicleClass = Literal["car", "truck", "heavy"]
VEHICLES: Final[dict[VehicleClass, VehicleProfile]] = {
    "car": VehicleProfile(speed_class="car"),
    "truck": VehicleProfile(speed_class="truck", mass_kg=12_000, height_cm=350, width_cm=250),
    "heavy": VehicleProfile(speed_class="heavy", mass_kg=38_000, height_cm=420, width_cm=300),
}
"""The vehicles that the question is asked for: a light car, a loaded truck, an excavator on its trailer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Something that needs a road. `people`: who live there (a village); 0 for everything else."""

    kind: ServedKind
    id: int
    position: Position
    people: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What a running order still has before it: road edges (ids) in their order, and where its unit was last seen."""

    order: int
    edges: tuple[int, ...]
    position: Position | None = None


def cut_off(
    places: Sequence[Served],
    network: RoadNetwork,
    without: Overlay,
    with_it: Overlay,
    profile: VehicleProfile,
) -> tuple[Served, ...]:
    """Return the places that have a road without something and none with it, in the order given."""
    positions = np.array([place.position for place in places], dtype=np.float64).reshape(-1, 2)
    people = np.array([place.people for place in places], dtype=np.float64)

    def served(overlay: Overlay) -> Flags:
        return connected(network, positions, people, profile, overlay)

    lost = served(without) & ~served(with_it)
    return tuple(place for place, cut in zip(places, lost.tolist(), strict=True) if cut)


def touched(ways: Iterable[Way], network: RoadNetwork, struck: Overlay) -> tuple[int, ...]:
    """Return the orders, in the order given, that still have to pass what something strikes.

    struck: an overlay of that thing alone. Without a position the whole way counts: a unit that is late may still have
    all of it before it. On the edge where a unit is, a closed stretch that lies behind it does not count.
    """
    return tuple(way.order for way in ways if _has_before_it(way, network, struck))


def _has_before_it(way: Way, network: RoadNetwork, struck: Overlay) -> bool:
    hit = struck.entries.keys()
    edges = network.places_of(way.edges)
    if way.position is None or not hit & set(edges.tolist()):
        return not hit.isdisjoint(edges.tolist())
    scale = np.array([float(m) for m in metres_per_degree(way.position[1])])
    lines = shapely.transform(network.shapes.lines(edges), lambda lonlat: lonlat * scale)
    at = shapely.Point(way.position * scale)
    here = int(np.argmin(shapely.distance(lines, at)))
    if not hit.isdisjoint(edges[here + 1 :].tolist()):
        return True
    entry = struck.entries.get(int(edges[here]))
    if entry is None:
        return False
    share = shapely.line_locate_point(lines[here], at, normalized=True) * MILLION
    forward = _runs_forward(network, edges, here)
    behind = {True: share > entry.high, False: share < entry.low, None: False}[forward]
    return not (entry.closed and behind)


def _runs_forward(network: RoadNetwork, edges: npt.NDArray[np.int32], which: int) -> bool | None:
    """Return whether a way drives one of its edges from its first node to its last; None where that cannot be told."""
    last = which == len(edges) - 1
    beside = edges[which - 1 if last else which + 1] if len(edges) > 1 else edges[which]
    joined = _ends(network, beside)
    starts, ends = (node in joined for node in _ends(network, edges[which]))
    if starts == ends:
        return None
    return starts if last else ends


def _ends(network: RoadNetwork, edge: np.int32) -> tuple[int, int]:
    return int(network.tail[2 * edge]), int(network.head[2 * edge])
