"""What the browser loads besides our own files."""

import json
import re
from pathlib import Path

import pytest

from web import vendor

ROOT = Path(vendor.__file__).parents[1]


def test_the_lock_names_no_registry() -> None:
    """A lock with addresses ties every build to one mirror; hashes alone prove what was fetched."""
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert all("resolved" not in package for package in packages.values())
    assert all("integrity" in package for name, package in packages.items() if name)


def test_only_named_files_are_copied(tmp_path: Path) -> None:
    """A package that grows a file must not put it on the county's server."""
    for source in vendor.FILES.values():
        file = tmp_path / "node_modules" / source
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source)
        (file.parent / "extra.js").write_text("extra")
    stale = tmp_path / "vendor" / "stale.js"
    stale.parent.mkdir()
    stale.write_text("stale")
    vendor.copy(tmp_path / "node_modules", tmp_path / "vendor")
    copied = {
        str(path.relative_to(tmp_path / "vendor"))
        for path in (tmp_path / "vendor").rglob("*")
        if path.is_file()
    }
    assert copied == set(vendor.FILES)


def test_a_file_that_its_package_lost_is_named(tmp_path: Path) -> None:
    """Half a set of libraries fails in the browser, far from its cause."""
    with pytest.raises(FileNotFoundError, match="leaflet"):
        vendor.copy(tmp_path / "node_modules", tmp_path / "vendor")


def test_own_scripts_and_styles_name_no_other_host() -> None:
    """Addresses of other hosts have no place in files that run without internet."""
    own = [
        path
        for path in vendor.VENDOR.parent.rglob("*")
        if path.suffix in {".js", ".css"} and vendor.VENDOR not in path.parents
    ]
    assert len(own) >= 8
    for path in own:
        assert not re.search(r"https?://|url\(['\"]?//", path.read_text()), path


def test_own_scripts_write_no_markup() -> None:
    """Names from data become text through textContent alone."""
    for path in vendor.VENDOR.parent.rglob("*.js"):
        if vendor.VENDOR not in path.parents:
            assert not re.search(
                r"innerHTML|outerHTML =|insertAdjacentHTML|document\.write|\beval\(|new Function",
                path.read_text(),
            ), path
