"""Accounts for administrators: who can log in, as what and for which area; new ones, new passwords, shut out or let in."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Response

from api.errors import MusterError
from api.security import ACCOUNT_ROLES, new_password
from api.usecases import accounts
from web.i18n import N_
from web.view import Link, PageRoute, Reading, View, Writing, see

router = APIRouter(route_class=PageRoute)
NAVIGATION = Link(path="/accounts", title=N_("Accounts"), place=80, act="account.read", aside=True)


@router.get("/accounts")
def listing(view: Reading) -> Response:
    """List the accounts, with the form for a new one."""
    return _page(view)


def _page(view: View, *, made: tuple[str, str] | None = None, error: MusterError | None = None) -> Response:
    """Show the accounts; `made` is a name and its new password, shown this once."""
    areas = accounts.areas_of(view.context)
    return view.render(
        "accounts.html",
        status=error.status if error else 200,
        refusal=view.words.problem(error.code, error.details) if error else "",
        made=made,
        accounts=accounts.listing(view.context),
        roles=[(role, view.words.role(role)) for role in ACCOUNT_ROLES],
        areas=[(area.code, view.words.name(area)) for area in areas],
        area_names={area.code: view.words.name(area) for area in areas},
        everywhere=view.context.actor.area is None,
        may_create=view.context.actor.may("account.create"),
    )


@router.post("/accounts")
def create(  # noqa: PLR0917  # fields of a form, bound by name
    view: Writing,
    request_id: Annotated[UUID, Form()],
    name: Annotated[str, Form(min_length=1, max_length=200)],
    role: Annotated[str, Form(max_length=40)],
    area_code: Annotated[str, Form(max_length=12)] = "",
    display_name: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Make an account with a generated password, which is shown this once and must be changed at its first login."""
    password = new_password()
    try:
        made = accounts.create(
            view.context,
            request_id=request_id,
            name=name.strip(),
            role=role,
            password=password,
            display_name=display_name.strip(),
            area_code=area_code or None,
            must_change_password=True,
        )
    except MusterError as error:
        return _page(view, error=error)
    return _page(view, made=(made.name, password))


@router.post("/accounts/{name}/password")
def reset(view: Writing, name: str, request_id: Annotated[UUID, Form()]) -> Response:
    """Give an account a generated password, shown this once."""
    password = new_password()
    try:
        accounts.set_password(view.context, name, request_id=request_id, password=password)
    except MusterError as error:
        return _page(view, error=error)
    return _page(view, made=(name, password))


@router.post("/accounts/{name}/disable")
def disable(view: Writing, name: str, request_id: Annotated[UUID, Form()]) -> Response:
    """Shut an account out."""
    return _set_active(view, name, request_id, active=False)


@router.post("/accounts/{name}/enable")
def enable(view: Writing, name: str, request_id: Annotated[UUID, Form()]) -> Response:
    """Let an account in again."""
    return _set_active(view, name, request_id, active=True)


def _set_active(view: View, name: str, request_id: UUID, *, active: bool) -> Response:
    try:
        accounts.set_active(view.context, name, request_id=request_id, active=active)
    except MusterError as error:
        return _page(view, error=error)
    return see("/accounts")
