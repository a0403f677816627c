"""Whatever a page holds, rendering loses no block and no line, and keeps their order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from render_site import checkout
from test_robustness import OFTEN, PATH, nasty

from scripts.catalog.markdown import read
from scripts.catalog.names import Names
from scripts.catalog.records import Catalogue
from scripts.render.page import content
from scripts.render.records import Site


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    root = checkout(tmp_path_factory.mktemp("checkout"))
    return Site(Catalogue(root), Names(root))


def kept(document):
    """The lines that rendering must keep: blocks and prose, not what it fills in or takes out."""
    out: set[int] = set(range(document.body))
    for pull in document.pulls:
        out |= set(range(pull.line - 1, pull.end))
    for block in document.blocks:
        out |= {block.line - 1, block.end - 1}
    lines = document.lines
    for block in document.blocks:
        if block.expected is not None:
            shown = block.expected.split("\n")
            at = next(i for i in range(block.end, len(lines)) if "expected-output" in lines[i])
            out |= set(range(at, len(lines)) if len(shown) > 1 and at else ())
            break  # below the first of them the order is that of the tests of outputs
    return [line for at, line in enumerate(lines) if at not in out and line.strip()]


marked = st.lists(st.sampled_from([*nasty, *["```python\nprint(1)\n```"] * 40]), max_size=20).map(
    lambda parts: "".join(f"{part}\nline{at}x\n" for at, part in enumerate(parts)).encode()
)
"""Pages of nasty lines with a line between any two that stands nowhere else."""


@given(raw=marked)
@OFTEN
def test_no_block_and_no_line_is_lost_or_moved(site, raw):
    document, _ = read(PATH, raw)
    body, problems = content(site, document)
    for problem in problems:
        assert problem.path == PATH and 1 <= problem.line <= len(document.lines)
    at = 0
    for block in document.blocks:
        assert block.code in body[at:], block
        at = body.index(block.code, at) + len(block.code)
    at = 0
    for line in kept(document):
        assert line in body[at:], line
        at = body.index(line, at) + len(line)
