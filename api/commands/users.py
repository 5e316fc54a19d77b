"""Commands about accounts."""

from enum import StrEnum
from typing import Annotated

import typer

from api.http import documents
from api.security import new_password
from api.terminal import AsJson, RequestId, acting, show
from api.usecases import accounts

app = typer.Typer(no_args_is_help=True, help="Accounts: list, add, disable, new password.")


USER_COLUMNS = ("id", "name", "display_name", "role", "area_code", "active", "created_at")


class Role(StrEnum):
    """What an account may do."""

    VIEWER = "viewer"
    REGISTRAR = "registrar"
    TOWNSHIP = "township"
    DUTY_OFFICER = "duty_officer"
    COMMANDER = "commander"
    ADMINISTRATOR = "administrator"


@app.command("list")
def list_users(*, as_json: AsJson = False) -> None:
    """List accounts."""
    with acting() as context:
        found = [documents.account(one) for one in accounts.listing(context)]
    show(found, USER_COLUMNS, as_json=as_json)


@app.command("add")
def add_user(
    name: str,
    role: Annotated[Role, typer.Option()],
    display_name: str = "",
    area: Annotated[
        str | None, typer.Option(help="Code of its township or county; unset: everything.")
    ] = None,
    *,
    request_id: RequestId,
) -> None:
    """Make an account; its generated password is printed this once, and is to be changed at the first login."""
    password = new_password()
    with acting() as context:
        made = accounts.create(
            context,
            request_id=request_id,
            name=name,
            role=role.value,
            password=password,
            display_name=display_name,
            area_code=area,
            must_change_password=True,
        )
    typer.echo(f"name: {made.name}\npassword: {password}")


@app.command("password")
def new_user_password(name: str, *, request_id: RequestId) -> None:
    """Give an account a new generated password, printed this once; its sessions end."""
    password = new_password()
    with acting() as context:
        accounts.set_password(context, name, request_id=request_id, password=password)
    typer.echo(f"name: {name}\npassword: {password}")


@app.command("key")
def make_reading_key(
    name: str,
    days: Annotated[int, typer.Option(min=1, max=accounts.MOST_KEY_DAYS, help="Its life.")] = 365,
    program: Annotated[str, typer.Option(help="What it is for, such as QGIS.")] = "",
    *,
    request_id: RequestId,
) -> None:
    """Make a key for a program that reads /ogc as this account may; it is printed this once."""
    with acting() as context:
        made = accounts.make_key(context, name, request_id=request_id, days=days, program=program)
    typer.echo(f"key: {made.key}\nuntil: {made.expires_at.isoformat(timespec='seconds')}")


@app.command("disable")
def disable_user(name: str, *, request_id: RequestId) -> None:
    """Shut an account out; its sessions end."""
    with acting() as context:
        accounts.set_active(context, name, request_id=request_id, active=False)


@app.command("enable")
def enable_user(name: str, *, request_id: RequestId) -> None:
    """Let an account in again."""
    with acting() as context:
        accounts.set_active(context, name, request_id=request_id, active=True)
