"""Ledgers on their way in: a file is kept, previewed, corrected, applied as one act, and undone as one act.

A preview writes nothing to the store. What is applied is compared once more, in the transaction that applies it: where
the store has changed since, nothing is done and the rows are told.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final
from uuid import UUID

from sqlalchemy import Connection

from api import scope
from api.context import Context
from api.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError
from api.security import authorise
from api.usecases import jobs
from api.usecases.acting import Done, applied, perform
from data import (
    batches,
    columns,
    grid_gaps,
    images,
    imports,
    made,
    marking,
    previews,
    problems,
    quarantine,
    sources,
    tiles,
)
from data.batches import Batch, BatchRow, RowOutcome
from data.jobs import JobRecord
from data.previews import SheetPreview
from data.problems import Problem
from data.sources import SourceError

Progress = Callable[[str, int, int], None]

PAGE_ROWS: Final = 100
KEPT_FOR: Final = timedelta(days=14)
"""How long an uploaded file is kept: long enough to send the marked copy back and get it again."""

SMALL_BYTES: Final = 300_000
"""A file below it is previewed at once, without a job."""

_CHUNK: Final = 1 << 20
_TOLD: Final = 10


# ----------------------------------------------------------------------------------------------- files and batches


def keep(ctx: Context, name: str, content: BinaryIO) -> Path:
    """Keep a file that comes in, as far as its name and size allow. Raises InvalidError."""
    authorise(ctx.actor, "ledger.upload")
    suffix = Path(name.strip()).suffix.lower().strip()
    if suffix not in {*sources.DRAWINGS, *sources.SPREADSHEETS} - {".shp"}:
        code = "file_macros" if suffix in {".xlsm", ".xltm", ".xlsb", ".xlam"} else "file_kind_unknown"
        raise InvalidError("ledger_refused", problem=code, suffix=suffix, name=suffix)
    path = made.new(ctx.settings.folder, suffix)
    came = 0
    try:
        with path.open("wb") as file:
            while chunk := content.read(_CHUNK):
                came += len(chunk)
                quarantine.check_size(came)
                file.write(chunk)
        quarantine.check(path)
    except quarantine.RefusedFileError as error:
        path.unlink(missing_ok=True)
        raise InvalidError("ledger_refused", problem=error.code, **error.values) from None
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def upload(
    ctx: Context,
    path: Path,
    name: str,
    *,
    request_id: UUID,
    datum: str | None = None,
    layer: str | None = None,
    sheet: str | None = None,
) -> int:
    """Make a batch of a file that is kept (see `keep`) and return its number. `layer`, `sheet`: what is known of it."""
    if layer is not None and layer not in ctx.policy.layers:
        raise NotFoundError("no_such_layer", layer=layer)
    arguments = {"file": name, "datum": datum, "layer": layer, "sheet": sheet}

    def do(connection: Connection, now: datetime) -> Done:
        for old, kept in batches.aged(connection, before=now - KEPT_FOR):
            _forget(ctx, kept)
            batches.change(connection, old, made="")
        said = _said_of_sheets(path, layer, sheet) if layer else {}
        number = batches.add(
            connection,
            request_id=request_id,
            file=name,
            made=path.name,
            area_code=ctx.actor.area,
            datum=datum,
            said=said,
            actor=ctx.actor.name,
            at=now,
        )
        return Done(subject="ledger", id=number, payload={"file": name})

    return int(perform(ctx, "ledger.upload", request_id, arguments, do)["id"])


def _said_of_sheets(path: Path, layer: str, sheet: str | None) -> dict[str, Any]:
    """Say of which layer the sheets are: the named one, or the only one that is filled."""
    try:
        tables = sources.read_all(path)
    except SourceError:
        return {}
    filled = [number for number, table in enumerate(tables) if table.rows]
    named = [number for number in filled if tables[number].name == sheet] if sheet else filled[:1]
    return {
        str(number): {"layer": layer if number in named else ""}
        for number in filled
        if sheet or len(filled) == 1
    }


def _forget(ctx: Context, kept: str) -> None:
    path = made.find(ctx.settings.folder, kept)
    if path is not None:
        path.unlink(missing_ok=True)


def listing(ctx: Context, *, offset: int = 0, limit: int = 50) -> tuple[Batch, ...]:
    """Read the newest batches of the actor's area."""
    authorise(ctx.actor, "ledger.read")
    with ctx.world.read() as connection:
        found = batches.newest(connection, offset=offset, limit=limit)
    return tuple(batch for batch in found if _sees(ctx, batch))


