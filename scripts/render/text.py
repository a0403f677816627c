"""Escape text for the places it goes to, and edit a document without losing its offsets."""

import html
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass

from scripts.catalog.records import Document

MARKS = re.compile(r"[\\`*_{}\[\]$~^|]")
AT_LINE_START = re.compile(r"^([ >]*)([`~])", re.M)


def raw(text: str) -> str:
    """Text inside raw HTML; nothing in it may look like a fence to Markdown."""
    text = html.escape(text, quote=False).replace("\t", "&#9;")
    return AT_LINE_START.sub(lambda m: f"{m[1]}&#{ord(m[2])};", text)


def inline(text: str) -> str:
    """Text inside Markdown, in which no character means anything."""
    return MARKS.sub(lambda m: f"&#{ord(m[0])};", html.escape(" ".join(text.split()), quote=False))


def attribute(text: str) -> str:
    """Text inside a quoted HTML attribute."""
    return html.escape(" ".join(text.split()))


def link(text: str, target: str) -> str:
    """A Markdown link with plain text."""
    return f"[{inline(text)}]({target})"


def planned(text: str) -> str:
    """Markdown of something that has no page yet."""
    mark = '<small class="nx-plan-mark">&nbsp;planned</small>'
    return f'<span class="nx-planned">{text}</span>{mark}'


def counted(number: int, what: str) -> str:
    """`1 block`, `1,200 blocks`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def relative(path: str, page: str) -> str:
    """The way from a page to another file, both below the checkout."""
    return posixpath.relpath(path, posixpath.dirname(page))


@dataclass(frozen=True)
class Edit:
    """The text between two offsets of a document gives way to another."""

    start: int
    end: int
    text: str


def line_starts(document: Document) -> list[int]:
    """The offset at which each line begins, and the end of the text."""
    starts = [0]
    for line in document.lines:
        starts.append(starts[-1] + len(line) + 1)
    return starts


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text after all edits; they do not overlap."""
    parts, at = [], 0
    for edit in sorted(edits, key=lambda e: (e.start, e.end)):
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:]])
