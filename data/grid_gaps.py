"""How much of the county no leaf grid covers: an import of grids must not leave more of it open than before."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, text

TOLERANCE_M2: Final = 100.0
"""Rounding of coordinates to seven digits moves a border by a centimetre."""

_OPEN: Final = text("""
    SELECT top.theme, sum(coalesce(ST_Area(ST_Difference(top.geom, leaves.geom)::geography), 0)) AS m2
    FROM grid_cells top
    JOIN (SELECT theme, ST_UnaryUnion(ST_Collect(geom)) AS geom FROM grid_cells WHERE level = 5 GROUP BY theme) leaves
      ON leaves.theme = top.theme
    WHERE top.level = 1 GROUP BY top.theme
""")


def areas_m2(connection: Connection) -> dict[str, float]:
    """Measure by theme what of the widest cells no leaf covers; only themes that have leaves."""
    return {row.theme: float(row.m2) for row in connection.execute(_OPEN)}


def opened(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """Return by how many square metres more is open than before, beyond the tolerance; 0 for none."""
    return max(
        (
            after.get(theme, m2) - m2
            for theme, m2 in before.items()
            if after.get(theme, m2) - m2 > TOLERANCE_M2
        ),
        default=0.0,
    )
