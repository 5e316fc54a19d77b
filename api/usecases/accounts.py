"""Accounts: the first administrator, signing in and out, and who may do what."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection

from api import scope
from api.context import Context
from api.errors import (
    ConflictError,
    InvalidError,
    NotAllowedError,
    NotFoundError,
    NotSignedInError,
    TooManyError,
)
from api.security import (
    ACCOUNT_ROLES,
    ACTS,
    NOBODY,
    PASSWORD_MIN_LENGTH,
    AccountRole,
    Actor,
    authorise,
    new_password,
    new_token,
    token_hash,
    weakness,
)
from api.usecases.acting import Done, applied, perform
from data import accounts, areas, journal
from data.accounts import UserRecord
from data.locate import Area

FIRST_ADMINISTRATOR: Final = "admin"
_MOST_FAILURES: Final = 8
_MOST_FAILURES_FROM_ONE_CLIENT: Final = 40  # a whole office may stand behind one address
_SESSION_ID_BYTES: Final = 8
_SEEN_EVERY: Final = timedelta(minutes=1)
_FAILURES_WITHIN: Final = timedelta(minutes=5)
MOST_KEY_DAYS: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who a session belongs to, and what they may do."""

    name: str
    display_name: str
    role: AccountRole
    area_code: str | None
    must_change_password: bool
    acts: tuple[str, ...]
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account as an administrator sees it: never its password's hash."""

    id: int
    name: str
    display_name: str
    role: AccountRole
    area_code: str | None
    must_change_password: bool
    active: bool
    created_at: datetime
    password_changed_at: datetime


def set_up(ctx: Context) -> str | None:
    """Make the first administrator and return its generated password; None when there is an administrator already."""
    password = new_password()
    password_hash = ctx.passwords.hash(password)
    with ctx.world.begin() as connection:
        if accounts.has_administrator(connection):
            return None
        now = ctx.clock()
        user = _insert(
            connection, name=FIRST_ADMINISTRATOR, password_hash=password_hash, role="administrator", at=now
        )
        _journal(ctx, connection, "account.create", user.id, now)
    return password


def sign_in(ctx: Context, *, name: str, password: str, client: str = "") -> str:
    """Check a name and password and return the token of a new session.

    Raises NotSignedInError for a wrong one, TooManyError after too many. The slow check runs outside any transaction.
    """
    now = ctx.clock()
    user = _checked(ctx, name=name, password=password, client=client, now=now)
    return _open_session(ctx, user, name, client, now)


def _checked(ctx: Context, *, name: str, password: str, client: str, now: datetime) -> UserRecord:
    """Return the account of this name and password. Too many failures stop a name, known or not, and an address."""
    since = now - _FAILURES_WITHIN
    with ctx.world.read() as connection:
        failures = accounts.failures_since(connection, name=name.lower(), since=since)
        from_here = accounts.failures_from(connection, client=client, since=since) if client else 0
        user = accounts.get_user_by_name(connection, name)
    if failures >= _MOST_FAILURES or from_here >= _MOST_FAILURES_FROM_ONE_CLIENT:
        raise TooManyError("too_many_logins", wait_s=int(_FAILURES_WITHIN.total_seconds()))
    try:
        ctx.passwords.check(user.password_hash if user and user.active else None, password)
    except NotSignedInError:
        with ctx.world.begin() as connection:
            accounts.record_attempt(connection, name=name.lower(), client=client, at=now, succeeded=False)
        raise
    assert user is not None  # noqa: S101 - `check` refuses where there is no account
    return user


def session_of(ctx: Context, token: str) -> SignedIn:
    """Tell whose session this is. Raises NotSignedInError when it has ended."""
    found = _session(ctx, token)
    if found is None:
        raise NotSignedInError("not_signed_in")
    user = found.user
    actor = _actor(user)
    return SignedIn(
        name=user.name,
        display_name=user.display_name,
        role=user.role,
        area_code=user.area_code,
        must_change_password=user.must_change_password,
        acts=tuple(act for act in ACTS if actor.may(act)),
        expires_at=found.expires_at,
    )


