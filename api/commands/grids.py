"""Commands about responsibility grids: ask, list, look at one, and who answers."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from pydantic import BaseModel

from api.http.grid_models import (
    Duty,
    Grid,
    GridAnswer,
    GridFinding,
    GridMade,
    GridMadeRow,
    GridOverview,
    GridReport,
    GridTotal,
)
from api.terminal import AsJson, RequestId, acting, progress_bar, show
from api.usecases import grid_checks, grid_edits, grid_making, grids, undoing
from api.usecases.grid_edits import Edit, Proposal
from api.usecases.grid_making import GUIDES, METHODS, Wish
from gis.crs import DATUMS, Datum

app = typer.Typer(
    help="Responsibility grids: ask, check, make, change, and who answers.", no_args_is_help=True
)

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As of the end of this day.")]
Theme = Annotated[str | None, typer.Option(help="forest_fire, geohazard, safety … ; none: all.")]
CELL_COLUMNS = ("theme", "level", "code", "name", "alias", "area_km2", "parent")
TOTAL_COLUMNS = ("theme", "level", "cells", "area_km2", "people")


class _Named(BaseModel):
    theme: str
    level: int
    grid: str
    grid_name: str
    rank: str
    role: str
    person: str
    phone: str
    organisation: str


class _Held(BaseModel):
    kind: str
    subject: str
    subject_name: str
    role: str
    rank: str
    valid_from: object
    valid_to: object


@app.command("at")
def grids_at(
    place: Annotated[str, typer.Argument(metavar="LON,LAT|BEIDOU|CODE|NAME")],
    *,
    datum: Annotated[str, typer.Option(help=", ".join(DATUMS))] = "CGCS2000",
    theme: Theme = None,
    day: Day = None,
    as_json: AsJson = False,
) -> None:
    """Tell the leaf grid of a place and who answers for it, up to the county."""
    with acting() as context:
        found = grids.at(context, place, datum=_datum(datum), theme=theme, day=day.date() if day else None)
    if as_json:
        show(GridAnswer.model_validate(found), (), as_json=True)
        return
    rows = [
        _Named(
            theme=chain.theme,
            level=link.cell.level,
            grid=link.cell.code,
            grid_name=link.cell.name,
            rank=duty.rank if duty else "",
            role=duty.role if duty else "nobody",
            person=duty.person.name if duty else "",
            phone=duty.person.phone if duty else "",
            organisation=duty.person.organisation if duty else "",
        )
        for chain in found.chains
        for link in chain.links
        for duty in link.duties or (None,)
    ]
    show(rows, tuple(_Named.model_fields), as_json=False)


def _datum(text: str) -> Datum:
    for datum in DATUMS:
        if datum == text.upper():
            return datum
    raise typer.BadParameter(f"{text!r} is none of {', '.join(DATUMS)}")


@app.command("of")
def grids_of(person: str, *, day: Day = None, as_json: AsJson = False) -> None:
    """List all that a person (by code) answers for."""
    with acting() as context:
        found = grids.duties_of(context, person, day=day.date() if day else None)
    if as_json:
        show([Duty.model_validate(one) for one in found], (), as_json=True)
    else:
        rows = [_Held(**{name: getattr(one, name) for name in _Held.model_fields}) for one in found]
        show(rows, tuple(_Held.model_fields), as_json=False)


@app.command("list")
def list_grids(
    *,
    theme: Theme = None,
    level: Annotated[int | None, typer.Option(min=1, max=5)] = None,
    parent: Annotated[str | None, typer.Option(help="Only what lies right under this cell.")] = None,
    as_json: AsJson = False,
) -> None:
    """List cells, the widest first."""
    with acting() as context:
        found = grids.listing(context, theme=theme, level=level, parent=parent)
    show([Grid.model_validate(one) for one in found], CELL_COLUMNS, as_json=as_json)


@app.command("overview")
def overview(*, as_json: AsJson = False) -> None:
    """Count cells, land and persons."""
    with acting() as context:
        found = GridOverview.model_validate(grids.overview(context))
    if as_json:
        show(found, (), as_json=True)
        return
    show([GridTotal.model_validate(one) for one in found.totals], TOTAL_COLUMNS, as_json=False)
    for theme, count in found.persons.items():
        typer.echo(f"{theme}: {count} persons")


@app.command("assign")
def assign(
    grid: str,
    person: Annotated[str, typer.Argument(help="Code of a person.")],
    role: Annotated[str, typer.Argument(help="grid_head, grid_deputy, ranger …")],
    *,
    rank: Annotated[str, typer.Option(help="A answers first, B stands in.")] = "A",
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day.")] = None,
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Let a person answer for a cell."""
    with acting() as context:
        duty = grids.assign(
            context,
            grid,
            request_id=request_id,
            person=person,
            role=role,
            rank=rank,
            valid_from=since.date() if since else None,
            valid_to=until.date() if until else None,
        )
    show(Duty.model_validate(duty), ("code", "role", "rank", "valid_from", "valid_to"), as_json=as_json)


