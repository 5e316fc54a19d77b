"""The embedded default: a private PostgreSQL + PostGIS cluster in a local folder.

Nothing listens on the network: the server has one Unix socket in a folder that only its own user (and root) can enter.
`postgres` refuses to run as root, so root starts it as the system's `postgres` user.
"""

import atexit
import contextlib
import fcntl
import hashlib
import logging
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import psycopg

USER = "muster"  # the cluster's only role
DATABASE = "muster"
SOCKET_PATH_LIMIT = 107  # bytes that sun_path holds, less the terminator
START_TIMEOUT_S = 60.0
TURN_TIMEOUT_S = 90.0  # how long a start waits for another's start or stop: one may need START_TIMEOUT_S
GIVE_WAY_S = 5.0  # how long a server waits for commands that still use the cluster
ROOT_RUNS_AS = "postgres"
SYSTEM_FOLDER = Path(
    "/var/lib/muster"
)  # where root's cluster lies when others cannot enter the folder asked for
log = logging.getLogger(__name__)
CONFIG = """\
# written by muster at every start
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 200
shared_buffers = 256MB
work_mem = 16MB
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
logging_collector = off
recovery_init_sync_method = syncfs  # one call after a kill, not one for each of thousands of files
"""


class ClusterError(RuntimeError):
    """The embedded cluster cannot do what was asked; the message says how to mend it."""


def bin_folder() -> Path:
    """Return the newest installed PostgreSQL that has PostGIS.

    Raises ClusterError where there is none (Debian: postgresql-15 postgresql-15-postgis-3; other releases: their number).
    """
    found = [
        folder
        for folder in Path("/usr/lib/postgresql").glob("*/bin")
        if folder.parent.name.isdigit()
        and (folder / "postgres").exists()
        and Path(f"/usr/share/postgresql/{folder.parent.name}/extension/postgis.control").exists()
    ]
    if not found:
        raise ClusterError(
            "No PostgreSQL with PostGIS is installed. Run `make setup`, or set MUSTER_DATABASE_URL."
        )
    return max(found, key=lambda folder: int(folder.parent.name))


def usable_folder(wanted: Path) -> Path:
    """Return `wanted`, or where no cluster can work there, a folder of its own elsewhere; the same one every time.

    Root's server runs as another user, who may not be let in (`/root`): then it lies below `SYSTEM_FOLDER`. Anybody
    else may not write there (a checkout of root's): then it lies among the data of the person.
    """
    wanted = wanted.resolve()
    if os.geteuid() == 0:
        return wanted if reachable_by_others(wanted) else SYSTEM_FOLDER / wanted.relative_to("/")
    nearest = next(folder for folder in (wanted, *wanted.parents) if folder.exists())
    if os.access(nearest, os.W_OK | os.X_OK):
        return wanted
    own = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return own / "muster" / wanted.relative_to("/")


def reachable_by_others(folder: Path) -> bool:
    """Whether an unprivileged user can enter every parent of `folder`."""
    return all(not parent.exists() or parent.stat().st_mode & 0o001 for parent in folder.resolve().parents)


def configured(options: Mapping[str, str]) -> str:
    """Write settings as PostgreSQL's configuration files have them."""
    return "".join(f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in options.items())


def _account_for(folder: Path) -> pwd.struct_passwd | None:
    """Return the account that the server must run as, or None for the present one.

    As root: the owner of a cluster that is there, so that root may use an ordinary user's without taking it away.
    """
    if os.geteuid() != 0:
        return None
    if folder.exists() and folder.stat().st_uid != 0:
        return pwd.getpwuid(folder.stat().st_uid)
    try:
        return pwd.getpwnam(ROOT_RUNS_AS)
    except KeyError:
        raise ClusterError(
            f"PostgreSQL never runs as root and there is no user {ROOT_RUNS_AS!r}. Run `make setup`."
        ) from None


