"""Mutual aid: what was asked of this area and by it, answering with units, and giving them back."""

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Response

from api.errors import MusterError
from api.usecases import aid, incidents
from api.usecases.aid import AidView
from api.usecases.incidents import Standing
from web.i18n import N_
from web.view import Link, PageRoute, Reading, View, Writing, see

router = APIRouter(route_class=PageRoute)
NAVIGATION = Link(path="/aid", title=N_("Mutual aid"), place=65, act="aid.read", aside=True)


@router.get("/aid")
def listing(view: Reading, incident: int | None = None) -> Response:
    """List what was asked, by and of this area; with `incident` the form to ask for it."""
    return _listing(view, incident)


def _listing(
    view: View, incident: int | None, *, text: str = "", error: MusterError | None = None
) -> Response:
    context = view.context
    about = incidents.get(context, incident) if incident is not None else None
    asks = about is not None and "aid.request" in incidents.possible_acts(context, about)
    return view.render(
        "aid.html",
        status=error.status if error else 200,
        refusal=view.words.problem(error.code, error.details) if error else "",
        found=[_told(view, one) for one in aid.listing(context)],
        about=about,
        partners=aid.partners(context, about.id) if about and asks else (),
        text=text or (_draft(view, about) if about and asks else ""),
        asks=asks,
    )


def _told(view: View, one: AidView) -> dict[str, object]:
    """Put the sides and the state of a request into words."""
    english = view.lang == "en"
    return {
        "aid": one,
        "asker": (one.asker_en if english else "") or one.asker,
        "giver": (one.giver_en if english else "") or one.giver,
        "state": view.words.aid_state(one.state),
        "title": view.words.incident_title(one.incident),
        "units": [
            {"kind": unit.kind, "id": unit.id, "name": (unit.name_en if english else "") or unit.name}
            for unit in one.units
        ],
    }


def _draft(view: View, about: Standing) -> str:
    """Draft the request from what the incident still needs."""
    words = view.words
    colon = "：" if view.lang == "zh" else ": "
    lines = [
        colon.join((words.need(need), words.amount(need.kind, need.code, need.quantity)))
        for need in about.outstanding
    ]
    lon, lat = about.position
    return words.mutual_aid(lines, [f"{words.incident_title(about)} ({lon:.6f}, {lat:.6f})"])


@router.post("/aid")
def request(
    view: Writing,
    incident: Annotated[int, Form()],
    text: Annotated[str, Form(max_length=2000)] = "",
    to_area: Annotated[str, Form(max_length=12)] = "",
    request_id: Annotated[UUID | None, Form()] = None,
) -> Response:
    """Ask another area; without one chosen yet, show the form with the text as it was drafted."""
    if not to_area:
        return _listing(view, incident, text=text)
    try:
        made = aid.request(
            view.context, incident, request_id=request_id or uuid4(), to_area=to_area, text=text
        )
    except MusterError as error:
        return _listing(view, incident, text=text, error=error)
    return see(f"/aid/{made.id}")


@router.get("/aid/{aid_id}")
def page(view: Reading, aid_id: int) -> Response:
    """Show one request; to whoever answers it, what could be lent."""
    return _page(view, aid_id)


def _page(view: View, aid_id: int, error: MusterError | None = None) -> Response:
    found = aid.get(view.context, aid_id)
    answers = "aid.answer" in found.acts
    offers = aid.offers(view.context, aid_id) if answers else ()
    return view.render(
        "aid_request.html",
        status=error.status if error else 200,
        refusal=view.words.problem(error.code, error.details) if error else "",
        told=_told(view, found),
        answers=answers,
        ends="aid.end" in found.acts,
        offers=[
            {"unit": one, "name": (one.name_en if view.lang == "en" else "") or one.name} for one in offers
        ],
    )


@router.post("/aid/{aid_id}/answer")
def answer(  # noqa: PLR0917  # fields of a form, bound by name
    view: Writing,
    aid_id: int,
    request_id: Annotated[UUID, Form()],
    grant: Annotated[bool, Form()],
    text: Annotated[str, Form(max_length=2000)] = "",
    team: Annotated[list[int], Form()] = [],  # noqa: B006  # FastAPI copies it
    depot: Annotated[list[int], Form()] = [],  # noqa: B006  # as above
) -> Response:
    """Grant with what was ticked, or decline with a reason."""
    try:
        aid.answer(
            view.context, aid_id, request_id=request_id, grant=grant, text=text, teams=team, depots=depot
        )
    except MusterError as error:
        return _page(view, aid_id, error)
    return see(f"/aid/{aid_id}")


@router.post("/aid/{aid_id}/end")
def end(view: Writing, aid_id: int, request_id: Annotated[UUID, Form()]) -> Response:
    """End a request."""
    try:
        aid.end(view.context, aid_id, request_id=request_id)
    except MusterError as error:
        return _page(view, aid_id, error)
    return see(f"/aid/{aid_id}")
