"""Hours of the day for tests that run by a real clock."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

_QUIET: Final = 2  # o'clock


def quiet_zone() -> str:
    """Name a time zone in which it is two in the night now.

    Roads are as slow as the hour says, so that a plan by a real clock would depend on when its test runs.
    """
    east = (_QUIET - datetime.now(UTC).hour + 11) % 24 - 11
    assert (datetime.now(timezone(timedelta(hours=east)))).hour in {_QUIET, _QUIET + 1}
    return f"Etc/GMT{-east:+d}"
