"""Mutual aid between two townships of the hand-made county: asked, lent, planned, and given back."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine

from api.context import Context
from api.errors import ConflictError
from api.security import AccountRole, Actor
from api.usecases import aid, incidents
from data import accounts, journal
from data import aid as aid_rows
from tests import builders
from tests.api.conftest import Browser, Clock, beside
from tests.api.test_dispatch import confirm, propose

Enter = Callable[[str, str, AccountRole], Browser]


@pytest.fixture
def enter(app: FastAPI, sign_in: Callable[[str], Browser], password_hash: str, clock: Clock) -> Enter:
    """Make an account for an area and sign it in."""

    def made(name: str, area: str, role: AccountRole = "township") -> Browser:
        with app.state.context.world.begin() as connection:
            accounts.insert_user(
                connection, name=name, role=role, password_hash=password_hash, at=clock.now, area_code=area
            )
        return sign_in(name)

    return made


def test_a_lent_team_is_planned_there_alone_and_comes_back(enter: Enter, county: dict[str, int]) -> None:
    """Granted, it is the asker's for that incident and nobody's for another; ended, it is its owner's again."""
    west = enter("west", builders.WEST_TOWNSHIP, "township")
    east = enter("east", builders.EAST_TOWNSHIP, "township")
    here = {"type": "landslide", "level": 3, "position": list(builders.on_main_road(2))}
    incident = west.post("/incidents", here).json()["id"]
    east_team = county["far"]
    assert west.get(f"/teams/{east_team}").status_code == 404

    wrong = west.post("/aid", {"incident": incident, "to_area": builders.COUNTY})
    assert wrong.json()["code"] == "no_such_partner"
    asked = west.post("/aid", {"incident": incident, "to_area": builders.EAST_TOWNSHIP, "text": "请支援"})
    aid = asked.json()["id"]
    assert (
        west.post("/aid", {"incident": incident, "to_area": builders.EAST_TOWNSHIP}).json()["code"]
        == "asked_already"
    )
    assert west.post(f"/aid/{aid}/answer", {"grant": True, "teams": [east_team]}).status_code == 403
    assert [one["id"] for one in east.get("/aid").json()] == [aid]
    assert east.get(f"/incidents/{incident}").status_code == 200
    offered = east.get(f"/aid/{aid}/offers").json()
    assert ("team", east_team) in {(one["kind"], one["id"]) for one in offered}
    strange = east.post(f"/aid/{aid}/answer", {"grant": True, "teams": [county["both"]]})
    assert strange.json()["code"] == "not_your_unit"
    assert east.post(f"/aid/{aid}/answer", {"grant": False}).json()["code"] == "reason_wanted"
    granted = east.post(f"/aid/{aid}/answer", {"grant": True, "teams": [east_team]}).json()
    assert (granted["state"], granted["units"][0]["id"]) == ("granted", east_team)

    there = {**here, "position": list(builders.on_main_road(9))}
    own = east.post("/incidents", there).json()["id"]
    assert east_team not in {one["id"] for one in propose(east, own)["units"]["teams"]}
    pinned = west.post(
        "/plans",
        {"incidents": [incident], "pins": [{"kind": "team", "id": east_team, "incident": incident}]},
    ).json()
    assert east_team in {one["id"] for one in pinned["units"]["teams"]}
    sent = {one["team_id"]: one["id"] for one in confirm(west, pinned) if one["kind"] == "team"}
    assert sent[east_team] in {one["id"] for one in east.get("/orders").json()}
    assert west.post(f"/aid/{aid}/end").json()["code"] == "lent_units_busy"
    for step in ("acknowledge", "depart", "arrive", "finish"):
        assert east.post(f"/orders/{sent[east_team]}/{step}").status_code == 200
    assert west.post(f"/aid/{aid}/end").json()["state"] == "ended"
    after = west.post("/plans", {"incidents": [incident]}).json()
    assert east_team not in {one["id"] for one in after["units"]["teams"]}


def test_a_request_that_is_declined_says_why(enter: Enter) -> None:
    """The asker reads the reason, and may ask again."""
    west = enter("west", builders.WEST_TOWNSHIP, "township")
    east = enter("east", builders.EAST_TOWNSHIP, "township")
    here = {"type": "landslide", "level": 3, "position": list(builders.on_main_road(2))}
    incident = west.post("/incidents", here).json()["id"]
    body = {"incident": incident, "to_area": builders.EAST_TOWNSHIP}
    aid = west.post("/aid", body).json()["id"]
    east.post(f"/aid/{aid}/answer", {"grant": False, "text": "本镇也有险情"})
    seen = west.get(f"/aid/{aid}").json()
    assert (seen["state"], seen["answer"]) == ("declined", "本镇也有险情")
    assert west.post(f"/aid/{aid}/end").status_code == 409
    assert west.post("/aid", body).status_code == 201


def test_a_team_is_lent_to_one_incident_however_many_answer(
    context: Context, county: dict[str, int], engine: Engine
) -> None:
    """Two officers grant two requests at the same moment: who comes second is told that the team is gone."""
    west = context.acting(Actor(name="west", role="township", area=builders.WEST_TOWNSHIP))
    east = context.acting(Actor(name="east", role="township", area=builders.EAST_TOWNSHIP))
    asked = [
        aid.request(
            west,
            incidents.report(
                west, request_id=uuid.uuid4(), type="landslide", level=3, position=builders.on_main_road(node)
            ).id,
            request_id=uuid.uuid4(),
            to_area=builders.EAST_TOWNSHIP,
            text="请支援",
        ).id
        for node in (1, 2)
    ]
    team = county["far"]
    with ThreadPoolExecutor(1) as pool:
        with context.world.begin() as connection:  # the first officer's act, about to be committed
            aid_rows.answer(
                connection, aid_id=asked[0], granted=True, at=context.clock(), by="east", teams=[team]
            )
            journal.lock(connection)
            second = beside(
                engine,
                pool,
                lambda: aid.answer(east, asked[1], request_id=uuid.uuid4(), grant=True, teams=[team]),
            )
        with pytest.raises(ConflictError, match="team_taken"):
            second.result(timeout=60)
    assert aid.get(east, asked[1]).state == "requested"
