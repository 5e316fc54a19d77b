"""What an extract says of areas, villages and facilities → frames of the layers. No database here.

An extract abroad has no 12-digit codes: the county gets one under 99, which is no real province, its townships and
villages follow in the order of their OSM ids, so that the same extract always gives the same codes.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from data.osm import SETTLEMENTS, Extract
from data.policies import Policy
from gis.crs import STORED, metres_crs

VILLAGE_RANKS: Final = 5
"""Settlements of the first five ranks (city … suburb) are villages of the register; smaller ones are only drawn."""

NEARLY_ALL: Final = 0.95  # of the roads that the best outline holds
MARGIN_DEGREES: Final = 0.01  # around the roads, where their box has to stand for an outline
MIN_TOWNSHIPS: Final = 3
MAX_TOWNSHIPS: Final = 99
COVERED_SHARE: Final = 0.8  # of the county, by outlines of one level, for them to be its townships

_FACILITIES: Final = ("hospital", "fire_station", "police", "school", "government")
_WATER_POINTS: Final = ("hydrant", "cistern", "pond", "river")
_SHELTER_SETTING: Final[Mapping[str, str]] = {"shelter": "indoor", "assembly_point": "outdoor"}


@dataclass(frozen=True, slots=True, kw_only=True)
class County:
    """The area that an extract is imported for."""

    code: str
    name: str
    name_en: str
    geometry: shapely.Geometry
    level: int = 0  # of its administrative relation; 0 where the outline is from elsewhere
    seat: shapely.Point | None = None


def county_of(
    extract: Extract, edges: gpd.GeoDataFrame, clip: shapely.Geometry | None, *, name: str
) -> County:
    """Return the county: the relation that was clipped to, else the smallest that holds nearly all roads, else a box."""
    outlines = extract.outlines
    if clip is not None:
        same = outlines[outlines.geometry.map(lambda shape: shape.equals(clip)).to_numpy(dtype=bool)]
        return _county(same.iloc[0]) if len(same) else _nameless(name, clip)
    middles = gpd.GeoSeries(shapely.line_interpolate_point(edges.geometry.to_numpy(), 0.5, normalized=True))
    metres = np.array([edges["length_m"][middles.within(shape)].sum() for shape in outlines.geometry])
    if len(metres) and metres.max() > edges["length_m"].sum() / 2:
        fitting = outlines[metres >= NEARLY_ALL * metres.max()]
        return _county(fitting.loc[fitting.to_crs(_metres(fitting)).area.idxmin()])
    return _nameless(name, shapely.box(*edges.total_bounds).buffer(MARGIN_DEGREES, join_style="mitre"))


def _county(row: pd.Series) -> County:
    values = row.to_dict()
    return County(
        code=_county_code(int(values["relation_id"])),
        name=values["name"],
        name_en=values["name_en"],
        geometry=values["geometry"],
        level=int(values["level"]),
        seat=values["seat"],
    )


def _nameless(name: str, shape: shapely.Geometry) -> County:
    return County(code=_county_code(zlib.crc32(name.encode())), name=name, name_en=name, geometry=shape)


def _county_code(number: int) -> str:
    city, county = divmod(number % (99 * 99), 99)
    return f"99{city + 1:02d}{county + 1:02d}000000"


def _metres(frame: gpd.GeoDataFrame) -> object:
    west, south, east, north = frame.total_bounds
    return metres_crs((west + east) / 2, (south + north) / 2)


def areas(extract: Extract, county: County) -> gpd.GeoDataFrame:
    """Return the county and its townships as rows of the layer "areas".

    Townships are the outlines of the first level below the county's that are at least three and cover it; where
    no level does, the county is shared out among its towns and villages, each place to the nearest of them.
    """
    inside = _settlements(extract, county)
    townships = _townships_of_outlines(extract, county)
    if townships.empty:
        townships = _townships_of_places(inside, county)
    townships["seat"] = [
        seat if seat is not None else _seat(inside, shape)
        for seat, shape in zip(townships["seat"], townships.geometry, strict=True)
    ]
    seat = county.seat if county.seat is not None else _seat(inside, county.geometry)
    rows = pd.DataFrame(
        {
            "code": [county.code, *(_township_code(county, i) for i in range(len(townships)))],
            "name": [county.name, *townships["name"]],
            "name_en": [county.name_en, *townships["name_en"]],
            "seat_lon": [point.x for point in (seat, *townships["seat"])],
            "seat_lat": [point.y for point in (seat, *townships["seat"])],
        },
        dtype=object,
    )
    shapes = [_multi(shape) for shape in (county.geometry, *townships.geometry)]
    return gpd.GeoDataFrame(rows, geometry=shapes, crs=STORED)


def _township_code(county: County, position: int) -> str:
    return f"{county.code[:6]}{100 + position:03d}000"


def _multi(shape: shapely.Geometry) -> shapely.MultiPolygon:
    polygons = [part for part in shapely.get_parts(shape) if isinstance(part, shapely.Polygon)]
    return shapely.MultiPolygon(polygons)


def _settlements(extract: Extract, county: County) -> gpd.GeoDataFrame:
    """Return the named settlements in the county, the most important first."""
    points = extract.points[(extract.points["kind"] == "settlement") & (extract.points["name"] != "")]
    inside = points[points.within(county.geometry)]
    return inside.sort_values(["rank", "population", "osm_id"], ascending=[True, False, True])


def _townships_of_outlines(extract: Extract, county: County) -> gpd.GeoDataFrame:
    """Return name, name_en, seat and geometry of the outlines that make up the county; empty where none do."""
    columns = ["name", "name_en", "seat", "geometry"]
    below = extract.outlines[extract.outlines["level"] > county.level]
    below = below[below.representative_point().within(county.geometry)]
    for _, level in below.groupby("level"):
        covered = shapely.area(shapely.intersection(level.union_all(), county.geometry))
        if MIN_TOWNSHIPS <= len(level) <= MAX_TOWNSHIPS and covered >= COVERED_SHARE * shapely.area(
            county.geometry
        ):
            return level.sort_values("relation_id").reset_index(drop=True)[columns]
    return gpd.GeoDataFrame({name: [] for name in columns[:-1]}, geometry=[], crs=STORED)


def _townships_of_places(inside: gpd.GeoDataFrame, county: County) -> gpd.GeoDataFrame:
    """Share the county out among its most important settlements (towns, if there are three): each point to the nearest."""
    seats = inside[inside["rank"] < VILLAGE_RANKS].drop_duplicates("geometry")
    enough = seats["rank"].to_numpy()[MIN_TOWNSHIPS - 1 :][:1]  # settlements are in the order of their rank
    seats = seats[seats["rank"] <= enough.max(initial=-1)].head(MAX_TOWNSHIPS)
    if seats.empty:
        one = {"name": [county.name], "name_en": [county.name_en], "seat": [None]}
        return gpd.GeoDataFrame(one, geometry=[county.geometry], crs=STORED)
    seats = seats.sort_values("osm_id")
    metric = seats.to_crs(_metres(seats))
    cells = metric.voronoi_polygons(extend_to=metric.union_all().envelope.buffer(1e5)).to_crs(STORED)
    owner, cell = cells.sindex.query(seats.geometry, predicate="within")
    shapes = cells.iloc[cell[np.argsort(owner)]].intersection(county.geometry)
    content = {"name": seats["name"], "name_en": seats["name_en"], "seat": seats.geometry}
    return gpd.GeoDataFrame(
        {key: list(values) for key, values in content.items()}, geometry=list(shapes), crs=STORED
    )


def _seat(inside: gpd.GeoDataFrame, shape: shapely.Geometry) -> shapely.Point:
    """Return the most important settlement in a shape, else a point in it."""
    within = inside[inside.within(shape)]
    point = within.geometry.iloc[0] if len(within) else shapely.point_on_surface(shape)
    return shapely.Point(point.x, point.y)


def villages(extract: Extract, county: County, area_rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the settlements that stand in a township as rows of the layer "villages"."""
    inside = _settlements(extract, county)
    inside = inside[inside["rank"] < VILLAGE_RANKS].sort_values("osm_id")
    inside = inside.assign(township=township_of(inside, area_rows)).dropna(subset="township")
    serial = inside.groupby("township").cumcount()
    inside, serial = inside[serial < _VILLAGES_EACH], serial[serial < _VILLAGES_EACH]
    rows = pd.DataFrame(
        {
            "code": [
                f"{township[:9]}{_FIRST_VILLAGE + i:03d}"
                for township, i in zip(inside["township"], serial, strict=True)
            ],
            "name": list(inside["name"]),
            "name_en": list(inside["name_en"]),
            "population": list(inside["population"]),
        },
        dtype=object,
    )
    return gpd.GeoDataFrame(rows, geometry=list(inside.geometry), crs=STORED)


