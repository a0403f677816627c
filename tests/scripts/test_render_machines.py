"""What stands beside the pages: Markdown, notebooks, llms.txt, redirects, policies, reports."""

import re
from urllib.parse import parse_qs, urlsplit

import nbformat
import pytest
from render_site import PATH, checkout, record, rendered

from scripts import hooks
from scripts.catalog import load
from scripts.catalog.names import Names
from scripts.render import Site
from scripts.render.machines import beside, llms, markdown
from scripts.render.notebook import notebook
from scripts.render.policy import with_policy
from scripts.render.unhtml import unhtml
from scripts.verify.records import BlockRecord, Figure

INDEX = "docs/02_attention_mechanisms/index.md"
BODY = """\
A [plan](beta.md), [this](alpha.md#alpha_net), [home](../index.md) and $a<b$.

```python title="a.py"
from nexus.alpha import double
print(double(2))
```
<!--pytest-codeblocks:expected-output-->
```
promised
```

```python {raises=ValueError}
raise ValueError("````")
```

```python {skip="needs a GPU"}
double("gpu")
```

::: nexus.alpha.double
    notes:
      "return y": what comes back
"""
HOME = {"docs/index.md": "# Home\n\n<!-- nexus: counts -->\n"}
RAN = (
    BlockRecord(1, 1, "passed", stdout="4 | <b>\n", figures=(Figure("Loss", svg="<svg/>"),)),
    BlockRecord(2, 1, "passed", raised="ValueError: ````"),
    BlockRecord(3, 1, "skipped"),
)


def site(root, url: str = "") -> Site:
    checkout(root, BODY, **HOME)
    return Site(load(root), Names(root), {"alpha": record(*RAN)}, "", {}, url)


def test_the_markdown_of_a_page_has_its_outputs_and_no_html(tmp_path):
    text = markdown(site(tmp_path), PATH)
    assert text.startswith("# Alpha_Net\n\n> It doubles what it is given")
    assert "- Builds on: Beta (planned)\n" in text
    assert "A plan (planned), [this](alpha.md#alpha_net), [home](../index.md) and $a<b$." in text
    assert '```python title="a.py"\nfrom nexus' in text and "promised" not in text
    assert "Output:\n\n```text\n4 | <b>\n```\n\nFigure: Loss\n" in text
    assert "Raises:\n\n`````text\nValueError: ````\n`````" in text
    assert "Not run: needs a GPU" in text
    assert "def double(x: int) -> int:" in text and "- `return y`: what comes back" in text
    assert "- Runs: 2 of 3 blocks; " in text and "- Lawful (not earned): no run" in text
    assert not re.search(r"<(?!b[>$])", text)


@pytest.mark.parametrize("url", ["", "https://a.example/n/"])
def test_a_notebook_is_valid_its_links_lead_and_it_is_always_the_same(tmp_path, url):
    checked = site(tmp_path, url)
    page = checked.catalogue.pages["alpha"]
    text = notebook(checked, page)
    assert text == notebook(checked, page)
    book = nbformat.reads(text, as_version=4)
    nbformat.validate(book)
    codes = [cell for cell in book.cells if cell.cell_type == "code"]
    assert [cell.id for cell in codes] == ["block-1", "block-2"]
    assert codes[0].source == "from nexus.alpha import double\nprint(double(2))"
    assert codes[1].metadata.tags == ["raises-exception"] and not codes[0].outputs
    prose = "\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown")
    here = f"{url}02_attention_mechanisms/" if url else ""
    assert f"[this]({here}alpha.html#alpha_net)" in prose
    assert f"[home]({url}index.html)" in prose or (not url and "[home](../index.html)" in prose)
    assert "promised" not in prose and "Not run: needs a GPU" in prose


def test_llms_txt_names_every_page_by_its_markdown(tmp_path):
    text = llms(site(tmp_path, "https://a.example/"))
    assert text.startswith("# Nexus\n\n> ")
    line = "- [Alpha_Net](https://a.example/02_attention_mechanisms/alpha.md): It doubles"
    assert f"## Attention mechanisms\n\n{line}" in text
    assert text.count("](https://a.example/") == 1 + 19 + 1


def test_every_page_has_its_files_and_a_moved_one_its_sign(tmp_path):
    moved = "old/place.md\told/again.md\nold/again.md\t02_attention_mechanisms/alpha.md\n"
    checkout(tmp_path, **{"docs/data/redirects.tsv": f"# old, new\n{moved}"})
    files = dict(beside(site(tmp_path, "https://a.example/")))
    assert {"index.md", "llms.txt", "02_attention_mechanisms/alpha.ipynb"} <= files.keys()
    sign = files["old/place.html"]
    assert 'content="0; url=../02_attention_mechanisms/alpha.html"' in sign
    assert 'href="https://a.example/02_attention_mechanisms/alpha.html"' in sign
    assert ">Alpha_Net</a>" in sign and "script" not in sign


