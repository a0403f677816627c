"""Run one page as a notebook does: its blocks, top to bottom, in one module."""

import ast
import io
import time
import traceback
import types
import warnings
from collections.abc import Callable, Collection, Iterable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scripts.catalog.records import Block, Document
from scripts.measure import states
from scripts.slices import away_from_nexus
from scripts.verify import expected, figures, limits
from scripts.verify.isolation import Visit, World, page_module
from scripts.verify.records import BlockRecord, Figure

Compile = Callable[[ast.Module, bytes, str], None]


@dataclass(frozen=True)
class Run:
    """What became of a page: its blocks, what it left changed, which data files it read."""

    blocks: tuple[BlockRecord, ...]
    leaks: tuple[str, ...]
    data: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.leaks and all(block.outcome != "failed" for block in self.blocks)

    @property
    def seconds(self) -> float:
        return sum(block.seconds for block in self.blocks)


def run_page(
    world: World,
    page: Document,
    modules: Iterable[str],
    started: Callable[[Block], None],
    rewrite: Compile | None = None,
    only: Collection[int] | None = None,
) -> Run:
    """Run all blocks, or those of the numbers `only`; `started` is told of each, before it runs.

    `rewrite` adds detail to the assertions of a tree. Without it a page runs as fast as Python
    does, and only says that something is wrong; a second run with it says what and where.
    """
    begin = time.perf_counter()
    blocks: list[BlockRecord] = []
    leaked: dict[str, int] = {}  # what, and the line of the block after which it was first seen
    with world.visit(page, modules) as visit, page_module(world.root, page) as module:
        wrong = _refused(world.root, page) if only is None else {}  # of a whole page only
        for block in page.blocks:
            if only is not None and block.number not in only:
                continue
            if block.skip:
                blocks.append(BlockRecord(block.number, block.line, "skipped"))
                continue
            started(block)
            left = limits.PAGE_SECONDS - (time.perf_counter() - begin)
            place = _Place(world.root, page, block, module, visit)
            blocks.append(_run_block(place, rewrite, max(left, 0.001)))
            if block.number in wrong and not blocks[-1].error:
                error = f"{page.path}:{wrong[block.number]}"
                blocks[-1] = replace(blocks[-1], outcome="failed", error=error)
            if rewrite:
                leaked = {what: block.line for what in visit.leaks(last=False)} | leaked
        leaks = [
            f"{page.path}:{leaked.get(what, page.body + 1)}: the page leaves {what} behind, "
            f"not as it found it; put it back, or use a `with` block"
            for what in visit.leaks(last=True)
        ]
        return Run(tuple(blocks), tuple(leaks), tuple(visit.data_read()))


def _refused(root: Path, page: Document) -> dict[int, str]:
    """Blocks that are refused whatever they do: the line, why, and what to do.

    Results of experiments that are read for this are data that the page depends on.
    """
    found = {
        block.number: f"{each.line}: {each.name} {each.why}; {states.command(page)}"
        for each in states.standing(root, page)
        if not each.holds
        for block in page.blocks
        if block.line < each.line < block.end
    }
    for number in away_from_nexus(page.blocks):
        why = f"{page.blocks[number - 1].line}: neither this block nor those it needs name nexus"
        found[number] = f"{why}; use its code"
    return found


@dataclass(frozen=True)
class _Place:
    """A block, and where it runs."""

    root: Path
    page: Document
    block: Block
    module: types.ModuleType
    visit: Visit


class _Refused(Exception):
    """The block ran, but is not what a page may hold."""


def _run_block(place: _Place, rewrite: Compile | None, left: float) -> BlockRecord:
    root, page, block = place.root, place.page, place.block
    output, noise = io.StringIO(), io.StringIO()
    pictures: tuple[Figure, ...] = ()
    raised = error = None
    begin, warned = time.perf_counter(), len(place.visit.warned)
    try:
        with redirect_stdout(output), redirect_stderr(noise), _limit(left):
            raised = _execute(place, rewrite)
        pictures = figures.collect(f"{page.slug.replace('_', '-')}-{block.number}")
        _judge(page, block, output.getvalue(), pictures)
    except (_Refused, figures.Untitled) as refusal:
        error = f"{page.path}:{block.line}: {refusal}"
    except KeyboardInterrupt:
        raise
    except BaseException as exception:  # SystemExit and OutOfTime too: the page goes on
        error = describe(root, page, block, exception)
    return BlockRecord(
        number=block.number,
        line=block.line,
        outcome="failed" if error else "passed",
        seconds=round(time.perf_counter() - begin, 4),
        stdout=output.getvalue()[: limits.OUTPUT_CHARACTERS],
        warnings=_warnings(place.visit.warned[warned:]),
        figures=pictures,
        raised=raised,
        error=error,
    )


