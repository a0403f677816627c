"""Reference pages: letters, papers and BibTeX, what is not run, statistics, all generated."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from render_site import PATH, ROWS, checkout, html, rendered
from test_render_marks import EVIDENCE, RECALL, SLOW, WHOLE
from test_render_page import BLOCK, passed

from scripts.catalog import load
from scripts.catalog.front import Paper
from scripts.render.__main__ import main
from scripts.render.bibtex import bibliography, bibtex
from scripts.render.glossary import letters
from scripts.render.proofs import Proof
from scripts.render.statistics import Count

OWN = Path(__file__).parents[2]


def filled(tmp_path, place, *blocks, body=BLOCK, proof=None, **files):
    """The text and the HTML of a page with one place in it."""
    path = f"docs/{place.replace('-', '_')}.md"
    page = f"---\ntitle: T\n---\n# T\n\n<!-- nexus: {place} -->\n"
    root = checkout(tmp_path, body, **{path: page, **files})
    shown = html(rendered(root, *blocks, path=path, proof=proof).body)
    return " ".join(re.sub(r"<[^>]+>", " ", shown).split()), shown


@pytest.mark.parametrize(
    "legend, found",
    [
        ("b batch, n tokens.", [("b", "batch"), ("n", "tokens")]),
        (
            "h w height and width.",
            [("h", "h, w: height and width"), ("w", "h, w: height and width")],
        ),
        (
            "y a result; a, b what it came from.",
            [("y", "a result"), ("a", "a, b: what it came from"), ("b", "a, b: what it came from")],
        ),
        ("s states, a actions", [("s", "states"), ("a", "actions")]),
        ("c width (d_k, say), e rest.", [("c", "width (d_k, say)"), ("e", "rest")]),
        ("o what is seen, or heard.", [("o", "what is seen, or heard")]),
        ("r = h / g heads per group.", [("r", "= h / g heads per group")]),
        (
            "b batch, T steps; t counts to T. It is a remark, n none.",
            [("b", "batch"), ("T", "steps"), ("t", "counts to T")],
        ),
        (
            "θ weights, x₀ the data, d_k width,\nx' next.",
            [("θ", "weights"), ("x₀", "the data"), ("d_k", "width"), ("x'", "next")],
        ),
    ],
)
def test_a_legend_is_read(legend, found):
    assert letters(f"First.\n\nSource: S.\n\nLetters: {legend}\n\nMore text, q none.\n") == found


def test_no_legend_no_letters():
    assert letters("First.\n\nThe letters: b batch.\n") == []


def test_the_glossary_shows_who_uses_a_letter_and_where_meanings_differ(tmp_path):
    alpha = '"""Alpha.\n\nLetters: n queries, d width (of all), q quality.\n"""\n'
    shared = '"""S.\n\nLetters: n tokens, d width, Q other.\n"""\n'
    files = {"nexus/attention/alpha.py": alpha, "nexus/nn/__init__.py": "", "nexus/nn/s.py": shared}
    files |= {"docs/api/nn.md": "# nn\n", "nexus/odd.py": '"""O.\n\nLetters: z last.\n"""\n'}
    text, shown = filled(tmp_path, "glossary", **files)
    assert "5 letters in 3 modules; 1 of them mean more than one thing." in text
    assert "n 2 meanings queries Alpha&#95;Net tokens nexus.nn.s" in text
    assert re.search(r"\bd width nexus.nn.s width \(of all\) Alpha", text)  # a remark, not another
    assert '<a href="02_attention_mechanisms/alpha.md">' in shown
    assert '<a href="api/nn.md"><code>nexus.nn.s</code></a>' in shown
    assert text.index("q quality") < text.index("Q other") < text.index("z last nexus.odd")


def entries(text):
    """BibTeX read as TeX would: entries by key, values with the braces around them taken off."""
    found, at = {}, 0
    while match := re.compile(r"\s*@(\w+)\{([^,\s]+),\s*").match(text, at):
        fields, at = {}, match.end()
        while field := re.compile(r"(\w+)\s*=\s*\{").match(text, at):
            depth, at = 1, field.end()
            start = at
            while depth:
                escaped = text[at - 1] == "\\" and text[at - 2] != "\\"
                depth += 0 if escaped else {"{": 1, "}": -1}.get(text[at], 0)
                at += 1
            fields[field[1]] = text[start : at - 1]
            at = re.compile(r",?\s*").match(text, at).end()  # type: ignore[union-attr]
        assert text[at] == "}", text[at:]
        assert match[2] not in found
        found[match[2]], at = {"type": match[1], **fields}, at + 1
    assert not text[at:].strip(), text[at:]
    return found


def test_the_bibliography_parses_and_holds_every_page():
    catalogue = load(OWN)
    found = entries(bibliography(catalogue))
    assert found.keys() == catalogue.pages.keys() and len(found) >= 3
    for slug, page in catalogue.pages.items():
        entry, paper = found[slug], page.front.paper
        assert entry["year"] == str(page.front.year) and entry["url"] == paper.link
        assert entry.get("eprint") == paper.arxiv and entry.get("doi") == paper.doi
        assert len(entry["author"].split(" and ")) == len(paper.authors)
    gqa = found["grouped_query_attention"]
    assert gqa["title"].startswith("{GQA: Training") and "Michiel de Jong" in gqa["author"]
    assert gqa["note"] == "EMNLP 2023" and gqa["archiveprefix"] == "arXiv"


def test_nothing_in_an_entry_means_anything_to_tex(tmp_path):
    page = load(checkout(tmp_path)).pages["alpha"]
    paper = Paper(
        title="100% of $5 & #1_{a}~b^c\\d: μP, Δ and ϵ, Ünï",
        authors=["DeepSeek-AI", "Ann Lee and Sons", "Lee, Ann", "Kaiming He", "et al."],
        arxiv=None,
        doi="10.1000/a_b",
        url=None,
    )
    entry = bibtex(replace(page, front=page.front.model_copy(update={"paper": paper})))
    found = entries(entry)["alpha"]
    assert found["title"] == (
        r"{100\% of \$5 \& \#1\_\{a\}\textasciitilde{}b\textasciicircum{}c"
        r"\textbackslash{}d: $\mu$P, $\Delta$ and ϵ, Ünï}"
    )
    assert found["author"] == (
        "{DeepSeek-AI} and {Ann Lee and Sons} and {Lee, Ann} and Kaiming He and others"
    )
    assert found["doi"] == "10.1000/a_b" and found["url"] == "https://doi.org/10.1000/a_b"
    assert "eprint" not in found and "note" not in found


def test_the_bibliography_is_a_file_of_the_site(tmp_path):
    main(checkout(tmp_path / "in"), tmp_path / "out")
    assert entries((tmp_path / "out/references.bib").read_text()).keys() == {"alpha"}


def test_papers_are_listed_by_category_and_year_planned_ones_too(tmp_path):
    text, shown = filled(tmp_path, "papers")
    assert "2 papers, 1 with a page here; 1 planned rows name no paper yet." in text
    assert text.index("2020 Beta 2001.00001") < text.index(
        "2021 Alpha&#95;Net A One, B Two, C Three"
    )
    assert "and others, Alpha: &#36;5 &amp; &#42;more&#42; 2101.00001" in text
    assert '<a href="https://arxiv.org/abs/2001.00001">2001.00001</a>' in shown
    assert '<a href="02_attention_mechanisms/alpha.md">' in shown and "Gamma" not in text


def test_a_paper_without_number_is_named_by_where_it_lies(tmp_path):
    rows = ROWS.replace("arXiv:2001.00001", "doi:10.1000/a_b").replace(
        "1999\t", "1999\thttps://www.x.org/y"
    )
    text, shown = filled(tmp_path, "papers", **{"docs/data/catalogue.tsv": rows})
    assert "1999 Gamma &lt;RL&gt; x.org" in text and "3 papers, 1 with a page here." in text
    assert '<a href="https://doi.org/10.1000/a_b" aria-label="DOI 10.1000/a_b">DOI</a>' in shown


def test_the_quick_reference_is_of_the_front_matter(tmp_path):
    text, shown = filled(tmp_path, "quick-reference")
    row = "Alpha&#95;Net It doubles what it is given, which is enough here. O(n²) O(n)"
    assert f"Attention mechanisms # Method In one line Time Memory {row}" in text
    assert "Nothing is written yet in: Reinforcement learning" in text
    assert shown.count("<table") == 1


def test_what_is_not_run_is_counted_with_its_reason(tmp_path):
    body = BLOCK + '\n\n```python {skip="needs a GPU"}\nx = 1\n```\n'
    stale = replace(RECALL, state="stale", why="uses code that has changed")
    proof = replace(WHOLE, evidence=replace(EVIDENCE, laws=("one",)), experiments=(stale,))
    text, _ = filled(tmp_path, "not-run", passed(), body=body, proof=proof)
    line = (tmp_path / PATH).read_text().split("```python {skip")[0].count("\n") + 1
    assert f"1 of 2 blocks. Alpha&#95;Net , line {line}: needs a GPU" in text
    assert "1 of 4. Alpha&#95;Net Lawful : 1 law and 1 worked number, where" in text
    assert (
        "1 of 1 experiment. Alpha&#95;Net , line 7: recall uses code that has changed; run" in text
    )
    assert f"make measure PAGE={PATH} SMOKE=1" in text


def test_where_all_is_run_and_earned_it_says_so(tmp_path):
    text, _ = filled(tmp_path, "not-run", passed(), proof=WHOLE)
    assert "None of 1 block: every block runs." in text
    assert "None of 4: every page has all four." in text
    assert "None of 1 experiment: all are of the code as it is." in text


def test_marks_that_lack_for_one_reason_stand_together(tmp_path):
    text, _ = filled(tmp_path, "not-run", passed())
    assert (
        "3 of 4. Alpha&#95;Net Lawful , Matches : no run of its tests is on record; Shows" in text
    )


def test_statistics_are_sums_of_what_holds(tmp_path):
    evidence = replace(EVIDENCE, transcribed=(SLOW,))
    proof = replace(WHOLE, evidence=evidence, faults=(41, 42))
    text, _ = filled(tmp_path, "statistics", passed(), proof=proof)
    row = "1 1 1 2 1,200 2 1 3 4·10⁻¹⁶ 41 of 42"
    assert f"Attention mechanisms {row} without a page yet – 1" in text
    assert text.endswith("All 1 2 1 2 1,200 2 1 3 4·10⁻¹⁶ 41 of 42")
    sums = Count(error=2e-16, laws=2)
    sums.add(Count(laws=3))
    sums.add(Count(error=3e-9, caught=1))
    sums.add(Count(error=1e-12))
    assert sums == Count(error=3e-9, laws=5, caught=1)
    old, _ = filled(tmp_path / "old", "statistics", proof=Proof(evidence, False))
    assert old.endswith("All 1 2 – – – – – – – –")
