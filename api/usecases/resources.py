"""Teams, vehicles, depots, stock and places as they are now; each edit is one act with its minute."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

import geopandas as gpd
from sqlalchemy import Connection

from api import scope
from api.context import Context
from api.errors import ConflictError, InvalidError, NotFoundError
from api.security import authorise
from api.usecases import personal
from api.usecases.acting import Done, perform
from data import imports, places, stock, units
from data.layers import Field, Layer
from data.policies import Policy
from data.stock import LotRecord, StockShortError
from data.units import DepotRecord, TeamRecord, TeamStatus, VehicleRecord
from dispatch.model import Position
from gis.crs import STORED
from gis.frames import FrameError

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
_FIXED: Final = frozenset({"code"})


def teams(ctx: Context) -> tuple[TeamRecord, ...]:
    """List every team of the actor's area as it stands."""
    authorise(ctx.actor, "resource.read")
    with ctx.world.read() as connection:
        found = units.list_teams(connection, within=scope.own(ctx.actor))
        return tuple(personal.contact(ctx, team, team.area_code) for team in found)


def vehicles(ctx: Context) -> tuple[VehicleRecord, ...]:
    """List every vehicle of the actor's area, of teams and of depots."""
    authorise(ctx.actor, "resource.read")
    with ctx.world.read() as connection:
        return units.list_vehicles(connection, within=scope.own(ctx.actor))


def depots(ctx: Context) -> tuple[DepotRecord, ...]:
    """List every depot of the actor's area."""
    authorise(ctx.actor, "resource.read")
    with ctx.world.read() as connection:
        found = units.list_depots(connection, within=scope.own(ctx.actor))
        return tuple(personal.contact(ctx, depot, depot.area_code) for depot in found)


def lots(ctx: Context, *, depot: int | None = None) -> tuple[LotRecord, ...]:
    """List the stock of one depot, or of all, in the actor's area."""
    authorise(ctx.actor, "resource.read")
    with ctx.world.read() as connection:
        found = stock.list_all(connection, depot_id=depot, within=scope.own(ctx.actor))
        return tuple(personal.contact(ctx, lot, ctx.actor.area) for lot in found)


def team(ctx: Context, team_id: int) -> TeamRecord:
    """Give one team of the actor's area. Raises NotFoundError."""
    found = _one(ctx, units.list_teams, team_id, "no_such_team")
    return personal.contact(ctx, found, found.area_code)


def vehicle(ctx: Context, vehicle_id: int) -> VehicleRecord:
    """Give one vehicle of the actor's area. Raises NotFoundError."""
    return _one(ctx, units.list_vehicles, vehicle_id, "no_such_vehicle")


def depot(ctx: Context, depot_id: int) -> DepotRecord:
    """Give one depot of the actor's area. Raises NotFoundError."""
    found = _one(ctx, units.list_depots, depot_id, "no_such_depot")
    return personal.contact(ctx, found, found.area_code)


def lot(ctx: Context, lot_id: int) -> LotRecord:
    """Give one stock lot of the actor's area. Raises NotFoundError."""
    authorise(ctx.actor, "resource.read")
    with ctx.world.read() as connection:
        return personal.contact(ctx, _own_lot(ctx, connection, lot_id), ctx.actor.area)


def edit_team(
    ctx: Context,
    team_id: int,
    *,
    request_id: UUID,
    status: TeamStatus | None = None,
    strength: int | None = None,
    position: Position | None = None,
    note: str | None = None,
) -> TeamRecord:
    """Report how a team stands; what is not given stays. A report is also fresh news: its age starts anew."""

    def do(connection: Connection, now: datetime) -> Done:
        units.hold(connection, "team", team_id)
        was = _own(ctx, connection, units.list_teams, team_id, "no_such_team")
        here = was.position_now if was.position_now != was.base else None
        units.report_team(
            connection,
            team_id=team_id,
            status=status or was.status,
            strength=was.strength_now if strength is None else strength,
            position=position or here,
            reported_at=now,
            note=was.note if note is None else note,
        )
        earlier = {
            "status": was.status,
            "strength": was.strength_now,
            "position": was.position_now,
            "note": was.note,
        }
        return Done(subject="team", id=team_id, payload={**arguments, "was": earlier})

    arguments = _given(team=team_id, status=status, strength=strength, position=position, note=note)
    perform(ctx, "resource.edit", request_id, arguments, do)
    return team(ctx, team_id)


