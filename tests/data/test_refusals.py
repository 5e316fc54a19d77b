"""What the database itself must refuse, whoever writes: each test goes past the functions, straight at the tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from shapely import box
from shapely.geometry import MultiPolygon
from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from data import incidents, journal, tables
from dispatch import lifecycle
from dispatch.lifecycle import OrderState
from tests import builders
from tests.builders import NOW, on_main_road, wkt
from tests.data.conftest import Begin


@contextmanager
def refused(rule: str) -> Iterator[None]:
    with pytest.raises(IntegrityError) as caught:
        yield
    assert caught.value.orig is not None
    assert caught.value.orig.diag.constraint_name == rule  # type: ignore[attr-defined]  # psycopg's


def an_incident(connection: Connection, **overrides: Any) -> int:
    values = {
        "type": "landslide",
        "level": 3,
        "position": on_main_road(6),
        "reported_at": NOW,
        "reported_by": "zhang",
    }
    return incidents.insert(connection, **{**values, **overrides}).id


def an_order(connection: Connection, **overrides: Any) -> int:
    values = {"kind": "team", "sent_at": NOW, "created_by": "zhang"}
    statement = insert(tables.orders).values(**{**values, **overrides}).returning(tables.orders.c.id)
    return int(connection.execute(statement).scalar_one())


@pytest.fixture
def county(begin: Begin) -> dict[str, int]:
    with begin() as connection:
        ids = builders.add_county(connection)
        ids["incident"] = an_incident(connection)
    return ids


def test_two_open_orders_for_one_teams_people(begin: Begin, county: dict[str, int]) -> None:
    """A team that is told two things does neither: a move-up counts as much as an incident."""
    with begin() as connection:
        an_order(connection, team_id=county["both"], incident_id=county["incident"])
    with refused("uq_orders_one_open_for_people"), begin() as connection:
        an_order(connection, team_id=county["both"], kind="move_up", township=builders.EAST_TOWNSHIP)


def test_two_open_orders_for_one_vehicle(begin: Begin, county: dict[str, int]) -> None:
    """A carrier makes one trip at a time."""
    trip = {"kind": "carrier", "vehicle_id": county["carrier"], "depot_id": county["depot"]}
    with begin() as connection:
        an_order(connection, incident_id=county["incident"], **trip)
    with refused("uq_orders_one_open_for_vehicle"), begin() as connection:
        an_order(connection, incident_id=county["incident"], **trip)


def test_a_team_is_free_again_after_its_order_ended(begin: Begin, county: dict[str, int]) -> None:
    """The refusal is of open orders only, and a team's vehicles go their own ways beside its people."""
    with begin() as connection:
        first = an_order(connection, team_id=county["landslide"], incident_id=county["incident"])
        an_order(
            connection,
            kind="vehicle",
            team_id=county["landslide"],
            vehicle_id=county["excavator"],
            incident_id=county["incident"],
        )
        connection.execute(
            update(tables.orders)
            .where(tables.orders.c.id == first)
            .values(state="cancelled", cancelled_at=NOW)
        )
        an_order(connection, team_id=county["landslide"], incident_id=county["incident"])


WAYS: dict[OrderState, tuple[OrderState, ...]] = {
    "sent": (),
    "acknowledged": ("acknowledged",),
    "departed": ("acknowledged", "departed"),
    "arrived": ("acknowledged", "departed", "arrived"),
    "finished": ("acknowledged", "departed", "arrived", "finished"),
    "refused": ("refused",),
    "cancelled": ("cancelled",),
}


@pytest.mark.parametrize("before", WAYS)
def test_an_order_that_jumps(begin: Begin, county: dict[str, int], before: OrderState) -> None:
    """The steps stand in the core and in the table: both must allow the same ones, of all that there are."""
    allowed = {after for (state, _), after in lifecycle.ORDER_TRANSITIONS.items() if state == before}
    with begin() as connection:
        order = an_order(connection, team_id=county["both"], incident_id=county["incident"])
        for state in WAYS[before]:
            _set_state(connection, order, state)
        for after in WAYS.keys() - {before}:
            attempt = connection.begin_nested()
            if after in allowed:
                _set_state(connection, order, after)
            else:
                with refused("orders_state_jump"):
                    _set_state(connection, order, after)
            attempt.rollback()


def _set_state(connection: Connection, order: int, state: str) -> None:
    statement = update(tables.orders).where(tables.orders.c.id == order)
    connection.execute(statement.values({"state": state, f"{state}_at": NOW}))


