"""`muster`: the same acts from the command line, with exit codes and JSON for programs."""

import json
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, make_url

from api import cli
from data import backup
from data.cluster import Cluster
from tests import builders


class CommandLine:
    """Runs `muster` in this process on one database."""

    def __init__(self, capture: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.capture, self.patch = capture, patch

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Return (exit code, printed, errors)."""
        self.patch.setattr(sys, "argv", ["muster", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = self.capture.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), out, err

    def json(self, *arguments: str) -> Any:
        code, out, err = self(*arguments, "--json")
        assert code == 0, err
        return json.loads(out)


@pytest.fixture
def muster(database: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    monkeypatch.setenv("MUSTER_DATABASE_URL", database)
    return CommandLine(capsys, monkeypatch)


def test_the_whole_way_from_the_command_line(muster: CommandLine, county: dict[str, int]) -> None:
    """Report, propose, confirm, acknowledge, close a road: a county without a browser can still act."""
    at = ",".join(map(str, builders.on_main_road(5)))
    incident = muster.json("incident", "report", "landslide", "--level", "4", "--at", at)["id"]
    assert [one["id"] for one in muster.json("incident", "list")] == [incident]
    for team in (
        "both",
        "landslide",
        "medical",
    ):  # the county's last reports are old: such teams are not sent
        muster.json("resource", "team", str(county[team]), "--status", "on_duty")
    banned = f"team:{county['far']}"
    plan = muster.json("plan", "propose", str(incident), "--ban", banned)
    assert plan["bans"] == [{"kind": "team", "id": county["far"], "incident": None}]
    assert muster.json("plan", "reasons", str(plan["id"]))["chosen"]
    team = next(one["id"] for one in plan["plan"]["assignments"] if one["kind"] == "team")
    assert muster.json("plan", "without", str(plan["id"]), "team", str(team))["changes"]
    orders = muster.json("plan", "confirm", str(plan["id"]))
    done = muster.json("order", "step", str(orders[0]["id"]), "acknowledge")
    assert done["state"] == "acknowledged"
    code, out, _ = muster("order", "link", str(orders[0]["id"]))
    assert (code, out.startswith("/o/")) == (0, True)
    assert muster("order", "unlink", str(orders[0]["id"]))[0] == 0
    closed = muster.json("close", "--at", at, "--reason", "塌方")
    assert muster.json("closures")[0]["id"] == closed["id"]
    assert muster.json("open", str(closed["id"]))["ended_by"].startswith("cli:")


def test_tables_are_for_people(muster: CommandLine, county: dict[str, int]) -> None:
    """Without --json the same command prints rows with a head."""
    code, out, _ = muster("resource", "teams")
    assert code == 0
    assert "strength_now" in out
    assert str(county["both"]) in out


def test_resources_are_edited(muster: CommandLine, county: dict[str, int]) -> None:
    """Each switch that a page has, the command line has too."""
    assert muster.json("resource", "team", str(county["both"]), "--status", "resting")["status"] == "resting"
    assert not muster.json("resource", "vehicle", str(county["carrier"]), "--out-of-service")["in_service"]
    assert not muster.json("resource", "depot", str(county["depot"]), "--closed")["open"]
    assert muster.json("resource", "lot", str(county["lot"]), "480")["free"] == 480
    code, out, _ = muster("resource", "place", str(county["place"]), "name=新名")
    assert (code, json.loads(out)["name"]) == (0, "新名")


def test_the_measurement_agrees_with_its_peer(muster: CommandLine) -> None:
    """A benchmark of wrong answers is worthless: every time equals scipy's to the millisecond."""
    figures = muster.json("bench", "travel", "--nodes", "900", "--cases", "1")
    assert {one["network"] for one in figures} == {"demo", "generated"}
    assert all(one["equal"] == one["answers"] > 0 for one in figures)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("incident", "show", "999"), 1, "no_such_incident"),
        (("incident", "report", "meteorite", "--level", "4", "--at", "111,36"), 1, "unknown_incident_type"),
        (("incident", "report", "landslide", "--level", "9", "--at", "111,36"), 2, ""),
        (("incident", "report", "landslide", "--level", "4", "--at", "here"), 2, ""),
        (("plan", "propose", "1", "--pin", "tank:1:1"), 2, ""),
        (("close",), 2, ""),
        (("import", "layer", "nonsense", "x.csv"), 1, "no_such_layer"),
        (("import", "layer", "teams", "/nowhere.csv"), 1, "no_such_file"),
        (("import", "osm", "/nowhere.osm.pbf"), 1, "no_such_file"),
        (("dance",), 2, ""),
    ],
)
def test_refusals_have_exit_codes(
    muster: CommandLine, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """A script must tell a refused act (1) from a mistyped command (2)."""
    got, out, err = muster(*arguments)
    assert (got, out) == (code, "")
    assert said in err


def test_no_database_has_its_own_exit_code(muster: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script may wait and try again when only the database is away (3)."""
    monkeypatch.setenv("MUSTER_DATABASE_URL", "postgresql+psycopg://nobody@/nothing?host=/nowhere")
    code, _, err = muster("incident", "list")
    assert code == 3
    assert "No database" in err


def test_the_same_request_id_acts_once(muster: CommandLine, county: dict[str, int]) -> None:
    """A script that is run again after a crash passes the id of its first try."""
    arguments = ("incident", "report", "landslide", "--level", "4", "--village", builders.WEST_VILLAGE)
    identity = ("--request-id", str(uuid.uuid4()))
    assert county
    assert muster.json(*arguments, *identity)["id"] == muster.json(*arguments, *identity)["id"]
    assert len(muster.json("incident", "list")) == 1


def test_accounts_get_generated_passwords(muster: CommandLine) -> None:
    """The first administrator is made once; each password is printed once and differs."""
    first, second = muster("db", "init"), muster("db", "init")
    assert "password: " in first[1]
    assert "password" not in second[1]
    added = muster("user", "add", "wang", "--role", "duty_officer")
    assert added[1].splitlines()[0] == "name: wang"
    assert added[1].split("password: ")[1] != first[1].split("password: ")[1]
    assert muster("user", "add", "wang", "--role", "viewer")[0] == 1
    assert muster("user", "disable", "wang")[0] == 0
    assert {one["name"]: one["active"] for one in muster.json("user", "list")} == {
        "admin": True,
        "wang": False,
    }


def test_the_doctor_tells_what_is_missing(muster: CommandLine) -> None:
    """Exit code 1 until people could work."""
    code, out, _ = muster("doctor", "--json")
    assert (code, json.loads(out)["administrator"]) == (1, False)
    muster("db", "init")
    code, out, _ = muster("doctor", "--json")
    found = json.loads(out)
    assert (code, found["ready"], found["roads"], found["journal_broken_at"]) == (0, True, False, None)


def test_a_layer_is_imported_with_its_bad_rows_named(muster: CommandLine, tmp_path: Path) -> None:
    """The good rows are taken and the bad one is told with row, field and remedy; whole means all or nothing."""
    file = tmp_path / "helipads.csv"
    file.write_text("编号,名称,经度,纬度\nH1,一号停机坪,111.01,36.01\n,二号停机坪,111.02,36.02\n")
    code, out, err = muster("import", "layer", "helipads", str(file), "--datum", "CGCS2000", "--whole")
    assert (code, "0 new" in out) == (1, True)
    assert "row 3" in err
    report = muster.json("import", "layer", "helipads", str(file), "--datum", "CGCS2000")
    assert (report["counts"]["new"], report["refused"]) == (1, False)
    again = muster.json("import", "layer", "helipads", str(file), "--datum", "CGCS2000")
    assert again["counts"] == {"new": 0, "changed": 0, "same": 1}


def test_a_backup_brings_everything_back(
    cluster: Cluster, engine: Engine, county: dict[str, int], tmp_path: Path
) -> None:
    """What was deleted after the backup stands again after the restore, wholly."""
    url, file = engine.url, tmp_path / "all.dump"
    assert county
    assert make_url(cluster.url(url.database or "")) == url
    backup.backup(url, file)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM road_edges")
    engine.dispose()
    backup.restore(url, file)
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM road_edges").scalar_one() == 23
    with pytest.raises(backup.BackupError):
        backup.restore(url, tmp_path / "none.dump")
