"""A backup that was never restored is a hope: rehearsed from the command line, sound and unsound."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.context import Context
from tests import builders
from tests.api.test_cli import CommandLine, muster

assert muster  # the fixture


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for the archive and the scratch server."""
    with tempfile.TemporaryDirectory(prefix="muster-keep-", ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o755)
        monkeypatch.setenv("MUSTER_FOLDER", made)
        monkeypatch.setenv("MUSTER_KEEP_BACKUPS", "1")
        yield Path(made)


def test_a_backup_is_rehearsed(muster: CommandLine, county: dict[str, int], folder: Path) -> None:
    """Restored beside everything, upgraded, its journal recomputed, its stock balanced, every table counted."""
    assert county
    code, _, err = muster("db", "rehearse")
    assert (code, "There is no backup" in err) == (1, True)
    assert muster("db", "backup")[0] == 0
    report = ("incident", "report", "landslide", "--level", "4", "--village", builders.WEST_VILLAGE)
    muster.json(*report)
    found = muster.json("db", "rehearse")
    assert found["ok"]
    assert (found["same_past"], found["acts_behind"], found["nothing_lost"]) == (True, 1, True)
    assert found["rows"] > 0
    assert oct((next((folder / "archive" / "dumps").iterdir())).stat().st_mode)[-3:] == "600"
    assert "good" in muster("db", "backups")[1]


def test_a_spoilt_backup_is_found_out(
    muster: CommandLine,
    context: Context,
    folder: Path,
) -> None:
    """A stock that differs from its movements, and a journal row that was changed, are told before they are needed."""
    muster.json("incident", "report", "landslide", "--level", "4", "--village", builders.WEST_VILLAGE)
    with context.world.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")  # past the triggers
        connection.exec_driver_sql("UPDATE live.journal SET actor = 'nobody' WHERE number = 1")
        connection.exec_driver_sql("UPDATE live.stock_lots SET quantity = quantity + 7")
    assert muster("db", "backup")[0] == 0
    code, out, _ = muster("db", "rehearse", "--json")
    assert code == 1
    assert '"journal_holds":false' in out
    assert '"stock_balances":false' in out
    assert (folder / "archive" / "rehearsal.json").exists()
