"""`make measure` writes whole results with their provenance, or nothing."""

import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import nexus.experiment
from scripts.catalog import load
from scripts.measure import files, run, states
from scripts.measure.__main__ import main
from scripts.measure.provenance import provenance

BODY = """
```python
import numpy as np
from nexus.experiment import measured
from nexus.small import double


@measured(seeds=3)
def doubling(seed):
    return {"value": double(seed + 1 / 3), "many": [seed, {"grid": np.full((2, 3), seed / 7)}]}
```

```python
for run in doubling.all():
    print(run["value"])
    assert run["many"][1]["grid"].dtype == np.float64 and run["many"][1]["grid"].shape == (2, 3)
    assert (run["many"][1]["grid"] == run["many"][0] / 7).all()
```
"""

EXPERIMENT = """
```python
import numpy as np
from nexus.experiment import measured


@measured(seeds=3)
def made(seed):
{}
```
"""


class Bench:
    """A checkout whose pages are measured in this process: they import nothing of its nexus."""

    def __init__(self, checkout, monkeypatch, capsys):
        self.checkout, self.root, self.capsys = checkout, checkout.root, capsys
        checkout.write("nexus/experiment.py", Path(nexus.experiment.__file__).read_bytes())
        monkeypatch.chdir(self.root)

    def page(self, *lines, after=""):
        """A page with one experiment of these lines; its path."""
        code = "\n".join(f"    {line}" for line in lines)
        return self.checkout.page("first_one", EXPERIMENT.format(code) + after)

    def measure(self, path, *options):
        """The exit status, and what was said."""
        status = main([path, *options])
        return status, self.capsys.readouterr().out

    @property
    def pair(self):
        return tuple(self.root / f"docs/data/first_one{end}" for end in (".json", ".npz"))

    @property
    def record(self):
        return json.loads(self.pair[0].read_text())

    def old(self):
        """Write a pair that is to stay, and return what tells whether it did."""
        arrays = {"a": np.arange(3)}
        content = files.npz(arrays)
        self.checkout.write("docs/data/first_one.npz", content)
        digest = hashlib.sha256(content).hexdigest()
        self.checkout.write(
            "docs/data/first_one.json", f'{{"npz": "{digest}", "experiments": {{}}}}'
        )
        return self.contents()

    def contents(self):
        folder = self.root / "docs/data"
        return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "catalogue.tsv"}


@pytest.fixture
def bench(checkout, monkeypatch, capsys):
    return Bench(checkout, monkeypatch, capsys)


def test_a_page_shows_the_committed_result(bench):
    checkout = bench.checkout
    path = checkout.page("first_one", BODY)
    unmeasured = checkout.run("scripts.verify")
    assert unmeasured.returncode == 1
    line = checkout.line_of(path, "def doubling")
    assert f"{path}:{line}: doubling was never measured; run `make measure PAGE={path}`" in (
        unmeasured.stdout
    )
    done = checkout.run("scripts.measure", path)
    assert done.returncode == 0, done.stdout
    assert sorted(line.split(",")[0] for line in done.stderr.splitlines()) == [
        f"doubling: seed {seed}" for seed in range(3)
    ]
    assert bench.record["experiments"]["doubling"]["seeds"] == [0, 1, 2]
    one = bench.record["experiments"]["doubling"]["results"][1]
    assert one == {"value": 2.66667, "many": [1, {"grid": {"@array": "doubling.1.0"}}]}
    bench.pair[0].write_text(bench.pair[0].read_text().replace("2.66667", "99.0"))
    verified = checkout.run("scripts.verify")
    assert verified.returncode == 0, verified.stdout
    record = json.loads(
        (checkout.root / "build/records/02_attention_mechanisms/first_one.json").read_text()
    )
    assert "99.0" in record["blocks"][1]["stdout"]  # read, not computed again
    assert {"docs/data/first_one.json", "docs/data/first_one.npz"} <= set(record["data"])


def test_one_worker_and_two_write_the_same(bench):
    path = bench.page(
        "import time",
        "time.sleep(0.4 * (seed == 0))",
        "return {'array': [np.arange(9.0) * seed, np.array(seed, np.uint8)], 'x': seed / 3}",
    )
    found = []
    for workers in ("1", "2"):
        assert bench.measure(path, "--workers", workers)[0] == 0
        record = bench.record
        assert record.pop("command") == f"make measure PAGE={path} WORKERS={workers}"
        assert record["experiments"]["made"].pop("seconds") < 0.3  # of work, not of sleep
        found.append((record, bench.pair[1].read_bytes()))
    assert found[0] == found[1]
    assert found[0][0]["npz"] == hashlib.sha256(found[0][1]).hexdigest()


