"""The map's search box, what lies under the cursor, and measuring."""

import pytest
from sqlalchemy import Engine, text

from tests import builders
from tests.api.conftest import Browser
from tests.api.test_dispatch import report
from tests.api.test_roles import SignIn


def kinds(browser: Browser, words: str) -> list[str]:
    return [one["kind"] for one in browser.get("/search", params={"q": words}).json()]


@pytest.mark.parametrize(
    "written",
    [
        "111.04, 36.02",
        "36.02, 111.04",
        "36°01′12″N 111°02′24″E",
        "E111°02′24″ N36°01′12″",
        "东经111°2′24″ 北纬36°1′12″",
    ],
)
def test_a_written_position_is_found_in_any_usual_spelling(
    commander: Browser, county: dict[str, int], written: str
) -> None:
    """A caller reads it from a telephone or a map: the order of the axes must not lead to the Pacific."""
    assert county
    found = commander.get("/search", params={"q": written}).json()
    assert found[0]["kind"] == "position"
    assert found[0]["position"] == pytest.approx([111.04, 36.02])


def test_a_beidou_code_leads_to_its_cell(commander: Browser, county: dict[str, int]) -> None:
    """Read out over the radio, with gaps, and typed in small letters."""
    assert county
    here = commander.get("/locate", params={"lon": 111.04, "lat": 36.02}).json()
    assert here["beidou"].startswith("N49J")
    spoken = f"{here['beidou'][:4]} {here['beidou'][4:]}".lower()
    found = commander.get("/search", params={"q": spoken}).json()
    assert found[0]["position"] == pytest.approx([111.04, 36.02], abs=2 / 3600)
    assert found[0]["code"] == here["beidou"]


def test_open_incidents_are_found_by_type_and_number(commander: Browser, county: dict[str, int]) -> None:
    """In either language, whatever was written about them."""
    assert county
    incident = report(commander)
    assert kinds(commander, "滑坡")[0] == "incident"
    assert kinds(commander, "landslide")[0] == "incident"
    assert commander.get("/search", params={"q": f"#{incident}"}).json()[0]["id"] == incident


def test_a_road_is_found_once_by_name_and_by_number(
    commander: Browser, county: dict[str, int], engine: Engine
) -> None:
    """A road of many edges is one answer, at the middle of its longest stretch."""
    assert county
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE road_edges SET name = '沿河路', ref = 'S218' WHERE road_class = 'secondary'")
        )
    for words in ("沿河", "s218"):
        found = commander.get("/search", params={"q": words}).json()
        assert [(one["kind"], one["name"], one["code"]) for one in found] == [("road", "沿河路", "S218")]
        assert found[0]["position"][1] == pytest.approx(builders.SOUTH)


def test_people_are_found_by_those_alone_who_may_see_them(
    sign_in: SignIn, county: dict[str, int], engine: Engine
) -> None:
    """An answer at all would tell a viewer that the person exists, and where."""
    assert county
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO people (code, name, phone) VALUES ('P1', '钱守山', '10000000009')")
        )
        connection.execute(
            text(
                "INSERT INTO duties (code, person_id, role, grid_id)"
                " SELECT 'D1', people.id, 'grid_head', grid_cells.id FROM people, grid_cells"
                " WHERE people.code = 'P1' AND grid_cells.code = :leaf"
            ),
            {"leaf": builders.LEAF_GRID},
        )
    assert kinds(sign_in("duty_officer"), "钱守山") == ["person"]
    assert kinds(sign_in("viewer"), "钱守山") == []
    assert kinds(sign_in("township"), "钱守山") == ["person"], (
        "an account without an area has the whole installation"
    )
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE users SET area_code = :area WHERE name = 'township'"),
            {"area": builders.EAST_TOWNSHIP},
        )
    assert kinds(sign_in("township"), "钱守山") == [], "the grid lies in the western township"
    assert kinds(sign_in("viewer"), "P1") == []


def test_a_place_tells_its_township(commander: Browser, county: dict[str, int]) -> None:
    """Five villages of one name are told apart by it."""
    assert county
    assert commander.get("/search", params={"q": "东沟村"}).json()[0]["within"] == "东镇"


def test_measuring_tells_the_road_beside_the_straight_line(
    commander: Browser, county: dict[str, int]
) -> None:
    """One number that is not the other: a ridge lies between."""
    assert county
    ends = [builders.on_main_road(1), builders.on_main_road(9)]
    points = ";".join(f"{lon},{lat}" for lon, lat in ends)
    found = commander.get("/measure", params={"points": points}).json()
    assert found["road_m"] == pytest.approx(found["straight_m"], rel=0.01)  # the main road runs straight
    assert found["legs"][0]["drive"]["type"] == "LineString"
    heavy = commander.get("/measure", params={"points": points, "by": "heavy"}).json()
    assert heavy["road_ms"] > found["road_ms"]


def test_measuring_respects_what_is_closed_now(commander: Browser, county: dict[str, int]) -> None:
    """The distance that is told is the one that can be driven."""
    assert county
    points = ";".join(f"{lon},{lat}" for lon, lat in (builders.on_main_road(1), builders.on_main_road(4)))
    before = commander.get("/measure", params={"points": points}).json()
    closed = {"type": "Point", "coordinates": list(builders.on_main_road(2.5))}
    assert commander.post("/closures", {"geometry": closed}).status_code == 201
    after = commander.get("/measure", params={"points": points}).json()
    assert after["road_m"] is None or after["road_m"] > before["road_m"]
    assert after["straight_m"] == before["straight_m"]


@pytest.mark.parametrize("points", ["", "1,2", "1,2;x,3", "1,2;3", "200,1;3,4", ";".join(["111,36"] * 21)])
def test_points_that_cannot_be_measured_are_refused(
    commander: Browser, county: dict[str, int], points: str
) -> None:
    assert county
    answer = commander.get("/measure", params={"points": points})
    assert (answer.status_code, answer.json()["code"]) == (422, "points_unreadable")


def test_a_tile_that_the_browser_has_is_not_sent_again(commander: Browser, county: dict[str, int]) -> None:
    """A map is panned back and forth all night over a line that may be weak."""
    assert county
    first = commander.get("/tiles/10/827/402.mvt", headers={"Accept-Encoding": "gzip"})
    assert first.headers["content-encoding"] == "gzip"
    again = commander.get("/tiles/10/827/402.mvt", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = commander.get("/tiles/10/827/402.mvt", headers={"Accept-Encoding": "identity"})
    assert plain.content == first.content
    assert "content-encoding" not in plain.headers
