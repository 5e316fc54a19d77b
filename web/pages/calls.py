"""Calls 叫应: their list with the figures of tests, whom one would reach before anybody is called, and one as it stands."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel, Field

from api.errors import InvalidError, MusterError
from api.usecases import call_views, called, calls, incidents, places
from api.usecases.call_chains import THEME, Where
from api.usecases.call_views import Callee, CallView, PlaceView, Preview
from data.calls import Figures
from dispatch.calling import CallKind, Direction
from web.i18n import N_
from web.pages.closures import read_geometry
from web.view import Link, OpenToAll, PageRoute, Reading, View, Writing, see

router = APIRouter(route_class=PageRoute)
NAVIGATION = Link(path="/calls", title=N_("Calls"), place=25, act="call.read")
PAGE: Final = 50
_PERCENT: Final = 100


class Begin(BaseModel):
    """Where a call begins and which way it goes, as typed. The first of what is given counts, in this order."""

    kind: CallKind = "warning"
    direction: Direction = "both"
    incident: str = ""
    feature: str = ""
    geometry: str = ""
    place: str = ""
    lon: str = ""
    lat: str = ""
    grid_theme: str = THEME  # "theme" is the colours' on every page
    points: bool = False

    def given(self) -> bool:
        """Whether anything says where."""
        return any(
            one.strip()
            for one in (self.incident, self.feature, self.geometry, self.place, self.lon, self.lat)
        )

    def where(self) -> Where:
        """Read where it begins. Raises InvalidError."""
        if self.incident.strip():
            try:
                return Where(incident=int(self.incident))
            except ValueError:
                raise InvalidError("fields_invalid", fields="incident") from None
        if self.feature.strip():
            return Where(feature=self.feature.strip())
        if self.geometry.strip():
            return Where(shape=read_geometry(self.geometry))
        if self.place.strip():
            return Where(place=self.place.strip())
        try:
            return Where(position=(float(self.lon), float(self.lat)))
        except ValueError:
            raise InvalidError("position_unreadable") from None


class Start(Begin):
    """A call to be made."""

    request_id: UUID = Field(default_factory=uuid4)
    text: str = Field(default="", max_length=2000)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPerson:
    """A person of a call, ready for a template. look: a code of `wording.CALL_PERSONS`; about: a place below, by name."""

    callee: Callee
    look: str
    about: str
    took_ms: int | None
    sent: str
    may_answer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPlace:
    """A place of a call with its people, ready for a template."""

    name: str
    level: str
    depth: int
    outcome: str
    people: tuple[ShownPerson, ...]


@router.get("/calls")
def listing(view: Reading, before: int | None = None) -> Response:
    """List calls, open ones first, and which township answers tests in time."""
    context = view.context
    found = call_views.listing(context, before=before, limit=PAGE)
    shares = call_views.statistics(context)
    named = call_views.names(context, {one.area_code for one in shares})
    return view.render(
        "calls.html",
        found=found,
        older=found[-1].call.id if len(found) == PAGE else None,
        shares=[
            {
                "name": view.words.name(named[one.area_code]) if one.area_code in named else one.area_code,
                "share": one,
                "percent": _percent(one.figures),
            }
            for one in shares
        ],
        percent=_percent,
        may_start=context.actor.may("call.start"),
        within_ms=context.policy.called_within_ms,
    )


def _percent(figures: Figures) -> int:
    return round(_PERCENT * figures.in_time / figures.called) if figures.called else 0


@router.get("/calls/new")
def begin(view: Reading, form: Annotated[Begin, Query()]) -> Response:
    """Choose where a call begins; then see whom it reaches, before anybody is called."""
    if not form.given():
        return _begin(view, form)
    try:
        seen = call_views.preview(
            view.context,
            form.where(),
            kind=form.kind,
            direction=form.direction,
            theme=form.grid_theme,
            points=form.points,
        )
    except MusterError as error:
        return _begin(view, form, error=error)
    return _begin(view, form, seen=seen)


def _begin(
    view: View,
    form: Begin,
    *,
    seen: Preview | None = None,
    text: str = "",
    error: MusterError | None = None,
) -> Response:
    context = view.context
    its_incidents = incidents.listing(context, state="open")
    about = next((one for one in its_incidents if str(one.id) == form.incident), None)
    draft = ""
    if about is not None:
        chain = view.words.chain(places.locate(context, about.position))
        said = (
            view.words.level(about.level),
            view.words.incident_title(about),
            " › ".join(chain[-2:]),
            about.description,
        )
        draft = (" " if view.lang == "zh" else ", ").join(part for part in said if part)
    return view.render(
        "call_begin.html",
        status=error.status if error else 200,
        refusal=view.words.problem(error.code, error.details) if error else "",
        form=form,
        incidents=its_incidents,
        seen=seen,
        places=_shown(view, seen.places, frozenset()) if seen else [],
        levels=_levels(view, seen) if seen else [],
        text=text or draft,
        kinds=[(code, view.words.call_kind(code)) for code in ("warning", "incident", "test")],
        ways=view.words.call_ways(),
        themes=view.words.group("grid_themes"),
        clocks=context.policy.calls.rules,
        may_start=context.actor.may("call.start"),
    )


def _levels(view: View, seen: Preview) -> list[dict[str, Any]]:
    """Count whom a call would reach at each level, the highest first."""
    told: dict[int, Counter[str]] = {}
    for place in seen.places:
        count = told.setdefault(place.post.level, Counter())
        count["places"] += 1
        count["first"] += sum(len(line.first) for line in place.lines)
        count["instead"] += sum(len(line.instead) for line in place.lines)
    return [{"name": _level(view, level), **count} for level, count in sorted(told.items())]


def _level(view: View, level: int) -> str:
    levels = view.words.group("grid_levels")
    return levels.get(str(level)) or view.gettext(N_("Points"))


@router.post("/calls")
def start(view: Writing, form: Annotated[Start, Form()]) -> Response:
    """Call everybody."""
    try:
        made = calls.start(
            view.context,
            form.where(),
            request_id=form.request_id,
            kind=form.kind,
            text=form.text,
            direction=form.direction,
            theme=form.grid_theme,
            points=form.points,
        )
    except MusterError as error:
        return _begin(
            view, Begin(**form.model_dump(include=set(Begin.model_fields))), text=form.text, error=error
        )
    return see(f"/calls/{made.call.id}")


@router.get("/calls/{call_id}")
def page(view: Reading, call_id: int) -> Response:
    """Show one call: everybody by place, minutes taken or left, and what it came to."""
    return _page(view, call_id)


def _page(view: View, call_id: int, error: MusterError | None = None) -> Response:
    seen = call_views.get(view.context, call_id)
    places = _shown(view, seen.places, seen.answers, ended=not seen.call.is_open)
    people = [(place, one) for place in places for one in place.people]
    return view.render(
        "call.html",
        status=error.status if error else 200,
        refusal=view.words.problem(error.code, error.details) if error else "",
        call=seen.call,
        figures=seen.figures,
        percent=_percent(seen.figures),
        outcomes=[(code, number) for code, number in seen.outcomes.items() if number],
        places=places,
        silent=[(place, one) for place, one in people if one.look in {"late", "missed"}],
        followed=[
            (place, one)
            for place, one in people
            if one.callee.step is not None and one.callee.step.why in {"substitute", "above"}
        ],
        failed=sum(1 for _, one in people if one.callee.step and one.callee.step.sent == "failed"),
        may_end="call.end" in seen.acts,
        may_link="call.link" in seen.acts and bool(seen.answers),
        within_ms=view.context.policy.called_within_ms,
    )


def _shown(
    view: View, places: tuple[PlaceView, ...], answers: frozenset[str], *, ended: bool = False
) -> list[ShownPlace]:
    """Put a call's places into the order of their tree, with their people."""
    names = {place.post.code: view.words.name(place.post) for place in places}
    below: dict[str | None, list[PlaceView]] = {}
    for place in places:
        below.setdefault(place.parent if place.parent in names else None, []).append(place)
    found: list[ShownPlace] = []
    left = set(answers)  # a person with several duties is answered for once, where they come first
    waiting = [(place, 0) for place in reversed(below.get(None, []))]
    while waiting:
        place, depth = waiting.pop()
        waiting.extend((one, depth + 1) for one in reversed(below.get(place.post.code, [])))
        found.append(_place(view, place, depth, names, left, ended=ended))
        left -= {one.callee.person for one in found[-1].people if one.may_answer}
    return found


