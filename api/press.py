"""Sheets drawn on every core: a pool of processes that know the drawing by its name.

Each process draws a bundle of sheets into one PDF: fonts are most of a sheet's file, and are embedded once in each.
Drawing is `web`'s, which stands above this floor: like the server's application it is named here, and only the processes
that draw load it.
"""

import gc
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import islice
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from typing import Any, Final, Literal

from gis.atlas import Sheet

RENDERER: Final = "web.sheets.render"

Paper = Literal["A3", "A4"]
Lang = Literal["zh", "en"]

_Waiting = tuple[tuple[Sheet, ...], Paper, Future[tuple[bytes, tuple[int, ...]]]]

_MOST: Final = 10  # sheets of a bundle: more save little space, and take memory (some 30 MB each)
_TURNS: Final = 3  # bundles for each process at least: the last ones end at about the same time
_AHEAD: Final = 2  # bundles for each process, drawn or waiting: their content is made while others are drawn
_STEPS: Final = 2  # that a sheet takes: laid out, painted
_LOOK_EVERY_S: Final = 0.25
_NICE: Final = 5  # orders and routes go first


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Sheets in one PDF. pages: how many each has."""

    sheets: tuple[Sheet, ...]
    paper: Paper
    pages: tuple[int, ...]
    pdf: bytes


def printed(
    sheets: Iterable[Sheet],
    *,
    total: int,
    lang: Lang,
    papers: Iterable[Paper],
    site: str,
    told: Callable[[int], None] = lambda _done: None,
    processes: int | None = None,
) -> Generator[Bundle, None, None]:
    """Draw sheets as PDF, in their order, each bundle on all papers, one after the other.

    total: how many sheets there are. site: what addresses of live pages begin with. told: gets the number of sheets
    drawn so far (on all papers), several times a second; what it raises ends the work. processes: how many draw at once; as many as
    there are cores where it is not said. A caller that stops midway ends them; each then ends at its next step.
    """
    count = processes or len(os.sched_getaffinity(0))
    papers = tuple(papers)
    # spawned: a forked child would share this process's connections and the locks of its threads
    context = get_context("spawn")
    steps = context.Value("L", 0)
    stop = context.Event()
    waiting: deque[_Waiting] = deque()
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=_begin, initargs=(steps, stop))

    def look() -> None:
        told(steps.value // _STEPS)

    try:
        for some in _bundles(sheets, max(1, min(_MOST, -(-total // (count * _TURNS))))):
            for paper in papers:
                waiting.append((some, paper, pool.submit(_drawn, some, lang, paper, site)))
                if len(waiting) >= count * _AHEAD:
                    yield _next(waiting, look)
        while waiting:
            yield _next(waiting, look)
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


def _bundles(sheets: Iterable[Sheet], size: int) -> Iterator[tuple[Sheet, ...]]:
    rest = iter(sheets)
    while some := tuple(islice(rest, size)):
        yield some


def _next(waiting: deque[_Waiting], look: Callable[[], None]) -> Bundle:
    """Wait for the oldest bundle, and look meanwhile how far all of them are."""
    sheets, paper, future = waiting.popleft()
    while not wait([future], timeout=_LOOK_EVERY_S).done:
        look()
    look()
    pdf, pages = future.result()
    return Bundle(sheets=sheets, paper=paper, pages=pages, pdf=pdf)


class _Stopped(Exception):  # noqa: N818  # no error: nobody waits for the rest
    """The caller wants no more sheets."""


_shared: dict[str, Any] = {}  # of a process that draws


def _begin(steps: Any, stop: Event) -> None:
    """Make a new process ready."""
    _shared.update(steps=steps, stop=stop)
    os.nice(_NICE)
    _renderer()
    gc.freeze()
    gc.disable()  # hundreds of thousands of objects all live until their bundle is written: no use to look at them before


def _step() -> None:
    if _shared["stop"].is_set():
        raise _Stopped
    steps = _shared["steps"]
    with steps.get_lock():
        steps.value += 1


def _drawn(sheets: tuple[Sheet, ...], lang: Lang, paper: Paper, site: str) -> tuple[bytes, tuple[int, ...]]:
    try:
        found: tuple[bytes, tuple[int, ...]] = _renderer().render_many(
            sheets, lang=lang, paper=paper, site=site, step=_step
        )
        return found
    finally:
        gc.collect()


def drawn(sheet: Sheet, *, lang: Lang, paper: Paper, form: Literal["pdf", "png", "svg"]) -> bytes:
    """Draw one sheet in this process."""
    found: bytes = _renderer().render(sheet, lang=lang, paper=paper, form=form)
    return found


@cache
def _renderer() -> Any:
    return import_module(RENDERER)