def get(ctx: Context, batch_id: int) -> Batch:
    """Read a batch. Raises NotFoundError."""
    authorise(ctx.actor, "ledger.read")
    with ctx.world.read() as connection:
        return _own(ctx, connection, batch_id)


def rows(
    ctx: Context,
    batch_id: int,
    *,
    outcome: RowOutcome | None = None,
    placed: bool = False,
    noted: bool = False,
    offset: int = 0,
    limit: int = PAGE_ROWS,
) -> tuple[BatchRow, ...]:
    """Read rows of a batch, a page of them."""
    authorise(ctx.actor, "ledger.read")
    with ctx.world.read() as connection:
        _own(ctx, connection, batch_id)
        return batches.rows(
            connection, batch_id, outcome=outcome, placed=placed, noted=noted, limit=limit, offset=offset
        )


def told(ctx: Context, layer: str, problem: Mapping[str, Any], lang: str) -> str:
    """Say a kept problem in one sentence."""
    return problems.words(problem_of(problem), ctx.policy, ctx.policy.layers[layer], lang)


def problem_of(kept: Mapping[str, Any]) -> Problem:
    """Return a problem as it was before it was kept as JSON."""
    return Problem(**{**kept, "offered": tuple((code, name) for code, name in kept.get("offered", ()))})


def _sees(ctx: Context, batch: Batch) -> bool:
    return ctx.actor.area is None or scope.covers(ctx.actor, batch.area_code)


def _own(ctx: Context, connection: Connection, batch_id: int, *, locked: bool = False) -> Batch:
    batch = batches.get(connection, batch_id, locked=locked)
    if batch is None or not _sees(ctx, batch):
        raise NotFoundError("no_such_batch", id=batch_id)
    return batch


# ----------------------------------------------------------------------------------------------- preview


def preview(ctx: Context, batch_id: int, progress: Progress) -> Mapping[str, Any]:
    """Compare a batch's file with the store and keep what is found. Raises ConflictError for one that is applied."""
    authorise(ctx.actor, "ledger.upload")
    with ctx.world.read() as connection:
        batch = _own(ctx, connection, batch_id)
        _must_be_open(batch)
        with _refusing():
            sheets = _made(ctx, connection, batch, progress)
    state = "refused" if all(sheet.refused or sheet.layer is None for sheet in sheets) else "previewed"
    with ctx.world.begin() as connection:
        _must_be_open(_own(ctx, connection, batch_id, locked=True))
        batches.put_rows(connection, batch_id, (row for sheet in sheets for row in sheet.rows))
        summary = [sheet.summary() for sheet in sheets]
        batches.change(connection, batch_id, state=state, sheets=summary)
    return {"page": f"/ledgers/{batch_id}", "id": batch_id}


def start_preview(ctx: Context, batch_id: int, request_id: UUID) -> JobRecord | None:
    """Preview a batch: a small file at once (None), a large one as a job."""
    authorise(ctx.actor, "ledger.upload")
    path = _path(ctx, get(ctx, batch_id))
    if path.stat().st_size <= SMALL_BYTES:
        preview(ctx, batch_id, lambda _stage, _done, _total: None)
        return None

    def work(context: Context, progress: Progress) -> Mapping[str, Any]:
        return preview(context, batch_id, progress)

    return jobs.start(ctx, "ledger", request_id, {"batch": batch_id}, work)


