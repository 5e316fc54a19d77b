"""Fixes of a unit on its way: which can be true, and how far a way is left.

A receiver that loses the sky reports places far off for a moment. A fix that nothing could have driven to since the
one before is suspect; two in a row that agree with each other are a place after all (the unit was carried, or the one
before was wrong).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gis.crs import metres_per_degree

Position = tuple[float, float]

FASTEST_M_S: Final = 70.0  # 252 km/h: faster than anything on a road, slower than a leap
JITTER_M: Final = 200.0  # two receivers, or one under trees, may differ by so much at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """Where something was at a moment, (longitude, latitude) in degrees; `accuracy_m` as its receiver says."""

    at: datetime
    position: Position
    accuracy_m: int | None = None


def metres_between(one: Position, other: Position) -> float:
    """Return the distance of two positions on a plane that is good for some tens of kilometres."""
    east, north = (float(scale) for scale in metres_per_degree((one[1] + other[1]) / 2))
    return math.hypot((one[0] - other[0]) * east, (one[1] - other[1]) * north)


def reachable(before: Fix, after: Fix) -> bool:
    """Return whether anything on a road could have come from one fix to the other, whichever is the earlier."""
    seconds = abs((after.at - before.at).total_seconds())
    return metres_between(before.position, after.position) <= JITTER_M + FASTEST_M_S * seconds


def suspects(
    fixes: Sequence[Fix], *, good: Fix | None = None, doubted: Fix | None = None
) -> tuple[bool, ...]:
    """Tell of each fix, in the order of time, whether it is suspect.

    good: the last one before them that is not; doubted: a suspect one since then.
    """
    found = []
    for fix in fixes:
        agrees = doubted is not None and reachable(doubted, fix)
        doubtful = good is not None and not reachable(good, fix) and not agrees
        found.append(doubtful)
        if doubtful:
            doubted = fix
        else:
            good, doubted = fix, None
    return tuple(found)