_FIRST_VILLAGE: Final = 200  # village committees are numbered 200 … 999
_VILLAGES_EACH: Final = 800


def township_of(points: gpd.GeoDataFrame, area_rows: gpd.GeoDataFrame) -> npt.NDArray[np.object_]:
    """Return the code of the township that each point lies in; None outside all of them."""
    townships = area_rows[~area_rows["code"].str.endswith("000000")]
    found = np.full(len(points), None, dtype=object)
    point, township = townships.sindex.query(points.geometry, predicate="within")
    found[point[::-1]] = townships["code"].to_numpy(dtype=object)[township[::-1]]
    return found


def facilities(extract: Extract, policy: Policy, area_rows: gpd.GeoDataFrame) -> dict[str, gpd.GeoDataFrame]:
    """Return rows of the layers key_facilities, shelters, helipads and water_points by layer.

    A place without a name is called by its township and what it is. A shelter's capacity is 0 where it is not tagged.
    """
    points = extract.points[extract.points["kind"] != "settlement"].reset_index(drop=True)
    kind = points["kind"]
    layer = np.select(
        [kind.isin(_FACILITIES), kind.isin(_WATER_POINTS), kind.isin(_SHELTER_SETTING), kind == "helipad"],
        ["key_facilities", "water_points", "shelters", "helipads"],
        "",
    )
    number = points["osm_id"].str.split("/").str[1]
    township = township_of(points, area_rows)
    words = area_rows.set_index("code")[["name", "name_en"]].reindex(township).reset_index(drop=True)
    content = pd.DataFrame(
        {
            "code": "OSM-" + points["osm_id"].str[0].str.upper() + number,
            "name": _named(points["name"], words["name"], _words(kind, layer, policy, "zh"), number),
            "name_en": _named(points["name_en"], words["name_en"], _words(kind, layer, policy, "en"), number),
            "area_code": township,
            "kind": kind,
            "class": "emergency",
            "setting": kind.map(_SHELTER_SETTING),
            "capacity": points["capacity"],
        }
    ).astype(object)
    rows = gpd.GeoDataFrame(content.where(content.notna(), None), geometry=points.geometry, crs=STORED)
    return {
        code: rows.loc[layer == code, list(_COLUMNS[code])].reset_index(drop=True)
        for code in _COLUMNS
        if (layer == code).any()
    }


