"""The four marks of a page: each is earned by a run, or says in a few words why it is not."""

import html
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from scripts.catalog.records import Page
from scripts.evidence.records import Parity
from scripts.measure import Standing
from scripts.render.proofs import Proof
from scripts.render.records import Site
from scripts.render.text import attribute, counted
from scripts.verify.records import Record

LAWS, WORKED, SEEDS = 2, 1, 5
"""How many of each are asked for a mark."""

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Mark:
    """`figures` are what it was earned with, or why it was not; `details` come under headings.

    Backticks in them mean code, everything else is plain text.
    """

    name: str
    earned: bool
    figures: tuple[str, ...]
    details: tuple[tuple[str, tuple[str, ...]], ...] = ()


def marks(site: Site, page: Page) -> list[Mark]:
    """Runs, Lawful, Matches (or Transcribed) and Shows, in this order."""
    record, proof = site.verified(page.slug), site.proofs.get(page.slug, Proof())
    return [runs(record), _lawful(proof), _matches(proof), _shows(proof, record)]


def _missing(name: str, why: str) -> Mark:
    return Mark(name, False, (why,))


def runs(record: Record | None) -> Mark:
    """Whether all blocks have run as they stand, how many, when and with what."""
    if record is None:
        return _missing("Runs", "not verified: its blocks have not been run as they stand now")
    torch = record.versions.get("torch", "").split("+")[0]
    minor = ".".join(record.versions.get("python", "").split(".")[:2])
    figures = [ran_text(record), f"{record.seconds:.1f} s"]
    figures += [f"torch {torch}"] if torch else []
    figures += [f"Python {minor}"] if minor else []
    return Mark("Runs", True, (*figures, record.date))


def ran_text(record: Record) -> str:
    """`7 blocks`, or `6 of 7 blocks` where some need what is not here."""
    ran, every = record.count("passed"), len(record.blocks)
    return counted(every, "block") if ran == every else f"{ran} of {counted(every, 'block')}"


def _unproven(proof: Proof) -> str:
    """Why the tests' evidence counts for nothing; empty if it counts."""
    if proof.evidence is None:
        return "no run of its tests is on record"
    return "" if proof.holds else f"not verified since {proof.evidence.date}"


def _lawful(proof: Proof) -> Mark:
    evidence = proof.evidence
    if evidence is None or not proof.holds:
        return _missing("Lawful", _unproven(proof))
    laws, worked = evidence.laws, evidence.worked
    counts = (counted(len(laws), "law"), counted(len(worked), "worked number"))
    if len(laws) < LAWS or len(worked) < WORKED:
        return _missing("Lawful", f"{counts[0]} and {counts[1]}, where two and one are asked")
    figures = [*counts, counted(evidence.tests, "test")]
    if proof.faults:
        figures.append("{} of {} planted faults caught".format(*proof.faults))
    details = (
        ("Laws, each held up by a test", laws),
        ("Worked by hand, or printed in the paper", worked),
    )
    return Mark("Lawful", True, (*figures, evidence.date), details)


def _matches(proof: Proof) -> Mark:
    evidence = proof.evidence
    if evidence is None or not proof.holds:
        return _missing("Matches", _unproven(proof))
    others, own = evidence.matches, evidence.transcribed
    details = (
        ("Independent implementations, given the same weights", _each(others, _against)),
        ("Slow transcriptions of the paper’s equations", _each(own, _transcription)),
    )
    details = tuple((head, lines) for head, lines in details if lines)
    if others:
        names = dict.fromkeys(f"`{p.oracle.split('.')[-1]}`" for p in others)
        versions = dict.fromkeys(f"{p.distribution} {p.version}" for p in others)
        said = f"{_listed(names)} of {_listed(versions)}"
        return Mark("Matches", True, (said, _compared(others), worst(others)), details)
    if own:
        said = "the paper’s equations, written out in the test"
        return Mark("Transcribed", True, (said, _compared(own), worst(own)), details)
    return _missing("Matches", "compared with no independent implementation")


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _compared(parities: Iterable[Parity]) -> str:
    gradients = {parity.gradients for parity in parities}
    some = "values, and gradients where there are" if True in gradients else "values"
    return "values and gradients" if gradients == {True} else some


def worst(parities: Iterable[Parity]) -> str:
    """The worst relative error in words."""
    error = max(parity.relative_error for parity in parities)
    return f"relative error {power(error)}" if error else "exactly equal"


def power(number: float) -> str:
    """`2·10⁻¹⁶`."""
    digit, _, exponent = f"{number:.0e}".partition("e")
    return f"{digit}·10{str(int(exponent)).translate(RAISED)}"


