"""Whoever was called: on the link of their own, or over the webhook's side, which answers for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from api.context import Context
from api.errors import ConflictError, NotFoundError, NotSignedInError
from api.security import Actor, authorise, same_secret, token_hash
from api.usecases.calls import answer, link_ends
from data import call_trees, calls
from data.call_trees import Person, Post
from data.calls import CallRecord, StepRecord

LINK: Final = "link:call/"  # before a call's number: who answers on its link
CHANNEL: Final = "channel:webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """What whoever was called sees on their own page: the call, and all that they were called for."""

    call: CallRecord
    person: Person
    steps: tuple[StepRecord, ...]
    posts: Mapping[str, Post]


def by_link(ctx: Context, token: str) -> Context:
    """Return the context of the called person who holds this link. Raises NotSignedInError where it opens nothing."""
    with ctx.world.read() as connection:
        step = calls.by_token(connection, token_hash(token))
        call = calls.get(connection, step.call_id) if step else None
    if step is None or call is None:
        raise NotSignedInError("call_link_wrong")
    if link_ends(ctx, call) <= ctx.clock():
        raise NotSignedInError("call_link_expired")
    return ctx.acting(Actor(name=f"{LINK}{call.id}", role="call_link", call=(call.id, step.person)))


def linked(ctx: Context) -> LinkView:
    """Give what the holder of a link was called for."""
    authorise(ctx.actor, "call.read")
    if ctx.actor.call is None:
        raise NotFoundError("no_such_call", id=0)
    call_id, code = ctx.actor.call
    with ctx.world.read() as connection:
        call = calls.get(connection, call_id)
        if call is None:
            raise NotFoundError("no_such_call", id=call_id)
        its = tuple(one for one in calls.steps(connection, call_id) if one.person == code)
        known = call_trees.people(connection, [code], at=call.started_at)
        posts = {post.code: post for post in calls.chain(connection, call_id).posts}
    person = known.get(code, Person(code=code, name="", phone=""))
    return LinkView(call=call, person=person, steps=its, posts=posts)


def answer_linked(ctx: Context, *, request_id: UUID) -> LinkView:
    """Answer on one's own link. Whoever presses twice has answered once."""
    if ctx.actor.call is not None:
        call_id, person = ctx.actor.call
        try:
            answer(ctx, call_id, person, request_id=request_id)
        except ConflictError as error:
            if error.code != "already_done":
                raise
    return linked(ctx)


def by_channel(ctx: Context, token: str | None) -> Context:
    """Return the context of the webhook's side. Raises NotSignedInError unless it carries the token of the settings."""
    wanted = ctx.settings.call_answer_token
    if wanted is None or token is None or not same_secret(wanted, token):
        raise NotSignedInError("call_token_wrong")
    return ctx.acting(Actor(name=CHANNEL, role="call_channel"))


def answer_over_channel(ctx: Context, key: UUID, *, answered_at: datetime | None = None) -> StepRecord:
    """Take an answer that came over the webhook, by the key of what went out. Taken twice it is taken once.

    A moment that cannot be (their clock is wrong) counts as now: the answer is worth more than its minute.
    """
    authorise(ctx.actor, "call.answer")
    with ctx.world.read() as connection:
        step = calls.by_key(connection, key)
    if step is None:
        raise NotFoundError("no_such_call", id=str(key))
    if step.answered_at is not None:
        return step
    now = ctx.clock()
    told = answered_at is not None and answered_at.tzinfo is not None and step.called_at <= answered_at <= now
    try:
        answer(
            ctx,
            step.call_id,
            step.person,
            request_id=uuid5(key, "answer"),
            answered_at=answered_at if told else None,
        )
    except ConflictError as error:
        if error.code not in {"already_done", "request_reused"}:
            raise
    with ctx.world.read() as connection:
        return calls.step(connection, step.id) or step
