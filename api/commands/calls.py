"""Commands about calls 叫应."""

from enum import StrEnum
from typing import Annotated

import typer
from pydantic import BaseModel

from api.http.calls import document
from api.http.models import CallShare, CallSummary
from api.terminal import AsJson, Moment, RequestId, acting, show
from api.usecases import call_views, calls
from api.usecases.call_chains import THEME, Where

app = typer.Typer(
    help="Calls up and down the chain: list, show, preview, start, answer, end.", no_args_is_help=True
)
COLUMNS = (
    "id",
    "kind",
    "state",
    "direction",
    "text",
    "started_at",
    "called",
    "answered",
    "in_time",
    "look_at",
)


class Kind(StrEnum):
    """What a call is about."""

    INCIDENT = "incident"
    WARNING = "warning"
    TEST = "test"


class Way(StrEnum):
    """Which way a call goes."""

    UP = "up"
    DOWN = "down"
    BOTH = "both"


class Row(BaseModel):
    """A call as one line."""

    id: int
    kind: str
    state: str
    direction: str
    text: str
    started_at: object
    called: int
    answered: int
    in_time: int
    look_at: object


class Person(BaseModel):
    """A called person as one line."""

    place: str
    role: str
    rank: str
    person: str
    name: str
    phone: str
    called_at: object
    answer_by: object
    answered_at: object


Incident = Annotated[int | None, typer.Option(help="The incident that it begins at.")]
At = Annotated[str | None, typer.Option(help="LON,LAT in degrees.")]
Place = Annotated[str | None, typer.Option(help="Name or code of an area, a village, a cell or a place.")]
Feature = Annotated[
    str | None, typer.Option(help="A point by its layer and code, as geohazard_points/DZ0001.")
]
Points = Annotated[bool, typer.Option("--points", help="The geohazard points below the cells, too.")]


def _where(incident: int | None, at: str | None, place: str | None, feature: str | None) -> Where:
    position = None
    if at is not None:
        lon, _, lat = at.partition(",")
        try:
            position = (float(lon), float(lat))
        except ValueError:
            raise typer.BadParameter("LON,LAT in degrees") from None
    return Where(incident=incident, position=position, place=place, feature=feature)


@app.command("list")
def list_calls(*, incident: int | None = None, as_json: AsJson = False) -> None:
    """List the calls, open ones first."""
    with acting() as context:
        found = call_views.listing(context, incident=incident)
    rows = [
        Row(
            id=one.call.id,
            kind=one.call.kind,
            state=one.call.state,
            direction=one.call.direction,
            text=one.call.text,
            started_at=one.call.started_at,
            called=one.figures.called,
            answered=one.figures.answered,
            in_time=one.figures.in_time,
            look_at=one.call.look_at,
        )
        for one in found
    ]
    show(rows, COLUMNS, as_json=as_json)


@app.command("show")
def show_call(call: int, *, as_json: AsJson = False) -> None:
    """Show everybody whom a call called, from the top."""
    with acting() as context:
        _tell(call_views.get(context, call), as_json=as_json)


@app.command("preview")
def preview_call(
    kind: Kind,
    *,
    incident: Incident = None,
    at: At = None,
    place: Place = None,
    feature: Feature = None,
    direction: Way = Way.BOTH,
    theme: str = THEME,
    points: Points = False,
    as_json: AsJson = False,
) -> None:
    """Say whom a call would reach, and call nobody."""
    with acting() as context:
        seen = call_views.preview(
            context,
            _where(incident, at, place, feature),
            kind=kind.value,
            direction=direction.value,
            theme=theme,
            points=points,
        )
    _show(seen.places, as_json=as_json)
    if not as_json:
        typer.echo(
            f"{seen.persons} persons, {seen.without_phone} without a phone, {len(seen.empty)} places without anybody"
        )


@app.command("start")
def start_call(
    kind: Kind,
    text: str,
    *,
    incident: Incident = None,
    at: At = None,
    place: Place = None,
    feature: Feature = None,
    direction: Way = Way.BOTH,
    theme: str = THEME,
    points: Points = False,
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Call everybody along the chain of a place."""
    with acting() as context:
        made = calls.start(
            context,
            _where(incident, at, place, feature),
            request_id=request_id,
            kind=kind.value,
            text=text,
            direction=direction.value,
            theme=theme,
            points=points,
        )
        _tell(made, as_json=as_json)


@app.command("answer")
def answer_call(call: int, person: str, *, at: Moment = None, request_id: RequestId) -> None:
    """Take down that somebody has answered, by their code, as by telephone."""
    with acting() as context:
        calls.answer(context, call, person, request_id=request_id, answered_at=at)


@app.command("link")
def link_call(call: int, person: str, *, request_id: RequestId) -> None:
    """Make the link on which a called person answers, printed this once."""
    with acting() as context:
        made = calls.make_link(context, call, person, request_id=request_id)
    typer.echo(f"/c/{made.token}\nuntil {made.expires_at.isoformat(timespec='minutes')}")


@app.command("end")
def end_call(call: int, *, request_id: RequestId) -> None:
    """End a call: nobody else is called."""
    with acting() as context:
        calls.end(context, call, request_id=request_id)


@app.command("statistics")
def call_statistics(*, as_json: AsJson = False) -> None:
    """Give the answers to the last year's test calls by township, the least punctual first."""
    with acting() as context:
        found = [CallShare.model_validate(one) for one in call_views.statistics(context)]
    show(found, ("area_code", "calls", "figures"), as_json=as_json)


def _tell(view: call_views.CallView, *, as_json: bool) -> None:
    if as_json:
        show(document(view), (), as_json=True)
        return
    summary = CallSummary.model_validate(document(view).model_dump())
    show(summary, ("id", "kind", "state", "text", "started_at", "look_at", "figures"), as_json=False)
    _show(view.places, as_json=False)


def _show(places: tuple[call_views.PlaceView, ...], *, as_json: bool) -> None:
    rows = [
        Person(
            place=place.post.name or place.post.code,
            role=one.role,
            rank=one.rank,
            person=one.person,
            name=one.name,
            phone=one.phone,
            called_at=one.step.called_at if one.step else None,
            answer_by=one.step.answer_by if one.step else None,
            answered_at=one.step.answered_at if one.step else None,
        )
        for place in places
        for one in (*(who for line in place.lines for who in (*line.first, *line.instead)), *place.told)
    ]
    show(rows, tuple(Person.model_fields), as_json=as_json)
