"""`muster atlas`: the responsibility atlas as one PDF."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal, get_args

import typer
from pydantic_core import to_json

from api.terminal import AsJson, RequestId, acting, progress_bar
from api.usecases import atlas
from api.usecases.atlas import Wish
from gis.atlas import SheetKind, SheetLevel


def make(
    *,
    kind: Annotated[SheetKind, typer.Option(help="Which of the four maps.")] = "responsibility",
    area: Annotated[
        str | None, typer.Option(help="Code of a county, township or village; the county where not said.")
    ] = None,
    levels: Annotated[
        str,
        typer.Option(help=f"Some of {', '.join(get_args(SheetLevel))}, apart by commas; all where not said."),
    ] = "",
    paper: Annotated[Literal["A3", "A4", "both"], typer.Option(help="On which paper.")] = "A3",
    theme: Annotated[str | None, typer.Option(help="Of the grid; the kind's own where not said.")] = None,
    lang: Annotated[Literal["zh", "en"], typer.Option(help="Language of the sheets.")] = "zh",
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("atlas.pdf"),
    site: Annotated[
        str,
        typer.Option(help="Where the live pages are, for the QR codes; from the settings where not said."),
    ] = "",
    processes: Annotated[
        int | None, typer.Option(min=1, help="Processes that draw; as many as there are cores.")
    ] = None,
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Make an atlas: the county, each township, village and leaf grid, in one PDF with names and phone numbers."""
    wish = Wish(kind=kind, area=area, levels=_levels(levels), paper=paper, theme=theme, lang=lang)
    with acting() as context, progress_bar() as progress:
        made = atlas.make(
            context, wish, out, request_id=request_id, site=site, progress=progress, processes=processes
        )
    if as_json:
        typer.echo(to_json(asdict(made) if made else None).decode())
    elif made is None:
        typer.echo("Made before.")
    else:
        typer.echo(f"{out}: {made.sheets} sheets on {made.pages} pages, {made.bytes / 1e6:.1f} MB")


def _levels(text: str) -> tuple[SheetLevel, ...]:
    wanted = [one.strip() for one in text.split(",") if one.strip()]
    known = get_args(SheetLevel)
    if not set(wanted) <= set(known):
        raise typer.BadParameter(f"levels are {', '.join(known)}")
    return tuple(level for level in known if level in wanted)
