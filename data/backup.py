"""The whole database into one file and back, with PostgreSQL's own tools."""

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from sqlalchemy import URL

from data.cluster import ClusterError, bin_folder


class BackupError(RuntimeError):
    """PostgreSQL's tool refused; the message is its own."""


def backup(url: URL, file: Path) -> None:
    """Write everything into one compressed file. Takes no lock that stops anybody. Raises BackupError.

    Only its owner may read the file, and it stands in its place wholly or not at all.
    """
    growing = file.with_name(f"{file.name}.part")
    with suppress(OSError):  # the tool says better why a file cannot be made
        growing.touch(mode=0o600)
    try:
        _run(url, "pg_dump", "--format=custom", "--no-owner", "--file", str(growing))
        growing.replace(file)
    finally:
        growing.unlink(missing_ok=True)


def restore(url: URL, file: Path) -> None:
    """Make the database what a backup holds, in one transaction: it stands wholly or stays as it was.

    Raises BackupError; connections of a running server must be gone.
    """
    _run(
        url,
        "pg_restore",
        "--clean",
        "--if-exists",
        "--no-owner",
        "--single-transaction",
        "--exit-on-error",
        "--dbname",
        url.database or "",
        str(file),
    )


def _run(url: URL, tool: str, *arguments: str) -> None:
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own tool, no shell
        [_program(tool), *arguments],
        env={**os.environ, **_environment(url)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BackupError(f"{tool}: {done.stderr.strip()}")


def _program(tool: str) -> str:
    """Find a tool beside the newest installed server, else on the path: a tool older than its server refuses."""
    try:
        beside = bin_folder() / tool
    except ClusterError:
        beside = Path(shutil.which(tool) or tool)
    return str(beside)


def _environment(url: URL) -> dict[str, str]:
    """Give libpq its connection by the environment, where no list of processes shows the password."""
    host = url.query.get("host") or url.host or ""
    values = {
        "PGHOST": host if isinstance(host, str) else host[0],
        "PGPORT": str(url.port or ""),
        "PGUSER": url.username or "",
        "PGPASSWORD": url.password or "",
        "PGDATABASE": url.database or "",
    }
    return {name: value for name, value in values.items() if value}
