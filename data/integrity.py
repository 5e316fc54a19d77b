"""Whether everything that is stored holds together: stock with its movements, orders with the journal, the journal itself.

The database refuses what breaks these laws; this looks at them from the other side, over the whole history.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import Connection, select, text

from data import journal
from data.tables import OPEN_ORDER_STATES, orders
from data.tables import journal as journal_rows
from data.worlds import schema_of
from dispatch.lifecycle import ORDER_TRANSITIONS, VILLAGE_TRANSITIONS

_MANY_PER_REQUEST: Final = ("order.link", "order.unlink")  # a repeated link is a new link
_STEPS: Final = {f"order.{act}": act for _, act in (*ORDER_TRANSITIONS, *VILLAGE_TRANSITIONS)}
_ENDING: Final = frozenset({"order.finish", "order.refuse", "order.cancel"})
_TAKING_BACK: Final = frozenset(
    {"incident.cancel", "plan.withdraw"}
)  # these list the orders that they cancel
_EVER: Final = 2**63  # an order that is still open ends after every journal number


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One law that does not hold, and where."""

    code: str
    subject: str
    id: int
    numbers: Mapping[str, Any]


def violations(connection: Connection) -> tuple[Violation, ...]:
    """Check one world and return everything that is wrong; nothing, as it should be."""
    history = _History.read(connection)
    return (
        *_journal(connection),
        *_requests(connection),
        *_lots(connection),
        *_promises(connection),
        *_steps(history),
        *_held_twice(history),
    )


def _journal(connection: Connection) -> Iterator[Violation]:
    broken = journal.first_broken(connection)
    if broken is not None:
        yield Violation(code="journal_broken", subject="journal", id=broken, numbers={})


def _requests(connection: Connection) -> Iterator[Violation]:
    """Find requests that do not stand in the journal exactly once, with the same act."""
    query = f"""
        SELECT coalesce(max(j.number), 0) AS number, count(j.number) AS times,
               coalesce(c.request_id, j.request_id)::text AS request
        FROM {{world}}.commands c FULL JOIN {{world}}.journal j ON j.request_id = c.request_id AND j.act = c.act
        WHERE (j.number IS NULL OR j.request_id IS NOT NULL) AND coalesce(j.act, '') NOT IN {_MANY_PER_REQUEST}
        GROUP BY coalesce(c.request_id, j.request_id) HAVING count(j.number) <> 1 OR count(c.request_id) <> 1
    """
    for row in _rows(connection, query):
        numbers = {"request": row.request, "times": row.times}
        yield Violation(code="request_not_applied_once", subject="journal", id=row.number, numbers=numbers)


def _lots(connection: Connection) -> Iterator[Violation]:
    """Find lots that differ from the sum of their movements, or were below zero on the way."""
    query = """
        SELECT l.id, l.quantity, l.reserved, coalesce(m.quantity, 0) AS moved, coalesce(m.reserved, 0) AS promised,
               least(coalesce(m.least, 0), coalesce(m.least_reserved, 0), l.quantity, l.reserved,
                     l.quantity - l.reserved) AS least
        FROM {world}.stock_lots l LEFT JOIN (
            SELECT lot_id, sum(quantity) AS quantity, sum(reserved) AS reserved,
                   min(running) AS least, min(running_reserved) AS least_reserved
            FROM (SELECT lot_id, quantity, reserved,
                         sum(quantity) OVER lot AS running, sum(reserved) OVER lot AS running_reserved
                  FROM {world}.stock_movements WINDOW lot AS (PARTITION BY lot_id ORDER BY id)) AS steps
            GROUP BY lot_id) AS m ON m.lot_id = l.id
    """
    for row in _rows(connection, query):
        numbers = row._asdict()
        if row.least < 0:
            yield Violation(code="lot_below_zero", subject="lot", id=row.id, numbers=numbers)
        if (row.quantity, row.reserved) != (row.moved, row.promised):
            yield Violation(code="lot_out_of_balance", subject="lot", id=row.id, numbers=numbers)


