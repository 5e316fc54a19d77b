"""The journal as a stream of server-sent events, without a gap.

A browser that comes back sends Last-Event-ID; what it missed is read from the journal, then live rows follow.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence

from starlette.concurrency import run_in_threadpool

from api.hub import Hub
from data.journal import Entry

KEEP_ALIVE_S = 15.0
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


async def stream(
    hub: Hub, since: int | None, read_after: Callable[[int], Sequence[Entry]], *, life_s: float
) -> AsyncIterator[bytes]:
    """Yield every event after `since` (None: from now on) for at most `life_s` seconds.

    Subscribing comes before reading, so that no row can fall between the two. The life is capped because a proxy
    or a sleeping laptop can keep a dead connection open for ever; the browser reconnects with its last number.
    """
    ends = asyncio.get_running_loop().time() + life_s
    with hub.subscribe() as queue:
        sent = hub.latest if since is None else min(since, hub.latest)
        yield f"retry: {RECONNECT_MS}\nid: {sent}\n\n".encode()
        while missed := await run_in_threadpool(read_after, sent):
            for row in missed:
                yield encode(row)
            sent = missed[-1].number
        while (left := ends - asyncio.get_running_loop().time()) > 0:
            try:
                async with asyncio.timeout(min(left, KEEP_ALIVE_S)):
                    entry = await queue.get()
            except TimeoutError:
                yield b": still here\n\n"
                continue
            if entry is None:
                return
            if entry.number > sent:
                yield encode(entry)
                sent = entry.number
