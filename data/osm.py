"""OpenStreetMap extracts (.osm.pbf, .osm, .osm.gz) → frames. Reads a file; knows no database.

What each tag means to the product is written in docs/osm.md. Coordinates of OSM are WGS84, which the store takes
as equal to its own.
"""

import tempfile
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import pyogrio
import shapely
from osmium.filter import EntityFilter, IdFilter, KeyFilter, TagFilter
from osmium.osm import NODE, RELATION, WAY

from gis.crs import STORED, geodesic_lengths
from gis.restrictions import TurnRestriction
from gis.road_tags import WAY_TAGS

Progress = Callable[[str, int, int], None]
"""Told (stage code, steps done, steps in all)."""

SETTLEMENTS: Final = (
    "city", "town", "village", "hamlet", "suburb",
    "quarter", "neighbourhood", "isolated_dwelling", "farm", "locality",
)  # fmt: skip
"""Values of place=* that are kept, the most important first."""

BLOCKING_BARRIERS: Final = (
    "bollard", "block", "jersey_barrier", "cycle_barrier", "motorcycle_barrier", "kissing_gate", "stile",
    "turnstile", "full-height_turnstile", "log", "debris", "planter",
)  # fmt: skip
"""Barriers that an emergency vehicle cannot open; gates and booms it can."""

MAX_GAP_SHARE: Final = 0.1
"""An outline with one gap (its ways lie outside the extract) is closed if the gap is below this share of its length."""

_POINT_TAGS: Final[Sequence[tuple[str, str, str]]] = (
    ("amenity", "hospital", "hospital"),
    ("healthcare", "hospital", "hospital"),
    ("amenity", "fire_station", "fire_station"),
    ("emergency", "fire_station", "fire_station"),
    ("amenity", "police", "police"),
    ("amenity", "school", "school"),
    ("amenity", "townhall", "government"),
    ("amenity", "shelter", "shelter"),
    ("social_facility", "shelter", "shelter"),
    ("emergency", "assembly_point", "assembly_point"),
    ("aeroway", "helipad", "helipad"),
    ("emergency", "landing_site", "helipad"),
    ("emergency", "fire_hydrant", "hydrant"),
    ("emergency", "water_tank", "cistern"),
    ("emergency", "fire_water_pond", "pond"),
    ("emergency", "suction_point", "river"),
)
_NO_SHELTERS: Final = (
    "public_transport",
    "picnic_shelter",
    "gazebo",
    "changing_rooms",
    "wildlife_hide",
    "pergola",
)
_WATER: Final = (("natural", "water"), ("landuse", "reservoir"), ("waterway", "riverbank"))
_WOOD: Final = (("natural", "wood"), ("landuse", "forest"))
_WATERWAYS: Final = ("river", "stream", "canal")
_UNDEFINED: Final = 2**31 - 1  # osmium's coordinate of a node that the extract lacks
_STAGES: Final = ("relations", "roads", "areas", "outlines")


