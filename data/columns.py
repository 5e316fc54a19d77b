"""Which column of a raw table holds which field: real ledgers name the same thing in many ways.

What was found is listed column by column, with samples and how sure it is, so that a person can see and correct it. A
column that means nothing here is listed too: nothing is silently dropped.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal

from data import cells, looks, measures
from data.cells import header
from data.layers import Field, Layer
from data.policies import Policy
from data.problems import Notebook
from data.sources import RawRow, RawTable

POSITION_GROUPS: Final = ("lon", "lat", "pair", "wkt")
"""Groups of headers that carry positions, in the vocabulary's [headers]."""

CLUES: Final = ("town", "village")
"""Groups of headers that say in words where a row lies."""

IGNORED: Final = "-"
"""Chosen for a column that shall not be taken."""

Sureness = Literal["own", "also", "cut", "group", "none", "second", "chosen"]
"""How a column's field was found: by its own words, by a synonym, by a header cut off, as one of a repeating group;
not at all, or another column holds it already; or a person said so.
"""

_HEADER_SEARCH_ROWS: Final = 15
_SHORT_HEADER_BYTES: Final = 10
_SAMPLES: Final = 3
_LOOKED_AT: Final = 200
_GROUP_NUMBER: Final = re.compile(r"\d{1,2}$")
_DMS_WORDS: Final = frozenset({"度", "分", "秒"})
_CODED: Final = re.compile(r"(\w+)\s*=\s*([^,;，；)\s]+)")
SAMPLE_MARK: Final = re.compile(r"示例(?:数据|行)|sample row", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. target: a field, a group of [headers], `IGNORED`, or "" for none. place: from 0."""

    place: int
    header: str
    target: str
    sure: Sureness
    samples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Places of a table's columns, by field, and of those that carry positions or clues, by group.

    first_row: index in the table's rows of the first row below the header. repeats: for a field of people, the places
    of (name, telephone) pairs. factors: by what numbers of a field without a unit of their own are multiplied. coded:
    words that a header explains ("01=滑坡"), by field.
    """

    headers: tuple[str, ...]
    first_row: int
    fields: Mapping[str, int]
    positions: Mapping[str, tuple[int, ...]]
    repeats: Mapping[str, tuple[tuple[int | None, int | None], ...]] = field(default_factory=dict)
    factors: Mapping[str, Decimal] = field(default_factory=dict)
    coded: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    listed: tuple[Column, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a person said about a table: the target of columns by header and how often it came before, and one value
    for all rows of fields that the table lacks.
    """

    targets: Mapping[tuple[str, int], str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    """The row of headers, or two that make one. first_row: index of the row below."""

    titles: tuple[str, ...]
    first_row: int
    known: int
    rows: int = 1

    @property
    def rank(self) -> tuple[int, int]:
        """Of two headers the higher one is right: the one that means more, then the one of a single row."""
        return self.known, -self.rows


def header_names(layer: Layer, policy: Policy) -> dict[str, str]:
    """Map every header that means something, in `cells.header` spelling, to its field or its group of positions.

    Where two claim a header, a field goes before a position, a field's own words before another's synonyms, and an
    earlier field before a later one.
    """
    names: dict[str, str] = {}
    if layer.geometry != "none":
        for group in (*CLUES, *POSITION_GROUPS):
            term = policy.vocabulary["headers"][group]
            names |= {header(word): group for word in (group, *term.words.values(), *term.aka)}
    for name, one in reversed(list(layer.fields.items())):
        names |= {header(word): name for word in one.also}
    for name, one in reversed(list(layer.fields.items())):
        names |= {header(word): name for word in (name, *one.words.values())}
    return names


def fingerprint(headers: Iterable[str]) -> str:
    """Return what tells a table's headers from others', whatever marks and blanks they have."""
    return hashlib.sha256("\n".join(map(header, headers)).encode()).hexdigest()[:32]


def keys(headers: Sequence[str]) -> list[tuple[str, int]]:
    """Return for each column its header in `cells.header` spelling, and how many before it have the same."""
    times: dict[str, int] = {}
    found = []
    for title in map(header, headers):
        found.append((title, times.get(title, 0)))
        times[title] = times.get(title, 0) + 1
    return found


def recognise(table: RawTable, policy: Policy, *, file: str = "") -> list[tuple[str, int]]:
    """Return the layers that a table may be of, the likeliest first, each with points; none where nothing fits.

    A table is told by its headers, and by the layer's name on the sheet, in its title or in the file's name.
    """
    title = header("".join(cells.plain(cell) for row in table.rows[:2] for cell in row.cells[:1]))
    found = []
    for code, layer in policy.layers.items():
        names = header_names(layer, policy)
        head = _find_header(table, names)
        points = 0 if head is None else _points(head.titles, layer, names)
        if points <= 0:
            continue
        words = {header(code), *map(header, layer.words.values())}
        points += 40 * (header(table.name) in words)
        points += 6 * any(word in header(table.name) for word in words)
        points += 4 * any(word in title or word in header(file) for word in words)
        found.append((code, points))
    return sorted(found, key=lambda one: -one[1])


def titles_of(table: RawTable, layer: Layer, policy: Policy) -> tuple[str, ...]:
    """Return a table's headers as they stand; none where no header is found."""
    head = _find_header(table, header_names(layer, policy))
    return () if head is None else head.titles


def _points(titles: Iterable[str], layer: Layer, names: Mapping[str, str]) -> int:
    targets = {names[header(title)] for title in titles if header(title) in names}
    own = {
        name
        for name, one in layer.fields.items()
        if {header(t) for t in titles} & set(map(header, one.words.values()))
    }
    lacking = sum(
        one.required and one.default is None and name not in targets and not _is_made(layer, name, targets)
        for name, one in layer.fields.items()
    )
    fields = targets & set(layer.fields)
    return 2 * len(fields) + 2 * len(own) - lacking if fields else 0


def _is_made(layer: Layer, name: str, present: Iterable[str]) -> bool:
    """Whether a row's code can be made of what it has."""
    return name == "code" and (bool(layer.code_from) or "name" in present)


def match(
    table: RawTable, layer: Layer, policy: Policy, notes: Notebook, choices: Choices | None = None
) -> Columns | None:
    """Find the header of a table and what its columns hold; None where it has none.

    A column that means nothing here is remarked. A required column that is missing, one that occurs twice, and one
    whose content belongs under another header, are faults of the file.
    """
    names: Mapping[str, str] = header_names(layer, policy)
    if table.headers is not None:
        head: _Header | None = _Header(titles=table.headers, first_row=0, known=0)
        names = _names_of_table(table, names)
    else:
        head = _find_header(table, names)
    if head is None:
        notes.fault("header_missing", "use_template", field=next(iter(layer.fields)))
        return None
    matching = _Matching(
        rows=table.rows[head.first_row :],
        head=head,
        layer=layer,
        names=names,
        choices=choices or Choices(),
        notes=notes,
    )
    return matching.columns()


def _find_header(table: RawTable, names: Mapping[str, str]) -> _Header | None:
    """Find the row, or the two rows, with most headers that mean something."""
    if table.headers is not None:
        return _Header(titles=table.headers, first_row=0, known=0)
    rows, best = table.rows[:_HEADER_SEARCH_ROWS], None
    for place, row in enumerate(rows):
        titles = tuple(map(cells.plain, row.cells))
        known = sum(header(title) in names for title in titles)
        candidates = [_Header(titles=titles, first_row=place + 1, known=known)]
        below = rows[place + 1] if place + 1 < len(rows) else None
        if below is not None and known < len(titles) and not _is_sample(below):
            joined = _joined(row, below, table, names)
            known = sum(header(title) in names for title in joined)
            candidates.append(_Header(titles=joined, first_row=place + 2, known=known, rows=2))
        for candidate in candidates:
            if candidate.known and (best is None or candidate.rank > best.rank):
                best = candidate
    return best


def _is_sample(row: RawRow) -> bool:
    return any(isinstance(cell, str) and SAMPLE_MARK.search(cell) for cell in row.cells)


def _joined(top: RawRow, below: RawRow, table: RawTable, names: Mapping[str, str]) -> tuple[str, ...]:
    """Join two rows of headers: "防灾责任人" over "姓名" and "电话"; "经度" over "度", "分", "秒".

    Nothing is joined unless the upper row leaves columns open that the lower one fills.
    """
    uppers, lowers = list(map(cells.plain, top.cells)), list(map(cells.plain, below.cells))
    opened = [not upper and bool(lower) for upper, lower in zip(uppers, lowers, strict=False)]
    spans = {
        place: left
        for (row, left), (_, right) in table.merges
        if row + 1 == top.number
        for place in range(left, right + 1)
    }
    if not any(opened) and not spans:
        return tuple(uppers)
    joined, last = [], ""
    for place, (upper, lower) in enumerate(zip(uppers, lowers, strict=False)):
        covering = uppers[spans[place]] if place in spans else upper or (last if lower else "")
        last = covering if place in spans or upper else last
        both = covering + lower
        if not lower or lower == covering:
            joined.append(covering if place in spans or upper else "")
        elif header(both) in names:
            joined.append(both)
        elif lower in _DMS_WORDS and header(covering) in names:
            joined.append(f"{covering}({lower})")
        else:
            joined.append(lower if header(lower) in names else both)
    return tuple(joined)


def _names_of_table(table: RawTable, names: Mapping[str, str]) -> Mapping[str, str]:
    """Add to `names` the headers that a Shapefile has cut off, where only one begins like it."""
    if not table.short_headers:
        return names
    cut: dict[str, str] = {}
    for title in table.headers or ():
        begun = {name for word, name in names.items() if word.startswith(header(title))}
        if len(title.encode()) >= _SHORT_HEADER_BYTES - 1 and len(begun) == 1:
            cut[header(title)] = begun.pop()
    return {**cut, **names}


class _Matching:
    """One table's columns on their way to their fields."""

    def __init__(
        self,
        *,
        rows: Sequence[RawRow],
        head: _Header,
        layer: Layer,
        names: Mapping[str, str],
        choices: Choices,
        notes: Notebook,
    ) -> None:
        self.rows, self.head, self.layer, self.names = rows, head, layer, names
        self.choices, self.notes = choices, notes
        self.titles = head.titles
        self.fields: dict[str, int] = {}
        self.positions: dict[str, tuple[int, ...]] = {}
        self.repeats: dict[str, dict[int, list[int | None]]] = {}
        self.targets: dict[int, tuple[str, Sureness]] = {}
        self.stems = {
            header(word): (name, part)
            for name, one in layer.fields.items()
            for part, word in enumerate(one.repeats)
        }

    def columns(self) -> Columns:
        for place, key in enumerate(keys(self.titles)):
            self._settle(place, self.choices.targets.get(key))
        self._fill_from_groups()
        self._refuse_missing()
        listed = self._listed()
        self._refuse_exchanged()
        return Columns(
            headers=self.titles,
            first_row=self.head.first_row,
            fields=self.fields,
            positions=self.positions,
            repeats={
                name: tuple((pair[0], pair[1]) for _, pair in sorted(groups.items()))
                for name, groups in self.repeats.items()
                if name not in self.fields
            },
            factors=self._factors(),
            coded=self._coded(),
            listed=listed,
        )

    def _settle(self, place: int, chosen: str | None) -> None:
        title = self.titles[place]
        word = header(title)
        name, sure = self.names.get(word), self._sureness(word)
        if chosen is not None:
            self._choose(place, chosen)
        elif name in {*POSITION_GROUPS, *CLUES}:
            self.positions[name] = (*self.positions.get(name, ()), place)
            self.targets[place] = (name, sure)
        elif self._is_of_a_group(place, word):
            return
        elif name is None:
            self.targets[place] = ("", "none")
            if word:
                self.notes.remark("column_unknown", "rename_column", at=title)
        elif name not in self.fields or self._is_better(self.layer.fields[name], place, self.fields[name]):
            if name in self.fields:
                self._second(self.fields[name], title)
            self.fields[name] = place
            self.targets[place] = (name, sure)
        else:
            self._second(place, self.titles[self.fields[name]])

    def _choose(self, place: int, chosen: str) -> None:
        self.targets[place] = (chosen, "chosen")
        if chosen in {*POSITION_GROUPS, *CLUES}:
            self.positions[chosen] = (*self.positions.get(chosen, ()), place)
        elif chosen in self.layer.fields:
            earlier = self.fields.get(chosen)
            if earlier is not None and self.targets[earlier][1] == "chosen":
                self.notes.fault("column_repeated", "keep_one_column", field=chosen, at=self.titles[place])
            elif earlier is not None:
                self._second(earlier, self.titles[place])
            self.fields[chosen] = place

    def _second(self, place: int, taken: str) -> None:
        self.targets[place] = ("", "second")
        self.notes.remark("column_second", "choose_column", at=self.titles[place], taken=taken)

    def _is_of_a_group(self, place: int, word: str) -> bool:
        number = _GROUP_NUMBER.search(word)
        found = self.stems.get(word[: number.start()]) if number else None
        if found is None or number is None:
            return False
        name, part = found
        pair = self.repeats.setdefault(name, {}).setdefault(int(number[0]), [None, None])
        pair[part] = place
        self.targets[place] = (name, "group")
        return True

    def _fill_from_groups(self) -> None:
        """Let the first of a repeating group be the one person where no column of its own is."""
        for place, title in enumerate(self.titles):
            name = self.names.get(header(title))
            if name is not None and self.targets[place][1] == "group" and name in self.layer.fields:
                self.fields.setdefault(name, place)

    def _sureness(self, word: str) -> Sureness:
        name = self.names.get(word)
        one = self.layer.fields.get(name or "")
        if one is None or word in {header(word) for word in (one.name, *one.words.values())}:
            return "own"
        return "also" if word in {header(word) for word in one.also} else "cut"

    def _is_better(self, one: Field, place: int, taken: int) -> bool:
        """Whether a column's header is an earlier synonym of the field than the one already taken for it."""
        title, other = header(self.titles[place]), header(self.titles[taken])
        if self.targets[taken][1] == "chosen":
            return False
        if title == other:
            self.notes.fault("column_repeated", "keep_one_column", field=one.name, at=self.titles[place])
        order = [header(word) for word in (one.name, *one.words.values(), *one.also)]
        return _rank(title, order) < _rank(other, order)

    def _refuse_missing(self) -> None:
        for name, one in self.layer.fields.items():
            given = name in self.fields or name in self.layer.fixed or name in self.choices.constants
            if (
                one.required
                and one.default is None
                and not given
                and not _is_made(self.layer, name, self.fields)
            ):
                self.notes.fault("column_missing", "use_template", field=name)

    def _refuse_exchanged(self) -> None:
        """Ask where telephone numbers stand under a date's header or the other way round."""
        for name, place in self.fields.items():
            kind, asked = self.layer.fields[name].type, self.targets[place][1] == "chosen"
            if kind not in {"phone", "date"} or asked:
                continue
            seen = looks.kind_of(self._cells(place, _LOOKED_AT))
            at = self.titles[place]
            if (kind, seen) == ("date", "phone"):
                self.notes.fault("column_looks_wrong", "settle_phone", field=name, at=at)
            elif (kind, seen) == ("phone", "date"):
                self.notes.fault("column_looks_wrong", "settle_date", field=name, at=at)

    def _cells(self, place: int, limit: int) -> list[cells.Cell]:
        found: list[cells.Cell] = []
        for row in self.rows:
            cell = row.cells[place] if place < len(row.cells) else None
            if cell is not None and not _is_sample(row):
                found.append(cell)
                if len(found) == limit:
                    break
        return found

    def _listed(self) -> tuple[Column, ...]:
        return tuple(
            Column(
                place=place,
                header=title,
                target=self.targets[place][0],
                sure=self.targets[place][1],
                samples=tuple(map(cells.plain, self._cells(place, _SAMPLES))),
            )
            for place, title in enumerate(self.titles)
            if header(title) or title
        )

    def _factors(self) -> dict[str, Decimal]:
        """Read the units in the headers of numbers."""
        found: dict[str, Decimal] = {}
        for name, place in self.fields.items():
            unit = measures.in_header(self.titles[place])
            if unit is None or self.layer.fields[name].type not in {"integer", "number"}:
                continue
            times = measures.factor(unit[1], measures.of_field(name))
            if times is None:
                self.notes.fault(
                    "column_unit", "write_unit", field=name, at=self.titles[place], value=unit[0]
                )
            elif times != 1:
                self.notes.remark(
                    "unit_converted",
                    "check_unit",
                    field=name,
                    at=self.titles[place],
                    value=unit[0],
                    factor=f"{times:g}",
                )
                found[name] = times
        return found

    def _coded(self) -> dict[str, Mapping[str, str]]:
        return {
            name: dict(pairs)
            for name, place in self.fields.items()
            if self.layer.fields[name].type == "choice"
            and (pairs := _CODED.findall(cells.plain(self.titles[place])))
        }


def _rank(word: str, order: list[str]) -> int:
    return order.index(word) if word in order else len(order)
