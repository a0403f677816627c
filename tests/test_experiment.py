"""Experiments: from the record on a page, computed for a reader, never silently wrong."""

import json

import pytest

from nexus.experiment import measured

PAGE = """
from nexus.experiment import measured

@measured(seeds=2)
def squares(seed):
    raise AssertionError("a page never computes")
"""


@measured(seeds=3)
def cubes(seed):
    return {"cube": seed**3, "path": [0, seed]}


@pytest.fixture
def page(tmp_path):
    """A page in a subfolder of docs/, run as the verifier runs it: code that knows its file."""

    def run(record=None):
        file = tmp_path / "docs" / "01_area" / "deep" / "algorithm.md"
        (tmp_path / "docs" / "data").mkdir(parents=True)
        if record is not None:
            (tmp_path / "docs" / "data" / "algorithm.json").write_text(json.dumps(record))
        space = {"__name__": "algorithm"}
        exec(compile(PAGE, str(file), "exec"), space)
        return space["squares"]

    return run


def record(**experiments):
    return {"experiments": {name: {"results": results} for name, results in experiments.items()}}


def test_a_reader_without_a_record_computes():
    assert (cubes.name, cubes.seeds, cubes.results, cubes.run(2)["cube"]) == ("cubes", 3, None, 8)
    assert cubes.all() == [{"cube": s**3, "path": [0, s]} for s in range(3)]


def test_results_that_were_set_are_returned():
    @measured(seeds=3)
    def never(seed):
        raise AssertionError

    never.results = [{"a": 1}]
    assert never.all() == [{"a": 1}]


def test_a_page_reads_its_record(page):
    results = [{"x": 0.5}, {"x": [1, 2]}]
    assert page(record(other=[{}], squares=results)).all() == results


@pytest.mark.parametrize("content", [None, {"experiments": {}}])
def test_an_experiment_never_measured_says_what_to_run(page, content):
    squares = page(content)
    command = "run `make measure PAGE=docs/01_area/deep/algorithm.md`"
    with pytest.raises(FileNotFoundError, match=f"squares is not in algorithm.json: {command}"):
        squares.all()


def test_a_record_of_other_seeds_is_refused(page):
    squares = page(record(squares=[{"x": 0}]))
    message = "algorithm.json has 1 seeds of squares, not 2: run `make measure PAGE=docs/01_area"
    with pytest.raises(ValueError, match=message):
        squares.all()


@pytest.mark.parametrize(
    "result",
    [{1: 2}, {"a": (1, 2)}, {"a": float("nan")}, {"a": object()}, [1, 2], {"a": [float("inf")]}],
)
def test_what_json_would_change_is_refused(result):
    @measured(seeds=1)
    def bad(seed):
        return result

    with pytest.raises(ValueError, match=r"bad\(0\)"):
        bad(0)
    with pytest.raises(ValueError, match=r"bad\(0\)"):
        bad.all()
