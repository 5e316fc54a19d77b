"""Trackers: the devices that report where a team or a vehicle is, made and ended by an administrator."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Response

from api.errors import MusterError
from api.usecases import resources, trackers
from api.usecases.trackers import MadeTracker
from data.fixes import Unit
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
    names = _units(view)
    return view.render(
        "trackers.html",
        status=error.status if error else 200,
        refusal=view.words.problem(error.code, error.details) if error else "",
        trackers=[(one, names.get(one.unit, f"#{one.unit[1]}")) for one in found],
        units=[
            (title, kind, [(unit[1], name) for unit, name in names.items() if unit[0] == kind])
            for title, kind in ((view.gettext("Teams"), "team"), (view.gettext("Vehicles"), "vehicle"))
        ],
        made=made,
    )


def _units(view: View) -> dict[Unit, str]:
    """Name every team and vehicle of the reader's area; a vehicle with its owner."""
    words, context = view.words, view.context
    teams: dict[Unit, str] = {("team", one.id): words.name(one) for one in resources.teams(context)}
    depots = {one.id: words.name(one) for one in resources.depots(context)}
    vehicles: dict[Unit, str] = {
        ("vehicle", one.id): words.vehicle(
            one.kind, one.code, teams.get(("team", one.team_id or 0)) or depots.get(one.depot_id or 0, "")
        )
        for one in resources.vehicles(context)
    }
    return teams | vehicles


@router.post("/trackers")
def create(  # fields of a form, bound by name
    view: Writing,
    request_id: Annotated[UUID, Form()],
    name: Annotated[str, Form(min_length=1, max_length=200)],
    unit: Annotated[str, Form(pattern=r"^(team|vehicle):[1-9]\d{0,17}$")],
) -> Response:
    """Make a tracker for a unit ("team:12") and show its token, this once."""
    kind, _, number = unit.partition(":")
    whose: Unit = ("team" if kind == "team" else "vehicle", int(number))
    try:
        made = trackers.create(view.context, name=name, unit=whose, request_id=request_id)
    except MusterError as error:
        return _page(view, error=error)
    return _page(view, made=made)


@router.post("/trackers/{tracker_id}/revoke")
def revoke(view: Writing, tracker_id: int, request_id: Annotated[UUID, Form()]) -> Response:
    """End a tracker's token."""
    trackers.revoke(view.context, tracker_id, request_id=request_id)
    return see("/trackers")
