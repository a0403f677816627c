"""What `make new` left to be written, and nobody wrote yet."""

import re
from pathlib import Path

from scripts.catalog.records import Document, Problem

TODO = "TODO(new):"
"""Stands where something is to be written, before the words that say what."""


def leftovers(root: Path, document: Document) -> list[Problem]:
    """Each line with that word in a page, its module and its test."""
    texts = {document.path: document.text}
    for path in (document.module.replace(".", "/") + ".py", document.test):
        if (root / path).is_file():
            texts[path] = (root / path).read_text(encoding="utf-8", errors="replace")
    return [
        Problem(path, line, f"still to write: {_what(words)}")
        for path, text in texts.items()
        for line, words in enumerate(text.split("\n"), start=1)
        if TODO in words
    ]


def _what(line: str) -> str:
    """What is to be written: from the word to the end of its sentence, quotes left out."""
    words = line.split(TODO, 1)[1].split(TODO)[0]
    return re.sub(r'["\')\]}]*$|", memory.*$', "", words.strip()).strip() or "it"
