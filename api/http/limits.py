"""How much one request may bring, and how long it may take to bring it."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem
from api.http.problems import response
from data import quarantine

MOST_BYTES: Final = 2 * 1024 * 1024
"""Enough for a drawn area of some ten thousand corners; files of a county come in at the addresses below."""
_BODY_WITHIN_S: Final = 60.0


MOST_BYTES_AT: Final[Mapping[str, int]] = dict.fromkeys(
    ("/ledgers", "/api/v1/ledgers"), quarantine.MOST_BYTES + MOST_BYTES
)
"""Where whole files come in."""


class Limits:
    """ASGI layer: a body that is too large is refused with 413, one that does not come with 408, each as a problem."""

    def __init__(self, app: ASGIApp, most_bytes: int = MOST_BYTES) -> None:
        self.app = app
        self._most = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, counting."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = max(self._most, MOST_BYTES_AT.get(scope["path"], 0))
        told = Headers(scope=scope).get("content-length", "0")
        if told.isdigit() and int(told) > most:
            refusal = problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", {"most_bytes": most})
            await response(refusal, {"Connection": "close"})(scope, receive, send)
            return
        came, whole = 0, False

        async def counted() -> Message:
            nonlocal came, whole
            if whole:  # only the end of the connection can come now, and may take as long as the answer
                return await receive()
            try:
                async with asyncio.timeout(_BODY_WITHIN_S):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(HTTPStatus.REQUEST_TIMEOUT) from None
            came += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if came > most:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return message

        await self.app(scope, counted, send)
