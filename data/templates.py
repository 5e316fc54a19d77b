"""Empty workbooks to fill in: a title that says how, starred headers with notes, words to pick from, one example row."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import openpyxl
from openpyxl.comments import Comment
from openpyxl.styles import Alignment
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from data import headings, workbooks
from data.layers import Field, Layer
from data.policies import Policy

Lang = Literal["zh", "en"]

FIRST_ROW: Final = 4
"""Of what somebody fills in: the title, the headers and the example stand above."""

_LAST_ROW: Final = 2000
_TITLE_ROW, _HEADER_ROW, _SAMPLE_ROW = 1, 2, 3
_TITLE_HEIGHT: Final = 66
_LISTS: Final = "choices"
_NOTE_SIZE: Final = (300, 150)  # pixels, wide and high
_CODE_OF: Final = {"area": "990101100201", "phone": "10000000001", "date": "2026-03-15"}
_POSITION: Final = {
    "lon": 111.025432,
    "lat": 36.104321,
    "wkt": "POLYGON ((111 36, 111.1 36, 111.1 36.1, 111 36))",
}


def write(layers: Sequence[Layer], policy: Policy, path: Path, lang: Lang) -> None:
    """Write a workbook with a sheet for each layer, and a sheet before them that lists them where there are several.

    Raises OSError where the file cannot be made.
    """
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.worksheets[0])
    if len(layers) > 1:
        _write_contents(
            workbook.create_sheet(policy.word("workbooks", "contents", lang)), layers, policy, lang
        )
    for layer in layers:
        _Sheet(workbook, layer, policy, lang).write()
    if _LISTS in workbook.sheetnames:
        workbook.move_sheet(_LISTS, len(workbook.sheetnames))
    workbook.save(path)


def title_of(layer: Layer, policy: Policy, lang: Lang) -> str:
    """Return what stands above the headers: whose ledger this is and how it is filled in."""
    kind = {"none": (), "Point": ("positions",)}.get(layer.geometry, ("outlines",))
    title = policy.word("workbooks", "title", lang).format(layer=layer.words[lang])
    return "\n".join(
        [title, *(policy.word("workbooks", code, lang) for code in ("starred", *kind, "keep_sample"))]
    )


def note_of(field: Field, policy: Policy, lang: Lang) -> str:
    """Return the note of a header: whether it must be filled in, what belongs there, its unit, an example."""

    def say(code: str, **values: object) -> str:
        return policy.word("workbooks", code, lang).format(**values)

    lines = [say("required" if is_needed(field) else "optional")]
    if field.default is not None:
        lines.append(say("default", value=headings.worded(field, field.default, policy, lang)))
    if field.type == "capabilities":
        lines.append(say("many"))
    elif field.type == "reference":
        lines.append(say("target", layer=policy.word("layers", field.target, lang)))
    else:
        lines.append(say("choice" if field.type == "layer" else field.type))
    if unit := headings.unit_of(field, policy, lang):
        lines.append(say("unit", value=unit))
    if field.least is not None:
        code = "least" if field.most is None else "range"
        lines.append(say(code, least=f"{field.least:g}", most=f"{field.most or 0:,.0f}"))
    return "\n".join([*lines, say("example", value=sample_of(field, policy, lang))])


def sample_of(field: Field, policy: Policy, lang: Lang) -> Any:
    """Return what the example row says for a field."""
    offered = headings.choices(field, policy, lang)
    if offered:
        return offered[0]
    if field.type == "capabilities":
        code = next(iter(policy.vocabulary["capabilities"]))
        return headings.worded(field, ((code, 2),), policy, lang)
    if field.type in {"integer", "number"}:
        return int(min(30, field.most or 30))
    return _CODE_OF.get(field.type) or (
        "A001" if field.name == "code" or field.type == "reference" else field.words[lang]
    )


def is_needed(field: Field) -> bool:
    """Whether a row without it is refused."""
    return field.required and field.default is None


class _Sheet:
    """One layer's sheet on its way."""

    def __init__(self, workbook: Any, layer: Layer, policy: Policy, lang: Lang) -> None:
        self.workbook, self.layer, self.policy, self.lang = workbook, layer, policy, lang
        self.sheet = workbook.create_sheet(workbooks.sheet_name(layer.words[lang]))
        self.positions = headings.position_headings(layer, policy, lang)

    def write(self) -> None:
        """Write the title, then column after column."""
        star = "*" if self.layer.geometry_required else ""
        for place, (group, title) in enumerate(self.positions.items(), 1):
            self._write_column(place, star + title, _POSITION[group])
        for place, field in enumerate(self.layer.fields.values(), len(self.positions) + 1):
            title = "*" * is_needed(field) + headings.heading(field, self.policy, self.lang)
            self._write_column(place, title, sample_of(field, self.policy, self.lang))
            self._explain(place, field)
        width = len(self.positions) + len(self.layer.fields)
        self._write_title(width)
        mark = self.sheet.cell(_SAMPLE_ROW, width + 1, self.policy.word("workbooks", "sample", self.lang))
        mark.font = workbooks.SAMPLE_FONT
        self.sheet.freeze_panes = f"A{FIRST_ROW}"
        self.sheet.sheet_properties.pageSetUpPr.fitToPage = True
        self.sheet.page_setup.orientation, self.sheet.page_setup.fitToHeight = "landscape", 0
        self.sheet.print_title_rows = f"{_TITLE_ROW}:{_HEADER_ROW}"

    def _write_title(self, columns: int) -> None:
        self.sheet.merge_cells(
            start_row=_TITLE_ROW, end_row=_TITLE_ROW, start_column=1, end_column=max(columns, 1)
        )
        cell = self.sheet.cell(_TITLE_ROW, 1, title_of(self.layer, self.policy, self.lang))
        cell.alignment = Alignment(wrap_text=True, vertical="center", horizontal="left")
        self.sheet.row_dimensions[_TITLE_ROW].height = _TITLE_HEIGHT

    def _write_column(self, place: int, title: str, sample: Any) -> None:
        header = self.sheet.cell(_HEADER_ROW, place, title)
        header.font, header.border, header.alignment = (
            workbooks.HEADER_FONT,
            workbooks.LINES,
            workbooks.WRAPPED,
        )
        header.fill = workbooks.NEEDED_FILL if title.startswith("*") else workbooks.HEADER_FILL
        example = self.sheet.cell(_SAMPLE_ROW, place, sample)
        example.font, example.border = workbooks.SAMPLE_FONT, workbooks.LINES
        self.sheet.column_dimensions[get_column_letter(place)].width = workbooks.width_of([title, sample])

    def _explain(self, place: int, field: Field) -> None:
        note = Comment(note_of(field, self.policy, self.lang), "Muster")
        note.width, note.height = _NOTE_SIZE
        self.sheet.cell(_HEADER_ROW, place).comment = note
        letter = get_column_letter(place)
        if field.type in {"phone", "area", "text", "reference", "capabilities"}:
            # a number typed here keeps its leading zeros and all its digits
            self.sheet.column_dimensions[letter].number_format = workbooks.TEXT_FORMAT
        if field.type == "date":
            self.sheet.column_dimensions[letter].number_format = workbooks.DAY_FORMAT
        offered = headings.choices(field, self.policy, self.lang)
        rule = self._offer(offered) if offered else _bounds(field)
        if rule is not None:
            rule.errorStyle, rule.error = "warning", self.policy.word("workbooks", "out_of_range", self.lang)
            self.sheet.add_data_validation(rule)
            rule.add(f"{letter}{_SAMPLE_ROW}:{letter}{_LAST_ROW}")

    def _offer(self, words: Iterable[str]) -> DataValidation:
        """Let a column pick from words, which stand on a hidden sheet: in the rule itself they may be too long."""
        if _LISTS not in self.workbook.sheetnames:
            self.workbook.create_sheet(_LISTS).sheet_state = "hidden"
        lists = self.workbook[_LISTS]
        place = lists.max_column + 1 if lists.cell(1, 1).value is not None else 1
        count = 0
        for count, word in enumerate(words, 1):
            lists.cell(count, place, word)
        letter = get_column_letter(place)
        return DataValidation(
            type="list",
            formula1=f"{_LISTS}!${letter}$1:${letter}${count}",
            allow_blank=True,
            showErrorMessage=True,
        )


