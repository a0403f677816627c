"""Copying in Chromium: what arrives in the clipboard runs by itself."""

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page

from scripts.catalog import load
from scripts.render.runnable import cooked
from scripts.slices import runnables

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
PAGES = load(ROOT).pages
RUN = "grouped_query_attention"
"""The page whose copied texts are executed; `make standalone` runs the slices of all pages."""

WIDE = {"viewport": {"width": 1300, "height": 900}}
ALLOWED = {**WIDE, "permissions": ["clipboard-read", "clipboard-write"]}


def address(origin: str, slug: str) -> str:
    return f"{origin}/{PAGES[slug].path.removeprefix('docs/').removesuffix('.md')}.html"


def clipboard(page: Page) -> str:
    return page.evaluate("navigator.clipboard.readText()")


def failures(slug: str, texts: list[tuple[str, str]], folder: Path) -> dict[str, str]:
    more = {"PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("copied.py")), str(ROOT / PAGES[slug].path)],
        input=json.dumps(texts),
        cwd=folder,
        env={**os.environ, **more},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("slug", PAGES)
def test_what_is_copied_is_the_slice_and_runs(opened, origin, slug, tmp_path):
    copied, blocks = [], PAGES[slug].blocks
    with opened(address(origin, slug), **ALLOWED) as (page, wrong):
        for block, (needs, code) in zip(blocks, runnables(blocks), strict=True):
            button = page.locator(f"#block-{block.number}").get_by_label("Copy runnable")
            if not needs or block.skip:
                assert button.count() == 0
                continue
            button.focus()
            page.keyboard.press("Enter")
            said = page.get_by_role("status")
            said.filter(has_text=f"Copied {len(needs) + 1} blocks").wait_for()
            assert clipboard(page) == code
            assert button.evaluate("each => each === document.activeElement")
            copied.append((clipboard(page), block.raises or ""))
        assert wrong == []
    if slug == RUN:
        assert len(copied) > 3 and failures(slug, copied, tmp_path) == {}


def test_the_cells_of_a_notebook_run_from_top_to_bottom(site, tmp_path):
    path = PAGES[RUN].path.removeprefix("docs/").removesuffix(".md")
    cells = json.loads((site / f"{path}.ipynb").read_text())["cells"]
    codes = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert len(codes) == len(PAGES[RUN].blocks)
    assert failures(RUN, [("\n\n".join(codes), "")], tmp_path) == {}


def test_what_does_not_run_is_told(tmp_path):
    texts = [("x = 1", ""), ("assert x", ""), ("1 / 0", "ZeroDivisionError"), ("2", "ValueError")]
    found = failures(RUN, texts, tmp_path)
    assert found.keys() == {"1", "3"} and "NameError" in found["1"]


def test_pieces_of_blocks_and_lines_that_are_not_shown(opened, origin):
    blocks = PAGES[RUN].blocks
    recipe = "2:2-4 =%20%22%C3%A9%25 = 1:3 2"
    with opened(address(origin, RUN), **ALLOWED) as (page, _):
        button = page.get_by_label("Copy runnable").first
        page.eval_on_selector("[data-run]", "(block, run) => block.dataset.run = run", recipe)
        button.click()
        page.get_by_role("status").filter(has_text="Copied").wait_for()
        assert clipboard(page) == cooked(recipe, {b.number: b.code for b in blocks})


def test_where_the_clipboard_is_kept_from_a_page_the_old_way_serves(opened, site):
    gone = "Object.defineProperty(navigator, 'clipboard', {value: undefined, configurable: true})"
    path = PAGES[RUN].path.removeprefix("docs/").removesuffix(".md")
    with opened((site / f"{path}.html").as_uri(), **ALLOWED) as (page, _):
        page.evaluate(f"window.kept = navigator.clipboard; {gone}")
        button = page.get_by_label("Copy runnable").first
        button.click()
        page.get_by_role("status").filter(has_text="Copied").wait_for()
        assert button.evaluate("each => each === document.activeElement")
        needs = next(code for needs, code in runnables(PAGES[RUN].blocks) if needs)
        assert page.evaluate("window.kept.readText()") == needs


def test_on_a_phone_the_buttons_are_seen_and_cover_no_code(opened, origin):
    with opened(address(origin, RUN), viewport={"width": 390, "height": 844}) as (page, _):
        button = page.get_by_label("Copy runnable").first
        button.scroll_into_view_if_needed()
        first = page.locator(".nx-block[data-run] code > span:visible").first.bounding_box()
        place = button.bounding_box()
        assert place and first and place["y"] + place["height"] <= first["y"] + 2
        assert place["x"] >= 0 and place["x"] + place["width"] <= 390


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_the_citation_unfolds_and_the_rest_of_the_row_stays(opened, origin, script):
    with opened(address(origin, RUN), **WIDE, java_script_enabled=script) as (page, wrong):
        entry = page.locator(".nx-bibtex")
        assert not entry.is_visible()
        before = page.locator(".nx-actions summary").first.bounding_box()
        page.get_by_text("Cite the paper").click()
        assert entry.inner_text().strip().startswith(f"@misc{{{RUN},")
        assert page.locator(".nx-actions summary").first.bounding_box() == before
        assert wrong == []


def test_notebook_and_markdown_are_there(opened, origin):
    with opened(address(origin, RUN), **WIDE) as (page, _):
        for name in ("Notebook", "Markdown"):
            with page.expect_download() as coming:
                page.get_by_role("link", name=name, exact=True).click()
            text = Path(coming.value.path()).read_text()
            assert "Grouped-Query Attention" in text


def test_a_report_names_the_block_that_was_copied_last(opened, origin):
    with opened(address(origin, RUN), **ALLOWED) as (page, _):
        report = page.locator("a.nx-report")
        if not report.count():  # no repository is known to this build
            assert page.get_by_text("Report a mistake").count() == 1
            return
        page.evaluate("addEventListener('click', e => e.target.closest('a') && e.preventDefault())")
        page.locator("#block-3 button").last.click()
        report.click()
        asked = parse_qs(urlsplit(report.get_attribute("href") or "").query)
        assert "Block: 3\n" in asked["body"][0]
