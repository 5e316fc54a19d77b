"""The command that scores the resource database."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from api.commands.taking import Language
from api.http.models import Completeness
from api.terminal import AsJson, acting, console
from api.usecases import completeness
from data.completeness import score


def show_completeness(
    file: Annotated[Path | None, typer.Argument(help="An .xlsx file, with the list of what to mend.")] = None,
    lang: Annotated[Language, typer.Option(help="Language of the table.")] = Language.CHINESE,
    *,
    as_json: AsJson = False,
) -> None:
    """Score every layer by township: filled in, fresh, beyond doubt; 100 is the most."""
    with acting() as context:
        if file is not None:
            completeness.write(context, file, lang.value)
            typer.echo(str(file))
            return
        standing = completeness.standing(context)
        if as_json:
            typer.echo(Completeness.of(standing, context.policy).model_dump_json(indent=2))
            return
        names = [completeness.name_of(context, one, lang.value) for one in standing.townships]
        table = Table("", context.policy.word("scores", "all", lang.value), *names, box=None)
        for layer in standing.layers:
            own = [cell for cell in standing.cells if cell.layer == layer.code]
            line = [own, *([one for one in own if one.township == each.code] for each in standing.townships)]
            scores = (score(cells, context.policy) for cells in line)
            table.add_row(layer.words[lang.value], *("-" if one is None else f"{one:.0f}" for one in scores))
    console().print(table)
