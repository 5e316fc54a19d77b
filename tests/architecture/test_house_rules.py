"""The rules of the house, held by the code itself."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = ("gis", "dispatch", "data", "api", "web")


def tracked(*patterns: str) -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def sources(*floors: str) -> list[Path]:
    return [path for floor in floors for path in (ROOT / floor).rglob("*.py")]


def test_import_contracts_hold() -> None:
    """Floors only look down; the pure ones import nothing that does I/O."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_only_use_cases_open_transactions() -> None:
    """One place for commits: a transaction opened elsewhere cannot be reasoned about."""
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in sources("data", "api", "web")
        if path.parent.name != "usecases" and path not in ALLOWED_TO_BEGIN
        for match in re.finditer(r"\b(?!savepoint)\w+\.(begin|commit)\(", _code(path))
    ]
    assert found == []


ALLOWED_TO_BEGIN = {
    ROOT / "data" / "migrate.py",  # a change of schema is no act
    ROOT / "api" / "context.py",  # hands the use cases their transaction
}


def test_pure_floors_have_no_words() -> None:
    """Codes in the core, words at the edge: no Chinese in gis and dispatch."""
    found = [
        str(path.relative_to(ROOT))
        for path in sources("gis", "dispatch")
        if re.search(r"[一-鿿]", path.read_text())
    ]
    assert found == []


def test_one_file_names_reference_systems() -> None:
    """A second place that knows 4490 is a second truth."""
    found = [
        str(path.relative_to(ROOT))
        for path in sources(*FLOORS)
        if path.name != "crs.py"
        and "migrations" not in path.parts
        and "policy" not in path.parts
        and re.search(r"(EPSG:|srid\s*=\s*|crs\s*=\s*[\"']?)\d{4}|ST_SRID|SetSRID\([^)]*\d{4}", _code(path))
    ]
    assert found == []


def _code(path: Path) -> str:
    """Return the source without docstrings and comments, which may explain."""
    return re.sub(r'""".*?"""|#[^\n]*', "", path.read_text(), flags=re.DOTALL)


@pytest.mark.parametrize("floor", FLOORS)
def test_each_floor_says_what_it_is(floor: str) -> None:
    """A newcomer opens the folder and reads at most sixty lines."""
    lines = (ROOT / floor / "README.md").read_text().splitlines()
    assert 5 <= len(lines) <= 60


def test_no_catch_all_modules() -> None:
    """utils.py is where names go to be forgotten."""
    names = {path.name for path in sources(*FLOORS)}
    assert not names & {"utils.py", "helpers.py", "common.py", "misc.py"}


def test_no_registry_or_machine_stands_in_the_project() -> None:
    """Locks name packages and hashes; where they are fetched from is the operator's choice."""
    hosts = re.compile(
        "|".join(
            ["pypi" + r"\.org", "pythonhosted" + r"\.org", "registry" + r"\.npmjs", "deb" + r"\.debian\.org"]
        )
    )
    found = [
        str(path.relative_to(ROOT))
        for path in tracked(
            "*.txt", "*.toml", "*.json", "*.md", "*.py", "*.yml", "Makefile", "Dockerfile", ".ci/*"
        )
        if hosts.search(path.read_text(errors="replace"))
    ]
    assert found == []


def test_front_end_lock_has_hashes_and_no_addresses() -> None:
    """npm verifies each tarball against this file wherever it comes from."""
    lock = (ROOT / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') > 0


def test_requirements_lock_covers_what_the_project_asks_for() -> None:
    """A dependency that is not locked would be fetched unpinned, or be missing on a fresh machine."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = {re.split(r"[\[<>=!~ ]", entry)[0].lower() for entry in project["project"]["dependencies"]}
    locked = set(
        re.findall(r"^([a-z0-9.-]+)(?:\[[^\]]*\])?==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    )
    assert asked <= locked


def test_readmes_commands_exist() -> None:
    """A README that names a target that is gone costs a newcomer the first hour."""
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", makefile, re.MULTILINE))
    for name in ("README.md", "README.zh-CN.md", "CONTRIBUTING.md"):
        named = set(re.findall(r"`make ([a-z][a-z0-9-]*)", (ROOT / name).read_text()))
        assert named <= targets, name
    assert {"demo", "test"} <= set(re.findall(r"`?make ([a-z-]+)", (ROOT / "README.md").read_text()))
