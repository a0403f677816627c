"""`python -m scripts.verify --standalone [PAGE …]`: each block with only the blocks that it needs.

That is what a reader gets who copies one block so that it runs. Nothing is recorded.
"""

from collections.abc import Sequence

from scripts.catalog import Catalogue, Document
from scripts.slices import slices
from scripts.verify import limits, report
from scripts.verify.isolation import World
from scripts.verify.key import modules
from scripts.verify.runner import run_page


def standalone(catalogue: Catalogue, pages: Sequence[Document]) -> list[str]:
    """What fails, each with its file and line, then the numbers of the blocks that were run."""
    problems = []
    with World(catalogue.root) as world:
        for at, page in enumerate(pages):
            report.progress(at, len(pages), page.path)
            problems += check(world, page, modules(catalogue.root, page))
    return problems


def check(world: World, page: Document, names: list[str]) -> list[str]:
    """The blocks of a page that fail without the blocks that their slices leave out."""
    problems = []
    for block, needed in zip(page.blocks, slices(page.blocks), strict=True):
        if block.skip:
            continue
        with limits.memory_limit():
            run = run_page(world, page, names, lambda block: None, only={*needed, block.number})
        alone = ", ".join(map(str, [*needed, block.number]))
        problems += [f"{r.error}\n  (run alone: blocks {alone})" for r in run.blocks if r.error]
    return list(dict.fromkeys(problems))
