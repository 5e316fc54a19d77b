"""The states of an incident and of an order: (state, act, now) → the next state, or a refusal as a code.

Three small tables are the whole truth; every page, endpoint and command line asks here before anything is written.
Time is an argument: an act may not be earlier than the act before it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

OrderState = Literal["sent", "acknowledged", "departed", "arrived", "finished", "refused", "cancelled"]
OrderAct = Literal["acknowledge", "depart", "arrive", "finish", "refuse", "cancel"]
VillageTask = Literal["guide", "warn", "evacuate"]
"""What a village may be asked: guide whoever comes, warn everybody, take people to safety."""
IncidentState = Literal["open", "closed", "cancelled"]
IncidentAct = Literal["change_level", "edit", "send_report", "dispatch", "close", "cancel"]
RefusalCode = Literal["already_done", "not_in_this_state", "orders_open"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStanding:
    """Where an order stands, and since when."""

    state: OrderState
    since: datetime
    village: bool = False
    """Whether it calls a village, which answers and is done: nobody drives anywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentStanding:
    """Where an incident stands, since when, and how many of its orders are still open."""

    state: IncidentState
    since: datetime
    open_orders: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why an act is not possible now. `already_done`: the act has led to exactly this state before."""

    code: RefusalCode
    state: str
    act: str


ORDER_TRANSITIONS: Final[Mapping[tuple[OrderState, OrderAct], OrderState]] = {
    ("sent", "acknowledge"): "acknowledged",
    ("sent", "refuse"): "refused",
    ("sent", "cancel"): "cancelled",
    ("acknowledged", "depart"): "departed",
    ("acknowledged", "refuse"): "refused",
    ("acknowledged", "cancel"): "cancelled",
    ("departed", "arrive"): "arrived",
    ("departed", "cancel"): "cancelled",
    ("arrived", "finish"): "finished",
    ("arrived", "cancel"): "cancelled",
}
VILLAGE_TRANSITIONS: Final[Mapping[tuple[OrderState, OrderAct], OrderState]] = {
    ("sent", "acknowledge"): "acknowledged",
    ("sent", "refuse"): "refused",
    ("sent", "cancel"): "cancelled",
    ("acknowledged", "finish"): "finished",
    ("acknowledged", "refuse"): "refused",
    ("acknowledged", "cancel"): "cancelled",
}
INCIDENT_TRANSITIONS: Final[Mapping[tuple[IncidentState, IncidentAct], IncidentState]] = {
    ("open", "change_level"): "open",
    ("open", "edit"): "open",
    ("open", "send_report"): "open",
    ("open", "dispatch"): "open",
    ("open", "close"): "closed",
    ("open", "cancel"): "cancelled",
}
OPEN_ORDER_STATES: Final[frozenset[OrderState]] = frozenset({"sent", "acknowledged", "departed", "arrived"})


def next_order(standing: OrderStanding, act: OrderAct, now: datetime) -> OrderStanding | Refusal:
    """Tell what an order becomes by `act` at `now`, or why not.

    A clock that went back stops nobody: the act then counts from the act before it, so that no minutes are negative.
    """
    steps = _steps(village=standing.village)
    state = steps.get((standing.state, act))
    if state is None:
        done = standing.state in {after for (_, by), after in steps.items() if by == act}
        return Refusal(code="already_done" if done else "not_in_this_state", state=standing.state, act=act)
    return OrderStanding(state=state, since=max(now, standing.since), village=standing.village)


def next_incident(standing: IncidentStanding, act: IncidentAct, now: datetime) -> IncidentStanding | Refusal:
    """Tell what an incident becomes by `act` at `now`, or why not. Closing waits until no order is open."""
    state = INCIDENT_TRANSITIONS.get((standing.state, act))
    if state is None:
        done = (standing.state, act) in {("closed", "close"), ("cancelled", "cancel")}
        return Refusal(code="already_done" if done else "not_in_this_state", state=standing.state, act=act)
    if act == "close" and standing.open_orders:
        return Refusal(code="orders_open", state=standing.state, act=act)
    return IncidentStanding(state=state, since=max(now, standing.since), open_orders=standing.open_orders)


def possible_order_acts(state: OrderState, *, village: bool = False) -> tuple[OrderAct, ...]:
    """List the acts that an order in `state` can take, in their usual order."""
    return tuple(act for (before, act) in _steps(village=village) if before == state)


def _steps(*, village: bool) -> Mapping[tuple[OrderState, OrderAct], OrderState]:
    return VILLAGE_TRANSITIONS if village else ORDER_TRANSITIONS
