"""Whether a result is still one of today's code: fingerprints, states, `make stale`, `SMOKE=1`."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import nexus.experiment
from scripts.catalog import load
from scripts.measure import stale, standing
from scripts.measure.__main__ import main
from scripts.measure.fingerprint import essence, experiments, fingerprint, first_sentence
from scripts.measure.smoke import difference

SHARED = '''
"""Shared by all pages."""

from nexus.inner import half  # a part


def factor(x: float) -> float:
    """Three."""
    return 3 * half(x)
'''

BODY = '''
```python
import numpy as np
from nexus.experiment import measured
from nexus.shared import factor

WIDTH = 2
print(factor)
```

```python
import nexus
print("nobody needs this")
```

```python
@measured(seeds=2)
def scaled(seed: int):
    """It is never negative. More is not claimed."""
    given = {given}
    return {{"x": given, "grid": np.full(WIDTH, given)}}
```

```python
print(scaled.all()[1]["x"])
```
'''


class Desk:
    """A checkout with one measured page, which imports nothing of the checkout's nexus in truth."""

    def __init__(self, checkout, capsys):
        self.checkout, self.root, self.capsys = checkout, checkout.root, capsys
        checkout.write("nexus/experiment.py", Path(nexus.experiment.__file__).read_bytes())
        checkout.write("nexus/shared.py", SHARED)
        checkout.write("nexus/inner.py", "def half(x):\n    return x / 2\n")
        checkout.write("nexus/alone.py", "a = 1\n")
        self.path = checkout.page("first_one", BODY.format(given="seed / 3"))
        self.module = "nexus/attention/first_one.py"
        checkout.write(self.module, '"""The page\'s own."""\n\nOWN = 1\n')
        self.json = self.root / "docs/data/first_one.json"

    @property
    def page(self):
        return load(self.root).pages["first_one"]

    def prints(self):
        page = self.page
        return fingerprint(self.root, page, experiments(page)[0])

    def record(self, results=None, **more):
        """Write a record of today's code, as measuring does."""
        results = results or [{"x": 0.0}, {"x": 0.333333}]
        one = {"seeds": [0, 1], "seconds": 81.4, "fingerprint": self.prints(), "results": results}
        whole = {"date": "2026-11-24", "commit": "abc", "device": "CPU x", "page": self.path}
        self.json.write_text(json.dumps(whole | more | {"experiments": {"scaled": one}}))

    @property
    def standing(self):
        found = standing(self.root, self.page)
        assert len(found) == 1
        return found[0]

    def stale(self):
        status = stale.main([])
        return status, self.capsys.readouterr().out


@pytest.fixture
def desk(checkout, monkeypatch, capsys):
    monkeypatch.chdir(checkout.root)
    return Desk(checkout, capsys)


@pytest.mark.parametrize(
    "old, new",
    [
        ("x = f(1, 2)", "x = f(\n    1,\n    2,\n)  # why"),
        ("x = 'a'", 'x = u"a"'),
        ("def f(x): return x", 'def f(x: int = 1) -> "b":\n    """Doc."""\n    return x'),
        ("class A:\n    x = 1", 'class A:\n    """Doc."""\n    x = 1\n    """What x is."""'),
        ("class A:\n    x: int = 1", "class A:\n    x: float = 1"),
        ("y = 1", '"""Module."""\n__version__ = "2"\ny = 1'),
        ("a = 1 + (2 * 3)", "a=1+2*3"),
    ],
)
def test_what_does_not_change_the_code_does_not_change_its_essence(old, new):
    new = new.replace("x: int = 1", "x: int") if new.startswith("def f") else new
    assert essence(old) == essence(new)


