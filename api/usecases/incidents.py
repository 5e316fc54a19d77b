"""Incidents: reported by a position, a village, a grid cell or a place; their level; their end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection

from api.context import Context
from api.errors import ConflictError, InvalidError, NotFoundError
from api.security import authorise
from api.usecases import orders as order_acts
from api.usecases.acting import Done, perform
from data import incidents, locate, orders, snapshot, stock
from data.incidents import IncidentRecord
from data.locate import FoundKind
from dispatch import cards, lifecycle
from dispatch.lifecycle import IncidentAct, IncidentStanding, IncidentState, Refusal
from dispatch.model import Need, Position

_KINDS: Final[Mapping[str, tuple[FoundKind, ...]]] = {
    "village": ("village",),
    "grid": ("grid",),
    "place": ("area", "village", "grid", "place"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing(IncidentRecord):
    """An incident with what its card asks for at its level, and what orders do not bring yet."""

    asked: tuple[Need, ...]
    outstanding: tuple[Need, ...]


def report(
    ctx: Context,
    *,
    request_id: UUID,
    type: str,  # noqa: A002 - the domain's word
    level: int,
    position: Position | None = None,
    village: str | None = None,
    grid: str | None = None,
    place: str | None = None,
    radius_m: int = 0,
    priority: int | None = None,
    name: str = "",
    description: str = "",
    details: Mapping[str, Any] | None = None,
) -> Standing:
    """Report an incident. Exactly one of position, village, grid and place says where; a code or an exact name.

    `place` takes the code or name of anything that has a position: an area, a village, a grid cell, a place.

    Raises InvalidError for an unknown type or level, and for words that name no place or more than one.
    """
    if type not in ctx.policy.incident_types:
        raise InvalidError("unknown_incident_type", type=type)
    where = {"position": position, "village": village, "grid": grid, "place": place}
    arguments = {
        "type": type,
        "level": level,
        **where,
        "radius_m": radius_m,
        "priority": priority,
        "name": name,
        "description": description,
        "details": details or {},
    }

    def do(connection: Connection, now: datetime) -> Done:
        at = _position(connection, where)
        found = locate.locate(connection, at)
        record = incidents.insert(
            connection,
            type=type,
            level=level,
            position=at,
            reported_at=now,
            reported_by=ctx.actor.name,
            priority=priority or ctx.policy.levels[level].priority,
            radius_m=radius_m,
            name=name,
            description=description,
            area_code=found.area_code,
            grid_code=found.grid_code,
            details=details,
        )
        return Done(subject="incident", id=record.id, payload={**arguments, "position": at})

    return get(ctx, perform(ctx, "incident.report", request_id, arguments, do)["id"])


def listing(ctx: Context, *, state: IncidentState | None = None) -> tuple[Standing, ...]:
    """List incidents, the newest first."""
    authorise(ctx.actor, "incident.read")
    with ctx.world.read() as connection:
        records = [one for one in incidents.list_all(connection) if state in (None, one.state)]
        return _views(ctx, connection, records)


def get(ctx: Context, incident_id: int) -> Standing:
    """Give one incident. Raises NotFoundError."""
    authorise(ctx.actor, "incident.read")
    with ctx.world.read() as connection:
        record = incidents.get(connection, incident_id)
        if record is None:
            raise NotFoundError("no_such_incident", id=incident_id)
        (view,) = _views(ctx, connection, [record])
        return view


def change_level(ctx: Context, incident_id: int, *, request_id: UUID, level: int) -> Standing:
    """Raise or lower the level of an open incident; the next plan covers only the difference to what is ordered."""

    def do(connection: Connection, now: datetime) -> Done:
        record = _standing(connection, incident_id, "change_level", now)
        by_level = record.priority == ctx.policy.levels[record.level].priority
        incidents.set_level(
            connection,
            incident_id=incident_id,
            level=level,
            priority=ctx.policy.levels[level].priority if by_level else None,
        )
        return Done(subject="incident", id=incident_id, payload={"from": record.level, "to": level})

    arguments = {"incident": incident_id, "level": level}
    perform(ctx, "incident.change_level", request_id, arguments, do)
    return get(ctx, incident_id)


def close(ctx: Context, incident_id: int, *, request_id: UUID, reason: str = "") -> Standing:
    """Close an incident. Raises ConflictError while an order for it is open."""

    def do(connection: Connection, now: datetime) -> Done:
        _standing(connection, incident_id, "close", now)
        incidents.set_state(connection, incident_id=incident_id, state="closed", at=now)
        return Done(subject="incident", id=incident_id, payload={"reason": reason})

    perform(ctx, "incident.close", request_id, {"incident": incident_id, "reason": reason}, do)
    return get(ctx, incident_id)


def cancel(ctx: Context, incident_id: int, *, request_id: UUID, reason: str = "") -> Standing:
    """Cancel an incident, as after a false alarm: its open orders end and their stock goes back."""

    def do(connection: Connection, now: datetime) -> Done:
        _standing(connection, incident_id, "cancel", now)
        ended = orders.lock_open(connection, incident_id)
        stock.hold(connection, [order.id for order in ended])
        for order in ended:
            order_acts.advance(connection, order.id, "cancel", actor=ctx.actor.name, now=now, reason=reason)
        incidents.set_state(connection, incident_id=incident_id, state="cancelled", at=now)
        payload = {"reason": reason, "orders": [order.id for order in ended]}
        return Done(subject="incident", id=incident_id, payload=payload)

    perform(ctx, "incident.cancel", request_id, {"incident": incident_id, "reason": reason}, do)
    return get(ctx, incident_id)


def _position(connection: Connection, where: Mapping[str, Any]) -> Position:
    given = {key: value for key, value in where.items() if value is not None}
    if len(given) != 1:
        raise InvalidError("one_place_wanted", given=sorted(given))
    ((kind, value),) = given.items()
    if kind == "position":
        lon, lat = value
        return (lon, lat)
    return _called(connection, _KINDS[kind], value)


def _called(connection: Connection, kinds: Sequence[FoundKind], words: str) -> Position:
    found = locate.called(connection, kinds, words)
    if not found:
        raise InvalidError("no_such_place", kinds=kinds, words=words)
    if len(found) > 1:
        raise InvalidError("place_ambiguous", kinds=kinds, words=words, codes=[one.code for one in found])
    return found[0].position


def _standing(connection: Connection, incident_id: int, act: IncidentAct, now: datetime) -> IncidentRecord:
    """Lock the incident and raise unless `act` is possible now."""
    locked = incidents.lock(connection, [incident_id])
    if not locked:
        raise NotFoundError("no_such_incident", id=incident_id)
    (record,) = locked
    still_open = [one.id for one in orders.of_incident(connection, incident_id) if one.is_open]
    answer = lifecycle.next_incident(
        IncidentStanding(
            state=record.state, since=record.ended_at or record.reported_at, open_orders=len(still_open)
        ),
        act,
        now,
    )
    if isinstance(answer, Refusal):
        raise ConflictError(answer.code, id=incident_id, state=answer.state, orders=still_open)
    return record


def _views(ctx: Context, connection: Connection, records: Sequence[IncidentRecord]) -> tuple[Standing, ...]:
    ordered = snapshot.ordered(connection, [record.id for record in records])
    return tuple(_view(ctx, record, ordered[record.id]) for record in records)


def _view(ctx: Context, record: IncidentRecord, ordered: Mapping[str, int]) -> Standing:
    asked = cards.needs(ctx.policy.incident_types[record.type].card, record.level)
    return Standing(
        **{field.name: getattr(record, field.name) for field in fields(record)},
        asked=asked,
        outstanding=cards.outstanding(asked, ordered) if record.state == "open" else (),
    )
