"""Running orders as they were reported, where their units are, and what became of the roads since they were sent."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, and_, func, or_, select

from data import fixes, incidents, orders, plans
from data.orders import OrderRecord
from data.tables import closures, hazard_areas, stock_lots
from data.tables import plans as plan_rows
from data.units import DepotRecord, TeamRecord, list_depots, list_teams
from dispatch.model import Position, UnderWay, UnderWayLine, UnitRoute
from dispatch.underway import Running, along, is_silent, left

_KINDS: Final = {"team", "vehicle", "carrier"}


def read(connection: Connection, incident_ids: Collection[int], at: datetime) -> tuple[UnderWay, ...]:
    """Read the orders that are under way to some incidents, and every open move-up, by id."""
    wanted = set(incident_ids)
    found = [
        order
        for order in orders.open_orders(connection)
        if order.kind == "move_up"
        or (order.kind in _KINDS and order.incident_id in wanted and order.state != "arrived")
    ]
    owners = {one.id: one for one in list_teams(connection, {o.team_id for o in found if o.team_id})}
    stores = {one.id: one for one in list_depots(connection, {o.depot_id for o in found if o.depot_id})}
    masses = _masses(connection, {line.lot_id for o in found for line in o.lines if line.lot_id})
    ways = _routes(connection, found)
    seen = last_seen(connection, at)
    return tuple(
        _under_way(order, running, owners, stores, masses, ways.get(order.id), at)
        for order, running in ((order, _running(order, seen)) for order in found)
        if (order.team_id in owners) or (order.depot_id in stores)
    )


def running(connection: Connection, incident_id: int, at: datetime) -> tuple[Running, ...]:
    """Read the open orders of one incident as they were reported."""
    seen = last_seen(connection, at)
    place = incidents.get(connection, incident_id)
    return tuple(
        replace(_running(order, seen), target=place.position if place else None)
        for order in orders.of_incident(connection, incident_id)
        if order.is_open and order.kind in _KINDS
    )


def last_seen(connection: Connection, at: datetime) -> Mapping[tuple[str, int], tuple[Position, datetime]]:
    """Read where teams and vehicles were last seen within the hour, by ("team" | "vehicle", id)."""
    seen = fixes.newest(connection, since=at - timedelta(hours=1))
    return {one.unit: (one.fix.position, one.fix.at) for one in seen}


def positions(connection: Connection, found: Sequence[OrderRecord], at: datetime) -> Mapping[int, Position]:
    """Read where the units of orders on the road were seen a short while ago, by order id; of others nothing is known."""
    seen = last_seen(connection, at)
    where = {one.id: _running(one, seen).position(at) for one in found if one.state == "departed"}
    return {order: position for order, position in where.items() if position is not None}


def incidents_of(connection: Connection, plan_ids: Collection[int]) -> Mapping[int, tuple[int, ...]]:
    """Read which incidents some plans were made for."""
    query = select(plan_rows.c.id, plan_rows.c.incident_ids).where(plan_rows.c.id.in_(plan_ids))
    return {row.id: tuple(row.incident_ids) for row in connection.execute(query)}


def opened_since(connection: Connection, since: datetime, now: datetime) -> int:
    """Count closures and danger areas that held at a moment and were ended, or ran out, between it and now."""
    return sum(
        connection.scalar(
            select(func.count())
            .select_from(table)
            .where(
                table.c.created_at <= since,
                or_(
                    table.c.ended_at > since,
                    and_(table.c.ended_at.is_(None), table.c.ends_at > since, table.c.ends_at <= now),
                ),
            )
        )
        or 0
        for table in (closures, hazard_areas)
    )


def _running(order: OrderRecord, seen: Mapping[tuple[str, int], tuple[Position, datetime]]) -> Running:
    unit = ("vehicle", order.vehicle_id) if order.vehicle_id is not None else ("team", order.team_id or 0)
    where = seen.get(unit)
    return Running(
        id=order.id,
        state=order.state,
        legs=order.legs,
        sent_at=order.sent_at,
        answer_by=order.answer_by,
        due_at=order.due_at,
        acknowledged_at=order.acknowledged_at,
        departed_at=order.departed_at,
        seen_at=where[0] if where else None,
        seen=where[1] if where else None,
    )


def _under_way(  # noqa: PLR0917  # one order with all that is known about it
    order: OrderRecord,
    told: Running,
    owners: Mapping[int, TeamRecord],
    stores: Mapping[int, DepotRecord],
    masses: Mapping[int, int],
    way: UnitRoute | None,
    at: datetime,
) -> UnderWay:
    rest = left(told, at)
    base = stores[order.depot_id].position if order.depot_id else owners[order.team_id or 0].position_now
    there = order.state == "arrived"
    if there or order.state == "departed":
        seen = None if there else told.position(at)
        base = seen or along(way.geometry if way else None, 1.0 if there else rest.driven) or base
    return UnderWay(
        order=order.id,
        kind=order.kind,  # type: ignore[arg-type]  # a village's order was left out
        id=(order.vehicle_id if order.kind in {"vehicle", "carrier"} else order.team_id) or 0,
        owner=order.depot_id or order.team_id or 0,
        incident=order.incident_id,
        state=order.state,  # type: ignore[arg-type]  # it is open
        position=base,
        before_ms=rest.before_ms,
        assemble_ms=rest.assemble_ms,
        lines=tuple(
            UnderWayLine(
                need=line.need,
                code=line.code,
                quantity=line.quantity,
                lot=line.lot_id,
                unit_kg=masses.get(line.lot_id or 0, 0),
            )
            for line in order.lines
        ),
        silent=is_silent(told, at),
    )


def _masses(connection: Connection, lots: Collection[int]) -> Mapping[int, int]:
    query = select(stock_lots.c.id, stock_lots.c.unit_kg).where(stock_lots.c.id.in_(lots))
    return {row.id: row.unit_kg for row in connection.execute(query)}


def _routes(connection: Connection, found: Sequence[OrderRecord]) -> Mapping[int, UnitRoute]:
    """Read the ways of orders from the plans that they came from, by order id."""
    planned = plans.routes_of(connection, {order.plan_id for order in found if order.plan_id})
    ways = {}
    for order in found:
        unit = order.vehicle_id if order.kind in {"vehicle", "carrier"} else order.team_id
        plan = planned.get(order.plan_id or 0)
        route = plan.of(order.kind, unit) if plan else None
        if route is not None:
            ways[order.id] = route
    return ways
