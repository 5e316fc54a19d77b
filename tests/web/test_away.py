"""While the database is away: what people see, what they keep, and what happens to what they sent."""

import html
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, make_url, text

from api.settings import Settings
from tests.web.conftest import Reader
from web.app import create_app


class Way:
    """The way to the database, which can be cut: a link to the folder of its socket."""

    def __init__(self, link: Path, there: str, engine: Engine) -> None:
        self.link = link
        self.there = there
        self.engine = engine

    def open(self) -> None:
        self.link.symlink_to(self.there)

    def cut(self) -> None:
        self.link.unlink()
        with self.engine.begin() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )


@pytest.fixture
def way(engine: Engine) -> Iterator[Way]:
    with tempfile.TemporaryDirectory() as folder:
        made = Way(Path(folder) / "way", str(engine.url.query["host"]), engine)
        made.open()
        yield made


@pytest.fixture
def client(database: str, ids: dict[str, int], way: Way) -> Iterator[TestClient]:
    assert ids
    url = make_url(database).update_query_dict({"host": str(way.link)})
    settings = Settings(database_url=url.render_as_string(), stream_life_s=5, _env_file=None)
    with TestClient(create_app(settings), base_url="http://muster.test") as made:
        yield made


def test_what_was_typed_survives_the_database(client: TestClient, way: Way) -> None:
    """A report sent into an outage comes back as a page with everything in it; sent again, it is done once."""
    reader = Reader(client, "commander")
    form = reader.get("/incidents").text
    request_id = re.search(r'name="request_id" value="([^"]+)"', form)
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', form)
    assert request_id is not None
    assert csrf is not None
    fields = {
        "csrf_token": csrf[1],
        "request_id": request_id[1],
        "type": "landslide",
        "level": "4",
        "lon": "111.09",
        "lat": "36.0",
        "name": "老庄 <b>滑坡</b>",
    }

    way.cut()
    away = client.post("/incidents", data=fields)
    assert away.status_code == 503
    assert away.headers["retry-after"]
    assert "数据库暂时连接不上" in away.text
    assert "老庄 &lt;b&gt;滑坡&lt;/b&gt;" in away.text
    kept = {
        name: html.unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', away.text)
    }
    assert kept == fields
    page = client.get("/incidents")
    assert (page.status_code, "本页会自动重试" in page.text) == (503, True)
    answer = client.get("/api/v1/incidents")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_away")
    assert client.get("/ready").status_code == 503
    assert client.get("/health").status_code == 200

    way.open()
    for _ in range(2):
        done = client.post("/incidents", data=kept)
        assert done.status_code == 200
    assert client.get("/ready").status_code == 200
    (incident,) = client.get("/api/v1/incidents").json()
    assert incident["name"] == fields["name"]


def test_a_password_is_never_written_back(client: TestClient, way: Way) -> None:
    """The login that meets an outage shows no form with what was typed."""
    way.cut()
    away = client.post("/login", data={"name": "commander", "password": "correct horse battery"})
    assert away.status_code == 503
    assert "correct horse battery" not in away.text
    way.open()
