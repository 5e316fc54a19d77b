from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import Connection

from data import accounts
from data.accounts import UserRecord
from tests.builders import NOW
from tests.data.conftest import Begin

HASH = "$argon2id$v=19$m=65536,t=3,p=1$c2FsdA$aGFzaA"
TOKEN = sha256(b"token").digest()
HOUR = timedelta(hours=1)


def add_user(connection: Connection, **overrides: Any) -> UserRecord:
    values: dict[str, Any] = {"name": "Zhang", "password_hash": HASH, "role": "commander", "at": NOW}
    return accounts.insert_user(connection, **{**values, **overrides})


def log_in(connection: Connection, user: UserRecord) -> None:
    accounts.insert_session(
        connection, user_id=user.id, token_hash=TOKEN, created_at=NOW, expires_at=NOW + HOUR, client="browser"
    )


def test_an_account_is_found_by_its_name_in_any_case(begin: Begin) -> None:
    """People do not remember how they spelled themselves."""
    with begin() as connection:
        user = add_user(connection)
        assert accounts.get_user_by_name(connection, "zHANG") == user
        assert accounts.get_user(connection, user.id) == user
        assert accounts.list_users(connection) == (user,)


def test_two_names_that_differ_in_case_are_one(begin: Begin) -> None:
    """Nobody may pass as somebody else by a capital letter, not even when both come at once."""

    def add(name: str) -> bool:
        try:
            with begin() as connection:
                add_user(connection, name=name)
        except accounts.NameTakenError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(add, ["zhang", "Zhang", "ZHANG", "zhanG"])) == 1


def test_a_session_holds_until_it_expires_or_is_revoked(begin: Begin) -> None:
    """Only what holds now is a session."""
    with begin() as connection:
        user = add_user(connection)
        log_in(connection, user)
        session = accounts.session_by_token(connection, TOKEN, NOW)
        assert session is not None
        assert session.user == user
        assert accounts.session_by_token(connection, TOKEN, NOW + HOUR) is None
        assert accounts.session_by_token(connection, sha256(b"other").digest(), NOW) is None
        accounts.revoke_session(connection, token_hash=TOKEN, at=NOW)
        assert accounts.session_by_token(connection, TOKEN, NOW) is None


@pytest.mark.parametrize("change", ["password", "active"])
def test_a_changed_password_or_a_shut_account_ends_every_session(begin: Begin, change: str) -> None:
    """Whoever stole the old one is out at once."""
    with begin() as connection:
        user = add_user(connection)
        log_in(connection, user)
        if change == "password":
            accounts.set_password(connection, user_id=user.id, password_hash=HASH + "2", at=NOW)
        else:
            accounts.set_active(connection, user_id=user.id, active=False, at=NOW)
            accounts.set_active(connection, user_id=user.id, active=True, at=NOW)
        assert accounts.session_by_token(connection, TOKEN, NOW) is None


def test_whether_anybody_can_administer(begin: Begin) -> None:
    """Set-up makes the first administrator, and only the first."""
    with begin() as connection:
        add_user(connection)
        assert not accounts.has_administrator(connection)
        boss = add_user(connection, name="boss", role="administrator")
        assert accounts.has_administrator(connection)
        accounts.set_active(connection, user_id=boss.id, active=False, at=NOW)
        assert not accounts.has_administrator(connection)


def test_failures_count_since_the_last_success(begin: Begin) -> None:
    """Somebody who got in at last starts afresh; another name's failures are its own."""
    with begin() as connection:
        for minute, succeeded in enumerate([False, False, True, False, False, False]):
            at = NOW + timedelta(minutes=minute)
            accounts.record_attempt(connection, name="zhang", client="x", at=at, succeeded=succeeded)
        accounts.record_attempt(connection, name="li", client="x", at=NOW, succeeded=False)
        assert accounts.failures_since(connection, name="zhang", since=NOW - HOUR) == 3
        assert accounts.failures_since(connection, name="zhang", since=NOW + timedelta(minutes=4)) == 1
        assert accounts.failures_since(connection, name="li", since=NOW - HOUR) == 1
