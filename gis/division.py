"""Dividing land into compact connected cells: the model, a solver, and a proven bound.

The land is a graph of parcels (faces of a `Mosaic`): each has an area, a place and a share of the work; two that touch have
a border with a price. A division into k cells gives each cell a seat, one of at most `SEATS` parcels spread over the land (or ten a
cell), each seat to one cell at most, and costs

    compactness   sum over parcels of area x distance² to their cell's seat, over that of k discs (A² / 2 pi k)
  + BORDER x      priced metres of border between cells, over the square root of k x A
  + BALANCE x     mean over cells of |share of the work x k - 1|

The solver starts from several seatings (farthest first, then exchanges as Teitz & Bart 1968), and then improves two neighbouring
cells at a time by a minimum cut between their seats (Boykov, Veksler & Zabih 2001), under a multiplier that shifts work from one to
the other; at last single parcels are moved. Cells in pieces are repaired, so every answer is connected.

The bound is Lagrange's: each parcel's "is in one cell" is priced, and what remains falls into one minimum cut for each
seat, with half of each border (each has two sides). It leaves out connection, and of balance all
but what single heavy parcels force, so it is below every division of the model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

SEATS: Final = 40
BORDER: Final = 1.0
BALANCE: Final = 1.0

_STARTS: Final = 6
_FEW: Final = 16  # parcels: every start is tried
_ROUNDS: Final = 6
_SHIFTS: Final = 7  # halvings of the multiplier
_BOUND_ROUNDS: Final = 40
_BOUND_CUTS: Final = 300  # minimum cuts spent on the bound
_POLISHED: Final = 3
_MOVES: Final = 4  # rounds of moving single parcels
_UNITS: Final = 1_000_000  # of cost, for cuts in whole numbers


@dataclass(frozen=True, eq=False, kw_only=True)
class Parcels:
    """What is divided. N parcels; `pairs` (P, 2) touch along `border` (P,) priced metres, and all hang together.

    centres: (N, 2) metres; areas: (N,) m²; work: (N,) shares of the work, one in all.
    """

    centres: Floats
    areas: Floats
    work: Floats
    pairs: Ints
    border: Floats


@dataclass(frozen=True, eq=False, kw_only=True)
class Partition:
    """A division: a label for each parcel, its cost with its three parts, and what no division can go below."""

    labels: Ints
    cost: float
    compactness: float
    border: float
    imbalance: float
    bound: float

    @property
    def gap(self) -> float:
        """Share of the cost that is not proven to be needed, 0 to 1."""
        return max(0.0, 1.0 - self.bound / self.cost) if self.cost > 0 else 0.0


class _Model:
    """Parcels with everything that depends on the number of cells."""

    def __init__(self, parcels: Parcels, parts: int) -> None:
        self.parcels, self.parts = parcels, parts
        area = float(parcels.areas.sum())
        self.seats = _spread(parcels, max(SEATS, 10 * parts))
        offsets = parcels.centres[self.seats][:, None, :] - parcels.centres[None, :, :]
        norm = area**2 / (2 * np.pi * parts)
        self.reach: Floats = (offsets**2).sum(axis=2) * parcels.areas / norm
        """Compactness that each parcel costs under each seat, (seats, N)."""
        self.border: Floats = BORDER * parcels.border / np.sqrt(parts * area)
        self.count = len(parcels.areas)

    def seated(self, labels: Ints) -> Ints:
        """Choose a different seat for each cell, with the least cost together."""
        sums = np.zeros((self.parts, len(self.seats)))
        np.add.at(sums, labels, self.reach.T)
        return _assigned(sums)

    def parts_of_cost(self, labels: Ints) -> tuple[float, float, float]:
        """Compactness, border and imbalance, weighted; they add up to the cost."""
        compact = float(self.reach[self.seated(labels)[labels], np.arange(self.count)].sum())
        first, second = self.parcels.pairs.T
        border = float(self.border[labels[first] != labels[second]].sum())
        work = np.bincount(labels, weights=self.parcels.work, minlength=self.parts)
        return compact, border, BALANCE * float(np.abs(work * self.parts - 1).mean())

    def cost(self, labels: Ints) -> float:
        return sum(self.parts_of_cost(labels))


def divide(parcels: Parcels, parts: int, *, bounded: bool = True) -> Partition:
    """Divide parcels into `parts` connected cells. The same parcels always give the same cells.

    bounded: whether to prove a bound, which takes as long as dividing; else it is zero. Raises ValueError for more cells than parcels.
    """
    if not 1 <= parts <= len(parcels.areas):
        raise ValueError("parts must be between one and the number of parcels")
    model = _Model(parcels, parts)
    if parts == 1:
        best = np.zeros(model.count, dtype=np.int64)
    else:
        improved = [_improved(model, start) for start in _starts(model)]
        likely = sorted(improved, key=model.cost)[:_POLISHED]
        best = min((_polished(model, labels) for labels in likely), key=model.cost)
    compact, border, imbalance = model.parts_of_cost(best)
    cost = compact + border + imbalance
    return Partition(
        labels=best,
        cost=cost,
        compactness=compact,
        border=border,
        imbalance=imbalance,
        bound=min(cost, cost if parts == 1 else _bound(model, best, cost) if bounded else 0.0),
    )


def _assigned(sums: Floats) -> Ints:
    """Choose a different column for each row with the least sum."""
    nearest: Ints = np.argmin(sums, axis=1)
    if len(np.unique(nearest)) == len(nearest):
        return nearest
    rows, columns = csgraph.min_weight_full_bipartite_matching(
        sparse.csr_array(sums + 1.0)
    )  # no zeros: they mean "none"
    chosen = np.empty(len(rows), dtype=np.int64)
    chosen[rows] = columns
    return chosen


def _spread(parcels: Parcels, wanted: int) -> Ints:
    """Parcels spread over the land: the one nearest to the middle, then always the one farthest from all before."""
    if len(parcels.areas) <= wanted:
        return np.arange(len(parcels.areas))
    middle = np.average(parcels.centres, axis=0, weights=parcels.areas)
    away = np.hypot(*(parcels.centres - middle).T)
    chosen = [int(np.argmin(away))]
    away = np.full(len(parcels.areas), np.inf)
    while len(chosen) < wanted:
        away = np.minimum(away, np.hypot(*(parcels.centres - parcels.centres[chosen[-1]]).T))
        chosen.append(int(np.argmax(away)))
    return np.asarray(sorted(chosen), dtype=np.int64)


def _starts(model: _Model) -> list[Ints]:
    """Several divisions by nearest seat, from different first seats."""
    starts: list[Ints] = []
    seen: set[tuple[int, ...]] = set()
    places = model.parcels.centres[model.seats]
    small = model.count <= _FEW  # then every seat may be the first, before and after exchanges
    tried = np.linspace(0, len(model.seats) - 1, len(model.seats) if small else _STARTS).astype(np.int64)
    for first in tried.tolist():
        chosen = [first]
        away = np.hypot(*(places - places[first]).T)
        while len(chosen) < model.parts:
            chosen.append(int(np.argmax(away)))
            away = np.minimum(away, np.hypot(*(places - places[chosen[-1]]).T))
        for seats in [chosen, _exchanged(model.reach, chosen.copy())][not small :]:
            if tuple(sorted(seats)) not in seen:
                seen.add(tuple(sorted(seats)))
                starts.append(_connected(model, np.argmin(model.reach[seats], axis=0)))
    return starts


def _exchanged(reach: Floats, chosen: list[int]) -> list[int]:
    """Exchange one seat at a time while that brings parcels nearer."""
    best = float(reach[chosen].min(axis=0).sum())
    for _ in range(3):
        before = best
        for place in range(len(chosen)):
            others = reach[chosen[:place] + chosen[place + 1 :]].min(axis=0)
            sums = np.minimum(reach, others).sum(axis=1)
            sums[chosen] = np.inf
            seat = int(np.argmin(sums))
            if sums[seat] < best - 1e-12:
                best, chosen[place] = float(sums[seat]), seat
        if best >= before - 1e-12:
            break
    return chosen


def _pieces(model: _Model, labels: Ints) -> Ints:
    """Return the number of the connected piece that each parcel is in, within its cell."""
    first, second = model.parcels.pairs.T
    same = labels[first] == labels[second]
    graph = sparse.coo_array(
        (np.ones(int(same.sum())), (first[same], second[same])), shape=(model.count, model.count)
    )
    return csgraph.connected_components(graph, directed=False)[1].astype(np.int64)


def _connected(model: _Model, labels: Ints) -> Ints:
    """Give each piece that is cut off from the largest of its cell to the cell with the longest border, smallest first.

    A cell that was left without a parcel takes one from the largest.
    """
    labels = labels.copy()
    areas, (first, second) = model.parcels.areas, model.parcels.pairs.T
    while True:
        piece = _pieces(model, labels)
        size = np.bincount(piece, weights=areas)
        owner = labels[np.unique(piece, return_index=True)[1]]
        largest = np.lexsort((-size, owner))
        main = largest[np.unique(owner[largest], return_index=True)[1]]
        stray = np.setdiff1d(np.arange(len(size)), main)
        if not stray.size:
            break
        smallest = int(stray[np.argmin(size[stray])])
        inside = piece == smallest
        out = inside[first] != inside[second]
        beyond = np.where(inside[first[out]], second[out], first[out])
        shared = np.bincount(labels[beyond], weights=model.border[out] + 1e-12, minlength=model.parts)
        labels[inside] = int(np.argmax(shared))
    present = np.bincount(labels, minlength=model.parts)
    return labels if present.all() else _filled(model, labels)


def _filled(model: _Model, labels: Ints) -> Ints:
    """Give every empty cell a parcel whose leaving keeps its cell in one piece."""
    for empty in np.flatnonzero(np.bincount(labels, minlength=model.parts) == 0).tolist():
        counts = np.bincount(labels, minlength=model.parts)
        for parcel in np.argsort(
            -np.bincount(labels, weights=model.parcels.areas, minlength=model.parts)[labels], kind="stable"
        ).tolist():
            if counts[labels[parcel]] == 1:
                continue
            trial = labels.copy()
            trial[parcel] = empty
            if len(np.unique(_pieces(model, trial))) == len(np.unique(trial)):
                labels = trial
                break
    return labels


def _improved(model: _Model, labels: Ints) -> Ints:
    """Cut pairs of neighbouring cells anew until none gains."""
    cost = model.cost(labels)
    stale: set[tuple[int, int]] = set()
    for _ in range(_ROUNDS):
        before = cost
        for pair in _touching(model, labels):
            if pair in stale:
                continue
            trial, trial_cost = _recut(model, labels, pair, cost)
            stale.add(pair)
            if trial_cost < cost - 1e-9:
                labels, cost = trial, trial_cost
                stale = {known for known in stale if not set(known) & set(pair)}
        if cost >= before - 1e-9:
            break
    return labels


def _polished(model: _Model, labels: Ints) -> Ints:
    """Move single parcels over borders while that gains and leaves no cell in pieces."""
    cost = model.cost(labels)
    first, second = model.parcels.pairs.T
    for _ in range(_MOVES):
        border = labels[first] != labels[second]
        moves = np.concatenate(
            [
                np.column_stack([first[border], labels[second[border]]]),
                np.column_stack([second[border], labels[first[border]]]),
            ]
        )
        gained = False
        for parcel, into in np.unique(moves, axis=0).tolist():
            if labels[parcel] == into:
                continue
            trial = labels.copy()
            trial[parcel] = into
            trial_cost = model.cost(trial)
            if (
                trial_cost < cost - 1e-9
                and _pieces(model, trial).max() == model.parts - 1
                and len(np.unique(trial)) == model.parts
            ):
                labels, cost, gained = trial, trial_cost, True
        if not gained:
            break
    return labels


def _touching(model: _Model, labels: Ints) -> list[tuple[int, int]]:
    couples = np.sort(labels[model.parcels.pairs], axis=1)
    return [(int(a), int(b)) for a, b in np.unique(couples[couples[:, 0] != couples[:, 1]], axis=0)]


def _recut(model: _Model, labels: Ints, pair: tuple[int, int], cost: float) -> tuple[Ints, float]:
    """Find the best of several minimum cuts between the seats of two cells, from one work balance to another."""
    seats = model.seated(labels)
    inside = np.flatnonzero((labels == pair[0]) | (labels == pair[1]))
    number = np.full(model.count, -1, dtype=np.int64)
    number[inside] = np.arange(len(inside))
    both = (number[model.parcels.pairs] >= 0).all(axis=1)
    network = _Cuts(len(inside), number[model.parcels.pairs[both]], model.border[both])
    work = model.parcels.work[inside]
    lean = model.reach[seats[pair[0]], inside] - model.reach[seats[pair[1]], inside]
    best, best_cost = labels, cost
    low, high = -4.0 * BALANCE, 4.0 * BALANCE
    seen: set[bytes] = set()
    for _ in range(_SHIFTS):
        shift = (low + high) / 2
        second = ~network.below(lean + shift * work * model.parts / 2)
        if second.tobytes() not in seen:
            seen.add(second.tobytes())
            trial = labels.copy()
            trial[inside] = np.where(second, pair[1], pair[0])
            trial = _connected(model, trial)
            trial_cost = model.cost(trial) if np.bincount(trial, minlength=model.parts).all() else np.inf
            if trial_cost < best_cost - 1e-9:
                best, best_cost = trial, trial_cost
        if work[second].sum() < work.sum() / 2:
            low = shift
        else:
            high = shift
    return best, best_cost


class _Cuts:
    """Minimum cuts in one graph under changing leanings; its arcs are laid out once."""

    def __init__(self, count: int, pairs: Ints, border: Floats) -> None:
        self.count = count
        first, second = pairs.T
        source, sink = np.full(count, count), np.full(count, count + 1)
        nodes = np.arange(count)
        weight = np.maximum(np.rint(border * _UNITS), 0)
        rows = np.concatenate([first, second, source, nodes, nodes, sink])
        columns = np.concatenate([second, first, nodes, source, sink, nodes])
        self._order = np.lexsort((columns, rows))
        self._ends = columns[self._order].astype(np.int32)
        self._begins = np.concatenate(
            [[0], np.cumsum(np.bincount(rows, minlength=count + 2))], dtype=np.int32, casting="unsafe"
        )
        self._fixed = np.concatenate([weight, weight])
        self._border = border
        self._pairs = pairs

    def below(self, lean: Floats) -> Bools:
        """Return the set that minimises the sum of its leanings plus its border."""
        whole = np.rint(lean * _UNITS)
        inward, outward, nothing = np.maximum(-whole, 0), np.maximum(whole, 0), np.zeros(self.count)
        capacity = np.concatenate([self._fixed, inward, nothing, outward, nothing])
        capacity = np.minimum(capacity, 2**30)[self._order].astype(np.int32)
        shape = (self.count + 2, self.count + 2)
        graph = sparse.csr_array((capacity, self._ends, self._begins), shape=shape)
        flow = csgraph.maximum_flow(graph, self.count, self.count + 1).flow
        left = capacity - flow.data > 0  # every arc has its opposite, so the flow is laid out as the graph is
        begins = np.concatenate([[0], np.cumsum(left)])[self._begins].astype(np.int32)
        residual = sparse.csr_array((left[left], self._ends[left], begins), shape=shape)
        reached = csgraph.breadth_first_order(residual, self.count, return_predecessors=False)
        chosen = np.zeros(self.count + 2, dtype=bool)
        chosen[reached] = True
        return chosen[: self.count]

    def cost(self, chosen: Bools, lean: Floats) -> float:
        """Leanings of the set plus its border."""
        first, second = self._pairs.T
        return float(lean[chosen].sum() + self._border[chosen[first] != chosen[second]].sum())


def _bound(model: _Model, labels: Ints, cost: float) -> float:
    """Raise Lagrange's bound by subgradients (Held, Wolfe & Crowder 1974) until the cuts are used up."""
    network = _Cuts(model.count, model.parcels.pairs, model.border / 2)
    slack = model.count * 3 / _UNITS  # what rounding to whole numbers may have hidden in each cut
    price = model.reach[model.seated(labels)[labels], np.arange(model.count)].copy()
    first, second = model.parcels.pairs.T
    cut = labels[first] != labels[second]
    for side in (first, second):
        np.add.at(price, side[cut], model.border[cut] / 2)
    heavy = np.maximum(model.parcels.work * model.parts - 1, 0).sum()
    sure = (
        BALANCE * 2 * float(heavy) / model.parts
    )  # who holds a parcel with too much work has too much, others too little
    cost -= sure
    best, step, cuts, since = 0.0, 1.0, 0, 0
    for _ in range(_BOUND_ROUNDS):
        value, covered, used = _relaxed(model, network, price, slack)
        cuts += used
        since = 0 if value > best + 1e-6 else since + 1
        best = max(best, value)
        wrong = 1.0 - covered
        norm = float(wrong @ wrong)
        if norm == 0 or cuts >= _BOUND_CUTS or cost - best < 1e-3 * cost:
            break
        if since >= 3:  # noqa: PLR2004 - rounds without progress
            step, since = step / 2, 0
        price += step * (cost - value) / norm * wrong
    return best + sure


