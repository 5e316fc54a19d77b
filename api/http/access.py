"""Who sends this request: the session cookie, the guard against forged requests, and the context of the act."""

import base64
import binascii
from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.context import Context
from api.errors import NotSignedInError
from api.security import check_csrf, check_origin
from api.usecases import accounts

COOKIE = "muster_session"
CSRF_HEADER = "X-CSRF-Token"
_MOST_CLIENT = 64
CSRF_FIELD = "csrf_token"


def base_context(request: Request) -> Context:
    """Return the process's context, with nobody in it."""
    context: Context = request.app.state.context
    return context


def client_of(request: Request) -> str:
    """Tell whence a request comes: the peer, or what a trusted proxy's header says where the settings name one.

    Of several addresses in the header the last is the one that our own proxy saw; the others are whatever was claimed.
    """
    header = base_context(request).settings.client_header
    told = request.headers.get(header, "").rpartition(",")[2].strip() if header else ""
    return (told or (request.client.host if request.client else ""))[:_MOST_CLIENT]


def visiting(request: Request) -> Context:
    """Return the context of whoever reads; nobody in it where there is no valid session."""
    context = base_context(request)
    token = request.cookies.get(COOKIE)
    return context if token is None else context.acting(accounts.actor_of(context, token))


def key_holder(request: Request) -> Context:
    """Return the context of a program that reads with a key, else of the browser's session. For reading only."""
    context = base_context(request)
    key = _key(request.headers.get("authorization", ""))
    return visiting(request) if key is None else context.acting(accounts.holder_of(context, key))


def _key(authorization: str) -> str | None:
    """Take a bearer token, or the password of HTTP Basic with any name."""
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return given.strip() or None
    if scheme.lower() != "basic":
        return None
    try:
        name_and_password = base64.b64decode(given, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name_and_password.partition(":")[2] or None


def bearer_token(
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))],
) -> str | None:
    """Take the token of `Authorization: Bearer`; None where the request carries none."""
    return None if given is None else given.credentials


async def _given_csrf(request: Request) -> str | None:
    """Return the form token from the header or, for a plain HTML form, from its field."""
    header = request.headers.get(CSRF_HEADER)
    if header is not None or not request.headers.get("content-type", "").startswith(
        ("application/x-www-form-urlencoded", "multipart/form-data")
    ):
        return header
    field = (await request.form()).get(CSRF_FIELD)
    return field if isinstance(field, str) else None


def from_own_page(request: Request) -> None:
    """Raise NotAllowedError when another site's page sent this request."""
    own = f"{request.url.scheme}://{request.headers.get('host', '')}"
    check_origin(request.headers.get("origin"), own, base_context(request).settings.origins)


def acting(request: Request, given: Annotated[str | None, Depends(_given_csrf)]) -> Context:
    """Return the context of whoever changes something: signed in, from our own page, with its form token."""
    from_own_page(request)
    token = request.cookies.get(COOKIE)
    if token is None:
        raise NotSignedInError("not_signed_in")
    check_csrf(token, given)
    return visiting(request)


def set_cookie(response: Response, context: Context, token: str) -> None:
    """Hand the session token to the browser, out of reach of scripts and other sites."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=round(context.settings.session_hours * 3600),
        httponly=True,
        samesite="lax",
        secure=context.settings.secure_cookies,
        path="/",
    )


def clear_cookie(response: Response, context: Context) -> None:
    """Take the session token from the browser."""
    response.delete_cookie(
        COOKIE, path="/", httponly=True, samesite="lax", secure=context.settings.secure_cookies
    )


BaseContext = Annotated[Context, Depends(base_context)]
Visiting = Annotated[Context, Depends(visiting)]
Acting = Annotated[Context, Depends(acting)]
