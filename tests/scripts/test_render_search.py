"""The slim index, and its answers to 60 queries, in a JavaScript engine without a browser."""

import csv
import gzip
import json
from pathlib import Path

import pytest
from py_mini_racer import MiniRacer
from render_site import PATH, checkout

from scripts.catalog import load
from scripts.catalog.names import Names
from scripts.render import Site, render
from scripts.render.search import address, borrowed, search_index, spellings, title_aliases

ROOT = Path(__file__).parents[2]
QUERIES = ROOT / "tests" / "site" / "queries.tsv"
SCRIPTS = ["minisearch/minisearch.min.js", "js/ranking.js"]
RIGHT, KILOBYTES = 57, 70
ROWS = """\
slug\ttitle\tcategory\tfolder\tyear\tpaper\ttier\talso_in
beta\tBeta Net (BN)\t02_attention_mechanisms\t02_attention_mechanisms\t2020\tarXiv:2001.00001\t1\t
late\tLate Row\t02_attention_mechanisms\t02_attention_mechanisms\t2020\t\t2\t
"""


def site_at(root: Path) -> Site:
    return Site(load(root), Names(root), {})


def entries(index: str) -> dict[str, dict]:
    found = json.loads(index.removeprefix("window.nexusIndex="))
    return {entry["u"]: entry for entry in found}


def engine(index: str) -> MiniRacer:
    running = MiniRacer()
    running.eval("const window = globalThis")
    for name in SCRIPTS:
        running.eval((ROOT / "docs/assets" / name).read_text(encoding="utf-8"))
    running.eval(index)
    running.eval("const search = nexusRanking.index(nexusIndex)")
    return running


def ask(running: MiniRacer, query: str) -> list[str]:
    code = f"JSON.stringify(nexusRanking.find(search, {json.dumps(query)}).map(row => row.id))"
    return json.loads(str(running.eval(code)))


@pytest.fixture(scope="module")
def ours() -> tuple[Site, str]:
    site = site_at(ROOT)
    return site, search_index(site)


@pytest.fixture(scope="module")
def running(ours):
    return engine(ours[1])


def test_the_right_page_comes_first(ours, running):
    site, rows = ours[0], list(csv.DictReader(QUERIES.open(encoding="utf-8"), delimiter="\t"))
    assert len(rows) == 60 and len({row["query"] for row in rows}) == 60
    wrong = []
    for row in rows:
        slug, first = row["slug"], next(iter(ask(running, row["query"])), "nothing")
        page = site.catalogue.pages.get(slug)
        want = page.path[5:-3] + ".html" if page else f"#planned-{slug}"
        assert site.catalogue.rows[slug].tier == 1
        wrong += [] if first.endswith(want) else [f"{row['query']}: {first}"]
    assert len(rows) - len(wrong) >= RIGHT, wrong


def made(*rows: dict) -> MiniRacer:
    index = [{"u": str(at), **row} for at, row in enumerate(rows)]
    return engine(f"window.nexusIndex={json.dumps(index)}")


@pytest.mark.parametrize(
    "named",
    [
        {"t": "Adam", "p": 1},
        {"t": "Moments", "a": ["AM", "Adam"]},
        {"t": "ADAM", "a": ["Adaptive Moments"]},
    ],
)
def test_who_is_called_so_comes_before_who_speaks_of_it(named):
    often = {"t": "Adam variants", "a": ["AdamW Adam", "Adam Max"], "s": "Adam Adam", "h": "Adam"}
    more = {"t": "Adam, twice", "a": ["two of Adam"], "z": "Adam", "w": "Adam", "s": "Adam"}
    assert ask(made(often, named, more), "adam")[0] == "1"


def test_what_is_written_comes_before_what_is_planned():
    assert ask(made({"t": "Sparse Net", "p": 1}, {"t": "Sparse Net"}), "sparse") == ["1", "0"]


