"""The online map through the server: against a map server of this test's own."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from api import online
from api.errors import NotFoundError, UnavailableError
from api.online import OnlineMap
from api.settings import Settings
from gis.mercator import Tile
from tests.api.conftest import Browser

TILE = Tile(10, 827, 402)
PNG = b"\x89PNG picture"


class _Server(BaseHTTPRequestHandler):
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path.startswith("/away"):
            self.send_error(500)
        elif self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
        else:
            content = b"<script>" if self.path.startswith("/page") else PNG
            content = PNG * 200_000 if self.path.startswith("/huge") else content
            self.send_response(200)
            self.send_header("Content-Type", "text/html" if self.path.startswith("/page") else "image/png")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's
        """Say nothing."""


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def server(asked: list[str]) -> Iterator[str]:
    """A map server on this machine; yields its address."""
    handler = type("Handler", (_Server,), {"asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{made.server_address[1]}"
        made.shutdown()
        thread.join()


def test_a_picture_is_fetched_with_the_key_and_kept(server: str, asked: list[str]) -> None:
    """Once for all browsers: a command post has one line to the internet, if any."""
    found = OnlineMap(f"{server}/map/{{z}}/{{x}}/{{y}}?tk={{key}}", "secret")
    assert found.parts == ("ground",)
    assert found.picture("ground", TILE).content == PNG
    assert found.picture("ground", TILE).media_type == "image/png"
    assert asked == ["/map/10/827/402?tk=secret"]


@pytest.mark.parametrize("path", ["away", "page", "huge", "moved"])
def test_what_is_no_picture_is_refused_without_the_key(server: str, path: str) -> None:
    """An error page, a login page of a proxy, a redirect: the built-in map stays, and no message holds the key."""
    found = OnlineMap(f"{server}/{path}/{{z}}/{{x}}/{{y}}?tk={{key}}", "secret")
    with pytest.raises(UnavailableError) as refused:
        found.picture("ground", TILE)
    assert refused.value.code == "online_map_away"
    assert "secret" not in repr(refused.value.details)


def test_no_internet_is_one_refusal() -> None:
    """Nobody listens there."""
    with pytest.raises(UnavailableError):
        OnlineMap("http://127.0.0.1:9/{z}/{x}/{y}", None).picture("ground", TILE)


def test_the_store_of_pictures_has_a_limit(
    server: str, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A night of panning must not fill the memory."""
    monkeypatch.setattr(online, "KEPT_BYTES", len(PNG) * 2)
    found = OnlineMap(f"{server}/{{z}}/{{x}}/{{y}}", None)
    for x in (1, 2, 3, 1):
        found.picture("ground", Tile(3, x, 0))
    assert len(asked) == 4


def test_tianditu_has_its_names_as_a_picture_of_their_own() -> None:
    found = OnlineMap("tianditu_image", "k")
    assert found.parts == ("ground", "names")
    assert found._address("names", TILE).startswith("https://t5.tianditu.gov.cn/cia_w/wmts?")
    assert found._address("names", TILE).endswith("TILEMATRIX=10&TILEROW=402&TILECOL=827&tk=k")


def test_without_the_setting_there_is_none(commander: Browser) -> None:
    """No request leaves the house unless an operator said so."""
    assert OnlineMap(None, None).parts == ()
    with pytest.raises(NotFoundError):
        OnlineMap(None, None).picture("ground", TILE)
    assert commander.get("/online/ground/10/827/402").status_code == 404


@pytest.mark.parametrize(
    "name", ["tianditu", "ftp://x/{z}/{x}/{y}", "https://maps.example/{z}/{x}", "file:///{z}{x}{y}"]
)
def test_a_setting_that_is_no_map_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="http address"):
        Settings(online_map=name, _env_file=None)
