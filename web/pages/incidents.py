"""Incidents: report one, see what is open, and everything about one of them."""

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel, Field

from api.errors import InvalidError, MusterError
from api.usecases import incidents, orders, places, plans, villages
from dispatch.model import Position
from web import names
from web.names import Mentioned
from web.orders import shown
from web.view import PageRoute, Reading, View, Writing, see

router = APIRouter(route_class=PageRoute)

DEFAULT_LEVEL = 3


class ReportForm(BaseModel):
    """What stands in the report form: as typed, so that a refused report can be mended."""

    request_id: UUID = Field(default_factory=uuid4)
    type: str = ""
    level: int = Field(default=DEFAULT_LEVEL, ge=1, le=4)
    lon: str = ""
    lat: str = ""
    place: str = ""
    radius_m: str = ""
    name: str = ""
    description: str = ""

    def position(self) -> tuple[float, float] | None:
        """Return (longitude, latitude), None where neither is given. Raises InvalidError for what is no number."""
        if not self.lon.strip() and not self.lat.strip():
            return None
        try:
            return float(self.lon), float(self.lat)
        except ValueError:
            raise InvalidError("position_unreadable") from None

    def radius(self) -> int:
        """Return the radius in metres, 0 where none is given. Raises InvalidError for what is no whole number."""
        try:
            return int(self.radius_m.strip() or 0)
        except ValueError:
            raise InvalidError("radius_unreadable") from None


@router.get("/incidents")
def listing(view: Reading, lon: str = "", lat: str = "") -> Response:
    """Show the report form and the open incidents."""
    return _listing(view, ReportForm(lon=lon, lat=lat))


def _listing(view: View, form: ReportForm, error: MusterError | None = None) -> Response:
    actor = view.context.actor
    return view.render(
        "incidents.html",
        status=error.status if error else 200,
        refusal=view.words.problem(error.code, error.details) if error else "",
        form=form,
        types=view.words.incident_types(),
        incidents=incidents.listing(view.context, state="open"),
        may_report=actor.may("incident.report"),
        may_propose=actor.may("plan.propose"),
    )


@router.post("/incidents")
def report(view: Writing, form: Annotated[ReportForm, Form()]) -> Response:
    """Report an incident; a refusal shows the form again as it was typed."""
    try:
        found = incidents.report(
            view.context,
            request_id=form.request_id,
            type=form.type,
            level=form.level,
            position=_position(view, form),
            radius_m=form.radius(),
            name=form.name,
            description=form.description,
        )
    except MusterError as error:
        return _listing(view, form, error)
    return see(f"/incidents/{found.id}")


def _position(view: View, form: ReportForm) -> Position:
    """Take the position of the form: its coordinates, else what its words name.

    Raises InvalidError for none, for words that name nothing, and for words that name more than one thing.
    """
    words = form.place.strip()
    if not words:
        position = form.position()
        if position is None:
            raise InvalidError("one_place_wanted")
        return position
    found = places.search(view.context, words)
    exact = [one for one in found if words in (one.code, one.name, one.name_en)]
    candidates = exact or found
    if not candidates:
        raise InvalidError("no_such_place", words=words)
    if len({one.position for one in candidates}) > 1:
        raise InvalidError("place_ambiguous", words=words)
    return candidates[0].position


@router.get("/incidents/{incident_id}")
def page(view: Reading, incident_id: int) -> Response:
    """Show one incident: where, what it still needs, its orders."""
    context, actor = view.context, view.context.actor
    incident = incidents.get(context, incident_id)
    its_orders = orders.listing(context, incident=incident_id)
    return view.render(
        "incident.html",
        refusal="",
        incident=incident,
        chain=view.words.chain(places.locate(context, incident.position)),
        orders=shown(view, its_orders, names.read(view, Mentioned().orders(its_orders))),
        plan=plans.latest_for(context, incident_id),
        may_propose=actor.may("plan.propose"),
        may_change_level=actor.may("incident.change_level"),
        may_close=actor.may("incident.close"),
        may_cancel=actor.may("incident.cancel"),
        may_link=actor.may("order.link"),
        villages=villages.choices(context, incident_id)
        if incident.state == "open" and actor.may("order.call_village")
        else None,
    )


@router.post("/incidents/{incident_id}/level")
def change_level(
    view: Writing,
    incident_id: int,
    level: Annotated[int, Form(ge=1, le=4)],
    request_id: Annotated[UUID, Form()],
) -> Response:
    """Raise or lower the level."""
    incidents.change_level(view.context, incident_id, request_id=request_id, level=level)
    return see(f"/incidents/{incident_id}")


@router.post("/incidents/{incident_id}/villages")
def call_village(  # noqa: PLR0917  # fields of a form, bound by name
    view: Writing,
    incident_id: int,
    request_id: Annotated[UUID, Form()],
    village: Annotated[str, Form(max_length=200)] = "",
    other: Annotated[str, Form(max_length=200)] = "",
    tasks: Annotated[list[str] | None, Form()] = None,
    shelter: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Call a village: one of the list, or any other by its name or code."""
    villages.call(
        view.context,
        incident_id,
        other.strip() or village,
        request_id=request_id,
        tasks=tasks or (),
        shelter=shelter or None,
    )
    return see(f"/incidents/{incident_id}")


@router.post("/incidents/{incident_id}/close")
def close(view: Writing, incident_id: int, request_id: Annotated[UUID, Form()]) -> Response:
    """Close an incident."""
    incidents.close(view.context, incident_id, request_id=request_id, reason="")
    return see("/incidents")


@router.post("/incidents/{incident_id}/cancel")
def cancel(
    view: Writing,
    incident_id: int,
    reason: Annotated[str, Form(max_length=2000)],
    request_id: Annotated[UUID, Form()],
) -> Response:
    """Cancel an incident and its orders."""
    incidents.cancel(view.context, incident_id, request_id=request_id, reason=reason)
    return see("/incidents")
