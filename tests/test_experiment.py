"""Experiments: from the record on a page, computed for a reader, the same, never silently wrong."""

import hashlib
import io
import json
import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from nexus.experiment import Experiment, measured

PAGE = """
from nexus.experiment import measured

@measured(seeds=2)
def squares(seed):
    raise AssertionError("a page never computes")
"""


@pytest.fixture
def page(tmp_path):
    """A page in a subfolder of docs/, run as the verifier runs it: code that knows its file."""

    def run(record=None, beside=None):
        file, data = tmp_path / "docs/01_area/deep/algorithm.md", tmp_path / "docs/data"
        data.mkdir(parents=True)
        if record is not None:
            (data / "algorithm.json").write_text(json.dumps(record))
        (data / "algorithm.npz").write_bytes(beside or b"")
        exec(compile(PAGE, str(file), "exec"), space := {"__name__": "algorithm"})
        return space["squares"]

    return run


def record(**experiments):
    return {"experiments": {name: {"results": results} for name, results in experiments.items()}}


def npz(**arrays):
    """The content of an `.npz`, and what a record says that belongs to it."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue(), {"npz": hashlib.sha256(buffer.getvalue()).hexdigest()}


def test_a_reader_without_a_record_computes():
    @measured(seeds=3)
    def cubes(seed):
        return {"cube": seed**3, "path": [0, seed]}

    assert (cubes.name, cubes.seeds, cubes.results, cubes.run(2)["cube"]) == ("cubes", 3, None, 8)
    assert cubes.all() == [{"cube": s**3, "path": [0, s]} for s in range(3)]


def test_a_reader_computes_once_and_nobody_changes_what_the_next_one_gets():
    seeds, buffer = [], np.zeros(1)

    @measured(seeds=2)
    def counted(seed):
        seeds.append(seed)
        buffer[:] = seed
        return {"list": [seed], "buffer": buffer}

    counted.all()[0]["list"].append("spoilt")
    assert [(r["list"], r["buffer"].tolist()) for r in counted.all()] == [([0], [0]), ([1], [1])]
    assert seeds == [0, 1]
    counted.results = [{"a": 1}]  # by whoever measures
    assert counted.all() == [{"a": 1}]


def test_floats_are_rounded_as_in_a_record_and_arrays_are_not():
    def thirds(seed):
        return {"x": [{"y": 100 / 3}], "n": 2**60, "v": np.array([1 / 3]), "rest": [True, None]}

    run = Experiment(thirds, 1)(0)
    assert run.pop("v").tolist() == [1 / 3]
    assert run == {"x": [{"y": 33.3333}], "n": 2**60, "rest": [True, None]}


def test_a_page_reads_arrays_from_the_npz_as_they_were_computed(page):
    arrays = {
        "a": np.arange(6, dtype=np.uint8).reshape(2, 3),
        "b": np.array(1 / 3, dtype=np.float16),
        "c": np.array([np.nan, 1 + 2j]),
        "d": np.zeros((0, 4), dtype=">f4"),
    }
    content, digest = npz(**arrays)
    results = [{"deep": [{"er": {"@array": name}} for name in arrays]}, {"@arrays": "a"}]
    one, two = page(record(squares=results) | digest, content).all()
    assert two == {"@arrays": "a"}
    for got, want in zip(one["deep"], arrays.values(), strict=True):
        np.testing.assert_array_equal(got["er"], want, strict=True)


@pytest.mark.parametrize("content, known", [(b"other", True), (None, True), (b"old", False)])
def test_arrays_of_another_run_are_refused(page, content, known):
    digest = npz(a=np.zeros(2))[1] if known else {}
    message = "algorithm.json and algorithm.npz are of different runs: run `make measure PAGE=docs"
    with pytest.raises(ValueError, match=message):
        page(record(squares=[{}, {}]) | digest, content).all()


@pytest.mark.parametrize("content", [None, {}, {"experiments": {}}])
def test_an_experiment_never_measured_says_what_to_run(page, content):
    command = "run `make measure PAGE=docs/01_area/deep/algorithm.md`"
    with pytest.raises(FileNotFoundError, match=f"squares is not in algorithm.json: {command}"):
        page(content).all()


def test_a_page_reads_its_record_if_that_is_of_its_seeds(page):
    results = [{"x": 0.5}, {"x": [1, 2]}]
    squares = page(record(other=[{}], squares=results))
    assert squares.all() == results
    squares.seeds = 3
    with pytest.raises(ValueError, match="json has 2 seeds of squares, not 3: run `make measure P"):
        squares.all()


@pytest.mark.parametrize(
    "result, place",
    [
        ({1: 2}, r"<lambda>\(0\) has the key 1"),
        ({"a": {"@array": "b"}}, r"<lambda>\(0\)\['a'\] has the key '@array'"),
        ({"a": [0, (1, 2)]}, r"<lambda>\(0\)\['a'\]\[1\] is \(1, 2\) \(tuple\)"),
        ({"a": float("nan")}, r"<lambda>\(0\)\['a'\] is nan \(float\); results are finite numbers"),
        ({"a": [float("inf")]}, r"<lambda>\(0\)\['a'\]\[0\] is inf"),
        ({"a": np.array([None])}, r"<lambda>\(0\)\['a'\] is array"),
        ({"a": np.float32(1)}, r"\(float32\); results are .* \(\.tolist\(\)"),
        ([1, 2], r"<lambda>\(0\) must return a dict, not \[1, 2\] \(list\)"),
    ],
)
def test_what_a_record_cannot_hold_is_refused_with_its_place(result, place):
    with pytest.raises(ValueError, match=place):
        Experiment(lambda seed: result, 1).all()


def test_it_loads_neither_numpy_nor_torch():
    code = "from nexus.experiment import *; measured(seeds=1)(lambda s: {'a': 1.0}).all()\n"
    code += "import sys; assert not sys.modules.keys() & {'numpy', 'torch'}"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def examples():
    draw = partial(Experiment, lambda seed: {"n": seed**2, "x": np.arange(3) / 3}, 2)
    return [(partial(measured, seeds=2), ()), (draw, (3,))]
