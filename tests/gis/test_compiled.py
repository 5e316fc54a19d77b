"""Compiled code belongs to the sources that are there, wherever it is kept."""

import os
import subprocess
import sys
from pathlib import Path

from gis import compiled

GIS = Path(compiled.__file__).parent


def test_every_module_that_compiles_is_counted() -> None:
    """A module left out would go on running with constants of an older version."""
    compiling = {path.stem for path in GIS.glob("*.py") if "gis.compiled import" in path.read_text()}
    assert compiling <= set(compiled.SOURCES)


def folder_with(**environment: str) -> str:
    """Return the folder that another process chooses."""
    given = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", "from gis.compiled import kept_in; print(kept_in())"],
        env=given | environment,
        cwd=GIS.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_the_folder_can_be_chosen(tmp_path: Path) -> None:
    """A service without a home sets NUMBA_CACHE_DIR."""
    assert Path(folder_with(NUMBA_CACHE_DIR=str(tmp_path))).parent == tmp_path


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    """It is slower then, and right."""
    blocked = tmp_path / "a file"
    blocked.write_text("")
    assert folder_with(NUMBA_CACHE_DIR=str(blocked)) == "None"


def test_it_lies_beside_the_sources_by_default() -> None:
    """Of a checkout that can be written, nothing is left in anybody's home."""
    assert Path(folder_with()).parent == GIS / "__pycache__"
