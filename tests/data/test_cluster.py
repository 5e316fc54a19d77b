"""The embedded cluster: one owner, no network, back after a kill."""

import os
import pwd
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from data.cluster import (
    SOCKET_PATH_LIMIT,
    SYSTEM_FOLDER,
    USER,
    Cluster,
    ClusterError,
    reachable_by_others,
    usable_folder,
)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the database's own user can enter (pytest's own is closed to others)."""
    with tempfile.TemporaryDirectory(prefix="muster-cluster-", ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o755)
        yield Path(made) / "c"


@pytest.fixture
def started(folder: Path) -> Iterator[Cluster]:
    made = Cluster(folder, durable=False)
    made.start()
    yield made
    made.stop()


def ask(cluster: Cluster, statement: str) -> object:
    with psycopg.connect(host=str(cluster.socket_folder), user=USER, dbname="muster") as connection:
        row = connection.execute(statement).fetchone()
    return row[0] if row else None


def wait_for(cluster: Cluster, statement: str, seconds: float = 30) -> object:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return ask(cluster, statement)
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def test_nothing_listens_on_the_network(started: Cluster) -> None:
    """A county's data must not be reachable because a demo was started."""
    assert ask(started, "SHOW listen_addresses") == ""
    assert started.socket_folder.stat().st_mode & 0o077 == 0
    assert started.data.stat().st_mode & 0o077 == 0


def test_server_never_runs_as_root(started: Cluster) -> None:
    """PostgreSQL as root would give its files, and its COPY, to whoever finds a hole."""
    pid = int((started.data / "postmaster.pid").read_text().split("\n", 1)[0])
    assert Path(f"/proc/{pid}").stat().st_uid != 0


def test_second_instance_is_refused_and_may_attach(started: Cluster) -> None:
    """Two servers on one folder would destroy it; a command beside a server must still work."""
    second = Cluster(started.folder, durable=False)
    with pytest.raises(ClusterError, match="Another muster is running"):
        second.start()
    assert second.start(attach=True) == started.url()
    assert not second.owned
    second.stop()
    assert ask(started, "SELECT 1") == 1


