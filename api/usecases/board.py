"""What the command post looks at first: open incidents by urgency, and orders by what needs attention."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from api.context import Context
from api.security import authorise
from api.usecases import incidents, orders
from api.usecases.incidents import Standing
from data import locate
from data import orders as order_rows
from data.locate import Area
from data.orders import OrderRecord
from dispatch.urgency import Awaited, Pressure, attention, urgency
from gis import areas


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A clock that runs: "answer" and "effect" of an order, or the code of a report that is owed."""

    code: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One open incident with the few facts that an officer needs.

    `place`: its township and leaf grid, as far as they are known. `answered` of `sent` orders got any answer.
    `unanswered`: in time nobody did. `refused`: with their need still open. `deadline`: the clock that ends first.
    """

    incident: Standing
    place: tuple[Area, ...]
    critical_unmet: int
    sent: int
    answered: int
    unanswered: int
    refused: int
    deadline: Deadline | None


def rows(ctx: Context) -> tuple[Row, ...]:
    """List the open incidents, the most urgent first."""
    authorise(ctx.actor, "incident.read")
    found = incidents.listing(ctx, state="open")
    now = ctx.clock()
    with ctx.world.read() as connection:
        its_orders: dict[int, list[OrderRecord]] = defaultdict(list)
        for order in order_rows.of_incidents(connection, [one.id for one in found]):
            its_orders[order.incident_id or 0].append(order)
        named = locate.names_of(connection, {code for one in found for code in _codes(one)})
    made = [_row(one, its_orders[one.id], named, now) for one in found]
    return tuple(sorted(made, key=_turn))


def _codes(incident: Standing) -> list[str]:
    """Name the township (or what is known above it) and the leaf grid of an incident."""
    township = areas.at_level(incident.area_code, "township") if incident.area_code else None
    return [code for code in (township or incident.area_code, incident.grid_code) if code]


def _row(
    incident: Standing, its_orders: Sequence[OrderRecord], named: Mapping[str, Area], now: datetime
) -> Row:
    outstanding = {need.key for need in incident.outstanding}
    awaited = [(order, awaited_of(order, outstanding)) for order in its_orders]
    sent = [order for order in its_orders if order.state != "cancelled"]
    running = [
        Deadline(code="answer" if order.state == "sent" else "effect", at=clock.deadline)
        for order, clock in awaited
        if clock.deadline
    ]
    running += [Deadline(code=clock.code, at=clock.due_at) for clock in incident.clocks if not clock.sent]
    return Row(
        incident=incident,
        place=tuple(named[code] for code in _codes(incident) if code in named),
        critical_unmet=sum(1 for need in incident.outstanding if need.critical),
        sent=len(sent),
        answered=sum(1 for order in sent if order.state != "sent"),
        unanswered=sum(1 for _, clock in awaited if clock.unanswered(now)),
        refused=sum(1 for _, clock in awaited if clock.lost()),
        deadline=min(running, key=lambda one: one.at, default=None),
    )


def _turn(row: Row) -> tuple[tuple[int, bool, bool, datetime], int]:
    pressure = Pressure(
        level=row.incident.level,
        critical_unmet=row.critical_unmet,
        troubled=row.unanswered + row.refused,
        reported_at=row.incident.reported_at,
    )
    return urgency(pressure), row.incident.id


def awaited_of(order: OrderRecord, outstanding: Collection[str]) -> Awaited:
    """Put an order against its clocks; `outstanding` are the keys of what its incident still needs."""
    return Awaited(
        state=order.state,
        sent_at=order.sent_at,
        answer_by=order.answer_by,
        due_at=order.due_at,
        need_open=any(line.need in outstanding for line in order.lines),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Attended:
    """An order against its clocks, and whether somebody else must be found for it."""

    order: OrderRecord
    awaited: Awaited
    wants_substitute: bool


def orders_by_attention(
    ctx: Context, *, incident: int | None = None, only_open: bool = False
) -> tuple[Attended, ...]:
    """List orders, those that somebody should look at first.

    With `only_open` those are kept that were refused and whose need nobody meets: they are still somebody's work.
    """
    standing = {one.id: one for one in incidents.listing(ctx, state="open")}
    found = (
        orders.standing(ctx, standing)
        if only_open and incident is None
        else orders.listing(ctx, incident=incident)
    )
    now = ctx.clock()
    made = []
    for order in found:
        its_incident = standing.get(order.incident_id or 0)
        outstanding = {need.key for need in its_incident.outstanding} if its_incident else set()
        awaited = awaited_of(order, outstanding)
        lost = awaited.lost()
        if order.is_open or lost or not only_open:
            substitute = lost or (its_incident is not None and awaited.unanswered(now))
            made.append(Attended(order=order, awaited=awaited, wants_substitute=substitute))
    return tuple(sorted(made, key=lambda one: (*attention(one.awaited, now), one.order.id)))