def _made(ctx: Context, connection: Connection, batch: Batch, progress: Progress) -> tuple[SheetPreview, ...]:
    return previews.make(
        connection,
        _path(ctx, batch),
        ctx.policy,
        file=batch.file,
        datum=batch.datum,
        said=batch.said,
        area=ctx.actor.area,
        told=progress,
    )


def _path(ctx: Context, batch: Batch) -> Path:
    path = made.find(ctx.settings.folder, batch.made)
    if path is None:
        raise ConflictError("ledger_file_gone", id=batch.id)
    return path


def _must_be_open(batch: Batch) -> None:
    if batch.state not in {"waiting", "previewed", "refused"}:
        raise ConflictError("ledger_closed", id=batch.id, state=batch.state)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except SourceError as error:
        raise InvalidError("ledger_refused", problem=error.code, **error.values) from None


# ----------------------------------------------------------------------------------------------- corrections


def correct(
    ctx: Context,
    batch_id: int,
    *,
    request_id: UUID,
    sheet: int,
    layer: str | None = None,
    targets: Sequence[tuple[str, int, str]] | None = None,
    constants: Mapping[str, str] | None = None,
    cells: Sequence[tuple[int, int, str]] = (),
    spots: Mapping[int, str] | None = None,
    datum: str | None = None,
) -> Batch:
    """Say something about a sheet: its layer, its columns, values of all rows, of single cells, and where rows lie.

    targets: (header in `cells.header` spelling, how many before it have the same, target). cells: (row, place, value).
    The preview must be made again afterwards.
    """
    said = {
        "sheet": sheet,
        "layer": layer,
        "targets": targets,
        "constants": constants,
        "cells": cells,
        "spots": spots,
        "datum": datum,
    }

    def do(connection: Connection, _now: datetime) -> Done:
        batch = _own(ctx, connection, batch_id, locked=True)
        _must_be_open(batch)
        so_far = dict(batch.said.get(str(sheet), {}))
        if layer is not None:
            if layer and layer not in ctx.policy.layers:
                raise NotFoundError("no_such_layer", layer=layer)
            if layer != so_far.get("layer"):
                so_far = {"layer": layer}
        if targets is not None:
            so_far["targets"] = [list(one) for one in targets]
        if constants is not None:
            so_far["constants"] = {name: value for name, value in constants.items() if value}
        if cells:
            kept = {(row, place): value for row, place, value in so_far.get("cells", ())}
            kept |= {(row, place): value for row, place, value in cells}
            so_far["cells"] = [[row, place, value] for (row, place), value in kept.items()]
        if spots:
            so_far["spots"] = {**so_far.get("spots", {}), **{str(row): code for row, code in spots.items()}}
        changed: dict[str, Any] = {"said": {**batch.said, str(sheet): so_far}, "state": "waiting"}
        if datum is not None:
            changed["datum"] = datum or None
        batches.change(connection, batch_id, **changed)
        return Done(
            subject="ledger", id=batch_id, payload={"sheet": sheet, "cells": len(cells), "layer": layer}
        )

    perform(ctx, "ledger.correct", request_id, {"id": batch_id, **said}, do)
    return get(ctx, batch_id)


def save_mapping(ctx: Context, batch_id: int, *, request_id: UUID, sheet: int, name: str) -> None:
    """Save the columns of a sheet for the next file with the same headers."""

    def do(connection: Connection, now: datetime) -> Done:
        batch = _own(ctx, connection, batch_id)
        if not 0 <= sheet < len(batch.sheets) or not batch.sheets[sheet]["layer"]:
            raise NotFoundError("no_such_ledger_sheet", sheet=sheet)
        found = batch.sheets[sheet]
        keys = columns.keys([column["header"] for column in found["columns"]])
        targets = {
            f"{title}#{times}": column["target"] or columns.IGNORED
            for (title, times), column in zip(keys, found["columns"], strict=True)
        }
        batches.save_mapping(
            connection,
            fingerprint=found["fingerprint"],
            name=name or batch.file,
            layer=found["layer"],
            targets=targets,
            actor=ctx.actor.name,
            at=now,
        )
        return Done(subject="ledger", id=batch_id, payload={"sheet": sheet, "name": name})

    perform(ctx, "ledger.map", request_id, {"id": batch_id, "sheet": sheet, "name": name}, do)


