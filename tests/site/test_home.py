"""The front page in Chromium: one screen that says what this is, with figures that were counted."""

import json
import re

import pytest
from built import ROOT  # type: ignore[import-not-found]

from scripts.render.marks import power

pytestmark = pytest.mark.browser

WIDE, NARROW = {"width": 1300, "height": 900}, {"width": 390, "height": 844}
ORDER = ["h1", ".nx-lede", ".nx-find", ".nx-counts", ".nx-hero .highlight", ".nx-hero .nx-stdout"]
ORDER += [".nx-legend", "#learning-paths", "#categories"]


PROVEN = {"Lawful", "Matches", "Transcribed"}


def test_one_screen_says_what_this_is(opened, origin):
    with opened(f"{origin}/index.html", viewport=WIDE) as (page, wrong):
        for part in [*ORDER[:-1], ".nx-cell a[href*='paths/']"]:
            box = page.locator(part).first.bounding_box()
            assert box and box["y"] >= 0 and box["y"] + box["height"] <= WIDE["height"], part
        cells = page.locator(".nx-cell a[href*='paths/']").all()
        assert len(cells) == 6
        for cell in cells:
            box = cell.bounding_box()
            assert box and box["y"] + box["height"] <= WIDE["height"]
        code = page.locator(".nx-hero pre > code").first
        assert code.evaluate("code => code.scrollWidth <= code.clientWidth")
        assert wrong == []


def test_on_a_phone_the_order_makes_sense(opened, origin):
    with opened(f"{origin}/index.html", viewport=NARROW) as (page, _):
        ys = [box["y"] for part in ORDER if (box := page.locator(part).first.bounding_box())]
        assert ys == sorted(ys) and len(ys) == len(ORDER)
        assert ys[3] < NARROW["height"]  # the figures, without scrolling


def test_the_figures_are_those_of_the_records(opened, origin, site):
    """Counted again from what is committed and recorded, by other code than the page's."""
    rows = json.loads((site / "catalogue.json").read_text())["algorithms"]
    written = [row for row in rows if "url" in row]
    blocks = checks = 0
    error = 0.0
    for row in written:
        path = row["url"].removesuffix(".html")
        record = json.loads((ROOT / "build" / "records" / f"{path}.json").read_text())
        blocks += sum(block["outcome"] == "passed" for block in record["blocks"])
        if not any(m["earned"] for m in row["marks"] if m["name"] in PROVEN):
            continue  # its evidence is of other code than stands there now
        evidence = json.loads((ROOT / "docs" / "data" / f"{row['slug']}.evidence.json").read_text())
        for parity in (*evidence["matches"], *evidence["transcribed"]):
            checks += parity["cases"]
            error = max(error, parity["relative_error"])
    with opened(f"{origin}/index.html", viewport=WIDE) as (page, _):
        shown = " ".join(page.locator(".nx-counts").inner_text().split())
        figures = [int(each.replace(",", "")) for each in re.findall(r"\b[\d,]+\b", shown)]
        assert figures[:4] == [len(written), len(rows), blocks, checks], shown
        assert power(error) in shown
        found = page.locator(".nx-find").inner_text()
        assert found == f"Search {len(rows):,} algorithms"


@pytest.mark.parametrize("how", ["click", "Enter", "Space"])
def test_the_box_opens_the_search(opened, origin, how):
    with opened(f"{origin}/index.html", viewport=WIDE) as (page, wrong):
        box = page.get_by_role("button", name="Search 1,")
        box.click() if how == "click" else box.press(how)
        assert page.locator("#__search").is_checked()
        page.keyboard.type("GQA")
        first = page.locator("#nx-found li a").first
        first.wait_for()
        assert "grouped_query_attention" in (first.get_attribute("href") or "")
        assert page.url.endswith("/index.html")
        page.wait_for_load_state("networkidle")
        assert wrong == []


def test_without_script_the_box_leads_to_the_catalogue(opened, origin):
    with opened(f"{origin}/index.html", java_script_enabled=False) as (page, _):
        page.locator(".nx-find a").click()
        assert page.url.endswith("/catalogue.html")


def test_every_mark_is_explained(opened, origin):
    with opened(f"{origin}/index.html", viewport=WIDE) as (page, _):
        names = page.locator(".nx-legend strong").all_inner_texts()
        marks = [name for name in names if name != "✓ Transcribed"]
        assert marks == ["✓ Runs", "✓ Lawful", "✓ Matches", "✓ Shows"]
