"""A printed sheet: its page, its fonts, its words, and that nothing it holds is lost, covered or fetched."""

import ctypes
import pickle
import re
import socket
import xml.etree.ElementTree as ET
from dataclasses import replace
from functools import cache
from typing import get_args

import pypdfium2
import pytest
import shapely
import weasyprint
from pypdfium2 import raw
from weasyprint.urls import FatalURLFetchingError

from data import policies
from gis.atlas import Direction, Drawn, Neighbour, Section, SheetKind
from gis.cartography import SCALES
from tests.sheets import COUNTY, demo_sheet
from web.sheets import fonts, naming, page, symbols, tables
from web.sheets.page import Paper, Rectangle
from web.sheets.render import Refusing, render, render_many
from web.sheets.render import pages as render_pages
from web.wording import Words

VILLAGE = "990101204214"
LEAF = "990101100001-01"
TOWNSHIP = "990101100000"
POINTS_A_MM = 72 / 25.4
WORDS = Words(policies.load(), "zh")
HOSTILE = (
    "{{ 7*7 }}",
    "<script>alert(1)</script>",
    "&amp; ]]> \x00\x0b 村",
    "长" * 120,
    "قرية",
    "🔥村",
    "",
    "  ",
)


@cache
def drawn(kind: SheetKind = "responsibility", code: str = VILLAGE, paper: Paper = "A4") -> bytes:
    return render(demo_sheet(kind, code), paper=paper, site="https://muster.example")


def text_of(pdf: bytes) -> str:
    """Every letter of a PDF, without the spaces between them."""
    document = pypdfium2.PdfDocument(pdf)
    found = "".join(one.get_textpage().get_text_range() for one in document)
    return re.sub(r"\s|\ufffe|\x00", "", found)


def squeezed(words: str) -> str:
    return re.sub(r"\s", "", words)


@pytest.mark.parametrize("paper", ["A3", "A4"])
def test_pages_have_the_size_of_the_paper(paper: Paper) -> None:
    """A printer that has to shrink a page makes its scale wrong."""
    document = pypdfium2.PdfDocument(drawn(paper=paper))
    short, long = page.SIZES[paper]
    for one in document:
        assert sorted(side / POINTS_A_MM for side in one.get_size()) == pytest.approx([short, long], abs=0.1)


def test_words_are_text_in_embedded_fonts() -> None:
    """Searched, copied, and right on a machine without Chinese fonts; no letters as pictures or drawn programs."""
    pdf = drawn()
    assert b"/Type3" not in pdf
    document = pypdfium2.PdfDocument(pdf)
    names = set()
    for thing in document[0].get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT]):
        font = raw.FPDFTextObj_GetFont(thing.raw)
        assert raw.FPDFFont_GetIsEmbedded(font) == 1
        buffer = ctypes.create_string_buffer(200)
        raw.FPDFFont_GetBaseFontName(font, buffer, 200)
        names.add(buffer.value.decode().split("+")[-1])
    assert names
    assert all(name.startswith("Noto-Sans-CJK-SC") for name in names)


def test_a_sheet_is_drawn_in_lines_not_pictures() -> None:
    """Vectors stay sharp on a wall."""
    for one in pypdfium2.PdfDocument(drawn("forest_fire", TOWNSHIP)):
        assert not list(one.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE]))


@pytest.mark.parametrize(
    ("kind", "code"), [("responsibility", VILLAGE), ("risk", TOWNSHIP), ("responsibility", LEAF)]
)
def test_whatever_a_sheet_holds_is_printed(kind: SheetKind, code: str) -> None:
    """Every cell of every table, and every name of the sheet's own land: on the map or in the list of numbers."""
    sheet = demo_sheet(kind, code)
    printed = text_of(drawn(kind, code))
    for section in sheet.sections:
        for row in section.rows:
            for column, cell in zip(section.columns, row, strict=True):
                assert squeezed(WORDS.sheet_cell(column, cell)) in printed
    missing = {
        one.name
        for one in sheet.drawn
        if one.subject
        and one.name
        and one.layer in {"geohazard_points", "key_facilities", "water_points", "helipads"}
        and squeezed(one.name) not in printed
        # a name in two lines is found as its halves
        and not all(squeezed(line) in printed for line in naming.lines_of(one.name, naming.LEAST_MM))
    }
    assert missing == set()


