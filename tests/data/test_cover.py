"""What townships should keep within reach."""

from sqlalchemy import Engine

from data import cover, worlds
from data.policies import CoverRule
from tests import builders

MEDICAL = CoverRule(capability="medical", heads=4, within_ms=45 * 60_000, weight=2)
RESCUE = CoverRule(capability="search_rescue", heads=8, within_ms=60 * 60_000, weight=1)


def test_each_township_has_each_rule_weighted_by_its_people(engine: Engine) -> None:
    """People count in hundreds, at least one: an empty township is still covered."""
    with engine.begin() as connection:
        builders.add_county(worlds.inside(connection, worlds.LIVE))
        builders.add_village(connection, code="990101100299", population=1250)
        found = cover.rows(connection, [MEDICAL, RESCUE])
    assert [(row.township, row.code) for row in found] == [
        (township, code)
        for township in (builders.WEST_TOWNSHIP, builders.EAST_TOWNSHIP)
        for code in ("medical", "search_rescue")
    ]
    west, east = found[0], found[2]
    assert (west.heads, west.within_ms) == (4, 45 * 60_000)
    assert west.weight == 2 * 15  # 300 + 1,250 people
    assert east.weight == 2 * 3
    assert builders.WEST - builders.STEP < west.position[0] < builders.on_main_road(5)[0] < east.position[0]


def test_no_townships_ask_for_nothing(engine: Engine) -> None:
    """Before areas are imported plans are made without coverage, not refused."""
    with engine.begin() as connection:
        assert cover.rows(connection, [MEDICAL]) == ()
