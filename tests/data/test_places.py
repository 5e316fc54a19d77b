"""Layers on their way out: GeoJSON made in SQL, frames, views; and a new layer that is one file."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import shapely
from sqlalchemy import Connection, Engine, text

from data import imports, places, worlds
from data.layers import Layer
from data.policies import SHIPPED, Policy, load

POLICY: Policy = load()
NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)
SHELTERS = """code,name,capacity,lon,lat,keeper_name
S1,沙坪小学,300,111.1,36.1,示例甲
S2,"{{ 7*7 }} <script>alert(""1"")</script>",50,111.2,36.2,
S3,祠堂,20,111.3,36.3,
"""


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as plain, plain.begin():
        yield worlds.inside(plain, worlds.LIVE)


def take(connection: Connection, folder: Path, layer: Layer, content: str, policy: Policy = POLICY) -> None:
    path = folder / "ledger.csv"
    path.write_text(content, encoding="utf-8")
    report = imports.import_file(connection, path, layer, policy, actor="clerk", at=NOON, datum="CGCS2000")
    assert report.problems == ()


def listed(connection: Connection, layer: Layer, **options: Any) -> list[dict[str, Any]]:
    collection = json.loads(places.features(connection, layer, **options))
    assert collection["type"] == "FeatureCollection"
    features: list[dict[str, Any]] = collection["features"]
    return features


def test_a_layer_is_read_as_geojson(connection: Connection, tmp_path: Path) -> None:
    """Ids, stored degrees, typed values, and no member that RFC 7946 does not know."""
    layer = POLICY.layers["shelters"]
    take(connection, tmp_path, layer, SHELTERS)
    first, hostile, _ = listed(connection, layer)
    assert set(first) == {"type", "id", "geometry", "properties"}
    assert first["geometry"] == {"type": "Point", "coordinates": [111.1, 36.1]}
    assert first["properties"]["capacity"] == 300
    assert first["properties"]["indoor_m2"] is None
    assert hostile["properties"]["name"] == '{{ 7*7 }} <script>alert("1")</script>'


def test_personal_fields_are_left_out_unless_asked_for(connection: Connection, tmp_path: Path) -> None:
    """A map for everybody shows no names."""
    layer = POLICY.layers["shelters"]
    take(connection, tmp_path, layer, SHELTERS)
    assert "keeper_name" not in listed(connection, layer)[0]["properties"]
    assert listed(connection, layer, personal=True)[0]["properties"]["keeper_name"] == "示例甲"


def test_bounds_and_a_limit_choose(connection: Connection, tmp_path: Path) -> None:
    """A map asks for what it shows, a list for its first page."""
    layer = POLICY.layers["shelters"]
    take(connection, tmp_path, layer, SHELTERS)
    inside = listed(connection, layer, bounds=(111.15, 36.15, 111.4, 36.4))
    assert [feature["properties"]["code"] for feature in inside] == ["S2", "S3"]
    assert [feature["properties"]["code"] for feature in listed(connection, layer, limit=1)] == ["S1"]


def test_an_empty_layer_is_an_empty_collection(connection: Connection) -> None:
    """Every layer that is shipped can be read before anything is imported."""
    for layer in POLICY.layers.values():
        assert listed(connection, layer, personal=True) == []
        assert places.count(connection, layer) == 0
        assert len(places.frame(connection, layer)) == 0


def test_layers_in_one_table_do_not_mix(connection: Connection, tmp_path: Path) -> None:
    """A company with agreement stock is a depot to a plan, but no depot on the map."""
    header = "code,name,lon,lat"
    take(connection, tmp_path, POLICY.layers["depots"], f"{header},level\nD1,县库,111.1,36.1,county\n")
    take(connection, tmp_path, POLICY.layers["agreement_companies"], f"{header}\nE1,商贸公司,111.2,36.2\n")
    for code, row in (("depots", "D1"), ("agreement_companies", "E1")):
        assert [one["properties"]["code"] for one in listed(connection, POLICY.layers[code])] == [row]
        assert places.count(connection, POLICY.layers[code]) == 1


def test_every_layer_is_an_ordinary_table_to_other_programs(connection: Connection, tmp_path: Path) -> None:
    """QGIS and OGC clients see typed columns and a geometry; people and personal fields stay inside."""
    take(connection, tmp_path, POLICY.layers["shelters"], SHELTERS)
    places.create_views(connection, POLICY)
    places.create_views(connection, POLICY)
    total, shape = connection.execute(
        text(f"SELECT sum(capacity), ST_AsBinary(ST_Extent(geom)) FROM {places.VIEWS}.shelters")
    ).one()
    assert total == 370
    assert shapely.from_wkb(bytes(shape)).bounds == pytest.approx((111.1, 36.1, 111.3, 36.3))
    columns = set(
        connection.scalars(
            text(
                "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = :s"
            ),
            {"s": places.VIEWS},
        )
    )
    assert "shelters.keeper_name" not in columns
    assert not any(column.startswith("people.") for column in columns)
    assert {f"{code}.code" for code, layer in POLICY.layers.items() if not layer.personal} <= columns


def test_the_countys_extent(connection: Connection, tmp_path: Path) -> None:
    """None before there is a county; its villages until it has outlines."""
    assert places.extent(connection) is None
    villages = "code,name,lon,lat\n990101100200,沙坪,111.1,36.1\n990101100201,石沟,111.3,36.2\n"
    take(connection, tmp_path, POLICY.layers["villages"], villages)
    assert places.extent(connection) == pytest.approx((111.1, 36.1, 111.3, 36.2))
    outline = shapely.box(110.5, 35.5, 111.5, 36.5).wkt
    take(connection, tmp_path, POLICY.layers["areas"], f'code,name,wkt\n990101,岚溪县,"{outline}"\n')
    assert places.extent(connection) == pytest.approx((110.5, 35.5, 111.5, 36.5))


def test_a_new_layer_is_one_file(connection: Connection, tmp_path: Path) -> None:
    """Drop a TOML into the policy: it imports, counts, lists as GeoJSON and has its view; no code, no migration."""
    folder = shutil.copytree(SHIPPED, tmp_path / "policy")
    (folder / "layers" / "fire_lanes.toml").write_text(
        """
        store = "places"
        geometry = "LineString"
        name = { zh = "防火通道", en = "Fire lanes" }
        legend = { colour = "#aa5500", symbol = "line", order = 300 }
        [fields]
        code    = { type = "text", required = true, zh = "通道编号", en = "Code" }
        name    = { type = "text", required = true, zh = "通道名称", en = "Name" }
        width_m = { type = "number", least = 0, zh = "宽度", en = "Width (m)", also = ["路宽"] }
        """,
        encoding="utf-8",
    )
    policy = load(folder)
    layer = policy.layers["fire_lanes"]
    content = '通道编号,通道名称,路宽（米）,图形\nL1,北坡,3.5米,"LINESTRING(111 36, 111.1 36.1)"\n'
    take(connection, tmp_path, layer, content, policy)
    (lane,) = listed(connection, layer)
    assert lane["geometry"] == {"type": "LineString", "coordinates": [[111, 36], [111.1, 36.1]]}
    assert lane["properties"] == {"code": "L1", "name": "北坡", "width_m": 3.5}
    places.create_views(connection, policy)
    assert connection.scalar(text(f"SELECT width_m FROM {places.VIEWS}.fire_lanes")) == 3.5
