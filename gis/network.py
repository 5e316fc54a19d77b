"""Road networks as frozen arrays, and the overlays that close, slow or forbid their edges.

Nodes and edges are renumbered along a space-filling curve, so that what lies close together is close in memory;
callers know them by the ids that they came with.
"""

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import csgraph, csr_array
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry

from gis import closures, hours, snapping
from gis.backwards import NO_PREFERENCE, Land
from gis.closures import Cause, Closure, Entry, Overlay, Struck
from gis.hierarchy import Hierarchy, Metrics
from gis.profiles import (
    ACCESS,
    BARRED,
    ProfileClass,
    Rules,
    SpeedClass,
    VehicleProfile,
    arc_ms,
    classify,
    permits,
)
from gis.search import Workspaces
from gis.shapes import MILLION, EdgeShapes, index
from gis.snapping import Field, Joints, Seen
from gis.turns import Graph, expand

__all__ = [
    "Cause",
    "Closure",
    "Overlay",
    "RoadNetwork",
    "SpeedClass",
    "VehicleProfile",
]

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
T = TypeVar("T")

_KEPT: Final = 48  # weights and patches kept at once: profile classes × hours
_KEPT_STARTS: Final = 256  # sets of places to start from that are remembered for each class and hour
_KEPT_CLASSES: Final = 4096  # profiles whose class is remembered
_KEPT_STRUCK: Final = 4096  # closure geometries whose edges are remembered
_CURVE_BITS: Final = 16
NOTHING_SEEN: Final = Seen(np.zeros((1, 2), dtype=np.int64), 1, np.zeros(0, dtype=np.int32))


@dataclass(frozen=True, slots=True)
class ConditionalAccess:
    """Access that an edge has within some hours."""

    edge: int
    access: int
    hours: hours.Hours


@dataclass(frozen=True, slots=True)
class UnreadRule:
    """A conditional rule that is not understood: it is left out, and named."""

    edge_id: int
    text: str


