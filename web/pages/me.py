"""One's own account: change the password, see one's logins, end them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Response

from api.errors import InvalidError, MusterError
from api.http.access import COOKIE
from api.usecases import accounts
from web.view import PageRoute, Reading, View, Writing, see

router = APIRouter(route_class=PageRoute)


@router.get("/me")
def page(view: Reading, changed: str = "") -> Response:
    """Show the own account; `changed` says that the password was changed."""
    return _page(view, changed=changed == "password")


def _page(view: View, *, changed: bool = False, error: MusterError | None = None) -> Response:
    return view.render(
        "me.html",
        status=error.status if error else 200,
        refusal=view.words.problem(error.code, error.details) if error else "",
        changed=changed,
        sessions=accounts.own_sessions(view.context, view.request.cookies.get(COOKIE, "")),
    )


@router.post("/me/password")
def change_password(
    view: Writing,
    request_id: Annotated[UUID, Form()],
    old: Annotated[str, Form(max_length=1000)],
    new: Annotated[str, Form(max_length=1000)],
    again: Annotated[str, Form(max_length=1000)],
) -> Response:
    """Change the own password."""
    try:
        if new != again:
            raise InvalidError("passwords_differ")
        accounts.change_own_password(
            view.context, view.request.cookies[COOKIE], request_id=request_id, old=old, new=new
        )
    except MusterError as error:
        return _page(view, error=error)
    return see("/me?changed=password")


@router.post("/me/sessions/end")
def end_session(
    view: Writing, request_id: Annotated[UUID, Form()], session: Annotated[str, Form(max_length=64)] = ""
) -> Response:
    """End one login, or all others."""
    try:
        accounts.end_own_session(
            view.context, view.request.cookies[COOKIE], request_id=request_id, session=session or None
        )
    except MusterError as error:
        return _page(view, error=error)
    return see("/me")
