"""What one request turned out to be: its act, journal number and role, for the log and the counters. No names, no values."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Trace:
    """Filled while a request is answered; threads that answer it share the one object."""

    request_id: str
    role: str = "nobody"
    act: str | None = None
    journal: int | None = None
    refused: str | None = None


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def start(request_id: str) -> Trace:
    """Start the trace of a request; everything that is called from here on notes into it."""
    made = Trace(request_id=request_id)
    _current.set(made)
    return made


def note_role(role: str) -> None:
    """Note as what somebody acts."""
    trace = _current.get()
    if trace is not None:
        trace.role = role


def note_act(act: str, journal: int | None) -> None:
    """Note what was done, and under which number it was journalled; None for a repetition."""
    trace = _current.get()
    if trace is not None:
        trace.act, trace.journal = act, journal


def note_refusal(code: str) -> None:
    """Note why it was not done."""
    trace = _current.get()
    if trace is not None:
        trace.refused = code
