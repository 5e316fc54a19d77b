"""Small road networks for tests, described as plain values, and Hypothesis strategies that make them.

A `World` knows nothing of `gis.network`; the oracle in `tests/gis/oracle.py` reads it as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import pandas as pd
import shapely
from hypothesis import strategies as st

from gis.crs import STORED, geodesic_lengths
from gis.network import Closure, RoadNetwork, VehicleProfile

WEST, SOUTH, STEP = (
    111.0,
    36.0,
    0.05,
)  # about 5 km between crossings: no place is near two roads but at a crossing
CLASSES = ("primary", "secondary", "track")

Position = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Road:
    """One edge, with the columns that `RoadNetwork.build` asks for."""

    edge_id: int
    u: int
    v: int
    road_class: str = "secondary"
    speed_kmh: float = 40.0
    oneway: int = 0
    max_mass_kg: int = 0
    max_height_cm: int = 0
    max_width_cm: int = 0
    four_wheel_drive_only: bool = False
    access: str = "yes"
    conditional: object = None
    bends: tuple[Position, ...] = ()


@dataclass(frozen=True, kw_only=True)
class World:
    """Nodes by id with their positions, roads between them, and banned turns."""

    nodes: dict[int, Position]
    roads: tuple[Road, ...]
    bans: tuple[tuple[tuple[int, bool], ...], ...] = ()
    lengths: dict[int, float] = field(default_factory=dict, compare=False, repr=False)  # measured once

    def road(self, edge_id: int) -> Road:
        return next(road for road in self.roads if road.edge_id == edge_id)

    def line(self, road: Road) -> shapely.LineString:
        return shapely.LineString([self.nodes[road.u], *road.bends, self.nodes[road.v]])

    def place(self, edge_id: int, share: float) -> Position:
        """Return the position at a share of a straight edge's length."""
        road = self.road(edge_id)
        (ax, ay), (bx, by) = self.nodes[road.u], self.nodes[road.v]
        return ax + share * (bx - ax), ay + share * (by - ay)

    def length_m(self, road: Road) -> float:
        if road.edge_id not in self.lengths:
            self.lengths[road.edge_id] = float(geodesic_lengths([self.line(road)])[0])
        return self.lengths[road.edge_id]

    def edges(self) -> gpd.GeoDataFrame:
        columns = {
            name: [getattr(road, name) for road in self.roads]
            for name in (
                "edge_id", "u", "v", "road_class", "speed_kmh", "oneway", "max_mass_kg", "max_height_cm",
                "max_width_cm", "four_wheel_drive_only", "access", "conditional",
            )
        }  # fmt: skip
        lengths = [self.length_m(road) for road in self.roads]
        constant = {"bridge": False, "tunnel": False, "name": None, "ref": None, "osm_way_id": None}
        return gpd.GeoDataFrame(
            {**columns, "length_m": lengths, **constant},
            geometry=[self.line(road) for road in self.roads],
            crs=STORED,
        )

    def build(self) -> RoadNetwork:
        nodes = pd.DataFrame(
            [(node, *position) for node, position in self.nodes.items()], columns=["node_id", "lon", "lat"]
        )
        return RoadNetwork.build(nodes, self.edges(), self.bans)


def at(column: float, row: float) -> Position:
    """Return the position of a crossing of the grid, or between crossings."""
    return WEST + STEP * column, SOUTH + STEP * row


def chain(count: int, **every: object) -> World:
    """Return a straight road of `count` edges, ids 1, 2, …, from node 0 eastwards."""
    nodes = {n: at(n, 0) for n in range(count + 1)}
    return World(nodes=nodes, roads=tuple(Road(edge_id=n + 1, u=n, v=n + 1, **every) for n in range(count)))  # type: ignore[arg-type]


