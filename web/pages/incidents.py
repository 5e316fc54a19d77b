"""Incidents: report one, see what is open by urgency, everything about one of them, and add to it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

import pydantic
from fastapi import APIRouter, Depends, Form, Response
from pydantic import BaseModel
from starlette.datastructures import FormData

from api.errors import InvalidError, MusterError
from api.usecases import aid, board, call_views, incidents, messages, places, plans, timeline, villages
from api.usecases.incidents import Standing
from data.locate import Found
from dispatch.model import Position
from web import acts as journal_words
from web import names, talk
from web.names import Mentioned
from web.orders import attended
from web.view import PageRoute, Reading, View, Writing, see, sent_form

router = APIRouter(route_class=PageRoute)

MOST_CHOICES = 8
COORDINATES = re.compile(r"(-?[0-9]{1,3}(?:\.[0-9]+)?)[\s,，]+(-?[0-9]{1,2}(?:\.[0-9]+)?)")
MOST_LON, MOST_LAT = 180, 90
MOST_RADIUS_M = 100_000
MOST_CHARACTERS = 2000
MOST_DIGITS = 9


class ReportForm(BaseModel):
    """What stands in the report form: as typed, so that a refused report can be mended."""

    request_id: UUID = pydantic.Field(default_factory=uuid4)
    type: str = ""
    level: Literal["", "1", "2", "3", "4"] = ""
    lon: str = ""
    lat: str = ""
    place: str = ""
    radius_m: str = ""
    name: str = ""
    description: str = ""
    reporter_name: str = ""
    reporter_phone: str = ""

    def position(self) -> tuple[float, float] | None:
        """Return (longitude, latitude), None where neither is given. Raises InvalidError for what is no number."""
        if not self.lon.strip() and not self.lat.strip():
            return None
        try:
            lon, lat = float(self.lon), float(self.lat)
        except ValueError:
            raise InvalidError("position_unreadable") from None
        if not (abs(lon) <= MOST_LON and abs(lat) <= MOST_LAT):
            raise InvalidError("position_unreadable")
        return lon, lat

    def radius(self) -> int:
        """Return the radius in metres, 0 where none is given. Raises InvalidError for what is no whole number."""
        try:
            radius = int(self.radius_m.strip() or 0)
        except ValueError:
            raise InvalidError("radius_unreadable") from None
        if not 0 <= radius <= MOST_RADIUS_M:
            raise InvalidError("radius_unreadable")
        return radius


@router.get("/incidents")
def listing(view: Reading, lon: str = "", lat: str = "") -> Response:
    """Show the report form and the open incidents."""
    return _listing(view, ReportForm(lon=lon, lat=lat))


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of several places that the words of a report name."""

    position: str
    code: str
    name: str
    where: str


def _listing(view: View, form: ReportForm, error: MusterError | None = None) -> Response:
    actor = view.context.actor
    return view.render(
        "incidents.html",
        status=error.status if error else 200,
        refusal=view.words.problem(error.code, error.details) if error else "",
        form=form,
        choices=_choices(view, form) if error and error.code == "place_ambiguous" else (),
        types=view.words.incident_types_with_levels(),
        rows=board.rows(view.context),
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
            level=int(form.level) if form.level else _usual_level(view, form.type),
            position=_position(view, form),
            radius_m=form.radius(),
            name=form.name,
            description=form.description,
            reporter_name=form.reporter_name.strip(),
            reporter_phone=form.reporter_phone.strip(),
        )
    except MusterError as error:
        return _listing(view, form, error)
    return see(f"/incidents/{found.id}")


def _usual_level(view: View, type_code: str) -> int:
    """Return the level that incidents of a type usually have. Raises InvalidError for an unknown type."""
    kind = view.context.policy.incident_types.get(type_code)
    if kind is None:
        raise InvalidError("unknown_incident_type", type=type_code)
    return kind.default_level


