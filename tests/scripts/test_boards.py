"""Leaderboards of `docs/boards`: measured like a page, shown on the indexes of their categories."""

import json
from pathlib import Path

import pytest

from scripts.catalog import load
from scripts.catalog.names import Names
from scripts.render import Site, render
from scripts.render.machines import beside
from scripts.render.navigation import navigation
from scripts.render.not_run import not_run
from scripts.render.proofs import proof
from scripts.render.search import search_index
from scripts.verify import records
from scripts.verify.records import BlockRecord, Record

ROOT = Path(__file__).parents[2]
PATH = "docs/boards/twice.md"
INDEX = "docs/02_attention_mechanisms/index.md"
TEXT = """\
---
title: Who Doubles Best
summary: Two ways of doubling on the same numbers, three seeds each.
categories: [02_attention_mechanisms, 05_positional_encodings]
---
# Who Doubles Best

## The task

```python
from nexus.experiment import measured
from nexus.small import double


@measured(seeds=3)
def doubled(seed):
    \"\"\"Doubling is at least as large as the seed.\"\"\"
    return {"value": double(seed)}
```

## Results

```python
for seed, run in enumerate(doubled.all()):
    print("seed", seed, "gives", run["value"])
    assert run["value"] >= seed
```

## What it cannot tell

```python
print("small", double(1))
```
"""
RAN = (
    BlockRecord(1, 11, "passed"),
    BlockRecord(2, 24, "passed", stdout="seed 2 gives 4\n"),
    BlockRecord(3, 32, "passed", stdout="small 2\n"),
)


@pytest.fixture
def written(checkout):
    checkout.page("first_one")
    checkout.write("nexus/experiment.py", (ROOT / "nexus/experiment.py").read_text())
    checkout.write(PATH, TEXT)
    return checkout


def site(root, *blocks: BlockRecord) -> Site:
    record = Record(PATH, "k", "2026-11-24", 1.5, 1.0, {"torch": "2.13.0"}, "Linux", blocks)
    catalogue = load(root)
    proofs = {board.slug: proof(root, board) for board in catalogue.boards.values()}
    return Site(catalogue, Names(root), {"twice": record} if blocks else {}, "", proofs)


def test_a_board_is_measured_and_run_like_a_page(written):
    missing = written.run("scripts.verify", PATH)
    assert missing.returncode == 1 and "doubled was never measured" in missing.stdout
    done = written.run("scripts.measure", PATH)
    assert done.returncode == 0, done.stdout + done.stderr
    record = json.loads((written.root / "docs/data/twice.json").read_text())
    assert [r["value"] for r in record["experiments"]["doubled"]["results"]] == [0, 2, 4]
    good = written.run("scripts.verify", PATH)
    assert good.returncode == 0 and "3 blocks: 3 passed" in good.stdout, good.stdout
    document = load(written.root).boards["twice"]
    found = records.read(written.root, document)
    assert found and "seed 2 gives 4" in found.blocks[1].stdout
    assert "1 experiments: all current" in written.run("scripts.measure.stale").stdout
    shown = render(site(written.root, *RAN), PATH)
    assert shown and "Measured by make bench CATEGORY=twice, 20" in shown.body
    assert "changed since" not in shown.body
    written.edit("nexus/small.py", "return", "x = x + 0\n    return")
    old = site(written.root, *RAN)
    assert "with code that has changed since" in render(old, PATH).body  # type: ignore[union-attr]
    assert "Who Doubles Best](boards/twice.md), line" in not_run(old) and "`doubled`" in not_run(
        old
    )


def test_the_indexes_of_its_categories_show_its_results_and_no_others(written):
    made = site(written.root, *RAN)
    for path in (INDEX, "docs/05_positional_encodings/index.md"):
        body = render(made, path).body  # type: ignore[union-attr]
        assert (
            "## Leaderboard: Who Doubles Best" in body
            and "seed 2 gives 4" in body
            and "small 2" not in body
        )
        assert "(../boards/twice.md)" in body and "Not measured as it stands" in body
    other = render(made, "docs/03_state_space_models/index.md")
    assert other and "Who Doubles Best" not in other.body


def test_an_index_shows_no_results_of_a_run_that_is_old_or_failed(written):
    failed = (RAN[0], BlockRecord(2, 24, "failed", stdout="seed 2 gives 4\n", error="no"), RAN[2])
    for made in (site(written.root), site(written.root, *failed)):
        body = render(made, INDEX).body  # type: ignore[union-attr]
        assert "Who Doubles Best" not in body and "seed 2" not in body


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("05_positional_encodings]", "05_positions]", "categories names '05_positions'"),
        ("summary:", "about:", "the front matter lacks 'summary'"),
        (
            "categories: [02_attention_mechanisms, 05_positional_encodings]",
            "",
            "lacks 'categories'",
        ),
    ],
)
def test_what_is_wrong_with_it_is_named(written, problems, old, new, said):
    assert problems() == []
    written.edit(PATH, old, new)
    assert any(line.startswith(f"{PATH}:") and said in line for line in problems())


def test_its_name_is_its_own(written, problems):
    written.write("docs/boards/first_one.md", TEXT)
    written.write(
        "docs/notebooks/twice.md", TEXT.split("categories")[0] + "---\n# Who Doubles Best\n"
    )
    assert len([line for line in problems() if "is that of an algorithm, a noteb" in line]) == 2


def test_it_stands_in_navigation_search_and_beside_the_page(written):
    made = site(written.root, *RAN)
    assert {"Leaderboards": [{"Who Doubles Best": "boards/twice.md"}]} in navigation(made.catalogue)
    assert '"t":"Who Doubles Best","c":"Leaderboard"' in search_index(made)
    files = dict(beside(made))
    assert "Output:\n\n```text\nsmall 2\n```" in files["boards/twice.md"]
    assert "(boards/twice.md)" in files["llms.txt"] and "boards/twice.ipynb" not in files
