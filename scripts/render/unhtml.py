"""Markdown with HTML in it, as `render` gives it, without the HTML: nothing is lost but looks."""

import re
from html.parser import HTMLParser

KEPT = re.compile(r"^(`{3,})[^\n]*\n.*?^\1$|`[^`\n]+`|\$\$.+?\$\$|\$[^$\n]+\$", re.S | re.M)
PLACE = re.compile(r"\0(\d+)\0")
UNSEEN = {"svg", "script", "style", "template", "button", "progress", "form"}
LINES = {"p", "section", "figure", "dl", "details", "summary", "pre", "figcaption"}
LINES |= {"table", "ul", "ol"}
ROUND = {"strong": "**", "em": "*", "code": "`", "var": "*"}
LIST = {"li": "- ", "dt": "- ", "dd": "    - "}
HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}


def unhtml(text: str) -> str:
    """Plain Markdown. Fences, code and formulas stay as they are; pictures become their text."""
    kept: list[str] = []

    def keep(match: re.Match) -> str:
        kept.append(match[0])
        return f"\0{len(kept) - 1}\0"

    reader = _Reader()
    reader.feed(KEPT.sub(keep, text))
    reader.close()
    plain = PLACE.sub(lambda m: kept[int(m[1])], "".join(reader.out))
    plain = re.sub(r"[ \t\xa0]+$", "", plain.replace("(\xa0planned)", "(planned)"), flags=re.M)
    plain = re.sub(r"^( *- .*)\n\n+(?= *- )", r"\1\n", plain, flags=re.M)
    return re.sub(r"\n{3,}", "\n\n", plain).strip("\n") + "\n"


class _Reader(HTMLParser):
    """Writes `out`; the cells of a table are read into an `out` of their own."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.unseen: list[str] = []  # open elements inside of which nothing is read
        self.ends: list[str] = []  # what closes the links and small texts that are open
        self.tables = 0
        self.row: list[str] = []
        self.outer: list[list[str]] = []
        self.headed = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about = dict(attrs)
        if tag == "svg" and not self.unseen:
            self.out.append(_figure(about.get("aria-label")))
        if self.unseen or tag in UNSEEN:
            self.unseen.append(tag)
        elif tag == "table":
            self.tables, self.headed = self.tables + 1, False
            self.out.append("\n\n")
        elif tag == "tr":
            self.row = []
        elif tag in ("td", "th"):
            self.outer.append(self.out)
            self.out = []
        elif tag == "a":
            self._begin("[", f"]({about['href']})") if about.get("href") else self._begin("", "")
        elif tag == "small":
            mark = "nx-plan-mark" in (about.get("class") or "")
            self._begin(" (", ")") if mark else self._begin(" ", "")
        elif tag == "img":
            self.out.append(_figure(about.get("alt")))
        else:
            self.out.append(" " if tag == "br" else _mark(tag, opening=True))

    def _begin(self, start: str, end: str) -> None:
        self.out.append(start)
        self.ends.append(end)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not self.unseen and tag in ("br", "img"):
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self.unseen:
            while tag in self.unseen and self.unseen.pop() != tag:
                pass
        elif tag in ("td", "th") and self.outer:
            self.row.append(" ".join("".join(self.out).split()).replace("|", "\\|"))
            self.out = self.outer.pop()
        elif tag == "tr":
            self.out.append(f"| {' | '.join(self.row)} |\n")
            self.out += [] if self.headed else [f"|{'---|' * len(self.row)}\n"]
            self.headed = True
        elif tag in ("a", "small"):
            self.out.append(self.ends.pop() if self.ends else "")
        else:
            self.tables -= tag == "table"
            self.out.append(_mark(tag, opening=False))

    def handle_data(self, data: str) -> None:
        if not self.unseen and (self.outer or not self.tables):
            self.out.append(data)


def _figure(text: str | None) -> str:
    return f"\n\nFigure: {text}\n\n" if text else ""


def _mark(tag: str, *, opening: bool) -> str:
    if tag in LIST:
        return f"\n{LIST[tag]}" if opening else "\n"
    if tag in HEADINGS:
        return f"\n\n{HEADINGS[tag]}" if opening else "\n\n"
    if tag == "div":
        return "\n"
    return ROUND.get(tag) or ("\n\n" if tag in LINES else "")
