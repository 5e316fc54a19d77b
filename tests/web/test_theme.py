"""Colours: every word can be read by day and by night, and one file has them all."""

import re
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from fastapi.testclient import TestClient

from tests.web.conftest import Reader

STATIC = Path(__file__).parents[2] / "web" / "static"
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b(?![\w-]*\s*\{)|\brgba?\(")
TEXT = 4.5
PART = 3.0  # a border, a mark or the ring around what has the focus: WCAG 2.2, 1.4.11

GROUNDS = ("paper", "paper-2", "ground", "field")
WORDS = [
    *(
        (ink, ground)
        for ink in ("ink", "ink-2", "ink-3", "accent", "good", "warn", "bad")
        for ground in GROUNDS
    ),
    *((ink, f"{tone}-2") for tone in ("accent", "good", "warn", "bad") for ink in (tone, "ink", "ink-2")),
    *(("on-fill", f"{tone}-fill") for tone in ("accent", "good", "bad")),
    ("on-fill", "accent-fill-2"),
    *((ink, bar) for ink in ("bar-ink", "bar-ink-2", "bar-good", "bar-warn") for bar in ("bar", "bar-2")),
]
PARTS = [
    *(
        (part, ground)
        for part in ("line-3", "focus", "notify", "assemble", "road", "walk")
        for ground in GROUNDS[:3]
    ),
    ("bar-line", "bar"),
    ("bar-mark", "bar"),
    ("bar-warn", "bar"),
]


def sets() -> list[dict[str, str]]:
    """The variables of each block of the file: light, dark by choice, dark by the reader's system."""
    text = (STATIC / "theme.css").read_text()
    blocks = re.findall(r":root[^{]*\{([^}]*)\}", text)
    return [dict(re.findall(r"--([\w-]+):\s*([^;]+);", block)) for block in blocks]


def luminance(colour: str) -> float:
    """WCAG's relative luminance of #rgb or #rrggbb."""
    digits = colour.removeprefix("#")
    wide = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    parts = [int(wide[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_two_ways_into_the_dark_lead_to_the_same_colours() -> None:
    """Chosen or by the system: the set is written twice and must not drift."""
    light, chosen, by_system = sets()
    assert chosen == by_system
    assert set(chosen) == set(light)
    assert light["theme"] == "light"
    assert chosen["theme"] == "dark"


@pytest.mark.parametrize("which", [0, 1], ids=["light", "dark"])
def test_words_and_marks_stand_out_from_their_ground(which: int) -> None:
    """AA: 4.5 for words, 3 for parts of controls."""
    colours = sets()[which]
    weak = [
        f"{front} on {ground}: {contrast(colours[front], colours[ground]):.2f}"
        for pairs, least in ((WORDS, TEXT), (PARTS, PART))
        for front, ground in pairs
        if contrast(colours[front], colours[ground]) < least
    ]
    assert not weak


def test_only_the_theme_names_colours() -> None:
    """A colour elsewhere is right in one theme and wrong in the other."""
    for file in STATIC.glob("*.css"):
        if file.name != "theme.css":
            assert not COLOUR.findall(file.read_text()), file.name


def test_a_theme_stays_chosen(commander: Reader) -> None:
    """Without a script the switch is a link; an unknown name changes nothing."""
    assert '<html lang="zh-CN" data-theme="auto">' in commander.get("/incidents").text
    assert 'data-theme="dark"' in commander.get("/incidents?theme=dark").text
    assert 'data-theme="dark"' in commander.get("/orders?theme=pink").text


def test_the_login_has_the_switch_too(client: TestClient) -> None:
    """The first page of a night shift."""
    page = client.get("/login?theme=dark&next=/orders").text
    assert '<html lang="zh-CN" data-theme="dark">' in page
    (query,) = re.findall(r'data-when="dark" href="\?([^"]+)"', page)
    assert parse_qs(unescape(query)) == {"theme": ["auto"], "next": ["/orders"]}
