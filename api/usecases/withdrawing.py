"""Taking back a plan that was confirmed by mistake, while nobody has answered."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from api import scope
from api.context import Context
from api.errors import ConflictError, NotFoundError
from api.usecases import orders as order_acts
from api.usecases.acting import Done, perform
from data import incidents, orders, plans, stock
from data.orders import OrderRecord


def withdraw(ctx: Context, plan_id: int, *, request_id: UUID) -> tuple[OrderRecord, ...]:
    """Cancel every order of a plan, all or none; promised stock is free again.

    Raises ConflictError when the plan has no orders, or when somebody has answered one: people may be on their way, and
    each order is cancelled with a word of its own.
    """

    def do(connection: Connection, now: datetime) -> Done:
        seen = plans.get(connection, plan_id, within=scope.own(ctx.actor))
        if seen is None:
            raise NotFoundError("no_such_plan", id=plan_id)
        for incident in incidents.lock(connection, seen.incident_ids):
            scope.check_leads(ctx.actor, incident)
        plans.lock(connection, plan_id)
        sent = [orders.lock(connection, order.id) for order in orders.of_plan(connection, plan_id)]
        its = [order for order in sent if order is not None]
        if seen.cancels:
            raise ConflictError("plan_replaces", id=plan_id, orders=seen.cancels)
        answered = [order.id for order in its if order.state != "sent"]
        if answered or not its:
            raise ConflictError("plan_answered", id=plan_id, orders=answered)
        stock.hold(connection, [order.id for order in its])
        for order in its:
            order_acts.advance(connection, order.id, "cancel", actor=ctx.actor.name, now=now)
        payload = {"orders": [order.id for order in its], "incidents": seen.incident_ids}
        return Done(subject="plan", id=plan_id, payload=payload)

    perform(ctx, "plan.withdraw", request_id, {"plan": plan_id}, do)
    with ctx.world.read() as connection:
        return orders.of_plan(connection, plan_id)
