"""Where things stand on a page: paper, frame, panel. Millimetres from the upper left corner of the paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from gis.atlas import Sheet
from gis.cartography import MapFrame, fit

Paper = Literal["A3", "A4"]
Turn = Literal["landscape", "portrait"]

SIZES: Final[Mapping[Paper, tuple[float, float]]] = {"A3": (297.0, 420.0), "A4": (210.0, 297.0)}
EDGE_MM: Final = 8.0  # what printers leave white
RING_MM: Final = 4.6  # between the neat line and the outer frame: coordinates
BAND_MM: Final = 4.0  # outside the outer frame: the sheets that go on there
FOOT_MM: Final = 11.0  # under the map: scale, reference system, who made it
GAP_MM: Final = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectangle:
    """A part of a page."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.height


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A sheet's first page. `ground` is the map inside the neat line; `columns` the panel, left to right."""

    paper: Paper
    turn: Turn
    width: float
    height: float
    title: Rectangle
    ground: Rectangle
    foot: Rectangle
    columns: tuple[Rectangle, ...]

    @property
    def sheet(self) -> Rectangle:
        """What lies within the edges that printers leave white."""
        return Rectangle(
            x=EDGE_MM, y=EDGE_MM, width=self.width - 2 * EDGE_MM, height=self.height - 2 * EDGE_MM
        )

    @property
    def fine(self) -> float:
        """How much smaller than on A3 things are."""
        return 0.86 if self.paper == "A4" else 1.0


def lay_out(sheet: Sheet, paper: Paper) -> tuple[Page, MapFrame]:
    """Turn the paper as the sheet's land asks, and lay the land into the map's rectangle."""
    pages = {turn: _page(paper, turn) for turn in ("landscape", "portrait")}
    turn, frame = fit(
        sheet.subject, {turn: (page.ground.width, page.ground.height) for turn, page in pages.items()}
    )
    return pages[turn], frame


def _page(paper: Paper, turn: str) -> Page:
    short, long = SIZES[paper]
    large = paper == "A3"
    title_mm = 19.0 if large else 15.0
    around = RING_MM + BAND_MM
    if turn == "landscape":
        panel_mm = 104.0 if large else 80.0
        outer = Rectangle(
            x=EDGE_MM,
            y=EDGE_MM + title_mm,
            width=long - 2 * EDGE_MM - panel_mm - GAP_MM,
            height=short - 2 * EDGE_MM - title_mm - FOOT_MM,
        )
        columns: tuple[Rectangle, ...] = (
            Rectangle(
                x=outer.right + GAP_MM,
                y=outer.y + BAND_MM,
                width=panel_mm,
                height=short - EDGE_MM - outer.y - BAND_MM,
            ),
        )
        width, height = long, short
    else:
        panel_mm = 118.0 if large else 84.0
        outer = Rectangle(
            x=EDGE_MM,
            y=EDGE_MM + title_mm,
            width=short - 2 * EDGE_MM,
            height=long - 2 * EDGE_MM - title_mm - FOOT_MM - panel_mm - GAP_MM,
        )
        count = 3 if large else 2
        column_mm = (outer.width - (count - 1) * GAP_MM) / count
        columns = tuple(
            Rectangle(
                x=EDGE_MM + at * (column_mm + GAP_MM),
                y=outer.bottom + FOOT_MM + GAP_MM,
                width=column_mm,
                height=panel_mm,
            )
            for at in range(count)
        )
        width, height = short, long
    return Page(
        paper=paper,
        turn="landscape" if turn == "landscape" else "portrait",
        width=width,
        height=height,
        title=Rectangle(x=EDGE_MM, y=EDGE_MM, width=width - 2 * EDGE_MM, height=title_mm),
        ground=Rectangle(
            x=outer.x + around,
            y=outer.y + around,
            width=outer.width - 2 * around,
            height=outer.height - 2 * around,
        ),
        foot=Rectangle(x=outer.x + BAND_MM, y=outer.bottom, width=outer.width - 2 * BAND_MM, height=FOOT_MM),
        columns=columns,
    )
