"""Whose land is this: from positions to leaf cells and their chains upwards, for tens of thousands of cells in memory."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NOWHERE: Final = -1
REACH: Final = 1e-8
"""Degrees within which a position in no leaf still belongs to one: a millimetre, what rounding of borders costs."""


class GridIndex:
    """The cells of one theme, frozen. Leaves are the cells that no other names as its parent.

    Cells are numbered 0 … N - 1 in the order of their codes (`codes`), so the lowest number is the lowest code.
    """

    def __init__(
        self, codes: Sequence[str], parents: Sequence[str | None], shapes: Sequence[BaseGeometry]
    ) -> None:
        """Index cells given in any order; only leaves need a shape. Raises ValueError for a repeated code, or chains without an end.

        A parent that is not among the codes ends the chain.
        """
        order = sorted(range(len(codes)), key=codes.__getitem__)
        self.codes: tuple[str, ...] = tuple(codes[k] for k in order)
        self._number = {code: number for number, code in enumerate(self.codes)}
        if len(self._number) < len(codes):
            raise ValueError("codes must not repeat")
        self.parents: Ints = np.asarray(
            [self._number.get(parents[k] or "", NOWHERE) for k in order], dtype=np.int64
        )
        self.depth: Final = self._depth()
        has_child = np.zeros(len(codes), dtype=bool)
        has_child[self.parents[self.parents != NOWHERE]] = True
        self.leaves: Ints = np.flatnonzero(~has_child)
        self._outlines = np.asarray(shapes, dtype=object)[np.asarray(order, dtype=np.int64)[self.leaves]]
        shapely.prepare(self._outlines)  # a point in an outline of N corners then takes log N steps
        bounds = shapely.bounds(self._outlines) + np.array([-REACH, -REACH, REACH, REACH])
        boxes = np.asarray(shapely.box(*bounds.T), dtype=object)
        boxes[np.isnan(bounds).any(axis=1)] = None
        self._tree = shapely.STRtree(
            boxes
        )  # of boxes: a predicate would prepare the points, not the outlines

    def _depth(self) -> int:
        """Levels of the longest chain."""
        at, depth = np.arange(len(self.parents)), 0
        while (at != NOWHERE).any():
            depth += 1
            if depth > len(self.parents):
                raise ValueError("a cell is above itself")
            at = np.where(at == NOWHERE, NOWHERE, self.parents[at])
        return depth

    def __len__(self) -> int:
        """Count the cells of all levels."""
        return len(self.codes)

    def number(self, code: str) -> int:
        """Return the number of a code, or NOWHERE."""
        return self._number.get(code, NOWHERE)

    def leaves_at(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> Ints:
        """Return the number of the leaf at each of N positions in stored degrees; NOWHERE outside and where one is not finite.

        On a shared border the lowest code answers. So it does for a position in no leaf but within `REACH` of some.
        """
        x, y = (
            np.atleast_1d(np.asarray(lon, dtype=np.float64)),
            np.atleast_1d(np.asarray(lat, dtype=np.float64)),
        )
        found = np.full(len(x), NOWHERE, dtype=np.int64)
        if not len(self.leaves):
            return found
        points = np.asarray(shapely.points(x, y), dtype=object)
        known = np.isfinite(x) & np.isfinite(y)
        points[~known] = None
        which, leaf = self._tree.query(points)
        inside = shapely.intersects_xy(self._outlines[leaf], x[which], y[which])
        self._lowest(found, which[inside], leaf[inside])
        near = np.flatnonzero(found[which] == NOWHERE)
        near = near[shapely.dwithin(self._outlines[leaf[near]], points[which[near]], REACH)]
        self._lowest(found, which[near], leaf[near])
        return found

    def _lowest(self, found: Ints, which: Ints, leaf: Ints) -> None:
        """Give each position the lowest of its leaves."""
        best = np.full(len(found), len(self.codes), dtype=np.int64)
        np.minimum.at(best, which, leaf)
        found[which] = self.leaves[best[which]]

    def chains(self, numbers: npt.ArrayLike) -> Ints:
        """Return the chains of N cells, (N, depth): the cell itself, its parent and so on; NOWHERE beyond the top."""
        at = np.asarray(numbers, dtype=np.int64)
        chain = np.full((len(at), self.depth), NOWHERE, dtype=np.int64)
        for level in range(self.depth):
            chain[:, level] = at
            at = np.where(at == NOWHERE, NOWHERE, self.parents[at])
        return chain

    def leaf(self, lon: float, lat: float) -> str | None:
        """Return the code of the leaf at a position, or None outside."""
        number = int(self.leaves_at(lon, lat)[0])
        return None if number == NOWHERE else self.codes[number]

    def chain(self, code: str) -> tuple[str, ...]:
        """Return codes from the top down to this cell. Raises KeyError for an unknown one."""
        upwards: list[str] = []
        at = self._number[code]
        while at != NOWHERE:
            upwards.append(self.codes[at])
            at = int(self.parents[at])
        return tuple(reversed(upwards))

    def locate(self, lon: float, lat: float) -> tuple[str, ...]:
        """Return the codes from the top down to the leaf at a position; empty outside."""
        leaf = self.leaf(lon, lat)
        return () if leaf is None else self.chain(leaf)

    def below(self, code: str) -> tuple[str, ...]:
        """Return all leaves that a cell answers for, itself when it is one. Raises KeyError for an unknown code."""
        chains = self.chains(self.leaves)
        return tuple(
            self.codes[leaf] for leaf in self.leaves[(chains == self._number[code]).any(axis=1)].tolist()
        )
