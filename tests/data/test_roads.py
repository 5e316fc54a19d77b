"""The road network in the store."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from sqlalchemy import Connection, text

from data import roads
from gis.crs import STORED
from gis.roads import Roads
from gis.roads import edges_from_lines as split_lines
from tests.gis.osm_cases import restriction
from tests.gis.osm_cases import roads as drawn

Begin = Callable[[], AbstractContextManager[Connection]]
BOARD = {i: (i % 10, i // 10) for i in range(100)}


def county(*, name: str = "A") -> Roads:
    """Three streets with a limit, a rule for some hours and a forbidden turn."""
    tags = {
        1: {"name": name, "maxweight": "3.5", "bridge": "yes"},
        2: {"oneway": "yes", "motor_vehicle:conditional": "no @ (Mo-Fr 07:00-09:00)"},
        3: {"tracktype": "grade5", "highway": "track", "ref": "G209"},
    }
    return drawn(
        BOARD, {1: [0, 1], 2: [1, 2], 3: [1, 11]}, tags, restrictions=[restriction("no_left_turn", 1, 1, 3)]
    )


def line(*points: tuple[float, float], **values: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {key: [value] for key, value in values.items()}, geometry=[shapely.LineString(points)], crs=STORED
    )


def test_what_is_stored_is_what_is_loaded(connection: Connection) -> None:
    """Every column and every bit of every coordinate survive: times must not change with a restart."""
    made = county(name='Straße "Süd"\nöstlich,\\N')
    roads.store_network(connection, made, source="test")
    nodes, edges, turns = roads.load_frames(connection)
    expected = made.edges.assign(name=made.edges["name"].replace("\n", " ", regex=True))
    pd.testing.assert_frame_equal(pd.DataFrame(edges), pd.DataFrame(expected))
    pd.testing.assert_frame_equal(nodes, made.nodes)
    assert turns == made.banned_turns


def test_the_loaded_network_is_frozen_and_complete(connection: Connection) -> None:
    """The search gets the store's roads and nothing else."""
    roads.store_network(connection, county(), source="test")
    network = roads.load_network(connection)
    assert network.edge_count == 3
    assert network.node_count == 4


def test_the_same_roads_again_change_nothing(begin: Begin) -> None:
    """An import that is run twice must not make every browser load the network anew."""
    with begin() as connection:
        first = roads.store_network(connection, county(), source="a")
    with begin() as connection:
        second = roads.store_network(connection, county(), source="b")
    assert first.changed
    assert not second.changed
    assert (first.version, first.sha256) == (second.version, second.sha256)


def test_other_roads_replace_the_network(begin: Begin) -> None:
    """One network is current, and its rows are the only ones."""
    with begin() as connection:
        first = roads.store_network(connection, county(), source="a")
        second = roads.store_network(connection, county(name="B"), source="b")
    with begin() as connection:
        assert roads.current_version(connection) == second.version != first.version
        assert connection.scalar(text("SELECT count(*) FROM road_edges")) == 3
        assert connection.scalar(text("SELECT count(DISTINCT version) FROM banned_turns")) == 1


def test_a_failed_import_leaves_the_old_network(begin: Begin) -> None:
    """Roads that the database refuses must not take the good ones with them."""
    with begin() as connection:
        good = roads.store_network(connection, county(), source="a")
    made = county(name="B")
    broken = replace(made, edges=made.edges.assign(speed_kmh=0.0))
    with pytest.raises(Exception, match="speed_positive"), begin() as connection:
        roads.store_network(connection, broken, source="b")
    with begin() as connection:
        assert roads.current_version(connection) == good.version
        assert roads.load_network(connection).edge_count == 3


def test_an_empty_file_does_not_wipe_out_the_roads(connection: Connection) -> None:
    """Nothing to drive on is an error of the file."""
    with pytest.raises(ValueError, match="no roads"):
        roads.import_lines(connection, line())


def test_without_an_import_there_is_no_network(connection: Connection) -> None:
    """The caller tells people to import one."""
    assert roads.current_version(connection) is None
    with pytest.raises(LookupError):
        roads.load_network(connection)


def test_survey_lines_become_the_network(connection: Connection) -> None:
    """The demo county and counties with their own survey come this way."""
    lines = pd.concat(
        [
            line((111, 36), (111.01, 36), road_class="secondary", name="县道"),
            line((111.005, 36), (111.005, 36.01), road_class="track", four_wheel_drive_only=True),
        ],
        ignore_index=True,
    )
    steps: list[str] = []
    report = roads.import_lines(connection, lines, progress=lambda stage, _done, _all: steps.append(stage))
    assert (report.edges, report.nodes, report.four_wheel_drive_only) == (3, 4, 1)
    assert steps == ["split", "store", "done"]
    _, edges, _ = roads.load_frames(connection)
    pd.testing.assert_frame_equal(pd.DataFrame(edges), pd.DataFrame(split_lines(lines).edges))


def test_the_report_counts_what_was_imported(connection: Connection) -> None:
    """These figures are printed after an import, and kept with the network."""
    made = county()
    report = roads.store_network(connection, made, source="test")
    assert (report.nodes, report.edges, report.bridges, report.one_ways, report.limited) == (4, 3, 1, 1, 1)
    assert (report.conditional, report.banned_turns, report.restrictions_taken) == (1, 1, 1)
    assert sum(report.km_by_class.values()) == pytest.approx(report.km, abs=0.01)
    assert report.islands.number == 1
    kept = connection.execute(text("SELECT report, sha256 FROM road_networks")).one()
    assert kept.report["km"] == report.km
    assert bytes(kept.sha256).hex() == report.sha256


def test_faults_are_counted_by_code(connection: Connection) -> None:
    """With the way's id, so that the map can be mended."""
    made = drawn(BOARD, {1: [0, 1], 2: [1, 2]}, {1: {"maxheight": "low"}, 2: {"maxheight": "lower"}})
    report = roads.store_network(connection, made, source="test")
    assert report.faults == {"way.unreadable": 2}
    assert report.fault_examples[0] == {
        "subject": "way", "id": 1, "code": "unreadable", "tag": "maxheight", "value": "low",
    }  # fmt: skip
