"""How a layer's columns and values are called in a file for people: in Chinese, in English, or by their codes.

Whatever stands here, `data.columns` and `data.cells` read back: a file in any of the three comes in again.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, get_args

from data.layers import Field, Layer
from data.policies import Policy

Headers = Literal["zh", "en", "code"]
"""Of a file: the language of its headers and of words in its cells; "code": the program's own names and codes."""

HEADERS: Final[tuple[Headers, ...]] = get_args(Headers)

_YES_NO: Final[Mapping[str, tuple[str, str]]] = {"zh": ("是", "否"), "en": ("yes", "no")}


def heading(field: Field, policy: Policy, headers: Headers) -> str:
    """Return a column's header, its unit in brackets behind it where the words do not tell it."""
    if headers == "code":
        return field.name
    title, unit = field.words[headers], unit_of(field, policy, headers)
    return f"{title}({unit})" if unit and "(" not in title else title


def unit_of(field: Field, policy: Policy, headers: Headers) -> str:
    """Return the unit of a number, which its name ends with; "" where it has none."""
    suffix = field.name.rpartition("_")[2]
    counted = field.type in {"integer", "number"} and suffix in policy.vocabulary["units"]
    return policy.word("units", suffix, headers) if counted else ""


def position_headings(layer: Layer, policy: Policy, headers: Headers) -> dict[str, str]:
    """Return the headers of a layer's positions in a table, by group."""
    groups = {"none": (), "Point": ("lon", "lat")}.get(layer.geometry, ("wkt",))
    return {group: group if headers == "code" else policy.word("headers", group, headers) for group in groups}


def masked_heading(field: Field, policy: Policy, headers: Headers) -> str:
    """Return the header over names and numbers that are masked: no import takes it for the field itself."""
    title = heading(field, policy, headers)
    if headers == "code":
        return f"masked_{title}"
    return policy.word("workbooks", "masked", headers).format(header=title)


def choices(field: Field, policy: Policy, headers: Headers) -> list[str]:
    """Return the words that a cell of this field may hold; none where anything goes."""
    if field.type == "boolean" and headers != "code":
        return list(_YES_NO[headers])
    if field.type in {"choice", "layer"}:
        terms = policy.vocabulary[field.group or "layers"]
        return [code if headers == "code" else term.words[headers] for code, term in terms.items()]
    return []


def worded(field: Field, value: Any, policy: Policy, headers: Headers) -> Any:
    """Return a value as it stands in a cell: a word for a code, text for capabilities; dates and numbers as they are."""
    if value is None or value != value:  # noqa: PLR0124  # NaN alone differs from itself
        return None
    if field.type == "capabilities":
        return ";".join(f"{_word('capabilities', code, policy, headers)}:{grade}" for code, grade in value)
    if headers == "code":
        return value
    if field.type == "boolean":
        yes, no = _YES_NO[headers]
        return yes if value else no
    if field.type in {"choice", "layer"}:
        return _word(field.group or "layers", str(value), policy, headers)
    return value


def _word(group: str, code: str, policy: Policy, headers: Headers) -> str:
    return code if headers == "code" else policy.word(group, code, headers)
