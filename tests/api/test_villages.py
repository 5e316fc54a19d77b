"""Orders that reach the village: called, answered on a link, done; never twice, and people only for those who may call them."""

import pytest
from sqlalchemy import Engine, insert

from api.context import Context
from api.security import Actor
from api.usecases import villages
from data import tables, worlds
from tests import builders
from tests.api.conftest import Browser
from tests.api.test_dispatch import report
from tests.api.test_order_links import link


@pytest.fixture
def people(engine: Engine, county: dict[str, int]) -> None:
    """A head and a substitute of the western leaf grid."""
    assert county
    with engine.begin() as connection:
        here = worlds.inside(connection, worlds.LIVE)
        grid = here.scalar(
            tables.grid_cells.select()
            .with_only_columns(tables.grid_cells.c.id)
            .where(tables.grid_cells.c.code == builders.LEAF_GRID)
        )
        for code, name, rank in (("P1", "王替补", "B"), ("P2", "李主任", "A")):
            person = here.execute(
                insert(tables.people)
                .values(code=code, name=name, phone="13900000001")
                .returning(tables.people.c.id)
            ).scalar_one()
            here.execute(
                insert(tables.duties).values(
                    code=f"D{code}", person_id=person, role="grid_head", rank=rank, grid_id=grid
                )
            )


def test_a_village_is_called_answers_and_is_done(commander: Browser) -> None:
    """From the call to "done" in three steps, all of them in the minutes of the order."""
    incident = report(commander)
    body = {"village": "西岭村", "tasks": ["guide", "warn"]}
    answer = commander.post(f"/incidents/{incident}/villages", body)
    assert answer.status_code == 201, answer.text
    order = answer.json()
    assert (order["kind"], order["village"], order["state"]) == ("village", builders.WEST_VILLAGE, "sent")
    assert order["answer_by"] is not None
    token = link(commander, order)
    commander.http.cookies.clear()
    assert commander.post(f"/order-links/{token}/depart").status_code == 409
    answered = commander.post(f"/order-links/{token}/acknowledge").json()
    assert (answered["state"], answered["acts"]) == ("acknowledged", ["finish", "refuse"])
    done = commander.post(f"/order-links/{token}/finish").json()
    assert done["state"] == "finished"
    assert done["finished_at"] is not None


def test_a_village_has_one_open_order_for_an_incident(commander: Browser) -> None:
    """Two desks that call the same village would each wait for an answer that comes once."""
    incident = report(commander)
    body = {"village": builders.WEST_VILLAGE}
    first = commander.post(f"/incidents/{incident}/villages", body)
    assert first.status_code == 201
    second = commander.post(f"/incidents/{incident}/villages", body)
    assert (second.status_code, second.json()["code"]) == (409, "village_called_already")
    commander.post(f"/orders/{first.json()['id']}/cancel")
    assert commander.post(f"/incidents/{incident}/villages", body).status_code == 201


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"village": "没有这个村"}, 404, "no_such_village"),
        ({"village": "西岭村", "tasks": ["evacuate"], "shelter": "S0"}, 404, "no_such_shelter"),
        ({"village": "西岭村", "tasks": ["dance"]}, 422, "fields_invalid"),
    ],
)
def test_a_wrong_call_is_refused(commander: Browser, body: dict[str, object], status: int, code: str) -> None:
    """What nobody can do is refused before anybody is called."""
    answer = commander.post(f"/incidents/{report(commander)}/villages", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_village_stands_on_the_map(commander: Browser) -> None:
    """It stands where it lies, with the state of its order, like a team."""
    incident = report(commander)
    commander.post(f"/incidents/{incident}/villages", {"village": builders.EAST_VILLAGE})
    (shown,) = commander.get("/map/state").json()["orders"]["features"]
    assert (shown["properties"]["kind"], shown["properties"]["name"]) == ("village", "东沟村")
    assert shown["geometry"]["coordinates"] == pytest.approx(list(builders.on_main_road(8)))


def test_calling_a_village_meets_no_need_of_the_card(commander: Browser) -> None:
    """A guide at the junction is no rescue team: what the card asks for stays outstanding."""
    incident = report(commander)
    before = commander.get(f"/incidents/{incident}").json()["outstanding"]
    commander.post(f"/incidents/{incident}/villages", {"village": builders.WEST_VILLAGE})
    assert commander.get(f"/incidents/{incident}").json()["outstanding"] == before


@pytest.mark.usefixtures("people")
def test_contacts_come_in_their_turn_and_masked(commander: Browser, context: Context) -> None:
    """A answers first and B stands in; a viewer sees that there is somebody, not who."""
    incident = report(commander)
    commander.post(f"/incidents/{incident}/villages", {"village": builders.WEST_VILLAGE})
    seen = villages.contacts(context.acting(Actor(name="o", role="duty_officer")), [builders.WEST_VILLAGE])
    assert [one.name for one in seen[builders.WEST_VILLAGE]] == ["李主任", "王替补"]
    hidden = villages.contacts(context.acting(Actor(name="v", role="viewer")), [builders.WEST_VILLAGE])
    assert [one.phone for one in hidden[builders.WEST_VILLAGE]] == ["***01", "***01"]


def test_a_village_writes_to_the_command_post(commander: Browser) -> None:
    """Its link carries words like a team's, and they stand with the incident."""
    incident = report(commander)
    order = commander.post(f"/incidents/{incident}/villages", {"village": builders.WEST_VILLAGE}).json()
    answer = commander.post(f"/order-links/{link(commander, order)}/messages", {"body": "三户不肯走"})
    assert answer.status_code == 201, answer.text
    (seen,) = commander.get("/messages", params={"incident": incident}).json()
    assert (seen["body"], seen["order_id"]) == ("三户不肯走", order["id"])
