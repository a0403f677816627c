"""Pages without HTML: for notebooks, and for whoever reads Markdown, machines among them."""

import re
import textwrap
from collections.abc import Callable, Iterator

from griffe import Class, Function, Object

from scripts.catalog.links import planned, target_path
from scripts.catalog.names import Names, source_lines
from scripts.catalog.records import Block, Document, Link, Pull
from scripts.render.blocks import expected_lines
from scripts.render.records import Site
from scripts.render.text import Edit, edited, line_starts
from scripts.verify.records import BlockRecord

PLACE = re.compile(r"\0(\d+)\0\n?")
Rewrite = Callable[[str], str]
"""What becomes of the target of a link inside the site: a path below the checkout, with anchor."""


def pieces(site: Site, document: Document, rewrite: Rewrite) -> Iterator[str | Block]:
    """A document from its title on: Markdown, and its blocks where they stand between it."""
    starts = line_starts(document)
    edits = [Edit(0, starts[document.body], "")]
    for block in document.blocks:
        edits.append(Edit(starts[block.line - 1], starts[block.end], f"\0{block.number}\0\n"))
        if block.expected is not None:
            first, last = expected_lines(document, block)
            edits.append(Edit(starts[first], starts[last + 1], ""))
    edits += [_linked(site, document, link, starts, rewrite) for link in document.links]
    for pull in document.pulls:
        edits.append(Edit(starts[pull.line - 1], starts[pull.end], _pulled(site.names, pull)))
    text = edited(document.text, edits)
    for at, part in enumerate(PLACE.split(text)):
        if at % 2:
            yield document.blocks[int(part) - 1]
        elif part.strip():
            yield part.strip("\n") + "\n"


def _linked(
    site: Site, document: Document, link: Link, starts: list[int], rewrite: Rewrite
) -> Edit:
    """A link with its new target; one to a planned page is text."""
    start, end = starts[link.line - 1] + link.start, starts[link.line - 1] + link.end
    text, path = document.text[start:end], target_path(document, link.target)
    if path is None or link.target.startswith("#"):
        return Edit(start, end, text)
    if planned(site.catalogue, path):
        return Edit(start, end, f"{link.text} (planned)")
    _, _, anchor = link.target.partition("#")
    before, _, after = text.rpartition(link.target)
    return Edit(start, end, before + rewrite(path + (f"#{anchor}" if anchor else "")) + after)


def _pulled(names: Names, pull: Pull) -> str:
    """The source with its notes below it, or what an object says of itself."""
    found = names.find(pull.name)
    if found is None:
        return ""
    if pull.notes is None:
        return "".join(_documented(found, pull.name))
    source = textwrap.dedent("\n".join(source_lines(found)[1])).rstrip()
    notes = "".join(f"- `{text}`: {' '.join(note.split())}\n" for text, note in pull.notes.items())
    return f"The source of `{pull.name}`:\n\n{fenced(source, 'python')}\n{notes}"


def _documented(found: Object, name: str) -> Iterator[str]:
    """Signature and docstring of an object and of what is public in it."""
    about = found.docstring.value.strip() if found.docstring else ""
    signed = isinstance(found, Class | Function)
    head = str(found.signature()) if signed else ""
    said = fenced(f"{head}\n\n{about}".strip(), "text") if head or about else ""
    yield f"`{name}`\n\n{said}\n"
    for each in found.members.values():
        if isinstance(each, Class | Function) and each.is_public and not each.is_special:
            yield from _documented(each, f"{name}.{each.name}")


def fenced(text: str, language: str) -> str:
    """Text in a fence longer than any in it."""
    ticks = max([2, *map(len, re.findall(r"`{3,}", text))]) + 1
    return f"{'`' * ticks}{language}\n{text}\n{'`' * ticks}\n"


def printed(block: Block, ran: BlockRecord | None) -> str:
    """What a block left behind, as Markdown; figures are their captions."""
    if ran is None:
        return ""
    parts = []
    if ran.outcome == "skipped":
        parts.append(f"Not run: {block.skip}\n")
    if ran.stdout.strip():
        varies = ", which differs between runs and machines" if block.varies else ""
        parts.append(f"Output{varies}:\n\n{fenced(ran.stdout.strip(chr(10)), 'text')}")
    if ran.warnings:
        parts.append("Warnings:\n\n" + fenced("\n".join(ran.warnings), "text"))
    if ran.raised is not None:
        parts.append("Raises:\n\n" + fenced(ran.raised, "text"))
    if ran.error is not None:
        parts.append("Fails:\n\n" + fenced(ran.error, "text"))
    parts += [f"Figure: {figure.caption}\n" for figure in ran.figures]
    return "\n".join(parts)
