"""The command map's skeleton as Folium draws it: map, panes and one empty group for each layer.

Built once in a process. It holds codes and numbers only; JavaScript finds the objects by the names that `skeleton` fixes
(`map_command`, `feature_group_<layer>`) and fills them with features fetched by URL.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import folium
import folium.map
from markupsafe import Markup

from web.map import literal

MAX_ZOOM = 19
PANES: tuple[tuple[str, int, bool], ...] = (
    # name, z-index, whether it answers the pointer. Leaflet's own: tiles 200, overlays 400, markers 600, popups 700.
    ("relief", 150, False),
    ("online", 250, False),
    ("areas", 350, True),
    ("zones", 380, False),
    ("routes", 420, True),
    ("closures", 440, True),
    ("places", 460, True),
    ("labels", 480, False),
    ("incidents", 620, True),
)
FIXED_GROUPS: tuple[str, ...] = (
    "zones",
    "closures",
    "hazards",
    "routes",
    "proposal",
    "orders",
    "incidents",
    "draft",
    "measure",
)
CODE = re.compile(r"[a-z][a-z0-9_]*")
TAG = re.compile(r"<(script|style)\b")
NONCE = "@nonce@"


class CommandMap(folium.Map):  # type: ignore[misc]  # Folium ships no types
    """Folium's map with Leaflet alone: nothing here needs jQuery, Bootstrap or the icon fonts that Folium adds by default."""

    default_js: ClassVar = [("leaflet", "/static/vendor/leaflet/leaflet.js")]
    default_css: ClassVar = [("leaflet_css", "/static/vendor/leaflet/leaflet.css")]


@dataclass(frozen=True, slots=True)
class Skeleton:
    """Three pieces of Folium's page. Every script and style tag carries a place for the nonce of one answer."""

    _header: str
    _html: str
    _script: str

    def header(self, nonce: str) -> Markup:
        return Markup(self._header.replace(NONCE, nonce))  # noqa: S704  # Folium's output from codes and numbers only

    def html(self) -> Markup:
        return Markup(self._html)  # noqa: S704  # as above

    def script(self, nonce: str) -> Markup:
        return Markup(f'<script nonce="{nonce}">{self._script}</script>')  # noqa: S704  # as above


def _named(element: folium.Element, name: str) -> folium.Element:
    """Give a Folium object a fixed JavaScript name instead of a random one."""
    element._id = name  # noqa: SLF001  # branca has no public way
    return element


@lru_cache(maxsize=8)
def skeleton(layers: tuple[str, ...]) -> Skeleton:
    """Build the skeleton for these layer codes.

    Raises `ValueError` for a code that is not a plain identifier: codes come from files that a county edits.
    """
    literal.install()
    for layer in layers:
        if not CODE.fullmatch(layer):
            raise ValueError(f"not a layer code: {layer!r}")
    command = _named(
        CommandMap(
            location=(0.0, 0.0),
            zoom_start=3,
            tiles=None,
            prefer_canvas=True,
            zoom_control=False,
            maxZoom=MAX_ZOOM,
            zoomSnap=0.5,
            attributionControl=False,
        ),
        "command",
    )
    for name, z_index, answers in PANES:
        _named(folium.map.CustomPane(name, z_index=z_index, pointer_events=answers), name).add_to(command)
    for layer in dict.fromkeys((*FIXED_GROUPS, *layers)):
        _named(folium.FeatureGroup(name=layer, control=False), layer).add_to(command)
    figure = command.get_root()
    figure.render()
    return Skeleton(
        TAG.sub(rf'<\1 nonce="{NONCE}"', figure.header.render()),
        figure.html.render(),
        figure.script.render(),
    )
