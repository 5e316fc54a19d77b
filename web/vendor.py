"""Fetch the browser's libraries with `npm ci` and copy the few files that pages use into static/vendor.

Run as `python -m web.vendor`, by `make setup` and when the image is built; the running product needs neither npm nor a network.
Only files named in FILES are served: a package that grows a new file changes nothing here.
"""

import shutil
import subprocess
from pathlib import Path

WEB = Path(__file__).parent
STATIC = WEB / "static" / "vendor"

FILES: dict[str, str] = {
    # served as → inside node_modules
    "leaflet/leaflet.js": "leaflet/dist/leaflet.js",
    "leaflet/leaflet.css": "leaflet/dist/leaflet.css",
    "leaflet/LICENSE": "leaflet/LICENSE",
    "protomaps-leaflet/protomaps-leaflet.js": "protomaps-leaflet/dist/protomaps-leaflet.js",
    "protomaps-leaflet/LICENSE": "protomaps-leaflet/LICENSE",
    "htmx/htmx.js": "htmx.org/dist/htmx.min.js",
    "htmx/LICENSE": "htmx.org/LICENSE",
}


def fresh() -> bool:
    """Whether every file is there and none is older than the lock that names its version."""
    lock = (WEB / "package-lock.json").stat().st_mtime
    return all((STATIC / name).is_file() and (STATIC / name).stat().st_mtime >= lock for name in FILES)


def install() -> None:
    """Fetch the locked packages and copy the named files, replacing what was there.

    Raises `subprocess.CalledProcessError` when npm fails, `FileNotFoundError` when a named file is not in its package.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm is not installed; it is needed once, to fetch the map's libraries")
    subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=WEB, check=True)  # noqa: S603  # constant arguments
    shutil.rmtree(STATIC, ignore_errors=True)
    for name, source in FILES.items():
        target = STATIC / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(WEB / "node_modules" / source, target)


if __name__ == "__main__":
    if not fresh():
        install()
