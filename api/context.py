"""What an act is done with: who, in which world, by which policy and clock, on which roads."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, DBAPIError

from api import metrics
from api.errors import InvalidError
from api.grid_memory import GridMemory
from api.jobs import Jobs
from api.networks import Networks
from api.online import OnlineMap
from api.outage import Outage, Room
from api.pace import Pace
from api.security import NOBODY, Actor, Passwords
from api.settings import Settings
from data import worlds
from data.engine import make_engine
from data.policies import Policy
from data.policies import load as load_policy

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The live world or an exercise: the schema that operational tables stand in. Transactions start here only."""

    engine: Engine
    outage: Outage
    room: Room
    schema: str = worlds.LIVE

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open one writing transaction; it commits when the block ends without an exception. Raises StoreFullError."""
        with self._connect() as connection, connection.begin():
            self.room.check(connection)
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open one reading transaction that sees a single moment throughout."""
        with self._connect() as connection:
            # told with BEGIN: a statement of its own would be one more answer to wait for
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield connection

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        """Connect. Raises DatabaseAwayError, StoreFullError.

        Raises InvalidError for a text that the database cannot hold: one with a NUL, from wherever it came.
        """
        with self.outage.connect(self.engine) as connection:
            try:
                yield worlds.inside(connection, self.schema)
            except DBAPIError as error:
                if isinstance(error, DataError) and getattr(error.orig, "sqlstate", None) is None:
                    raise InvalidError(
                        "text_unstorable"
                    ) from error  # the driver refused it before the server saw it
                told = self.outage.told(error)
                if told is error:
                    raise
                raise told from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The first argument of every use case."""

    engine: Engine
    world: World
    policy: Policy
    settings: Settings
    clock: Clock
    networks: Networks
    grids: GridMemory
    passwords: Passwords
    pace: Pace
    jobs: Jobs
    online: OnlineMap
    actor: Actor = field(default=NOBODY)
    undoes: Callable[[Connection], int] | None = None
    """Of an act that takes an earlier one back: checks that nothing stands in the way, and names its number."""

    def acting(self, actor: Actor) -> "Context":
        """Return the same context with somebody in it."""
        return replace(self, actor=actor)

    def today(self) -> date:
        """Return the day that it is in the county."""
        return self.clock().astimezone(self.settings.zone).date()

    def undoing(self, undoes: Callable[[Connection], int]) -> "Context":
        """Return the same context for an act that takes an earlier one back."""
        return replace(self, undoes=undoes)


def make_context(settings: Settings, database_url: str, *, clock: Clock = system_clock) -> Context:
    """Make a process's context on the database at `database_url`; nobody acts in it yet."""
    engine = make_engine(database_url, pool_size=settings.connections)
    metrics.watch_pool(engine)
    world = World(engine=engine, outage=Outage(clock), room=Room())
    return Context(
        engine=engine,
        world=world,
        policy=load_policy(),
        settings=settings,
        clock=clock,
        networks=Networks(world.read),
        grids=GridMemory(),
        passwords=Passwords(settings.password_checks),
        pace=Pace(settings.position_batches_per_minute),
        jobs=Jobs(),
        online=OnlineMap(settings.online_map, settings.online_map_key),
    )
