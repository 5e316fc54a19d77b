"""Areas, villages and facilities are derived from what an extract says."""

from pathlib import Path

import numpy as np
import pytest
import shapely

from data import gazetteer, osm
from data.gazetteer import County
from data.policies import load
from gis.areas import is_code, parent
from gis.roads import edges_from_ways
from tests.data.osm_files import write_osm

POLICY = load()
CORNERS = {
    1: (0, 0),
    2: (0.3, 0),
    3: (0.3, 0.1),
    4: (0, 0.1),
    5: (0.1, 0),
    6: (0.1, 0.1),
    7: (0.2, 0),
    8: (0.2, 0.1),
}
ROAD = {9: (0.01, 0.03), 10: (0.1, 0.03), 11: (0.2, 0.03), 12: (0.29, 0.03)}
OUTER = [1, 5, 7, 2, 3, 8, 6, 4, 1]
THIRDS = ([1, 5, 6, 4, 1], [5, 7, 8, 6, 5], [7, 2, 3, 8, 7])


def border(name: str, level: int, way: int) -> tuple[list[tuple[str, int, str]], dict[str, str]]:
    tags = {"type": "boundary", "boundary": "administrative", "admin_level": str(level), "name": name}
    return [("way", way, "outer")], tags


def extract(
    folder: Path, places: dict[int, tuple[float, float, dict[str, str]]], *, thirds: bool = False
) -> osm.Extract:
    """A county of 0.3 by 0.1 degrees with a road along it; `thirds`: three townships in it."""
    ways: dict[int, tuple[list[int], dict[str, str]]] = {
        100: (OUTER, {}),
        200: ([9, 10], {"highway": "primary"}),
        201: ([10, 11], {"highway": "primary"}),
        202: ([11, 12], {"highway": "primary"}),
    }
    relations = {1: border("County", 6, 100)}
    if thirds:
        ways |= {101 + i: (ring, {}) for i, ring in enumerate(THIRDS)}
        relations |= {11 + i: border("ABC"[i], 8, 101 + i) for i in range(3)}
    return osm.read(write_osm(folder, CORNERS | ROAD | places, ways, relations))


def place(lon: float, lat: float, kind: str, name: str, **tags: str) -> tuple[float, float, dict[str, str]]:
    return lon, lat, {"place": kind, "name": name, **tags}


def county(of: osm.Extract, clip: shapely.Geometry | None = None) -> County:
    return gazetteer.county_of(of, edges_from_ways(of.ways, of.vertices).edges, clip, name="file")


def test_the_county_is_the_smallest_outline_with_the_roads(tmp_path: Path) -> None:
    """Nobody has to say which of the relations is meant."""
    found = county(extract(tmp_path, {}, thirds=True))
    assert (found.name, found.level) == ("County", 6)
    assert is_code(found.code)
    assert found.code.startswith("99")


def test_an_outline_from_elsewhere_is_a_county_of_its_own(tmp_path: Path) -> None:
    """A drawn outline has no relation and no name but the file's."""
    drawn = shapely.box(0, 0, 0.15, 0.1)
    found = county(extract(tmp_path, {}), drawn)
    assert (found.name, found.level) == ("file", 0)
    assert found.geometry.equals(drawn)  # type: ignore[attr-defined]  # shapely's stubs


def test_townships_are_the_outlines_below_the_county(tmp_path: Path) -> None:
    """Each with its own code, below the county's."""
    of = extract(tmp_path, {20: place(0.05, 0.05, "village", "Seat")}, thirds=True)
    rows = gazetteer.areas(of, county(of))
    assert rows["name"].tolist() == ["County", "A", "B", "C"]
    codes = rows["code"].tolist()
    assert all(is_code(code) for code in codes)
    assert {parent(code) for code in codes[1:]} == {codes[0]}
    assert rows[["seat_lon", "seat_lat"]].iloc[1].tolist() == [0.05, 0.05]


def test_without_outlines_the_towns_share_the_county(tmp_path: Path) -> None:
    """Every point belongs to the nearest town, and the shares make up the whole."""
    towns = {20 + i: place(0.05 + 0.1 * i, 0.05, "town", f"T{i}") for i in range(3)}
    of = extract(tmp_path, towns | {30: place(0.01, 0.01, "village", "V")})
    rows = gazetteer.areas(of, county(of))
    assert rows["name"].tolist() == ["County", "T0", "T1", "T2"]
    areas = np.array([shape.area for shape in rows.geometry])
    assert areas[1:].sum() == pytest.approx(areas[0])
    assert areas[1:] == pytest.approx(0.01, rel=1e-2)


def test_a_county_without_towns_is_its_own_township(tmp_path: Path) -> None:
    """Teams need a township to belong to."""
    of = extract(tmp_path, {})
    rows = gazetteer.areas(of, county(of))
    assert rows["name"].tolist() == ["County", "County"]


def test_villages_are_numbered_within_their_township(tmp_path: Path) -> None:
    """Village committees have the numbers from 200; a locality is only drawn."""
    places = {
        20: place(0.05, 0.05, "village", "V1", population="12"),
        21: place(0.06, 0.05, "hamlet", "V2"),
        22: place(0.15, 0.05, "town", "V3"),
        23: place(0.16, 0.05, "locality", "L"),
        24: place(0.9, 0.05, "village", "outside"),
    }
    of = extract(tmp_path, places, thirds=True)
    here = county(of)
    rows = gazetteer.villages(of, here, gazetteer.areas(of, here))
    assert rows["name"].tolist() == ["V1", "V2", "V3"]
    assert [code[6:] for code in rows["code"]] == ["100200", "100201", "101200"]
    assert rows["population"].tolist() == [12, 0, 0]
    drawn = gazetteer.base_features(of, here.geometry)
    assert drawn[["kind", "class", "name"]].to_numpy().tolist() == [["settlement", "locality", "L"]]


def test_facilities_become_rows_of_their_layers(tmp_path: Path) -> None:
    """With the codes of the vocabulary; one without a name is called by its township and what it is."""
    places = {
        20: (0.05, 0.05, {"amenity": "hospital", "name": "H"}),
        21: (0.15, 0.05, {"amenity": "fire_station"}),
        22: (0.15, 0.06, {"emergency": "assembly_point", "capacity": "50"}),
        23: (0.15, 0.07, {"emergency": "fire_hydrant"}),
        24: (0.15, 0.08, {"aeroway": "helipad"}),
        25: (0.15, 0.9, {"amenity": "police"}),
    }
    of = extract(tmp_path, places, thirds=True)
    here = county(of)
    areas = gazetteer.areas(of, here)
    layers = gazetteer.facilities(of, POLICY, areas)
    assert set(layers) == {"key_facilities", "water_points", "shelters", "helipads"}
    hospital, station, police = layers["key_facilities"].to_dict("records")
    assert (hospital["code"], hospital["name"], hospital["kind"]) == ("OSM-N20", "H", "hospital")
    assert (station["name"], station["name_en"]) == ("B 消防站", "B Fire station")
    assert station["area_code"] == areas["code"].iloc[2]
    assert police["area_code"] is None
    assert layers["shelters"].iloc[0][["setting", "capacity"]].tolist() == ["outdoor", 50]
    assert layers["water_points"].iloc[0]["kind"] == "hydrant"
