"""Which column of a raw table holds which field: real ledgers name the same thing in many ways."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from data import cells
from data.cells import header
from data.layers import Field, Layer
from data.policies import Policy
from data.problems import Notebook
from data.sources import RawTable

POSITION_GROUPS: Final = ("lon", "lat", "pair", "wkt")
"""Groups of headers that carry positions, in the vocabulary's [headers]."""

_HEADER_SEARCH_ROWS: Final = 15
_SHORT_HEADER_BYTES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Places of a table's columns, by field, and of those that carry positions, by group.

    first_row: index in the table's rows of the first row below the header.
    """

    headers: tuple[str, ...]
    first_row: int
    fields: Mapping[str, int]
    positions: Mapping[str, tuple[int, ...]]


def header_names(layer: Layer, policy: Policy) -> dict[str, str]:
    """Map every header that means something, in `cells.header` spelling, to its field or its group of positions.

    Where two claim a header, a field goes before a position, a field's own words before another's synonyms, and an
    earlier field before a later one.
    """
    names: dict[str, str] = {}
    if layer.geometry != "none":
        for group, term in policy.vocabulary["headers"].items():
            names |= {header(word): group for word in (group, *term.words.values(), *term.aka)}
    for name, field in reversed(list(layer.fields.items())):
        names |= {header(word): name for word in field.also}
    for name, field in reversed(list(layer.fields.items())):
        names |= {header(word): name for word in (name, *field.words.values())}
    return names


def match(table: RawTable, layer: Layer, policy: Policy, notes: Notebook) -> Columns | None:
    """Find the header of a table and what its columns hold; None where it has none.

    A column that means nothing here is remarked. A required column that is missing, or one that occurs twice, is a
    fault of the file.
    """
    names = header_names(layer, policy)
    if table.headers is not None:
        return _matched(table.headers, 0, layer, _names_of_table(table, names), notes)
    candidates = table.rows[:_HEADER_SEARCH_ROWS]
    known = [sum(header(cell) in names for cell in row.cells) for row in candidates]
    if not any(known):
        notes.fault("header_missing", "use_template", field=next(iter(layer.fields)))
        return None
    place = known.index(max(known))
    return _matched(tuple(map(cells.plain, candidates[place].cells)), place + 1, layer, names, notes)


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


def _matched(
    headers: tuple[str, ...], first_row: int, layer: Layer, names: Mapping[str, str], notes: Notebook
) -> Columns:
    fields: dict[str, int] = {}
    positions: dict[str, tuple[int, ...]] = {}
    for place, title in enumerate(headers):
        name = names.get(header(title))
        if name is None:
            if header(title):
                notes.remark("column_unknown", "rename_column", at=title)
        elif name in POSITION_GROUPS:
            positions[name] = (*positions.get(name, ()), place)
        elif name not in fields or _is_better(layer.fields[name], title, headers[fields[name]], notes):
            fields[name] = place
    _refuse_missing(layer, fields, notes)
    return Columns(headers=headers, first_row=first_row, fields=fields, positions=positions)


def _is_better(field: Field, title: str, taken: str, notes: Notebook) -> bool:
    """Whether `title` is an earlier synonym of the field than the header already taken for it."""
    if header(title) == header(taken):
        notes.fault("column_repeated", "keep_one_column", field=field.name, at=title)
    order = [header(word) for word in (field.name, *field.words.values(), *field.also)]
    return _rank(header(title), order) < _rank(header(taken), order)


def _rank(word: str, order: list[str]) -> int:
    return order.index(word) if word in order else len(order)


def _refuse_missing(layer: Layer, fields: Mapping[str, int], notes: Notebook) -> None:
    for name, field in layer.fields.items():
        if field.required and field.default is None and name not in fields and name not in layer.fixed:
            notes.fault("column_missing", "use_template", field=name)