def _position(view: View, form: ReportForm) -> Position:
    """Take the position of the form: what its words name (or are, as longitude and latitude), else its coordinates.

    Raises InvalidError for none, for words that name nothing, and for words that name more than one thing.
    """
    words = form.place.strip()
    typed = COORDINATES.fullmatch(words)
    if not words or typed:
        position = (ReportForm(lon=typed[1], lat=typed[2]) if typed else form).position()
        if position is None:
            raise InvalidError("one_place_wanted")
        return position
    candidates = _called(view, words)
    if not candidates:
        raise InvalidError("no_such_place", words=words)
    if len({one.position for one in candidates}) > 1:
        raise InvalidError("place_ambiguous", words=words)
    return candidates[0].position


def _called(view: View, words: str) -> list[Found]:
    """Find what has this code, else what is called exactly so, else what has the words in its name.

    A code may be a village's, its area's and its grid's at once: they are one place, and the village's point says it best.
    """
    found = places.search(view.context, words)
    by_code = sorted((one for one in found if one.code == words), key=lambda one: one.kind != "village")
    return by_code[:1] or [one for one in found if words in (one.name, one.name_en)] or list(found)


def _choices(view: View, form: ReportForm) -> list[Choice]:
    found = _called(view, form.place.strip())[:MOST_CHOICES]
    return [
        Choice(
            position="{:.6f}, {:.6f}".format(*one.position),
            code=one.code,
            name=view.words.name(one),
            where=view.words.place(places.locate(view.context, one.position)),
        )
        for one in found
    ]


@router.get("/incidents/{incident_id}")
def page(view: Reading, incident_id: int, sent: int | None = None) -> Response:
    """Show one incident: where, what it still needs, its orders. `sent`: a plan that was just confirmed."""
    context, actor = view.context, view.context.actor
    incident = incidents.get(context, incident_id)
    acts = incidents.possible_acts(context, incident)
    its_orders = board.orders_by_attention(context, incident=incident_id)
    known = names.read(view, Mentioned().orders(one.order for one in its_orders))
    return view.render(
        "incident.html",
        refusal="",
        incident=incident,
        chain=view.words.chain(places.locate(context, incident.position)),
        known=[
            (code, incident.details[code]) for code in _details_of(view, incident) if code in incident.details
        ],
        may_edit="incident.edit" in acts,
        orders=attended(view, its_orders, known),
        sent=sent,
        may_replan="plan.replan" in acts,
        plan=plans.latest_for(context, incident_id),
        may_propose="plan.propose" in acts,
        may_change_level="incident.change_level" in acts,
        may_close="incident.close" in acts,
        may_cancel="incident.cancel" in acts,
        may_escalate="incident.escalate" in acts,
        may_ask_for_aid="aid.request" in acts,
        aid=aid.listing(context, incident=incident_id),
        its_calls=call_views.listing(context, incident=incident_id),
        may_call=incident.state == "open" and actor.may("call.start"),
        may_link=actor.may("order.link"),
        villages=villages.choices(context, incident_id) if "order.call_village" in acts else None,
        messages=talk.shown(view, messages.listing(context, incident=incident_id, limit=20)),
        may_message=actor.may("message.send"),
        told=journal_words.tell(view, timeline.page(context, incident=incident_id, limit=10)),
    )


def _details_of(view: View, incident: Standing) -> tuple[str, ...]:
    kind = view.context.policy.incident_types.get(incident.type)
    return kind.details if kind else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of the form that adds to an incident: what it held when the form was written, and what was typed."""

    name: str
    title: str
    seen: str
    typed: str
    long: bool = False
    numeric: bool = False
    conflict: bool = False


@router.get("/incidents/{incident_id}/edit")
def edit_form(view: Reading, incident_id: int) -> Response:
    """Show what is known of an incident, to be added to."""
    incident = incidents.get(view.context, incident_id)
    return _edit_form(view, incident, _written(view, incident), None)


def _written(view: View, incident: Standing) -> dict[str, str]:
    """Write an incident's fields as a form shows them."""
    position = "{:.6f}, {:.6f}".format(*incident.position)
    details = {f"details.{code}": str(incident.details.get(code, "")) for code in _details_of(view, incident)}
    return {
        "reporter_name": incident.reporter_name,
        "reporter_phone": incident.reporter_phone,
        "name": incident.name,
        "radius_m": str(incident.radius_m or ""),
        "position": position,
        "description": incident.description,
        **details,
    }