def test_lines_and_patches_of_a_layer_are_drawn_counted_and_named() -> None:
    """A fire lane is no point: it is on the map, in the legend and by its name."""
    lane = shapely.LineString([(110.95, 35.78), (110.99, 35.79)])
    patch = shapely.box(110.96, 35.775, 110.965, 35.78)
    known = demo_sheet("forest_fire", VILLAGE)
    sheet = replace(
        known,
        drawn=(
            Drawn(layer="water_points", code="a", geometry=lane, name="一号通道"),
            Drawn(layer="water_points", code="b", geometry=patch, name="二号塘"),
        ),
        sections=(),
    )
    printed = text_of(render(sheet, paper="A4"))
    assert "取水点（2）" in printed
    assert "一号通道" in printed
    assert "二号塘" in printed


def test_the_margin_says_what_a_map_must_say() -> None:
    """Title, scale, coordinates, reference system, date, approval, class, number, neighbours."""
    printed = text_of(drawn())
    for said in (
        "段家坡村森林防火网格责任图", "1:35000", "110°58′E", "35°48′N", "2000国家大地坐标系", "中央经线111°", "2026-11-22",
        "审图号：未送审", "内部使用", "第12幅/共169幅", "↑3幅北岭乡", "→东沟镇", "编制：岚溪县应急管理局", "图例", "位置示意",
    ):  # fmt: skip
        assert said in printed, said


def test_the_legend_names_what_is_drawn_and_nothing_else() -> None:
    """An entry without a thing on the sheet makes people look for it; the number is how many there are."""
    printed = text_of(drawn("risk", TOWNSHIP))
    count = sum(one.subject and one.layer == "key_facilities" for one in demo_sheet("risk", TOWNSHIP).drawn)
    assert f"重点单位（{count}）" in printed
    assert "停机坪" not in printed
    assert "高速公路" not in printed


def test_hostile_names_are_printed_as_they_are() -> None:
    """What stands in a ledger is text wherever it appears: title, map, table, neighbour, foot."""
    known = demo_sheet("responsibility", LEAF)
    sheet = replace(
        known,
        name=HOSTILE[1],
        producer=HOSTILE[0],
        neighbours=tuple(
            Neighbour(direction=direction, code="x", name=name, number=1)
            for direction, name in zip(get_args(Direction), HOSTILE, strict=False)
        ),
        drawn=tuple(
            Drawn(layer="teams", code=str(at), geometry=shapely.Point(110.96 + at / 200, 36.02), name=name)
            for at, name in enumerate(HOSTILE)
        ),
        sections=(Section(code="people", columns=("people.name",), rows=tuple((name,) for name in HOSTILE)),),
    )
    drawing = render(sheet, paper="A4", form="svg").decode()
    assert "<script" not in drawing
    assert ET.fromstring(drawing).tag.endswith("svg")  # noqa: S314  # our own: well-formed, whatever the names
    assert "<script" not in render_pages(sheet, paper="A4")
    printed = text_of(render(sheet, paper="A4"))
    for name in HOSTILE[:2]:
        # title or foot, table, map or list
        assert printed.count(squeezed(name)) >= 3
    assert HOSTILE[3] in printed


def test_nothing_is_fetched() -> None:
    """Neither a template nor a name can make the server ask another host or read a file."""
    for address in ("https://example.com/a.png", "file:///etc/passwd", "http://127.0.0.1/"):
        with pytest.raises(FatalURLFetchingError):
            Refusing().fetch(address)


