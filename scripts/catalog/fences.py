"""Fences: which are Python, and what their opening line says of them."""

import re
from collections.abc import Callable
from dataclasses import replace

from scripts.catalog.records import Block

FENCE = re.compile(r"^(?P<indent>[ \t>]*)(?P<ticks>`{3,}|~{3,})(?P<info>[^`\n]*)$")
PYTHON = re.compile(r"(?i)^[{\s.]*(i?python\d*|py\d*|pycon|pyi|jupyter)\b")
INFO = re.compile(r'^python(?P<rest>(?: +(?:\{[^{}]*\}|[a-z_]+="[^"]*"))*)$')
ITEM = re.compile(r'([a-z_]+)(?:=("[^"]*"|\S+))?')
OURS = {("varies", False), ("raises", True), ("skip", True)}
DISPLAY = {"title", "linenums", "hl_lines"}
SPELLING = 'write ```python, then {varies}, {raises=…} or {skip="…"}, then title="…" and the like'

Report = Callable[[int, str, str], None]
"""Called with a line, what is wrong on it, and how to mend it."""


def closing(lines: list[str], at: int, opened: re.Match) -> int | None:
    """The index of the line that closes a fence, in the same ticks; None if there is none."""
    for end in range(at + 1, len(lines)):
        if lines[end].strip(" \t>") == opened["ticks"]:
            return end
    return None


def expect(blocks: list[Block], code: str, line: int, report: Report) -> None:
    """Give the last block the output that it promises."""
    if not blocks or blocks[-1].expected is not None:
        report(line, "this expected output belongs to no block", "put it below the block")
        return
    blocks[-1] = replace(blocks[-1], expected=code)


def python_block(
    number: int, line: int, end: int, code: str, section: str, opened: re.Match, report: Report
) -> Block | None:
    """The block, if its fence is spelled as we spell it."""
    info = opened["info"].strip()
    if opened["indent"]:
        report(line, "an indented or quoted Python fence", "begin it at the left margin")
        return None
    parsed = INFO.match(opened["info"])
    if opened["ticks"] != "```" or not parsed:
        report(line, f"a Python fence spelled {opened['ticks']}{info}", SPELLING)
        return None
    options, display = {}, []
    for part in re.findall(r'\{[^{}]*\}|[a-z_]+="[^"]*"', parsed["rest"]):
        inside = part.startswith("{")
        for key, value in ITEM.findall(part.strip("{}")):
            if inside and (key, bool(value)) in {
                ("varies", False),
                ("raises", True),
                ("skip", True),
            }:
                options[key] = value.strip('"') or True
            elif not inside and key in DISPLAY:
                display.append(part)
            else:
                report(line, f"a Python fence with an unknown {part}", SPELLING)
                return None
    return Block(number, line, end, code, section, " ".join(display), **options)