def test_where_no_page_has_all_words_the_one_with_most_comes_first():
    much = {"t": "Sparse", "a": ["Sparse"], "s": "sparse"}
    most = {"t": "Other", "s": "of sparse gates, among much else that has nothing to do with it"}
    all_but_one = {"t": "Third", "s": "sparse gates and routers, among much else that is here"}
    assert ask(made(much, most, all_but_one), "sparse gates routers xylophone") == ["2", "1"]


@pytest.mark.parametrize(
    "query, hit, terms, expected",
    [
        ("kv cache", ["KV", "caching,", "cache"], ["kv", "cache"], "kv cache"),
        ("cached loops", ["cache;", "Loop"], [], "cached loops"),
        ("Grouped qeury", ["grouped-query", "q,"], ["grouped", "query"], "grouped query"),
        ("autogard", ["AutoCompressor"], ["autograd"], "autograd"),
        ("difusion", ["(DiT)", "DiLoCo"], ["diffusion"], "diffusion"),
        ("memory", ["memories"], ["memory"], "memory"),
        ("xyzzyqwv", ["Xy"], [], None),
        ("quary", [], ["query"], "query"),
    ],
)
def test_a_slip_is_mended_before_the_full_text_is_asked(running, query, hit, terms, expected):
    given = ", ".join(map(json.dumps, (query, hit, terms)))
    code = f"JSON.stringify(nexusRanking.corrected({given}))"
    assert json.loads(str(running.eval(code))) == expected


def test_nonsense_finds_nothing(running):
    assert ask(running, "xyzzyqwv") == [] and ask(running, "zzqq wwkk") == []


def test_where_a_result_leads_there_is_something(ours):
    site, index = ours
    for url, entry in entries(index).items():
        path, _, fragment = url.partition("#")
        rendered = render(site, f"docs/{path.removesuffix('.html')}.md")
        assert rendered is not None, url
        assert bool(fragment) == bool(entry.get("p")), url
        assert not fragment or f'id="{fragment}"' in rendered.body, url


def test_it_is_light(ours):
    scripts = [(ROOT / "docs/assets" / name).read_bytes() for name in SCRIPTS]
    sizes = [len(gzip.compress(text)) for text in (*scripts, ours[1].encode())]
    assert sum(sizes) < KILOBYTES * 1000


def test_what_an_entry_says(tmp_path):
    root = checkout(tmp_path, "### A finding\n", **{"docs/data/catalogue.tsv": ROWS})
    found = entries(search_index(site_at(root)))
    alpha = found[PATH[5:-3] + ".html"]
    assert alpha["t"] == "Alpha_Net" and alpha["a"] == ["AN", "A*"] and alpha["y"] == 2021
    assert alpha["x"] == "2101.00001" and alpha["w"].startswith("A One, B Two")
    assert "A finding" in alpha["h"] and "Overview" not in alpha["h"] and "p" not in alpha
    beta = found["02_attention_mechanisms/index.html#planned-beta"]
    assert beta["a"] == ["BN", "Beta Net"] and beta["p"] == 1 and beta["x"] == "2001.00001"
    assert not any("planned-late" in url for url in found)


def test_the_address_changes_with_what_is_in_it():
    assert address("a") == address("a") != address("b")
    assert address("a").startswith("assets/search-index.js?")


@pytest.mark.parametrize(
    "title, aliases",
    [
        ("Proximal Policy Optimization (PPO)", ["PPO", "Proximal Policy Optimization"]),
        ("Rainbow", []),
        ("(odd)", []),
    ],
)
def test_aliases_are_read_from_the_title_and_not_invented(title, aliases):
    assert title_aliases(title) == aliases


def test_other_spellings():
    assert spellings(["U-Net"]) == "UNet U Net"
    assert spellings(["RMSNorm"]) == "RMS Norm"
    assert spellings(["Rainbow"]) == ""


def test_serve_borrows_the_last_full_text_once(tmp_path):
    last, site = tmp_path / "pagefind", tmp_path / "new"
    site.mkdir()
    borrowed(last, site)
    assert list(site.iterdir()) == []
    last.mkdir()
    (last / "x").write_text("1")
    borrowed(last, site)
    borrowed(last, site)
    assert (site / "pagefind" / "x").read_text() == "1"
