"""An application on the hand-made county, and somebody signed in for each role."""

import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar, get_args

import httpx2 as httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from starlette.types import ASGIApp

from api import http
from api.context import Context
from api.runtime import running
from api.security import AccountRole, Passwords, local_administrator
from api.settings import Settings
from data import accounts, worlds
from tests import builders

PASSWORD = "correct horse battery"  # noqa: S105 - of accounts that live for one test
ROLES: tuple[AccountRole, ...] = get_args(AccountRole)
T = TypeVar("T")


class Clock:
    """A clock that stands until a test moves it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


def somebody_waits(engine: Engine) -> bool:
    """Whether a transaction of this test's database waits for another one."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with engine.connect() as connection:
        return bool(connection.scalar(text(waiting)))


def beside(engine: Engine, pool: Executor, act: Callable[[], T]) -> "Future[T]":
    """Begin an act in a thread, and return when it waits for this test's own transaction, or has ended."""
    begun = pool.submit(act)
    while not begun.done() and not somebody_waits(engine):
        time.sleep(0.02)
    return begun


class Browser:
    """A signed-in client that sends the form token and a request id with every change."""

    def __init__(self, app: ASGIApp, name: str) -> None:
        self.http = TestClient(app, base_url="http://muster.test")
        answer = self.http.post("/api/v1/session", json={"name": name, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        self.csrf = answer.json()["csrf_token"]

    def get(self, path: str, **values: Any) -> httpx.Response:
        return self.http.get(f"/api/v1{path}", **values)

    def send(
        self, method: str, path: str, body: dict[str, Any] | None = None, **values: Any
    ) -> httpx.Response:
        return self.send_plain(method, path, {"request_id": str(uuid.uuid4()), **(body or {})}, **values)

    def send_plain(self, method: str, path: str, body: dict[str, Any], **values: Any) -> httpx.Response:
        """Send as it stands, for what carries no request id."""
        values.setdefault("headers", {"X-CSRF-Token": self.csrf})
        return self.http.request(method, f"/api/v1{path}", json=body, **values)

    def post(self, path: str, body: dict[str, Any] | None = None, **values: Any) -> httpx.Response:
        return self.send("POST", path, body, **values)


@pytest.fixture
def clock() -> Clock:
    """Ten past six in the evening of the county's own time."""
    return Clock(builders.NOW)


@pytest.fixture
def county(engine: Engine) -> dict[str, int]:
    """The hand-made county in the store; its ids by name."""
    with engine.begin() as connection:
        return builders.add_county(worlds.inside(connection, worlds.LIVE))


@pytest.fixture
def settings(database: str) -> Settings:
    """Settings on this test's own database."""
    return Settings(database_url=database, stream_life_s=5)


@pytest.fixture(scope="session")
def password_hash() -> str:
    """The accounts' password, hashed once: it takes a quarter of a second."""
    return Passwords(at_once=1).hash(PASSWORD)


@pytest.fixture
def app(settings: Settings, county: dict[str, int], clock: Clock, password_hash: str) -> Iterator[FastAPI]:
    """The JSON application, running, with an account for each role, named after it."""
    assert county

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> Any:
        async with running(app, settings, clock=clock):
            yield

    app = FastAPI(title="Muster", lifespan=lifespan)
    http.install(app)
    with TestClient(app):
        with app.state.context.world.begin() as connection:
            for role in ROLES:
                accounts.insert_user(
                    connection, name=role, role=role, password_hash=password_hash, at=clock.now
                )
        yield app


@pytest.fixture
def context(app: FastAPI) -> Context:
    """The process's context with a local administrator in it."""
    context: Context = app.state.context
    return context.acting(local_administrator("tests"))


@pytest.fixture
def sign_in(app: FastAPI) -> Callable[[str], Browser]:
    """Sign somebody in by the name of their role."""
    return lambda name: Browser(app, name)


@pytest.fixture
def commander(sign_in: Callable[[str], Browser]) -> Browser:
    """A commander at the browser."""
    return sign_in("commander")
