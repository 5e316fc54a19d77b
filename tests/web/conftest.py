"""The pages on the hand-made county, and a browser without a screen or a script."""

import re
from collections.abc import Iterator

import httpx2 as httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from api.settings import Settings
from data import worlds
from tests import builders
from tests.hours import quiet_zone
from tests.site import PASSWORD, add_accounts
from web.app import create_app

HOSTILE = (
    "{{ 7919 * 7907 }}",
    "{% raise %}",
    "{# never closed",
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>'`",
    "${7*7} %(name)s %s {0} {name}",
    "长" * 199,
)


class Reader:
    """Somebody signed in who reads pages and sends their forms, without JavaScript."""

    def __init__(self, client: TestClient, name: str) -> None:
        self.client = client
        answer = client.post("/login", data={"name": name, "password": PASSWORD})
        assert answer.url.path == "/", answer.text

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(path, headers=headers)

    def send(self, page: str, action: str, **fields: object) -> httpx.Response:
        """Send the form of a page that goes to `action`, with its hidden fields and the given ones."""
        html = self.get(page).text
        forms = [part for part in html.split("<form")[1:] if f'action="{action}"' in part.split(">")[0]]
        assert forms, f"no form for {action} on {page}"
        inside = forms[0].split("</form>")[0]
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', inside))
        return self.client.post(action, data={**hidden, **fields})


@pytest.fixture
def ids(engine: Engine) -> dict[str, int]:
    """The hand-made county; its ids by name. Its teams have just reported."""
    with engine.begin() as connection:
        made = builders.add_county(worlds.inside(connection, worlds.LIVE))
        connection.execute(text("UPDATE live.team_states SET reported_at = now()"))
    add_accounts(engine)
    return made


@pytest.fixture
def client(database: str, ids: dict[str, int]) -> Iterator[TestClient]:
    """The application with nobody signed in."""
    assert ids
    app = create_app(Settings(database_url=database, timezone=quiet_zone(), _env_file=None))
    with TestClient(app, base_url="http://muster.test") as client:
        yield client


@pytest.fixture
def commander(client: TestClient) -> Reader:
    """A commander at the pages."""
    return Reader(client, "commander")