_WORST: Final = ("nobody", "waiting", "above", "substitute", "answered")


def _place(
    view: View,
    place: PlaceView,
    depth: int,
    names: dict[str, str],
    answers: set[str],
    *,
    ended: bool,
) -> ShownPlace:
    people = [
        _person(view, one, names, answers, ended=ended, first=first)
        for line in place.lines
        for group, first in ((line.first, True), (line.instead, False))
        for one in group
    ]
    people += [_person(view, one, names, answers, ended=ended, first=True) for one in place.told]
    outcomes = {line.outcome for line in place.lines}
    return ShownPlace(
        name=names[place.post.code],
        level=_level(view, place.post.level),
        depth=depth,
        outcome=next((one for one in _WORST if one in outcomes), ""),
        people=tuple(people),
    )


def _person(
    view: View,
    one: Callee,
    names: dict[str, str],
    answers: set[str],
    *,
    ended: bool,
    first: bool,
) -> ShownPerson:
    step = one.step
    took = step.answered_at - step.called_at if step is not None and step.answered_at is not None else None
    if step is None:
        look = "ready"
    elif took is not None:
        look = "answered_late" if one.late else "answered"
    elif not one.needed and not (one.late and step.why == "first"):
        look = "spared"
    elif ended:
        look = "missed"
    else:
        look = "late" if one.late else "waiting"
    sent = step.sent if step is not None else None
    return ShownPerson(
        callee=one if first or one.rank == "B" else replace(one, rank="B"),
        look=look,
        about=names.get(step.about, step.about) if step is not None and step.about else "",
        took_ms=None if took is None else round(took.total_seconds() * 1000),
        sent="" if step is None or sent is None else view.words.call_sent(sent, step.tries, step.error),
        may_answer=one.person in answers and step is not None and step.answered_at is None,
    )


