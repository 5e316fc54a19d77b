"""How every command of `muster` acts and prints."""

import getpass
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, Final, NoReturn
from uuid import UUID, uuid4

import typer
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy.exc import OperationalError

from api import runtime
from api.context import Context
from api.errors import DatabaseAwayError, MusterError
from api.security import local_administrator
from api.settings import BESIDE, Settings
from data.backup import BackupError
from data.cluster import ClusterError
from data.migrate import SchemaError

REFUSED: Final = 1
WRONG_USAGE: Final = 2
NO_DATABASE: Final = 3
PIPE_WIDTH: Final = 250
WORKERS_HELP: Final = (
    "Processes that serve; each holds the roads in its own memory. One that dies is started again."
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
RequestId = Annotated[
    UUID, typer.Option(default_factory=uuid4, help="Repeat it: the act is done once.", show_default=False)
]
WithoutPeople = Annotated[
    bool, typer.Option("--without-people", help="No names and phone numbers: for whoever may not have them.")
]
Reason = Annotated[str, typer.Option(help="Kept in the journal.")]
Moment = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%dT%H:%M:%S%z"])]


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what a command was refused into words and an exit code."""
    try:
        yield
    except MusterError as error:
        fail(f"Refused: {error}", REFUSED)
    except BackupError as error:
        fail(str(error), REFUSED)
    except (ClusterError, SchemaError) as error:
        fail(f"No database: {error}", NO_DATABASE)
    except OperationalError as error:
        fail(f"No database: {error.orig}", NO_DATABASE)
    except DatabaseAwayError as error:
        fail(f"No database: {error}", NO_DATABASE)


def fail(message: str, code: int) -> NoReturn:
    Console(stderr=True).print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(code)


def settings_or_exit() -> Settings:
    """Read the settings; say where the cluster lies when it is not where one would look first."""
    try:
        settings = Settings()
    except ValidationError as error:
        wrong = "; ".join(f"MUSTER_{str(one['loc'][0]).upper()}: {one['msg']}" for one in error.errors())
        fail(f"Settings: {wrong}", WRONG_USAGE)
    if settings.database_url is None and settings.elsewhere:
        typer.echo(f"The account that runs the database cannot use {BESIDE}.", err=True)
        typer.echo(f"Its folder is {settings.folder} (MUSTER_FOLDER sets another).", err=True)
    return settings


@contextmanager
def acting() -> Iterator[Context]:
    """Open the database and act as the local administrator."""
    with runtime.opened(settings_or_exit()) as context:
        yield context.acting(local_administrator(getpass.getuser()))


def show(value: BaseModel | Sequence[BaseModel], columns: Sequence[str], *, as_json: bool) -> None:
    """Print records as JSON, or as a table of some of their fields."""
    if as_json:
        typer.echo(to_json(value, indent=2).decode())
        return
    rows = [value] if isinstance(value, BaseModel) else value
    table = Table(*columns, box=None)
    for row in rows:
        table.add_row(*(cell(getattr(row, column)) for column in columns))
    console().print(table)


def console() -> Console:
    """Print to a terminal at its width; into a file or pipe without cutting anything off."""
    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)


def cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return str(value)


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar for long work; nothing where nobody watches."""
    columns = (TextColumn("{task.description:<16}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("start", total=None)

        def told(stage: str, done: int, total: int) -> None:
            bar.update(task, description=stage, completed=done, total=total or None)

        yield told


def position_of(text: str) -> tuple[float, float]:
    """Read LON,LAT in degrees."""
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not LON,LAT") from None
    return lon, lat
