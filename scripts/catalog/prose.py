"""What stands in running text: names in code spans, formulas, links, each with its line."""

import re
from bisect import bisect_right
from collections.abc import Iterator

from scripts.catalog.records import Formula, Link


class Lines:
    """Line numbers of offsets into a text."""

    def __init__(self, text: str):
        self.starts = [0, *(m.end() for m in re.finditer("\n", text))]

    def of(self, offset: int) -> tuple[int, int]:
        """Line (from 1) and column (from 0)."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1]


def _spaces(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def without_code(text: str) -> tuple[str, list[tuple[int, str]]]:
    """The text with inline code blanked, and the names of `nexus` that stand in it."""
    names, found = [], Lines(text)

    def blank(match: re.Match) -> str:
        for name in re.finditer(r"\bnexus(?:\.[A-Za-z_]\w*)+", match[2]):
            names.append((found.of(match.start(2) + name.start())[0], name[0]))
        return _spaces(match[0])

    return re.sub(r"(?<![`\\])(`+)(?!`)((?:[^\n]|\n(?!\n))+?)(?<!`)\1(?!`)", blank, text), names


DISPLAY = re.compile(r"^\$\$((?:[^$\\]|\\.|\$(?!\$))++)\$\$[ ]*$", re.S | re.M)
INLINE = re.compile(r"(?<![\\$])\$(?![\s$])((?:[^$\n\\]|\\.|\n(?!\n))+?)(?<!\s)\$(?![\d$])")


def formulas(prose: str) -> Iterator[Formula]:
    """TeX between single dollars in a paragraph, or between double ones on lines of their own."""
    found = Lines(prose)
    for match in DISPLAY.finditer(prose):
        yield Formula(found.of(match.start())[0], match[1].strip(), True)
    for match in INLINE.finditer(DISPLAY.sub(lambda m: _spaces(m[0]), prose)):
        yield Formula(found.of(match.start())[0], match[1], False)


def without_formulas(prose: str) -> str:
    """The text with formulas blanked: a < b is no tag."""
    blank = DISPLAY.sub(lambda m: _spaces(m[0]), prose)
    return INLINE.sub(lambda m: _spaces(m[0]), blank)


def links(prose: str) -> Iterator[Link]:
    """Inline links, images and link definitions; none in comments."""
    closed = prose.rfind("-->") + 3
    comment = re.compile(r"<!--.*?-->", re.S)
    prose = comment.sub(lambda m: _spaces(m[0]), prose[:closed]) + prose[closed:]
    found = Lines(prose)
    inline = re.compile(
        r"!?\[((?:[^\[\]]|\[[^\[\]]*\])*+)\]"
        r"\(\s*+<?([^()\s<>]*+(?:\([^()\s]*+\)[^()\s<>]*+)*+)>?[^()]*+\)"
    )
    defined = re.compile(r"^ {0,3}\[([^\]\n]+)\]:\s*<?(\S+?)>?\s*$", re.M)
    for match in (*inline.finditer(prose), *defined.finditer(prose)):
        line, start = found.of(match.start())
        yield Link(line, start, start + len(match[0]), match[1], match[2])