def _each(parities: Iterable[Parity], line: Callable[[Parity], str]) -> tuple[str, ...]:
    """A line for each oracle and dtype: which test held it up does not matter to a reader."""
    joined: dict[tuple[str, str], Parity] = {}
    for each in parities:
        at = (each.oracle, each.dtype)
        joined[at] = _joined(joined[at], each) if at in joined else each
    return tuple(map(line, joined.values()))


def _joined(one: Parity, other: Parity) -> Parity:
    return replace(
        one,
        cases=one.cases + other.cases,
        gradients=one.gradients and other.gradients,
        relative_error=max(one.relative_error, other.relative_error),
    )


def _against(parity: Parity) -> str:
    return f"`{parity.oracle}`, {parity.distribution} {parity.version}: {_cases(parity)}"


def _transcription(parity: Parity) -> str:
    return f"`{parity.oracle}`, {parity.text.rstrip('.')}: {_cases(parity)}"


def _cases(parity: Parity) -> str:
    compared = "values and gradients" if parity.gradients else "values"
    error = worst([parity])
    return f"{compared}, {counted(parity.cases, 'case')} in {parity.dtype}, {error}"


def _shows(proof: Proof, record: Record | None) -> Mark:
    experiments = proof.experiments
    if not experiments:
        return _missing("Shows", "no measured experiment")
    for each in experiments:
        if not each.holds:
            return _missing("Shows", f"`{each.name}` {each.why}")
        if not each.claim:
            return _missing("Shows", f"`{each.name}` states no claim")
        if each.seeds < SEEDS:
            seeds = counted(each.seeds, "seed")
            return _missing("Shows", f"`{each.name}` was measured on {seeds}; five are asked")
    if record is None:
        return _missing("Shows", "the page that asserts it has not been run as it stands now")
    fewest = min(each.seeds for each in experiments)
    seeds = f"on each of {fewest} seeds"
    if len(experiments) == 1:
        figures = (experiments[0].claim.rstrip("."), seeds, *_measured(experiments[0])[:1])
        return Mark("Shows", True, figures, (("", (_conditions(experiments[0]),)),))
    claims = tuple(f"{each.claim} {_conditions(each)}" for each in experiments)
    figures = (counted(len(experiments), "claim"), seeds)
    return Mark("Shows", True, figures, (("", claims),))


def _conditions(each: Standing) -> str:
    parts = [f"`{each.name}`", counted(each.seeds, "seed"), *_measured(each), each.device]
    return " · ".join(filter(None, [*parts, f"{each.seconds:.0f} s"]))


def _measured(each: Standing) -> list[str]:
    """When it was measured, and with which code if that has changed since."""
    if each.state == "current":
        return [each.date]
    commit, *changes = each.commit.split(" ", 1)
    again = [f"seed 0 came out the same on {each.confirmed}"] if each.confirmed else []
    return [" ".join([f"measured at commit {commit[:10]}", *changes]), each.date, *again]


def shown(page_marks: Iterable[Mark]) -> str:
    """Rows of HTML, one a mark; those with details unfold, without a script."""
    return "\n".join(map(_row, page_marks))


def _row(mark: Mark) -> str:
    kind = f"nx-mark-{mark.name.lower()}" if mark.earned else "nx-mark-none"
    figures = " · ".join(_dated(worded(figure)) for figure in mark.figures)
    head = f"<strong>{mark.name}</strong> <span>{figures}</span>"
    if not mark.details:
        return f'<p class="nx-mark {kind}" markdown="0">{head}</p>'
    parts = []
    for title, lines in mark.details:
        parts += [f'<p class="nx-label">{worded(title)}</p>'] if title else []
        parts.append(f"<ul>{''.join(f'<li>{_dated(worded(line))}</li>' for line in lines)}</ul>")
    return (
        f'<details class="nx-mark {kind}" markdown="0"><summary>{head}</summary>'
        f"<div>{''.join(parts)}</div></details>"
    )


def worded(text: str) -> str:
    """Plain text as HTML, with code between backticks."""
    escaped = html.escape(" ".join(text.split()), quote=False)
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escaped)


def _dated(text: str) -> str:
    return re.sub(r"\b(\d{4}-\d\d-\d\d)\b", r'<time datetime="\1">\1</time>', text)


def badges(page_marks: Iterable[Mark]) -> str:
    """The marks in a word each, for a table; what they were earned with is their title."""
    shown = []
    for mark in page_marks:
        about = attribute(" · ".join(mark.figures).replace("`", ""))
        kind, sign = ("nx-badge", "✓") if mark.earned else ("nx-badge nx-badge-none", "○")
        shown.append(f'<span class="{kind}" title="{about}">{sign} {mark.name}</span>')
    return f'<span class="nx-badges">{" ".join(shown)}</span>'
