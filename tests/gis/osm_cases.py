"""Small OSM networks in a few words."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import pandas as pd

from gis.restrictions import DirectedEdge, TurnRestriction
from gis.roads import Roads, edges_from_ways

STEP = 0.01  # degrees between neighbours on the drawing board
Nodes = Mapping[int, tuple[float, float]]


def roads(
    nodes: Nodes,
    ways: Mapping[int, Sequence[int]],
    tags: Mapping[int, Mapping[str, str]] | None = None,
    *,
    restrictions: Sequence[TurnRestriction] = (),
    barriers: Sequence[int] = (),
) -> Roads:
    """The network of some ways (id → node ids) over nodes (id → board position); tags by way id."""
    tags = tags or {}
    table = pd.DataFrame([{"way_id": way, "highway": "residential", **tags.get(way, {})} for way in ways])
    rows = [(way, node, *_position(nodes, node)) for way, chain in ways.items() for node in chain]
    vertices = pd.DataFrame(rows, columns=["way_id", "node_id", "lon", "lat"]).astype(
        {"lon": float, "lat": float}
    )
    return edges_from_ways(table, vertices, restrictions, barriers)


def _position(nodes: Nodes, node: int) -> tuple[float | None, float | None]:
    """A node that the board lacks has no position, as one that an extract lacks."""
    if node not in nodes:
        return None, None
    x, y = nodes[node]
    return 1.5 + STEP * x, 42.5 + STEP * y


def edge(of: Roads, tail: int, head: int) -> DirectedEdge:
    """The directed edge from one node to another."""
    for edge_id, u, v in zip(of.edges["edge_id"], of.edges["u"], of.edges["v"], strict=True):
        if (u, v) == (tail, head):
            return int(edge_id), True
        if (v, u) == (tail, head):
            return int(edge_id), False
    raise LookupError((tail, head))


def path(of: Roads, *nodes: int) -> tuple[DirectedEdge, ...]:
    """The directed edges along some nodes."""
    return tuple(edge(of, a, b) for a, b in pairwise(nodes))


def restriction(
    kind: str, start: int, via: int | Sequence[int], goal: int, **others: object
) -> TurnRestriction:
    """A relation from one way to another over a node (an int) or over ways (a sequence)."""
    values: dict[str, object] = {
        "relation_id": 1,
        "kind": kind,
        "from_ways": (start,),
        "to_ways": (goal,),
        "via_nodes": (via,) if isinstance(via, int) else (),
        "via_ways": () if isinstance(via, int) else tuple(via),
    }
    return TurnRestriction(**(values | others))  # type: ignore[arg-type]  # values are those of the fields
