"""Marks: earned by what is on record and holds, else not earned and for which reason."""

import json
import re
import shutil
from dataclasses import replace

import pytest
from render_site import PATH, checkout, html, rendered
from test_render_index import HOME, INDEX, INTRODUCTION
from test_render_page import BLOCK, passed

from scripts.evidence import records
from scripts.evidence.key import evidence_key
from scripts.evidence.records import Evidence, Parity
from scripts.measure import Standing
from scripts.render import load_site
from scripts.render.marks import power, worded
from scripts.render.proofs import Proof

SOFTMAX = Parity(
    "test_one",
    "torch.nn.functional.softmax",
    "float64",
    2,
    True,
    2.2e-16,
    ("3×4",),
    "torch",
    "2.13.0",
)
ADAM = Parity("test_two", "torch.optim.Adam", "float32", 1, False, 3e-8, ("5",), "torch", "2.13.0")
SLOW = Parity("test_three", "slowly", "float64", 1, True, 4e-16, ("7",), text="Equation 3.")
EVIDENCE = Evidence(
    page=PATH,
    test="tests/attention/test_alpha.py",
    key="k",
    date="2026-11-20",
    versions={"python": "3.11.7", "torch": "2.13.0"},
    tests=1200,
    laws=("it <commutes> with `f`", "no $x$ *moves* [a](b) d_k __m__ ~~~"),
    worked=("Table 2, row 3",),
    matches=(SOFTMAX,),
    transcribed=(),
)
RECALL = Standing(
    "recall", "It recalls all.", 5, 61.4, "2026-11-23", "a4d045f1ac95242c", "CPU, x86", "current", 7
)
WHOLE = Proof(EVIDENCE, True, (RECALL,))


def page(tmp_path, proof, *blocks):
    return html(rendered(checkout(tmp_path, BLOCK), *(blocks or (passed(),)), proof=proof).body)


def lines(shown):
    """Each mark of the card in a line of plain text, with its sign."""
    card = shown.split('<div class="nx-marks">')[1].split("</section>")[0]
    rows = re.findall(r'<(p|details) class="nx-mark ([^"]*)">(.*?)</\1>', card, re.S)
    assert len(rows) == 4
    text = [re.sub(r"<[^>]+>", "", row.split("</summary>")[0]) for _, _, row in rows]
    signs = ["○" if "nx-mark-none" in kind else "✓" for _, kind, _ in rows]
    return [f"{sign} {' '.join(line.split())}" for sign, line in zip(signs, text, strict=True)]


def test_all_four_with_their_figures(tmp_path):
    shown = page(tmp_path, replace(WHOLE, faults=(41, 42)))
    assert lines(shown) == [
        "✓ Runs 1 block · 2.1 s · torch 2.13.0 · Python 3.11 · 2026-11-23",
        "✓ Lawful 2 laws · 1 worked number · 1,200 tests · 41 of 42 planted faults caught "
        "· 2026-11-20",
        "✓ Matches softmax of torch 2.13.0 · values and gradients · relative error 2·10⁻¹⁶",
        "✓ Shows It recalls all · on each of 5 seeds · 2026-11-23",
    ]


def test_details_are_there_without_a_script_and_nothing_in_them_is_markup(tmp_path):
    shown = page(tmp_path, replace(WHOLE, evidence=replace(EVIDENCE, transcribed=(SLOW,))))
    shown = re.sub(r">\n<", "><", shown)
    assert shown.count('<details class="nx-mark') == 3
    assert shown.count("<details") == shown.count("</details>")
    for text in (
        "<li>it &lt;commutes&gt; with <code>f</code></li>"
        "<li>no $x$ *moves* [a](b) d_k __m__ ~~~</li>",
        "<li>Table 2, row 3</li>",
        "<li><code>torch.nn.functional.softmax</code>, torch 2.13.0: values and gradients, "
        "2 cases in float64, relative error 2·10⁻¹⁶</li>",
        "<li><code>slowly</code>, Equation 3: values and gradients, 1 case in float64, "
        "relative error 4·10⁻¹⁶</li>",
        '<li><code>recall</code> · 5 seeds · <time datetime="2026-11-23">2026-11-23</time> '
        "· CPU, x86 · 61 s</li>",
    ):
        assert text in shown, text


