"""The adapter between mkdocs and `scripts.render`: hands it pages, and takes Markdown."""

import logging
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import CombinedEvent, event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from scripts.render import BRANCH, Site, generated, load_site, navigation, other_files, render
from scripts.render.formulas import plain

log = logging.getLogger("mkdocs.hooks.nexus")
ROWS, PATHS = "data/catalogue.tsv", "data/paths.yml"
UNSEARCHED = re.compile(r"<svg.*?</svg>|</?span[^>]*>", re.S)
_site: Site


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Read all of `docs` once a build; what is wrong becomes warnings, which `--strict` counts."""
    global _site
    root = Path(config.config_file_path or "mkdocs.yml").resolve().parent
    _site, problems = load_site(root, config.repo_url or "")
    for problem in problems:
        log.warning("%s", problem)
    config.edit_uri = f"edit/{BRANCH}/docs/" if config.repo_url else None
    config.nav = navigation(_site.catalogue)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that no file stands for, and what is not a page."""
    for path in generated(_site):
        files.append(File.generated(config, path.removeprefix("docs/"), content="\n"))
    for path, text in other_files(_site).items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The page as `render` gives it."""
    rendered = render(_site, f"docs/{page.file.src_uri}")
    if rendered is None:
        return markdown
    for problem in rendered.problems:
        log.warning("%s", problem)
    page.meta.update(rendered.meta)
    if page.file.generated_by and config.repo_url and config.edit_uri:
        source = PATHS if page.file.src_uri.startswith("paths/") else ROWS
        page.edit_url = f"{config.repo_url.rstrip('/')}/{config.edit_uri}{source}"
    return rendered.body


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Formulas that only the extension saw, in docstrings, fail here."""
    if "nx-tex-error" in html:
        log.warning("docs/%s: KaTeX refuses a formula of this page", page.file.src_uri)
    return html


@event_priority(100)
def _before_search(context: dict, page: Page, config: MkDocsConfig, nav: Navigation) -> dict:
    """Spare the search plugin what nobody searches for: half a build went into parsing spans."""
    page.meta["nexus_content"] = page.content
    page.content = UNSEARCHED.sub("", plain(page.content or ""))
    return context


@event_priority(-100)
def _after_search(context: dict, page: Page, config: MkDocsConfig, nav: Navigation) -> dict:
    page.content = page.meta.pop("nexus_content")
    return context


on_page_context = CombinedEvent(_before_search, _after_search)


def on_serve(server: LiveReloadServer, config: MkDocsConfig, builder) -> LiveReloadServer:
    """Build again when code or records change, not only pages."""
    root = Path(config.config_file_path).parent
    for path in ("nexus", "build/records", "scripts/render"):
        if (root / path).is_dir():
            server.watch(str(root / path))
    return server
