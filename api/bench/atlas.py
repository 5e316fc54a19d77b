"""`muster bench atlas`: sheets of the demo county a second, content and drawing apart, beside a browser's print.

Processor time, of this process and those that it starts, is what a machine that does other things too leaves comparable.

The peer is spared half of the work: Chromium gets our finished map as SVG and turns it into a PDF, without tables.
"""

import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from api import press
from api.context import Context, make_context
from api.security import local_administrator
from api.settings import Settings
from api.usecases import atlas, bringing_in
from api.usecases.atlas import Wish
from data import migrate
from data.cluster import Cluster
from gis.atlas import Sheet

Progress = Callable[[str, int, int], None]

CHROMIUM: Final = ("chromium", "google-chrome")
_FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-pdf-header-footer",
)
_LIMIT_S: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What was measured: `sheets` in `seconds`, with so much processor time, each of about `kilobytes`. who: ours or the peer."""

    what: str
    who: str
    sheets: int
    seconds: float
    processor_seconds: float
    per_second: float
    kilobytes: int


def run(*, count: int, progress: Progress) -> list[Figure]:
    """Measure the content of every responsibility sheet of the demo county, and the drawing of some of all levels."""
    progress("county", 0, 4)
    with tempfile.TemporaryDirectory(prefix="muster-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # the database's own user enters it
        cluster = Cluster(Path(folder) / "cluster", durable=False)
        ctx = make_context(Settings(folder=Path(folder), _env_file=None), cluster.start())
        try:
            migrate.upgrade(ctx.engine)
            acting = ctx.acting(local_administrator("bench"))
            bringing_in.demo_county(acting, request_id=uuid4(), progress=lambda *_: None)
            return _measure(acting, count, progress)
        finally:
            ctx.engine.dispose()
            cluster.stop()


def _measure(ctx: Context, count: int, progress: Progress) -> list[Figure]:
    progress("content", 1, 4)
    began = _clocks()
    total, composed = atlas.sheets(ctx, Wish(kind="responsibility"))
    every = list(composed)
    found = [_figure("content", "muster", total, began)]
    chosen = every[:: max(1, len(every) // count)][:count]
    progress("drawing", 2, 4)
    found += [_drawing(chosen, processes) for processes in sorted({1, len(os.sched_getaffinity(0))})]
    progress("peer", 3, 4)
    peer = _chromium(chosen)
    return found if peer is None else [*found, peer]


def _clocks() -> tuple[float, float]:
    """Return the time, and the processor time of this process and of those it has seen end, in seconds."""
    spent = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return time.perf_counter(), sum(one.ru_utime + one.ru_stime for one in spent)


def _figure(what: str, who: str, sheets: int, began: tuple[float, float], size: int = 0) -> Figure:
    seconds, processor_seconds = (now - then for now, then in zip(_clocks(), began, strict=True))
    return Figure(
        what=what,
        who=who,
        sheets=sheets,
        seconds=seconds,
        processor_seconds=processor_seconds,
        per_second=sheets / seconds,
        kilobytes=round(size / max(1, sheets) / 1000),
    )


def _drawing(sheets: Sequence[Sheet], processes: int) -> Figure:
    """Draw them as an atlas does, the start of the processes included."""
    began = _clocks()
    count = len(sheets)
    with closing(
        press.printed(sheets, total=count, lang="zh", papers=("A3",), site="", processes=processes)
    ) as drawn:
        size = sum(len(bundle.pdf) for bundle in drawn)
    return _figure(f"A3 on {processes} cores", "muster", len(sheets), began, size)


def _chromium(sheets: Sequence[Sheet]) -> Figure | None:
    """Print the map alone, without its tables, with a browser; None where there is none."""
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        return None
    maps = [press.drawn(one, lang="zh", paper="A3", form="svg") for one in sheets]
    size = 0
    began = _clocks()
    with tempfile.TemporaryDirectory() as folder:
        for svg in maps:
            page, out = Path(folder) / "sheet.html", Path(folder) / "sheet.pdf"
            page.write_bytes(
                b"<!doctype html><meta charset=utf-8><style>@page{size:A3;margin:0}</style>" + svg
            )
            subprocess.run(  # noqa: S603  # the system's browser on our own file
                [program, *_FLAGS, f"--print-to-pdf={out}", page.as_uri()],
                check=True,
                capture_output=True,
                timeout=_LIMIT_S,
            )
            size += out.stat().st_size
    return _figure("A3, the map alone, drawn before", "Chromium print", len(sheets), began, size)
