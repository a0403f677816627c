"""What a reader can do with a page: one quiet row at the end of its head card."""

import html
from urllib.parse import urlencode

from scripts.catalog.records import Board, Notebook, Page
from scripts.render.bibtex import bibtex
from scripts.render.records import Site
from scripts.render.text import attribute, raw


def actions(site: Site, page: Page) -> str:
    """Notebook, Markdown, citation and report, as raw HTML that needs no script."""
    return (
        '<div class="nx-actions" markdown="0">'
        f'<a href="{page.slug}.ipynb" download>Notebook</a> '
        f'<a href="{page.slug}.md" download>Markdown</a> '
        f"{_cite(page)} {report(site, page)}</div>"
    )


def _cite(page: Page) -> str:
    entry = raw(bibtex(page).rstrip())
    return _folded("Cite the paper", f'<pre class="nx-bibtex"><code>{entry}</code></pre>')


def report(site: Site, page: Page | Notebook | Board) -> str:
    """A new issue with the facts filled in; the facts alone where no repository is known."""
    facts = _facts(site, page)
    if site.repo:
        lines = ["What is wrong:", "", "", "Block: (its number from the top, if it is about one)"]
        body = "\n".join([*lines, *(f"{name}: {value}" for name, value in facts)])
        query = urlencode({"title": f"Mistake on {page.front.title}", "body": body})
        address = attribute(f"{site.repo.rstrip('/')}/issues/new?{query}")
        return f'<a class="nx-report" href="{address}">Report a mistake</a>'
    rows = [("Block", "its number from the top"), *facts]
    inside = "".join(f"<li>{name}: {html.escape(value)}</li>" for name, value in rows)
    lede = "This copy of the site names no place for reports. Wherever you write, give these:"
    return _folded("Report a mistake", f"<p>{lede}</p><ul>{inside}</ul>")


def _facts(site: Site, page: Page | Notebook | Board) -> list[tuple[str, str]]:
    """What somebody needs to know who looks into it."""
    record = site.records.get(page.slug)
    versions = ", ".join(f"{k} {v}" for k, v in record.versions.items()) if record else ""
    ran = f"{record.date} with {versions} on {record.platform}" if record else "never, as it stands"
    return [("Page", page.path), ("Last run", ran)]


def _folded(label: str, inside: str) -> str:
    return f"<details><summary>{label}</summary><div>{inside}</div></details>"