def drop(ctx: Context, batch_id: int, *, request_id: UUID) -> None:
    """Put a batch aside that shall not be applied; its file is forgotten."""

    def do(connection: Connection, _now: datetime) -> Done:
        batch = _own(ctx, connection, batch_id, locked=True)
        _must_be_open(batch)
        _forget(ctx, batch.made)
        batches.put_rows(connection, batch_id, ())
        batches.change(connection, batch_id, state="dropped", made="")
        return Done(subject="ledger", id=batch_id)

    perform(ctx, "ledger.drop", request_id, {"id": batch_id}, do)


def marked(ctx: Context, batch_id: int, lang: str) -> Path:
    """Make a copy of the workbook in which every faulty cell is coloured and explained, to be sent back."""
    authorise(ctx.actor, "ledger.read")
    with ctx.world.read() as connection:
        batch = _own(ctx, connection, batch_id)
        noted = batches.rows(connection, batch_id, noted=True)
    path = made.new(ctx.settings.folder, ".xlsx")
    faults = [
        marking.Mark(
            sheet=row.sheet,
            row=problem["row"],
            place=problem["place"],
            severity=problem["severity"],
            words=told(ctx, row.layer, problem, lang),
        )
        for row in noted
        for problem in row.problems
    ]
    faults += [
        marking.Mark(
            sheet=number,
            row=None,
            place=None,
            severity=problem["severity"],
            words=told(ctx, sheet["layer"], problem, lang),
        )
        for number, sheet in enumerate(batch.sheets)
        if sheet["layer"]
        for problem in sheet["problems"]
    ]
    with _refusing():
        marking.write(_path(ctx, batch), path, faults, ctx.policy, lang)
    return path


# ----------------------------------------------------------------------------------------------- apply


def apply(
    ctx: Context,
    batch_id: int,
    *,
    request_id: UUID,
    whole: bool = False,
    remove_gone: bool = False,
    progress: Progress = lambda _stage, _done, _total: None,
) -> Mapping[str, Any]:
    """Apply a previewed batch in one transaction: all its rows, or the good ones.

    whole: refuse when a single row cannot be taken. remove_gone: also remove what the file does not have.
    Raises ConflictError when the store has changed since the preview in rows that the batch touches, or when the rows
    would open a gap in the grids.
    """
    arguments = {"id": batch_id, "whole": whole, "remove_gone": remove_gone}
    earlier = applied(ctx, "ledger.apply", request_id, arguments)
    if earlier is not None:
        return earlier

    def do(connection: Connection, now: datetime) -> Done:
        batch = _own(ctx, connection, batch_id, locked=True)
        if batch.state != "previewed":
            raise ConflictError("ledger_closed", id=batch_id, state=batch.state)
        with _refusing():
            sheets = _made(ctx, connection, batch, progress)
        _refuse_stale(connection, batch_id, sheets)
        faulty = sum(row.outcome == "faulty" for sheet in sheets for row in sheet.rows)
        refused = [sheet.name for sheet in sheets if sheet.refused]
        if whole and (faulty or refused):
            raise ConflictError("ledger_faulty", rows=faulty + len(refused))
        progress("applying", 0, 0)
        gaps = grid_gaps.areas_m2(connection) if _touches_grids(sheets) else {}
        counts = {"new": 0, "changed": 0, "gone": 0}
        kept: dict[str, str] = {}
        for sheet in previews.in_order(sheets):
            if sheet.layer is not None and not sheet.refused:
                _apply_sheet(ctx, connection, batch, sheet, now=now, counts=counts)
        if remove_gone:
            for sheet in reversed(previews.in_order(sheets)):
                if sheet.layer is not None and not sheet.refused:
                    kept |= _remove_gone(connection, batch_id, sheet, counts)
        if opened := grid_gaps.opened(gaps, grid_gaps.areas_m2(connection) if gaps else {}):
            raise ConflictError("ledger_opens_gap", area_m2=round(opened))
        batches.change(connection, batch_id, state="applied", applied_at=now, applied_by=ctx.actor.name)
        if any(sheet.layer is not None and sheet.layer.store in tiles.DRAWN_STORES for sheet in sheets):
            tiles.bake(connection)
        result = {**counts, "skipped": faulty, "kept": kept}
        return Done(subject="ledger", id=batch_id, payload={"file": batch.file, **counts}, result=result)

    return perform(ctx, "ledger.apply", request_id, arguments, do)


