"""`muster`: the same acts from the command line, with exit codes and JSON for programs."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from api import cli
from data import migrate
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
    assert muster.json("order", "link", str(orders[0]["id"]))["path"] not in out, "the link before has ended"
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


@pytest.mark.parametrize("suffix", [".xlsx", ".csv", ".gpkg", ".zip", ".geojson", ".kml"])
def test_what_is_taken_out_comes_in_unchanged(
    muster: CommandLine, county: dict[str, int], tmp_path: Path, suffix: str
) -> None:
    """Export, import: no difference. An office edits the file in between, and only its edits are changes."""
    assert county
    for layer in ("teams", "stock_lots", "villages"):
        file = str(tmp_path / f"{layer}{suffix}")
        assert muster("export", "layer", layer, file)[0] == 0
        assert (
            muster("import", "layer", layer, file, "--datum", "CGCS2000")[0] == 0
        )  # fills in what it derives
        code, out, err = muster("export", "layer", layer, file)
        assert code == 0, err
        counts = muster.json("import", "layer", layer, file, "--datum", "CGCS2000")["counts"]
        assert (counts["new"], counts["changed"]) == (0, 0), layer
        assert f"{counts['same']} rows" in out


def test_everything_goes_into_one_file_or_the_part_that_is_asked(
    muster: CommandLine, county: dict[str, int], tmp_path: Path
) -> None:
    """All layers in a workbook; by area, by kind, by a word, by a box."""
    assert county
    whole = str(tmp_path / "county.xlsx")
    for changed in (4, 0):  # the first import fills in what it derives
        assert muster("export", "all", whole)[0] == 0
        counts = muster.json("import", "layer", "teams", whole, "--datum", "CGCS2000")["counts"]
        assert (counts["new"], counts["changed"]) == (0, changed)

    def codes(layer: str, *asked: str) -> int:
        file = tmp_path / "part.csv"
        assert muster("export", "layer", layer, str(file), "--headers", "code", *asked)[0] == 0
        return len(file.read_text().splitlines()) - 1

    assert codes("teams") == 4
    assert codes("teams", "--area", builders.EAST_TOWNSHIP[:9]) == 1
    assert codes("teams", "--text", "第") == 4
    assert codes("teams", "--text", "nowhere") == 0
    assert codes("teams", "--box", "110,35,111.07,37") == 1
    assert codes("geohazard_points", "--where", "kind=landslide") == 1
    assert codes("geohazard_points", "--where", "kind=collapse") == 0
    for wrong in (("--box", "1,2,3"), ("--area", "77x"), ("--where", "kind")):
        assert muster("export", "layer", "teams", str(tmp_path / "x.csv"), *wrong)[0] == 2
    for name, code in (("x.csv", "file_kind_unfit"), ("x.doc", "file_kind_unfit")):
        done, _, err = muster("export", "all", str(tmp_path / name))
        assert (done, code in err) == (1, True)


def test_a_layer_is_taken_out_without_people(
    muster: CommandLine, county: dict[str, int], tmp_path: Path
) -> None:
    """What goes to somebody who may not have names and numbers; coming back it changes none of them."""
    whole, bare = str(tmp_path / "whole.csv"), str(tmp_path / "bare.csv")
    assert muster("export", "layer", "teams", whole)[0] == 0
    assert muster("export", "layer", "teams", bare, "--without-people")[0] == 0
    assert "10000000001" in Path(whole).read_text()
    assert not {"10000000001", "张三"} & set(Path(bare).read_text().replace("\n", ",").split(","))
    muster.json("import", "layer", "teams", bare, "--datum", "CGCS2000")
    assert muster("export", "layer", "teams", whole)[0] == 0
    assert "10000000001" in Path(whole).read_text()
    code, _, err = muster("export", "layer", "people", bare, "--without-people")
    assert (code, "layer_of_people" in err) == (1, True)
    assert county


def test_a_template_is_written_and_what_cannot_be_is_refused(muster: CommandLine, tmp_path: Path) -> None:
    """The workbook of a layer in either language; a wrong suffix, folder or layer is told."""
    file = tmp_path / "teams.xlsx"
    assert muster("export", "template", "teams", str(file), "--lang", "en")[0] == 0
    assert file.read_bytes()[:2] == b"PK"
    for arguments, code in (
        (("template", "teams", str(tmp_path / "teams.csv")), "file_kind_unfit"),
        (("template", "nonsense", str(file)), "no_such_layer"),
        (("layer", "nonsense", str(file)), "no_such_layer"),
        (("layer", "teams", str(tmp_path / "teams.shp")), "file_kind_unfit"),
        (("layer", "teams", str(tmp_path / "nowhere" / "teams.csv")), "file_not_written"),
    ):
        got, _, err = muster("export", *arguments)
        assert (got, code in err) == (1, True), err


def test_a_backup_brings_everything_back(
    muster: CommandLine, engine: Engine, county: dict[str, int], tmp_path: Path
) -> None:
    """The rehearsal: every table stands again as it stood, after an act and a loss that came later."""
    file = tmp_path / "all.dump"
    assert county
    before = digests(engine)
    code, out, err = muster("db", "backup", str(file))
    assert (code, "bytes" in out) == (0, True), err
    assert file.stat().st_mode & 0o077 == 0, "a backup holds names, phones and password hashes"
    assert [found.name for found in tmp_path.iterdir()] == ["all.dump"]
    muster.json("close", "--at", ",".join(map(str, builders.on_main_road(5))))
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM road_edges")
    assert digests(engine) != before
    engine.dispose()
    code, out, err = muster("db", "restore", "--yes", str(file))
    assert (code, out) == (0, "Restored.\n"), err
    assert digests(engine) == before


def digests(engine: Engine) -> dict[str, str]:
    """Each table's content as one hash."""
    with engine.begin() as connection:
        tables = connection.exec_driver_sql(
            "SELECT format('%%I.%%I', schemaname, tablename) FROM pg_tables"
            " WHERE schemaname IN ('public', 'live') AND tablename <> 'spatial_ref_sys'"
        ).scalars()
        return {
            table: str(
                connection.exec_driver_sql(
                    f"SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {table} t"
                ).scalar()
            )
            for table in tables
        }