def _warnings(caught: Iterable[warnings.WarningMessage]) -> tuple[str, ...]:
    """Each once, in order."""
    return tuple(dict.fromkeys(f"{w.category.__name__}: {w.message}" for w in caught))


def _limit(left: float):
    if left < limits.BLOCK_SECONDS:
        return limits.time_limit(left, f"the page (limit {limits.PAGE_SECONDS:g} s)")
    return limits.time_limit(limits.BLOCK_SECONDS, "the block")


def _execute(place: _Place, rewrite: Compile | None) -> str | None:
    """Run the code; what it raised, if it is a block that should."""
    block, file = place.block, str(place.root / place.page.path)
    source = "\n" * block.line + block.code
    code: Any = source
    if rewrite:
        code = ast.parse(source, file)
        rewrite(code, source.encode(), file)
    code = compile(code, file, "exec", dont_inherit=True)
    try:
        exec(code, place.module.__dict__)
    except Exception as exception:
        if block.raises in {cls.__name__ for cls in type(exception).__mro__}:
            return f"{type(exception).__name__}: {exception}"
        raise
    if block.raises:
        raise _Refused(f"the block should raise {block.raises} and raised nothing")
    return None


def _judge(page: Document, block: Block, printed: str, pictures: tuple[Figure, ...]) -> None:
    """Refuse a block whose output is not the promised one, or that shows nothing."""
    if len(printed) > limits.OUTPUT_CHARACTERS:
        raise _Refused(f"the block prints {len(printed)} characters; print what matters")
    if block.expected is not None and not block.varies:
        if what := expected.difference(block.expected, printed):
            raise _Refused(what)
    if printed.strip() or pictures or block.raises:
        return
    tree = ast.parse(block.code)
    if any(isinstance(node, ast.Assert) for node in ast.walk(tree)):
        return
    later = {
        node.id
        for after in page.blocks[block.number :]
        for node in ast.walk(ast.parse(after.code))
        if isinstance(node, ast.Name)
    }
    if not later & {n.name for n in tree.body if isinstance(n, _DEFINES)}:
        raise _Refused(
            "the block prints, draws and asserts nothing, and defines nothing used later; "
            "print what the reader wants to see, or assert the claim"
        )


_DEFINES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def describe(root: Path, page: Document, block: Block, exception: BaseException) -> str:
    """`page.md:LINE: Error: message`, then the way there with its source lines."""
    file = str(root / page.path)
    what = "".join(traceback.format_exception_only(exception)).strip()
    if isinstance(exception, limits.OutOfTime):
        what = str(exception)
    if isinstance(exception, SyntaxError) and exception.filename == file:
        return f"{page.path}:{exception.lineno}: SyntaxError: {exception.msg}"
    frames = traceback.extract_tb(exception.__traceback__)
    inner = next((at for at, f in enumerate(frames) if f.filename == file), len(frames))
    frames = frames[inner:]
    line = next((f.lineno for f in reversed(frames) if f.filename == file), block.line)
    way = [
        f"  {_short(root, f.filename)}:{f.lineno} in {f.name}\n      {f.line}"
        for f in frames
        if "/_pytest/" not in f.filename
    ]
    if len(way) > 12:
        way = [*way[:6], f"  … {len(way) - 12} more calls …", *way[-6:]]
    return "\n".join([f"{page.path}:{line}: {what}", *way])


def _short(root: Path, filename: str) -> str:
    path = Path(filename)
    if path.is_relative_to(root):
        short = path.relative_to(root).as_posix()
        return short.split("site-packages/")[-1]
    return filename.split("site-packages/")[-1].split("/lib/python3")[-1]
