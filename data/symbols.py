"""The point symbols of the command map for programs that draw by themselves: a test holds them to `web/static/map`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

SHAPES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        # name: silhouette and inner lines as SVG paths; the symbol's radius is 1
        "box": ("M-.95-.95H.95V.95H-.95Z", "M-.95-.3H.95M0-.95V-.3"),
        "box-open": ("M-.95-.4H.95V.95H-.95ZM-.95-.4L-1.2-1.05H-.25L0-.4L.25-1.05H1.2L.95-.4Z", "M0-.4V.3"),
        "circle": ("M1 0A1 1 0 1 1-1 0A1 1 0 1 1 1 0Z", ""),
        "diamond": ("M0-1.15L1.15 0L0 1.15L-1.15 0Z", ""),
        "dot": ("M.6 0A.6.6 0 1 1-.6 0A.6.6 0 1 1 .6 0Z", ""),
        "drop": ("M0-1.25C.5-.5.85 0 .85.35A.85.85 0 0 1-.85.35C-.85 0-.5-.5 0-1.25Z", ""),
        "factory": ("M-1.05.95V-.2L-.4.25V-.2L.25.25V-1.05H.75L.95.95Z", ""),
        "h": ("M1 0A1 1 0 1 1-1 0A1 1 0 1 1 1 0Z", "M-.4-.55V.55M.4-.55V.55M-.4 0H.4"),
        "horn": ("M-1.05-.4H-.4L.6-1.05V1.05L-.4.4H-1.05Z", "M.95-.5A.8.8 0 0 1 .95.5"),
        "house": ("M0-1.15L1.1-.15H.8V.95H-.8V-.15H-1.1Z", "M0 .95V.25"),
        "shield": ("M0-1.15L1-.8V0C1 .6.5 1 0 1.2C-.5 1-1 .6-1 0V-.8Z", "M0-.6V.6M-.5 0H.5"),
        "square": ("M-.85-.85H.85V.85H-.85Z", ""),
        "triangle": ("M0-1.2L1.15.9H-1.15Z", "M0-.4V.25M0 .5V.65"),
    }
)

BOX: Final = 1.5
"""Half the side of the square that a symbol's drawing stands in, where its radius is 1."""

_HALO: Final = 0.28
_LINE: Final = 0.17


def svg(symbol: str, colour: str) -> str:
    """Draw a symbol as an SVG document with a white halo; one that is not known is a circle."""
    fill, lines = SHAPES.get(symbol, SHAPES["circle"])
    inner = f'<path d="{lines}" fill="none" stroke="#ffffff" stroke-width="{_LINE}"/>' if lines else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="30" height="30" viewBox="-{BOX} -{BOX} {2 * BOX} {2 * BOX}">'
        f'<path d="{fill}" fill="none" stroke="#ffffff" stroke-width="{_HALO}" stroke-linejoin="round"/>'
        f'<path d="{fill}" fill="{colour}"/>{inner}</svg>'
    )
