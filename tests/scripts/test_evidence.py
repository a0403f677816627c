"""Evidence comes from whole runs alone, and a file that claims more than a run bears out fails."""

import functools
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys

import pytest
import torch
from torch.testing import assert_close

from scripts.evidence.__main__ import main

PAGE = "first_one"
TEST = f"tests/attention/test_{PAGE}.py"
FILE = f"docs/data/{PAGE}.evidence.json"
BODY = '''
"""Seven tests of a module."""

import pytest
import torch

import nexus.attention.first_one
from nexus.small import double

pytest_plugins = []


@pytest.mark.parametrize("n", [3, 5])
def test_doubles(n, matches):
    x = torch.randn(n, requires_grad=True)
    matches(torch.add, 2 * x, torch.add(x, x), wrt=(x,))


def slowly(x):
    """Equation 1, number by number."""
    return torch.stack([each + each for each in x.unbind()])


def test_doubles_slowly(transcribed):
    x = torch.randn(4, requires_grad=True)
    transcribed(slowly, 2 * x, slowly(x), wrt=(x,))


@pytest.mark.law("twice the sum is the sum of the doubles")
@pytest.mark.parametrize("x", [1.0, 2.0])
def test_sums(x):
    assert double(x + 3) == double(x) + double(3.0)


@pytest.mark.worked("by hand: 2 · 3 = 6")
def test_three():
    assert double(3.0) == 6


class TestMore:
    def test_zero(self):
        assert double(0.0) == 0
'''


@pytest.fixture(scope="module")
def warm():
    """What forked children need and would each load again."""
    x = torch.ones(1, requires_grad=True)
    assert_close(torch.autograd.grad(x * 2, x, torch.ones(1))[0], 2 * torch.ones(1))
    with pytest.MonkeyPatch.context() as patch:
        once = functools.cache(importlib.metadata.packages_distributions)
        once()
        patch.setattr(importlib.metadata, "packages_distributions", once)
        yield


@pytest.fixture
def project(checkout, warm):
    """A checkout with a page and its test."""
    checkout.page(PAGE)
    checkout.write(TEST, BODY)
    for name in ("tests/conftest.py", "pyproject.toml", "constraints.txt"):
        checkout.root.joinpath(name).parent.mkdir(exist_ok=True)
        shutil.copy(checkout.here / name, checkout.root / name)
    return checkout


def run(project, *options):
    """Pytest in the project: in a fork, which has torch already, or where it forks itself."""
    idle = ("cacheprovider", "unraisableexception", "threadexception", "hypothesispytest")
    options = (*(f"-pno:{name}" for name in idle), *options)
    if "-n" in options:
        return project.run("pytest", *options)
    return forked(project.root, lambda: pytest.main([*options]))


def make_evidence(project, *names):
    return forked(project.root, lambda: main(project.root, [*names]))


def forked(root, call):
    """What `call` returns and prints in a child whose `nexus` and folder are the project's."""
    said = root / "said.txt"
    child = os.fork()
    if child == 0:
        status = 99
        try:
            os.chdir(root)
            os.dup2(os.open(said, os.O_CREAT | os.O_TRUNC | os.O_WRONLY), 1)
            os.dup2(1, 2)
            sys.stdout, sys.stderr = (open(fd, "w", closefd=False) for fd in (1, 2))
            for name in [*sys.modules]:
                if name.split(".")[0] in ("nexus", "conftest"):
                    del sys.modules[name]
            status = int(call())
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return subprocess.CompletedProcess([], status, stdout=said.read_text())


def written(project):
    done = make_evidence(project, PAGE)
    assert done.returncode == 0, done.stdout
    return json.loads((project.root / FILE).read_text())


def checked(project, *options):
    done = run(project, "--evidence=check", *options)
    return done.returncode, done.stdout


def claim(project, change):
    evidence = json.loads((project.root / FILE).read_text())
    change(evidence)
    (project.root / FILE).write_text(json.dumps(evidence))


@pytest.mark.parametrize("workers", [[], ["-n", "2", "--dist", "loadfile"]], ids=["one", "xdist"])
def test_a_whole_run_is_written_in_the_words_of_its_marks(project, workers):
    done = run(project, "--evidence=write", "-m", "not site and not browser", *workers)
    assert done.returncode == 0, done.stdout
    found = json.loads((project.root / FILE).read_text())
    assert (found["test"], found["tests"]) == (TEST, 7)
    assert found["laws"] == ["twice the sum is the sum of the doubles"]
    assert found["worked"] == ["by hand: 2 · 3 = 6"]
    (match,), (transcription,) = found["matches"], found["transcribed"]
    assert match.pop("relative_error") < 1e-15 and transcription.pop("relative_error") < 1e-15
    assert match == {
        "test": "test_doubles",
        "oracle": "torch.add",
        "distribution": "torch",
        "version": found["versions"]["torch"],
        "dtype": "float64",
        "cases": 2,
        "gradients": True,
        "shapes": ["3", "5"],
    }
    assert (transcription["oracle"], transcription["cases"]) == ("slowly", 1)
    assert transcription["text"] == "Equation 1, number by number."
    assert checked(project)[0] == 0