@pytest.mark.parametrize(
    "old, new",
    [
        ("x = 1", "x = 2"),
        ("x = 1", "x = 1.0"),
        ("x = None", "x = ''"),
        ("x = 1", "x = True"),
        ("x = a - b", "x = b - a"),
        ("f(x=1)", "f(y=1)"),
        ("def f(x=1): pass", "def f(x=2): pass"),
        ("def f(x, y): pass", "def f(x, *, y): pass"),
        ("{None: 1}", "{**None}"),
        ("x = 'doc'", "x = 'other'"),
        ("f('a')", "f('b')"),
        ("class A:\n    x: int = 1", "class A:\n    x: int = 2"),
        ("class A:\n    x: int", "class A:\n    y: int"),
        ("a = 1\nb = 2", "b = 2\na = 1"),
        ("@d\ndef f(): pass", "def f(): pass"),
        ("async def f(): pass", "def f(): pass"),
        ("from .a import b", "from a import b"),
        ("x[1:]", "x[:1]"),
        ("f'{x}'", "f'{x!r}'"),
    ],
)
def test_what_changes_the_code_changes_its_essence(old, new):
    assert essence(old) != essence(new)


@pytest.mark.parametrize(
    "file, old, new, changed",
    [
        ("page", "seed / 3", "seed / 4", {"own"}),
        ("page", "WIDTH = 2", "WIDTH = 3", {"own"}),
        ("page", "seeds=2", "seeds=3", {"own"}),
        ("page", "WIDTH = 2", "WIDTH  =  2  # two", set()),
        ("page", "More is not claimed.", "Nor is less.", set()),
        ("page", "(seed: int)", "(seed)", set()),
        ("page", "nobody needs this", "nor this", set()),
        ("page", "print(scaled", "print(2, scaled", set()),
        ("page", "Words about", "Other words about", set()),
        ("nexus/attention/first_one.py", "OWN = 1", "OWN = 2", {"own"}),
        ("nexus/attention/first_one.py", "own.", "very own.", set()),
        ("nexus/shared.py", "3 * half", "4 * half", {"shared"}),
        ("nexus/shared.py", "# a part", "# a piece", set()),
        ("nexus/shared.py", "Three.", "Thrice.", set()),
        ("nexus/shared.py", "x: float", "x: int", set()),
        ("nexus/inner.py", "x / 2", "x * 2", {"shared"}),
        ("nexus/alone.py", "a = 1", "a = 2", set()),
        ("nexus/__init__.py", '__version__ = "0"', '__version__ = "1"', set()),
    ],
)
def test_the_fingerprint_follows_what_the_experiment_depends_on(desk, file, old, new, changed):
    before = desk.prints()
    desk.checkout.edit(desk.path if file == "page" else file, old, new)
    after = desk.prints()
    assert {key for key in before if before[key] != after[key]} == changed


def test_data_that_a_shared_module_reads_belongs_to_its_fingerprint(desk):
    before = desk.prints()
    desk.checkout.write("nexus/inner.npz", b"data")
    between = desk.prints()
    desk.checkout.write("nexus/inner.npz", b"other")
    assert len({each["shared"] for each in (before, between, desk.prints())}) == 3
    assert len({each["own"] for each in (before, between, desk.prints())}) == 1


def test_no_torch_is_needed_to_know_how_results_stand(desk):
    desk.record()
    code = (
        "import sys, pathlib; from scripts.catalog import load;"
        "from scripts.measure import standing;"
        "root = pathlib.Path.cwd(); page = load(root).pages['first_one'];"
        "assert standing(root, page)[0].state == 'current';"
        "assert not {'torch', 'numpy'} & sys.modules.keys()"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        env={**os.environ, "PYTHONPATH": str(desk.checkout.here)},
    )


def test_a_standing_tells_what_the_page_shows(desk):
    desk.record()
    found = desk.standing
    assert (found.name, found.claim, found.seeds) == ("scaled", "It is never negative.", 2)
    assert (found.seconds, found.date, found.commit) == (81.4, "2026-11-24", "abc")
    assert (found.device, found.state, found.why) == ("CPU x", "current", "")
    assert found.line == desk.checkout.line_of(desk.path, "def scaled")
    assert (
        first_sentence("At 0.5 nats it is e.g. half.\nThen  more.")
        == "At 0.5 nats it is e.g. half."
    )


def test_the_four_states(desk):
    assert desk.standing.state == "missing" and "was never measured" in desk.standing.why
    desk.record()
    assert desk.standing.state == "current"
    desk.checkout.edit("nexus/inner.py", "x / 2", "x * 2")
    assert (desk.standing.state, desk.standing.holds) == ("stale", True)
    desk.checkout.edit(desk.module, "OWN = 1", "OWN = 2")
    assert (desk.standing.state, desk.standing.holds) == ("invalid", False)
    desk.checkout.edit(desk.module, "OWN = 2", "OWN = 1")
    assert desk.standing.state == "stale"
    desk.record(device="GPU y; CPU x")
    desk.checkout.edit(desk.module, "OWN = 1", "OWN = 2")
    assert (desk.standing.state, desk.standing.holds) == ("stale", True)


