"""Files that are kept for a while."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from data import made


def test_a_made_file_is_found_by_its_name_and_by_no_path(tmp_path: Path) -> None:
    """Names come back in addresses: nothing but what `new` gave may be asked for."""
    path = made.new(tmp_path, ".PDF")
    path.write_bytes(b"%PDF")
    (tmp_path / "secret.pdf").write_bytes(b"x")
    assert made.find(tmp_path, path.name) == path
    assert made.find(tmp_path, "../secret.pdf") is None
    assert made.find(tmp_path, "0" * 32 + ".pdf") is None


def test_sweeping_removes_what_is_older_and_nothing_else(tmp_path: Path) -> None:
    """Somebody's own file in the folder stays."""
    now = datetime.now(UTC)
    old, young = made.new(tmp_path, ".pdf"), made.new(tmp_path, ".pdf")
    own = young.parent / "note.txt"
    for path in (old, young, own):
        path.write_bytes(b"")
    for path in (old, own):
        os.utime(path, (0, (now - timedelta(days=31)).timestamp()))
    assert made.sweep(tmp_path, now=now, older_than=timedelta(days=30)) == 1
    assert [path.exists() for path in (old, young, own)] == [False, True, True]
