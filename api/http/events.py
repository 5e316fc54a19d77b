"""The stream of what happens, as server-sent events."""

from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse

from api.events import stream
from api.http.access import Visiting
from api.http.problems import responses
from api.security import authorise
from api.usecases import events

router = APIRouter(tags=["events"])


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}, **responses(401, 403, 422)},
)
def listen(
    request: Request,
    context: Visiting,
    last_event_id: Annotated[int | None, Header(ge=0)] = None,
) -> StreamingResponse:
    """Stream the journal from now on, or from Last-Event-ID without a gap. Streams end after some minutes: reconnect."""
    authorise(context.actor, "map.read")
    body = stream(
        request.app.state.hub,
        last_event_id,
        lambda after: events.after(context, after),
        life_s=context.settings.stream_life_s,
    )
    return StreamingResponse(
        body,
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
