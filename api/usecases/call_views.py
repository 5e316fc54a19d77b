"""Calls as they are looked at: whom one would reach, how one stands, what they came to. Persons as the actor may see them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, get_args

from sqlalchemy import Connection

from api import scope, webhook
from api.context import Context
from api.errors import NotFoundError
from api.security import authorise
from api.usecases import call_chains
from api.usecases.call_chains import THEME, Origin, Where
from api.usecases.personal import masked_name, masked_phone
from data import call_trees, calls, locate
from data.call_trees import Person, Post
from data.calls import CallRecord, Chain, Figures, Share, StepRecord, Subject
from data.locate import Area
from dispatch import calling
from dispatch.calling import CallKind, Direction, Outcome

FIGURES_OF_DAYS: Final = 365
_NOTHING: Final = Figures(called=0, answered=0, in_time=0, median_ms=None, longest_ms=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Callee:
    """A person of a call, as this actor may see them; `step` None: not called yet."""

    person: str
    name: str
    phone: str
    role: str
    rank: str
    step: StepRecord | None = None
    late: bool = False
    needed: bool = True
    """Whether an answer still matters: somebody else may have answered in their stead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A role at a place that must be reached, and how that stands."""

    role: str
    outcome: Outcome
    first: tuple[Callee, ...]
    instead: tuple[Callee, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceView:
    """A place of a call. told: who of it was told about places below; `called`: whether it is called itself."""

    post: Post
    parent: str | None
    called: bool
    lines: tuple[Reached, ...]
    told: tuple[Callee, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Whom a call would reach. Persons count once, wherever they are called; `empty`: places with nobody to call."""

    subject: Subject
    area_code: str | None
    incident_id: int | None
    places: tuple[PlaceView, ...]
    persons: int
    without_phone: int
    empty: tuple[Post, ...]
    goes_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CallView:
    """A call as it stands, and what this actor may do with it."""

    call: CallRecord
    places: tuple[PlaceView, ...]
    figures: Figures
    outcomes: Mapping[Outcome, int]
    acts: tuple[str, ...]
    answers: frozenset[str]
    """Codes of the persons whose answer this actor may take down now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A call with its figures."""

    call: CallRecord
    figures: Figures


def listing(
    ctx: Context, *, incident: int | None = None, before: int | None = None, limit: int = 50
) -> tuple[Listed, ...]:
    """List the calls that concern the actor's area, open ones first, then the newest."""
    authorise(ctx.actor, "call.read")
    only_posts(ctx)
    with ctx.world.read() as connection:
        found = calls.newest(
            connection, within=scope.own(ctx.actor), incident=incident, before=before, limit=limit
        )
        figures = calls.figures(connection, [one.id for one in found], within=_within(ctx))
    return tuple(Listed(call=one, figures=figures.get(one.id, _NOTHING)) for one in found)


def get(ctx: Context, call_id: int) -> CallView:
    """Give one call with everybody whom it called. Raises NotFoundError."""
    authorise(ctx.actor, "call.read")
    only_posts(ctx)
    now = ctx.clock()
    with ctx.world.read() as connection:
        call = seen(ctx, connection, call_id)
        chain = calls.chain(connection, call_id)
        steps = calls.steps(connection, call_id)
        figures = calls.figures(connection, [call_id], within=_within(ctx)).get(call_id, _NOTHING)
        known = call_trees.people(connection, _codes(chain), at=call.started_at)
    at = call.ended_at or now
    outcomes = calling.outcomes(chain.tree, chain.rules, [one.rung() for one in steps], at)
    if not call.is_open:
        outcomes = {key: "nobody" if one == "waiting" else one for key, one in outcomes.items()}
    places = _places(ctx, call, chain, known, steps=steps, outcomes=outcomes, at=at)
    told: dict[Outcome, int] = dict.fromkeys(get_args(Outcome), 0)
    for outcome in outcomes.values():
        told[outcome] += 1
    return CallView(
        call=call,
        places=places,
        figures=figures,
        outcomes=told,
        acts=_acts(ctx, call),
        answers=_answerable(ctx, call, steps),
    )


def preview(
    ctx: Context,
    where: Where,
    *,
    kind: CallKind,
    direction: Direction = "both",
    theme: str = THEME,
    points: bool = False,
) -> Preview:
    """Say whom a call would reach, before anybody is called. Raises NotFoundError, InvalidError as `start` does."""
    authorise(ctx.actor, "call.read")
    only_posts(ctx)
    now = ctx.clock()
    with ctx.world.read() as connection:
        origin, chain = call_chains.find(
            ctx, connection, where, direction=direction, theme=theme, points=points, now=now
        )
        known = call_trees.people(connection, _codes(chain), at=now)
    lines = calling.lines(chain.tree, chain.rules)
    first = {one.person for line in lines for one in line.first}
    posts = {post.code: post for post in chain.posts}
    return Preview(
        subject=origin.subject,
        area_code=origin.area_code,
        incident_id=origin.incident_id,
        places=_places(
            ctx, _draft(ctx, origin, kind, direction, now), chain, known, steps=(), outcomes={}, at=now
        ),
        persons=len(first),
        without_phone=sum(1 for code in first if code not in known or not known[code].phone),
        empty=tuple(posts[line.place] for line in lines if not line.first and not line.instead),
        goes_out=goes_out(ctx, kind),
    )


