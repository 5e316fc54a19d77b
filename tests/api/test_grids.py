"""Responsibility grids through HTTP: asked, checked, mended, edited, made and taken back."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import shapely
from shapely.geometry import mapping, shape
from sqlalchemy import Engine, delete, text, update

from data import history, tables
from gis import crs
from tests import builders
from tests.api.conftest import PASSWORD, Browser, Clock
from tests.builders import GRID_MIDDLE, GRID_THEME, LEAVES, SOUTH

SignIn = Callable[[str], Browser]
WEST_LEAF = (builders.WEST, SOUTH)


@pytest.fixture
def registrar(engine: Engine, sign_in: SignIn) -> Browser:
    """A grid officer in the county with a tree of grids."""
    with engine.begin() as connection:
        builders.add_grids(connection)
    return sign_in("registrar")


def later(somebody: Browser, clock: Clock, **by: float) -> None:
    """Move the clock and sign in again: a login ends when nobody uses it."""
    clock.forward(**by)
    answer = somebody.http.post("/api/v1/session", json={"name": "registrar", "password": PASSWORD})
    somebody.csrf = answer.json()["csrf_token"]


def ask(somebody: Browser, place: str, **values: str) -> dict[str, Any]:
    answer = somebody.get("/grids/at", params={"place": place, "theme": GRID_THEME, **values})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def leaf(found: dict[str, Any]) -> str | None:
    code: str | None = found["chains"][0]["leaf"]
    return code


def shapes(somebody: Browser, level: int = 5) -> dict[str, shapely.Geometry]:
    found = somebody.get("/grids/shapes", params={"theme": GRID_THEME, "level": level}).json()
    return {one["properties"]["code"]: shape(one["geometry"]) for one in found["features"]}


def difference(some: dict[str, shapely.Geometry], others: dict[str, shapely.Geometry]) -> float:
    """Land (square degrees) of one that is not the other's."""
    one, other = (shapely.union_all(list(every.values())) for every in (some, others))
    return float(shapely.area(shapely.symmetric_difference(one, other)))


def newest(somebody: Browser) -> int:
    number: int = somebody.get("/timeline").json()[0]["number"]
    return number


@pytest.mark.parametrize("datum", ["CGCS2000", "WGS84", "GCJ02", "BD09"])
def test_a_position_of_any_datum_gives_its_leaf_and_whole_chain(registrar: Browser, datum: Any) -> None:
    """Ten metres beside a border, where another map's half kilometre would give the wrong person."""
    lon, lat = crs.from_stored([GRID_MIDDLE - 1e-4], [SOUTH], datum)
    found = ask(registrar, f"{lon[0]:.7f},{lat[0]:.7f}", datum=datum)
    links = found["chains"][0]["links"]
    assert [link["cell"]["code"] for link in links] == [
        "S1", "S2-W", "S3-W", f"{builders.WEST_VILLAGE}-S", LEAVES[1],
    ]  # fmt: skip
    assert {duty["person"]["phone"] for link in links for duty in link["duties"]} == {"10000000021"}


def test_codes_names_and_beidou_codes_are_places_too(registrar: Browser) -> None:
    """A village by code or name, a grid by its code or its bureau's, a position read out over the radio."""
    assert (
        registrar.post("/grids/edit", {"kind": "rename", "grids": [LEAVES[3]], "alias": "AJ-7"}).status_code
        == 200
    )
    beidou = ask(registrar, f"{WEST_LEAF[0]},{WEST_LEAF[1] - 0.05}")["beidou"]
    asked = [builders.EAST_VILLAGE, "西岭村", LEAVES[2], "AJ-7", beidou]
    assert [leaf(ask(registrar, place)) for place in asked] == [
        LEAVES[2], LEAVES[0], LEAVES[2], LEAVES[3], LEAVES[0],
    ]  # fmt: skip
    assert registrar.get("/grids/at", params={"place": "nowhere"}).status_code == 404
    outside = ask(registrar, "100,30")
    assert (outside["chains"][0]["links"], leaf(outside)) == ([], None)