class Kept:
    """Values made when first asked for; the least used are dropped beyond a number. Safe between threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: OrderedDict[object, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: object, make: Callable[[], T]) -> T:
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return cast("T", self._values[key])
        value = make()
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._limit:
                self._values.popitem(last=False)
        return value


@dataclass(frozen=True, eq=False, kw_only=True)
class Main:
    """For each arc of a profile class: does it lead into the main network, and can it be driven to from there?"""

    leads_in: npt.NDArray[np.bool_]
    led_to: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False, kw_only=True)
class RoadNetwork:
    """A road network of N nodes and E edges; all arrays are read-only. Made by `build`.

    Arc 2e drives edge e from u to v, arc 2e + 1 from v to u. `drive` carries the turn restrictions, `walk` has none.
    """

    node_ids: Int64s
    node_lonlat: npt.NDArray[np.float64]
    edge_ids: Int64s
    tail: Int32s
    head: Int32s
    shapes: EdgeShapes
    rules: Rules
    road_class: npt.NDArray[np.int8]
    class_names: tuple[str, ...]
    names: npt.NDArray[Any]
    refs: npt.NDArray[Any]
    bridge: npt.NDArray[np.bool_]
    tunnel: npt.NDArray[np.bool_]
    conditional: tuple[ConditionalAccess, ...]
    unread_rules: tuple[UnreadRule, ...]
    drive: Graph
    walk: Graph
    limits: tuple[Int32s, Int32s, Int32s]
    _edge_order: Int32s = field(repr=False)
    _workspaces: dict[int, Workspaces] = field(repr=False)
    _hierarchies: list[Hierarchy] = field(default_factory=list, repr=False)  # none, or the one of `drive`
    _classes: Kept = field(default_factory=lambda: Kept(_KEPT_CLASSES), repr=False)
    _kept: Kept = field(default_factory=lambda: Kept(_KEPT), repr=False)
    _struck: Kept = field(default_factory=lambda: Kept(_KEPT_STRUCK), repr=False)

    @classmethod
    def build(
        cls,
        nodes: pd.DataFrame,
        edges: gpd.GeoDataFrame,
        banned_turns: Sequence[Sequence[tuple[int, bool]]] = (),
    ) -> "RoadNetwork":
        """Return the network of some nodes and edges.

        nodes: node_id, lon, lat. edges: edge_id, u, v, geometry (LineString from u to v, stored degrees), length_m, road_class,
        speed_kmh, oneway (0, 1, -1), bridge, tunnel, max_mass_kg, max_height_cm, max_width_cm (0 = none),
        four_wheel_drive_only, access, conditional (rules of {"access", "hours"} as a list or JSON, or None), name, ref.
        banned_turns: sequences of (edge_id, forward) that may not be driven; see `gis.turns`.
        Raises ValueError for an empty network, unknown or repeated ids, or an unknown access.
        """
        if edges.empty:
            raise ValueError("a road network has at least one edge")
        node_ids, lonlat = _ordered_nodes(nodes)
        u, v = _places(node_ids, edges["u"]), _places(node_ids, edges["v"])
        order = np.lexsort((np.maximum(u, v), np.minimum(u, v)))
        edges, u, v = edges.iloc[order], u[order], v[order]
        tail = np.column_stack([u, v]).ravel().astype(np.int32)
        head = np.column_stack([v, u]).ravel().astype(np.int32)
        edge_ids = edges["edge_id"].to_numpy(np.int64)
        edge_order = np.argsort(edge_ids, kind="stable").astype(np.int32)
        if np.any(np.diff(edge_ids[edge_order]) == 0):
            raise ValueError("edge ids are not unique")
        words = [_arcs(edge_ids, edge_order, turn) for turn in banned_turns]
        drive = expand(len(node_ids), tail, head, words)
        walk = expand(len(node_ids), tail, head) if words else drive
        class_names, road_class = _categories(edges["road_class"])
        rules = _rules(edges)
        conditional, unread = _conditional(edge_ids, edges.get("conditional"))
        arrays = (node_ids, lonlat, edge_ids, tail, head, road_class, edge_order)
        for array in arrays:
            array.setflags(write=False)
        return cls(
            node_ids=node_ids,
            node_lonlat=lonlat,
            edge_ids=edge_ids,
            tail=tail,
            head=head,
            shapes=index(np.asarray(edges.geometry.array)),
            rules=rules,
            road_class=road_class,
            class_names=class_names,
            names=_texts(edges, "name"),
            refs=_texts(edges, "ref"),
            bridge=_flags(edges, "bridge"),
            tunnel=_flags(edges, "tunnel"),
            conditional=conditional,
            unread_rules=unread,
            drive=drive,
            walk=walk,
            limits=rules.limits(),
            _edge_order=edge_order,
            _workspaces={id(graph): Workspaces(graph.state_count) for graph in (drive, walk)},
        )

    @property
    def node_count(self) -> int:
        return len(self.node_ids)

    @property
    def edge_count(self) -> int:
        return len(self.edge_ids)

    def places_of(self, edge_ids: npt.ArrayLike) -> Int32s:
        """Return the places of edges in this network's arrays; raises KeyError for an unknown id."""
        wanted = np.asarray(edge_ids, dtype=np.int64)
        return _found(self.edge_ids, self._edge_order, wanted)

    def overlay(
        self,
        closures_: Sequence[Closure] = (),
        zones: Sequence[Polygon] = (),
        at: datetime | None = None,
        hour_factors: Mapping[str, Sequence[int]] | None = None,
    ) -> Overlay:
        """Return what differs from the bare network at a moment, given by the clock of the place.

        closures: those in effect then count; without a moment all do. zones close every edge that touches them, for everybody.
        hour_factors: for each road class the percentage of its free-flow time in each of 24 hours.
        Conditional access counts when there is a moment. An edge that is struck part-way can still be driven up to there.
        """
        entries: dict[int, Entry] = {}
        if at is not None:
            self._apply_conditional(entries, at)
        for closure in closures_:
            if closure.in_effect(at):
                cause = Cause("closure", closure.id)
                closures.merge(entries, self._under(closure.geometry), cause, closure.factor_percent)
        for number, zone in enumerate(zones):
            closures.merge(entries, self._under(zone), Cause("zone", number), None)
        factors = dict(hour_factors) if hour_factors else None
        return Overlay(
            entries=dict(sorted(entries.items())),
            hour_percent=closures.hour_percents(self.class_names, factors, at),
        )

    def _apply_conditional(self, entries: dict[int, Entry], at: datetime) -> None:
        for rule in self.conditional:
            if not rule.hours.contain(at):
                continue
            entry = entries.setdefault(rule.edge, Entry())
            barred = ACCESS[rule.access] in ("no", "foot")
            entry.opened, entry.closed, entry.vehicles_only = (
                not barred,
                barred,
                ACCESS[rule.access] == "foot",
            )
            entry.low, entry.high = (0, MILLION) if barred else (MILLION, 0)
            entry.causes = (Cause("rule", int(self.edge_ids[rule.edge])),) if barred else ()

    def _under(self, geometry: BaseGeometry) -> tuple[Struck, ...]:
        def strike() -> tuple[Struck, ...]:
            return tuple(struck for part in shapely.get_parts(geometry) for struck in self._under_one(part))

        return self._struck.get(geometry, strike)

    def _under_one(self, geometry: BaseGeometry) -> tuple[Struck, ...]:
        if geometry.is_empty:
            return ()
        if shapely.get_dimensions(geometry) > 0:
            return closures.under(self.shapes, geometry)
        point = cast("Point", geometry)
        edge, place, _ = self.nearest_edge(point.x, point.y, closures.POINT_REACH_M)
        return () if edge is None else (Struck(edge, place, place),)

    def nearest_edge(self, lon: float, lat: float, within_m: float) -> tuple[int | None, int, float]:
        """Return (edge, millionths along it, metres away) of the nearest edge, usable or not; None when there is none within."""
        edges, places, metres = snapping.nearest(
            self.shapes.grid,
            _NO_FIELD,
            self.joints(self.walk),
            NOTHING_SEEN,
            NO_PREFERENCE,
            np.array([[lon, lat]]),
            within_m,
            snapping.ANY,
            snapping.ALL,
        )
        return (int(edges[0]) if edges[0] != snapping.NOWHERE else None), int(places[0]), float(metres[0])

    def graph(self, of: ProfileClass) -> Graph:
        """Return the graph that a class moves on: turn restrictions do not bind people on foot."""
        return self.walk if of.speed_class == "foot" else self.drive

    def joints(self, graph: Graph) -> Joints:
        return Joints(
            self.tail, graph.after, graph.extra_first, graph.extra_state, graph.out_first, graph.out_links
        )

    def workspaces(self, graph: Graph) -> Workspaces:
        return self._workspaces[id(graph)]

    def classify(self, profile: VehicleProfile) -> ProfileClass:
        """Return the class of a profile: equal classes have equal times everywhere on this network."""
        return self._classes.get(
            profile,
            lambda: classify(profile, self.limits, tracks=bool(self.rules.four_wheel_drive_only.any())),
        )

    def lane(self, profile: VehicleProfile, overlay: Overlay) -> "Lane":
        """Return what a profile meets at an overlay's hour where nothing is closed; kept."""
        of = self.classify(profile)
        hour_percent = _hours_of(of, overlay.hour_percent)
        return self._kept.get(("lane", of, hour_percent), lambda: self._lane(of, hour_percent))

    def _lane(self, of: ProfileClass, hour_percent: tuple[int, ...] | None) -> "Lane":
        graph, base, main = self.graph(of), self._kept_weights(of, hour_percent), self.main(of)
        joints = self.joints(graph)
        land = Land(self.shapes.grid, joints, graph.in_first, graph.in_links, main.leads_in, main.led_to)
        return Lane(
            of=of, graph=graph, land=land, base=base, pool=_Pool(base), workspaces=self.workspaces(graph)
        )

    @contextmanager
    def lend(self, lane: "Lane", overlay: Overlay) -> Iterator[Field]:
        """Lend what a class meets under an overlay, to one thread at a time.

        Its weights are a working copy for the class and hour: only the overlay's own edges are written, and
        written back when another overlay comes; so a closure costs its own edges and not the network's.
        """
        patch = self._patch(lane.of, overlay, lane.base)
        working = lane.pool.take(patch)
        try:
            yield Field(working.weights, patch.low, patch.high, patch.open_ms)
        finally:
            lane.pool.give_back(working)

    def prepare_for_far(self, kept_in: Path | None = None) -> None:
        """Make far questions quick on a very large network: see `Hierarchy.build`.

        Never needed for an answer, and may run in another thread while questions are answered without.
        Raises OSError when it cannot be kept; it is used all the same.
        """
        if self._hierarchies:
            return
        hierarchy = Hierarchy.build(self.drive, self.node_lonlat, kept_in)
        self._hierarchies.append(hierarchy)
        if kept_in is not None:
            hierarchy.keep(kept_in)

    @property
    def knows_far(self) -> bool:
        return bool(self._hierarchies)

    def customised(self, of: ProfileClass) -> Metrics:
        """Return the hierarchy with a class's weights, for questions without an overlay; contracts the network if nobody has."""
        hierarchy = (
            self._hierarchies[0] if self._hierarchies else Hierarchy.build(self.drive, self.node_lonlat)
        )
        return Metrics(hierarchy, self.weights(of))

    @contextmanager
    def lend_far(self, of: ProfileClass, overlay: Overlay) -> Iterator[Metrics | None]:
        """Lend what answers far questions for a class under an overlay; None where nothing is prepared."""
        if not self._hierarchies or of.speed_class == "foot":
            yield None
            return
        base = self.weights(of, overlay.hour_percent)
        key = ("far", of, _hours_of(of, overlay.hour_percent))
        metrics = self._kept.get(key, lambda: Metrics(self._hierarchies[0], base))
        patch = self._patch(of, overlay, base)
        with metrics.under(patch, patch.arcs, patch.ms):
            yield metrics

    def weights(self, of: ProfileClass, hour_percent: tuple[int, ...] | None = None) -> Int32s:
        """Return ms for each of 2 E arcs without closures, BARRED where the class may not go. Read-only, kept."""
        ms = self._kept_weights(of, hour_percent).view()
        ms.setflags(write=False)
        return ms

    def _kept_weights(self, of: ProfileClass, hour_percent: tuple[int, ...] | None) -> Int32s:
        """Return the array behind `weights`: of the type that compiled functions know from working copies. Nobody writes to it."""
        key = ("weights", of, _hours_of(of, hour_percent))
        return self._kept.get(key, lambda: self._weights(of, hour_percent))

    def _weights(self, of: ProfileClass, hour_percent: tuple[int, ...] | None) -> Int32s:
        every = np.arange(self.edge_count, dtype=np.int32)
        ms = self._as_if_open(of, hour_percent, every)
        ms[np.repeat(~permits(self.rules.access, of), 2)] = BARRED
        return ms

    def _as_if_open(self, of: ProfileClass, hour_percent: tuple[int, ...] | None, edges: Int32s) -> Int32s:
        """Return ms for both arcs of some edges, whatever their access."""
        ms = arc_ms(self.rules.take(edges), of, self.limits)
        percent = _hours_of(of, hour_percent)
        return ms if percent is None else _slowed(ms, np.repeat(np.array(percent)[self.road_class[edges]], 2))

    def _patch(self, of: ProfileClass, overlay: Overlay, base: Int32s) -> "_Patch":
        if not overlay.entries:
            return _NO_PATCH
        if of not in overlay.patches:
            overlay.patches[of] = self._make_patch(of, overlay, base)
        return cast("_Patch", overlay.patches[of])

    def _make_patch(self, of: ProfileClass, overlay: Overlay, base: Int32s) -> "_Patch":
        on_foot = of.speed_class == "foot"
        edges = np.fromiter(overlay.entries, dtype=np.int32, count=len(overlay.entries))
        entries = list(overlay.entries.values())
        arcs = np.column_stack([2 * edges, 2 * edges + 1]).astype(np.int32)
        ms = base[arcs]
        opened = np.array([entry.opened and not on_foot for entry in entries], dtype=np.bool_)
        if opened.any():
            ms[opened] = self._as_if_open(of, overlay.hour_percent, edges[opened]).reshape(-1, 2)
        if not on_foot:
            percent = np.array([entry.factor_percent for entry in entries], dtype=np.int64)
            ms = _slowed(ms, percent[:, None])
        closed = np.array([e.closed and not (e.vehicles_only and on_foot) for e in entries], dtype=np.bool_)
        number = np.cumsum(closed, dtype=np.int32) - 1
        barred = np.where(ms >= 0, -2 - number[:, None], BARRED)
        low = np.array([entry.low for entry in entries], dtype=np.int32)[closed]
        high = np.array([entry.high for entry in entries], dtype=np.int32)[closed]
        values = np.where(closed[:, None], barred, ms).astype(np.int32)
        return _Patch(
            arcs.ravel(), values.ravel(), low, high, np.ascontiguousarray(ms[closed], dtype=np.int32)
        )

    def main(self, of: ProfileClass) -> Main:
        """Return which arcs lead into and out of the main network of a class: its largest strongly connected part."""
        return self._kept.get(("main", of), lambda: self._main(of))

    def _main(self, of: ProfileClass) -> Main:
        graph, weights = self.graph(of), self.weights(of)
        usable = weights[graph.out_links[:, 1]] >= 0
        links = (graph.out_tail[usable], graph.out_links[usable, 0])
        shape = (graph.state_count, graph.state_count)
        matrix = csr_array((np.ones(len(links[0]), dtype=np.int8), links), shape=shape)
        _, part = csgraph.connected_components(matrix, directed=True, connection="strong")
        start = int(np.argmax(part == np.argmax(np.bincount(part))))
        from_main, to_main = np.zeros(shape[0], dtype=np.bool_), np.zeros(shape[0], dtype=np.bool_)
        from_main[csgraph.breadth_first_order(matrix, start, return_predecessors=False)] = True
        to_main[csgraph.breadth_first_order(matrix.T.tocsr(), start, return_predecessors=False)] = True
        led_to = np.zeros(len(weights), dtype=np.bool_)
        led_to[graph.out_links[usable & from_main[graph.out_tail], 1]] = True
        leads_in = (weights >= 0) & to_main[graph.after]
        return Main(leads_in=leads_in, led_to=led_to)


