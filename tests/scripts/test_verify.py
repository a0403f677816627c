"""Blocks run as promised, and no page passes that should not: real runs of real checkouts."""

import json
import re

import pytest

from scripts.catalog import load
from scripts.verify import expected, records
from scripts.verify.isolation import World
from scripts.verify.key import is_current, page_key

FAULTS = {
    # slug: (body, what stands on which line of the page, what the message holds)
    "wrong_claim": (
        "```python\nfrom nexus.small import double\n\nassert double(2.0) == 5.0\n```",
        "assert double(2.0) == 5.0",
        "assert 4.0 == 5.0",
    ),
    "raising": (
        "```python\nfrom nexus.small import double\n\ndouble('x')\n```",
        "double('x')",
        "TypeError",
    ),
    "raising_in_a_titled_fence": (
        '```python title="a.py"\nprint(1)\n1 / 0\n```',
        "1 / 0",
        "ZeroDivisionError",
    ),
    "raising_in_a_function": (
        "```python\ndef f():\n    return [][1]\n\n\nprint(f())\n```",
        "return [][1]",
        "IndexError",
    ),
    "away_from_nexus": (
        "```python\nprint(1)\n```",
        "```python",
        "neither this block nor those it needs name nexus",
    ),
    "mute": ("```python\nx = 1\n```", "```python", "prints, draws and asserts nothing"),
    "raises_nothing": (
        "```python {raises=ValueError}\nint('1')\n```",
        "```python",
        "should raise ValueError and raised nothing",
    ),
    "raises_another": (
        "```python {raises=ValueError}\n1 / 0\n```",
        "1 / 0",
        "ZeroDivisionError",
    ),
    "prints_another": (
        "```python\nprint(0.3456)\n```\n\n<!--pytest-codeblocks:expected-output-->\n"
        "```text\n0.34\n```",
        "```python",
        "line 1 of the output is '0.3456', expected '0.34'",
    ),
    "untitled_figure": (
        "```python\nimport matplotlib.pyplot as plt\n\nplt.plot([1, 2])\n```",
        "```python",
        "has no suptitle",
    ),
    "leaves": ("```python\nimport sys\n\nsys.exit(0)\n```", "sys.exit(0)", "SystemExit"),
    "leaves_at_once": (
        "```python\nimport os\n\nos._exit(0)\n```",
        "```python",
        "ended the process",
    ),
    "calls_home": (
        "```python\nimport socket\n\nsocket.create_connection(('192.0.2.1', 80), timeout=1)\n```",
        "socket.create_connection",
        "asked for 192.0.2.1",
    ),
    "replaces_a_module": (
        "```python\nimport nexus.small, sys\n\nsys.modules['nexus.small'] = 1\nprint(1)\n```",
        "```python",
        "leaves sys.modules['nexus.small'] behind",
    ),
    "eats_memory": (
        "```python\nimport numpy\n\nprint(numpy.ones(2**34, dtype='u1').sum())\n```",
        "print(numpy.ones",
        "Unable to allocate",
    ),
    "floods": ('```python\nprint("x" * 30_000)\n```', "```python", "prints 30001 characters"),
}

