"""The journal as a stream of server-sent events, without a gap.

A browser that comes back sends Last-Event-ID; what it missed is read from the journal, then live rows follow. Three kinds
of event: `act` (one journal row, its number as the event's id), `position` (a unit moved: no number, lost without harm)
and `beat` (the stream lives; whether this process hears the database), by which a page knows how old its data is.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence

from starlette.concurrency import run_in_threadpool

from api.errors import DatabaseAwayError
from api.hub import Hub
from data.journal import Entry

BEAT_S = 5.0
RECONNECT_MS = 1000


def encode(entry: Entry) -> bytes:
    """Write one journal row as one event. Names and phone numbers are not in it: pages ask for what they may see."""
    body = {
        "number": entry.number,
        "at": entry.at.isoformat(),
        "act": entry.act,
        "subject": entry.subject,
        "id": entry.subject_id,
    }
    return f"id: {entry.number}\nevent: act\ndata: {json.dumps(body)}\n\n".encode()


def beat(hub: Hub) -> str:
    """Say that the stream lives, up to which number it has spoken, and whether the hub hears the database."""
    return f"event: beat\ndata: {json.dumps({'number': hub.latest, 'hearing': hub.hearing})}\n\n"


async def stream(
    hub: Hub, since: int | None, read_after: Callable[[int], Sequence[Entry]], *, life_s: float
) -> AsyncIterator[bytes]:
    """Yield every event after `since` (None: from now on) for at most `life_s` seconds.

    Subscribing comes before reading, so that no row can fall between the two. The life is capped because a proxy
    or a sleeping laptop can keep a dead connection open for ever; the browser reconnects with its last number. A `since`
    beyond the journal's end (the store was put back to an earlier moment) is answered with the end: its id is smaller.
    """
    now = asyncio.get_running_loop().time
    ends = now() + life_s
    with hub.subscribe() as queue:
        try:
            sent = since if since is not None and since <= hub.latest else await _from(hub, since)
        except DatabaseAwayError:
            return
        yield f"retry: {RECONNECT_MS}\nid: {sent}\n{beat(hub)}".encode()
        try:
            while missed := await run_in_threadpool(read_after, sent):
                for row in missed:
                    yield encode(row)
                sent = missed[-1].number
        except DatabaseAwayError:
            return  # the reader comes again with the last number that it saw
        next_beat = now() + BEAT_S
        while (at := now()) < ends:
            if at >= next_beat:
                yield beat(hub).encode()
                next_beat = at + BEAT_S
            try:
                async with asyncio.timeout(min(ends, next_beat) - at):
                    told = await queue.get()
            except TimeoutError:
                continue
            if told is None:
                return
            if isinstance(told, str):
                yield f"event: position\ndata: {told}\n\n".encode()
            elif told.number > sent:
                yield encode(told)
                sent = told.number


async def _from(hub: Hub, since: int | None) -> int:
    """Ask the store where the journal ends: this worker may not have heard yet of what another one told the reader."""
    newest = await hub.newest()
    return newest if since is None else min(since, newest)
