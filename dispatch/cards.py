"""Requirement cards: (incident type, level) → needs. Raising the level adds only the difference.

A card has one line for each capability, vehicle kind or item, with a quantity for each of the four levels. Grade,
least strength and criticality belong to the line and do not change with the level: what was ordered at a lower level
therefore counts in full when the level is raised. A higher demand on the few best is a line of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dispatch.model import Need, NeedKind

LEVELS = (1, 2, 3, 4)
"""I to IV; 1 is the highest."""

BEST_GRADE, LAST_GRADE = 1, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CardLine:
    """What one line asks for at each level: `quantities[0]` at level I … `quantities[3]` at level IV.

    Units as in `dispatch.model.Need`. A line may ask for nothing at the lower levels, but never for less at a
    higher level. Raises ValueError for a line that breaks this.
    """

    kind: NeedKind
    code: str
    quantities: tuple[int, ...]
    critical: bool = True
    grade: int = LAST_GRADE
    min_strength: int = 1

    def __post_init__(self) -> None:
        wrong = [
            text
            for text, holds in (
                (
                    f"has {len(self.quantities)} quantities, not {len(LEVELS)}",
                    len(self.quantities) == len(LEVELS),
                ),
                ("asks for nothing at level I", max(self.quantities, default=0) >= 1),
                ("asks for less than nothing", min(self.quantities, default=0) >= 0),
                (
                    "asks for less at a higher level",
                    list(self.quantities) == sorted(self.quantities, reverse=True),
                ),
                (f"has grade {self.grade}", BEST_GRADE <= self.grade <= LAST_GRADE),
                (f"has least strength {self.min_strength}", self.min_strength >= 1),
                ("grades what is no team", self.kind == "capability" or self._is_ungraded),
            )
            if not holds
        ]
        if wrong:
            raise ValueError(f"{self.key} {', '.join(wrong)}")

    @property
    def _is_ungraded(self) -> bool:
        return self.grade == LAST_GRADE and self.min_strength == 1

    @property
    def key(self) -> str:
        """Unique in its card and the same at every level: "capability:medical", "capability:medical:1" if graded."""
        plain = f"{self.kind}:{self.code}"
        return plain if self.grade == LAST_GRADE else f"{plain}:{self.grade}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Everything that an incident of one type needs, at each level. Raises ValueError for a repeated line."""

    incident_type: str
    lines: tuple[CardLine, ...]

    def __post_init__(self) -> None:
        keys = [line.key for line in self.lines]
        repeated = sorted({key for key in keys if keys.count(key) > 1})
        if repeated:
            raise ValueError(f"{self.incident_type} asks more than once for {', '.join(repeated)}")


def needs(card: Card, level: int) -> tuple[Need, ...]:
    """Return what `card` asks for at `level`, in the card's order. Raises ValueError for a level that is none."""
    if level not in LEVELS:
        raise ValueError(f"{level} is no level: one of {LEVELS}")
    asked = ((line, line.quantities[level - 1]) for line in card.lines)
    return tuple(_need(line, quantity) for line, quantity in asked if quantity)


def _need(line: CardLine, quantity: int) -> Need:
    return Need(
        key=line.key,
        kind=line.kind,
        code=line.code,
        quantity=quantity,
        critical=line.critical,
        grade=line.grade,
        min_strength=line.min_strength,
    )


def outstanding(asked: Sequence[Need], ordered: Mapping[str, int]) -> tuple[Need, ...]:
    """Return what is left of `asked` after `ordered`: amounts by need key that open or finished orders bring.

    More than was asked for never makes a need negative, and does not count towards another need.
    """
    left = (replace(need, quantity=need.quantity - ordered.get(need.key, 0)) for need in asked)
    return tuple(need for need in left if need.quantity > 0)