GOOD = """
```python
import inspect, os, pickle, warnings
from nexus.small import double


class Point:
    def __init__(self, x):
        self.x = x


print(double(1.0))
assert pickle.loads(pickle.dumps(Point(3))).x == 3
assert inspect.getsource(Point).startswith("class Point")
warnings.warn("mind the gap")
```

<!--pytest-codeblocks:expected-output-->
```text
2.0
```

```python
import torch

print(Point(double(4.0)).x, __name__, torch.rand(1).item())
```

```python {skip="needs a GPU"}
double(1) / 0
```

```python {raises=ValueError}
int("x" if double(1.0) else "1")
```

```python
import matplotlib.pyplot as plt

figure, axes = plt.subplots()
axes.plot([1, 2], [3, double(2.0)], label="a <line> at 2.7183")
axes.set(xlabel="steps", ylabel="loss")
axes.legend()
axes.set_title("linked", url="javascript:alert(1)")
figure.suptitle("A line, rising")
```

```bash
touch /tmp/a-shell-fence-was-run
```
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory, checkout_at):
    """One run over a good page and a page for each fault."""
    checkout = checkout_at(tmp_path_factory.mktemp("checkout"))
    checkout.page("good", GOOD)
    for slug, (body, _, _) in FAULTS.items():
        if slug == "away_from_nexus":
            checkout.page(slug, f"\n{body}\n")
            continue
        checkout.page(slug, re.sub(r"\A(```python.*\n)", r"\n\1import nexus\n", body) + "\n")
    return checkout, checkout.run("scripts.verify")


LEAKS = {
    "the working directory": "import os; os.chdir('/')",
    "the environment": "import os; os.environ['NEXUS_LEAK'] = '1'",
    "sys.path": "import sys; sys.path.append('/nowhere')",
    "the recursion limit": "import sys; sys.setrecursionlimit(2000)",
    "the garbage collector": "import gc; gc.disable()",
    "the warning filters": "import warnings; warnings.simplefilter('ignore')",
    "matplotlib's settings": "import matplotlib; matplotlib.rcParams['font.size'] = 99",
    "numpy's error handling": "import numpy; numpy.seterr(all='raise')",
    "torch's default dtype": "import torch; torch.set_default_dtype(torch.float64)",
    "torch's default device": "import torch; torch.set_default_device('meta')",
    "torch's grad mode": "import torch; torch.set_grad_enabled(False)",
    "torch's deterministic algorithms": "import torch; torch.use_deterministic_algorithms(True)",
    "cuDNN's flags": "import torch; torch.backends.cudnn.benchmark = True",
    "torch's number of threads": "import torch; torch.set_num_threads(3)",
    "torch's matmul precision": "import torch; torch.set_float32_matmul_precision('medium')",
    "torch.relu": "import torch; torch.relu = torch.sigmoid",
    "torch.Tensor.sum": "import torch; torch.Tensor.sum = torch.Tensor.mean",
    "numpy.mean": "import numpy; numpy.mean = numpy.sum",
    "a thread (counting)": (
        "import threading, time; "
        "threading.Thread(target=time.sleep, args=(5,), name='counting', daemon=True).start()"
    ),
    "a process": "import subprocess; subprocess.Popen(['sleep', '60'])",
}
CLEAN = """
```python
import os, random, sys, warnings, nexus, numpy, torch, matplotlib

print(torch.rand(1).item(), numpy.random.rand(), random.random())
print(torch.get_default_dtype(), torch.relu(torch.tensor(-1.0)), torch.is_grad_enabled())
print(torch.get_num_threads(), matplotlib.rcParams["font.size"], "NEXUS_LEAK" in os.environ)
print(os.listdir(), sys.getrecursionlimit(), torch.get_default_device(), numpy.geterr())
warnings.warn("shown")
```
"""


def test_what_a_page_leaves_changed_is_named_and_the_next_page_does_not_see_it(checkout):
    checkout.page("a_clean", CLEAN)
    for at, code in enumerate(LEAKS.values()):
        checkout.page(
            f"b_leaks_{at}", f"\nBefore.\n\n```python\nimport nexus\n{code}\nprint(1)\n```\n"
        )
    checkout.page("c_clean", CLEAN)
    done = checkout.run("scripts.verify", "--workers", "1")
    assert done.returncode == 1
    for at, what in enumerate(LEAKS):
        path = f"docs/02_attention_mechanisms/b_leaks_{at}.md"
        start = f"{path}:{checkout.line_of(path, '```python')}: the page leaves "
        lines = [line for line in done.stdout.split("\n") if line.startswith(start)]
        assert lines and lines[0].startswith(start + what), (what, lines)
    before, after = (record_of(checkout, slug).blocks[0] for slug in ("a_clean", "c_clean"))
    assert before.outcome == "passed"
    assert (before.stdout, before.warnings) == (after.stdout, after.warnings)


def test_order_and_number_of_workers_do_not_matter(checkout):
    for slug in ("one_a", "one_b", "one_c"):
        checkout.page(slug, CLEAN)
    found = []
    for arguments in (["--workers", "1"], ["--workers", "2"]):
        assert checkout.run("scripts.verify", "--fresh", *arguments).returncode == 0
        slugs = ("one_a", "one_b", "one_c")
        found.append([record_of(checkout, slug).blocks[0].stdout for slug in slugs])
    alone = checkout.run("scripts.verify", "--fresh", "docs/02_attention_mechanisms/one_c.md")
    assert alone.returncode == 0
    found.append([*found[0][:2], record_of(checkout, "one_c").blocks[0].stdout])
    assert found[0] == found[1] == found[2]


def test_a_loop_in_c_is_killed_from_outside(checkout):
    body = "\n```python\nimport nexus\nprint(sum(range(10**12)))\n```\n"
    path = checkout.page("first_one", body)
    checkout.page("second_one")
    patch = "import scripts.verify.limits as l, scripts.verify.blame as b\n"
    patch += "l.BLOCK_SECONDS, b.GRACE = 1.0, 0.5\n"
    checkout.write("sitecustomize.py", patch)
    done = checkout.run("scripts.verify", "--workers", "1")
    line = checkout.line_of(path, "```python")
    assert f"{path}:{line}: the block that begins here ended the process" in done.stdout
    assert json.loads((checkout.root / "build/verify.json").read_text())["passed"] == 1


def record_of(checkout, slug):
    page = load(checkout.root).pages[slug]
    record = records.read(checkout.root, page)
    assert record is not None
    return record


def test_a_run_with_failures_fails_and_keeps_the_good_page(ran):
    checkout, done = ran
    assert done.returncode == 1, done.stderr
    found = json.loads((checkout.root / "build/verify.json").read_text())
    assert found["pages"] == len(FAULTS) + 1
    rows = {row["page"].split("/")[-1]: row["outcome"] for row in found["rows"]}
    assert rows.pop("good.md") == "passed"
    assert set(rows.values()) == {"failed"}
    assert found["blocks"] == found["passed"] + found["failed"] + found["skipped"]
    no_failed_block = {"leaves_at_once", "replaces_a_module"}  # dead before, or leaked after
    failed = len(set(FAULTS) - no_failed_block)
    assert (found["failed"], found["skipped"], found["cached"]) == (failed, 1, 0)
    assert 0 < found["cpu_seconds"] and 0 < found["seconds"]


@pytest.mark.parametrize("slug", FAULTS)
def test_a_fault_is_reported_at_its_line(ran, slug):
    checkout, done = ran
    _, place, message = FAULTS[slug]
    path = f"docs/02_attention_mechanisms/{slug}.md"
    start = f"{path}:{checkout.line_of(path, place)}: "
    lines = [line for line in done.stdout.split("\n") if line.startswith(start)]
    assert len(lines) == 1, done.stdout
    block = done.stdout[done.stdout.index(start) :].split("\n\n")[0]
    assert message in block


def test_the_record_holds_what_was_printed_drawn_warned_and_raised(ran):
    first, second, skipped, raising, drawing = record_of(ran[0], "good").blocks
    assert first.stdout == "2.0\n" and first.warnings == ("UserWarning: mind the gap",)
    assert re.fullmatch(r"8\.0 page_good 0\.\d+\n", second.stdout)
    assert skipped.outcome == "skipped" and skipped.stdout == ""
    assert raising.raised == "ValueError: invalid literal for int() with base 10: 'x'"
    (figure,) = drawing.figures
    assert figure.caption == "A line, rising" and figure.svg is not None
    assert "steps" in figure.svg and "a &lt;line&gt; at 2.7183" in figure.svg  # text as text
    assert not re.findall(r"<[^>]*\.\d{3}[^>]*>", figure.svg)  # places to a hundredth of a point
    assert "A line, rising" not in figure.svg  # the caption says it
    assert "currentColor" in figure.svg and "#010203" not in figure.svg
    assert "linked" in figure.svg and "javascript" not in figure.svg
    assert "<style" not in figure.svg and "<script" not in figure.svg
    identities = re.findall(r' id="([^"]*)"', figure.svg)
    assert identities and all(i.startswith("good-5-1-") for i in identities)


def test_seeds_are_zero_at_the_start_of_a_page(ran):
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(0)
        want = torch.rand(1, dtype=torch.float32).item()
    assert record_of(ran[0], "good").blocks[1].stdout.endswith(f" {want}\n")


def test_no_shell_fence_is_run(ran):
    import pathlib

    assert not pathlib.Path("/tmp/a-shell-fence-was-run").exists()


def test_what_did_not_change_is_not_run_again_and_torch_not_imported(checkout):
    checkout.page("first_one")
    assert checkout.run("scripts.verify").returncode == 0
    checkout.write("torch.py", "raise RuntimeError('torch was imported')\n")
    again = checkout.run("scripts.verify")
    assert again.returncode == 0, again.stdout + again.stderr
    found = json.loads((checkout.root / "build/verify.json").read_text())
    assert (found["passed"], found["cached"]) == (1, 1)
    checkout.edit("nexus/small.py", "(x, x)", "(x, x, 0.0)")
    assert "torch was imported" in checkout.run("scripts.verify").stdout


def test_a_failed_page_is_run_again(checkout):
    path = checkout.page("first_one", "\n```python\nimport nexus\nassert 1 == 2\n```\n")
    assert checkout.run("scripts.verify").returncode == 1
    assert checkout.run("scripts.verify").returncode == 1
    checkout.edit(path, "1 == 2", "1 == 1")
    assert checkout.run("scripts.verify").returncode == 0


def test_problems_of_the_catalogue_fail_a_run_whose_blocks_pass(checkout):
    path = checkout.page("first_one")
    checkout.edit(path, "Words about References.", "[x](nowhere.md)")
    done = checkout.run("scripts.verify")
    assert done.returncode == 1 and "dead link to 'nowhere.md'" in done.stderr


def test_an_unknown_page_is_refused(checkout):
    done = checkout.run("scripts.verify", "docs/nothing.md")
    assert done.returncode == 1
    assert done.stdout.startswith("docs/nothing.md:1: this is no page of the catalogue")


def key_of(checkout):
    return page_key(checkout.root, load(checkout.root).pages["first_one"])


def test_the_key_moves_with_what_the_run_depends_on_and_with_nothing_else(checkout):
    path = checkout.page("first_one")
    checkout.write("nexus/other.py", '"""Nobody imports it."""\n')
    keys = [key_of(checkout)]
    checkout.edit(path, "Words about References.", "Other words.")
    checkout.write("nexus/other.py", '"""Still nobody."""\n')
    assert key_of(checkout) == keys[0]
    changes = [
        lambda: checkout.edit(path, "double(2.0) == 4.0", "double(2.0) == 4"),
        lambda: checkout.edit(
            "nexus/small.py", "import math", "import math\n\nfrom nexus import other"
        ),
        lambda: checkout.write("nexus/other.py", "x = 1\n"),
        lambda: checkout.write("nexus/__init__.py", "x = 1\n"),
        lambda: checkout.write("constraints.txt", "torch==0\n"),
    ]
    from scripts.verify.key import _surroundings

    for change in changes:
        change()
        _surroundings.cache_clear()
        keys.append(key_of(checkout))
    assert len(set(keys)) == len(keys)


def test_a_data_file_that_was_read_and_changed_makes_the_record_old(checkout):
    checkout.write("docs/data/first_one.txt", "one")
    path = "pathlib.Path(__file__).parents[1] / 'data/first_one.txt'"
    checkout.page(
        "first_one", f"\n```python\nimport nexus, pathlib\nprint(open({path}).read())\n```\n"
    )
    assert checkout.run("scripts.verify").returncode == 0
    page, record = load(checkout.root).pages["first_one"], record_of(checkout, "first_one")
    assert list(record.data) == ["docs/data/first_one.txt"]
    assert is_current(checkout.root, page, record)
    checkout.write("docs/data/first_one.txt", "two")
    assert not is_current(checkout.root, page, record)


def test_a_damaged_record_is_no_record(checkout):
    checkout.page("first_one")
    page = load(checkout.root).pages["first_one"]
    record = records.Record(page.path, "k", "2026-01-01", 1.0, 1.0, {}, "x", ())
    records.write(checkout.root, page, record)
    assert records.read(checkout.root, page) == record
    file = records.path_of(checkout.root, page)
    whole = file.read_text()
    for damaged in (whole[:-20], whole.replace("2026", "2027"), "", "[]", "null"):
        file.write_text(damaged)
        assert records.read(checkout.root, page) is None


@pytest.mark.parametrize(
    "want, have, same",
    [
        ("loss 0.33", "loss 0.3333", True),
        ("loss 0.33", "loss 0.336", False),
        ("3 heads", "3 heads", True),
        ("3 heads", "3.2 heads", False),
        ("1.2e-05", "1.23e-05", True),
        ("1.2e-05", "1.3e-05", False),
        ("a b", "a  b", True),
        ("a\nb", "a", False),
        ("-1.0", "1.0", False),
        ("x = 1", "y = 1", False),
    ],
)
def test_numbers_match_to_the_digits_written(want, have, same):
    assert (expected.difference(want, have) is None) is same


def test_a_block_that_loops_for_ever_is_stopped(checkout, monkeypatch):
    from scripts.verify import limits, runner

    body = """