def statistics(ctx: Context) -> tuple[Share, ...]:
    """Give the figures of the last year's test calls by township, the least punctual first."""
    authorise(ctx.actor, "call.read")
    only_posts(ctx)
    since = ctx.clock() - timedelta(days=FIGURES_OF_DAYS)
    with ctx.world.read() as connection:
        return calls.shares(connection, since=since, within=_within(ctx), area=scope.own(ctx.actor))


def names(ctx: Context, codes: Collection[str]) -> Mapping[str, Area]:
    """Name the areas of these codes."""
    authorise(ctx.actor, "call.read")
    with ctx.world.read() as connection:
        return locate.names_of(connection, codes)


def only_posts(ctx: Context) -> None:
    """Raise NotFoundError for whoever holds a link: they have a page of their own."""
    if ctx.actor.role == "call_link":
        raise NotFoundError("no_such_call", id=0)


def seen(ctx: Context, connection: Connection, call_id: int) -> CallRecord:
    """Return a call that this actor may see. Raises NotFoundError."""
    call = calls.get(connection, call_id, within=scope.own(ctx.actor))
    if call is None:
        raise NotFoundError("no_such_call", id=call_id)
    return call


def _answerable(ctx: Context, call: CallRecord, steps: Iterable[StepRecord]) -> frozenset[str]:
    if not call.is_open or not ctx.actor.may("call.answer"):
        return frozenset()
    return frozenset(
        one.person
        for one in steps
        if one.answered_at is None
        and (scope.covers(ctx.actor, call.area_code) or scope.covers(ctx.actor, one.area_code))
    )


def _acts(ctx: Context, call: CallRecord) -> tuple[str, ...]:
    if not call.is_open:
        return ()
    leads = scope.leads(ctx.actor, call)
    return tuple(
        act
        for act in ("call.answer", "call.link", "call.end")
        if ctx.actor.may(act) and (leads or act != "call.end")
    )


def _within(ctx: Context) -> timedelta:
    return timedelta(milliseconds=ctx.policy.called_within_ms)


def goes_out(ctx: Context, kind: CallKind) -> bool:
    """Whether anything of a call leaves this machine; a test call and an exercise never do."""
    return kind != "test" and webhook.of(ctx.settings, ctx.world.schema) is not None


def _codes(chain: Chain) -> set[str]:
    return {one.person for place in chain.tree.places for one in place.holders}


def _draft(ctx: Context, origin: Origin, kind: CallKind, direction: Direction, now: datetime) -> CallRecord:
    """Make the call that a preview is of."""
    return CallRecord(
        id=0,
        kind=kind,
        direction=direction,
        subject=origin.subject,
        incident_id=origin.incident_id,
        text="",
        area_code=origin.area_code,
        post=None,
        state="open",
        started_at=now,
        started_by=ctx.actor.name,
        look_at=None,
        ended_at=None,
        ended_by=None,
    )


def _places(
    ctx: Context,
    call: CallRecord,
    chain: Chain,
    known: Mapping[str, Person],
    *,
    steps: Sequence[StepRecord],
    outcomes: Mapping[tuple[str, str], Outcome],
    at: datetime,
) -> tuple[PlaceView, ...]:
    """Put a call together for whoever looks, the highest place first: those that are called, and those that were told."""
    shows = _Shows(ctx, call, known, {(one.person, one.about): one for one in steps}, at)
    told: dict[str, list[StepRecord]] = {}
    for one in steps:
        if one.about:
            told.setdefault(one.place, []).append(one)
    lines: dict[str, list[calling.Line]] = {}
    for line in calling.lines(chain.tree, chain.rules):
        lines.setdefault(line.place, []).append(line)
    posts = {post.code: post for post in chain.posts}
    return tuple(
        PlaceView(
            post=posts[place.code],
            parent=place.parent if place.parent in posts else None,
            called=place.code in lines,
            lines=tuple(
                shows.line(line, posts[place.code], outcomes.get((line.place, line.role), "waiting"))
                for line in lines.get(place.code, ())
            ),
            told=tuple(
                shows.callee(one.person, one.role, one.rank, posts[place.code], step=one)
                for one in told.get(place.code, ())
            ),
        )
        for place in chain.tree.places
        if place.code in lines or place.code in told
    )


@dataclass(frozen=True, slots=True)
class _Shows:
    """Persons of one call as this actor may see them: in their own area, and for a call that began there."""

    ctx: Context
    call: CallRecord
    known: Mapping[str, Person]
    steps: Mapping[tuple[str, str], StepRecord]
    at: datetime

    def line(self, line: calling.Line, post: Post, outcome: Outcome) -> Reached:
        needed = outcome not in {"answered", "substitute"}

        def shown(group: Sequence[calling.Holder]) -> tuple[Callee, ...]:
            return tuple(
                replace(
                    self.callee(
                        one.person,
                        one.role,
                        one.rank,
                        post,
                        step=self.steps.get((one.person, calling.ITSELF)),
                    ),
                    needed=needed,
                )
                for one in group
            )

        return Reached(role=line.role, outcome=outcome, first=shown(line.first), instead=shown(line.instead))

    def callee(self, code: str, role: str, rank: str, post: Post, *, step: StepRecord | None) -> Callee:
        person = self.known.get(code, Person(code=code, name="", phone=""))
        open_to = any(
            scope.may_know_people(self.ctx.actor, area) for area in (post.area_code, self.call.area_code)
        )
        return Callee(
            person=code,
            name=person.name if open_to else masked_name(person.name),
            phone=person.phone if open_to else masked_phone(person.phone),
            role=role,
            rank=rank,
            step=step,
            late=step is not None and (step.answered_at or self.at) > step.answer_by,
        )
