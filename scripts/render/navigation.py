"""The order of the site's pages, as mkdocs wants it: lists of one-key mappings."""

from scripts.catalog.records import PACKAGES, Catalogue
from scripts.render.index import heading

API, PATHS = "api/", "paths/index.md"
REFERENCE = "use_cases quick_reference glossary papers numbers not_run statistics".split()


def navigation(catalogue: Catalogue) -> list[dict]:
    """Home, the catalogue, paths, the categories, notebooks, boards, reference, shared code."""
    entries: list[dict] = [{"Home": "index.md"}]
    there = {p.removeprefix("docs/") for p in catalogue.others}
    if "catalogue.md" in there:
        entries.append(_titled(catalogue, "catalogue.md"))
    if PATHS in there:
        paths: list = [{each.title: each.path.removeprefix("docs/")} for each in catalogue.paths]
        entries.append({"Learning paths": [PATHS, *paths]})
    for folder in PACKAGES:
        entries.append({heading(catalogue, folder): _category(catalogue, folder)})
    notebooks = [
        {n.front.title: n.path.removeprefix("docs/")} for n in catalogue.notebooks.values()
    ]
    if notebooks:
        entries.append({"Notebooks": notebooks})
    boards = [{b.front.title: b.path.removeprefix("docs/")} for b in catalogue.boards.values()]
    if boards:
        entries.append({"Leaderboards": boards})
    reference = [f"{name}.md" for name in REFERENCE if f"{name}.md" in there]
    if reference:
        entries.append({"Reference": [_titled(catalogue, path) for path in reference]})
    api = sorted(path for path in there if path.startswith(API))
    api.sort(key=lambda path: not path.endswith("/index.md"))
    if api:
        entries.append({"Shared code": [_titled(catalogue, path) for path in api]})
    rest = there - {*api, *reference, PATHS, "index.md", "catalogue.md"}
    return [*entries, *(_titled(catalogue, path) for path in sorted(rest))]


def _category(catalogue: Catalogue, folder: str) -> list:
    """A category's index, its pages by year, and its subfolders that have pages."""
    entries: list = [f"{folder}/index.md", *_pages(catalogue, folder)]
    below = {page.folder for page in catalogue.pages.values()} | catalogue.indexes.keys()
    for sub in sorted(f for f in below if f.startswith(f"{folder}/")):
        index = [f"{sub}/index.md"] if sub in catalogue.indexes else []
        entries.append({heading(catalogue, sub): [*index, *_pages(catalogue, sub)]})
    return entries


def _pages(catalogue: Catalogue, folder: str) -> list[dict]:
    pages = [page for page in catalogue.pages.values() if page.folder == folder]
    pages.sort(key=lambda page: (page.front.year, page.front.title))
    return [{page.front.title: page.path.removeprefix("docs/")} for page in pages]


def _titled(catalogue: Catalogue, path: str) -> dict:
    document = catalogue.others[f"docs/{path}"]
    first = next((h.text for h in document.headings if h.level == 1), path)
    return {str(document.meta.get("title", first)).replace("`", ""): path}
