"""What an act with consequences will do, in numbers, before anybody does it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from api import scope
from api.context import Context
from api.errors import InvalidError, NotFoundError
from api.security import authorise
from api.usecases.aid import busy_with_aid
from api.usecases.orders import link_until
from api.usecases.positions import unit_of
from data import (
    accounts,
    aid,
    areas,
    calls,
    closures,
    fixes,
    hazard_areas,
    incidents,
    orders,
    plans,
    trackers,
    units,
)
from data.fixes import Unit
from data.locate import Area
from data.orders import OrderRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """`numbers` of what an act on a subject will do; `incident`, `order`, `unit` and `area` are what it is about.

    notes: codes of what else is to be known first; `possible`: False where the act would be refused as things stand.
    """

    act: str
    id: int
    numbers: Mapping[str, Any]
    incident: incidents.IncidentRecord | None = None
    order: OrderRecord | None = None
    unit: Unit | None = None
    area: Area | None = None
    notes: tuple[str, ...] = ()
    possible: bool = True


def foresee(ctx: Context, act: str, identity: int) -> Consequence:
    """Look ahead. Raises InvalidError for an act without a confirm step, NotFoundError for what is not there."""
    if act not in _LOOKS:
        raise InvalidError("unknown_act", act=act)
    authorise(ctx.actor, _HELD_BY.get(act, act))
    with ctx.world.read() as connection:
        return _LOOKS[act](ctx, connection, act, identity)


def _incident(ctx: Context, connection: Connection, act: str, identity: int) -> Consequence:
    record = incidents.get(connection, identity, within=scope.own(ctx.actor))
    if record is None:
        raise NotFoundError("no_such_incident", id=identity)
    still_open = [one for one in orders.of_incident(connection, identity) if one.is_open]
    blocked = act == "incident.close" and bool(still_open)
    return Consequence(
        act=act,
        id=identity,
        numbers=_released(still_open),
        incident=record,
        notes=("still_open",) if blocked else (),
        possible=not blocked,
    )


def _order(ctx: Context, connection: Connection, act: str, identity: int) -> Consequence:
    order = orders.get(connection, identity, within=scope.own(ctx.actor))
    if order is None:
        raise NotFoundError("no_such_order", id=identity)
    numbers = _released([order])
    return Consequence(act=act, id=identity, numbers=numbers, order=order, notes=_goods(numbers))


def _link(ctx: Context, connection: Connection, act: str, identity: int) -> Consequence:
    order = orders.get(connection, identity, within=scope.own(ctx.actor))
    if order is None:
        raise NotFoundError("no_such_order", id=identity)
    until = link_until(ctx, order)
    note = "link_gone" if until is None else "link_needed" if order.is_open else "link_not_needed"
    return Consequence(
        act=act,
        id=identity,
        numbers={"until": until, "state": order.state},
        order=order,
        notes=(note,),
        possible=until is not None,
    )


def _plan(ctx: Context, connection: Connection, act: str, identity: int) -> Consequence:
    if plans.get(connection, identity, within=scope.own(ctx.actor)) is None:
        raise NotFoundError("no_such_plan", id=identity)
    numbers = _released(orders.of_plan(connection, identity))
    return Consequence(act=act, id=identity, numbers=numbers, notes=_goods(numbers))


def _closure(ctx: Context, connection: Connection, act: str, identity: int) -> Consequence:
    record = closures.get(connection, identity, area=ctx.actor.area)
    if record is None:
        raise NotFoundError("no_such_closure", id=identity)
    return Consequence(act=act, id=identity, numbers={"id": identity, "reason": record.reason or "—"})


def _hazard(ctx: Context, connection: Connection, act: str, identity: int) -> Consequence:
    record = hazard_areas.get(connection, identity, area=ctx.actor.area)
    if record is None:
        raise NotFoundError("no_such_hazard_area", id=identity)
    return Consequence(act=act, id=identity, numbers={"id": identity, "reason": record.reason or "—"})


def _aid(ctx: Context, connection: Connection, act: str, identity: int) -> Consequence:
    record = aid.get(connection, identity, within=scope.own(ctx.actor))
    if record is None:
        raise NotFoundError("no_such_aid", id=identity)
    busy = busy_with_aid(connection, record)
    if record.state == "requested":
        note, possible = "aid_withdrawn", scope.covers(ctx.actor, record.from_area)
    elif record.state == "granted":
        note, possible = ("aid_busy", False) if busy else ("aid_returns", True)
    else:
        note, possible = "aid_over", False
    return Consequence(
        act=act,
        id=identity,
        numbers={"teams": len(record.teams), "depots": len(record.depots), "busy": len(busy)},
        incident=incidents.get(connection, record.incident_id),
        area=areas.get(connection, record.to_area),
        notes=(note,),
        possible=possible,
    )


def _tracker(ctx: Context, connection: Connection, act: str, identity: int) -> Consequence:
    record = trackers.get(connection, identity)
    if record is None or not units.of_area(connection, [record.unit], scope.own(ctx.actor)):
        raise NotFoundError("no_such_tracker", id=identity)
    its = [one for one in orders.open_orders(connection) if unit_of(one) == record.unit]
    seen = fixes.last(connection, record.unit).good
    note = "tracker_ended" if record.revoked_at else "tracker_needed" if its else "tracker_not_needed"
    return Consequence(
        act=act,
        id=identity,
        numbers={"name": record.name, "orders": len(its), "seen": seen.at if seen else None},
        unit=record.unit,
        notes=(note,),
        possible=record.revoked_at is None,
    )


def _account(ctx: Context, connection: Connection, act: str, identity: int) -> Consequence:
    user = accounts.get_user(connection, identity)
    if user is None or not scope.covers(ctx.actor, user.area_code):
        raise NotFoundError("no_such_account", id=identity)
    held = accounts.sessions_of(connection, user_id=identity, at=ctx.clock())
    others = [
        one
        for one in accounts.list_users(connection)
        if one.active and one.id != identity and (one.role, one.area_code) == (user.role, user.area_code)
    ]
    needed = not others and user.role == "administrator" and user.area_code is None
    notes = ["account_last" if needed else "account_others" if others else "account_alone"]
    if identity == ctx.actor.account:
        notes.append("account_own")
    return Consequence(
        act=act,
        id=identity,
        numbers={
            "name": user.name,
            "shown": user.display_name,
            "role": user.role,
            "logins": sum(1 for one in held if not one.reading_key),
            "keys": sum(1 for one in held if one.reading_key),
            "others": len(others),
        },
        area=areas.get(connection, user.area_code) if user.area_code else None,
        notes=tuple(notes) if user.active else ("account_out",),
        possible=user.active and not needed,
    )


def _goods(numbers: Mapping[str, int]) -> tuple[str, ...]:
    return ("goods_go_back",) if numbers["pieces"] else ()


def _released(ended: Iterable[OrderRecord]) -> dict[str, int]:
    """Count orders, those under way, and the pieces that go back to their depots."""
    ended = list(ended)
    lots = [line for order in ended for line in order.lines if line.lot_id is not None]
    return {
        "orders": len(ended),
        "under_way": sum(1 for order in ended if order.state in {"departed", "arrived"}),
        "pieces": sum(line.quantity for line in lots),
        "depots": len({order.depot_id for order in ended if order.depot_id is not None and order.lines}),
    }


def _call(ctx: Context, connection: Connection, act: str, identity: int) -> Consequence:
    record = calls.get(connection, identity, within=scope.own(ctx.actor))
    if record is None:
        raise NotFoundError("no_such_call", id=identity)
    its = calls.steps(connection, identity)
    answered = {one.person for one in its if one.answered_at is not None}
    return Consequence(
        act=act,
        id=identity,
        numbers={"answered": len(answered), "unanswered": len({one.person for one in its} - answered)},
        notes=() if record.is_open else ("call_over",),
        possible=record.is_open and scope.leads(ctx.actor, record),
    )


_LOOKS: Final[Mapping[str, Callable[[Context, Connection, str, int], Consequence]]] = {
    "incident.close": _incident,
    "incident.cancel": _incident,
    "order.cancel": _order,
    "order.unlink": _link,
    "plan.withdraw": _plan,
    "closure.open": _closure,
    "hazard.end": _hazard,
    "call.end": _call,
    "aid.end": _aid,
    "tracker.revoke": _tracker,
    "account.disable": _account,
}
_HELD_BY: Final = {"order.unlink": "order.link"}  # whoever may make a link may end it