def test_all_themes_are_asked_at_once(registrar: Browser) -> None:
    """One place, one chain for each theme that the county keeps."""
    found = registrar.get("/grids/at", params={"place": f"{WEST_LEAF[0]},{WEST_LEAF[1]}"}).json()
    assert {chain["theme"]: chain["leaf"] for chain in found["chains"]} == {
        "forest_fire": builders.LEAF_GRID,
        GRID_THEME: LEAVES[0],
    }


def test_people_of_a_chain_are_masked_for_viewers(registrar: Browser, sign_in: SignIn) -> None:
    """The chain is for everybody, its names and numbers for those who must call."""
    assert registrar.get("/grids/overview").status_code == 200
    seen = ask(sign_in("viewer"), f"{WEST_LEAF[0]},{WEST_LEAF[1]}")
    person = seen["chains"][0]["links"][-1]["duties"][0]["person"]
    assert (person["name"], person["phone"]) == ("赵***", "***21")


def test_a_person_is_told_all_that_they_answer_for(registrar: Browser) -> None:
    """And a duty that has ended is theirs no more, from the next day on."""
    mine = {one["subject"] for one in registrar.get(f"/people/{builders.SAFETY_DEPUTY}/duties").json()}
    assert mine == {"S2-E", "S3-E", f"{builders.EAST_VILLAGE}-S", LEAVES[2], LEAVES[3]}
    last = builders.NOW.date()
    ended = registrar.post("/grids/duties/end", {"duty": f"duty-{LEAVES[3]}", "last_day": str(last)})
    assert ended.json()["valid_to"] == str(last)

    def on(day: int) -> set[str]:
        params = {"day": str(last + timedelta(days=day))}
        found = registrar.get(f"/people/{builders.SAFETY_DEPUTY}/duties", params=params).json()
        return {one["subject"] for one in found}

    assert on(0) - on(1) == {LEAVES[3]}


def test_a_moved_border_takes_both_cells_and_their_parents_along(registrar: Browser, clock: Clock) -> None:
    """Across a township's border: the union stays, villages, sectors and townships follow, the past remains, undo restores."""
    before = {level: shapes(registrar, level) for level in range(1, 6)}
    bent = [[GRID_MIDDLE, SOUTH - 0.1], [GRID_MIDDLE + 0.01, SOUTH], [GRID_MIDDLE, SOUTH + 0.1]]
    edit = {
        "kind": "border",
        "grids": [LEAVES[1], LEAVES[2]],
        "line": {"type": "LineString", "coordinates": bent},
    }
    later(registrar, clock, hours=7)  # the next day
    preview = registrar.send_plain("POST", "/grids/edit/preview", edit).json()
    assert shapes(registrar) == before[5]
    done = registrar.post("/grids/edit", edit).json()
    assert done == preview
    assert {one["code"] for one in done["changes"]} == {
        LEAVES[1], LEAVES[2], f"{builders.WEST_VILLAGE}-S", f"{builders.EAST_VILLAGE}-S", "S2-W", "S2-E", "S3-W", "S3-E",
    }  # fmt: skip
    for level in range(1, 6):
        now = shapes(registrar, level)
        assert shapely.union_all(list(now.values())).equals(shapely.union_all(list(before[level].values())))
    assert leaf(ask(registrar, f"{GRID_MIDDLE + 0.005},{SOUTH}")) == LEAVES[1]
    assert registrar.get("/grids/check", params={"theme": GRID_THEME}).json()["complete"]
    day = str((clock.now - timedelta(days=1)).date())
    past = registrar.get(f"/grids/{LEAVES[1]}", params={"day": day}).json()
    assert past["past"]
    assert shape(past["geometry"]).equals(before[5][LEAVES[1]])
    later(registrar, clock, hours=1)
    assert registrar.post("/grids/undo", {"number": newest(registrar)}).status_code == 204
    assert {level: shapes(registrar, level) for level in range(1, 6)} == before
    assert leaf(ask(registrar, f"{GRID_MIDDLE + 0.005},{SOUTH}")) == LEAVES[2]