@router.post("/calls/{call_id}/people/{person}/answer")
def answer(
    view: Writing,
    call_id: int,
    person: str,
    request_id: Annotated[UUID, Form()],
    at: Annotated[str, Form(max_length=5)] = "",
) -> Response:
    """Take down that somebody has answered; `at`: the minute by the clock of the place, empty: now."""
    try:
        calls.answer(
            view.context, call_id, person, request_id=request_id, answered_at=_minute(view, call_id, at)
        )
    except MusterError as error:
        return _page(view, call_id, error)
    return see(f"/calls/{call_id}")


def _minute(view: View, call_id: int, text: str) -> datetime | None:
    """Read a minute of today or yesterday; the minute of the call itself counts as its moment. Raises InvalidError."""
    if not text.strip():
        return None
    try:
        time = datetime.strptime(text.strip(), "%H:%M").time()  # noqa: DTZ007  # the place's clock, below
    except ValueError:
        raise InvalidError("time_unreadable") from None
    now = view.context.clock()
    at = datetime.combine(now.astimezone(view.context.settings.zone).date(), time, view.context.settings.zone)
    if at > now:
        at -= timedelta(days=1)
    began = call_views.get(view.context, call_id).call.started_at
    return max(at, began) if at > began - timedelta(minutes=1) else at


@router.post("/calls/{call_id}/links")
def links(
    view: Writing,
    call_id: int,
    person: Annotated[list[str], Form()] = [],  # noqa: B006  # FastAPI copies it
) -> Response:
    """Make the links of these persons, or of all who have not answered, and show them this once."""
    seen = call_views.get(view.context, call_id)
    made = []
    for code in person or sorted(seen.answers):
        made_link = calls.make_link(view.context, call_id, code, request_id=uuid4())
        name = next((one.name for one in _people(seen) if one.person == code), code)
        made.append(
            {
                "name": name or code,
                "address": str(view.request.url_for("call_link_page", link=made_link.token)),
                "expires_at": made_link.expires_at,
            }
        )
    return view.render("call_links.html", call=seen.call, links=made)


def _people(seen: CallView) -> list[Callee]:
    return [
        one
        for place in seen.places
        for one in (*(who for line in place.lines for who in (*line.first, *line.instead)), *place.told)
    ]


@router.post("/calls/{call_id}/end")
def end(view: Writing, call_id: int, request_id: Annotated[UUID, Form()]) -> Response:
    """End a call."""
    try:
        calls.end(view.context, call_id, request_id=request_id)
    except MusterError as error:
        return _page(view, call_id, error)
    return see(f"/calls/{call_id}")


# -- the page of whoever was called ------------------------------------------------------------------------------------


@router.get("/c/{link}", name="call_link_page")
def link_page(view: OpenToAll, link: str) -> Response:
    """Show a called person what they are called for, and one thing to press."""
    try:
        return _link_page(view, called.linked(called.by_link(view.context, link)), link)
    except MusterError as error:
        return _no_link(view, error)


def _no_link(view: View, error: MusterError) -> Response:
    return view.render(
        "call_link.html",
        status=error.status,
        refusal=view.words.problem(error.code, error.details),
        seen=None,
        token="",
        places={},
        answered_at=None,
        phone=view.context.settings.post_phone,
    )


def _link_page(view: View, seen: called.LinkView, token: str) -> Response:
    times = [one.answered_at for one in seen.steps if one.answered_at is not None]
    return view.render(
        "call_link.html",
        refusal="",
        seen=seen,
        token=token,
        places={code: view.words.name(post) for code, post in seen.posts.items()},
        answered_at=max(times) if len(times) == len(seen.steps) else None,
        phone=view.context.settings.post_phone,
    )


@router.post("/c/{link}/answer")
def answer_link(view: OpenToAll, link: str, request_id: Annotated[UUID, Form()]) -> Response:
    """Answer. Pressing twice is no error: the page shows that the answer has arrived."""
    try:
        called.answer_linked(called.by_link(view.context, link), request_id=request_id)
    except MusterError as error:
        return _no_link(view, error)
    return see(f"/c/{link}")
