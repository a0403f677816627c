"""A Python-Markdown extension: formulas between dollars are typeset when the page is built."""

import html
import re
import xml.etree.ElementTree as etree

from markdown import Markdown
from markdown.treeprocessors import Treeprocessor
from pymdownx.arithmatex import ArithmatexExtension

from scripts.catalog.records import Document, Problem
from scripts.render.tex import TexError, typeset

SYNTAX = {
    "generic": True,
    "block_syntax": ["dollar"],
    "inline_syntax": ["dollar"],
    "inline_tag": "var",  # KaTeX writes none, so the end of a formula is easily found
}
SHORT = 32  # characters of TeX that stay on one line of the narrowest screen
WRAPPED = re.compile(r"^\\[(\[](.*)\\[)\]]$", re.S)


class _Typeset(Treeprocessor):
    def run(self, root: etree.Element) -> None:
        for element in root.iter():
            if element.get("class") == "arithmatex":
                display = element.tag == "div"
                found = WRAPPED.match(element.text or "")
                tex = found[1] if found else ""
                tex = html.unescape(tex).strip() if display else tex
                if len(tex) <= SHORT:
                    element.set("class", "arithmatex nx-short")
                element.text = self.md.htmlStash.store(_html(tex, display))


def _html(tex: str, display: bool) -> str:
    try:
        return typeset(tex, display)
    except TexError:
        return f'<code class="nx-tex-error">{html.escape(tex)}</code>'


class FormulasExtension(ArithmatexExtension):
    """Arithmatex's parsing, KaTeX's output."""

    def extendMarkdown(self, md: Markdown) -> None:
        """Add the parsing, and the typesetting after all inline patterns."""
        super().extendMarkdown(md)
        md.treeprocessors.register(_Typeset(md), "nexus-formulas", 15)


def makeExtension(**options) -> FormulasExtension:
    """The extension as Python-Markdown asks for it."""
    return FormulasExtension(**{**SYNTAX, **options})


def formula_problems(document: Document) -> list[Problem]:
    """Formulas that KaTeX refuses, with the line on which it stumbles, and misplaced ones."""
    problems = []
    headings = {heading.line for heading in document.headings}
    for formula in document.formulas:
        if formula.line in headings:
            what = "a formula stands in a heading"
            problems.append(Problem(document.path, formula.line, what, "say it in words"))
        try:
            typeset(formula.tex, formula.display)
        except TexError as error:
            line = _line(document, formula.line, formula.tex, error.at)
            what = f"KaTeX refuses this formula: {error}"
            near = " ".join(formula.tex[error.at :].split())[:40]
            mend = f"it stops at {near!r}" if near else ""
            problems.append(Problem(document.path, line, what, mend))
    return problems


def _line(document: Document, line: int, tex: str, at: int) -> int:
    """The line of a document on which the character `at` of a formula stands."""
    rest = "\n".join(document.lines[line - 1 :])
    start = max(rest.find(tex), 0)
    return line + rest.count("\n", 0, start + min(at, len(tex)))
