"""Papers as BibTeX: one entry a page, under the page's slug, which never changes."""

import re
import unicodedata

from scripts.catalog.records import Catalogue, Page

ESCAPES = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}
GROUPS = re.compile(r"\b(Team|Collaboration|Group|Consortium|Labs?|Research|AI|Inc)\b")
CAPITALS = "GAMMA DELTA THETA LAMBDA XI PI SIGMA UPSILON PHI PSI OMEGA".split()
"""The others look like Latin letters, and TeX has no names for them."""


def bibtex(page: Page) -> str:
    """The entry of the paper that a page stands on; its key is the page's slug."""
    paper = page.front.paper
    fields = {
        "title": f"{{{_escaped(paper.title)}}}",
        "author": " and ".join(map(_author, paper.authors)),
        "year": str(page.front.year),
    }
    if paper.arxiv:
        fields |= {"eprint": paper.arxiv, "archiveprefix": "arXiv"}
    if paper.doi:
        fields["doi"] = paper.doi
    fields["url"] = paper.link
    if paper.venue:
        fields["note"] = _escaped(paper.venue)
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    return f"@misc{{{page.slug},\n{lines}}}\n"


def bibliography(catalogue: Catalogue) -> str:
    """All entries, by key."""
    pages = catalogue.pages
    return "\n".join(bibtex(pages[slug]) for slug in sorted(pages))


def unnamed(author: str) -> bool:
    """Whether a list of authors ends here though there are more: "others", "et al."."""
    return bool(re.fullmatch(r"et al\.?|(and )?others", author.strip(), re.I))


def _author(name: str) -> str:
    """A name as BibTeX reads it; that of a group, or with a comma or an "and", is kept whole."""
    if unnamed(name):
        return "others"
    whole = GROUPS.search(name) or "," in name or re.search(r"\band\b", name)
    return f"{{{_escaped(name)}}}" if whole else _escaped(name)


def _escaped(text: str) -> str:
    """Text in which nothing means anything to TeX; letters keep their accents, as UTF-8."""
    return "".join(ESCAPES.get(c) or _greek(c) or c for c in " ".join(text.split()))


def _greek(character: str) -> str:
    """`π` as `$\\pi$`: no text font has to have it."""
    name = unicodedata.name(character, "").replace("LAMDA", "LAMBDA")
    if name == "MICRO SIGN":
        return r"$\mu$"
    found = re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER (\w+)", name)
    if not found or (found[1] == "CAPITAL" and found[2] not in CAPITALS):
        return ""
    return f"$\\{found[2].lower() if found[1] == 'SMALL' else found[2].title()}$"
