"""What leaf grids are made by: the lines that borders follow, and where people live and risks lie."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, text

from gis.crs import STORED
from gis.divides import divides
from gis.grid_making import GuideKind

Floats = npt.NDArray[np.float64]

_RISKS: Final = ("geohazard_points", "key_facilities")
"""Layers of places that make a cell's work harder: each place counts once, a geohazard point by the people below it."""

_ROADS: Final = text(f"""
    SELECT ST_AsBinary(geom) AS shape FROM road_edges JOIN road_networks USING (version)
    WHERE current AND geom && ST_MakeEnvelope(:west, :south, :east, :north, {STORED})
        AND road_class IN ('motorway', 'trunk', 'primary', 'secondary', 'tertiary', 'local')
""")
_STREAMS: Final = text(f"""
    SELECT ST_AsBinary(geom) AS shape FROM base_features WHERE kind = 'waterway' AND geom && ST_MakeEnvelope(:west, :south, :east, :north, {STORED})
""")
_PEOPLE: Final = text(f"""
    SELECT ST_X(geom) AS lon, ST_Y(geom) AS lat, population::float AS people, 0::float AS risk FROM villages
    WHERE geom && ST_MakeEnvelope(:west, :south, :east, :north, {STORED})
    UNION ALL
    SELECT ST_X(middle), ST_Y(middle), 0, weight FROM (
        SELECT ST_PointOnSurface(geom) AS middle, CASE WHEN layer = 'geohazard_points'
            THEN 1 + coalesce(CAST(substring(attributes->>'people' FROM '^[0-9]+') AS float), 0) / 50 ELSE 1 END AS weight
        FROM places WHERE layer = ANY(:layers) AND geom && ST_MakeEnvelope(:west, :south, :east, :north, {STORED})) AS risks
    ORDER BY lon, lat
""")


@dataclass(frozen=True, eq=False, kw_only=True)
class Ground:
    """Guide lines by kind, and N positions in stored degrees with their people and weight of risk."""

    guides: Mapping[GuideKind, list[BaseGeometry]]
    lonlat: Floats
    people: Floats
    risk: Floats
    _tree: list[shapely.STRtree] = field(default_factory=list, repr=False)

    def within(self, shape: BaseGeometry) -> tuple[float, float]:
        """Sum people and risk inside a shape."""
        if not self._tree:
            self._tree.append(shapely.STRtree([shapely.Point(one) for one in self.lonlat.tolist()]))
        found = self._tree[0].query(shape, predicate="intersects")
        return float(self.people[found].sum()), float(self.risk[found].sum())


def read(connection: Connection, land: BaseGeometry, kinds: Collection[str]) -> Ground:
    """Read what lies on some land. kinds: of guides; "ridge" stands for the divides between streams."""
    values = dict(zip(("west", "south", "east", "north"), land.bounds, strict=True))
    streams = _shapes(connection, _STREAMS, values) if {"stream", "ridge"} & set(kinds) else []
    guides: dict[GuideKind, list[BaseGeometry]] = {}
    if "road" in kinds:
        guides["road"] = _shapes(connection, _ROADS, values)
    if "stream" in kinds:
        guides["stream"] = streams
    if "ridge" in kinds:
        guides["ridge"] = divides(streams).tolist()
    rows = connection.execute(_PEOPLE, {**values, "layers": list(_RISKS)}).all()
    return Ground(
        guides=guides,
        lonlat=np.asarray([(row.lon, row.lat) for row in rows], dtype=np.float64).reshape(-1, 2),
        people=np.asarray([row.people for row in rows], dtype=np.float64),
        risk=np.asarray([row.risk for row in rows], dtype=np.float64),
    )


def _shapes(connection: Connection, query: Any, values: Mapping[str, Any]) -> list[BaseGeometry]:
    found = [shapely.from_wkb(bytes(row.shape)) for row in connection.execute(query, values)]
    return [line for shape in found for line in shapely.get_parts(shape) if line.geom_type == "LineString"]
