"""What the README shows is what happens."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_its_python_runs():
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.S | re.M)
    assert len(blocks) == 1
    names: dict = {}
    exec(compile(blocks[0], "README.md", "exec"), names)
    assert names["y"].shape == (1, 5, 64)


def test_every_make_target_it_and_contributing_name_exists():
    text = (ROOT / "README.md").read_text() + (ROOT / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"(?m)(?:^|`)make ([a-z][a-z-]*)\b", text))
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.M))
    assert {"site", "test", "serve", "verify", "measure"} <= named <= targets
