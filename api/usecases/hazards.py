"""Danger areas drawn by people: roads in them are closed (or not), and nobody is gathered there."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from api import scope
from api.context import Context
from api.errors import ConflictError, NotFoundError
from api.security import authorise
from api.usecases.acting import Done, perform
from api.usecases.closures import AREAS, check_own, check_window, readable_shape
from data import hazard_areas
from data import incidents as incident_rows
from data.hazard_areas import HazardAreaRecord


def standing(ctx: Context) -> tuple[HazardAreaRecord, ...]:
    """List areas in the actor's division that hold now or will later."""
    authorise(ctx.actor, "hazard.read")
    with ctx.world.read() as connection:
        return hazard_areas.not_over(connection, ctx.clock(), area=ctx.actor.area)


def get(ctx: Context, area_id: int) -> HazardAreaRecord:
    """Give one area, ended ones too. Raises NotFoundError."""
    authorise(ctx.actor, "hazard.read")
    with ctx.world.read() as connection:
        found = hazard_areas.get(connection, area_id, area=scope.around_area(ctx.actor))
    if found is None:
        raise NotFoundError("no_such_hazard_area", id=area_id)
    return found


def draw(
    ctx: Context,
    *,
    request_id: UUID,
    geometry: Mapping[str, Any],
    incident: int | None = None,
    closes_roads: bool = True,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    reason: str = "",
) -> HazardAreaRecord:
    """Draw an area, given as GeoJSON in degrees; `incident` says what it belongs to. Raises ConflictError for one that is over."""
    drawn = readable_shape(geometry, AREAS)
    check_window(starts_at, ends_at)
    arguments = {
        "geometry": dict(geometry),
        "incident": incident,
        "closes_roads": closes_roads,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "reason": reason,
    }

    def do(connection: Connection, now: datetime) -> Done:
        if incident is not None:
            _check_open(ctx, connection, incident)
        record = hazard_areas.insert(
            connection,
            geometry=drawn,
            created_at=now,
            created_by=ctx.actor.name,
            incident_id=incident,
            closes_roads=closes_roads,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=reason,
        )
        check_own(ctx, connection, hazard_areas.get, record.id, "no_such_hazard_area")
        return Done(subject="hazard", id=record.id, payload=arguments)

    return get(ctx, perform(ctx, "hazard.draw", request_id, arguments, do)["id"])


def edit(
    ctx: Context,
    area_id: int,
    *,
    request_id: UUID,
    closes_roads: bool = True,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    reason: str = "",
) -> HazardAreaRecord:
    """Change what it closes, how long and why; where stays as it is. Raises ConflictError when it was ended."""
    check_window(starts_at, ends_at)
    values = {"closes_roads": closes_roads, "starts_at": starts_at, "ends_at": ends_at, "reason": reason}

    def do(connection: Connection, now: datetime) -> Done:  # noqa: ARG001  # the shape of every act
        check_own(ctx, connection, hazard_areas.get, area_id, "no_such_hazard_area")
        _edit(connection, area_id, "edit", values)
        return Done(subject="hazard", id=area_id, payload=values)

    perform(ctx, "hazard.edit", request_id, {"hazard": area_id, **values}, do)
    return get(ctx, area_id)


def end(ctx: Context, area_id: int, *, request_id: UUID) -> HazardAreaRecord:
    """End an area. Raises ConflictError when it was ended before."""

    def do(connection: Connection, now: datetime) -> Done:
        check_own(ctx, connection, hazard_areas.get, area_id, "no_such_hazard_area")
        _edit(connection, area_id, "end", {"ended_at": now, "ended_by": ctx.actor.name})
        return Done(subject="hazard", id=area_id)

    perform(ctx, "hazard.end", request_id, {"hazard": area_id}, do)
    return get(ctx, area_id)


def _edit(connection: Connection, area_id: int, act: str, values: Mapping[str, Any]) -> None:
    if hazard_areas.edit(connection, area_id=area_id, **values) is None:
        if hazard_areas.get(connection, area_id) is None:
            raise NotFoundError("no_such_hazard_area", id=area_id)
        raise ConflictError("already_done", id=area_id, state="ended", act=act)


def _check_open(ctx: Context, connection: Connection, incident: int) -> None:
    """Hold the incident (`data.journal`: step 2) and raise unless it is open and concerns the actor."""
    if incident_rows.get(connection, incident, within=scope.own(ctx.actor)) is None:
        raise NotFoundError("no_such_incident", id=incident)
    found = incident_rows.lock(connection, [incident])
    if not found:
        raise NotFoundError("no_such_incident", id=incident)
    if found[0].state != "open":
        raise ConflictError("not_in_this_state", id=incident, state=found[0].state, act="hazard")
