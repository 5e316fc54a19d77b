"""Imports into every layer on a real PostGIS: once is enough, nothing is half written, every refusal has its row."""

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import Connection, Engine, func, select

from data import imports, ledgers, places, worlds
from data.imports import Counts, ImportReport
from data.policies import Policy, load
from data.tables import (
    areas,
    depots,
    grid_cells,
    stock_lots,
    stock_movements,
    team_capabilities,
    teams,
    vehicles,
)
from data.tables import places as places_table
from gis.frames import FrameError

POLICY: Policy = load()
NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)
Rows = Sequence[Sequence[object]]

COUNTY: dict[str, Rows] = {
    "areas": [
        ("code", "name", "seat_lon", "seat_lat", "population", "wkt"),
        ("990101", "岚溪县", "", "", "", shapely.box(110.5, 35.5, 111.5, 36.5).wkt),
        ("990101100", "石沟镇", 111.1, 36.1, 9000, shapely.box(111.0, 36.0, 111.5, 36.5).wkt),
        ("990101100200", "沙坪村", "", "", "", ""),
    ],
    "villages": [("code", "name", "lon", "lat", "population"), ("990101100200", "沙坪村", 111.2, 36.2, 640)],
    "shelters": [("code", "name", "lon", "lat", "capacity"), ("S1", "沙坪小学", 111.21, 36.21, 300)],
    "geohazard_points": [
        ("code", "name", "kind", "lon", "lat", "people", "shelter", "found_on"),
        ("G1", "沙坪滑坡", "滑坡", 111.22, 36.22, 46, "S1", "2019-03-15"),
    ],
    "grid_cells": [
        ("code", "name", "level", "parent", "wkt"),
        ("B", "片区", "5", "A", shapely.box(111.0, 36.0, 111.2, 36.4).wkt),
        ("A", "岚溪县", "1", "", shapely.box(110.5, 35.5, 111.5, 36.5).wkt),
    ],
    "teams": [
        ("code", "name", "kind", "lon", "lat", "capabilities", "strength", "transport"),
        ("T1", "消防救援大队", "专职", 111.1, 36.1, "landslide_rescue:2;医疗救护", 30, "消防车"),
    ],
    "depots": [
        ("code", "name", "level", "lon", "lat", "loading_min"),
        ("D1", "县库", "县级", 111.1, 36.1, 12),
    ],
    "agreement_companies": [
        ("code", "name", "lon", "lat", "contract_ends_on"),
        ("E1", "商贸公司", 111.3, 36.3, "2027-12-31"),
    ],
    "stock_lots": [
        ("depot", "item", "quantity", "ownership", "expires_on"),
        ("D1", "帐篷", 40, "", ""),
        ("D1", "饮用水", 100, "自储", "2026-12-31"),
        ("商贸公司", "饮用水", 500, "代储", "2026-12-31"),
    ],
    "vehicles": [
        ("code", "kind", "team", "depot", "width_cm"),
        ("V1", "挖掘机", "T1", "", ""),
        ("V2", "皮卡", "", "县库", 200),
    ],
    "people": [("code", "name", "phone"), ("P1", "示例甲", "100-0000-0001"), ("P2", "示例乙", "10000000002")],
    "duties": [
        ("person", "role", "subject_layer", "subject", "rank"),
        ("P1", "网格长", "责任网格", "B", ""),
        ("P2", "grid_head", "grid_cells", "B", "B"),
        ("P1", "监测责任人", "geohazard_points", "G1", ""),
        ("P2", "leader", "teams", "T1", ""),
        ("P2", "duty_officer", "areas", "990101100000", ""),
    ],
}
"""A county in miniature, in the order in which its layers name one another."""


@pytest.fixture
def connection(engine: Engine) -> Any:
    with engine.connect() as plain, plain.begin():
        yield worlds.inside(plain, worlds.LIVE)


class Desk:
    """Where files are written and imported."""

    def __init__(self, connection: Connection, folder: Path) -> None:
        self.connection, self.folder = connection, folder

    def take(self, layer: str, rows: Rows, *, name: str = "ledger.csv", **options: Any) -> ImportReport:
        path = self.folder / name
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
        asked: dict[str, Any] = {"actor": "clerk", "at": NOON, "datum": "CGCS2000"}
        return imports.import_file(self.connection, path, POLICY.layers[layer], POLICY, **asked | options)

    def take_county(self, *names: str) -> dict[str, Counts]:
        return {name: self.take(name, COUNTY[name]).counts for name in names or COUNTY}

    def one(self, query: Any) -> Any:
        return self.connection.execute(query).one()


@pytest.fixture
def desk(connection: Connection, tmp_path: Path) -> Desk:
    return Desk(connection, tmp_path)


