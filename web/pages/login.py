"""Signing in and out."""

from typing import Annotated

from fastapi import APIRouter, Form, Response

from api.errors import MusterError
from api.http.access import COOKIE, clear_cookie, client_of, from_own_page, set_cookie
from api.usecases import accounts
from web.view import OpenToAll, PageRoute, Writing, own_path, see

router = APIRouter(route_class=PageRoute)


@router.get("/login")
def form(view: OpenToAll, next: str = "/") -> Response:  # noqa: A002  # the query's own name
    """Ask for name and password."""
    return view.render("login.html", refusal="", name="", next=own_path(next))


@router.post("/login")
def sign_in(
    view: OpenToAll,
    name: Annotated[str, Form(max_length=200)],
    password: Annotated[str, Form(max_length=1000)],
    next: Annotated[str, Form()] = "/",  # noqa: A002  # the field's own name
) -> Response:
    """Sign in and go where the reader wanted to."""
    from_own_page(view.request)
    try:
        token = accounts.sign_in(view.context, name=name, password=password, client=client_of(view.request))
    except MusterError as error:
        return view.refused(error, "login.html", name=name, next=own_path(next))
    answer = see(own_path(next))
    set_cookie(answer, view.context, token)
    return answer


@router.post("/logout")
def sign_out(view: Writing) -> Response:
    """End the session."""
    accounts.sign_out(view.context, view.request.cookies[COOKIE])
    answer = see("/login")
    clear_cookie(answer, view.context)
    return answer