@pytest.mark.parametrize(
    "lines, line, what",
    [
        ("a.md\tb.md", 1, "there is no page b.md"),
        ("a.md\tb.md\nb.md\ta.md", 1, "the redirects from a.md go in a circle"),
        ("a.md\ta.md", 1, "the redirects from a.md go in a circle"),
        ("02_attention_mechanisms/alpha.md\tindex.md", 1, "is a page, and would never be seen"),
        ("# c\n\na.md index.md", 3, "is not two paths of pages"),
        ("../a.md\tindex.md", 1, "is not two paths of pages"),
        ("a.md\tindex.md\na.md\tindex.md", 2, "a.md stands twice"),
    ],
)
def test_a_redirect_that_leads_nowhere_is_refused_with_its_line(tmp_path, lines, line, what):
    checkout(tmp_path, **HOME, **{"docs/data/redirects.tsv": lines + "\n"})
    found = [p for p in load(tmp_path).problems if p.path == "docs/data/redirects.tsv"]
    assert found[0].line == line and what in found[0].what


def test_a_report_carries_the_page_and_the_versions_to_the_repository(tmp_path):
    root = checkout(tmp_path)
    body = rendered(root, *RAN[:0], repo="https://git.example/nexus/").body
    (address,) = re.findall(r'class="nx-report" href="([^"]+)"', body)
    asked = urlsplit(address.replace("&amp;", "&"))
    assert f"{asked.scheme}://{asked.netloc}{asked.path}" == (
        "https://git.example/nexus/issues/new"
    )
    filled = parse_qs(asked.query)
    assert filled["title"] == ["Mistake on Alpha_Net"]
    assert f"Page: {PATH}\nLast run: never" in filled["body"][0]
    assert re.search(r"^Block: ", filled["body"][0], re.M)


def test_without_a_repository_none_is_named(tmp_path):
    root = checkout(tmp_path, BODY)
    row = rendered(root, *RAN).body.split('<div class="nx-actions"')[1].split("</section>")[0]
    assert "://" not in row.replace("https://arxiv.org/abs/2101.00001", "")
    assert f"<li>Page: {PATH}</li>" in row
    assert "with python 3.11.7, torch 2.13.0+cpu on Linux x86_64" in row
    assert "@misc{alpha," in row and 'href="alpha.ipynb"' in row


def test_a_policy_hashes_the_themes_scripts_and_not_the_pages():
    own = "<script>theme()</script>"
    content = "<p>x</p><script>planted()</script>"
    data = '<script id="c" type="application/json">{}</script><script src="a.js"></script>'
    page = f'<head><meta charset="utf-8">{own}</head><body>{content}{data}</body>'
    made = with_policy(page, content)
    (policy,) = re.findall(r'Security-Policy" content="([^"]+)"', made)
    # printf 'theme()' | openssl dgst -sha256 -binary | base64
    assert policy.count("sha256-") == 1 and "'unsafe-inline'" not in policy.split("style")[0]
    assert "'sha256-Rfr3GgHZFiXm+TmNr+li+0sZ4J9FGllo8jsXcJF5XZ8='" in policy
    assert made.index("Security-Policy") < made.index("theme()")
    assert made.replace(made[made.index("\n      <meta http") : made.index(own)], "") == page


def test_html_becomes_markdown_and_code_stays():
    text = (
        '<p class="x">A <strong>b</strong> <span>c</span>&amp;&#42; $x<y$ `<i>`</p>\n'
        '<svg aria-label="Map"><text>no</text></svg><script>no()</script>\n'
        "<table><thead><tr><th>h</th><th>i</th></tr></thead>\n<tbody><tr><td>a|b</td>\n"
        '<td><a href="x.md">[y]</a></td></tr></tbody></table>\n'
        '<ul>\n<li>one</li>\n<li>two<small class="nx-plan-mark">&nbsp;planned</small></li>\n</ul>\n'
        "```python\n<b>\n```\n"
    )
    assert unhtml(text) == (
        "A **b** c&* $x<y$ `<i>`\n\nFigure: Map\n\n"
        "| h | i |\n|---|---|\n| a\\|b | [[y]](x.md) |\n\n"
        "- one\n- two (planned)\n\n```python\n<b>\n```\n"
    )


def test_serve_goes_on_reloading_for_its_pages_have_no_policy():
    page = type("Page", (), {"content": ""})()
    text = '<head><meta charset="utf-8"></head>'
    try:
        for command, policies in (("serve", 0), ("build", 1)):
            hooks.on_startup(command, dirty=False)
            made = hooks.on_post_page(text, page, None)  # type: ignore[arg-type]
            assert made.count("Content-Security-Policy") == policies
            made = hooks.on_post_template(text, "404.html", None)  # type: ignore[arg-type]
            assert made.count("Content-Security-Policy") == policies
        assert hooks.on_post_template(text, "sitemap.xml", None) == text  # type: ignore[arg-type]
    finally:
        hooks.on_startup("build", dirty=False)
