"""An extract comes into the store whole, or not at all."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from data import osm, osm_import, roads
from data.osm_import import OsmReport
from data.policies import load
from tests.data.osm_files import write_osm

Begin = Callable[[], AbstractContextManager[Connection]]
POLICY = load()
AT = datetime(2026, 3, 1, tzinfo=UTC)
TABLES = (
    "areas",
    "villages",
    "places",
    "base_features",
    "road_nodes",
    "road_edges",
    "banned_turns",
    "road_networks",
)
BORDER = (
    [("way", 9, "outer")],
    {"type": "boundary", "boundary": "administrative", "admin_level": "6", "name": "County"},
)
BAN = (
    [("way", 1, "from"), ("node", 6, "via"), ("way", 2, "to")],
    {"type": "restriction", "restriction": "no_u_turn"},
)


def small(folder: Path, *, hospital: bool = True, stream: str = "stream", name: str = "small.osm") -> Path:
    """A square county with two streets, a village, a hospital and a stream; one street leads on beyond the border."""
    corners = {1: (0.0, 0.0), 2: (0.1, 0.0), 3: (0.1, 0.1), 4: (0.0, 0.1)}
    inside = {5: (0.01, 0.05), 6: (0.05, 0.05), 7: (0.09, 0.05), 8: (0.2, 0.05), 9: (0.3, 0.05)}
    places = {20: (0.05, 0.06, {"place": "village", "name": "Village"})}
    if hospital:
        places[21] = (0.06, 0.06, {"amenity": "hospital", "name": "Hospital"})
    ways = {
        1: ([5, 6], {"highway": "primary", "bridge": "yes"}),
        2: ([6, 7, 8], {"highway": "secondary", "maxheight": "low"}),
        3: ([8, 9], {"highway": "secondary"}),
        4: ([1, 6], {"waterway": stream}),
        9: ([1, 2, 3, 4, 1], {}),
    }
    return write_osm(folder, corners | inside | places, ways, {1: BORDER, 2: BAN}, name=name)


def bring(connection: Connection, path: Path, clip: str | None = "County") -> OsmReport:
    return osm_import.import_extract(connection, path, POLICY, actor="test", at=AT, clip=clip)


def content(connection: Connection) -> dict[str, list[str]]:
    """Every row of every table that an import writes, as text."""
    return {
        table: sorted(str(row[0]) for row in connection.execute(text(f"SELECT {table}::text FROM {table}")))
        for table in TABLES
    }


def test_an_extract_fills_roads_areas_places_and_the_base_map(connection: Connection, tmp_path: Path) -> None:
    """One command makes a county that can be looked at and routed on."""
    stages: list[str] = []
    report = osm_import.import_extract(
        connection,
        small(tmp_path),
        POLICY,
        actor="test",
        at=AT,
        clip="County",
        progress=lambda stage, _done, _all: stages.append(stage),
    )
    assert (report.roads.edges, report.roads.bridges, report.roads.restrictions_taken) == (2, 1, 1)
    assert report.roads.faults == {"way.unreadable": 1}
    assert (report.ways, report.restrictions_read, report.county, report.refused) == (3, 1, "County", 0)
    assert report.layers == {"areas": 2, "villages": 1, "key_facilities": 1}
    assert report.base_features == {"waterway": 1}
    assert stages[0] == "relations"
    assert stages[-1] == "done"
    assert roads.load_network(connection).edge_count == 2


def test_without_a_clip_everything_comes(connection: Connection, tmp_path: Path) -> None:
    """The roads that stick out of the county too."""
    report = bring(connection, small(tmp_path), clip=None)
    assert report.roads.edges == 3
    assert report.county == "small"  # the roads are no longer mostly in the outline


def test_the_same_extract_again_changes_no_row(begin: Begin, tmp_path: Path) -> None:
    """Not even a time stamp."""
    path = small(tmp_path)
    with begin() as connection:
        first = bring(connection, path)
        before = content(connection)
    with begin() as connection:
        second = bring(connection, path)
        assert content(connection) == before
    assert first.roads.changed
    assert not second.roads.changed
    assert second.roads.sha256 == first.roads.sha256


def test_a_newer_extract_takes_away_what_is_gone(begin: Begin, tmp_path: Path) -> None:
    """A hospital that was pulled down is not sent patients."""
    with begin() as connection:
        bring(connection, small(tmp_path))
    with begin() as connection:
        bring(connection, small(tmp_path, hospital=False, name="newer.osm"))
        assert connection.scalar(text("SELECT count(*) FROM places")) == 0


def test_areas_of_another_source_are_left_alone(begin: Begin, tmp_path: Path) -> None:
    """A county with its official codes imports only roads and facilities, into its own townships."""
    with begin() as connection:
        connection.execute(
            text(
                "INSERT INTO areas (code, level, name, geom, source) SELECT '141029100000', 'township', 'Own',"
                " ST_Multi(ST_MakeEnvelope(0, 0, 0.1, 0.1, 4490)), 'survey'"
            )
        )
        report = bring(connection, small(tmp_path))
    assert not report.areas_made
    assert report.layers == {"key_facilities": 1}
    with begin() as connection:
        assert connection.scalar(text("SELECT area_code FROM places")) == "141029100000"
        assert connection.scalar(text("SELECT count(*) FROM areas")) == 1


def test_a_failed_import_leaves_everything_as_it_was(begin: Begin, tmp_path: Path) -> None:
    """A county must never stand with half a map."""
    with begin() as connection:
        bring(connection, small(tmp_path))
        before = content(connection)
    with pytest.raises(osm.NoSuchOutlineError), begin() as connection:
        bring(connection, small(tmp_path, hospital=False, name="newer.osm"), clip="Atlantis")
    with begin() as connection:  # the last table that an import writes takes nothing any more
        connection.execute(text("ALTER TABLE base_features ADD CONSTRAINT shut CHECK (false) NOT VALID"))
    with pytest.raises(IntegrityError), begin() as connection:
        bring(connection, small(tmp_path, hospital=False, stream="river", name="newer.osm"))
    with begin() as connection:
        assert content(connection) == before


@pytest.mark.sharedata
@pytest.mark.parametrize(
    ("name", "clip", "km2", "townships"),
    [("andorra", "Andorra", 468, 7), ("liechtenstein", "Liechtenstein", 160.5, 11)],
)
def test_real_counties_come_whole(  # noqa: PLR0917
    begin: Begin, shared_data: Path, name: str, clip: str, km2: float, townships: int
) -> None:
    """Figures of the countries as they are known, and of the extracts as their makers counted them."""
    path = shared_data / "osm" / f"{name}.osm.pbf"
    with begin() as connection:
        report = bring(connection, path, clip)
        area = connection.scalar(
            text("SELECT ST_Area(geography(ST_SetSRID(geom, 4326))) / 1e6 FROM areas WHERE level = 'county'")
        )
        hospitals = connection.scalar(
            text("SELECT count(*) FROM places WHERE attributes->>'kind' = 'hospital'")
        )
        network = roads.load_network(connection)
    assert area == pytest.approx(km2, rel=0.005)
    assert report.layers["areas"] == townships + 1
    assert hospitals == {"andorra": 7, "liechtenstein": 1}[name]
    assert report.refused == 0
    assert network.edge_count == report.roads.edges
    # nearly all roads hang together: a county falls apart where junctions were missed
    assert report.roads.islands.mainland_km > 0.95 * report.roads.drivable_km
    assert sum(report.roads.km_by_class.values()) == pytest.approx(report.roads.km, abs=0.1)
    with begin() as connection:
        again = bring(connection, path, clip)
    assert not again.roads.changed