def test_each_seed_has_a_process_and_a_folder_of_its_own(bench):
    """Where seeds shared one, the second would see what the first has left."""
    path = bench.page(
        "import os, sys",
        "sys.left = getattr(sys, 'left', []) + [seed]",
        "open(f'left-{seed}', 'x')",
        "return {'left': sys.left, 'files': os.listdir(), 'pid': os.getpid()}",
    )
    assert bench.measure(path, "--workers", "1")[0] == 0
    results = bench.record["experiments"]["made"]["results"]
    assert [run["left"] for run in results] == [[0], [1], [2]]
    assert [run["files"] for run in results] == [[f"left-{seed}"] for seed in range(3)]
    assert len({run["pid"] for run in results} | {os.getpid()}) == 4


def test_a_seed_that_raises_says_where_and_leaves_the_old_pair(bench):
    """Seed 1 is still at work then, and is killed."""
    lines = ("import time", "time.sleep(60 * (seed == 1))", "return {'x': 1 / (seed - 2)}")
    path, old, begin = bench.page(*lines), bench.old(), time.monotonic()
    status, said = bench.measure(path, "--workers", "2")
    assert time.monotonic() - begin < 50
    line = bench.checkout.line_of(path, "1 / (seed - 2)")
    assert status == 1 and said.startswith(f"{path}:{line}: ZeroDivisionError: division by zero\n")
    assert "return {'x': 1 / (seed - 2)" in said and "(seed 2 of made)" in said
    assert bench.contents() == old


@pytest.mark.parametrize(
    "line, what",
    [
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
            "seed 0 ended with exit code -9",
        ),
        ("raise SystemExit(0)", "SystemExit: 0"),
        ("return {'x': (1, 2)}", "made(0)['x'] is (1, 2) (tuple)"),
        ("return {'x': float('nan')}", "made(0)['x'] is nan"),
    ],
)
def test_a_seed_without_a_result_leaves_the_old_pair(bench, line, what):
    path, old = bench.page(line), bench.old()
    status, said = bench.measure(path, "--workers", "1")
    assert status == 1 and what in said and f"{path}:" in said
    assert bench.contents() == old


def test_kill_9_leaves_the_old_pair_and_nothing_running(bench):
    """The first seed is through, and the others write their process ids and sleep."""
    pids = bench.root / "pids"
    path = bench.page(
        "import os, time",
        f"open({str(pids)!r}, 'a').write(f'{{os.getpid()}}\\n')",
        "time.sleep(60 * (seed > 0))",
        "return {'x': np.zeros(3)}",
    )
    old = bench.old()
    environment = {**os.environ, "PYTHONPATH": f"{bench.root}{os.pathsep}{bench.checkout.here}"}
    command = [sys.executable, "-m", "scripts.measure", path, "--workers", "2"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr and "made: seed 0" in process.stderr.readline()
    until(lambda: pids.read_text().count("\n") == 3)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids.read_text().split()))
    assert bench.contents() == old


def until(true, seconds=10.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.05)


def test_a_full_disk_leaves_the_old_pair(bench):
    path = bench.page("return {'x': np.arange(9), 'y': [seed] * 9000}")
    old = bench.old()

    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = bench.checkout.run("scripts.measure", path, before=small_files)
    assert done.returncode == 1 and "File too large" in done.stderr
    assert bench.contents() == old


def test_a_crash_between_the_two_files_is_noticed_and_mended(bench, monkeypatch):
    path = bench.page("return {'x': np.arange(9)}", after=READ)
    assert bench.measure(path)[0] == 0
    page, replace, moved = load(bench.root).pages["first_one"], Path.replace, []

    def once(draft, target):
        moved.append(target)
        if len(moved) == 2:
            raise KeyboardInterrupt
        return replace(draft, target)

    monkeypatch.setattr(Path, "replace", once)
    with pytest.raises(KeyboardInterrupt):
        files.write(bench.root, page, bench.record, {"made.0.0": np.zeros(2)})
    monkeypatch.undo()
    os.chdir(bench.root)
    assert sorted(bench.contents()) == ["first_one.json", "first_one.npz"]
    verified = bench.checkout.run("scripts.verify")
    assert verified.returncode == 1
    assert "made has other arrays in first_one.npz than first_one.json was" in verified.stdout
    assert "are of different runs" in verified.stdout
    assert f"run `make measure PAGE={path}`" in verified.stdout
    assert bench.measure(path)[0] == 0
    assert states.read(bench.root, page)


READ = """
```python
for run in made.all():
    print(run["x"])
```
"""