def test_a_split_gives_a_new_code_and_a_merge_ends_the_duties_of_what_goes(
    registrar: Browser, clock: Clock
) -> None:
    """The larger part keeps code and persons; undoing the merge brings the other back, with its persons."""
    line = {"type": "LineString", "coordinates": [[builders.WEST + 0.01, 35.8], [builders.WEST + 0.01, 36.2]]}
    later(registrar, clock, minutes=1)
    done = registrar.post("/grids/edit", {"kind": "split", "grids": [LEAVES[0]], "line": line}).json()
    new = f"{builders.WEST_VILLAGE}-S03"
    assert [one["code"] for one in done["changes"]] == [LEAVES[0], new]
    later(registrar, clock, hours=7)  # the next day
    merged = registrar.post("/grids/edit", {"kind": "merge", "grids": [LEAVES[1], LEAVES[0], new]}).json()
    assert [duty["code"] for duty in merged["ending"]] == [f"duty-{LEAVES[1]}"]
    assert set(shapes(registrar)) == {LEAVES[0], LEAVES[2], LEAVES[3]}
    assert registrar.get(f"/grids/{LEAVES[1]}").status_code == 404
    day = {"day": str((clock.now - timedelta(days=1)).date())}
    assert [one["subject"] for one in registrar.get(f"/grids/{LEAVES[1]}", params=day).json()["duties"]][
        -1
    ] == LEAVES[1]
    later(registrar, clock, hours=1)
    assert registrar.post("/grids/undo", {"number": newest(registrar)}).status_code == 204
    assert set(shapes(registrar)) == {*LEAVES, new}
    assert registrar.get(f"/grids/{LEAVES[1]}").json()["duties"][-1]["code"] == f"duty-{LEAVES[1]}"


def test_an_undo_that_something_newer_overtook_is_refused(registrar: Browser, clock: Clock) -> None:
    """Whoever renamed the cell later knew more."""
    for name in ("一", "二"):
        later(registrar, clock, hours=1)
        assert (
            registrar.post("/grids/edit", {"kind": "rename", "grids": [LEAVES[0]], "name": name}).status_code
            == 200
        )
    later(registrar, clock, hours=1)
    answer = registrar.post("/grids/undo", {"number": newest(registrar) - 1})
    assert (answer.status_code, answer.json()["code"]) == (409, "undo_overtaken")


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        ({"kind": "merge", "grids": [LEAVES[0], LEAVES[2]]}, "grid_different_parents"),
        ({"kind": "merge", "grids": [LEAVES[0], LEAVES[0]]}, "grid_choose_several"),
        ({"kind": "split", "grids": [LEAVES[0]]}, "grid_no_line"),
        ({"kind": "split", "grids": ["S1"], "line": {"type": "LineString", "coordinates": [[110, 36], [112, 36]]}}, "grid_not_leaf"),
        ({"kind": "border", "grids": [LEAVES[0], LEAVES[3]], "line": {"type": "LineString", "coordinates": [[111, 35.9], [111, 36.1]]}}, "grid_not_adjacent"),
    ],
)  # fmt: skip
def test_an_edit_that_would_break_the_grids_is_refused_by_name(
    registrar: Browser, edit: dict[str, Any], code: str
) -> None:
    """And nothing changes."""
    before = shapes(registrar)
    answer = registrar.post("/grids/edit", edit)
    assert (answer.status_code, answer.json()["code"]) == (
        422 if code == "grid_choose_several" else 409,
        code,
    )
    assert shapes(registrar) == before


