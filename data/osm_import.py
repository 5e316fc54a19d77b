"""An OpenStreetMap extract → the store: roads, areas, villages, facilities and the base map, in one transaction."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import geopandas as gpd
from sqlalchemy import ARRAY, Connection, Text, all_, cast, delete, exists, select

from data import base_map, gazetteer, imports, osm, places, registers, roads
from data.imports import ImportReport
from data.layers import Layer
from data.osm import Extract, Progress
from data.policies import Policy
from data.roads import RoadReport
from data.tables import areas
from gis.roads import clip as clip_roads
from gis.roads import edges_from_ways

SOURCE: Final = "osm"
"""What rows of an extract carry as their source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OsmReport:
    """What an import brought.

    ways: road ways read. restrictions_read: turn restrictions in the file; those taken and refused are in `roads`.
    layers: rows by layer. areas_made: whether areas were derived, because the store had none of another source.
    gaps_m: metres of outline that were closed by a straight line, by name. refused: rows that no layer could take.
    """

    roads: RoadReport
    ways: int
    restrictions_read: int
    barriers: int
    county: str
    areas_made: bool
    layers: Mapping[str, int]
    base_features: Mapping[str, int]
    gaps_m: Mapping[str, float]
    broken_outlines: int
    refused: int


def import_extract(
    connection: Connection,
    path: Path,
    policy: Policy,
    *,
    actor: str,
    at: datetime,
    clip: str | None = None,
    progress: Progress = lambda _stage, _done, _all: None,
) -> OsmReport:
    """Import an extract within the caller's transaction; the same file again changes nothing.

    clip: a file with an outline, or the name or id of an administrative relation in the extract.
    Raises FileNotFoundError, ValueError (no OSM data, or no roads) and `osm.NoSuchOutlineError`.
    """
    extract = osm.read(path, progress=progress)
    outline = osm.outline(extract, clip) if clip is not None else None
    progress("split", 0, 3)
    network = edges_from_ways(extract.ways, extract.vertices, extract.restrictions, extract.barriers)
    if outline is not None:
        network = clip_roads(network, outline)
    progress("store_roads", 1, 3)
    report = roads.store_network(connection, network, source=path.name)
    progress("store_places", 2, 3)
    county = gazetteer.county_of(extract, network.edges, outline, name=path.name.partition(".")[0])
    applied, made = _apply_layers(connection, extract, county, policy, actor=actor, at=at)
    drawn = gazetteer.base_features(extract, county.geometry)
    base_map.replace(connection, drawn, source=SOURCE)
    progress("done", 3, 3)
    gaps = extract.outlines[extract.outlines["gap_m"] > 0]
    gaps = gaps[gaps.representative_point().within(county.geometry)]
    return OsmReport(
        roads=report,
        ways=len(extract.ways),
        restrictions_read=len(extract.restrictions),
        barriers=len(extract.barriers),
        county=county.name,
        areas_made=made,
        layers={layer: sum(asdict(result.counts).values()) for layer, result in applied.items()},
        base_features={str(kind): int(count) for kind, count in drawn["kind"].value_counts().items()},
        gaps_m={
            str(name): round(float(gap), 1) for name, gap in zip(gaps["name"], gaps["gap_m"], strict=True)
        },
        broken_outlines=len(extract.broken_outlines),
        refused=sum(len(result.problems) for result in applied.values()),
    )


def _apply_layers(
    connection: Connection,
    extract: Extract,
    county: gazetteer.County,
    policy: Policy,
    *,
    actor: str,
    at: datetime,
) -> tuple[Mapping[str, ImportReport], bool]:
    """Bring areas, villages and facilities into their layers; real areas of another source are never touched."""
    made = not connection.scalar(
        select(exists().where(areas.c.level == "township", areas.c.source != SOURCE))
    )
    frames = _derived(extract, county) if made else {}
    townships = frames["areas"] if made else places.frame(connection, policy.layers["areas"])
    frames |= gazetteer.facilities(extract, policy, townships)
    for layer in ("villages", *gazetteer.FACILITY_LAYERS):
        codes = list(frames[layer]["code"]) if layer in frames else []
        _forget(connection, policy.layers[layer], codes)
    applied = {
        layer: imports.apply(
            connection, policy.layers[layer], frame, policy, actor=actor, at=at, source=SOURCE
        )
        for layer, frame in frames.items()
    }
    return applied, made


def _derived(extract: Extract, county: gazetteer.County) -> dict[str, gpd.GeoDataFrame]:
    rows = gazetteer.areas(extract, county)
    return {"areas": rows, "villages": gazetteer.villages(extract, county, rows)}


def _forget(connection: Connection, layer: Layer, codes: list[str]) -> None:
    """Delete the rows that an earlier extract brought and this one no longer has."""
    table = registers.table_of(layer)
    gone = delete(table).where(
        table.c.source == SOURCE, table.c.code != all_(cast(codes, ARRAY(Text))), *registers.belongs(layer)
    )
    connection.execute(gone)