def _bounds(field: Field) -> DataValidation | None:
    """Return the rule of a number's range: it warns, because an import also reads "30人"."""
    if field.least is None or field.type not in {"integer", "number"}:
        return None
    return DataValidation(
        type="whole" if field.type == "integer" else "decimal",
        operator="greaterThanOrEqual" if field.most is None else "between",
        formula1=f"{field.least:g}",
        formula2=None if field.most is None else f"{field.most:.0f}",
        allow_blank=True,
        showErrorMessage=True,
    )


def _write_contents(sheet: Any, layers: Sequence[Layer], policy: Policy, lang: Lang) -> None:
    """List the sheets, each a link."""
    sheet.append([policy.word("workbooks", "contents_of", lang)])
    sheet.append([policy.word("workbooks", "sheet", lang), policy.word("workbooks", "columns", lang)])
    for cell in sheet[2]:
        cell.font, cell.fill, cell.border = workbooks.HEADER_FONT, workbooks.HEADER_FILL, workbooks.LINES
    sheet["A1"].font = workbooks.TITLE_FONT
    for layer in layers:
        name = workbooks.sheet_name(layer.words[lang])
        sheet.append([name, len(layer.fields)])
        link = sheet.cell(sheet.max_row, 1)
        link.hyperlink, link.style = f"#'{name}'!A1", "Hyperlink"
    workbooks.set_widths(sheet, [workbooks.width_of(layer.words[lang] for layer in layers), 10.0])
    sheet.freeze_panes = "A3"
