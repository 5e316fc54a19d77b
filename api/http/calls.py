"""Calls 叫应: whom one would reach, starting, answering and ending; the webhook's side; the link of whoever was called."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, status

from api.errors import ConflictError
from api.http.access import Acting, BaseContext, Visiting, bearer_token
from api.http.models import (
    Call,
    CallAnswer,
    CallBegin,
    CalledPerson,
    CallFigures,
    CallLine,
    CallLink,
    CallPlace,
    CallPreview,
    CallShare,
    CallStart,
    CallSubject,
    CallSummary,
    ChannelAnswer,
    ChannelAnswered,
    Identifier,
    LinkedCall,
    Plain,
)
from api.http.problems import responses
from api.usecases import call_views, called, calls
from api.usecases.call_chains import Where
from data.calls import CallRecord, Figures

router = APIRouter(prefix="/calls", tags=["calls"])
links = APIRouter(prefix="/call-links", tags=["calls"])

Token = Annotated[str, Path(min_length=20, max_length=100)]
Code = Annotated[str, Path(min_length=1, max_length=100)]
_WRITE = responses(400, 401, 403, 404, 409, 422)


@router.get("", responses=responses(401, 403, 404, 422))
def list_calls(
    context: Visiting, incident: Identifier | None = None, before: Identifier | None = None
) -> list[CallSummary]:
    """List the calls that concern your area, open ones first, then the newest."""
    return [
        _summary(one.call, one.figures)
        for one in call_views.listing(context, incident=incident, before=before)
    ]


@router.get("/statistics", responses=responses(401, 403, 404))
def call_statistics(context: Visiting) -> list[CallShare]:
    """Give the answers to the last year's test calls by township, the least punctual first."""
    return [CallShare.model_validate(one) for one in call_views.statistics(context)]


@router.post("/preview", responses=_WRITE)
def preview_call(body: CallBegin, context: Acting) -> CallPreview:
    """Say whom a call would reach, and call nobody."""
    seen = call_views.preview(
        context, _where(body), kind=body.kind, direction=body.direction, theme=body.theme, points=body.points
    )
    return CallPreview(
        subject=CallSubject.model_validate(seen.subject),
        area_code=seen.area_code,
        persons=seen.persons,
        without_phone=seen.without_phone,
        empty=[one.code for one in seen.empty],
        goes_out=seen.goes_out,
        places=[_place(one) for one in seen.places],
    )


@router.post("", status_code=status.HTTP_201_CREATED, responses=_WRITE)
def start_call(body: CallStart, context: Acting) -> Call:
    """Call everybody along the chain of a place."""
    made = calls.start(
        context,
        _where(body),
        request_id=body.request_id,
        kind=body.kind,
        text=body.text,
        direction=body.direction,
        theme=body.theme,
        points=body.points,
    )
    return document(made)


@router.post("/answers", responses=_WRITE)
def take_answer(
    body: ChannelAnswer, base: BaseContext, token: Annotated[str | None, Depends(bearer_token)]
) -> ChannelAnswered:
    """Take an answer from the webhook's side (`Authorization: Bearer <token>`). The same answer sent twice is taken once."""
    step = called.answer_over_channel(called.by_channel(base, token), body.key, answered_at=body.answered_at)
    if step.answered_at is None:
        raise ConflictError("not_in_this_state", id=step.call_id, state="ended", act="answer")
    return ChannelAnswered(key=body.key, answered_at=step.answered_at)


@router.get("/{call_id}", responses=responses(401, 403, 404, 422))
def get_call(call_id: Identifier, context: Visiting) -> Call:
    """Give one call with everybody whom it called."""
    return document(call_views.get(context, call_id))


@router.post("/{call_id}/people/{person}/answer", responses=_WRITE)
def answer_call(call_id: Identifier, person: Code, body: CallAnswer, context: Acting) -> Call:
    """Take down that somebody has answered, as by telephone."""
    calls.answer(context, call_id, person, request_id=body.request_id, answered_at=body.answered_at)
    return document(call_views.get(context, call_id))