def test_several_oracles_and_exact_results(tmp_path):
    exact = replace(SOFTMAX, relative_error=0.0, cases=4, dtype="int64", gradients=False)
    again = replace(SOFTMAX, test="test_four", cases=3, relative_error=5e-16)
    evidence = replace(EVIDENCE, matches=(SOFTMAX, ADAM, again, exact))
    shown = page(tmp_path, Proof(evidence, True))
    assert lines(shown)[2] == (
        "✓ Matches softmax and Adam of torch 2.13.0 · values, and gradients where there are "
        "· relative error 3·10⁻⁸"
    )
    assert "5 cases in float64, relative error 5·10⁻¹⁶" in shown
    assert "4 cases in int64, exactly equal" in shown


def test_a_transcription_earns_another_word(tmp_path):
    evidence = replace(EVIDENCE, matches=(), transcribed=(SLOW,))
    line = lines(page(tmp_path, Proof(evidence, True)))[2]
    assert line.startswith("✓ Transcribed the paper’s equations") and "4·10⁻¹⁶" in line


@pytest.mark.parametrize(
    "proof, at, reason",
    [
        (Proof(), 1, "Lawful no run of its tests is on record"),
        (Proof(), 2, "Matches no run of its tests is on record"),
        (Proof(), 3, "Shows no measured experiment"),
        (Proof(EVIDENCE, False), 1, "Lawful not verified since 2026-11-20"),
        (Proof(EVIDENCE, False), 2, "Matches not verified since 2026-11-20"),
        (Proof(replace(EVIDENCE, laws=("one",)), True), 1, "Lawful 1 law and 1 worked number"),
        (Proof(replace(EVIDENCE, worked=()), True), 1, "Lawful 2 laws and 0 worked numbers"),
        (Proof(replace(EVIDENCE, matches=()), True), 2, "Matches compared with no independent"),
    ],
)
def test_a_missing_mark_says_why(tmp_path, proof, at, reason):
    assert lines(page(tmp_path, proof))[at].startswith(f"○ {reason}")


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"state": "invalid", "why": "has changed"}, "recall has changed"),
        ({"state": "missing", "why": "was never measured"}, "recall was never measured"),
        ({"seeds": 4}, "recall was measured on 4 seeds; five are asked"),
        ({"claim": ""}, "recall states no claim"),
    ],
)
def test_every_experiment_must_show_its_claim(tmp_path, change, reason):
    experiments = (RECALL, replace(RECALL, **change))
    assert lines(page(tmp_path, Proof(experiments=experiments)))[3] == f"○ Shows {reason}"


def test_a_claim_needs_a_page_that_ran(tmp_path):
    shown = lines(page(tmp_path, WHOLE, passed(outcome="failed", error="no")))
    assert [line[0] for line in shown] == ["○", "✓", "✓", "○"]
    assert "has not been run as it stands" in shown[3]


def test_a_stale_result_names_its_commit(tmp_path):
    stale = replace(RECALL, state="stale", why="uses code that has changed")
    shown = page(tmp_path, Proof(experiments=(stale,)))
    assert lines(shown)[3].endswith("on each of 5 seeds · measured at commit a4d045f1ac")
    again = replace(stale, confirmed="2026-11-24 at bbbb", commit="a4d045f1ac95242c with changes")
    shown = page(tmp_path, Proof(experiments=(again,)))
    assert lines(shown)[3].endswith("measured at commit a4d045f1ac with changes")
    assert "seed 0 came out the same on" in shown


def test_several_claims(tmp_path):
    other = replace(RECALL, name="copying", claim="It copies.", seeds=7)
    shown = page(tmp_path, Proof(experiments=(RECALL, other)))
    assert lines(shown)[3] == "✓ Shows 2 claims · on each of 5 seeds"
    assert "It recalls all. <code>recall</code> · 5 seeds" in shown and "7 seeds" in shown


def test_badges_in_the_table_and_counts_at_home(tmp_path):
    root = checkout(tmp_path, BLOCK, **{INDEX: INTRODUCTION, "docs/index.md": HOME})
    table = html(rendered(root, passed(), path=INDEX, proof=replace(WHOLE, experiments=())).body)
    assert "✓ Runs" in table and "✓ Lawful" in table and "✓ Matches" in table
    assert '<span class="nx-badge nx-badge-none" title="no measured experiment">○ Shows' in table


