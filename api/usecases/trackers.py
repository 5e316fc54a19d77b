"""Trackers: an administrator gives a device its token, once, and ends it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from api import scope
from api.context import Context
from api.errors import NotFoundError
from api.security import authorise, new_token, token_hash
from api.usecases.acting import Done, perform
from data import trackers, units
from data.fixes import Unit
from data.trackers import TrackerRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeTracker:
    """A new tracker with its token, shown this once; None where the request was applied before."""

    tracker: TrackerRecord
    token: str | None


def listing(ctx: Context) -> tuple[TrackerRecord, ...]:
    """List the trackers, the newest first."""
    authorise(ctx.actor, "tracker.read")
    with ctx.world.read() as connection:
        found = trackers.list_all(connection)
        own = units.of_area(connection, [one.unit for one in found], scope.own(ctx.actor))
        return tuple(one for one in found if one.unit in own)


def create(ctx: Context, *, name: str, unit: Unit, request_id: UUID) -> MadeTracker:
    """Make a tracker for a team or a vehicle. A repeated request makes no second one, and cannot show its token again."""
    token, kind = new_token(), unit[0]
    made: list[int] = []

    def do(connection: Connection, now: datetime) -> Done:
        if not units.of_area(connection, [unit], scope.own(ctx.actor)):
            raise NotFoundError(f"no_such_{kind}", id=unit[1])
        tracker = trackers.insert(
            connection, name=name, unit=unit, token_hash=token_hash(token), at=now, by=ctx.actor.name
        )
        made.append(tracker.id)
        return Done(subject="tracker", id=tracker.id, payload={"name": name, kind: unit[1]})

    done = perform(ctx, "tracker.create", request_id, {"name": name, "unit": unit}, do)
    return MadeTracker(tracker=_get(ctx, done["id"]), token=token if made else None)


def revoke(ctx: Context, tracker_id: int, *, request_id: UUID) -> TrackerRecord:
    """End a tracker's token at once. Raises NotFoundError."""

    def do(connection: Connection, now: datetime) -> Done:
        tracker = trackers.get(connection, tracker_id)
        if tracker is None or not units.of_area(connection, [tracker.unit], scope.own(ctx.actor)):
            raise NotFoundError("no_such_tracker", id=tracker_id)
        trackers.revoke(connection, tracker_id, at=now)
        return Done(subject="tracker", id=tracker_id, payload={"name": tracker.name})

    perform(ctx, "tracker.revoke", request_id, {"tracker": tracker_id}, do)
    return _get(ctx, tracker_id)


def _get(ctx: Context, tracker_id: int) -> TrackerRecord:
    with ctx.world.read() as connection:
        tracker = trackers.get(connection, tracker_id)
    if tracker is None:
        raise NotFoundError("no_such_tracker", id=tracker_id)
    return tracker
