"""Where calls go out: one address of the settings, each call signed, once for each person and place.

The only thing in this product that speaks to the outside unasked. It exists in the live world alone, and only where the
settings name an address; `of` is the one place that makes it. docs/deployment.md has the contract of the other side.
"""

import hashlib
import hmac
import http.client
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.settings import Settings
from data.worlds import LIVE

TIMEOUT_S: Final = 8.0
VERSION: Final = 1
_LATER: Final = frozenset({408, 425, 429})
"""Refusals that mean: not now."""
_SERVER: Final = 500


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Somebody(_Model):
    """Who is called."""

    code: str
    name: str
    phone: str = Field(description="empty where none is known")


class Somewhere(_Model):
    """A place, by the code and the names that the county uses."""

    code: str
    name: str
    name_en: str


class Called(_Model):
    """The call that a person is called for."""

    id: int
    kind: Literal["incident", "warning"]
    text: str
    subject: Somewhere
    started_at: datetime


class CallMessage(_Model):
    """What is posted to the webhook, for one person. The same `key` is the same message, however often it comes."""

    version: Literal[1] = VERSION
    key: UUID
    call: Called
    person: Somebody
    place: Somewhere
    role: str
    rank: str
    why: Literal["first", "substitute", "above"] = Field(
        description="first: by their own duty; substitute: in the stead of who did not answer; above: told about a place below"
    )
    about: Somewhere | None = Field(description="the place where nobody answered; null: the call itself")
    called_at: datetime
    answer_by: datetime
    link: str = Field(description="page that the person answers on; a path where no public address is set")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What came of a message: taken, or why not as a code; `final`: trying again would not help."""

    taken: bool
    error: str = ""
    final: bool = False


class Webhook:
    """Posts messages to one address, and follows nobody elsewhere."""

    def __init__(self, address: str, secret: str) -> None:
        self._address, self._secret = address, secret
        self._open = urllib.request.build_opener(_NoWayOn).open

    def deliver(self, message: CallMessage, *, at: datetime) -> Delivery:
        """Post one message. Whatever goes wrong out there is an answer, never an exception."""
        body = message.model_dump_json().encode()
        request = urllib.request.Request(  # noqa: S310  # http(s): settings check
            self._address,
            data=body,
            method="POST",
            headers={
                "Content-Type": "application/json",
                "User-Agent": "Muster",
                "Idempotency-Key": str(message.key),
                "Muster-Signature": signature(self._secret, body, at=at),
            },
        )
        try:
            with self._open(request, timeout=TIMEOUT_S):
                return Delivery(taken=True)
        except urllib.error.HTTPError as error:
            error.close()
            final = error.code < _SERVER and error.code not in _LATER
            return Delivery(taken=False, error=f"http_{error.code}", final=final)
        except TimeoutError:
            return Delivery(taken=False, error="timeout")
        except (OSError, http.client.HTTPException, ValueError) as error:
            slow = isinstance(getattr(error, "reason", None), TimeoutError)
            return Delivery(taken=False, error="timeout" if slow else "unreachable")


def of(settings: Settings, schema: str) -> Webhook | None:
    """Make the webhook of a world; None where the settings name none, and for every world but the live one."""
    if schema != LIVE or settings.call_webhook is None or settings.call_secret is None:
        return None
    return Webhook(settings.call_webhook, settings.call_secret)


def signature(secret: str, body: bytes, *, at: datetime) -> str:
    """Sign a body and the moment of its sending: t=<seconds>,v1=<hex HMAC-SHA256 of "seconds.body">."""
    seconds = str(int(at.timestamp()))
    signed = hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={signed}"


class _NoWayOn(urllib.request.HTTPRedirectHandler):
    """Follow nobody elsewhere: names and phone numbers go to the address of the settings alone."""

    def redirect_request(self, *_: object) -> None:
        return None
