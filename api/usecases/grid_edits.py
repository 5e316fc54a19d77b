"""Changing cells by hand: split, merge, move a shared border, rename. Each has a preview, and each is one act.

Persons of a cell that stays keep their duties; the duties for a cell that goes end with it, and all of it stays in the
past (`data.history`). Taking one back is `restore`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from api import scope
from api.context import Context
from api.errors import ConflictError, InvalidError, NotFoundError
from api.security import authorise
from api.usecases import grids as asking
from api.usecases.acting import Done, perform
from api.usecases.closures import readable_shape
from data import grids
from data.grids import CellRecord, DutyRecord, NewCell
from data.journal import Entry
from gis import grid_codes, grid_edit
from gis.crs import geodesic_area_m2
from gis.grid_edit import EditError, GridShape

EditKind = Literal["split", "merge", "border", "rename"]
_LONGEST: Final = 100
_MOST_MERGED: Final = 50
_SQUARE_KM: Final = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What shall be done to `grids`: split one along `line`, merge several, lay the border of two along `line`, rename one."""

    kind: EditKind
    grids: tuple[str, ...]
    line: Mapping[str, Any] | None = None
    name: str | None = None
    name_en: str | None = None
    alias: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One cell before and after; None: it is new, or goes. Square kilometres on the ellipsoid."""

    code: str
    name: str
    level: int
    before: BaseGeometry | None
    after: BaseGeometry | None
    before_km2: float
    after_km2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What an edit would do: cells written, cells that go, and the duties that end with them."""

    put: tuple[NewCell, ...]
    before: Mapping[str, CellRecord]
    gone: tuple[str, ...] = ()
    ending: tuple[DutyRecord, ...] = ()

    @property
    def changes(self) -> tuple[Changed, ...]:
        """Every cell that becomes another, by code."""
        put = {cell.code: cell for cell in self.put}
        found = []
        for code in sorted({*put, *self.gone}):
            was, now = self.before.get(code), put.get(code)
            known = now or was
            if known is None:
                continue
            found.append(
                Changed(
                    code=code,
                    name=known.name,
                    level=known.level,
                    before=was.geometry if was else None,
                    after=now.geometry if now else None,
                    before_km2=was.area_km2 if was else 0.0,
                    after_km2=geodesic_area_m2(now.geometry) / _SQUARE_KM if now else 0.0,
                )
            )
        return tuple(found)


def border(ctx: Context, first: str, second: str) -> tuple[BaseGeometry, ...]:
    """Give the stretches along which two cells touch. Raises NotFoundError, ConflictError where they do not."""
    authorise(ctx.actor, "grid.read")
    with ctx.world.read() as connection:
        shapes = [_cell(connection, code).geometry for code in (first, second)]
    found = grid_edit.border(*shapes)
    if not found:
        raise ConflictError("grid_not_adjacent")
    return tuple(found)


def preview(ctx: Context, edit: Edit) -> Proposal:
    """Tell what an edit would do; nothing is written. Raises what the edit itself would raise."""
    authorise(ctx.actor, "grid.edit")
    with ctx.world.read() as connection:
        return _proposed(ctx, connection, edit)


def apply(ctx: Context, edit: Edit, *, request_id: UUID) -> Proposal:
    """Do an edit. Raises ConflictError (grid_*) for one that would break the grids, NotFoundError, InvalidError."""
    done: list[Proposal] = []

    def do(connection: Connection, now: datetime) -> Done:
        grids.lock(connection)
        found = _proposed(ctx, connection, edit)
        done.append(found)
        return write(ctx, connection, now, found, {"kind": edit.kind, "grids": list(edit.grids)})

    arguments = {"edit": {name: getattr(edit, name) for name in Edit.__dataclass_fields__}}
    perform(ctx, "grid.edit", request_id, arguments, do)
    return done[-1] if done else Proposal(put=(), before={})


def write(
    ctx: Context, connection: Connection, now: datetime, proposal: Proposal, payload: Mapping[str, Any]
) -> Done:
    """Write what a proposal says and tell the journal; every cell that it touches must be the actor's."""
    for code in {one.area_code for one in proposal.put} | {one.area_code for one in proposal.before.values()}:
        scope.check_inside(ctx.actor, code)
    grids.put(connection, proposal.put)
    grids.remove(connection, proposal.gone)
    rows = grids.touched(connection, now)
    about = next(iter(rows["grid_cells"]), None)
    counts = {"changed": len(proposal.put), "gone": len(proposal.gone), "ended": len(proposal.ending)}
    return Done(subject="grid", id=about, payload={**payload, **counts, "rows": rows}, result=counts)


def restore(ctx: Context, entry: Entry, *, request_id: UUID) -> None:
    """Bring the cells and duties that an act changed back to what they were before it, as an act of its own.

    Raises ConflictError where one of them has changed since.
    """
    rows = {table: list(map(int, ids)) for table, ids in entry.payload.get("rows", {}).items()}
    if not any(rows.values()):
        raise ConflictError("undo_not_kept", number=entry.number, act=entry.act)

    def do(connection: Connection, now: datetime) -> Done:
        grids.lock(connection)
        if grids.changed_since(connection, rows, entry.at):
            raise ConflictError("undo_overtaken", number=entry.number, by=0, act=entry.act)
        for cell in grids.cells(connection, ids=rows.get("grid_cells", []), at=entry.at):
            scope.check_inside(ctx.actor, cell.area_code)
        grids.restore(connection, rows, entry.at)
        touched = grids.touched(connection, now)
        return Done(subject="grid", id=entry.subject_id, payload={"kind": "restore", "rows": touched})

    perform(ctx, "grid.restore", request_id, {"number": entry.number}, do)


