"""Roads closed or slowed, and opened again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from api.context import Context
from api.errors import ConflictError, InvalidError, NotFoundError
from api.security import authorise
from api.usecases.acting import Done, perform
from data import closures
from data.closures import ClosureRecord

_WORLD: Final = shapely.box(-180, -90, 180, 90)
_KINDS: Final = {"Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon"}


def standing(ctx: Context) -> tuple[ClosureRecord, ...]:
    """List closures that hold now or will later."""
    authorise(ctx.actor, "closure.read")
    with ctx.world.read() as connection:
        return closures.not_over(connection, ctx.clock())


def get(ctx: Context, closure_id: int) -> ClosureRecord:
    """Give one closure, ended ones too. Raises NotFoundError."""
    authorise(ctx.actor, "closure.read")
    with ctx.world.read() as connection:
        found = closures.get(connection, closure_id)
    if found is None:
        raise NotFoundError("no_such_closure", id=closure_id)
    return found


def close(
    ctx: Context,
    *,
    request_id: UUID,
    geometry: Mapping[str, Any],
    factor_percent: int | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    reason: str = "",
) -> ClosureRecord:
    """Close (or slow) the roads at a point, along a line or in an area, given as GeoJSON in degrees."""
    drawn = _shape(dict(geometry))
    if any(at is not None and at.tzinfo is None for at in (starts_at, ends_at)):
        raise InvalidError("time_without_offset")
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        raise InvalidError("window_ends_before_it_starts")
    arguments = {
        "geometry": dict(geometry),
        "factor_percent": factor_percent,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "reason": reason,
    }

    def do(connection: Connection, now: datetime) -> Done:
        record = closures.insert(
            connection,
            geometry=drawn,
            created_at=now,
            created_by=ctx.actor.name,
            factor_percent=factor_percent,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=reason,
        )
        return Done(subject="closure", id=record.id, payload=arguments)

    return get(ctx, perform(ctx, "closure.close", request_id, arguments, do)["id"])


def open_again(ctx: Context, closure_id: int, *, request_id: UUID) -> ClosureRecord:
    """Open the road again. Raises ConflictError when it is open already."""

    def do(connection: Connection, now: datetime) -> Done:
        if closures.end(connection, closure_id=closure_id, ended_at=now, ended_by=ctx.actor.name) is None:
            if closures.get(connection, closure_id) is None:
                raise NotFoundError("no_such_closure", id=closure_id)
            raise ConflictError("already_done", id=closure_id, state="open", act="open")
        return Done(subject="closure", id=closure_id)

    perform(ctx, "closure.open", request_id, {"closure": closure_id}, do)
    return get(ctx, closure_id)


def _shape(geometry: Mapping[str, Any]) -> BaseGeometry:
    """Read a GeoJSON geometry in degrees. Raises InvalidError for anything else."""
    if geometry.get("type") not in _KINDS:
        raise InvalidError("geometry_kind_wrong", kinds=sorted(_KINDS))
    try:
        drawn = shapely.force_2d(shape(dict(geometry)))
    except (ValueError, TypeError, KeyError, IndexError, shapely.errors.ShapelyError):
        raise InvalidError("geometry_unreadable") from None
    if drawn.is_empty or not drawn.is_valid:
        raise InvalidError("geometry_invalid")
    if not _WORLD.covers(drawn):
        raise InvalidError("geometry_outside_the_world")
    return drawn