def start_apply(
    ctx: Context, batch_id: int, *, request_id: UUID, whole: bool, remove_gone: bool
) -> JobRecord | None:
    """Apply a batch: a small file at once (None), a large one as a job."""
    authorise(ctx.actor, "ledger.apply")
    if _path(ctx, get(ctx, batch_id)).stat().st_size <= SMALL_BYTES:
        apply(ctx, batch_id, request_id=request_id, whole=whole, remove_gone=remove_gone)
        return None

    def work(context: Context, progress: Progress) -> Mapping[str, Any]:
        apply(
            context,
            batch_id,
            request_id=request_id,
            whole=whole,
            remove_gone=remove_gone,
            progress=progress,
        )
        return {"page": f"/ledgers/{batch_id}", "id": batch_id}

    return jobs.start(ctx, "ledger", request_id, {"batch": batch_id}, work)


def _touches_grids(sheets: Sequence[SheetPreview]) -> bool:
    return any(sheet.layer is not None and sheet.layer.store == "grid_cells" for sheet in sheets)


def _refuse_stale(connection: Connection, batch_id: int, sheets: Sequence[SheetPreview]) -> None:
    """Compare what the rows would do now with what the preview told."""

    def key(row: BatchRow) -> tuple[Any, ...]:
        return (row.sheet, row.number, row.code, row.outcome, _comparable(row.changes))

    now = {
        key(row): row for sheet in sheets for row in sheet.rows if row.outcome in {"new", "changed", "gone"}
    }
    then = {
        key(row): row
        for outcome in ("new", "changed", "gone")
        for row in batches.rows(connection, batch_id, outcome=outcome)
    }
    differing = [then.get(one) or now[one] for one in now.keys() ^ then.keys()]
    if differing:
        told_rows = sorted({f"{row.code} {row.name}".strip() for row in differing})
        raise ConflictError("ledger_stale", rows=len(told_rows), names="、".join(told_rows[:_TOLD]))


def _comparable(changes: Mapping[str, Sequence[Any]]) -> tuple[Any, ...]:
    return tuple(sorted((name, repr(list(values))) for name, values in changes.items()))


def _apply_sheet(
    ctx: Context,
    connection: Connection,
    batch: Batch,
    sheet: SheetPreview,
    *,
    now: datetime,
    counts: dict[str, int],
) -> None:
    layer = sheet.layer
    taken = {row.code: row for row in sheet.rows if row.outcome in {"new", "changed"}}
    if layer is None or not taken:
        return
    before = images.take(connection, layer, taken, locked=True)
    report = imports.apply(
        connection, layer, sheet.frame(), ctx.policy, actor=ctx.actor.name, at=now, source=batch.file
    )
    if report.refused or report.problems:
        told_rows = [str(problem.row) for problem in report.problems[:_TOLD]]
        code = report.problems[0].code if report.problems else ""
        raise ConflictError("ledger_row_refused", rows=", ".join(told_rows), problem=code)
    after = images.take(connection, layer, taken)
    kept = {code: (before.get(code), after.get(code)) for code in taken}
    batches.keep_images(connection, batch.id, sheet.number, kept)
    counts["new"] += report.counts.new
    counts["changed"] += report.counts.changed


