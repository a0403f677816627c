"""`verify-twice` names every output that differs between two runs and does not say so."""

BODY = """
```python
import nexus

print(sorted({"a", "b", "c", "d"}), hash("a") % 1000)
```

```python {varies}
import time

print(time.time(), nexus.__name__)
```

```python
import torch

print(torch.get_num_threads(), nexus.__name__)
```

```python
print(torch.arange(3).sum().item(), nexus.__name__)
```
"""


def test_outputs_that_depend_on_hash_seed_or_threads_are_named(checkout):
    path = checkout.page("first_one", BODY)
    done = checkout.run("scripts.verify.twice")
    assert done.returncode == 1
    found = [line for line in done.stdout.split("\n") if "differs between two runs" in line]
    lines = [checkout.line_of(path, text) - 1 for text in ("import nexus", "import torch")]
    starts = [f"{path}:{line}: stdout differs between two runs" for line in lines]
    assert [line.split(" runs")[0] + " runs" for line in found] == starts


def test_pages_that_do_not_differ_pass(checkout):
    checkout.page("first_one")
    done = checkout.run("scripts.verify.twice")
    assert done.returncode == 0 and "Both runs printed and drew the same." in done.stdout
