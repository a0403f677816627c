"""The rules of the house that a linter does not know."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "nexus").rglob("*.py"))
SCRIPTS = sorted((ROOT / "scripts").rglob("*.py"))
PAGES = sorted(p for p in (ROOT / "docs").glob("[0-9]*/**/*.md") if p.name != "index.md")
TESTS = [t for m in MODULES for t in (ROOT / "tests").rglob(f"test_{m.stem}.py")]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize(
    "files, most",
    [(MODULES, 150), (SCRIPTS, 250), (PAGES, 300), (TESTS, 150)],
    ids=["nexus", "scripts", "pages", "tests"],
)
def test_files_are_short(files, most):
    long = {name(f): n for f in files if (n := f.read_text().count("\n")) > most}
    assert files and not long


@pytest.mark.parametrize("files", [MODULES, SCRIPTS], ids=["nexus", "scripts"])
def test_functions_are_short_and_take_few_parameters(files):
    wrong = []
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                given = [*node.args.args, *node.args.kwonlyargs]
                taken = sum(argument.arg != "self" for argument in given)
                if lines > 40 or taken > 8:
                    wrong.append(f"{name(file)}:{node.lineno} {node.name}: {lines} lines, {taken}")
    assert not wrong


def test_nexus_imports_nothing_by_a_name_made_at_run_time():
    """A page's key follows the imports that stand in the code; others would escape it."""
    wrong = []
    for file in MODULES:
        for node in ast.walk(ast.parse(file.read_text())):
            names = {a.name for a in node.names} if isinstance(node, ast.Import) else set()
            names |= {str(node.module)} if isinstance(node, ast.ImportFrom) else set()
            names |= {node.id} if isinstance(node, ast.Name) else set()
            if names & {"importlib", "__import__", "runpy", "exec", "eval"}:
                wrong.append(f"{name(file)}:{getattr(node, 'lineno', 1)}")
    assert not wrong


def test_no_utils():
    assert not [p for p in (*MODULES, *SCRIPTS) if "util" in p.stem]
