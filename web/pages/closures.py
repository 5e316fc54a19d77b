"""Closed roads and danger areas: draw one, see what it cuts off, change its time, end it."""

import json
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel, Field

from api.errors import InvalidError, MusterError
from api.usecases import closures, effects, hazards, incidents
from api.usecases.effects import Effect
from dispatch.cutoff import VehicleClass
from web import names
from web.i18n import N_
from web.names import Mentioned
from web.orders import shown
from web.view import Link, PageRoute, Reading, View, Writing, see

router = APIRouter(route_class=PageRoute)
NAVIGATION = Link(path="/closures", title=N_("Closed roads"), place=30)

LEAST_CORNERS = 4  # of a ring, the first again at its end
NUMBERS = 2  # of a position


class Changes(BaseModel):
    """What of a closure or area may be changed later, as typed."""

    request_id: UUID = Field(default_factory=uuid4)
    reason: str = ""
    factor_percent: str = ""
    closes_roads: Literal["yes", "no"] = "yes"
    starts_at: str = ""
    ends_at: str = ""

    def common(self, zone: ZoneInfo) -> dict[str, Any]:
        """Return window and reason. Raises InvalidError for what is no moment."""
        return {
            "starts_at": _moment(self.starts_at, zone),
            "ends_at": _moment(self.ends_at, zone),
            "reason": self.reason,
        }

    @property
    def percent(self) -> int | None:
        """The slow-down; None: closed."""
        return int(self.factor_percent) if self.factor_percent.isdecimal() else None


class ClosureForm(Changes):
    """What stands in the form, as typed."""

    kind: Literal["closure", "hazard"] = "closure"
    lon: str = ""
    lat: str = ""
    geometry: str = ""
    incident: str = ""
    vehicle: VehicleClass = "car"

    @property
    def is_empty(self) -> bool:
        """Whether nothing says where, yet."""
        return not (self.geometry.strip() or (self.lon.strip() and self.lat.strip()))

    def where(self) -> dict[str, Any]:
        """Return what was drawn or typed as GeoJSON, else the point. Raises InvalidError for what is neither."""
        if self.geometry.strip():
            return read_geometry(self.geometry)
        try:
            return {"type": "Point", "coordinates": [float(self.lon), float(self.lat)]}
        except ValueError:
            raise InvalidError("position_unreadable") from None


def read_geometry(text: str) -> dict[str, Any]:
    """Read GeoJSON (a geometry, or a feature with one), or pairs "longitude, latitude" apart by lines or semicolons.

    One pair is a point; several are a line, or an area where the last is the first again. Raises InvalidError.
    """
    if text.lstrip().startswith("{"):
        try:
            found = json.loads(text)
        except ValueError:
            raise InvalidError("geometry_unreadable") from None
        geometry = found.get("geometry", found)
        if not isinstance(geometry, dict):
            raise InvalidError("geometry_unreadable")
        return geometry
    try:
        pairs = [
            [float(number) for number in pair.replace(",", " ").split()]
            for pair in text.replace(";", "\n").splitlines()
            if pair.strip()
        ]
    except ValueError:
        raise InvalidError("geometry_unreadable") from None
    if any(len(pair) != NUMBERS for pair in pairs):
        raise InvalidError("geometry_unreadable")
    if len(pairs) == 1:
        return {"type": "Point", "coordinates": pairs[0]}
    if len(pairs) >= LEAST_CORNERS and pairs[0] == pairs[-1]:
        return {"type": "Polygon", "coordinates": [pairs]}
    return {"type": "LineString", "coordinates": pairs}


def _moment(text: str, zone: ZoneInfo) -> datetime | None:
    """Read a moment by the clock of the place; None for no text. Raises InvalidError for what is no moment."""
    if not text.strip():
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError:
        raise InvalidError("time_unreadable") from None


def _typed(at: datetime | None, zone: ZoneInfo) -> str:
    """Write a moment as a form's field takes it, by the clock of the place."""
    return "" if at is None else at.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


@router.get("/closures")
def listing(  # noqa: PLR0917  # the query's own names
    view: Reading,
    lon: str = "",
    lat: str = "",
    id: int | None = None,  # noqa: A002
    hazard: int | None = None,
    incident: str = "",
) -> Response:
    """Show the form, what is closed and what is dangerous; `id` or `hazard` marks one of them."""
    kind: Literal["closure", "hazard"] = "hazard" if incident else "closure"
    form = ClosureForm(lon=lon, lat=lat, kind=kind, incident=incident)
    return _listing(view, form, chosen=id, chosen_area=hazard)


