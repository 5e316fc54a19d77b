"""What stands on the signs along a way: names and lengths of road edges in the order in which they are driven."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import shapely
from geoalchemy2.shape import to_shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, select

from data.tables import road_edges

_TOLERANCE_DEG: Final = 1e-6  # ten centimetres


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A stretch of way with one name: name, else reference, else "" for a road without either."""

    name: str
    road_class: str
    length_m: float


def stretches(
    connection: Connection, version: int, edges: Sequence[int], way: shapely.LineString
) -> tuple[Stretch, ...]:
    """Read a way as stretches; neighbours with the same sign are one. Edges that the version lacks are left out.

    The way starts and ends somewhere on its first and last edge: only what is driven of them counts.
    """
    table = road_edges
    columns = (table.c.edge_id, table.c.name, table.c.ref, table.c.road_class, table.c.length_m, table.c.geom)
    query = select(*columns).where(table.c.version == version, table.c.edge_id.in_(set(edges)))
    known = {row.edge_id: row for row in connection.execute(query)}
    driven = [known[edge] for edge in edges if edge in known]
    found: list[Stretch] = []
    for position, row in enumerate(driven):
        at_end = position in (0, len(driven) - 1)
        length_m = row.length_m * (_share(to_shape(row.geom), way) if at_end else 1.0)
        name = row.name or row.ref or ""
        last = found[-1] if found else None
        if last and last.name == name and (name or last.road_class == row.road_class):
            found[-1] = replace(last, length_m=last.length_m + length_m)
        else:
            found.append(Stretch(name=name, road_class=row.road_class, length_m=length_m))
    return tuple(found)


def _share(edge: BaseGeometry, way: shapely.LineString) -> float:
    """Which share of an edge a way covers: both are in degrees, so shares are exact enough and lengths are not."""
    return float(edge.intersection(way.buffer(_TOLERANCE_DEG)).length / edge.length) if edge.length else 1.0