@dataclass(frozen=True, slots=True, eq=False)
class _Patch:
    """The weights (ms) that an overlay gives arcs of a class; low, high, open_ms: the stubs of `gis.snapping.Field`."""

    arcs: Int32s
    ms: Int32s
    low: Int32s
    high: Int32s
    open_ms: Int32s


_NOTHING: Final = np.zeros(0, dtype=np.int32)
_NO_PATCH: Final = _Patch(_NOTHING, _NOTHING, _NOTHING, _NOTHING, np.zeros((0, 2), dtype=np.int32))


@dataclass(slots=True, eq=False)
class _Working:
    weights: Int32s
    patch: _Patch | None = None


class _Pool:
    """Working copies of one array of weights, each with the patch that it carries."""

    def __init__(self, base: Int32s) -> None:
        self._base = base
        self._free: list[_Working] = []
        self._lock = threading.Lock()

    def take(self, patch: _Patch) -> _Working:
        """Return a working copy that carries a patch: one that has it already, if there is one."""
        with self._lock:
            alike = next((working for working in self._free if working.patch is patch), None)
            working = alike or (self._free[-1] if self._free else None)
            if working is not None:
                self._free.remove(working)
        if working is None:
            working = _Working(self._base.copy())
        if working.patch is not patch:
            if working.patch is not None:
                working.weights[working.patch.arcs] = self._base[working.patch.arcs]
            working.weights[patch.arcs] = patch.ms
            working.patch = patch
        return working

    def give_back(self, working: _Working) -> None:
        with self._lock:
            self._free.append(working)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Lane:
    """What a class of profiles meets at an hour where nothing is closed, with what is reused from query to query.

    starts: places brought to the road before, by their positions (and the patch that touches them, if one does).
    """

    of: ProfileClass
    graph: Graph
    land: Land
    base: Int32s
    pool: _Pool
    workspaces: Workspaces
    starts: Kept = field(default_factory=lambda: Kept(_KEPT_STARTS), repr=False)

    @property
    def bare(self) -> Field:
        return Field(self.base, _NO_PATCH.low, _NO_PATCH.high, _NO_PATCH.open_ms)


