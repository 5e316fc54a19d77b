"""One page a file: each module has a `router`, and a `NAVIGATION` link when it belongs in the bar."""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType


def modules() -> tuple[ModuleType, ...]:
    """Return every page module, by name."""
    return tuple(import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
