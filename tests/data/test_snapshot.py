from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from data import closures, incidents, orders, snapshot, stock, units
from data.orders import LineRecord
from dispatch.cards import Card, CardLine
from dispatch.model import Legs, Need, Snapshot, Team
from tests import builders
from tests.builders import NOW, on_main_road
from tests.data.conftest import Begin

LEGS = Legs(notify_ms=1, assemble_ms=2, road_ms=3, walk_ms=4)
CARDS = {
    "landslide": Card(
        incident_type="landslide",
        lines=(
            CardLine(kind="capability", code="landslide_rescue", quantities=(40, 30, 20, 10)),
            CardLine(kind="material", code="shovel", quantities=(400, 200, 100, 50), critical=False),
        ),
    )
}


@pytest.fixture
def county(begin: Begin) -> dict[str, int]:
    with begin() as connection:
        ids = builders.add_county(connection)
        ids["incident"] = report(connection, level=4)
    return ids


def report(connection: Connection, **overrides: Any) -> int:
    values: dict[str, Any] = {
        "type": "landslide",
        "level": 3,
        "position": on_main_road(6),
        "reported_at": NOW,
        "reported_by": "zhang",
    }
    return incidents.insert(connection, **{**values, **overrides}).id


def take(connection: Connection, *incident_ids: int, **overrides: Any) -> Snapshot:
    values: dict[str, Any] = {"requirement_cards": CARDS, "at": NOW}
    return snapshot.take(connection, incident_ids=incident_ids, **{**values, **overrides})


def send_team(connection: Connection, county: dict[str, int], team: str, heads: int) -> int:
    return orders.insert(
        connection,
        kind="team",
        legs=LEGS,
        sent_at=NOW,
        created_by="zhang",
        incident_id=county["incident"],
        team_id=county[team],
        lines=[LineRecord(need="capability:landslide_rescue", code="landslide_rescue", quantity=heads)],
    ).id


def send_goods(connection: Connection, county: dict[str, int], quantity: int) -> int:
    line = LineRecord(need="material:shovel", code="shovel", quantity=quantity, lot_id=county["lot"])
    order = orders.insert(
        connection,
        kind="carrier",
        legs=LEGS,
        sent_at=NOW,
        created_by="zhang",
        incident_id=county["incident"],
        depot_id=county["depot"],
        vehicle_id=county["carrier"],
        lines=[line],
    )
    stock.reserve(
        connection, lot_id=county["lot"], quantity=quantity, order_id=order.id, actor="zhang", at=NOW
    )
    return order.id


def team_in(taken: Snapshot, team_id: int) -> Team:
    (team,) = (team for team in taken.teams if team.id == team_id)
    return team


def test_an_idle_county_is_all_there(begin: Begin, county: dict[str, int]) -> None:
    """Every team, vehicle, lot and carrier with what the planner needs to know of it."""
    with begin() as connection:
        taken = take(connection, county["incident"])
    assert taken.taken_at == NOW
    assert {team.status for team in taken.teams} == {"available"}
    landslide = team_in(taken, county["landslide"])
    assert landslide.position == on_main_road(3)
    assert landslide.township == builders.WEST_TOWNSHIP
    assert [(one.code, one.grade) for one in landslide.capabilities] == [
        ("landslide_rescue", 1),
        ("search_rescue", 1),
    ]
    (excavator,) = landslide.vehicles
    assert (excavator.kind, excavator.profile.mass_kg, excavator.available) == ("excavator", 38_000, True)
    (depot,) = taken.depots
    assert [carrier.load_kg for carrier in depot.carriers] == [6000, 6000]
    assert [(lot.item, lot.quantity, lot.unit_kg) for lot in depot.lots] == [("shovel", 500, 2)]


