"""TOML documents read with every fault noted: file, key and what is wrong, all at once.

A `Section` hands out its values one by one, checked; what nobody asked for is a fault too, so that a misspelt key
is not silently ignored. After a fault a harmless value is handed out, and reading goes on to find the next one.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Fault:
    """One thing wrong in a document. `key` is dotted; empty for the file as a whole."""

    file: str
    key: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key + ': ' if self.key else ''}{self.what}"


class DocumentError(ValueError):
    """Documents that cannot be used, with all their faults."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


@dataclass
class Section:
    """A table of a document, at `path`; its faults and those of its children gather in one list."""

    values: Mapping[str, Any]
    file: str
    faults: list[Fault]
    path: str = ""
    _asked: set[str] = field(default_factory=set)

    def fault(self, key: str, what: str) -> None:
        """Note that `key` of this section is wrong."""
        self.faults.append(Fault(file=self.file, key=".".join(filter(None, (self.path, key))), what=what))

    def text(self, key: str, default: str | None = None) -> str:
        """Return a string that is not empty; required unless a default is given."""
        value = self._value(key, default, str)
        if isinstance(value, str) and (value.strip() or value == default):
            return value
        if value is not None:
            self.fault(key, "is empty")
        return ""

    def one_of(self, key: str, allowed: Sequence[str], default: str | None = None) -> str:
        """Return a string that is in `allowed`."""
        value = self.text(key, default)
        if value and value not in allowed:
            self.fault(key, f"{value!r} is none of {', '.join(allowed)}")
        return value if value in allowed else allowed[0]

    def integer(self, key: str, default: int | None = None, *, least: int = 0, most: int = 10**9) -> int:
        """Return a whole number from `least` to `most`."""
        value = self._value(key, default, int)
        if isinstance(value, int) and least <= value <= most:
            return value
        if value is not None:
            self.fault(key, f"{value} is not from {least} to {most}")
        return least

    def number(self, key: str) -> float | None:
        """Return a number, or None where there is none."""
        if key not in self.values:
            return None
        value = self._value(key, None, int, float)
        return float(value) if isinstance(value, (int, float)) else None

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._value(key, default, bool)
        return bool(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of strings; empty where there is none."""
        return tuple(self._list(key, str)) if key in self.values else ()

    def integers(self, key: str, *, count: int, least: int, most: int = 10**9) -> tuple[int, ...]:
        """Return exactly `count` whole numbers, each from `least` to `most`."""
        found = self._list(key, int)
        if len(found) != count or any(not least <= value <= most for value in found):
            if key in self.values:
                self.fault(key, f"must be {count} whole numbers from {least} to {most}")
            return (least,) * count
        return tuple(found)

    def section(self, key: str, *, required: bool = True) -> "Section":
        """Return the table under `key`; an empty one where it is missing."""
        value = self._value(key, None if required else {}, dict)
        return self._child(key, value if isinstance(value, dict) else {})

    def sections(self) -> Iterator[tuple[str, "Section"]]:
        """Every entry of this table with its key; each must be a table itself."""
        for key in self.values:
            yield key, self.section(key)

    def rows(self, key: str) -> list["Section"]:
        """Return the tables of a list of tables."""
        return [self._child(f"{key}[{place}]", row) for place, row in enumerate(self._list(key, dict), 1)]

    def done(self) -> None:
        """Note every key that nobody asked for."""
        for key in self.values:
            if key not in self._asked:
                self.fault(key, "is no key here")

    def _child(self, key: str, values: Mapping[str, Any]) -> "Section":
        return Section(values, self.file, self.faults, ".".join(filter(None, (self.path, key))))

    def _list(self, key: str, kind: type) -> list[Any]:
        value = self._value(key, None, list)
        if not isinstance(value, list):
            return []
        if any(not _is(entry, kind) for entry in value):
            self.fault(key, f"must be a list of {_NAMES[kind]}s")
            return []
        return value

    def _value(self, key: str, default: object, *kinds: type) -> Any:
        """Return the value under `key` if it is of one of `kinds`; else note a fault and return None."""
        self._asked.add(key)
        if key not in self.values:
            if default is None:
                self.fault(key, "is missing")
            return default
        value = self.values[key]
        if not any(_is(value, kind) for kind in kinds):
            self.fault(key, f"must be a {' or '.join(_NAMES[kind] for kind in kinds)}")
            return None
        return value


_NAMES = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    list: "list",
    dict: "table",
}


def _is(value: object, kind: type) -> bool:
    """Whether a TOML value is of a kind; true is no number."""
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def read(path: Path, root: Path, faults: list[Fault]) -> Section:
    """Read a document; one that is missing or is no TOML gives a fault and an empty section."""
    name = path.relative_to(root).as_posix()
    try:
        return Section(tomllib.loads(path.read_text(encoding="utf-8")), name, faults)
    except FileNotFoundError:
        faults.append(Fault(file=name, key="", what="is missing"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        faults.append(Fault(file=name, key="", what=f"is no TOML: {error}"))
    return Section({}, name, faults)
