"""Calls 叫应: from a place up and down its chain of responsibility, with a clock for each person.

Whoever starts, answers or ends a call holds its row; then the core says who follows (`dispatch.calling`), and they are called
in the same transaction. What goes out over the webhook is only noted here; `call_sending` delivers it after the commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, get_args
from uuid import UUID, uuid5

from sqlalchemy import Connection

from api import scope
from api.context import Context
from api.errors import ConflictError, InvalidError, NotFoundError
from api.security import CLOCKWORK, authorise, derived_token, new_token, token_hash
from api.usecases import call_chains
from api.usecases.acting import Done, perform
from api.usecases.call_chains import THEME, Where
from api.usecases.call_views import CallView, get, goes_out, seen
from data import calls, journal
from data.calls import CallRecord, StepRecord
from dispatch import calling
from dispatch.calling import CallKind, Direction

_ESCALATIONS: Final = UUID("6f0b8b0e-52a5-4c35-9d0c-6d1c7a1f3f0e")
"""Under which the requests of escalations are named: the same clock gives the same request in every worker."""


def start(
    ctx: Context,
    where: Where,
    *,
    request_id: UUID,
    kind: CallKind,
    text: str,
    direction: Direction = "both",
    theme: str = THEME,
    points: bool = False,
) -> CallView:
    """Call everybody along the chain of a place. points: the geohazard points below, too, where the call goes down.

    A township calls from its own area; up its chain the county hears it. Raises InvalidError for an unknown kind or
    direction, an empty text, a place without cells or anybody to call; NotFoundError; NotAllowedError outside the area.
    """
    said = text.strip()
    if not said:
        raise InvalidError("message_empty")
    if kind not in get_args(CallKind) or direction not in get_args(Direction):
        raise InvalidError("unknown_act", act=f"{kind} {direction}")

    def do(connection: Connection, now: datetime) -> Done:
        origin, chain = call_chains.find(
            ctx, connection, where, direction=direction, theme=theme, points=points, now=now
        )
        scope.check_inside(ctx.actor, origin.area_code)
        if kind == "incident" and origin.incident_id is None:
            raise InvalidError("call_without_incident")
        if not any(line.first or line.instead for line in calling.lines(chain.tree, chain.rules)):
            raise InvalidError("call_reaches_nobody")
        call = calls.insert(
            connection,
            kind=kind,
            direction=direction,
            subject=origin.subject,
            incident_id=origin.incident_id,
            said=said,
            area_code=origin.area_code,
            post=ctx.actor.area if scope.is_township(ctx.actor) else None,
            chain=chain,
            at=now,
            by=ctx.actor.name,
        )
        called = _go_on(ctx, connection, call, now)
        payload = {
            "kind": kind,
            "direction": direction,
            "subject": origin.subject.code,
            "incident": origin.incident_id,
            "places": len(chain.tree.called),
            "called": called,
        }  # the words stay where they can be masked and deleted: the journal is for ever
        return Done(subject="call", id=call.id, payload=payload)

    arguments = {
        "kind": kind,
        "direction": direction,
        "text": said,
        "theme": theme,
        "points": points,
        "incident": where.incident,
        "position": where.position,
        "place": where.place,
        "feature": where.feature,
        "shape": where.shape,
    }
    return get(ctx, perform(ctx, "call.start", request_id, arguments, do)["id"])


def answer(
    ctx: Context, call_id: int, person: str, *, request_id: UUID, answered_at: datetime | None = None
) -> None:
    """Take down that a person has answered: themselves on their link, the webhook for them, or a post who reached them.

    answered_at: when they did, where it was before now. Raises ConflictError when they had answered or the call has
    ended, InvalidError for a moment before the call or to come, NotFoundError for somebody who was not called.
    """
    if answered_at is not None and answered_at.tzinfo is None:
        raise InvalidError("time_without_offset")

    def do(connection: Connection, now: datetime) -> Done:
        call = _held(connection, call_id)
        its = [one for one in calls.steps(connection, call_id) if one.person == person]
        _check_answers(ctx, call, its)
        if not call.is_open:
            raise ConflictError("not_in_this_state", id=call_id, state=call.state, act="answer")
        waiting = [one for one in its if one.answered_at is None]
        if not waiting:
            raise ConflictError("already_done", id=call_id, state="answered", act="answer")
        at = answered_at or now
        if not min(one.called_at for one in waiting) <= at <= now:
            raise InvalidError("answer_time_wrong")
        over = {"call_link": "link", "call_channel": "webhook"}.get(ctx.actor.role, "screen")
        calls.answer(connection, call_id, person, at=at, by=ctx.actor.name, over=over)
        called = _go_on(ctx, connection, call, now)
        payload = {"person": person, "incident": call.incident_id, "over": over, "called": called}
        return Done(subject="call", id=call_id, payload=payload)

    arguments = {"call": call_id, "person": person, "answered_at": answered_at}
    perform(ctx, "call.answer", request_id, arguments, do)


def escalate(ctx: Context, call_id: int, look_at: datetime) -> None:
    """Call whoever follows those whose clock ran out at `look_at`. Raises ConflictError where somebody did so before."""

    def do(connection: Connection, now: datetime) -> Done:
        call = _held(connection, call_id)
        if call.look_at is None or call.look_at > now:
            raise ConflictError("not_in_this_state", id=call_id, state=call.state, act="escalate")
        called = _go_on(ctx, connection, call, now)
        return Done(subject="call", id=call_id, payload={"incident": call.incident_id, "called": called})

    request_id = uuid5(_ESCALATIONS, f"{ctx.world.schema}/{call_id}/{look_at.isoformat()}")
    perform(ctx, "call.escalate", request_id, {"call": call_id}, do)


def escalate_due(ctx: Context) -> int:
    """Bring every call forward whose clock has run out; return how many. Several workers may look at once: one acts."""
    clockwork = ctx.acting(CLOCKWORK)
    with ctx.world.read() as connection:
        found = calls.due(connection, ctx.clock())
    done = 0
    for call_id, look_at in found:
        try:
            escalate(clockwork, call_id, look_at)
            done += 1
        except ConflictError:
            continue  # somebody answered, ended it, or another worker was first
    return done


def end(ctx: Context, call_id: int, *, request_id: UUID) -> CallView:
    """End a call: nobody else is called. Raises ConflictError when it has ended."""

    def do(connection: Connection, now: datetime) -> Done:
        seen(ctx, connection, call_id)
        call = _held(connection, call_id)
        scope.check_leads(ctx.actor, call)
        if not call.is_open:
            raise ConflictError("already_done", id=call_id, state=call.state, act="end")
        calls.end(connection, call_id, at=now, by=ctx.actor.name)
        return Done(subject="call", id=call_id, payload={"incident": call.incident_id})

    perform(ctx, "call.end", request_id, {"call": call_id}, do)
    return get(ctx, call_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeLink:
    """A link of whoever was called, shown this once, and until when it opens."""

    token: str
    expires_at: datetime


def make_link(ctx: Context, call_id: int, person: str, *, request_id: UUID) -> MadeLink:
    """Make the link on which a called person answers for themselves; the one before it ends, but not what was sent out.

    Only its hash is stored. Raises NotFoundError, ConflictError when the call has ended.
    """
    authorise(ctx.actor, "call.link")
    now = ctx.clock()
    with ctx.world.begin() as connection:
        call = _held(connection, call_id)
        its = [one for one in calls.steps(connection, call_id) if one.person == person]
        _check_answers(ctx, call, its)
        if not call.is_open:
            raise ConflictError("not_in_this_state", id=call_id, state=call.state, act="link")
        token = _token(ctx, its[0])
        calls.set_link(connection, its[0].id, token_hash(token))
        journal.append(
            connection,
            act="call.link",
            actor=ctx.actor.name,
            at=now,
            subject="call",
            subject_id=call_id,
            payload={"person": person},
            request_id=request_id,
        )
    return MadeLink(token=token, expires_at=link_ends(ctx, call))


def _go_on(ctx: Context, connection: Connection, call: CallRecord, now: datetime) -> int:
    """Call whoever is to be called now, say when to look again, and end what everybody has answered; return how many."""
    chain = calls.chain(connection, call.id)
    rung = [one.rung() for one in calls.steps(connection, call.id)]
    found = calling.due(chain.tree, chain.rules, rung, now)
    area_of = {post.code: post.area_code for post in chain.posts}
    made = calls.ring(connection, call.id, found.rings, at=now, areas=area_of)
    if made and goes_out(ctx, call.kind):
        for step in calls.steps(connection, call.id):
            if step.id in made and ctx.settings.call_secret is not None:
                calls.set_link(connection, step.id, token_hash(link_token(ctx, step)))
        calls.queue(connection, call, made, at=now)
    if rung and calling.complete(rung, found):
        calls.end(connection, call.id, at=now, by=ctx.actor.name)
    else:
        calls.look_again(connection, call.id, found.look_at)
    return len(made)


def link_token(ctx: Context, step: StepRecord) -> str:
    """Derive the token of the link that goes out with a step. Raises LookupError without a secret."""
    if ctx.settings.call_secret is None:
        raise LookupError("no call_secret")
    return derived_token(ctx.settings.call_secret, "call link", ctx.world.schema, str(step.key))


def _token(ctx: Context, step: StepRecord) -> str:
    return new_token() if ctx.settings.call_secret is None else link_token(ctx, step)


def link_ends(ctx: Context, call: CallRecord) -> datetime:
    """Tell until when the links of a call open it."""
    return call.started_at + timedelta(hours=ctx.settings.order_link_hours)


def _held(connection: Connection, call_id: int) -> CallRecord:
    call = calls.lock(connection, call_id)
    if call is None:
        raise NotFoundError("no_such_call", id=call_id)
    return call


def _check_answers(ctx: Context, call: CallRecord, its: Sequence[StepRecord]) -> None:
    """Raise unless a person was called, and this actor may take their answer down."""
    if ctx.actor.role == "call_link" and ctx.actor.call != (call.id, its[0].person if its else ""):
        raise NotFoundError("no_such_call", id=call.id)
    if not its:
        raise NotFoundError("not_called", id=call.id)
    if ctx.actor.role in {"call_link", "call_channel"} or scope.covers(ctx.actor, call.area_code):
        return
    if not any(scope.covers(ctx.actor, one.area_code) for one in its):
        raise NotFoundError("no_such_call", id=call.id)
