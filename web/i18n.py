"""Languages: which one a request wants, its catalogue, and how times, lengths and dates are written in it.

Messages stand in English in templates and code; `translations/zh_CN/LC_MESSAGES/muster.po` has the Chinese. Catalogues are read as
text at start-up, so that nothing has to be compiled and an edited word is seen after a restart.
"""

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

Lang = Literal["zh", "en"]

TRANSLATIONS: Final = Path(__file__).parent / "translations"
COOKIE: Final = "lang"
HTML_LANG: Final[Mapping[Lang, str]] = {"zh": "zh-CN", "en": "en"}

_MINUTE_MS: Final = 60_000
_HOUR_MIN: Final = 60
_KILOMETRE_M: Final = 1000


def N_(message: str) -> str:  # noqa: N802  # the name that extractors of messages know
    """Mark a message that is translated later, when it is shown."""
    return message


def _known(value: str | None) -> Lang | None:
    return next((lang for lang in HTML_LANG if lang == value), None)


def language(query: str | None, cookie: str | None) -> Lang:
    """Choose the language of a request: what the address asks, else what was chosen before, else Chinese."""
    return _known(query) or _known(cookie) or "zh"


@cache
def translations(lang: Lang) -> NullTranslations:
    """Return the catalogue of a language; English needs none, because messages are written in it."""
    if lang == "en":
        return NullTranslations()
    with (TRANSLATIONS / "zh_CN" / "LC_MESSAGES" / "muster.po").open("rb") as file:
        catalogue = read_po(file, locale="zh_CN")
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def duration(ms: int | None, lang: Lang) -> str:
    """Write a duration as people say it: minutes rounded up, hours from sixty minutes on; an em dash for none."""
    if ms is None:
        return "—"
    minutes = -(-ms // _MINUTE_MS)
    if minutes < _HOUR_MIN:
        return f"{minutes} 分钟" if lang == "zh" else f"{minutes} min"
    hours, rest = divmod(minutes, _HOUR_MIN)
    return f"{hours} 小时 {rest:02d} 分" if lang == "zh" else f"{hours} h {rest:02d} min"


def whole_minutes(parts: Sequence[int]) -> list[int]:
    """Round parts (ms) to whole minutes (ms) so that they add up to their sum as `duration` writes it.

    Each gets the minutes that it fills; what is missing goes to those that fill most of their next one.
    """
    filled = [part - part % _MINUTE_MS for part in parts]
    missing = (-(-sum(parts) // _MINUTE_MS) * _MINUTE_MS - sum(filled)) // _MINUTE_MS
    by_rest = sorted(range(len(parts)), key=lambda at: -(parts[at] % _MINUTE_MS))
    for at in by_rest[:missing]:
        filled[at] += _MINUTE_MS
    return filled


def distance(metres: float, lang: Lang) -> str:
    """Write a length: metres below a kilometre, then kilometres with one decimal."""
    if metres < _KILOMETRE_M:
        return f"{metres:.0f} 米" if lang == "zh" else f"{metres:.0f} m"
    return f"{metres / _KILOMETRE_M:.1f} 公里" if lang == "zh" else f"{metres / _KILOMETRE_M:.1f} km"


def moment(at: datetime | None, lang: Lang, zone: ZoneInfo) -> str:
    """Write a moment by the clock of the place, to the minute."""
    if at is None:
        return "—"
    local = at.astimezone(zone)
    return local.strftime("%m月%d日 %H:%M") if lang == "zh" else local.strftime("%d %b %H:%M")


def second(at: datetime, zone: ZoneInfo) -> str:
    """Write a time of day by the clock of the place, to the second."""
    return at.astimezone(zone).strftime("%H:%M:%S")


def clock(at: datetime, zone: ZoneInfo) -> str:
    """Write the minute of a moment that needs no date."""
    return at.astimezone(zone).strftime("%H:%M")
