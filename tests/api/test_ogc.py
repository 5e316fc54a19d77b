"""The layers as OGC API - Features, read as other programs read them: with a key, page by page, by OWSLib."""

import base64
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
import uvicorn
from fastapi import FastAPI
from owslib.ogcapi.features import Features

from api.security import ACTS, Role
from tests import builders
from tests.api.conftest import Browser


@pytest.fixture
def key(administrator: Browser) -> str:
    """A reading key of the viewer."""
    answer = administrator.post("/accounts/viewer/keys", {"days": 30, "program": "QGIS"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["key"])


@pytest.fixture
def administrator(sign_in: Any) -> Browser:
    browser: Browser = sign_in("administrator")
    return browser


class Program:
    """A program that reads with a key and keeps no cookie."""

    def __init__(self, browser: Browser, key: str) -> None:
        self.http = browser.http
        self.http.cookies.clear()
        self.headers = {"Authorization": f"Bearer {key}"}

    def get(self, path: str, **parameters: Any) -> httpx.Response:
        return self.http.get(f"/ogc{path}", params=parameters, headers=self.headers)


@pytest.fixture
def program(administrator: Browser, key: str) -> Program:
    return Program(administrator, key)


def test_the_landing_page_leads_everywhere(program: Program) -> None:
    """A client that knows the address alone finds the rest by the links' relations."""
    page = program.get("").json()
    links = {link["rel"]: link["href"] for link in page["links"]}
    assert {"self", "service-desc", "conformance", "data"} <= links.keys()
    for relation in ("conformance", "data", "service-desc"):
        answer = program.http.get(links[relation], headers=program.headers)
        assert answer.status_code == 200, relation
    assert any(name.endswith("/conf/core") for name in program.get("/conformance").json()["conformsTo"])


@pytest.mark.parametrize("role", ["viewer", "duty_officer"])
def test_a_program_learns_of_people_what_its_accounts_role_may_know(
    administrator: Browser, county: dict[str, int], role: Role
) -> None:
    """A key is its account: a viewer's gives no name, number or layer of people, in a list or one by one."""
    known = role in ACTS["personal.read"]
    made = administrator.post(f"/accounts/{role}/keys", {"days": 30, "program": "QGIS"}).json()
    program = Program(administrator, made["key"])
    for path in ("/collections/teams/items", f"/collections/teams/items/{county['both']}"):
        told = program.get(path).text
        assert ("张三" in told, "10000000001" in told) == (known, known), path
    assert (program.get("/collections/people").status_code == 200) == known
    listed = {one["id"] for one in program.get("/collections").json()["collections"]}
    assert ("people" in listed) == known


def test_pages_follow_each_other_and_miss_nothing(program: Program, county: dict[str, int]) -> None:
    """`next` leads through all features, each once, and ends."""
    assert county
    whole = program.get("/collections/teams/items").json()
    assert whole["numberMatched"] == whole["numberReturned"] == len(whole["features"]) > 2
    seen: list[int] = []
    page = program.get("/collections/teams/items", limit=2).json()
    while True:
        seen += [feature["id"] for feature in page["features"]]
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        if not following:
            break
        page = program.http.get(following[0], headers=program.headers).json()
    assert seen == [feature["id"] for feature in whole["features"]]


def test_a_box_takes_what_touches_it(program: Program, county: dict[str, int]) -> None:
    """Only features within the box are counted and sent; heights in a box are passed over."""
    assert county
    everything = program.get("/collections/villages/items").json()["features"]
    west = [one for one in everything if one["geometry"]["coordinates"][0] < builders.WEST + 0.1]
    assert 0 < len(west) < len(everything)
    edges = (builders.WEST - 0.1, 35.0, builders.WEST + 0.1, 37.0)
    flat = program.get("/collections/villages/items", bbox=",".join(map(str, edges))).json()
    box = (edges[0], edges[1], 0, edges[2], edges[3], 9000)
    with_heights = program.get("/collections/villages/items", bbox=",".join(map(str, box))).json()
    ids = [one["id"] for one in west]
    assert [one["id"] for one in flat["features"]] == ids
    assert [one["id"] for one in with_heights["features"]] == ids
    assert flat["numberMatched"] == len(ids)


def test_one_feature_by_its_number_or_code(program: Program, county: dict[str, int]) -> None:
    """A feature's address gives the same feature as its collection."""
    assert county
    for layer in ("teams", "areas"):
        first = program.get(f"/collections/{layer}/items").json()["features"][0]
        alone = program.get(f"/collections/{layer}/items/{first['id']}").json()
        assert {name: alone[name] for name in ("id", "geometry", "properties")} == {
            name: first[name] for name in ("id", "geometry", "properties")
        }


BAD = (
    ("/collections/nothing", 404, "no_such_layer"),
    ("/collections/people", 404, "no_such_layer"),
    ("/collections/teams/items/999999", 404, "no_such_feature"),
    ("/collections/teams/items/one", 404, "no_such_feature"),
    (f"/collections/teams/items/{'9' * 40}", 404, "no_such_feature"),
    ("/collections/teams/items?limit=0", 400, "parameter_unreadable"),
    ("/collections/teams/items?limit=ten", 400, "parameter_unreadable"),
    ("/collections/teams/items?offset=-1", 400, "parameter_unreadable"),
    ("/collections/teams/items?bbox=1,2,3", 400, "parameter_unreadable"),
    ("/collections/teams/items?bbox=nan,0,1,1", 400, "parameter_unreadable"),
    ("/collections/teams/items?datetime=yesterday", 400, "parameter_unreadable"),
    ("/collections/teams/items?where=1", 400, "unknown_parameter"),
    ("/collections?f=html", 400, "unknown_parameter"),
)


def test_a_bad_request_is_answered_as_the_standard_asks(program: Program) -> None:
    """Unknown and unreadable parameters are 400, what does not exist is 404, and each says which."""
    for path, status, code in BAD:
        answer = program.http.get(f"/ogc{path}", headers=program.headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code), path


def test_a_time_is_accepted_and_every_feature_matches(program: Program, county: dict[str, int]) -> None:
    """Layers have no times: the standard lets every feature match."""
    assert county
    every = program.get("/collections/teams/items").json()["numberMatched"]
    for when in ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00+08:00/..", "../2026-01-01T00:00:00Z"):
        assert program.get("/collections/teams/items", datetime=when).json()["numberMatched"] == every


def test_a_key_reads_and_opens_nothing_else(program: Program, key: str) -> None:
    """As a cookie it signs nobody in, it cannot change anything, and it shows what its account may see."""
    told = program.get("/collections/teams/items").text
    assert "10000000001" not in told
    program.http.cookies.set("muster_session", key)
    assert program.http.get("/api/v1/session").status_code == 401
    assert program.http.get("/api/v1/incidents").status_code == 401
    assert program.http.get("/ogc/collections").status_code == 401


def test_basic_takes_the_key_as_password_and_a_stranger_is_asked_for_one(program: Program, key: str) -> None:
    """QGIS and OWSLib send HTTP Basic; the name does not matter, the key does."""
    basic = base64.b64encode(f"qgis:{key}".encode()).decode()
    ok = program.http.get("/ogc/collections", headers={"Authorization": f"Basic {basic}"})
    assert ok.status_code == 200
    for header in ({}, {"Authorization": "Basic !!"}, {"Authorization": "Bearer nothing"}):
        refused = program.http.get("/ogc/collections", headers=header)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Basic")


def test_a_key_ends_with_the_account(administrator: Browser, key: str) -> None:
    """A disabled account's programs read nothing any more."""
    header = {"Authorization": f"Bearer {key}"}
    assert administrator.http.get("/ogc/collections", headers=header).status_code == 200
    assert administrator.post("/accounts/viewer/disable").status_code == 200
    assert administrator.http.get("/ogc/collections", headers=header).status_code == 401


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    """The same application on a port, for programs with a connection of their own."""
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def test_owslib_reads_the_layers(address: str, key: str, county: dict[str, int]) -> None:
    """The library that many programs read such servers with finds the collections and their items."""
    assert county
    served = Features(f"{address}/ogc", headers={"Authorization": f"Bearer {key}"})
    assert {"teams", "villages", "depots"} <= set(served.feature_collections())
    assert served.collection("teams")["extent"]["spatial"]["bbox"][0][0] < builders.WEST
    found = served.collection_items("teams", limit=2)
    assert found["numberReturned"] == 2
    again = served.collection_item("teams", str(found["features"][0]["id"]))
    assert json.dumps(again["geometry"]) == json.dumps(found["features"][0]["geometry"])


QGIS_PYTHON = "/usr/bin/python3"
QGIS = """
import json, os, sys
from qgis.core import QgsApplication, QgsVectorLayer
address, key = sys.argv[1:]
application = QgsApplication([], False)
application.initQgis()
uri = f"url='{address}/ogc' typename='teams' username='qgis' password='{key}' pageSize='2'"
layer = QgsVectorLayer(uri, "teams", "OAPIF")
found = [
    [feature["code"], feature.geometry().asPoint().x(), feature.geometry().asPoint().y()]
    for feature in layer.getFeatures()
]
print(json.dumps({"valid": layer.isValid(), "count": layer.featureCount(), "found": found}), flush=True)
os._exit(0)  # its own end takes layers away in the wrong order and crashes
"""


def test_qgis_opens_a_layer(address: str, key: str, county: dict[str, int], tmp_path: Path) -> None:
    """QGIS, where it is installed (Debian: python3-qgis), reads every page of a layer with a key as its password."""
    assert county
    home = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "QT_QPA_PLATFORM": "offscreen",
        "XDG_RUNTIME_DIR": str(tmp_path),
    }
    asked = [QGIS_PYTHON, "-c", "import qgis.core"]
    if (
        not Path(QGIS_PYTHON).exists()
        or subprocess.run(asked, env=home, capture_output=True, check=False).returncode
    ):
        pytest.skip("QGIS is not installed (Debian: apt-get install python3-qgis)")
    done = subprocess.run(
        [QGIS_PYTHON, "-c", QGIS, address, key],
        env=home,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    ours = httpx.get(
        f"{address}/ogc/collections/teams/items", headers={"Authorization": f"Bearer {key}"}
    ).json()
    assert told["valid"]
    assert told["count"] == ours["numberMatched"]
    assert sorted(told["found"]) == sorted(
        [one["properties"]["code"], *one["geometry"]["coordinates"]] for one in ours["features"]
    )
