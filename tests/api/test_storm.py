"""A short storm over the hand-made county: real workers, real kills, and every law holds afterwards."""

import uuid

import pytest
from sqlalchemy import Engine, text

from api.context import Context
from api.storm.run import CYCLE, Report, Weather, run
from api.usecases import closures, incidents, plans, withdrawing
from data import integrity, worlds
from tests import builders


def county(context: Context) -> None:
    """Put the hand-made county into the storm's own database."""
    with context.world.begin() as connection:
        builders.add_county(connection)


@pytest.fixture(scope="module")
def report() -> Report:
    weather = Weather(
        clients=8,
        seconds=12,
        workers=2,
        seed=3,
        think_s=0.4,
        kills={"worker": 1, "postgres": 1, "owner": 1},
    )
    return run(weather, prepare=county)


def test_nothing_is_lost_or_doubled_while_everything_is_killed(report: Report) -> None:
    """Eight clients, two workers, PostgreSQL and the owner killed under them: no law is broken."""
    assert report.violations == ()
    assert report.kills == {"worker": 1, "postgres": 1, "owner": 1}


def test_the_storm_did_what_it_says(report: Report) -> None:
    """A storm in which nobody is sent anywhere shows nothing: the whole life of orders went on under the kills."""
    done = {act.act for act in report.acts if act.done}
    assert set(CYCLE) <= done
    assert report.journal > 20
    assert report.reconnections > 0


@pytest.fixture
def ordered(context: Context) -> Context:
    """A context after an incident was planned and its orders sent."""
    incident = incidents.report(
        context, request_id=uuid.uuid4(), type="landslide", level=4, position=builders.on_main_road(6)
    )
    plan = plans.propose(context, request_id=uuid.uuid4(), incidents=[incident.id])
    plans.confirm(context, plan.id, request_id=uuid.uuid4())
    closures.close(
        context,
        request_id=uuid.uuid4(),
        geometry={"type": "Point", "coordinates": list(builders.on_main_road(1))},
    )
    return context


@pytest.mark.parametrize(
    ("damage", "codes"),
    [
        ("UPDATE live.stock_lots SET quantity = quantity - 1", {"lot_out_of_balance"}),
        ("UPDATE live.stock_movements SET quantity = 1 WHERE kind = 'receive'", {"lot_out_of_balance"}),
        ("UPDATE live.stock_lots SET reserved = quantity + 1", {"lot_below_zero"}),
        ("UPDATE live.orders SET state = 'finished', finished_at = now()", {"order_history_illegal"}),
        ("DELETE FROM live.commands WHERE act = 'closure.close'", {"request_not_applied_once"}),
        ("UPDATE live.journal SET actor = 'nobody' WHERE number = 2", {"journal_broken"}),
        (
            "UPDATE live.orders SET team_id = (SELECT min(team_id) FROM live.orders) WHERE kind = 'team'",
            {"unit_held_twice"},
        ),
    ],
)
def test_each_law_is_looked_at(ordered: Context, engine: Engine, damage: str, codes: set[str]) -> None:
    """A check that finds nothing must be able to find something: each damage is named."""
    with engine.begin() as connection:
        here = worlds.inside(connection, worlds.LIVE)
        assert integrity.violations(here) == ()
        connection.execute(
            text("SET LOCAL session_replication_role = replica")
        )  # past the database's own guards
        connection.execute(text("DROP INDEX live.uq_orders_one_open_for_people"))
        connection.execute(text("ALTER TABLE live.stock_lots DROP CONSTRAINT ck_stock_lots_never_oversold"))
        connection.execute(text(damage))
        assert codes <= {one.code for one in integrity.violations(here)}
        connection.rollback()
    assert ordered


def test_orders_that_a_new_plan_ends_and_a_plan_taken_back_break_no_law(
    context: Context, engine: Engine
) -> None:
    """Both cancel orders without a step of their own: the history has to know."""
    cutting = {"traffic_rescue": 1}
    north = (builders.on_main_road(6)[0], builders.SOUTH + builders.NORTH)
    with engine.begin() as connection:
        here = worlds.inside(connection, worlds.LIVE)
        builders.add_team(here, position=builders.on_main_road(3.5), capabilities=cutting)
        builders.add_team(here, position=north, capabilities=cutting, notify_ms=720_000)
    at = builders.on_main_road(5.02)
    accident = incidents.report(
        context, request_id=uuid.uuid4(), type="traffic_accident", level=4, position=at
    )
    first = plans.propose(context, request_id=uuid.uuid4(), incidents=[accident.id])
    plans.confirm(context, first.id, request_id=uuid.uuid4())
    bridge = {"type": "Point", "coordinates": list(builders.on_main_road(4.6))}
    closures.close(context, request_id=uuid.uuid4(), geometry=bridge)
    anew = plans.replan(context, request_id=uuid.uuid4(), incidents=[accident.id])
    assert anew.cancels
    plans.confirm(context, anew.id, request_id=uuid.uuid4())
    elsewhere = incidents.report(
        context, request_id=uuid.uuid4(), type="landslide", level=4, position=builders.on_main_road(6)
    )
    second = plans.propose(context, request_id=uuid.uuid4(), incidents=[elsewhere.id])
    assert plans.confirm(context, second.id, request_id=uuid.uuid4())
    withdrawing.withdraw(context, second.id, request_id=uuid.uuid4())
    with engine.connect() as connection:
        assert integrity.violations(worlds.inside(connection, worlds.LIVE)) == ()
