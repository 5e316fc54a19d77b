"""The fictional demo county 岚溪县: shipped files, loaded through the ordinary importers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
from sqlalchemy import Connection

from data import base_map, imports, roads
from data.imports import Counts
from data.policies import Policy
from data.roads import RoadReport
from gis.crs import STORED
from gis.terrain import Terrain

FILES: Final = Path(__file__).parent / "files"
SOURCE: Final = "demo"
COUNTY: Final = "990101000000"
LAYERS: Final = (
    "areas", "villages", "grid_cells", "people", "shelters", "geohazard_points", "instruments", "treatment_works",
    "rain_stations", "loudspeakers", "helipads", "water_points", "key_facilities", "teams", "depots",
    "agreement_companies", "vehicles", "stock_lots", "duties",
)  # fmt: skip
"""Layers in an order in which every reference is there before what refers to it."""

Progress = Callable[[str, int, int], None]
"""Told (stage code, steps done, steps in all)."""


class DemoError(Exception):
    """A shipped file was refused: the files and the importers do not belong together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoReport:
    """What loading brought, by layer, and the road network."""

    layers: Mapping[str, Counts]
    roads: RoadReport


def load(
    connection: Connection,
    policy: Policy,
    *,
    actor: str,
    at: datetime,
    progress: Progress = lambda _stage, _done, _all: None,
) -> DemoReport:
    """Load the county within the caller's transaction; loading again changes nothing. Raises DemoError."""
    stages = len(LAYERS) + 2
    progress("roads", 0, stages)
    network = roads.import_lines(connection, gpd.read_file(FILES / "roads.geojson"), source=SOURCE)
    progress("base_map", 1, stages)
    base_map.replace(
        connection,
        gpd.read_file(FILES / "base_map.geojson").set_crs(STORED, allow_override=True),
        source=SOURCE,
    )
    counts = {}
    for done, layer in enumerate(LAYERS, start=2):
        progress(layer, done, stages)
        counts[layer] = _load_layer(connection, layer, policy, actor=actor, at=at)
    progress("done", stages, stages)
    return DemoReport(layers=counts, roads=network)


def _load_layer(connection: Connection, layer: str, policy: Policy, *, actor: str, at: datetime) -> Counts:
    path = next(FILES.glob(f"{layer}.*"))
    report = imports.import_file(
        connection,
        path,
        policy.layers[layer],
        policy,
        actor=actor,
        at=at,
        datum="CGCS2000",
        on_error="refuse",
        sample=True,
    )
    if report.refused:
        raise DemoError(f"{path.name}: {report.problems[:3]}")
    return report.counts


def terrain() -> Terrain:
    """Heights of the county and its surroundings, in whole metres."""
    with np.load(FILES / "terrain.npz") as stored:
        west, north = stored["west_north"].tolist()
        step_lon, step_lat = stored["steps"].tolist()
        return Terrain(stored["heights_m"].astype(np.float64), west, north, step_lon, step_lat)
