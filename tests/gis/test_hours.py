"""Opening hours as restrictions use them; what is not understood is None, never a guess."""

from datetime import datetime

import pytest

from gis import hours

MONDAY = datetime(2026, 3, 16, 8, 30)  # noqa: DTZ001 - a clock face


@pytest.mark.parametrize(
    ("text", "moment", "within"),
    [
        ("24/7", MONDAY, True),
        ("Mo-Fr 07:00-09:00", MONDAY, True),
        ("Mo-Fr 07:00-09:00", MONDAY.replace(hour=9, minute=0), False),
        ("Mo-Fr 07:00-09:00,16:00-18:00", MONDAY.replace(hour=17), True),
        ("Sa,Su 07:00-09:00", MONDAY, False),
        ("22:00-06:00", MONDAY.replace(hour=5), True),
        ("Su 22:00-06:00", MONDAY.replace(hour=5), True),
        ("Mo 22:00-06:00", MONDAY.replace(hour=5), False),
        ("Fr-Mo", MONDAY, True),
        ("Nov-Mar", MONDAY, True),
        ("Dec 01-Mar 15", MONDAY, False),
        ("Dec 01-Mar 16", MONDAY, True),
        ("06:00-20:00; Mo off", MONDAY, False),
        ("(Mo-Fr 07:00 - 09:00)", MONDAY, True),
    ],
)
def test_hours_contain_what_they_say(text: str, moment: datetime, within: bool) -> None:  # noqa: FBT001
    """The day, the season, both sides of midnight, and the later rule over the earlier one."""
    parsed = hours.parse(text)
    assert parsed is not None
    assert parsed.contain(moment) is within


@pytest.mark.parametrize("text", ["PH 08:00-10:00", "sunrise-sunset", "week 1-10", "Mo 08:00+", "often", ""])
def test_what_is_not_understood_is_said(text: str) -> None:
    """A wrong guess would close a road that is open."""
    assert hours.parse(text) is None
