"""What another plan costs against this one, in words."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dispatch.model import Plan
from web.wording import Words, need_parts


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSwap:
    """A unit that could take another one's place. `cost` is empty where time ended before it was priced."""

    name: str
    total_ms: int
    cost: str
    worse: bool
    wish: str


def cost(before: Plan, after: Plan, changes: Sequence[Any], words: Words, titles: Mapping[int, str]) -> str:
    """Say what another plan costs against this one: what is missed, how much later, how many orders more."""
    return words.cost(
        [
            *_missed(before, after, words),
            *_later(before, after, words, titles),
            *words.tier_costs({change.code: change.after - change.before for change in changes}),
        ]
    )


def _missed(before: Plan, after: Plan, words: Words) -> list[str]:
    """Say which needs lack more, or less, than before."""
    lacking: dict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0])
    for at, plan in enumerate((before, after)):
        for one in plan.unmet:
            lacking[one.incident, one.need][at] += one.quantity
    return [
        words.missing_change(*need_parts(need), now - was)
        for (_, need), (was, now) in lacking.items()
        if now != was
    ]


def _later(before: Plan, after: Plan, words: Words, titles: Mapping[int, str]) -> list[str]:
    """Say how much later, or sooner, each incident has its critical help and all its help."""
    said = []
    for was in before.completions:
        now = after.completion(was.incident)
        title = titles.get(was.incident, "") if len(titles) > 1 else ""
        for code in ("critical_ms", "all_ms"):
            old, new = getattr(was, code), getattr(now, code) if now else None
            if old is not None and new is not None and words.duration(old) != words.duration(new):
                said.append(words.time_change(code, new - old, title))
                break
    return said
