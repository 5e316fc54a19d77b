"""Restoring rehearsed: the newest backup in a scratch database, brought to this program's schema, and examined there."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from api.settings import Settings
from data import archive, backup, migrate
from data.archive import Backup, Rehearsal
from data.backup import BackupError
from data.cluster import Cluster, ClusterError, bin_folder
from data.engine import make_engine
from data.examine import Examined, examine, seal


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a rehearsal found. `same_past`: the live journal holds the backup's newest row; None: it was not asked."""

    backup: str
    kind: str
    at: datetime
    seconds: float
    revision: str
    upgraded_to: str
    journal_number: int
    journal_holds: bool
    stock_balances: bool
    nothing_lost: bool
    same_past: bool | None
    acts_behind: int | None
    rows: int

    @property
    def ok(self) -> bool:
        """Whether this backup would save the county."""
        return (
            self.journal_holds and self.stock_balances and self.nothing_lost and self.same_past is not False
        )


def rehearse(settings: Settings, live: str | None, *, at: datetime) -> Report:
    """Restore the newest backup beside everything, upgrade and examine it, and note the result in the archive.

    live: the address of the running database, to compare with; None: it is away.
    Raises BackupError where there is no backup or it cannot be restored, ClusterError where no scratch server starts.
    """
    taken = next(iter(archive.listed(settings.backups)), None)
    if taken is None:
        raise BackupError(f"There is no backup in {settings.backups}. Make one: muster db backup")
    began = time.monotonic()
    try:
        with _restored(settings, taken, live) as url:
            before, after, newest = _examined(url)
    except (BackupError, ClusterError):
        archive.note_rehearsal(settings.backups, Rehearsal(at=at, backup=taken.path.name, ok=False))
        raise
    same_past, behind = _compared(live, before.journal_number, newest)
    report = Report(
        backup=taken.path.name,
        kind=taken.kind,
        at=taken.at,
        seconds=time.monotonic() - began,
        revision=before.revision,
        upgraded_to=after.revision,
        journal_number=after.journal_number,
        journal_holds=not after.broken,
        stock_balances=not after.unbalanced,
        nothing_lost=all(after.counts.get(table) == rows for table, rows in before.counts.items()),
        same_past=same_past,
        acts_behind=behind,
        rows=sum(after.counts.values()),
    )
    archive.note_rehearsal(settings.backups, Rehearsal(at=at, backup=report.backup, ok=report.ok))
    return report


def look(url: str) -> Examined:
    """Examine a database as it stands."""
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            return examine(connection)
    finally:
        engine.dispose()


@contextmanager
def _restored(settings: Settings, taken: Backup, live: str | None) -> Iterator[str]:
    """Yield the address of a scratch database that holds the backup; it is gone afterwards."""
    try:
        bin_folder()
    except ClusterError:
        if live is None or taken.kind == "base":
            raise
        with _beside(live) as url:
            backup.restore(make_url(url), taken.path)
            yield url
        return
    there = settings.folder if settings.folder.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="rehearsal-", dir=there, ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # root's server runs as another user
        scratch = Cluster(Path(folder) / "c", durable=False)
        if taken.kind == "base":
            with archive.recovered(scratch, taken, settings.backups, to=None):
                yield scratch.url()
            return
        try:
            url = scratch.start()
            backup.restore(make_url(url), taken.path)
            yield url
        finally:
            scratch.stop()


@contextmanager
def _beside(live: str) -> Iterator[str]:
    """Make a scratch database on the server of the live one: for a machine that has PostgreSQL's tools only."""
    name = f"rehearsal_{uuid4().hex[:12]}"
    server = make_engine(live).execution_options(isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0")
    try:
        yield make_url(live).set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        server.dispose()


def _examined(url: str) -> tuple[Examined, Examined, bytes | None]:
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            before = examine(connection)
        migrate.upgrade(engine)
        with engine.connect() as connection:
            after = examine(connection)
            return before, after, seal(connection, after.journal_number)
    except migrate.SchemaError as error:
        raise BackupError(str(error)) from error
    finally:
        engine.dispose()


def _compared(live: str | None, number: int, newest: bytes | None) -> tuple[bool | None, int | None]:
    """Tell whether the live journal goes on from the backup's, and by how many acts."""
    if live is None:
        return None, None
    engine = make_engine(live)
    try:
        with engine.connect() as connection:
            present = examine(connection).journal_number
            return seal(connection, number) == newest, present - number
    except OperationalError:
        return None, None
    finally:
        engine.dispose()
