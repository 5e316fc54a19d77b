"""Base backups and the log between: back to a moment, and nothing lost by trying."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from data import archive
from data.backup import BackupError
from data.cluster import USER, Cluster, ClusterError

NOW = datetime(2026, 11, 22, 6, 3, tzinfo=UTC)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the database's own user can enter."""
    with tempfile.TemporaryDirectory(prefix="muster-archive-", ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o755)
        yield Path(made)


def server(folder: Path) -> Cluster:
    cluster = folder / "c"
    return Cluster(cluster, durable=False, options=archive.options(cluster, folder / "archive"))


def run(cluster: Cluster, statement: str) -> list[str]:
    with psycopg.connect(
        host=str(cluster.socket_folder), user=USER, dbname="muster", autocommit=True
    ) as connection:
        done = connection.execute(statement.encode())
        return [str(row[0]) for row in done.fetchall()] if done.description else []


def written(cluster: Cluster) -> list[str]:
    return run(cluster, "SELECT words FROM said ORDER BY words")


def test_back_to_a_moment_and_forward_again(folder: Path) -> None:
    """Somebody deleted what they should not have: the county goes back to the minute before."""
    kept = folder / "archive"
    cluster = server(folder)
    cluster.start()
    run(cluster, "CREATE TABLE said (words text)")
    run(cluster, "INSERT INTO said VALUES ('in the base backup')")
    taken = archive.base(cluster, kept, keep=2)
    assert archive.listed(kept) == (taken,)
    run(cluster, "INSERT INTO said VALUES ('just before')")
    moment = datetime.fromisoformat(run(cluster, "SELECT clock_timestamp()")[0])
    run(cluster, "DELETE FROM said")
    with pytest.raises(ClusterError, match="running"):
        archive.restore(cluster_beside(cluster), kept, to=moment, check=lambda _: None, at=NOW)
    cluster.stop()

    def refuses(_: str) -> None:
        raise BackupError("not sound")

    with pytest.raises(BackupError, match="not sound"):
        archive.restore(cluster, kept, to=moment, check=refuses, at=NOW)
    with pytest.raises(BackupError, match="the oldest is of"):
        archive.restore(cluster, kept, to=NOW.replace(year=2000), check=lambda _: None, at=NOW)
    cluster.start()
    assert written(cluster) == [], "a restore that was refused has changed nothing"
    cluster.stop()

    seen: list[str] = []
    done = archive.restore(cluster, kept, to=moment, check=seen.append, at=NOW)
    assert (done.reached, len(seen), done.aside.is_dir()) == (True, 1, True)
    cluster.start()
    assert written(cluster) == ["in the base backup", "just before"]
    archive.base(cluster, kept, keep=1)
    assert len(archive.listed(kept)) == 1, "the oldest goes"
    run(cluster, "INSERT INTO said VALUES ('on the new branch')")
    cluster.stop()

    later = archive.restore(
        cluster, kept, to=NOW.replace(year=2100), check=lambda _: None, at=NOW.replace(hour=7)
    )
    assert not later.reached, "the log ends before that"
    cluster.start()
    assert "on the new branch" in written(cluster)
    cluster.stop()


def cluster_beside(cluster: Cluster) -> Cluster:
    return Cluster(cluster.folder, durable=False)


def test_no_base_backup_no_log(folder: Path) -> None:
    """A log without a beginning would fill the disk for nothing."""
    cluster = server(folder)
    cluster.start()
    run(cluster, "CREATE TABLE said (words text)")
    run(cluster, "SELECT pg_switch_wal()")
    run(cluster, "CHECKPOINT")
    cluster.stop()
    assert not (folder / "archive").exists()


def test_rehearsals_are_remembered(tmp_path: Path) -> None:
    """Whoever asks when a restore was last rehearsed gets an answer, and none from a spoilt file."""
    assert archive.last_rehearsal(tmp_path) is None
    noted = archive.Rehearsal(at=NOW, backup="20261122T060300Z.dump", ok=True)
    archive.note_rehearsal(tmp_path, noted)
    assert archive.last_rehearsal(tmp_path) == noted
    (tmp_path / "rehearsal.json").write_text("{")
    assert archive.last_rehearsal(tmp_path) is None
