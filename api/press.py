"""Sheets drawn on every core: a pool of processes that know the drawing by its name, and the pages bound into one file.

Drawing is `web`'s, which stands above this floor: like the server's application it is named here, and only the processes
that draw load it.
"""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from functools import cache
from importlib import import_module
from multiprocessing import get_context
from typing import Final, Literal

from gis.atlas import Sheet

RENDERER: Final = "web.sheets.render:render"

Paper = Literal["A3", "A4"]
Lang = Literal["zh", "en"]

_AHEAD: Final = 3  # sheets that wait for each process: their content is made while others are drawn


def printed(
    sheets: Iterable[Sheet],
    *,
    lang: Lang,
    papers: Iterable[Paper],
    site: str,
    processes: int | None = None,
) -> Generator[tuple[Sheet, Paper, bytes], None, None]:
    """Draw sheets as PDF, in their order; each on all papers, one after the other.

    site: what addresses of live pages begin with. processes: how many draw at once; as many as there are cores where it is not said. A caller that stops midway ends them.
    """
    count = processes or len(os.sched_getaffinity(0))
    waiting: deque[tuple[Sheet, Paper, Future[bytes]]] = deque()
    papers = tuple(papers)
    # spawned: a forked child would share this process's connections and the locks of its threads
    pool = ProcessPoolExecutor(count, mp_context=get_context("spawn"))
    try:
        for sheet in sheets:
            for paper in papers:
                waiting.append((sheet, paper, pool.submit(_drawn, sheet, lang, paper, site)))
                if len(waiting) >= count * _AHEAD:
                    yield _next(waiting)
        while waiting:
            yield _next(waiting)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _next(waiting: "deque[tuple[Sheet, Paper, Future[bytes]]]") -> tuple[Sheet, Paper, bytes]:
    sheet, paper, future = waiting.popleft()
    return sheet, paper, future.result()


def _drawn(sheet: Sheet, lang: Lang, paper: Paper, site: str) -> bytes:
    return _renderer()(sheet, lang=lang, paper=paper, site=site)


def drawn(sheet: Sheet, *, lang: Lang, paper: Paper, form: Literal["pdf", "png", "svg"]) -> bytes:
    """Draw one sheet in this process."""
    return _renderer()(sheet, lang=lang, paper=paper, form=form)


@cache
def _renderer() -> Callable[..., bytes]:
    module, _, name = RENDERER.partition(":")
    found: Callable[..., bytes] = getattr(import_module(module), name)
    return found
