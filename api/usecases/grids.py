"""Responsibility grids: whose land is this, who answers for it, what does a person answer for, and what was on a day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection

from api import scope
from api.context import Context
from api.errors import ConflictError, InvalidError, NotFoundError
from api.grid_memory import CellInMemory
from api.security import authorise
from api.usecases import personal, places
from api.usecases.acting import Done, perform
from data import grids, locate
from data import places as stored_places
from data.grids import Answering, CellRecord, DutyRecord, Total, VersionRecord
from dispatch.model import Position
from gis import crs
from gis.crs import Datum

_NAMED: Final[tuple[locate.FoundKind, ...]] = ("village", "place", "team", "depot", "grid", "area")
_LONGEST_WORDS: Final = 200
_EITHER_WAY: Final = 90.0  # degrees: a pair below may have its latitude first


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One cell of a chain with who answers for it."""

    cell: CellInMemory
    duties: tuple[DutyRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Who answers for a place in one theme, the county first; no links: nobody, the place lies in no grid."""

    theme: str
    links: tuple[Link, ...]

    @property
    def leaf(self) -> CellInMemory | None:
        """The narrowest cell."""
        return self.links[-1].cell if self.links else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked for, found: a position in stored degrees, what it is called, and its chains."""

    position: Position
    beidou: str | None
    name: str
    name_en: str
    code: str
    chains: tuple[Chain, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The grids of the actor's area: totals by theme and level, and persons by theme, each counted once."""

    totals: tuple[Total, ...]
    persons: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A cell as it stood on a day: its chain, who answered for it, its people, and its changes. `past`: not today."""

    day: date
    past: bool
    cell: CellRecord
    chain: tuple[CellRecord, ...]
    children: tuple[CellRecord, ...]
    duties: tuple[DutyRecord, ...]
    other_duties: tuple[DutyRecord, ...]
    population: int
    history: tuple[VersionRecord, ...]


# ----------------------------------------------------------------------------------------------- asking


def at(
    ctx: Context, words: str, *, datum: Datum = "CGCS2000", theme: str | None = None, day: date | None = None
) -> Asked:
    """Tell who answers for a place: coordinates of a datum, a BeiDou code, a code or name of a village, facility or grid.

    theme: one alone; None: all. day: whose duties hold then; None: today. Raises NotFoundError, InvalidError.
    """
    authorise(ctx.actor, "grid.read")
    check_theme(ctx, theme)
    wanted = words.strip()[:_LONGEST_WORDS]
    with ctx.world.read() as connection:
        position, named = _place(ctx, connection, wanted, datum)
        known = ctx.grids.current(connection)
        if named is not None and named.kind == "grid":
            own = known.cells[named.code]
            chains = {own.theme: known.chain_of(named.code)}
        else:
            chains = {}
        for one in sorted(known.themes) if theme is None else [theme]:
            if one not in chains:
                chains[one] = known.chain_at(one, *position)
        if theme is not None:
            chains = {theme: chains[theme]}
        ids = [cell.id for cells in chains.values() for cell in cells]
        on_duty = grids.answering(connection, ids, day=day or ctx.today())
    return Asked(
        position=position,
        beidou=places.beidou_code(position),
        name=named.name if named else "",
        name_en=named.name_en if named else "",
        code=named.code if named else "",
        chains=tuple(
            Chain(theme=one, links=tuple(_link(ctx, cell, cells[-1], on_duty) for cell in cells))
            for one, cells in chains.items()
        ),
    )


def _link(ctx: Context, cell: CellInMemory, leaf: CellInMemory, on_duty: Sequence[Answering]) -> Link:
    """Name who answers for a cell: the whole chain of one's own land may be known, up to the county's head."""
    duties = (_of_cell(cell, one) for one in on_duty if one.grid_id == cell.id)
    return Link(cell=cell, duties=tuple(seen(ctx, one, leaf.area_code) for one in duties))


def _of_cell(cell: CellInMemory, one: Answering) -> DutyRecord:
    return DutyRecord(
        code=one.duty,
        person=one.person,
        role=one.role,
        rank=one.rank,
        valid_from=one.valid_from,
        valid_to=one.valid_to,
        kind="grid_cells",
        subject_id=cell.id,
        subject=cell.code,
        subject_name=cell.name,
        subject_name_en=cell.name_en,
        area_code=cell.area_code,
        theme=cell.theme,
        level=cell.level,
    )


def _place(
    ctx: Context, connection: Connection, words: str, datum: Datum
) -> tuple[Position, locate.Found | None]:
    if not words:
        raise InvalidError("place_missing")
    by_code = places.by_code(words)
    if by_code is not None:
        return by_code, None
    written = places.by_coordinates(words, None)
    if written is not None and max(map(abs, written)) <= _EITHER_WAY:
        written = places.by_coordinates(words, stored_places.extent(connection, area=ctx.actor.area))
    if written is not None:
        lon, lat = crs.to_stored([written[0]], [written[1]], datum)
        return (float(lon[0]), float(lat[0])), None
    found = locate.called(connection, _NAMED, words)
    if not found:
        raise NotFoundError("no_such_place", words=words)
    if len(found) > 1:
        raise InvalidError("place_ambiguous", words=words)
    return found[0].position, found[0]


def duties_of(ctx: Context, person: str, *, day: date | None = None) -> tuple[DutyRecord, ...]:
    """Tell all that a person answers for on a day: cells, places, areas, teams. Raises NotFoundError."""
    authorise(ctx.actor, "grid.read")
    with ctx.world.read() as connection:
        known = grids.person(connection, person)
        if known is None:
            raise NotFoundError("no_such_person", person=person)
        found = grids.duties_of(connection, person, day=day or ctx.today())
    return tuple(seen(ctx, one, one.area_code or known.area_code) for one in found)


def overview(ctx: Context) -> Overview:
    """Count the grids of the actor's area, their land and persons."""
    authorise(ctx.actor, "grid.read")
    within = scope.own(ctx.actor)
    with ctx.world.read() as connection:
        return Overview(
            totals=grids.totals(connection, day=ctx.today(), within=within),
            persons=grids.persons(connection, day=ctx.today(), within=within),
        )


def listing(
    ctx: Context, *, theme: str | None = None, level: int | None = None, parent: str | None = None
) -> tuple[CellRecord, ...]:
    """List cells of what the actor sees, the widest first."""
    authorise(ctx.actor, "grid.read")
    check_theme(ctx, theme)
    with ctx.world.read() as connection:
        return grids.cells(
            connection, theme=theme, level=level, parent=parent, within=scope.around(ctx.actor)
        )


def sheet(ctx: Context, code: str, *, day: date | None = None) -> Sheet:
    """Give one cell as it stands, or as it stood at the end of a past day. Raises NotFoundError."""
    authorise(ctx.actor, "grid.read")
    today = ctx.today()
    asked = day or today
    moment = _end_of(ctx, asked) if asked < today else None
    with ctx.world.read() as connection:
        cell = grids.get(connection, code, at=moment)
        if cell is None:
            raise NotFoundError("no_such_grid", grid=code)
        upwards = [cell]
        while upwards[-1].parent is not None and len(upwards) < grids.LEAF:
            above = grids.get(connection, upwards[-1].parent, at=moment)
            if above is None:
                break
            upwards.append(above)
        chain_duties = grids.on_duty(connection, [one.id for one in upwards], day=asked, at=moment)
        others = () if moment else _others(connection, cell, chain_duties[cell.id])
        return Sheet(
            day=asked,
            past=moment is not None,
            cell=cell,
            chain=tuple(reversed(upwards)),
            children=grids.cells(connection, parent=code, at=moment),
            duties=tuple(
                seen(ctx, one, cell.area_code)
                for above in reversed(upwards)
                for one in chain_duties[above.id]
            ),
            other_duties=tuple(seen(ctx, one, cell.area_code) for one in others),
            population=grids.population(connection, [code]).get(code, 0),
            history=tuple(_seen_version(ctx, one, cell) for one in grids.history(connection, cell.id)),
        )


def _others(
    connection: Connection, cell: CellRecord, holding: Sequence[DutyRecord]
) -> tuple[DutyRecord, ...]:
    """Read duties for a cell that are over or have not begun."""
    now = {one.code for one in holding}
    return tuple(one for one in grids.duties_of_cell(connection, cell.id) if one.code not in now)


def _seen_version(ctx: Context, version: VersionRecord, cell: CellRecord) -> VersionRecord:
    if scope.may_know_people(ctx.actor, cell.area_code):
        return version
    return replace(version, person=personal.masked_name(version.person))


def _end_of(ctx: Context, day: date) -> datetime:
    """Return the moment at which a day of the county ends."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=ctx.settings.zone)


def seen(ctx: Context, record: DutyRecord, area_code: str | None) -> DutyRecord:
    """Return a duty with its person as this actor may see them; `area_code` is what it is about."""
    if scope.may_know_people(ctx.actor, area_code):
        return record
    hidden = replace(
        record.person,
        name=personal.masked_name(record.person.name),
        phone=personal.masked_phone(record.person.phone),
    )
    return replace(record, person=hidden)


def check_theme(ctx: Context, theme: str | None) -> None:
    """Raise InvalidError for a theme that the policy does not have."""
    if theme is not None and theme not in ctx.policy.grids.marks:
        raise InvalidError("no_such_theme", theme=theme)


# ----------------------------------------------------------------------------------------------- who answers


def assign(
    ctx: Context,
    code: str,
    *,
    request_id: UUID,
    person: str,
    role: str,
    rank: str = "A",
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> DutyRecord:
    """Let a person (by code) answer for a cell in a role, from and to a day. Raises NotFoundError, InvalidError.

    The same person in the same role there again: the dates and the rank change.
    """
    if role not in ctx.policy.vocabulary["duty_roles"] or rank not in ctx.policy.vocabulary["duty_ranks"]:
        raise InvalidError("unknown_duty_role", role=role, rank=rank)
    if valid_from is not None and valid_to is not None and valid_to < valid_from:
        raise InvalidError("window_ends_before_it_starts")

    def do(connection: Connection, now: datetime) -> Done:
        cell = own_cell(ctx, connection, code)
        known = grids.person(connection, person)
        if known is None:
            raise NotFoundError("no_such_person", person=person)
        duty = grids.assign(
            connection,
            person_id=known.id,
            grid_id=cell.id,
            code=f"{person}/{role}/grid_cells/{code}",
            role=role,
            rank=rank,
            valid_from=valid_from,
            valid_to=valid_to,
        )
        payload: dict[str, Any] = {
            "kind": "assign",
            "grid": code,
            "person": person,
            "role": role,
            "rank": rank,
        }
        payload |= {"rows": grids.touched(connection, now)}
        return Done(subject="grid", id=cell.id, payload=payload, result={"duty": duty})

    arguments = {
        "grid": code,
        "person": person,
        "role": role,
        "rank": rank,
        "valid_from": valid_from,
        "valid_to": valid_to,
    }
    done = perform(ctx, "grid.staff", request_id, arguments, do)
    return _duty(ctx, done["duty"])


def end_duty(ctx: Context, duty: str, *, request_id: UUID, last_day: date | None = None) -> DutyRecord:
    """Let a duty for a cell end with a day; None: it ended yesterday. Raises NotFoundError, ConflictError."""
    last = last_day or ctx.today() - timedelta(days=1)

    def do(connection: Connection, now: datetime) -> Done:
        was = grids.duty(connection, duty)
        if was is None or was.kind != "grid_cells":
            raise NotFoundError("no_such_duty", duty=duty)
        cell = own_cell(ctx, connection, was.subject)
        if was.valid_from is not None and last < was.valid_from:
            raise ConflictError("duty_not_begun", duty=duty, valid_from=was.valid_from.isoformat())
        grids.end_duty(connection, duty, last)
        payload: dict[str, Any] = {
            "kind": "end",
            "grid": cell.code,
            "person": was.person.code,
            "role": was.role,
        }
        payload |= {"last_day": last, "rows": grids.touched(connection, now)}
        return Done(subject="grid", id=cell.id, payload=payload)

    perform(ctx, "grid.staff", request_id, {"duty": duty, "last_day": last_day}, do)
    return _duty(ctx, duty)


def _duty(ctx: Context, code: str) -> DutyRecord:
    with ctx.world.read() as connection:
        found = grids.duty(connection, code)
    if found is None:
        raise NotFoundError("no_such_duty", duty=code)
    return seen(ctx, found, found.area_code)


def own_cell(ctx: Context, connection: Connection, code: str) -> CellRecord:
    """Read a cell of the actor's own area. Raises NotFoundError, NotAllowedError."""
    cell = grids.get(connection, code)
    if cell is None:
        raise NotFoundError("no_such_grid", grid=code)
    scope.check_inside(ctx.actor, cell.area_code)
    return cell
