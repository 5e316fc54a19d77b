"""Road lines → nodes and edges, split at junctions, ready for `RoadNetwork.build`.

Two sources, one result: OSM ways, whose shared node ids are the junctions (`edges_from_ways`), and plain survey
lines, whose shared or almost shared points are (`edges_from_lines`). Nothing here reads a file.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from gis import road_tags
from gis.crs import STORED, geodesic_lengths, metres_crs
from gis.hours import parse as parse_hours
from gis.restrictions import DirectedEdge, TurnRestriction, banned_turns, barrier_turns
from gis.road_tags import ACCESS_ORDER, DRIVABLE_SPEED_KMH, FOOT_CLASSES, FOOT_SPEED_KMH

EDGE_COLUMNS: Final = (
    "edge_id", "u", "v", "length_m", "road_class", "speed_kmh", "oneway", "bridge", "tunnel",
    "max_mass_kg", "max_height_cm", "max_width_cm", "four_wheel_drive_only", "access", "conditional",
    "name", "ref", "osm_way_id", "geometry",
)  # fmt: skip
"""Columns of an edge frame, in order; their meaning is that of `RoadNetwork.build`."""

_LIMITS: Final = ("max_mass_kg", "max_height_cm", "max_width_cm")
_YES: Final = ("1", "1.0", "true", "yes", "t", "y")
_NO: Final = ("", "0", "0.0", "false", "no", "f", "n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Roads:
    """A split network before it is frozen.

    nodes: node_id, lon, lat. edges: EDGE_COLUMNS in EPSG:4490. banned_turns: sequences of (edge_id, forward).
    faults: subject (way, relation, node, line), id, code, tag, value: what could not be used, and was left out.
    """

    nodes: pd.DataFrame
    edges: gpd.GeoDataFrame
    banned_turns: tuple[tuple[DirectedEdge, ...], ...]
    faults: pd.DataFrame
    restrictions_taken: int = 0


def edges_from_ways(
    ways: pd.DataFrame,
    vertices: pd.DataFrame,
    restrictions: Sequence[TurnRestriction] = (),
    barriers: Sequence[int] = (),
) -> Roads:
    """Split OSM ways at every node that two of them share, and turn their tags into attributes.

    ways: way_id (unique) and any of `road_tags.WAY_TAGS`. vertices: way_id, node_id, lon, lat in the order of
    travel; lon and lat NaN where the extract lacks the node (the way is broken there, with a fault).
    barriers: ids of nodes that no vehicle passes (bollards, blocks).
    Edge ids run from 1 in the order of way id and position: the same input gives the same ids.
    """
    ways = ways[road_tags.is_road(ways)].sort_values("way_id").reset_index(drop=True)
    attributes, faults = road_tags.attributes(ways)
    vertices = vertices.assign(line=pd.Index(ways["way_id"]).get_indexer(pd.Index(vertices["way_id"])))
    vertices = vertices[vertices["line"] >= 0].sort_values("line", kind="stable")
    missing = vertices["lon"].isna().to_numpy(dtype=bool)
    gaps = _faults(
        "way", ways["way_id"].to_numpy()[np.unique(vertices["line"].to_numpy()[missing])], "node_missing"
    )
    run = np.cumsum(missing)
    by_wheel = (~attributes["access"].isin(road_tags.CLOSED_TO_VEHICLES)).to_numpy(dtype=bool)
    on_roads = vertices["node_id"].to_numpy()[by_wheel[vertices["line"].to_numpy()]]
    cuts = np.intersect1d(np.asarray(barriers, dtype=np.int64), on_roads)
    pieces = split(vertices.assign(run=run)[~missing], cuts)
    unused = np.setdiff1d(np.arange(len(ways)), pieces.edges["line"])
    short = _faults("way", ways["way_id"].to_numpy()[unused], "too_short")
    edges = _with_attributes(pieces, attributes)
    turns, taken, refused = banned_turns(edges, restrictions)
    blocked, open_barriers = barrier_turns(edges, cuts.tolist())
    return Roads(
        nodes=pieces.nodes,
        edges=edges,
        banned_turns=tuple(sorted({*turns, *blocked})),
        faults=_concat(faults, gaps, short, refused, open_barriers),
        restrictions_taken=taken,
    )


def edges_from_lines(frame: gpd.GeoDataFrame, *, snap_m: float = 1.0) -> Roads:
    """Split survey lines into edges.

    frame: lines in any CRS (none = EPSG:4490) with any of the columns road_class, name, ref, oneway, bridge,
    tunnel, speed_kmh, max_mass_kg, max_height_cm, max_width_cm, four_wheel_drive_only, access, conditional.
    Ends within `snap_m` metres of each other are one junction; an end within `snap_m` of another line splits it
    there; a point that two lines both name is a junction unless one of them is a bridge or tunnel and it is not an end.
    Lines that merely cross are not joined: one passes over the other.
    """
    frame = frame.set_crs(STORED) if frame.crs is None else frame.to_crs(STORED)
    attributes, faults = _survey_attributes(frame)
    lines, empty = _single_lines(frame)
    vertices = _joined_vertices(lines, attributes, snap_m)
    pieces = split(vertices)
    edges = _with_attributes(pieces, attributes)
    short = _faults("line", np.setdiff1d(lines.index, pieces.edges["line"]), "too_short")
    return Roads(nodes=pieces.nodes, edges=edges, banned_turns=(), faults=_concat(faults, empty, short))


def clip(roads: Roads, outline: shapely.Geometry) -> Roads:
    """Only the edges that touch the outline, whole: a road is never cut at a border that drivers do not see."""
    shapely.prepare(outline)
    edges = roads.edges[shapely.intersects(outline, roads.edges.geometry.to_numpy())].reset_index(drop=True)
    kept = set(edges["edge_id"].tolist())
    used = np.union1d(edges["u"], edges["v"])
    return Roads(
        nodes=roads.nodes[roads.nodes["node_id"].isin(used)].reset_index(drop=True),
        edges=edges,
        banned_turns=tuple(turn for turn in roads.banned_turns if all(edge in kept for edge, _ in turn)),
        faults=roads.faults,
        restrictions_taken=roads.restrictions_taken,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """nodes: node_id, lon, lat. edges: line, u, v, length_m, geometry, in the order of line and position."""

    nodes: pd.DataFrame
    edges: gpd.GeoDataFrame


def split(vertices: pd.DataFrame, cuts: npt.ArrayLike = ()) -> Pieces:
    """Cut polylines at their ends, at every node that occurs more than once, and at the nodes `cuts`.

    vertices: line, node_id, lon, lat, in order of line and position, and optionally run: where it changes within
    a line, the line is broken. A repeated vertex is taken once; a run of one vertex is dropped.
    """
    line, node = vertices["line"].to_numpy(), vertices["node_id"].to_numpy(dtype=np.int64)
    run = vertices["run"].to_numpy() if "run" in vertices.columns else np.zeros(len(vertices), dtype=np.int64)
    same_run = (line[1:] == line[:-1]) & (run[1:] == run[:-1])
    repeated = np.r_[False, same_run & (node[1:] == node[:-1])][: len(node)]
    line, node, run = line[~repeated], node[~repeated], run[~repeated]
    position = vertices[["lon", "lat"]].to_numpy(dtype=np.float64)[~repeated]
    if len(line) == 0:
        return _no_pieces()

    starts = np.r_[True, (line[1:] != line[:-1]) | (run[1:] != run[:-1])]
    ends = np.r_[starts[1:], True]
    node_ids, inverse, count = np.unique(node, return_inverse=True, return_counts=True)
    breaks = np.flatnonzero(starts | ends | (count[inverse] > 1) | np.isin(node, cuts))
    within = ~starts[breaks[1:]]  # the stretch between two breaks belongs to one run
    first, last = breaks[:-1][within], breaks[1:][within]
    if len(first) == 0:
        return _no_pieces()

    sizes = last - first + 1
    piece = np.repeat(np.arange(len(first)), sizes)
    offset = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    taken = first[piece] + offset
    coordinates = position[taken]
    geometry = shapely.linestrings(coordinates, indices=piece)
    edges = gpd.GeoDataFrame(
        {"line": line[first], "u": node[first], "v": node[last], "length_m": geodesic_lengths(geometry)},
        geometry=geometry,
        crs=STORED,
    )
    used = np.unique(np.r_[node[first], node[last]])
    place = np.empty((len(node_ids), 2))
    place[inverse] = position
    chosen = place[np.searchsorted(node_ids, used)]
    return Pieces(
        nodes=pd.DataFrame({"node_id": used, "lon": chosen[:, 0], "lat": chosen[:, 1]}), edges=edges
    )


def _no_pieces() -> Pieces:
    nodes = pd.DataFrame({"node_id": np.empty(0, np.int64), "lon": np.empty(0), "lat": np.empty(0)})
    columns = {"line": np.empty(0, np.int64), "u": np.empty(0, np.int64), "v": np.empty(0, np.int64)}
    return Pieces(
        nodes=nodes, edges=gpd.GeoDataFrame({**columns, "length_m": np.empty(0)}, geometry=[], crs=STORED)
    )


def _with_attributes(pieces: Pieces, attributes: pd.DataFrame) -> gpd.GeoDataFrame:
    rows = attributes.iloc[pieces.edges["line"].to_numpy()].reset_index(drop=True)
    frame = pd.concat([pieces.edges.drop(columns="geometry"), rows], axis=1)
    frame.insert(0, "edge_id", np.arange(1, len(frame) + 1, dtype=np.int64))
    edges = gpd.GeoDataFrame(frame, geometry=pieces.edges.geometry.to_numpy(), crs=STORED)
    return edges[list(EDGE_COLUMNS)]


def _faults(
    subject: str, ids: npt.NDArray[np.int64], code: str, tag: str = "", value: str = ""
) -> pd.DataFrame:
    return pd.DataFrame(
        {"subject": subject, "id": np.asarray(ids, dtype=np.int64), "code": code, "tag": tag, "value": value}
    )


def _concat(*frames: pd.DataFrame) -> pd.DataFrame:
    found = [frame for frame in frames if len(frame)]
    return pd.concat(found, ignore_index=True) if found else road_tags.no_faults()


# --- survey lines -----------------------------------------------------------------------------------------------


def _survey_attributes(frame: gpd.GeoDataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return checked attributes of each line; a value that cannot be used gets the default, and a fault."""
    faults: list[pd.DataFrame] = []
    count = len(frame)

    def column(name: str) -> pd.Series:
        values = (
            frame[name].reset_index(drop=True).astype(object)
            if name in frame.columns
            else pd.Series([None] * count)
        )
        return values.astype(object).where(values.notna(), None)

    def checked(name: str, good: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        values = column(name)
        bad = values.notna().to_numpy(dtype=bool) & ~good
        faults.append(
            _faults("line", np.flatnonzero(bad), "unreadable", name).assign(
                value=values[bad].astype(str).to_numpy()
            )
        )
        return good

    def one_of(name: str, codes: Sequence[str], default: str) -> npt.NDArray[np.object_]:
        values = column(name)
        good = checked(name, values.isin(list(codes)).to_numpy(dtype=bool))
        return np.where(good, values, default).astype(object)

    def flag(name: str) -> npt.NDArray[np.bool_]:
        text = column(name).map(lambda value: "" if value is None else str(value).strip().lower())
        checked(name, text.isin([*_YES, *_NO]).to_numpy(dtype=bool))
        return text.isin(_YES).to_numpy(dtype=bool)

    def number(name: str) -> npt.NDArray[np.float64]:
        values = pd.to_numeric(column(name), errors="coerce").to_numpy(dtype=np.float64)
        return np.where(checked(name, values >= 0), values, 0)

    def oneway() -> npt.NDArray[np.int8]:
        codes = column("oneway").map(
            lambda value: 0 if value is None else road_tags.oneway_code(str(value).removesuffix(".0"))
        )
        good = checked("oneway", codes.notna().to_numpy(dtype=bool))
        return np.where(good, codes, 0).astype(np.int8)

    def rules() -> pd.Series:
        texts = column("conditional")
        read = texts.map(_rules, na_action="ignore").astype(object)
        checked("conditional", read.notna().to_numpy(dtype=bool))
        return read.where(read.notna(), None)

    road_class = one_of("road_class", (*DRIVABLE_SPEED_KMH, *FOOT_CLASSES), "unclassified")
    on_foot = np.isin(road_class.astype(str), FOOT_CLASSES)
    access = one_of("access", ACCESS_ORDER, "yes")
    default_speed = (
        pd.Series(road_class).map(DRIVABLE_SPEED_KMH).fillna(FOOT_SPEED_KMH).to_numpy(dtype=np.float64)
    )
    speed = number("speed_kmh")
    result = pd.DataFrame(
        {
            "road_class": road_class,
            "speed_kmh": np.where(speed > 0, speed, default_speed),
            "oneway": oneway(),
            **{name: flag(name) for name in ("bridge", "tunnel")},
            **{name: number(name).astype(np.int32) for name in _LIMITS},
            "four_wheel_drive_only": flag("four_wheel_drive_only"),
            "access": np.where(on_foot & (access == "yes"), "foot", access).astype(object),
            "conditional": rules(),
            "name": column("name"),
            "ref": column("ref"),
            "osm_way_id": pd.array([None] * count, dtype="Int64"),
        }
    ).astype({"road_class": object, "access": object})
    return result, _concat(*faults)


def _rules(value: object) -> list[dict[str, str]] | None:
    """Return timed rules given as a list, as its JSON, or as OSM writes them; None = unreadable."""
    if isinstance(value, str) and "@" in value:
        return road_tags.conditions(value)
    try:
        rules = json.loads(value) if isinstance(value, str) else value
    except json.JSONDecodeError:
        return None
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        return None
    known = all(rule.get("access") in ACCESS_ORDER and parse_hours(str(rule.get("hours"))) for rule in rules)
    return rules if known else None


def _single_lines(frame: gpd.GeoDataFrame) -> tuple[gpd.GeoSeries, pd.DataFrame]:
    """Each part of each line, two-dimensional, indexed by its row; and a fault for each row without one."""
    parts = gpd.GeoSeries(shapely.force_2d(frame.geometry.to_numpy()), crs=STORED).explode(index_parts=False)
    array = parts.to_numpy()
    good = parts[
        (shapely.get_type_id(array) == shapely.GeometryType.LINESTRING)
        & (np.asarray(shapely.length(array)) > 0)
    ]
    return good, _faults("line", np.setdiff1d(np.arange(len(frame)), good.index), "not_a_line")


def _joined_vertices(lines: gpd.GeoSeries, attributes: pd.DataFrame, snap_m: float) -> pd.DataFrame:
    """Vertices for `split` (line, run, node_id, lon, lat): points that are one junction share a node id."""
    count = len(lines)
    if count == 0:
        return pd.DataFrame({name: np.empty(0) for name in ("line", "run", "node_id", "lon", "lat")})
    west, south, east, north = lines.total_bounds
    projected = lines.to_crs(metres_crs((west + east) / 2, (south + north) / 2)).to_numpy()
    flat, owner = shapely.get_coordinates(lines.to_numpy(), return_index=True)
    metric = shapely.get_coordinates(projected)
    measure = _measures(metric, owner)
    first = np.r_[True, owner[1:] != owner[:-1]]
    last = np.r_[first[1:], True]

    label, representative = _end_clusters(metric, np.flatnonzero(first | last), snap_m)
    ends = np.flatnonzero(first | last)
    node = np.arange(len(flat)) + len(label)  # interior points are themselves until shown to be shared
    node[ends] = label
    flat[ends] = flat[ends[representative[label]]]
    above = (attributes["bridge"] | attributes["tunnel"]).to_numpy(dtype=bool)[lines.index.to_numpy()][owner]
    node = _share_named_points(flat, node, joins=np.flatnonzero(first | last | ~above))

    hit_line, hit_end, hit_measure = _ends_on_lines(projected, metric, ends, representative, snap_m)
    vertices = pd.DataFrame(
        {
            "line": np.r_[owner, hit_line],
            "measure": np.r_[measure, hit_measure],
            "node_id": np.r_[node, node[ends[hit_end]]],
            "lon": np.r_[flat[:, 0], flat[ends[hit_end], 0]],
            "lat": np.r_[flat[:, 1], flat[ends[hit_end], 1]],
        }
    )
    vertices = vertices.sort_values(["line", "measure"], kind="stable")
    vertices["run"] = vertices["line"]
    vertices["line"] = lines.index.to_numpy()[vertices["line"].to_numpy()]
    vertices["node_id"] = vertices["node_id"].rank(method="dense").astype(np.int64)
    return vertices


def _measures(metric: npt.NDArray[np.float64], owner: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Metres along its own line of each vertex."""
    step = np.r_[0.0, np.hypot(*(metric[1:] - metric[:-1]).T)]
    start = np.r_[True, owner[1:] != owner[:-1]]
    step[start] = 0
    total = np.cumsum(step)
    along: npt.NDArray[np.float64] = total - total[np.flatnonzero(start)][owner]
    return along


def _end_clusters(
    metric: npt.NDArray[np.float64], ends: npt.NDArray[np.int64], snap_m: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the cluster of each end, and for each cluster the position in `ends` of its first member."""
    pairs = cKDTree(metric[ends]).query_pairs(snap_m, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(ends), len(ends)))
    _, part = connected_components(graph, directed=False)
    _, representative, label = np.unique(part, return_index=True, return_inverse=True)
    return label.astype(np.int64), representative


def _share_named_points(
    flat: npt.NDArray[np.float64], node: npt.NDArray[np.int64], *, joins: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Give vertices at the same point (to 1e-8 degrees) one node id, among those of the positions `joins`."""
    _, group = np.unique(np.round(flat[joins], 8), axis=0, return_inverse=True)
    smallest = np.full(group.max() + 1, np.iinfo(np.int64).max)
    np.minimum.at(smallest, group, node[joins])
    shared = node.copy()
    shared[joins] = smallest[group]
    return shared


def _ends_on_lines(
    projected: npt.NDArray[np.object_],
    metric: npt.NDArray[np.float64],
    ends: npt.NDArray[np.int64],
    representative: npt.NDArray[np.int64],
    snap_m: float,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Where a cluster of ends lies on the interior of a line: (line, position in `ends`, metres along the line)."""
    points = np.asarray(shapely.points(metric[ends[representative]]), dtype=object)
    cluster, line = shapely.STRtree(projected).query(points, predicate="dwithin", distance=snap_m)
    measure = np.asarray(shapely.line_locate_point(projected[line], points[cluster]))
    length = np.asarray(shapely.length(projected[line]))
    inner = (measure > snap_m) & (measure < length - snap_m)
    return line[inner], representative[cluster[inner]], measure[inner]
