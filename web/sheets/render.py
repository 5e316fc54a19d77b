"""Map sheets → PDF, PNG or SVG. Nothing is read but the policy, the fonts and this program's own files; nothing is fetched."""

import base64
import io
import logging
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import pypdfium2
import shapely
import weasyprint
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher

from data import policies
from gis.atlas import Sheet
from gis.cartography import MapFrame
from web.i18n import HTML_LANG, Lang
from web.sheets import drawing, fonts, margin, panel, svg, tables
from web.sheets.page import BAND_MM, RING_MM, Page, Paper, Rectangle, lay_out, roomier
from web.wording import Words

Form = Literal["pdf", "png", "svg"]

PNG_DPI: Final = 150
_SMALLER: Final = 1.5  # a map may have so many times its usual denominator to save a page
_MOST_TRIES: Final = 3
_POINTS_AN_INCH: Final = 72
_TEMPLATE: Final = "sheet.html"

logging.getLogger("weasyprint").setLevel(logging.ERROR)  # a letter that no font has is no news


class Refusing(URLFetcher):  # type: ignore[misc]  # WeasyPrint ships no types
    """Fetches what stands in the page itself (data:) and refuses everything else."""

    def fetch(self, url: str, headers: Any = None) -> Any:
        if not url.startswith("data:"):
            raise FatalURLFetchingError(f"a sheet fetches nothing: {url[:80]}")
        return super().fetch(url, headers)


@cache
def _words(lang: Lang, policy: Path | None) -> Words:
    return Words(policies.load(policy), lang)


@cache
def _fonts() -> FontConfiguration:
    return FontConfiguration()


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parents[1] / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(
    sheet: Sheet,
    *,
    lang: Lang = "zh",
    paper: Paper = "A3",
    form: Form = "pdf",
    site: str = "",
    policy: Path | None = None,
    dpi: int = PNG_DPI,
) -> bytes:
    """Draw a sheet. `site`: where the live pages are ("https://…"), for the code that leads there; policy: its folder.

    PDF holds every page, PNG the first one at `dpi`, SVG the map within its margin. A pure function of its arguments
    that any process can call.
    """
    if form == "svg":
        words = _words(lang, policy)
        page, frame = lay_out(sheet, paper)
        return _map_alone(_land(sheet, page, frame, words)[0], frame)
    pdf: bytes = _set(pages(sheet, lang=lang, paper=paper, site=site, policy=policy)).write_pdf()
    return pdf if form == "pdf" else picture(pdf, dpi=dpi)


def render_many(
    sheets: Sequence[Sheet],
    *,
    lang: Lang,
    paper: Paper,
    site: str,
    step: Callable[[], None],
    policy: Path | None = None,
) -> tuple[bytes, tuple[int, ...]]:
    """Draw sheets as one PDF in which each font is embedded once; return it, and how many pages each sheet has.

    step: told twice for each sheet, when its pages are laid out and when they are painted; what it raises ends the work.
    """
    laid: list[weasyprint.Document] = []
    for sheet in sheets:
        laid.append(_set(pages(sheet, lang=lang, paper=paper, site=site, policy=policy)))
        _tell_after(laid[-1].pages[-1], step)
        step()
    pdf: bytes = laid[0].copy([page for one in laid for page in one.pages]).write_pdf()
    return pdf, tuple(len(one.pages) for one in laid)


def _set(html: str) -> weasyprint.Document:
    return weasyprint.HTML(string=html, url_fetcher=Refusing()).render(font_config=_fonts())


def _tell_after(page: weasyprint.document.Page, step: Callable[[], None]) -> None:
    """Let a page tell when it has been painted: the renderer itself tells nothing until the whole file is written."""
    paint = page.paint

    def painted(stream: Any, scale: float = 1) -> None:
        paint(stream, scale)
        step()

    page.paint = painted


def picture(pdf: bytes, *, page: int = 0, dpi: int = PNG_DPI) -> bytes:
    """Return one page of a PDF as a PNG."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        image = document[page].render(scale=dpi / _POINTS_AN_INCH).to_pil()
        out = io.BytesIO()
        image.save(out, "PNG", optimize=True, dpi=(dpi, dpi))
        return out.getvalue()
    finally:
        document.close()


def _land(sheet: Sheet, page: Page, frame: MapFrame, words: Words) -> tuple[str, drawing.Drawing]:
    """Draw the map with its margin, around (0, 0) as the neat line's upper left corner."""
    arrow, box = margin.north_arrow(frame, words)
    reserved = [shapely.box(box.x, box.y, box.right, box.bottom)]
    drawn = drawing.draw(sheet, frame, page, words.policy, reserved=reserved)
    clip = svg.element(
        "clipPath", svg.element("rect", width=frame.width_mm, height=frame.height_mm), id="neat"
    )
    inside = svg.element("g", drawn.body + arrow, clip_path="url(#neat)")
    return f"<defs>{clip}</defs>" + inside + margin.ring(sheet, frame, words), drawn


