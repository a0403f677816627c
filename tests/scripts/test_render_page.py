import re
from dataclasses import replace

from render_site import PATH, checkout, html, line_of, record, rendered

from scripts.render import load_site, navigation
from scripts.verify import records
from scripts.verify.key import page_key
from scripts.verify.records import BlockRecord, Figure

BLOCK = "```python\nfrom nexus.alpha import double\nprint(double(2))\n```\n"
SVG = '<svg viewBox="0 0 9 9"><text>loss</text></svg>'


def passed(number: int = 1, **left) -> BlockRecord:
    return BlockRecord(number, 1, left.pop("outcome", "passed"), **left)


def test_a_fence_loses_our_attributes_and_keeps_materials(tmp_path):
    info = '```python {varies} title="a.py" linenums="1" hl_lines="2"'
    root = checkout(tmp_path, BLOCK.replace("```python", info, 1))
    body = rendered(root, passed(stdout="4\n")).body
    assert 'block title="a.py" linenums="1" hl_lines="2" }\nfrom nexus' in body
    assert "{varies}" not in body
    assert "differs between runs and machines" in body


def test_output_stands_under_its_own_block_and_is_escaped(tmp_path):
    root = checkout(tmp_path, BLOCK + "\nbetween\n\n" + BLOCK)
    body = rendered(root, passed(stdout="1 < 2 & $x$\n"), passed(2, stdout="two\n")).body
    first, between, second = (body.index(t) for t in ("1 &lt; 2 &amp; $x$", "between", "two"))
    assert first < between < second
    page = html(body)
    assert "<samp>1 &lt; 2 &amp; $x$</samp>" in page
    assert page.count("<code") == 2 + 2  # blocks, the source's path, the citation: no output


def test_printed_markdown_stays_text(tmp_path):
    printed = "```python\nx = 1\n```\n\n# no title\n    * no list\n$$x$$\n\t~~~\n::: nexus.no\n<b>"
    page = html(rendered(checkout(tmp_path, BLOCK), passed(stdout=printed)).body)
    samp = re.findall(r"<samp>(.*?)</samp>", page, re.S)
    assert len(samp) == 1
    for line in ("&#96;``python", "# no title", "    * no list", "$$x$$", "::: nexus.no"):
        assert line in samp[0], line
    assert "&lt;b&gt;" in samp[0]


def test_the_expected_output_is_shown_once_and_from_the_record(tmp_path):
    comment = "<!--pytest-codeblocks:expected-output-->\n\n````\n4.0 promised\n````\n"
    root = checkout(tmp_path, BLOCK + "\n" + comment + "\nafter\n")
    body = rendered(root, passed(stdout="4.0001\n")).body
    assert "promised" not in body and "expected-output" not in body
    assert body.count("4.0001") == 1 and "after" in body


def test_warnings_exceptions_and_what_did_not_run_are_labelled(tmp_path):
    fences = ["{raises=ValueError}", '{skip="needs a GPU"}', ""]
    blocks = [BLOCK.replace("python", f"python {f}".strip(), 1) for f in fences]
    root = checkout(tmp_path, "\n".join(blocks))
    body = rendered(
        root,
        passed(raised="ValueError: <bad>"),
        passed(2, outcome="skipped"),
        passed(3, warnings=("UserWarning: old", "another")),
    ).body
    assert "raises ValueError" in body and "<samp>ValueError: &lt;bad&gt;</samp>" in body
    assert "not run: needs a GPU" in body
    assert "2 warnings" in body and "<samp>UserWarning: old\nanother</samp>" in body
    assert "2 of 3 blocks" in body


def test_figures_carry_their_caption_twice(tmp_path):
    figures = (Figure('Loss "a" & b', svg=SVG), Figure("Map", webp="AAAA", width=20, height=10))
    page = html(rendered(checkout(tmp_path, BLOCK), passed(figures=figures)).body)
    assert 'role="img" aria-label="Loss &quot;a&quot; &amp; b"' in page
    assert '<figcaption>Loss "a" &amp; b</figcaption>' in page and "<text>loss</text>" in page
    assert 'src="data:image/webp;base64,AAAA" alt="Map" width="20" height="10"' in page
    kinds = [Figure("a", svg=SVG, width=w, height=9) for w in (245, 505)]
    body = rendered(checkout(tmp_path, BLOCK), passed(figures=tuple(kinds))).body
    assert re.findall('figure class="([^"]+)"', body) == ["nx-figure nx-narrow", "nx-figure"]