```python
import nexus

while True:
    try:
        sum(range(10_000))
    except Exception:
        pass
```

```python
print("the page goes on", nexus.__name__)
```
"""
    path = checkout.page("first_one", body)
    page = load(checkout.root).pages["first_one"]
    monkeypatch.setattr(limits, "BLOCK_SECONDS", 0.3)
    with World(checkout.root) as world:
        first, second = runner.run_page(world, page, [], lambda block: None).blocks
    assert first.outcome == "failed" and "took more than 0.3 s" in str(first.error)
    assert str(first.error).startswith(f"{path}:")
    assert second.stdout == "the page goes on nexus\n"


def test_a_block_that_eats_memory_is_stopped(checkout, monkeypatch):
    from scripts.verify import limits

    monkeypatch.setattr(limits, "MEMORY_BYTES", 2**30)
    with pytest.raises((MemoryError, RuntimeError)), limits.memory_limit():
        import torch

        torch.ones(2**31, dtype=torch.uint8)


def test_a_block_whose_slice_leaves_out_what_it_needs_fails_alone(checkout, monkeypatch):
    body = """
```python
from nexus.small import double

x = double(1.0)
print(x)
```

```python
y = double(2.0)
print(y)
```

```python
print(y, double(3.0))
```
"""
    path = checkout.page("first_one", body)
    done = checkout.run("scripts.verify", "--standalone")
    assert done.returncode == 0, done.stdout
    from scripts.verify import standalone

    own = "import nexus\n\n\ndef double(x):\n    return 2 * x\n"  # this process has the real nexus
    checkout.edit(path, "from nexus.small import double", own)
    monkeypatch.setattr(standalone, "slices", lambda blocks: [[], [1], [1]])
    page = load(checkout.root).pages["first_one"]
    with World(checkout.root) as world:
        (problem,) = standalone.check(world, page, [])
    line = checkout.line_of(path, "print(y, double")
    assert problem.startswith(f"{path}:{line}: NameError: name 'y' is not defined")
