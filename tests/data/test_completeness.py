"""Completeness: every figure is recomputed from the rows themselves, without the database's help."""

import re
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from pyproj import Geod
from sqlalchemy import Connection, text

from data import completeness, places, registers
from data.completeness import PHONE, Cell
from data.layers import Layer
from data.policies import Policy, load
from tests import builders

POLICY: Policy = load()
GEOD = Geod(ellps="GRS80")
LAYERS = (
    "areas",
    "villages",
    "geohazard_points",
    "shelters",
    "depots",
    "stock_lots",
    "teams",
    "vehicles",
    "people",
)


@pytest.fixture
def county(connection: Connection) -> Connection:
    """The county with one of every fault."""
    builders.add_county(connection)
    near, far = builders.on_main_road(2), builders.on_main_road(9)
    points: list[dict[str, Any]] = [
        {"position": near, "name": "双胞滑坡"},
        {"position": (near[0], near[1] + 0.0003), "name": "双胞滑坡"},
        {"position": far, "name": "双胞滑坡"},
        {"position": far, "name": "界外滑坡", "area_code": builders.WEST_TOWNSHIP},
        {
            "position": near,
            "name": "电话滑坡",
            "attributes": {"kind": "landslide", "head_phone": "1377888888"},
        },
        {
            "position": near,
            "name": "好滑坡",
            "attributes": {"kind": "landslide", "head_phone": "10000000001;119"},
        },
        {"position": near, "name": "无主滑坡", "area_code": None},
        {"position": near, "name": "样例滑坡", "sample": True},
        {"position": near, "name": "估位滑坡", "attributes": {"kind": "landslide", "placed_by": "village"}},
    ]
    for values in points:
        builders.add_place(connection, **values)
    for capacity in ("0", "200"):
        builders.add_place(
            connection,
            layer="shelters",
            code=f"S{capacity}",
            name=f"场所{capacity}",
            attributes={"capacity": capacity, "keeper_name": "张三", "keeper_phone": "10000000001"},
        )
    depot = builders.add_depot(connection, position=far, area_code=builders.EAST_TOWNSHIP)
    for day in ("2020-01-01", "2090-01-01"):
        builders.add_lot(connection, depot=depot, item="tent", quantity=3, expires_on=day)
    connection.execute(text("UPDATE places SET updated_at = :then"), {"then": builders.NOW})
    old = {"then": builders.NOW - timedelta(days=400)}
    connection.execute(text("UPDATE places SET updated_at = :then WHERE name = '好滑坡'"), old)
    return connection


@pytest.mark.parametrize("code", LAYERS)
def test_every_figure_is_what_the_rows_say(county: Connection, code: str) -> None:
    """Rows, weights, stale and doubtful rows of each township, and what is wrong with each row."""
    layer = POLICY.layers[code]
    judged = recomputed(county, layer)
    expected = tuple(
        Cell(
            layer=code,
            township=str(township),
            rows=len(rows),
            filled=int(rows["filled"].sum()),
            weight=len(rows) * sum(completeness.weights(layer, POLICY).values()),
            stale=int(rows["stale"].sum()),
            doubtful=int((rows["doubts"].map(len) > 0).sum()),
        )
        for township, rows in judged.groupby("township")
    )
    assert completeness.cells(county, layer, POLICY, at=builders.NOW) == expected
    told = {
        one.code: (set(one.missing), one.stale, set(one.doubts))
        for one in completeness.findings(county, layer, POLICY, at=builders.NOW)
    }
    wrong = judged[(judged["missing"].map(len) > 0) | judged["stale"] | (judged["doubts"].map(len) > 0)]
    again = zip(wrong["code"], wrong["missing"], wrong["stale"], wrong["doubts"], strict=True)
    assert told == {row: (missing, stale, doubts) for row, missing, stale, doubts in again}