def _remove_gone(
    connection: Connection, batch_id: int, sheet: SheetPreview, counts: dict[str, int]
) -> dict[str, str]:
    layer = sheet.layer
    gone = [row.code for row in sheet.rows if row.outcome == "gone"]
    if layer is None or not gone:
        return {}
    before = images.take(connection, layer, gone, locked=True)
    kept = images.remove(connection, layer, gone)
    removed = {code: (before[code], None) for code in gone if code in before and code not in kept}
    batches.keep_images(connection, batch_id, sheet.number, removed)
    counts["gone"] += len(removed)
    return kept


# ----------------------------------------------------------------------------------------------- undo


def undo(ctx: Context, batch_id: int, *, request_id: UUID) -> Mapping[str, Any]:
    """Bring every row that a batch touched back to what it was, in one transaction.

    Raises ConflictError, with the rows, where some were changed or used since.
    """

    def do(connection: Connection, now: datetime) -> Done:
        batch = _own(ctx, connection, batch_id, locked=True)
        if batch.state != "applied":
            raise ConflictError("ledger_not_applied", id=batch_id, state=batch.state)
        if ctx.actor.area is not None and not scope.covers(ctx.actor, batch.area_code):
            raise NotAllowedError("outside_your_area", area=ctx.actor.area)
        touched = batches.images(connection, batch_id)
        _refuse_changed(ctx, connection, touched)
        stuck: list[str] = []
        for _sheet, code, layer, before, after in _by_layer(ctx, touched):
            if before is not None:
                images.restore(connection, layer, before, after, actor=ctx.actor.name, at=now)
            elif hanging := images.take_out(connection, layer, code, actor=ctx.actor.name, at=now):
                stuck.append(f"{code} ({', '.join(f'{name} {n}' for name, n in hanging.items())})")
        if stuck:
            raise ConflictError("ledger_used_since", rows=len(stuck), names="、".join(stuck[:_TOLD]))
        batches.change(connection, batch_id, state="undone", undone_at=now, undone_by=ctx.actor.name)
        if any(ctx.policy.layers[one[1]].store in tiles.DRAWN_STORES for one in touched):
            tiles.bake(connection)
        payload = {"file": batch.file, "rows": len(touched)}
        return Done(subject="ledger", id=batch_id, payload=payload, result={"rows": len(touched)})

    return perform(ctx, "ledger.undo", request_id, {"id": batch_id}, do)


def _by_layer(ctx: Context, touched: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Order rows so that those that name others go first, the last written first."""
    order = {code: place for place, code in enumerate(previews.layers_in_order(ctx.policy))}
    rows_ = [
        (sheet, code, ctx.policy.layers[layer], before, after)
        for sheet, layer, code, before, after in touched
    ]
    removed = [row for row in rows_ if row[4] is None]
    kept = [row for row in rows_ if row[4] is not None]
    kept.sort(key=lambda row: -order[row[2].code])
    removed.sort(key=lambda row: order[row[2].code])
    return [*removed, *kept]


def _refuse_changed(ctx: Context, connection: Connection, touched: Iterable[tuple[Any, ...]]) -> None:
    """Raise ConflictError where rows are no longer what the batch made of them."""
    by_layer: dict[str, list[tuple[str, Any, Any]]] = {}
    for _sheet, layer, code, before, after in touched:
        by_layer.setdefault(layer, []).append((code, before, after))
    changed: list[str] = []
    for code_of_layer, rows_ in by_layer.items():
        named = ctx.policy.layers[code_of_layer]
        standing = images.take(connection, named, [code for code, _, _ in rows_], locked=True)
        for code, before, after in rows_:
            now = standing.get(code)
            names = images.differing(before, after) if before is not None and after is not None else None
            if (now is None) != (after is None) or (
                now is not None and any(now[name] != after[name] for name in (names or after))
            ):
                changed.append(code)
    if changed:
        raise ConflictError("ledger_changed_since", rows=len(changed), names="、".join(changed[:_TOLD]))
