"""Accounts, their sessions and their attempts to log in. Hashes come in ready-made; no secret is seen here."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, func, select
from sqlalchemy.dialects.postgresql import insert

from data.reach import inside
from data.tables import login_attempts, sessions, users

Role = Literal["viewer", "duty_officer", "commander", "administrator", "township", "registrar"]


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
    seen_at: datetime
    expires_at: datetime
    client: str
    reading_key: bool


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


def list_users(connection: Connection, *, within: str | None = None) -> tuple[UserRecord, ...]:
    """Read all accounts by name, inactive ones too; only those of the area of digits `within`."""
    query = select(users).order_by(users.c.name)
    if within is not None:
        query = query.where(inside(users.c.area_code, within))
    return tuple(_user(row) for row in connection.execute(query))


def has_administrator(connection: Connection) -> bool:
    """Whether anybody can administer the whole installation: the first set-up asks."""
    found = (
        select(users.c.id)
        .where(users.c.role == "administrator", users.c.active, users.c.area_code.is_(None))
        .limit(1)
    )
    return connection.scalar(found) is not None


def set_password(
    connection: Connection,
    *,
    user_id: int,
    password_hash: str,
    at: datetime,
    must_change: bool = False,
    keep: bytes | None = None,
) -> None:
    """Change a password and end every session of the account but the one of hash `keep`.

    must_change: the password opens nothing but its own change.
    """
    connection.execute(
        users.update()
        .where(users.c.id == user_id)
        .values(password_hash=password_hash, password_changed_at=at, must_change_password=must_change)
    )
    revoke_sessions_of(connection, user_id=user_id, at=at, keep=keep)


def set_active(connection: Connection, *, user_id: int, active: bool, at: datetime) -> None:
    """Let an account in again, or shut it out and end its sessions."""
    connection.execute(users.update().where(users.c.id == user_id).values(active=active))
    if not active:
        revoke_sessions_of(connection, user_id=user_id, at=at)


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
    connection: Connection,
    token_hash: bytes,
    at: datetime,
    *,
    reading_key: bool = False,
    idle: timedelta | None = None,
) -> SessionRecord | None:
    """Read the session that holds at `at`: neither expired, idle nor revoked, of an active account. None otherwise.

    A reading key is found only where one is asked for: it opens nothing else. idle: how long it may go unused.
    """
    query = _SESSIONS.where(
        sessions.c.token_hash == token_hash,
        sessions.c.revoked_at.is_(None),
        sessions.c.expires_at > at,
        sessions.c.reading_key.is_(reading_key),
        users.c.active,
    )
    if idle is not None:
        query = query.where(func.coalesce(sessions.c.seen_at, sessions.c.created_at) > at - idle)
    row = connection.execute(query).one_or_none()
    return None if row is None else _session(row)


def sessions_of(connection: Connection, *, user_id: int, at: datetime) -> tuple[SessionRecord, ...]:
    """Read the sessions and reading keys of an account that hold at `at`, the newest first."""
    query = _SESSIONS.where(
        sessions.c.user_id == user_id, sessions.c.revoked_at.is_(None), sessions.c.expires_at > at
    ).order_by(sessions.c.created_at.desc())
    return tuple(_session(row) for row in connection.execute(query))


_SESSIONS = select(
    users,
    sessions.c.token_hash,
    sessions.c.created_at.label("session_created_at"),
    func.coalesce(sessions.c.seen_at, sessions.c.created_at).label("seen_at"),
    sessions.c.expires_at,
    sessions.c.client,
    sessions.c.reading_key,
).join(users, users.c.id == sessions.c.user_id)


def _session(row: Row[Any]) -> SessionRecord:
    return SessionRecord(
        token_hash=bytes(row.token_hash),
        user=_user(row),
        created_at=row.session_created_at,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
        client=row.client,
        reading_key=row.reading_key,
    )


def revoke_session(connection: Connection, *, token_hash: bytes, at: datetime) -> None:
    """End one session."""
    connection.execute(
        sessions.update()
        .where(sessions.c.token_hash == token_hash, sessions.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )


def revoke_sessions_of(
    connection: Connection, *, user_id: int, at: datetime, keep: bytes | None = None
) -> None:
    """End every session and reading key of an account but the session of hash `keep`."""
    statement = sessions.update().where(sessions.c.user_id == user_id, sessions.c.revoked_at.is_(None))
    if keep is not None:
        statement = statement.where(sessions.c.token_hash != keep)
    connection.execute(statement.values(revoked_at=at))


def touch_session(connection: Connection, *, token_hash: bytes, at: datetime) -> None:
    """Note that a session was used."""
    connection.execute(sessions.update().where(sessions.c.token_hash == token_hash).values(seen_at=at))


def record_attempt(connection: Connection, *, name: str, client: str, at: datetime, succeeded: bool) -> None:
    """Keep one attempt to log in, under the name that was typed."""
    connection.execute(login_attempts.insert().values(name=name, client=client, at=at, succeeded=succeeded))


def failures_from(connection: Connection, *, client: str, since: datetime) -> int:
    """Count failed attempts from one address since `since`, whatever the names."""
    query = (
        select(func.count())
        .select_from(login_attempts)
        .where(login_attempts.c.client == client, ~login_attempts.c.succeeded, login_attempts.c.at > since)
    )
    return connection.scalar(query) or 0


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
