"""Orders: every step from sent to finished, by the command post or by the team on the order's own link."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, get_args
from uuid import UUID

from sqlalchemy import Connection

from api import scope
from api.context import Context
from api.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError, NotSignedInError
from api.security import Actor, authorise, new_token, token_hash
from api.usecases.acting import Done, perform
from data import incidents, journal, orders, stock, units
from data.orders import OrderRecord
from dispatch import lifecycle
from dispatch.lifecycle import OrderAct, OrderStanding, Refusal

LINK: Final = "link:order/"  # before an order's number: who acts on its link


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeLink:
    """A new link to an order: its token, shown once, and when it ends."""

    token: str
    expires_at: datetime


def listing(ctx: Context, *, incident: int | None = None, only_open: bool = False) -> tuple[OrderRecord, ...]:
    """List the orders that concern the actor's area, the newest first."""
    authorise(ctx.actor, "order.read")
    _only_command_post(ctx)
    within = scope.own(ctx.actor)
    with ctx.world.read() as connection:
        if incident is not None:
            found = tuple(reversed(orders.of_incident(connection, incident, within=within)))
        elif only_open:
            found = tuple(reversed(orders.open_orders(connection, within=within)))
        else:
            found = orders.list_all(connection, within=within)
    return tuple(order for order in found if order.is_open or not only_open)


def standing(ctx: Context, incident_ids: Collection[int]) -> tuple[OrderRecord, ...]:
    """List the open orders that concern the actor's area, and all those for some incidents, the newest first."""
    authorise(ctx.actor, "order.read")
    _only_command_post(ctx)
    with ctx.world.read() as connection:
        return orders.standing(connection, incident_ids, within=scope.own(ctx.actor))


def get(ctx: Context, order_id: int) -> OrderRecord:
    """Give one order; a team's link gives its own only. Raises NotFoundError."""
    authorise(ctx.actor, "order.read")
    _only_own(ctx, order_id)
    with ctx.world.read() as connection:
        order = orders.get(connection, order_id, within=scope.own(ctx.actor))
    if order is None:
        raise NotFoundError("no_such_order", id=order_id)
    return order


def step(ctx: Context, order_id: int, act: str, *, request_id: UUID, reason: str = "") -> OrderRecord:
    """Take one step of an order's life: acknowledge, depart, arrive, finish, refuse or cancel.

    Stock leaves its depot on departure; a refusal or cancellation frees it or takes it back. Raises ConflictError
    when the order's state does not take the act.
    """
    if act not in get_args(OrderAct):
        raise InvalidError("unknown_act", act=act)
    _only_own(ctx, order_id)

    def do(connection: Connection, now: datetime) -> Done:
        _in_hand(ctx, connection, order_id, act)
        order = advance(connection, order_id, act, actor=ctx.actor.name, now=now, reason=reason)  # type: ignore[arg-type] # checked above
        payload = {"state": order.state, "incident": order.incident_id, "reason": reason}
        return Done(subject="order", id=order_id, payload=payload)

    perform(ctx, f"order.{act}", request_id, {"order": order_id, "reason": reason}, do)
    return get(ctx, order_id)


def advance(
    connection: Connection, order_id: int, act: OrderAct, *, actor: str, now: datetime, reason: str = ""
) -> OrderRecord:
    """Move one order within the caller's transaction, and its stock with it."""
    order = orders.lock(connection, order_id)
    if order is None:
        raise NotFoundError("no_such_order", id=order_id)
    answer = lifecycle.next_order(_standing(order), act, now)
    if isinstance(answer, Refusal):
        raise ConflictError(answer.code, id=order_id, state=answer.state, act=act)
    if act == "depart":
        stock.issue(connection, order_id=order_id, actor=actor, at=now)
    elif act in {"refuse", "cancel"}:
        stock.release(connection, order_id=order_id, actor=actor, at=now)
        stock.give_back(connection, order_id=order_id, actor=actor, at=now)
    return orders.advance(
        connection, order_id=order_id, state=answer.state, at=answer.since, reason=reason or None
    )


def make_link(ctx: Context, order_id: int, *, request_id: UUID) -> MadeLink:
    """Make an order's link; the one before it ends.

    Only the token's hash is stored, so a repeated request cannot be answered with the same token: it makes a new one.
    """
    authorise(ctx.actor, "order.link")
    token, now = new_token(), ctx.clock()
    expires_at = now + timedelta(hours=ctx.settings.order_link_hours)
    with ctx.world.begin() as connection:
        _in_hand(ctx, connection, order_id, "link")
        order = orders.lock(connection, order_id)
        if order is None:
            raise NotFoundError("no_such_order", id=order_id)
        if not order.is_open:
            raise ConflictError("not_in_this_state", id=order_id, state=order.state, act="link")
        orders.set_link(connection, order_id=order_id, link_hash=token_hash(token), expires_at=expires_at)
        _journal(ctx, connection, act="order.link", subject_id=order_id, request_id=request_id, at=now)
    return MadeLink(token=token, expires_at=expires_at)