def codes(report: ImportReport) -> list[tuple[str, int | None, str]]:
    return [(problem.code, problem.row, problem.field) for problem in report.problems]


def test_importing_the_same_files_twice_changes_nothing(desk: Desk) -> None:
    """Every layer: new the first time, the same the second, whatever the file is called."""
    for name, counts in desk.take_county().items():
        assert counts == Counts(new=len(COUNTY[name]) - 1), name
    moves = select(func.count()).select_from(stock_movements)
    before = desk.connection.scalar(moves)
    for name, rows in COUNTY.items():
        report = desk.take(name, rows, name="again.csv")
        assert (report.counts, report.problems) == (Counts(same=len(rows) - 1), ()), name
    assert desk.connection.scalar(moves) == before


def test_what_is_written_is_read_back(desk: Desk) -> None:
    """A layer's frame from the store, applied again, changes nothing: write → read → no difference."""
    desk.take_county()
    for name in COUNTY:
        layer = POLICY.layers[name]
        frame = places.frame(desk.connection, layer)
        report = imports.apply(desk.connection, layer, frame, POLICY, actor="clerk", at=NOON)
        assert (report.counts, report.problems) == (Counts(same=len(frame)), ()), name


def test_areas_hang_together_by_their_codes(desk: Desk) -> None:
    """Level and parent follow from the digits; a county without its province in the file has none."""
    desk.take_county("areas")
    query = select(areas.c.code, areas.c.level, areas.c.parent).order_by(areas.c.code)
    assert [tuple(row) for row in desk.connection.execute(query)] == [
        ("990101000000", "county", None),
        ("990101100000", "township", "990101000000"),
        ("990101100200", "village", "990101100000"),
    ]


def test_the_township_is_found_by_the_position_where_a_ledger_does_not_say_it(desk: Desk) -> None:
    """Coverage is counted by township, and real ledgers rarely have its code."""
    desk.take_county("areas", "teams", "shelters")
    assert desk.one(select(teams.c.area_code)).area_code == "990101100000"
    assert desk.one(select(places_table.c.area_code)).area_code == "990101100000"


def test_a_team_that_moves_changes_its_township(desk: Desk) -> None:
    """But a township that a ledger once said stands until a ledger says otherwise, or the team moves."""
    desk.take_county("areas", "teams")
    rows = [
        ("code", "name", "kind", "lon", "lat", "capabilities", "strength"),
        ("T1", "队", "专职", 110.7, 35.7, "medical", 30),
    ]
    assert desk.take("teams", rows).counts == Counts(changed=1)
    assert desk.one(select(teams.c.area_code)).area_code == "990101000000"
    said = [(*rows[0], "area_code"), (*rows[1], "990101100000")]
    assert desk.take("teams", said).counts == Counts(changed=1)
    assert desk.take("teams", rows).counts == Counts(same=1)
    assert desk.one(select(teams.c.area_code)).area_code == "990101100000"


def test_a_team_has_its_defaults_by_kind_and_its_profile_by_transport(desk: Desk) -> None:
    """What a ledger leaves empty comes from the policy, in milliseconds."""
    desk.take_county("areas", "teams")
    row = desk.one(select(teams))
    assert (row.notify_ms, row.assemble_ms, row.consent_ms) == (120_000, 300_000, 0)
    assert (row.travel_speed_class, row.travel_mass_kg) == ("truck", 16_000)
    query = select(team_capabilities.c.code, team_capabilities.c.grade).order_by(team_capabilities.c.code)
    assert [tuple(pair) for pair in desk.connection.execute(query)] == [
        ("landslide_rescue", 2),
        ("medical", 3),
    ]


def test_a_vehicle_has_its_kinds_size_where_its_own_is_not_known(desk: Desk) -> None:
    """Its owner is a team or a depot, by code or by name."""
    desk.take_county("areas", "teams", "depots", "vehicles")
    digger, pickup = desk.connection.execute(select(vehicles).order_by(vehicles.c.code)).all()
    assert (digger.speed_class, digger.width_cm, digger.depot_id) == ("heavy", 300, None)
    assert (pickup.width_cm, pickup.height_cm, pickup.load_kg, pickup.team_id) == (200, 190, 500, None)
    assert pickup.depot_id == desk.one(select(depots.c.id)).id


