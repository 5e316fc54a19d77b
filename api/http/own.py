"""One's own account: its password and its logins."""

from fastapi import APIRouter, Request, status

from api.http.access import COOKIE, Acting, Visiting
from api.http.models import OwnPassword, OwnSession, Plain
from api.http.problems import responses
from api.usecases import accounts

router = APIRouter(prefix="/me", tags=["own account"])
_WRITE = responses(400, 401, 403, 404, 409, 422)


@router.post("/password", status_code=status.HTTP_204_NO_CONTENT, responses={**_WRITE, **responses(429)})
def change_own_password(body: OwnPassword, context: Acting, request: Request) -> None:
    """Change your own password; your other logins end."""
    accounts.change_own_password(
        context, request.cookies[COOKIE], request_id=body.request_id, old=body.old, new=body.new
    )


@router.get("/sessions", responses=responses(401, 403))
def list_own_sessions(context: Visiting, request: Request) -> list[OwnSession]:
    """List your own logins."""
    found = accounts.own_sessions(context, request.cookies.get(COOKIE, ""))
    return [OwnSession.model_validate(one) for one in found]


@router.post("/sessions/end-others", status_code=status.HTTP_204_NO_CONTENT, responses=_WRITE)
def end_other_sessions(body: Plain, context: Acting, request: Request) -> None:
    """End all your logins but this one."""
    accounts.end_own_session(context, request.cookies[COOKIE], request_id=body.request_id, session=None)


@router.post("/sessions/{session}/end", status_code=status.HTTP_204_NO_CONTENT, responses=_WRITE)
def end_own_session(session: str, body: Plain, context: Acting, request: Request) -> None:
    """End one of your logins."""
    accounts.end_own_session(context, request.cookies[COOKIE], request_id=body.request_id, session=session)
