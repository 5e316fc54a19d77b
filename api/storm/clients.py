"""Clients that act: each rolls its own dice, shares the board with all others, and notes every answer."""

import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, TypeVar

from api.storm.board import Board
from api.storm.wire import Answer, Line

Known = TypeVar("Known")

_MOST_OPEN: Final = 10  # incidents; beyond, they are closed rather than reported
_RATHER_END: Final = 0.3  # where enough are open
_NEARBY: Final = 0.004  # degrees
_DONE: Final = frozenset({HTTPStatus.OK, HTTPStatus.CREATED})
_NEXT: Final = {"sent": "acknowledge", "acknowledged": "depart", "departed": "arrive", "arrived": "finish"}
_FOLLOWED: Final = 0.7
"""Chance that who moved an order on goes on with it: some orders go all the way, under every load."""
_AT_ONCE: Final = 0.15
"""Chance that whoever may confirm takes up a plan that waits before anything else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One act as a client asked for it: by name, and as it goes over the wire."""

    act: str
    method: str
    path: str
    body: Mapping[str, Any]

    @property
    def request_id(self) -> str:
        """The id under which it is done once."""
        return str(self.body["request_id"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a client asked for and what it was answered."""

    asked: Asked
    answer: Answer
    again: bool
    at_s: float

    @property
    def done(self) -> bool:
        """Whether the client was told that it is done."""
        return self.answer.status in _DONE

    @property
    def outcome(self) -> str:
        """In one word. Who lost the answer and was then shut out (a newer link) does not know, either."""
        if self.answer.status is None or (
            self.answer.status == HTTPStatus.UNAUTHORIZED and self.answer.tries > 1
        ):
            return "unknown"
        return "done" if self.done else "refused"

    @property
    def subject(self) -> int | None:
        """The id in the answer."""
        body = self.answer.body
        return body.get("id") if isinstance(body, dict) else None


class Client(threading.Thread):
    """One client: act, think, act, until told to end."""

    def __init__(self, port_line: Line, board: Board, dice: random.Random, think_s: float) -> None:
        super().__init__(name="storm-client", daemon=True)
        self._line = port_line
        self._board = board
        self._dice = dice
        self._think_s = think_s
        self._ending = threading.Event()
        self._next: Asked | None = None
        self._may_not: set[str] = set()
        self.notes: list[Note] = []
        self.ended_well = False

    def end(self) -> None:
        """Stop after the act that runs; it still gets its answer."""
        self._ending.set()

    def run(self) -> None:
        """Act until told to end."""
        began = time.monotonic()
        while not self._ending.wait(self._dice.expovariate(1 / self._think_s)):
            again = bool(self.notes) and self._dice.random() < _RESEND
            asked = self._dice.choice(self.notes[-20:]).asked if again else self._next or self._choose()
            if asked is None:
                continue
            if asked is self._next:
                self._next = None
            answer = self._line.ask(asked.method, f"/api/v1{asked.path}", dict(asked.body))
            note = Note(asked=asked, answer=answer, again=again, at_s=time.monotonic() - began)
            self.notes.append(note)
            if not again:
                self._learn(note)
        self._line.close()
        self.ended_well = True

    def _learn(self, note: Note) -> None:
        """Tell the others, and go on as people do: who had a plan made confirms it, who sent orders follows one of them."""
        act, body = note.asked.act, note.answer.body
        if note.answer.status == HTTPStatus.FORBIDDEN:
            self._may_not.add(act)  # not this role's: asked for once, as a test of the refusal
        if act == "plan.propose":
            self._board.plan_made()
            if note.done and note.subject is not None:
                self._board.add_plan(note.subject)
                self._next = None if "plan.confirm" in self._may_not else self._confirming(note.subject)
        elif act == "plan.confirm":
            self._board.plan_answered(int(note.asked.path.split("/")[2]))
            if note.done and body:
                self._board.add_orders(tuple((one["id"], one["state"]) for one in body))
                self._next = self.step()
        elif act == "order.link" and note.done:
            self._board.add_link(body["token"])
        elif act.startswith("order.") and note.done and self._dice.random() < _FOLLOWED:
            self._next = self._stepping(body["id"], body["state"])

    def _choose(self) -> Asked | None:
        if self._board.plan_waits() and self._dice.random() < _AT_ONCE and (asked := self.confirm()):
            return asked
        acts, weights = zip(*_CHANCES, strict=True)
        make: Callable[[Client], Asked | None] = self._dice.choices(acts, weights)[0]
        return make(self)

    def _asked(self, act: str, method: str, path: str, **body: Any) -> Asked:
        request_id = str(uuid.UUID(int=self._dice.getrandbits(128), version=4))
        return Asked(act=act, method=method, path=path, body={"request_id": request_id, **body})

    # -- the acts ------------------------------------------------------------------------------------------------------

    def _one_of(self, known: tuple[Known, ...]) -> Known | None:
        """Choose from what the board knows at this moment: its reader may put something else there at any time."""
        return self._dice.choice(known) if known else None

    def _somewhere(self) -> tuple[float, float]:
        lon, lat = self._dice.choice(self._board.positions)
        return lon + self._dice.uniform(-_NEARBY, _NEARBY), lat + self._dice.uniform(-_NEARBY, _NEARBY)

    def report(self) -> Asked | None:
        if len(self._board.incidents) >= _MOST_OPEN:
            return self.end_incident() if self._dice.random() < _RATHER_END else self.step()
        return self._asked(
            "incident.report",
            "POST",
            "/incidents",
            type=self._dice.choice(self._board.types),
            level=self._dice.choice((3, 4, 4)),
            position=self._somewhere(),
        )

    def end_incident(self) -> Asked | None:
        incident = self._one_of(self._board.incidents[-_MOST_OPEN:])
        if incident is None:
            return None
        act = self._dice.choice(("close", "cancel"))
        return self._asked(f"incident.{act}", "POST", f"/incidents/{incident}/{act}", reason="storm")

    def change_level(self) -> Asked | None:
        incident = self._one_of(self._board.incidents)
        if incident is None:
            return None
        level = self._dice.choice((2, 3, 3, 4, 4))
        return self._asked("incident.change_level", "POST", f"/incidents/{incident}/level", level=level)

    def propose(self) -> Asked | None:
        open_ones = self._board.unanswered()
        if not open_ones or not self._board.wants_plan():
            return self.step()
        wanted = self._dice.sample(open_ones, min(len(open_ones), self._dice.choice((1, 1, 1, 2))))
        return self._asked("plan.propose", "POST", "/plans", incidents=wanted, time_limit_s=1.0)

    def confirm(self) -> Asked | None:
        plan = self._board.some_plan(self._dice)
        return None if plan is None or "plan.confirm" in self._may_not else self._confirming(plan)

    def _confirming(self, plan: int) -> Asked:
        return self._asked("plan.confirm", "POST", f"/plans/{plan}/confirm")

    def step(self) -> Asked | None:
        order = self._one_of(self._board.orders)
        return None if order is None else self._stepping(*order)

    def _stepping(self, order: int, state: str) -> Asked | None:
        act = _NEXT.get(state)
        chance = self._dice.random()
        if chance < 0.1:  # noqa: PLR2004 - a step that may not be possible now
            act = self._dice.choice(tuple(_NEXT.values()))
        elif chance < 0.2:  # noqa: PLR2004
            act = self._dice.choice(("refuse", "cancel"))
        return (
            None if act is None else self._asked(f"order.{act}", "POST", f"/orders/{order}/{act}", reason="")
        )

    def link(self) -> Asked | None:
        order = self._one_of(self._board.orders)
        return None if order is None else self._asked("order.link", "POST", f"/orders/{order[0]}/link")

    def step_by_link(self) -> Asked | None:
        token = self._board.some_link(self._dice)
        if token is None:
            return None
        act = self._dice.choice(tuple(_NEXT.values()))
        return self._asked(f"order.{act}", "POST", f"/order-links/{token}/{act}", reason="")

    def close_road(self) -> Asked | None:
        geometry = {"type": "Point", "coordinates": self._somewhere()}
        return self._asked("closure.close", "POST", "/closures", geometry=geometry)

    def open_road(self) -> Asked | None:
        closure = self._one_of(self._board.closures)
        if closure is None:
            return None
        return self._asked("closure.open", "POST", f"/closures/{closure}/open")

    def count_lot(self) -> Asked | None:
        found = self._one_of(self._board.lots)
        if found is None:
            return None
        lot, on_hand = found
        quantity = max(0, on_hand + self._dice.randint(-20, 25))
        return self._asked("resource.edit", "PATCH", f"/lots/{lot}", quantity=quantity)

    def edit_team(self) -> Asked | None:
        team = self._dice.choice(self._board.teams)
        status = self._dice.choice(("on_duty", "on_duty", "on_duty", "resting"))
        return self._asked("resource.edit", "PATCH", f"/teams/{team}", status=status)

    def edit_vehicle(self) -> Asked | None:
        vehicle = self._dice.choice(self._board.vehicles)
        in_service = self._dice.random() < 0.8  # noqa: PLR2004
        return self._asked("resource.edit", "PATCH", f"/vehicles/{vehicle}", in_service=in_service)


_RESEND: Final = 0.05
"""Chance that a client sends a request again that it has an answer to: a browser that was reloaded."""
_CHANCES: Final[tuple[tuple[Callable[[Client], Asked | None], int], ...]] = (
    (Client.report, 8),
    (Client.end_incident, 2),
    (Client.change_level, 3),
    (Client.propose, 8),
    (Client.confirm, 6),
    (Client.step, 40),
    (Client.link, 4),
    (Client.step_by_link, 5),
    (Client.close_road, 2),
    (Client.open_road, 3),
    (Client.count_lot, 7),
    (Client.edit_team, 4),
    (Client.edit_vehicle, 2),
)