class NoSuchOutlineError(LookupError):
    """The extract has no usable outline by that name or id; `known` are the names that it has."""

    def __init__(self, wanted: str, known: Sequence[str]) -> None:
        super().__init__(f"{wanted!r} is none of: {', '.join(known) or '(no outlines)'}")
        self.wanted = wanted
        self.known = tuple(known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """What an extract holds for us.

    ways, vertices, restrictions, barriers: as `gis.roads.edges_from_ways` takes them.
    points: kind, osm_id ("node/1"), name, name_en, rank (of SETTLEMENTS; -1 for others), population, capacity, geometry.
    outlines: relation_id, level, name, name_en, seat (Point or None), gap_m (closed by a straight line), geometry.
    features: kind (water, waterway, wood), class, name, geometry: what only the base map draws.
    broken_outlines: ids of administrative relations that could not be closed.
    """

    ways: pd.DataFrame
    vertices: pd.DataFrame
    restrictions: tuple[TurnRestriction, ...]
    barriers: tuple[int, ...]
    points: gpd.GeoDataFrame
    outlines: gpd.GeoDataFrame
    features: gpd.GeoDataFrame
    broken_outlines: tuple[int, ...]


def read(path: Path, *, progress: Progress = lambda _stage, _done, _all: None) -> Extract:
    """Read an extract. Raises FileNotFoundError, or ValueError for a file that is no OSM data."""
    if not path.is_file():
        raise FileNotFoundError(path)
    try:
        return _read(path, progress)
    except RuntimeError as error:  # osmium's for anything wrong with the file
        if "out of order" not in str(error):
            raise ValueError(str(error)) from error
    with tempfile.TemporaryDirectory() as folder:
        ordered = Path(folder) / "ordered.osm.pbf"
        _put_in_order(path, ordered)
        return _read(ordered, progress)


def _read(path: Path, progress: Progress) -> Extract:
    progress(_STAGES[0], 0, len(_STAGES))
    restrictions, borders = _read_relations(path)
    progress(_STAGES[1], 1, len(_STAGES))
    ways, vertices, barriers, nodes, lines = _read_nodes_and_ways(path)
    progress(_STAGES[2], 2, len(_STAGES))
    areas, polygons = _read_areas(path)
    progress(_STAGES[3], 3, len(_STAGES))
    outlines, broken = _read_outlines(path, borders)
    progress("read", len(_STAGES), len(_STAGES))
    return Extract(
        ways=ways,
        vertices=vertices,
        restrictions=restrictions,
        barriers=barriers,
        points=_points_frame([*nodes, *areas]),
        outlines=outlines,
        features=gpd.GeoDataFrame(
            [*lines, *polygons], columns=["kind", "class", "name", "geometry"], crs=STORED
        ),
        broken_outlines=broken,
    )


def _put_in_order(path: Path, target: Path) -> None:
    """Write the objects of a hand-made file sorted by kind and id, as areas need them."""
    objects = osmium.MergeInputReader()
    objects.add_file(str(path))
    with osmium.SimpleWriter(str(target)) as writer:
        objects.apply(writer)


def outline(extract: Extract, wanted: str) -> shapely.Polygon | shapely.MultiPolygon:
    """Return the outline in a file of polygons, or of an administrative relation of the extract by its name or id.

    Of several relations of one name the highest level counts. Raises NoSuchOutlineError.
    """
    path = Path(wanted)
    if path.is_file():
        polygons = pyogrio.read_dataframe(path).to_crs(STORED)
        merged = polygons.geometry.union_all()
        if isinstance(merged, shapely.Polygon | shapely.MultiPolygon) and not merged.is_empty:
            return merged
        raise NoSuchOutlineError(wanted, ())
    known = extract.outlines
    found = known[
        (known["name"].str.casefold() == wanted.casefold()) | (known["relation_id"].astype(str) == wanted)
    ]
    if found.empty:
        raise NoSuchOutlineError(wanted, sorted(known["name"]))
    chosen: shapely.MultiPolygon = found.sort_values(["level", "relation_id"]).geometry.iloc[0]
    return chosen


# --- relations ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Border:
    """An administrative relation: its member ways, and its seat's node."""

    relation_id: int
    level: int
    name: str
    name_en: str
    ways: tuple[int, ...]
    seat: int | None


def _read_relations(path: Path) -> tuple[tuple[TurnRestriction, ...], tuple[_Border, ...]]:
    restrictions, borders = [], []
    for relation in osmium.FileProcessor(str(path), RELATION).with_filter(KeyFilter("type")):
        kind = relation.tags["type"]
        if kind.startswith("restriction"):
            restrictions.append(_restriction(relation))
        elif (
            relation.tags.get("boundary") == "administrative"
            and relation.tags.get("admin_level", "").isdigit()
        ):
            borders.append(_border(relation))
    return tuple(restrictions), tuple(borders)


def _restriction(relation: Any) -> TurnRestriction:
    tags = dict(relation.tags)
    members = [(member.type, member.role, member.ref) for member in relation.members]
    special = sorted(key for key in tags if key.startswith("restriction:"))
    conditional = "restriction:conditional" in special or bool({"hour_on", "day_on"} & tags.keys())
    kind = tags.get("restriction", "")
    if not kind and special:
        kind = tags[special[0]].partition("@")[0].strip()
    vehicle = tags["type"].partition(":")[2]
    if not vehicle and "restriction" not in tags and special and not conditional:
        vehicle = special[0].partition(":")[2]
    return TurnRestriction(
        relation_id=relation.id,
        kind=kind,
        from_ways=tuple(ref for type_, role, ref in members if (type_, role) == ("w", "from")),
        to_ways=tuple(ref for type_, role, ref in members if (type_, role) == ("w", "to")),
        via_nodes=tuple(ref for type_, role, ref in members if (type_, role) == ("n", "via")),
        via_ways=tuple(ref for type_, role, ref in members if (type_, role) == ("w", "via")),
        exempt=tuple(part.strip() for part in tags.get("except", "").split(";") if part.strip()),
        conditional=conditional and "restriction" not in tags,
        vehicle=vehicle,
    )


def _border(relation: Any) -> _Border:
    seats = [m.ref for m in relation.members if m.type == "n" and m.role in {"admin_centre", "admin_center"}]
    return _Border(
        relation_id=relation.id,
        level=int(relation.tags["admin_level"]),
        name=relation.tags.get("name", ""),
        name_en=relation.tags.get("name:en", relation.tags.get("name", "")),
        ways=tuple(m.ref for m in relation.members if m.type == "w" and m.role in {"outer", "inner", ""}),
        seat=seats[0] if seats else None,
    )


# --- nodes and ways -----------------------------------------------------------------------------------------------


def _read_nodes_and_ways(
    path: Path,
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[int, ...], list[dict[str, Any]], list[tuple[Any, ...]]]:
    """Return roads, their vertices, blocking barriers, tagged points and waterways."""
    ways: list[dict[str, object]] = []
    sizes: list[int] = []
    refs: list[int] = []
    xs: list[int] = []
    ys: list[int] = []
    barriers: list[int] = []
    points: list[dict[str, Any]] = []
    lines: list[tuple[Any, ...]] = []
    keys = KeyFilter("highway", "waterway", "barrier", "place", *{key for key, _, _ in _POINT_TAGS})
    for item in osmium.FileProcessor(str(path), NODE | WAY).with_locations().with_filter(keys):
        tags = item.tags
        if item.is_node():
            if tags.get("barrier") in BLOCKING_BARRIERS and not _opens(tags):
                barriers.append(item.id)
            points += _point(tags, f"node/{item.id}", partial(shapely.Point, item.lon, item.lat))
        elif "highway" in tags:
            ways.append({"way_id": item.id} | {tag.k: tag.v for tag in tags if tag.k in _ROAD_KEYS})
            nodes = item.nodes
            sizes.append(len(nodes))
            refs.extend(node.ref for node in nodes)
            xs.extend(node.x for node in nodes)
            ys.extend(node.y for node in nodes)
        elif tags.get("waterway") in _WATERWAYS:
            located = [(node.lon, node.lat) for node in item.nodes if node.location.valid()]
            if len(located) > 1:
                lines.append(
                    ("waterway", tags["waterway"], tags.get("name", ""), shapely.LineString(located))
                )
    frame = pd.DataFrame(ways, columns=["way_id", *WAY_TAGS], dtype=object).astype({"way_id": np.int64})
    x, y = np.asarray(xs, dtype=np.int64), np.asarray(ys, dtype=np.int64)
    missing = (x == _UNDEFINED) | (y == _UNDEFINED)
    vertices = pd.DataFrame(
        {
            "way_id": np.repeat(frame["way_id"].to_numpy(), sizes),
            "node_id": np.asarray(refs, dtype=np.int64),
            "lon": np.where(missing, np.nan, x / 1e7),
            "lat": np.where(missing, np.nan, y / 1e7),
        }
    )
    return frame, vertices, tuple(barriers), points, lines


_ROAD_KEYS: Final = frozenset(WAY_TAGS)


def _opens(tags: Any) -> bool:
    """Whether a barrier lets vehicles through after all."""
    if tags.get("bollard") in {"removable", "rising", "foldable"}:
        return True
    said = [tags[key] for key in ("emergency", "motor_vehicle", "vehicle", "access") if key in tags]
    return bool(said) and said[0] in {"yes", "permissive", "designated", "destination", "private"}


def _point(tags: Any, osm_id: str, geometry: Callable[[], Any]) -> Iterable[dict[str, Any]]:
    """Yield the point that tags make, if they make one."""
    place = tags.get("place")
    if place in SETTLEMENTS:
        kind, rank = "settlement", SETTLEMENTS.index(place)
    else:
        kinds = (kind for key, value, kind in _POINT_TAGS if tags.get(key) == value)
        kind, rank = next(kinds, ""), -1
        if not kind or (kind == "shelter" and tags.get("shelter_type") in _NO_SHELTERS):
            return
    name = tags.get("name", "")
    yield {
        "kind": kind,
        "osm_id": osm_id,
        "name": name,
        "name_en": tags.get("name:en", name),
        "rank": rank,
        "population": _count(tags.get("population")),
        "capacity": _count(tags.get("capacity")),
        "geometry": geometry(),
    }


def _count(text: str | None) -> int:
    """Return a number of people as tagged; 0 where there is none or it cannot be read."""
    digits = (text or "").replace(",", "").replace(" ", "").replace(".", "")
    return int(digits) if digits.isdecimal() and len(digits) < 10 else 0  # noqa: PLR2004


def _points_frame(points: list[dict[str, Any]]) -> gpd.GeoDataFrame:
    columns = ["kind", "osm_id", "name", "name_en", "rank", "population", "capacity", "geometry"]
    frame = gpd.GeoDataFrame(points, columns=columns, geometry="geometry", crs=STORED)
    types = {"rank": np.int64, "population": np.int64, "capacity": np.int64}
    return frame.astype(types).sort_values("osm_id", kind="stable").reset_index(drop=True)


# --- areas --------------------------------------------------------------------------------------------------------


def _read_areas(path: Path) -> tuple[list[dict[str, Any]], list[tuple[Any, ...]]]:
    """Return the points inside buildings and grounds that are of interest, and waters and woods."""
    points: list[dict[str, Any]] = []
    polygons: list[tuple[Any, ...]] = []
    wanted = TagFilter(*_WATER, *_WOOD, *((key, value) for key, value, _ in _POINT_TAGS))
    wkb = osmium.geom.WKBFactory()
    for area in osmium.FileProcessor(str(path)).with_areas(wanted).with_filter(EntityFilter(osmium.osm.AREA)):
        tags = area.tags
        try:
            shape = shapely.from_wkb(wkb.create_multipolygon(area))
        except RuntimeError:  # a ring that is broken beyond repair is not drawn
            continue
        origin = f"{'way' if area.from_way() else 'relation'}/{area.orig_id()}"
        kind = _ground(tags)
        if kind:
            polygons.append((*kind, tags.get("name", ""), shape))
        else:
            points += _point(tags, origin, shape.representative_point)
    return points, polygons


def _ground(tags: Any) -> tuple[str, str] | None:
    """Return kind and class of a water or a wood."""
    if any(tags.get(key) == value for key, value in _WOOD):
        return "wood", "wood"
    if any(tags.get(key) == value for key, value in _WATER):
        return "water", tags.get("water", "riverbank" if tags.get("waterway") == "riverbank" else "")
    return None


# --- outlines -----------------------------------------------------------------------------------------------------


def _read_outlines(path: Path, borders: Sequence[_Border]) -> tuple[gpd.GeoDataFrame, tuple[int, ...]]:
    """Return the administrative outlines that can be closed, and the ids of those that cannot."""
    lines = _lines_of(path, {way for border in borders for way in border.ways})
    seats = _nodes_of(path, {border.seat for border in borders if border.seat is not None})
    rows, broken = [], []
    for border in borders:
        members = [lines[way] for way in border.ways if way in lines]
        shape, gap_m = _closed(members)
        if shape is None:
            broken.append(border.relation_id)
            continue
        seat = seats.get(border.seat) if border.seat is not None else None
        rows.append((border.relation_id, border.level, border.name, border.name_en, seat, gap_m, shape))
    columns = ["relation_id", "level", "name", "name_en", "seat", "gap_m", "geometry"]
    return gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs=STORED), tuple(sorted(broken))