def test_home_counts_what_holds(tmp_path):
    home = "# Nexus\n\n<!-- nexus: counts -->\n\n<!-- nexus: marks -->\n"
    root = checkout(tmp_path, BLOCK, **{INDEX: INTRODUCTION, "docs/index.md": home})

    def text(proof: Proof) -> str:
        body = rendered(root, passed(), path="docs/index.md", proof=proof).body
        return " ".join(re.sub(r"<[^>]+>", " ", body).split())

    whole = text(WHOLE)
    assert "2 parity checks largest error 2·10⁻¹⁶" in whole
    for name in ("Runs", "Lawful", "Matches", "Shows"):
        assert f"✓ {name} 1 of 1" in whole
    assert "Transcribed" not in whole
    both = replace(EVIDENCE, matches=(SOFTMAX, ADAM), transcribed=(SLOW,))
    assert "4 parity checks largest error 3·10⁻⁸" in text(Proof(both, True))
    exact = replace(EVIDENCE, matches=(replace(SOFTMAX, relative_error=0.0),))
    assert "2 parity checks no error at all" in text(Proof(exact, True))
    own = replace(EVIDENCE, matches=(), transcribed=(SLOW,))
    assert "✓ Matches 0 of 1" in text(Proof(own, True))
    assert "✓ Transcribed 1 of 1" in text(Proof(own, True))
    old = text(Proof(EVIDENCE, False))
    assert "parity" not in old and "✓ Lawful 0 of 1" in old and "✓ Runs 1 of 1" in old


def test_only_evidence_of_the_test_as_it_stands_holds(tmp_path):
    root = checkout(tmp_path, BLOCK, **{"constraints.txt": "torch==2.13.0\nnumpy==2.4\n"})

    def holds():
        site, _ = load_site(root)
        return site.proofs["alpha"].holds

    found = load_site(root)[0].catalogue.pages["alpha"]
    assert load_site(root)[0].proofs["alpha"] == Proof()
    records.write(root, "alpha", replace(EVIDENCE, key=evidence_key(root, found, ["torch"])))
    assert holds()
    spoilt = tmp_path / "spoilt"
    for path, text in {
        "tests/attention/test_alpha.py": "import nexus.alpha\n",
        "tests/conftest.py": "# other tolerances\n",
        "constraints.txt": "torch==2.14.0\nnumpy==2.4\n",
        "docs/data/alpha.evidence.json": "{}",
    }.items():
        shutil.copytree(root, spoilt, ignore=shutil.ignore_patterns("spoilt"))
        (spoilt / path).write_text(text)
        site, _ = load_site(spoilt)
        assert not site.proofs["alpha"].holds, path
        shutil.rmtree(spoilt)
    (root / "constraints.txt").write_text("torch==2.13.0\nnumpy==2.5\n")
    assert holds()


def test_planted_faults_are_those_of_the_module_as_it_stands(tmp_path):
    from scripts.mutants import records as mutants

    root = checkout(tmp_path, BLOCK)
    subject = mutants.subject(root, "alpha")
    assert subject is None  # nexus/alpha.py and nexus/attention/alpha.py: not alone
    (root / "nexus/alpha.py").unlink()
    subject = mutants.subject(root, "alpha")
    assert subject
    file = mutants.place(root, subject)
    mutants.write(
        file,
        mutants.Record(subject.module, mutants.key(root, subject), "2026-11-24", 50, 42, 41, 0, ()),
    )
    assert load_site(root)[0].proofs["alpha"].faults == (41, 42)
    (root / subject.test).write_text("x = 1\n")
    assert load_site(root)[0].proofs["alpha"].faults is None
    file.write_text(json.dumps({"mutants": 3}))
    assert load_site(root)[0].proofs["alpha"].faults is None


def test_numbers_and_texts():
    assert [power(x) for x in (2.2e-16, 9.6e-16, 3e-8, 1.0)] == [
        "2·10⁻¹⁶",
        "1·10⁻¹⁵",
        "3·10⁻⁸",
        "1·10⁰",
    ]
    assert worded("`a` is <b>\n and `c") == "<code>a</code> is &lt;b&gt; and `c"
