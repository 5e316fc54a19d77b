"""Mending what rounding and drawing by hand leave between grids: hairline gaps, overlaps, overhangs and slivers.

From the widest level down, because a grid must fit its parent first: what a grid has beyond its parent is cut off; of land in two grids the one
with the lower code keeps it; a gap goes to the grid with the longest border on it; so does a sliver, whose grid ends. Only faults below
a stated size are touched, and only the grids that they name.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.crs import geodesic_area_m2
from gis.grid_check import SLIVER_M2, SLIVER_WIDTH_M, Finding, Grids, areas_of, check

MOST_M2: Final = 5_000.0
"""Square metres up to which a fault is mended."""

_ROUNDS: Final = 12  # a gap that is filled may leave one a level below, and so on
_NEAR: Final = 3e-8  # degrees within which borders are the same


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Change:
    """What mending does to one grid. after: None where a sliver was given to its neighbour `into`."""

    grid: str
    before: BaseGeometry
    after: BaseGeometry | None
    reasons: tuple[Literal["gap", "overlap", "overhang", "sliver"], ...]
    area_m2: float
    """Square metres that are different."""
    into: str = ""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Mending:
    """A proposal: the grids that change, those grids afterwards, and what is left for a person."""

    changes: tuple[Change, ...]
    grids: Grids
    left: tuple[Finding, ...]


def mend(
    grids: Grids,
    *,
    most_m2: float = MOST_M2,
    leaf_level: int = 5,
    sliver_m2: float = SLIVER_M2,
    sliver_width_m: float = SLIVER_WIDTH_M,
) -> Mending:
    """Propose how to mend all faults up to `most_m2`. Mending what is mended changes nothing.

    Grids with the same code twice, without a shape or without a parent are left alone, and what hangs on them is too.
    """
    state = _State(grids, most_m2)

    def look() -> list[Finding]:
        return check(state.grids(), leaf_level=leaf_level, sliver_m2=sliver_m2, sliver_width_m=sliver_width_m)

    found = look()
    for _ in range(_ROUNDS):
        todo = [finding for finding in found if state.can_mend(finding)]
        if not todo:
            break
        first = min(_rank(finding) for finding in todo)
        mended = [state.mend(finding) for finding in todo if _rank(finding) == first]
        if not any(mended):
            break
        found = look()
    return Mending(changes=state.changes(), grids=state.grids(), left=tuple(found))


_ORDER: Final = ("overhang", "overlap", "gap", "sliver")


def _rank(finding: Finding) -> tuple[int, int]:
    """Wider levels first; a gap is mended at the level of the children that will fill it."""
    return finding.level + (finding.code == "gap"), _ORDER.index(finding.code)


class _State:
    """The grids while they are mended."""

    def __init__(self, grids: Grids, most_m2: float) -> None:
        self._most = most_m2
        self._before = grids
        self._shapes = dict(zip(grids.codes, grids.shapes.tolist(), strict=True))
        self._broken = {code for code in self._shapes if list(grids.codes).count(code) > 1}
        self._broken |= {code for code, shape in self._shapes.items() if shape is None or shape.is_empty}
        self._parent = dict(zip(grids.codes, grids.parents, strict=True))
        self._reasons: dict[str, list[Literal["gap", "overlap", "overhang", "sliver"]]] = {}
        self._into: dict[str, str] = {}

    def grids(self) -> Grids:
        """Return the grids as they are now."""
        there = [k for k, code in enumerate(self._before.codes) if code not in self._into]
        shapes = np.empty(len(there), dtype=object)
        shapes[:] = [
            self._before.shapes[k]
            if self._before.codes[k] in self._broken
            else self._shapes[self._before.codes[k]]
            for k in there
        ]
        return replace(
            self._before,
            codes=[self._before.codes[k] for k in there],
            parents=[self._before.parents[k] for k in there],
            levels=self._before.levels[there],
            shapes=shapes,
        )

    def changes(self) -> tuple[Change, ...]:
        """Return what became different, by code."""
        found = []
        for code, before in sorted(zip(self._before.codes, self._before.shapes.tolist(), strict=True)):
            if code not in self._reasons:
                continue
            after = None if code in self._into else self._shapes[code]
            different = before if after is None else areas_of(shapely.symmetric_difference(before, after))
            found.append(
                Change(
                    grid=code,
                    before=before,
                    after=after,
                    reasons=tuple(dict.fromkeys(self._reasons[code])),
                    area_m2=0.0 if different.is_empty else geodesic_area_m2(different),
                    into=self._into.get(code, ""),
                )
            )
        return tuple(found)

    def can_mend(self, finding: Finding) -> bool:
        """Whether a fault is of a kind and size that is mended."""
        return finding.mendable and finding.area_m2 <= self._most and not self._broken & set(finding.grids)

    def mend(self, finding: Finding) -> bool:
        """Mend one fault; False where no grid can take it."""
        ways = {
            "overhang": self._cut_off,
            "overlap": self._cut_apart,
            "gap": self._fill,
            "sliver": self._give_away,
        }
        return ways[finding.code](finding)

    def _set(
        self, code: str, shape: BaseGeometry, reason: Literal["gap", "overlap", "overhang", "sliver"]
    ) -> bool:
        clean = areas_of(shape)
        if clean.is_empty or clean.equals_exact(self._shapes[code], 0.0):
            return False
        self._shapes[code] = clean
        self._reasons.setdefault(code, []).append(reason)
        return True

    def _cut_off(self, finding: Finding) -> bool:
        cell, parent = finding.grids
        return self._set(cell, shapely.intersection(self._shapes[cell], self._shapes[parent]), "overhang")

    def _cut_apart(self, finding: Finding) -> bool:
        keeps, gives = finding.grids
        return self._set(gives, shapely.difference(self._shapes[gives], self._shapes[keeps]), "overlap")

    def _fill(self, finding: Finding) -> bool:
        assert finding.shape is not None  # noqa: S101 - a gap has a place
        taker = self._longest_border(
            finding.shape, [one for one in finding.grids[1:] if one not in self._into]
        )
        return taker != "" and self._set(taker, self._joined(self._shapes[taker], finding.shape), "gap")

    def _give_away(self, finding: Finding) -> bool:
        (cell,) = finding.grids
        shape = self._shapes[cell]
        siblings = [
            code
            for code, parent in self._parent.items()
            if parent == self._parent[cell]
            and code != cell
            and code not in self._into
            and code not in self._broken
        ]
        taker = self._longest_border(shape, siblings)
        if taker == "" or not self._set(taker, self._joined(self._shapes[taker], shape), "sliver"):
            return False
        self._into[cell] = taker
        self._reasons.setdefault(cell, []).append("sliver")
        return True

    def _longest_border(self, shape: BaseGeometry, codes: list[str]) -> str:
        """Return the code of the shape with the longest border on this one; of equal ones the lowest code; "" for none."""
        hem = shapely.buffer(shape, _NEAR)
        touched = [
            (float(shapely.area(shapely.intersection(hem, self._shapes[code]))), code)
            for code in sorted(codes)
        ]
        longest = max(touched, key=lambda one: one[0], default=(0.0, ""))
        return longest[1] if longest[0] > 0 else ""

    @staticmethod
    def _joined(cell: BaseGeometry, more: BaseGeometry) -> BaseGeometry:
        return shapely.union(cell, shapely.snap(more, cell, _NEAR))
