"""An online map, where the settings name one: fetched by the server, so that its key never reaches a browser.

Kept in this process for a while. Whatever goes wrong out there is one refusal; the built-in map stays visible.
"""

import threading
import time
import urllib.error
import urllib.request
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Final

from api.errors import NotFoundError, UnavailableError
from gis.mercator import Tile

TIMEOUT_S: Final = 6.0
LARGEST_BYTES: Final = 1_000_000
KEPT_S: Final = 24 * 3600.0
KEPT_BYTES: Final = 64 * 2**20
AT_ONCE: Final = 8
PICTURES: Final = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})

_TIANDITU: Final = (
    "https://t{s}.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}&STYLE=default"
    "&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={{key}}"
)
_SERVERS: Final = 8
_KNOWN: Final[Mapping[str, tuple[str, str]]] = {
    "tianditu_vector": ("vec", "cva"),
    "tianditu_image": ("img", "cia"),
    "tianditu_terrain": ("ter", "cta"),
}
_PARTS: Final = ("ground", "names")


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One tile of an online map."""

    content: bytes
    media_type: str


class OnlineMap:
    """The online map of the settings, or none. `parts`: the pictures that lie upon each other, the ground first."""

    def __init__(self, name: str | None, key: str | None) -> None:
        if name is None:
            self._templates: dict[str, str] = {}
        elif name in _KNOWN:
            layers = zip(_PARTS, _KNOWN[name], strict=True)
            self._templates = {part: _TIANDITU.replace("{layer}", layer) for part, layer in layers}
        else:
            self._templates = {_PARTS[0]: name}
        self._key = key or ""
        self._open = urllib.request.build_opener(_NoWayOn).open
        self._kept: OrderedDict[tuple[str, Tile], tuple[float, Picture]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._doors = threading.BoundedSemaphore(AT_ONCE)

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the pictures; empty without an online map."""
        return tuple(self._templates)

    def picture(self, part: str, tile: Tile) -> Picture:
        """Return one tile. Raises NotFoundError for a part that is not there, UnavailableError where it cannot be had."""
        if part not in self._templates:
            raise NotFoundError("no_online_map")
        kept = self._found(part, tile)
        if kept is not None:
            return kept
        if not self._doors.acquire(timeout=TIMEOUT_S):
            raise UnavailableError("online_map_away")
        try:
            picture = self._fetched(self._address(part, tile))
        finally:
            self._doors.release()
        self._keep(part, tile, picture)
        return picture

    def _address(self, part: str, tile: Tile) -> str:
        values = {**tile._asdict(), "s": (tile.x + tile.y) % _SERVERS, "key": self._key}
        address = self._templates[part].replace("{{", "{").replace("}}", "}")
        for name, value in values.items():
            address = address.replace(f"{{{name}}}", str(value))
        return address

    def _fetched(self, address: str) -> Picture:
        request = urllib.request.Request(address, headers={"User-Agent": "Muster"})  # noqa: S310  # http(s): settings check
        try:
            with self._open(request, timeout=TIMEOUT_S) as answer:
                media_type = answer.headers.get_content_type()
                content = answer.read(LARGEST_BYTES + 1)
        except urllib.error.HTTPError as error:
            error.close()
            raise UnavailableError("online_map_away") from None
        except (OSError, HTTPException, ValueError):
            # its own text holds the address, and that the key
            raise UnavailableError("online_map_away") from None
        if media_type not in PICTURES or len(content) > LARGEST_BYTES:
            raise UnavailableError("online_map_away")
        return Picture(content=content, media_type=media_type)

    def _found(self, part: str, tile: Tile) -> Picture | None:
        with self._lock:
            at, picture = self._kept.get((part, tile), (0.0, None))
            if picture is None or time.monotonic() - at > KEPT_S:
                return None
            self._kept.move_to_end((part, tile))
            return picture

    def _keep(self, part: str, tile: Tile, picture: Picture) -> None:
        with self._lock:
            _, old = self._kept.pop((part, tile), (0.0, None))
            self._kept[part, tile] = (time.monotonic(), picture)
            self._bytes += len(picture.content) - (len(old.content) if old else 0)
            while self._bytes > KEPT_BYTES:
                _, (_, gone) = self._kept.popitem(last=False)
                self._bytes -= len(gone.content)


class _NoWayOn(urllib.request.HTTPRedirectHandler):
    """Follow nobody elsewhere: the address holds the key."""

    def redirect_request(self, *_: object) -> None:
        return None
