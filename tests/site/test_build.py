"""`mkdocs build --strict` refuses what does not hold, with file and line; `serve` shows it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = "docs/02_attention_mechanisms/grouped_query_attention.md"
RECORD = "build/records/02_attention_mechanisms/grouped_query_attention.json"

NEXT = "## 4. High-Level Intuition"

pytestmark = pytest.mark.site


@pytest.fixture
def copy(tmp_path):
    """The checkout with its records, to be spoilt."""
    assert (ROOT / RECORD).is_file(), "run `make verify` first"
    for name in ("docs", "nexus", "scripts", "tests", "build/records"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("mkdocs.yml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def build(root, *options, **environment):
    command = [sys.executable, "-m", "mkdocs", "build", *options]
    variables = {**os.environ, "NO_MKDOCS_2_WARNING": "1", **environment}
    return subprocess.run(command, cwd=root, env=variables, capture_output=True, text=True)


def edit(root, path, old, new):
    text = (root / path).read_text()
    assert old in text
    (root / path).write_text(text.replace(old, new, 1))


def line_of(root, text):
    return (root / PAGE).read_text()[: (root / PAGE).read_text().index(text)].count("\n") + 1


def test_the_site_as_it_is_passes_and_links_to_its_sources(copy):
    with (copy / "docs/data/redirects.tsv").open("a") as moved:
        moved.write(f"old/gqa.md\t{PAGE.removeprefix('docs/')}\n")
    done = build(copy, "--strict", NEXUS_REPO="https://example.org/us/nexus")
    assert done.returncode == 0, done.stderr
    for page in (copy / "site").rglob("*.html"):
        text = page.read_text()
        assert page.name != "gqa.html" or "url=../02_attention_mechanisms/" in text
        if page.name != "404.html" and 'http-equiv="refresh"' not in text[:800]:  # moved: no source
            assert "https://example.org/us/nexus/edit/main/docs/" in text, page


def test_a_missing_record_fails_and_is_shown_as_not_verified(copy):
    (copy / RECORD).unlink()
    done = build(copy, "--strict")
    assert done.returncode != 0 and PAGE in done.stderr
    assert build(copy).returncode == 0  # as `serve` builds
    shown = (copy / "site" / PAGE.removeprefix("docs/")).with_suffix(".html").read_text()
    assert "not verified" in shown.lower()


@pytest.mark.parametrize(
    "path, old, new",
    [
        (PAGE, "for g in (64, 8, 1):", "for g in (64, 8):"),
        ("nexus/nn/masks.py", "queries[:, None] >=", "queries[:, None] >"),
        ("constraints.txt", "torch==", "# torch=="),
        ("docs/data/grouped_query_attention.json", "uptraining", "uptrained"),
    ],
)
def test_a_stale_record_fails(copy, path, old, new):
    edit(copy, path, old, new)
    done = build(copy, "--strict")
    assert done.returncode != 0 and PAGE in done.stderr


def test_prose_alone_makes_no_record_stale(copy):
    edit(copy, PAGE, NEXT, f"One more sentence.\n\n{NEXT}")
    assert build(copy, "--strict").returncode == 0


@pytest.mark.parametrize(
    "old, new, place, message",
    [
        (NEXT, f"[x](nowhere.md)\n\n{NEXT}", "[x](nowhere.md)", "dead link"),
        (NEXT, f"$\\frak{{$\n\n{NEXT}", "$\\frak{", "KaTeX"),
        (NEXT, f"`nexus.nothing`\n\n{NEXT}", "`nexus.nothing`", "no 'nothing'"),
        (NEXT, "## 4. Intuition", "## 4. Intuition", "section"),
        ("```python {varies}", "```py", "```py\n", "Python fence"),
    ],
)
def test_a_planted_fault_fails_with_file_and_line(copy, old, new, place, message):
    edit(copy, PAGE, old, new)
    done = build(copy, "--strict")
    assert done.returncode != 0
    start = f"{PAGE}:{line_of(copy, place)}: "
    assert any(start in line and message in line for line in done.stderr.split("\n")), done.stderr
