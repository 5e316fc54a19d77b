"""Commands for ledgers on their way in."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic_core import to_json
from rich.table import Table

from api.context import Context
from api.terminal import REFUSED, AsJson, RequestId, acting, cell, console, progress_bar
from api.usecases import ledgers
from data.batches import Batch

app = typer.Typer(no_args_is_help=True, help="Ledgers coming in: preview, correct, apply, undo.")

SHOWN = 20


@app.command("preview")
def preview(
    file: Path,
    layer: Annotated[str | None, typer.Option(help="Of the only sheet, or of the one named.")] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook.")] = None,
    datum: Annotated[str | None, typer.Option(help="CGCS2000, WGS84, GCJ02 or BD09.")] = None,
    *,
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Compare a file with the store: what is new, changed, gone, and what is wrong with it. Nothing is applied."""
    with acting() as context, progress_bar() as progress:
        with file.open("rb") as content:
            kept = ledgers.keep(context, file.name, content)
        number = ledgers.upload(
            context, kept, file.name, request_id=request_id, datum=datum, layer=layer, sheet=sheet
        )
        ledgers.preview(context, number, progress)
        _show(context, ledgers.get(context, number), as_json=as_json)


@app.command("correct")
def correct(
    batch: int,
    sheet: Annotated[int, typer.Argument(min=0)],
    layer: Annotated[str | None, typer.Option(help="Of which layer the sheet is; empty for none.")] = None,
    value: Annotated[
        list[str] | None, typer.Option("--cell", metavar="ROW,COLUMN=VALUE", help="Column from 0.")
    ] = None,
    every: Annotated[
        list[str] | None, typer.Option("--all", metavar="FIELD=VALUE", help="The same in every row.")
    ] = None,
    *,
    request_id: RequestId,
    as_json: AsJson = False,
) -> None:
    """Say what a sheet is or a cell should be, and preview again."""
    cells = [_cell(one) for one in value or ()]
    constants = dict(_pair(one) for one in every) if every else None
    with acting() as context, progress_bar() as progress:
        ledgers.correct(
            context,
            batch,
            request_id=request_id,
            sheet=sheet,
            layer=layer,
            cells=cells,
            constants=constants,
        )
        ledgers.preview(context, batch, progress)
        _show(context, ledgers.get(context, batch), as_json=as_json)


@app.command("save-mapping")
def save_mapping(batch: int, sheet: int, name: str, *, request_id: RequestId) -> None:
    """Save a sheet's columns for the next file with the same headers."""
    with acting() as context:
        ledgers.save_mapping(context, batch, request_id=request_id, sheet=sheet, name=name)
    typer.echo("Saved.")


@app.command("apply")
def apply(
    batch: int,
    *,
    whole: Annotated[bool, typer.Option("--whole", help="Take all rows or none.")] = False,
    remove_gone: Annotated[
        bool, typer.Option("--remove-gone", help="Remove what the file does not have.")
    ] = False,
    request_id: RequestId,
) -> None:
    """Apply a previewed batch as one act."""
    with acting() as context, progress_bar() as progress:
        done = ledgers.apply(
            context,
            batch,
            request_id=request_id,
            whole=whole,
            remove_gone=remove_gone,
            progress=progress,
        )
    typer.echo(
        f"{done['new']} new, {done['changed']} changed, {done['gone']} removed, {done['skipped']} left out"
    )
    for code, why in done["kept"].items():
        typer.echo(f"{code} stays: {why}", err=True)


@app.command("undo")
def undo(batch: int, *, request_id: RequestId) -> None:
    """Bring every row that a batch touched back to what it was."""
    with acting() as context:
        done = ledgers.undo(context, batch, request_id=request_id)
    typer.echo(f"{done['rows']} rows are as they were")


@app.command("drop")
def drop(batch: int, *, request_id: RequestId) -> None:
    """Put a batch aside that shall not be applied."""
    with acting() as context:
        ledgers.drop(context, batch, request_id=request_id)
    typer.echo("Dropped.")


@app.command("batches")
def list_batches(*, as_json: AsJson = False) -> None:
    """List the newest batches."""
    with acting() as context:
        found = ledgers.listing(context)
    if as_json:
        typer.echo(to_json(found, indent=2).decode())
        return
    table = Table("id", "file", "state", "made_at", "made_by", "rows", box=None)
    for batch in found:
        rows = sum(sheet["rows"] for sheet in batch.sheets)
        table.add_row(*map(cell, (batch.id, batch.file, batch.state, batch.made_at, batch.made_by, rows)))
    console().print(table)


@app.command("marked")
def marked(batch: int, file: Path) -> None:
    """Write the workbook with its faulty cells coloured and explained."""
    with acting() as context:
        file.write_bytes(ledgers.marked(context, batch, "zh").read_bytes())
    typer.echo(str(file))


def _show(context: Context, batch: Batch, *, as_json: bool) -> None:
    if as_json:
        typer.echo(to_json(batch, indent=2).decode())
    else:
        for sheet in batch.sheets:
            counts = ", ".join(f"{count} {outcome}" for outcome, count in sheet["counts"].items())
            typer.echo(f"{sheet['name'] or batch.file} → {sheet['layer'] or '-'}: {counts}")
            for problem in sheet["problems"]:
                typer.echo(ledgers.told(context, sheet["layer"], problem, "en"), err=True)
        for row in ledgers.rows(context, batch.id, outcome="faulty", limit=SHOWN):
            for problem in row.problems:
                typer.echo(ledgers.told(context, row.layer, problem, "en"), err=True)
        typer.echo(f"Batch {batch.id}: {batch.state}. Apply it with: muster ledger apply {batch.id}")
    if batch.state == "refused":
        raise typer.Exit(REFUSED)


def _pair(said: str) -> tuple[str, str]:
    name, equals, value = said.partition("=")
    if not equals:
        raise typer.BadParameter(f"{said!r} is not NAME=VALUE")
    return name, value


def _cell(said: str) -> tuple[int, int, str]:
    name, value = _pair(said)
    row, _, column = name.partition(",")
    if not row.isdecimal() or not column.isdecimal():
        raise typer.BadParameter(f"{said!r} is not ROW,COLUMN=VALUE")
    return int(row), int(column), value
