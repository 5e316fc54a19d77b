"""Tables poured into columns: beside the map while there is room, then onto further pages. Heights are measured first,
so that nothing overlaps and nothing is cut off.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from gis.atlas import Drawn, Section, Sheet
from web.sheets import fonts, svg
from web.sheets.page import EDGE_MM, GAP_MM, Page, Rectangle
from web.wording import Words

SIZE_MM: Final = 2.3
LINE_MM: Final = 2.95
PAD_MM: Final = 0.75
HEAD_MM: Final = 5.2
BETWEEN_MM: Final = 3.2
_SLACK_EM: Final = 0.3  # rules of line breaking may end a line one letter earlier than measured
_WIDEST_EM: Final = 22.0  # a wider cell is broken even where there is room
_LEAST_EM: Final = 2.2
_SHORT_HEADER_EM: Final = 5.1
_TIGHT_HEADER_EM: Final = 3.1
_LONGEST_EM: Final = 9.0  # a longer word is broken
_WORTH_ROWS: Final = 6  # of a table that is begun beside the map and goes on elsewhere
_KEEP_ROWS: Final = 2  # of a table that begins at the foot of a column
_SIDEWAYS_ROWS: Final = 3  # more things side by side are narrower than their words
_CLOSE: Final = (
    0.72  # of its natural width: as narrow as a table on a further page may be, with cells of two lines
)
_TITLE_MM: Final = 11.0  # of a further page
_MOST_IN_ROW: Final = 24
_MOST_LETTERS: Final = 160  # of a cell; the rest is on the live page, and an ellipsis says so
_SLACK_MM: Final = 0.5


@dataclass(frozen=True, slots=True)
class Table:
    """A table in words."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A table, or a part of one, with its place on a page. widths and heights (of header and rows) in mm."""

    box: Rectangle
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    header_mm: float
    heights: tuple[float, ...]


@dataclass(slots=True)
class Poured:
    """Blocks of the first page, and of each further one."""

    first: list[Block] = field(default_factory=list)
    further: list[list[Block]] = field(default_factory=list)


def of_sections(sheet: Sheet, listed: Mapping[int, Sequence[Drawn]], words: Words) -> list[Table]:
    """Put a sheet's sections into words; at the end the names that found no place on the map."""
    tables = [_of_section(section, words) for section in sheet.sections if section.rows]
    if listed:
        across = 2
        entries = [
            (str(number), svg.readable(words.sheet_listed(some)))
            for number, members in sorted(listed.items())
            for some in _batches(members)
        ]
        rows = _side_by_side(entries, across)
        header = (words.sheet_word("number"), words.sheet_word("name")) * across
        tables.append(Table(words.sheet_word("listed"), header, rows))
    return tables


def _batches(members: Sequence[Drawn]) -> list[Sequence[Drawn]]:
    """Divide what one number stands for, so that no row is higher than a page."""
    return [members[at : at + _MOST_IN_ROW] for at in range(0, len(members), _MOST_IN_ROW)]


