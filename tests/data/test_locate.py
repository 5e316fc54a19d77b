"""Searching by words: right among many that are called nearly the same, and read out of the index."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, text

from data import locate
from tests import builders

MANY = 3_000


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """A county with thousands of places that are called nearly the same."""
    with engine.begin() as connection:
        builders.add_areas(connection)
        connection.execute(
            text(
                "INSERT INTO places (layer, code, name, name_en, geom)"
                " SELECT 'shelters', 'B' || n, '西岭避难点 ' || n, 'Shelter ' || n, ST_Point(111 + n * 1e-5, 36, 4490)"
                " FROM generate_series(1, :many) n"
            ),
            {"many": MANY},
        )
        connection.execute(text("ANALYZE places"))
        yield connection


def names(connection: Connection, words: str) -> list[str]:
    return [one.name for one in locate.search(connection, words)]


def test_the_exact_name_comes_first_among_thousands_that_begin_so(connection: Connection) -> None:
    """Thousands hold these words; the one that is meant is not crowded out by them."""
    assert names(connection, "西岭避难点 2")[0] == "西岭避难点 2"
    assert names(connection, "shelter 17")[0] == "西岭避难点 17"
    assert locate.search(connection, "b29")[0].code == "B29"


def test_the_few_that_begin_so_come_before_the_many_that_hold_the_words(connection: Connection) -> None:
    """Who types the beginning of a name means a beginning."""
    builders.add_place(connection, code="P1", name="点灯山望台")
    assert names(connection, "点")[0] == "点灯山望台"


def test_words_that_everything_holds_still_find_every_kind(connection: Connection) -> None:
    """A layer of thousands leaves room for the village of that name."""
    found = locate.search(connection, "西岭")
    assert found[0].kind == "village"
    assert len(found) == 20


@pytest.mark.parametrize(
    "words", ["2990", "避难点 299", "点 1", "SHELTER 2", "岭", "难点 2999", "b12", "nothing"]
)
def test_what_is_found_holds_the_words_and_nothing_that_does_is_missing(
    connection: Connection, words: str
) -> None:
    """Against a reading of every row, as far as twenty answers go."""
    every = connection.execute(
        text(
            "SELECT name FROM places WHERE name ILIKE :inside OR name_en ILIKE :inside OR code ILIKE :begins"
            " UNION ALL SELECT name FROM villages WHERE name ILIKE :inside"
        ),
        {"inside": f"%{words}%", "begins": f"{words}%"},
    ).scalars()
    right = set(every)
    found = names(connection, words)
    assert set(found) <= right
    assert len(found) == min(20, len(right))


@pytest.mark.parametrize("words", ["%", "_", "\\", "西岭\n", "'", "x" * 300])
def test_signs_are_only_letters(connection: Connection, words: str) -> None:
    """Nobody is called so."""
    assert names(connection, words) == []


def test_the_index_is_what_is_read(connection: Connection) -> None:
    """A hundred thousand names are searched while somebody types: no table is read from end to end."""
    read = text("SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'places'")
    before = connection.execute(read).scalar_one()
    assert names(connection, "避难点 2999") == ["西岭避难点 2999"]
    assert connection.execute(read).scalar_one() == before
    names(connection, "西岭避难点")
    assert connection.execute(read).scalar_one() <= before + MANY / 2  # the first hundred of all that fit
