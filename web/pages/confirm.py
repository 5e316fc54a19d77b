"""The confirm step: one sentence that says what an act will do, before it is done; and taking an act back."""

from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Form, Response

from api.errors import MusterError
from api.usecases import foreseeing, undoing
from web import acts, wording
from web.view import PageRoute, Reading, View, Writing, own_path, see

router = APIRouter(route_class=PageRoute)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Where the yes goes to; whether a reason is wanted."""

    address: str
    reasoned: bool = False


STEPS: Final = {
    "incident.close": Step(address="/incidents/{id}/close"),
    "incident.cancel": Step(address="/incidents/{id}/cancel", reasoned=True),
    "order.cancel": Step(address="/orders/{id}/cancel", reasoned=True),
    "order.unlink": Step(address="/orders/{id}/unlink"),
    "plan.withdraw": Step(address="/plans/{id}/withdraw"),
    "closure.open": Step(address="/closures/{id}/open"),
    "hazard.end": Step(address="/hazards/{id}/end"),
    "call.end": Step(address="/calls/{id}/end"),
    "aid.end": Step(address="/aid/{id}/end"),
    "tracker.revoke": Step(address="/trackers/{id}/revoke"),
    "account.disable": Step(address="/accounts/{name}/disable"),
}


@router.get("/confirm/{act}/{subject}")
def ask(view: Reading, act: str, subject: int, back: str = "/") -> Response:
    """Say what will happen, and ask."""
    seen = foreseeing.foresee(view.context, act, subject)
    step = STEPS[act]
    return _ask(
        view,
        text=acts.consequence(view, seen),
        title=wording.pick(acts.TITLES[act], view.lang),
        action=step.address.format(id=subject, name=quote(str(seen.numbers.get("name", "")), safe="")),
        reasoned=step.reasoned,
        back=own_path(back),
        possible=seen.possible,
    )


@router.get("/undo/{number}")
def ask_undo(view: Reading, number: int, back: str = "/timeline") -> Response:
    """Say what will be taken back, or why it cannot be."""
    return _undo_page(view, number, own_path(back))


def _undo_page(view: View, number: int, back: str, error: MusterError | None = None) -> Response:
    entry = undoing.get(view.context, number)
    refused = error or undoing.refusal(view.context, entry)
    numbers = {"number": number, "text": acts.sentence(view, entry)}
    return _ask(
        view,
        text=wording.fill(wording.pick(acts.WILL_UNDO, view.lang), numbers, view.lang),
        title=view.gettext("Undo"),
        action=f"/undo/{number}",
        reasoned=False,
        back=back,
        error=refused,
        status=error.status if error else 200,
    )


@router.post("/undo/{number}")
def undo(
    view: Writing,
    number: int,
    request_id: Annotated[UUID, Form()],
    back: Annotated[str, Form()] = "/timeline",
) -> Response:
    """Take an act back."""
    try:
        undoing.take_back(view.context, number, request_id=request_id)
    except MusterError as error:
        return _undo_page(view, number, own_path(back), error)
    return see(own_path(back))


def _ask(  # what one small page holds
    view: View,
    *,
    text: str,
    title: str,
    action: str,
    reasoned: bool,
    back: str,
    possible: bool = True,
    error: MusterError | None = None,
    status: int = 200,
) -> Response:
    return view.render(
        "confirm.html",
        status=status,
        refusal=view.words.problem(error.code, error.details) if error else "",
        text=text,
        title=title,
        action=action,
        reasoned=reasoned,
        back=back,
        possible=possible and error is None,
    )