def actor_of(ctx: Context, token: str) -> Actor:
    """Return who acts with this session's token; nobody when it has ended."""
    found = _session(ctx, token)
    return NOBODY if found is None else _actor(found.user)


def holder_of(ctx: Context, key: str) -> Actor:
    """Return who reads with this key; nobody when it has ended."""
    with ctx.world.read() as connection:
        found = accounts.session_by_token(connection, token_hash(key), ctx.clock(), reading_key=True)
    return NOBODY if found is None else _actor(found.user)


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeKey:
    """A new reading key: its text, shown once, and when it ends."""

    key: str
    expires_at: datetime


def make_key(ctx: Context, name: str, *, request_id: UUID, days: int, program: str = "") -> MadeKey:
    """Make a key with which a program reads what an account may read, and changes nothing.

    days: its life, at most MOST_KEY_DAYS. program: what it is for, as the list of sessions shows it. Only the key's hash is
    stored, so a repeated request makes another one; a new password or a disabled account ends all of them.
    """
    authorise(ctx.actor, "account.make_key")
    if not 1 <= days <= MOST_KEY_DAYS:
        raise InvalidError("key_life_wrong", most=MOST_KEY_DAYS)
    key, now = new_token(), ctx.clock()
    expires_at = now + timedelta(days=days)
    with ctx.world.begin() as connection:
        user = _called(ctx, connection, name)
        if not user.active:
            raise ConflictError("account_disabled", name=name)
        accounts.insert_session(
            connection,
            user_id=user.id,
            token_hash=token_hash(key),
            created_at=now,
            expires_at=expires_at,
            client=program,
            reading_key=True,
        )
        journal.append(
            connection,
            at=now,
            actor=ctx.actor.name,
            act="account.make_key",
            subject="user",
            subject_id=user.id,
            payload={"name": user.name, "days": days, "program": program},
            request_id=request_id,
        )
    return MadeKey(key=key, expires_at=expires_at)


def sign_out(ctx: Context, token: str) -> None:
    """End a session; its cookie is worth nothing from now on."""
    with ctx.world.begin() as connection:
        accounts.revoke_session(connection, token_hash=token_hash(token), at=ctx.clock())


def listing(ctx: Context) -> tuple[Account, ...]:
    """List the accounts of the actor's area."""
    authorise(ctx.actor, "account.read")
    with ctx.world.read() as connection:
        found = accounts.list_users(connection, within=scope.own(ctx.actor))
        return tuple(_shown(user) for user in found)


def areas_of(ctx: Context) -> tuple[Area, ...]:
    """List the counties and townships that the actor may make accounts for."""
    authorise(ctx.actor, "account.create")
    with ctx.world.read() as connection:
        listed = [
            *areas.by_level(connection, "county").values(),
            *areas.by_level(connection, "township").values(),
        ]
    return tuple(
        sorted((one for one in listed if scope.covers(ctx.actor, one.code)), key=lambda one: one.code)
    )


def create(
    ctx: Context,
    *,
    request_id: UUID,
    name: str,
    role: str,
    password: str,
    display_name: str = "",
    area_code: str | None = None,
    must_change_password: bool = False,
) -> Account:
    """Make an account. `area_code`: the township or county that it is for; None: the whole installation.

    Raises ConflictError when the name is taken, InvalidError for a role or an area that does not exist.
    """
    authorise(ctx.actor, "account.create")
    _check_password(password, name)
    scope.check_inside(ctx.actor, area_code)
    if role not in ACCOUNT_ROLES:
        raise InvalidError("unknown_role", role=role)
    if role == "township" and area_code is None:
        raise InvalidError("township_without_area")
    password_hash = ctx.passwords.hash(password)

    def do(connection: Connection, now: datetime) -> Done:
        if area_code is not None and areas.get(connection, area_code) is None:
            raise InvalidError("no_such_area", area=area_code)
        user = _insert(
            connection,
            name=name,
            password_hash=password_hash,
            role=role,
            display_name=display_name,
            area_code=area_code,
            must_change_password=must_change_password,
            at=now,
        )
        return Done(subject="user", id=user.id, payload={"name": name, "role": role, "area": area_code})

    arguments = {"name": name, "role": role, "display_name": display_name, "area": area_code}
    return _get(ctx, perform(ctx, "account.create", request_id, arguments, do)["id"])


