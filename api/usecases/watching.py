"""Whether running orders still go as planned: what calls for a new plan, and who can be sent home."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from api import scope
from api.context import Context
from api.errors import NotFoundError
from api.security import authorise
from api.usecases.effects import ways_of
from data import closures, hazard_areas, incidents, orders, snapshot, under_way
from data.orders import OrderRecord
from dispatch import cards
from dispatch.cutoff import touched
from dispatch.hazards import barred, drawn
from dispatch.underway import Running, Situation, Trigger, needs_new_plan
from gis.network import RoadNetwork


def triggers(ctx: Context, incident_id: int) -> tuple[Trigger, ...]:
    """Say why a new plan may be needed for an open incident; nothing while all goes as planned. Raises NotFoundError."""
    authorise(ctx.actor, "plan.read")
    version, network = ctx.networks.current()
    now = ctx.clock()
    with ctx.world.read() as connection:
        record = incidents.get(connection, incident_id, within=scope.own(ctx.actor))
        if record is None:
            raise NotFoundError("no_such_incident", id=incident_id)
        if record.state != "open":
            return ()
        its_orders = orders.of_incident(connection, incident_id)
        running = under_way.running(connection, incident_id, now)
        asked = cards.needs(ctx.policy.incident_types[record.type].card, record.level)
        ordered = snapshot.ordered(connection, [incident_id])[incident_id]
        sent = [one.sent_at for one in running if one.state != "arrived"]
        situation = Situation(
            orders=running,
            outstanding={need.key: need.quantity for need in cards.outstanding(asked, ordered)},
            refused=tuple(one.id for one in its_orders if one.state == "refused"),
            blocked=_blocked(connection, network, version, its_orders, running, now),
            opened=under_way.opened_since(connection, min(sent), now) if sent else 0,
        )
    return needs_new_plan(situation, now)


def standing_by(ctx: Context) -> tuple[OrderRecord, ...]:
    """List the open move-ups that no open incident needs any more: these teams can be sent home.

    A move-up serves the incidents of the plan that it came with; when the last of them is over, so is its reason.
    """
    authorise(ctx.actor, "order.read")
    with ctx.world.read() as connection:
        served = {one.id for one in incidents.list_open(connection)}
        moved = [
            one
            for one in orders.open_orders(connection, within=scope.own(ctx.actor))
            if one.kind == "move_up"
        ]
        needed = under_way.incidents_of(connection, [one.plan_id for one in moved if one.plan_id is not None])
    return tuple(one for one in moved if not served & set(needed.get(one.plan_id or 0, ())))


def _blocked(  # noqa: PLR0917  # one question about one moment
    connection: Connection,
    network: RoadNetwork,
    version: int,
    its_orders: Sequence[OrderRecord],
    running: Sequence[Running],
    now: datetime,
) -> set[int]:
    """Collect the orders whose way is barred or slowed by something that came into effect after they were sent."""
    moving = {one.id: one for one in running if one.state != "arrived"}
    closed = closures.not_over(connection, now)
    dangerous = hazard_areas.not_over(connection, now)
    found: set[int] = set()
    for way in ways_of(connection, version, [one for one in its_orders if one.id in moving], now):
        sent = moving[way.order].sent_at
        newer = [
            one.on_roads()
            for one in closed
            if one.on_roads().in_effect(now) and max(one.created_at, one.starts_at or one.created_at) > sent
        ]
        areas = [
            one.drawn() for one in dangerous if max(one.created_at, one.starts_at or one.created_at) > sent
        ]
        if newer or areas:
            struck = network.overlay(newer, barred(drawn(areas, now)))
            found |= set(touched([way], network, struck))
    return found