def _lines_of(path: Path, ids: Collection[int]) -> dict[int, shapely.LineString]:
    if not ids:
        return {}
    processor = osmium.FileProcessor(str(path), NODE | WAY).with_locations()
    lines = {}
    for way in processor.with_filter(EntityFilter(WAY)).with_filter(IdFilter(ids)):
        located = [(node.lon, node.lat) for node in way.nodes if node.location.valid()]
        if len(located) > 1:
            lines[way.id] = shapely.LineString(located)
    return lines


def _nodes_of(path: Path, ids: Collection[int]) -> dict[int, shapely.Point]:
    if not ids:
        return {}
    nodes = osmium.FileProcessor(str(path), NODE).with_filter(IdFilter(ids))
    return {node.id: shapely.Point(node.lon, node.lat) for node in nodes}


def _closed(members: Sequence[shapely.LineString]) -> tuple[shapely.MultiPolygon | None, float]:
    """Return the area inside some lines, and the metres of the one gap that was closed to get it; None if open."""
    if not members:
        return None, 0.0
    merged = shapely.line_merge(shapely.union_all(members))
    parts = [part for part in shapely.get_parts(merged).tolist() if isinstance(part, shapely.LineString)]
    chains = [part for part in parts if not part.is_closed]
    if len(chains) > 1:
        return None, 0.0
    gap_m = 0.0
    for chain in chains:
        bridge = shapely.LineString([chain.coords[-1], chain.coords[0]])
        gap_m, length_m = geodesic_lengths(np.array([bridge, chain], dtype=object)).tolist()
        if gap_m > MAX_GAP_SHARE * length_m:
            return None, 0.0
        parts.append(bridge)
    return _even_odd(parts), gap_m


def _even_odd(lines: Sequence[shapely.LineString]) -> shapely.MultiPolygon | None:
    """Return the area that an odd number of the rings made by `lines` contains."""
    faces = [face for face in shapely.polygonize(lines).geoms if isinstance(face, shapely.Polygon)]
    inside = [face for face, depth in zip(faces, _depth(faces), strict=True) if depth % 2 == 0]
    shape = shapely.union_all(inside)
    if isinstance(shape, shapely.Polygon) and not shape.is_empty:
        return shapely.MultiPolygon([shape])
    return shape if isinstance(shape, shapely.MultiPolygon) else None


def _depth(faces: Sequence[shapely.Polygon]) -> list[int]:
    """Return how many other faces' outer rings contain each face."""
    hulls = [shapely.Polygon(face.exterior) for face in faces]
    centres = np.array([face.representative_point() for face in faces], dtype=object)
    inner, _ = shapely.STRtree(hulls).query(centres, predicate="within")
    depths: list[int] = (np.bincount(inner, minlength=len(faces)) - 1).tolist()
    return depths
