"""Files that the product made or was given and keeps for a while: atlases, marked workbooks, uploads.

They lie in one folder that every worker of the installation reaches, under names that nobody chose: a file's name as
people know it is kept beside, never used as a path.
"""

import re
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

_NAME: Final = re.compile(r"[0-9a-f]{32}(\.[a-z0-9]{1,8})?")
_FOLDER: Final = "made"


def new(folder: Path, suffix: str) -> Path:
    """Give the path of a new file below an installation's `folder`; `suffix` with its point, such as ".pdf"."""
    made = folder / _FOLDER
    made.mkdir(parents=True, exist_ok=True, mode=0o700)
    return made / f"{secrets.token_hex(16)}{suffix.lower()}"


def find(folder: Path, name: str) -> Path | None:
    """Return the file that `new` gave this name, while it is kept."""
    path = folder / _FOLDER / name
    return path if _NAME.fullmatch(name) and path.is_file() else None


def sweep(folder: Path, *, now: datetime, older_than: timedelta) -> int:
    """Remove what is older; tells how many files went."""
    gone = 0
    for path in _files(folder):
        if now.timestamp() - path.stat().st_mtime > older_than.total_seconds():
            path.unlink(missing_ok=True)
            gone += 1
    return gone


def _files(folder: Path) -> Iterator[Path]:
    made = folder / _FOLDER
    return (
        (path for path in sorted(made.iterdir()) if _NAME.fullmatch(path.name)) if made.is_dir() else iter(())
    )