class Cluster:
    """One cluster in one folder: `start` gives its address, `stop` leaves it; whoever leaves last ends the server.

    Everybody who uses the server holds a shared lock on `users.lock`; the kernel drops it when they are killed. A
    server is started for its owner alone (`start()`); a command may attach to one that runs (`start(attach=True)`).
    Starting and ending happen one at a time, under `turn.lock`.
    """

    def __init__(
        self, folder: Path, *, durable: bool = True, options: Mapping[str, str] | None = None
    ) -> None:
        """`durable=False` trades crash safety for speed: throw-away test clusters only.

        options: more settings of the server, such as `data.archive.options` gives.
        """
        self.folder = folder.resolve()
        self.data = self.folder / "data"
        self.durable = durable
        self.options = dict(options or {})
        self._account = _account_for(self.folder)
        self._using: IO[str] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._launching = threading.Lock()
        self._guard: threading.Thread | None = None

    @property
    def socket_folder(self) -> Path:
        """In the cluster's folder, or, where that path is too long for a socket, in the system's temporary one."""
        near = self.folder / "run"
        if len(os.fsencode(near / ".s.PGSQL.5432.lock")) <= SOCKET_PATH_LIMIT:
            return near
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"muster-{digest}"

    def url(self, database: str = DATABASE) -> str:
        """Return the SQLAlchemy address of one of its databases."""
        return f"postgresql+psycopg://{USER}@/{database}?host={quote(str(self.socket_folder), safe='')}"

    def start(self, *, attach: bool = False) -> str:
        """Start the cluster (making it at first) and return the address of its database.

        Raises ClusterError when another process owns the folder and `attach` is false, or the server does not come up.
        """
        if self._using is not None:
            return self.url()
        self._make_folders()
        deadline = time.monotonic() + GIVE_WAY_S
        while not self._join(attach=attach):
            if time.monotonic() > deadline:
                raise ClusterError(
                    f"Another muster is running on {self.folder}. Stop it first, or use another folder."
                )
            time.sleep(0.05)
        try:
            self._wait_ready()
        except BaseException:
            self.stop()
            raise
        atexit.register(self.stop)
        return self.url()

    def stop(self) -> None:
        """Give the cluster up; the last one who does ends the server cleanly, whoever started it."""
        if self._using is None:
            return
        atexit.unregister(self.stop)
        with self._turn():
            if self._alone():
                self._end_server()
                self._end_leftover()
            else:
                self._stop_guarding()
            self._let_go()

    def _join(self, *, attach: bool) -> bool:
        """Become a user of the cluster, its owner where nobody else is one; tell whether that was possible."""
        with self._turn():
            self._using = self._lock_file("users.lock")
            try:
                alone = self._alone()
                if alone:
                    self._take_over(attach=attach)
                if alone or attach:
                    fcntl.flock(self._using, fcntl.LOCK_SH)
                    return True
            except BaseException:
                self._end_server()
                self._let_go()
                raise
            self._let_go()
            return False

    def _take_over(self, *, attach: bool) -> None:
        """Nobody else is here: start the server, or, for a command, use one that somebody left running."""
        if attach and self._leftover() is not None:
            with contextlib.suppress(ClusterError):
                self._wait_ready()
                return
        if not self.data.exists():
            self._initialise()
        self._end_leftover()
        self._launch()
        self._make_database()
        self._guard = threading.Thread(target=self._keep_alive, name="muster-postgres-guard", daemon=True)
        self._guard.start()

    def _end_server(self) -> None:
        """End the server that this process started, if it did."""
        server = self._stop_guarding()
        if server is None:
            return
        if server.poll() is None:
            server.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            server.send_signal(signal.SIGQUIT)
            server.wait(timeout=30)

    def _stop_guarding(self) -> "subprocess.Popen[bytes] | None":
        """From now on start nothing again; return the server that this process had started."""
        self._stopping.set()
        with self._launching:  # a guard that is about to start one sees the flag, or has started it by now
            server, self._server = self._server, None
        if self._guard is not None:
            if server is None or server.poll() is not None:
                self._guard.join(timeout=5)
            self._guard = None
        return server

    def _let_go(self) -> None:
        if self._using is not None:
            self._using.close()
            self._using = None
        self._stopping = threading.Event()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Own the folder without a server, to exchange the data in it. Raises ClusterError while one runs."""
        self._make_folders()
        with self._turn():
            self._using = self._lock_file("users.lock")
            try:
                if not self._alone():
                    raise ClusterError(f"A muster is running on {self.folder}. Stop it first.")
                self._end_leftover()
                yield
            finally:
                self._let_go()

    @property
    def owned(self) -> bool:
        """Whether this process started the server."""
        return self._server is not None

    def _make_folders(self) -> None:
        account = self._account
        if account and account.pw_name == ROOT_RUNS_AS and not reachable_by_others(self.folder):
            raise ClusterError(
                f"The user {account.pw_name!r}, who must run the database, cannot enter {self.folder}. "
                "Set MUSTER_FOLDER to a folder that others can enter, such as /var/lib/muster."
            )
        self._make_parents()
        for folder in (self.folder, self.socket_folder):
            self.own(folder)

    def _make_parents(self) -> None:
        """Make what is missing above the folder; enterable whatever the umask of root is."""
        for parent in reversed([above for above in self.folder.parents if not above.exists()]):
            parent.mkdir()
            if self._account is not None:
                parent.chmod(0o755)

    def own(self, folder: Path) -> None:
        """Make a folder that only the server's account can enter."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if self._account is not None:
            os.chown(folder, self._account.pw_uid, self._account.pw_gid)
        elif folder.stat().st_uid != os.geteuid():
            raise ClusterError(f"{folder} belongs to another user. Remove it, or set MUSTER_FOLDER.")
        folder.chmod(0o700)

    def give(self, file: IO[Any]) -> None:
        """Let a file that root opened belong to the server's account, who may be the next to open it."""
        if self._account is not None:
            os.fchown(file.fileno(), self._account.pw_uid, self._account.pw_gid)

    def _lock_file(self, name: str) -> IO[str]:
        file = (self.folder / name).open("a+")
        self.give(file)
        return file

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Be the only one who starts or ends a server here. Raises ClusterError when another takes for ever."""
        with self._lock_file("turn.lock") as turn:
            if not _locked(turn, wait_s=TURN_TIMEOUT_S):
                raise ClusterError(
                    f"Another muster has been starting or stopping on {self.folder} for too long."
                )
            yield

    def _alone(self) -> bool:
        """Whether nobody else uses the server; then nobody can begin to before the turn ends."""
        assert self._using is not None  # noqa: S101 - both callers hold the file
        return _locked(self._using, wait_s=0.0)

    def _command(self, name: str, *arguments: str) -> list[str]:
        return [str(bin_folder() / name), *arguments]

    def run(self, name: str, *arguments: str) -> str:
        """Run one of PostgreSQL's programs as the server's account and return what it printed. Raises ClusterError."""
        done = subprocess.run(  # noqa: S603 - fixed program, no shell
            self._command(name, *arguments),
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            user=self._account.pw_uid if self._account else None,
            group=self._account.pw_gid if self._account else None,
            extra_groups=[] if self._account else None,
        )
        if done.returncode != 0:
            raise ClusterError(f"{name} failed: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def _initialise(self) -> None:
        """Make the cluster beside its place and move it there whole: a killed initdb leaves nothing half-made."""
        fresh = self.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        self.own(fresh)
        sync = () if self.durable else ("--no-sync",)
        self.run(
            "initdb", "-D", str(fresh), "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", *sync
        )
        fresh.rename(self.data)

    def _leftover(self) -> int | None:
        """Return the number of a server that runs on this folder without having been started here."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            program = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ValueError, ProcessLookupError):
            return None
        # otherwise the number was given to another program since
        return pid if str(self.data).encode() in program else None

    def _end_leftover(self) -> None:
        """Stop a server that somebody left behind, as a killed owner does: nobody else uses it now."""
        if self._leftover() is None:
            return
        with contextlib.suppress(ClusterError):  # it may end by itself meanwhile
            self.run("pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "-t", "30", "stop")

    def _launch(self) -> None:
        """Start the server and wait until it answers; again while a killed one still holds the shared memory."""
        self._write_configuration()
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            with (self.folder / "postgres.log").open("ab") as log, self._launching:
                if self._stopping.is_set():
                    return
                self.give(log)
                self._server = self._spawn(log)
            try:
                self._wait_ready()
            except ClusterError:
                # after kill -9 the old shared memory is held until its last backend has gone
                if self._stopping.is_set() or time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            else:
                return

    def _write_configuration(self) -> None:
        unsafe = "" if self.durable else "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"
        with (self.data / "muster.conf").open("w") as file:
            self.give(file)
            file.write(CONFIG + unsafe + configured(self.options))

    def _spawn(self, log: IO[bytes]) -> "subprocess.Popen[bytes]":
        settings = {
            "unix_socket_directories": self.socket_folder,
            "config_file": self.data / "muster.conf",
            "hba_file": self.data / "pg_hba.conf",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return subprocess.Popen(  # noqa: S603 - fixed program, no shell
            self._command("postgres", "-D", str(self.data), *options),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C at the terminal reaches us, not the server
            user=self._account.pw_uid if self._account else None,
            group=self._account.pw_gid if self._account else None,
            extra_groups=[] if self._account else None,
        )

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            try:
                psycopg.connect(
                    host=str(self.socket_folder), user=USER, dbname="postgres", connect_timeout=2
                ).close()
            except psycopg.OperationalError:
                if self._stopping.is_set() or (self._server is not None and self._server.poll() is not None):
                    break
                time.sleep(0.02)
            else:
                return
        raise ClusterError(f"PostgreSQL did not start; its log is {self.folder / 'postgres.log'}.")

    def _make_database(self) -> None:
        with psycopg.connect(
            host=str(self.socket_folder), user=USER, dbname="postgres", autocommit=True
        ) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if known is None:
                connection.execute(f'CREATE DATABASE "{DATABASE}"')

    def _keep_alive(self) -> None:
        """Start the server again when it dies under us; crash recovery is PostgreSQL's own."""
        stopping = self._stopping  # a later start on this object has a flag of its own
        while not stopping.is_set():
            server = self._server
            if server is None:
                return
            server.wait()
            if stopping.is_set():
                return
            log.warning("PostgreSQL ended (%s); starting it again", server.returncode)
            with contextlib.suppress(ClusterError):
                self._launch()


def _locked(file: IO[str], *, wait_s: float) -> bool:
    """Take a lock for oneself alone within `wait_s` seconds; tell whether it was got."""
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)
        else:
            return True