def test_committed_rows_survive_kill_of_the_server(folder: Path) -> None:
    """kill -9 of PostgreSQL under a running application: it comes back by itself with what was committed."""
    cluster = Cluster(folder)
    cluster.start()
    try:
        with psycopg.connect(host=str(cluster.socket_folder), user=USER, dbname="muster") as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
        pid = int((cluster.data / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(pid, signal.SIGKILL)
        assert wait_for(cluster, "SELECT n FROM kept") == 42
        assert int((cluster.data / "postmaster.pid").read_text().split("\n", 1)[0]) != pid
    finally:
        cluster.stop()


def test_new_owner_ends_what_a_killed_owner_left(folder: Path) -> None:
    """kill -9 of the application leaves its server running; the next start takes the folder over."""
    program = (
        "import sys, time\nfrom pathlib import Path\nfrom data.cluster import Cluster\n"
        "Cluster(Path(sys.argv[1])).start()\nprint('up', flush=True)\ntime.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"up\n"
        left = int((folder / "data" / "postmaster.pid").read_text().split("\n", 1)[0])
        owner.kill()
    cluster = Cluster(folder)
    cluster.start()
    try:
        assert ask(cluster, "SELECT 1") == 1
        assert int((folder / "data" / "postmaster.pid").read_text().split("\n", 1)[0]) != left
    finally:
        cluster.stop()


HOLD = (
    "import sys\nfrom pathlib import Path\nfrom data.cluster import Cluster\n"
    "cluster = Cluster(Path(sys.argv[1]), durable=False)\ncluster.start(attach=True)\nprint('up', flush=True)\n"
    "sys.stdin.readline()\ncluster.stop()\n"
)


def holding(folder: Path) -> "subprocess.Popen[bytes]":
    """A command that uses the cluster until its input ends."""
    command = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert command.stdout is not None
    assert command.stdout.readline() == b"up\n"
    return command


def test_the_last_of_two_commands_ends_the_server(folder: Path) -> None:
    """Two acts at once without a server: the first to end must not take the database from under the second."""
    with holding(folder) as first, holding(folder) as second:
        first.communicate()
        cluster = Cluster(folder, durable=False)
        assert ask(cluster, "SELECT 1") == 1
        second.communicate()
    assert not (folder / "data" / "postmaster.pid").exists()


def test_a_killed_command_leaves_nothing_in_the_way(folder: Path) -> None:
    """The next command uses the server that is still there, and ends it like its own."""
    with holding(folder) as killed:
        killed.kill()
    with holding(folder) as following:
        assert ask(Cluster(folder, durable=False), "SELECT 1") == 1
        following.communicate()
    assert not (folder / "data" / "postmaster.pid").exists()


def test_stop_ends_the_server_and_frees_the_folder(folder: Path) -> None:
    """After a stop nothing runs, and the same process may start again."""
    cluster = Cluster(folder, durable=False)
    cluster.start()
    pid = int((cluster.data / "postmaster.pid").read_text().split("\n", 1)[0])
    cluster.stop()
    assert not Path(f"/proc/{pid}").exists()
    assert not (cluster.data / "postmaster.pid").exists()
    cluster.start()
    assert ask(cluster, "SELECT 1") == 1
    cluster.stop()


def test_killed_initdb_is_made_again(folder: Path) -> None:
    """A power cut during the first start must not need a person."""
    (folder / "data.new").mkdir(parents=True)
    (folder / "data.new" / "PG_VERSION").write_text("half")
    cluster = Cluster(folder, durable=False)
    cluster.start()
    try:
        assert ask(cluster, "SELECT 1") == 1
        assert not (folder / "data.new").exists()
    finally:
        cluster.stop()


def test_long_path_gets_a_short_socket(folder: Path) -> None:
    """A socket's path holds 107 bytes; a deep folder must still work."""
    cluster = Cluster(folder / ("deep" * 40), durable=False)
    assert len(os.fsencode(cluster.socket_folder / ".s.PGSQL.5432.lock")) <= SOCKET_PATH_LIMIT
    cluster.start()
    try:
        assert ask(cluster, "SELECT 1") == 1
    finally:
        cluster.stop()


def test_closed_folder_is_named_with_the_remedy(folder: Path) -> None:
    """Root's home is closed to the database's user: say so before initdb fails with a riddle."""
    folder.mkdir()
    folder.chmod(0o700)
    assert not reachable_by_others(folder / "inside")
    if os.geteuid() == 0:
        with pytest.raises(ClusterError, match="MUSTER_FOLDER"):
            Cluster(folder / "inside").start()


def test_a_folder_closed_to_the_server_gives_way_to_another(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make demo` below /root, or in a checkout of somebody else's, must work and find its data again."""
    folder.mkdir(mode=0o700)
    wanted = folder / "project" / ".muster"
    monkeypatch.setenv("XDG_DATA_HOME", str(folder.parent / "own"))
    if os.geteuid() == 0:
        assert usable_folder(wanted) == SYSTEM_FOLDER / wanted.relative_to("/")
        folder.chmod(0o755)
    else:
        folder.chmod(0o500)
        assert usable_folder(wanted) == folder.parent / "own" / "muster" / wanted.relative_to("/")
        folder.chmod(0o700)
    assert usable_folder(wanted) == wanted


def test_a_strict_umask_does_not_lock_the_server_out(folder: Path) -> None:
    """Hardened machines give root umask 077: the folders above the cluster must still let its user through."""
    old = os.umask(0o077)
    try:
        cluster = Cluster(folder / "below" / "cluster", durable=False)
        cluster.start()
    finally:
        os.umask(old)
    assert ask(cluster, "SELECT 1") == 1
    cluster.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act for another account")
def test_root_uses_an_ordinary_users_cluster_without_taking_it(folder: Path) -> None:
    """`sudo muster …` beside an ordinary user's data: the files stay that user's, or they could never start again."""
    nobody = pwd.getpwnam("nobody")
    folder.mkdir()
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    cluster = Cluster(folder, durable=False)
    cluster.start()
    cluster.stop()
    assert {found.stat().st_uid for found in (folder, *folder.rglob("*"))} == {nobody.pw_uid}
