"""Who may do what: the table of acts and roles, passwords, session tokens, and the guard against forged requests."""

import base64
import hashlib
import hmac
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal, get_args

import argon2

from api import trace
from api.errors import NotAllowedError, NotSignedInError, TooManyError

Role = Literal[
    "nobody",
    "viewer",
    "registrar",
    "township",
    "duty_officer",
    "commander",
    "administrator",
    "team_link",
    "tracker",
    "call_link",
    "call_channel",
]
AccountRole = Literal["viewer", "registrar", "township", "duty_officer", "commander", "administrator"]
ACCOUNT_ROLES: Final[tuple[AccountRole, ...]] = get_args(AccountRole)

_EVERYBODY: Final = frozenset[Role](ACCOUNT_ROLES)
_POSTS: Final = frozenset[Role]({"township", "duty_officer", "commander", "administrator"})
_STAFF: Final = frozenset[Role]({"duty_officer", "commander", "administrator"})
_COMMAND: Final = frozenset[Role]({"commander", "administrator"})
_RECORDS: Final = frozenset[Role]({"registrar", "commander", "administrator"})  # ledgers, grids, the atlas
_ADMINISTRATOR: Final = frozenset[Role]({"administrator"})
_TOWNSHIP: Final = frozenset[Role]({"township"})
_TEAM: Final = frozenset[Role]({"team_link"})
_FIELD: Final = _POSTS | _TEAM
_TRACKER: Final = frozenset[Role]({"tracker"})
_CALLED: Final = frozenset[Role](
    {"call_link", "call_channel"}
)  # who was called, on their link or over the webhook

ACTS: Final[Mapping[str, frozenset[Role]]] = {
    "map.read": _EVERYBODY,
    "personal.read": _POSTS | _RECORDS,  # names and phone numbers in the own area; masked for everybody else
    "incident.read": _EVERYBODY,
    "incident.report": _POSTS,
    "incident.edit": _POSTS,
    "incident.send_report": _POSTS,
    "incident.change_level": _POSTS,
    "incident.escalate": _POSTS,
    "incident.close": _COMMAND | _TOWNSHIP,
    "incident.cancel": _COMMAND | _TOWNSHIP,
    "plan.read": _EVERYBODY,
    "plan.propose": _POSTS,
    "plan.prove": _POSTS,
    "plan.replan": _POSTS,
    "plan.confirm": _COMMAND | _TOWNSHIP,
    "plan.withdraw": _COMMAND | _TOWNSHIP,
    "order.read": _EVERYBODY | _TEAM,
    "order.link": _POSTS,
    "order.acknowledge": _FIELD,
    "order.depart": _FIELD,
    "order.arrive": _FIELD,
    "order.finish": _FIELD,
    "order.refuse": _FIELD,
    "order.cancel": _COMMAND | _TOWNSHIP,
    "order.call_village": _POSTS,
    "call.read": _EVERYBODY | frozenset[Role]({"call_link"}),
    "call.start": _POSTS,
    "call.answer": _POSTS | _CALLED,
    "call.link": _POSTS,
    "call.end": _POSTS,
    "call.escalate": _ADMINISTRATOR,  # the clockwork's: whoever's time has run out
    "base_map.read": _EVERYBODY | _TEAM,  # roads, water and names: what a team finds its way by
    "position.read": _EVERYBODY,
    "position.report": _TEAM | _TRACKER,
    "tracker.read": _ADMINISTRATOR,
    "tracker.create": _ADMINISTRATOR,
    "tracker.revoke": _ADMINISTRATOR,
    "aid.read": _EVERYBODY,
    "aid.request": _POSTS,
    "aid.answer": _POSTS,
    "aid.end": _POSTS,
    "closure.read": _EVERYBODY,
    "closure.close": _POSTS,
    "closure.edit": _POSTS,
    "closure.open": _POSTS,
    "hazard.read": _EVERYBODY,
    "hazard.draw": _POSTS,
    "hazard.edit": _POSTS,
    "hazard.end": _POSTS,
    "resource.read": _EVERYBODY,
    "resource.edit": _POSTS,
    "message.read": _EVERYBODY | _TEAM,
    "message.send": _POSTS | _TEAM,
    "message.acknowledge": _POSTS | _TEAM,
    "timeline.read": _EVERYBODY,
    "shift.read": _EVERYBODY,
    "shift.hand_over": _POSTS,
    "grid.read": _EVERYBODY,
    "grid.staff": _RECORDS,  # who answers for a cell
    "grid.edit": _RECORDS,  # split, merge, move a border, rename
    "grid.mend": _RECORDS,
    "grid.divide": _RECORDS,  # make the leaves of villages anew
    "grid.restore": _RECORDS,
    "job.read": _POSTS | _RECORDS,
    "job.cancel": _POSTS | _RECORDS,
    "layer.import": _ADMINISTRATOR,
    "atlas.read": _EVERYBODY,
    "atlas.print": _POSTS | _RECORDS,  # with names and phone numbers of the own area
    "layer.export": _RECORDS,  # with names and phone numbers
    "ledger.read": _RECORDS,  # with names and phone numbers of the own area
    "ledger.upload": _RECORDS,
    "ledger.correct": _RECORDS,
    "ledger.map": _RECORDS,
    "ledger.drop": _RECORDS,
    "ledger.apply": _RECORDS,
    "ledger.undo": _RECORDS,
    "osm.import": _ADMINISTRATOR,
    "county.export": _ADMINISTRATOR,  # with names and phone numbers
    "county.import": _ADMINISTRATOR,
    "demo.load": _ADMINISTRATOR,
    "terrain.import": _ADMINISTRATOR,
    "system.check": _ADMINISTRATOR,
    "audit.read": _ADMINISTRATOR,
    "audit.verify": _ADMINISTRATOR,
    "audit.export": _ADMINISTRATOR,
    "own.read": _EVERYBODY,
    "own.password": _EVERYBODY,
    "own.end_session": _EVERYBODY,
    "account.read": _ADMINISTRATOR,
    "account.create": _ADMINISTRATOR,
    "account.disable": _ADMINISTRATOR,
    "account.enable": _ADMINISTRATOR,
    "account.set_password": _ADMINISTRATOR,
    "account.make_key": _ADMINISTRATOR,
}
"""The single source of authority: a use case names its act, everything else follows from this table.

Where a role holds its acts is `api.scope`: a township's in its township and on what it leads.
"""


