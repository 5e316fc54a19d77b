"""`muster doctor`: what is wrong, in words of both languages, and the command that mends it."""

import json
import socket
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, select, text
from sqlalchemy.exc import SQLAlchemyError

from api import runtime
from api.context import Context
from api.errors import DatabaseAwayError, UnavailableError
from api.settings import Settings
from api.usecases import system
from data import accounts, archive, migrate, policies, tables
from data.cluster import ClusterError, bin_folder
from data.examine import examine

WORDS: Final = Path(__file__).with_name("checkup.toml")
_BACKUP_WITHIN: Final = timedelta(hours=26)  # a night's, and two hours to spare
_REHEARSED_WITHIN: Final = timedelta(days=35)
_LOW_BYTES: Final = 2 * 2**30
_MB: Final = 10**6
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_FONTS: Final = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong."""

    code: str
    details: Mapping[str, Any]
    serious: bool
    zh: str
    en: str
    remedy: str


@cache
def known() -> Mapping[str, Mapping[str, Any]]:
    """Return everything that can be found, by code."""
    return tomllib.loads(WORDS.read_text())


def finding(code: str, **details: Any) -> Finding:
    """Put one case into words."""
    words = known()[code]
    return Finding(
        code=code,
        details=details,
        serious=words["serious"],
        zh=words["zh"].format(**details),
        en=words["en"].format(**details),
        remedy=words["remedy"],
    )


def machine(settings: Settings) -> Iterator[Finding]:
    """Look at this machine and its settings: everything that can be told without the database."""
    if settings.database_url is None:
        try:
            bin_folder()
        except ClusterError:
            yield finding("no_postgis")
    yield from _disk(settings)
    yield from _backups(settings, datetime.now(settings.zone))
    yield from _door(settings)
    try:
        policies.load()
    except ValueError as error:
        yield finding("policy_faulty", why=" ".join(str(error).split())[:300])
    if not any(next(folder.rglob("*CJK*"), None) for folder in _FONTS if folder.is_dir()):
        yield finding("fonts_missing")


def leftover(settings: Settings) -> Iterator[Finding]:
    """Tell of a database server whose owner was killed; ask before anything attaches to it."""
    if settings.database_url is not None:
        return
    folder = runtime.cluster(settings).folder
    with suppress(OSError, ValueError):
        pid = int((folder / "data" / "postmaster.pid").read_text().split("\n", 1)[0])
        parent = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1]
        if parent == "1":
            yield finding("leftover_server", pid=pid)


def store(context: Context) -> Iterator[Finding]:
    """Look at the database as it is: nothing is upgraded or mended."""
    try:
        with context.world.read() as connection:
            here = migrate.revision_of(connection) or "-"
            if here != migrate.head():
                code = "schema_ahead" if here > migrate.head() else "schema_behind"
                yield finding(code, here=here, wanted=migrate.head())
                return
            yield from _people_and_roads(context, connection)
            yield from _truth(context, connection)
            if context.settings.database_url is None:
                yield from _log(connection)
    except (DatabaseAwayError, UnavailableError, SQLAlchemyError) as error:
        cause = error.__cause__ or error
        yield finding("database_away", why=" ".join(str(getattr(cause, "orig", cause)).split())[:300])


def _disk(settings: Settings) -> Iterator[Finding]:
    for folder in dict.fromkeys((settings.folder, settings.backups)):
        free = system.disk_free_bytes(folder)
        if free < system.DISK_NEEDED_BYTES:
            yield finding("disk_nearly_full", folder=str(folder), free_mb=free // _MB)
        elif free < _LOW_BYTES:
            yield finding("disk_low", folder=str(folder), free_mb=free // _MB)


def _backups(settings: Settings, now: datetime) -> Iterator[Finding]:
    newest = next(iter(archive.listed(settings.backups)), None)
    if newest is None:
        yield finding("no_backup", folder=str(settings.backups))
        return
    if now - newest.at > _BACKUP_WITHIN:
        yield finding("backup_old", hours=round((now - newest.at).total_seconds() / 3600))
    rehearsal = archive.last_rehearsal(settings.backups)
    if rehearsal is None:
        yield finding("never_rehearsed")
    elif not rehearsal.ok:
        yield finding("rehearsal_failed", backup=rehearsal.backup)
    elif now - rehearsal.at > _REHEARSED_WITHIN:
        yield finding("rehearsal_old", days=(now - rehearsal.at).days)


def _door(settings: Settings) -> Iterator[Finding]:
    if settings.host not in _LOOPBACK and not settings.secure_cookies:
        yield finding("open_without_https", host=settings.host)
    if settings.secure_cookies and not settings.origins:
        yield finding("no_origins")
    if settings.port == 0:
        return
    there = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104 - a question, no bind
    try:
        socket.create_connection((there, settings.port), timeout=2).close()
    except OSError:
        yield finding("not_serving", host=settings.host, port=settings.port)
        return
    if not _is_ours(there, settings.port):
        yield finding("port_taken", port=settings.port)


def _is_ours(host: str, port: int) -> bool:
    ask = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
    name = f"[{host}]" if ":" in host else host
    try:
        with ask(f"http://{name}:{port}/health", timeout=5) as answer:
            return bool(json.loads(answer.read(1000)) == {"status": "ok"})
    except (OSError, ValueError, urllib.error.URLError):
        return False


def _people_and_roads(context: Context, connection: Connection) -> Iterator[Finding]:
    if not accounts.has_administrator(connection):
        yield finding("no_administrator")
    roads = connection.scalar(select(tables.road_networks.c.report).where(tables.road_networks.c.current))
    if roads is None:
        yield finding("no_roads")
    else:
        islands = roads.get("islands") or {}
        if islands.get("islands_km", 0) > 1:
            yield finding("road_islands", islands_km=islands["islands_km"], parts=islands["number"] - 1)
    since = context.clock() - timedelta(milliseconds=context.policy.readiness.stale_after_ms)
    counted = connection.execute(
        text(
            "SELECT count(*) AS teams, count(*) FILTER (WHERE s.reported_at IS NULL OR s.reported_at < :since) AS stale"
            " FROM teams t LEFT JOIN live.team_states s ON s.team_id = t.id"
        ),
        {"since": since},
    ).one()
    if counted.stale:
        yield finding("stale_teams", stale=counted.stale, teams=counted.teams)


def _truth(context: Context, connection: Connection) -> Iterator[Finding]:
    seconds = connection.scalar(text("SELECT extract(epoch FROM clock_timestamp())"))
    differs = abs(float(seconds or 0) - context.clock().timestamp())
    if differs > system.CLOCK_MAY_DIFFER.total_seconds() or not system.readiness(context).clock:
        yield finding("clock_off", seconds=round(differs))
    found = examine(connection)
    for world, number in found.broken.items():
        yield finding("journal_broken", number=number, world=world)
    if found.unbalanced:
        yield finding("stock_unbalanced", lots=len(found.unbalanced), first=found.unbalanced[0])


def _log(connection: Connection) -> Iterator[Finding]:
    """Tell of the log that a private cluster archives: the last try must have been a good one."""
    archiver = connection.execute(
        text(
            "SELECT last_failed_wal, last_failed_time > coalesce(last_archived_time, '-infinity') AS bad FROM pg_stat_archiver"
        )
    ).one()
    if archiver.bad:
        yield finding("archive_failing", segment=archiver.last_failed_wal)