@app.command("end-duty")
def end_duty(
    duty: Annotated[str, typer.Argument(help="Code of the duty.")],
    *,
    last_day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="None: it ended yesterday.")
    ] = None,
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Let a duty for a cell end."""
    with acting() as context:
        ended = grids.end_duty(
            context, duty, request_id=request_id, last_day=last_day.date() if last_day else None
        )
    show(Duty.model_validate(ended), ("code", "role", "rank", "valid_from", "valid_to"), as_json=as_json)


OneTheme = Annotated[str, typer.Option(help="Which theme.")]


@app.command("check")
def check(*, theme: OneTheme = "forest_fire", as_json: AsJson = False) -> None:
    """Name everything that is wrong with the grids of a theme and their persons; exit code 1 where there is anything."""
    with acting() as context:
        found = grid_checks.report(context, theme)
    if as_json:
        show(GridReport.model_validate(found), (), as_json=True)
    else:
        columns = ("code", "grids", "names", "level", "area_m2", "count", "person", "mendable")
        show([GridFinding.model_validate(one) for one in found.findings], columns, as_json=False)
        typer.echo(
            f"{found.covered_km2:.3f} of {found.land_km2:.3f} km2 have a responsible person; "
            f"{found.uncovered_km2:.3f} km2 have none"
        )
    raise typer.Exit(1 if found.findings else 0)


@app.command("mend")
def mend(
    *,
    theme: OneTheme = "forest_fire",
    preview: Annotated[bool, typer.Option("--preview", help="Only tell what would change.")] = False,
    request_id: RequestId,
) -> None:
    """Mend hairline gaps, overlaps, overhangs and slivers."""
    with acting() as context:
        found = grid_checks.propose_mending(context, theme)
        for one in found.changes:
            typer.echo(f"{one.code}: {one.before_km2:.6f} -> {one.after_km2:.6f} km2")
        if not preview:
            changed = grid_checks.mend(context, theme, number=found.number, request_id=request_id)
            typer.echo(f"{changed} cell(s) changed, {found.left} fault(s) left")


@app.command("split")
def split(
    grid: str,
    line: Annotated[Path, typer.Argument(exists=True, help="File with a GeoJSON LineString.")],
    *,
    preview: Annotated[bool, typer.Option("--preview", help="Only tell what would change.")] = False,
    request_id: RequestId,
) -> None:
    """Split a leaf grid along a line."""
    _edit(Edit(kind="split", grids=(grid,), line=json.loads(line.read_text())), request_id, preview=preview)


@app.command("merge")
def merge(
    grid: list[str],
    *,
    preview: Annotated[bool, typer.Option("--preview", help="Only tell what would change.")] = False,
    request_id: RequestId,
) -> None:
    """Merge leaf grids of one village; the lowest code stays."""
    _edit(Edit(kind="merge", grids=tuple(grid)), request_id, preview=preview)


@app.command("border")
def border(
    first: str,
    second: str,
    line: Annotated[Path, typer.Argument(exists=True, help="File with a GeoJSON LineString.")],
    *,
    preview: Annotated[bool, typer.Option("--preview", help="Only tell what would change.")] = False,
    request_id: RequestId,
) -> None:
    """Lay the border of two leaf grids along a line; both follow, and their parents where those differ."""
    _edit(
        Edit(kind="border", grids=(first, second), line=json.loads(line.read_text())),
        request_id,
        preview=preview,
    )


@app.command("rename")
def rename(
    grid: str,
    *,
    name: Annotated[str | None, typer.Option(help="Chinese name.")] = None,
    name_en: Annotated[str | None, typer.Option(help="English name.")] = None,
    alias: Annotated[str | None, typer.Option(help="The bureau's own code.")] = None,
    request_id: RequestId,
) -> None:
    """Give a cell another name, or the bureau's own code."""
    _edit(Edit(kind="rename", grids=(grid,), name=name, name_en=name_en, alias=alias), request_id)