OWN_ACTS: Final = frozenset({"own.read", "own.password", "own.end_session"})
"""What everybody does with their own account, and all that a password allows that was set by somebody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Somebody who acts: an account, a team on its order link (`order` set), a tracker (`unit` set: whose place it
    reports), who was called on their link (`call` set: its id and their code), or the local command line (`account` None).

    `area` is the full code of the township or county that the account belongs to; None: the whole installation.
    """

    name: str
    role: Role
    account: int | None = None
    order: int | None = None
    area: str | None = None
    unit: tuple[Literal["team", "vehicle"], int] | None = None
    call: tuple[int, str] | None = None
    must_change_password: bool = False

    def may(self, act: str) -> bool:
        """Whether the table gives this act to the actor's role; with a password to be changed, its change alone."""
        return self.role in ACTS[act] and (not self.must_change_password or act in OWN_ACTS)


NOBODY: Final = Actor(name="nobody", role="nobody")


def authorise(actor: Actor, act: str) -> None:
    """Raise NotAllowedError unless the actor's role holds `act` (NotSignedInError where there is no actor)."""
    trace.note_role(actor.role)
    if not actor.may(act):
        if actor is NOBODY:
            raise NotSignedInError("not_signed_in")
        if actor.must_change_password:
            raise NotAllowedError("must_change_password")
        raise NotAllowedError("not_allowed", act=act, role=actor.role)


CLOCKWORK: Final = Actor(name="clockwork", role="administrator")
"""Whoever acts because a clock has run out: each of the workers, under one name."""


def local_administrator(name: str) -> Actor:
    """Return the actor of command-line acts: whoever can read the database's folder is its administrator."""
    return Actor(name=f"cli:{name}", role="administrator")


# -- secrets -----------------------------------------------------------------------------------------------------------

_TOKEN_BYTES: Final = 32  # 256 bits, for sessions and order links alike
_PASSWORD_BYTES: Final = 12  # 96 bits for generated passwords, which somebody has to type
PASSWORD_MIN_LENGTH: Final = 10
LEAST_SIGNS: Final = 5  # different ones in a password


