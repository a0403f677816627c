"""However a run ends, no wrong record is accepted, and the next run recovers by itself."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time

import pytest

from scripts.catalog import load
from scripts.verify import records
from scripts.verify.key import is_current

SLUGS = ("first_one", "second_one", "third_one")


@pytest.fixture
def pages(checkout):
    """Three pages that print, by way of a module, what they should print."""
    for slug in SLUGS:
        body = f"\n```python\nfrom nexus.small import double\nprint('{slug}', double(2.0))\n```\n"
        checkout.page(slug, body)
    return checkout


def accepted(checkout):
    """What the accepted records say was printed, by slug."""
    catalogue = load(checkout.root)
    found = {slug: records.read(checkout.root, catalogue.pages[slug]) for slug in SLUGS}
    return {
        slug: record.blocks[0].stdout
        for slug, record in found.items()
        if record and record.passed and is_current(checkout.root, catalogue.pages[slug], record)
    }


def expected(value):
    return {slug: f"{slug} {value}\n" for slug in SLUGS}


def test_killed_at_random_moments_no_wrong_record_is_accepted(pages):
    draw = random.Random(0)
    for at in range(20):
        pages.edit("nexus/small.py", f"(x, x{', 0.0' * at})", f"(x, x{', 0.0' * (at + 1)})")
        process = start(pages)
        time.sleep(draw.uniform(0.2, 6.0))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        found = accepted(pages)
        assert found.items() <= expected(4.0).items()
    assert pages.run("scripts.verify").returncode == 0
    assert accepted(pages) == expected(4.0)
    assert not list((pages.root / "build").rglob("*.part"))


def start(checkout):
    environment = {**os.environ, "PYTHONPATH": f"{checkout.root}{os.pathsep}{checkout.here}"}
    return subprocess.Popen(
        [sys.executable, "-m", "scripts.verify"],
        cwd=checkout.root,
        env=environment,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_changed_result_is_never_shown_from_an_old_record(pages):
    assert pages.run("scripts.verify").returncode == 0
    pages.edit("nexus/small.py", "(x, x)", "(x, x, 1.0)")
    assert accepted(pages) == {}
    assert pages.run("scripts.verify").returncode == 0
    assert accepted(pages) == expected(5.0)


def test_a_full_disk_fails_the_run_and_the_next_one_recovers(pages):
    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    done = pages.run("scripts.verify", before=full)
    assert done.returncode != 0
    assert accepted(pages) == {}
    assert pages.run("scripts.verify").returncode == 0
    assert accepted(pages) == expected(4.0)


def test_a_corrupted_record_is_run_again(pages):
    assert pages.run("scripts.verify").returncode == 0
    for file in (pages.root / "build/records").rglob("*.json"):
        file.write_text(file.read_text().replace("4.0", "5.0"))
    assert accepted(pages) == {}
    assert pages.run("scripts.verify").returncode == 0
    assert accepted(pages) == expected(4.0)


def test_two_runs_in_one_checkout(pages):
    one, other = start(pages), start(pages)
    outputs = [process.communicate(timeout=120)[0] for process in (one, other)]
    assert (one.returncode, other.returncode) == (0, 0), outputs
    assert accepted(pages) == expected(4.0)
    assert json.loads((pages.root / "build/verify.json").read_text())["failed"] == 0