def recomputed(connection: Connection, layer: Layer) -> pd.DataFrame:
    """Judge each row of a layer in Python."""
    frame = places.frame(connection, layer)
    table, rule = registers.table_of(layer), completeness.rule_of(layer, POLICY)
    wanted = [
        registers.key_of(layer).label("id"),
        table.c.updated_at,
        table.c.sample,
        registers.area_of(layer).label("area"),
    ]
    query = registers.items(layer, personal=True).with_only_columns(*wanted)
    more = pd.DataFrame(connection.execute(query).mappings().all(), index=frame.index)
    outlines = places.frame(connection, POLICY.layers["areas"]).set_index("code").geometry
    judged = []
    for number, row in frame.iterrows():
        empty = {
            name
            for name in completeness.weights(layer, POLICY)
            if (row.geometry is None if name == "geometry" else row[name] in {None, ""})
        }
        area = more["area"].fillna("")[number]
        doubts = set()
        phones = [row[name] for name, field in layer.fields.items() if field.type == "phone" and row[name]]
        if any(not re.search(PHONE, phone) for phone in phones):
            doubts.add("phone")
        if any(row[name] == 0 for name in rule.not_zero):
            doubts.add("zero")
        if any(row[name] and row[name] < builders.NOW.date() for name in rule.until):
            doubts.add("expired")
        if layer.geometry == "Point":
            twins = frame[(frame["name"] == row["name"]) & (frame.index != number)].geometry
            distances = [GEOD.inv(one.x, one.y, row.geometry.x, row.geometry.y)[2] for one in twins]
            doubts |= {"twice"} if any(one < POLICY.completeness.near_m for one in distances) else set()
            outline = outlines.get(row.get("area_code"))
            doubts |= {"outside"} if outline is not None and not outline.covers(row.geometry) else set()
            doubts |= {"placed"} if row["placed_by"] else set()
        doubts |= {"sample"} if more.loc[number, "sample"] else set()
        filled = sum(
            weight for name, weight in completeness.weights(layer, POLICY).items() if name not in empty
        )
        age = builders.NOW - more.loc[number, "updated_at"]
        judged.append(
            {
                "code": row["code"],
                "township": area[:9].ljust(12, "0") if area else "",
                "missing": empty,
                "filled": filled,
                "stale": age > timedelta(days=rule.stale_days),
                "doubts": doubts,
            }
        )
    return pd.DataFrame(judged, columns=["code", "township", "missing", "filled", "stale", "doubts"])


def test_a_score_is_the_sum_of_its_parts(county: Connection) -> None:
    """All filled, fresh and sure is 100; no rows have no score."""
    whole = Cell(layer="teams", township="", rows=4, filled=40, weight=40, stale=0, doubtful=0)
    half = Cell(layer="teams", township="", rows=4, filled=20, weight=40, stale=2, doubtful=4)
    parts = POLICY.completeness.parts
    assert completeness.score([whole], POLICY) == 100
    assert completeness.score([half], POLICY) == parts.complete / 2 + parts.fresh / 2
    assert (
        completeness.score([whole, half], POLICY)
        == parts.complete * 0.75 + parts.fresh * 0.75 + parts.sure / 2
    )
    assert completeness.score([], POLICY) is None
    assert county


def test_the_person_of_a_township_owes_its_rows(county: Connection) -> None:
    """A duty for the township goes before one for its grid."""
    for code, name in (("P1", "网格长"), ("P2", "镇长")):
        county.execute(
            text("INSERT INTO people (code, name, phone) VALUES (:code, :name, '119')"),
            {"code": code, "name": name},
        )
    grid = "SELECT id, 'x', 'grid_head', (SELECT id FROM grid_cells WHERE level = 2), NULL FROM people WHERE code = 'P1'"
    area = f"SELECT id, 'y', 'leader', NULL::bigint, '{builders.WEST_TOWNSHIP}' FROM people WHERE code = 'P2'"
    for query in (grid, area):
        county.execute(text(f"INSERT INTO duties (person_id, code, role, grid_id, area_code) {query}"))
        found = completeness.keepers(county)
        assert found[builders.WEST_TOWNSHIP].name == ("网格长" if query == grid else "镇长")
    assert builders.EAST_TOWNSHIP not in found