def test_arrays_above_the_limit_are_refused_before_the_other_seeds_run(bench):
    noise = "np.random.default_rng(seed).integers(0, 256, 120_000, np.uint8)"
    path = bench.page("assert seed < 2", f"return {{'x': {noise}}}")
    old = bench.old()
    status, said = bench.measure(path, "--workers", "1")
    line = bench.checkout.line_of(path, "def made")
    assert status == 1 and said.startswith(f"{path}:{line}: made: its arrays take 240.")
    assert "KB, 40." in said and "more than the 200 KB of a page" in said
    assert bench.contents() == old


def test_results_without_arrays_take_the_old_arrays_away(bench):
    assert bench.measure(bench.page("return {'x': np.arange(9)}"))[0] == 0
    assert bench.pair[1].exists() and "npz" in bench.record
    assert bench.measure(bench.page("return {'x': seed}"))[0] == 0
    assert not bench.pair[1].exists() and "npz" not in bench.record


def test_an_experiment_may_start_from_what_another_found(bench):
    after = """
```python
best = max(made.all(), key=lambda run: run["x"])["grid"]
print(best)
```

```python
@measured(seeds=2)
def refined(seed):
    return {"x": best + seed / 3, "of": float(best.sum())}
```
"""
    path = bench.page("return {'x': [2, 9, 4][seed], 'grid': np.full(2, seed / 3)}", after=after)
    assert bench.measure(path)[0] == 0
    page = load(bench.root).pages["first_one"]
    arrays = files.stored(bench.root, page)
    assert arrays["refined.1.0"].tolist() == [2 / 3] * 2
    assert bench.record["experiments"]["refined"]["results"][0]["of"] == 0.666667


def test_only_blocks_that_the_experiment_needs_run(bench):
    before = """
```python {raises=ValueError}
import nexus
width = 3
raise ValueError(width)
```

```python
assert nexus is None, "nobody needs this"
```
"""
    body = before + EXPERIMENT.format("    return {'width': width}")
    path = bench.checkout.page("first_one", body)
    assert bench.measure(path)[0] == 0
    assert bench.record["experiments"]["made"]["results"] == [{"width": 3}] * 3


def test_provenance_names_the_commit_the_versions_and_the_device(bench):
    path = bench.page("import PIL.Image", "from os import path", "return {'x': seed}")
    page = load(bench.root).pages["first_one"]
    assert provenance(bench.root, page)["commit"] == ""
    for words in ("init -q", "add .", "-c user.name=a -c user.email=a commit -qm one"):
        subprocess.run(["git", *words.split()], check=True, capture_output=True)
    found = provenance(bench.root, page)
    assert len(found["commit"]) == 40
    assert found["page"] == path and found["command"] == f"make measure PAGE={path}"
    assert list(found["versions"]) == ["python", "torch", "numpy", "pillow"]
    assert found["versions"]["numpy"] == np.__version__
    assert found["device"].startswith("CPU ") and "OMP_NUM_THREADS=" in found["device"]
    bench.checkout.write("nexus/small.py", "two = 2\n")  # nothing to this page
    assert provenance(bench.root, page)["commit"] == found["commit"]
    bench.checkout.write("nexus/experiment.py", "two = 2\n")
    assert provenance(bench.root, page)["commit"] == f"{found['commit']} with changes"


def test_a_gpu_that_a_seed_used_is_named(bench, monkeypatch):
    """Told by a process that says it has one: a fork of this one."""
    monkeypatch.setattr("torch.cuda.is_initialized", lambda: True)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda: "G1")
    assert bench.measure(bench.page("return {'x': seed}"))[0] == 0
    assert bench.record["device"].startswith("GPU G1; CPU ")


@pytest.mark.parametrize(
    "body, line, what",
    [
        ("\n```python\nimport nexus\nprint(1)\n```\n", None, "no block of this page defines a"),
        (EXPERIMENT.format("    return {}") * 2, "twice", "made: two experiments have this name"),
        (
            EXPERIMENT.format("    return {}").replace("=3", "=1 + 2"),
            "def made",
            "made: @measured(seeds=5) says how many seeds, in digits",
        ),
    ],
)
def test_a_page_that_cannot_be_measured_is_named(bench, body, line, what):
    path = bench.checkout.page("first_one", body)
    status, said = bench.measure(path)
    assert status == 1 and said.startswith(f"{path}:") and what in said
    if line == "def made":
        assert said.startswith(f"{path}:{bench.checkout.line_of(path, line)}:")
    assert bench.contents() == {}


def test_on_a_terminal_one_line_tells_how_far_it_is(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress = run.Progress(4, begin=time.monotonic() - 10, name="made")
    progress.tick()
    progress.add(0, 10.0)
    progress.tick()
    progress.end()
    said = capsys.readouterr().err.split("\r")
    assert said[1].endswith("[0/4] made: 10 s")
    assert said[2].endswith("[1/4] made: 10 s, about 30 s left")