def test_goods_come_in_by_movements(desk: Desk) -> None:
    """What is on hand is the sum of its movements from the first import on; a new count is one movement more."""
    desk.take_county("areas", "depots", "agreement_companies", "stock_lots")
    rows = [("depot", "item", "quantity"), ("D1", "帐篷", 35)]
    assert desk.take("stock_lots", rows).counts == Counts(changed=1)
    lot = desk.one(select(stock_lots).where(stock_lots.c.code == "D1/tent/own/-/-"))
    moved = select(stock_movements.c.kind, stock_movements.c.quantity, stock_movements.c.actor)
    moves = desk.connection.execute(
        moved.where(stock_movements.c.lot_id == lot.id).order_by(stock_movements.c.id)
    )
    assert [tuple(move) for move in moves] == [("receive", 40, "clerk"), ("count", -5, "clerk")]
    assert (lot.quantity, lot.unit_kg, lot.activation_ms) == (35, 45, 0)
    agreed = desk.one(select(stock_lots).where(stock_lots.c.ownership == "agreement"))
    assert agreed.activation_ms == 3_600_000


def test_stock_may_not_be_counted_below_what_is_promised(desk: Desk) -> None:
    """An order that has been given stands; the row is named and the rest is taken."""
    desk.take_county("areas", "depots", "agreement_companies", "stock_lots")
    promised = stock_lots.update().where(stock_lots.c.item == "tent").values(reserved=30)
    desk.connection.exec_driver_sql("SET LOCAL session_replication_role = replica")  # no order behind it here
    desk.connection.execute(promised)
    desk.connection.exec_driver_sql("SET LOCAL session_replication_role = origin")
    rows = [
        ("depot", "item", "quantity", "expires_on"),
        ("D1", "帐篷", 20, ""),
        ("D1", "饮用水", 90, "2026-12-31"),
    ]
    report = desk.take("stock_lots", rows)
    assert codes(report) == [("stock_below_reserved", 2, "quantity")]
    assert report.counts == Counts(changed=1)


def test_an_update_leaves_what_the_file_does_not_have(desk: Desk) -> None:
    """A list of new phone numbers must not wipe the people under threat."""
    desk.take_county("areas", "shelters", "geohazard_points")
    rows = [
        ("code", "name", "kind", "lon", "lat", "head_phone"),
        ("G1", "沙坪滑坡", "滑坡", 111.22, 36.22, "100-0000-0009"),
    ]
    assert desk.take("geohazard_points", rows).counts == Counts(changed=1)
    row = desk.one(select(places_table).where(places_table.c.layer == "geohazard_points"))
    assert (row.attributes["people"], row.attributes["head_phone"]) == (46, "10000000009")


def test_an_emptied_cell_is_an_update(desk: Desk) -> None:
    """A column that the file has is the file's to empty."""
    desk.take_county("areas", "shelters", "geohazard_points")
    rows = [("code", "name", "kind", "lon", "lat", "shelter"), ("G1", "沙坪滑坡", "滑坡", 111.22, 36.22, "")]
    assert desk.take("geohazard_points", rows).counts == Counts(changed=1)
    kept = desk.one(select(places_table.c.attributes).where(places_table.c.code == "G1")).attributes
    assert "shelter" not in kept
    assert kept["people"] == 46


def test_rows_that_name_what_is_not_there_are_named_themselves(desk: Desk) -> None:
    """A shelter that does not exist, a depot without a ledger, an area of another county."""
    desk.take_county("areas", "shelters")
    hazards = [
        ("code", "name", "kind", "lon", "lat", "shelter", "area_code"),
        ("G1", "甲", "滑坡", 111.2, 36.2, "沙坪小学", ""),
        ("G2", "乙", "滑坡", 111.2, 36.2, "S9", ""),
        ("G3", "丙", "滑坡", 111.2, 36.2, "", "140100000000"),
    ]
    report = desk.take("geohazard_points", hazards)
    assert report.counts == Counts(new=1)
    assert codes(report) == [("reference_unknown", 3, "shelter"), ("area_unknown", 4, "area_code")]
    assert (
        desk.one(select(places_table.c.attributes).where(places_table.c.code == "G1")).attributes["shelter"]
        == "S1"
    )
    lots = [("depot", "item", "quantity"), ("D9", "帐篷", 1)]
    assert codes(desk.take("stock_lots", lots)) == [("reference_unknown", 2, "depot")]


@pytest.mark.parametrize(
    ("layer", "rows", "problem"),
    [
        ("vehicles", [("code", "kind", "team", "depot"), ("V9", "皮卡", "", "")], ("one_owner", 2, "team")),
        (
            "vehicles",
            [("code", "kind", "team", "depot"), ("V9", "皮卡", "T1", "D1")],
            ("one_owner", 2, "team"),
        ),
        (
            "stock_lots",
            [("depot", "item", "quantity", "activation_min"), ("D1", "帐篷", 1, 30)],
            ("own_activation", 2, "activation_min"),
        ),
        (
            "depots",
            [("code", "name", "level", "lon", "lat"), ("E9", "甲", "企业", 111, 36)],
            ("other_layer", 2, "level"),
        ),
        (
            "duties",
            [("person", "role", "subject_layer", "subject"), ("P1", "leader", "vehicles", "V1")],
            ("no_duty_for", 2, "subject_layer"),
        ),
    ],
)
def test_rows_that_contradict_themselves_are_refused(
    desk: Desk, layer: str, rows: Rows, problem: tuple[str, int, str]
) -> None:
    """With a field to look at."""
    desk.take_county("areas", "teams", "depots", "vehicles", "people")
    report = desk.take(layer, rows)
    assert codes(report) == [problem]
    assert report.counts == Counts()


