"""Commands that take ledgers out."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.terminal import RequestId, WithoutPeople, acting
from api.usecases import taking_out

app = typer.Typer(no_args_is_help=True, help="Take ledgers out, and the workbooks to fill in.")


class Language(StrEnum):
    """Of a template's headers and choices."""

    CHINESE = "zh"
    ENGLISH = "en"


@app.command("layer")
def export_layer(
    layer: Annotated[str, typer.Argument(help="Code of the layer, such as teams.")],
    file: Annotated[Path, typer.Argument(help="Its suffix says the format: .xlsx, .csv, .gpkg or .geojson.")],
    *,
    without_people: WithoutPeople = False,
    request_id: RequestId,
) -> None:
    """Write a layer to a file that `import layer … --datum CGCS2000` reads back, names and phones unless told otherwise."""
    with acting() as context:
        rows = taking_out.layer(context, layer, file, request_id=request_id, people=not without_people)
    typer.echo("Exported before." if rows is None else f"{file}: {rows} rows")


@app.command("template")
def export_template(
    layer: Annotated[
        str, typer.Argument(help="Code of the layer, such as teams; `all`: every layer, a sheet each.")
    ],
    file: Annotated[Path, typer.Argument(help="An .xlsx file.")],
    lang: Annotated[Language, typer.Option(help="Language of its headers and choices.")] = Language.CHINESE,
) -> None:
    """Write the empty workbook of a layer: starred headers with notes, choices to pick from, an example row."""
    with acting() as context:
        taking_out.template(context, [] if layer == "all" else [layer], file, lang=lang.value)
    typer.echo(str(file))