def _map_alone(land: str, frame: MapFrame) -> bytes:
    around = RING_MM + BAND_MM
    wide, high = frame.width_mm + 2 * around, frame.height_mm + 2 * around
    content = svg.element("g", land, transform=f"translate({svg.n(around)} {svg.n(around)})")
    return _document(content, wide, high).encode()


def _document(content: str, wide: float, high: float) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{svg.n(wide)}mm" height="{svg.n(high)}mm" '
        f'viewBox="0 0 {svg.n(wide)} {svg.n(high)}"><rect width="100%" height="100%" fill="#fff"/>{content}</svg>'
    )


def _arranged(
    sheet: Sheet, paper: Paper, words: Words
) -> tuple[Page, MapFrame, str, drawing.Drawing, tables.Poured]:
    """Lay a sheet out: on its usual page, or with a somewhat smaller map where that saves all further pages."""
    page, frame = lay_out(sheet, paper)
    land, drawn = _land(sheet, page, frame, words)
    poured = _poured(sheet, page, drawn, words)
    usual = page, frame, land, drawn, poured
    if not poured.further:
        return usual
    tries = 0
    for page, other in roomier(sheet, paper):
        if other.denominator > _SMALLER * frame.denominator or tries == _MOST_TRIES:
            break
        # the names that found no place are nearly the same ones: only what seems to fit is drawn
        if _poured(sheet, page, drawn, words).further:
            continue
        tries += 1
        land, again = _land(sheet, page, other, words)
        poured = _poured(sheet, page, again, words)
        if not poured.further:
            return page, other, land, again, poured
    return usual


def _poured(sheet: Sheet, page: Page, drawn: drawing.Drawing, words: Words) -> tables.Poured:
    first = page.columns[0]
    _, legend_mm = panel.legend(panel.entries(sheet, drawn, words, words.policy), first, words)
    free = [
        Rectangle(
            x=first.x,
            y=first.y + legend_mm + 2.0,
            width=first.width,
            height=max(0.0, first.height - legend_mm - 4.0 - panel.bottom_height(sheet, page)),
        ),
        *page.columns[1:],
    ]
    listed = tables.of_sections(sheet, drawn.listed, words)
    return tables.pour(listed, page, free, words.sheet_word("continued"))


def pages(
    sheet: Sheet,
    *,
    lang: Lang = "zh",
    paper: Paper = "A3",
    site: str = "",
    policy: Path | None = None,
) -> str:
    """Return all pages as HTML: the first with its drawing and what tables fit beside it, then the rest of the tables."""
    words = _words(lang, policy)
    page, frame, land, drawn, poured = _arranged(sheet, paper, words)
    legend, _ = panel.legend(panel.entries(sheet, drawn, words, words.policy), page.columns[0], words)
    address = site.rstrip("/") + sheet.path
    bottom = panel.bottom(sheet, frame, page, words, address)
    at = f"translate({svg.n(page.ground.x)} {svg.n(page.ground.y)})"
    content = (
        margin.title(sheet, page, words)
        + svg.element("g", land, transform=at)
        + margin.foot(sheet, frame, page, words)
        + legend
        + bottom
    )
    count = 1 + len(poured.further)
    return (
        _templates()
        .get_template(_TEMPLATE)
        .render(
            lang=HTML_LANG[words.lang],
            title=svg.readable(words.sheet_title(sheet)),
            page=page,
            family=fonts.FAMILY,
            drawing="data:image/svg+xml;base64,"
            + base64.b64encode(_document(content, page.width, page.height).encode()).decode(),
            first=poured.first,
            further=poured.further,
            size=tables.SIZE_MM,
            line=tables.LINE_MM,
            pad=tables.PAD_MM,
            head=tables.HEAD_MM,
            footer=[words.sheet_word("page").format(at=number, of=count) for number in range(2, count + 1)],
            number=words.sheet_number(sheet),
        )
    )
