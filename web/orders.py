"""Orders as people read them: who, what they bring, what can be done, and the text that a team receives."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from api.usecases import orders
from data.incidents import IncidentRecord
from data.locate import Location
from data.orders import OrderRecord
from dispatch.model import Legs
from web.names import Names
from web.view import View
from web.wording import Words, need_parts

MS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownOrder:
    """One order, ready for a template. `answered_ms`: from sending to the team's first answer."""

    id: int
    incident_id: int | None
    name: str
    state: str
    overdue: bool
    brings: tuple[str, ...]
    legs: Legs
    sent_at: datetime
    due_at: datetime | None
    answered_ms: int | None
    acts: tuple[str, ...]


def shown(view: View, found: Sequence[OrderRecord], names: Names) -> list[ShownOrder]:
    """Put words to orders."""
    return [show(view, order, names) for order in found]


def show(view: View, order: OrderRecord, names: Names) -> ShownOrder:
    """Put words to one order."""
    answered = order.acknowledged_at or order.refused_at
    return ShownOrder(
        id=order.id,
        incident_id=order.incident_id,
        name=names.order(order),
        state=order.state,
        overdue=orders.overdue(view.context, order),
        brings=_brings(view.words, order),
        legs=order.legs,
        sent_at=order.sent_at,
        due_at=order.due_at,
        answered_ms=round((answered - order.sent_at).total_seconds() * MS) if answered else None,
        acts=tuple(orders.possible_acts(view.context, order)),
    )


def _brings(words: Words, order: OrderRecord) -> tuple[str, ...]:
    """Name what an order brings; goods of several lots are one amount."""
    amounts: dict[tuple[str, str], int] = defaultdict(int)
    for line in order.lines:
        kind, _ = need_parts(line.need)
        amounts[kind, line.code] += line.quantity
    return tuple(words.bring(kind, code, quantity) for (kind, code), quantity in amounts.items())


def text_of(
    view: View, order: ShownOrder, incident: IncidentRecord | None, location: Location | None, township: str
) -> str:
    """Write the order as one would say it on the radio."""
    words = view.words
    if incident is None:
        return words.move_up_order(order.name, township)
    return words.order_text(
        name=order.name,
        title=words.incident_title(incident),
        place=words.place(location),
        position=incident.position,
        brings=order.brings,
    )