def set_password(
    ctx: Context, name: str, *, request_id: UUID, password: str, must_change: bool = True
) -> Account:
    """Give an account a new password, to be changed at its next login; its sessions end."""
    authorise(ctx.actor, "account.set_password")
    _check_password(password, name)
    password_hash = ctx.passwords.hash(password)

    def do(connection: Connection, now: datetime) -> Done:
        user = _called(ctx, connection, name)
        accounts.set_password(
            connection, user_id=user.id, password_hash=password_hash, at=now, must_change=must_change
        )
        return Done(subject="user", id=user.id, payload={"name": user.name})

    return _get(ctx, perform(ctx, "account.set_password", request_id, {"name": name}, do)["id"])


def set_active(ctx: Context, name: str, *, request_id: UUID, active: bool) -> Account:
    """Shut an account out, or let it in again. Raises ConflictError for the last administrator."""
    act = "account.enable" if active else "account.disable"

    def do(connection: Connection, now: datetime) -> Done:
        user = _called(ctx, connection, name)
        accounts.set_active(connection, user_id=user.id, active=active, at=now)
        journal.lock(connection)  # two administrators who shut each other out: the second one sees the first
        if not accounts.has_administrator(connection):
            raise ConflictError("last_administrator", name=name)
        return Done(subject="user", id=user.id, payload={"name": name, "active": active})

    return _get(ctx, perform(ctx, act, request_id, {"name": name}, do)["id"])


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSession:
    """One of somebody's own logins, or a program's reading key. `id` names it without opening it."""

    id: str
    client: str
    reading_key: bool
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    current: bool


def own_sessions(ctx: Context, token: str) -> tuple[OwnSession, ...]:
    """List the logins of the account that acts; `token` is the one in use."""
    authorise(ctx.actor, "own.read")
    with ctx.world.read() as connection:
        found = accounts.sessions_of(connection, user_id=_own_account(ctx), at=ctx.clock())
    current = token_hash(token)
    return tuple(
        OwnSession(
            id=_session_id(one.token_hash),
            client=one.client,
            reading_key=one.reading_key,
            created_at=one.created_at,
            seen_at=one.seen_at,
            expires_at=one.expires_at,
            current=one.token_hash == current,
        )
        for one in found
    )


def end_own_session(ctx: Context, token: str, *, request_id: UUID, session: str | None) -> None:
    """End one of one's own logins, or with None all but the one in use. Raises NotFoundError."""
    user_id = _own_account(ctx)

    def do(connection: Connection, now: datetime) -> Done:
        if session is None:
            accounts.revoke_sessions_of(connection, user_id=user_id, at=now, keep=token_hash(token))
        else:
            held = accounts.sessions_of(connection, user_id=user_id, at=now)
            found = [one for one in held if _session_id(one.token_hash) == session]
            if not found:
                raise NotFoundError("no_such_session")
            accounts.revoke_session(connection, token_hash=found[0].token_hash, at=now)
        return Done(subject="user", id=user_id, payload={"all": session is None})

    perform(ctx, "own.end_session", request_id, {"session": session}, do)


