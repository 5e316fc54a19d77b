"""The stream of what happens, as server-sent events."""

from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from api.events import stream
from api.http.access import Visiting
from api.http.problems import responses
from api.security import authorise
from api.usecases import events

_LARGEST: Final = 2**63 - 1
router = APIRouter(tags=["events"])


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}, **responses(401, 403, 422)},
)
def listen(
    request: Request,
    context: Visiting,
    last_event_id: Annotated[int | None, Header(ge=0, le=_LARGEST)] = None,
    since: Annotated[int | None, Query(ge=0, le=_LARGEST)] = None,
) -> StreamingResponse:
    """Stream the journal from now on, or from Last-Event-ID without a gap. Streams end after some minutes: reconnect.

    `since` says the same for a first connection, which can send no Last-Event-ID: the number a page was made at.
    """
    authorise(context.actor, "map.read")
    body = stream(
        request.app.state.hub,
        since if last_event_id is None else last_event_id,
        lambda after: events.after(context, after),
        life_s=context.settings.stream_life_s,
    )
    return StreamingResponse(
        body,
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
