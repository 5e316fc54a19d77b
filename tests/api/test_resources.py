"""Edits of teams, vehicles, depots, stock, places and roads, through HTTP."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from api.context import Context
from api.usecases import resources
from data import units
from tests import builders
from tests.api.conftest import Browser, Clock, beside


def test_a_report_on_a_team_is_fresh_news(commander: Browser, county: dict[str, int], clock: Clock) -> None:
    """What is not said stays as it was; the age of the report starts anew."""
    clock.forward(minutes=50)
    path = f"/teams/{county['both']}"
    first = commander.send("PATCH", path, {"strength": 6, "position": list(builders.on_main_road(7))}).json()
    assert (first["strength_now"], first["strength"], first["status"]) == (6, 10, "on_duty")
    assert first["position_now"] == pytest.approx(builders.on_main_road(7))
    assert first["reported_at"] == clock.now.isoformat().replace("+00:00", "Z")
    second = commander.send("PATCH", path, {"status": "resting", "note": "轮休"}).json()
    assert (second["status"], second["strength_now"], second["note"]) == ("resting", 6, "轮休")
    assert second["position_now"] == first["position_now"]
    assert commander.get(path).json() == second


def test_a_count_becomes_a_movement(commander: Browser, county: dict[str, int]) -> None:
    """Stock is never overwritten: the ledger keeps the difference."""
    lot = commander.send("PATCH", f"/lots/{county['lot']}", {"quantity": 480, "note": "盘点"}).json()
    assert (lot["quantity"], lot["free"]) == (480, 480)
    assert commander.send("PATCH", "/lots/999", {"quantity": 1}).json()["code"] == "no_such_lot"
    assert commander.send("PATCH", f"/lots/{county['lot']}", {"quantity": -1}).status_code == 422


def test_two_reports_on_a_team_at_once_lose_neither(
    context: Context, county: dict[str, int], engine: Engine
) -> None:
    """One officer writes how many came while another writes a note: each changes what it said and nothing else."""
    team = county["far"]
    resources.edit_team(context, team, request_id=uuid.uuid4(), note="待命")
    with ThreadPoolExecutor(1) as pool:
        with context.world.begin() as connection:  # the first officer's act, about to be committed
            units.hold(connection, "team", team)
            (was,) = units.list_teams(connection, [team])
            units.report_team(
                connection,
                team_id=team,
                status=was.status,
                strength=1,
                position=None,
                reported_at=context.clock(),
                note=was.note,
            )
            second = beside(
                engine,
                pool,
                lambda: resources.edit_team(context, team, request_id=uuid.uuid4(), note="已集结"),
            )
        after = second.result(timeout=60)
    assert (after.strength_now, after.note) == (1, "已集结")


def test_vehicles_and_depots_go_out_of_use_and_back(commander: Browser, county: dict[str, int]) -> None:
    """Both switches are read back as they were set."""
    path = f"/vehicles/{county['carrier']}"
    assert commander.send("PATCH", path, {"in_service": False}).json()["in_service"] is False
    assert commander.send("PATCH", path, {"in_service": True}).json()["in_service"] is True
    depot = commander.send("PATCH", f"/depots/{county['depot']}", {"open": False, "note": "搬迁"}).json()
    assert (depot["open"], depot["note"]) == (False, "搬迁")
    assert [one["open"] for one in commander.get("/depots").json()] == [False]


def test_a_place_is_held_to_its_layers_rules(commander: Browser, county: dict[str, int]) -> None:
    """Attributes change within what the layer's file allows; its code never; an unknown field is named."""
    path = f"/places/{county['place']}"
    renamed = commander.send("PATCH", path, {"fields": {"name": "老庄一号滑坡"}}).json()
    assert renamed["fields"]["name"] == "老庄一号滑坡"
    assert renamed["geometry"]["coordinates"] == pytest.approx(builders.on_main_road(6))
    for fields, code in (
        ({"code": "X"}, "unknown_field"),
        ({"colour": "red"}, "unknown_field"),
        ({"name": "长" * 10_000}, "field_invalid"),
        ({"name": 7}, "field_invalid"),
    ):
        refused = commander.send("PATCH", path, {"fields": fields})
        assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert commander.get(path).json() == renamed


