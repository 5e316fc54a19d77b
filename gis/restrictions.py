"""OSM turn restrictions and barriers → sequences of directed edges that no vehicle may drive.

Source: OSM wiki, Relation:restriction. A restriction that cannot be placed on the network is refused with a reason:
conditional, other_vehicle, exempt, unknown_kind, members, member_missing, ambiguous, not_connected.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import product
from typing import Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from gis.road_tags import CLOSED_TO_VEHICLES

DirectedEdge = tuple[int, bool]
Turn = tuple[DirectedEdge, ...]

EXEMPT: Final = ("emergency", "motor_vehicle", "motorcar", "vehicle")
NO_KINDS: Final = (
    "no_left_turn",
    "no_right_turn",
    "no_straight_on",
    "no_u_turn",
    "no_entry",
    "no_exit",
)
ONLY_KINDS: Final = ("only_left_turn", "only_right_turn", "only_straight_on", "only_u_turn")
MANY_MEMBERS: Final = ("no_entry", "no_exit")  # several from ways, or several to ways
LONGEST_VIA: Final = 50  # edges; a longer chain is a mapping error


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRestriction:
    """One OSM relation: from `from_ways` over `via` to `to_ways`, as tagged.

    kind: value of restriction=* ("" where there is none). via_ways are in the order of the relation.
    exempt: values of except=*. conditional: the rule holds at some hours only. vehicle: the rule is for that kind only.
    """

    relation_id: int
    kind: str
    from_ways: tuple[int, ...]
    to_ways: tuple[int, ...]
    via_nodes: tuple[int, ...] = ()
    via_ways: tuple[int, ...] = ()
    exempt: tuple[str, ...] = ()
    conditional: bool = False
    vehicle: str = ""


@dataclass(frozen=True, slots=True)
class _Arc:
    """A directed edge that a vehicle may drive."""

    edge: DirectedEdge
    way: int
    tail: int
    head: int


class _RefusedError(Exception):
    """A restriction that cannot be placed; the argument is its reason code."""


def banned_turns(
    edges: gpd.GeoDataFrame, restrictions: Sequence[TurnRestriction]
) -> tuple[tuple[Turn, ...], int, pd.DataFrame]:
    """Return forbidden sequences, the number of relations taken, and a fault for each one refused.

    edges: edge_id, u, v, oneway, access, osm_way_id. "only" over via ways binds who came from `from` into the first
    via way; "only" at a node also forbids turning back.
    """
    index = _arcs(edges, restrictions)
    turns: set[Turn] = set()
    refused: list[tuple[int, str, str]] = []
    for restriction in restrictions:
        try:
            turns.update(_turns(index, restriction))
        except _RefusedError as reason:
            refused.append((restriction.relation_id, str(reason), restriction.kind))
    faults = pd.DataFrame(refused, columns=["id", "code", "value"])
    faults = faults.assign(subject="relation", tag="restriction")[["subject", "id", "code", "tag", "value"]]
    return tuple(sorted(turns)), len(restrictions) - len(refused), faults


def barrier_turns(edges: gpd.GeoDataFrame, barriers: Sequence[int]) -> tuple[tuple[Turn, ...], pd.DataFrame]:
    """Forbid driving past a barrier between two edges; one on a larger junction is not believed: a fault."""
    drivable = _drivable(edges)
    wanted = np.asarray(barriers, dtype=np.int64)
    at = drivable[drivable["u"].isin(wanted) | drivable["v"].isin(wanted)]
    sides: defaultdict[int, list[DirectedEdge]] = defaultdict(list)  # node → (edge, whether it ends here)
    for edge, u, v in zip(at["edge_id"].tolist(), at["u"].tolist(), at["v"].tolist(), strict=True):
        sides[u].append((edge, False))
        sides[v].append((edge, True))
    turns: list[Turn] = []
    crowded: list[int] = []
    for node in sorted(set(wanted.tolist()) & set(sides)):
        match sides[node]:
            case [_]:
                pass  # the end of a road
            case [(a, a_ends), (b, b_ends)]:
                turns += [((a, a_ends), (b, not b_ends)), ((b, b_ends), (a, not a_ends))]
            case _:
                crowded.append(node)
    faults = pd.DataFrame({"subject": "node", "id": np.asarray(crowded, dtype=np.int64)})
    return tuple(sorted(turns)), faults.assign(code="barrier_at_junction", tag="barrier", value="")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Index:
    """Arcs of the ways that restrictions name, and all arcs that leave a node near them."""

    by_way: Mapping[int, tuple[_Arc, ...]]
    leaving: Mapping[int, tuple[_Arc, ...]]


def _drivable(edges: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return edges[~edges["access"].isin(CLOSED_TO_VEHICLES)]


def _arcs(edges: gpd.GeoDataFrame, restrictions: Sequence[TurnRestriction]) -> _Index:
    named = {way for r in restrictions for way in (*r.from_ways, *r.via_ways, *r.to_ways)}
    drivable = _drivable(edges)
    on_named = drivable[drivable["osm_way_id"].isin(list(named))]
    nodes = np.union1d(on_named["u"], on_named["v"])
    near = drivable[drivable["u"].isin(nodes) | drivable["v"].isin(nodes)]
    by_way: defaultdict[int, list[_Arc]] = defaultdict(list)
    leaving: defaultdict[int, list[_Arc]] = defaultdict(list)
    for arc in _directed(near):
        leaving[arc.tail].append(arc)
        if arc.way in named:
            by_way[arc.way].append(arc)
    return _Index(
        by_way={way: tuple(arcs) for way, arcs in by_way.items()},
        leaving={node: tuple(arcs) for node, arcs in leaving.items()},
    )


def _directed(edges: gpd.GeoDataFrame) -> Iterator[_Arc]:
    columns = (edges[name].tolist() for name in ("edge_id", "u", "v", "oneway", "osm_way_id"))
    for edge, u, v, oneway, way in zip(*columns, strict=True):
        if oneway >= 0:
            yield _Arc((edge, True), way, u, v)
        if oneway <= 0:
            yield _Arc((edge, False), way, v, u)


def _turns(index: _Index, restriction: TurnRestriction) -> list[Turn]:
    """Return the sequences that one relation forbids; raise _RefusedError with the reason code."""
    _check(restriction)
    for way in (*restriction.from_ways, *restriction.via_ways, *restriction.to_ways):
        if way not in index.by_way:
            raise _RefusedError("member_missing")
    paths = [
        path
        for start, goal in product(restriction.from_ways, restriction.to_ways)
        for path in _paths(index, restriction, start, goal)
    ]
    if not paths:
        raise _RefusedError("not_connected")
    if restriction.kind in NO_KINDS:
        return [tuple(arc.edge for arc in path) for path in paths]
    return _deviations(index, paths, first=1 if restriction.via_nodes else 2)


def _check(restriction: TurnRestriction) -> None:
    if restriction.conditional:
        raise _RefusedError("conditional")
    if restriction.vehicle:
        raise _RefusedError("other_vehicle")
    if set(restriction.exempt) & set(EXEMPT):
        raise _RefusedError("exempt")
    if restriction.kind not in {*NO_KINDS, *ONLY_KINDS}:
        raise _RefusedError("unknown_kind")
    many = len(restriction.from_ways) > 1 or len(restriction.to_ways) > 1
    if (
        not restriction.from_ways
        or not restriction.to_ways
        or (many and restriction.kind not in MANY_MEMBERS)
    ):
        raise _RefusedError("members")
    if (len(restriction.via_nodes) == 1) == bool(restriction.via_ways):
        raise _RefusedError("members")


def _paths(index: _Index, restriction: TurnRestriction, start: int, goal: int) -> list[tuple[_Arc, ...]]:
    """Return each way to drive from the last edge of `start` over the via members to the first edge of `goal`."""
    if restriction.via_ways:
        return list(_over_ways(index, restriction.via_ways, start, goal))
    (via,) = restriction.via_nodes
    arrive = [arc for arc in index.by_way[start] if arc.head == via]
    depart = [arc for arc in index.by_way[goal] if arc.tail == via]
    if start == goal:  # back onto itself: on the same edge, or around a loop
        u_turn = restriction.kind in {"no_u_turn", "only_u_turn"}
        return [(a, b) for a, b in product(arrive, depart) if (a.edge[0] == b.edge[0]) == u_turn]
    if len(arrive) > 1 or len(depart) > 1:
        raise _RefusedError("ambiguous")  # the way runs on through the node: which half is meant?
    return list(product(arrive, depart))


def _over_ways(index: _Index, via: Sequence[int], start: int, goal: int) -> Iterator[tuple[_Arc, ...]]:
    """Yield paths start → each via way in turn → goal that visit no node twice on the way."""
    arrive = _one_at_each(index.by_way[start], {arc.tail for arc in index.by_way[via[0]]}, end="head")
    depart = _one_at_each(index.by_way[goal], {arc.head for arc in index.by_way[via[-1]]}, end="tail")
    stack: list[tuple[tuple[_Arc, ...], int]] = [((arc,), 0) for arc in arrive.values()]
    while stack:
        path, stage = stack.pop()
        here = path[-1].head
        started = len(path) > 1
        if started and stage == len(via) - 1 and here in depart:
            yield (*path, depart[here])
            continue
        if len(path) > LONGEST_VIA:
            continue
        visited = {arc.head for arc in path}
        for follow in range(stage, min(stage + 1 + started, len(via))):
            stack += [
                ((*path, arc), follow)
                for arc in index.leaving.get(here, ())
                if arc.way == via[follow] and arc.head not in visited
            ]


def _one_at_each(
    arcs: Iterable[_Arc], nodes: AbstractSet[int], *, end: Literal["tail", "head"]
) -> dict[int, _Arc]:
    """Return the arc at each of `nodes`; two at one node mean that the way runs on through it."""
    found: dict[int, _Arc] = {}
    for arc in arcs:
        node = arc.tail if end == "tail" else arc.head
        if node not in nodes:
            continue
        if node in found:
            raise _RefusedError("ambiguous")
        found[node] = arc
    return found


def _deviations(index: _Index, paths: Iterable[Sequence[_Arc]], *, first: int) -> list[Turn]:
    """Return every sequence that follows a path for at least `first` edges and then leaves it."""
    turns: list[Turn] = []
    for path in paths:
        for length in range(first, len(path)):
            kept = tuple(arc.edge for arc in path[:length])
            turns += [
                (*kept, arc.edge)
                for arc in index.leaving[path[length - 1].head]
                if arc.edge != path[length].edge
            ]
    return turns
