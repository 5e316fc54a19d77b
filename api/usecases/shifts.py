"""The shift: what stands now, what was done since it began, and handing it over."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from api import scope
from api.context import Context
from api.errors import InvalidError, NotFoundError
from api.security import authorise
from api.usecases.acting import Done, perform
from data import closures, handovers, hazard_areas, incidents, journal, messages, orders, stock, units
from data.closures import ClosureRecord
from data.handovers import HandoverRecord
from data.hazard_areas import HazardAreaRecord
from data.incidents import IncidentRecord
from data.messages import MessageRecord
from data.orders import OrderRecord
from data.stock import LotRecord
from data.units import DepotRecord, TeamRecord, VehicleRecord

_ALL = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """What the next shift has to know. `late`: orders without an answer in time, or not there when due.

    The last four are those that nobody has reported on since `stale_before`, or ever.
    """

    began_at: datetime | None
    now: datetime
    stale_before: datetime
    incidents: tuple[IncidentRecord, ...]
    late: tuple[OrderRecord, ...]
    running: tuple[OrderRecord, ...]
    messages: tuple[MessageRecord, ...]
    closures: tuple[ClosureRecord, ...]
    hazards: tuple[HazardAreaRecord, ...]
    done: Mapping[str, int]
    teams: tuple[TeamRecord, ...]
    vehicles: tuple[VehicleRecord, ...]
    depots: tuple[DepotRecord, ...]
    lots: tuple[LotRecord, ...]

    def summary(self) -> dict[str, Any]:
        """Reduce it to what a handover keeps: ids, and numbers where ids would be too many."""
        return {
            "incidents": [one.id for one in self.incidents],
            "late": [one.id for one in self.late],
            "running": [one.id for one in self.running],
            "messages": [one.id for one in self.messages],
            "closures": [one.id for one in self.closures],
            "hazards": [one.id for one in self.hazards],
            "done": dict(self.done),
            "stale": {
                "teams": len(self.teams),
                "vehicles": len(self.vehicles),
                "depots": len(self.depots),
                "lots": len(self.lots),
            },
        }


def now(ctx: Context) -> Shift:
    """Gather what stands now and what was done since the last handover."""
    authorise(ctx.actor, "shift.read")
    with ctx.world.read() as connection:
        return _gather(ctx, connection, ctx.clock())


def past(ctx: Context) -> tuple[HandoverRecord, ...]:
    """List the handovers of this actor's post, the newest first."""
    authorise(ctx.actor, "shift.read")
    with ctx.world.read() as connection:
        return handovers.newest(connection, area_code=ctx.actor.area)


def get(ctx: Context, handover_id: int) -> HandoverRecord:
    """Give one handover. Raises NotFoundError."""
    authorise(ctx.actor, "shift.read")
    with ctx.world.read() as connection:
        found = handovers.get(connection, handover_id)
    if found is None or ctx.actor.area not in (None, found.area_code):
        raise NotFoundError("no_such_handover", id=handover_id)
    return found


def hand_over(
    ctx: Context, *, request_id: UUID, taken_over_by: str, handed_over_by: str = "", note: str = ""
) -> HandoverRecord:
    """Hand the shift over to somebody by name, with a note, and keep what stood at that moment.

    `handed_over_by` is who signs it where several share an account; empty: the actor. Raises InvalidError for no name.
    """
    taker, giver = taken_over_by.strip(), handed_over_by.strip() or ctx.actor.name
    if not taker:
        raise InvalidError("taker_wanted")
    arguments = {"taken_over_by": taker, "handed_over_by": giver, "note": note}

    def do(connection: Connection, now: datetime) -> Done:
        shift = _gather(ctx, connection, now)
        made = handovers.insert(
            connection,
            area_code=ctx.actor.area,
            shift_began_at=shift.began_at,
            at=now,
            handed_over_by=giver,
            taken_over_by=taker,
            summary=shift.summary(),
            note=note,
        )
        payload = {"handed_over_by": giver, "taken_over_by": taker}
        return Done(subject="shift", id=made.id, payload=payload)

    return get(ctx, perform(ctx, "shift.hand_over", request_id, arguments, do)["id"])


def _gather(ctx: Context, connection: Connection, now: datetime) -> Shift:
    own = scope.own(ctx.actor)
    last = handovers.newest(connection, area_code=ctx.actor.area, limit=1)
    began = last[0].at if last else None
    stale = now - timedelta(milliseconds=ctx.policy.readiness.stale_after_ms)
    running = orders.open_orders(connection, within=own)
    late = tuple(order for order in running if _late(order, now))
    standing = incidents.list_open(connection, within=own)
    told = stock.last_told(connection)
    return Shift(
        began_at=began,
        now=now,
        stale_before=stale,
        incidents=tuple(sorted(standing, key=lambda one: (one.level, one.reported_at))),
        late=late,
        running=tuple(order for order in running if order not in late),
        messages=messages.newest(connection, within=own, only_unanswered=True, limit=_ALL),
        closures=closures.not_over(connection, now, area=ctx.actor.area),
        hazards=hazard_areas.not_over(connection, now, area=ctx.actor.area),
        done=journal.counts(connection, since=began, within=own, actor=ctx.actor.name),
        teams=tuple(one for one in units.list_teams(connection, within=own) if _old(one.reported_at, stale)),
        vehicles=tuple(
            one for one in units.list_vehicles(connection, within=own) if _old(one.reported_at, stale)
        ),
        depots=tuple(
            one for one in units.list_depots(connection, within=own) if _old(one.reported_at, stale)
        ),
        lots=tuple(one for one in stock.list_all(connection, within=own) if _old(told.get(one.id), stale)),
    )


def _late(order: OrderRecord, now: datetime) -> bool:
    unanswered = order.state == "sent" and order.answer_by is not None and order.answer_by < now
    absent = order.state in {"sent", "acknowledged", "departed"} and order.due_at is not None
    return unanswered or (absent and order.due_at is not None and order.due_at < now)


def _old(at: datetime | None, before: datetime) -> bool:
    return at is None or at < before
