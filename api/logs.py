"""Structured logs: one line of JSON on stderr for each thing that happened, and nothing in it about any person.

Own lines hold ids, codes and numbers only. What other libraries log passes the same way: order links and long numbers
are struck out of their texts, and of an exception only its kind and its places in the code are kept, because its
message may quote the row or the form that it stumbled over.
"""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, Final, TextIO

import structlog

from api.errors import MusterError
from api.settings import Settings

_LINK: Final = re.compile(r"(/[oc]/)[\w-]+")
_ADDRESS: Final = re.compile(r"(\w+://)[^\s/@]+@")  # a password before a host
_QUERY: Final = re.compile(r"(/[\w./{}-]*)\?\S+")
_NUMBER: Final = re.compile(r"\d[\d -]{5,}\d|\d+\.\d{3,}")  # telephones, and positions to a hundred metres
_DEEPEST: Final = 30

Event = MutableMapping[str, Any]


def configure(settings: Settings, stream: TextIO = sys.stderr) -> None:
    """Send every log line of this process to stderr in the form of the settings."""
    shape()
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if settings.log_form == "json"
        else structlog.dev.ConsoleRenderer(colors=stream.isatty())
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.PositionalArgumentsFormatter(), _named, *_shared()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    logging.captureWarnings(capture=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        theirs = logging.getLogger(name)
        theirs.handlers, theirs.propagate = [], True
    logging.getLogger("uvicorn.access").setLevel(logging.CRITICAL)  # its lines hold whole addresses
    for chatty in ("alembic", "asyncio", "fontTools", "numba", "rasterio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def shape() -> None:
    """Shape own log lines, wherever they go: structlog's own way prints an exception with every value around it."""
    structlog.configure(
        processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _shared() -> list[structlog.typing.Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _exception_without_values,
        _text_without_values,
    ]


def _named(_: Any, __: str, event: Event) -> Event:
    record = event.get("_record")
    if record is not None:
        event["logger"] = record.name
    return event


def _exception_without_values(_: Any, __: str, event: Event) -> Event:
    """Put an exception's kind, code and places in the line, and nothing of its message."""
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if not isinstance(error, BaseException):
        return event
    event["error"] = _kind(error)
    frames = traceback.extract_tb(error.__traceback__)[-_DEEPEST:]
    event["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    cause = error.__cause__ or error.__context__
    if cause is not None:
        event["because"] = _kind(cause)
    return event


def _kind(error: BaseException) -> str:
    """Name an exception: its class, and what PostgreSQL calls it; both are words of programs."""
    raised = getattr(error, "orig", None) or error
    words = [type(error).__name__, getattr(raised, "sqlstate", None)]
    if isinstance(error, MusterError):
        words.append(error.code)
    diagnosis = getattr(raised, "diag", None)
    words.append(getattr(diagnosis, "constraint_name", None))
    return " ".join(word for word in words if isinstance(word, str))


def _text_without_values(_: Any, __: str, event: Event) -> Event:
    event["event"] = struck(str(event.get("event", "")))
    return event


def struck(words: str) -> str:
    """Strike out of a text what may be a secret or about a person."""
    words = _ADDRESS.sub(r"\1…@", words)
    words = _QUERY.sub(r"\1?…", words)
    words = _LINK.sub(r"\1…", words)
    return _NUMBER.sub("…", words)