def test_what_open_orders_hold_is_not_free(begin: Begin, county: dict[str, int]) -> None:
    """A team that is out, a carrier that is loading and goods that are promised cannot be planned again."""
    with begin() as connection:
        send_team(connection, county, "landslide", 10)
        send_goods(connection, county, 30)
    with begin() as connection:
        taken = take(connection, county["incident"])
    assert team_in(taken, county["landslide"]).status == "committed"
    assert team_in(taken, county["landslide"]).vehicles[0].available, "its excavator has a crew of its own"
    (depot,) = taken.depots
    assert {carrier.id: carrier.available for carrier in depot.carriers} == {
        county["carrier"]: False,
        county["second_carrier"]: True,
    }
    assert depot.lots[0].quantity == 470


def test_an_incident_asks_only_for_what_orders_do_not_bring(begin: Begin, county: dict[str, int]) -> None:
    """Level IV asks for 10 heads and 50 shovels; raised to III, only the difference to what is ordered is left."""
    with begin() as connection:
        send_team(connection, county, "landslide", 10)
        send_goods(connection, county, 30)
        (incident,) = take(connection, county["incident"]).incidents
        assert [(need.key, need.quantity) for need in incident.needs] == [("material:shovel", 20)]
        incidents.set_level(connection, incident_id=county["incident"], level=3)
        (incident,) = take(connection, county["incident"]).incidents
    assert [(need.key, need.quantity) for need in incident.needs] == [
        ("capability:landslide_rescue", 10),
        ("material:shovel", 70),
    ]


@pytest.mark.parametrize(
    ("way", "left"),
    [(["refused"], 10), (["cancelled"], 10), (["acknowledged", "departed", "arrived", "finished"], 0)],
)
def test_a_refusal_brings_a_need_back_and_a_finished_order_does_not(
    begin: Begin, county: dict[str, int], way: list[Any], left: int
) -> None:
    """Help that was given counts; help that never comes does not."""
    with begin() as connection:
        order = send_team(connection, county, "landslide", 10)
        for state in way:
            orders.advance(connection, order_id=order, state=state, at=NOW)
        (incident,) = take(connection, county["incident"]).incidents
    heads = {need.key: need.quantity for need in incident.needs}
    assert heads.get("capability:landslide_rescue", 0) == left


def test_only_open_incidents_that_were_asked_for(begin: Begin, county: dict[str, int]) -> None:
    """A joint plan is for the incidents that the commander chose."""
    with begin() as connection:
        other, over = report(connection), report(connection)
        incidents.set_state(connection, incident_id=over, state="cancelled", at=NOW)
        assert [one.id for one in take(connection, county["incident"], over).incidents] == [
            county["incident"]
        ]
        both = take(connection, other, county["incident"])
    assert [one.id for one in both.incidents] == [county["incident"], other]


@pytest.mark.parametrize(
    ("status", "seen_as"),
    [
        ("off_duty", "off_duty"),
        ("resting", "resting"),
        ("unavailable", "unavailable"),
        ("on_duty", "available"),
    ],
)
def test_a_teams_own_word_counts(begin: Begin, county: dict[str, int], status: Any, seen_as: str) -> None:
    """Why a team may not be used is a code that the explanation shows."""
    with begin() as connection:
        units.report_team(connection, team_id=county["both"], status=status, strength=4, reported_at=NOW)
        team = team_in(take(connection, county["incident"]), county["both"])
    assert (team.status, team.strength) == (seen_as, 4)


def test_a_team_that_reported_elsewhere_is_there(begin: Begin, county: dict[str, int]) -> None:
    """Times are measured from where a team is, not from where its ledger keeps it."""
    with begin() as connection:
        units.report_team(
            connection, team_id=county["both"], status="on_duty", position=on_main_road(10), reported_at=NOW
        )
        assert team_in(take(connection, county["incident"]), county["both"]).position == on_main_road(10)


def test_an_old_report_makes_a_team_stale(begin: Begin, county: dict[str, int]) -> None:
    """Age of data is part of availability; without a limit nothing goes stale."""
    later = NOW + timedelta(hours=25)
    with begin() as connection:
        incident = county["incident"]
        stale = take(connection, incident, at=later, stale_after=timedelta(hours=24))
        fresh = take(connection, incident, at=later)
    assert team_in(stale, county["both"]).status == "stale"
    assert team_in(fresh, county["both"]).status == "available"


