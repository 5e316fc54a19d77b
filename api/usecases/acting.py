"""The shape of every act: authorise, one transaction, the journal row last, and one effect for one request id."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from api import metrics, trace
from api.context import Context
from api.errors import CollidedError, ConflictError, DatabaseAwayError, MusterError
from api.security import authorise
from api.usecases import personal
from data import history, journal


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What an act did: what it is about, what the journal keeps of it, and what a repeated request is answered with."""

    subject: str
    id: int | None
    payload: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)


def perform(
    ctx: Context,
    act: str,
    request_id: UUID,
    arguments: Mapping[str, Any],
    do: Callable[[Connection, datetime], Done],
) -> Mapping[str, Any]:
    """Do `act` once in its own transaction and return its result, with "id" of its subject in it.

    The journal keeps no names and phone numbers of people, whatever the act's payload holds.

    A request that was applied before gets the result of that time. Raises ConflictError when the same request id
    comes with another act, actor or arguments: that is a mistake of the caller, not a repetition.

    When the connection to the database breaks, nobody knows whether the act was done: it is tried once more, and the
    request id makes that one effect. So is an act that the database ended because two waited for each other. `do` may
    therefore run twice, and must change nothing but through its connection.
    """
    with _accounted(act) as account:
        authorise(ctx.actor, act)
        try:
            result, number = _once(ctx, act, request_id, arguments, do)
        except (DatabaseAwayError, CollidedError):
            result, number = _once(ctx, act, request_id, arguments, do)
        if number is not None:
            account.append(number)
    return result


def _once(
    ctx: Context,
    act: str,
    request_id: UUID,
    arguments: Mapping[str, Any],
    do: Callable[[Connection, datetime], Done],
) -> tuple[Mapping[str, Any], int | None]:
    """Do an act in its transaction; return its result, and its number unless it was applied before."""
    now = ctx.clock()
    with ctx.world.begin() as connection:
        with _told_apart():
            earlier = journal.claim(
                connection, request_id=request_id, act=act, actor=ctx.actor.name, arguments=arguments, at=now
            )
        if earlier is not None:
            return earlier, None
        history.at(connection, now)
        done = do(connection, now)
        payload = personal.without(done.payload)
        if ctx.undoes is not None:
            payload = {**payload, "undoes": ctx.undoes(connection)}
        result = journal.settle(connection, request_id=request_id, result={**done.result, "id": done.id})
        number = journal.append(
            connection,
            at=now,
            actor=ctx.actor.name,
            act=act,
            subject=done.subject,
            subject_id=done.id,
            payload=payload,
            request_id=request_id,
        )
    return result, number


def applied(
    ctx: Context, act: str, request_id: UUID, arguments: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """Return what a request was answered with when it was applied before: no need to compute it again."""
    authorise(ctx.actor, act)
    with ctx.world.read() as connection, _told_apart():
        return journal.answered(
            connection, request_id=request_id, act=act, actor=ctx.actor.name, arguments=arguments
        )


@contextmanager
def _accounted(act: str) -> Iterator[list[int]]:
    """Count an act by its outcome and note it for the request's line; the journal's number is appended when it stands."""
    numbers: list[int] = []
    outcome = "failed"
    try:
        yield numbers
        outcome = "done" if numbers else "repeated"
    except MusterError as error:
        outcome = error.code
        raise
    finally:
        trace.note_act(act, numbers[0] if numbers else None)
        metrics.ACTS.labels(act, outcome).inc()


@contextmanager
def _told_apart() -> Iterator[None]:
    try:
        yield
    except journal.RequestReusedError:
        raise ConflictError("request_reused") from None
