"""The road network in the store: written at once by COPY, read back as the frozen network.

One network is current. Another one replaces it within the caller's transaction: if that fails, the old one stands.
"""

import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from psycopg import Cursor
from sqlalchemy import Connection, delete, func, insert, select, update

from data.tables import banned_turns, road_edges, road_networks, road_nodes
from gis.crs import STORED
from gis.islands import Islands, islands
from gis.network import RoadNetwork
from gis.restrictions import Turn
from gis.road_tags import CLOSED_TO_VEHICLES
from gis.roads import EDGE_COLUMNS, Roads, edges_from_lines

Progress = Callable[[str, int, int], None]
"""Told (stage code, steps done, steps in all)."""

_EDGE_COLUMNS: Final = tuple("geom" if name == "geometry" else name for name in EDGE_COLUMNS)
_CHUNK: Final = 1 << 20  # characters sent at once
_EXAMPLES: Final = 200  # faults kept with the report


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadReport:
    """What an import brought: counts, kilometres and faults by code.

    sha256 is that of the content; `changed` is False when the store already held just this network.
    """

    version: int
    sha256: str
    changed: bool
    nodes: int
    edges: int
    km: float
    km_by_class: Mapping[str, float]
    drivable_km: float
    bridges: int
    tunnels: int
    one_ways: int
    four_wheel_drive_only: int
    limited: int
    conditional: int
    restrictions_taken: int
    banned_turns: int
    faults: Mapping[str, int]
    fault_examples: Sequence[Mapping[str, object]]
    islands: Islands


def import_lines(
    connection: Connection,
    frame: gpd.GeoDataFrame,
    *,
    source: str = "survey",
    snap_m: float = 1.0,
    progress: Progress = lambda _stage, _done, _all: None,
) -> RoadReport:
    """Make plain road lines the current network; columns as in `gis.roads.edges_from_lines`."""
    progress("split", 0, 2)
    roads = edges_from_lines(frame, snap_m=snap_m)
    progress("store", 1, 2)
    report = store_network(connection, roads, source=source)
    progress("done", 2, 2)
    return report


def store_network(connection: Connection, roads: Roads, *, source: str) -> RoadReport:
    """Make `roads` the current network; the same content as the current one changes nothing.

    Raises ValueError for roads without an edge: an empty file must not wipe out a network.
    """
    if roads.edges.empty:
        raise ValueError("no roads to store")
    nodes_csv, edges_csv, turns_csv = (
        _nodes_csv(roads.nodes),
        _edges_csv(roads.edges),
        _turns_csv(roads.banned_turns),
    )
    digest = hashlib.sha256()
    for text in (nodes_csv, edges_csv, turns_csv):
        digest.update(hashlib.sha256(text.encode()).digest())
    # one import at a time; readers go on reading the old network until the commit
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("road_networks"))))
    stored = connection.execute(
        select(road_networks.c.version).where(
            road_networks.c.current, road_networks.c.sha256 == digest.digest()
        )
    ).scalar()
    version = stored if stored is not None else _new_version(connection, source, digest.digest())
    report = _report(roads, version=version, sha256=digest.hexdigest(), changed=stored is None)
    if stored is None:
        for table in (road_nodes, road_edges, banned_turns):
            connection.execute(delete(table))
        _copy_in(connection, "road_nodes (version, node_id, geom)", _prefixed(version, nodes_csv))
        _copy_in(
            connection, f"road_edges (version, {', '.join(_EDGE_COLUMNS)})", _prefixed(version, edges_csv)
        )
        _copy_in(connection, "banned_turns (version, turn_id, edges, forward)", _prefixed(version, turns_csv))
        connection.execute(
            update(road_networks).where(road_networks.c.version == version).values(report=as_json(report))
        )
        connection.exec_driver_sql("ANALYZE road_nodes, road_edges")
    return report


def current_version(connection: Connection) -> int | None:
    """Return the version of the current network; None before the first import."""
    return connection.execute(select(road_networks.c.version).where(road_networks.c.current)).scalar()


def load_network(connection: Connection) -> RoadNetwork:
    """Return the current network, frozen. Raises LookupError where none was imported."""
    nodes, edges, turns = load_frames(connection)
    return RoadNetwork.build(nodes, edges, turns)


def load_frames(connection: Connection) -> tuple[pd.DataFrame, gpd.GeoDataFrame, tuple[Turn, ...]]:
    """Return nodes, edges and banned turns of the current network, as `RoadNetwork.build` takes them."""
    version = current_version(connection)
    if version is None:
        raise LookupError("no road network")
    nodes = _copy_out(
        connection,
        f"SELECT node_id, ST_X(geom) AS lon, ST_Y(geom) AS lat FROM road_nodes WHERE version = {version} ORDER BY node_id",
    )
    table = _copy_out(
        connection,
        f"SELECT {', '.join(_EDGE_COLUMNS)} FROM road_edges WHERE version = {version} ORDER BY edge_id",
        dtype=_EDGE_TYPES,
    )
    geometry = shapely.from_wkb(table.pop("geom").to_numpy(dtype=object))
    for name in ("conditional", "name", "ref"):
        table[name] = table[name].astype(object).where(table[name].notna(), None)
    table["conditional"] = table["conditional"].map(json.loads, na_action="ignore")
    edges = gpd.GeoDataFrame(table, geometry=geometry, crs=STORED)
    rows = connection.execute(
        select(banned_turns.c.edges, banned_turns.c.forward)
        .where(banned_turns.c.version == version)
        .order_by(banned_turns.c.turn_id)
    )
    turns = tuple(tuple(zip(row.edges, row.forward, strict=True)) for row in rows)
    return nodes, edges, turns


