"""What "copy runnable" copies: rebuilt from what the page shows, it is the code of the slice."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from render_site import checkout, html, rendered

from scripts.catalog import load
from scripts.catalog.records import Block
from scripts.render.runnable import attributes, cooked, recipe
from scripts.slices import runnable, runnables

ROOT = Path(__file__).parents[2]
PAGES = load(ROOT).pages
TAG = re.compile(r"<[^>]+>")
DIV = re.compile(r"<div ([^>]*\bnx-block\b[^>]*)>(.*?)</div>", re.S)


def blocks(*codes: str, **options) -> list[Block]:
    return [Block(n, 1, 2, code, "", **options) for n, code in enumerate(codes, start=1)]


def shown(page: list[Block]) -> dict[int, str]:
    return {block.number: block.code for block in page}


def test_a_block_that_needs_another_names_it_and_no_code():
    page = blocks("x = 1\n", "y = 2\n", "print(x)\n")
    told = attributes(page)
    assert told[1] == "#block-1 .nx-block" and told[2] == "#block-2 .nx-block"
    assert told[3] == '#block-3 .nx-block data-needs="1" data-run="1 = 3"'


def test_what_the_page_does_not_show_is_written_out():
    page = blocks("from nexus.a import b\nx = b()\n", "from nexus.a import b\nprint('é \"', x)\n")
    code = runnable(page, 1)
    assert code.count("import") == 1
    text = recipe(code, page)
    assert text == "1 = 2:2"
    assert cooked(text, shown(page)) == code
    assert recipe("b\nc\n", blocks("a\nb\nc\nd\n")) == "1:2-3"
    assert cooked("1:2-3 1:4", shown(blocks("a\nb\nc\nd\n"))) == "b\nc\nd\n"
    odd = "a = '<\"%\\n'\n  \n\nx = b()\n"
    assert cooked(recipe(odd, page), shown(page)) == odd


def test_a_block_that_is_not_run_has_no_runnable_copy():
    page = [*blocks("x = 1\n"), Block(2, 3, 4, "print(x)\n", "", skip="needs a GPU")]
    assert "data-run" not in attributes(page)[2]


@pytest.mark.parametrize("slug", PAGES)
def test_from_the_code_of_a_page_every_runnable_text_comes_back(slug):
    """What the reader's browser joins, it joins from the text of the HTML."""
    import html as entities

    page = PAGES[slug]
    fences = [
        f"``` {{ .python {about} }}\n{block.code}```\n"
        for block, about in zip(page.blocks, attributes(page.blocks).values(), strict=True)
    ]
    found = DIV.findall(html("\n".join(fences)))
    assert len(found) == len(page.blocks)
    codes = {n: entities.unescape(TAG.sub("", code)) for n, (_, code) in enumerate(found, start=1)}
    for at, (needs, code) in enumerate(runnables(page.blocks)):
        told = re.search(r'data-run="([^"]*)"', found[at][0])
        assert bool(told) == bool(needs and not page.blocks[at].skip)
        assert not told or cooked(told[1], codes) == code


def test_a_copied_text_runs_in_a_process_of_its_own(tmp_path):
    body = (
        "```python\nfrom nexus.alpha import double\nx = double(2)\n```\n\n"
        "```python\nfrom nexus.alpha import double\nprint(double(x))\n```\n"
    )
    page = html(rendered(checkout(tmp_path, body)).body)
    found = DIV.findall(page)
    codes = {n: TAG.sub("", code) for n, (_, code) in enumerate(found, start=1)}
    told = re.search(r'data-run="([^"]*)"', found[1][0])
    assert told and "double(x)" not in told[1]
    text = cooked(told[1], codes)
    done = subprocess.run(
        [sys.executable, "-c", text], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("8\n", "")
