"""Where units are, as their telephones and trackers say. Telemetry: no journal row for a fix, and bounded in number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from api import scope
from api.context import Context
from api.errors import ConflictError, NotAllowedError, NotFoundError, NotSignedInError
from api.security import Actor, authorise, token_hash
from data import fixes, orders, trackers, units
from data.fixes import Unit, UnitFix
from data.orders import OrderRecord
from gis.tracks import Fix, suspects

MOST_FIXES: Final = 500
"""In one batch."""
_AHEAD: Final = timedelta(minutes=2)  # a device's clock may run fast by so much
_SHOWN: Final = timedelta(hours=24)  # a unit that was not seen for a day has no mark on the map
_TRACK: Final = timedelta(hours=2)
_TRACK_FIXES: Final = 400
_PRUNED_AT_ONCE: Final = 20_000

Refused = Literal["in_future", "too_old", "not_under_way"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What became of a batch. `goes_on`: whether more is wanted, as long as the unit is under way."""

    stored: int
    known: int
    suspect: int
    refused: tuple[tuple[datetime, Refused], ...]
    goes_on: bool


def by_token(ctx: Context, token: str) -> Context:
    """Return the context of the tracker that holds a token. Raises NotSignedInError for one that opens nothing."""
    with ctx.world.read() as connection:
        tracker = trackers.by_token(connection, token_hash(token))
    if tracker is None or tracker.revoked_at is not None:
        raise NotSignedInError("tracker_wrong")
    return ctx.acting(Actor(name=f"tracker:{tracker.id}", role="tracker", unit=tracker.unit))


def report(ctx: Context, given: Sequence[Fix]) -> Received:
    """Take in fixes of the unit that the actor speaks for: a tracker's, or that of an order's link while it is under way.

    The same fix sent twice is stored once. Fixes from the future or older than what is kept are refused one by one; a
    leap is stored as suspect. Raises ConflictError where nobody is under way (a village), TooManyError.
    """
    authorise(ctx.actor, "position.report")
    now = ctx.clock()
    ctx.pace.take(ctx.actor.name, now)
    with ctx.world.begin() as connection:
        order = orders.get(connection, ctx.actor.order) if ctx.actor.order is not None else None
        unit = ctx.actor.unit if order is None else unit_of(order)
        if unit is None:
            if order is None:
                raise NotAllowedError("not_allowed", act="position.report", role=ctx.actor.role)
            raise ConflictError("nobody_under_way", id=order.id)
        refused = tuple(
            (fix.at, why) for fix in given if (why := _refusal(fix, order, now, ctx.settings.positions_kept))
        )
        kept = sorted(
            (fix for fix in given if _refusal(fix, order, now, ctx.settings.positions_kept) is None),
            key=lambda fix: fix.at,
        )
        before = fixes.last(connection, unit)
        doubtful = suspects(kept, good=before.good, doubted=before.doubted)
        stored = fixes.store(
            connection, unit, kept, doubtful, received_at=now, order_id=order.id if order else None
        )
    return Received(
        stored=stored,
        known=len(kept) - stored,
        suspect=sum(doubtful),
        refused=refused,
        goes_on=order is None or order.state in {"sent", "acknowledged", "departed"},
    )


def unit_of(order: OrderRecord) -> Unit | None:
    """Return whose place an order's link reports: its vehicle's, else its team's; nobody's for a village."""
    if order.vehicle_id is not None:
        return ("vehicle", order.vehicle_id)
    return ("team", order.team_id) if order.team_id is not None else None


def _refusal(fix: Fix, order: OrderRecord | None, now: datetime, kept: timedelta) -> Refused | None:
    if fix.at > now + _AHEAD:
        return "in_future"
    if fix.at < now - kept:
        return "too_old"
    if order is None:
        return None
    ends = order.arrived_at or order.finished_at or order.refused_at or order.cancelled_at
    return (
        "not_under_way"
        if fix.at < order.sent_at - _AHEAD or (ends is not None and fix.at > ends + _AHEAD)
        else None
    )


def newest(ctx: Context, *, received_after: datetime | None = None) -> tuple[UnitFix, ...]:
    """Give where each unit was last seen within a day; only those heard of after a moment, where one is given."""
    authorise(ctx.actor, "position.read")
    seen = scope.around(ctx.actor)
    with ctx.world.read() as connection:
        found = fixes.newest(connection, since=ctx.clock() - _SHOWN, received_after=received_after)
    return tuple(one for one in found if seen is None or (one.area_code or "").startswith(seen))


def track(ctx: Context, unit: Unit) -> tuple[Fix, ...]:
    """Give the last two hours of a unit's way. Raises NotFoundError."""
    authorise(ctx.actor, "position.read")
    kind, identity = unit
    with ctx.world.read() as connection:
        if not units.of_area(connection, [unit], scope.around(ctx.actor)):
            raise NotFoundError(f"no_such_{kind}", id=identity)
        return fixes.track(connection, unit, since=ctx.clock() - _TRACK, limit=_TRACK_FIXES)


def prune(ctx: Context) -> int:
    """Delete some of the fixes that were kept long enough; return how many. The process's own work, nobody's act."""
    with ctx.world.begin() as connection:
        before = ctx.clock() - ctx.settings.positions_kept
        return fixes.prune(connection, before=before, limit=_PRUNED_AT_ONCE)
