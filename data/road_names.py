"""What stands on the signs along a way: names and lengths of road edges in the order in which they are driven."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from data.tables import road_edges


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A stretch of way with one name: name, else reference, else "" for a road without either."""

    name: str
    road_class: str
    length_m: float


def stretches(connection: Connection, version: int, edges: Sequence[int]) -> tuple[Stretch, ...]:
    """Read a way as stretches; neighbours with the same sign are one. Edges that the version lacks are left out."""
    table = road_edges
    query = select(table.c.edge_id, table.c.name, table.c.ref, table.c.road_class, table.c.length_m)
    query = query.where(table.c.version == version, table.c.edge_id.in_(set(edges)))
    known = {row.edge_id: row for row in connection.execute(query)}
    found: list[Stretch] = []
    for row in (known[edge] for edge in edges if edge in known):
        name = row.name or row.ref or ""
        last = found[-1] if found else None
        if last and last.name == name and (name or last.road_class == row.road_class):
            found[-1] = Stretch(name=name, road_class=last.road_class, length_m=last.length_m + row.length_m)
        else:
            found.append(Stretch(name=name, road_class=row.road_class, length_m=row.length_m))
    return tuple(found)
