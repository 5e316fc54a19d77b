"""One way to compile a function: machine code kept on disk where that is possible, in memory where it is not.

numba renews what it keeps when the function's own file changes, but not when a file changes whose functions or constants
were compiled into it. So the folder is named after the contents of all of them: what is loaded always belongs to these sources.
It lies in `NUMBA_CACHE_DIR` if that is set, else beside the sources, else (a read-only checkout) in the user's cache folder.
Where none can be written each process compiles anew.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., object])

SOURCES: Final = ("backwards", "compiled", "crs", "profiles", "search", "shapes", "snapping")
"""The modules that compile functions, and those whose constants go into them."""


@cache
def kept_in() -> Path | None:
    """Return the folder that machine code of these sources is kept in; None where no folder can be written."""
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for name in SOURCES:
        digest.update((here / f"{name}.py").read_bytes())
    given = os.environ.get("NUMBA_CACHE_DIR")
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    for parent in [Path(given)] if given else [here / "__pycache__", user / "muster"]:
        folder = parent / f"compiled-{digest.hexdigest()[:16]}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    return None


def compiled(function: F) -> F:
    """Compile a function of numbers and arrays when it is first called; it runs without the interpreter's lock."""
    folder, before = kept_in(), numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder or "")  # read while the function is wrapped, never later
    try:
        fast: F = numba.njit(cache=folder is not None, nogil=True)(function)
    finally:
        numba.config.CACHE_DIR = before
    return fast