def test_a_sheet_is_drawn_without_a_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that looks like an address stays a name."""

    def refuse(*_args: object, **_more: object) -> None:
        raise AssertionError("a sheet opened a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    assert render(
        replace(demo_sheet("responsibility", VILLAGE), name='"><img src="https://example.com/a.png">'),
        paper="A4",
    ).startswith(b"%PDF")


@pytest.mark.parametrize("paper", ["A3", "A4"])
def test_tables_flow_over_and_never_overlap(paper: Paper) -> None:
    """Two hundred people go onto further pages, every row once and in order, no block over another or over the edge."""
    rows = tuple(("grid_head", f"王{at:04}", "1" * (at % 40), None) for at in range(200))
    sheet = replace(
        demo_sheet("responsibility", VILLAGE),
        sections=(
            Section(
                code="people",
                columns=("duties.role", "people.name", "people.phone", "duties.rank"),
                rows=rows,
            ),
        ),
    )
    laid, _ = page.lay_out(sheet, paper)
    free = [
        Rectangle(x=column.x, y=column.y, width=column.width, height=column.height) for column in laid.columns
    ]
    poured = tables.pour(tables.of_sections(sheet, {}, WORDS), laid, free, "{title}（续）")
    assert poured.further
    names = [row[1] for blocks in (poured.first, *poured.further) for block in blocks for row in block.rows]
    assert names == [row[1] for row in rows]
    for blocks in (poured.first, *poured.further):
        boxes = [shapely.box(b.box.x, b.box.y, b.box.right, b.box.bottom) for b in blocks]
        assert all(not a.intersects(b) for at, a in enumerate(boxes) for b in boxes[:at])
        assert all(b.box.right <= laid.width - 7.9 and b.box.bottom <= laid.height - 7.9 for b in blocks)


@pytest.mark.parametrize(("rows", "across"), [(1, 1), (3, 1), (5, 2)])
def test_a_table_wider_than_a_column_stands_beside_the_map(rows: int, across: int) -> None:
    """Ten columns do not fit into one: a short table is turned, a longer one stands across two columns; all cells are there."""
    wide = tables.Table(
        "隐患点",
        tuple(f"隐患点第{at}列名称" for at in range(10)),
        tuple(tuple(f"1000000{row}{at:03}" for at in range(10)) for row in range(rows)),
    )
    people = tables.Table("责任人", ("姓名", "手机"), tuple((f"王{at}", "10000000000") for at in range(20)))
    laid = next(
        one for one, _ in page.roomier(demo_sheet("responsibility", VILLAGE), "A3") if one.columns[2:]
    )
    poured = tables.pour([people, wide], laid, laid.columns, "{title}（续）")
    assert not poured.further
    block = next(one for one in poured.first if one.title == wide.title)
    assert (block.box.width > laid.columns[0].width) == (across > 1)
    placed = {cell for one in poured.first for row in (one.header, *one.rows) for cell in row}
    assert placed >= {*wide.header, *(cell for row in (*wide.rows, *people.rows) for cell in row)}
    boxes = [shapely.box(b.box.x, b.box.y, b.box.right, b.box.bottom) for b in poured.first]
    assert all(not a.intersects(b) for at, a in enumerate(boxes) for b in boxes[:at])
    assert all(b.box.right <= laid.width - 7.9 and b.box.bottom <= laid.height - 7.9 for b in poured.first)


@pytest.mark.parametrize(("code", "rows"), [(VILLAGE, 75), (LEAF, 75)])
def test_a_somewhat_smaller_map_saves_a_page(code: str, rows: int) -> None:
    """A second page for a few lines is lost in the field: the map gives way, but stays most of the page, on a round scale."""
    people = tuple(("grid_head", f"王{at:04}", "10000000000", None) for at in range(rows))
    columns = ("duties.role", "people.name", "people.phone", "duties.rank")
    sheet = replace(
        demo_sheet("responsibility", code),
        sections=(Section(code="people", columns=columns, rows=people),),
    )
    usual, frame = page.lay_out(sheet, "A3")
    poured = tables.pour(tables.of_sections(sheet, {}, WORDS), usual, beside(usual), "{title}（续）")
    assert poured.further
    html = render_pages(sheet, paper="A3")
    assert html.count('class="page"') == 1
    printed = text_of(render(sheet, paper="A3"))
    assert all(row[1] in printed for row in people)
    smaller = page.roomier(sheet, "A3")
    around = 2 * (page.RING_MM + page.BAND_MM)
    for one, other in smaller:
        long = max((one.ground.width + around) / one.width, (one.ground.height + around) / one.height)
        assert long >= 0.52
        assert other.denominator in SCALES
        assert other.denominator >= frame.denominator
    assert_laid_as_measured(html)


@pytest.mark.parametrize(("kind", "code"), [("risk", TOWNSHIP), ("risk", COUNTY)])
def test_tables_are_no_higher_than_measured(kind: SheetKind, code: str) -> None:
    """The height that was measured is the height that the page has: nothing runs over what stands below it."""
    assert_laid_as_measured(render_pages(demo_sheet(kind, code), paper="A4"))


def beside(laid: page.Page) -> list[Rectangle]:
    """What legend and locator leave of the columns, at most."""
    first = laid.columns[0]
    return [Rectangle(x=first.x, y=first.y, width=first.width, height=first.height - 70), *laid.columns[1:]]


def assert_laid_as_measured(html: str) -> None:
    measured = [float(high) for high in re.findall(r'class="block" data-mm="([\d.]+)"', html)]
    laid = [
        box.height * 25.4 / 96
        for one in weasyprint.HTML(string=html).render().pages
        for box in one._page_box.descendants()
        if box.element is not None and box.element.get("class") == "block"
    ]
    assert len(laid) == len(measured) > 1
    assert all(real <= planned + 0.05 for real, planned in zip(laid, measured, strict=True))
    assert all(real >= planned * 0.7 for real, planned in zip(laid, measured, strict=True))


def test_every_letter_is_at_least_six_points() -> None:
    """Smaller is not read at arm's length."""
    for kind in ("responsibility", "risk"):
        sizes = [
            float(size)
            for size in re.findall(
                r'font-size="([\d.]+)"', render(demo_sheet(kind, TOWNSHIP), paper="A4", form="svg").decode()
            )
        ]
        assert sizes
        assert min(sizes) >= 2.12


