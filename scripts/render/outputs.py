"""What a block printed, drew and raised, as HTML that stands under it."""

from scripts.catalog.records import Block
from scripts.render.text import attribute, counted, raw
from scripts.verify.records import BlockRecord, Figure

VARIES = "differs between runs and machines"
NARROW = 270
"""Points of width below which two figures stand side by side, and each fits a phone."""


def output(block: Block, ran: BlockRecord | None) -> str:
    """The HTML under a block; empty if it was not run or had nothing to say."""
    if ran is None:
        return ""
    parts = []
    if ran.outcome == "skipped":
        parts.append(_part("skipped", f"not run: {raw(block.skip or 'skipped')}"))
    label = f"output, {VARIES}" if block.varies else "output"
    if ran.stdout.strip("\n"):
        parts.append(_part("stdout", _label(label) + _pre(ran.stdout)))
    if ran.warnings:
        what = _label(counted(len(ran.warnings), "warning"))
        parts.append(_part("warning", what + _pre("\n".join(ran.warnings))))
    if ran.raised is not None:
        what = f"raises {block.raises}" if block.raises else "raises"
        parts.append(_part("raised", _label(raw(what)) + _pre(ran.raised)))
    if ran.error is not None:
        parts.append(_part("failed", _label("failed") + _pre(ran.error)))
    box = f'<div class="nx-out">\n{"".join(parts)}</div>\n' if parts else ""
    return box + "".join(figure(each, varies=block.varies) for each in ran.figures)


def _part(kind: str, inside: str) -> str:
    return f'<div class="nx-{kind}">{inside}</div>\n'


def _label(text: str) -> str:
    return f'<p class="nx-label">{text}</p>'


def _pre(text: str) -> str:
    return f'<pre tabindex="0"><samp>{raw(text.strip(chr(10)))}</samp></pre>'


def figure(drawn: Figure, *, varies: bool = False) -> str:
    """A figure with its caption, which is its alternative text too."""
    if drawn.svg is not None:
        about = f'role="img" aria-label="{attribute(drawn.caption)}"'
        size = f' width="{drawn.width}" height="{drawn.height}"' if drawn.width else ""
        picture = drawn.svg.replace("<svg ", f"<svg {about}{size} ", 1)
    else:
        picture = (
            f'<img src="data:image/webp;base64,{drawn.webp}" alt="{attribute(drawn.caption)}"'
            f' width="{drawn.width}" height="{drawn.height}" loading="lazy">'
        )
    note = f' <span class="nx-note">({VARIES})</span>' if varies else ""
    kind = "nx-figure nx-narrow" if 0 < drawn.width < NARROW else "nx-figure"
    return (
        f'<figure class="{kind}"><div data-search-exclude tabindex="0">{picture}</div>'
        f"<figcaption>{raw(drawn.caption)}{note}</figcaption></figure>\n"
    )
