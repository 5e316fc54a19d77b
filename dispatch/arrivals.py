"""When a unit on its way will be there, from where it was last seen: the remaining time along the roads as they are."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gis import travel
from gis.closures import Overlay
from gis.network import RoadNetwork, VehicleProfile
from gis.tracks import Fix, Position

LATE_AFTER: Final = timedelta(minutes=3)
"""Behind its due time by more than this, a unit counts as late: less is within what a telephone's fix can tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """When a unit will be in effect, seen from a fix; `late`: clearly behind what its order says."""

    at: datetime
    late: bool
    seen_at: datetime


def arrival(
    network: RoadNetwork,
    overlay: Overlay,
    *,
    fix: Fix,
    target: Position,
    profile: VehicleProfile,
    due_at: datetime | None,
    now: datetime,
) -> Arrival | None:
    """Return when a unit seen at `fix` will be at `target`, walk included; None where no road leads there now.

    A unit that should have arrived since it was last seen is expected now: nothing later is known of it.
    """
    (left_ms,) = travel.times_to(network, target, [fix.position], profile, overlay).total_ms.tolist()
    if left_ms < 0:
        return None
    at = max(fix.at + timedelta(milliseconds=left_ms), now)
    return Arrival(at=at, late=due_at is not None and at > due_at + LATE_AFTER, seen_at=fix.at)
