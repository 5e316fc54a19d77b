"""What has happened: the journal, read in order."""

from api.context import Context
from data import fixes, journal
from data.journal import Entry


def channel(ctx: Context) -> str:
    """Name the channel on which this world's journal calls out."""
    return journal.channel(ctx.world.schema)


def positions_channel(ctx: Context) -> str:
    """Name the channel on which this world's units say that they moved."""
    return fixes.channel(ctx.world.schema)


def latest(ctx: Context) -> int:
    """Return the newest journal number."""
    with ctx.world.read() as connection:
        return journal.latest(connection)


def after(ctx: Context, number: int) -> tuple[Entry, ...]:
    """Read the next rows after `number`."""
    with ctx.world.read() as connection:
        return journal.after(connection, number)
