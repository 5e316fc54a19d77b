"""Two languages, each whole: no message without its Chinese, none left over, numbers and durations as people write them."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from web import i18n

WEB = Path(i18n.__file__).parent
PLACES = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
Message = str | tuple[str, ...]


def messages() -> Iterator[Message]:
    """Every message in templates and code, as extractors find them."""
    methods = [("templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
    options = {"templates/**.html": {"newstyle_gettext": "true", "silent": "false"}}
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}
    for _, _, message, _, _ in extract_from_dir(WEB, methods, options, keywords=keywords):
        yield message


@pytest.fixture(scope="module")
def catalogue() -> dict[Message, str]:
    with (i18n.TRANSLATIONS / "zh_CN" / "LC_MESSAGES" / "muster.po").open("rb") as file:
        found = read_po(file, locale="zh_CN")
    return {
        tuple(one.id) if isinstance(one.id, list | tuple) else one.id: "".join(
            one.string if isinstance(one.string, list | tuple) else [one.string or ""]
        )
        for one in found
        if one.id
    }


def test_every_message_has_its_chinese(catalogue: dict[Message, str]) -> None:
    """A page that mixes languages looks broken and is misread in haste."""
    untranslated = sorted(str(message) for message in set(messages()) if not catalogue.get(message))
    assert not untranslated


def test_no_translation_is_left_over(catalogue: dict[Message, str]) -> None:
    """A leftover hides that a page lost a sentence."""
    assert not set(catalogue) - set(messages())


def test_no_message_stands_twice() -> None:
    """Of two translations one is never shown, and whoever mends that one wonders why nothing changes."""
    text = (i18n.TRANSLATIONS / "zh_CN" / "LC_MESSAGES" / "muster.po").read_text()
    found = Counter(
        "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', entry))
        for entry in re.findall(r'^msgid ((?:"[^\n]*"\n)+)', text, re.MULTILINE)
    )
    assert len(found) > 100
    assert [message for message, times in found.items() if times > 1] == []


def test_a_translation_names_the_same_numbers(catalogue: dict[Message, str]) -> None:
    """A number that the translation forgot is a page that fails or a sentence without its fact."""
    for message, chinese in catalogue.items():
        english = message if isinstance(message, str) else message[-1]
        assert sorted(PLACES.findall(english)) == sorted(PLACES.findall(chinese)), message


@pytest.mark.parametrize(
    ("query", "cookie", "expected"),
    [
        (None, None, "zh"),
        ("en", None, "en"),
        (None, "en", "en"),
        ("zh", "en", "zh"),
        ("xx", "<script>", "zh"),
    ],
)
def test_chinese_is_the_default_and_the_address_wins(
    query: str | None, cookie: str | None, expected: str
) -> None:
    """What a reader chose stays chosen; anything unknown is Chinese."""
    assert i18n.language(query, cookie) == expected


@pytest.mark.parametrize(
    ("ms", "zh", "en"),
    [
        (None, "—", "—"),
        (0, "0 分钟", "0 min"),
        (1, "1 分钟", "1 min"),
        (60_000, "1 分钟", "1 min"),
        (60_001, "2 分钟", "2 min"),
        (3_540_001, "1 小时 00 分", "1 h 00 min"),
        (7_500_000, "2 小时 05 分", "2 h 05 min"),
    ],
)
def test_durations_are_rounded_up(ms: int | None, zh: str, en: str) -> None:
    """Help that is said to come in 12 minutes must not take 12 minutes and a half."""
    assert (i18n.duration(ms, "zh"), i18n.duration(ms, "en")) == (zh, en)


def test_moments_are_written_in_the_time_of_the_county() -> None:
    """The store keeps UTC; the clock on the wall shows Beijing time."""
    at = datetime(2026, 11, 22, 18, 5, tzinfo=UTC)
    zone = ZoneInfo("Asia/Shanghai")
    assert (i18n.moment(at, "zh", zone), i18n.moment(at, "en", zone)) == ("11月23日 02:05", "23 Nov 02:05")


@given(st.lists(st.integers(min_value=0, max_value=10_000_000), min_size=1, max_size=5))
def test_shown_parts_add_up_to_the_shown_whole(parts: list[int]) -> None:
    """A chief adds 2 + 3 + 28 + 25 in his head; a total of 57 beside them loses his trust."""
    shown = i18n.whole_minutes(parts)
    assert i18n.duration(sum(shown), "en") == i18n.duration(sum(parts), "en")
    assert all(abs(one - part) < 60_000 and one % 60_000 == 0 for one, part in zip(shown, parts, strict=True))
