"""One line in the log and one count for each request, as the outermost ASGI layer."""

import re
import secrets
import time
from typing import Any, Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import metrics, trace
from api.http import PREFIX

REQUEST_ID: Final = "X-Request-Id"
_GIVEN: Final = re.compile(r"[A-Za-z0-9-]{8,64}")
_QUIET: Final = frozenset({"/health", "/ready", "/metrics", "/static"})
_FAILED: Final = 500
log: Final = structlog.get_logger("muster.request")


class Watch:
    """ASGI layer that names each request, times it, counts it and writes its line. Addresses are logged as templates only."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        found = trace.start(given if _GIVEN.fullmatch(given) else secrets.token_hex(8))
        answer = _Answer()

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.started(message)
                MutableHeaders(scope=message)[REQUEST_ID] = found.request_id
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception:
            answer.status = _FAILED
            log.exception("request failed", request_id=found.request_id, route=template(scope), act=found.act)
            raise
        finally:
            answer.end()
            _tell(scope, found, answer)


class _Answer:
    """How an answer went; a stream counts as open until its last byte."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self.status = 499  # nothing was sent: whoever asked has gone
        self.stream = False

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._began

    def started(self, message: Message) -> None:
        self.status = message["status"]
        self.stream = Headers(raw=message["headers"]).get("content-type", "").startswith("text/event-stream")
        if self.stream:
            metrics.STREAMS.inc()

    def end(self) -> None:
        if self.stream:
            metrics.STREAMS.dec()


def template(scope: Scope) -> str:
    """Return the route's template, which holds no id, token or query: /o/{token}."""
    path = getattr(scope.get("route"), "path", None)
    if path is not None:
        within = PREFIX if scope["path"].startswith(f"{PREFIX}/") and not path.startswith(PREFIX) else ""
        return f"{within}{path}"
    return "/static" if scope["path"].startswith("/static/") else "unknown"


def _tell(scope: Scope, found: trace.Trace, answer: _Answer) -> None:
    method, route = scope["method"] if scope["method"] in _METHODS else "other", template(scope)
    metrics.REQUESTS.labels(method, route, str(answer.status)).inc()
    if not answer.stream:
        metrics.REQUEST_SECONDS.labels(method, route).observe(answer.seconds)
    if route in _QUIET and answer.status < _FAILED:
        return
    line: dict[str, Any] = {
        "request_id": found.request_id,
        "method": method,
        "route": route,
        "status": answer.status,
        "ms": round(answer.seconds * 1000, 1),
        "role": found.role,
        "act": found.act,
        "journal": found.journal,
        "refused": found.refused,
    }
    log.info("request", **{key: value for key, value in line.items() if value is not None})


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
