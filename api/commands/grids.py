"""Commands about responsibility grids: ask, list, look at one, and who answers."""

from datetime import datetime
from typing import Annotated

import typer
from pydantic import BaseModel

from api.http.grid_models import Duty, Grid, GridAnswer, GridOverview, GridTotal
from api.terminal import AsJson, RequestId, acting, show
from api.usecases import grids
from gis.crs import DATUMS, Datum

app = typer.Typer(no_args_is_help=True)

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