def test_refuse_takes_all_or_nothing(desk: Desk) -> None:
    """One bad row in the file, or one that the store refuses, and nothing is written."""
    desk.take_county("areas")
    rows = [*COUNTY["shelters"], ("S2", "祠堂", 111.2, 36.2, "很多")]
    report = desk.take("shelters", rows, on_error="refuse")
    assert report.refused
    assert (report.counts, codes(report)) == (
        Counts(),
        [("not_number", 3, "capacity")],
    )
    rows = [
        ("code", "name", "kind", "lon", "lat", "shelter"),
        ("G1", "甲", "滑坡", 111.2, 36.2, ""),
        ("G2", "乙", "滑坡", 111.2, 36.2, "S9"),
    ]
    report = desk.take("geohazard_points", rows, on_error="refuse")
    assert report.refused
    assert codes(report) == [("reference_unknown", 3, "shelter")]
    assert desk.connection.scalar(select(func.count()).select_from(places_table)) == 0


def test_skip_takes_the_rest(desk: Desk) -> None:
    """The same file, the other answer."""
    desk.take_county("areas")
    report = desk.take(
        "shelters", [*COUNTY["shelters"], ("S2", "祠堂", 111.2, 36.2, "很多")], on_error="skip"
    )
    assert (report.counts, report.rows, report.refused) == (Counts(new=1), 2, False)


def test_a_row_that_only_the_database_refuses_is_named_and_the_others_stand(desk: Desk) -> None:
    """Two duties of one person for one thing: the store knows, the file does not."""
    desk.take_county("areas", "people", "teams")
    rows = [
        ("code", "person", "role", "subject_layer", "subject"),
        ("1", "P1", "leader", "teams", "T1"),
        ("2", "P1", "leader", "teams", "消防救援大队"),
        ("3", "P2", "leader", "teams", "T1"),
    ]
    report = desk.take("duties", rows)
    assert report.counts == Counts(new=2)
    assert [(problem.code, problem.row) for problem in report.problems] == [("database_refused", 3)]
    assert "uq_duties" in report.problems[0].values["detail"]


def test_grids_that_overlap_are_refused_as_a_whole_before_anything_is_kept(desk: Desk) -> None:
    """The store checks cells against one another only when all are there; the caller's transaction goes on."""
    desk.take_county("areas", "grid_cells")
    rows = [("code", "name", "level", "wkt"), ("C", "重叠", "5", shapely.box(111.1, 36.0, 111.3, 36.4).wkt)]
    report = desk.take("grid_cells", rows)
    assert report.refused
    assert [(problem.code, problem.row) for problem in report.problems] == [("database_refused", None)]
    assert desk.connection.scalar(select(func.count()).select_from(grid_cells)) == 2


def test_a_file_that_cannot_be_read_changes_nothing(desk: Desk) -> None:
    """It is refused whatever was asked."""
    report = desk.take("shelters", [("甲", "乙"), ("1", "2")])
    assert report.refused
    assert [problem.code for problem in report.problems] == ["header_missing"]


def test_samples_are_marked(desk: Desk) -> None:
    """Generated resources must never be taken for real ones."""
    desk.take("areas", COUNTY["areas"])
    desk.take("teams", COUNTY["teams"], sample=True)
    row = desk.one(select(teams.c.sample, teams.c.source))
    assert (row.sample, row.source) == (True, "ledger.csv")


def test_a_frame_of_another_sort_is_refused_at_the_door(desk: Desk) -> None:
    """A programming mistake, not a ledger's: it raises with all its faults."""
    frame = gpd.GeoDataFrame({"name": ["x"]}, geometry=[shapely.Point(111, 36)])
    with pytest.raises(FrameError) as error:
        imports.apply(desk.connection, POLICY.layers["shelters"], frame, POLICY, actor="clerk", at=NOON)
    assert {fault.code for fault in error.value.faults} >= {"column_missing", "crs_missing"}


def test_an_empty_reading_applies_to_nothing(desk: Desk) -> None:
    """A file with a header and no rows."""
    report = desk.take("shelters", COUNTY["shelters"][:1])
    assert (report.counts, report.problems, report.refused) == (Counts(), (), False)
    assert ledgers.contract(POLICY.layers["shelters"]).key == ("code",)
