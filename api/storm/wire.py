"""One client's line to the server: plain HTTP, and the patience of a program that must not lose an act."""

import http.client
import json
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from api.http.access import COOKIE, CSRF_HEADER

_ANSWER_WITHIN_S: Final = 30.0
_FIRST_WAIT_S: Final = 0.1
_LONGEST_WAIT_S: Final = 2.0
_AGAIN: Final = frozenset(
    {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.INSUFFICIENT_STORAGE}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A session: its cookie's value and its form token."""

    cookie: str
    csrf: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came in the end. status None: nothing, within the client's patience."""

    status: int | None
    body: Any
    tries: int
    took_s: float
    failures: tuple[int, ...] = ()
    """Answers of 500 and above that were no clear "come again"."""


class Line:
    """A connection that is opened anew whenever it breaks."""

    def __init__(self, port: int, ticket: Ticket | None = None) -> None:
        self._port = port
        self._ticket = ticket
        self._connection: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, body: Any = None, *, patience_s: float = 60.0) -> Answer:
        """Send one request, with the same content again and again until there is an answer that says something."""
        began, wait_s, tries = time.monotonic(), _FIRST_WAIT_S, 0
        failures: list[int] = []
        while True:
            tries += 1
            try:
                status, content = self._once(method, path, body)
            except (OSError, http.client.HTTPException, ValueError):
                self.close()
            else:
                if status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _AGAIN:
                    took_s = time.monotonic() - began
                    return Answer(
                        status=status, body=content, tries=tries, took_s=took_s, failures=tuple(failures)
                    )
                if status not in _AGAIN:
                    failures.append(status)
            took_s = time.monotonic() - began
            if took_s > patience_s:
                return Answer(status=None, body=None, tries=tries, took_s=took_s, failures=tuple(failures))
            time.sleep(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)

    def read(self, path: str) -> Any:
        """Return the JSON at a path of the API. Raises RuntimeError where there is none."""
        answer = self.ask("GET", f"/api/v1{path}")
        if answer.status != HTTPStatus.OK:
            raise RuntimeError(f"{path}: {answer.status} {answer.body}")
        return answer.body

    def sign_in(self, name: str, password: str) -> Ticket:
        """Open a session. Raises RuntimeError when that is refused."""
        answer = self.ask("POST", "/api/v1/session", {"name": name, "password": password})
        if answer.status != HTTPStatus.CREATED:
            raise RuntimeError(f"sign-in of {name}: {answer.status} {answer.body}")
        return Ticket(cookie=answer.body["cookie"], csrf=answer.body["csrf_token"])

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _once(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_ANSWER_WITHIN_S)
        headers = {"Accept": "application/json"}
        if self._ticket is not None:
            headers |= {"Cookie": f"{COOKIE}={self._ticket.cookie}", CSRF_HEADER: self._ticket.csrf}
        if body is not None:
            headers["Content-Type"] = "application/json"
        self._connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self._connection.getresponse()
        content = answer.read()
        told = json.loads(content) if content and "json" in answer.headers.get("Content-Type", "") else None
        cookie = answer.headers.get("Set-Cookie", "")
        if cookie.startswith(f"{COOKIE}=") and isinstance(told, dict):
            told["cookie"] = cookie.split(";", 1)[0].removeprefix(f"{COOKIE}=")
        return answer.status, told
