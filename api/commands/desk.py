"""Commands of the desk: messages, the timeline, taking acts back, handing the shift over."""

from typing import Annotated

import typer

from api.http.models import Entry, Handover, Message
from api.terminal import AsJson, RequestId, acting, show
from api.usecases import messages, shifts, timeline, undoing, withdrawing

message_app = typer.Typer(help="Messages: list, send, acknowledge.", no_args_is_help=True)
shift_app = typer.Typer(help="The shift: hand it over, list past ones.", no_args_is_help=True)
timeline_app = typer.Typer(help="What was done, and taking it back.", no_args_is_help=True)
MESSAGE_COLUMNS = (
    "id",
    "sent_at",
    "sent_by",
    "incident_id",
    "order_id",
    "to_area",
    "body",
    "acknowledged_by",
)
ENTRY_COLUMNS = ("number", "at", "actor", "act", "subject", "subject_id")
HANDOVER_COLUMNS = ("id", "at", "handed_over_by", "taken_over_by", "note")

Incident = Annotated[int | None, typer.Option(help="Only about this incident.")]
Order = Annotated[int | None, typer.Option(help="Only about this order.")]


@message_app.command("list")
def list_messages(*, incident: Incident = None, unanswered: bool = False, as_json: AsJson = False) -> None:
    """List messages, the newest first."""
    with acting() as context:
        found = messages.listing(context, incident=incident, only_unanswered=unanswered)
    show([Message.model_validate(one) for one in found], MESSAGE_COLUMNS, as_json=as_json)


@message_app.command("send")
def send_message(
    body: str,
    *,
    incident: Incident = None,
    order: Order = None,
    to_area: Annotated[str | None, typer.Option(help="Code of the post's area; none: to all.")] = None,
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Send a message."""
    with acting() as context:
        sent = messages.send(
            context, request_id=request_id, body=body, incident=incident, order=order, to_area=to_area
        )
    show(Message.model_validate(sent), MESSAGE_COLUMNS, as_json=as_json)


@message_app.command("acknowledge")
def acknowledge_message(message: int, *, request_id: RequestId, as_json: AsJson = False) -> None:
    """Answer for a message."""
    with acting() as context:
        done = messages.acknowledge(context, message, request_id=request_id)
    show(Message.model_validate(done), MESSAGE_COLUMNS, as_json=as_json)


@timeline_app.command("show")
def show_timeline(
    *, incident: Incident = None, order: Order = None, before: int | None = None, as_json: AsJson = False
) -> None:
    """Show what was done, the newest first."""
    with acting() as context:
        found = timeline.page(context, incident=incident, order=order, before=before)
    show([Entry.model_validate(one) for one in found.entries], ENTRY_COLUMNS, as_json=as_json)


@timeline_app.command("undo")
def undo(number: int, *, request_id: RequestId) -> None:
    """Take an act back by its number: its inverse is done and journaled."""
    with acting() as context:
        undoing.take_back(context, number, request_id=request_id)


@timeline_app.command("withdraw")
def withdraw_plan(plan: int, *, request_id: RequestId) -> None:
    """Cancel every order of a plan that nobody has answered yet."""
    with acting() as context:
        withdrawing.withdraw(context, plan, request_id=request_id)


@shift_app.command("list")
def list_handovers(*, as_json: AsJson = False) -> None:
    """List past handovers."""
    with acting() as context:
        found = shifts.past(context)
    show([Handover.model_validate(one) for one in found], HANDOVER_COLUMNS, as_json=as_json)


@shift_app.command("hand-over")
def hand_over(
    taken_over_by: Annotated[str, typer.Argument(help="Who takes the shift over.")],
    *,
    handed_over_by: Annotated[str, typer.Option(help="Who hands it over, if not the account's name.")] = "",
    note: str = "",
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Hand the shift over, keeping what stands."""
    with acting() as context:
        made = shifts.hand_over(
            context,
            request_id=request_id,
            taken_over_by=taken_over_by,
            handed_over_by=handed_over_by,
            note=note,
        )
    show(Handover.model_validate(made), HANDOVER_COLUMNS, as_json=as_json)
