"""What is answered while the database is away: readers are asked once more, writers are told that all can be sent again."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import DatabaseAwayError, problem
from api.http.problems import response

Fields = Sequence[tuple[str, str]]
AwayPage = Callable[[Scope, Fields | None, datetime], Response]
"""Makes the page: for what was asked, with the fields of the form that was sent (None where none was), since when."""

COME_AGAIN_S: Final = 2
_READS: Final = frozenset({"GET", "HEAD"})
_FORM: Final = "application/x-www-form-urlencoded"
PROGRAMS: Final = ("/api/", "/ogc/", "/health", "/ready", "/metrics", "/openapi.json")
"""Addresses that programs ask: their refusals are documents, never pages."""


class Away:
    """ASGI layer: a DatabaseAwayError becomes a second reading, then a problem document or a page, both 503."""

    def __init__(self, app: ASGIApp, page: AwayPage | None = None) -> None:
        self.app = app
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked = _Asked(receive, send)
        try:
            try:
                await self.app(scope, asked.receive, asked.send)
            except DatabaseAwayError:
                if asked.begun or scope["method"] not in _READS:
                    raise
                asked.again()
                await self.app(scope, asked.receive, asked.send)
        except DatabaseAwayError as error:
            if asked.begun:
                raise
            await self._answer(scope, asked, error.since)(scope, receive, send)
        except asyncio.CancelledError:
            # The server stops and its patience with running requests is over. The act goes on in its thread, and
            # whoever asks again gets its answer; nothing after us would tell them so.
            if asked.begun:
                raise
            stopping = problem(HTTPStatus.SERVICE_UNAVAILABLE, "server_stopping", {"wait_s": COME_AGAIN_S})
            await response(stopping, {"Retry-After": str(COME_AGAIN_S)})(scope, receive, send)

    def _answer(self, scope: Scope, asked: "_Asked", since: datetime) -> Response:
        if self._page is not None and not scope["path"].startswith(PROGRAMS):
            made = self._page(scope, asked.fields(scope), since)
        else:
            details = {"since": since.isoformat(), "wait_s": COME_AGAIN_S}
            made = response(problem(HTTPStatus.SERVICE_UNAVAILABLE, "database_away", details))
        made.headers["Retry-After"] = str(COME_AGAIN_S)
        return made


class _Asked:
    """One request as it came in: what was read of it can be read again."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._read: list[Message] = []
        self._to_replay: list[Message] = []
        self.begun = False

    async def receive(self) -> Message:
        if self._to_replay:
            return self._to_replay.pop(0)
        message = await self._receive()
        if message["type"] == "http.request":
            self._read.append(message)
        return message

    async def send(self, message: Message) -> None:
        self.begun = True
        await self._send(message)

    def again(self) -> None:
        self._to_replay = list(self._read)

    def fields(self, scope: Scope) -> Fields | None:
        """Return the fields of a form, to be sent again; None for anything else, and where a password is among them."""
        if scope["method"] != "POST" or not Headers(scope=scope).get("content-type", "").startswith(_FORM):
            return None
        body = b"".join(message.get("body", b"") for message in self._read)
        fields = parse_qsl(body.decode(errors="replace"), keep_blank_values=True)
        return None if any("password" in name for name, _ in fields) else fields
