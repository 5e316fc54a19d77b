"""Backups in one folder: dumps of a database, and for the embedded cluster base backups with the write-ahead log between.

    dumps/20261122T060300Z.dump    what `pg_dump` writes
    bases/20261122T060300Z/        a copy of the running cluster (tar, gzip), its manifest, and about.json
    wal/                           every finished segment of the log since the first base backup, gzip
    rehearsal.json                 what the last rehearsal of a restore found

A base backup and the log after it lead to any moment since. The log is kept only once there is a base backup to
begin from: without one it would fill the disk for nothing.
"""

import json
import shlex
import shutil
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import psycopg
from sqlalchemy import URL

from data import backup
from data.backup import BackupError
from data.cluster import USER, Cluster, ClusterError, configured

Kind = Literal["dump", "base"]
ARCHIVE_WITHIN_S: Final = 60  # at most so much of the log is lost with the whole disk
_STAMP: Final = "%Y%m%dT%H%M%SZ"
_MARK: Final = (
    "archiving"  # in the cluster's folder: from now on a segment that cannot be archived is kept and told
)
_SIZES: Final = {  # setting → as pg_controldata calls it
    "max_connections": "max_connections",
    "max_worker_processes": "max_worker_processes",
    "max_wal_senders": "max_wal_senders",
    "max_prepared_transactions": "max_prepared_xacts",
    "max_locks_per_transaction": "max_locks_per_xact",
}
_EXTRA: Final = "postgresql.auto.conf"
_TAR: Final = "/bin/tar"
_MOVE: Final = "/bin/mv"
_LONGEST_S: Final = 24 * 3600  # of recovery: a long log takes its time
_TOO_EARLY: Final = "recovery ended before configured recovery target was reached"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """One backup. `at`: when it was complete; `from_segment`: the first file of the log that a base backup needs."""

    kind: Kind
    at: datetime
    path: Path
    size_bytes: int
    from_segment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What the last rehearsal found."""

    at: datetime
    backup: str
    ok: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore did. `reached`: the log went as far as was asked; `aside`: where the data before it are."""

    taken: Backup
    reached: bool
    aside: Path


def options(cluster_folder: Path, archive: Path) -> dict[str, str]:
    """Give the embedded server the settings that keep its log, once there is a base backup."""
    mark, wal = shlex.quote(str(cluster_folder / _MARK)), shlex.quote(str(archive / "wal"))
    # written beside and renamed: a killed server leaves no half file under a name that counts
    keep = f"test -f {wal}/%f.gz || {{ gzip -1 -c %p > {wal}/%f.part && sync {wal}/%f.part && mv {wal}/%f.part {wal}/%f.gz; }}"
    return {
        "archive_mode": "on",
        "archive_command": f"test ! -e {mark} || {keep}",
        "archive_timeout": str(ARCHIVE_WITHIN_S),
    }


def listed(archive: Path) -> tuple[Backup, ...]:
    """List the backups, the newest first."""
    dumps = (
        Backup(kind="dump", at=_moment(file.stem), path=file, size_bytes=file.stat().st_size)
        for file in (archive / "dumps").glob("*.dump")
    )
    bases = (_base(about.parent) for about in (archive / "bases").glob("*/about.json"))
    return tuple(sorted((*dumps, *bases), key=lambda one: one.at, reverse=True))


def newest(archive: Path, kind: Kind) -> Backup | None:
    """Return the newest backup of one kind."""
    return next((one for one in listed(archive) if one.kind == kind), None)


def dump(url: URL, archive: Path, *, at: datetime, keep: int) -> Backup:
    """Dump a database into the archive and remove what is beyond the newest `keep` dumps. Raises BackupError."""
    folder = archive / "dumps"
    _make(folder)
    file = folder / f"{at.astimezone(UTC):{_STAMP}}.dump"
    backup.backup(url, file)
    for old in [one for one in listed(archive) if one.kind == "dump"][keep:]:
        old.path.unlink()
    return Backup(kind="dump", at=_moment(file.stem), path=file, size_bytes=file.stat().st_size)


