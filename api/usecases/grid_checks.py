"""Is every square metre somebody's: what is wrong with the grids of a theme and their persons, and mending hairlines."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from api import scope
from api.context import Context
from api.errors import ConflictError
from api.security import authorise
from api.usecases import grid_edits, personal
from api.usecases.acting import Done, perform
from api.usecases.grid_edits import Changed, Proposal, as_new
from api.usecases.grids import check_theme
from data import grids
from data.grids import CellRecord, DutyRecord
from gis.crs import geodesic_area_m2
from gis.grid_check import Grids, areas_of, check
from gis.grid_mending import mend as mended

_SQUARE_KM: Final = 1e6
_ROUNDING_KM2: Final = 1e-4
"""Land (100 m²) below which a county counts as covered: what borders digitised twice leave between them."""
_LEAST_M2: Final = 10.0
"""Square metres that vertices rounded to a tenth of a millimetre leave along a long village border."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRecord:
    """Something to look at. `code` as in `gis.grid_check.Finding`, or unstaffed, no_phone, overloaded, stale, village_without.

    grids: codes, the first is meant; names: what they are called. person: code and name of whom it is about; "" for none.
    """

    code: str
    grids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    level: int = 0
    area_m2: float = 0.0
    count: int = 0
    person: str = ""
    person_name: str = ""
    shape: BaseGeometry | None = None
    mendable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All findings of a theme, and how much land has a leaf grid with a person to answer for it (A)."""

    theme: str
    number: int
    cells: int
    leaves: int
    land_km2: float
    covered_km2: float
    findings: tuple[FindingRecord, ...]

    @property
    def uncovered_km2(self) -> float:
        """Land without a responsible person."""
        return max(0.0, self.land_km2 - self.covered_km2)

    @property
    def complete(self) -> bool:
        """Whether no square metre is without a responsible person, but for what rounding leaves."""
        return self.cells > 0 and self.uncovered_km2 < _ROUNDING_KM2

    @property
    def counts(self) -> dict[str, int]:
        """How many of each kind."""
        return dict(Counter(one.code for one in self.findings))


@dataclass(frozen=True, slots=True, kw_only=True)
class MendingProposal:
    """What mending would change. `number` of the cells' changes: a later change refuses it."""

    theme: str
    number: int
    changes: tuple[Changed, ...]
    left: int


def report(ctx: Context, theme: str) -> Report:
    """Check the grids of a theme that lie in the actor's area, and their persons."""
    authorise(ctx.actor, "grid.read")
    check_theme(ctx, theme)
    within = scope.own(ctx.actor)
    with ctx.world.read() as connection:
        number = grids.change_number(connection)
        cells = grids.cells(connection, theme=theme, within=within)
        duties = [
            one
            for one in grids.all_duties(connection, theme, day=ctx.today())
            if within is None or (one.area_code or "").startswith(within)
        ]
        without = grids.villages_without(connection, theme, within=within)
        stale = grids.persons_not_looked_at(
            connection,
            {one.person.id for one in duties},
            ctx.clock() - timedelta(days=ctx.policy.grids.staleness_days),
        )
    by_code = {cell.code: cell for cell in cells}
    found = [
        *ctx.grids.once(("faults", theme, within), number, lambda: tuple(_of_shapes(cells))),
        *_unstaffed(cells, duties),
        *_of_persons(ctx, duties, stale),
        *(
            FindingRecord(code="village_without", grids=(code,), names=(name,), shape=shape)
            for code, name, shape in without
        ),
    ]
    land, covered = _covered(cells, duties)
    return Report(
        theme=theme,
        number=number,
        cells=len(cells),
        leaves=sum(cell.level == grids.LEAF for cell in cells),
        land_km2=land,
        covered_km2=covered,
        findings=tuple(_named(one, by_code) for one in found),
    )


def _arrays(cells: Sequence[CellRecord]) -> Grids:
    shapes = np.empty(len(cells), dtype=object)
    shapes[:] = [_plain(cell.geometry) for cell in cells]
    return Grids(
        codes=[cell.code for cell in cells],
        parents=[cell.parent or "" for cell in cells],
        levels=np.asarray([cell.level for cell in cells], dtype=np.int64),
        shapes=shapes,
    )


def _plain(shape: BaseGeometry) -> BaseGeometry:
    parts = shapely.get_parts(shape)
    return parts[0] if len(parts) == 1 else shape


def _of_shapes(cells: Sequence[CellRecord]) -> Iterable[FindingRecord]:
    """Name faults of shapes and of the tree; in a part of a county, the top of the tree has no parent to miss."""
    top = min((cell.level for cell in cells), default=1)
    for one in check(_arrays(cells), least_m2=_LEAST_M2):
        if one.code == "orphan" and one.level == top:
            continue
        yield FindingRecord(
            code=one.code,
            grids=one.grids,
            level=one.level,
            area_m2=one.area_m2,
            count=one.count,
            shape=one.shape,
            mendable=one.mendable,
        )


