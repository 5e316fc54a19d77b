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
_LEAST_MAP: Final = 0.52  # of the paper's long side: a map stays what a sheet is about
_LOWER_MM: Final = 4.0
_TWO_COLUMNS_MM: Final = 176.0
_PANEL_MM: Final = {
    ("A3", "landscape"): 104.0,
    ("A3", "portrait"): 118.0,
    ("A4", "landscape"): 80.0,
    ("A4", "portrait"): 84.0,
}


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


def roomier(sheet: Sheet, paper: Paper) -> list[tuple[Page, MapFrame]]:
    """Return pages with more room for tables and a smaller map; the one that shows the land largest first."""
    _, long = SIZES[paper]
    usual, _ = lay_out(sheet, paper)
    standing = _page(paper, "portrait")
    spare = standing.ground.height + 2 * (RING_MM + BAND_MM) - _LEAST_MAP * long
    pages = [_page(paper, "portrait", (at + 1) * _LOWER_MM) for at in range(int(spare / _LOWER_MM))]
    if long - 2 * EDGE_MM - GAP_MM - _TWO_COLUMNS_MM >= _LEAST_MAP * long:
        pages.append(_page(paper, "landscape", _TWO_COLUMNS_MM - _PANEL_MM[paper, "landscape"]))
    if usual.turn == "landscape":
        pages.insert(0, standing)
    laid = [(page, fit(sheet.subject, {0: (page.ground.width, page.ground.height)})[1]) for page in pages]
    return sorted(laid, key=lambda one: (one[1].denominator, one[0].turn != usual.turn))


def _page(paper: Paper, turn: str, more_mm: float = 0.0) -> Page:
    short, long = SIZES[paper]
    large = paper == "A3"
    title_mm = 19.0 if large else 15.0
    around = RING_MM + BAND_MM
    panel_mm = _PANEL_MM[paper, turn] + more_mm
    if turn == "landscape":
        outer = Rectangle(
            x=EDGE_MM,
            y=EDGE_MM + title_mm,
            width=long - 2 * EDGE_MM - panel_mm - GAP_MM,
            height=short - 2 * EDGE_MM - title_mm - FOOT_MM,
        )
        count = 2 if panel_mm >= _TWO_COLUMNS_MM else 1
        column_mm = (panel_mm - (count - 1) * GAP_MM) / count
        columns = tuple(
            Rectangle(
                x=outer.right + GAP_MM + at * (column_mm + GAP_MM),
                y=outer.y + BAND_MM,
                width=column_mm,
                height=short - EDGE_MM - outer.y - BAND_MM,
            )
            for at in range(count)
        )
        width, height = long, short
    else:
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
