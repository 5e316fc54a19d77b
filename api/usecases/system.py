"""What an operator asks of the whole: is everything there, how much goes on, and does the journal still hold."""

import shutil
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from api.context import Context
from api.errors import DatabaseAwayError, UnavailableError
from api.metrics import State
from api.security import authorise
from data import accounts, archive, incidents, integrity, journal, made, migrate, orders, places, roads
from data.integrity import Violation

DISK_NEEDED_BYTES: Final = 256 * 2**20
"""Below this PostgreSQL may stop in the middle of an act: people are told before."""
CLOCK_MAY_DIFFER: Final = timedelta(minutes=1)
_LOOKED_AT: Final = 100  # acts: those after a clock went back have its wrong time, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What acts need, and whether it is there."""

    database: bool
    schema_up_to_date: bool = False
    roads: bool = False
    administrator: bool = False
    disk: bool = False
    clock: bool = False

    @property
    def missing(self) -> tuple[str, ...]:
        """Codes of what is not there, the first cause first."""
        if not self.database:
            return ("database_away",)
        found = {
            "schema_differs": self.schema_up_to_date,
            "no_administrator": self.administrator,
            "disk_nearly_full": self.disk,
            "clock_off": self.clock,
            "no_roads": self.roads,
        }
        return tuple(code for code, there in found.items() if not there)

    @property
    def ready(self) -> bool:
        """Whether people can work. Roads may come later; a full disk or a wrong clock is told, and stops no reader."""
        return not set(self.missing) - {"no_roads", "disk_nearly_full", "clock_off"}


def readiness(ctx: Context) -> Standing:
    """Tell what is there. Never raises: an operator asks this when something is missing."""
    try:
        with ctx.world.read() as connection:
            current = migrate.revision_of(connection) == migrate.head()
            return Standing(
                database=True,
                schema_up_to_date=current,
                roads=current and roads.current_version(connection) is not None,
                administrator=current and accounts.has_administrator(connection),
                disk=disk_free_bytes(ctx.settings.folder) >= DISK_NEEDED_BYTES,
                clock=not current or not _in_the_past(connection, ctx.clock()),
            )
    except (DatabaseAwayError, UnavailableError):
        return Standing(database=False)


def _in_the_past(connection: Connection, now: datetime) -> bool:
    """Whether our clock stands before one of the last acts: due times and clocks of orders would be wrong."""
    number = journal.latest(connection)
    last = journal.after(connection, number - _LOOKED_AT, limit=_LOOKED_AT)
    return any(one.at > now + CLOCK_MAY_DIFFER for one in last)


def disk_free_bytes(folder: Path) -> int:
    """Return what is free where a folder lies or will lie."""
    there = next(one for one in (folder, *folder.resolve().parents) if one.exists())
    return shutil.disk_usage(there).free


def state(ctx: Context) -> State:
    """Count what goes on, for the county's monitoring; it asks even when the database is away."""
    standing, now = readiness(ctx), ctx.clock()
    backups, rehearsal = archive.listed(ctx.settings.backups), archive.last_rehearsal(ctx.settings.backups)
    newest = {one.kind: one for one in reversed(backups)}
    found = State(
        database=standing.database,
        schema_up_to_date=standing.schema_up_to_date,
        roads=standing.roads,
        backup_age_s=tuple((kind, (now - one.at).total_seconds()) for kind, one in newest.items()),
        rehearsal_age_s=(now - rehearsal.at).total_seconds() if rehearsal else None,
        disk_free_bytes=disk_free_bytes(ctx.settings.folder),
    )
    if not standing.schema_up_to_date:
        return found
    with ctx.world.read() as connection:
        running = orders.open_orders(connection)
        return replace(
            found,
            journal_number=journal.latest(connection),
            open_incidents=len(incidents.list_open(connection)),
            open_orders=tuple(sorted(Counter(order.state for order in running).items())),
            overdue_orders=sum(
                order.state == "sent" and order.answer_by is not None and now > order.answer_by
                for order in running
            ),
        )


def violations(ctx: Context) -> tuple[Violation, ...]:
    """Check that stock, orders, requests and journal hold together over the whole history; nothing when they do."""
    authorise(ctx.actor, "system.check")
    with ctx.world.read() as connection:
        return integrity.violations(connection)


def sweep_made(ctx: Context) -> None:
    """Remove files that were made or given longer ago than they are kept."""
    made.sweep(ctx.settings.folder, now=ctx.clock(), older_than=timedelta(days=ctx.settings.keep_made_days))


def publish_layers(ctx: Context) -> None:
    """Make a view for each layer of the policy as it is now, for QGIS and other programs that read the database."""
    with ctx.world.begin() as connection:
        places.create_views(connection, ctx.policy)
