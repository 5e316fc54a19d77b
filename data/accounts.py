"""Accounts, their sessions and their attempts to log in. Hashes come in ready-made; no secret is seen here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, func, select
from sqlalchemy.dialects.postgresql import insert

from data.tables import login_attempts, sessions, users

Role = Literal["viewer", "duty_officer", "commander", "administrator", "township"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRecord:
    """Somebody who can log in. `area_code` is the township or county of the account; None: the whole installation."""

    id: int
    name: str
    display_name: str
    password_hash: str
    role: Role
    area_code: str | None
    active: bool
    must_change_password: bool
    created_at: datetime
    password_changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRecord:
    """A browser that is logged in; the token itself is only in its cookie."""

    token_hash: bytes
    user: UserRecord
    created_at: datetime
    expires_at: datetime
    client: str


class NameTakenError(Exception):
    """Another account has this name."""


def insert_user(
    connection: Connection,
    *,
    name: str,
    password_hash: str,
    role: Role,
    at: datetime,
    display_name: str = "",
    area_code: str | None = None,
    must_change_password: bool = False,
) -> UserRecord:
    """Store an account. Raises NameTakenError; the table refuses names that differ only in case."""
    statement = insert(users).values(
        name=name,
        display_name=display_name,
        password_hash=password_hash,
        role=role,
        area_code=area_code,
        must_change_password=must_change_password,
        created_at=at,
        password_changed_at=at,
    )
    row = connection.execute(statement.on_conflict_do_nothing().returning(users)).one_or_none()
    if row is None:
        raise NameTakenError(name)
    return _user(row)


def get_user(connection: Connection, user_id: int) -> UserRecord | None:
    """Read one account; None when there is none."""
    row = connection.execute(select(users).where(users.c.id == user_id)).one_or_none()
    return _user(row) if row else None


def get_user_by_name(connection: Connection, name: str) -> UserRecord | None:
    """Read the account of this name in any case; None when there is none."""
    row = connection.execute(select(users).where(func.lower(users.c.name) == name.lower())).one_or_none()
    return _user(row) if row else None


def list_users(connection: Connection) -> tuple[UserRecord, ...]:
    """Read all accounts by name, inactive ones too."""
    return tuple(_user(row) for row in connection.execute(select(users).order_by(users.c.name)))


def has_administrator(connection: Connection) -> bool:
    """Whether anybody can administer: the first set-up asks."""
    found = select(users.c.id).where(users.c.role == "administrator", users.c.active).limit(1)
    return connection.scalar(found) is not None


def set_password(
    connection: Connection, *, user_id: int, password_hash: str, at: datetime, must_change: bool = False
) -> None:
    """Change a password and end every session of the account. `must_change`: it opens nothing but its own change."""
    connection.execute(
        users.update()
        .where(users.c.id == user_id)
        .values(password_hash=password_hash, password_changed_at=at, must_change_password=must_change)
    )
    _revoke_sessions_of(connection, user_id=user_id, at=at)


def set_active(connection: Connection, *, user_id: int, active: bool, at: datetime) -> None:
    """Let an account in again, or shut it out and end its sessions."""
    connection.execute(users.update().where(users.c.id == user_id).values(active=active))
    if not active:
        _revoke_sessions_of(connection, user_id=user_id, at=at)


def insert_session(
    connection: Connection,
    *,
    user_id: int,
    token_hash: bytes,
    created_at: datetime,
    expires_at: datetime,
    client: str = "",
    reading_key: bool = False,
) -> None:
    """Store a session, or a program's reading key, by the SHA-256 of its token."""
    connection.execute(
        sessions.insert().values(
            token_hash=token_hash,
            user_id=user_id,
            created_at=created_at,
            expires_at=expires_at,
            client=client,
            reading_key=reading_key,
        )
    )


def session_by_token(
    connection: Connection, token_hash: bytes, at: datetime, *, reading_key: bool = False
) -> SessionRecord | None:
    """Read the session that holds at `at`: neither expired nor revoked, of an active account. None otherwise.

    A reading key is found only where one is asked for: it opens nothing else.
    """
    row = connection.execute(
        select(
            users,
            sessions.c.token_hash,
            sessions.c.created_at.label("session_created_at"),
            sessions.c.expires_at,
            sessions.c.client,
        )
        .join(users, users.c.id == sessions.c.user_id)
        .where(
            sessions.c.token_hash == token_hash,
            sessions.c.revoked_at.is_(None),
            sessions.c.expires_at > at,
            sessions.c.reading_key.is_(reading_key),
            users.c.active,
        )
    ).one_or_none()
    if row is None:
        return None
    return SessionRecord(
        token_hash=bytes(row.token_hash),
        user=_user(row),
        created_at=row.session_created_at,
        expires_at=row.expires_at,
        client=row.client,
    )


def revoke_session(connection: Connection, *, token_hash: bytes, at: datetime) -> None:
    """End one session."""
    connection.execute(
        sessions.update()
        .where(sessions.c.token_hash == token_hash, sessions.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )


def _revoke_sessions_of(connection: Connection, *, user_id: int, at: datetime) -> None:
    """End every session of an account."""
    connection.execute(
        sessions.update()
        .where(sessions.c.user_id == user_id, sessions.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )


def record_attempt(connection: Connection, *, name: str, client: str, at: datetime, succeeded: bool) -> None:
    """Keep one attempt to log in, under the name that was typed."""
    connection.execute(login_attempts.insert().values(name=name, client=client, at=at, succeeded=succeeded))


def failures_since(connection: Connection, *, name: str, since: datetime) -> int:
    """Count failed attempts for a name since `since`, or since its last success if that is later."""
    success = (
        select(func.max(login_attempts.c.at))
        .where(login_attempts.c.name == name, login_attempts.c.succeeded)
        .scalar_subquery()
    )
    query = (
        select(func.count())
        .select_from(login_attempts)
        .where(
            login_attempts.c.name == name,
            ~login_attempts.c.succeeded,
            login_attempts.c.at > func.greatest(since, success),
        )
    )
    return connection.scalar(query) or 0


def _user(row: Row[Any]) -> UserRecord:
    return UserRecord(
        id=row.id,
        name=row.name,
        display_name=row.display_name,
        password_hash=row.password_hash,
        role=row.role,
        area_code=row.area_code,
        active=row.active,
        must_change_password=row.must_change_password,
        created_at=row.created_at,
        password_changed_at=row.password_changed_at,
    )
