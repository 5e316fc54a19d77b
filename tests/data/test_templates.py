"""Templates: what somebody fills in is understood to the last column, and the workbook says how to fill it in."""

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from data import ledgers, templates
from data.policies import Policy, load

POLICY: Policy = load()
LANGUAGES: tuple[templates.Lang, ...] = ("zh", "en")
POINTS = POLICY.layers["geohazard_points"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[templates.Lang, Path]:
    """The workbook with all layers, in both languages."""
    folder = tmp_path_factory.mktemp("templates")
    made = {lang: folder / f"{lang}.xlsx" for lang in LANGUAGES}
    for lang in LANGUAGES:
        templates.write(list(POLICY.layers.values()), POLICY, made[lang], lang)
    return made


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("code", POLICY.layers)
def test_a_templates_headers_are_the_importers_own(
    whole: dict[templates.Lang, Path], code: str, lang: templates.Lang
) -> None:
    """Each layer finds its sheet, every column is understood, and the example row is passed over."""
    layer = POLICY.layers[code]
    reading = ledgers.read(whole[lang], layer, POLICY, datum="CGCS2000")
    assert [problem.code for problem in reading.problems] == ["sample_row"]
    assert set(layer.fields) <= set(reading.frame.columns)
    assert len(reading.frame) == 0


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_example_row_would_be_taken_without_its_mark(tmp_path: Path, lang: templates.Lang) -> None:
    """An example that an import refuses teaches the wrong thing. References name rows of another county."""
    for layer in POLICY.layers.values():
        path = tmp_path / f"{layer.code}.xlsx"
        templates.write([layer], POLICY, path, lang)
        workbook = openpyxl.load_workbook(path)
        sheet = workbook.worksheets[0]
        sheet.cell(3, sheet.max_column).value = None
        workbook.save(path)
        reading = ledgers.read(path, layer, POLICY, datum="CGCS2000", sheet=sheet.title)
        assert (reading.problems, len(reading.frame)) == ((), 1), layer.code


def test_a_template_offers_the_choices(tmp_path: Path) -> None:
    """A drop-down saves the round of a misspelt word; a number out of range is warned of."""
    sheet = one_sheet(tmp_path, "zh")
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    letter = next(cell.column_letter for cell in sheet[2] if cell.value == "*隐患点类型")
    rule = rules[f"{letter}3:{letter}2000"]
    assert rule.type == "list"
    assert sheet.parent["choices"].sheet_state == "hidden"
    name, _, cells = str(rule.formula1).partition("!")
    offered = [row[0].value for row in sheet.parent[name][cells.replace("$", "")]]
    assert offered == [term.words["zh"] for term in POLICY.vocabulary["hazard_kinds"].values()]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_header_says_what_belongs_under_it(tmp_path: Path, lang: templates.Lang) -> None:
    """Required or not, its kind, its unit, an example: whoever fills it in at home has nobody to ask."""
    notes = {cell.value: cell.comment.text for cell in one_sheet(tmp_path, lang)[2] if cell.comment}
    assert len(notes) == len(POINTS.fields)
    title, unit = {
        "zh": ("威胁财产(万元)", "万元"),
        "en": ("Property under threat (10,000 CNY)", "10,000 CNY"),
    }[lang]
    assert unit in notes[title]
    for name, field in POINTS.fields.items():
        note = templates.note_of(field, POLICY, lang)
        assert note.startswith(
            POLICY.word("workbooks", "required" if field.required else "optional", lang)
        ), name
        assert str(templates.sample_of(field, POLICY, lang)) in note


def one_sheet(folder: Path, lang: templates.Lang) -> Any:
    """The template of the geohazard points, opened again."""
    templates.write([POINTS], POLICY, folder / "t.xlsx", lang)
    return openpyxl.load_workbook(folder / "t.xlsx").worksheets[0]
