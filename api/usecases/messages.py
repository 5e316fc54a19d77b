"""Messages: to all, to a post, about an incident, or between the command post and the team of an order."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from api import scope
from api.context import Context
from api.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError
from api.security import authorise
from api.usecases.acting import Done, perform
from data import areas, incidents, locate, messages, orders
from data.locate import Area
from data.messages import MessageRecord
from data.orders import OrderRecord
from gis import areas as gis_areas


def listing(
    ctx: Context,
    *,
    incident: int | None = None,
    order: int | None = None,
    only_unanswered: bool = False,
    before: int | None = None,
    limit: int = 50,
) -> tuple[MessageRecord, ...]:
    """List messages, the newest first. A team's link sees its own order's, a township what is meant for it or for all."""
    authorise(ctx.actor, "message.read")
    if ctx.actor.role == "team_link":
        if order not in (None, ctx.actor.order):
            raise NotAllowedError("not_your_order", id=order)
        order = ctx.actor.order
    with ctx.world.read() as connection:
        return messages.newest(
            connection,
            incident=incident,
            order=order,
            within=scope.own(ctx.actor),
            only_unanswered=only_unanswered,
            before=before,
            limit=limit,
        )


def waiting(ctx: Context) -> int:
    """Count the messages that wait for an answer of whoever asks: of others, and not said to a team."""
    authorise(ctx.actor, "message.read")
    with ctx.world.read() as connection:
        return messages.waiting(connection, reader=ctx.actor.name, area=ctx.actor.area)


def posts(ctx: Context) -> tuple[Area, ...]:
    """List the townships that a message can go to."""
    authorise(ctx.actor, "message.read")
    with ctx.world.read() as connection:
        every = areas.by_level(connection, "township").values()
    return tuple(one for one in every if scope.covers(ctx.actor, one.code))


def posts_of(ctx: Context, found: Iterable[MessageRecord]) -> Mapping[str, Area]:
    """Read the posts that messages went to, by their codes."""
    authorise(ctx.actor, "message.read")
    with ctx.world.read() as connection:
        return locate.names_of(connection, {one.to_area for one in found if one.to_area is not None})


def orders_of(ctx: Context, found: Iterable[MessageRecord]) -> Mapping[int, OrderRecord]:
    """Read the orders that messages are about, by their ids, as far as this actor may see them."""
    authorise(ctx.actor, "message.read")
    with ctx.world.read() as connection:
        wanted = {message.order_id for message in found if message.order_id is not None}
        return orders.several(connection, wanted, within=scope.own(ctx.actor))


def get(ctx: Context, message_id: int) -> MessageRecord:
    """Give one message. Raises NotFoundError."""
    authorise(ctx.actor, "message.read")
    with ctx.world.read() as connection:
        return _existing(ctx, connection, message_id)


def send(
    ctx: Context,
    *,
    request_id: UUID,
    body: str,
    incident: int | None = None,
    order: int | None = None,
    to_area: str | None = None,
) -> MessageRecord:
    """Send a message: about an incident or an order, to a post by its area's code, or to all.

    A team's link writes about its own order. Raises InvalidError for an empty text, NotFoundError for what is not there.
    """
    said = body.strip()
    if not said:
        raise InvalidError("message_empty")
    if ctx.actor.role == "team_link":
        if order not in (None, ctx.actor.order) or incident is not None or to_area is not None:
            raise NotAllowedError("not_your_order", id=order)
        order = ctx.actor.order
    if to_area is None and incident is None and order is None and ctx.actor.area is not None:
        to_area = gis_areas.at_level(
            ctx.actor.area, "county"
        )  # "all" of a county's or township's officer are the county
    arguments = {"body": said, "incident": incident, "order": order, "to_area": to_area}

    def do(connection: Connection, now: datetime) -> Done:
        its = incident
        if order is not None:
            about = orders.get(connection, order, within=scope.own(ctx.actor))
            if about is None:
                raise NotFoundError("no_such_order", id=order)
            its = about.incident_id
        elif (
            incident is not None and incidents.get(connection, incident, within=scope.own(ctx.actor)) is None
        ):
            raise NotFoundError("no_such_incident", id=incident)
        if to_area is not None and areas.get(connection, to_area) is None:
            raise NotFoundError("no_such_area", area=to_area)
        made = messages.insert(
            connection,
            body=said,
            sent_at=now,
            sent_by=ctx.actor.name,
            incident_id=its,
            order_id=order,
            to_area=to_area,
        )
        # The words stay where they can be masked and deleted: the journal is for ever.
        payload = {"incident": its, "order": order, "to_area": to_area}
        return Done(subject="message", id=made.id, payload=payload)

    return get(ctx, perform(ctx, "message.send", request_id, arguments, do)["id"])


def acknowledge(ctx: Context, message_id: int, *, request_id: UUID) -> MessageRecord:
    """Answer for a message. Raises ConflictError for one's own message, and when somebody did before."""

    def do(connection: Connection, now: datetime) -> Done:
        message = _existing(ctx, connection, message_id)
        if message.sent_by == ctx.actor.name:
            raise ConflictError("own_message", id=message_id)
        if messages.acknowledge(connection, message_id=message_id, at=now, by=ctx.actor.name) is None:
            raise ConflictError("already_done", id=message_id, state="acknowledged", act="acknowledge")
        payload = {"incident": message.incident_id, "order": message.order_id}
        return Done(subject="message", id=message_id, payload=payload)

    perform(ctx, "message.acknowledge", request_id, {"message": message_id}, do)
    return get(ctx, message_id)


def _existing(ctx: Context, connection: Connection, message_id: int) -> MessageRecord:
    """Return a message that this actor may see; anything else is not there."""
    found = messages.get(connection, message_id)
    if ctx.actor.role == "team_link":
        visible = found is not None and found.order_id == ctx.actor.order
    else:
        visible = messages.seen(connection, message_id, within=scope.own(ctx.actor))
    if found is None or not visible:
        raise NotFoundError("no_such_message", id=message_id)
    return found
