"""What the clients of a storm talk about: ids of incidents, plans, orders and so on, shared by all of them."""

import random
import threading
from collections import deque
from typing import Any, Final

_REMEMBERED: Final = 40


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
        self.closures: tuple[int, ...] = ()
        self._plans: deque[int] = deque(maxlen=_REMEMBERED)
        self._links: deque[str] = deque(maxlen=_REMEMBERED)

    def learn(self, read: Any) -> None:
        """Read the present state; `read` gives the JSON of a path."""
        self.incidents = tuple(one["id"] for one in read("/incidents?state=open"))
        self.orders = tuple((one["id"], one["state"]) for one in read("/orders?only_open=true"))
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

    def add_plan(self, plan: int) -> None:
        """Remember a plan that can be confirmed."""
        with self._lock:
            self._plans.append(plan)

    def add_link(self, token: str) -> None:
        """Remember a team's link."""
        with self._lock:
            self._links.append(token)

    def some_plan(self, dice: random.Random) -> int | None:
        """Return one of the newest plans: several clients often take the same."""
        with self._lock:
            return dice.choice(tuple(self._plans)[-6:]) if self._plans else None

    def some_link(self, dice: random.Random) -> str | None:
        """Return a team's link."""
        with self._lock:
            return dice.choice(tuple(self._links)) if self._links else None
