"""One base error with a code; at the HTTP edge it becomes a problem document (RFC 9457).

Codes are for programs and for `web/wording.py`, which has their words; `details` holds the numbers of this case.
"""

from datetime import datetime
from http import HTTPStatus
from typing import Any, ClassVar

from pydantic import BaseModel, Field

PROBLEM_JSON = "application/problem+json"


class MusterError(Exception):
    """An act that was not done, and why. Subclasses say which HTTP status it is."""

    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.code = code
        self.details = details

    def __str__(self) -> str:
        """Give the code with its numbers, for logs and the command line."""
        numbers = ", ".join(f"{key}={value}" for key, value in self.details.items())
        return f"{self.code} ({numbers})" if numbers else self.code


class NotSignedInError(MusterError):
    """Nobody is signed in, or the session, password or link is not valid."""

    status = HTTPStatus.UNAUTHORIZED


class NotAllowedError(MusterError):
    """The actor's role does not hold this act, or the request did not come from our own page."""

    status = HTTPStatus.FORBIDDEN


class NotFoundError(MusterError):
    """What the act is about does not exist."""

    status = HTTPStatus.NOT_FOUND


class ConflictError(MusterError):
    """The present state does not take this act; details say what stands in the way."""

    status = HTTPStatus.CONFLICT


class InvalidError(MusterError):
    """The request is well-formed and cannot be right."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class TooManyError(MusterError):
    """Too many attempts; details say how long to wait."""

    status = HTTPStatus.TOO_MANY_REQUESTS


class UnavailableError(MusterError):
    """Something that the act needs is not there yet, such as a road network."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class CollidedError(UnavailableError):
    """Two acts waited for each other's rows and the database ended this one; nothing of it was written."""


class StoreFullError(MusterError):
    """The disk has no room for what the act would write; nothing was written, and reading goes on."""

    status = HTTPStatus.INSUFFICIENT_STORAGE


class DatabaseAwayError(Exception):
    """The database cannot be reached, or its connection broke, perhaps after the act was done.

    No refusal: nothing is known of the act, and the same request may be sent again.
    """

    def __init__(self, since: datetime) -> None:
        super().__init__(f"the database is away since {since.isoformat(timespec='seconds')}")
        self.since = since


class FieldProblem(BaseModel):
    """One field of a request that could not be read."""

    field: str = Field(description="where, such as body.position.0")
    code: str = Field(description="what is wrong with it")


class Problem(BaseModel):
    """A refused request (RFC 9457)."""

    type: str = Field(description="urn:muster:problem:<code>")
    title: str = Field(description="the HTTP status in words")
    status: int
    code: str = Field(description="what went wrong, for programs")
    details: dict[str, Any] = Field(default_factory=dict, description="the numbers of this case")
    errors: list[FieldProblem] = Field(default_factory=list, description="the fields that could not be read")


def problem(
    status: HTTPStatus,
    code: str,
    details: dict[str, Any] | None = None,
    errors: list[FieldProblem] | None = None,
) -> Problem:
    """Make the document of one refusal."""
    return Problem(
        type=f"urn:muster:problem:{code}",
        title=status.phrase,
        status=status.value,
        code=code,
        details=details or {},
        errors=errors or [],
    )
