"""One way to compile a function: machine code kept on disk where that is possible, in memory where it is not.

numba keeps it beside the source, or in the user's cache folder when the source cannot be written
(`NUMBA_CACHE_DIR` names another). Where neither can be written it compiles anew in each process.
"""

from collections.abc import Callable
from typing import TypeVar

import numba

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile a function of numbers and arrays when it is first called; it runs without the interpreter's lock."""
    try:
        fast: F = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # no folder can be written
        fast = numba.njit(nogil=True)(function)
    return fast
