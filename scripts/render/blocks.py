"""Put each Python block's output under it, and take away what only the verifier reads."""

from collections.abc import Iterator

from scripts.catalog.fences import FENCE, closing
from scripts.catalog.markdown import EXPECTED
from scripts.catalog.records import Block, Document
from scripts.render.outputs import output
from scripts.render.runnable import attributes
from scripts.render.text import Edit, line_starts
from scripts.verify.records import Record


def block_edits(document: Document, record: Record | None) -> Iterator[Edit]:
    """For each block the fence as Material reads it, with what the block printed under it."""
    starts = line_starts(document)
    ran = {b.number: b for b in record.blocks} if record else {}
    about = attributes(document.blocks)
    for block in document.blocks:
        under = output(block, ran.get(block.number))
        whole = fence(block, about[block.number]) + (f"\n\n{under}\n" if under else "\n")
        yield Edit(starts[block.line - 1], starts[block.end], whole)
        if block.expected is not None:
            first, last = expected_lines(document, block)
            yield Edit(starts[first], starts[last + 1], "")


def fence(block: Block, about: str = "") -> str:
    """The block as a fence that Material reads; `about` are its id, classes and attributes."""
    info = f"python {block.display}".strip()
    if about:
        info = f"{{ .{' '.join(filter(None, ['python', about, block.display]))} }}"
    return f"```{info}\n{block.code}```"


def expected_lines(document: Document, block: Block) -> tuple[int, int]:
    """The first and last line (from 0) of the comment and fence of an expected output."""
    lines = document.lines
    first = next(at for at in range(block.end, len(lines)) if lines[at].strip() == EXPECTED)
    fences = ((at, FENCE.match(lines[at])) for at in range(first + 1, len(lines)))
    opens, opened = next((at, match) for at, match in fences if match)
    last = closing(lines, opens, opened)
    return first, len(lines) - 1 if last is None else last
