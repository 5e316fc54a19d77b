"""Trackers: made, listed and ended by an administrator."""

from fastapi import APIRouter, status

from api.http.access import Acting, Visiting
from api.http.models import Identifier, MadeTracker, Plain, Tracker, TrackerRequest
from api.http.problems import responses
from api.usecases import trackers
from data.trackers import TrackerRecord

router = APIRouter(prefix="/trackers", tags=["trackers"])
_WRITE = responses(400, 401, 403, 404, 409, 422)


@router.get("", responses=responses(401, 403))
def list_trackers(context: Visiting) -> list[Tracker]:
    """List the trackers, the newest first."""
    return [tracker(one) for one in trackers.listing(context)]


@router.post("", status_code=status.HTTP_201_CREATED, responses=_WRITE)
def make_tracker(body: TrackerRequest, context: Acting) -> MadeTracker:
    """Make a tracker for a team or a vehicle. The token is shown this once."""
    unit = (body.kind, body.unit)
    return made(trackers.create(context, name=body.name, unit=unit, request_id=body.request_id))


@router.post("/{tracker_id}/revoke", responses=_WRITE)
def end_tracker(tracker_id: Identifier, body: Plain, context: Acting) -> Tracker:
    """End a tracker's token, as when a device was lost."""
    return tracker(trackers.revoke(context, tracker_id, request_id=body.request_id))


def made(found: trackers.MadeTracker) -> MadeTracker:
    """Write a new tracker with its token."""
    return MadeTracker(**tracker(found.tracker).model_dump(), token=found.token)


def tracker(record: TrackerRecord) -> Tracker:
    """Write a tracker."""
    kind, unit = record.unit
    return Tracker(
        id=record.id,
        name=record.name,
        kind=kind,
        unit=unit,
        created_at=record.created_at,
        created_by=record.created_by,
        revoked_at=record.revoked_at,
    )