def _promises(connection: Connection) -> Iterator[Violation]:
    """Find orders that hold or took other goods than their lines and state say."""
    query = """
        SELECT o.id, o.state, coalesce(o.departed_at IS NOT NULL, false) AS left_depot, w.lot_id,
               coalesce(w.quantity, 0) AS asked, coalesce(m.reserved, 0) AS held, coalesce(-m.quantity, 0) AS taken
        FROM (SELECT order_id, lot_id, sum(quantity) AS quantity FROM {world}.order_lines
              WHERE lot_id IS NOT NULL GROUP BY order_id, lot_id) AS w
        FULL JOIN (SELECT order_id, lot_id, sum(quantity) AS quantity, sum(reserved) AS reserved
                   FROM {world}.stock_movements WHERE order_id IS NOT NULL GROUP BY order_id, lot_id) AS m
             USING (order_id, lot_id)
        JOIN {world}.orders o ON o.id = order_id
    """
    for row in _rows(connection, query):
        if row.state in {"sent", "acknowledged"}:
            right = (row.asked, 0)
        elif row.state in {"refused", "cancelled"}:
            right = (0, 0)
        else:
            right = (0, row.asked)
        if (row.held, row.taken) != right:
            numbers = {"lot": row.lot_id, "state": row.state, "held": row.held, "taken": row.taken}
            yield Violation(code="promise_differs", subject="order", id=row.id, numbers=numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class _History:
    """Every order with the journal's numbers of its life."""

    orders: Sequence[Any]
    opened: Mapping[int, int]
    ended: Mapping[int, int]
    steps: Mapping[int, Sequence[tuple[int, str]]]

    @classmethod
    def read(cls, connection: Connection) -> "_History":
        opened: dict[int, int] = {}
        ended: dict[int, int] = {}
        steps: dict[int, list[tuple[int, str]]] = defaultdict(list)
        columns = (
            journal_rows.c.number,
            journal_rows.c.act,
            journal_rows.c.subject,
            journal_rows.c.subject_id,
            journal_rows.c.payload,
        )
        for row in connection.execute(select(*columns).order_by(journal_rows.c.number)):
            if row.act in _STEPS:
                steps[row.subject_id].append((row.number, _STEPS[row.act]))
                if row.act in _ENDING:
                    ended.setdefault(row.subject_id, row.number)
                continue
            if row.subject == "order" and row.act not in _MANY_PER_REQUEST:
                opened.setdefault(row.subject_id, row.number)
            listed = row.payload.get("orders") or ()
            made = listed if isinstance(listed, list) else ()
            taken_back = made if row.act in _TAKING_BACK else row.payload.get("ended") or ()
            for order in taken_back:
                steps[order].append((row.number, "cancel"))
                ended.setdefault(order, row.number)
            for order in made if row.act not in _TAKING_BACK else ():
                opened.setdefault(order, row.number)
        return cls(
            orders=connection.execute(select(orders).order_by(orders.c.id)).all(),
            opened=opened,
            ended=ended,
            steps=steps,
        )


def _steps(history: _History) -> Iterator[Violation]:
    """Find orders whose steps in the journal do not lead to their state, or whose minutes run back."""
    for order in history.orders:
        transitions = VILLAGE_TRANSITIONS if order.kind == "village" else ORDER_TRANSITIONS
        state: Any = "sent"
        for _, act in history.steps.get(order.id, ()):
            state = transitions.get((state, act))  # type: ignore[arg-type]  # an impossible pair gives None
        if state != order.state:
            numbers = {"state": order.state, "journal": state}
            yield Violation(code="order_history_illegal", subject="order", id=order.id, numbers=numbers)
        ends = order.finished_at or order.refused_at or order.cancelled_at
        minutes = [order.sent_at, order.acknowledged_at, order.departed_at, order.arrived_at, ends]
        known = [at for at in minutes if at is not None]
        if known != sorted(known):
            yield Violation(code="order_runs_back", subject="order", id=order.id, numbers={})


def _held_twice(history: _History) -> Iterator[Violation]:
    """Find units that were ever in two open orders at once, by the journal's numbers: not only now."""
    spans: dict[tuple[str, Any], list[tuple[int, int, int]]] = defaultdict(list)
    for order in history.orders:
        begin = history.opened.get(order.id)
        if begin is None:
            yield Violation(code="order_without_origin", subject="order", id=order.id, numbers={})
            continue
        over = order.state not in OPEN_ORDER_STATES
        end = history.ended.get(order.id, begin if over else _EVER)
        spans[_unit(order)].append((begin, end, order.id))
    for (kind, unit), held in spans.items():
        held.sort()
        for (_, end, first), (begin, _, second) in pairwise(held):
            if begin < end:
                numbers = {"orders": [first, second], "unit": unit}
                yield Violation(code="unit_held_twice", subject=kind, id=second, numbers=numbers)


def _unit(order: Any) -> tuple[str, Any]:
    if order.vehicle_id is not None:
        return "vehicle", order.vehicle_id
    return ("village", order.village) if order.kind == "village" else ("team", order.team_id)


def _rows(connection: Connection, query: str) -> Sequence[Any]:
    return connection.execute(text(query.replace("{world}", schema_of(connection)))).all()
