"""Raw HTML, attribute lists and link targets: what a page may hold, and nothing else.

The site shows pages that strangers wrote; none may run a script or load from elsewhere.
"""

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import unquote

from scripts.catalog.prose import Lines
from scripts.catalog.records import Link

TAGS = {"abbr", "br", "details", "div", "kbd", "p", "small", "span", "sub", "summary", "sup"}
ATTRIBUTES = {"class", "id", "markdown", "open", "title"}
SCHEMES = {"http", "https", "mailto"}

TAG = re.compile(r"<(?P<close>/?)(?P<name>[A-Za-z!?][^\s/>]*)(?P<rest>[^<>]*)>?")
ATTRIBUTE = re.compile(r"([^\s=\"'/]+)(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"']+))?")
LIST = re.compile(r"\{:?(?P<inside>[^{}\n]*[=#.][^{}\n]*)\}")


def forbidden(prose: str) -> Iterator[tuple[int, str, str]]:
    """Line, what and how to mend, for each tag, attribute and scheme that is not allowed."""
    found = Lines(prose)
    for match in TAG.finditer(prose):
        line, name = found.of(match.start())[0], match["name"].lower()
        if re.match(r"[a-z][a-z0-9+.-]*:|[^@\s]+@", name):  # <https://…>, <somebody@…>
            if (what := wrong_scheme(name + match["rest"])) is not None:
                yield line, what, "link with https:"
        elif name.startswith("!--"):
            continue
        elif name not in TAGS:
            yield (
                line,
                f"the HTML tag <{match['close']}{name}>",
                f"write Markdown, or {_some(TAGS)}",
            )
        else:
            for attribute in ATTRIBUTE.findall(match["rest"]):
                if attribute.lower() not in ATTRIBUTES:
                    yield line, f"the attribute {attribute!r} of <{name}>", _some(ATTRIBUTES)
    for match in LIST.finditer(prose):
        for key, _ in re.findall(r"([\w:-]+)\s*(=)", match["inside"]):
            if key.lower() not in ATTRIBUTES:
                yield found.of(match.start())[0], f"the attribute {key!r}", _some(ATTRIBUTES)


def forbidden_links(links: tuple[Link, ...]) -> Iterator[tuple[int, str, str]]:
    """Links that lead into a script or into data."""
    for link in links:
        if (what := wrong_scheme(link.target)) is not None:
            yield link.line, what, "link with https:, or relative to this page"


def wrong_scheme(target: str) -> str | None:
    """What to say of a target whose scheme is not allowed."""
    plain = re.sub(r"[\x00-\x20]", "", unquote(unescape(target)))
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", plain)
    if scheme and scheme[1].lower() not in SCHEMES:
        return f"a link with {scheme[1].lower()}:"
    return None


def _some(names: set[str]) -> str:
    return "allowed are " + ", ".join(sorted(names))
