"""`muster county …`: a whole county out to one file, and in from it."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from pydantic_core import to_json
from rich.table import Table

from api.terminal import AsJson, RequestId, WithoutPeople, acting, console, progress_bar
from api.usecases import county
from api.usecases.county import Import

app = typer.Typer(
    no_args_is_help=True, help="A whole county in one file: reference rows, roads, lots, policy."
)


@app.command("export")
def take_out(
    file: Path,
    *,
    with_accounts: Annotated[
        bool, typer.Option("--with-accounts", help="Names and roles of accounts too; never passwords.")
    ] = False,
    without_people: WithoutPeople = False,
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Write the county to a zip. It holds names and phone numbers, unless told otherwise: keep it as you keep those."""
    with acting() as context, progress_bar() as progress:
        progress("export", 0, 0)
        counts = county.write(
            context, file, request_id=request_id, accounts=with_accounts, people=not without_people
        )
    if as_json:
        typer.echo(to_json(counts).decode())
    else:
        typer.echo("Exported before." if counts is None else f"{file}: {sum(counts.values()):,} rows")


@app.command("import")
def bring_in(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    *,
    preview: Annotated[bool, typer.Option("--preview", help="Only tell what would be done.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Bring a county's zip in, all or nothing. Known codes are replaced, others added, what is not in it stays."""
    with acting() as context, progress_bar() as progress:
        progress("preview", 0, 0)
        found: Import | None = county.preview(context, file)
    if not (preview or yes):
        _show(found, as_json=False)
        typer.confirm("Do this?", abort=True)
    if not preview:
        with acting() as context, progress_bar() as progress:
            progress("import", 0, 0)
            found = county.read(context, file, request_id=request_id)
    _show(found, as_json=as_json)


def _show(found: Import | None, *, as_json: bool) -> None:
    if as_json:
        typer.echo(to_json(asdict(found) if found else None, indent=2).decode())
        return
    if found is None:
        typer.echo("Imported before.")
        return
    table = Table("table", "new", "changed", "same", box=None)
    for one in found.counts:
        table.add_row(one.table, f"{one.new:,}", f"{one.changed:,}", f"{one.same:,}")
    console().print(table)
    for name in found.policy:
        typer.echo(f"policy/{name} is not the same here; it was left as it is.", err=True)
