"""What an act with consequences will do, in numbers, before anybody does it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from api import scope
from api.context import Context
from api.errors import InvalidError, NotFoundError
from api.security import authorise
from data import closures, hazard_areas, incidents, orders, plans
from data.orders import OrderRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """`numbers` of what an act on a subject will do; `incident` and `order` are what it is about."""

    act: str
    id: int
    numbers: Mapping[str, Any]
    incident: incidents.IncidentRecord | None = None
    order: OrderRecord | None = None


def foresee(ctx: Context, act: str, identity: int) -> Consequence:
    """Look ahead. Raises InvalidError for an act without a confirm step, NotFoundError for what is not there."""
    if act not in _LOOKS:
        raise InvalidError("unknown_act", act=act)
    authorise(ctx.actor, act)
    with ctx.world.read() as connection:
        return _LOOKS[act](ctx, connection, act, identity)


def _incident(ctx: Context, connection: Connection, act: str, identity: int) -> Consequence:
    record = incidents.get(connection, identity, within=scope.own(ctx.actor))
    if record is None:
        raise NotFoundError("no_such_incident", id=identity)
    still_open = [one for one in orders.of_incident(connection, identity) if one.is_open]
    return Consequence(act=act, id=identity, numbers=_released(still_open), incident=record)


def _order(ctx: Context, connection: Connection, act: str, identity: int) -> Consequence:
    order = orders.get(connection, identity, within=scope.own(ctx.actor))
    if order is None:
        raise NotFoundError("no_such_order", id=identity)
    return Consequence(act=act, id=identity, numbers=_released([order]), order=order)


def _plan(ctx: Context, connection: Connection, act: str, identity: int) -> Consequence:
    if plans.get(connection, identity, within=scope.own(ctx.actor)) is None:
        raise NotFoundError("no_such_plan", id=identity)
    return Consequence(act=act, id=identity, numbers=_released(orders.of_plan(connection, identity)))


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


_LOOKS: Final[Mapping[str, Callable[[Context, Connection, str, int], Consequence]]] = {
    "incident.close": _incident,
    "incident.cancel": _incident,
    "order.cancel": _order,
    "plan.withdraw": _plan,
    "closure.open": _closure,
    "hazard.end": _hazard,
}
ASKED: Final = frozenset(_LOOKS)