def edit_vehicle(
    ctx: Context, vehicle_id: int, *, request_id: UUID, in_service: bool, note: str | None = None
) -> VehicleRecord:
    """Report whether a vehicle can be sent."""

    def do(connection: Connection, now: datetime) -> Done:
        units.hold(connection, "vehicle", vehicle_id)
        was = _own(ctx, connection, units.list_vehicles, vehicle_id, "no_such_vehicle")
        units.report_vehicle(
            connection,
            vehicle_id=vehicle_id,
            in_service=in_service,
            reported_at=now,
            note=was.note if note is None else note,
        )
        earlier = {"in_service": was.in_service, "note": was.note}
        return Done(subject="vehicle", id=vehicle_id, payload={**arguments, "was": earlier})

    arguments = _given(vehicle=vehicle_id, in_service=in_service, note=note)
    perform(ctx, "resource.edit", request_id, arguments, do)
    return vehicle(ctx, vehicle_id)


def edit_depot(
    ctx: Context,
    depot_id: int,
    *,
    request_id: UUID,
    open: bool,  # noqa: A002 - the domain's word
    note: str | None = None,
) -> DepotRecord:
    """Report whether a depot can give out goods."""

    def do(connection: Connection, now: datetime) -> Done:
        units.hold(connection, "depot", depot_id)
        was = _own(ctx, connection, units.list_depots, depot_id, "no_such_depot")
        units.report_depot(
            connection,
            depot_id=depot_id,
            open=open,
            reported_at=now,
            note=was.note if note is None else note,
        )
        earlier = {"open": was.open, "note": was.note}
        return Done(subject="depot", id=depot_id, payload={**arguments, "was": earlier})

    arguments = _given(depot=depot_id, open=open, note=note)
    perform(ctx, "resource.edit", request_id, arguments, do)
    return depot(ctx, depot_id)


def edit_lot(ctx: Context, lot_id: int, *, request_id: UUID, quantity: int, note: str = "") -> LotRecord:
    """Set what is on hand to what was counted, as a movement. Raises ConflictError when more is promised than that."""
    arguments = {"lot": lot_id, "quantity": quantity, "note": note}
    return _count(ctx, lot_id, request_id, arguments, lambda _: quantity)


def uncount(ctx: Context, lot_id: int, *, request_id: UUID, was: int, counted: int) -> LotRecord:
    """Take a count back that made `counted` of `was`: the difference goes, what has left or come since then stays.

    Raises ConflictError when more is promised than would be left.
    """
    arguments = {"lot": lot_id, "was": was, "counted": counted}
    return _count(ctx, lot_id, request_id, arguments, lambda on_hand: on_hand + was - counted)


def _count(
    ctx: Context,
    lot_id: int,
    request_id: UUID,
    arguments: Mapping[str, Any],
    counted: Callable[[int], int],
) -> LotRecord:
    """Set what is on hand; `counted` is told what is on hand now."""
    note = str(arguments.get("note", ""))

    def do(connection: Connection, now: datetime) -> Done:
        stock.lock(connection, lot_id)
        was = _own_lot(ctx, connection, lot_id)
        quantity = counted(was.quantity)
        try:
            stock.count(connection, lot_id=lot_id, counted=quantity, actor=ctx.actor.name, at=now, note=note)
        except StockShortError as short:
            raise ConflictError("stock_promised", id=lot_id, promised=short.asked, counted=quantity) from None
        return Done(subject="lot", id=lot_id, payload={"from": was.quantity, "to": quantity, "note": note})

    perform(ctx, "resource.edit", request_id, arguments, do)
    return lot(ctx, lot_id)


