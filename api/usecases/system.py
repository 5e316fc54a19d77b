"""What an operator asks of the whole: is everything there, and does the journal still hold."""

from dataclasses import dataclass

from sqlalchemy.exc import OperationalError

from api.context import Context
from api.security import authorise
from data import accounts, journal, migrate, places, roads


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What acts need, and whether it is there."""

    database: bool
    schema_up_to_date: bool = False
    roads: bool = False
    administrator: bool = False

    @property
    def ready(self) -> bool:
        """Whether people can work: roads may come later, so they do not count."""
        return self.database and self.schema_up_to_date and self.administrator


def readiness(ctx: Context) -> Standing:
    """Tell what is there. Never raises: an operator asks this when something is missing."""
    try:
        with ctx.world.read() as connection:
            return Standing(
                database=True,
                schema_up_to_date=migrate.revision_of(connection) == migrate.head(),
                roads=roads.current_version(connection) is not None,
                administrator=accounts.has_administrator(connection),
            )
    except OperationalError:
        return Standing(database=False)


def first_broken_entry(ctx: Context) -> int | None:
    """Recompute the journal's seals; return the first number that was changed afterwards, None when all hold."""
    authorise(ctx.actor, "system.check")
    with ctx.world.read() as connection:
        return journal.first_broken(connection)


def publish_layers(ctx: Context) -> None:
    """Make a view for each layer of the policy as it is now, for QGIS and other programs that read the database."""
    with ctx.world.begin() as connection:
        places.create_views(connection, ctx.policy)
