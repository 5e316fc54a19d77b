"""The journal as a timeline, taking acts back, and handing the shift over."""

from typing import Annotated

from fastapi import APIRouter, Query, status

from api.http.access import Acting, Visiting
from api.http.models import Entry, Handover, HandoverRequest, Identifier, Plain, ShortText
from api.http.problems import responses
from api.usecases import shifts, timeline, undoing

router = APIRouter(tags=["timeline"])
_WRITE = responses(400, 401, 403, 404, 409, 422)


@router.get("/timeline", responses=responses(401, 403, 422))
def read_timeline(
    context: Visiting,
    before: Identifier | None = None,
    incident: Identifier | None = None,
    order: Identifier | None = None,
    kind: Annotated[list[ShortText], Query()] = [],  # noqa: B006  # FastAPI copies it
) -> list[Entry]:
    """Read what was done, the newest first, fifty at a time; `before` a number for older rows."""
    found = timeline.page(context, before=before, incident=incident, order=order, kinds=kind)
    return [Entry.model_validate(one) for one in found.entries]


@router.post("/timeline/{number}/undo", status_code=status.HTTP_204_NO_CONTENT, responses=_WRITE)
def undo(number: Identifier, body: Plain, context: Acting) -> None:
    """Do the inverse of an act; refused when something newer stands in the way."""
    undoing.take_back(context, number, request_id=body.request_id)


@router.get("/handovers", responses=responses(401, 403, 422))
def list_handovers(context: Visiting) -> list[Handover]:
    """List the handovers of one's own post, the newest first."""
    return [Handover.model_validate(one) for one in shifts.past(context)]


@router.post("/handovers", status_code=status.HTTP_201_CREATED, responses=_WRITE)
def hand_over(body: HandoverRequest, context: Acting) -> Handover:
    """Hand the shift over by name, keeping what stood."""
    return Handover.model_validate(shifts.hand_over(context, **body.model_dump()))
