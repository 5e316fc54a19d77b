"""Extracts are read into frames, whatever they hold."""

from pathlib import Path

import pytest
import shapely

from data import osm
from tests.data.osm_files import write_osm


def test_roads_keep_their_tags_and_the_order_of_their_nodes(tmp_path: Path) -> None:
    """What splits them into edges is the order, what rates them the tags."""
    found = osm.read(
        write_osm(
            tmp_path, {1: (0, 0), 2: (1, 0)}, {5: ([2, 1], {"highway": "track", "tracktype": "grade2"})}
        )
    )
    assert found.ways[["way_id", "highway", "tracktype"]].to_numpy().tolist() == [[5, "track", "grade2"]]
    assert found.vertices["node_id"].tolist() == [2, 1]
    assert found.vertices[["lon", "lat"]].to_numpy().tolist() == [[1, 0], [0, 0]]


def test_a_missing_node_has_no_position(tmp_path: Path) -> None:
    """Extracts cut ways at their border."""
    found = osm.read(write_osm(tmp_path, {1: (0, 0)}, {5: ([1, 2], {"highway": "track"})}))
    assert found.vertices["lon"].isna().tolist() == [False, True]


def test_a_file_in_any_order_is_read(tmp_path: Path) -> None:
    """Editors save ways in the order in which they were drawn."""
    nodes = {1: (0, 0), 2: (1, 0), 3: (2, 0)}
    ways = {9: ([1, 2], {"highway": "track"}), 4: ([2, 3], {"highway": "track"})}
    assert sorted(osm.read(write_osm(tmp_path, nodes, ways)).ways["way_id"]) == [4, 9]


def test_turn_restrictions_are_read_as_tagged(tmp_path: Path) -> None:
    """Members by their role, exceptions as a list, and rules for some hours or vehicles marked."""
    members = [("way", 1, "from"), ("node", 2, "via"), ("way", 3, "to")]
    relations = {
        1: (members, {"type": "restriction", "restriction": "no_u_turn", "except": "psv; emergency"}),
        2: (
            members,
            {"type": "restriction", "restriction:conditional": "no_left_turn @ (Mo-Fr 07:00-19:00)"},
        ),
        3: (members, {"type": "restriction:hgv", "restriction": "no_u_turn"}),
        4: (members, {"type": "restriction", "restriction:bus": "only_straight_on"}),
    }
    plain, timed, truck, bus = osm.read(write_osm(tmp_path, {1: (0, 0)}, {}, relations)).restrictions
    assert (plain.kind, plain.from_ways, plain.via_nodes, plain.to_ways) == ("no_u_turn", (1,), (2,), (3,))
    assert plain.exempt == ("psv", "emergency")
    assert (timed.kind, timed.conditional) == ("no_left_turn", True)
    assert (truck.vehicle, bus.vehicle, bus.kind) == ("hgv", "bus", "only_straight_on")


def test_barriers_that_nobody_opens_are_read(tmp_path: Path) -> None:
    """A gate opens for an emergency vehicle, and so does a bollard that folds."""
    nodes = {
        1: (0, 0, {"barrier": "bollard"}),
        2: (0, 0, {"barrier": "bollard", "bollard": "removable"}),
        3: (0, 0, {"barrier": "gate"}),
        4: (0, 0, {"barrier": "block", "motor_vehicle": "yes"}),
        5: (0, 0, {"barrier": "block", "motor_vehicle": "no"}),
    }
    assert osm.read(write_osm(tmp_path, nodes, {})).barriers == (1, 5)


def test_places_are_read_from_nodes_and_buildings(tmp_path: Path) -> None:
    """A hospital may be a point or a ground plan; a bus shelter is no shelter."""
    corners = {1: (0, 0), 2: (0.01, 0), 3: (0.01, 0.01), 4: (0, 0.01)}
    nodes = {
        **corners,
        5: (1, 1, {"place": "village", "name": "Dorf", "name:en": "Village", "population": "1,234"}),
        6: (1, 2, {"amenity": "fire_station"}),
        7: (1, 3, {"amenity": "shelter", "shelter_type": "public_transport"}),
        8: (1, 4, {"emergency": "assembly_point", "capacity": "200"}),
    }
    found = osm.read(write_osm(tmp_path, nodes, {9: ([1, 2, 3, 4, 1], {"amenity": "hospital"})})).points
    assert found[["osm_id", "kind"]].to_numpy().tolist() == [
        ["node/5", "settlement"],
        ["node/6", "fire_station"],
        ["node/8", "assembly_point"],
        ["way/9", "hospital"],
    ]
    assert found[["name", "name_en", "population"]].iloc[0].tolist() == ["Dorf", "Village", 1234]
    assert found["capacity"].iloc[2] == 200
    assert shapely.box(0, 0, 0.01, 0.01).contains(found.geometry.iloc[3])


