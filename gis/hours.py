"""Times of day and week as roads write them: the part of OSM's opening_hours that restrictions use.

Understood: rules parted by ";" (the later one wins for a day that it names), each made of months or dates of the year ("Nov-Mar", "Dec 01-Mar 15"), days of the
week ("Mo-Fr,Su") and times ("07:00-09:00,16:00-18:00", over midnight too), any part absent, "24/7" and "off".
Not understood, and said so by returning None: public and school holidays, sunrise and sunset, weeks, years, comments, "+".
"""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

_DAYS = {"Mo": 0, "Tu": 1, "We": 2, "Th": 3, "Fr": 4, "Sa": 5, "Su": 6}
_MONTHS = {
    name: i
    for i, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}
_MINUTES = 24 * 60

_MONTH = "(?:" + "|".join(_MONTHS) + ")"
_DATE = rf"{_MONTH}(?: \d{{1,2}})?"
_DAY = "(?:" + "|".join(_DAYS) + ")"
_TIME = r"\d{1,2}:\d{2}"
_RULE = re.compile(
    rf"^(?P<dates>{_DATE}(?:-{_DATE})?(?:,{_DATE}(?:-{_DATE})?)*)?:? ?"
    rf"(?P<days>{_DAY}(?:-{_DAY})?(?:,{_DAY}(?:-{_DAY})?)*)? ?"
    rf"(?P<times>{_TIME}-{_TIME}(?:,{_TIME}-{_TIME})*|24/7)? ?(?P<off>off|closed)?$"
)


@dataclass(frozen=True, slots=True)
class _Rule:
    dates: tuple[tuple[int, int], ...]  # month * 100 + day, inclusive; may wrap round the new year
    days: frozenset[int]
    times: tuple[tuple[int, int], ...]  # minutes of the day, end exclusive; may wrap round midnight
    off: bool

    def names(self, day: tuple[int, int]) -> bool:
        """Return whether the rule speaks about a day (date, day of the week)."""
        date, weekday = day
        return weekday in self.days and (
            not self.dates or any(_within(date, first, last) for first, last in self.dates)
        )


@dataclass(frozen=True, slots=True)
class Hours:
    """A parsed expression."""

    rules: tuple[_Rule, ...]

    def contain(self, at: datetime) -> bool:
        """Return whether a moment, by its own clock face, lies within."""
        minute = at.hour * 60 + at.minute
        today = (at.month * 100 + at.day, at.weekday())
        before = datetime.fromordinal(max(at.toordinal() - 1, 1))
        yesterday = (before.month * 100 + before.day, before.weekday())
        return self._open(today, minute) or self._open(yesterday, minute + _MINUTES)

    def _open(self, day: tuple[int, int], minute: int) -> bool:
        speaking = [rule for rule in self.rules if rule.names(day)]
        return bool(speaking) and not speaking[-1].off and any(a <= minute < b for a, b in speaking[-1].times)


def _within(value: int, first: int, last: int) -> bool:
    return first <= value <= last if first <= last else value >= first or value <= last


@lru_cache(maxsize=4096)
def parse(text: str) -> Hours | None:
    """Return the hours of an expression, or None where it is not understood."""
    rules = [_rule(part.strip()) for part in text.strip().strip("()").split(";") if part.strip()]
    if not rules:
        return None
    understood = tuple(rule for rule in rules if rule is not None)
    return Hours(understood) if len(understood) == len(rules) else None


def _rule(text: str) -> _Rule | None:
    match = _RULE.match(re.sub(r"\s*([-,])\s*", r"\1", re.sub(r"\s+", " ", text)))
    if match is None:
        return None
    times = _times(match["times"])
    return (
        None
        if times is None
        else _Rule(_dates(match["dates"]), _days(match["days"]), times, match["off"] is not None)
    )


def _times(text: str | None) -> tuple[tuple[int, int], ...] | None:
    if text is None or text == "24/7":
        return ((0, _MINUTES),)
    spans = []
    for span in text.split(","):
        start, end = (
            int(hour) * 60 + int(minute) for hour, minute in (t.split(":") for t in span.split("-"))
        )
        if start >= _MINUTES or end > 2 * _MINUTES:
            return None
        spans.append((start, end if end > start else end + _MINUTES))
    return tuple(spans)


def _days(text: str | None) -> frozenset[int]:
    if text is None:
        return frozenset(range(7))
    days: set[int] = set()
    for span in text.split(","):
        first, last = (_DAYS[day] for day in (span.split("-") * 2)[:2])
        days.update((first + i) % 7 for i in range((last - first) % 7 + 1))
    return frozenset(days)


def _dates(text: str | None) -> tuple[tuple[int, int], ...]:
    if text is None:
        return ()
    return tuple(_date_span(span) for span in text.split(","))


def _date_span(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    return _date(first, 1), _date(last or first, 31)


def _date(text: str, day: int) -> int:
    month, _, number = text.partition(" ")
    return _MONTHS[month] * 100 + (int(number) if number else day)
