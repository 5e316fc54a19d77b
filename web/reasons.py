"""Why a unit goes or stays, what the commander has said about it, and why a plan was not confirmed."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from api.errors import MusterError
from api.usecases.plans import PlanView
from dispatch.model import Reason
from web.names import Names
from web.wording import Words, need_parts

WishKind = Literal["team", "vehicle", "depot"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """One unit with all that speaks for it or against it. `wish_kind` is empty where no word can be said about it."""

    name: str
    wish_kind: WishKind | Literal[""]
    wish_id: int
    incident: int
    wished: str
    sentences: tuple[str, ...]


def wishes_of(plan: PlanView) -> dict[tuple[str, int], str]:
    """Map (kind, id) to the commander's word about it; a pin outweighs a ban."""
    words: dict[tuple[str, int], str] = {}
    for word, wishes in (("ban", plan.bans), ("pin", plan.pins)):
        words |= {(str(wish.kind), wish.id): word for wish in wishes}
    return words


def banned(plan: PlanView, names: Names) -> tuple[Why, ...]:
    """List what the commander has banned, so that the word can be taken back."""
    return tuple(
        Why(
            name=names.unit(wish.kind, wish.id),
            wish_kind=wish.kind,
            wish_id=wish.id,
            incident=wish.incident or plan.incident_ids[0],
            wished="ban",
            sentences=(),
        )
        for wish in plan.bans
    )


def why(reasons: Iterable[Reason], plan: PlanView, words: Words, names: Names) -> tuple[Why, ...]:
    """Gather the sentences about each unit, each once, in the order in which units and reasons come."""
    said: dict[tuple[str, int], dict[str, None]] = defaultdict(dict)
    about: dict[tuple[str, int], int] = {}
    for reason in reasons:
        unit = (reason.kind, reason.id)
        about.setdefault(unit, reason.incident or plan.incident_ids[0])
        said[unit][words.reason(reason.code, _named(reason, words, names))] = None
    wishes = wishes_of(plan)
    return tuple(
        Why(
            name=names.unit(kind, identity),
            # a banned unit has its select above, a chosen one on its card: two for one unit would contradict each other
            wish_kind=kind if kind in ("team", "vehicle", "depot") and (kind, identity) not in wishes else "",  # type: ignore[arg-type]  # narrowed by the test
            wish_id=identity,
            incident=about[kind, identity],
            wished="",
            sentences=tuple(sentences),
        )
        for (kind, identity), sentences in said.items()
    )


def _named(reason: Reason, words: Words, names: Names) -> dict[str, Any]:
    """Put names where a reason's numbers have ids and codes of units, needs and townships."""
    numbers = {**reason.numbers, "need": reason.need or ""}
    return {key: _name_of(key, value, words, names) for key, value in numbers.items()}


def _name_of(key: str, value: int | str, words: Words, names: Names) -> int | str:
    if key in ("team", "vehicle", "depot", "carrier"):
        return names.unit(key, int(value))
    if key == "township":
        return names.township(str(value))
    if key == "need" and value:
        return words.asked_for(*need_parts(str(value)))
    return value


def refusal(error: MusterError, words: Words, names: Names) -> str:
    """Say why a plan was not confirmed; when the world has changed, with everything that did."""
    sentence = words.problem(error.code, error.details)
    changed = [
        words.change(change["field"], {**change, "name": names.unit(change["kind"], change["id"])})
        for change in error.details.get("changed", ())
    ]
    return sentence + (" " if words.lang == "en" else "") + "".join(changed)
