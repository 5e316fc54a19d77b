"""`muster check …`: put the whole to the test."""

from typing import Annotated

import typer
from pydantic_core import to_json
from rich.table import Table

from api.storm.run import Report, Weather, run
from api.terminal import REFUSED, AsJson, console

app = typer.Typer(no_args_is_help=True, help="Put the whole to the test, on a database of its own.")


@app.callback()
def group() -> None:
    """Keep `storm` a command of its group while it is the only one."""


@app.command("storm")
def raise_storm(
    clients: Annotated[int, typer.Option(min=1, max=1000, help="Clients that act at once.")] = 64,
    minutes: Annotated[float, typer.Option(min=0.1, help="How long they act.")] = 10.0,
    workers: Annotated[int, typer.Option(min=2, max=64, help="Application workers.")] = 3,
    seed: Annotated[
        int, typer.Option(help="The same seed rolls the same dice and kills at the same moments.")
    ] = 1,
    *,
    as_json: AsJson = False,
) -> None:
    """Let many clients act over the same teams and stock while workers and PostgreSQL are killed; then check all.

    Exit code 1 when anything was lost, doubled or left half-done. The county's own data is never touched.
    """
    weather = Weather.of(clients=clients, minutes=minutes, workers=workers, seed=seed)
    report = run(weather, told=lambda line: typer.echo(line, err=True))
    if as_json:
        typer.echo(to_json(report, indent=2).decode())
    else:
        _print(report)
    if not report.ok:
        raise typer.Exit(REFUSED)


def _print(report: Report) -> None:
    typer.echo(
        f"seed {report.seed}: {report.clients} clients, {report.workers} workers, {report.seconds:g} s; "
        f"killed: {', '.join(f'{count} × {victim}' for victim, count in report.kills.items()) or 'nothing'}"
    )
    table = Table("act", "done", "refused", "unknown", "tries", "p50 s", "p95 s", box=None)
    for act in report.acts:
        table.add_row(
            act.act,
            *(str(number) for number in (act.done, act.refused, act.unknown, act.tries)),
            f"{act.p50_s:.2f}",
            f"{act.p95_s:.2f}",
        )
    console().print(table)
    typer.echo(
        f"journal: {report.journal} acts; sent again on purpose: {report.sent_again}; "
        f"longest time without a confirmed act: {report.longest_silence_s:.1f} s"
    )
    typer.echo(f"listeners: {report.listeners}, which came back {report.reconnections} times")
    for wrong in report.violations:
        typer.echo(f"VIOLATION {wrong.code}: {wrong.subject} {wrong.id} {dict(wrong.numbers)}")
    typer.echo(
        "nothing was lost, doubled or left half-done" if report.ok else f"{len(report.violations)} violations"
    )
