"""The notebook on the built site: what it shows was printed, and nothing of JupyterLab is left."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.catalog import load
from scripts.verify import records

ROOT = Path(__file__).parents[2]
NOTEBOOKS = load(ROOT).notebooks
BOOK = next(iter(NOTEBOOKS.values()))
HTML = BOOK.path.removeprefix("docs/").replace(".md", ".html")


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_shows_code_outputs_and_figures(opened, origin, scheme):
    record = records.read(ROOT, BOOK)
    assert record and record.passed
    view = {"viewport": {"width": 390, "height": 844}, "color_scheme": scheme}
    with opened(f"{origin}/{HTML}", **view) as (page, wrong):
        page.wait_for_load_state("networkidle")
        assert page.locator("h1").count() == 1
        assert page.locator(".nx-block").count() == len(BOOK.blocks)
        for block, ran in zip(BOOK.blocks, record.blocks, strict=True):
            code = page.locator(f"#block-{block.number} code").text_content() or ""
            assert code.strip("\n") == block.code.strip("\n")
            if ran.stdout.strip():
                shown = page.locator(f"#block-{block.number} + .nx-out samp").first
                assert shown.text_content() == ran.stdout.strip("\n")
        drawn = [figure.caption for ran in record.blocks for figure in ran.figures]
        captions = page.locator("figcaption").all_text_contents()
        assert len(drawn) == len(captions) and all(map(str.startswith, captions, drawn))
        assert page.locator(".katex-display").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert wrong == []


@pytest.mark.browser
def test_nothing_of_jupyterlab_is_left_and_the_download_is_the_notebook(opened, origin, site):
    text = (site / HTML).read_text()
    article = text[text.index("<article") : text.index("</article>")]
    assert not re.search(r"<(script|style|link)|jp-|jupyter-wrapper|MathJax", article)
    assert 'href="../assets/notebook.css"' in text
    with opened(f"{origin}/paths/index.html", viewport={"width": 1300, "height": 900}) as (page, _):
        page.locator("article").get_by_role("link", name=BOOK.front.title).click()
        with page.expect_download() as coming:
            page.get_by_role("link", name="Notebook, with outputs").click()
        cells = json.loads(Path(coming.value.path()).read_text())["cells"]
        outputs = [cell["outputs"] for cell in cells if cell["cell_type"] == "code"]
        assert len(outputs) == len(BOOK.blocks) and all(outputs)


@pytest.mark.site
@pytest.mark.parametrize("old, new", [("LAYERS, HEADS", "HEADS, LAYERS"), ("# A ", "# The ")])
def test_a_notebook_that_changed_since_it_ran_or_is_wrong_fails_the_build(tmp_path, old, new):
    for name in ("docs", "nexus", "scripts", "tests", "build/records"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("mkdocs.yml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    file = tmp_path / BOOK.path
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict"],
        cwd=tmp_path,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0 and f"{BOOK.path}:" in done.stderr
