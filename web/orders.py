"""Orders as people read them: names, what they bring, what can be done, the text that a team receives."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.usecases import orders
from dispatch.model import Legs
from web.view import View

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


def shown(view: View, found: Sequence[Any]) -> list[ShownOrder]:
    """Put words to orders."""
    return [show(view, order) for order in found]


def show(view: View, order: Any) -> ShownOrder:
    """Put words to one order."""
    answered = order.acknowledged_at or order.refused_at
    return ShownOrder(
        id=order.id,
        incident_id=order.incident_id,
        name=view.words.name(order.unit),
        state=order.state,
        overdue=orders.overdue(view.context, order),
        brings=tuple(view.words.line(line) for line in order.lines),
        legs=order.legs,
        sent_at=order.sent_at,
        due_at=order.due_at,
        answered_ms=round((answered - order.sent_at).total_seconds() * MS) if answered else None,
        acts=tuple(orders.possible_acts(view.context, order)),
    )
