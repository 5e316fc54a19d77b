"""Turn restrictions as states, so that the search over them stays a plain Dijkstra and exact.

A banned sequence of arcs is a word; a state is a node together with how much of a banned word has just been driven
(the longest suffix of the way so far that is a proper prefix of a banned word: Aho & Corasick, CACM 18:6, 1975).
From a state, the arc that would complete a word is left out. Nodes without restrictions keep their one state,
so the graph grows only by the number of prefixes.

Arc 2e drives edge e from its first to its last position, arc 2e + 1 the other way.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

Int32s = npt.NDArray[np.int32]

_SHORTEST: Final = 2  # arcs of a turn


@dataclass(frozen=True, eq=False)
class Graph:
    """States and the links between them, in both directions. States 0 … node_count - 1 are the nodes themselves.

    out_links[k] = (state that the link leads to, its arc), for k in out_first[s] … out_first[s + 1];
    in_links[k] = (state that it comes from, its arc), likewise. `after[arc]` is the state after driving an arc from anywhere
    that has no history. Extra states by node: extra_state[extra_first[n] … extra_first[n + 1]].
    """

    node_count: int
    node_of: Int32s
    after: Int32s
    out_first: Int32s
    out_links: Int32s
    in_first: Int32s
    in_links: Int32s
    extra_first: Int32s
    extra_state: Int32s

    @property
    def state_count(self) -> int:
        return len(self.node_of)

    @cached_property
    def out_tail(self) -> Int32s:
        """The state that each out-link leaves."""
        return np.repeat(np.arange(self.state_count, dtype=np.int32), np.diff(self.out_first))


def expand(node_count: int, tail: Int32s, head: Int32s, bans: Sequence[Sequence[int]] = ()) -> Graph:
    """Return the graph over arcs (tail[a] → head[a]) in which no word of `bans` can be driven.

    Raises ValueError for a word of fewer than two arcs or one whose arcs do not join.
    """
    words = _Words(node_count, tail, head)
    for ban in bans:
        words.add(ban)
    words.link_suffixes()
    return _graph(node_count, tail, head, words)


@dataclass
class _Words:
    """The automaton of all banned words. Place 0 is the empty prefix; every other has a last arc."""

    node_count: int
    tail: Int32s
    head: Int32s
    children: list[dict[int, int]] = field(default_factory=lambda: [{}])
    last_arc: list[int] = field(default_factory=lambda: [-1])
    suffix: list[int] = field(default_factory=lambda: [0])
    banned: list[bool] = field(default_factory=lambda: [False])

    def add(self, word: Sequence[int]) -> None:
        if len(word) < _SHORTEST:
            raise ValueError("a banned turn has at least two arcs")
        for arc, following in pairwise(word):
            if self.head[arc] != self.tail[following]:
                raise ValueError(f"arcs {arc} and {following} of a banned turn do not join")
        place = 0
        for arc in word:
            if arc not in self.children[place]:
                self.children[place][arc] = len(self.children)
                self.children.append({})
                self.last_arc.append(arc)
                self.suffix.append(0)
                self.banned.append(False)
            place = self.children[place][arc]
        self.banned[place] = True

    def link_suffixes(self) -> None:
        """Give each prefix its longest proper suffix that is a prefix too; a banned suffix bans the whole."""
        waiting = deque(self.children[0].values())
        while waiting:
            place = waiting.popleft()
            self.banned[place] = self.banned[place] or self.banned[self.suffix[place]]
            for arc, child in self.children[place].items():
                self.suffix[child] = self.follow(self.suffix[place], arc)
                waiting.append(child)

    def follow(self, place: int, arc: int) -> int:
        while arc not in self.children[place]:
            if place == 0:
                return 0
            place = self.suffix[place]
        return self.children[place][arc]

    def numbered(self) -> dict[int, int]:
        """Return the state of each prefix that can be driven; the empty one is the node's own."""
        allowed = [place for place in range(1, len(self.children)) if not self.banned[place]]
        return {place: self.node_count + i for i, place in enumerate(allowed)}


def _graph(node_count: int, tail: Int32s, head: Int32s, words: _Words) -> Graph:
    state_of = words.numbered()
    places = list(state_of)
    after = head.astype(np.int32, copy=True)
    for first_arc, place in words.children[0].items():
        after[first_arc] = state_of[place]
    node_of = np.concatenate(
        [np.arange(node_count), [int(head[words.last_arc[place]]) for place in places]]
    ).astype(np.int32)
    extra = np.array(_links_of_prefixes(words, state_of, tail, head), dtype=np.int32).reshape(-1, 3)
    arcs = np.arange(len(tail), dtype=np.int32)
    origin = np.concatenate([tail.astype(np.int32), extra[:, 0]])
    target = np.concatenate([after, extra[:, 1]])
    arc = np.concatenate([arcs, extra[:, 2]])
    out_first, out_links = _rows(len(node_of), origin, target, arc)
    in_first, in_links = _rows(len(node_of), target, origin, arc)
    by_node = np.argsort(node_of[node_count:], kind="stable").astype(np.int32)
    return Graph(
        node_count=node_count,
        node_of=_frozen(node_of),
        after=_frozen(after),
        out_first=out_first,
        out_links=out_links,
        in_first=in_first,
        in_links=in_links,
        extra_first=_first(node_count, node_of[node_count:]),
        extra_state=_frozen(by_node + np.int32(node_count)),
    )


def _links_of_prefixes(
    words: _Words, state_of: dict[int, int], tail: Int32s, head: Int32s
) -> list[tuple[int, int, int]]:
    """Return (from state, to state, arc) for every arc that may be driven after a non-empty prefix."""
    nodes = {int(head[words.last_arc[place]]) for place in state_of}
    leaving: dict[int, list[int]] = {node: [] for node in nodes}
    for arc in map(int, np.flatnonzero(np.isin(tail, list(nodes)))):
        leaving[int(tail[arc])].append(arc)
    links = []
    for place, state in state_of.items():
        for arc in leaving[int(head[words.last_arc[place]])]:
            following = words.follow(place, arc)
            if not words.banned[following]:
                links.append((state, state_of.get(following, int(head[arc])), arc))
    return links


def _rows(count: int, key: Int32s, other: Int32s, arc: Int32s) -> tuple[Int32s, Int32s]:
    order = np.argsort(key, kind="stable")
    return _first(count, key), _frozen(np.column_stack([other[order], arc[order]]).astype(np.int32))


def _first(count: int, key: Int32s) -> Int32s:
    first = np.zeros(count + 1, dtype=np.int32)
    np.cumsum(np.bincount(key, minlength=count), out=first[1:])
    return _frozen(first)


def _frozen(array: Int32s) -> Int32s:
    array = np.ascontiguousarray(array)
    array.setflags(write=False)
    return array