def place(ctx: Context, place_id: int) -> tuple[Layer, Mapping[str, Any]]:
    """Give one place with its layer: fields by name, `geom` a shape. Raises NotFoundError."""
    authorise(ctx.actor, "resource.read")
    with ctx.world.read() as connection:
        layer = _layer(ctx, connection, place_id)
        found = places.get(connection, layer, place_id, **personal.sight(ctx, layer))
        return layer, _existing(found, "no_such_place", place_id)


def edit_place(
    ctx: Context, place_id: int, *, request_id: UUID, fields: Mapping[str, Any]
) -> tuple[Layer, Mapping[str, Any]]:
    """Change fields of a place, held to its layer's rules. Raises InvalidError with the field that breaks one."""

    def do(connection: Connection, now: datetime) -> Done:
        layer = _layer(ctx, connection, place_id)
        own = scope.own(ctx.actor)
        found = places.get(connection, layer, place_id, personal=True, within=own)
        was = _existing(found, "no_such_place", place_id)
        given = {name: _checked(ctx.policy, layer, name, value) for name, value in fields.items()}
        row = {name: [value] for name, value in {**was, **given}.items() if name in layer.fields}
        frame = gpd.GeoDataFrame(row, geometry=[was["geom"]], crs=STORED, dtype=object)
        try:
            report = imports.apply(connection, layer, frame, ctx.policy, actor=ctx.actor.name, at=now)
        except FrameError as error:
            raise InvalidError("place_incomplete", why=str(error)) from None
        if report.problems:
            problem = report.problems[0]
            raise InvalidError("field_invalid", field=problem.field, why=problem.code)
        return Done(subject="place", id=place_id, payload={"fields": given})

    perform(ctx, "resource.edit", request_id, {"place": place_id, "fields": dict(fields)}, do)
    return place(ctx, place_id)


def _layer(ctx: Context, connection: Connection, place_id: int) -> Layer:
    code = _existing(places.layer_of(connection, place_id), "no_such_place", place_id)
    return ctx.policy.layers[code]


def _checked(policy: Policy, layer: Layer, name: str, value: Any) -> Any:
    """Hold one value to its field's rules. JSON has the types already: nothing is guessed as from a spreadsheet."""
    field = layer.fields.get(name)
    if field is None or name in _FIXED:
        raise InvalidError("unknown_field", field=name)
    if value is None and not field.required:
        return None
    if not _fits(policy, field, value):
        raise InvalidError("field_invalid", field=name, why=f"not_{field.type}")
    return value


def _fits(policy: Policy, field: Field, value: Any) -> bool:
    if field.type in {"integer", "number"}:
        kinds = (int,) if field.type == "integer" else (int, float)
        low = field.least is None or (isinstance(value, kinds) and value >= field.least)
        high = field.most is None or (isinstance(value, kinds) and value <= field.most)
        return isinstance(value, kinds) and not isinstance(value, bool) and low and high
    if field.type == "boolean":
        return isinstance(value, bool)
    if field.type == "choice":
        return value in policy.vocabulary.get(field.group, {})
    return isinstance(value, str) and len(value) <= field.limit and bool(value or not field.required)


class _Reader(Protocol[R_co]):
    """What reads units by id, of one area."""

    def __call__(
        self, connection: Connection, ids: Collection[int] | None = None, *, within: str | None = None
    ) -> tuple[R_co, ...]: ...


def _one(ctx: Context, read: _Reader[R], identity: int, missing: str) -> R:
    authorise(ctx.actor, "resource.read")
    with ctx.world.read() as connection:
        return _own(ctx, connection, read, identity, missing)


def _own(ctx: Context, connection: Connection, read: _Reader[R], identity: int, missing: str) -> R:
    found = read(connection, [identity], within=scope.own(ctx.actor))
    return _existing(next(iter(found), None), missing, identity)


def _own_lot(ctx: Context, connection: Connection, lot_id: int) -> LotRecord:
    found = stock.get(connection, lot_id, within=scope.own(ctx.actor))
    return _existing(found, "no_such_lot", lot_id)


def _existing(found: R | None, missing: str, identity: int) -> R:
    if found is None:
        raise NotFoundError(missing, id=identity)
    return found


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
