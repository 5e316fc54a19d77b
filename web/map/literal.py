"""Make Folium add what its templates rendered as it is, and refuse every address that is not our own.

branca wraps script that is already rendered in `Element(text)`, whose text is a Jinja template, and renders it a second
time outside any sandbox: a name that holds `{{ … }}` is then evaluated on the server. No text from data enters a Folium object
here; this is the second lock on the same door. See docs/decisions/0040-folium-skeleton.md.
"""

from typing import Any

import branca.element
import folium.map

LOCAL = "/static/"


class Literal(branca.element.Element):  # type: ignore[misc]  # branca ships no types
    """A child of a figure whose text is final."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def render(self, **_: Any) -> str:
        return self.text


class ForeignAddressError(ValueError):
    """A Folium object asked for a script or style that this server does not serve."""


def _render_macro(self: Any, **kwargs: Any) -> None:
    """`MacroElement.render`, with `Literal` where branca has `Element`."""
    figure = self.get_root()
    module = self._template.module.__dict__
    for part in ("header", "html", "script"):
        macro = module.get(part)
        if macro is not None:
            getattr(figure, part).add_child(Literal(macro(self, kwargs)), name=self.get_name())
    for child in tuple(self._children.values()):
        child.render(**kwargs)


def _render_popup(self: Any, **kwargs: Any) -> None:
    """`Popup.render`, with `Literal` where Folium has `Element`."""
    for child in tuple(self._children.values()):
        child.render(**kwargs)
    self.get_root().script.add_child(
        Literal(self._template.render(this=self, kwargs=kwargs)), name=self.get_name()
    )


def _local_link(self: Any, url: str, download: bool = False) -> None:  # noqa: FBT001, FBT002  # branca's signature
    """`Link.__init__`, which takes only addresses below /static/ and never downloads."""
    if download or not url.startswith(LOCAL):
        raise ForeignAddressError(
            f"{url!r} is not served from here; copy the file in web/vendor.py and name it below {LOCAL}"
        )
    branca.element.Element.__init__(self)
    self.url = url
    self.code = None


def install() -> None:
    """Replace the three methods in branca and Folium; doing it twice changes nothing."""
    branca.element.MacroElement.render = _render_macro
    folium.map.Popup.render = _render_popup
    branca.element.Link.__init__ = _local_link
