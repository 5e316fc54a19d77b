"""Connections that stand in the live world."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from sqlalchemy import Connection, Engine

from data import worlds

Begin = Callable[[], AbstractContextManager[Connection]]


@pytest.fixture
def begin(engine: Engine) -> Begin:
    """Opens a transaction in the live world, as often as asked; it commits at its end."""

    @contextmanager
    def opened() -> Iterator[Connection]:
        with engine.connect() as connection, connection.begin():
            yield worlds.inside(connection, worlds.LIVE)

    return opened


@pytest.fixture
def connection(begin: Begin) -> Iterator[Connection]:
    """One open transaction in the live world."""
    with begin() as opened:
        yield opened
