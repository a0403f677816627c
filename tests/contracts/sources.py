"""What the text of a module must say and may import, held against its page and the catalogue."""

import ast
import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from contracts.symbols import ROOT, is_shared
from scripts.catalog import PACKAGES, Catalogue, Page, load
from scripts.catalog.imports import imported, parsed


@cache
def _catalogue() -> Catalogue:
    return load(ROOT)


def _pages() -> dict[str, Page]:
    return {page.module: page for page in _catalogue().pages.values()}


def _file(module: str) -> str:
    return module.replace(".", "/") + ".py"


def _code(module: str) -> str:
    return (ROOT / _file(module)).read_text(encoding="utf-8")


def _tree(module: str) -> ast.Module | None:
    """The syntax tree; None of what does not parse: importing it says more."""
    try:
        return parsed(_code(module))
    except (SyntaxError, ValueError, RecursionError):
        return None


def _home(slug: str) -> str | None:
    """The module of a slug, written or planned."""
    if row := _catalogue().rows.get(slug):
        return ".".join(["nexus", PACKAGES[row.category], *row.folder.split("/")[1:], slug])
    return None


def _before(page: Page) -> set[str]:
    """The modules of a page's prerequisites, of theirs, and so on."""
    todo, seen = [*page.front.prerequisites], set()
    while todo:
        slug = todo.pop()
        if slug not in seen:
            seen.add(slug)
            earlier = _catalogue().pages.get(slug)
            todo += earlier.front.prerequisites if earlier else []
    return {home for slug in seen if (home := _home(slug))}


def imports(module: str) -> Iterator[str]:
    """What a module imports and may not, each with its line and how to mend it."""
    file, page, tree = _file(module), _pages().get(module), _tree(module)
    allowed = _before(page) | {module} if page else {module}
    if tree is None:
        return
    for line, name in imported(_code(module)):
        target = _module_of(name)
        if is_shared(target) or target in allowed or (ROOT / target.replace(".", "/")).is_dir():
            continue
        slug = target.split(".")[-1]
        if is_shared(module):
            yield f"{file}:{line}: a shared part imports {target}, a page's; pass it in, or move it"
        elif page:
            what = f"it imports {target}; add {slug} to the prerequisites of {page.path}"
            yield f"{file}:{line}: {what}"
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield f"{file}:{node.lineno}: an import with dots; write it in full, from nexus.…"
        if isinstance(node, ast.Import) and any(a.name == "random" for a in node.names):
            yield f"{file}:{node.lineno}: it imports random; take a torch.Generator"


def _module_of(name: str) -> str:
    """The module in a dotted name, which may end in something that the module defines."""
    parts = name.split(".")
    while len(parts) > 1 and not (ROOT / "/".join(parts)).is_dir():
        if (ROOT / ("/".join(parts) + ".py")).is_file():
            break
        parts.pop()
    return ".".join(parts)


def _plain(text: str) -> str:
    """The text in small letters without accents."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in letters if not unicodedata.combining(c))


def docstring(module: str) -> Iterator[str]:
    """What the docstring of an algorithm's module lacks, or says of another paper than its page."""
    file, page, code = _file(module), _pages().get(module), _code(module)
    tree = _tree(module)
    if tree is None:
        return
    text = ast.get_docstring(tree) or ""
    parts = {
        name: " ".join(said.split())
        for name, said in re.findall(
            r"^(Source|Differs|Letters):(.*?)(?=^(?:Source|Differs|Letters):|^\s*$|\Z)",
            text,
            re.S | re.M,
        )
    }
    write = {
        "Source": "authors year, title, https://…, sections and equations",
        "Differs": "every departure from the paper, and why; or nothing",
        "Letters": "what each axis is: b batch, n tokens, …",
    }
    for name, what in write.items():
        if not parts.get(name) and (name != "Letters" or 'Tensor, "' in code):
            yield f"{file}:1: its docstring has no {name}: line; write `{name}: {what}`"
    if page is None:
        slug = module.split(".")[-1]
        row = _catalogue().rows.get(slug) if _home(slug) == module else None
        what = f"no page, or its front matter is wrong: {row.path}" if row else "no row, so no page"
        yield f"{file}:1: it has {what}"
        return
    if not parts.get("Source"):
        return
    paper, source = page.front.paper, parts["Source"]
    line = next(n for n, t in enumerate(code.split("\n"), 1) if "Source:" in t)
    surname = paper.authors[0].split()[-1]
    wanted = (paper.arxiv or paper.doi or str(paper.url), surname, str(page.front.year))
    for each in wanted:
        if _plain(each) not in _plain(source):
            yield f"{file}:{line}: Source: lacks {each}, which {page.path} names; make them agree"