def grid(columns: int, rows: int, **every: object) -> World:
    """Return a grid of crossings; node = column × rows + row, edge ids from 1: first those to the north, then to the east."""
    nodes = {c * rows + r: at(c, r) for c in range(columns) for r in range(rows)}
    north = [(n, n + 1) for n in nodes if n % rows < rows - 1]
    east = [(n, n + rows) for n in nodes if n + rows in nodes]
    roads = tuple(Road(edge_id=i, u=u, v=v, **every) for i, (u, v) in enumerate(north + east, start=1))  # type: ignore[arg-type]
    return World(nodes=nodes, roads=roads)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A part of a grid with every rule of the road on some edges, and banned turns of two and three edges."""
    columns, rows = draw(st.integers(2, 4)), draw(st.integers(2, 4))
    whole = grid(columns, rows)
    roads = tuple(
        Road(
            edge_id=road.edge_id * 7 % 1009,
            u=road.u if draw(st.booleans()) else road.v,
            v=-1,
            road_class=draw(st.sampled_from(CLASSES)),
            speed_kmh=draw(st.sampled_from([15.0, 40.0, 60.0, 80.0, 110.0])),
            oneway=draw(st.sampled_from([0, 0, 0, 1, -1])),
            max_mass_kg=draw(st.sampled_from([0, 0, 0, 3_500, 10_000])),
            max_height_cm=draw(st.sampled_from([0, 0, 0, 250, 400])),
            max_width_cm=draw(st.sampled_from([0, 0, 0, 220])),
            four_wheel_drive_only=draw(st.sampled_from([False, False, False, True])),
            access=draw(st.sampled_from(["yes", "yes", "yes", "destination", "private", "foot", "no"])),
        )
        for road in whole.roads
        if draw(st.integers(0, 9)) > 0
    )
    ends = {road.edge_id * 7 % 1009: (road.u, road.v) for road in whole.roads}
    roads = tuple(_with_far_end(road, ends[road.edge_id]) for road in roads)
    if not roads:
        roads = (whole.roads[0],)
    world = World(nodes=whole.nodes, roads=roads)
    return World(nodes=whole.nodes, roads=roads, bans=tuple(draw(st.lists(_turns(world), max_size=8))))


def _with_far_end(road: Road, ends: tuple[int, int]) -> Road:
    values = {name: getattr(road, name) for name in road.__dataclass_fields__}
    return Road(**{**values, "v": ends[0] if road.u == ends[1] else ends[1]})


@st.composite
def _turns(draw: st.DrawFn, world: World) -> tuple[tuple[int, bool], ...]:
    """Two or three edges that join, u-turns among them."""
    road = draw(st.sampled_from(world.roads))
    turn = [(road.edge_id, draw(st.booleans()))]
    for _ in range(draw(st.integers(1, 2))):
        edge_id, forward = turn[-1]
        last = world.road(edge_id)
        node = last.v if forward else last.u
        joined = [(r.edge_id, r.u == node) for r in world.roads if node in (r.u, r.v)]
        turn.append(draw(st.sampled_from(joined)))
    return tuple(turn)


profiles = st.builds(
    VehicleProfile,
    speed_class=st.sampled_from(["foot", "car", "truck", "heavy"]),
    mass_kg=st.sampled_from([0, 3_500, 3_501, 8_000, 25_000]),
    height_cm=st.sampled_from([0, 250, 300, 420]),
    width_cm=st.sampled_from([0, 220, 250]),
    four_wheel_drive=st.booleans(),
)


@st.composite
def places(draw: st.DrawFn, world: World) -> tuple[int, float]:
    """An edge and a share of it, well away from every other edge, or one of its ends."""
    return draw(st.sampled_from(world.roads)).edge_id, draw(
        st.sampled_from([0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 1.0])
    )


def whole_edges(world: World, edge_ids: Sequence[int], factor_percent: int | None) -> list[Closure]:
    """Return a closure along each of some edges."""
    return [
        Closure(id=edge_id, geometry=world.line(world.road(edge_id)), factor_percent=factor_percent)
        for edge_id in edge_ids
    ]
