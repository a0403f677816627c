"""`make measure` writes whole results with their provenance, or nothing."""

import json

BODY = """
```python
from nexus.experiment import measured
from nexus.small import double


@measured(seeds=3)
def doubling(seed):
    return {"value": double(seed + 1 / 3), "many": [seed, seed]}
```

```python
for run in doubling.all():
    print(run["value"])
    assert run["many"][0] == run["many"][1]
```
"""


def with_experiment(checkout, body=BODY):
    from pathlib import Path

    import nexus.experiment

    checkout.write("nexus/experiment.py", Path(nexus.experiment.__file__).read_bytes())
    return checkout.page("first_one", body)


def test_a_page_shows_the_committed_result(checkout):
    path = with_experiment(checkout)
    unmeasured = checkout.run("scripts.verify")
    assert unmeasured.returncode == 1 and f"make measure PAGE={path}" in unmeasured.stdout
    done = checkout.run("scripts.measure", path)
    assert done.returncode == 0, done.stderr
    file = checkout.root / "docs/data/first_one.json"
    record = json.loads(file.read_text())
    assert record["command"] == f"make measure PAGE={path}"
    assert {"commit", "date", "device", "versions"} <= set(record)
    assert record["experiments"]["doubling"]["seeds"] == [0, 1, 2]
    assert record["experiments"]["doubling"]["results"][1] == {"value": 2.66667, "many": [1, 1]}
    file.write_text(file.read_text().replace("2.66667", "99.0"))
    assert checkout.run("scripts.verify").returncode == 0
    shown = (checkout.root / "build/records/02_attention_mechanisms/first_one.json").read_text()
    assert "99.0" in shown  # read, not computed again


def test_a_seed_that_fails_leaves_the_old_result(checkout):
    path = with_experiment(checkout, BODY.replace("double(seed + 1 / 3)", "1 / (seed - 2)"))
    checkout.write("docs/data/first_one.json", "{}")
    assert checkout.run("scripts.measure", path).returncode != 0
    assert (checkout.root / "docs/data/first_one.json").read_text() == "{}"


def test_a_page_without_experiment_is_named(checkout):
    path = checkout.page("first_one", "\n```python\nimport nexus\nprint(1)\n```\n")
    done = checkout.run("scripts.measure", path)
    assert done.returncode == 1 and done.stdout.startswith(f"{path}:1: ")