@pytest.mark.parametrize(
    "break_it, why",
    [
        (lambda r: r["experiments"]["scaled"].update(seeds=[1, 2]), "other seeds than 0 to 1"),
        (lambda r: r["experiments"]["scaled"]["results"].pop(), "other seeds than 0 to 1"),
        (lambda r: r["experiments"]["scaled"].pop("fingerprint"), "has changed"),
        (lambda r: r.update(npz="0" * 64), "has other arrays in first_one.npz"),
        (lambda r: r["experiments"].update(scaled=3), "cannot be read from first_one.json"),
        (lambda r: r.pop("experiments"), "cannot be read from first_one.json"),
    ],
)
def test_a_record_that_is_not_the_experiments_is_invalid(desk, break_it, why):
    desk.record()
    record = json.loads(desk.json.read_text())
    break_it(record)
    desk.json.write_text(json.dumps(record))
    assert desk.standing.state == "invalid" and why in desk.standing.why
    desk.json.write_text("{")
    assert desk.standing.state == "invalid"


def test_make_stale_lists_what_is_not_current(desk):
    line = desk.checkout.line_of(desk.path, "def scaled")
    status, said = desk.stale()
    assert status == 1
    assert said.startswith(f"{desk.path}:{line}: missing: scaled was never measured\n")
    assert f"run `make measure PAGE={desk.path}`" in said
    desk.record()
    assert desk.stale() == (0, "1 experiments: all current.\n")
    desk.checkout.edit("nexus/shared.py", "3 * half", "4 * half")
    status, said = desk.stale()
    assert status == 0 and said.startswith(f"{desk.path}:{line}: stale: scaled uses code of nexus")
    assert "measured 2026-11-24 at commit abc, took 81 s" in said
    assert f"run `make measure PAGE={desk.path} SMOKE=1`" in said
    desk.checkout.edit(desk.path, "WIDTH = 2", "WIDTH = 3")
    status, said = desk.stale()
    assert status == 1 and ": invalid: scaled has changed" in said and "SMOKE" not in said


def test_verify_refuses_invalid_results_and_shows_stale_ones(desk):
    """And runs a page again when its results, or its own module, have changed."""
    checkout, line = desk.checkout, desk.checkout.line_of(desk.path, "def scaled")
    desk.record()
    first = checkout.run("scripts.verify")
    assert first.returncode == 0, first.stdout
    assert "cached" in checkout.run("scripts.verify").stdout.split("first_one.md")[1].split("\n")[0]
    checkout.edit("nexus/shared.py", "3 * half", "4 * half")
    assert checkout.run("scripts.verify").returncode == 0
    checkout.edit(desk.module, "OWN = 1", "OWN = 2")
    refused = checkout.run("scripts.verify")
    assert refused.returncode == 1
    assert f"{desk.path}:{line}: scaled has changed, or the page's module has," in refused.stdout
    assert f"run `make measure PAGE={desk.path}`" in refused.stdout
    desk.record()
    assert checkout.run("scripts.verify").returncode == 0
    desk.record(npz="0" * 64)
    assert checkout.run("scripts.verify").returncode == 1


@pytest.fixture
def measured(desk):
    """The page, really measured; its shared code changed since."""
    unreal = "factor = 3\nif factor < 3:\n    import nexus.inner"  # it is in this checkout only
    desk.checkout.edit(desk.path, "from nexus.shared import factor", unreal)
    assert main([desk.path]) == 0
    desk.checkout.edit("nexus/inner.py", "x / 2", "x * 2")
    assert desk.standing.state == "stale"
    desk.capsys.readouterr()
    return desk


