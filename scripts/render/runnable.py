"""What "copy runnable" copies, told in lines that the page shows: no code is sent twice.

A recipe is a list of parts, one space between two: `3` is the whole of block 3, `3:2-9` its lines
2 to 9 (from 1), `3:2` its line 2, and `=…` a line that the page does not show, percent-encoded.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from urllib.parse import quote, unquote

from scripts.catalog.records import Block
from scripts.slices import runnables

CACHE = Path(__file__).parents[2] / "build" / "runnable.sqlite"
Place = tuple[int, int]
"""A block's number and one of its lines, from 1."""


def attributes(blocks: Sequence[Block]) -> dict[int, str]:
    """For each block, by number, what its fence says of it beside its language."""
    found = {}
    for block, (needs, recipe) in zip(blocks, _recipes(blocks), strict=True):
        parts = [f"#block-{block.number}", ".nx-block"]
        if needs and not block.skip:
            parts += [f'data-needs="{" ".join(map(str, needs))}"', f'data-run="{recipe}"']
        found[block.number] = " ".join(parts)
    return found


def cooked(recipe: str, shown: dict[int, str]) -> str:
    """The code that a recipe stands for, from the code that the page shows of each block.

    `assets/js/copy.js` does the same in the browser.
    """
    lines = {number: code.strip("\n").split("\n") for number, code in shown.items()}
    out: list[str] = []
    for part in recipe.split(" "):
        if part.startswith("="):
            out.append(unquote(part[1:]))
            continue
        number, _, span = part.partition(":")
        first, _, last = span.partition("-")
        whole = lines[int(number)]
        out += whole[int(first) - 1 : int(last or first)] if span else whole
    return "\n".join(out) + "\n"


def recipe(code: str, blocks: Iterable[Block]) -> str:
    """The recipe of a code; what can be taken from the blocks is taken in pieces as long as can be.

    Empty lines between pieces are written out.
    """
    shown = {block.number: block.code.strip("\n").split("\n") for block in blocks}
    places: dict[str, list[Place]] = {}
    for number, lines in shown.items():
        for at, line in enumerate(lines, start=1):
            places.setdefault(line, []).append((number, at))
    todo, parts, at = code.removesuffix("\n").split("\n"), [], 0
    while at < len(todo):
        starts = places.get(todo[at], []) if todo[at] else []
        length, (number, first) = max(
            ((_alike(todo[at:], shown[n][f - 1 :]), (n, f)) for n, f in starts),
            key=lambda found: found[0],
            default=(0, (0, 0)),
        )
        parts.append(_part(shown[number], number, first, length) if length else _written(todo[at]))
        at += length or 1
    return " ".join(parts)


def _alike(one: list[str], other: list[str]) -> int:
    """How many lines two codes share from their beginnings on."""
    unlike = (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(unlike, min(len(one), len(other)))


def _part(lines: list[str], number: int, first: int, length: int) -> str:
    if length == len(lines):
        return f"{number}"
    return f"{number}:{first}" + (f"-{first + length - 1}" if length > 1 else "")


def _written(line: str) -> str:
    return "=" + quote(line, safe="")


def _recipes(blocks: Sequence[Block]) -> list[tuple[list[int], str]]:
    """Needs and recipe of each block; kept on disk, for finding them takes long."""
    if not blocks:
        return []
    page = repr([(b.number, b.code, b.raises, b.skip) for b in blocks])
    key = hashlib.sha256(f"{_version()} {page}".encode()).hexdigest()
    kept = _cache().execute("SELECT found FROM recipes WHERE key = ?", (key,)).fetchone()
    if kept:
        return [(needs, text) for needs, text in json.loads(kept[0])]
    found = [(needs, recipe(code, blocks)) for needs, code in runnables(blocks)]
    _cache().execute("INSERT OR IGNORE INTO recipes VALUES (?, ?)", (key, json.dumps(found)))
    return found


@cache
def _cache() -> sqlite3.Connection:
    CACHE.parent.mkdir(exist_ok=True)
    kept = sqlite3.connect(CACHE, timeout=30, isolation_level=None, check_same_thread=False)
    kept.execute("PRAGMA synchronous = OFF")
    kept.execute("CREATE TABLE IF NOT EXISTS recipes (key TEXT PRIMARY KEY, found TEXT)")
    return kept


@cache
def _version() -> str:
    """Of the code that finds recipes."""
    files = [Path(__file__), *sorted((Path(__file__).parents[1] / "slices").glob("*.py"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
