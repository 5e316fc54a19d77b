"""Messages between the command post, its posts and the teams."""

from fastapi import APIRouter, status

from api.http.access import Acting, Visiting
from api.http.models import Identifier, Message, MessageRequest, MessagesWaiting, Plain
from api.http.problems import responses
from api.usecases import messages

router = APIRouter(prefix="/messages", tags=["messages"])
_WRITE = responses(400, 401, 403, 404, 409, 422)


@router.get("", responses=responses(401, 403, 422))
def list_messages(
    context: Visiting,
    incident: Identifier | None = None,
    order: Identifier | None = None,
    before: Identifier | None = None,
    *,
    unanswered: bool = False,
) -> list[Message]:
    """List messages, the newest first, fifty at a time; `before` an id for older ones."""
    found = messages.listing(
        context, incident=incident, order=order, only_unanswered=unanswered, before=before
    )
    return [Message.model_validate(one) for one in found]


@router.get("/waiting", responses=responses(401, 403))
def count_waiting(context: Visiting) -> MessagesWaiting:
    """Count the messages that wait for the reader's answer: of others, to all or to the reader's own post."""
    return MessagesWaiting(count=messages.waiting(context))


@router.post("", status_code=status.HTTP_201_CREATED, responses=_WRITE)
def send_message(body: MessageRequest, context: Acting) -> Message:
    """Send a message to all, to a post, about an incident or about an order."""
    return Message.model_validate(messages.send(context, **body.model_dump()))


@router.post("/{message_id}/acknowledge", responses=_WRITE)
def acknowledge_message(message_id: Identifier, body: Plain, context: Acting) -> Message:
    """Answer for a message: whoever does it first."""
    return Message.model_validate(messages.acknowledge(context, message_id, request_id=body.request_id))
