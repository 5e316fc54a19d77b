"""Messages: what was said to whom, what still waits for an answer, and saying something."""

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel, Field

from api.errors import MusterError
from api.usecases import incidents, messages
from web import talk
from web.i18n import N_
from web.view import Link, PageRoute, Reading, View, Writing, own_path, see

router = APIRouter(route_class=PageRoute)
NAVIGATION = Link(path="/messages", title=N_("Messages"), place=35, act="message.read")
PAGE = 50


class MessageForm(BaseModel):
    """What stands in the form, as typed."""

    request_id: UUID = Field(default_factory=uuid4)
    body: str = ""
    incident: int | str = ""
    order: int | str = ""
    to_area: str = ""
    back: str = "/messages"


@router.get("/messages")
def listing(view: Reading, unanswered: bool = False, before: int | None = None) -> Response:  # noqa: FBT001, FBT002  # the query's own name
    """Show messages, the newest first."""
    return _listing(view, unanswered=unanswered, before=before)


def _listing(
    view: View, *, unanswered: bool = False, before: int | None = None, error: MusterError | None = None
) -> Response:
    context = view.context
    found = messages.listing(context, only_unanswered=unanswered, before=before, limit=PAGE)
    return view.render(
        "messages.html",
        status=error.status if error else 200,
        refusal=view.words.problem(error.code, error.details) if error else "",
        messages=talk.shown(view, found),
        unanswered=unanswered,
        older=found[-1].id if len(found) == PAGE else None,
        posts={area.code: view.words.name(area) for area in messages.posts(context)},
        incidents=incidents.listing(context, state="open"),
        may_message=context.actor.may("message.send"),
    )


@router.post("/messages")
def send(view: Writing, form: Annotated[MessageForm, Form()]) -> Response:
    """Send a message."""
    try:
        messages.send(
            view.context,
            request_id=form.request_id,
            body=form.body,
            incident=int(form.incident) if form.incident else None,
            order=int(form.order) if form.order else None,
            to_area=form.to_area or None,
        )
    except MusterError as error:
        return _listing(view, error=error)
    return see(own_path(form.back))


@router.post("/messages/{message_id}/acknowledge")
def acknowledge(
    view: Writing,
    message_id: int,
    request_id: Annotated[UUID, Form()],
    back: Annotated[str, Form()] = "/messages",
) -> Response:
    """Answer for a message."""
    messages.acknowledge(view.context, message_id, request_id=request_id)
    return see(own_path(back))
