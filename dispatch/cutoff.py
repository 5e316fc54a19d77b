"""What a closure or danger area does: who is left without a road, and which running orders have it before them.

Both are differences. *Cut off* by something is what has a road (`gis.connection.connected`, for one class of vehicle)
under everything else that stands, and none with it on top. Two closures that cut a village off only together each
show it while the other stands.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import shapely

from dispatch.model import Position
from dispatch.times import Flags
from gis.closures import Overlay
from gis.connection import connected
from gis.network import RoadNetwork, VehicleProfile

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
    """Return the orders, in the order given, that still have to pass an edge that something strikes.

    struck: an overlay of that thing alone. Without a position the whole way counts: a unit that is late may still have
    all of it before it.
    """
    hit = struck.entries.keys()
    return tuple(way.order for way in ways if hit & set(_left(way, network)))


def _left(way: Way, network: RoadNetwork) -> list[int]:
    """Return the edges (places in the network) from the one nearest to the unit on."""
    if not way.edges:
        return []
    edges = network.places_of(way.edges)
    passed = 0
    if way.position is not None:
        metres = shapely.distance(network.shapes.lines(edges), shapely.Point(way.position))
        passed = int(np.argmin(metres))
    return [int(edge) for edge in edges[passed:]]
