"""The tables of what checking and building cost say what was measured, in its units."""

import json

from render_site import checkout

from scripts.catalog import load
from scripts.catalog.names import Names
from scripts.render.numbers import bench_site, bench_verify
from scripts.render.records import Site


def figures(cpu, wall, peak):
    return {"cpu": cpu, "wall": wall, "peak_mb": peak}


VERIFY = {
    "command": "make bench-verify",
    "machine": "one machine",
    "date": "2026-11-23",
    "rows": [
        {
            "pages": 50,
            "blocks": "small",
            "plain": figures(3.0, 3.5, 11),
            "cold_one": figures(5.0, 5.5, 12),
            "cold": figures(6.0, 4.5, 12),
            "unchanged": figures(0.7, 0.8, 13),
            "one_module": figures(0.9, 1.1, 14),
            "run_again": 7,
            "overhead": 2.0,
        }
    ],
    "growth": {"small one_module": 0.5, "small cold": None},
}


def test_a_table_gives_each_figure_under_its_head(tmp_path):
    root = checkout(tmp_path)
    (root / "docs/data/bench.verify.json").write_text(json.dumps(VERIFY))
    shown = bench_verify(Site(load(root), Names(root))).split("\n")
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in shown[:3]]
    assert dict(zip(cells[0], cells[2], strict=True)) == {
        "pages": "50",
        "block": "10 ms",  # 3 s for 50 pages of six blocks
        "plain, CPU s": "3.0",
        "verify, CPU s": "5.0",
        "ratio": "2.0",
        "free, CPU s": "6.0",
        "free, s": "4.5",
        "same, s": "0.8",
        "one module, s": "1.1",
        "run again": "7",
        "peak MB": "12",
    }
    assert shown[4] == (
        "`make bench-verify` on one machine, 2026-11-23. "
        "CPU time grows with the pages to the power: small one module 0.5."
    )


def test_what_was_not_measured_says_so(tmp_path):
    site = Site(load(checkout(tmp_path)), Names(tmp_path))
    assert bench_site(site) == "Not measured yet: `make bench-site`.\n"
