"""The built site as a reader meets it: opened in Chromium, wide and narrow, light and dark."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from scripts.catalog import load
from scripts.verify import records

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
CATALOGUE = load(ROOT)
ATTENTION = "02_attention_mechanisms"
ALGORITHMS = [
    page.path.removeprefix("docs/").removesuffix(".md") for page in CATALOGUE.pages.values()
]
PAGES = ["index", f"{ATTENTION}/index", *ALGORITHMS, "api/nn"]
READ = [
    ".md-typeset p",
    ".md-typeset h1",
    ".md-typeset h2",
    ".md-typeset a",
    ".md-typeset code span",
    ".md-typeset td",
    ".md-typeset small",
    ".nx-lede",
    ".nx-card p",
    ".nx-card dt",
    ".nx-card dd",
    ".nx-mark strong",
    ".nx-out samp",
    ".nx-label",
    ".nx-figure text",
    ".nx-figure figcaption",
    ".katex .mord",
    ".nx-cell p",
    ".nx-plan li",
    ".md-nav__link",
    ".md-header__title",
    ".md-copyright",
]
CONTRAST = Path(__file__).with_name("contrast.js").read_text()


@pytest.mark.parametrize("width", [1300, 390])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_clean_and_readable(opened, origin, path, width):
    view = {"width": width, "height": 900}
    address = f"{origin}/{path}.html"
    with opened(address, viewport=view, color_scheme="dark") as (page, wrong):
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        twice = "ids => ids.filter((id, at) => ids.indexOf(id) != at)"
        ids = page.eval_on_selector_all("[id]", f"all => ({twice})(all.map(e => e.id))")
        assert ids == []
        found = page.evaluate(CONTRAST, READ)
        assert found["page"] < 0.05 and found["read"] > 20
        assert found["faint"] == []
        page.emulate_media(color_scheme="light")
        page.wait_for_selector("body[data-md-color-scheme=default]")
        page.wait_for_timeout(300)  # colours fade
        found = page.evaluate(CONTRAST, READ)
        assert found["page"] > 0.8
        assert found["faint"] == []
        assert wrong == []


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize("path", ALGORITHMS)
def test_a_page_shows_what_its_run_left_behind(opened, origin, path, script):
    algorithm = CATALOGUE.pages[path.split("/")[-1]]
    record = records.read(ROOT, algorithm)
    assert record is not None and record.passed
    codes = {block.number: block.code for block in algorithm.blocks}
    printed = [(codes[b.number], b.stdout) for b in record.blocks if b.stdout.strip()]
    drawn = [figure.caption for b in record.blocks for figure in b.figures]
    view = {"width": 1300, "height": 900}
    address = f"{origin}/{path}.html"
    with opened(address, viewport=view, java_script_enabled=script) as (page, wrong):
        assert wrong == []
        assert outputs(page) == [(code.strip("\n"), out.strip("\n")) for code, out in printed]
        captions = page.locator(".nx-figure figcaption")
        assert [text.split(" (differs")[0] for text in captions.all_inner_texts()] == drawn
        for figure in page.locator(".nx-figure :is(svg, img)").all():
            box = figure.bounding_box()
            assert box and box["width"] > 300 and box["height"] > 100
        mark = page.locator(".nx-mark-runs").inner_text()
        assert f"{len(record.blocks)} blocks" in mark and record.date in mark


def outputs(page: Page) -> list[tuple[str, str]]:
    """Each visible output in order, with the code of the block right above it."""
    shown = []
    for samp in page.locator(".nx-stdout samp").all():
        assert samp.is_visible()
        above = samp.locator("xpath=ancestor::div[@class='nx-out']/preceding-sibling::*[1]")
        code = above.locator("code").text_content() or ""
        shown.append((code.strip("\n"), (samp.text_content() or "").strip("\n")))
    return shown


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize("path", [f"{ATTENTION}/index", *ALGORITHMS])
def test_every_formula_is_typeset(opened, origin, path, script):
    document = CATALOGUE.of_path(f"docs/{path}.md")
    assert document is not None
    with opened(f"{origin}/{path}.html", java_script_enabled=script) as (page, _):
        assert page.locator("article .katex").count() == len(document.formulas) > 0
        assert page.locator(".katex-error, .nx-tex-error").count() == 0
        displayed = page.locator("article .katex-display").count()
        assert displayed == sum(formula.display for formula in document.formulas)
        assert "$$" not in page.locator("article").inner_text()
        assert page.locator(".katex math").count() == len(document.formulas)


def test_without_script_the_notes_of_a_listing_are_there(opened, origin):
    for path in ALGORITHMS:
        pulls = CATALOGUE.pages[path.split("/")[-1]].pulls
        count = sum(len(pull.notes or {}) for pull in pulls)
        with opened(f"{origin}/{path}.html", java_script_enabled=False) as (page, _):
            assert page.locator(".highlight + ol > li:visible").count() == count


def test_search_finds_a_page(opened, origin):
    view = {"width": 1300, "height": 900}
    with opened(f"{origin}/index.html", viewport=view) as (page, _):
        page.wait_for_load_state("networkidle")
        page.locator(".md-search__input").click()
        page.keyboard.type("grouped-query attention", delay=20)
        first = page.locator(".md-search-result__item a").first
        first.wait_for()
        assert f"{ATTENTION}/grouped_query_attention.html" in (first.get_attribute("href") or "")


def test_from_a_disk_a_page_leads_to_the_next(opened, site):
    with opened((site / "index.html").as_uri()) as (page, _):
        page.locator(".nx-cell-title a", has_text="Attention").first.click()
        page.locator(".nx-table a", has_text="Grouped-Query Attention").click()
        assert page.locator("h1").inner_text().startswith("Grouped-Query Attention")
        assert page.locator(".nx-stdout samp").first.is_visible()
