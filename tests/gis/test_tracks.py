"""Which fixes can be true."""

from datetime import UTC, datetime, timedelta

from gis.tracks import JITTER_M, Fix, metres_between, suspects

NOW = datetime(2026, 3, 15, 10, 0, tzinfo=UTC)
HOME = (111.0, 36.0)


def fix(minute: float, east: float = 0.0) -> Fix:
    """A fix `east` degrees of longitude from home; 0.01 is about 900 m."""
    return Fix(at=NOW + timedelta(minutes=minute), position=(HOME[0] + east, HOME[1]))


def test_a_drive_is_believed() -> None:
    """A kilometre a minute is a road."""
    assert suspects([fix(0), fix(1, 0.01), fix(2, 0.02)]) == (False, False, False)


def test_a_leap_and_back_is_suspect() -> None:
    """A receiver under trees reports a place ninety kilometres off, once."""
    assert suspects([fix(0), fix(1, 1.0), fix(2, 0.01)]) == (False, True, False)


def test_two_that_agree_are_a_place_after_all() -> None:
    """Where the first of the day was the wrong one, the unit must not stay lost for ever."""
    assert suspects([fix(0), fix(1, 1.0), fix(2, 1.005)]) == (False, True, False)


def test_a_batch_goes_on_where_the_last_one_ended() -> None:
    """A leap at the seam of two batches is one as well, and so is its confirmation."""
    assert suspects([fix(1, 1.0)], good=fix(0)) == (True,)
    assert suspects([fix(2, 1.005)], good=fix(0), doubted=fix(1, 1.0)) == (False,)


def test_two_receivers_at_one_moment_may_differ_a_little() -> None:
    """No time passed, and nothing moved: jitter is no leap."""
    assert metres_between(HOME, (HOME[0] + 0.001, HOME[1])) < JITTER_M
    assert suspects([fix(0), fix(0, 0.001)]) == (False, False)
