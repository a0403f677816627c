"""Learning paths and reference pages in Chromium: ticks are kept, maps fit, nothing complains."""

import json
from pathlib import Path

import pytest

from scripts.catalog import load

pytestmark = pytest.mark.browser

CATALOGUE = load(Path(__file__).parents[2])
PATHS = {path.slug: path for path in CATALOGUE.paths}
REFERENCE = ["use_cases", "quick_reference", "glossary", "papers", "not_run", "statistics"]
PAGES = ["paths/index", *(f"paths/{slug}" for slug in PATHS), *REFERENCE]
READ = [
    ".md-typeset p",
    ".md-typeset h2",
    ".md-typeset a",
    ".md-typeset th",
    ".md-typeset td",
    ".md-typeset dd",
    ".md-typeset dt small",
    ".md-typeset small",
    ".nx-papers li > *",
    ".nx-plain li",
    ".nx-steps > li",
    ".nx-map text",
    ".nx-map tspan",
    ".nx-route figcaption",
]
CONTRAST = Path(__file__).with_name("contrast.js").read_text()


def reload(page):
    """Once all has arrived: what a reload breaks off counts as failed."""
    page.wait_for_load_state("networkidle")
    page.reload()
    page.wait_for_load_state("networkidle")


def map_fits(page, path, width):
    """One of the two maps is seen, whole, and its words stay in their boxes."""
    seen = [each for each in page.locator(".nx-map svg").all() if each.is_visible()]
    assert len(seen) == 1
    box = seen[0].bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= width
    steps = seen[0].locator(".nx-map-step")
    assert steps.count() == len(path.steps)
    outside = """all => all.flatMap(g => {
        const box = g.querySelector("rect").getBoundingClientRect();
        return [...g.querySelectorAll("text")]
            .map(t => t.getBoundingClientRect())
            .filter(t => t.left < box.left || t.right > box.right + 4
                      || t.top < box.top - 1 || t.bottom > box.bottom + 1)
            .map(() => g.dataset.step); })"""
    assert steps.evaluate_all(outside) == []
    size = seen[0].locator(".nx-map-step text").last.evaluate("e => e.getScreenCTM().a")
    assert 12.5 * size >= 11.5  # pixels, also on the phone


@pytest.mark.parametrize("width", [1300, 390])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_clean_and_readable(opened, origin, path, width):
    view = {"width": width, "height": 900}
    with opened(f"{origin}/{path}.html", viewport=view, color_scheme="dark") as (page, wrong):
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(CONTRAST, READ)["faint"] == []
        if learning := PATHS.get(path.removeprefix("paths/")):
            map_fits(page, learning, width)
        page.emulate_media(color_scheme="light")
        page.wait_for_selector("body[data-md-color-scheme=default]")
        page.wait_for_timeout(300)  # colours fade
        found = page.evaluate(CONTRAST, READ)
        assert found["faint"] == [] and found["read"] > 3 and found["page"] > 0.8
        assert wrong == []


def test_ticks_outlive_the_page_and_count_on_every_path(opened, origin):
    shared = next(s for s in PATHS["from_scratch"].steps if s in PATHS["generative_ai"].steps)
    with opened(f"{origin}/paths/from_scratch.html") as (page, wrong):
        count = page.locator(".nx-done-count")
        assert count.inner_text() == "" and not page.locator("progress").is_visible()
        page.locator(f'.nx-steps [data-step="{shared}"] input').check()
        page.locator(".nx-steps input").first.press("Space")
        every = len(PATHS["from_scratch"].steps)
        assert count.inner_text().strip("· ") == f"2 of {every} done"
        assert page.locator("progress").is_visible()
        reload(page)
        assert count.inner_text().strip("· ") == f"2 of {every} done"
        first = PATHS["from_scratch"].steps[0]
        assert page.locator(f'.nx-map-wide [data-step="{first}"].nx-done').count() == 1
        page.wait_for_load_state("networkidle")
        page.goto(f"{origin}/paths/generative_ai.html", wait_until="networkidle")
        assert page.locator(f'.nx-steps [data-step="{shared}"] input').is_checked()
        page.goto(f"{origin}/paths/index.html", wait_until="networkidle")
        cell = page.locator(".nx-cell", has_text="From Scratch")
        assert f"2 of {every} done" in cell.inner_text()
        page.goto(f"{origin}/paths/from_scratch.html")
        for _ in range(2):
            page.locator(".nx-steps input:checked").first.uncheck()
        reload(page)
        assert count.inner_text() == "" and page.locator(".nx-done").count() == 0
        assert wrong == []


@pytest.mark.parametrize("kept", ["{", "7", json.dumps({"a": 1}), json.dumps(["no_such", None])])
def test_whatever_is_in_the_storage_the_page_works(opened, origin, kept):
    with opened(f"{origin}/paths/from_scratch.html") as (page, wrong):
        page.evaluate("kept => localStorage.setItem('nexus.done', kept)", kept)
        reload(page)
        page.locator(".nx-steps input").first.check()
        assert "1 of" in page.locator(".nx-done-count").inner_text()
        assert wrong == []


def test_without_storage_ticks_last_as_long_as_the_page(opened, origin):
    denied = "Object.defineProperty(window, 'localStorage', {get() { throw new Error('no'); }})"
    with opened(f"{origin}/index.html") as (page, wrong):
        page.add_init_script(denied)
        page.goto(f"{origin}/paths/from_scratch.html")
        page.locator(".nx-steps input").first.check()
        page.locator(".nx-steps input").nth(1).check()
        assert "2 of" in page.locator(".nx-done-count").inner_text()
        assert not [each for each in wrong if "paths.js" in each]


def test_without_a_script_a_path_is_a_list(opened, origin):
    for slug, path in PATHS.items():
        address = f"{origin}/paths/{slug}.html"
        with opened(address, java_script_enabled=False) as (page, wrong):
            assert page.locator(".nx-steps > li:visible").count() == len(path.steps)
            assert page.locator(".nx-steps input:visible, progress:visible").count() == 0
            assert page.locator(".nx-map-wide svg").is_visible()
            assert wrong == []


def test_written_steps_of_map_and_list_lead_to_their_pages(opened, origin):
    with opened(f"{origin}/paths/modern_language_models.html") as (page, wrong):
        steps = PATHS["modern_language_models"].steps
        written = [slug for slug in steps if slug in CATALOGUE.pages]
        links = page.locator(".nx-map-wide a").evaluate_all("all => all.map(a => a.href.baseVal)")
        assert [link.split("/")[-1] for link in links] == [f"{slug}.html" for slug in written]
        page.locator(".nx-map-wide a").last.click()
        title = CATALOGUE.pages[written[-1]].front.title
        assert page.locator("h1").inner_text().startswith(title)
        page.wait_for_load_state("networkidle")  # what leaving breaks off would count as failed
        page.go_back(wait_until="networkidle")
        page.locator(".nx-steps a[href$='.html']").last.click()
        assert page.locator("h1").inner_text().startswith(title)
        page.wait_for_load_state("networkidle")
        assert wrong == []