def test_the_card_says_where_a_page_stands(tmp_path):
    found = rendered(checkout(tmp_path, BLOCK), passed(stdout="4\n"))
    page = html(found.body)
    for text in (
        '<h1 id="alpha_net">Alpha_Net',
        "Alpha: &#36;5 &amp; &#42;more&#42;",
        "E Five, F Six, and 1 other",
        "NeurIPS · 2021",
        '<a href="https://arxiv.org/abs/2101.00001">arXiv:2101.00001</a>',
        "<dt>Also called</dt>\n<dd>AN, A&#42;</dd>",
        '<span class="nx-planned">Beta</span>',
        "<code>nexus/alpha.py</code>",
        "<strong>Runs</strong> <span>1 block · 2.1 s · torch 2.13.0 · Python 3.11",
    ):
        assert text in page, text
    assert page.count("nx-mark nx-mark-none") == 3  # Lawful, Matches, Shows
    assert found.meta == {
        "title": "Alpha_Net",
        "description": "It doubles what it is given, which is enough here.",
        "scripts": ["copy"],
    }
    assert "---" not in found.body.split("# Alpha_Net")[0]


def test_without_a_record_nothing_is_claimed(tmp_path):
    body = rendered(checkout(tmp_path, BLOCK)).body
    assert "not verified" in body and "nx-mark-runs" not in body and "nx-out" not in body


def test_a_failed_block_shows_why_and_earns_no_mark(tmp_path):
    ran = passed(outcome="failed", error="alpha.md:25: ZeroDivisionError")
    body = rendered(checkout(tmp_path, BLOCK), ran).body
    assert (
        "not verified" in body
        and "nx-mark-runs" not in body
        and "alpha.md:25: ZeroDivisionError" in body
    )


def test_sources_are_links_only_where_a_repository_is_known(tmp_path):
    root = checkout(tmp_path)
    assert "](https://" not in rendered(root).body.split("Source")[1].split("</dl>")[0]
    body = rendered(root, repo="https://git.example/nexus/").body
    assert "[`nexus/alpha.py`](https://git.example/nexus/blob/main/nexus/alpha.py)" in body


def test_links_to_planned_pages_become_text(tmp_path):
    text = "See [the *beta*](beta.md#x) and [Alpha](alpha.md), [out](https://a.example/b.md).\n"
    body = rendered(checkout(tmp_path, text)).body
    assert '<span class="nx-planned">the *beta*</span><small' in body
    assert "beta.md" not in body
    assert "[Alpha](alpha.md), [out](https://a.example/b.md)." in body


def test_a_planned_reference_is_refused_with_its_line(tmp_path):
    root = checkout(tmp_path, "See [beta].\n\n[beta]: beta.md\n")
    (problem,) = rendered(root).problems
    assert (problem.path, problem.line) == (PATH, line_of(root, "[beta]: beta.md"))


def test_missing_stale_damaged_and_failed_records_are_problems(tmp_path):
    root = checkout(tmp_path, BLOCK)

    def said() -> list[str]:
        site, problems = load_site(root)
        assert not site.verified("alpha") or not problems
        return [str(p) for p in problems]

    assert f"{PATH}:1: the page was never verified" in said()[0]
    site, _ = load_site(root)
    page = site.catalogue.pages["alpha"]
    key = page_key(root, page)
    broken = BlockRecord(1, 24, "failed", error="no")
    records.write(root, page, record(passed(), key="old"))
    assert "changed since it was verified" in said()[0]
    records.write(root, page, record(broken, key=key))
    assert f"{PATH}:{line_of(root, '```python')}: this block fails" in said()[0]
    records.path_of(root, page).write_text("{")
    assert "never verified" in said()[0]
    leaky = replace(record(passed(), key=key), leaks=(f"{PATH}:7: the page leaves a mess",))
    records.write(root, page, leaky)
    assert f"{PATH}:7: the page leaves a mess; run" in said()[0]
    records.write(root, page, record(passed(), key=key))
    assert said() == []


def test_navigation_has_all_categories_and_the_pages_there_are(tmp_path):
    api = {"docs/api/fit.md": "# nexus.fit\n", "docs/index.md": "# Home\n"}
    site, _ = load_site(checkout(tmp_path, **api))
    nav = navigation(site.catalogue)
    assert len(nav) == 1 + 19 + 1 and nav[0] == {"Home": "index.md"}
    assert nav[2] == {
        "Attention mechanisms": [
            "02_attention_mechanisms/index.md",
            {"Alpha_Net": "02_attention_mechanisms/alpha.md"},
        ]
    }
    assert nav[-1] == {"Shared code": [{"nexus.fit": "api/fit.md"}]}


def test_a_list_of_authors_that_is_not_whole_says_no_number(tmp_path):
    root = checkout(tmp_path, BLOCK)
    page = root / PATH
    page.write_text(page.read_text().replace("F Six, G Seven", "F Six, others"))
    assert "E Five, F Six, and others" in html(rendered(root, passed()).body)