COMMON_PASSWORDS: Final = frozenset(
    [
        "1234567890",
        "0123456789",
        "0987654321",
        "9876543210",
        "12345678910",
        "123456789a",
        "a123456789",
        "1234567890a",
        "aa123456789",
        "abc123456789",
        "1234554321",
        "1122334455",
        "1212121212",
        "1231231230",
        "123123123123",
        "123321123321",
        "123456654321",
        "147258369",
        "1472583690",
        "0147258369",
        "5201314520",
        "1314520520",
        "5201314000",
        "woaini1314",
        "woaini520",
        "woaini521",
        "woaini5201314",
        "iloveyou1314",
        "iloveyou520",
        "iloveyou123",
        "qwertyuiop",
        "qwerty1234",
        "qwerty12345",
        "qwerty123456",
        "1qaz2wsx3edc",
        "qazwsxedcrfv",
        "1q2w3e4r5t",
        "1q2w3e4r5t6y",
        "asdfghjkl1",
        "zxcvbnm123",
        "password12",
        "password123",
        "password1234",
        "password12345",
        "passw0rd123",
        "p@ssw0rd123",
        "p@ssword123",
        "administrator",
        "admin12345",
        "admin123456",
        "admin@123456",
        "root123456",
        "test123456",
        "welcome123",
        "letmein123",
        "changeme123",
        "abcdefghij",
        "abcd123456",
        "abc1234567",
        "muster1234",
        "muster12345",
        "muster123456",
        "yingji12345",
        "yingji119119",
        "119119119119",
        "1191101200",
        "1101191200",
    ]
)
"""Passwords long enough for the rule that everybody tries first."""


def weakness(password: str, name: str) -> str | None:
    """Tell as a code why a password may not be used by the account of this name; None where it may."""
    plain = password.casefold()
    if len(password) < PASSWORD_MIN_LENGTH:
        return "password_too_short"
    if name and (name.casefold() in plain or plain in name.casefold()):
        return "password_has_name"
    if plain in COMMON_PASSWORDS or len(set(plain)) < LEAST_SIGNS:
        return "password_too_common"
    return None


def new_token() -> str:
    """Return an unguessable, URL-safe token."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def new_password() -> str:
    """Return a generated password for somebody to type once."""
    return secrets.token_urlsafe(_PASSWORD_BYTES)


def token_hash(token: str) -> bytes:
    """Return what is stored of a token. Random tokens need no slow hash: there is nothing to guess."""
    return hashlib.sha256(token.encode()).digest()


def derived_token(secret: str, *parts: str) -> str:
    """Return the token that a secret gives for something: the same each time, so that it need not be stored."""
    digest = hmac.new(secret.encode(), "\n".join(parts).encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def same_secret(wanted: str, given: str) -> bool:
    """Compare two secrets in the same time wherever they differ."""
    return hmac.compare_digest(wanted.encode(), given.encode())


def csrf_token(session_token: str) -> str:
    """Derive the form token of a session: another site can send the cookie but cannot compute this."""
    return hmac.new(session_token.encode(), b"muster csrf", hashlib.sha256).hexdigest()


def check_csrf(session_token: str, given: str | None) -> None:
    """Raise NotAllowedError unless `given` is the session's form token."""
    if given is None or not hmac.compare_digest(csrf_token(session_token).encode(), given.encode()):
        raise NotAllowedError("csrf_token_wrong")


def check_origin(origin: str | None, own: str, allowed: tuple[str, ...]) -> None:
    """Raise NotAllowedError for a state-changing request that another site's page sent.

    Every current browser sends Origin with such a request; programs send none, and are held by the form token alone.
    """
    if origin is not None and origin != own and origin not in allowed:
        raise NotAllowedError("origin_wrong")


# -- passwords ---------------------------------------------------------------------------------------------------------

_WAIT_FOR_TURN_S: Final = 15.0


class Passwords:
    """argon2id, a few at a time: each check takes 64 MiB and a quarter of a second, so a flood of logins must queue."""

    def __init__(self, at_once: int) -> None:
        self._hasher = argon2.PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
        self._turns = threading.BoundedSemaphore(at_once)
        self._nobody = self._hasher.hash(new_password())

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=_WAIT_FOR_TURN_S):
            raise TooManyError("logins_busy", wait_s=int(_WAIT_FOR_TURN_S))
        try:
            yield
        finally:
            self._turns.release()

    def hash(self, password: str) -> str:
        """Return the encoded argon2id hash of a password."""
        with self._turn():
            return self._hasher.hash(password)

    def check(self, encoded: str | None, password: str) -> None:
        """Raise NotSignedInError unless `password` is right. No account (`encoded` None) takes as long as a wrong one."""
        with self._turn():
            try:
                self._hasher.verify(encoded or self._nobody, password)
            except argon2.exceptions.VerificationError:
                raise NotSignedInError("login_wrong") from None
        if encoded is None:
            raise NotSignedInError("login_wrong")
