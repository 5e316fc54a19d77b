"""One LISTEN task for the whole process: it reads new journal rows once and hands them to every open stream.

It also passes on which units moved (channel `positions_…`): those have no number, and nobody misses one that is lost.

A notification is only a wake-up: it is lost while the listener is away, so the table is read again after every LISTEN.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg

from api import metrics
from api.errors import DatabaseAwayError, MusterError
from api.threads import to_the_end
from data.journal import Entry

QUEUE_LENGTH = 1000
RETRY_S = 0.5
CHECK_S = 30.0
GATHER_S = 1.0
Told = Entry | str | None  # a journal row; a moved unit as JSON; None: the queue has ended
log = logging.getLogger(__name__)


class Hub:
    """Reads the journal behind `channel` and fans its rows out, and what comes on `positions` with them.

    `latest` is the last number that was handed out; `hearing` says whether the database is being listened to.
    """

    def __init__(
        self,
        database_url: str,
        channel: str,
        read_after: Callable[[int], Sequence[Entry]],
        latest: Callable[[], int],
        positions: str,
    ) -> None:
        self._conninfo = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._channel = channel
        self._positions = positions
        self._read_after = read_after
        self._read_latest = latest
        self._queues: set[asyncio.Queue[Told]] = set()
        self._moved: dict[str, None] = {}
        self.latest = 0
        self.hearing = False

    @contextlib.contextmanager
    def subscribe(self) -> Iterator[asyncio.Queue[Told]]:
        """Open a queue of what is told; None in it means that it ended (overflow, or the process stops): reconnect."""
        queue: asyncio.Queue[Told] = asyncio.Queue(QUEUE_LENGTH)
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)

    async def run(self) -> None:
        """Listen until cancelled, through any number of lost connections."""
        started = False
        try:
            while True:
                try:
                    if not started:
                        self.latest = await to_the_end(self._read_latest)
                        metrics.HANDED_OUT.set(self.latest)
                        started = True
                    await self._listen()
                except (psycopg.Error, DatabaseAwayError, MusterError, OSError) as error:
                    # whichever of the two connections it was: nothing but the end of the process ends the listening
                    self.hearing = False
                    log.warning("The event listener lost its connection: %s", error)
                    await asyncio.sleep(RETRY_S)
        finally:
            self.end()

    async def newest(self) -> int:
        """Read the newest number from the store. Raises DatabaseAwayError."""
        return await to_the_end(self._read_latest)

    def end(self) -> None:
        """End every open stream, as before the process stops: its reader finds another worker and catches up."""
        for queue in self._queues:
            _end(queue)

    async def _listen(self) -> None:
        async with await self._connect() as connection:
            for channel in (self._channel, self._positions):
                await connection.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel)))
            await self._hand_out()
            while True:
                self.hearing = True
                notices = [one async for one in connection.notifies(timeout=CHECK_S, stop_after=1)]
                for notice in notices:
                    if notice.channel == self._positions:
                        self._note(notice.payload)
                # after silence, too: what was missed is in the table; positions are no reason to read it
                if not notices or any(one.channel == self._channel for one in notices):
                    await self._hand_out()

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        """Connect; a process that stops meanwhile must not leave a connection behind."""
        opening = asyncio.ensure_future(psycopg.AsyncConnection.connect(self._conninfo, autocommit=True))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            await (await opening).close()
            raise

    async def _hand_out(self) -> None:
        while new := await to_the_end(self._read_after, self.latest):
            for entry in new:
                self.offer(entry)

    def offer(self, entry: Entry) -> None:
        """Hand one row to every open queue; one that is full ends."""
        self.latest = entry.number
        metrics.HANDED_OUT.set(entry.number)
        for queue in tuple(self._queues):
            try:
                queue.put_nowait(entry)
            except asyncio.QueueFull:
                _end(queue)
                self._queues.discard(queue)

    def _note(self, unit: str) -> None:
        """Note which unit moved; each is told once within GATHER_S, however often it says so."""
        if not self._moved:
            asyncio.get_running_loop().call_later(GATHER_S, self._tell_moved)
        self._moved[unit] = None

    def _tell_moved(self) -> None:
        units, self._moved = tuple(self._moved), {}
        for unit in units:
            self.moved(unit)

    def moved(self, unit: str) -> None:
        """Tell which unit moved, given as JSON. A queue that is half full keeps its room for acts."""
        try:
            line = json.dumps(json.loads(unit))
        except ValueError:
            log.warning("Not a unit that moved: %.100r", unit)
            return
        for queue in self._queues:
            if queue.qsize() < QUEUE_LENGTH // 2:
                queue.put_nowait(line)


def _end(queue: asyncio.Queue[Told]) -> None:
    """Make None the next thing in the queue: its reader leaves at once and catches up from the table."""
    while not queue.empty():
        queue.get_nowait()
    queue.put_nowait(None)