def test_waters_and_woods_are_read_with_their_holes(tmp_path: Path) -> None:
    """An island is no water."""
    nodes = {
        i: (x, y)
        for i, (x, y) in enumerate([(0, 0), (3, 0), (3, 3), (0, 3), (1, 1), (2, 1), (2, 2), (1, 2)], start=1)
    }
    ways = {
        1: ([1, 2, 3, 4, 1], {}),
        2: ([5, 6, 7, 8, 5], {}),
        3: ([1, 5], {"waterway": "stream", "name": "Bach"}),
    }
    lake = (
        [("way", 1, "outer"), ("way", 2, "inner")],
        {"type": "multipolygon", "natural": "water", "water": "lake"},
    )
    found = osm.read(write_osm(tmp_path, nodes, ways, {1: lake})).features
    assert found[["kind", "class", "name"]].to_numpy().tolist() == [
        ["waterway", "stream", "Bach"],
        ["water", "lake", ""],
    ]
    assert found.geometry.iloc[1].area == pytest.approx(8)


SQUARE = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1)}


def admin(
    *ways: int, name: str = "Land", level: int = 6
) -> tuple[list[tuple[str, int, str]], dict[str, str]]:
    tags = {"type": "boundary", "boundary": "administrative", "admin_level": str(level), "name": name}
    return [("way", way, "outer") for way in ways], tags


def test_an_outline_is_put_together_from_its_ways(tmp_path: Path) -> None:
    """Neighbours share their border ways."""
    found = osm.read(write_osm(tmp_path, SQUARE, {1: ([1, 2, 3], {}), 2: ([1, 4, 3], {})}, {7: admin(1, 2)}))
    assert found.outlines[["relation_id", "level", "name", "gap_m"]].to_numpy().tolist() == [
        [7, 6, "Land", 0]
    ]
    assert found.outlines.geometry.iloc[0].equals(shapely.MultiPolygon([shapely.box(0, 0, 1, 1)]))
    assert osm.outline(found, "land").equals(osm.outline(found, "7"))


def test_a_small_gap_of_an_outline_is_closed_and_told(tmp_path: Path) -> None:
    """Extracts often lack a stretch of the border; a large one is not guessed at."""
    nodes = {**SQUARE, 5: (0, 0.2)}
    closed = osm.read(write_osm(tmp_path, nodes, {1: ([1, 2, 3, 4, 5], {})}, {7: admin(1)}))
    assert closed.outlines["gap_m"].iloc[0] == pytest.approx(22_115, rel=0.01)
    assert closed.outlines.geometry.iloc[0].area == pytest.approx(1)
    opened = osm.read(write_osm(tmp_path, nodes, {1: ([1, 2, 3, 4], {})}, {7: admin(1)}))
    assert opened.outlines.empty
    assert opened.broken_outlines == (7,)


def test_an_exclave_and_a_hole_belong_to_an_outline(tmp_path: Path) -> None:
    """A county may own a village elsewhere, and surround one that it does not own."""
    rings = [(0, 0, 9), (3, 3, 1), (20, 0, 2)]
    nodes = {
        10 * i + k: (x + s * (k in (1, 2)), y + s * (k in (2, 3)))
        for i, (x, y, s) in enumerate(rings)
        for k in range(4)
    }
    ways: dict[int, tuple[list[int], dict[str, str]]] = {
        i + 1: ([10 * i, 10 * i + 1, 10 * i + 2, 10 * i + 3, 10 * i], {}) for i in range(3)
    }
    found = osm.read(
        write_osm(
            tmp_path,
            {n + 1: p for n, p in nodes.items()},
            {w: ([n + 1 for n in c], t) for w, (c, t) in ways.items()},
            {7: admin(1, 2, 3)},
        )
    )
    assert found.outlines.geometry.iloc[0].area == pytest.approx(81 - 1 + 4)


def test_an_unknown_outline_names_those_there_are(tmp_path: Path) -> None:
    """The caller can offer them."""
    found = osm.read(write_osm(tmp_path, SQUARE, {1: ([1, 2, 3, 4, 1], {})}, {7: admin(1)}))
    with pytest.raises(osm.NoSuchOutlineError) as raised:
        osm.outline(found, "Atlantis")
    assert raised.value.known == ("Land",)


def test_an_outline_may_come_from_a_file(tmp_path: Path) -> None:
    """A county draws its own."""
    file = tmp_path / "county.geojson"
    file.write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":'
        '{"type":"Polygon","coordinates":[[[0,0],[2,0],[2,2],[0,2],[0,0]]]}}]}'
    )
    found = osm.read(write_osm(tmp_path, SQUARE, {}))
    assert osm.outline(found, str(file)).equals(shapely.box(0, 0, 2, 2))


def test_what_is_no_extract_is_refused(tmp_path: Path) -> None:
    """A missing file, and one of another kind."""
    with pytest.raises(FileNotFoundError):
        osm.read(tmp_path / "nothing.osm.pbf")
    wrong = tmp_path / "wrong.osm.pbf"
    wrong.write_bytes(b"no extract at all")
    with pytest.raises(ValueError, match=r"\S"):
        osm.read(wrong)
