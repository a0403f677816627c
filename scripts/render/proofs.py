"""What is known of a page beside the run of its blocks: read from `docs/data`, nothing is run."""

from dataclasses import dataclass
from pathlib import Path

from scripts.catalog.records import Board, Page
from scripts.evidence import records
from scripts.evidence.key import evidence_key
from scripts.evidence.records import Evidence
from scripts.measure import Standing, standing
from scripts.mutants import records as mutants


@dataclass(frozen=True)
class Proof:
    """A page's evidence with whether it holds, its experiments, and its tests' planted faults."""

    evidence: Evidence | None = None
    holds: bool = False  # the evidence is of the test, code and versions as they stand
    experiments: tuple[Standing, ...] = ()
    faults: tuple[int, int] | None = None  # caught, of how many; None if not of this module


def proof(root: Path, page: Page | Board) -> Proof:
    """What the files of a page prove of it as it stands; a board has experiments and no module."""
    experiments = tuple(standing(root, page))
    if isinstance(page, Board):
        return Proof(experiments=experiments)
    evidence = records.read(root, page.slug)
    holds = (
        evidence is not None
        and evidence.test == page.test
        and evidence.key == evidence_key(root, page, evidence.distributions)
    )
    return Proof(evidence, holds, experiments, _faults(root, page))


def _faults(root: Path, page: Page) -> tuple[int, int] | None:
    subject = mutants.subject(root, page.slug)
    try:
        found = mutants.read(mutants.place(root, subject)) if subject else None
    except (ValueError, TypeError, KeyError):
        return None
    if found is None or subject is None or found.key != mutants.key(root, subject):
        return None
    return found.caught, found.sampled
