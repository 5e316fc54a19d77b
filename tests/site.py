"""The whole application on a free loopback port, with an account for each role, for tests of pages and journeys."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import get_args

import uvicorn
from sqlalchemy import Engine

from api.security import AccountRole, Passwords
from api.settings import Settings
from data import accounts, worlds
from tests.hours import quiet_zone
from web.app import create_app

PASSWORD = "correct horse battery"  # noqa: S105 - of accounts that live for one test
_STARTS_WITHIN_S = 60.0


@cache
def _password_hash() -> str:
    return Passwords(at_once=1).hash(PASSWORD)


def add_accounts(engine: Engine) -> None:
    """Insert an account for each role, named after it."""
    with engine.begin() as connection:
        here = worlds.inside(connection, worlds.LIVE)
        for role in get_args(AccountRole):
            accounts.insert_user(
                here, name=role, role=role, password_hash=_password_hash(), at=datetime.now(UTC)
            )


@contextmanager
def serving(database: str, *, port: int = 0, stream_life_s: float = 60) -> Iterator[str]:
    """Serve the application on this database; yields its address. `port`: the same again, for a server that restarts."""
    app = create_app(
        Settings(database_url=database, stream_life_s=stream_life_s, timezone=quiet_zone(), _env_file=None)
    )
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="site")
    thread.start()
    try:
        deadline = time.monotonic() + _STARTS_WITHIN_S
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            assert time.monotonic() < deadline, "the server took too long to start"
            time.sleep(0.02)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