def _listing(
    view: View,
    form: ClosureForm,
    *,
    chosen: int | None = None,
    chosen_area: int | None = None,
    error: MusterError | None = None,
) -> Response:
    actor = view.context.actor
    typed = partial(_typed, zone=view.context.settings.zone)
    return view.render(
        "closures.html",
        status=error.status if error else 200,
        refusal=view.words.problem(error.code, error.details) if error else "",
        form=form,
        chosen=chosen,
        chosen_area=chosen_area,
        closures=closures.standing(view.context),
        hazards=hazards.standing(view.context),
        incidents=incidents.listing(view.context, state="open"),
        typed=typed,
        may_close=actor.may("closure.close"),
        may_draw=actor.may("hazard.draw"),
    )


@router.post("/closures")
def close(view: Writing, form: Annotated[ClosureForm, Form()]) -> Response:
    """Close roads or draw a danger area, now and until it is ended, or within a time window."""
    context = view.context
    try:
        common = form.common(context.settings.zone)
        if form.kind == "hazard":
            drawn = hazards.draw(
                context,
                request_id=form.request_id,
                geometry=form.where(),
                incident=int(form.incident) if form.incident.isdecimal() else None,
                closes_roads=form.closes_roads == "yes",
                **common,
            )
            return see(f"/closures?hazard={drawn.id}")
        closed = closures.close(
            context,
            request_id=form.request_id,
            geometry=form.where(),
            factor_percent=form.percent,
            **common,
        )
    except MusterError as error:
        return _listing(view, form, error=error)
    return see(f"/closures?id={closed.id}")


@router.post("/closures/effect")
def drawn_effect(view: Reading, form: Annotated[ClosureForm, Form()]) -> Response:
    """Show what the form would do; nothing is stored. Half a form is no mistake."""
    if form.is_empty:
        return _effect(view, None)
    try:
        common = form.common(view.context.settings.zone)
        found = effects.of_drawing(
            view.context,
            geometry=form.where(),
            hazard=form.kind == "hazard",
            closes_roads=form.closes_roads == "yes",
            factor_percent=form.percent,
            starts_at=common["starts_at"],
            ends_at=common["ends_at"],
            vehicle=form.vehicle,
        )
    except MusterError as error:
        return _effect(view, None, refusal=view.words.problem(error.code, error.details))
    return _effect(view, found)


@router.get("/closures/{closure_id}/effect")
def closure_effect(view: Reading, closure_id: int, vehicle: VehicleClass = "car") -> Response:
    """Show what a closure does."""
    return _effect(view, effects.of_closure(view.context, closure_id, vehicle=vehicle), stored=True)


@router.get("/hazards/{area_id}/effect")
def hazard_effect(view: Reading, area_id: int, vehicle: VehicleClass = "car") -> Response:
    """Show what a danger area does."""
    return _effect(view, effects.of_hazard(view.context, area_id, vehicle=vehicle), stored=True)


def _effect(view: View, found: Effect | None, *, refusal: str = "", stored: bool = False) -> Response:
    orders = found.orders if found else ()
    by_kind = (
        {
            kind: [one for one in found.cut_off if one.served.kind == kind]
            for kind in ("village", "shelter", "team", "depot")
        }
        if found
        else {}
    )
    touched = {one: incidents.get(view.context, one) for one in (found.incidents if found else ())}
    return view.render(
        "effect.html",
        refusal=refusal,
        effect=found,
        cut={kind: rows for kind, rows in by_kind.items() if rows},
        orders=shown(view, orders, names.read(view, Mentioned().orders(orders))),
        touched=touched,
        stored=stored,
        may_replan=view.context.actor.may("plan.replan"),
    )


@router.post("/closures/{closure_id}/edit")
def edit_closure(view: Writing, closure_id: int, form: Annotated[Changes, Form()]) -> Response:
    """Change a closure's slow-down, window and reason."""
    try:
        common = form.common(view.context.settings.zone)
        closures.edit(
            view.context,
            closure_id,
            request_id=form.request_id,
            factor_percent=form.percent,
            **common,
        )
    except MusterError as error:
        return _listing(view, ClosureForm(), chosen=closure_id, error=error)
    return see(f"/closures?id={closure_id}")


@router.post("/closures/{closure_id}/open")
def open_again(view: Writing, closure_id: int, request_id: Annotated[UUID, Form()]) -> Response:
    """Open a road."""
    closures.open_again(view.context, closure_id, request_id=request_id)
    return see("/closures")


@router.post("/hazards/{area_id}/edit")
def edit_hazard(view: Writing, area_id: int, form: Annotated[Changes, Form()]) -> Response:
    """Change what an area closes, its window and its reason."""
    try:
        common = form.common(view.context.settings.zone)
        hazards.edit(
            view.context,
            area_id,
            request_id=form.request_id,
            closes_roads=form.closes_roads == "yes",
            **common,
        )
    except MusterError as error:
        return _listing(view, ClosureForm(), chosen_area=area_id, error=error)
    return see(f"/closures?hazard={area_id}")


@router.post("/hazards/{area_id}/end")
def end_hazard(view: Writing, area_id: int, request_id: Annotated[UUID, Form()]) -> Response:
    """End a danger area."""
    hazards.end(view.context, area_id, request_id=request_id)
    return see("/closures")
