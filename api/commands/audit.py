"""Commands about the journal: verify it, print its seal, take it out."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from api.http.models import AuditVerdict
from api.terminal import REFUSED, AsJson, RequestId, acting
from api.usecases import audit

app = typer.Typer(help="The journal: verify, seal, export.", no_args_is_help=True)


@app.command("verify")
def verify(
    seal: Annotated[str | None, typer.Option(help="A seal that was kept elsewhere: NUMBER:HASH.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Recompute the hash chain; name the first broken row and exit with 1 where there is one."""
    with acting() as context:
        found = audit.verify(context, audit.read_seal(seal) if seal else None)
    if as_json:
        typer.echo(
            AuditVerdict(
                rows=found.rows, seal=str(found.seal), broken=found.broken, why=found.why
            ).model_dump_json(indent=2)
        )
    elif found.broken is None:
        typer.echo(f"{found.rows} rows, all as they were written. Seal: {found.seal}")
    else:
        typer.echo(f"Broken at row {found.broken}: {found.why} ({found.rows} rows)", err=True)
    if found.broken is not None:
        sys.exit(REFUSED)


@app.command("seal")
def print_seal() -> None:
    """Print the journal's last number and hash; kept elsewhere, it shows later whether the end was cut off."""
    with acting() as context:
        typer.echo(str(audit.seal(context)))


@app.command("export")
def export(file: Path, actor: str | None = None, act: str | None = None, *, request_id: RequestId) -> None:
    """Write the journal as CSV."""
    with acting() as context:
        text = audit.export(context, audit.Filter(actor=actor, act=act), request_id=request_id)
    file.write_text(text, encoding="utf-8-sig")  # a spreadsheet takes it for UTF-8 by its mark
