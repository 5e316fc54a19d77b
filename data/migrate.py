"""Bring a database to the newest schema."""

from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

_LOCK = 5_061_402  # any number that nobody else uses: two starting processes migrate one after the other


def upgrade(engine: Engine) -> None:
    """Apply what is missing, in one transaction. Does nothing on a database that is up to date."""
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        command.upgrade(_config(connection), "head")


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
