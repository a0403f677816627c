"""For each block of a page, the earlier blocks that it needs: found in the code, nothing is run.

A block needs whoever last bound the names that it reads, whoever may have changed what they point
to since (also through another name: an optimizer holds its model), and whatever these need. A
function counts for the names that it will read when it is called. Too much rather than too little.

Settings of a library (a default dtype, plot style, warnings) are needed by all later blocks that
use the library, and so is the last seed that a block sets at module level; but how many random
numbers the blocks between have drawn is not followed: a slice may draw others than the page does.
Seeds set inside functions are taken for drawing. `nexus` counts as a user of torch, numpy, random.

Not seen: objects that a library keeps for itself (registries, hooks), operators of a class that is
not the page's own that change their operands, and changes of imported objects under another name.
"""

import ast
from collections.abc import Sequence

from scripts.catalog.imports import imported, parsed
from scripts.catalog.records import Block
from scripts.slices.flow import Flow
from scripts.slices.habits import Habits
from scripts.slices.scopes import binds


def slices(blocks: Sequence[Block]) -> list[list[int]]:
    """For each block the numbers of the earlier blocks that it needs, directly or not, sorted."""
    trees = [_parse(block.code) for block in blocks]
    habits = Habits([t for t, b in zip(trees, blocks, strict=True) if t and not b.skip])
    flow, found = Flow(habits), dict[int, set[int]]()
    for at, (block, tree) in enumerate(zip(blocks, trees, strict=True)):
        if tree and block.skip:  # it changes nothing for those below
            direct = _direct(_replayed(habits, blocks[:at], trees), block, tree)
        else:
            direct = _direct(flow, block, tree) if tree else set()
        found[block.number] = direct.union(*(found[number] for number in direct))
    return [sorted(found[block.number]) for block in blocks]


def _direct(flow: Flow, block: Block, tree: ast.Module) -> set[int]:
    try:
        return flow.block(block.number, tree, unsure=bool(block.raises))
    except RecursionError:  # code nested a thousand deep: take it for anything
        flow.anything()
        return flow.needs - {block.number}


def _replayed(habits: Habits, blocks: Sequence[Block], trees: Sequence) -> Flow:
    flow = Flow(habits)
    for block, tree in zip(blocks, trees, strict=False):
        if tree and not block.skip:
            _direct(flow, block, tree)
    return flow


def _parse(code: str) -> ast.Module | None:
    try:
        return parsed(code)
    except (SyntaxError, ValueError, RecursionError):
        return None


def away_from_nexus(blocks: Sequence[Block]) -> list[int]:
    """Numbers of the blocks that import nothing of `nexus`, nor do the blocks that they need."""
    reaching = {b.number for b in blocks if _imports_nexus(b.code)}
    if len(reaching) == len(blocks):
        return []
    needs = zip(blocks, slices(blocks), strict=True)
    return [b.number for b, needed in needs if not reaching & {b.number, *needed}]


def _imports_nexus(code: str) -> bool:
    try:
        return bool(imported(code))
    except (SyntaxError, ValueError, RecursionError):
        return False


def runnable(blocks: Sequence[Block], i: int) -> str:
    """The code of `blocks[i]` below that of its slice: one file that runs.

    A block that shows an exception is kept from ending the file, unless it is the last.
    """
    return _runnable(blocks, i, slices(blocks)[i])


def runnables(blocks: Sequence[Block]) -> list[tuple[list[int], str]]:
    """For each block the numbers of those that it needs, and its `runnable` code."""
    found = slices(blocks)
    return [(numbers, _runnable(blocks, i, numbers)) for i, numbers in enumerate(found)]


def _runnable(blocks: Sequence[Block], i: int, numbers: list[int]) -> str:
    parts = [block for block in blocks if block.number in numbers] + [blocks[i]]
    futures: dict[str, None] = {}
    seen: set[str] = set()
    try:
        once = _imported_once([part.code for part in parts])
    except RecursionError:
        once = set()
    texts = []
    for part in parts:
        lines, tree = part.code.split("\n"), _parse(part.code)
        shielded = bool(part.raises) and part is not blocks[i]
        for node in tree.body if tree else []:
            line = lines[node.lineno - 1]
            if not _alone(node, line):
                continue
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                futures[line] = None
                lines[node.lineno - 1] = ""
            elif line in once and not shielded:
                lines[node.lineno - 1] = "" if line in seen else line
                seen.add(line)
        texts.append(_shielded(lines, tree, part) if shielded else "\n".join(lines))
    texts = [text.strip("\n") for text in ["\n".join(futures), *texts]]
    return "\n\n".join(text for text in texts if text) + "\n"


def _alone(node: ast.stmt, line: str) -> bool:
    """Whether an import at module level has its line for itself."""
    whole = line.encode()[node.end_col_offset :].strip() if node.lineno == node.end_lineno else b"?"
    return isinstance(node, ast.Import | ast.ImportFrom) and whole[:1] in (b"", b"#")


def _imported_once(codes: Sequence[str]) -> set[str]:
    """Lines with imports that mean the same wherever they stand: nothing else binds their names."""
    lines: dict[str, set[str]] = {}
    others: set[str] = set()
    for code in codes:
        tree, source = _parse(code) or ast.Module([], []), code.split("\n")
        for node in tree.body:
            line = source[node.lineno - 1]
            if _alone(node, line):
                lines[line] = binds([node])
            else:
                others |= binds([node])
    return {
        line
        for line, names in lines.items()
        if not names & others.union(*(other for at, other in lines.items() if at != line))
    }


def _shielded(lines: list[str], tree: ast.Module | None, block: Block) -> str:
    """Code that may raise, indented below `try`; what is inside of strings stays as it is."""
    fixed = {
        at
        for node in ast.walk(tree or ast.Module([], []))
        if isinstance(node, ast.JoinedStr | ast.Constant) and node.end_lineno
        for at in range(node.lineno, node.end_lineno)
    }
    code = [line if at in fixed or not line else f"    {line}" for at, line in enumerate(lines)]
    shield = ["except Exception:", f"    pass  # {block.raises}: what this block shows"]
    return "\n".join(["try:", *code, *shield])
