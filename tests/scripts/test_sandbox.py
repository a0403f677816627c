"""In the sandbox a page reaches nothing but loopback and writes nothing but `build/`."""

import json
import sys
from pathlib import Path

import pytest

from scripts import sandbox

HARM = """
```python
import nexus, os, pathlib, socket, subprocess, sys

root = pathlib.Path(__file__).parents[2]
home = pathlib.Path(os.environ["HOME"])
for path in (root / "docs/stolen.txt", root / "nexus/patched.py", pathlib.Path("/usr/harm")):
    try:
        path.write_text("x")
        print("wrote", path.name)
    except OSError as error:
        print(path.name, "refused")
(home / "cache").write_text("x")
code = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=2)"
done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
print(done.stderr.strip().split(":")[-1].strip())
server = socket.create_server(("127.0.0.1", 0))
print("loopback", socket.create_connection(server.getsockname()).getpeername()[0])
server.close()
```
"""


@pytest.fixture
def boxed(checkout):
    if (why := sandbox.missing(checkout.root)) is not None:
        pytest.skip(f"no sandbox here: {why}")
    return checkout


def test_a_page_cannot_write_or_call_out(boxed):
    boxed.page("first_one", HARM)
    done = boxed.run(
        "scripts.sandbox", sys.executable, "-m", "scripts.verify", NEXUS_SANDBOX="require"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    record = boxed.root / "build/records/02_attention_mechanisms/first_one.json"
    printed = json.loads(record.read_text())["blocks"][0]["stdout"].split("\n")
    assert printed[:3] == ["stolen.txt refused", "patched.py refused", "harm refused"]
    assert printed[3] == "[Errno 101] Network is unreachable"
    assert printed[4] == "loopback 127.0.0.1"
    assert not (boxed.root / "docs/stolen.txt").exists()
    assert not (Path.home() / "cache").exists()


def test_where_it_is_required_nothing_runs_without(checkout):
    done = checkout.run("scripts.sandbox", "echo", "ran", NEXUS_SANDBOX="require", PATH="/nowhere")
    assert done.returncode == 1 and "ran" not in done.stdout
    assert "bubblewrap is not installed. Nothing was run." in done.stderr


def test_where_it_cannot_be_had_it_says_so(checkout):
    done = checkout.run("scripts.sandbox", "/bin/echo", "ran", PATH="/nowhere")
    assert done.returncode == 0 and done.stdout == "ran\n"
    assert "The pages run with your rights." in done.stderr
