"""Trackers: an administrator gives a device its token, once, and ends it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

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
        return trackers.list_all(connection)


def create(ctx: Context, *, name: str, unit: Unit, request_id: UUID) -> MadeTracker:
    """Make a tracker for a team or a vehicle. A repeated request makes no second one, and cannot show its token again."""
    token, kind = new_token(), unit[0]
    made: list[int] = []

    def do(connection: Connection, now: datetime) -> Done:
        known = units.get_team if kind == "team" else units.get_vehicle
        if known(connection, unit[1]) is None:
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
        if trackers.get(connection, tracker_id) is None:
            raise NotFoundError("no_such_tracker", id=tracker_id)
        trackers.revoke(connection, tracker_id, at=now)
        return Done(subject="tracker", id=tracker_id)

    perform(ctx, "tracker.revoke", request_id, {"tracker": tracker_id}, do)
    return _get(ctx, tracker_id)


def _get(ctx: Context, tracker_id: int) -> TrackerRecord:
    with ctx.world.read() as connection:
        tracker = trackers.get(connection, tracker_id)
    if tracker is None:
        raise NotFoundError("no_such_tracker", id=tracker_id)
    return tracker