def _side_by_side(pairs: Sequence[tuple[str, str]], across: int) -> tuple[tuple[str, ...], ...]:
    """Return pairs in rows of several, read down and then to the right."""
    deep = -(-len(pairs) // across)
    columns = [pairs[at * deep : (at + 1) * deep] for at in range(across)]
    return tuple(
        tuple(cell for column in columns for cell in (column[row] if row < len(column) else ("", "")))
        for row in range(deep)
    )


def _cell(text: str) -> str:
    kept = svg.readable(text)
    return kept if len(kept) <= _MOST_LETTERS else kept[: _MOST_LETTERS - 1] + "…"


def _of_section(section: Section, words: Words) -> Table:
    if section.columns == ("fact", "value"):
        facts = [
            (words.sheet_column(str(name)), _cell(words.sheet_cell(str(name), value)))
            for name, value in section.rows
        ]
        return Table(words.sheet_section(section.code), (), _side_by_side(facts, 2))
    return Table(
        words.sheet_section(section.code),
        tuple(words.sheet_column(column) for column in section.columns),
        tuple(
            tuple(
                _cell(words.sheet_cell(column, cell))
                for column, cell in zip(section.columns, row, strict=True)
            )
            for row in section.rows
        ),
    )


def pour(tables: Sequence[Table], page: Page, free: Sequence[Rectangle], continued: str) -> Poured:
    """Place tables: whole ones beside the map in their order while they fit; what room is left there takes the beginning
    of the last one (names that the map has as numbers) and of others; the rest goes onto further pages. One that is wider
    than a column is turned (one thing per column) where it is short, or stands across the last two columns.
    """
    poured = Poured()
    room = list(free)
    waiting: list[Table] = []
    for number, table in enumerate(tables):
        blocks = _first_fit(table, room) if _fits_width(table, room) else _too_wide(table, room)
        rest = table if not blocks else None
        if number == 0 and rest is not None and _fits_width(table, room):
            # what stands first matters most: it begins beside the map in any case
            blocks, rest = _split(table, room, continued)
        poured.first += blocks
        waiting += [] if rest is None else [rest]
    for table in [*waiting[-1:], *waiting[:-1]]:
        if _fits_width(table, room):
            blocks, rest = _split(table, room, continued)
            poured.first += blocks
            at = waiting.index(table)
            waiting[at : at + 1] = [] if rest is None else [rest]
    if waiting:
        poured.further = list(_further(waiting, page, continued))
    return poured


def _fits_width(table: Table, room: Sequence[Rectangle]) -> bool:
    return bool(room) and sum(_least(table)) <= room[0].width


def _first_fit(table: Table, room: list[Rectangle]) -> list[Block]:
    for at, box in enumerate(room):
        block = _block(table, box)
        if block.box.height <= box.height:
            room[at] = _below(box, block)
            return [block]
    return []


def _too_wide(table: Table, room: list[Rectangle]) -> list[Block]:
    """Place a table that is wider than a column: turned, else across the last two columns at their foot."""
    if 0 < len(table.rows) <= _SIDEWAYS_ROWS and table.header:
        turned = _sideways(table)
        blocks = _first_fit(turned, room) if _fits_width(turned, room) else []
        if blocks:
            return blocks
    if len(room) < 2:  # noqa: PLR2004  # columns
        return []
    left, right = room[-2:]
    top, bottom = max(left.y, right.y), min(left.bottom, right.bottom)
    both = Rectangle(x=left.x, y=top, width=right.right - left.x, height=max(0.0, bottom - top))
    block = _block(table, both)
    if sum(_least(table)) > both.width or block.box.height > both.height:
        return []
    foot = bottom - block.box.height
    room[-2:] = [
        Rectangle(x=box.x, y=box.y, width=box.width, height=max(0.0, foot - BETWEEN_MM - box.y))
        for box in (left, right)
    ]
    at = Rectangle(x=both.x, y=foot, width=both.width, height=block.box.height)
    return [replace(block, box=at)]


def _sideways(table: Table) -> Table:
    """Turn a table: each thing in a column of its own, its name in the header."""
    first, *others = zip(table.header, *table.rows, strict=True)
    return Table(table.title, first, tuple(others))


def _below(box: Rectangle, block: Block) -> Rectangle:
    used = block.box.height + BETWEEN_MM
    return Rectangle(x=box.x, y=box.y + used, width=box.width, height=max(0.0, box.height - used))


def _split(table: Table, room: list[Rectangle], continued: str) -> tuple[list[Block], Table | None]:
    """Fill the columns that there are with a table's rows; return what is left as a table of its own."""
    blocks: list[Block] = []
    rest: Table | None = table
    for at, box in enumerate(room):
        if rest is None:
            break
        block = _block(rest, box)
        fitting = _rows_within(block, box.height)
        if fitting < _WORTH_ROWS:
            continue
        part = _block(Table(rest.title, rest.header, rest.rows[:fitting]), box, block.widths)
        blocks.append(part)
        room[at] = _below(box, part)
        left = rest.rows[fitting:]
        rest = Table(_continued(table.title, continued), table.header, left) if left else None
    return blocks, rest


def _continued(title: str, continued: str) -> str:
    return continued.format(title=title)


def _rows_within(block: Block, high: float) -> int:
    used = HEAD_MM + block.header_mm
    count = 0
    for row in block.heights:
        used += row
        if used > high:
            break
        count += 1
    return count


def _further(tables: Sequence[Table], page: Page, continued: str) -> Iterator[list[Block]]:
    """Yield the blocks of one further page after another: as many columns as the widest table allows."""
    inner = page.sheet
    widest = max(max(_CLOSE * sum(_natural(table)), sum(_least(table))) for table in tables)
    count = max(1, min(4, int((inner.width + 2 * GAP_MM) / (min(widest, inner.width) + 2 * GAP_MM))))
    wide = (inner.width - (count - 1) * 2 * GAP_MM) / count
    fresh = [
        Rectangle(
            x=EDGE_MM + at * (wide + 2 * GAP_MM),
            y=EDGE_MM + _TITLE_MM,
            width=wide,
            height=inner.height - _TITLE_MM - 4.0,
        )
        for at in range(count)
    ]
    room: list[Rectangle] = list(fresh)
    blocks: list[Block] = []
    queue = list(tables)
    while queue:
        table = queue.pop(0)
        here = next((at for at, box in enumerate(room) if box.height > 0), None)
        if here is None:
            yield blocks
            room, blocks = list(fresh), []
            queue.insert(0, table)
            continue
        block = _block(table, room[here])
        if block.box.height <= room[here].height:
            blocks.append(block)
            room[here] = _below(room[here], block)
            continue
        fitting = _rows_within(block, room[here].height)
        untouched = room[here] in fresh
        if fitting < _KEEP_ROWS and not untouched:
            room[here] = Rectangle(x=0, y=0, width=wide, height=0)
            queue.insert(0, table)
            continue
        fitting = max(1, fitting)  # a row higher than a page stands alone
        part = _block(Table(table.title, table.header, table.rows[:fitting]), room[here], block.widths)
        blocks.append(part)
        room[here] = Rectangle(x=0, y=0, width=wide, height=0)
        base = (
            table.title
            if table.title.endswith(_continued("", continued))
            else _continued(table.title, continued)
        )
        queue.insert(0, Table(base, table.header, table.rows[fitting:]))
    if blocks:
        yield blocks


# -- measures


def _cells(table: Table) -> Iterator[tuple[str, ...]]:
    if table.header:
        yield table.header
    yield from table.rows


def _natural(table: Table, *, tight: bool = False) -> list[float]:
    """Return the width of each column if no cell is broken (very long ones are)."""
    columns = zip(*_cells(table), strict=True)
    headed = 1 if table.header else 0
    return [
        min(
            max(
                *(fonts.width(line, SIZE_MM) for cell in column[headed:] for line in cell.split("\n")),
                *(_header_mm(cell, tight=tight) for cell in column[:headed]),
                0.0,
            ),
            _WIDEST_EM * SIZE_MM,
        )
        + 2 * PAD_MM
        + _SLACK_EM * SIZE_MM
        for column in columns
    ]


def _header_mm(header: str, *, tight: bool) -> float:
    """Return the width of a header; a long one may stand in two lines, where room is `tight` every one."""
    whole = fonts.width(header, SIZE_MM, bold=True)
    short = _TIGHT_HEADER_EM if tight else _SHORT_HEADER_EM
    return whole if whole <= short * SIZE_MM else whole / 2 + 0.6 * SIZE_MM


@lru_cache(maxsize=256)
def _least(table: Table) -> tuple[float, ...]:
    """Return the least width of each column: numbers and words stay whole, of Chinese a few letters stand side by side."""
    columns = zip(*_cells(table), strict=True)
    return tuple(
        max(
            _LEAST_EM * SIZE_MM,
            min(max(fonts.longest_piece(cell, SIZE_MM) for cell in column), _LONGEST_EM * SIZE_MM),
        )
        + 2 * PAD_MM
        + _SLACK_EM * SIZE_MM
        for column in columns
    )


def _widths(table: Table, room: float) -> tuple[float, ...]:
    """Share a column's width out: each gets its least, and what narrow ones do not need goes to the wide ones."""
    natural, least = _natural(table), _least(table)
    if sum(natural) <= room:
        spare = (room - sum(natural)) / len(natural)
        return tuple(width + spare for width in natural)
    natural = _natural(table, tight=True)
    widths = list(least)
    left = max(0.0, room - sum(least))
    waiting = sorted(range(len(natural)), key=lambda at: natural[at] - least[at])
    while waiting:
        at = waiting[0]
        more = min(max(0.0, natural[at] - least[at]), left / len(waiting))
        widths[at] += more
        left -= more
        waiting.pop(0)
    shrink = min(1.0, room / sum(widths))
    return tuple(width * shrink for width in widths)


def _height(cells: Sequence[str], widths: Sequence[float], *, bold: bool = False) -> float:
    lines = max(
        len(fonts.wrapped(cell, SIZE_MM, max(width - 2 * PAD_MM - _SLACK_EM * SIZE_MM, SIZE_MM), bold=bold))
        for cell, width in zip(cells, widths, strict=True)
    )
    return lines * LINE_MM + 2 * 0.45


@lru_cache(maxsize=256)
def _measured(
    table: Table, wide: float, widths: tuple[float, ...] | None
) -> tuple[tuple[float, ...], float, tuple[float, ...]]:
    """Return a table's widths and the heights of its header and rows; remembered, as a sheet tries several pages."""
    given = widths or _widths(table, wide)
    header_mm = _height(table.header, given, bold=True) if table.header else 0.0
    return given, header_mm, tuple(_height(row, given) for row in table.rows)


def _block(table: Table, box: Rectangle, widths: tuple[float, ...] | None = None) -> Block:
    given, header_mm, heights = _measured(table, box.width, widths)
    return Block(
        box=Rectangle(
            x=box.x, y=box.y, width=box.width, height=HEAD_MM + header_mm + sum(heights) + _SLACK_MM
        ),
        title=table.title,
        header=table.header,
        rows=table.rows,
        widths=given,
        header_mm=header_mm,
        heights=heights,
    )
