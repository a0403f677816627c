"""Plays by Shakespeare, character by character: real text that comes with the package.

Source: William Shakespeare, in a modern and in the First Folio's spelling (1623); where the two
copies are from, and what was left out of them, stands in plays.LICENSE.txt beside this file.
Differs: The Tempest is held out in both; all other plays are to learn from.

Letters: b batch, n tokens.
"""

import lzma
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Generator, Tensor

from nexus.data.recall import Sequences

ALPHABET = "\n !&'(),-.:;?ABCDEFGHIJKLMNOPQRSTUVWXYZ[]abcdefghijklmnopqrstuvwxyz"
"""The characters of both texts; a character's id is its place here."""


class Text(NamedTuple):
    """What to learn from, and a play that was never seen."""

    train: str
    heldout: str


def shakespeare() -> Text:
    """Six plays in modern spelling, 730,132 characters, and The Tempest, 97,576."""
    return _read("modern")


def folio() -> Text:
    """Three plays as printed in 1623 ("giue vs"), 379,516 characters, and The Tempest, 93,754."""
    return _read("folio")


def _read(name: str) -> Text:
    stored = Path(__file__).with_name(f"plays.{name}.txt.xz").read_bytes()
    *train, heldout = lzma.decompress(stored).decode().split("\f")
    return Text("\n".join(train), heldout)


def encode(text: str) -> Int[Tensor, " n"]:
    """The ids of a text's characters.

    Raises:
        ValueError: a character is not in the alphabet.
    """
    if strange := sorted(set(text) - set(ALPHABET)):
        raise ValueError(f"{strange[0]!r} is not in the alphabet")
    ids = torch.full((128,), -1)
    ids[list(ALPHABET.encode())] = torch.arange(len(ALPHABET))
    return ids[torch.frombuffer(bytearray(text, "ascii"), dtype=torch.uint8).long()]


def decode(ids: Int[Tensor, " n"]) -> str:
    """The text that these ids spell."""
    return "".join(ALPHABET[i] for i in ids.tolist())


def excerpts(
    ids: Int[Tensor, " all"], batch: int, *, length: int, generator: Generator | None = None
) -> Sequences:
    """Random passages, each with its next tokens as targets."""
    start = torch.randint(len(ids) - length, (batch, 1), generator=generator, device=ids.device)
    at = start + torch.arange(length, device=ids.device)
    return Sequences(ids[at], ids[at + 1])


def passages(ids: Int[Tensor, " all"], *, length: int) -> Sequences:
    """The whole text, cut into passages, with their next tokens; what is left over is dropped."""
    count = (len(ids) - 1) // length
    cut = ids[: count * length], ids[1 : count * length + 1]
    return Sequences(*(part.unflatten(0, (count, length)) for part in cut))
