"""Shortest paths in whole milliseconds: one compiled, early-stopping search that both directions share.

Dijkstra's algorithm with a bucket queue (Dial, CACM 12:11, 1969; wide buckets as in Cherkassky, Goldberg & Radzik,
Math. Programming 73, 1996): times are whole numbers, so a bucket holds all states due within BUCKET_MS, and a state that is
improved while its bucket is being emptied is simply taken again. What a finished bucket holds is final.

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
LONGEST_MS: Final = 1 << 40  # 34 years

EXHAUSTED: Final = 0  # everything that can be reached was
ALL_FOUND: Final = 1
PAST_LIMIT: Final = 2
OUT_OF_BUDGET: Final = 3

_BUCKET_BITS: Final = (
    12  # a bucket spans 4 s, less than most edges: measured twice as fast as 256 ms in a county
)
_BUCKETS: Final = 1 << 10  # … and all of them 70 minutes; what is due later waits aside
_NONE: Final = -1

# label[state] = (ms, search number << 34 | listed << 33 | wanted << 32 | parent); parent = link, or link count + seed
_PARENT_MASK: Final = (1 << 32) - 1
_WANTED: Final = 1 << 32
_LISTED: Final = 1 << 33
SEARCH_SHIFT: Final = 34
_MAX_NUMBER: Final = (1 << 29) - 1


@compiled
def _enqueue(heads: Int32s, queue: Int64s, item: int, now: int) -> None:
    """Put an item of the queue into its bucket, or aside (the last head) when it is due beyond the present round of buckets.

    queue[item] = (ms, state, next item); `now` is the bucket being emptied.
    """
    due = queue[item, 0] >> _BUCKET_BITS
    slot = due & (_BUCKETS - 1) if due < now + _BUCKETS else _BUCKETS
    queue[item, 2] = heads[slot]
    heads[slot] = item


@compiled
def _bring_in(heads: Int32s, queue: Int64s, now: int) -> int:
    """Move what has waited aside into the buckets it is due in by now; return the first bucket due of what stays aside."""
    item = heads[_BUCKETS]
    heads[_BUCKETS] = _NONE
    earliest = NEVER
    while item != _NONE:
        following = queue[item, 2]
        _enqueue(heads, queue, item, now)
        due = queue[item, 0] >> _BUCKET_BITS
        if due >= now + _BUCKETS:
            earliest = min(earliest, due)
        item = following
    return earliest


@compiled
def settle(
    first: Int32s,
    links: Int32s,
    weights: Int32s,
    label: Int64s,
    settled: Int32s,
    heads: Int32s,
    queue: Int64s,
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
) -> tuple[Int64s, int, int, int]:
    """Run one search from the seeds; see `Workspace.run`. Returns (queue, settled states, last ms looked at, why it stopped)."""
    link_count = len(links)
    stamp = number << SEARCH_SHIFT
    pending = 0
    for owner in range(len(best_ms)):
        pending += best_ms[owner] >= NEVER
    enough = NEVER if pending or len(best_ms) == 0 else np.max(best_ms)
    for option in range(len(option_state)):
        state = option_state[option]
        if label[state, 1] >> SEARCH_SHIFT != number:
            label[state, 0] = NEVER
            label[state, 1] = stamp
        label[state, 1] |= _WANTED
    heads[:] = _NONE
    used, free, live = 0, _NONE, 0
    now, aside = NEVER, NEVER
    for seed in range(len(seed_state)):
        now = min(now, (seed_ms[seed] + offset) >> _BUCKET_BITS)
    for seed in range(len(seed_state)):
        state = seed_state[seed]
        ms = seed_ms[seed] + offset
        fresh = label[state, 1] >> SEARCH_SHIFT != number
        if not fresh and ms >= label[state, 0]:
            continue
        flags = 0 if fresh else label[state, 1] & _WANTED
        label[state, 0] = ms
        label[state, 1] = stamp | flags | (link_count + seed)
        if used == len(queue):
            queue = np.concatenate((queue, np.empty_like(queue)))
        queue[used, 0], queue[used, 1] = ms, state
        if ms >> _BUCKET_BITS >= now + _BUCKETS:
            aside = min(aside, ms >> _BUCKET_BITS)
        _enqueue(heads, queue, used, now)
        used += 1
        live += 1
    why = EXHAUSTED
    while live > 0:
        item = heads[now & (_BUCKETS - 1)]
        if item == _NONE:
            now += 1
            if now >= aside:
                aside = _bring_in(heads, queue, now)
            start = (now << _BUCKET_BITS) - offset
            if start >= enough:
                why = ALL_FOUND
                break
            if start > limit:
                why = PAST_LIMIT
                break
            if done >= budget:
                why = OUT_OF_BUDGET
                break
            continue
        heads[now & (_BUCKETS - 1)] = queue[item, 2]
        ms, state = queue[item, 0], queue[item, 1]
        queue[item, 2] = free
        free = item
        live -= 1
        if ms != label[state, 0]:
            continue
        if ms - offset > limit:
            why = PAST_LIMIT
            continue
        word = label[state, 1]
        if not word & _LISTED:
            label[state, 1] = word | _LISTED
            settled[done] = state
            done += 1
        if word & _WANTED:
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
            if word >> SEARCH_SHIFT != number:
                word = 0
            elif label[other, 0] <= reached:
                continue
            label[other, 0] = reached
            label[other, 1] = stamp | (word & (_WANTED | _LISTED)) | link
            if free != _NONE:
                item = free
                free = queue[item, 2]
            else:
                if used == len(queue):
                    queue = np.concatenate((queue, np.empty_like(queue)))
                item = used
                used += 1
            queue[item, 0], queue[item, 1] = reached, other
            if reached >> _BUCKET_BITS >= now + _BUCKETS:
                aside = min(aside, reached >> _BUCKET_BITS)
            _enqueue(heads, queue, item, now)
            live += 1
    return queue, done, (now + 1) << _BUCKET_BITS, why


@dataclass(slots=True)
class Workspace:
    """Room for searches over `state_count` states, used by one thread at a time."""

    state_count: int
    label: Int64s = field(init=False)
    settled: Int32s = field(init=False)
    heads: Int32s = field(init=False)
    queue: Int64s = field(init=False)
    number: int = 0
    done: int = 0
    offset: int = 0
    looked_at: int = 0

    def __post_init__(self) -> None:
        # zeros and empty are mapped lazily: what no search touches costs no memory
        self.label = np.zeros((self.state_count, 2), dtype=np.int64)
        self.settled = np.empty(self.state_count, dtype=np.int32)
        self.heads = np.empty(_BUCKETS + 1, dtype=np.int32)
        self.queue = np.empty((1 << 10, 3), dtype=np.int64)

    def begin(self) -> None:
        """Forget everything, in no time."""
        self.number += 1
        if self.number > _MAX_NUMBER:  # after 500 million searches the numbers start again
            self.label[:] = 0
            self.number = 1
        self.done = self.offset = self.looked_at = 0

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
        self.queue, self.done, self.looked_at, why = settle(
            graph_first,
            graph_links,
            weights,
            self.label,
            self.settled,
            self.heads,
            self.queue,
            self.number,
            seeds[0],
            seeds[1],
            options[0],
            options[1],
            options[2],
            best[0],
            best[1],
            self.offset,
            limit,
            self.state_count if budget is None else budget,
            self.done,
        )
        return int(why)

    def arrays(self) -> tuple[Int64s, Int32s, Int32s, Int64s, int]:
        """Return (label, settled, heads, queue, number), for a compiled function that searches by itself."""
        return self.label, self.settled, self.heads, self.queue, self.number

    def take_over(self, queue: Int64s, done: int, looked_at: int) -> None:
        """Take over what such a function left."""
        self.queue, self.done, self.looked_at = queue, done, looked_at

    def start_behind(self) -> None:
        """Let the next run's times begin after everything settled so far."""
        self.offset = self.looked_at

    def is_settled(self, state: int) -> bool:
        """Return whether an exhausted search reached a state."""
        return int(self.label[state, 1]) >> SEARCH_SHIFT == self.number and int(self.label[state, 0]) < NEVER

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
