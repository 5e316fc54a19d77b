"""Orders as people read them: who, what they bring, what can be done, and the text that a team receives."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from api.usecases import arrivals, orders, villages
from api.usecases.board import Attended
from data.incidents import IncidentRecord
from data.locate import Location
from data.orders import OrderRecord
from data.villages import Contact
from dispatch.arrivals import Arrival
from dispatch.model import Legs
from web.names import Names
from web.view import View
from web.wording import Words, need_parts

MS = 1000
FORWARD = ("acknowledge", "depart", "arrive", "finish")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of an order's way, and when it was done."""

    name: str
    at: datetime | None


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
    kind: str
    expected: Arrival | None
    """When it will be there, seen from where it was last; None while nobody knows."""
    open: bool
    answer_by: datetime | None
    steps: tuple[Step, ...]
    reason: str
    link_until: datetime | None
    """Until when its link opens; None where there is none that does."""
    people: tuple[Contact, ...]
    """Whom a village's order reaches, A first; masked for those who may not see people."""
    wants_substitute: bool = False
    """Whether somebody else must be found: refused with its need open, or nobody answered in time."""


def attended(view: View, found: Sequence[Attended], names: Names) -> list[ShownOrder]:
    """Put words to orders in the turn in which they need attention."""
    orders_shown = shown(view, [one.order for one in found], names)
    return [
        replace(order, wants_substitute=one.wants_substitute)
        for order, one in zip(orders_shown, found, strict=True)
    ]


def shown(view: View, found: Sequence[OrderRecord], names: Names) -> list[ShownOrder]:
    """Put words to orders."""
    people = villages.contacts(view.context, {one.village for one in found if one.village is not None})
    due = arrivals.expected(view.context, found)
    acts = orders.possible_acts(view.context, found)
    return [
        _show(view, order, names, people.get(order.village or "", ()), due.get(order.id), acts[order.id])
        for order in found
    ]


def show(view: View, order: OrderRecord, names: Names) -> ShownOrder:
    """Put words to one order."""
    return shown(view, [order], names)[0]


def _show(  # noqa: PLR0917  # one order with all that is known about it
    view: View,
    order: OrderRecord,
    names: Names,
    people: tuple[Contact, ...],
    expected: Arrival | None,
    acts: tuple[str, ...],
) -> ShownOrder:
    answered = order.acknowledged_at or order.refused_at
    return ShownOrder(
        id=order.id,
        incident_id=order.incident_id,
        name=names.order(order),
        state=order.state,
        overdue=orders.overdue(view.context, order),
        brings=_tasks(view.words, order, names) if order.kind == "village" else _brings(view.words, order),
        legs=order.legs,
        sent_at=order.sent_at,
        due_at=order.due_at,
        answered_ms=round((answered - order.sent_at).total_seconds() * MS) if answered else None,
        acts=acts,
        kind=order.kind,
        expected=expected,
        open=order.is_open,
        answer_by=order.answer_by,
        steps=steps_of(view.words, order),
        reason=order.reason,
        link_until=orders.link_until(view.context, order),
        people=people,
    )


def steps_of(words: Words, order: OrderRecord) -> tuple[Step, ...]:
    """Give the steps of an order's way; a village's is done without a way."""
    times = (order.acknowledged_at, order.departed_at, order.arrived_at, order.finished_at)
    steps = zip(FORWARD, times, strict=True)
    return tuple(
        Step(name=words.order_act(act), at=at)
        for act, at in steps
        if order.kind != "village" or act in {"acknowledge", "finish"}
    )


def _tasks(words: Words, order: OrderRecord, names: Names) -> tuple[str, ...]:
    """Say what a village is to do; where to, when it evacuates to a named shelter."""
    return tuple(
        words.village_task(need_parts(line.need)[1], names.shelters.get(line.code, ""))
        for line in order.lines
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
    if order.kind == "village":
        return words.village_order(
            name=order.name,
            title=words.incident_title(incident),
            place=words.place(location),
            position=incident.position,
            tasks=order.brings,
        )
    return words.order_text(
        name=order.name,
        title=words.incident_title(incident),
        place=words.place(location),
        position=incident.position,
        brings=order.brings,
    )
