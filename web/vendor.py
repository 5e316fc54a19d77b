"""Copy the few files of node_modules that pages use into static/vendor, from where they are served.

Run as `python -m web.vendor` after `npm ci`. Only files named in FILES are served: a package that grows a new file changes
nothing here. The running product needs neither npm nor a network.
"""

import shutil
from pathlib import Path

WEB = Path(__file__).parent
VENDOR = WEB / "static" / "vendor"
PACKAGES = WEB.parent / "node_modules"

FILES: dict[str, str] = {
    # served as → inside node_modules
    "leaflet/leaflet.js": "leaflet/dist/leaflet.js",
    "leaflet/leaflet.css": "leaflet/dist/leaflet.css",
    "leaflet/LICENSE": "leaflet/LICENSE",
    "protomaps-leaflet/protomaps-leaflet.js": "protomaps-leaflet/dist/protomaps-leaflet.js",
    "protomaps-leaflet/LICENSE": "protomaps-leaflet/LICENSE",
    "leaflet-geoman/leaflet-geoman.js": "@geoman-io/leaflet-geoman-free/dist/leaflet-geoman.min.js",
    "leaflet-geoman/leaflet-geoman.css": "@geoman-io/leaflet-geoman-free/dist/leaflet-geoman.css",
    "leaflet-geoman/LICENSE": "@geoman-io/leaflet-geoman-free/LICENSE",
    "htmx/htmx.js": "htmx.org/dist/htmx.min.js",
    "htmx/LICENSE": "htmx.org/LICENSE",
}


def copy(packages: Path = PACKAGES, vendor: Path = VENDOR) -> None:
    """Replace `vendor` with the named files. Raises `FileNotFoundError` for one that its package no longer has."""
    shutil.rmtree(vendor, ignore_errors=True)
    for name, source in FILES.items():
        target = vendor / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(packages / source, target)


if __name__ == "__main__":
    copy()