SPOILT = {
    "-k": (None, ["-k", "sums"], "2 of its 7 tests ran"),
    "-m": (None, ["-m", "not law"], "5 of its 7 tests ran"),
    "node id": (None, [f"{TEST}::test_three"], "collected in part"),
    "node id of a class": (None, [f"{TEST}::TestMore"], "1 of its 7 tests ran"),
    "--deselect": (None, ["--deselect", f"{TEST}::test_three"], "6 of its 7 tests ran"),
    "-x": (("== 6", "== 7"), ["-x"], "test_three failed"),
    "-x, another file": (
        ("by hand", "by hand"),
        ["-x", "tests/test_first.py", TEST],
        "none of its",
    ),
    "failing": (("== 6", "== 7"), [], "test_three failed"),
    "skip": (
        ("    assert double(3.0)", "    pytest.skip()\n    assert 6"),
        [],
        "test_three skipped",
    ),
    "xfail": (("== 6", "== pytest.xfail()"), [], "test_three xfailed"),
    "xpass": (("@pytest.mark.worked", "@pytest.mark.xfail\n@pytest.mark.worked"), [], "xfailed"),
    "module skip": (("pytest_plugins = []", "pytest.importorskip('nowhere')"), [], "none of its"),
    "crash": (("== 6", "== __import__('os')._exit(1)"), ["-n", "2"], "test_three failed"),
    "teardown": (
        ("def test_three():", "def test_three(request):\n    request.addfinalizer(lambda: 1 / 0)"),
        [],
        "test_three failed",
    ),
    "subtest": (
        (
            "def test_three():",
            "def test_three(subtests):\n    with subtests.test():\n        1 / 0",
        ),
        [],
        "test_three failed",
    ),
    "no module": (
        ("import nexus.attention.first_one", ""),
        [],
        f"not import nexus.attention.{PAGE}",
    ),
    "unpinned": (("import torch", "import torch, iniconfig"), [], "constraints.txt pins nothing"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_run_that_is_not_whole_proves_nothing(project, name):
    change, options, why = SPOILT[name]
    project.write("tests/test_first.py", "def test_first():\n    assert 0\n")
    paths = [] if any(option.startswith("tests") for option in options) else [TEST]
    before = project.root / FILE
    before.write_text("as it was")
    if change:
        project.edit(TEST, *change)
    if name == "unpinned":
        project.edit("constraints.txt", "iniconfig==", "# iniconfig==")
        project.edit(TEST, "matches(torch.add", "matches(iniconfig.IniConfig.get")
    for mode in ("write", "check")[: 1 if "-n" in options else 2]:
        done = run(project, f"--evidence={mode}", *options, *paths)
        assert done.returncode != 0
        line = next(line for line in done.stdout.split("\n") if "no evidence" in line)
        assert line.startswith(f"{TEST}: no evidence: ") and why in line
        assert before.read_text() == "as it was"


def test_what_failed_last_is_no_whole_file(project):
    def last_failed():
        return forked(project.root, lambda: pytest.main(["--lf", "--evidence=write"]))

    project.edit(TEST, "== 6", "== 7")
    assert last_failed().returncode == 1
    project.edit(TEST, "== 7", "== 6")
    again = last_failed()
    assert again.returncode == 1 and "1 of its 7 tests ran" in again.stdout


def test_a_partial_run_without_the_option_says_nothing(project):
    written(project)
    project.edit(TEST, "2 · 3 = 6", "it is 6")
    done = run(project, "-k", "three")
    assert done.returncode == 0 and "evidence" not in done.stdout


def test_a_file_that_changes_while_it_runs_proves_nothing(project):
    project.edit(TEST, "== 6", "== 6\n    open(__file__, 'a').write('# more')")
    done = run(project, "--evidence=write")
    assert done.returncode == 1 and "changed while it ran" in done.stdout
    assert not (project.root / FILE).exists()


def test_a_file_is_written_although_another_fails(project):
    project.page("second")
    project.write("tests/attention/test_second.py", "def test_it():\n    assert 0\n")
    done = make_evidence(project)
    assert done.returncode == 1
    assert "test_second.py: no evidence: test_it failed" in done.stdout
    assert "second.evidence.json was left as it is" in done.stdout
    assert (project.root / FILE).is_file()
    assert checked(project, TEST)[0] == 0  # the other is not asked for
    assert "test_second.py: no evidence" in checked(project)[1]
    unknown = make_evidence(project, "docs/nowhere/first_one.md")
    assert unknown.returncode == 2 and "no page" in unknown.stdout
    (project.root / TEST).unlink()
    absent = make_evidence(project, PAGE)
    assert absent.returncode == 1 and f"{TEST}: there is no such file" in absent.stdout


CLAIMS = {
    "other law": (lambda e: e["laws"].append("it is fast"), "it is fast"),
    "order": (lambda e: e["laws"].extend(e["laws"]), "the order"),
    "other worked": (lambda e: e.update(worked=["Table 9"]), "Table 9"),
    "other oracle": (lambda e: e["matches"][0].update(oracle="torch.mul"), "name torch.add"),
    "dropped oracle": (lambda e: e.update(matches=[]), "does not name torch.add"),
    "version": (lambda e: e["matches"][0].update(version="9.9"), "torch 9.9 2 cases"),
    "distribution": (lambda e: e["matches"][0].update(distribution="numpy"), "numpy 2"),
    "cases": (lambda e: e["matches"][0].update(cases=7), "7 cases"),
    "gradients": (lambda e: e["matches"][0].update(gradients=False), "without gradients"),
    "transcription": (lambda e: e["transcribed"][0].update(text="Equation 2"), "Equation 2"),
    "count": (lambda e: e.update(tests=99), "tests 99; here it is 7"),
    "page": (lambda e: e.update(page="docs/x.md"), "docs/x.md"),
    "key": (lambda e: e.update(key="0" * 64), "changed since"),
    "half": (lambda e: e.pop("laws"), "it is damaged"),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_what_a_file_claims_beyond_the_run_fails(project, name):
    written(project)
    change, why = CLAIMS[name]
    claim(project, change)
    status, said = checked(project)
    line = next(line for line in said.split("\n") if line.startswith(FILE))
    assert status == 1 and why in line
    assert line.endswith(f"run `make evidence SLUG={PAGE}`")


def test_an_error_far_smaller_than_the_true_one_fails(project):
    noisy = "torch.add(x, x) * (1 + 1e-9)"
    project.edit(TEST, "torch.add(x, x), wrt", f"{noisy}, wrt")
    assert 5e-10 < written(project)["matches"][0]["relative_error"] < 2e-9
    for error, status in ((1e-9, 0), (5e-11, 0), (5e-12, 1), (0.0, 1)):
        claim(project, lambda e, error=error: e["matches"][0].update(relative_error=error))
        got, said = checked(project)
        assert got == status, error
        assert (f"claims a relative error of {error:g}" in said) == bool(status)


@pytest.mark.parametrize(
    "path, old, new",
    [
        (TEST, "2 · 3 = 6", "it is 6"),
        ("nexus/small.py", "math.fsum((x, x))", "x + x"),
        ("nexus/__init__.py", '__version__ = "0"', '__version__ = "1"'),
        ("tests/conftest.py", "1e-7", "1e-6"),
        ("nexus/small.txt", "some data", "other data"),
        ("constraints.txt", "torch==", "torch== "),
    ],
)
def test_a_file_of_other_code_is_stale(project, path, old, new):
    project.write("nexus/small.txt", "some data")
    written(project)
    project.edit(path, old, new)
    if path == "constraints.txt":
        project.edit(path, "torch== ", "torch==0")
    status, said = checked(project)
    assert status == 1 and (f"{FILE}: it is of" in said or "constraints.txt pins 02" in said)


def test_what_the_test_does_not_use_may_change(project):
    project.write("nexus/attention/other.py", '"""Not used."""\n')
    written(project)
    project.write("nexus/attention/other.py", '"""Not used at all."""\n')
    project.edit("constraints.txt", "numpy==", "numpy==0.")
    assert checked(project)[0] == 0


def test_missing_files_and_files_of_no_page_fail(project):
    status, said = checked(project)
    assert status == 1 and f"{FILE}: it is missing; run `make evidence SLUG={PAGE}`" in said
    written(project)
    (project.root / "docs/data/gone.evidence.json").write_text("{}")
    for mode in ("check", "write"):
        done = run(project, f"--evidence={mode}")
        assert done.returncode == 1
        assert "docs/data/gone.evidence.json: it belongs to no page; delete it" in done.stdout


@pytest.mark.parametrize("mark", ["law", "law()", 'law("")', "worked(1, 2)"])
def test_a_mark_without_text_is_refused(project, mark):
    project.edit(TEST, '@pytest.mark.worked("by hand: 2 · 3 = 6")', f"@pytest.mark.{mark}")
    done = run(project)
    assert done.returncode != 0
    assert re.search(r"test_three: @pytest.mark.(law|worked) takes one text", done.stdout)


def test_a_key_needs_no_torch(project):
    written(project)
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from pathlib import Path; from scripts.catalog import load\n"
        "from scripts.evidence import key, records\n"
        f"root = Path({str(project.root)!r}); page = load(root).pages[{PAGE!r}]\n"
        f"found = records.read(root, {PAGE!r})\n"
        "assert key.evidence_key(root, page, found.distributions) == found.key\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=project.here, capture_output=True)
    assert done.returncode == 0, done.stderr
