"""A way in turns: where to turn, into which road, for how far, and what limits stand on it. Codes and numbers, no words.

Bearings are taken over the last and the first metres of two stretches, so that a kink in the drawing is no turn. A new
step begins where the sign changes, or where one turns at a junction although the sign stays.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import shapely

from gis.crs import metres_per_degree
from gis.network import RoadNetwork
from gis.shapes import MILLION
from gis.travel import Route

Turn = Literal[
    "start",
    "straight",
    "slight_left",
    "left",
    "sharp_left",
    "slight_right",
    "right",
    "sharp_right",
    "u_turn",
]
Floats = npt.NDArray[np.float64]

LOOK_M: Final = 20.0  # of a stretch, to tell where it comes from or goes to
STRAIGHT_DEG: Final = 25.0
SLIGHT_DEG: Final = 55.0
SHARP_DEG: Final = 120.0
BACK_DEG: Final = 165.0
_JUNCTION: Final = 3  # ends of edges that meet


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One instruction: turn, then drive `length_m` along one road. `heading_deg`: clockwise from north, as it begins.

    Limits are the strictest on the step, 0 where there is none. A road without name and reference has "" for both.
    """

    turn: Turn
    heading_deg: int
    name: str
    ref: str
    road_class: str
    same_road: bool
    length_m: float
    bridges: int = 0
    tunnels: int = 0
    max_mass_kg: int = 0
    max_height_cm: int = 0
    max_width_cm: int = 0


@dataclass(frozen=True, slots=True)
class Drive:
    """A drive along one edge (its place in the network), between two places in millionths; backwards where end < start."""

    edge: int
    start: int
    end: int


def drives_of(network: RoadNetwork, way: Route) -> tuple[Drive, ...]:
    """Return the drives of a route that was just found on this network."""
    places = network.places_of([part.edge_id for part in way.parts]) if way.parts else ()
    return tuple(
        Drive(int(place), part.start, part.end)
        for place, part in zip(places, way.parts, strict=True)
        if part.start != part.end
    )


def drives_along(
    network: RoadNetwork, edge_ids: Sequence[int], line: shapely.LineString
) -> tuple[Drive, ...]:
    """Return the drives of a stored way: its edges in turn, and the line driven, which says where it begins and ends.

    Raises KeyError for an edge that the network does not have.
    """
    if not edge_ids:
        return ()
    places = [int(place) for place in network.places_of(edge_ids)]
    lines = network.shapes.lines(np.asarray(places, dtype=np.int32))
    first, last = (_share(lines[0], line.coords[0]), _share(lines[-1], line.coords[-1]))
    drives = []
    for number, edge in enumerate(places):
        forward = _forward(network, places, number, (first, last))
        start, end = (0, MILLION) if forward else (MILLION, 0)
        if number == 0:
            start = first
        if number == len(places) - 1:
            end = last
        if start != end:
            drives.append(Drive(edge, start, end))
    return tuple(drives)


def _share(line: shapely.LineString, point: tuple[float, ...]) -> int:
    return round(line.project(shapely.Point(point), normalized=True) * MILLION)


def _forward(network: RoadNetwork, places: Sequence[int], number: int, ends: tuple[int, int]) -> bool:
    """Whether an edge is driven from its first to its last position: its neighbour in the way says so."""
    if len(places) == 1:
        return ends[0] <= ends[1]
    tail, head = _ends(network, places[number])
    if number + 1 < len(places):
        after = _ends(network, places[number + 1])
        return head in after and (tail not in after or number == 0)
    return tail in _ends(network, places[number - 1])


def _ends(network: RoadNetwork, edge: int) -> tuple[int, int]:
    """Return the nodes at the first and the last position of an edge."""
    return int(network.tail[2 * edge]), int(network.head[2 * edge])


