"""A page's evidence file: `docs/data/<slug>.evidence.json`."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scripts.verify.records import put

SUFFIX = ".evidence.json"


@dataclass(frozen=True)
class Parity:
    """The cases of one test against one oracle, or one transcription, in one dtype.

    `text` is a transcription's first line of documentation; of an oracle it is empty, and of a
    transcription `distribution` and `version` are.
    """

    test: str
    oracle: str
    dtype: str
    cases: int
    gradients: bool  # of every case
    relative_error: float  # the worst, of values and gradients
    shapes: tuple[str, ...]
    distribution: str = ""
    version: str = ""
    text: str = ""


@dataclass(frozen=True)
class Evidence:
    """What a whole run of a page's test file proved; it holds while `key` is the page's."""

    page: str
    test: str
    key: str
    date: str
    versions: dict[str, str]
    tests: int
    laws: tuple[str, ...]
    worked: tuple[str, ...]
    matches: tuple[Parity, ...]
    transcribed: tuple[Parity, ...]

    @property
    def distributions(self) -> list[str]:
        """The distributions that its oracles come from."""
        return sorted({parity.distribution for parity in self.matches})


def path_of(root: Path, slug: str) -> Path:
    """Where a page's evidence lies."""
    return root / "docs" / "data" / f"{slug}{SUFFIX}"


def write(root: Path, slug: str, evidence: Evidence) -> None:
    """Put the file in place in one step."""
    body = asdict(evidence)
    for kind in ("matches", "transcribed"):
        body[kind] = [{k: v for k, v in each.items() if v != ""} for each in body[kind]]
    text = json.dumps(body, ensure_ascii=False, indent=1, sort_keys=True)
    put(path_of(root, slug), text + "\n")


def read(root: Path, slug: str) -> Evidence | None:
    """The evidence as it was written; None if there is none or it is damaged. Its key may be old.

    Only the key and a fresh run say whether it is true.
    """
    try:
        body = json.loads(path_of(root, slug).read_text(encoding="utf-8"))
        for kind in ("matches", "transcribed"):
            body[kind] = tuple(_parity(each) for each in body[kind])
        texts = {kind: tuple(map(str, body[kind])) for kind in ("laws", "worked")}
        return Evidence(**{**body, **texts})
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _parity(body: dict[str, Any]) -> Parity:
    return Parity(**{**body, "shapes": tuple(map(str, body["shapes"]))})


def strays(root: Path, slugs: Iterable[str]) -> list[str]:
    """Paths of evidence files that belong to no page."""
    known = set(slugs)
    found = sorted((root / "docs" / "data").glob(f"*{SUFFIX}"))
    return [f.relative_to(root).as_posix() for f in found if f.name[: -len(SUFFIX)] not in known]
