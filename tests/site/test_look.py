"""How a page is set, in Chromium: lines one can read, notes in sight, keys that turn pages."""

import pytest

pytestmark = pytest.mark.browser

GQA = "02_attention_mechanisms/grouped_query_attention.html"
DQN = "01_reinforcement_learning/value_based/dqn.html"
WIDE, NARROW = {"width": 1300, "height": 900}, {"width": 390, "height": 844}
LINES = """all => all.filter(p => p.textContent.length > 300).map(p => {
    const height = parseFloat(getComputedStyle(p).lineHeight);
    return p.innerText.length / Math.round(p.offsetHeight / height);
})"""
"""Letters a line of each long paragraph."""


@pytest.mark.parametrize("path", ["numbers.html", DQN])
def test_a_line_of_text_holds_about_seventy_letters(opened, origin, path):
    with opened(f"{origin}/{path}", viewport=WIDE) as (page, _):
        lines = page.eval_on_selector_all("article > p:not(:has(.katex))", LINES)
        assert len(lines) > 2
        middle = sorted(lines)[len(lines) // 2]
        assert 58 <= middle <= 76, lines
    with opened(f"{origin}/{path}", viewport=NARROW) as (page, _):
        lines = page.eval_on_selector_all("article > p:not(:has(.katex))", LINES)
        assert 34 <= sorted(lines)[len(lines) // 2] <= 50, lines


def test_code_on_a_phone_is_read_without_zoom(opened, origin):
    with opened(f"{origin}/{GQA}", viewport=NARROW) as (page, _):
        sizes = page.eval_on_selector_all(
            "article pre > code, .nx-out pre",
            "all => all.map(e => parseFloat(getComputedStyle(e).fontSize))",
        )
        assert len(sizes) > 8 and min(sizes) >= 12
        wide = "all => all.filter(e => e.scrollWidth > e.clientWidth).length"
        assert page.eval_on_selector_all("article pre > code", wide) > 0  # and scroll in themselves
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


@pytest.mark.parametrize("view", [WIDE, NARROW], ids=["wide", "narrow"])
def test_notes_stand_below_their_listing_and_their_numbers_in_sight(opened, origin, view):
    with opened(f"{origin}/{GQA}", viewport=view) as (page, wrong):
        page.locator(".nx-notes").first.scroll_into_view_if_needed()
        number = page.locator(".md-annotation__index").first
        number.wait_for()
        count = page.locator(".md-annotation__index").count()
        assert page.locator(".nx-notes > li:visible").count() == count > 1
        assert page.locator(".highlight + ol:visible").count() == 0
        for each in page.locator(".md-annotation__index").all():
            box = each.bounding_box()
            assert box and 0 <= box["x"] and box["x"] + box["width"] <= view["width"]
        assert wrong == []


def test_arrow_keys_turn_pages_while_nothing_else_needs_them(opened, origin):
    with opened(f"{origin}/{GQA}", viewport=WIDE) as (page, _):
        page.wait_for_load_state("networkidle")
        after = page.locator(".md-footer__link--next").evaluate("a => a.href")
        page.keyboard.press("/")
        page.keyboard.type("kv")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Escape")
        page.locator(".nx-mark summary").first.focus()
        page.keyboard.press("ArrowRight")
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("Alt+ArrowUp")
        page.keyboard.press("Shift+ArrowRight")
        page.wait_for_timeout(300)
        assert page.url == f"{origin}/{GQA}"
        page.keyboard.press("ArrowRight")
        page.wait_for_url(after)
        page.wait_for_load_state("networkidle")
        page.keyboard.press("ArrowLeft")
        page.wait_for_url(f"**/{GQA}")


def test_the_head_card_leaves_room_for_the_page(opened, origin):
    for view, most in ((WIDE, 480), (NARROW, 640)):
        with opened(f"{origin}/{GQA}", viewport=view) as (page, _):
            card = page.locator(".nx-card").bounding_box()
            assert card and card["height"] <= most
            row = page.locator(".nx-mark > summary > span").last
            before = row.evaluate("row => row.scrollWidth > row.clientWidth")
            row.click()
            assert not row.evaluate("row => row.scrollWidth > row.clientWidth")
            assert before == (view is NARROW)  # a phone shows one line, until asked


def test_a_phone_reads_where_both_ways_lead(opened, origin):
    with opened(f"{origin}/{GQA}", viewport=NARROW) as (page, _):
        for way in ("prev", "next"):
            title = page.locator(f".md-footer__link--{way} .md-footer__title")
            assert title.is_visible() and len(title.inner_text().split("\n")[-1]) > 3


def test_a_heading_breaks_no_line_for_its_link(opened, origin):
    with opened(f"{origin}/{GQA}", viewport=NARROW) as (page, _):
        for heading in page.locator("article :is(h1, h2)").all():
            tall = "h => Math.round(h.offsetHeight / parseFloat(getComputedStyle(h).lineHeight))"
            with_link = heading.evaluate(tall)
            heading.evaluate("h => h.querySelector('.headerlink')?.remove()")
            assert heading.evaluate(tall) == with_link
    with opened(f"{origin}/{GQA}#4-high-level-intuition", viewport=NARROW) as (page, _):
        link = page.locator(":target > .headerlink").bounding_box()
        assert link and link["x"] >= 0


def test_narrow_figures_stand_side_by_side_and_fit_a_phone(opened, origin):
    address = f"{origin}/10_nlp_llm/tokenization/bpe.html"
    with opened(address, viewport=WIDE) as (page, _):
        one, other = (f.bounding_box() for f in page.locator(".nx-narrow svg").all())
        assert one["y"] == other["y"] and one["x"] + one["width"] < other["x"]
        measure = page.locator("article > h1").bounding_box()["width"]
        assert other["x"] + other["width"] <= one["x"] + measure
    with opened(address, viewport=NARROW) as (page, _):
        one, other = (f.bounding_box() for f in page.locator(".nx-narrow svg").all())
        assert one["y"] + one["height"] < other["y"]
        assert all(
            0 <= f["x"] and f["x"] + f["width"] <= 390 and f["width"] > 330 for f in (one, other)
        )
        letters = page.eval_on_selector_all(
            ".nx-narrow svg text", "all => all.map(e => e.getBoundingClientRect().height)"
        )
        assert min(letters) > 9
