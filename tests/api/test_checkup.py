"""The doctor: each finding by its code, in both languages, with a command that mends it."""

import json
import socket
from pathlib import Path

import pytest
from sqlalchemy import text

from api import checkup
from api.context import Context
from api.settings import Settings
from data.cluster import ClusterError
from tests.api.test_cli import CommandLine, muster

assert muster  # the fixture


def codes(found: object) -> set[str]:
    return {one.code for one in found}  # type: ignore[attr-defined]  # findings


def test_every_finding_has_words_and_a_remedy() -> None:
    """At three in the morning a code alone helps nobody."""
    source = Path(checkup.__file__).read_text()
    for code, words in checkup.known().items():
        assert f'"{code}"' in source or code == "database_away", f"nothing finds {code}"
        assert words["zh"]
        assert words["en"]
        assert words["remedy"]
        assert isinstance(words["serious"], bool)


def test_the_machine_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No backup, an address that is open to all, a port of another's, a database server that is not there."""
    with socket.create_server(("127.0.0.1", 0)) as strangers:
        port = strangers.getsockname()[1]
        found = checkup.machine(Settings(folder=tmp_path, port=port, _env_file=None))
        seen = codes(found)
    assert {"no_backup", "port_taken"} <= seen
    assert "open_without_https" not in seen
    monkeypatch.setattr(checkup, "bin_folder", lambda: (_ for _ in ()).throw(ClusterError("none")))
    open_to_all = Settings(folder=tmp_path, host="0.0.0.0", port=port, _env_file=None)  # noqa: S104 - what is found
    assert {"open_without_https", "not_serving", "no_postgis"} <= codes(checkup.machine(open_to_all))


def test_the_store_is_looked_at(context: Context, county: dict[str, int]) -> None:
    """A changed journal row, a stock that does not balance, teams that nobody has heard of, nobody to let in."""
    assert county
    with context.world.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")  # past the triggers
        connection.exec_driver_sql("UPDATE users SET active = false")
        connection.exec_driver_sql("UPDATE live.stock_lots SET quantity = quantity + 7")
        connection.execute(
            text(
                "INSERT INTO live.journal (number, at, actor, act, prev_hash, hash)"
                " VALUES (1, now(), 'x', 'x', decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex'))"
            )
        )
    found = codes(checkup.store(context))
    assert {"journal_broken", "stock_unbalanced", "no_administrator", "clock_off"} <= found
    with context.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert codes(checkup.store(context)) == {"schema_ahead"}


def test_the_command_ends_with_what_it_found(
    muster: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """0 nothing serious, 1 people could not work, 3 no database; words for people, JSON for programs."""
    monkeypatch.setenv("MUSTER_FOLDER", str(tmp_path))
    code, out, _ = muster("doctor")
    assert code == 1
    assert "no_administrator" in out
    assert "还没有管理员" in out
    assert "→ muster db init" in out
    muster("db", "init")
    code, out, _ = muster("doctor", "--json")
    told = json.loads(out)
    assert (code, told["ready"], told["administrator"]) == (0, True, True)
    assert {"no_roads", "no_backup"} <= {one["code"] for one in told["findings"]}
    monkeypatch.setenv("MUSTER_DATABASE_URL", "postgresql+psycopg://nobody@/nothing?host=/nowhere")
    code, out, _ = muster("doctor")
    assert code == 3
    assert "database_away" in out
