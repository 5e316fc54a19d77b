"""Names on a map: where each one goes so that none covers another, a symbol, or the edge.

Everything is in millimetres of paper, y down. A label has candidate places; a choice takes at most one for each label.
The best choice is a maximum-weight independent set of the graph in which candidates that overlap are joined (Wagner and
Wolff 1998), which is NP-hard: here a greedy choice, then a local search that moves others aside. What finds no place is
told to the caller, who numbers and lists it.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import atan2, cos, degrees, hypot, radians, sin
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_ROUNDS: Final = 6
_TOUCH_MM: Final = 0.02  # boxes may touch
_OVERLAID: Final = 0.8  # of two radii: signs that are nearer to each other lie on each other
_SAME: Final = 0.5  # of two radii: nobody tells such places apart on paper
_HEED: Final = 0.5  # how much a first choice heeds what it takes from others
_PER_WEIGHT: Final = 1000  # a better place is never worth a label
_STRAIGHT: Final = 0.35  # of the letters' height: how far a line may leave the words that lie on it
_UPRIGHT_DEG: Final = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A box of words: its middle, size, turn (degrees clockwise on paper), the letters' size; `cost` 0 (best) to 999.

    leader: the foot of a thin line that joins the box to what it names; None: it stands where it belongs.
    """

    x: float
    y: float
    width: float
    height: float
    turn: float = 0.0
    size: float = 0.0
    cost: int = 0
    leader: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A name that wants one of its places. `weight` from 1: what one more such label is worth."""

    key: str
    weight: int
    places: tuple[Place, ...]


def boxes(places: Sequence[Place], *, grown_mm: float = 0.0) -> npt.NDArray[np.object_]:
    """Return the rectangles of places, each side moved outwards by `grown_mm`."""
    if not places:
        return np.empty(0, dtype=object)
    middle = np.array([(place.x, place.y) for place in places])
    half = np.array([(place.width, place.height) for place in places]) / 2 + grown_mm
    turn = np.radians([place.turn for place in places])
    cosine, sine = np.cos(turn)[:, None], np.sin(turn)[:, None]
    across = half[:, :1] * np.array([[-1.0, 1.0, 1.0, -1.0]])
    down = half[:, 1:] * np.array([[-1.0, -1.0, 1.0, 1.0]])
    corners = np.stack(
        (
            middle[:, :1] + across * cosine - down * sine,
            middle[:, 1:] + across * sine + down * cosine,
        ),
        axis=2,
    )
    return np.asarray(shapely.polygons(corners), dtype=object)


# -- signs


def gathered(
    points: Floats, radii: Floats, sorts: Sequence[Hashable], *, most_mm: float, around: Floats | None = None
) -> tuple[list[list[int]], Floats]:
    """Return signs that fit side by side: groups of points (one sign each, its first member's) and the signs' places.

    Points of one sort are gathered where they stand closer than half a sign, and where their signs would lie on each
    other even after `spread`; the closest first. around: dots that signs move away from; rows of x, y, radius.
    """
    dots = np.empty((0, 3)) if around is None else around
    groups = [[at] for at in range(len(points))]
    while merged := _crowded(groups, points[[group[0] for group in groups]], radii, sorts, _SAME):
        groups = _joined(groups, merged)
    while True:
        lead = [group[0] for group in groups]
        moved = spread(
            np.vstack((points[lead], dots[:, :2])),
            np.concatenate((radii[lead], dots[:, 2])),
            most_mm=most_mm,
            fixed=len(dots),
        )[: len(lead)]
        merged = _crowded(groups, moved, radii, sorts, _OVERLAID)
        if not merged:
            return groups, moved
        groups = _joined(groups, merged)


def _joined(groups: Sequence[list[int]], merged: Sequence[tuple[int, int]]) -> list[list[int]]:
    into = dict(merged)
    gone = set(into.values())
    return [
        [*group, *groups[into[at]]] if at in into else group
        for at, group in enumerate(groups)
        if at not in gone
    ]


def _crowded(
    groups: Sequence[Sequence[int]], moved: Floats, radii: Floats, sorts: Sequence[Hashable], share: float
) -> list[tuple[int, int]]:
    """Return pairs of groups of one sort nearer than a share of their radii, the closest first, each in one pair at most."""
    if len(groups) < 2:  # noqa: PLR2004  # two can be in each other's way
        return []
    pairs = cKDTree(moved).query_pairs(2 * float(radii.max()), output_type="ndarray")
    found = []
    for one, other in pairs.tolist():
        first, second = groups[one][0], groups[other][0]
        distance = float(np.hypot(*(moved[one] - moved[other])))
        if sorts[first] == sorts[second] and distance < share * (radii[first] + radii[second]):
            found.append((distance, one, other))
    taken: set[int] = set()
    chosen = []
    for _, one, other in sorted(found):
        if not taken & {one, other}:
            taken |= {one, other}
            chosen.append((one, other))
    return chosen


def spread(
    points: Floats, radii: Floats, *, most_mm: float, fixed: int = 0, gap_mm: float = 0.15, rounds: int = 60
) -> Floats:
    """Return N points moved apart until round signs of these radii stand side by side, each by at most `most_mm`.

    Signs that stand alone stay where they are, and so do the last `fixed`, which others move away from. In a crowd that
    has no room within the limit some still overlap.
    """
    free = np.arange(len(points)) < len(points) - fixed
    moved = points.astype(np.float64).copy()
    if len(moved) < 2:  # noqa: PLR2004  # two can be in each other's way
        return moved
    # the golden angle tells signs on the very same spot apart, always in the same way
    angle = np.arange(len(moved)) * 2.399963
    moved += np.where(free, 0.01, 0.0)[:, None] * np.column_stack((np.cos(angle), np.sin(angle)))
    reach = 2 * float(radii.max()) + gap_mm
    for _ in range(rounds):
        pairs = cKDTree(moved).query_pairs(reach, output_type="ndarray")
        if not len(pairs):
            break
        one, other = pairs[:, 0], pairs[:, 1]
        apart = moved[other] - moved[one]
        distance = np.hypot(apart[:, 0], apart[:, 1])
        missing = radii[one] + radii[other] + gap_mm - distance
        close = (missing > _TOUCH_MM) & (free[one] | free[other])
        if not close.any():
            break
        one, other, missing = one[close], other[close], missing[close]
        push = apart[close] / np.maximum(distance[close], 1e-6)[:, None] * (missing * 0.35)[:, None]
        np.add.at(moved, one, -push)
        np.add.at(moved, other, push)
        off = (moved - points) * free[:, None]
        far = np.hypot(off[:, 0], off[:, 1])
        back = np.minimum(1.0, most_mm / np.maximum(far, 1e-9))[:, None]
        moved = points + off * back
    alone = np.hypot(*(moved - points).T) < 2 * _TOUCH_MM
    return np.where(alone[:, None], points, moved)


# -- candidates


def around_point(
    x: float, y: float, radius: float, width: float, height: float, *, gap: float = 0.4
) -> tuple[Place, ...]:
    """Return the eight places around a symbol, in the order that readers like (Imhof 1962): right first."""
    aside, off = radius + gap + width / 2, radius + gap + height / 2
    slant = 0.75 * radius + 0.3 * gap
    corner_x, corner_y = slant + width / 2, slant + height / 2
    directions = (
        (aside, 0.0, 0),
        (corner_x, -corner_y, 60),
        (corner_x, corner_y, 90),
        (-aside, 0.0, 110),
        (0.0, -off, 130),
        (0.0, off, 150),
        (-corner_x, -corner_y, 170),
        (-corner_x, corner_y, 200),
    )
    return tuple(
        Place(x=x + dx, y=y + dy, width=width, height=height, size=height, cost=cost)
        for dx, dy, cost in directions
    )


def led_from(
    x: float, y: float, width: float, height: float, *, distances: Sequence[float] = (5.0, 8.0, 12.0)
) -> tuple[Place, ...]:
    """Return places further off, each joined to its foot by a leader line: for what stands in a crowd."""
    found = []
    for ring, distance in enumerate(distances):
        for step in range(12):
            angle = radians(30 * step)
            dx, dy = cos(angle), sin(angle)
            # the box begins where the leader ends
            found.append(
                Place(
                    x=x + dx * (distance + width / 2),
                    y=y + dy * (distance + height / 2),
                    width=width,
                    height=height,
                    size=height,
                    cost=500 + 120 * ring + step,
                    leader=(x, y),
                )
            )
    return tuple(found)


def in_area(
    area: BaseGeometry, width: float, height: float, *, spots: int = 5, cost: int = 0
) -> tuple[Place, ...]:
    """Return level places whose box lies within an area, the roomiest spot first; none where the box fits nowhere.

    The first is the pole of inaccessibility, the point furthest from the outline. Then come points of a lattice.
    """
    parts = [part for part in shapely.get_parts(area) if part.area >= width * height]
    if not parts:
        return ()
    largest = max(parts, key=lambda part: part.area)
    pole = shapely.get_point(shapely.maximum_inscribed_circle(largest, tolerance=0.5), 0)
    west, south, east, north = largest.bounds
    xs, ys = np.meshgrid(
        np.linspace(west, east, 2 * spots + 1)[1:-1], np.linspace(south, north, 2 * spots + 1)[1:-1]
    )
    points = np.column_stack((np.append(pole.x, xs.ravel()), np.append(pole.y, ys.ravel())))
    places = [Place(x=x, y=y, width=width, height=height, size=height) for x, y in points.tolist()]
    shapely.prepare(largest)
    fitting = shapely.contains_properly(largest, boxes(places))
    away = np.hypot(points[:, 0] - pole.x, points[:, 1] - pole.y)
    reach = max(east - west, north - south)
    return tuple(
        replace(places[at], cost=cost + min(int(200 * away[at] / reach), 200))
        for at in np.argsort(away, kind="stable").tolist()
        if fitting[at]
    )


def along_line(
    line: BaseGeometry,
    width: float,
    height: float,
    *,
    level: bool = False,
    beside: float = 0.0,
    every_mm: float = 6.0,
) -> tuple[Place, ...]:
    """Return places on a line where it is straight enough for the words, those near its middle first.

    level: the box stays level, as the numbers of roads do. beside: millimetres between the line and the words' middle;
    0: on the line. Words never stand on their head.
    """
    found: list[Place] = []
    for part in shapely.get_parts(line):
        if part.length < (width if not level else height):
            continue
        count = max(1, int((part.length - width) / every_mm) + 1)
        for centre in np.linspace(
            min(width / 2, part.length / 2), max(part.length - width / 2, part.length / 2), count
        ):
            place = _on_line(part, float(centre), width, height, level=level, beside=beside)
            if place is not None:
                off = abs(float(centre) / part.length - 0.5)
                found.append(replace(place, cost=place.cost + int(160 * off)))
    return tuple(sorted(found, key=lambda place: place.cost))


def _on_line(
    line: shapely.LineString, centre: float, width: float, height: float, *, level: bool, beside: float
) -> Place | None:
    middle = line.interpolate(centre)
    if level:
        return Place(x=middle.x, y=middle.y, width=width, height=height, size=height)
    positions = np.linspace(centre - width / 2, centre + width / 2, 7)
    under = shapely.get_coordinates(shapely.line_interpolate_point(line, positions.tolist()))
    dx, dy = under[-1] - under[0]
    chord = hypot(dx, dy)
    if chord < 0.9 * width:  # it turns back on itself
        return None
    normal = np.array([-dy, dx]) / chord
    off = (under - under[0]) @ normal
    bent = float(off.max() - off.min())
    if bent > _STRAIGHT * height:
        return None
    turn = degrees(atan2(dy, dx))
    if abs(turn) > _UPRIGHT_DEG:
        turn -= 180.0 if turn > 0 else -180.0
        normal = -normal
    x, y = under.mean(axis=0) - normal * beside
    return Place(
        x=float(x),
        y=float(y),
        width=width,
        height=height,
        turn=turn,
        size=height,
        cost=int(200 * bent / height) + int(abs(turn)),
    )


# -- the choice


def place(
    labels: Sequence[Label],
    *,
    frame: tuple[float, float],
    obstacles: Sequence[BaseGeometry] = (),
    avoided: Sequence[BaseGeometry] = (),
) -> dict[str, Place]:
    """Choose places; labels that get none are missing from the answer.

    frame: width and height in mm that boxes stay within. obstacles: what no box may touch (symbols, boxes placed
    before). avoided: lines that a box had better not cross; each one costs. Same labels, same answer.
    """
    owners, places = _possible(labels, frame, obstacles, avoided)
    if not places:
        return {}
    search = _Search(
        weights=[label.weight for label in labels],
        owner=owners,
        cost=np.array([place.cost for place in places], dtype=np.int64),
        overlaps=_overlaps(places, owners),
    )
    chosen = search.run()
    return {labels[owners[at]].key: places[at] for at in chosen}


def _possible(
    labels: Sequence[Label],
    frame: tuple[float, float],
    obstacles: Sequence[BaseGeometry],
    avoided: Sequence[BaseGeometry],
) -> tuple[Ints, list[Place]]:
    owners = np.array([at for at, label in enumerate(labels) for _ in label.places], dtype=np.int64)
    places = [place for label in labels for place in label.places]
    if not places:
        return owners, places
    rectangles = boxes(places, grown_mm=-_TOUCH_MM)
    bounds = shapely.bounds(rectangles)
    free = np.asarray((bounds[:, :2] >= 0).all(axis=1) & (bounds[:, 2:] <= np.array(frame)).all(axis=1))
    if obstacles:
        hit, _ = shapely.STRtree(list(obstacles)).query(rectangles, predicate="intersects")
        free[hit] = False
    crossings = np.zeros(len(places), dtype=np.int64)
    if avoided:
        # asked from the long lines: each is prepared once, and then many boxes are looked at
        _, hit = shapely.STRtree(rectangles).query(np.array(avoided, dtype=object), predicate="intersects")
        crossings += np.bincount(hit, minlength=len(places))
    kept = np.flatnonzero(free)
    priced = [
        replace(places[at], cost=min(places[at].cost + 40 * int(crossings[at]), 999)) for at in kept.tolist()
    ]
    return owners[kept], priced


def _overlaps(places: Sequence[Place], owners: Ints) -> list[list[int]]:
    rectangles = boxes(places, grown_mm=-_TOUCH_MM)
    one, other = shapely.STRtree(rectangles).query(rectangles, predicate="intersects")
    apart = owners[one] != owners[other]
    one, other = one[apart], other[apart]
    order = np.argsort(one, kind="stable")
    starts = np.searchsorted(one[order], np.arange(len(places) + 1))
    return [sorted(other[order[a:b]].tolist()) for a, b in pairwise(starts.tolist())]


class _Search:
    """The state of one search: which candidate each label has, and how many placed ones each candidate overlaps."""

    def __init__(self, weights: Sequence[int], owner: Ints, cost: Ints, overlaps: list[list[int]]) -> None:
        self.weights = weights
        self.owner: list[int] = owner.tolist()
        self.cost: list[int] = cost.tolist()
        self.overlaps = overlaps
        self.of: list[list[int]] = [[] for _ in weights]
        for at, label in enumerate(self.owner):
            self.of[label].append(at)
        # what a candidate may take from others: of each, its weight spread over the places that it has
        share = [
            weight * _PER_WEIGHT / max(len(own), 1) for weight, own in zip(weights, self.of, strict=True)
        ]
        self.blocks = [sum(share[self.owner[other]] for other in overlapped) for overlapped in overlaps]
        for own in self.of:
            own.sort(key=lambda at: (self.cost[at], at))
        self.modest = [
            sorted(own, key=lambda at: (self.cost[at] + _HEED * self.blocks[at], at)) for own in self.of
        ]
        self.chosen: dict[int, int] = {}
        self.covered = [0] * len(self.owner)  # how many chosen candidates overlap this one

    def run(self) -> list[int]:
        """Return the chosen candidates."""
        # what has few ways out goes before its equals
        order = sorted(
            range(len(self.weights)), key=lambda label: (-self.weights[label], len(self.of[label]), label)
        )
        for label in order:
            self._settle(label, self.modest[label])
        for _ in range(_ROUNDS):
            gained = [self._insert(label) for label in order if label not in self.chosen]
            bettered = [self._better(label) for label in order if label in self.chosen]
            if not any(gained) and not any(bettered):
                break
        return sorted(self.chosen.values())

    def _value(self, candidate: int) -> int:
        return self.weights[self.owner[candidate]] * _PER_WEIGHT - self.cost[candidate]

    def _put(self, candidate: int) -> None:
        self.chosen[self.owner[candidate]] = candidate
        for other in self.overlaps[candidate]:
            self.covered[other] += 1

    def _take(self, label: int) -> int:
        candidate = self.chosen.pop(label)
        for other in self.overlaps[candidate]:
            self.covered[other] -= 1
        return candidate

    def _free(self, label: int) -> int | None:
        """Return the label's cheapest candidate that overlaps nothing placed."""
        return next((at for at in self.of[label] if not self.covered[at]), None)

    def _settle(self, label: int, places: Sequence[int] = ()) -> bool:
        """Give a label its first free place, in the order of `places`, else the cheapest."""
        free = next((at for at in places or self.of[label] if not self.covered[at]), None)
        if free is None:
            return False
        self._put(free)
        return True

    def _better(self, label: int) -> bool:
        before = self._take(label)
        free = self._free(label)
        self._put(before if free is None or self.cost[free] >= self.cost[before] else free)
        return self.chosen[label] != before

    def _insert(self, label: int) -> bool:
        """Place a label by moving those in its way elsewhere, or by giving up less than it is worth."""
        if self._settle(label):
            return True
        for candidate in self.of[label]:
            moved = {self.owner[other]: other for other in self.overlaps[candidate] if self._is_chosen(other)}
            if sum(map(self._value, moved.values())) >= self._value(candidate) + _PER_WEIGHT * sum(
                self.weights[other] for other in moved if len(self.of[other]) > 1
            ):
                continue
            if self._exchange(candidate, moved):
                return True
        return False

    def _is_chosen(self, candidate: int) -> bool:
        return self.chosen.get(self.owner[candidate]) == candidate

    def _exchange(self, candidate: int, moved: Mapping[int, int]) -> bool:
        before = sum(self._value(other) for other in moved.values())
        for label in moved:
            self._take(label)
        self._put(candidate)
        after = self._value(candidate)
        for label in sorted(moved, key=lambda one: (-self.weights[one], one)):
            if self._settle(label):
                after += self._value(self.chosen[label])
        if after > before:
            return True
        for label in moved:
            if label in self.chosen:
                self._take(label)
        self._take(self.owner[candidate])
        for other in moved.values():
            self._put(other)
        return False
