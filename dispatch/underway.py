"""Where a running order stands: what of its times is left, where its unit is, and what calls for a new plan.

All from what was reported and the clock; nothing here knows roads. An order counts as *silent* when its time to answer
is over without an answer, as *late* when it should be in effect and is not there.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import hypot
from typing import Final, Literal

import shapely

from dispatch.lifecycle import OrderState
from dispatch.model import Legs, Position
from gis.crs import metres_per_degree

MS: Final = timedelta(milliseconds=1)
NEARLY_THERE: Final = 0.9
"""Of its way, what a unit has behind it that should have arrived and has not said so, where nobody sees it."""
FRESH: Final = timedelta(minutes=10)
"""An older position says nothing about where somebody under way is now."""
FAR: Final = timedelta(minutes=10)
"""A unit is called far when it cannot be there within this time after it is due, even by the straightest road."""
FASTEST_M_PER_S: Final = 25.0  # 90 km/h as the crow flies: nothing on a county road is faster

TriggerCode = Literal["no_answer", "refused", "late", "far", "grown", "road_closed", "road_opened"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A running order as it was reported."""

    id: int
    state: OrderState
    legs: Legs
    sent_at: datetime
    answer_by: datetime | None = None
    due_at: datetime | None = None
    acknowledged_at: datetime | None = None
    departed_at: datetime | None = None
    target: Position | None = None
    seen_at: Position | None = None
    seen: datetime | None = None

    def position(self, now: datetime) -> Position | None:
        """Return where it was last seen, None when that is too long ago."""
        return self.seen_at if self.seen is not None and now - self.seen <= FRESH else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What is left before a unit is on the road, and the share of its way that it has behind it (0 … 1)."""

    before_ms: int
    assemble_ms: int
    driven: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """Why a new plan may be needed. Code with the orders, closures or needs that it is about, and how many they are."""

    code: TriggerCode
    orders: tuple[int, ...] = ()
    count: int = 0


def left(order: Running, now: datetime) -> Left:
    """Return what is left of an order's times by the clock. Each step waits for the one before: nobody assembles unasked."""
    if order.departed_at is not None:
        ridden = (now - order.departed_at) / MS
        share = ridden / order.legs.road_ms if order.legs.road_ms else NEARLY_THERE
        return Left(before_ms=0, assemble_ms=0, driven=min(NEARLY_THERE, max(0.0, share)))
    if order.acknowledged_at is not None:
        assemble = max(0, order.legs.assemble_ms - round((now - order.acknowledged_at) / MS))
        return Left(before_ms=assemble, assemble_ms=assemble, driven=0.0)
    notify = max(0, order.legs.notify_ms - round((now - order.sent_at) / MS))
    return Left(before_ms=notify + order.legs.assemble_ms, assemble_ms=order.legs.assemble_ms, driven=0.0)


def along(way: object, share: float) -> Position | None:
    """Return the place at a share of a way's length; None where there is no way."""
    if not isinstance(way, shapely.LineString) or way.is_empty:
        return None
    point = way.interpolate(share, normalized=True)
    return (float(point.x), float(point.y))


def is_silent(order: Running, now: datetime) -> bool:
    """Whether its time to answer is over without an answer."""
    return order.state == "sent" and order.answer_by is not None and now > order.answer_by


def is_late(order: Running, now: datetime) -> bool:
    """Whether it should be in effect and is not there."""
    return order.state in {"acknowledged", "departed"} and order.due_at is not None and now > order.due_at


def is_far(order: Running, now: datetime) -> bool:
    """Whether its position shows that it cannot be there in time, or soon after: the crow would be too late."""
    at = order.position(now)
    if order.state != "departed" or at is None or order.target is None or order.due_at is None:
        return False
    east, north = (float(m) for m in metres_per_degree(order.target[1]))
    metres = hypot((at[0] - order.target[0]) * east, (at[1] - order.target[1]) * north)
    return now + timedelta(seconds=metres / FASTEST_M_PER_S) > order.due_at + FAR


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the question whether a new plan is needed looks at, for one incident.

    outstanding: needs that no open or finished order brings. refused: refused orders. blocked: orders whose way is barred
    by something that came into effect after they were sent. opened: how many closures and areas ended since the first
    running order was sent.
    """

    orders: tuple[Running, ...] = ()
    outstanding: Mapping[str, int] = field(default_factory=dict)
    refused: tuple[int, ...] = ()
    blocked: Collection[int] = ()
    opened: int = 0


def needs_new_plan(situation: Situation, now: datetime) -> tuple[Trigger, ...]:
    """Return why a new plan may be needed, the most pressing first; nothing while all goes as planned.

    Without a single order there is nothing to plan anew: that is what the first plan is for.
    """
    orders = situation.orders
    if not orders and not situation.refused:
        return ()
    running = [one for one in orders if one.state in {"sent", "acknowledged", "departed"}]
    found = [
        Trigger(code="no_answer", orders=tuple(one.id for one in running if is_silent(one, now))),
        Trigger(code="refused", orders=situation.refused if situation.outstanding else ()),
        Trigger(code="road_closed", orders=tuple(one.id for one in running if one.id in situation.blocked)),
        Trigger(code="late", orders=tuple(one.id for one in running if is_late(one, now))),
        Trigger(
            code="far",
            orders=tuple(one.id for one in running if is_far(one, now) and not is_late(one, now)),
        ),
    ]
    triggers = [
        Trigger(code=one.code, orders=one.orders, count=len(one.orders)) for one in found if one.orders
    ]
    if situation.outstanding and not any(one.code == "refused" for one in triggers):
        triggers.append(Trigger(code="grown", count=len(situation.outstanding)))
    if situation.opened and running:
        triggers.append(Trigger(code="road_opened", count=situation.opened))
    return tuple(triggers)