def _named(name: pd.Series, township: pd.Series, what: pd.Series, number: pd.Series) -> pd.Series:
    """Return the names, and where there is none the township's and what it is, or what it is and its OSM number."""
    made = (township + " " + what).where(township.notna(), what + " " + number)
    return name.where(name != "", made)


_COMMON: Final = ("code", "name", "name_en", "area_code", "geometry")
_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "key_facilities": ("kind", *_COMMON),
    "shelters": ("class", "setting", "capacity", *_COMMON),
    "helipads": _COMMON,
    "water_points": ("kind", *_COMMON),
}
FACILITY_LAYERS: Final = tuple(_COLUMNS)
_GROUPS: Final[Mapping[str, str]] = {"key_facilities": "facility_kinds", "water_points": "water_point_kinds"}


def _words(kind: pd.Series, layer: npt.NDArray[np.str_], policy: Policy, lang: str) -> pd.Series:
    """Return the word for each kind of place: of its vocabulary, or of its layer."""
    pairs = set(zip(kind, layer.tolist(), strict=True))
    words = {
        (kind_, layer_): policy.word(_GROUPS[layer_], kind_, lang)
        if layer_ in _GROUPS
        else policy.layers[layer_].words[lang]
        for kind_, layer_ in pairs
    }
    return pd.Series(
        [words[pair] for pair in zip(kind, layer.tolist(), strict=True)], index=kind.index, dtype=object
    )


def base_features(extract: Extract, area: shapely.Geometry) -> gpd.GeoDataFrame:
    """Return what only the base map draws: kind, class, name, geometry; what touches `area`, whole."""
    small = extract.points[
        (extract.points["kind"] == "settlement") & (extract.points["rank"] >= VILLAGE_RANKS)
    ]
    settlements = gpd.GeoDataFrame(
        {
            "kind": "settlement",
            "class": small["rank"].map(lambda rank: SETTLEMENTS[rank]),
            "name": small["name"],
        },
        geometry=small.geometry,
        crs=STORED,
    )
    every = pd.concat([extract.features, settlements[settlements["name"] != ""]], ignore_index=True)
    return every[every.intersects(area)].reset_index(drop=True)
