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


def shape(function: ast.FunctionDef) -> str:
    """A function without names of its own, docstring, annotations and decorators."""
    names: dict[str, str] = {}
    tree = ast.parse(ast.unparse(function)).body[0]
    assert isinstance(tree, ast.FunctionDef)
    tree.name, tree.decorator_list, tree.returns = "f", [], None
    if ast.get_docstring(tree) is not None:
        tree.body = tree.body[1:] or [ast.Pass()]
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
            node.arg = names.setdefault(node.arg, f"x{len(names)}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and (node.id in names or isinstance(node.ctx, ast.Store)):
            node.id = names.setdefault(node.id, f"x{len(names)}")
    return ast.unparse(tree)


def twice(files) -> list[list[str]]:
    """Functions of five lines or more that stand in these files more than once, names apart."""
    seen: dict[str, list[str]] = {}
    for file, text in files:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and (code := shape(node)).count("\n") >= 4:
                seen.setdefault(code, []).append(f"{file}:{node.lineno} {node.name}")
    return [places for places in seen.values() if len(places) > 1]


def test_no_function_of_five_lines_stands_twice():
    assert not twice((name(file), file.read_text()) for file in MODULES)


def test_a_copy_with_other_names_and_comments_is_found():
    one = "def f(a: int, b):\n    'Doc.'\n    c = a + b\n    c += 1\n    d = c * a\n    return d\n"
    two = "def g(x, y):\n    z = x + y\n    z += 1\n    # why\n    w = z * x\n    return w\n"
    assert twice([("one", one), ("two", two)]) == [["one:1 f", "two:1 g"]]
    assert not twice([("one", one), ("two", two.replace("z * x", "z * y"))])
    assert not twice([("one", one), ("two", two.replace("    z += 1\n", ""))])


def test_no_utils():
    assert not [p for p in (*MODULES, *SCRIPTS) if "util" in p.stem]