def directions(network: RoadNetwork, drives: Sequence[Drive]) -> tuple[Step, ...]:
    """Return a way as steps. An empty way has none."""
    if not drives:
        return ()
    lines = [_metric(network, drive) for drive in drives]
    steps = [_step(network, drives[0], "start", _bearing(lines[0], at_end=False), same_road=False)]
    for (before, drive), (came, goes) in zip(pairwise(drives), pairwise(lines), strict=True):
        heading = _bearing(goes, at_end=False)
        angle = (heading - _bearing(came, at_end=True) + 180.0) % 360.0 - 180.0
        same = _sign(network, before) == _sign(network, drive)
        new = _step(network, drive, _turn(angle), heading, same_road=same)
        if same and (abs(angle) < SLIGHT_DEG or _meeting(network, drive) < _JUNCTION):
            steps[-1] = _joined(steps[-1], new)
        else:
            steps.append(new)
    return tuple(steps)


def _turn(angle: float) -> Turn:
    """Name an angle, positive to the right."""
    size = abs(angle)
    if size < STRAIGHT_DEG:
        return "straight"
    if size >= BACK_DEG:
        return "u_turn"
    if size < SLIGHT_DEG:
        return "slight_right" if angle > 0 else "slight_left"
    if size < SHARP_DEG:
        return "right" if angle > 0 else "left"
    return "sharp_right" if angle > 0 else "sharp_left"


def _sign(network: RoadNetwork, drive: Drive) -> tuple[str, str]:
    name, ref = _named(network, drive)
    return (name or ref, "" if name or ref else _class(network, drive))


def _named(network: RoadNetwork, drive: Drive) -> tuple[str, str]:
    return str(network.names[drive.edge] or ""), str(network.refs[drive.edge] or "")


def _class(network: RoadNetwork, drive: Drive) -> str:
    return network.class_names[int(network.road_class[drive.edge])]


def _meeting(network: RoadNetwork, drive: Drive) -> int:
    """Count the ends of edges that meet where a drive begins."""
    node = _ends(network, drive.edge)[0 if drive.end > drive.start else 1]
    return int(network.walk.out_first[node + 1] - network.walk.out_first[node])


def _step(network: RoadNetwork, drive: Drive, turn: Turn, heading: float, *, same_road: bool) -> Step:
    name, ref = _named(network, drive)
    rules = network.rules
    return Step(
        turn=turn,
        heading_deg=round(heading) % 360,
        name=name,
        ref=ref,
        road_class=_class(network, drive),
        same_road=same_road,
        length_m=float(rules.length_m[drive.edge]) * abs(drive.end - drive.start) / MILLION,
        bridges=int(network.bridge[drive.edge]),
        tunnels=int(network.tunnel[drive.edge]),
        max_mass_kg=int(rules.max_mass_kg[drive.edge]),
        max_height_cm=int(rules.max_height_cm[drive.edge]),
        max_width_cm=int(rules.max_width_cm[drive.edge]),
    )


def _joined(one: Step, more: Step) -> Step:
    return replace(
        one,
        length_m=one.length_m + more.length_m,
        bridges=one.bridges + more.bridges,
        tunnels=one.tunnels + more.tunnels,
        max_mass_kg=_strictest(one.max_mass_kg, more.max_mass_kg),
        max_height_cm=_strictest(one.max_height_cm, more.max_height_cm),
        max_width_cm=_strictest(one.max_width_cm, more.max_width_cm),
    )


def _strictest(one: int, other: int) -> int:
    return min(one, other) if one and other else one or other


def _metric(network: RoadNetwork, drive: Drive) -> Floats:
    """Return a drive's positions in metres on a plane, in the order of driving, each once."""
    degrees = np.asarray(network.shapes.cut(drive.edge, drive.start, drive.end), dtype=np.float64)
    east, north = (float(scale) for scale in metres_per_degree(degrees[0, 1]))
    plane: Floats = degrees * np.array([east, north])
    moved = np.concatenate([[True], np.any(np.diff(plane, axis=0) != 0, axis=1)])
    kept: Floats = plane[moved]
    return kept


def _bearing(line: Floats, *, at_end: bool) -> float:
    """Return where a line comes from at its end, or goes to at its start, in degrees clockwise from north."""
    walked = line[::-1] if at_end else line
    anchor = walked[0]
    far = next(
        (point for point in walked[1:] if math.dist(point, anchor) >= LOOK_M),
        walked[-1],
    )
    east, north = (anchor - far) if at_end else (far - anchor)
    return math.degrees(math.atan2(east, north)) % 360.0
