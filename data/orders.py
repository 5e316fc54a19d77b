"""Orders to teams, vehicles, carriers and villages, and their way from sent to finished.

One open order for a team's people and one for a vehicle: the table's partial unique indexes refuse a second.
Which state follows which is `dispatch.lifecycle`; the table refuses every other step.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, or_, select
from sqlalchemy.dialects.postgresql import insert as insert_or_not

from data import reach
from data.tables import OPEN_ORDER_STATES, order_lines, orders
from dispatch.lifecycle import OrderState
from dispatch.model import Legs

OrderKind = Literal["team", "vehicle", "carrier", "move_up", "village"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRecord:
    """What an order brings for one need: heads, a vehicle, or goods of one lot."""

    need: str
    code: str
    quantity: int
    lot_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord:
    """An order with every minute of its life."""

    id: int
    plan_id: int | None
    kind: OrderKind
    incident_id: int | None
    team_id: int | None
    vehicle_id: int | None
    depot_id: int | None
    township: str | None
    village: str | None
    state: OrderState
    legs: Legs
    lines: tuple[LineRecord, ...]
    sent_at: datetime
    answer_by: datetime | None
    due_at: datetime | None
    acknowledged_at: datetime | None
    departed_at: datetime | None
    arrived_at: datetime | None
    finished_at: datetime | None
    refused_at: datetime | None
    cancelled_at: datetime | None
    reason: str
    created_by: str
    link_expires_at: datetime | None
    link_revoked_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether it still holds its team or vehicle."""
        return self.state in OPEN_ORDER_STATES

    @property
    def since(self) -> datetime:
        """When it came into its present state."""
        at: datetime | None = getattr(self, f"{self.state}_at")
        return at or self.sent_at


class UnitBusyError(Exception):
    """A team's people or a vehicle have an open order already, or a village for this incident; nothing was written."""

    def __init__(self, kind: OrderKind, unit_id: int | None) -> None:
        super().__init__(f"{kind} {unit_id} has an open order")
        self.kind = kind
        self.unit_id = unit_id


def insert(
    connection: Connection,
    *,
    kind: OrderKind,
    legs: Legs,
    sent_at: datetime,
    created_by: str,
    plan_id: int | None = None,
    incident_id: int | None = None,
    team_id: int | None = None,
    vehicle_id: int | None = None,
    depot_id: int | None = None,
    township: str | None = None,
    village: str | None = None,
    lines: Sequence[LineRecord] = (),
    answer_by: datetime | None = None,
    due_at: datetime | None = None,
    link_hash: bytes | None = None,
    link_expires_at: datetime | None = None,
) -> OrderRecord:
    """Store a sent order with its lines. Raises UnitBusyError, after which the transaction may go on.

    Waits for another transaction that is sending an order to the same unit. Several orders: in the order of
    `data.journal`.
    """
    row = connection.execute(
        insert_or_not(orders)
        .values(
            plan_id=plan_id,
            kind=kind,
            incident_id=incident_id,
            team_id=team_id,
            vehicle_id=vehicle_id,
            depot_id=depot_id,
            township=township,
            village=village,
            notify_ms=legs.notify_ms,
            assemble_ms=legs.assemble_ms,
            road_ms=legs.road_ms,
            walk_ms=legs.walk_ms,
            sent_at=sent_at,
            answer_by=answer_by,
            due_at=due_at,
            created_by=created_by,
            link_hash=link_hash,
            link_expires_at=link_expires_at,
        )
        .on_conflict_do_nothing()
        .returning(orders)
    ).one_or_none()
    if row is None:
        raise UnitBusyError(kind, vehicle_id or team_id)
    if lines:
        connection.execute(
            order_lines.insert(),
            [
                {
                    "order_id": row.id,
                    "need": line.need,
                    "code": line.code,
                    "quantity": line.quantity,
                    "lot_id": line.lot_id,
                }
                for line in lines
            ],
        )
    return _record(row, tuple(lines))


def get(connection: Connection, order_id: int, *, within: str | None = None) -> OrderRecord | None:
    """Read one order; None when there is none, or none that concerns the area of digits `within`."""
    return _one(connection, _concerning(within).where(orders.c.id == order_id))


def several(
    connection: Connection, order_ids: Collection[int], *, within: str | None = None
) -> Mapping[int, OrderRecord]:
    """Read orders by their ids; left out is what there is not, or what does not concern the area of digits `within`."""
    found = _many(connection, _concerning(within).where(orders.c.id.in_(order_ids))) if order_ids else ()
    return {one.id: one for one in found}


def lock(connection: Connection, order_id: int) -> OrderRecord | None:
    """Read one order and hold it until the transaction ends (`data.journal`: step 4)."""
    return _one(connection, select(orders).where(orders.c.id == order_id).with_for_update(key_share=True))


def lock_open(connection: Connection, incident_id: int) -> tuple[OrderRecord, ...]:
    """Read an incident's open orders by id and hold them until the transaction ends (`data.journal`: step 4)."""
    query = (
        select(orders)
        .where(orders.c.incident_id == incident_id, orders.c.state.in_(OPEN_ORDER_STATES))
        .order_by(orders.c.id)
    )
    return _many(connection, query.with_for_update(key_share=True))


def by_token(connection: Connection, link_hash: bytes) -> OrderRecord | None:
    """Read the order of a link; whether the link still holds, the caller sees from its expiry and revocation."""
    return _one(connection, select(orders).where(orders.c.link_hash == link_hash))