def test_goods_past_their_date_stay_at_home(begin: Begin, county: dict[str, int]) -> None:
    """Both are good through their last day: what expires, and the agreement that gives a right to it."""
    today = NOW.date()
    with begin() as connection:
        dated: dict[str, dict[str, Any]] = {
            "good today": {"expires_on": today},
            "bad since yesterday": {"expires_on": today - timedelta(days=1)},
            "agreed till today": {
                "contract_ends_on": today,
                "ownership": "agreement",
                "activation_ms": 60_000,
            },
            "agreement over": {"contract_ends_on": date(2026, 1, 1), "ownership": "agreement"},
        }
        for name, columns in dated.items():
            builders.add_lot(connection, depot=county["depot"], item=name, quantity=5, **columns)
        builders.add_lot(connection, depot=county["depot"], item="none left", quantity=0)
        (depot,) = take(connection, county["incident"]).depots
    assert [lot.item for lot in depot.lots] == ["shovel", "good today", "agreed till today"]
    assert [lot.activation_ms for lot in depot.lots] == [0, 0, 60_000]


def test_what_is_out_of_service_or_closed_says_so(begin: Begin, county: dict[str, int]) -> None:
    """A depot without its keeper and a truck in the workshop stand in the snapshot, but not as help."""
    with begin() as connection:
        units.report_vehicle(connection, vehicle_id=county["carrier"], in_service=False, reported_at=NOW)
        units.report_depot(connection, depot_id=county["depot"], open=False, reported_at=NOW)
        (depot,) = take(connection, county["incident"]).depots
    assert not depot.open
    assert [carrier.available for carrier in depot.carriers] == [False, True]


def test_closures_that_hold_or_will(begin: Begin, county: dict[str, int]) -> None:
    """An ended closure is gone; one for tonight is there with its window, for the road search to judge."""
    hour = timedelta(hours=1)
    with begin() as connection:
        place: dict[str, Any] = {
            "geometry": builders.triangle(111, 36, 0.01),
            "created_at": NOW,
            "created_by": "zhang",
        }
        open_ended = closures.insert(connection, **place)
        tonight = closures.insert(connection, starts_at=NOW + hour, ends_at=NOW + 2 * hour, **place)
        closures.insert(connection, starts_at=NOW - 2 * hour, ends_at=NOW - hour, **place)
        opened = closures.insert(connection, **place)
        closures.edit(connection, closure_id=opened.id, ended_at=NOW, ended_by="zhang")
        taken = take(connection, county["incident"])
    assert taken.closures == (open_ended.on_roads(), tonight.on_roads())


def test_an_incident_without_a_card(begin: Begin) -> None:
    """A plan for nothing would look like a plan for everything."""
    with begin() as connection:
        incident = report(connection, type="meteorite")
        with pytest.raises(LookupError, match="meteorite"):
            take(connection, incident)


def test_equal_states_are_spelled_alike(begin: Begin, county: dict[str, int]) -> None:
    """The hash of the spelling says whether anything changed that a decision may look at."""
    with begin() as connection:
        first = take(connection, county["incident"])
    with begin() as connection:
        again = take(connection, county["incident"])
        send_goods(connection, county, 1)
        changed = take(connection, county["incident"])
    assert snapshot.spell(first) == snapshot.spell(again)
    assert snapshot.spell(changed) != snapshot.spell(first)
    assert snapshot.restore(snapshot.spell(changed)) == changed


def test_a_need_survives_in_the_cards_order(begin: Begin, county: dict[str, int]) -> None:
    """Needs come as the card states them, so that two snapshots of one state are one."""
    with begin() as connection:
        (incident,) = take(connection, county["incident"]).incidents
    assert incident.needs[0] == Need(
        key="capability:landslide_rescue", kind="capability", code="landslide_rescue", quantity=10
    )
