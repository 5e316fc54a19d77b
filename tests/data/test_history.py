"""The past of cells, duties and persons, and duties that hold on one day and not on another."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, Engine, delete, insert, select, text, update

from data import history, locate, tables, villages
from tests import builders

NOW = builders.NOW
HERE = builders.on_main_road(2)


def responsible(connection: Connection, **overrides: object) -> int:
    """Insert a person and a duty in the leaf grid; return the person's id."""
    person: int = connection.execute(
        insert(tables.people).values(code="P1", name="甲").returning(tables.people.c.id)
    ).scalar_one()
    leaf = connection.scalar(
        select(tables.grid_cells.c.id).where(tables.grid_cells.c.code == builders.LEAF_GRID)
    )
    connection.execute(
        insert(tables.duties).values(code="D1", person_id=person, role="ranger", grid_id=leaf, **overrides)
    )
    return person


def names(connection: Connection, day: date | None) -> list[str]:
    return [one.name for one in locate.locate(connection, HERE, day=day).grids[-1].people]


def test_a_duty_holds_from_its_first_day_to_its_last(engine: Engine) -> None:
    """Whoever left on the thirtieth is asked on the thirtieth, and not on the first."""
    with engine.begin() as connection:
        builders.add_areas(connection)
        responsible(connection, valid_from=date(2026, 4, 1), valid_to=date(2026, 4, 30))
        found = {day: names(connection, date(2026, *day)) for day in ((3, 31), (4, 1), (4, 30), (5, 1))}
        assert found == {(3, 31): [], (4, 1): ["甲"], (4, 30): ["甲"], (5, 1): []}
        called = {
            day: [
                one.name
                for one in villages.contacts(connection, [builders.WEST_VILLAGE], day=day)[
                    builders.WEST_VILLAGE
                ]
            ]
            for day in (date(2026, 4, 1), date(2026, 5, 1))
        }
        assert called == {date(2026, 4, 1): ["甲"], date(2026, 5, 1): []}
        searched = [
            [one.name for one in locate.search(connection, "甲", roads=True, people=True, day=day)]
            for day in (date(2026, 4, 1), date(2026, 5, 1))
        ]
        assert searched == [["甲"], []]


def test_without_a_day_the_duties_of_the_databases_day_hold(engine: Engine) -> None:
    """A reader that has no clock still gets nobody who left yesterday."""
    with engine.begin() as connection:
        builders.add_areas(connection)
        today = connection.scalar(text("SELECT current_date"))
        responsible(connection, valid_to=today)
        assert names(connection, None) == ["甲"]
        connection.execute(update(tables.duties).values(valid_to=today - timedelta(days=1)))
        assert names(connection, None) == []


def test_every_change_leaves_the_state_before_it(engine: Engine) -> None:
    """At the act's moment, not at the database's; a change of nothing that matters leaves nothing."""
    times = [NOW + timedelta(days=days) for days in range(4)]
    cells, versions = tables.grid_cells, tables.grid_cell_versions
    this = cells.c.code == builders.LEAF_GRID
    for moment, values in zip(times, (None, {"name": "新"}, {"source": "x"}, {"alias": "LX-7"}), strict=True):
        with engine.begin() as connection:
            history.at(connection, moment)
            if values is None:
                builders.add_areas(connection)
            else:
                connection.execute(update(cells).where(this).values(values))
    with engine.begin() as connection:
        history.at(connection, NOW + timedelta(days=9))
        connection.execute(delete(cells).where(this))
        found = connection.execute(
            select(versions.c.since, versions.c.until, versions.c.name, versions.c.alias)
            .where(versions.c.code == builders.LEAF_GRID)
            .order_by(versions.c.since)
        ).all()
    assert [tuple(row) for row in found] == [
        (times[0], times[1], "网格5", ""),
        (times[1], times[3], "新", ""),
        (times[3], NOW + timedelta(days=9), "新", "LX-7"),
    ]


def test_what_one_transaction_changes_twice_is_one_version(engine: Engine) -> None:
    """Nobody could have asked for what stood between."""
    with engine.begin() as connection:
        person = responsible_alone(connection)
        connection.execute(update(tables.people).values(phone="1"))
        connection.execute(update(tables.people).values(phone="2"))
        found = connection.execute(select(tables.person_versions)).all()
    assert [(row.row_id, row.phone, row.until) for row in found] == [(person, "2", None)]


def responsible_alone(connection: Connection) -> int:
    history.at(connection, datetime(2026, 1, 1, tzinfo=UTC))
    person: int = connection.execute(
        insert(tables.people).values(code="P1", name="甲").returning(tables.people.c.id)
    ).scalar_one()
    return person


def test_a_cell_is_found_by_its_bureaus_code(engine: Engine) -> None:
    """The forestry bureau's map says LX-7, and so does whoever telephones."""
    with engine.begin() as connection:
        builders.add_areas(connection)
        connection.execute(
            update(tables.grid_cells)
            .where(tables.grid_cells.c.code == builders.LEAF_GRID)
            .values(alias="LX-7")
        )
        assert [one.code for one in locate.search(connection, "lx-7")] == [builders.LEAF_GRID]
        assert [one.code for one in locate.called(connection, ("grid",), "LX-7")] == [builders.LEAF_GRID]


def test_every_change_of_a_cell_is_counted(engine: Engine) -> None:
    """A process that keeps the cells in memory learns that they changed, whoever changed them."""
    counted = select(tables.grid_changes.c.number)
    with engine.begin() as connection:
        builders.add_areas(connection)
        before = connection.scalars(counted).one()
        connection.execute(update(tables.grid_cells).values(name="x"))
        after = connection.scalars(counted).one()
    assert after == before + 1