def test_a_state_without_its_time(begin: Begin, county: dict[str, int]) -> None:
    """An acknowledged order without the minute of its acknowledgement would be worth nothing afterwards."""
    with begin() as connection:
        order = an_order(connection, team_id=county["both"], incident_id=county["incident"])
    with refused("ck_orders_state_has_its_time"), begin() as connection:
        connection.execute(
            update(tables.orders).where(tables.orders.c.id == order).values(state="acknowledged")
        )


def test_an_order_that_starts_halfway(begin: Begin, county: dict[str, int]) -> None:
    """Every order is sent first."""
    with refused("orders_start_sent"), begin() as connection:
        an_order(
            connection,
            team_id=county["both"],
            incident_id=county["incident"],
            state="arrived",
            arrived_at=NOW,
        )


def test_an_order_for_an_incident_that_is_over(begin: Begin, county: dict[str, int]) -> None:
    """Nobody is sent to where nothing happens any more."""
    with begin() as connection:
        incidents.set_state(connection, incident_id=county["incident"], state="closed", at=NOW)
    with refused("orders_incident_open"), begin() as connection:
        an_order(connection, team_id=county["both"], incident_id=county["incident"])


def test_an_order_that_becomes_another(begin: Begin, county: dict[str, int]) -> None:
    """An order's unit and incident are what was signed."""
    with begin() as connection:
        order = an_order(connection, team_id=county["both"], incident_id=county["incident"])
    with refused("orders_fixed"), begin() as connection:
        connection.execute(
            update(tables.orders).where(tables.orders.c.id == order).values(team_id=county["medical"])
        )


@pytest.mark.parametrize(
    "columns",
    [
        {"kind": "team"},
        {"kind": "vehicle"},
        {"kind": "carrier"},
        {"kind": "move_up"},
    ],
)
def test_an_order_to_nobody(begin: Begin, county: dict[str, int], columns: dict[str, Any]) -> None:
    """Each kind of order names who goes and where to."""
    with refused("ck_orders_kind_fits"), begin() as connection:
        an_order(connection, incident_id=county["incident"], **columns)


@pytest.mark.usefixtures("county")
@pytest.mark.parametrize("columns", [{"quantity": -1}, {"reserved": 501}, {"reserved": -1}])
def test_stock_below_zero(begin: Begin, columns: dict[str, int]) -> None:
    """What is not there cannot be promised."""
    with refused("ck_stock_lots_never_oversold"), begin() as connection:
        connection.execute(update(tables.stock_lots).values(**columns))


@pytest.mark.usefixtures("county")
@pytest.mark.parametrize("columns", [{"quantity": 499}, {"reserved": 1}])
def test_a_total_that_differs_from_its_movements(begin: Begin, columns: dict[str, int]) -> None:
    """The ledger balances at every commit, whoever writes."""
    with refused("stock_total_holds"), begin() as connection:
        connection.execute(update(tables.stock_lots).values(**columns))


def test_a_movement_that_moves_nothing(begin: Begin, county: dict[str, int]) -> None:
    """A movement without its lot is refused at commit as the reverse is."""
    with refused("stock_total_holds"), begin() as connection:
        connection.execute(
            insert(tables.stock_movements).values(
                lot_id=county["lot"], kind="receive", quantity=5, at=NOW, actor="zhang"
            )
        )


@pytest.mark.parametrize("table", [tables.journal, tables.stock_movements, tables.order_lines])
@pytest.mark.parametrize("change", ["UPDATE", "DELETE", "TRUNCATE"])
def test_changing_what_was_written(begin: Begin, table: Any, change: str) -> None:
    """What happened has happened."""
    statement: Any = {
        "UPDATE": update(table).values({table.c[_last(table)]: table.c[_last(table)]}),
        "DELETE": delete(table),
        "TRUNCATE": text(f"TRUNCATE live.{table.name} CASCADE"),
    }[change]
    with refused(f"{table.name}_append_only"), begin() as connection:
        connection.execute(statement)


def _last(table: Any) -> str:
    return str(list(table.columns.keys())[-1])


def test_deleting_an_order(begin: Begin, county: dict[str, int]) -> None:
    """Orders are cancelled, never gone."""
    with begin() as connection:
        an_order(connection, team_id=county["both"], incident_id=county["incident"])
    with refused("orders_append_only"), begin() as connection:
        connection.execute(delete(tables.orders))


