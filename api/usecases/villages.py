"""Orders that reach the village: who lives where it happens is called, answers, and says when it is done (叫应)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, get_args
from uuid import UUID

from sqlalchemy import Connection

from api import scope
from api.context import Context
from api.errors import ConflictError, InvalidError, NotFoundError
from api.security import authorise
from api.usecases import orders as order_acts
from api.usecases.acting import Done, perform
from api.usecases.personal import masked_name, masked_phone
from data import incidents, locate, orders, villages
from data.orders import LineRecord, OrderRecord
from data.villages import Contact, ShelterRecord, VillageRecord
from dispatch.lifecycle import VillageTask
from dispatch.model import Legs

TASK: Final = "task"
"""The kind of an order's line that says what a village does: need "task:guide", code "guide" or the shelter's code."""
_HOME_WITHIN_M: Final = 10_000.0
_NEAR_WITHIN_M: Final = 15_000.0
_NEAR: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Whom one may call for an incident: the village where it lies, those near, those called already; shelters near."""

    home: VillageRecord | None
    near: tuple[VillageRecord, ...]
    called: frozenset[str]
    shelters: tuple[ShelterRecord, ...]


def choices(ctx: Context, incident_id: int) -> Choice:
    """Give the village where an incident lies and the villages near it. Raises NotFoundError."""
    authorise(ctx.actor, "incident.read")
    with ctx.world.read() as connection:
        incident = incidents.get(connection, incident_id, within=scope.own(ctx.actor))
        if incident is None:
            raise NotFoundError("no_such_incident", id=incident_id)
        home = villages.of_position(connection, incident.position, within_m=_HOME_WITHIN_M)
        found = villages.near(connection, incident.position, limit=_NEAR, within_m=_NEAR_WITHIN_M)
        open_orders = (one for one in orders.of_incident(connection, incident_id) if one.is_open)
        return Choice(
            home=home,
            near=tuple(one for one in found if home is None or one.code != home.code),
            called=frozenset(one.village for one in open_orders if one.village is not None),
            shelters=villages.shelters_near(connection, incident.position, limit=_NEAR),
        )


def call(
    ctx: Context,
    incident_id: int,
    village: str,
    *,
    request_id: UUID,
    tasks: Sequence[str] = ("guide",),
    shelter: str | None = None,
) -> OrderRecord:
    """Send an order to a village, by its code or exact name: guide at the junction, warn, evacuate (to `shelter`).

    The clock of its answer runs as a team's does. Raises ConflictError when the village has an open order for this
    incident, NotFoundError, InvalidError.
    """
    wanted = list(dict.fromkeys(tasks))
    if not wanted or not set(wanted) <= set(get_args(VillageTask)):
        raise InvalidError("unknown_task", tasks=", ".join(tasks))

    def do(connection: Connection, now: datetime) -> Done:
        if incidents.get(connection, incident_id, within=scope.own(ctx.actor)) is None:
            raise NotFoundError("no_such_incident", id=incident_id)
        (incident,) = incidents.lock(connection, [incident_id])
        scope.check_leads(ctx.actor, incident)
        if incident.state != "open":
            raise ConflictError("not_in_this_state", id=incident_id, state=incident.state, act="dispatch")
        called = _village(connection, village)
        scope.check_inside(ctx.actor, called.area_code)
        try:
            with connection.begin_nested():
                order = _send(ctx, connection, incident_id, called, _lines(connection, wanted, shelter), now)
        except orders.UnitBusyError:
            raise ConflictError("village_called_already", village=called.code) from None
        payload = {"incident": incident_id, "village": called.code, "tasks": wanted, "shelter": shelter}
        return Done(subject="order", id=order.id, payload=payload)

    arguments = {"incident": incident_id, "village": village, "tasks": wanted, "shelter": shelter}
    return order_acts.get(ctx, perform(ctx, "order.call_village", request_id, arguments, do)["id"])


def _village(connection: Connection, words: str) -> VillageRecord:
    """Return the village of this code or exactly this name. Raises NotFoundError, InvalidError where two are called so."""
    found = locate.called(connection, ("village",), words.strip())
    if not found:
        raise NotFoundError("no_such_village", words=words)
    if len(found) > 1:
        raise InvalidError("place_ambiguous", words=words)
    record = villages.get(connection, found[0].code)
    if record is None:
        raise NotFoundError("no_such_village", words=words)
    return record


def _lines(connection: Connection, tasks: Sequence[str], shelter: str | None) -> tuple[LineRecord, ...]:
    """Write what the village does as lines of its order; a shelter stands by its code."""
    goal = shelter.strip() if shelter else ""
    if goal and goal not in villages.shelters(connection, [goal]):
        raise NotFoundError("no_such_shelter", words=goal)
    return tuple(
        LineRecord(need=f"{TASK}:{task}", code=goal if task == "evacuate" and goal else task, quantity=1)
        for task in tasks
    )


def _send(  # noqa: PLR0917  # one call, in the order in which they are read
    ctx: Context,
    connection: Connection,
    incident_id: int,
    village: VillageRecord,
    lines: Sequence[LineRecord],
    now: datetime,
) -> OrderRecord:
    return orders.insert(
        connection,
        kind="village",
        legs=Legs(notify_ms=0, assemble_ms=0, road_ms=0, walk_ms=0),
        sent_at=now,
        created_by=ctx.actor.name,
        incident_id=incident_id,
        village=village.code,
        lines=lines,
        answer_by=now + timedelta(milliseconds=ctx.policy.answer_within_ms["village"]),
    )


def contacts(ctx: Context, codes: Collection[str]) -> Mapping[str, tuple[Contact, ...]]:
    """Give whom a call to each village reaches, A first; masked for roles that may not see people.

    A village's own link shows its own people: whoever holds it was sent it by one of them.
    """
    authorise(ctx.actor, "order.read")
    with ctx.world.read() as connection:
        wanted = set(codes)
        if ctx.actor.order is not None:
            own = orders.get(connection, ctx.actor.order)
            wanted &= {own.village} if own and own.village else set()
        found = villages.contacts(connection, wanted, day=ctx.today())
    if ctx.actor.order is not None:
        return found
    return {
        code: people if scope.may_know_people(ctx.actor, code) else tuple(_masked(one) for one in people)
        for code, people in found.items()
    }


def _masked(contact: Contact) -> Contact:
    return replace(contact, name=masked_name(contact.name), phone=masked_phone(contact.phone))