def test_a_road_is_closed_and_opened_again(commander: Browser) -> None:
    """A closure stands in the list until it is opened, once."""
    body = {"geometry": {"type": "Point", "coordinates": list(builders.on_main_road(4.5))}, "reason": "塌方"}
    closed = commander.post("/closures", body).json()
    assert (closed["reason"], closed["ended_at"], closed["created_by"]) == ("塌方", None, "commander")
    assert [one["id"] for one in commander.get("/closures").json()] == [closed["id"]]
    opened = commander.post(f"/closures/{closed['id']}/open").json()
    assert opened["ended_by"] == "commander"
    assert commander.get("/closures").json() == []
    again = commander.post(f"/closures/{closed['id']}/open")
    assert (again.status_code, again.json()["code"]) == (409, "already_done")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"geometry": {"type": "Circle"}}, "geometry_kind_wrong"),
        ({"geometry": {"type": "Point"}}, "geometry_unreadable"),
        ({"geometry": {"type": "Point", "coordinates": [411, 36]}}, "geometry_outside_the_world"),
        ({"geometry": {"type": "LineString", "coordinates": [[111, 36]]}}, "geometry_unreadable"),
        (
            {"geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 1], [1, 0], [0, 0]]]}},
            "geometry_invalid",
        ),
        ({"factor_percent": 50}, "fields_invalid"),
        ({"starts_at": "2026-03-15T10:00:00"}, "time_without_offset"),
        (
            {"starts_at": "2026-03-15T10:00:00Z", "ends_at": "2026-03-15T09:00:00Z"},
            "window_ends_before_it_starts",
        ),
    ],
)
def test_a_closure_that_cannot_be_right_is_refused(
    commander: Browser, change: dict[str, object], code: str
) -> None:
    """A silently ignored closure would send a truck into it."""
    body = {"geometry": {"type": "Point", "coordinates": list(builders.on_main_road(4.5))}, **change}
    answer = commander.post("/closures", body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert commander.get("/closures").json() == []


def test_a_position_tells_its_chain_of_responsibility(commander: Browser) -> None:
    """Any point lies in exactly one leaf grid; the chain runs from the county's grid down to it."""
    lon, lat = builders.on_main_road(2)
    found = commander.get("/locate", params={"lon": lon, "lat": lat}).json()
    assert [area["code"] for area in found["areas"]] == [builders.COUNTY, builders.WEST_TOWNSHIP]
    assert [cell["level"] for cell in found["chain"]] == [1, 2, 3, 4, 5]
    assert found["grid_code"] == builders.LEAF_GRID
    abroad = commander.get("/locate", params={"lon": 2.3, "lat": 48.9}).json()
    assert (abroad["areas"], abroad["chain"], abroad["area_code"]) == ([], [], None)


def test_a_search_finds_by_name_and_code(commander: Browser, county: dict[str, int]) -> None:
    """Exact names first, parts of names after; signs of patterns are taken literally."""
    assert [one["code"] for one in commander.get("/search", params={"q": "西岭村"}).json()] == [
        builders.WEST_VILLAGE
    ]
    kinds = {one["kind"] for one in commander.get("/search", params={"q": "救援队"}).json()}
    assert kinds == {"team"}
    assert commander.get("/search", params={"q": "老庄"}).json()[0]["id"] == county["place"]
    assert commander.get("/search", params={"q": "%"}).json() == []
    assert commander.get("/search", params={"q": " "}).json() == []


def test_the_base_map_comes_as_tiles(commander: Browser) -> None:
    """A tile over the county holds its roads; one elsewhere is empty; an impossible address is refused."""
    here = commander.get("/tiles/10/827/402.mvt")
    assert here.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert b"roads" in here.content
    assert b"secondary" in here.content
    assert commander.get("/tiles/10/1/1.mvt").content == b""
    assert commander.get("/tiles/1/5/0.mvt").json()["code"] == "no_such_tile"
