"""Byte-pair encoding: a vocabulary of subwords, grown by merging the commonest pair of neighbours.

Source: Sennrich, Haddow and Birch 2015, Neural Machine Translation of Rare Words with Subword
Units, https://arxiv.org/abs/1508.07909, section 3.2 and Algorithm 1.
Differs: the symbols to begin with are bytes, and a space belongs to the word after it (Radford et
al. 2019, GPT-2); the paper's are characters and an end of word: `spell` may give these. Of pairs
equally common the one with smaller ids goes first, as in the tokenizers library; the paper takes
the one met first. Letters and digits are Python's: ½ is a letter here and a number in GPT-2.

Letters: n symbols of a piece of text, m merges.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import cache
from heapq import heappop, heappush
from itertools import pairwise
from typing import NamedTuple

BYTES = tuple(bytes([value]) for value in range(256))
"""What every text is made of: with these as a base no symbol is unknown."""

_PIECE = re.compile(r"'(?:[sdmt]|ll|ve|re)| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")
Pair = tuple[int, int]
Split = Callable[[str], Iterable[str]]
Spell = Callable[[str], Sequence[bytes]]


class Vocabulary(NamedTuple):
    """The symbols to begin with, and the pairs to merge in the order in which they were learned."""

    base: tuple[bytes, ...]
    merges: tuple[tuple[bytes, bytes], ...]

    def tokens(self) -> list[bytes]:
        """What each id spells: the base, then what each merge makes."""
        return [*self.base, *(left + right for left, right in self.merges)]


def words(text: str) -> list[str]:
    """Cut a text into words, numbers and rows of signs, each with a space before it, and space."""
    return _PIECE.findall(text)


def spell(piece: str, *, known: Container[str] = ()) -> list[bytes]:
    """The known characters of a piece, and the bytes of all others (byte fallback)."""
    split = ([c.encode()] if c in known else [BYTES[value] for value in c.encode()] for c in piece)
    return [symbol for part in split for symbol in part]


class Pairs:
    """The pairs in rows of ids: their counts, the rows where each has been, a heap of counts.

    A count on the heap may be old; that is put right when it comes to the top.
    """

    def __init__(self, rows: list[list[int]], often: list[int]):
        self.rows, self.often = list(rows), often
        self.count, self.where = Counter[Pair](), defaultdict[Pair, set[int]](set)
        for at in range(len(self.rows)):
            self._add(at, 1)
        self.heap = sorted((-often, pair) for pair, often in self.count.items())

    def best(self) -> Pair | None:
        """The commonest pair, of several the smallest."""
        while self.heap and self.heap[0][0] != -self.count[self.heap[0][1]]:
            _, pair = heappop(self.heap)
            if self.count[pair]:
                heappush(self.heap, (-self.count[pair], pair))
        return self.heap[0][1] if self.heap else None

    def merge(self, pair: Pair, new: int) -> None:
        """Put `new`, an id not seen so far, in place of the pair everywhere."""
        rows = self.where.pop(pair)
        for at in rows:
            self._add(at, -1)
            self.rows[at] = _merged(self.rows[at], pair, new)
            self._add(at, 1)
        for each in {each for at in rows for each in pairwise(self.rows[at]) if new in each}:
            heappush(self.heap, (-self.count[each], each))

    def _add(self, at: int, sign: int) -> None:
        for pair in pairwise(self.rows[at]):
            self.count[pair] += sign * self.often[at]
            self.where[pair].add(at)


def train(
    counts: Mapping[str, int], *, merges: int, base: Sequence[bytes] = BYTES, spell: Spell = spell
) -> Vocabulary:
    """Merge the commonest pair everywhere, `merges` times or until none is left (Algorithm 1).

    `counts` says how often each piece occurs; ids follow `base`, then the order of merges.

    Raises:
        ValueError: a symbol is not in `base`.
    """
    ids, tokens, learned = {token: at for at, token in enumerate(base)}, list(base), list[Pair]()
    pairs = Pairs([_numbered(spell(piece), ids) for piece in counts], [*counts.values()])
    while len(learned) < merges and (best := pairs.best()):
        pairs.merge(best, len(tokens))
        tokens.append(tokens[best[0]] + tokens[best[1]])
        learned.append(best)
    return Vocabulary(tuple(base), tuple((tokens[left], tokens[right]) for left, right in learned))


def apply(row: list[int], merges: Mapping[Pair, int]) -> list[int]:
    """Merge what was learned first, everywhere, until nothing is left; lower ids came first."""
    while len(row) > 1:
        first = min(pairwise(row), key=lambda pair: merges.get(pair, math.inf))
        if first not in merges:
            break
        row = _merged(row, first, merges[first])
    return row


class Tokenizer:
    """Text to ids and back, piece by piece; pieces seen before are looked up."""

    def __init__(self, vocabulary: Vocabulary, *, split: Split = words, spell: Spell = spell):
        self.tokens, self.split = vocabulary.tokens(), split
        ids = {token: at for at, token in enumerate(self.tokens)}
        merges = {(ids[a], ids[b]): ids[a + b] for a, b in vocabulary.merges}
        self.piece = cache(lambda piece: apply(_numbered(spell(piece), ids), merges))

    def encode(self, text: str) -> list[int]:
        """The ids of a text; raises ValueError where a symbol is not in the vocabulary."""
        return [each for piece in self.split(text) for each in self.piece(piece)]

    def decode(self, ids: Iterable[int]) -> bytes:
        """What the ids spell: bytes, since a character may be cut where they begin or end."""
        return b"".join(self.tokens[at] for at in ids)


def _numbered(piece: Sequence[bytes], ids: Mapping[bytes, int]) -> list[int]:
    if strange := [symbol for symbol in piece if symbol not in ids]:
        raise ValueError(f"{strange[0]!r} is not in the vocabulary")
    return [ids[symbol] for symbol in piece]


def _merged(row: list[int], pair: Pair, new: int) -> list[int]:
    result = list[int]()
    for each in row:
        if result and (result[-1], each) == pair:  # of pairs that overlap the left one
            result[-1] = new
        else:
            result.append(each)
    return result