def as_json(report: RoadReport) -> dict[str, Any]:
    """Return the report as plain JSON values."""
    return asdict(report)


_FLAGS: Final = ("bridge", "tunnel", "four_wheel_drive_only")
_EDGE_TYPES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("length_m", "speed_kmh"), "float64"),
    "oneway": "int8",
    **dict.fromkeys(_FLAGS, "bool"),
    **dict.fromkeys(("max_mass_kg", "max_height_cm", "max_width_cm"), "int32"),
    **dict.fromkeys(("road_class", "access", "conditional", "name", "ref", "geom"), "object"),
    "osm_way_id": "Int64",
}


def _new_version(connection: Connection, source: str, sha256: bytes) -> int:
    connection.execute(update(road_networks).where(road_networks.c.current).values(current=False))
    row = insert(road_networks).values(source=source, imported_at=func.now(), current=True, sha256=sha256)
    version: int = connection.execute(row.returning(road_networks.c.version)).scalar_one()
    return version


def _nodes_csv(nodes: pd.DataFrame) -> str:
    points = shapely.points(nodes["lon"], nodes["lat"])
    return _csv(pd.DataFrame({"node_id": nodes["node_id"], "geom": _ewkb(points)}))


def _edges_csv(edges: gpd.GeoDataFrame) -> str:
    table = pd.DataFrame(edges.drop(columns="geometry"))
    rules = table["conditional"]
    table["conditional"] = rules.where(
        rules.isna() | rules.map(lambda value: isinstance(value, str)),
        rules.map(json.dumps, na_action="ignore"),
    )
    for name in ("name", "ref"):
        table[name] = table[name].astype("str").str.replace(r"\s+", " ", regex=True)
    table["geom"] = _ewkb(edges.geometry.to_numpy())
    return _csv(table[list(_EDGE_COLUMNS)])


def _turns_csv(turns: Sequence[Turn]) -> str:
    table = pd.DataFrame(
        {
            "turn_id": np.arange(1, len(turns) + 1),
            "edges": ["{" + ",".join(str(edge) for edge, _ in turn) + "}" for turn in turns],
            "forward": [
                "{" + ",".join("t" if forward else "f" for _, forward in turn) + "}" for turn in turns
            ],
        }
    )
    return _csv(table)


def _ewkb(geometry: Any) -> Any:
    return shapely.to_wkb(shapely.set_srid(geometry, STORED), hex=True, include_srid=True)


def _csv(table: pd.DataFrame) -> str:
    return table.to_csv(index=False, header=False, lineterminator="\n")


def _prefixed(version: int, csv: str) -> str:
    """Put the version before each row. No field holds a line end: `_edges_csv` sees to that."""
    return f"{version}," + csv[:-1].replace("\n", f"\n{version},") + "\n" if csv else ""


def _copy_in(connection: Connection, target: str, csv: str) -> None:
    with _cursor(connection) as cursor, cursor.copy(f"COPY {target} FROM STDIN WITH (FORMAT csv)") as copy:
        for start in range(0, len(csv), _CHUNK):
            copy.write(csv[start : start + _CHUNK])


def _copy_out(connection: Connection, query: str, dtype: Mapping[str, str] | None = None) -> pd.DataFrame:
    buffer = io.BytesIO()
    with (
        _cursor(connection) as cursor,
        cursor.copy(f"COPY ({query}) TO STDOUT WITH (FORMAT csv, HEADER)") as copy,
    ):
        for block in copy:
            buffer.write(block)
    buffer.seek(0)
    return pd.read_csv(
        buffer,
        dtype=dtype,
        keep_default_na=False,
        na_values=[""],
        true_values=["t"],
        false_values=["f"],
        low_memory=False,
    )


def _cursor(connection: Connection) -> Cursor[Any]:
    """Return psycopg's own cursor within the caller's transaction: SQLAlchemy has no COPY."""
    driver: Any = connection.connection.driver_connection
    cursor: Cursor[Any] = driver.cursor()
    return cursor


def _report(roads: Roads, *, version: int, sha256: str, changed: bool) -> RoadReport:
    edges = roads.edges
    km = edges["length_m"] / 1000
    faults = roads.faults
    limited = edges[["max_mass_kg", "max_height_cm", "max_width_cm"]].any(axis=1)
    return RoadReport(
        version=version,
        sha256=sha256,
        changed=changed,
        nodes=len(roads.nodes),
        edges=len(edges),
        km=round(float(km.sum()), 3),
        km_by_class={
            str(name): round(float(value), 3) for name, value in km.groupby(edges["road_class"]).sum().items()
        },
        drivable_km=round(float(km[~edges["access"].isin(CLOSED_TO_VEHICLES)].sum()), 3),
        bridges=int(edges["bridge"].sum()),
        tunnels=int(edges["tunnel"].sum()),
        one_ways=int((edges["oneway"] != 0).sum()),
        four_wheel_drive_only=int(edges["four_wheel_drive_only"].sum()),
        limited=int(limited.sum()),
        conditional=int(edges["conditional"].notna().sum()),
        restrictions_taken=roads.restrictions_taken,
        banned_turns=len(roads.banned_turns),
        faults={
            str(code): int(n) for code, n in (faults["subject"] + "." + faults["code"]).value_counts().items()
        },
        fault_examples=[
            {str(key): value for key, value in row.items()}
            for row in faults.head(_EXAMPLES).to_dict("records")
        ],
        islands=islands(edges, roads.banned_turns),
    )
