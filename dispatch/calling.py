"""A call: who along a chain of responsibility is called, who stands in, who above is told, and when nobody is left.

A call has *lines*: one for each place and role that must be reached. All persons of a line are called at once; one answer
is enough. When the last of their clocks has run out, whoever stands in is called; when theirs has, the place above is told
about this place, and so on to the top. Whoever has let the clock of the call itself run out is not asked about others.

Everything here is a function of the tree, of who was called and answered so far, and of the moment: a process that starts
again goes on where another one died. Times are moments; clocks are whole milliseconds.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

Direction = Literal["up", "down", "both"]
CallKind = Literal["incident", "warning", "test"]
Why = Literal["first", "substitute", "above"]
Outcome = Literal["waiting", "answered", "substitute", "above", "nobody"]

ITSELF: Final = ""
"""What a person is called about: the call itself, or the code of a place below where nobody answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A person with a duty at a place, by code. Rank A answers first, B stands in."""

    person: str
    role: str
    rank: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A link of the chain: a grid cell, or a point below one. Level 1 is the county's; `parent` is told when it fails."""

    code: str
    level: int
    parent: str | None
    holders: tuple[Holder, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The places of a call and all above them, the highest first. `called`: those that are called from the beginning."""

    places: tuple[Place, ...]
    called: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Which roles are called, in order, with the roles that stand in where a role has no B; and the clocks."""

    roles: Mapping[str, tuple[str, ...]]
    answer_ms: int
    substitute_ms: int
    above_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Who must be reached at a place in a role; one answer of `first` or of `instead` is enough. No role: whoever is there."""

    place: str
    role: str
    first: tuple[Holder, ...]
    instead: tuple[Holder, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """A person to be called now, and how long their clock runs."""

    person: str
    place: str
    role: str
    rank: str
    about: str
    why: Why
    within_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """A person who was called."""

    person: str
    about: str
    called_at: datetime
    answer_by: datetime
    answered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """Whom to call now; when to look again, None when no clock runs that could lead to anything."""

    rings: tuple[Ring, ...]
    look_at: datetime | None


def chosen(places: Iterable[Place], origins: Collection[str], direction: Direction) -> Tree:
    """Choose from a forest whom a call from `origins` reaches, and keep all above them, who may have to be told.

    up: the origins and all above; down: the origins and all below; both: all of these. Raises KeyError for an origin
    that is not in the forest, ValueError for a forest in which a place is above itself.
    """
    known = {place.code: place for place in places}
    called: set[str] = set(origins)
    if direction != "down":
        called |= {above for code in origins for above in _above(known, code)}
    if direction != "up":
        below: dict[str, list[str]] = {}
        for place in known.values():
            below.setdefault(place.parent or "", []).append(place.code)
        waiting = list(origins)
        while waiting:
            found = below.get(waiting.pop(), ())
            waiting.extend(code for code in found if code not in called)
            called.update(found)
    kept = called | {above for code in called for above in _above(known, code)}
    ordered = sorted((known[code] for code in kept), key=lambda place: (place.level, place.code))
    return Tree(places=tuple(ordered), called=tuple(sorted(called)))


def _above(known: Mapping[str, Place], code: str) -> Iterator[str]:
    """Walk up from a place to the top."""
    seen = {code}
    above = known[code].parent
    while above is not None and above in known:
        if above in seen:
            raise ValueError(f"{above} is above itself")
        seen.add(above)
        yield above
        above = known[above].parent


def lines(tree: Tree, rules: Rules) -> tuple[Line, ...]:
    """List who must be reached, the highest place first; a place without anybody has one line with nobody in it."""
    called = set(tree.called)
    return tuple(line for place in tree.places if place.code in called for line in _lines(place, rules))


def _lines(place: Place, rules: Rules) -> tuple[Line, ...]:
    """Group the holders of a place; where none has a role that is called, all of rank A are."""
    found = tuple(
        Line(place=place.code, role=role, first=first, instead=_instead(place, role, rules))
        for role in rules.roles
        if (first := _of(place, role, "A"))
    )
    if found:
        return found
    first = tuple(one for one in place.holders if one.rank == "A")
    instead = tuple(one for one in place.holders if one.rank != "A")
    return (Line(place=place.code, role="", first=first, instead=instead),)


def _of(place: Place, role: str, rank: str) -> tuple[Holder, ...]:
    return tuple(one for one in place.holders if (one.role, one.rank) == (role, rank))


def _instead(place: Place, role: str, rules: Rules) -> tuple[Holder, ...]:
    """Say who stands in for a role: its own of rank B, else those of the roles named for it."""
    return _of(place, role, "B") or tuple(
        one for other in rules.roles[role] for one in place.holders if one.role == other
    )


def due(tree: Tree, rules: Rules, rung: Iterable[Rung], now: datetime) -> Next:
    """Say whom to call at this moment: nobody twice about the same, and nobody for whom an answer has come."""
    return _Look(tree, rules, rung, now).next()


def outcomes(
    tree: Tree, rules: Rules, rung: Iterable[Rung], now: datetime
) -> Mapping[tuple[str, str], Outcome]:
    """Say how each line stands, by its place and role."""
    look = _Look(tree, rules, rung, now)
    look.next()
    return look.outcomes


def complete(rung: Sequence[Rung], found: Next) -> bool:
    """Whether everybody who was called has answered, and nobody else is to be called."""
    return not found.rings and all(one.answered_at is not None for one in rung)


class _Look:
    """One look at a call. `_rings` holds what is to be done; a person called for two lines is in it once."""

    def __init__(self, tree: Tree, rules: Rules, rung: Iterable[Rung], now: datetime) -> None:
        self._tree, self._rules, self._now = tree, rules, now
        self._rung = {(one.person, one.about): one for one in rung}
        self._answers = {key for key, one in self._rung.items() if one.answered_at is not None}
        self._told = {about for _, about in self._answers}
        self._places = {place.code: place for place in tree.places}
        self._rings: dict[tuple[str, str], Ring] = {}
        self._looks: list[datetime] = []
        self.outcomes: dict[tuple[str, str], Outcome] = {}

    def next(self) -> Next:
        failed: dict[str, list[Line]] = {}
        for line in lines(self._tree, self._rules):
            outcome = self._ask(line)
            if outcome is None:
                failed.setdefault(line.place, []).append(line)
            else:
                self.outcomes[line.place, line.role] = outcome
        for place, its in failed.items():
            outcome = self._climb(place)
            self.outcomes |= {(place, line.role): outcome for line in its}
        return Next(rings=tuple(self._rings.values()), look_at=min(self._looks, default=None))

    def _ask(self, line: Line) -> Outcome | None:
        """Bring one line forward; None when nobody of it is left to wait for."""
        if self._answered(line.first):
            return "answered"
        if self._answered(line.instead):
            return "substitute"
        if self._runs(line.first, line.place, ITSELF, "first", self._rules.answer_ms):
            return "waiting"
        if self._runs(line.instead, line.place, ITSELF, "substitute", self._rules.substitute_ms):
            return "waiting"
        return None

    def _climb(self, about: str) -> Outcome:
        """Tell the places above about one where nobody answered, the nearest first."""
        if about in self._told:
            return "above"
        above = self._places[about].parent
        while above is not None and above in self._places:
            its = _lines(self._places[above], self._rules)
            for group in (
                [one for line in its for one in line.first],
                [one for line in its for one in line.instead],
            ):
                asked = [one for one in group if self._may_be_asked(one.person, about)]
                if self._runs(asked, above, about, "above", self._rules.above_ms):
                    return "waiting"
            above = self._places[above].parent
        return "nobody"

    def _may_be_asked(self, person: str, about: str) -> bool:
        own = self._rung.get((person, ITSELF))
        silent = own is not None and own.answered_at is None and own.answer_by <= self._now
        return not silent or (person, about) in self._rung

    def _answered(self, group: Iterable[Holder]) -> bool:
        return any((one.person, ITSELF) in self._answers for one in group)

    def _runs(self, group: Sequence[Holder], place: str, about: str, why: Why, within_ms: int) -> bool:
        """Call whoever of a group was not called yet; whether the clock of any of them runs."""
        if self._begin(group, place, about, why, within_ms):
            return True
        ends = [self._rung[one.person, about].answer_by for one in group if (one.person, about) in self._rung]
        if not ends or max(ends) <= self._now:
            return any((one.person, about) in self._rings for one in group)
        self._looks.append(max(ends))
        return True

    def _begin(self, group: Iterable[Holder], place: str, about: str, why: Why, within_ms: int) -> bool:
        begun = False
        for one in group:
            key = (one.person, about)
            if key in self._rung or key in self._rings:
                continue
            self._rings[key] = Ring(
                person=one.person,
                place=place,
                role=one.role,
                rank=one.rank,
                about=about,
                why=why,
                within_ms=within_ms,
            )
            begun = True
        if begun:
            self._looks.append(self._now + timedelta(milliseconds=within_ms))
        return begun
