"""Calls along the hand-made county's chain."""

from collections.abc import Mapping
from typing import Any

from tests import builders
from tests.api.conftest import Browser

CHAIN = tuple(f"FF-{level:02}-001" for level in range(1, 6))
AT = list(builders.on_main_road(2))
FIRST = ("MAYOR", "TOWN", "SECTOR", "VILLAGE", "RANGER")
"""Whom a call from the leaf up calls at once, the highest first."""


def start(somebody: Browser, **values: Any) -> dict[str, Any]:
    """Start a call from the leaf up."""
    body = {"kind": "warning", "text": "暴雨红色预警", "position": AT, "direction": "up", **values}
    answer = somebody.post("/calls", body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def people_of(call: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Give who was called, by code and, for those told about a place below, code@place."""
    found: dict[str, Mapping[str, Any]] = {}
    for place in call["places"]:
        for line in place["lines"]:
            found |= {one["person"]: one for one in (*line["first"], *line["instead"]) if one["called_at"]}
        found |= {f"{one['person']}@{one['about']}": one for one in place["told"]}
    return found
