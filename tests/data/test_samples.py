"""Invented resources make any extract playable."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from sqlalchemy import Connection, text

from data import osm_import, roads, samples
from data.policies import load
from data.samples import Site
from dispatch.cards import needs
from gis.islands import mainland
from tests.data.osm_files import write_osm

Begin = Callable[[], AbstractContextManager[Connection]]
POLICY = load()
AT = datetime(2026, 3, 1, tzinfo=UTC)
SITES: samples.Sites = {
    "township": [
        Site("甲镇", "Jia", "990202100000", (1.0, 42.0)),
        Site("乙乡", "Yi", "990202200000", (1.1, 42.0)),
    ],
    "village": [Site(f"村{i}", f"Village {i}", "990202100000", (1.0 + 0.01 * i, 42.01)) for i in range(5)],
    "hospital": [Site("医院", "Hospital", "990202100000", (1.02, 42.02))],
}


def made(seed: int = 1) -> Mapping[str, gpd.GeoDataFrame]:
    return samples.make(SITES, POLICY, seed=seed)


def test_the_same_seed_makes_the_same_county() -> None:
    """A demonstration can be repeated; another seed deals the places out anew."""
    first, second, other = made(1), made(1), made(2)
    assert list(first) == list(second) == list(other)
    for layer, frame in first.items():
        pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(second[layer]))
    assert not first["teams"].geometry.equals(other["teams"].geometry)


@pytest.mark.parametrize("card", sorted(POLICY.incident_types))
@pytest.mark.parametrize("level", [4, 3, 2])
def test_each_card_can_be_met_up_to_level_two(card: str, level: int) -> None:
    """A plan has something to find: teams of every capability and grade, vehicles and goods, and trucks for them."""
    frames = made()
    teams, lots = frames["teams"], frames["stock_lots"]
    vehicles = frames["vehicles"].groupby("kind").size()
    depot = "S-D001"
    trucks = frames["vehicles"].loc[frames["vehicles"]["depot"] == depot, "kind"]
    load_kg = sum(POLICY.vehicle_kinds[kind].load_kg for kind in trucks)
    used: set[str] = set()
    kilograms = 0
    for need in sorted(needs(POLICY.incident_types[card].card, level), key=lambda need: need.grade):
        if need.kind == "vehicle":
            assert vehicles[need.code] >= need.quantity
        elif need.kind == "material":
            stock = lots[(lots["depot"] == depot) & (lots["item"] == need.code)]
            assert stock["quantity"].sum() >= need.quantity
            kilograms += need.quantity * POLICY.items[need.code].unit_kg
        else:
            heads = 0
            for code, able, strength in zip(
                teams["code"], teams["capabilities"], teams["strength"], strict=True
            ):
                fits = dict(able).get(need.code, 9) <= need.grade and strength >= need.min_strength
                # only teams whose first calling it is: the others may be needed for their own
                if fits and dict(able)[need.code] < 3 and code not in used and heads < need.quantity:
                    used.add(code)
                    heads += strength
            assert heads >= need.quantity, need
    assert load_kg >= kilograms


def test_nobody_in_a_sample_can_be_telephoned() -> None:
    """No real person is rung up by an exercise."""
    frames = made()
    phones = [
        *frames["people"]["phone"],
        *frames["teams"]["contact_phone"],
        *frames["depots"]["contact_phone"],
    ]
    assert all(phone.startswith("1000000") and len(phone) == 11 for phone in phones)


def test_every_code_is_of_the_vocabulary_and_every_reference_leads_somewhere() -> None:
    """The import refuses a row that names what does not exist."""
    frames = made()
    teams = frames["teams"]
    assert set(teams["kind"]) <= set(POLICY.vocabulary["team_kinds"])
    assert {code for able in teams["capabilities"] for code, _ in able} == set(
        POLICY.vocabulary["capabilities"]
    )
    assert set(frames["vehicles"]["kind"]) <= set(POLICY.vehicle_kinds)
    assert set(frames["stock_lots"]["item"]) == set(POLICY.items)
    holders = {*frames["depots"]["code"], *frames["agreement_companies"]["code"]}
    assert set(frames["stock_lots"]["depot"]) <= holders
    vehicles = frames["vehicles"]
    assert set(vehicles["team"].dropna()) <= set(teams["code"])
    assert set(vehicles["depot"].dropna()) <= holders
    assert (vehicles["team"].isna() != vehicles["depot"].isna()).all()
    assert set(frames["duties"]["person"]) == set(frames["people"]["code"])


def test_medical_teams_stand_at_the_hospital() -> None:
    """Where the extract knows the right place, it is used; else the next best."""
    teams = made()["teams"]
    medical = teams[teams["capabilities"].map(lambda able: dict(able).get("medical", 3) < 3)]
    assert set(medical.geometry) == {shapely.Point(1.02, 42.02)}
    fire = teams[teams["capabilities"].map(lambda able: dict(able).get("fire_building", 3) < 3)]
    assert set(fire.geometry) <= {shapely.Point(site.position) for site in SITES["township"]}


def county(folder: Path) -> Path:
    """A street with two villages, and an island that no street leads to."""
    nodes = {
        1: (0.0, 0.0),
        2: (0.1, 0.0),
        3: (0.05, 0.05),
        4: (0.06, 0.05),
        5: (0.02, 0.01, {"place": "village", "name": "A"}),
        6: (0.055, 0.051, {"place": "village", "name": "B"}),
    }
    return write_osm(
        folder, nodes, {1: ([1, 2], {"highway": "primary"}), 2: ([3, 4], {"highway": "primary"})}
    )


def bring(connection: Connection, path: Path, seed: int = 3) -> dict[str, int]:
    osm_import.import_extract(connection, path, POLICY, actor="test", at=AT)
    return samples.add(connection, POLICY, seed=seed, actor="test", at=AT)


def test_samples_stand_on_roads_that_hang_together(connection: Connection, tmp_path: Path) -> None:
    """A team on an island could never come."""
    bring(connection, county(tmp_path))
    _, edges, turns = roads.load_frames(connection)
    network = edges.geometry[mainland(edges, turns)].union_all()
    points = connection.execute(
        text("SELECT ST_X(geom), ST_Y(geom) FROM teams UNION SELECT ST_X(geom), ST_Y(geom) FROM depots")
    )
    distances = [network.distance(shapely.Point(*point)) for point in points]
    assert len(distances) > 1
    assert max(distances) < 1e-6


def test_samples_are_marked_and_come_once(begin: Begin, tmp_path: Path) -> None:
    """They must never be taken for real, and asking twice does not double them."""
    path = county(tmp_path)
    with begin() as connection:
        counts = bring(connection, path)
        before = connection.execute(
            text("SELECT count(*), bool_and(sample), max(updated_at) FROM teams")
        ).one()
    with begin() as connection:
        assert bring(connection, path) == counts
        after = connection.execute(
            text("SELECT count(*), bool_and(sample), max(updated_at) FROM teams")
        ).one()
        assert connection.scalar(text("SELECT bool_and(sample) FROM live.stock_lots"))
        movements = connection.scalar(text("SELECT count(*) FROM live.stock_movements"))
    assert tuple(before) == tuple(after)
    assert before[:2] == (counts["teams"], True)
    assert movements == counts["stock_lots"]


def test_without_roads_there_is_no_place_for_samples(connection: Connection) -> None:
    """Import an extract first."""
    with pytest.raises(LookupError):
        samples.add(connection, POLICY, seed=1, actor="test", at=AT)
