"""What every page of the built site keeps: nothing from elsewhere, no complaint, light, still."""

import gzip
import json
import re
import xml.etree.ElementTree as etree
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from built import SITE  # type: ignore[import-not-found]

pytestmark = pytest.mark.browser

PAGES = sorted(file.relative_to(SITE).as_posix() for file in SITE.rglob("*.html"))
REFRESHED = re.compile(r'<meta http-equiv="refresh"')
PAGES = [path for path in PAGES if not REFRESHED.search((SITE / path).read_text()[:800])]
AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text(encoding="utf-8")
KINDS = [
    "index.html",
    "02_attention_mechanisms/index.html",
    "02_attention_mechanisms/grouped_query_attention.html",
    "catalogue.html",
    "paths/index.html",
    "paths/modern_language_models.html",
    "glossary.html",
    "papers.html",
    "statistics.html",
    "api/nn.html",
    "404.html",
]
KINDS = [path for path in KINDS if path in PAGES]
WRITTEN = [file.relative_to(SITE).as_posix()[:-6] + ".html" for file in SITE.rglob("*.ipynb")]
WRITTEN = sorted({path.split("/")[0]: path for path in sorted(WRITTEN, reverse=True)}.values())
"""The first page of each category."""
KILOBYTES, SHIFT = 250, 0.05
MOVED = """() => new Promise(done => {
    let moved = 0;
    new PerformanceObserver(list => {
        for (const each of list.getEntries()) if (!each.hadRecentInput) moved += each.value;
    }).observe({type: "layout-shift", buffered: true});
    setTimeout(() => done(moved), 100);
})"""
SERIOUS = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
    .filter(each => ["serious", "critical"].includes(each.impact))
    .map(each => [each.id, each.help, each.nodes.slice(0, 3).map(node => node.html.slice(0, 150))])
"""


@cache
def gzipped(path: str) -> int:
    """Bytes of a file of the site on its way to a reader."""
    return len(gzip.compress((SITE / (path or "index.html")).read_bytes()))


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_clean_light_and_still(opened, origin, path):
    for width in (1300, 390):
        view = {"width": width, "height": 900}
        with opened("about:blank", viewport=view) as (page, told):  # told of every request, then
            page.goto(f"{origin}/{path}", wait_until="networkidle")
            moved = page.evaluate(MOVED)
            asked = {each for each in told if each.startswith(f"{origin}/")}
            assert [each for each in told if each not in asked] == []
        sizes = {each: gzipped(unquote(urlsplit(each).path)[1:]) for each in asked}
        assert f"{origin}/{path}" in sizes and sum(sizes.values()) <= KILOBYTES * 1000, sizes
        assert moved < SHIFT


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", dict.fromkeys([*KINDS, *WRITTEN]))
def test_axe_finds_nothing_serious(opened, origin, path, scheme):
    for width in (1300, 390):
        view = {"width": width, "height": 900}
        with opened(f"{origin}/{path}", viewport=view, color_scheme=scheme) as (page, _):
            page.wait_for_load_state("networkidle")
            page.evaluate(AXE)
            assert page.evaluate(SERIOUS) == [], width


@pytest.mark.parametrize("path", [path for path in KINDS if path != "404.html"])
def test_from_a_disk_nothing_complains(opened, path):
    with opened((SITE / path).as_uri()) as (page, wrong):
        page.wait_for_timeout(300)
        assert page.locator("h1").count() == 1
        assert [each for each in wrong if not each.startswith("file:")] == []


def test_the_policy_stops_what_is_not_the_themes(opened, origin):
    with opened(f"{origin}/{KINDS[2]}") as (page, wrong):
        page.evaluate("""() => {
            const script = document.createElement("script");
            script.textContent = "window.planted = 1";
            document.body.append(script);
            const link = document.createElement("a");
            link.setAttribute("onclick", "window.planted = 2");
            document.body.append(link);
            link.click();
            const image = document.createElement("img");
            image.src = "http://127.0.0.1:9/x.png";
            document.body.append(image);
            const style = document.createElement("style");
            style.textContent = "body { display: none }";
            document.body.append(style);
        }""")
        page.wait_for_timeout(100)
        assert page.evaluate("window.planted") is None
        assert page.locator("body").is_visible()
        told = " ".join(wrong)
        for directive in ("script-src", "img-src", "style-src"):
            assert directive in told


def test_every_page_has_a_policy_without_inline_scripts():
    for path in PAGES:
        text = (SITE / path).read_text(encoding="utf-8")
        policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', text)
        assert policy, path
        scripts = re.search(r"script-src ([^;]*)", policy[1])
        assert scripts and "unsafe-inline" not in scripts[1] and "'sha256-" in scripts[1], path
        assert text.index(policy[0]) < text.index("<script"), path
        assert not re.search(r"<[^>]+\son[a-z]+=", text), path


class _Links(HTMLParser):
    """The anchors of a page, and what it leads to or loads."""

    def __init__(self, text: str):
        super().__init__()
        self.anchors, self.targets = {"", "__top"}, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        about = dict(attrs)
        self.anchors |= {about[key] for key in ("id", "name") if about.get(key)}
        self.targets += [about[k] for k in ("href", "src", "xlink:href") if about.get(k)]


def test_every_link_and_anchor_is_alive():
    pages = {path: _Links((SITE / path).read_text(encoding="utf-8")) for path in PAGES}
    dead = []
    for path, page in pages.items():
        for target in page.targets:
            if urlsplit(target).scheme or target.startswith("//"):
                continue
            whole = urlsplit(urljoin(f"http://site/{path}", target))
            found = unquote(whole.path).lstrip("/") or "index.html"
            if not (SITE / found).is_file():
                dead.append(f"{path}: {target}")
            elif found in pages and unquote(whole.fragment) not in pages[found].anchors:
                dead.append(f"{path}: {target}")
    assert len(pages) > 30 and dead == []


def test_every_link_of_the_markdown_is_alive():
    link = re.compile(r"(?<!!)\[[^\]\[]*\]\(([^()\s]+(?:\([^()\s]*\))?)\)")
    code = re.compile(r"^(`{3,}).*?^\1$|`[^`\n]*`|\$[^$]+\$", re.S | re.M)
    files = [*SITE.rglob("*.md"), SITE / "llms.txt"]
    dead, alive = [], 0
    for file in files:
        for target in link.findall(code.sub("``", file.read_text(encoding="utf-8"))):
            if urlsplit(target).scheme or target.startswith("#"):
                continue
            there = (file.parent / unquote(target.split("#")[0])).is_file()
            alive += there
            dead += [] if there else [f"{file.relative_to(SITE)}: {target}"]
    assert alive > 100 and dead == []


def test_the_list_of_addresses_is_right_or_absent():
    file = SITE / "sitemap.xml"
    if not file.is_file():
        assert not re.search(r'rel="canonical"', (SITE / "index.html").read_text())
        return
    names = etree.parse(file).iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")
    places = {(name.text or "").split("/", 3)[3] for name in names}
    assert places and all((SITE / (place or "index.html")).is_file() for place in places)


def test_pages_stand_beside_as_notebook_and_markdown():
    html = {path.removesuffix(".html") for path in PAGES} - {"404"}
    assert html == {p.relative_to(SITE).as_posix()[:-3] for p in SITE.rglob("*.md")}
    for file in SITE.rglob("*.ipynb"):
        assert json.loads(file.read_text())["nbformat"] == 4
        assert file.with_suffix(".html").is_file()
