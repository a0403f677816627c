"""The adapter between mkdocs and `scripts.render`: hands it pages, and takes Markdown."""

import logging
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from scripts import jupyter
from scripts.render import (
    BRANCH,
    Site,
    generated,
    load_site,
    machines,
    navigation,
    other_files,
    render,
)
from scripts.render.policy import with_policy
from scripts.render.search import address, borrowed, full_text, search_index

log = logging.getLogger("mkdocs.hooks.nexus")
ROWS, PATHS = "data/catalogue.tsv", "data/paths.yml"
_site: Site
_served = False


def on_startup(command: str, dirty: bool) -> None:
    """`serve` adds a script of its own to each page, which no policy could allow."""
    global _served
    _served = command == "serve"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Read all of `docs` once a build; what is wrong becomes warnings, which `--strict` counts."""
    global _site
    root = Path(config.config_file_path or "mkdocs.yml").resolve().parent
    _site, problems = load_site(root, config.repo_url or "", config.site_url or "")
    for problem in problems:
        log.warning("%s", problem)
    config.edit_uri = f"edit/{BRANCH}/docs/" if config.repo_url else None
    config.extra["search_index"] = address(search_index(_site))
    config.nav = navigation(_site.catalogue)
    jupyter.install(_site, config)
    return config


@event_priority(-100)  # after mkdocs-jupyter, which would wrap a notebook and lose its source
def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that no file stands for, and what is not a page."""
    for path in generated(_site):
        files.append(File.generated(config, path.removeprefix("docs/"), content="\n"))
    for path, text in other_files(_site).items():
        files.append(File.generated(config, path, content=text))
    jupyter.take_over(_site, files, config)
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
        if _site.catalogue.of_path(rendered.path):  # a notebook's own; a path has none
            source = page.file.src_uri
        page.edit_url = f"{config.repo_url.rstrip('/')}/{config.edit_uri}{source}"
    return rendered.body


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Formulas that only the extension saw, in docstrings, fail here."""
    html = jupyter.shown(html)
    if "nx-tex-error" in html:
        log.warning("docs/%s: KaTeX refuses a formula of this page", page.file.src_uri)
    return html


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Each page says what it may load."""
    return output if _served else with_policy(output, page.content or "")


def on_post_template(output_content: str, template_name: str, config: MkDocsConfig) -> str:
    """So does the one for addresses that do not exist."""
    html = template_name.endswith(".html") and not _served
    return with_policy(output_content, "") if html else output_content


def on_post_build(config: MkDocsConfig) -> None:
    """What stands beside the pages; no list of addresses where the site's own is not known."""
    machines.write(_site, Path(config.site_dir))
    if not config.site_url:
        for name in ("sitemap.xml", "sitemap.xml.gz"):
            (Path(config.site_dir) / name).unlink(missing_ok=True)
    if _served:
        borrowed(Path(config.config_file_path).parent / "site" / "pagefind", Path(config.site_dir))
    else:
        full_text(Path(config.site_dir))


def on_serve(server: LiveReloadServer, config: MkDocsConfig, builder) -> LiveReloadServer:
    """Build again when code or records change, not only pages."""
    root = Path(config.config_file_path).parent
    for path in ("nexus", "build/records", "scripts/render"):
        if (root / path).is_dir():
            server.watch(str(root / path))
    return server