def _edit_form(
    view: View, incident: Standing, typed: Mapping[str, str], error: MusterError | None
) -> Response:
    """Show the form; after a conflict with both versions, so that saving again means to write over the other one."""
    seen = _written(view, incident)
    conflicts = error.details.get("conflicts", {}) if error else {}
    return view.render(
        "incident_edit.html",
        status=error.status if error else 200,
        refusal=view.words.problem(error.code, error.details) if error else "",
        incident=incident,
        conflict_by=error.details.get("by", "") if error else "",
        fields=[
            Field(
                name=name,
                title=view.words.incident_field(name),
                seen=value,
                typed=typed.get(name, value),
                long=name in {"description", "details.trend", "details.measures"},
                numeric=name == "radius_m" or view.words.counts(name),
                conflict=name in conflicts,
            )
            for name, value in seen.items()
        ],
    )


@router.post("/incidents/{incident_id}/edit")
def edit(
    view: Writing,
    incident_id: int,
    request_id: Annotated[UUID, Form()],
    form: Annotated[FormData, Depends(sent_form)],
) -> Response:
    """Save what was typed over what was seen; where somebody else wrote meanwhile, show both."""
    incident = incidents.get(view.context, incident_id)
    fields = _written(view, incident)
    typed = {name: str(form[name]).strip() for name in fields if name in form}
    seen = {name: str(form.get(f"seen.{name}", "")).strip() for name in typed}
    changed = [name for name in typed if typed[name] != seen[name]]
    try:
        changes = _values(view, {name: typed[name] for name in changed})
        before = _values(view, {name: seen[name] for name in changed})
        if changes:
            incidents.edit(view.context, incident_id, request_id=request_id, changes=changes, seen=before)
    except MusterError as error:
        return _edit_form(view, incident, {name: typed[name] for name in changed}, error)
    return see(f"/incidents/{incident_id}")


def _values(view: View, texts: Mapping[str, str]) -> dict[str, Any]:
    """Read what was typed. Raises InvalidError for what cannot be read."""
    for name, text in texts.items():
        if len(text) > MOST_CHARACTERS:
            raise InvalidError("field_invalid", field=view.words.incident_field(name))
    values: dict[str, Any] = {
        name: text for name, text in texts.items() if not name.startswith("details.") and name != "position"
    }
    if "radius_m" in texts:
        values["radius_m"] = ReportForm(radius_m=texts["radius_m"]).radius()
    if "position" in texts:
        lon, _, lat = texts["position"].replace("，", ",").partition(",")
        position = ReportForm(lon=lon, lat=lat).position()
        if position is None:
            raise InvalidError("position_unreadable")
        values["position"] = position
    details = {
        name.removeprefix("details."): text for name, text in texts.items() if name.startswith("details.")
    }
    if details:
        values["details"] = {code: _detail(view, code, text) for code, text in details.items()}
    return values


def _detail(view: View, code: str, text: str) -> int | str | None:
    if not text:
        return None
    if not view.words.counts(f"details.{code}"):
        return text
    if not text.isdecimal() or len(text) > MOST_DIGITS:
        raise InvalidError("field_invalid", field=view.words.term("details", code))
    return int(text)


@router.post("/incidents/{incident_id}/reports")
def send_report(
    view: Writing, incident_id: int, request_id: Annotated[UUID, Form()], report: Annotated[str, Form()]
) -> Response:
    """Note that a report went upwards."""
    incidents.send_report(view.context, incident_id, request_id=request_id, report=report)
    return see(f"/incidents/{incident_id}")


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


@router.post("/incidents/{incident_id}/escalate")
def escalate(
    view: Writing,
    incident_id: int,
    request_id: Annotated[UUID, Form()],
    reason: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Hand a township's incident to the county."""
    incidents.escalate(view.context, incident_id, request_id=request_id, reason=reason)
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