def _unstaffed(cells: Sequence[CellRecord], duties: Sequence[DutyRecord]) -> Iterable[FindingRecord]:
    staffed = _staffed(duties)
    for cell in cells:
        if cell.code not in staffed:
            yield FindingRecord(
                code="unstaffed",
                grids=(cell.code,),
                level=cell.level,
                area_m2=cell.area_km2 * _SQUARE_KM,
                shape=cell.geometry,
            )


def _staffed(duties: Sequence[DutyRecord]) -> frozenset[str]:
    return frozenset(one.subject for one in duties if one.rank == "A")


def _of_persons(ctx: Context, duties: Sequence[DutyRecord], stale: frozenset[int]) -> Iterable[FindingRecord]:
    held: dict[str, list[DutyRecord]] = defaultdict(list)
    for one in duties:
        held[one.person.code].append(one)
    for code, mine in sorted(held.items()):
        person = mine[0].person
        known = scope.may_know_people(ctx.actor, mine[0].area_code)
        about = FindingRecord(
            code="",
            grids=tuple(sorted({one.subject for one in mine})),
            person=code,
            person_name=person.name if known else personal.masked_name(person.name),
        )
        if not person.phone.strip():
            yield replace(about, code="no_phone")
        leaves = tuple(sorted({one.subject for one in mine if one.level == grids.LEAF}))
        if len(leaves) > ctx.policy.grids.most_cells:
            yield replace(about, code="overloaded", grids=leaves, count=len(leaves))
        if person.id in stale:
            yield replace(about, code="stale")


def _covered(cells: Sequence[CellRecord], duties: Sequence[DutyRecord]) -> tuple[float, float]:
    """Measure the land of the widest grids, and how much of it lies in a leaf that somebody answers for."""
    if not cells:
        return 0.0, 0.0
    staffed = _staffed(duties)
    top = min(cell.level for cell in cells)
    land = shapely.union_all([cell.geometry for cell in cells if cell.level == top])
    leaves = [cell.geometry for cell in cells if cell.level == grids.LEAF and cell.code in staffed]
    bare = areas_of(shapely.difference(land, shapely.union_all(leaves))) if leaves else land
    whole = geodesic_area_m2(land) / _SQUARE_KM
    without = 0.0 if bare.is_empty else geodesic_area_m2(bare) / _SQUARE_KM
    return whole, whole - without


def _named(one: FindingRecord, cells: dict[str, CellRecord]) -> FindingRecord:
    if one.names:
        return one
    shape = one.shape
    if shape is None:
        known = [cells[code].geometry for code in one.grids if code in cells]
        shape = shapely.union_all(known) if known else None
    return replace(
        one,
        names=tuple(cells[code].name if code in cells else code for code in one.grids),
        shape=shape,
    )


# ----------------------------------------------------------------------------------------------- mending


def propose_mending(ctx: Context, theme: str) -> MendingProposal:
    """Tell what mending the hairline faults of a theme would change; nothing is written."""
    authorise(ctx.actor, "grid.mend")
    check_theme(ctx, theme)
    with ctx.world.read() as connection:
        number = grids.change_number(connection)
        proposal, left = _mending(ctx, connection, theme)
    return MendingProposal(theme=theme, number=number, changes=proposal.changes, left=left)


def mend(ctx: Context, theme: str, *, number: int, request_id: UUID) -> int:
    """Do what was proposed at a number of the cells' changes; returns how many cells changed.

    Raises ConflictError when a cell has changed since, or where there is nothing to mend.
    """

    def do(connection: Connection, now: datetime) -> Done:
        grids.lock(connection)
        if grids.change_number(connection) != number:
            raise ConflictError("grids_changed")
        proposal, _ = _mending(ctx, connection, theme)
        if not proposal.put and not proposal.gone:
            raise ConflictError("nothing_to_mend")
        return grid_edits.write(ctx, connection, now, proposal, {"kind": "mend", "theme": theme})

    check_theme(ctx, theme)
    done = perform(ctx, "grid.mend", request_id, {"theme": theme, "number": number}, do)
    return int(done["changed"]) + int(done["gone"])


def _mending(ctx: Context, connection: Connection, theme: str) -> tuple[Proposal, int]:
    cells = grids.cells(connection, theme=theme, within=scope.own(ctx.actor))
    number = grids.change_number(connection)
    about = ("mending", theme, scope.own(ctx.actor))
    found = ctx.grids.once(about, number, lambda: mended(_arrays(cells))) if cells else None
    if found is None:
        return Proposal(put=(), before={}), 0
    by_code = {cell.code: cell for cell in cells}
    gone = tuple(change.grid for change in found.changes if change.after is None)
    ending = grids.on_duty(connection, [by_code[code].id for code in gone], day=ctx.today())
    return (
        Proposal(
            put=tuple(
                replace(as_new(by_code[change.grid]), geometry=change.after)
                for change in found.changes
                if change.after is not None
            ),
            before={change.grid: by_code[change.grid] for change in found.changes},
            gone=gone,
            ending=tuple(duty for duties in ending.values() for duty in duties),
        ),
        sum(one.mendable for one in found.left),
    )
