"""Headers that every answer carries, as one pure ASGI layer: a strict content policy with a fresh nonce for each answer."""

import secrets
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY: Final = "; ".join(  # noqa: FLY002  # one rule a line
    (
        "default-src 'none'",
        "script-src 'self' 'nonce-{nonce}'",
        "style-src 'self' 'nonce-{nonce}'",
        "img-src 'self' data:",  # Leaflet blanks a removed tile with a data: image
        "connect-src 'self'",
        "font-src 'self'",
        "worker-src 'self'",  # one event stream for all tabs of a browser
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
FIXED: Final = {
    "X-Content-Type-Options": "nosniff",
    # An order link holds its secret in the address: it must not leave with a link. "no-referrer" would do too, but makes
    # browsers send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


ON_ORDERS: Final = FIXED | {"Permissions-Policy": "camera=(), microphone=(), geolocation=(self)"}
"""On the pages of order links alone: a team may share where it is, when it presses the button for it."""


class SecurityHeaders:
    """ASGI layer that puts a nonce into `request.state.nonce` and the policy that names it on the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})["nonce"] = nonce

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = POLICY.format(nonce=nonce)
                fixed = ON_ORDERS if scope["path"].startswith("/o/") else FIXED
                for name, value in fixed.items():
                    headers[name] = value
            await send(message)

        await self.app(scope, receive, send_with_headers)
