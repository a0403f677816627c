"""`make check` names whatever a page, its module and its test lack, in whatever state they are."""

import re
import shutil

import pytest

HALF = """
```python
from nexus.attention.half import twice

x = 3
print(twice(x))
assert twice(x) == 7
```

```python
from nexus.experiment import measured


@measured(seeds=2)
def untold(seed):
    return {"value": seed}
```

```python
print(untold.all())
```
"""

CODE = '''
"""The module of half.

Source: Author 2017, A paper, https://arxiv.org/abs/1706.03762.
"""

import os


def twice(x: int) -> int:
    """2 x."""
    return str(2 * x)
'''

TEST = """
import pytest

from nexus.attention.half import twice


def test_against_what_is_not_here():
    pytest.importorskip("no_such_oracle.part")


def test_twice():
    wrong = 7
    assert twice(3) == wrong
"""


@pytest.fixture
def half(checkout):
    """A page, its module and its test, in all of which something is wrong."""
    path = checkout.page("half", HALF)
    checkout.write("nexus/attention/half.py", CODE)
    checkout.write("tests/attention/test_half.py", TEST)
    shutil.copytree(checkout.here / "tests/contracts", checkout.root / "tests/contracts")
    for file in ("tests/test_contracts.py", "nexus/experiment.py"):
        shutil.copy(checkout.here / file, checkout.root / file)
    checkout.write("tests/conftest.py", "")
    return path


def checked(checkout, path):
    done = checkout.run("scripts.check", path, COLUMNS="80")
    assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
    return done.returncode, done.stdout


def test_each_fault_of_a_half_written_page_is_named_with_its_line_and_its_mending(half, checkout):
    status, said = checked(checkout, half)
    code, test = "nexus/attention/half.py", "tests/attention/test_half.py"

    def line(path, text):
        return f"{path}:{checkout.line_of(path, text)}"

    for told in (
        f"mend  page      {half}:65: 65 lines; a page has 120 to 300",
        f"mend  blocks    {line(half, 'twice(x) == 7')}: AssertionError: assert '6' == 7",
        "mend  slices    as said above",
        f"mend  measured  {line(half, 'def untold')}: untold was never measured; run `make measure",
        f"mend  tests     {line(test, '== wrong')}: test_twice: AssertionError: assert '6' == 7",
        f"mend  contracts {code}:1: {test} has no examples(): write at its end def examples():",
        "return [(partial(twice), (x,))]",
        f"mend  contracts {code}:1: its docstring has no Differs: line; write `Differs: every",
        f"mend  lint      {line(code, 'import os')}:8: F401",
        f"mend  types     {line(code, 'return str')}: ",
        f"mend  evidence  {test}:1: there is no docs/data/half.evidence.json; run `make evidence",
    ):
        assert told in said, f"{told}\n{said}"
    assert "1 not run here: no_such_oracle is not installed" in said
    assert status == 1 and re.search(r"\n\d+ to mend; \d+ s\n$", said)


def test_what_make_new_made_is_all_to_be_written(checkout):
    shutil.copytree(checkout.here / "tests/contracts", checkout.root / "tests/contracts")
    shutil.copy(checkout.here / "tests/test_contracts.py", checkout.root / "tests")
    checkout.run("scripts.new", "planned_one")
    path = "docs/02_attention_mechanisms/planned_one.md"
    status, said = checked(checkout, path)
    assert status == 1
    assert f"mend  page      {path}:7: still to write: all authors, in order" in said
    assert "mend  page      nexus/attention/planned_one.py:1: still to write: what it is" in said
    assert "--    blocks    not run: the front matter is wrong" in said
    assert "py:17: test_another_law: TODO(new): two laws at least" in said


@pytest.mark.parametrize(
    "code, test, page, told",
    [
        (
            "def twice(:\n",
            None,
            "",
            ["half.py:1:11: invalid-syntax", "no tests/attention/test_half"],
        ),
        (None, "import no_such\n", "", ["no nexus/attention/half.py", "No module named 'no_such'"]),
        (None, None, "---\ntitle: [\n---\n", ["half.md:3: broken YAML", "`make new SLUG=half`"]),
        (None, None, "\n", ["half.md:1: there is no front matter", "no nexus/attention/half.py"]),
    ],
    ids=["no code", "no module", "no front matter", "nothing"],
)
def test_no_state_of_the_files_ends_in_a_traceback(half, checkout, code, test, page, told):
    for path, content in (
        ("nexus/attention/half.py", code),
        ("tests/attention/test_half.py", test),
        (half, page or (checkout.root / half).read_text()),
    ):
        (checkout.root / path).unlink()
        if content is not None:
            checkout.write(path, content)
    status, said = checked(checkout, half)
    assert status == 1 and all(words in said for words in told), said


@pytest.mark.parametrize(
    "path, told",
    [
        ("docs/02_attention_mechanisms/nope.md", "there is no such page; `make new SLUG=nope`"),
        ("docs/api/index.md", "this is no algorithm's page"),
        ("README.md", "this is no algorithm's page"),
    ],
)
def test_what_is_no_page_is_refused(checkout, path, told):
    status, said = checked(checkout, path)
    assert status and said.startswith(f"{path}:1: {told}")
