"""What is wrong with a ledger, as codes with values; words for them stand in the vocabulary, in both languages."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from data.layers import Layer
from data.policies import Policy

Severity = Literal["fault", "note"]
"""A row with a fault is not taken. A note tells what was done with a row, or with a column, that is taken."""

_CHOICES_SHOWN = 12
_POSITION = {"zh": "位置", "en": "position"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with a file, a column, a row or a cell.

    row: as a spreadsheet numbers it (for drawings: the feature's number, from 1); None = the file as a whole.
    field: the layer's field; "" = none in particular. header: the column's name in the file. cell: as a spreadsheet
    names it, such as "C5"; place: its column from 0. offered: codes and names of what a person may choose from.
    """

    code: str
    remedy: str
    file: str
    sheet: str = ""
    row: int | None = None
    field: str = ""
    header: str = ""
    values: Mapping[str, str] = dataclasses.field(default_factory=dict)
    severity: Severity = "fault"
    cell: str = ""
    place: int | None = None
    offered: tuple[tuple[str, str], ...] = ()


def faulty_rows(problems: Iterable[Problem]) -> frozenset[int | None]:
    """Return the rows that may not be taken; None among them when the file as a whole may not."""
    return frozenset(problem.row for problem in problems if problem.severity == "fault")


class Notebook:
    """Gathers the problems of one file while it is read."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.sheet = ""
        self._problems: list[Problem] = []
        self._faulty: set[int | None] = set()

    @property
    def refused(self) -> bool:
        """Whether the file as a whole may not be taken."""
        return None in self._faulty

    @property
    def faulty_rows(self) -> frozenset[int | None]:
        """The rows that may not be taken; None among them for the file as a whole."""
        return frozenset(self._faulty)

    def in_order(self) -> tuple[Problem, ...]:
        """Return the problems in the order of their rows, those of the whole file first."""
        return tuple(sorted(self._problems, key=lambda problem: -1 if problem.row is None else problem.row))

    def fault(
        self,
        code: str,
        remedy: str,
        *,
        row: int | None = None,
        field: str = "",
        at: str = "",
        **values: object,
    ) -> None:
        """Write down why a row, or the file, is not taken. `at`: the column's header in the file."""
        self._write("fault", code, remedy, row=row, field=field, at=at, values=values)

    def offer(self, choices: Iterable[tuple[str, str]]) -> None:
        """Offer codes and names to choose from for what was written down last."""
        self._problems[-1] = dataclasses.replace(self._problems[-1], offered=tuple(choices))

    def remark(
        self,
        code: str,
        remedy: str,
        *,
        row: int | None = None,
        field: str = "",
        at: str = "",
        **values: object,
    ) -> None:
        """Write down what was done with a row or column that is taken."""
        self._write("note", code, remedy, row=row, field=field, at=at, values=values)

    def _write(
        self,
        severity: Severity,
        code: str,
        remedy: str,
        *,
        row: int | None,
        field: str,
        at: str,
        values: Mapping[str, object],
    ) -> None:
        if severity == "fault":
            self._faulty.add(row)
        self._problems.append(
            Problem(
                code=code,
                remedy=remedy,
                file=self.file,
                sheet=self.sheet,
                row=row,
                field=field,
                header=at,
                values={key: str(value) for key, value in values.items()},
                severity=severity,
            )
        )


def words(problem: Problem, policy: Policy, layer: Layer, lang: str) -> str:
    """Say in one sentence where the problem is, what it is, and what to do."""
    values = _values(problem, policy, layer, lang)
    why = policy.word("problems", problem.code, lang).format_map(values)
    remedy = policy.word("remedies", problem.remedy, lang).format_map(values)
    if lang == "zh":
        return f"{_place_zh(problem, layer)}：{why}。{remedy}。"
    return f"{_place_en(problem, layer)}: {why}. {remedy}."


class _Values(dict[str, str]):
    """Values for a sentence; one that is missing shows its name instead of failing the whole report."""

    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


def _values(problem: Problem, policy: Policy, layer: Layer, lang: str) -> _Values:
    values = _Values(problem.values)
    if "group" in values:
        terms = list(policy.vocabulary.get(values["group"], {}).values())
        more = " …" if len(terms) > _CHOICES_SHOWN else ""
        separator = "、" if lang == "zh" else ", "
        values["choices"] = separator.join(term.words[lang] for term in terms[:_CHOICES_SHOWN]) + more
    if "target" in values:
        values["target"] = policy.word("layers", values["target"], lang)
    if "header" not in values:
        values["header"] = problem.header or _field_word(problem, layer, lang)
    return values


def _field_word(problem: Problem, layer: Layer, lang: str) -> str:
    if problem.field == "geometry":
        return _POSITION[lang]
    found = layer.fields.get(problem.field)
    return found.words[lang] if found else problem.field


def _place_zh(problem: Problem, layer: Layer) -> str:
    sheet = f"“{problem.sheet}”" if problem.sheet else ""
    row = f"第 {problem.row} 行" if problem.row is not None else ""
    column = (
        f"“{problem.header or _field_word(problem, layer, 'zh')}”" if problem.field or problem.header else ""
    )
    return " ".join(filter(None, (problem.file + sheet, row, column)))


def _place_en(problem: Problem, layer: Layer) -> str:
    sheet = f"“{problem.sheet}”" if problem.sheet else ""
    row = f"row {problem.row}" if problem.row is not None else ""
    column = (
        f"“{problem.header or _field_word(problem, layer, 'en')}”" if problem.field or problem.header else ""
    )
    return ", ".join(filter(None, (" ".join(filter(None, (problem.file, sheet))), row, column)))
