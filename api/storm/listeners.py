"""Clients that only listen: they must see every journal number exactly once, whatever dies under them."""

import http.client
import threading
import time
from collections.abc import Iterator
from typing import Final

from api.http.access import COOKIE
from api.storm.wire import Ticket

_SILENCE_S: Final = 20.0  # the stream says something at least every 15 seconds


class Listener(threading.Thread):
    """Follows the event stream as a browser does: it comes back with the last number that it saw."""

    def __init__(self, port: int, ticket: Ticket) -> None:
        super().__init__(name="storm-listener", daemon=True)
        self._port = port
        self._ticket = ticket
        self._ending = threading.Event()
        self.numbers: list[int] = []
        self.connections = 0

    def run(self) -> None:
        """Listen until told to end."""
        while not self._ending.is_set():
            try:
                for number in self._stream():
                    self.numbers.append(number)
                    if self._ending.is_set():
                        return
            except (OSError, http.client.HTTPException, ValueError):
                pass
            time.sleep(0.2)

    def end(self) -> None:
        """Stop listening at the next event or silence."""
        self._ending.set()

    @property
    def latest(self) -> int:
        """The newest number that came."""
        return self.numbers[-1] if self.numbers else 0

    def _stream(self) -> Iterator[int]:
        answer: http.client.HTTPResponse | None = None
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_SILENCE_S)
        try:
            headers = {
                "Cookie": f"{COOKIE}={self._ticket.cookie}",
                "Accept": "text/event-stream",
                "Last-Event-ID": str(self.latest),
            }
            connection.request("GET", "/api/v1/events", headers=headers)
            answer = connection.getresponse()
            if answer.status != http.HTTPStatus.OK:
                return
            self.connections += 1
            number, event = None, ""
            while line := answer.readline():
                text = line.decode().rstrip("\r\n")
                if text.startswith("id:"):
                    number = int(text[3:])
                elif text.startswith("event:"):
                    event = text[6:].strip()
                elif not text:
                    if event == "act" and number is not None:
                        yield number
                    number, event = None, ""
        finally:
            if answer is not None:
                answer.close()
            connection.close()
