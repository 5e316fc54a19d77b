"""Signing in and out."""

from fastapi import APIRouter, Request, Response, status

from api.http.access import (
    COOKIE,
    Acting,
    Visiting,
    base_context,
    clear_cookie,
    client_of,
    from_own_page,
    set_cookie,
)
from api.http.models import Login, Session
from api.http.problems import responses
from api.security import csrf_token
from api.usecases import accounts

router = APIRouter(prefix="/session", tags=["session"])


@router.post("", status_code=status.HTTP_201_CREATED, responses=responses(400, 401, 403, 422, 429))
def sign_in(login: Login, request: Request, response: Response) -> Session:
    """Sign in. The session comes as an HttpOnly cookie; the form token stands in the answer."""
    from_own_page(request)
    context = base_context(request)
    token = accounts.sign_in(context, name=login.name, password=login.password, client=client_of(request))
    set_cookie(response, context, token)
    return _session(accounts.session_of(context, token), token)


@router.get("", responses=responses(401))
def who_am_i(context: Visiting, request: Request) -> Session:
    """Tell who is signed in, and the form token."""
    token = request.cookies.get(COOKIE, "")
    return _session(accounts.session_of(context, token), token)


@router.delete("", status_code=status.HTTP_204_NO_CONTENT, responses=responses(401, 403))
def sign_out(context: Acting, request: Request, response: Response) -> None:
    """End this session everywhere."""
    accounts.sign_out(context, request.cookies[COOKIE])
    clear_cookie(response, context)


def _session(found: accounts.SignedIn, token: str) -> Session:
    return Session(
        name=found.name,
        display_name=found.display_name,
        role=found.role,
        area_code=found.area_code,
        must_change_password=found.must_change_password,
        acts=list(found.acts),
        csrf_token=csrf_token(token),
        expires_at=found.expires_at,
    )