def base(cluster: Cluster, archive: Path, *, keep: int) -> Backup:
    """Copy a running cluster into the archive, keep its log from now on, and remove what nobody needs any more.

    Raises ClusterError.
    """
    for folder in (archive, archive / "wal", archive / "bases"):
        cluster.own(folder)
    (cluster.folder / _MARK).touch()
    growing = archive / "bases" / ".growing"
    shutil.rmtree(growing, ignore_errors=True)
    where = ("-h", str(cluster.socket_folder), "-U", USER)
    cluster.run("pg_basebackup", *where, "-D", str(growing), "-F", "tar", "-z", "-X", "stream", "-c", "fast")
    at = datetime.now(UTC).replace(microsecond=0)
    about = {"at": f"{at:{_STAMP}}", "from_segment": _first_segment(growing)}
    (growing / "about.json").write_text(json.dumps(about))
    made = growing.rename(archive / "bases" / about["at"])
    _prune(cluster, archive, keep)
    return _base(made)


def restore(
    cluster: Cluster, archive: Path, *, to: datetime | None, check: Callable[[str], None], at: datetime
) -> Restored:
    """Make the cluster what it was at the moment `to` (None: as late as the log goes). Nothing may run on it.

    The recovered data are looked at by `check`, given their address, before they take the place of the present ones,
    which stay beside them. Raises BackupError where no base backup is old enough, ClusterError where recovery fails,
    and what `check` raises; then everything is as before.
    """
    with cluster.held():
        taken = _before(archive, to)
        scratch = Cluster(cluster.folder / "restoring")
        shutil.rmtree(scratch.folder, ignore_errors=True)
        try:
            with recovered(scratch, taken, archive, to=to, last_words=cluster.data / "pg_wal") as reached:
                check(scratch.url())
            aside = cluster.folder / f"data.before-{at.astimezone(UTC):{_STAMP}}"
            if cluster.data.exists():
                cluster.data.rename(aside)
            scratch.data.rename(cluster.data)
            for segment in sorted((scratch.folder / "wal").iterdir()):
                cluster.run(_MOVE, str(segment), str(archive / "wal" / segment.name))
        finally:
            shutil.rmtree(scratch.folder, ignore_errors=True)
        return Restored(taken=taken, reached=reached, aside=aside)


@contextmanager
def recovered(
    scratch: Cluster, taken: Backup, archive: Path, *, to: datetime | None, last_words: Path | None = None
) -> Iterator[bool]:
    """Run a recovered copy in `scratch`'s folder; yields whether it stands at `to` (False: the log ends before).

    last_words: the log of the present data, for what was not archived yet. Raises ClusterError.
    """
    _extract(scratch, taken)
    scratch.own(scratch.folder / "wal")
    reached = _start(scratch, archive, last_words, to) or not _start(scratch, archive, last_words, None)
    try:
        yield reached
    finally:
        scratch.run("pg_ctl", "-D", str(scratch.data), "-m", "fast", "-w", "stop")
        _write(scratch, scratch.data / _EXTRA, {})


def last_rehearsal(archive: Path) -> Rehearsal | None:
    """Return what the last rehearsal found; None when there was none."""
    try:
        found = json.loads((archive / "rehearsal.json").read_text())
        return Rehearsal(at=_moment(found["at"]), backup=str(found["backup"]), ok=bool(found["ok"]))
    except (OSError, ValueError, KeyError):
        return None


def note_rehearsal(archive: Path, done: Rehearsal) -> None:
    """Keep what a rehearsal found, for whoever asks when the last one was."""
    _make(archive)
    note = {"at": f"{done.at.astimezone(UTC):{_STAMP}}", "backup": done.backup, "ok": done.ok}
    (archive / "rehearsal.json").write_text(json.dumps(note))


def _extract(scratch: Cluster, taken: Backup) -> None:
    """Unpack a base backup as the data of a cluster, and verify every file of it by the backup's own manifest."""
    for folder in (scratch.folder, scratch.socket_folder, scratch.data):
        scratch.own(folder)
    scratch.run(_TAR, "-xzf", str(taken.path / "base.tar.gz"), "-C", str(scratch.data))
    scratch.run(_TAR, "-xzf", str(taken.path / "pg_wal.tar.gz"), "-C", str(scratch.data / "pg_wal"))
    manifest = str(taken.path / "backup_manifest")
    scratch.run("pg_verifybackup", "-q", "-n", "-m", manifest, str(scratch.data))


