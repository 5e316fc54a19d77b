"""What comes first: open incidents by urgency, orders by what needs attention. Orderings only; nothing is decided by them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dispatch.lifecycle import OrderState


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressure:
    """What makes an open incident urgent.

    `critical_unmet`: critical needs that no order brings in full. `troubled`: orders that nobody answered in time, and
    refused ones whose need is still open.
    """

    level: int
    critical_unmet: int
    troubled: int
    reported_at: datetime


def urgency(pressure: Pressure) -> tuple[int, bool, bool, datetime]:
    """Return a key that sorts the most urgent incident first.

    Level I before II; of one level those with critical need unmet, then those with orders in trouble; of equals the
    one that waits longest. How many needs or orders does not count: one critical gap is enough to be looked at.
    """
    return (pressure.level, not pressure.critical_unmet, not pressure.troubled, pressure.reported_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """Where an order stands against its clocks. `need_open`: what it should bring is not ordered otherwise."""

    state: OrderState
    sent_at: datetime
    answer_by: datetime | None
    due_at: datetime | None
    need_open: bool = False

    def unanswered(self, now: datetime) -> bool:
        """Whether nobody has answered in time."""
        return self.state == "sent" and self.answer_by is not None and now > self.answer_by

    def late(self, now: datetime) -> bool:
        """Whether it should be in effect and is not at the scene."""
        return self.state in _UNDER_WAY and self.due_at is not None and now > self.due_at

    def lost(self) -> bool:
        """Whether it was refused and nobody brings what it should have brought."""
        return self.state == "refused" and self.need_open

    @property
    def deadline(self) -> datetime | None:
        """The clock that runs now: to answer by, then to be in effect by; None when none runs."""
        if self.state == "sent":
            return self.answer_by
        return self.due_at if self.state in _UNDER_WAY else None


_UNDER_WAY: Final = frozenset({"acknowledged", "departed"})
_RANKS: Final[Mapping[OrderState, int]] = {
    "sent": 2,
    "acknowledged": 3,
    "departed": 3,
    "arrived": 4,
    "finished": 5,
    "refused": 5,
    "cancelled": 5,
}


def attention(order: Awaited, now: datetime) -> tuple[int, datetime]:
    """Return a key that sorts first the order that somebody should look at.

    Refused with its need open, and unanswered in time; then late ones; then those that wait for an answer, those on
    their way, those at the scene, and the ended. Within each the one whose clock ends (or ended) first.
    """
    if order.lost() or order.unanswered(now):
        return (0, order.deadline or order.sent_at)
    rank = 1 if order.late(now) else _RANKS[order.state]
    return (rank, order.deadline or order.sent_at)
