"""Accounts: who can sign in, and as what."""

from typing import Annotated

from fastapi import APIRouter, Path, status

from api.http import documents
from api.http.access import Acting, Visiting
from api.http.models import Account, AccountRequest, KeyRequest, MadeKey, PasswordRequest, Plain
from api.http.problems import responses
from api.usecases import accounts

router = APIRouter(prefix="/accounts", tags=["accounts"])
Name = Annotated[str, Path(max_length=200)]
_WRITE = responses(400, 401, 403, 404, 409, 422)


@router.get("", responses=responses(401, 403))
def list_accounts(context: Visiting) -> list[Account]:
    """List all accounts."""
    return [documents.account(found) for found in accounts.listing(context)]


@router.post("", status_code=status.HTTP_201_CREATED, responses=_WRITE)
def create_account(body: AccountRequest, context: Acting) -> Account:
    """Make an account."""
    return documents.account(accounts.create(context, **body.model_dump()))


@router.post("/{name}/password", responses=_WRITE)
def set_account_password(name: Name, body: PasswordRequest, context: Acting) -> Account:
    """Give an account a new password; its sessions end."""
    changed = accounts.set_password(context, name, **body.model_dump())
    return documents.account(changed)


@router.post("/{name}/disable", responses=_WRITE)
def disable_account(name: Name, body: Plain, context: Acting) -> Account:
    """Shut an account out; its sessions end."""
    return documents.account(accounts.set_active(context, name, request_id=body.request_id, active=False))


@router.post("/{name}/enable", responses=_WRITE)
def enable_account(name: Name, body: Plain, context: Acting) -> Account:
    """Let an account in again."""
    return documents.account(accounts.set_active(context, name, request_id=body.request_id, active=True))


@router.post("/{name}/keys", status_code=status.HTTP_201_CREATED, responses=_WRITE)
def make_reading_key(name: Name, body: KeyRequest, context: Acting) -> MadeKey:
    """Make a key with which a program such as QGIS reads what this account may read. Its text is answered this once."""
    return MadeKey.model_validate(accounts.make_key(context, name, **body.model_dump()))