def _relaxed(model: _Model, network: _Cuts, price: Floats, slack: float) -> tuple[float, Floats, int]:
    """Return the bound under these prices, how often each parcel is covered, and how many cuts it took.

    A seat whose cut without borders is no better than the k-th found cannot be among the k best.
    """
    lean = model.reach - price
    hopes = np.minimum(lean, 0).sum(axis=1)
    found: list[tuple[float, int]] = []
    sets: dict[int, Bools] = {}
    for seat in np.argsort(hopes, kind="stable").tolist():
        if len(found) >= model.parts and hopes[seat] >= found[model.parts - 1][0]:
            break
        chosen = network.below(lean[seat])
        sets[seat] = chosen
        found.append((network.cost(chosen, lean[seat]) - slack, seat))
        found.sort()
    taken = found[: model.parts]
    covered: Floats = np.asarray([sets[seat] for _, seat in taken], dtype=np.float64).sum(axis=0)
    return float(price.sum() + sum(value for value, _ in taken)), covered, len(sets)


def shares(weights: Sequence[Floats], factors: Sequence[float]) -> Floats:
    """Mix several measures (areas, people, risk) into shares that add up to one; a measure without a sum is left out."""
    used = [
        (w / w.sum(), factor)
        for w, factor in zip(weights, factors, strict=True)
        if w.sum() > 0 and factor > 0
    ]
    if not used:
        raise ValueError("nothing to share by")
    mixed: Floats = sum((w * factor for w, factor in used), np.zeros(len(weights[0]))) / sum(
        f for _, f in used
    )
    return mixed


def cells_for(work: Floats, total: int) -> Ints:
    """Give each of N villages its number of cells by the largest remainder of its share of the work; each gets at least one.

    Raises ValueError when there are fewer cells than villages. Of equal remainders the earlier village's counts first.
    """
    if total < len(work):
        raise ValueError("total must be at least one cell for each village")
    counts = np.ones(len(work), dtype=np.int64)
    weight = work / work.max() if work.max() > 0 else np.ones(len(work))
    free = weight > 0
    while free.any():
        quota = np.where(free, weight * ((total - int((~free).sum())) / weight[free].sum()), 0.0)
        if (quota[free] >= 1).all():
            break
        free &= quota >= 1
    if not free.any():  # as many cells as villages
        return counts
    counts[free] = np.floor(quota[free]).astype(np.int64)
    rest = total - int(counts.sum())
    order = np.lexsort((-(quota - np.floor(quota)), ~free))
    counts[order[:rest]] += 1
    return counts
