"""Units as the map shows them: where each was last seen, on which order, and when it will be there."""

from dataclasses import dataclass
from datetime import datetime

from api.context import Context
from api.usecases import arrivals, positions
from api.usecases.positions import unit_of
from data import orders
from data.fixes import UnitFix
from data.orders import OrderRecord
from dispatch.arrivals import Arrival


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """A unit where it was last seen; its open order and expected arrival where it has them."""

    seen: UnitFix
    order: OrderRecord | None
    arrival: Arrival | None


def standing(ctx: Context, *, received_after: datetime | None = None) -> tuple[Whereabouts, ...]:
    """Give every unit seen within a day; only those heard of after a moment, where one is given."""
    found = positions.newest(ctx, received_after=received_after)
    if not found:
        return ()
    with ctx.world.read() as connection:
        running = {unit: order for order in orders.open_orders(connection) if (unit := unit_of(order))}
    mine = {one.unit: running[one.unit] for one in found if one.unit in running}
    due = arrivals.expected(ctx, list(mine.values()))
    return tuple(
        Whereabouts(
            seen=one, order=(order := mine.get(one.unit)), arrival=due.get(order.id) if order else None
        )
        for one in found
    )