def _edit(edit: Edit, request_id: UUID, *, preview: bool = False) -> None:
    with acting() as context:
        found: Proposal = (
            grid_edits.preview(context, edit)
            if preview
            else grid_edits.apply(context, edit, request_id=request_id)
        )
    for one in found.changes:
        typer.echo(f"{one.code}: {one.before_km2:.3f} -> {one.after_km2:.3f} km2")
    for duty in found.ending:
        typer.echo(f"ends: {duty.code}")


@app.command("make")
def make(
    area: Annotated[str, typer.Argument(help="12-digit code of a county, township or village.")],
    *,
    theme: OneTheme = "forest_fire",
    method: Annotated[str, typer.Option(help=", ".join(METHODS))] = "divide",
    each: Annotated[int | None, typer.Option(min=1, help="Cells for every village.")] = None,
    total: Annotated[int | None, typer.Option(min=1, help="Cells for all villages together.")] = None,
    size_m: Annotated[int | None, typer.Option(min=100, help="Side of a square.")] = None,
    beidou_level: Annotated[int | None, typer.Option(min=1, max=6)] = None,
    file: Annotated[
        Path | None, typer.Option(exists=True, help="Polygons: GeoJSON, GeoPackage, Shapefile, KML.")
    ] = None,
    follow: Annotated[str, typer.Option(help="What borders follow, separated by commas.")] = ",".join(GUIDES),
    by_area: float = 0.4,
    by_people: float = 0.3,
    by_risk: float = 0.3,
    apply: Annotated[
        bool, typer.Option("--apply", help="Write it; otherwise only a preview is made.")
    ] = False,
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Make the leaf grids of all villages of an area: a preview, and with --apply one act."""
    chosen = next((one for one in METHODS if one == method), None)
    if chosen is None:
        raise typer.BadParameter(f"{method!r} is none of {', '.join(METHODS)}")
    wish = Wish(
        theme=theme,
        area=area,
        method=chosen,
        each=each,
        total=total,
        size_m=size_m,
        beidou_level=beidou_level,
        drawn=tuple(grid_making.polygons_of(file)) if file else (),
        guides=tuple(filter(None, follow.split(","))),
        by_area=by_area,
        by_people=by_people,
        by_risk=by_risk,
    )
    with acting() as context:
        with progress_bar() as told:
            preview = grid_making.make(context, wish, told)
        if apply:
            grid_making.apply(context, preview.name, request_id=request_id)
    if as_json:
        show(GridMade.model_validate(preview), (), as_json=True)
        return
    show(
        [GridMadeRow.model_validate(row) for row in preview.rows],
        tuple(GridMadeRow.model_fields),
        as_json=False,
    )
    typer.echo(", ".join(f"{count} {state}" for state, count in preview.counts.items()))
    for one in preview.upper:
        typer.echo(f"level {one['level']}: {one['cells']} made from {one['origin']}")
    if preview.landless:
        typer.echo(f"without land: {', '.join(preview.landless)}")
    if preview.gap is not None:
        typer.echo(f"at most {preview.gap:.1%} above the best there can be, on average")


@app.command("apply")
def apply_made(name: str, *, request_id: RequestId) -> None:
    """Write a preview that was made before."""
    with acting() as context:
        done = grid_making.apply(context, name, request_id=request_id)
    typer.echo(", ".join(f"{count} {state}" for state, count in done.items()))


@app.command("undo")
def undo(number: Annotated[int, typer.Argument(help="Of the timeline.")], *, request_id: RequestId) -> None:
    """Take a change of grids, or of who answers for them, back."""
    with acting() as context:
        undoing.take_grids_back(context, number, request_id=request_id)
