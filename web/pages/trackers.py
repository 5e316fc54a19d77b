"""Trackers: the devices that report where a team or a vehicle is, made and ended by an administrator."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Response

from api.errors import MusterError
from api.usecases import sheets, trackers
from api.usecases.trackers import MadeTracker
from web.i18n import N_
from web.view import Link, PageRoute, Reading, View, Writing, see

router = APIRouter(route_class=PageRoute)
NAVIGATION = Link(path="/trackers", title=N_("Trackers"), place=85, act="tracker.read", aside=True)


@router.get("/trackers")
def listing(view: Reading) -> Response:
    """List the trackers, with the form for a new one."""
    return _page(view)


def _page(view: View, *, made: MadeTracker | None = None, error: MusterError | None = None) -> Response:
    found = trackers.listing(view.context)
    teams = {one.unit[1] for one in found if one.unit[0] == "team"}
    vehicles = {one.unit[1] for one in found if one.unit[0] == "vehicle"}
    roster = sheets.roster(view.context, teams=teams, vehicles=vehicles, depots=())
    words = view.words
    names = {("team", one.id): words.name(one) for one in roster.teams.values()}
    names |= {
        ("vehicle", one.id): words.vehicle(one.kind, one.code, names.get(("team", one.team_id or 0), ""))
        for one in roster.vehicles.values()
    }
    return view.render(
        "trackers.html",
        status=error.status if error else 200,
        refusal=view.words.problem(error.code, error.details) if error else "",
        trackers=[(one, names.get(one.unit, f"#{one.unit[1]}")) for one in found],
        made=made,
    )


@router.post("/trackers")
def create(  # fields of a form, bound by name
    view: Writing,
    request_id: Annotated[UUID, Form()],
    name: Annotated[str, Form(min_length=1, max_length=200)],
    kind: Annotated[Literal["team", "vehicle"], Form()],
    unit: Annotated[int, Form(ge=1, le=2**63 - 1)],
) -> Response:
    """Make a tracker and show its token, this once."""
    try:
        made = trackers.create(view.context, name=name, unit=(kind, unit), request_id=request_id)
    except MusterError as error:
        return _page(view, error=error)
    return _page(view, made=made)


@router.post("/trackers/{tracker_id}/revoke")
def revoke(view: Writing, tracker_id: int, request_id: Annotated[UUID, Form()]) -> Response:
    """End a tracker's token."""
    trackers.revoke(view.context, tracker_id, request_id=request_id)
    return see("/trackers")
