"""Orders: read, and every step of their life, by the command post or by the team on its own link."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path, status

from api.context import Context
from api.http.access import Acting, BaseContext, Visiting
from api.http.models import Identifier, Legs, Order, OrderLine, OrderLink, Plain, Reasoned
from api.http.problems import responses
from api.usecases import orders
from data.orders import OrderRecord

router = APIRouter(prefix="/orders", tags=["orders"])
links = APIRouter(prefix="/order-links", tags=["order links"])

Token = Annotated[str, Path(min_length=20, max_length=100)]
_WRITE = responses(400, 401, 403, 404, 409, 422)


class OrderAct(StrEnum):
    """What can be done with an order."""

    ACKNOWLEDGE = "acknowledge"
    DEPART = "depart"
    ARRIVE = "arrive"
    FINISH = "finish"
    REFUSE = "refuse"
    CANCEL = "cancel"


@router.get("", responses=responses(401, 403, 422))
def list_orders(
    context: Visiting, incident: Identifier | None = None, *, only_open: bool = False
) -> list[Order]:
    """List orders, the newest first."""
    return [
        shown_order(context, order)
        for order in orders.listing(context, incident=incident, only_open=only_open)
    ]


@router.get("/{order_id}", responses=responses(401, 403, 404, 422))
def get_order(order_id: Identifier, context: Visiting) -> Order:
    """Give one order with its lines and minutes."""
    return shown_order(context, orders.get(context, order_id))


@router.post("/{order_id}/link", status_code=status.HTTP_201_CREATED, responses=_WRITE)
def make_order_link(order_id: Identifier, body: Plain, context: Acting) -> OrderLink:
    """Make the team's link to this order, shown this once; a former link of the order ends."""
    made = orders.make_link(context, order_id, request_id=body.request_id)
    return OrderLink(order=order_id, token=made.token, path=f"/o/{made.token}", expires_at=made.expires_at)


@router.post("/{order_id}/{act}", responses=_WRITE)
def act_on_order(order_id: Identifier, act: OrderAct, body: Reasoned, context: Acting) -> Order:
    """Take one step; refusing or cancelling gives the stock back and frees the unit."""
    done = orders.step(context, order_id, act.value, request_id=body.request_id, reason=body.reason)
    return shown_order(context, done)


@links.get("/{token}", responses=responses(401, 422))
def get_linked_order(token: Token, base: BaseContext) -> Order:
    """Give the one order that this link opens, without a login."""
    context = orders.by_link(base, token)
    return shown_order(context, orders.linked(context))


@links.post("/{token}/{act}", responses=_WRITE)
def act_on_linked_order(token: Token, act: OrderAct, body: Reasoned, base: BaseContext) -> Order:
    """Take one step as the team. The unguessable link stands for cookie and form token alike."""
    context = orders.by_link(base, token)
    order = orders.linked(context)
    done = orders.step(context, order.id, act.value, request_id=body.request_id, reason=body.reason)
    return shown_order(context, done)


def shown_order(context: Context, order: OrderRecord) -> Order:
    """Write an order for this actor: with the acts that are possible for them now."""
    return Order(
        id=order.id,
        plan_id=order.plan_id,
        kind=order.kind,
        incident_id=order.incident_id,
        team_id=order.team_id,
        vehicle_id=order.vehicle_id,
        depot_id=order.depot_id,
        township=order.township,
        state=order.state,
        legs=Legs.model_validate(order.legs),
        lines=[OrderLine.model_validate(line) for line in order.lines],
        sent_at=order.sent_at,
        answer_by=order.answer_by,
        due_at=order.due_at,
        acknowledged_at=order.acknowledged_at,
        departed_at=order.departed_at,
        arrived_at=order.arrived_at,
        finished_at=order.finished_at,
        refused_at=order.refused_at,
        cancelled_at=order.cancelled_at,
        reason=order.reason,
        overdue=orders.overdue(context, order),
        acts=list(orders.possible_acts(context, order)),
    )
