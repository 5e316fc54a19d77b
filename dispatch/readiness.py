"""When a unit can be in effect, in four visible times, and why a team may not be used at all.

No clock here: the moment of decision is the snapshot's. Sources for the order of the checks: what a recommendation
must weigh, true availability (duty, commitment, age of data) before any time.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from dispatch.model import Depot, Legs, Team, Vehicle

USABLE_VEHICLE_STATUSES = frozenset({"available", "committed"})
"""A vehicle has its own crew, so it may leave while its team's people are out; it may not when they are off duty."""


def with_freshness(team: Team, now: datetime, age_limit: timedelta) -> Team:
    """Return the team, marked "stale" when it is called available by a report older than `age_limit` (or by none)."""
    if team.status != "available":
        return team
    if team.reported_at is not None and now - team.reported_at <= age_limit:
        return team
    return replace(team, status="stale")


def team_refusal(team: Team) -> str | None:
    """Why the team's people may not be sent, as a code; None when they may."""
    if team.status != "available":
        return team.status
    return None if team.strength > 0 else "no_strength"


def vehicle_refusal(team: Team, vehicle: Vehicle) -> str | None:
    """Why a team's vehicle may not be sent, as a code; None when it may."""
    if not vehicle.available:
        return "committed"
    return None if team.status in USABLE_VEHICLE_STATUSES else team.status


def depot_refusal(depot: Depot) -> str | None:
    """Why nothing can leave a depot, as a code; None when something can."""
    if not depot.open:
        return "closed"
    if not any(lot.quantity > 0 for lot in depot.lots):
        return "empty"
    return None if any(carrier.available for carrier in depot.carriers) else "no_carrier"


def team_legs(team: Team, road_ms: int, walk_ms: int) -> Legs:
    """Time to effect of a team's people, or of one of its vehicles."""
    return Legs(
        notify_ms=team.notify_ms + team.consent_ms,
        assemble_ms=team.assemble_ms,
        road_ms=road_ms,
        walk_ms=walk_ms,
    )


def shipment_legs(depot: Depot, activation_ms: int, road_ms: int, walk_ms: int) -> Legs:
    """Time to effect of a carrier whose slowest lot aboard takes `activation_ms` to be released."""
    return Legs(
        notify_ms=depot.notify_ms + activation_ms,
        assemble_ms=depot.loading_ms,
        road_ms=road_ms,
        walk_ms=walk_ms,
    )