def open_orders(connection: Connection, *, within: str | None = None) -> tuple[OrderRecord, ...]:
    """Read all open orders by id; only those that concern the area of digits `within`."""
    query = _concerning(within).where(orders.c.state.in_(OPEN_ORDER_STATES))
    return _many(connection, query.order_by(orders.c.id))


def of_incident(
    connection: Connection, incident_id: int, *, within: str | None = None
) -> tuple[OrderRecord, ...]:
    """Read every order for an incident, in any state, by id; only those that concern the area of digits `within`."""
    query = _concerning(within).where(orders.c.incident_id == incident_id)
    return _many(connection, query.order_by(orders.c.id))


def of_incidents(connection: Connection, incident_ids: Sequence[int]) -> tuple[OrderRecord, ...]:
    """Read every order for these incidents, in any state, by id."""
    return _many(
        connection, select(orders).where(orders.c.incident_id.in_(incident_ids)).order_by(orders.c.id)
    )


def standing(
    connection: Connection, incident_ids: Collection[int], *, within: str | None = None
) -> tuple[OrderRecord, ...]:
    """Read every open order and all those for some incidents, the newest first; only those that concern `within`."""
    query = _concerning(within).where(
        or_(orders.c.state.in_(OPEN_ORDER_STATES), orders.c.incident_id.in_(incident_ids))
    )
    return _many(connection, query.order_by(orders.c.id.desc()))


def of_plan(connection: Connection, plan_id: int) -> tuple[OrderRecord, ...]:
    """Read the orders that a plan became, by id."""
    return _many(connection, select(orders).where(orders.c.plan_id == plan_id).order_by(orders.c.id))


def list_all(
    connection: Connection, *, limit: int = 500, within: str | None = None
) -> tuple[OrderRecord, ...]:
    """Read the newest orders in any state, the newest first; only those that concern the area of digits `within`."""
    return _many(connection, _concerning(within).order_by(orders.c.id.desc()).limit(limit))


def advance(
    connection: Connection, *, order_id: int, state: OrderState, at: datetime, reason: str | None = None
) -> OrderRecord:
    """Bring an order into its next state. The table refuses a jump; ask `dispatch.lifecycle` first, under `lock`.

    Raises LookupError for an order that does not exist.
    """
    values: dict[str, Any] = {"state": state, f"{state}_at": at}
    if reason is not None:
        values["reason"] = reason
    return _update(connection, order_id, values)


def set_link(connection: Connection, *, order_id: int, link_hash: bytes, expires_at: datetime) -> OrderRecord:
    """Give an order a new link; the one before it ends. Raises LookupError."""
    values = {"link_hash": link_hash, "link_expires_at": expires_at, "link_revoked_at": None}
    return _update(connection, order_id, values)


def revoke_link(connection: Connection, *, order_id: int, at: datetime) -> OrderRecord:
    """End an order's link. Raises LookupError."""
    return _update(connection, order_id, {"link_revoked_at": at})


def _concerning(within: str | None) -> Select[Any]:
    query = select(orders)
    return query if within is None else query.where(reach.order(within))


def _update(connection: Connection, order_id: int, values: dict[str, Any]) -> OrderRecord:
    statement = orders.update().where(orders.c.id == order_id).values(**values).returning(orders.c.id)
    if connection.execute(statement).one_or_none() is None:
        raise LookupError(f"no order {order_id}")
    (order,) = _many(connection, select(orders).where(orders.c.id == order_id))
    return order


def _one(connection: Connection, query: Select[Any]) -> OrderRecord | None:
    found = _many(connection, query)
    return found[0] if found else None


def _many(connection: Connection, query: Select[Any]) -> tuple[OrderRecord, ...]:
    """Read orders and, in one more query, the lines of all of them."""
    rows = connection.execute(query).all()
    lines: dict[int, list[LineRecord]] = {row.id: [] for row in rows}
    wanted = select(order_lines).where(order_lines.c.order_id.in_(lines)).order_by(order_lines.c.id)
    for line in connection.execute(wanted) if rows else ():
        lines[line.order_id].append(
            LineRecord(need=line.need, code=line.code, quantity=line.quantity, lot_id=line.lot_id)
        )
    return tuple(_record(row, tuple(lines[row.id])) for row in rows)


def _record(row: Row[Any], lines: tuple[LineRecord, ...]) -> OrderRecord:
    return OrderRecord(
        id=row.id,
        plan_id=row.plan_id,
        kind=row.kind,
        incident_id=row.incident_id,
        team_id=row.team_id,
        vehicle_id=row.vehicle_id,
        depot_id=row.depot_id,
        township=row.township,
        village=row.village,
        state=row.state,
        legs=Legs(
            notify_ms=row.notify_ms, assemble_ms=row.assemble_ms, road_ms=row.road_ms, walk_ms=row.walk_ms
        ),
        lines=lines,
        sent_at=row.sent_at,
        answer_by=row.answer_by,
        due_at=row.due_at,
        acknowledged_at=row.acknowledged_at,
        departed_at=row.departed_at,
        arrived_at=row.arrived_at,
        finished_at=row.finished_at,
        refused_at=row.refused_at,
        cancelled_at=row.cancelled_at,
        reason=row.reason,
        created_by=row.created_by,
        link_expires_at=row.link_expires_at,
        link_revoked_at=row.link_revoked_at,
    )
