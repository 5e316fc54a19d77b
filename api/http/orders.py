"""Orders: read, and every step of their life, by the command post or by the team on its own link."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response, status

from api.http import documents
from api.http.access import Acting, BaseContext, Visiting
from api.http.keeping import UNCHANGED, kept
from api.http.models import (
    FixBatch,
    Identifier,
    Message,
    Order,
    OrderLink,
    Plain,
    PositionsReceived,
    Reasoned,
    Said,
)
from api.http.overview import TILE
from api.http.positions import fixes_of, received
from api.http.problems import responses
from api.usecases import layers, messages, orders, positions
from gis.mercator import Tile

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
    return documents.orders_of(context, orders.listing(context, incident=incident, only_open=only_open))


@router.get("/{order_id}", responses=responses(401, 403, 404, 422))
def get_order(order_id: Identifier, context: Visiting) -> Order:
    """Give one order with its lines and minutes."""
    return documents.order(context, orders.get(context, order_id))


@router.post("/{order_id}/link", status_code=status.HTTP_201_CREATED, responses=_WRITE)
def make_order_link(order_id: Identifier, body: Plain, context: Acting) -> OrderLink:
    """Make the team's link to this order, shown this once; a former link of the order ends."""
    made = orders.make_link(context, order_id, request_id=body.request_id)
    return OrderLink(order=order_id, token=made.token, path=f"/o/{made.token}", expires_at=made.expires_at)


@router.post("/{order_id}/{act}", responses=_WRITE)
def act_on_order(order_id: Identifier, act: OrderAct, body: Reasoned, context: Acting) -> Order:
    """Take one step; refusing or cancelling gives the stock back and frees the unit."""
    done = orders.step(context, order_id, act.value, request_id=body.request_id, reason=body.reason)
    return documents.order(context, done)


@router.delete("/{order_id}/link", responses=_WRITE)
def end_order_link(order_id: Identifier, body: Plain, context: Acting) -> Order:
    """End the link of an order, as when a phone was lost."""
    return documents.order(context, orders.revoke_link(context, order_id, request_id=body.request_id))


@links.get("/{token}", responses=responses(401, 422))
def get_linked_order(token: Token, base: BaseContext) -> Order:
    """Give the one order that this link opens, without a login."""
    context = orders.by_link(base, token)
    return documents.order(context, orders.linked(context))


@links.post("/{token}/positions", responses=responses(400, 401, 403, 409, 422, 429))
def report_linked_positions(token: Token, body: FixBatch, base: BaseContext) -> PositionsReceived:
    """Take in where the team of this link is while it is under way. The same fix sent twice is stored once."""
    return received(positions.report(orders.by_link(base, token), fixes_of(body)))


@links.get("/{token}/messages", responses=responses(401, 422))
def list_linked_messages(token: Token, base: BaseContext) -> list[Message]:
    """List what the command post and the team of this link said to each other, the newest first."""
    return [Message.model_validate(one) for one in messages.listing(orders.by_link(base, token))]


@links.post("/{token}/messages", status_code=status.HTTP_201_CREATED, responses=_WRITE)
def send_linked_message(token: Token, body: Said, base: BaseContext) -> Message:
    """Say something to the command post. The same request sent twice is said once."""
    context = orders.by_link(base, token)
    return Message.model_validate(messages.send(context, body=body.body, request_id=body.request_id))


@links.post("/{token}/messages/{message_id}/acknowledge", responses=_WRITE)
def acknowledge_linked_message(
    token: Token, message_id: Identifier, body: Plain, base: BaseContext
) -> Message:
    """Answer for what the command post said."""
    context = orders.by_link(base, token)
    return Message.model_validate(messages.acknowledge(context, message_id, request_id=body.request_id))


@links.get(
    "/{token}/tiles/{z}/{x}/{y}.mvt",
    response_class=Response,
    responses={200: {"content": {TILE: {}}}, **UNCHANGED, **responses(401, 422)},
)
def linked_tile(  # noqa: PLR0917  # parts of an address
    token: Token, z: int, x: int, y: int, request: Request, base: BaseContext
) -> Response:
    """Give one tile of the base map to whoever holds the link."""
    found = layers.base_tile(orders.by_link(base, token), Tile(z, x, y))
    return kept(request, found, media_type=TILE, gzipped=True)


@links.post("/{token}/{act}", responses=_WRITE)
def act_on_linked_order(token: Token, act: OrderAct, body: Reasoned, base: BaseContext) -> Order:
    """Take one step as the team. The unguessable link stands for cookie and form token alike."""
    context = orders.by_link(base, token)
    order = orders.linked(context)
    done = orders.step(context, order.id, act.value, request_id=body.request_id, reason=body.reason)
    return documents.order(context, done)
