"""Teams, vehicles and depots: what the ledger says, and how they stand in this world."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Column, Connection, Row, Select, Table, select
from sqlalchemy.dialects.postgresql import insert

from data import reach
from data.geometry import position_of, stored_point
from data.tables import (
    depot_states,
    depots,
    team_capabilities,
    team_states,
    teams,
    vehicle_states,
    vehicles,
)
from dispatch.model import Capability, Position
from gis.network import VehicleProfile

TeamStatus = Literal["on_duty", "off_duty", "resting", "unavailable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamRecord:
    """A team. `status`, `strength_now`, `position_now`, `reported_at` and `note` belong to this world.

    A team that nobody has reported on is taken at its ledger's word: on duty, in full strength, at its base.
    """

    id: int
    code: str
    name: str
    name_en: str
    kind: str
    area_code: str | None
    base: Position
    strength: int
    capabilities: tuple[Capability, ...]
    notify_ms: int
    assemble_ms: int
    consent_ms: int
    profile: VehicleProfile
    radio_channel: str
    contact_name: str
    contact_phone: str
    sample: bool
    status: TeamStatus
    strength_now: int
    position_now: Position
    reported_at: datetime | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleRecord:
    """A vehicle of a team or of a depot. `in_service`, `reported_at` and `note` belong to this world."""

    id: int
    code: str
    name: str
    name_en: str
    kind: str
    team_id: int | None
    depot_id: int | None
    load_kg: int
    profile: VehicleProfile
    sample: bool
    in_service: bool
    reported_at: datetime | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DepotRecord:
    """A reserve depot. `open`, `reported_at` and `note` belong to this world."""

    id: int
    code: str
    name: str
    name_en: str
    level: str
    area_code: str | None
    position: Position
    notify_ms: int
    loading_ms: int
    opening_hours: str
    contact_name: str
    contact_phone: str
    sample: bool
    open: bool
    reported_at: datetime | None
    note: str


def list_teams(
    connection: Connection, ids: Collection[int] | None = None, *, within: str | None = None
) -> tuple[TeamRecord, ...]:
    """Read teams by id: those asked for, or all; only those of the area of digits `within`."""
    state = team_states
    query = select(
        *_columns(teams),
        state.c.status,
        state.c.strength.label("strength_now"),
        state.c.geom.label("geom_now"),
        state.c.reported_at,
        state.c.note,
    ).outerjoin_from(teams, state, state.c.team_id == teams.c.id)
    able: dict[int, list[Capability]] = {}
    known = select(team_capabilities).order_by(team_capabilities.c.team_id, team_capabilities.c.code)
    for row in connection.execute(_among(known, team_capabilities, ids, "team_id")):
        able.setdefault(row.team_id, []).append(Capability(code=row.code, grade=row.grade))
    if within is not None:
        query = query.where(reach.team(within))
    rows = connection.execute(_among(query.order_by(teams.c.id), teams, ids))
    return tuple(_team(row, tuple(able.get(row.id, ()))) for row in rows)


def list_vehicles(
    connection: Connection, ids: Collection[int] | None = None, *, within: str | None = None
) -> tuple[VehicleRecord, ...]:
    """Read vehicles by id: those asked for, or all; only those of the area of digits `within`."""
    state = vehicle_states
    query = select(*_columns(vehicles), state.c.in_service, state.c.reported_at, state.c.note).outerjoin_from(
        vehicles, state, state.c.vehicle_id == vehicles.c.id
    )
    if within is not None:
        query = query.where(reach.vehicle(within))
    rows = connection.execute(_among(query.order_by(vehicles.c.id), vehicles, ids))
    return tuple(_vehicle(row) for row in rows)


def list_depots(
    connection: Connection, ids: Collection[int] | None = None, *, within: str | None = None
) -> tuple[DepotRecord, ...]:
    """Read depots by id: those asked for, or all; only those of the area of digits `within`."""
    state = depot_states
    query = select(*_columns(depots), state.c.open, state.c.reported_at, state.c.note).outerjoin_from(
        depots, state, state.c.depot_id == depots.c.id
    )
    if within is not None:
        query = query.where(reach.depot(within))
    rows = connection.execute(_among(query.order_by(depots.c.id), depots, ids))
    return tuple(_depot(row) for row in rows)


def of_area(
    connection: Connection, asked: Collection[tuple[Literal["team", "vehicle"], int]], within: str | None
) -> frozenset[tuple[Literal["team", "vehicle"], int]]:
    """Return those of some teams and vehicles that exist and are of the area of digits `within`; None: anywhere."""
    by_kind: dict[Literal["team", "vehicle"], set[int]] = {"team": set(), "vehicle": set()}
    for kind, identity in asked:
        by_kind[kind].add(identity)
    found: set[tuple[Literal["team", "vehicle"], int]] = set()
    found |= {("team", one.id) for one in list_teams(connection, by_kind["team"], within=within)}
    found |= {("vehicle", one.id) for one in list_vehicles(connection, by_kind["vehicle"], within=within)}
    return frozenset(found)


def hold(connection: Connection, kind: Literal["team", "vehicle", "depot"], identity: int) -> None:
    """Hold a unit until the transaction ends, so that what is read of it now is what a report changes."""
    table = {"team": teams, "vehicle": vehicles, "depot": depots}[kind]
    connection.execute(select(table.c.id).where(table.c.id == identity).with_for_update(key_share=True))


def get_team(connection: Connection, team_id: int) -> TeamRecord | None:
    """Read one team; None when there is none."""
    return next(iter(list_teams(connection, [team_id])), None)


def get_vehicle(connection: Connection, vehicle_id: int) -> VehicleRecord | None:
    """Read one vehicle; None when there is none."""
    return next(iter(list_vehicles(connection, [vehicle_id])), None)


def report_team(
    connection: Connection,
    *,
    team_id: int,
    status: TeamStatus,
    reported_at: datetime,
    strength: int | None = None,
    position: Position | None = None,
    note: str = "",
) -> None:
    """Write down how a team stands: strength None = its roster's, position None = at its base."""
    _report(
        connection,
        team_states,
        team_id=team_id,
        status=status,
        strength=strength,
        geom=None if position is None else stored_point(position),
        reported_at=reported_at,
        note=note,
    )