def test_smoke_makes_stale_results_current(measured):
    desk = measured
    before = json.loads(desk.json.read_text())
    assert main([desk.path, "--smoke"]) == 0
    assert "seed 0 is as on record; scaled was stale" in desk.capsys.readouterr().out
    after = json.loads(desk.json.read_text())
    confirmed = after["experiments"]["scaled"].pop("confirmed")
    assert confirmed.keys() == {"date", "commit"}
    assert desk.standing.state == "current"
    for record in (before, after):
        record["experiments"]["scaled"].pop("fingerprint")
    assert before == after
    text = desk.json.read_text()
    assert main([desk.path, "--smoke"]) == 0 and desk.json.read_text() == text


@pytest.mark.parametrize(
    "old, new, what",
    [
        ('"x": 0.0', '"x": 0.25', "scaled, seed 0['x']: 0.25 on record, 0.0 now"),
        ('"x": 0.0, ', "", "scaled, seed 0: {'grid': {'@array': 'scaled.0.0'}} on record"),
    ],
)
def test_smoke_says_the_first_difference_and_writes_nothing(measured, old, new, what):
    desk = measured
    desk.checkout.edit("docs/data/first_one.json", old, new)
    text = desk.json.read_text()
    assert main([desk.path, "--smoke"]) == 1
    said = desk.capsys.readouterr().out
    line = desk.checkout.line_of(desk.path, "def scaled")
    assert said.startswith(f"{desk.path}:{line}: {what}") and "make measure PAGE" in said
    assert desk.json.read_text() == text and desk.standing.state == "stale"


def test_smoke_confirms_no_invalid_result_and_compares_none_of_a_gpu(measured):
    desk = measured
    desk.checkout.edit(desk.module, "OWN = 1", "OWN = 2")
    text = desk.json.read_text()
    assert main([desk.path, "--smoke"]) == 1
    assert "seed 0 cannot confirm that: run `make measure" in desk.capsys.readouterr().out
    desk.checkout.edit("docs/data/first_one.json", '"device": "CPU', '"device": "GPU y; CPU')
    assert main([desk.path, "--smoke"]) == 0
    assert "was measured on a GPU" in desk.capsys.readouterr().out
    assert desk.json.read_text() == text.replace('"device": "CPU', '"device": "GPU y; CPU')


@pytest.mark.parametrize(
    "was, now, what",
    [
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}, ""),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, "['a'][1]['b']: 2 on record, 3 now"),
        ({"a": 1}, {"a": 1.0}, "['a']: 1 on record, 1.0 now"),
        ({"a": 1}, {"a": True}, "['a']: 1 on record, True now"),
        ({"a": [1]}, {"a": [1, 2]}, "['a']: [1] on record, [1, 2] now"),
        ({"a": 1}, {"b": 1}, ": {'a': 1} on record, {'b': 1} now"),
    ],
)
def test_differences_of_results(was, now, what):
    assert difference(was, now, {}, {}) == what


@pytest.mark.parametrize(
    "was, now, what",
    [
        (np.array([1.0, 3]), np.array([1.0, 3 + 2e-6]), ""),
        (np.array([1.0, 3]), np.array([1.0, 3 + 4e-6]), "[1]: 3.0 on record, 3.000004 now"),
        (np.array([0.0]), np.array([1e-9]), "[0]: 0.0 on record, 1e-09 now"),
        (np.array([np.nan]), np.array([np.nan]), ""),
        (np.array([[7, 2_000_000]]), np.array([[7, 2_000_001]]), "[0, 1]: 2000000 on record,"),
        (np.array(1.0), np.array(2.0), "[]: 1.0 on record, 2.0 now"),
        (np.zeros(2), np.zeros((2, 1)), ": float64 (2,) on record, float64 (2, 1) now"),
        (np.zeros(2), np.zeros(2, np.float32), ": float64 (2,) on record, float32 (2,) now"),
    ],
)
def test_differences_of_arrays(was, now, what):
    packed = {"x": {"@array": "a"}}
    found = difference(packed, packed, {"a": was}, {"a": now})
    assert found.startswith(f"['x']{what}") if what else found == ""


def test_skipped_blocks_hold_no_experiment(desk):
    page = desk.page
    blocks = tuple(replace(b, skip="a GPU") if "def scaled" in b.code else b for b in page.blocks)
    assert len(experiments(page)) == 1 and experiments(replace(page, blocks=blocks)) == []