def test_widths_are_those_of_the_font() -> None:
    """Chinese letters are as wide as they are high; others as the font says."""
    assert fonts.width("岚溪县", 2.0) == pytest.approx(6.0)
    assert 0.5 < fonts.width("A", 1.0) < 0.75
    assert fonts.width("", 1.0) == 0.0


@pytest.mark.parametrize(
    "words", ["岚溪县应急管理局第二十三号网格", "the quick brown fox jumps over", "1234567890123456789", ""]
)
def test_wrapped_lines_hold_every_letter_and_fit(words: str) -> None:
    """Nothing is lost at a line's end."""
    lines = fonts.wrapped(words, 2.0, 12.0)
    assert squeezed("".join(lines)) == squeezed(words)
    assert all(fonts.width(line, 2.0) <= 12.0 for line in lines)


def test_signs_are_those_of_the_command_map() -> None:
    """Print and screen read one file; every sign that a point layer asks for is in it."""
    asked = {layer.legend.symbol for layer in WORDS.policy.layers.values() if layer.geometry == "Point"}
    assert asked <= set(symbols.shapes())


@pytest.mark.parametrize("form", ["pdf", "png", "svg"])
def test_a_sheet_travels_to_another_process(form: str) -> None:
    """An atlas is drawn by several processes: what goes there and comes back can be packed."""
    sheet = pickle.loads(pickle.dumps(demo_sheet("responsibility", VILLAGE)))  # noqa: S301  # our own
    made = render(sheet, paper="A4", form=form)  # type: ignore[arg-type]  # the three forms
    assert made[:4] in {b"%PDF", b"\x89PNG", b"<svg"}


def test_sheets_drawn_together_share_their_fonts_and_nothing_else() -> None:
    """Fonts are most of a sheet's file: in an atlas each is there once; what is on the pages is the same."""
    sheets = [demo_sheet("responsibility", code) for code in (VILLAGE, LEAF)]
    steps: list[int] = []
    pdf, pages = render_many(sheets, lang="zh", paper="A4", site="", step=lambda: steps.append(len(steps)))
    alone = [render(sheet, paper="A4") for sheet in sheets]
    assert pages == tuple(len(pypdfium2.PdfDocument(one)) for one in alone)
    assert text_of(pdf) == "".join(map(text_of, alone))
    assert len(steps) == 2 * len(sheets)
    assert all(pdf.count(b"/OpenType") == one.count(b"/OpenType") > 0 for one in alone)


def test_the_same_sheet_is_drawn_the_same() -> None:
    """A sheet printed twice is one sheet."""
    sheet = demo_sheet("command", TOWNSHIP)
    assert render(sheet, paper="A4", form="svg") == render(sheet, paper="A4", form="svg")


def test_english_sheets_are_english() -> None:
    """Every fixed word has its English."""
    printed = text_of(render(demo_sheet("responsibility", VILLAGE), paper="A4", lang="en"))
    for said in ("Legend", "Sheet12of169", "CGCS2000", "Location", "Scanforthelivepage"):
        assert said in printed