def report_vehicle(
    connection: Connection, *, vehicle_id: int, in_service: bool, reported_at: datetime, note: str = ""
) -> None:
    """Write down whether a vehicle can be sent."""
    _report(
        connection,
        vehicle_states,
        vehicle_id=vehicle_id,
        in_service=in_service,
        reported_at=reported_at,
        note=note,
    )


def report_depot(
    connection: Connection,
    *,
    depot_id: int,
    open: bool,  # noqa: A002  # the domain's word
    reported_at: datetime,
    note: str = "",
) -> None:
    """Write down whether a depot can give out goods."""
    _report(connection, depot_states, depot_id=depot_id, open=open, reported_at=reported_at, note=note)


def _report(connection: Connection, table: Table, **values: Any) -> None:
    (key,) = table.primary_key.columns
    statement = insert(table).values(**values)
    changes = {name: statement.excluded[name] for name in values if name != key.name}
    connection.execute(statement.on_conflict_do_update(index_elements=[key], set_=changes))


def _columns(table: Table) -> list[Column[Any]]:
    """Pick what a record holds: a ledger's other columns would be parsed for nothing, thousands at a time."""
    return [column for column in table.columns if column.name not in {"attributes", "source", "updated_at"}]


def _among(query: Select[Any], table: Table, ids: Collection[int] | None, column: str = "id") -> Select[Any]:
    return query if ids is None else query.where(table.c[column].in_(ids))


def _team(row: Row[Any], capabilities: tuple[Capability, ...]) -> TeamRecord:
    base = position_of(row.geom)
    return TeamRecord(
        id=row.id,
        code=row.code,
        name=row.name,
        name_en=row.name_en,
        kind=row.kind,
        area_code=row.area_code,
        base=base,
        strength=row.strength,
        capabilities=capabilities,
        notify_ms=row.notify_ms,
        assemble_ms=row.assemble_ms,
        consent_ms=row.consent_ms,
        profile=_profile(row, "travel_"),
        radio_channel=row.radio_channel,
        contact_name=row.contact_name,
        contact_phone=row.contact_phone,
        sample=row.sample,
        status=row.status or "on_duty",
        strength_now=row.strength if row.strength_now is None else row.strength_now,
        position_now=base if row.geom_now is None else position_of(row.geom_now),
        reported_at=row.reported_at,
        note=row.note or "",
    )


def _vehicle(row: Row[Any]) -> VehicleRecord:
    return VehicleRecord(
        id=row.id,
        code=row.code,
        name=row.name,
        name_en=row.name_en,
        kind=row.kind,
        team_id=row.team_id,
        depot_id=row.depot_id,
        load_kg=row.load_kg,
        profile=_profile(row),
        sample=row.sample,
        in_service=row.in_service is not False,
        reported_at=row.reported_at,
        note=row.note or "",
    )


def _depot(row: Row[Any]) -> DepotRecord:
    return DepotRecord(
        id=row.id,
        code=row.code,
        name=row.name,
        name_en=row.name_en,
        level=row.level,
        area_code=row.area_code,
        position=position_of(row.geom),
        notify_ms=row.notify_ms,
        loading_ms=row.loading_ms,
        opening_hours=row.opening_hours,
        contact_name=row.contact_name,
        contact_phone=row.contact_phone,
        sample=row.sample,
        open=row.open is not False,
        reported_at=row.reported_at,
        note=row.note or "",
    )


def _profile(row: Row[Any], prefix: str = "") -> VehicleProfile:
    values = row._mapping  # noqa: SLF001  # SQLAlchemy's public name for it
    return VehicleProfile(
        speed_class=values[f"{prefix}speed_class"],
        mass_kg=values[f"{prefix}mass_kg"],
        height_cm=values[f"{prefix}height_cm"],
        width_cm=values[f"{prefix}width_cm"],
        four_wheel_drive=values[f"{prefix}four_wheel_drive"],
    )
