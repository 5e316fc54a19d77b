"""Bring a database to the newest schema."""

from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import NotSupportedError, ProgrammingError

_LOCK = 5_061_402  # any number that nobody else uses: two starting processes migrate one after the other


class SchemaError(RuntimeError):
    """The database cannot be brought to this program's schema; the message says what stands in the way."""


def upgrade(engine: Engine) -> None:
    """Apply what is missing, in one transaction. Does nothing on a database that is up to date. Raises SchemaError."""
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            command.upgrade(_config(connection), "head")
    except CommandError as error:
        raise SchemaError(f"{error} It was made by a newer muster: bring the program up to date.") from error
    except (NotSupportedError, ProgrammingError) as error:  # no PostGIS to install, no right to do so
        raise SchemaError(str(error.orig).strip()) from error


def revision_of(connection: Connection) -> str | None:
    """Return the revision that the database stands at; None before the first."""
    return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """Return the newest revision that this program knows."""
    revision = ScriptDirectory(str(_scripts())).get_current_head()
    if revision is None:
        raise RuntimeError("the program ships no migration")
    return revision


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_scripts()))
    config.attributes["connection"] = connection
    return config


def _scripts() -> object:
    return files("data") / "migrations"