# ----------------------------------------------------------------------------------------------- each kind


def _proposed(ctx: Context, connection: Connection, edit: Edit) -> Proposal:
    ways: dict[EditKind, Callable[[Context, Connection, Edit], Proposal]] = {
        "split": _split,
        "merge": _merge,
        "border": _border,
        "rename": _rename,
    }
    try:
        return ways[edit.kind](ctx, connection, edit)
    except EditError as error:
        raise ConflictError(f"grid_{error.code}") from None


def _split(ctx: Context, connection: Connection, edit: Edit) -> Proposal:
    cell = _leaf(connection, _only(edit, 1)[0])
    parts = grid_edit.split(cell.geometry, _line(edit))
    largest = max(range(len(parts)), key=lambda part: geodesic_area_m2(parts[part]))
    others = [part for number, part in enumerate(parts) if number != largest]
    village = cell.area_code or cell.code[:12]
    codes = grid_codes.number(
        village,
        others,
        mark=ctx.policy.grids.marks[cell.theme],
        used=grids.codes_ever(connection, village),
    )
    above = grids.get(connection, cell.parent) if cell.parent else None
    called = above or cell
    kept = replace(as_new(cell), geometry=parts[largest])
    new = [
        replace(
            kept,
            code=code,
            name=f"{called.name}-{code.rpartition('-')[2]}",
            name_en=f"{called.name_en} {code.rpartition('-')[2]}".strip() if called.name_en else "",
            alias="",
            geometry=part,
        )
        for code, part in zip(codes, others, strict=True)
    ]
    return Proposal(put=(kept, *new), before={cell.code: cell})


def _merge(ctx: Context, connection: Connection, edit: Edit) -> Proposal:
    codes = sorted(set(edit.grids))
    if not 2 <= len(codes) <= _MOST_MERGED:  # noqa: PLR2004  # one is not merged with anything
        raise InvalidError("grid_choose_several", most=_MOST_MERGED)
    cells = [_leaf(connection, code) for code in codes]
    if len({cell.theme for cell in cells}) > 1:
        raise ConflictError("grid_different_parents")
    merged = grid_edit.merge([one.geometry for one in cells], [one.parent or "" for one in cells])
    kept, gone = cells[0], cells[1:]
    ending = grids.on_duty(connection, [one.id for one in gone], day=ctx.today())
    return Proposal(
        put=(replace(as_new(kept), geometry=merged),),
        before={one.code: one for one in cells},
        gone=tuple(one.code for one in gone),
        ending=tuple(asking.seen(ctx, duty, duty.area_code) for duties in ending.values() for duty in duties),
    )


def _border(ctx: Context, connection: Connection, edit: Edit) -> Proposal:  # noqa: ARG001  # the shape of each kind
    first, second = (_leaf(connection, code) for code in _only(edit, 2))
    if first.theme != second.theme:
        raise ConflictError("grid_not_adjacent")
    chains = {one.code: one for cell in (first, second) for one in _upwards(connection, cell)}
    shapes = {code: GridShape(parent=one.parent or "", shape=one.geometry) for code, one in chains.items()}
    changed = grid_edit.move_border(shapes, first.code, second.code, _line(edit))
    return Proposal(
        put=tuple(replace(as_new(chains[code]), geometry=shape) for code, shape in changed.items()),
        before={code: chains[code] for code in changed},
    )


def _rename(ctx: Context, connection: Connection, edit: Edit) -> Proposal:  # noqa: ARG001  # as above
    cell = _cell(connection, _only(edit, 1)[0])
    given: dict[str, Any] = {
        name: value.strip()
        for name, value in (("name", edit.name), ("name_en", edit.name_en), ("alias", edit.alias))
        if value is not None
    }
    if any(len(value) > _LONGEST for value in given.values()) or given.get("name") == "":
        raise InvalidError("field_invalid", field="name", why="not_text")
    return Proposal(put=(replace(as_new(cell), **given),), before={cell.code: cell})


def as_new(cell: CellRecord) -> NewCell:
    """Return a cell as it is, to be changed."""
    return NewCell(
        code=cell.code,
        theme=cell.theme,
        level=cell.level,
        parent=cell.parent,
        name=cell.name,
        name_en=cell.name_en,
        alias=cell.alias,
        area_code=cell.area_code,
        geometry=cell.geometry,
    )


def _upwards(connection: Connection, cell: CellRecord) -> list[CellRecord]:
    chain = [cell]
    while chain[-1].parent is not None and len(chain) < grids.LEAF:
        chain.append(_cell(connection, chain[-1].parent))
    return chain


def _cell(connection: Connection, code: str) -> CellRecord:
    cell = grids.get(connection, code)
    if cell is None:
        raise NotFoundError("no_such_grid", grid=code)
    return cell


def _leaf(connection: Connection, code: str) -> CellRecord:
    cell = _cell(connection, code)
    if cell.level != grids.LEAF:
        raise ConflictError("grid_not_leaf", grid=code)
    return cell


def _only(edit: Edit, count: int) -> Sequence[str]:
    if len(set(edit.grids)) != count:
        raise InvalidError("grid_choose", count=count)
    return edit.grids


def _line(edit: Edit) -> BaseGeometry:
    if edit.line is None:
        raise ConflictError("grid_no_line")
    return readable_shape(edit.line, {"LineString"})