def change_own_password(ctx: Context, token: str, *, request_id: UUID, old: str, new: str) -> None:
    """Change one's own password; every other login of the account ends.

    Raises NotAllowedError for a wrong old password, which counts as a failed login, and InvalidError for a weak new one.
    """
    authorise(ctx.actor, "own.password")
    user_id = _own_account(ctx)
    if applied(ctx, "own.password", request_id, {}) is not None:
        return  # a browser that lost the answer: the old password is no longer right
    _check_password(new, ctx.actor.name)
    if old == new:
        raise InvalidError("password_unchanged")
    try:
        _checked(ctx, name=ctx.actor.name, password=old, client="", now=ctx.clock())
    except NotSignedInError:
        raise NotAllowedError("old_password_wrong") from None
    password_hash = ctx.passwords.hash(new)

    def do(connection: Connection, now: datetime) -> Done:
        accounts.set_password(
            connection, user_id=user_id, password_hash=password_hash, at=now, keep=token_hash(token)
        )
        return Done(subject="user", id=user_id)

    perform(ctx, "own.password", request_id, {}, do)


def _own_account(ctx: Context) -> int:
    if ctx.actor.account is None:
        raise NotAllowedError("not_allowed", act="own.read", role=ctx.actor.role)
    return ctx.actor.account


def _session_id(hashed: bytes) -> str:
    return hashed[:_SESSION_ID_BYTES].hex()


def _open_session(ctx: Context, user: UserRecord, name: str, client: str, now: datetime) -> str:
    token = new_token()
    with ctx.world.begin() as connection:
        accounts.record_attempt(connection, name=name.lower(), client=client, at=now, succeeded=True)
        accounts.insert_session(
            connection,
            user_id=user.id,
            token_hash=token_hash(token),
            created_at=now,
            expires_at=now + timedelta(hours=ctx.settings.session_hours),
            client=client,
        )
    return token


def _session(ctx: Context, token: str) -> accounts.SessionRecord | None:
    now, idle = ctx.clock(), timedelta(minutes=ctx.settings.session_idle_minutes)
    with ctx.world.read() as connection:
        found = accounts.session_by_token(connection, token_hash(token), now, idle=idle)
    if found is not None and now - found.seen_at > _SEEN_EVERY:
        with ctx.world.begin() as connection:
            accounts.touch_session(connection, token_hash=found.token_hash, at=now)
    return found


def _actor(user: UserRecord) -> Actor:
    return Actor(
        name=user.name,
        role=user.role,
        account=user.id,
        area=user.area_code,
        must_change_password=user.must_change_password,
    )


def _check_password(password: str, name: str) -> None:
    weak = weakness(password, name)
    if weak is not None:
        raise InvalidError(weak, least=PASSWORD_MIN_LENGTH)


def _insert(connection: Connection, *, name: str, **values: Any) -> UserRecord:
    try:
        return accounts.insert_user(connection, name=name, **values)
    except accounts.NameTakenError:
        raise ConflictError("name_taken", name=name) from None


def _called(ctx: Context, connection: Connection, name: str) -> UserRecord:
    user = accounts.get_user_by_name(connection, name)
    if user is None or not scope.covers(ctx.actor, user.area_code):
        raise NotFoundError("no_such_account", name=name)
    return user


def _get(ctx: Context, user_id: int) -> Account:
    with ctx.world.read() as connection:
        user = accounts.get_user(connection, user_id)
    if user is None:
        raise NotFoundError("no_such_account", id=user_id)
    return _shown(user)


def _shown(user: UserRecord) -> Account:
    return Account(
        id=user.id,
        name=user.name,
        display_name=user.display_name,
        role=user.role,
        area_code=user.area_code,
        must_change_password=user.must_change_password,
        active=user.active,
        created_at=user.created_at,
        password_changed_at=user.password_changed_at,
    )


def _journal(ctx: Context, connection: Connection, act: str, user_id: int, now: datetime) -> None:
    journal.append(connection, act=act, actor=ctx.actor.name, at=now, subject="user", subject_id=user_id)