def test_the_check_names_every_fault_and_mending_closes_the_hairlines(
    registrar: Browser, engine: Engine, clock: Clock
) -> None:
    """A gap of a hand's width, a cell without anybody, a person without a telephone; then only what people must do is left."""
    gap = builders.GRID_EDGES[1] + 2e-6
    with engine.begin() as connection:
        history.at(connection, clock.now)
        narrow = shapely.MultiPolygon([shapely.box(gap, SOUTH - 0.1, GRID_MIDDLE, SOUTH + 0.1)])
        cells = tables.grid_cells
        connection.execute(update(cells).where(cells.c.code == LEAVES[1]).values(geom=builders.wkt(narrow)))
        connection.execute(text("DELETE FROM duties WHERE code = :code"), {"code": f"duty-{LEAVES[3]}"})
        connection.execute(text("UPDATE people SET phone = '' WHERE code = 'S-A'"))
    found = registrar.get("/grids/check", params={"theme": GRID_THEME}).json()
    assert found["counts"] == {"gap": 1, "unstaffed": 1, "no_phone": 1}
    assert not found["complete"]
    assert found["uncovered_km2"] == pytest.approx(found["land_km2"] / 4, rel=0.05)
    drawn = registrar.get("/grids/check/shapes", params={"theme": GRID_THEME}).json()["features"]
    assert len(drawn) == 3
    proposal = registrar.get("/grids/mending", params={"theme": GRID_THEME}).json()
    assert [one["code"] for one in proposal["changes"]] in ([LEAVES[0]], [LEAVES[1]])
    later(registrar, clock, hours=1)
    stale = registrar.post("/grids/mending", {"theme": GRID_THEME, "number": proposal["number"] - 1})
    assert (stale.status_code, stale.json()["code"]) == (409, "grids_changed")
    done = registrar.post("/grids/mending", {"theme": GRID_THEME, "number": proposal["number"]})
    assert done.json() == {"changed": 1}
    after = registrar.get("/grids/check", params={"theme": GRID_THEME}).json()
    assert after["counts"] == {"unstaffed": 1, "no_phone": 1}
    later(registrar, clock, hours=1)
    again = registrar.post("/grids/mending", {"theme": GRID_THEME, "number": after["number"]})
    assert again.json()["code"] == "nothing_to_mend"


def made(somebody: Browser, wish: dict[str, Any]) -> str:
    job = somebody.post("/grids/making", wish)
    assert job.status_code == 202, job.text
    for _ in range(200):
        found = somebody.get(f"/jobs/{job.json()['id']}").json()
        if found["state"] not in {"waiting", "running"}:
            break
        time.sleep(0.05)
    assert found["state"] == "done", found
    name: str = found["result"]["made"]
    return name


def test_leaves_are_made_in_a_job_looked_at_and_applied_as_one_act(registrar: Browser, clock: Clock) -> None:
    """Nothing is written before; land that stays keeps its code and persons; what goes is named; undo brings all back."""
    before = shapes(registrar)
    wish = {"theme": GRID_THEME, "area": builders.WEST_VILLAGE, "method": "divide", "each": 3}
    later(registrar, clock, hours=1)
    name = made(registrar, wish)
    preview = registrar.get(f"/grids/making/{name}").json()
    assert preview["counts"] == {"new": 3, "changed": 0, "same": 0, "gone": 2}
    assert {one["grid"] for one in preview["ending"]} == {LEAVES[0], LEAVES[1]}
    assert 0 <= preview["gap"] <= 1
    assert shapes(registrar) == before
    assert registrar.post(f"/grids/making/{name}/apply").json() == preview["counts"]
    now = shapes(registrar)
    assert set(now) == {
        *(f"{builders.WEST_VILLAGE}-S{number:02}" for number in (3, 4, 5)),
        LEAVES[2],
        LEAVES[3],
    }
    assert difference(now, before) < 1e-9  # ten square metres along 40 km of border, by rounding
    later(registrar, clock, hours=1)
    again = registrar.post(f"/grids/making/{name}/apply")
    assert (again.status_code, again.json()["code"]) == (409, "grids_changed")
    same = registrar.get(f"/grids/making/{made(registrar, wish)}").json()
    assert same["counts"] == {"new": 0, "changed": 0, "same": 3, "gone": 0}
    assert registrar.post("/grids/undo", {"number": newest(registrar)}).status_code == 204
    assert shapes(registrar) == before


@pytest.mark.parametrize(
    "wish",
    [
        {"method": "squares", "size_m": 5000},
        {"method": "beidou", "beidou_level": 3},
        {"method": "divide", "total": 7},
        {"method": "drawn", "drawn": [mapping(shapely.box(110.9, 35.8, 111.15, 36.2))]},
    ],
)
def test_every_way_of_making_covers_the_villages_exactly(registrar: Browser, wish: dict[str, Any]) -> None:
    """Squares, BeiDou cells, a number for all together, drawn polygons: no gap and no overlap."""
    name = made(registrar, {"theme": GRID_THEME, "area": builders.COUNTY, **wish})
    assert registrar.post(f"/grids/making/{name}/apply").status_code == 200
    report = registrar.get("/grids/check", params={"theme": GRID_THEME}).json()
    assert set(report["counts"]) <= {"unstaffed", "overloaded", "in_pieces"}, report["findings"]
    if "total" in wish:
        assert report["leaves"] == 7


