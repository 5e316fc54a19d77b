"""A small road network and a snapshot on it, for what needs real roads."""

import geopandas as gpd
import pandas as pd
from shapely import LineString

from dispatch.model import Cover, Incident, Snapshot, StockLot
from gis.crs import STORED, geodesic_lengths
from gis.network import RoadNetwork
from tests.dispatch.cases import CAR, MINUTE, carrier, depot, need, snapshot, team

WEST, SOUTH, STEP = 111.0, 36.0, 0.02
SIZE = 7


def place(column: float, row: float) -> tuple[float, float]:
    return WEST + STEP * column, SOUTH + STEP * row


def grid_network(**changes: object) -> RoadNetwork:
    """SIZE × SIZE crossings, 2 km apart, 40 km/h. `changes`: edge column → {(node, node): value}."""
    nodes = [(column * SIZE + row, *place(column, row)) for column in range(SIZE) for row in range(SIZE)]
    at = {node: (lon, lat) for node, lon, lat in nodes}
    pairs = [(n, n + 1) for n in at if n % SIZE < SIZE - 1] + [(n, n + SIZE) for n in at if n + SIZE in at]
    lines = [LineString([at[u], at[v]]) for u, v in pairs]
    edges = gpd.GeoDataFrame(
        {
            "edge_id": range(1, len(pairs) + 1),
            "u": [u for u, _ in pairs],
            "v": [v for _, v in pairs],
            "length_m": geodesic_lengths(lines),
            "road_class": "secondary",
            "speed_kmh": 40.0,
            "oneway": 0,
            "bridge": False,
            "tunnel": False,
            "max_mass_kg": 0,
            "max_height_cm": 0,
            "max_width_cm": 0,
            "four_wheel_drive_only": False,
            "access": "yes",
            "conditional": None,
            "name": None,
            "ref": None,
            "osm_way_id": None,
        },
        geometry=lines,
        crs=STORED,
    )
    for column, values in changes.items():
        for pair, value in values.items():  # type: ignore[attr-defined]
            edges.loc[pairs.index(pair), column] = value
    return RoadNetwork.build(pd.DataFrame(nodes, columns=["node_id", "lon", "lat"]), edges)


def grid_snapshot(**changes: object) -> Snapshot:
    """A landslide in the middle, four teams round it, a depot in a corner, one point of coverage."""
    middle = Incident(
        id=1,
        type="landslide",
        level=2,
        position=place(3.5, 3),
        needs=(need("medical", 10), need("engineering", 10), need("tent", 5, "material", critical=False)),
    )
    teams = (
        team(1, ("medical", "engineering"), position=place(3, 3)),
        team(2, "engineering", position=place(1, 3)),
        team(3, "medical", position=place(6, 3)),
        team(4, "medical", position=place(0, 0)),
    )
    tents = StockLot(id=1, item="tent", quantity=20, unit_kg=25)
    values: dict[str, object] = {
        "depots": (depot(1, (tents,), (carrier(901),), position=place(0, 6)),),
        "covers": (
            Cover(
                township="990101100000", position=place(6, 4), code="medical", heads=10, within_ms=10 * MINUTE
            ),
        ),
    }
    return snapshot((middle,), teams, **{**values, **changes})


__all__ = ["CAR", "grid_network", "grid_snapshot", "place"]