def test_a_broken_backup_changes_nothing(muster: CommandLine, engine: Engine, tmp_path: Path) -> None:
    """Half a file, or no backup at all: the database stays as it was, and the tool's own words say why."""
    file = tmp_path / "all.dump"
    assert muster("db", "backup", str(file))[0] == 0
    before = digests(engine)
    engine.dispose()
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    code, _, err = muster("db", "restore", "--yes", str(file))
    assert (code, "pg_restore" in err) == (1, True)
    assert digests(engine) == before
    code, _, err = muster("db", "backup", str(tmp_path / "nowhere" / "all.dump"))
    assert (code, "pg_dump" in err) == (1, True)


def test_wrong_settings_are_told_in_a_sentence(muster: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistyped variable is the operator's: wrong usage (2), its name, and no traceback."""
    monkeypatch.setenv("MUSTER_PORT", "many")
    code, _, err = muster("incident", "list")
    assert (code, "MUSTER_PORT" in err, "Traceback" in err) == (2, True, False)


def test_a_database_of_a_newer_program_is_left_alone(muster: CommandLine, engine: Engine) -> None:
    """After a step back to an older release: say so, with the exit code of a database that cannot be used."""
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    code, _, err = muster("incident", "list")
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{migrate.head()}'")
    assert (code, "newer muster" in err) == (3, True)


def test_a_port_in_use_is_told_before_any_work(muster: CommandLine) -> None:
    """Not after a minute of loading, and with what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, _, err = muster("serve", "--port", str(taken.getsockname()[1]))
    assert (code, "--port" in err) == (1, True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_and_its_database(number: signal.Signals) -> None:
    """Ctrl-C at a terminal, or a service manager's stop: nothing runs on, and the folder is free again."""
    with tempfile.TemporaryDirectory(prefix="muster-serve-", ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o755)
        environment = {**os.environ, "MUSTER_FOLDER": made}
        environment.pop("MUSTER_DATABASE_URL", None)
        program = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from api import cli; cli.main()"
        with subprocess.Popen(
            [sys.executable, "-c", program, "serve", "--port", "0"],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        ) as server:
            assert server.stdout is not None
            address = server.stdout.readline().strip()
            with urllib.request.urlopen(f"{address}/health", timeout=60) as answer:  # noqa: S310 - our own
                assert answer.status == 200
            database = int((Path(made) / "cluster/data/postmaster.pid").read_text().split("\n", 1)[0])
            server.send_signal(number)
            server.wait(timeout=60)
        assert not Path(f"/proc/{database}").exists()
        assert not (Path(made) / "cluster/data/postmaster.pid").exists()


def test_a_list_of_commands_is_there_at_once() -> None:
    """What draws plans and reads maps takes seconds to load: nobody waits for it to see how a command is called."""
    program = (
        "import sys; from api import cli; sys.argv = ['muster', '--help']\n"
        "try: cli.main()\n"
        "except SystemExit: print(*sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"geopandas", "pandas", "numpy", "numba", "ortools", "sqlalchemy", "fastapi"} & set(
        told.stderr.split()
    )
    assert all(f" {name} " in told.stdout for name in cli.COMMANDS)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_a_list_of_commands_says_what_each_says_of_itself(name: str) -> None:
    """The list stands apart from the commands: it must not say anything else."""
    assert cli.load(name).help.startswith(cli.COMMANDS[name][2].removesuffix("…"))


def test_grids_from_the_command_line(
    muster: CommandLine, county: dict[str, int], engine: Engine, tmp_path: Path
) -> None:
    """Asked, split, taken back, made from a file and checked, by the same acts as on the pages."""
    with engine.begin() as connection:
        builders.add_grids(connection)
    assert county
    place = f"{builders.WEST},{builders.SOUTH}"
    code, out, err = muster("grids", "at", place, "--theme", builders.GRID_THEME)
    assert (code, builders.LEAVES[0] in out, "赵安全" in out) == (0, True, True), err
    assert len(muster.json("grids", "of", builders.SAFETY_DEPUTY)) == 5
    code, out, _ = muster("grids", "check", "--theme", builders.GRID_THEME)
    assert (code, "0.000 km2 have none" in out) == (0, True)
    line = tmp_path / "line.geojson"
    across = [[builders.WEST + 0.01, 35.8], [builders.WEST + 0.01, 36.2]]
    line.write_text(json.dumps({"type": "LineString", "coordinates": across}))

    def leaves() -> set[str]:
        found = muster.json("grids", "list", "--theme", builders.GRID_THEME, "--level", "5")
        return {one["code"] for one in found}

    assert muster("grids", "split", builders.LEAVES[0], str(line), "--preview")[0] == 0
    assert leaves() == set(builders.LEAVES)
    assert muster("grids", "split", builders.LEAVES[0], str(line))[0] == 0
    assert leaves() == {*builders.LEAVES, f"{builders.WEST_VILLAGE}-S03"}
    assert muster("grids", "undo", "1")[0] == 0
    assert leaves() == set(builders.LEAVES)
    drawn = tmp_path / "drawn.geojson"
    ring = [[110.9, 35.8], [111.07, 35.8], [111.07, 36.2], [110.9, 36.2], [110.9, 35.8]]
    drawn.write_text(
        json.dumps(
            {
                "type": "FeatureCollection",
                "features": [
                    {
                        "type": "Feature",
                        "properties": {},
                        "geometry": {"type": "Polygon", "coordinates": [ring]},
                    }
                ],
            }
        )
    )
    wish = ["--theme", builders.GRID_THEME, "--method", "drawn", "--file", str(drawn)]
    code, _, err = muster("grids", "make", builders.WEST_VILLAGE, *wish, "--apply")
    assert code == 0, err
    assert leaves() == {f"{builders.WEST_VILLAGE}-S{number:02}" for number in (4, 5)} | set(
        builders.LEAVES[2:]
    )
    code, out, _ = muster("grids", "check", "--theme", builders.GRID_THEME)
    assert (code, "unstaffed" in out) == (1, True)
