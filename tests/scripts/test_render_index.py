import re

import pytest
from render_site import PATH, checkout, html, rendered
from test_render_page import BLOCK, passed

from scripts.render import generated, load_site
from scripts.render.__main__ import main
from scripts.render.index import heading

INDEX = "docs/02_attention_mechanisms/index.md"
INTRODUCTION = """\
---
title: Attention
summary: How positions read each other, in few words.
---
# Attention

Begin with [beta](beta.md).
"""
HOME = """\
---
title: Nexus
---
# Nexus

<!-- nexus: counts -->

<!-- nexus: example -->

<!-- nexus: categories -->
"""


def test_an_index_lists_what_is_written_before_what_is_planned(tmp_path):
    root = checkout(tmp_path, BLOCK, **{INDEX: INTRODUCTION})
    found = rendered(root, passed(stdout="4\n"), path=INDEX)
    page = html(found.body)
    introduction, table, planned, others = (
        page.index(text) for text in ("Begin with", "<table", "planned: 1", "From other categories")
    )
    assert introduction < table < planned < others
    assert '<a href="alpha.md">Alpha&#95;Net</a>' in page
    assert "It doubles what it is given" in page
    assert "✓ Runs" in page and "○ Lawful" in page
    assert "O(n²)" in page and "1 of 2 pages written" in page
    about = 'href="https://arxiv.org/abs/2001.00001" title="Beta, 2020: arXiv:2001.00001"'
    assert f'<li id="planned-beta"><span>Beta</span> <a {about}>2020</a></li>' in page
    assert '<li id="planned-gamma"><span>Gamma &lt;RL&gt;</span> 1999</li>' in page
    assert "tier" not in page.lower()
    assert found.meta["description"] == "How positions read each other, in few words."


def test_an_index_says_what_is_not_verified(tmp_path):
    body = rendered(checkout(tmp_path, BLOCK), path=INDEX).body
    assert 'title="not verified: its blocks' in body and "○ Runs" in body


def test_a_category_without_introduction_is_named_by_its_folder(tmp_path):
    root = checkout(tmp_path)
    found = rendered(root, path="docs/01_reinforcement_learning/index.md")
    assert found.body.startswith("# Reinforcement learning\n")
    assert "## Offline RL" in found.body and "0 of 1 pages written" in found.body
    site, _ = load_site(root)
    assert len(generated(site)) == 19


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("09_generative_models/gan", "GAN"),
        ("01_reinforcement_learning/value_based", "Value-based"),
        ("08_computer_vision/nerf_3d", "NeRF 3D"),
        ("10_nlp_llm", "NLP LLM"),
    ],
)
def test_names_of_folders_in_words(tmp_path, folder, name):
    site, _ = load_site(checkout(tmp_path))
    assert heading(site.catalogue, folder) == name


def test_home_counts_and_shows_a_block_that_ran(tmp_path):
    root = checkout(tmp_path, BLOCK, **{"docs/index.md": HOME, INDEX: INTRODUCTION})
    page = html(rendered(root, passed(stdout="four\n"), path="docs/index.md").body)
    text = " ".join(re.sub(r"<[^>]+>", "", page).split())
    assert "1 algorithm with a page, of 3 1 block run, with what they printed" in text
    assert "parity" not in text
    assert "<samp>four</samp>" in page and "run on 2026-11-23" in text
    assert '<a href="02_attention_mechanisms/alpha.md">' in page
    assert page.count('class="nx-cell"') == 19
    assert "Attention 1 of 2" in text and "How positions read each other" in text


def test_home_without_any_verified_page(tmp_path):
    root = checkout(tmp_path, BLOCK, **{"docs/index.md": HOME})
    body = rendered(root, path="docs/index.md").body
    assert "No page is verified yet" in body and "<strong>0</strong> blocks" in body


def test_home_refuses_an_unknown_place(tmp_path):
    root = checkout(tmp_path, **{"docs/index.md": HOME + "\n<!-- nexus: kounts -->\n"})
    (problem,) = rendered(root, path="docs/index.md").problems
    assert (problem.path, problem.line) == ("docs/index.md", 12)


def test_the_whole_site_is_written_as_markdown(tmp_path, capsys):
    files = {"docs/index.md": HOME, "docs/assets/a.css": "x", "docs/data/alpha.json": "{}"}
    root, out = checkout(tmp_path / "in", BLOCK, **files), tmp_path / "out"
    assert main(root, out) == 1
    assert f"{PATH}:1: the page was never verified" in capsys.readouterr().out
    written = (out / "02_attention_mechanisms" / "alpha.md").read_text()
    assert written.startswith("---\ntitle: Alpha_Net\ndescription: It doubles")
    assert (out / "assets" / "a.css").is_file() and not (out / "data").exists()
    assert len(list(out.rglob("index.md"))) == 1 + 19


def test_a_map_shows_what_builds_on_what_and_nothing_where_nothing_does(tmp_path):
    root = checkout(tmp_path, BLOCK)
    body = rendered(root, passed(stdout="4\n"), path=INDEX).body
    steps = re.findall(r'<g class="(nx-map-step[^"]*)" data-step="(\w+)">(.*?)</g>', body)
    wide = steps[: len(steps) // 2]
    assert [(kind, slug) for kind, slug, _ in wide] == [
        ("nx-map-step nx-map-planned", "beta"),
        ("nx-map-step", "alpha"),
    ]
    assert body.count("nx-map-arrow") == 2 and 'href="alpha.html"' in wide[1][2]
    tops = [float(re.findall(r'<rect x="[\d.]+" y="([\d.]+)"', inside)[0]) for *_, inside in wide]
    assert tops[0] + 46 < tops[1]  # beta stands above alpha
    assert "nx-map-count" not in body
    other = rendered(root, path="docs/03_state_space_models/index.md").body
    assert "nx-map" not in other