def _start(scratch: Cluster, archive: Path, last_words: Path | None, to: datetime | None) -> bool:
    """Start recovery and wait for its end. False when the log ends before `to`."""
    log = scratch.folder / "recovery.log"
    log.unlink(missing_ok=True)
    _write(scratch, scratch.data / _EXTRA, _recovery(scratch, archive, last_words, to))
    _write(scratch, scratch.data / "recovery.signal", {})
    control = ("-D", str(scratch.data), "-l", str(log), "-w", "-t", str(_LONGEST_S))
    try:
        scratch.run("pg_ctl", *control, "start")
        while _in_recovery(scratch):
            time.sleep(0.1)
    except (ClusterError, psycopg.OperationalError):
        if to is not None and _TOO_EARLY in log.read_text():
            with suppress(ClusterError):  # it is ending by itself
                scratch.run("pg_ctl", "-D", str(scratch.data), "-m", "fast", "-w", "stop")
            return False
        raise ClusterError(f"Recovery failed: {_last_line(log)}") from None
    return True


def _recovery(
    scratch: Cluster, archive: Path, last_words: Path | None, to: datetime | None
) -> dict[str, str]:
    wal, staging = shlex.quote(str(archive / "wal")), shlex.quote(str(scratch.folder / "wal"))
    fetch = f"test -f {wal}/%f.gz && gzip -d -c {wal}/%f.gz > %p"
    if last_words is not None:
        fetch += f" || cp {shlex.quote(str(last_words))}/%f %p"
    return _as_large(scratch) | {
        "listen_addresses": "",
        "unix_socket_directories": str(scratch.socket_folder),
        "restore_command": fetch,
        "recovery_target_action": "promote",
        "recovery_target_time": f"{to.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f+00}" if to else "",
        # the new branch of the log joins the archive only when the data that it belongs to are taken
        "archive_mode": "on",
        "archive_command": f"gzip -1 -c %p > {staging}/%f.gz",
    }


def _as_large(scratch: Cluster) -> dict[str, str]:
    """Give the sizes of the server that was copied: recovery refuses to run with smaller ones."""
    control = scratch.run("pg_controldata", str(scratch.data))
    told = dict(line.split(":", 1) for line in control.splitlines() if ":" in line)
    return {name: told[f"{words} setting"].strip() for name, words in _SIZES.items()}


def _in_recovery(scratch: Cluster) -> bool:
    with psycopg.connect(host=str(scratch.socket_folder), user=USER, dbname="postgres") as connection:
        row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
    return bool(row and row[0])


def _write(cluster: Cluster, file: Path, settings: Mapping[str, str]) -> None:
    with file.open("w") as opened:
        cluster.give(opened)
        opened.write(configured(settings))


def _last_line(log: Path) -> str:
    lines = log.read_text().splitlines() if log.exists() else []
    return next((line for line in reversed(lines) if "FATAL" in line), f"see {log}")


def _before(archive: Path, to: datetime | None) -> Backup:
    """Choose the newest base backup that was complete at the moment."""
    bases = [one for one in listed(archive) if one.kind == "base"]
    found = next((one for one in bases if to is None or one.at <= to), None)
    if found is None:
        oldest = f"the oldest is of {bases[-1].at:%Y-%m-%d %H:%M:%S} UTC" if bases else "there is none"
        raise BackupError(f"No base backup in {archive} is old enough: {oldest}.")
    return found


def _base(folder: Path) -> Backup:
    about = json.loads((folder / "about.json").read_text())
    size = sum(file.stat().st_size for file in folder.iterdir())
    return Backup(
        kind="base",
        at=_moment(about["at"]),
        path=folder,
        size_bytes=size,
        from_segment=about["from_segment"],
    )


def _first_segment(folder: Path) -> str:
    """Read from the backup's label which file of the log it begins with."""
    with tarfile.open(folder / "base.tar.gz") as tar:
        label = tar.extractfile("backup_label")  # the first member: nothing else is unpacked
        words = label.read().decode().split("(file ", 1) if label else []
    return words[1].split(")", 1)[0]


def _prune(cluster: Cluster, archive: Path, keep: int) -> None:
    bases = [one for one in listed(archive) if one.kind == "base"]
    for old in bases[keep:]:
        shutil.rmtree(old.path)
    oldest = bases[:keep][-1].from_segment
    cluster.run("pg_archivecleanup", "-x", ".gz", str(archive / "wal"), oldest)


def _make(folder: Path) -> None:
    for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
        missing.mkdir(mode=0o700)


def _moment(stamp: str) -> datetime:
    return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
