"""Delivering what a call has to say to the outside: after the commit, outside any transaction, once for each step.

A worker takes what is waiting for itself alone and for a while; if it dies, another one takes it again, and the receiver
knows the message by its key. Only live calls that are no tests have anything to deliver (the store holds nothing else).
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Final

from api.context import Context
from api.usecases.calls import link_token
from api.webhook import TIMEOUT_S, Called, CallMessage, Delivery, Somebody, Somewhere, Webhook
from data import call_trees, calls
from data.call_trees import Person, Post
from data.calls import Outgoing

AT_ONCE: Final = 8
MOST: Final = 2 * AT_ONCE
MOST_TRIES: Final = 12
_HELD: Final = timedelta(seconds=4 * TIMEOUT_S)
"""Longer than a batch can take: two turns of `AT_ONCE`, each to its time limit."""
_PAUSES_S: Final = (1, 2, 5, 10, 20, 30)


def send_waiting(ctx: Context, webhook: Webhook) -> int:
    """Deliver what is due, as many as one batch holds; return how many were tried."""
    now = ctx.clock()
    with ctx.world.begin() as connection:
        taken = calls.claim(connection, now=now, until=now + _HELD, most=MOST)
        messages = [
            _message(
                ctx,
                one,
                call_trees.people(connection, [one.step.person], at=one.step.called_at),
                {post.code: post for post in calls.chain(connection, one.call.id).posts},
            )
            for one in taken
        ]
    if not taken:
        return 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda message: webhook.deliver(message, at=ctx.clock()), messages))
    for one, answer in zip(taken, answers, strict=True):
        _settle(ctx, one, answer)
    return len(taken)


def _settle(ctx: Context, one: Outgoing, answer: Delivery) -> None:
    now = ctx.clock()
    with ctx.world.begin() as connection:
        if answer.taken:
            calls.sent(connection, one.step.id, at=now)
        elif answer.final or one.step.tries >= MOST_TRIES:
            calls.give_up(connection, one.step.id, error=answer.error)
        else:
            pause = _PAUSES_S[min(one.step.tries, len(_PAUSES_S)) - 1]
            calls.try_again(connection, one.step.id, at=now + timedelta(seconds=pause), error=answer.error)


def _message(
    ctx: Context, one: Outgoing, known: Mapping[str, Person], posts: Mapping[str, Post]
) -> CallMessage:
    step, call = one.step, one.call
    if call.kind == "test":
        raise LookupError(f"call {call.id} is a test")  # the store has refused it long before
    person = known.get(step.person, Person(code=step.person, name="", phone=""))
    return CallMessage(
        key=step.key,
        call=Called(
            id=call.id,
            kind=call.kind,
            text=call.text,
            subject=Somewhere(code=call.subject.code, name=call.subject.name, name_en=call.subject.name_en),
            started_at=call.started_at,
        ),
        person=Somebody(code=person.code, name=person.name, phone=person.phone),
        place=_somewhere(step.place, posts),
        role=step.role,
        rank=step.rank,
        why=step.why,
        about=_somewhere(step.about, posts) if step.about else None,
        called_at=step.called_at,
        answer_by=step.answer_by,
        link=next(iter(ctx.settings.origins), "").rstrip("/") + f"/c/{link_token(ctx, step)}",
    )


def _somewhere(code: str, posts: Mapping[str, Post]) -> Somewhere:
    post = posts[code]
    return Somewhere(code=code, name=post.name, name_en=post.name_en)