def revoke_link(ctx: Context, order_id: int, *, request_id: UUID) -> OrderRecord:
    """End an order's link."""
    authorise(ctx.actor, "order.link")
    now = ctx.clock()
    with ctx.world.begin() as connection:
        _in_hand(ctx, connection, order_id, "link")
        if orders.lock(connection, order_id) is None:
            raise NotFoundError("no_such_order", id=order_id)
        order = orders.revoke_link(connection, order_id=order_id, at=now)
        _journal(ctx, connection, act="order.unlink", subject_id=order_id, request_id=request_id, at=now)
    return order


def link_until(ctx: Context, order: OrderRecord) -> datetime | None:
    """Tell until when an order's link opens it; None where it has none that does."""
    until = order.link_expires_at
    return until if until is not None and until > ctx.clock() and order.link_revoked_at is None else None


def by_link(ctx: Context, token: str) -> Context:
    """Return the context of the team that holds this link. Raises NotSignedInError where it opens nothing (any more)."""
    with ctx.world.read() as connection:
        order = orders.by_token(connection, token_hash(token))
    now = ctx.clock()
    if order is None or order.link_revoked_at is not None or order.link_expires_at is None:
        raise NotSignedInError("link_wrong")
    if order.link_expires_at <= now:
        raise NotSignedInError("link_expired")
    return ctx.acting(Actor(name=link_name(order.id), role="team_link", order=order.id))


def link_name(order_id: int) -> str:
    """Name whoever acts on an order's link, as journal and messages have it."""
    return f"{LINK}{order_id}"


def linked(ctx: Context) -> OrderRecord:
    """Give the order of the link that acts."""
    if ctx.actor.order is None:
        raise NotAllowedError("not_allowed", act="order.read", role=ctx.actor.role)
    return get(ctx, ctx.actor.order)


def overdue(ctx: Context, order: OrderRecord) -> bool:
    """Whether nobody has answered in time."""
    return order.state == "sent" and order.answer_by is not None and ctx.clock() > order.answer_by


def possible_acts(ctx: Context, found: Sequence[OrderRecord]) -> Mapping[int, tuple[OrderAct, ...]]:
    """List what this actor may do with each of some orders now, by order."""
    held = {
        order.id: tuple(
            act
            for act in lifecycle.possible_order_acts(order.state, village=order.kind == "village")
            if ctx.actor.may(f"order.{act}")
        )
        for order in found
    }
    if ctx.actor.area is None or not any(held.values()):
        return held
    with ctx.world.read() as connection:
        hands = _hands(ctx, connection, found)
    return {order.id: tuple(act for act in held[order.id] if hands.may_move(order, act)) for order in found}


def _standing(order: OrderRecord) -> OrderStanding:
    return OrderStanding(state=order.state, since=order.since, village=order.kind == "village")


def _in_hand(ctx: Context, connection: Connection, order_id: int, act: str) -> None:
    """Raise unless the order is the actor's to move: they lead its incident, or it is for a unit of theirs.

    Only who leads may cancel: the unit's own area refuses instead. Raises NotFoundError for what is not theirs to see.
    """
    if ctx.actor.area is None:
        return
    order = orders.get(connection, order_id, within=scope.own(ctx.actor))
    if order is None:
        raise NotFoundError("no_such_order", id=order_id)
    if not _hands(ctx, connection, [order]).may_move(order, act):
        raise NotAllowedError("not_your_command", area=ctx.actor.area)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hands:
    """Whose some orders are: by incident, whether the actor leads it; the orders for units of the actor's own area."""

    leads: Mapping[int, bool]
    own: frozenset[int]

    def may_move(self, order: OrderRecord, act: str) -> bool:
        leads = self.leads.get(order.incident_id or 0)
        if leads is not None and (leads or act == "cancel"):
            return leads
        return order.id in self.own


def _hands(ctx: Context, connection: Connection, found: Sequence[OrderRecord]) -> _Hands:
    its_incidents = incidents.several(connection, {one.incident_id for one in found if one.incident_id})
    teams = units.list_teams(connection, {one.team_id for one in found if one.team_id})
    depots = units.list_depots(connection, {one.depot_id for one in found if one.depot_id})
    area = {("team", one.id): one.area_code for one in teams}
    area |= {("depot", one.id): one.area_code for one in depots}

    def lies_in(order: OrderRecord) -> str | None:
        if order.village is not None:
            return order.village
        return area.get(("team", order.team_id) if order.team_id else ("depot", order.depot_id or 0))

    return _Hands(
        leads={number: scope.leads(ctx.actor, one) for number, one in its_incidents.items()},
        own=frozenset(one.id for one in found if scope.covers(ctx.actor, lies_in(one))),
    )


def _only_own(ctx: Context, order_id: int) -> None:
    if ctx.actor.role == "team_link" and ctx.actor.order != order_id:
        raise NotAllowedError("not_your_order", id=order_id)


def _only_command_post(ctx: Context) -> None:
    if ctx.actor.role == "team_link":
        raise NotAllowedError("not_allowed", act="order.read", role=ctx.actor.role)


def _journal(ctx: Context, connection: Connection, **values: Any) -> None:
    journal.append(connection, actor=ctx.actor.name, subject="order", **values)