@router.post("/{call_id}/people/{person}/link", status_code=status.HTTP_201_CREATED, responses=_WRITE)
def make_call_link(call_id: Identifier, person: Code, body: Plain, context: Acting) -> CallLink:
    """Make the link on which a called person answers, shown this once."""
    made = calls.make_link(context, call_id, person, request_id=body.request_id)
    return CallLink(
        call=call_id, person=person, token=made.token, path=f"/c/{made.token}", expires_at=made.expires_at
    )


@router.post("/{call_id}/end", responses=_WRITE)
def end_call(call_id: Identifier, body: Plain, context: Acting) -> Call:
    """End a call: nobody else is called."""
    return document(calls.end(context, call_id, request_id=body.request_id))


@links.get("/{token}", responses=responses(401, 404, 422))
def linked_call(token: Token, base: BaseContext) -> LinkedCall:
    """Give what the holder of a link was called for."""
    return _linked(called.linked(called.by_link(base, token)))


@links.post("/{token}/answer", responses=_WRITE)
def answer_linked_call(token: Token, body: Plain, base: BaseContext) -> LinkedCall:
    """Answer as the one who was called. The unguessable link stands for cookie and form token alike."""
    return _linked(called.answer_linked(called.by_link(base, token), request_id=body.request_id))


def document(view: call_views.CallView) -> Call:
    """Write a call."""
    return Call(
        **_summary(view.call, view.figures).model_dump(),
        places=[_place(one) for one in view.places],
        outcomes={code: number for code, number in view.outcomes.items() if number},
        acts=list(view.acts),
    )


def _where(body: CallBegin) -> Where:
    return Where(
        incident=body.incident,
        position=body.position,
        place=body.place,
        feature=body.feature,
        shape=body.shape,
    )


def _summary(call: CallRecord, figures: Figures) -> CallSummary:
    return CallSummary(
        id=call.id,
        kind=call.kind,
        direction=call.direction,
        subject=CallSubject.model_validate(call.subject),
        incident_id=call.incident_id,
        text=call.text,
        area_code=call.area_code,
        state="open" if call.is_open else "ended",
        started_at=call.started_at,
        started_by=call.started_by,
        look_at=call.look_at,
        ended_at=call.ended_at,
        ended_by=call.ended_by,
        figures=CallFigures.model_validate(figures),
    )


def _place(view: call_views.PlaceView) -> CallPlace:
    return CallPlace(
        code=view.post.code,
        name=view.post.name,
        name_en=view.post.name_en,
        level=view.post.level,
        parent=view.parent,
        called=view.called,
        lines=[
            CallLine(
                role=line.role,
                outcome=line.outcome,
                first=[_person(one) for one in line.first],
                instead=[_person(one) for one in line.instead],
            )
            for line in view.lines
        ],
        told=[_person(one) for one in view.told],
    )


def _person(one: call_views.Callee) -> CalledPerson:
    step = one.step
    return CalledPerson.model_validate(
        {
            "person": one.person,
            "name": one.name,
            "phone": one.phone,
            "role": one.role,
            "rank": one.rank,
            "late": one.late,
            "about": step.about if step else "",
            "why": step.why if step else None,
            "called_at": step.called_at if step else None,
            "answer_by": step.answer_by if step else None,
            "answered_at": step.answered_at if step else None,
            "answered_over": step.answered_over if step else None,
            "sent": step.sent if step else None,
            "error": step.error if step else "",
        }
    )


def _linked(view: called.LinkView) -> LinkedCall:
    answered = [one.answered_at for one in view.steps if one.answered_at is not None]
    return LinkedCall(
        call=view.call.id,
        kind=view.call.kind,
        text=view.call.text,
        state="open" if view.call.is_open else "ended",
        started_at=view.call.started_at,
        answered_at=min(answered) if len(answered) == len(view.steps) else None,
    )
