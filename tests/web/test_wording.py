"""Every code that anything below can raise or give has its words in both languages."""

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from api import errors, security
from data.policies import load
from data.tables import INCIDENT_STATES, ORDER_STATES
from dispatch import changes, explain, lifecycle
from dispatch.model import Tier
from web import wording

ROOT = Path(wording.__file__).parents[1]
ERRORS = {
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.MusterError)
}


def raised(folder: str) -> Iterator[tuple[str, ast.expr]]:
    """(where, first argument) of every refusal that is made anywhere in a folder."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ERRORS
                and node.args
            ):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node.args[0]


def test_every_refusal_has_its_words() -> None:
    """A code on a page is an act that failed for a reason that nobody understands."""
    wordless = {
        (where, argument.value)
        for folder in ("api", "web")
        for where, argument in raised(folder)
        if isinstance(argument, ast.Constant) and argument.value not in wording.PROBLEMS
    }
    assert not wordless


def test_refusals_that_are_passed_on_have_their_words() -> None:
    """Codes that a use case takes from the state machines are raised as they are."""
    assert set(get_args(lifecycle.RefusalCode)) <= set(wording.PROBLEMS)


def test_every_reason_has_its_words() -> None:
    """“Why was this one not chosen?” is the loudest question that such systems leave open."""
    assert set(wording.REASONS) == set(explain.CODES)


def test_every_change_under_a_plan_has_its_words() -> None:
    """Fields of a change are names of fields and a few codes; each is compared somewhere in `dispatch.changes`."""
    source = Path(changes.__file__).read_text()
    listed = {
        word.value
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "_compare"
        for part in call.args
        for word in ast.walk(part)
        if isinstance(word, ast.Constant) and word.value not in get_args(changes.ChangedKind)
    }
    named = set(re.findall(r'field="(\w+)"', source)) | {changes.GONE}
    assert listed
    assert listed | named <= set(wording.CHANGES)


def test_states_acts_roles_and_objectives_have_their_words() -> None:
    """Each of them stands on a page as it is."""
    assert set(wording.ORDER_STATES) == set(ORDER_STATES)
    assert set(wording.INCIDENT_STATES) == set(INCIDENT_STATES)
    assert set(wording.ORDER_ACTS) == set(get_args(lifecycle.OrderAct))
    assert set(wording.ROLES) >= set(get_args(security.Role))
    assert set(wording.TIERS) == set(get_args(Tier.__annotations__["code"]))


def test_every_act_of_the_journal_has_its_words() -> None:
    """An audit in codes is read by nobody; positions and the end of a job stand outside the journal, and a link ends by the right to make it."""
    written = {act for act in security.ACTS if not act.endswith(".read")} - {"position.report", "job.cancel"}
    assert set(wording.ACTS) == written | {"order.unlink"}
    source = "".join(path.read_text() for path in (ROOT / "api" / "usecases").rglob("*.py"))
    assert set(wording.SUBJECTS) == set(re.findall(r'subject="(\w+)"', source))


TABLES = [
    wording.ACTS,
    wording.SUBJECTS,
    wording.PROBLEMS,
    wording.CHANGES,
    wording.REASONS,
    wording.ORDER_STATES,
    wording.ORDER_ACTS,
    wording.ORDER_ENDS,
]


@pytest.mark.parametrize("table", TABLES)
def test_both_languages_name_the_same_numbers(table: dict[str, tuple[str, ...]]) -> None:
    """What one reader is told the other must be told."""
    for code, (chinese, english, *_) in table.items():
        names = [
            {name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (chinese, english)
        ]
        # {name} may be left out in one language where the other needs a subject
        assert names[0] ^ names[1] <= {"name"}, code


@pytest.mark.parametrize("table", TABLES)
def test_chinese_is_chinese_and_english_is_not(table: dict[str, tuple[str, ...]]) -> None:
    """A pair in the wrong order shows every reader the other's language."""
    for code, (chinese, english, *_) in table.items():
        assert re.search(r"[\u4e00-\u9fff]", chinese), code
        assert not re.search(r"[\u4e00-\u9fff]", english), code


def test_a_hostile_number_is_text() -> None:
    """Names stand in sentences; a name with braces must not be read as a sentence of ours."""
    sentence = wording.fill("{name}: {delay_ms}", {"name": "{0.__class__} {{7*7}}", "delay_ms": 90_000}, "en")
    assert sentence == "{0.__class__} {{7*7}}: 2 min"


def test_a_number_that_is_missing_does_not_fail_the_page() -> None:
    """A sentence with a dash is better than no plan on the screen."""
    assert wording.fill("wait {wait_s}", {}, "en") == "wait —"


@pytest.mark.parametrize(
    ("code", "value", "other", "written", "difference"),
    [
        ("unmet_critical", 12_500, 0, "125 %", "−125 %"),
        ("time_critical", 5_760_000, 6_480_000, "1 h 36 min", "+12 min"),
        ("road", 60_000, 60_000, "1 min", "="),
        ("orders", 1_036, 1_040, "1,036", "+4"),
    ],
)
def test_an_objective_is_written_in_its_own_unit(
    code: str, value: int, other: int, written: str, difference: str
) -> None:
    """Nobody reads weighted milliseconds; both columns must be readable beside each other."""
    words = wording.Words(load(), "en")
    assert words.tier_value(code, value) == written
    assert words.tier_difference(code, value, other) == difference
