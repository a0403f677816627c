"""How the experiments of a page stand to their record; read from files, nothing is run.

*current*; *stale*: code that it shares with other pages has changed since; *invalid*: its own has,
or the record is another's; *missing*: it was never measured.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.catalog import Document
from scripts.measure.fingerprint import Found, experiments, fingerprint


@dataclass(frozen=True)
class Standing:
    """An experiment on a page and its record; what the record would tell is empty without one."""

    name: str
    claim: str
    seeds: int
    seconds: float
    date: str
    commit: str
    device: str
    state: str  # current, stale, invalid, missing
    line: int
    why: str = ""  # why it is not current
    confirmed: str = ""  # when and at which commit seed 0 came out the same with changed code

    @property
    def holds(self) -> bool:
        """Whether its result may be shown."""
        return self.state in ("current", "stale")


def paths(root: Path, page: Document) -> tuple[Path, Path]:
    """Where a page's results lie: numbers and texts, and the arrays beside them."""
    file = root / "docs" / "data" / f"{page.slug}.json"
    return file, file.with_suffix(".npz")


def read(root: Path, page: Document) -> dict[str, Any]:
    """The record of a page; empty if it has none.

    Raises:
        ValueError: it is damaged, or its arrays are of another run.
    """
    file, beside = paths(root, page)
    if not file.is_file():
        return {}
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        for measured in record["experiments"].values():
            len(measured["results"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"cannot be read from {file.name}") from error
    content = beside.read_bytes() if beside.is_file() else b""
    if record.get("npz") != (hashlib.sha256(content).hexdigest() if content else None):
        raise ValueError(f"has other arrays in {beside.name} than {file.name} was written with")
    return record


def standing(root: Path, page: Document) -> list[Standing]:
    """Each experiment of the page, in order."""
    found = experiments(page)
    if not found:
        return []
    try:
        record, broken = read(root, page), ""
    except ValueError as error:
        record, broken = {}, str(error)
    return [_of(root, page, each, record, broken) for each in found]


def command(page: Document, *, smoke: bool = False) -> str:
    """What to run for a page whose results do not hold, or (with `smoke`) are stale."""
    return f"run `make measure PAGE={page.path}{' SMOKE=1' * smoke}`"


def _of(root: Path, page: Document, found: Found, record: dict, broken: str) -> Standing:
    measured = record.get("experiments", {}).get(found.name)
    if measured is None:
        state, why = ("invalid", broken) if broken else ("missing", "was never measured")
        measured, record = {}, {}
    else:
        gpu = str(record.get("device", "")).startswith("GPU")
        state, why = _compare(found, measured, fingerprint(root, page, found), gpu)
    confirmed = measured.get("confirmed", {})
    return Standing(
        name=found.name,
        claim=found.claim,
        seeds=found.seeds,
        seconds=measured.get("seconds", 0.0),
        date=record.get("date", ""),
        commit=record.get("commit", ""),
        device=record.get("device", ""),
        state=state,
        line=found.line,
        why=why,
        confirmed=f"{confirmed['date']} at {confirmed['commit']}" if confirmed else "",
    )


def _compare(found: Found, measured: dict, now: dict[str, str], gpu: bool) -> tuple[str, str]:
    """Its state, and why. What a GPU gave is stale at worst: not everybody can repeat it."""
    was = measured.get("fingerprint", {})
    if found.seeds != len(measured["results"]) or measured.get("seeds") != [*range(found.seeds)]:
        return "invalid", f"was measured on other seeds than 0 to {found.seeds - 1}"
    if was.get("own") != now["own"]:
        why = "has changed, or the page's module has, since it was measured"
        return ("stale" if gpu else "invalid"), why
    if was.get("shared") != now["shared"]:
        return "stale", "uses code of nexus that has changed since it was measured"
    return "current", ""
