"""`muster db …`: make, upgrade, back up, restore and rehearse."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic_core import to_json
from rich.table import Table

from api import rehearsal, runtime
from api.settings import Settings
from api.terminal import REFUSED, AsJson, acting, cell, console, progress_bar, settings_or_exit
from api.usecases import accounts
from data import archive, backup, migrate
from data.archive import Backup
from data.backup import BackupError
from data.cluster import Cluster

app = typer.Typer(no_args_is_help=True, help="The database: make, upgrade, back up, restore, rehearse.")

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command()
def init() -> None:
    """Make the schema and the first administrator, whose password is printed this once."""
    with acting() as context:
        password = accounts.set_up(context)
    if password is None:
        typer.echo("There is an administrator already; nothing was made.")
    else:
        typer.echo(f"name: {accounts.FIRST_ADMINISTRATOR}\npassword: {password}")


@app.command()
def upgrade() -> None:
    """Bring the schema up to date. Every start does so too."""
    with acting():
        typer.echo(f"The schema stands at {migrate.head()}.")


@app.command("backup")
def back_up(
    file: Annotated[
        Path | None, typer.Argument(help="A file; none: into the archive, the oldest go.")
    ] = None,
    *,
    base: Annotated[
        bool,
        typer.Option(
            "--base", help="Copy the whole cluster and keep its log: restores to any moment from now on."
        ),
    ] = False,
) -> None:
    """Write everything into one file, or into the archive, while the server runs."""
    settings = settings_or_exit()
    if base and file is not None:
        raise typer.BadParameter("a base backup goes into the archive (MUSTER_ARCHIVE)")
    with runtime.database(settings) as url, progress_bar() as progress:
        progress("backup", 0, 0)
        if file is not None:
            backup.backup(runtime.address(url), file)
            made, size = file, file.stat().st_size
        else:
            done = _into_archive(settings, url, base=base)
            made, size = done.path, done.size_bytes
    typer.echo(f"{made}: {size:,} bytes")


def _into_archive(settings: Settings, url: str, *, base: bool) -> Backup:
    if base:
        return archive.base(_embedded(settings), settings.backups.resolve(), keep=settings.keep_backups)
    return archive.dump(
        runtime.address(url), settings.backups, at=datetime.now(UTC), keep=settings.keep_backups
    )


def _embedded(settings: Settings) -> Cluster:
    if settings.database_url is not None:
        raise BackupError(
            "MUSTER_DATABASE_URL names a server of its own: base backups are its administrator's (docs/deployment.md)."
        )
    return runtime.cluster(settings)


@app.command()
def backups(*, as_json: AsJson = False) -> None:
    """List the backups in the archive, the newest first."""
    settings = settings_or_exit()
    found = archive.listed(settings.backups)
    if as_json:
        typer.echo(to_json([asdict(one) for one in found], indent=2).decode())
        return
    table = Table("kind", "at", "MB", "where", box=None)
    for one in found:
        at = one.at.astimezone(settings.zone).strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(one.kind, at, f"{one.size_bytes / 1e6:.1f}", str(one.path))
    console().print(table)
    last = archive.last_rehearsal(settings.backups)
    told = (
        f"{last.at.astimezone(settings.zone):%Y-%m-%d %H:%M}, {'good' if last.ok else 'FAILED'}"
        if last
        else "never"
    )
    typer.echo(f"A restore was last rehearsed: {told}.")


@app.command()
def restore(
    file: Annotated[Path | None, typer.Argument(exists=True, dir_okay=False)] = None,
    *,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="MOMENT",
            help='Back to a moment, such as "2026-11-22 14:03" by the place\'s clock, or "latest".',
        ),
    ] = None,
    yes: Yes = False,
) -> None:
    """Make the database what a backup holds, or what it was at a moment. Stop the server first."""
    if (file is None) == (to is None):
        raise typer.BadParameter("give either a file or --to MOMENT")
    settings = settings_or_exit()
    moment = _moment(to, settings) if to is not None else None
    if not yes:
        typer.confirm("Everything in the present database is replaced. Go on?", abort=True)
    if file is None:
        _restore_to(settings, moment)
        return
    with runtime.database(settings) as url, progress_bar() as progress:
        progress("restore", 0, 0)
        backup.restore(runtime.address(url), file)
    typer.echo("Restored.")


def _moment(words: str, settings: Settings) -> datetime | None:
    if words == "latest":
        return None
    try:
        moment = datetime.fromisoformat(words)
    except ValueError:
        raise typer.BadParameter(f'{words!r} is not a moment like "2026-11-22 14:03"') from None
    return moment if moment.tzinfo else moment.replace(tzinfo=settings.zone)


def _restore_to(settings: Settings, moment: datetime | None) -> None:
    cluster, folder = _embedded(settings), settings.backups.resolve()
    with progress_bar() as progress:
        progress("recover", 0, 0)
        done = archive.restore(cluster, folder, to=moment, check=_check, at=datetime.now(UTC))
        progress("new base", 0, 0)  # the log has a new branch: it begins from here
        with acting() as context:
            number = rehearsal.look(context.engine.url.render_as_string(hide_password=False)).journal_number
            archive.base(cluster, folder, keep=settings.keep_backups)
    typer.echo(
        f"Restored from the base backup of {cell(done.taken.at.astimezone(settings.zone))}; journal at {number}."
    )
    if not done.reached:
        typer.echo("The log ends before that moment: this is the last that it holds.")
    typer.echo(f"What was there before lies in {done.aside}; delete it when all is well.")


def _check(url: str) -> None:
    found = rehearsal.look(url)
    if not found.sound:
        raise BackupError(
            f"What was recovered is not sound: journal {dict(found.broken)}, lots {found.unbalanced}."
        )


@app.command()
def rehearse(*, as_json: AsJson = False) -> None:
    """Restore the newest backup beside everything, upgrade and examine it, and tell what was found."""
    settings = settings_or_exit()
    with runtime.database(settings) as url, progress_bar() as progress:
        progress("rehearse", 0, 0)
        report = rehearsal.rehearse(settings, url, at=datetime.now(UTC))
    found = {**asdict(report), "ok": report.ok}
    if as_json:
        typer.echo(to_json(found).decode())
    else:
        for name, value in found.items():
            typer.echo(f"{name:<16} {f'{value:.1f}' if isinstance(value, float) else cell(value)}")
    if not report.ok:
        raise typer.Exit(REFUSED)
