"""Roads closed or slowed, for how long, and opened again."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from api import scope
from api.context import Context
from api.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError, UnavailableError
from api.security import authorise
from api.usecases.acting import Done, perform
from data import closures
from data.closures import ClosureRecord
from gis.following import along_roads

_WORLD: Final = shapely.box(-180, -90, 180, 90)
AREAS: Final = {"Polygon", "MultiPolygon"}
_LINES: Final = {"LineString", "MultiLineString"}
KINDS: Final = AREAS | _LINES | {"Point", "MultiPoint"}


def standing(ctx: Context) -> tuple[ClosureRecord, ...]:
    """List closures of the actor's area that hold now or will later."""
    authorise(ctx.actor, "closure.read")
    with ctx.world.read() as connection:
        return closures.not_over(connection, ctx.clock(), area=ctx.actor.area)


def get(ctx: Context, closure_id: int) -> ClosureRecord:
    """Give one closure, ended ones too. Raises NotFoundError."""
    authorise(ctx.actor, "closure.read")
    with ctx.world.read() as connection:
        found = closures.get(connection, closure_id, area=scope.around_area(ctx.actor))
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
    """Close (or slow) the roads at a point, along a line or in an area, given as GeoJSON in degrees.

    A line drawn beside roads is laid onto them.
    """
    authorise(ctx.actor, "closure.close")
    drawn = on_the_ground(ctx, readable_shape(geometry, KINDS))
    check_window(starts_at, ends_at)
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
        check_own(ctx, connection, closures.get, record.id, "no_such_closure")
        return Done(subject="closure", id=record.id, payload=arguments)

    return get(ctx, perform(ctx, "closure.close", request_id, arguments, do)["id"])


def edit(
    ctx: Context,
    closure_id: int,
    *,
    request_id: UUID,
    factor_percent: int | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    reason: str = "",
) -> ClosureRecord:
    """Change how much, how long and why; where stays as it is. Raises ConflictError when the road is open again."""
    check_window(starts_at, ends_at)
    values = {
        "factor_percent": factor_percent,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "reason": reason,
    }

    def do(connection: Connection, now: datetime) -> Done:  # noqa: ARG001  # the shape of every act
        check_own(ctx, connection, closures.get, closure_id, "no_such_closure")
        if closures.edit(connection, closure_id=closure_id, **values) is None:
            raise _not_standing(connection, closure_id, "edit")
        return Done(subject="closure", id=closure_id, payload=values)

    perform(ctx, "closure.edit", request_id, {"closure": closure_id, **values}, do)
    return get(ctx, closure_id)


def open_again(ctx: Context, closure_id: int, *, request_id: UUID) -> ClosureRecord:
    """Open the road again. Raises ConflictError when it is open already."""

    def do(connection: Connection, now: datetime) -> Done:
        check_own(ctx, connection, closures.get, closure_id, "no_such_closure")
        if closures.edit(connection, closure_id=closure_id, ended_at=now, ended_by=ctx.actor.name) is None:
            raise _not_standing(connection, closure_id, "open")
        return Done(subject="closure", id=closure_id)

    perform(ctx, "closure.open", request_id, {"closure": closure_id}, do)
    return get(ctx, closure_id)


class _Get(Protocol):
    """What reads something drawn; None where it does not touch an area."""

    def __call__(self, connection: Connection, identity: int, /, *, area: str | None) -> object | None: ...


def check_own(ctx: Context, connection: Connection, get_one: _Get, identity: int, missing: str) -> None:
    """Raise unless what was drawn touches the actor's own area; NotFoundError for what is not on their map."""
    if get_one(connection, identity, area=ctx.actor.area) is None:
        if get_one(connection, identity, area=scope.around_area(ctx.actor)) is None:
            raise NotFoundError(missing, id=identity)
        raise NotAllowedError("outside_your_area", area=ctx.actor.area)


def _not_standing(connection: Connection, closure_id: int, act: str) -> ConflictError | NotFoundError:
    if closures.get(connection, closure_id) is None:
        return NotFoundError("no_such_closure", id=closure_id)
    return ConflictError("already_done", id=closure_id, state="open", act=act)


def on_the_ground(ctx: Context, drawn: BaseGeometry) -> BaseGeometry:
    """Lay a line onto the roads that it runs along; anything else, and all while there are no roads, stays as drawn."""
    if drawn.geom_type not in _LINES:
        return drawn
    with suppress(UnavailableError):
        _, network = ctx.networks.current()
        return along_roads(network, drawn)
    return drawn


def check_window(starts_at: datetime | None, ends_at: datetime | None) -> None:
    """Raise InvalidError for a time window that cannot be."""
    if any(at is not None and at.tzinfo is None for at in (starts_at, ends_at)):
        raise InvalidError("time_without_offset")
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        raise InvalidError("window_ends_before_it_starts")


def readable_shape(geometry: Mapping[str, Any], kinds: Collection[str]) -> BaseGeometry:
    """Read a GeoJSON geometry in degrees, of one of some kinds. Raises InvalidError for anything else."""
    kind = geometry.get("type")
    if not isinstance(kind, str) or kind not in kinds:
        raise InvalidError("geometry_kind_wrong", kinds=sorted(kinds))
    try:
        drawn = shapely.force_2d(shape(dict(geometry)))
    except (ValueError, TypeError, KeyError, IndexError, shapely.errors.ShapelyError):
        raise InvalidError("geometry_unreadable") from None
    if drawn.is_empty or not drawn.is_valid:
        raise InvalidError("geometry_invalid")
    if not _WORLD.covers(drawn):
        raise InvalidError("geometry_outside_the_world")
    return drawn