@pytest.mark.parametrize("number", [1, 3])
def test_a_journal_row_out_of_turn(begin: Begin, number: int) -> None:
    """Neither a second first row nor a gap: a reader who asks for "after n" must miss nothing."""
    with begin() as connection:
        journal.append(connection, act="test", actor="zhang", at=NOW)
    with refused("journal_continues"), begin() as connection:
        connection.execute(
            insert(tables.journal).values(
                number=number, act="test", actor="li", at=NOW, prev_hash=bytes(32), hash=bytes(32)
            )
        )


def test_a_journal_row_that_seals_another_past(begin: Begin) -> None:
    """The next row must name the one before it by its hash."""
    with begin() as connection:
        journal.append(connection, act="test", actor="zhang", at=NOW)
    with refused("journal_continues"), begin() as connection:
        connection.execute(
            insert(tables.journal).values(
                number=2, act="test", actor="li", at=NOW, prev_hash=bytes(32), hash=bytes(32)
            )
        )


def a_cell(connection: Connection, code: str, west: float, east: float, **overrides: Any) -> None:
    outline = MultiPolygon([box(west, 36, east, 37)])
    values = {"code": code, "theme": "flood", "level": 5, "geom": wkt(outline)}
    connection.execute(insert(tables.grid_cells).values({**values, **overrides}))


def test_leaf_grids_that_overlap(begin: Begin) -> None:
    """A point has one leaf grid, so that one person answers for it."""
    with begin() as connection:
        a_cell(connection, "A", 111.0, 111.5)
    with refused("grid_cells_apart"), begin() as connection:
        a_cell(connection, "B", 111.4, 112.0)


def test_grids_that_touch_or_differ_in_level_or_theme(begin: Begin) -> None:
    """Neighbours share a border, levels lie over each other, and each theme has its own grids."""
    with begin() as connection:
        a_cell(connection, "A", 111.0, 111.5)
        a_cell(connection, "B", 111.5, 112.0)
        a_cell(connection, "AB", 111.0, 112.0, level=4)
        a_cell(connection, "F", 111.0, 112.0, theme="forest_fire")


def test_digitising_noise_is_no_overlap(begin: Begin) -> None:
    """A border drawn twice differs in its last digit: a centimetre over a hundred kilometres passes."""
    with begin() as connection:
        a_cell(connection, "A", 111.0, 111.5 + 5e-9)
        a_cell(connection, "B", 111.5, 112.0)


def test_a_border_moves_within_one_transaction(begin: Begin) -> None:
    """A ledger moves a border cell by cell; only the outcome counts."""
    with begin() as connection:
        a_cell(connection, "A", 111.0, 111.5)
        a_cell(connection, "B", 111.5, 112.0)
    wider, narrower = MultiPolygon([box(111, 36, 111.6, 37)]), MultiPolygon([box(111.6, 36, 112, 37)])
    with begin() as connection:
        for code, outline in (("A", wider), ("B", narrower)):
            cell = update(tables.grid_cells).where(tables.grid_cells.c.code == code)
            connection.execute(cell.values(geom=wkt(outline)))


def test_a_grid_that_crosses_itself(begin: Begin) -> None:
    """An invalid outline has no inside to ask about."""
    bow_tie = "SRID=4490;MULTIPOLYGON(((111 36, 112 37, 112 36, 111 37, 111 36)))"
    with refused("ck_grid_cells_geom_valid"), begin() as connection:
        a_cell(connection, "A", 0, 0, geom=bow_tie)


def test_a_vehicle_of_two_owners(begin: Begin, county: dict[str, int]) -> None:
    """A vehicle belongs to a team or to a depot."""
    with refused("ck_vehicles_one_owner"), begin() as connection:
        builders.add_vehicle(connection, team_id=county["both"], depot_id=county["depot"])


def test_a_duty_for_two_things(begin: Begin) -> None:
    """A duty is for one area, grid cell, place or team."""
    with begin() as connection:
        builders.add_areas(connection)
        person = connection.execute(
            insert(tables.people).values(code="P1", name="王五").returning(tables.people.c.id)
        ).scalar_one()
        grid = connection.scalars(select(tables.grid_cells.c.id).limit(1)).one()
    with refused("ck_duties_one_subject"), begin() as connection:
        connection.execute(
            insert(tables.duties).values(
                code="D1", person_id=person, role="grid", grid_id=grid, area_code=builders.COUNTY
            )
        )


def test_a_password_in_the_clear(begin: Begin) -> None:
    """Whatever goes wrong above, no password is ever stored as it was typed."""
    with refused("ck_users_password_hashed"), begin() as connection:
        connection.execute(
            insert(tables.users).values(
                name="zhang",
                password_hash="correct horse",  # noqa: S106  # the point
                role="viewer",
                created_at=NOW,
                password_changed_at=NOW,
            )
        )