_NO_FIELD: Final = Field(np.zeros(2, dtype=np.int32), _NO_PATCH.low, _NO_PATCH.high, _NO_PATCH.open_ms)


def _hours_of(of: ProfileClass, hour_percent: tuple[int, ...] | None) -> tuple[int, ...] | None:
    """Return the hour's percentages as far as they concern a class: none for people on foot."""
    return None if of.speed_class == "foot" else hour_percent


def _slowed(ms: Int32s, percent: Int64s) -> Int32s:
    """Return ms × percent / 100, rounded down but at least 1; what is barred stays so."""
    slowed = np.minimum(np.maximum(ms.astype(np.int64) * percent // 100, 1), np.iinfo(np.int32).max)
    return np.where(ms >= 0, slowed, ms).astype(np.int32)


def _ordered_nodes(nodes: pd.DataFrame) -> tuple[Int64s, npt.NDArray[np.float64]]:
    """Return node ids and positions along a Morton curve."""
    ids = nodes["node_id"].to_numpy(np.int64)
    if len(np.unique(ids)) != len(ids):
        raise ValueError("node ids are not unique")
    lonlat = nodes[["lon", "lat"]].to_numpy(np.float64)
    extent = np.maximum(np.ptp(lonlat, axis=0).max(), 1e-9)
    cells = ((lonlat - lonlat.min(axis=0)) / extent * ((1 << _CURVE_BITS) - 1)).astype(np.uint64)
    curve = _spread_bits(cells[:, 0]) | _spread_bits(cells[:, 1]) << np.uint64(1)
    order = np.lexsort((ids, curve))
    return ids[order], np.ascontiguousarray(lonlat[order])


def _spread_bits(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return 16-bit values with a zero bit after each bit."""
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        values = (values | values << np.uint64(shift)) & np.uint64(mask)
    return values


def _places(node_ids: Int64s, wanted: "pd.Series[Any]") -> Int64s:
    order = np.argsort(node_ids, kind="stable")
    try:
        return _found(node_ids, order, wanted.to_numpy(np.int64)).astype(np.int64)
    except KeyError as unknown:
        raise ValueError(f"an edge names an unknown node: {unknown}") from unknown


def _found(ids: Int64s, order: npt.NDArray[np.integer], wanted: Int64s) -> Int32s:
    """Return where each wanted id stands in `ids`, which `order` sorts; raises KeyError for the first that does not."""
    at = order[np.minimum(np.searchsorted(ids, wanted, sorter=order), len(ids) - 1)]
    missing = ids[at] != wanted
    if np.any(missing):
        raise KeyError(int(np.atleast_1d(wanted)[np.atleast_1d(missing)][0]))
    return np.asarray(at, dtype=np.int32)


def _arcs(edge_ids: Int64s, order: Int32s, turn: Sequence[tuple[int, bool]]) -> list[int]:
    try:
        edges = _found(edge_ids, order, np.array([edge for edge, _ in turn], dtype=np.int64))
    except KeyError as unknown:
        raise ValueError(f"a banned turn names an unknown edge: {unknown}") from unknown
    return [2 * int(edge) + (0 if forward else 1) for edge, (_, forward) in zip(edges, turn, strict=True)]


def _categories(column: "pd.Series[Any]") -> tuple[tuple[str, ...], npt.NDArray[np.int8]]:
    codes, names = pd.factorize(column, sort=True)
    return tuple(str(name) for name in names), codes.astype(np.int8)


def _rules(edges: gpd.GeoDataFrame) -> Rules:
    rules = Rules(
        length_m=edges["length_m"].to_numpy(np.float64, copy=True),
        speed_kmh=edges["speed_kmh"].to_numpy(np.float64, copy=True),
        oneway=edges["oneway"].to_numpy(np.int8, copy=True),
        access=_access_places(edges["access"]),
        max_mass_kg=edges["max_mass_kg"].to_numpy(np.int32, copy=True),
        max_height_cm=edges["max_height_cm"].to_numpy(np.int32, copy=True),
        max_width_cm=edges["max_width_cm"].to_numpy(np.int32, copy=True),
        four_wheel_drive_only=_flags(edges, "four_wheel_drive_only"),
    )
    if not (np.all(rules.length_m >= 0) and np.all(rules.speed_kmh > 0)):
        raise ValueError("lengths are not negative and speeds are positive")
    for each in fields(rules):
        getattr(rules, each.name).setflags(write=False)
    return rules


def _access_places(column: "pd.Series[Any]") -> npt.NDArray[np.int8]:
    names, places = _categories(column)
    unknown = set(names) - set(ACCESS)
    if unknown:
        raise ValueError(f"unknown access: {', '.join(sorted(unknown))}")
    return np.array([ACCESS.index(name) for name in names], dtype=np.int8)[places]


def _texts(edges: gpd.GeoDataFrame, column: str) -> npt.NDArray[Any]:
    if column not in edges:
        return np.full(len(edges), None, dtype=object)
    values = edges[column].astype(object)
    return np.asarray(values.where(values.notna(), None).to_numpy(dtype=object))


def _flags(edges: gpd.GeoDataFrame, column: str) -> npt.NDArray[np.bool_]:
    flags = (
        edges[column].to_numpy(np.bool_, copy=True)
        if column in edges
        else np.zeros(len(edges), dtype=np.bool_)
    )
    flags.setflags(write=False)
    return flags


def _conditional(
    edge_ids: Int64s, column: "pd.Series[Any] | None"
) -> tuple[tuple[ConditionalAccess, ...], tuple[UnreadRule, ...]]:
    """Return the rules that are understood and those that are not."""
    read: list[ConditionalAccess] = []
    unread: list[UnreadRule] = []
    if column is None:
        return (), ()
    for edge in np.flatnonzero(column.notna().to_numpy()):
        value = column.iloc[edge]
        for rule in json.loads(value) if isinstance(value, str) else value:
            within, access = hours.parse(str(rule.get("hours", ""))), rule.get("access")
            if within is None or access not in ACCESS:
                unread.append(
                    UnreadRule(int(edge_ids[edge]), json.dumps(rule, ensure_ascii=False, sort_keys=True))
                )
            else:
                read.append(ConditionalAccess(int(edge), ACCESS.index(access), within))
    return tuple(read), tuple(unread)
