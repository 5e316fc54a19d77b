"""What the clients of a storm talk about: ids of incidents, plans, orders and so on, shared by all of them."""

import random
import threading
from collections import deque
from typing import Any, Final

_REMEMBERED: Final = 40
_ENOUGH_PLANS: Final = 3
"""Plans that wait for somebody: while there are as many, nobody has another one made."""
_MADE_AT_ONCE: Final = 2
"""Plans that are being made: each takes a core, and a storm is to be about acts."""


class Board:
    """Shared by all clients, so that they meet at the same things; read again from the server by one reader."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.types: tuple[str, ...] = ()
        self.positions: tuple[tuple[float, float], ...] = ()
        self.teams: tuple[int, ...] = ()
        self.vehicles: tuple[int, ...] = ()
        self.depots: tuple[int, ...] = ()
        self.lots: tuple[tuple[int, int], ...] = ()  # id and what is on hand
        self.incidents: tuple[int, ...] = ()
        self.orders: tuple[tuple[int, str], ...] = ()  # id and state
        self._served: frozenset[int] = frozenset()  # incidents with open orders
        self.closures: tuple[int, ...] = ()
        self._plans: deque[int] = deque(maxlen=_REMEMBERED)
        self._waiting: set[int] = set()
        self._being_made = 0
        self._links: deque[str] = deque(maxlen=_REMEMBERED)

    def learn(self, read: Any) -> None:
        """Read the present state; `read` gives the JSON of a path."""
        self.incidents = tuple(one["id"] for one in read("/incidents?state=open"))
        orders = read("/orders?only_open=true")
        self.orders = tuple((one["id"], one["state"]) for one in orders)
        self._served = frozenset(one["incident_id"] for one in orders)
        self.closures = tuple(one["id"] for one in read("/closures"))
        self.lots = tuple((one["id"], one["quantity"]) for one in read("/lots"))

    def learn_once(self, read: Any) -> None:
        """Read what stays: types, units and where they stand."""
        teams = read("/teams")
        self.types = tuple(sorted(read("/vocabulary")["incident_types"]))
        self.teams = tuple(one["id"] for one in teams)
        self.positions = tuple(
            (float(lon), float(lat)) for lon, lat in (one["position_now"] for one in teams)
        )
        self.vehicles = tuple(one["id"] for one in read("/vehicles"))
        self.depots = tuple(one["id"] for one in read("/depots"))
        self.learn(read)

    def plan_waits(self) -> bool:
        """Whether a plan waits for somebody to confirm it."""
        return bool(self._waiting)

    def wants_plan(self) -> bool:
        """Whether another plan is worth making now; who is told so ends it with `plan_made`."""
        with self._lock:
            if self._being_made >= _MADE_AT_ONCE or len(self._waiting) >= _ENOUGH_PLANS:
                return False
            self._being_made += 1
            return True

    def plan_made(self) -> None:
        """Say that a plan is there, or will not be."""
        with self._lock:
            self._being_made -= 1

    def add_plan(self, plan: int) -> None:
        """Remember a plan that can be confirmed."""
        with self._lock:
            self._plans.append(plan)
            self._waiting.add(plan)

    def plan_answered(self, plan: int) -> None:
        """Somebody was told what became of a plan: confirmed, or too old."""
        with self._lock:
            self._waiting.discard(plan)

    def add_orders(self, orders: tuple[tuple[int, str], ...]) -> None:
        """Remember orders that were just sent, until the server is read again."""
        with self._lock:
            self.orders = (*self.orders, *orders)

    def unanswered(self) -> tuple[int, ...]:
        """Return the newest open incidents that nobody was sent to; all of the newest where there is none."""
        free = tuple(one for one in self.incidents if one not in self._served)
        return free or self.incidents

    def add_link(self, token: str) -> None:
        """Remember a team's link."""
        with self._lock:
            self._links.append(token)

    def some_plan(self, dice: random.Random) -> int | None:
        """Return one of the newest plans, those that wait first: several clients often take the same."""
        with self._lock:
            newest = sorted(self._waiting) or tuple(self._plans)[-6:]
            return dice.choice(newest) if newest else None

    def some_link(self, dice: random.Random) -> str | None:
        """Return a team's link."""
        with self._lock:
            return dice.choice(tuple(self._links)) if self._links else None
