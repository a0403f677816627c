"""The pages of learning paths: a map with every step, arrows that follow pages, steps in order."""

import re
from pathlib import Path

import pytest
from render_site import FRONT, checkout, html, rendered

from scripts.catalog import load
from scripts.render import load_site, navigation, paths
from scripts.render.pathmap import arrows, draw, label

OWN = Path(__file__).parents[2]
PAGE = "docs/paths/first.md"
PATHS = """\
- slug: first
  title: First & <last>
  summary: From the one that is planned to the last.
  before: Nothing *at all*.
  unit: week
  weeks:
    - title: Begin
      aim: Say which of the two comes first, and why.
      steps: [beta, gamma]
    - title: Go on
      aim: Build the last one from the others.
      steps: [alpha]
"""


def site(tmp_path):
    return checkout(tmp_path, **{"docs/data/paths.yml": PATHS})


def test_its_page_lists_the_steps_in_order_under_their_weeks(tmp_path):
    found = rendered(site(tmp_path), path=PAGE)
    assert found.meta["title"] == "First & <last>" and found.meta["scripts"] == ["paths"]
    page = html(found.body)
    text = " ".join(re.sub(r"<svg.*?</svg>|<[^>]+>", "", page, flags=re.S).split())
    assert "2 weeks · 3 steps · 1 written" in text and "know: Nothing *at all*." in text
    places = [text.index(t) for t in ("Week 1: Begin", "Beta", "Gamma", "Week 2: Go on", "Alpha")]
    assert places == sorted(places)
    assert re.findall(r'<ol class="nx-steps" start="(\d)"', page) == ["1", "3"]
    assert '<a href="../02_attention_mechanisms/alpha.md">Alpha&#95;Net</a>' in page
    assert "It doubles what it is given" in text
    assert "its paper of 2020</a>" in page and "its paper of 1999" not in page
    assert page.count("nx-plan-mark") == 2
    boxes = re.findall(r'<input type="checkbox" hidden[^>]* aria-label="([^"]+)"', page)
    assert boxes == ["Beta: done", "Gamma &lt;RL&gt;: done", "Alpha_Net: done"]


def test_its_maps_hold_every_step_planned_ones_without_a_link(tmp_path):
    page = rendered(site(tmp_path), path=PAGE).body
    maps = re.findall(r"<svg .*?</svg>", page)
    assert len(maps) == 2
    for drawn in maps:
        steps = re.findall(r'<g class="(nx-map-step[^"]*)" data-step="(\w+)">(.*?)</g>', drawn)
        assert [slug for _, slug, _ in steps] == ["beta", "gamma", "alpha"]
        for kind, slug, inside in steps:
            written = slug == "alpha"
            assert ("planned" in kind) != written and ("(planned)" in inside) != written
            assert ('<a href="../02_attention_mechanisms/alpha.html">' in inside) == written
        numbers = re.findall(r'class="nx-map-count"[^>]*>(\d) <', drawn)
        assert numbers == ["1", "2", "3"]
        assert drawn.count("nx-map-arrow") == 1  # alpha builds on beta
        assert 'aria-label="Map of the path First &amp; &lt;last&gt;"' in drawn
        assert "Gamma &lt;RL&gt;" in drawn


def test_arrows_leave_out_what_others_imply(tmp_path):
    rows = checkout(tmp_path) / "docs/data/catalogue.tsv"
    folder = "02_attention_mechanisms"
    for slug, needs in {"one": "beta", "two": "one, beta", "far": "two"}.items():
        file = tmp_path / f"docs/{folder}/{slug}.md"
        file.write_text(FRONT.replace("[beta]", f"[{needs}]"))
        rows.write_text(rows.read_text() + f"{slug}\t{slug}\t{folder}\t{folder}\t2021\t\t1\t\n")
    catalogue = load(tmp_path)
    assert arrows(catalogue, ["beta", "one", "two"]) == [("beta", "one"), ("one", "two")]
    assert arrows(catalogue, ["beta", "far"]) == [("beta", "far")]  # by way of pages not on it
    assert arrows(catalogue, ["gamma", "beta"]) == []


def test_boxes_of_our_own_paths_are_inside_apart_and_hold_their_words():
    catalogue = load(OWN)
    assert len(catalogue.paths) == 6
    for path in catalogue.paths:
        for width, columns in ((760, 4), (350, 2)):
            drawn = draw(catalogue, path, width=width, columns=columns)
            height = float(re.findall(r'viewBox="0 0 \d+ (\d+)"', drawn)[0])
            form = r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="(\d+)"'
            found = re.findall(form, drawn)
            boxes = [tuple(map(float, each)) for each in found]
            assert len(boxes) == len(path.steps)
            for x, y, w, h in boxes:
                assert 0 <= x and x + w <= width and 0 <= y and y + h <= height
                beside = [b for b in boxes if abs(b[1] - y) < h and abs(b[0] - x) < w]
                assert beside == [(x, y, w, h)]
            ordered = [(y, x) for x, y, _, _ in boxes]
            assert ordered == sorted(ordered)  # read as they are numbered


@pytest.mark.parametrize(
    "title, lines",
    [
        ("DQN", ["DQN"]),
        ("Proximal Policy Optimization (PPO)", ["PPO"]),
        ("Soft Net (SN)", ["Soft Net (SN)"]),
        ("RWKV-5 and RWKV-6 (Eagle and Finch)", ["RWKV-5 and RWKV-6", "(Eagle and Finch)"]),
        ("Language Model Pretraining Pipeline", ["Language Model", "Pretraining", "Pipeline"]),
    ],
)
def test_a_label_is_short(title, lines):
    assert label(title, 17) == lines


def test_paths_are_pages_of_the_site_and_stand_in_its_navigation(tmp_path):
    root = site(tmp_path)
    overview = root / "docs/paths/index.md"
    overview.parent.mkdir()
    overview.write_text("---\ntitle: Learning paths\n---\n# L\n\n<!-- nexus: path-overview -->\n")
    found, _ = load_site(root)
    assert PAGE in paths(found)
    entries = navigation(found.catalogue)
    assert {"Learning paths": ["paths/index.md", {"First & <last>": "paths/first.md"}]} in entries
    page = html(rendered(root, path="docs/paths/index.md").body)
    assert '<a href="first.md">First &amp; &lt;last&gt;</a>' in page
    assert 'data-steps="beta gamma alpha">2 weeks · 3 steps · 1 written' in page