def test_a_theme_without_grids_gets_the_upper_levels_of_another(registrar: Browser) -> None:
    """A county that divides for geohazards for the first time has its townships and villages already."""
    wish = {"theme": "geohazard", "area": builders.COUNTY, "method": "divide", "each": 2}
    name = made(registrar, wish)
    assert registrar.post(f"/grids/making/{name}/apply").status_code == 200
    report = registrar.get("/grids/check", params={"theme": "geohazard"}).json()
    assert (report["cells"], report["leaves"], set(report["counts"])) == (11, 4, {"unstaffed"})


def test_a_county_without_any_cell_gets_all_five_levels(engine: Engine, registrar: Browser) -> None:
    """From outlines and village points, leaves for what was asked; the preview says so, and the next township follows."""
    with engine.begin() as connection:
        connection.execute(delete(tables.duties))
        connection.execute(delete(tables.grid_cells))
        builders.add_village(
            connection,
            code="V-9",
            area_code=None,
            name="新村",
            geom=builders.wkt(shapely.Point(WEST_LEAF[0], SOUTH)),
        )
    wish = {"theme": GRID_THEME, "area": builders.WEST_TOWNSHIP, "method": "divide", "each": 2}
    name = made(registrar, wish)
    preview = registrar.get(f"/grids/making/{name}").json()
    assert [(one["level"], one["origin"], one["cells"]) for one in preview["upper"]] == [
        (1, "outlines", 1),
        (2, "outlines", 2),
        (3, "whole", 2),
        (4, "points", 3),
    ]
    assert preview["landless"] == []
    assert registrar.post(f"/grids/making/{name}/apply").status_code == 200
    assert {level: len(shapes(registrar, level)) for level in range(1, 6)} == {1: 1, 2: 2, 3: 2, 4: 3, 5: 4}
    later_wish = wish | {"area": builders.COUNTY}
    name = made(registrar, later_wish)
    assert registrar.post(f"/grids/making/{name}/apply").status_code == 200
    report = registrar.get("/grids/check", params={"theme": GRID_THEME}).json()
    assert (report["cells"], report["leaves"], set(report["counts"])) == (14, 6, {"unstaffed"})


def test_a_wish_that_says_too_little_is_refused(registrar: Browser) -> None:
    """With the name of what is wrong, before any work begins."""
    wish = {"theme": GRID_THEME, "area": builders.COUNTY, "method": "squares"}
    answer = registrar.post("/grids/making", wish)
    assert (answer.status_code, answer.json()["code"]) == (422, "grid_wish_incomplete")


def test_assigning_is_kept_with_its_dates(registrar: Browser, clock: Clock) -> None:
    """The deputy stands in from next week on; the cell says so today, and the chain only then."""
    first = str((clock.now + timedelta(days=7)).date())
    body = {"person": builders.SAFETY_DEPUTY, "role": "grid_deputy", "rank": "B", "valid_from": first}
    assert registrar.post(f"/grids/{LEAVES[0]}/duties", body).status_code == 201
    sheet = registrar.get(f"/grids/{LEAVES[0]}").json()
    assert [one["person"]["code"] for one in sheet["other_duties"]] == [builders.SAFETY_DEPUTY]
    later = ask(registrar, LEAVES[0], day=first)["chains"][0]["links"][-1]["duties"]
    assert [one["person"]["code"] for one in later] == [builders.SAFETY_HEAD, builders.SAFETY_DEPUTY]
    nobody = registrar.post(f"/grids/{LEAVES[0]}/duties", {"person": "none", "role": "ranger"})
    assert (nobody.status_code, nobody.json()["code"]) == (404, "no_such_person")
