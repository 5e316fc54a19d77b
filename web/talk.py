"""Messages for a reader: who says something to whom, by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from api.usecases import messages
from api.usecases.orders import link_name
from data.messages import MessageRecord
from web import names
from web.names import Mentioned
from web.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMessage:
    """A message as it is read.

    unit: of the order that it is about; to: the post that it is for, by name; `mine`: the reader said it.
    """

    id: int
    body: str
    sender: str
    unit: str
    incident_id: int | None
    order_id: int | None
    to: str
    sent_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    from_unit: bool
    mine: bool


def shown(view: View, found: Sequence[MessageRecord]) -> list[ShownMessage]:
    """Put names to messages: what came over an order's link was said by its unit."""
    about = messages.orders_of(view.context, found)
    known = names.read(view, Mentioned().orders(about.values()))
    units = {number: known.order(order) for number, order in about.items()}
    named = {code: view.words.name(post) for code, post in messages.posts_of(view.context, found).items()}
    return [
        _shown(
            view,
            one,
            unit=units.get(one.order_id or 0, ""),
            to=named.get(one.to_area or "", one.to_area or ""),
        )
        for one in found
    ]


def _shown(view: View, message: MessageRecord, *, unit: str, to: str) -> ShownMessage:
    link = link_name(message.order_id) if message.order_id else None

    def who(name: str) -> str:
        return unit if unit and name == link else name

    return ShownMessage(
        id=message.id,
        body=message.body,
        sender=who(message.sent_by),
        unit=unit,
        incident_id=message.incident_id,
        order_id=message.order_id,
        to=to,
        sent_at=message.sent_at,
        acknowledged_at=message.acknowledged_at,
        acknowledged_by=who(message.acknowledged_by) if message.acknowledged_by else None,
        from_unit=message.sent_by == link,
        mine=message.sent_by == view.context.actor.name,
    )
