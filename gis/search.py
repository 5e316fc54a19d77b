"""Shortest paths in whole milliseconds: one compiled, early-stopping Dijkstra that both directions share.

The states searched are those of `gis.turns.Graph`. A workspace is used again and again: labels carry the
number of the search that wrote them, so that a search touches only what it settles, however large the map.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from gis.compiled import compiled

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]

NEVER: Final = 1 << 62  # a time that is never reached
STATE_BITS: Final = (
    24  # of a heap entry: time << 24 | state, so that equal times leave in the order of states
)
STATE_MASK: Final = (1 << STATE_BITS) - 1
MAX_STATES: Final = 1 << STATE_BITS
LONGEST_MS: Final = (1 << (62 - STATE_BITS)) - 1  # about nine years

EXHAUSTED: Final = 0  # everything that can be reached was
ALL_FOUND: Final = 1
PAST_LIMIT: Final = 2
OUT_OF_BUDGET: Final = 3

# label[state] = (time, search number << 33 | wanted << 32 | parent); parent = link, or link count + seed
_PARENT_MASK: Final = (1 << 32) - 1
_WANTED: Final = 1 << 32
_SEARCH_SHIFT: Final = 33


@compiled
def _push(heap: Int64s, size: int, entry: int) -> None:
    """Put an entry into a 4-ary heap that has `size` entries and room for one more."""
    at = size
    while at > 0:
        above = (at - 1) >> 2
        if heap[above] <= entry:
            break
        heap[at] = heap[above]
        at = above
    heap[at] = entry


@compiled
def _pop(heap: Int64s, size: int) -> int:
    """Take the least entry out of a 4-ary heap of `size` entries; it has one fewer afterwards."""
    least = heap[0]
    last = heap[size - 1]
    size -= 1
    at = 0
    while True:
        child = 4 * at + 1
        if child >= size:
            break
        smallest = child
        for other in range(child + 1, min(child + 4, size)):
            if heap[other] < heap[smallest]:
                smallest = other
        if heap[smallest] >= last:
            break
        heap[at] = heap[smallest]
        at = smallest
    heap[at] = last
    return least


@compiled
def _search(
    first: Int32s,
    links: Int32s,
    weights: Int32s,
    label: Int64s,
    settled: Int32s,
    heap: Int64s,
    number: int,
    seed_state: Int32s,
    seed_ms: Int64s,
    option_state: Int32s,
    option_ms: Int64s,
    option_owner: Int32s,
    best_ms: Int64s,
    best_option: Int32s,
    offset: int,
    limit: int,
    budget: int,
    done: int,
) -> tuple[Int64s, int, int]:
    """Run one search from the seeds; see `Workspace.run`. Returns (heap, settled states, why it stopped)."""
    link_count = len(links)
    stamp = number << _SEARCH_SHIFT
    pending = 0
    for owner in range(len(best_ms)):
        pending += best_ms[owner] >= NEVER
    enough = NEVER if pending or len(best_ms) == 0 else np.max(best_ms)
    for option in range(len(option_state)):
        state = option_state[option]
        if label[state, 1] >> _SEARCH_SHIFT != number:
            label[state, 0] = NEVER
            label[state, 1] = stamp
        label[state, 1] |= _WANTED
    size = 0
    for seed in range(len(seed_state)):
        state = seed_state[seed]
        ms = seed_ms[seed] + offset
        fresh = label[state, 1] >> _SEARCH_SHIFT != number
        if fresh or ms < label[state, 0]:
            wanted = 0 if fresh else label[state, 1] & _WANTED
            label[state, 0] = ms
            label[state, 1] = stamp | wanted | (link_count + seed)
            if size == len(heap):
                heap = np.concatenate((heap, np.empty_like(heap)))
            _push(heap, size, ms << STATE_BITS | state)
            size += 1
    while size > 0:
        entry = _pop(heap, size)
        size -= 1
        ms = entry >> STATE_BITS
        state = entry & STATE_MASK
        if ms != label[state, 0]:
            continue
        if ms - offset >= enough:
            return heap, done, ALL_FOUND
        if ms - offset > limit:
            return heap, done, PAST_LIMIT
        if done >= budget:
            return heap, done, OUT_OF_BUDGET
        settled[done] = state
        done += 1
        if label[state, 1] & _WANTED:
            option = np.searchsorted(option_state, state)
            while option < len(option_state) and option_state[option] == state:
                owner = option_owner[option]
                total = option_ms[option] + ms - offset
                if total < best_ms[owner]:
                    pending -= best_ms[owner] >= NEVER
                    best_ms[owner] = total
                    best_option[owner] = option
                option += 1
            if pending == 0 and enough == NEVER:
                enough = np.max(best_ms)
        for link in range(first[state], first[state + 1]):
            weight = weights[links[link, 1]]
            if weight < 0:
                continue
            other = links[link, 0]
            reached = ms + weight
            word = label[other, 1]
            if word >> _SEARCH_SHIFT != number:
                word = 0
            elif label[other, 0] <= reached:
                continue
            label[other, 0] = reached
            label[other, 1] = stamp | (word & _WANTED) | link
            if size == len(heap):
                heap = np.concatenate((heap, np.empty_like(heap)))
            _push(heap, size, reached << STATE_BITS | other)
            size += 1
    return heap, done, EXHAUSTED


@dataclass(slots=True)
class Workspace:
    """Room for searches over `state_count` states, used by one thread at a time."""

    state_count: int
    label: Int64s = field(init=False)
    settled: Int32s = field(init=False)
    heap: Int64s = field(init=False)
    number: int = 0
    done: int = 0
    offset: int = 0

    def __post_init__(self) -> None:
        # zeros and empty are mapped lazily: what no search touches costs no memory
        self.label = np.zeros((self.state_count, 2), dtype=np.int64)
        self.settled = np.empty(self.state_count, dtype=np.int32)
        self.heap = np.empty(1 << 12, dtype=np.int64)

    def begin(self) -> None:
        """Forget everything, in no time."""
        self.number = (self.number + 1) & ((1 << 30) - 1)
        if self.number == 0:  # after a thousand million searches the numbers start again
            self.label[:] = 0
            self.number = 1
        self.done = 0
        self.offset = 0

    def run(
        self,
        graph_first: Int32s,
        graph_links: Int32s,
        weights: Int32s,
        seeds: tuple[Int32s, Int64s],
        options: tuple[Int32s, Int64s, Int32s],
        best: tuple[Int64s, Int32s],
        *,
        limit: int = LONGEST_MS,
        budget: int | None = None,
    ) -> int:
        """Search on from seeds (states, ms) until every wanted owner is settled; return why it stopped.

        options: (state, ms, owner), by state: reaching the state and then spending ms serves the owner.
        best: (ms, option) for each owner, lowered in place; an owner may come with an answer already.
        A second run without `begin` keeps what was settled and starts behind it, so that it never changes it:
        sound when the first run was exhausted, for then nothing that it settled can lead to the new seeds first.
        """
        self.heap, self.done, why = _search(
            graph_first,
            graph_links,
            weights,
            self.label,
            self.settled,
            self.heap,
            self.number,
            *seeds,
            *options,
            *best,
            self.offset,
            limit,
            self.state_count if budget is None else budget,
            self.done,
        )
        return int(why)

    def start_behind(self) -> None:
        """Let the next run's times begin after everything settled so far."""
        if self.done:
            self.offset = int(self.label[self.settled[self.done - 1], 0]) + 1

    def is_settled(self, state: int) -> bool:
        """Return whether an exhausted search reached a state."""
        return int(self.label[state, 1]) >> _SEARCH_SHIFT == self.number and int(self.label[state, 0]) < NEVER

    def ms(self, state: int) -> int:
        """Return the time at which a settled state was reached."""
        return int(self.label[state, 0]) - self.offset

    def parent(self, state: int) -> int:
        """Return the link over which a state was reached, or the link count + the number of its seed."""
        return int(self.label[state, 1]) & _PARENT_MASK


class Workspaces:
    """The workspaces of one graph: lent to a search, given back, and used again."""

    def __init__(self, state_count: int) -> None:
        self._state_count = state_count
        self._free: list[Workspace] = []
        self._lock = threading.Lock()

    @contextmanager
    def lend(self) -> Iterator[Workspace]:
        with self._lock:
            workspace = self._free.pop() if self._free else Workspace(self._state_count)
        workspace.begin()
        try:
            yield workspace
        finally:
            with self._lock:
                self._free.append(workspace)
