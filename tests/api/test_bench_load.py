"""The load generator of the benchmark: what it counts is what happened."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from api.bench.load import hammer


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = b"twelve bytes"
        self.send_response(200 if self.path == "/good" else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        asked.append(self.headers["Cookie"])

    def log_message(self, *_: object) -> None:
        return


asked: list[str] = []


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_every_request_is_counted_once(port: int) -> None:
    """A refused request is no request served: it is told beside the figures."""
    asked.clear()
    found = hammer(port=port, cookie="a=b", paths=["/good", "/bad"], connections=2, seconds=0.2)
    assert len(found["ms"]) == len(asked) > 1
    assert set(asked) == {"a=b"}
    assert found["bytes"] == 12 * len(asked)
    assert 0 < found["failed"] < len(asked)
