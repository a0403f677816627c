"""Which letter means what, from the `Letters:` of the modules' docstrings; nothing is imported."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from scripts.render.records import Site
from scripts.render.text import counted, inline, link, relative

PAGE = "docs/glossary.md"
LEGEND = re.compile(r"^Letters:(.*?)(?:\n\s*\n|\Z)", re.S | re.M)
SYMBOL = re.compile(r"[^\W\d_](?:['′]|[₀-₉]+|_[^\W_]{1,3})?")
APART = re.compile(r"[,;]\s+(?![^(]*\))")
"""A comma or semicolon outside parentheses."""


@dataclass(frozen=True)
class Use:
    """A module that gives a letter this meaning."""

    symbol: str
    meaning: str
    module: str


def letters(docstring: str) -> list[tuple[str, str]]:
    """Symbols and meanings of a legend: `b batch, h w height and width, a, b two numbers`.

    Symbols without a meaning of their own share the next one; what begins with no symbol goes on
    with the meaning before it. The legend's first sentence counts, what follows are remarks.
    """
    found = LEGEND.search(docstring)
    if not found:
        return []
    text = re.split(r"\.\s+(?=[A-Z])", " ".join(found[1].split()))[0].rstrip(".")
    pairs: list[tuple[str, str]] = []
    waiting: list[str] = []
    for piece in APART.split(text):
        symbols, meaning = _split(piece)
        if not symbols and pairs and not waiting:
            last = pairs[-1]
            pairs[-1] = (last[0], f"{last[1]}, {meaning}")
        elif not meaning:
            waiting += symbols
        else:
            symbols = [*waiting, *symbols]
            shared = f"{', '.join(symbols)}: {meaning}" if len(symbols) > 1 else meaning
            pairs += [(symbol, shared) for symbol in symbols]
            waiting = []
    return pairs


def _split(piece: str) -> tuple[list[str], str]:
    """The symbols a piece begins with, and the rest; an `a` that is not first is an article."""
    words = piece.split()
    at = 0
    while at < len(words) and SYMBOL.fullmatch(words[at]) and not (at and words[at] == "a"):
        at += 1
    return words[:at], " ".join(words[at:])


def uses(site: Site) -> list[Use]:
    """Every letter of every module."""
    return [
        Use(symbol, meaning, module.path)
        for module in site.names.modules()
        if module.docstring
        for symbol, meaning in letters(module.docstring.value)
    ]


def glossary(site: Site) -> str:
    """The letters in alphabetical order, each with its meanings and who uses which."""
    table: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for use in uses(site):
        table[use.symbol][use.meaning].append(use.module)
    several = sum(_meanings(each) > 1 for each in table.values())
    modules = len({use.module for use in uses(site)})
    said = f"{counted(len(table), 'letter')} in {counted(modules, 'module')}; "
    said += f"{several} of them mean more than one thing."
    items = "".join(_letter(site, symbol, table[symbol]) for symbol in sorted(table, key=_order))
    head = f'<p class="nx-note">{said}</p>\n\n'
    return f'{head}<dl class="nx-letters" markdown="1">\n{items}</dl>\n'


def _order(symbol: str) -> tuple[bool, str, str]:
    """Latin before Greek, small before large."""
    return not symbol.isascii(), symbol.casefold(), symbol.swapcase()


def _meanings(said: Iterable[str]) -> int:
    """How many there are, apart from what stands in parentheses."""
    return len({re.sub(r"\s*\([^)]*\)", "", meaning) for meaning in said})


def _letter(site: Site, symbol: str, meanings: dict[str, list[str]]) -> str:
    number = _meanings(meanings)
    mark = f' <small class="nx-differs">{number} meanings</small>' if number > 1 else ""
    lines = []
    for meaning, modules in sorted(meanings.items(), key=lambda each: (-len(each[1]), each[0])):
        where = ", ".join(_where(site, module) for module in modules)
        lines.append(f'<dd markdown="span">{inline(meaning)} <small>{where}</small></dd>')
    name = f'<dt markdown="span"><var>{inline(symbol)}</var>{mark}</dt>'
    return f'<div markdown="1">{name}\n' + "\n".join(lines) + "</div>\n"


def _where(site: Site, module: str) -> str:
    """A module's page, else its package's, else its name."""
    for page in site.catalogue.pages.values():
        if page.module == module:
            return link(page.front.title, relative(page.path, PAGE))
    shared = f"docs/api/{module.split('.')[1]}.md" if "." in module else ""
    if shared in site.catalogue.others:
        return f"[`{module}`]({relative(shared, PAGE)})"
    return f"`{module}`"
