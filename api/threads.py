"""Blocking work of long-lived tasks."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

T = TypeVar("T")


async def to_the_end(work: Callable[..., T], *arguments: object) -> T:
    """Run `work` in a thread. A task that is cancelled meanwhile waits for it: the thread may hold a connection."""
    running = asyncio.ensure_future(run_in_threadpool(work, *arguments))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise
