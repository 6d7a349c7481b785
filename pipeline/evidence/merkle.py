"""One hash over many (RFC 6962's tree), and a short proof that one of them is among them."""

import hashlib
from bisect import bisect_left
from collections.abc import Sequence

EMPTY = hashlib.sha256(b"").hexdigest()


def leaf(order: int, seq: int, head: bytes) -> bytes:
    """The leaf of one order: its number, its newest event's seq and hash."""
    return hashlib.sha256(b"\x00" + f"{order}:{seq}:{head.hex()}".encode()).digest()


def root(leaves: Sequence[bytes]) -> str:
    """The root over leaves in their order, in hex."""
    level = list(leaves)
    if not level:
        return EMPTY
    while len(level) > 1:
        level = _above(level)
    return level[0].hex()


def proof(leaves: Sequence[bytes], index: int) -> list[str]:
    """What it takes beside one leaf to compute the root: `L` or `R` (where the other is) and its hash, bottom up."""
    steps, level = [], list(leaves)
    while len(level) > 1:
        other = index ^ 1
        if other < len(level):
            steps.append(("L" if other < index else "R") + level[other].hex())
        level, index = _above(level), index // 2
    return steps


def rooted(one: bytes, steps: Sequence[str]) -> str:
    """The root that a leaf and its proof lead to, in hex. Raises ValueError for a proof that is none."""
    node = one
    for step in steps:
        other = bytes.fromhex(step[1:])
        if step[0] not in "LR" or len(other) != hashlib.sha256().digest_size:
            raise ValueError(f"{step[:9]}… is no step of a proof")
        node = _pair(other, node) if step[0] == "L" else _pair(node, other)
    return node.hex()


class Tree:
    """A tree that grows: leaves are put by a number, in whose order they stand; only what changed is hashed again."""

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._levels: list[list[bytes]] = [[]]
        self._dirty: set[int] = set()

    def __len__(self) -> int:
        return len(self._numbers)

    def put(self, number: int, one: bytes) -> None:
        """The leaf of a number, new or changed."""
        index = bisect_left(self._numbers, number)
        if index == len(self._numbers) or self._numbers[index] != number:
            self._numbers.insert(index, number)
            self._levels[0].insert(index, one)
            self._dirty.update(range(index, len(self._numbers)))  # a number between others moves those behind it
        else:
            self._levels[0][index] = one
            self._dirty.add(index)

    def root(self) -> str:
        """The root over all leaves as they are now, in hex."""
        dirty, depth = self._dirty, 0
        while len(level := self._levels[depth]) > 1:
            if depth + 1 == len(self._levels):
                self._levels.append([])
            above = self._levels[depth + 1]
            above.extend([b""] * ((len(level) + 1) // 2 - len(above)))
            dirty = {index // 2 for index in dirty}
            for index in dirty:
                pair = level[2 * index : 2 * index + 2]
                above[index] = _pair(*pair) if len(pair) == 2 else pair[0]
            depth += 1
        self._dirty = set()
        return self._levels[depth][0].hex() if self._levels[depth] else EMPTY


def _above(level: Sequence[bytes]) -> list[bytes]:
    # a node without a neighbour moves up as it is, as in RFC 6962
    return [_pair(*level[n : n + 2]) if n + 1 < len(level) else level[n] for n in range(0, len(level), 2)]


def _pair(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
