"""What a run of a page left behind: `build/records/<folder>/<slug>.json`, one file a page."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from scripts.catalog.records import Document


@dataclass(frozen=True)
class Figure:
    """A picture a block drew: inline SVG, or base64 WebP where that would be too large."""

    caption: str
    svg: str | None = None
    webp: str | None = None
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class BlockRecord:
    """What one block printed, drew and warned of; `error` says why it failed, with its line."""

    number: int
    line: int
    outcome: str  # passed, failed, skipped
    seconds: float = 0.0
    stdout: str = ""
    warnings: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    raised: str | None = None
    error: str | None = None


@dataclass(frozen=True)
class Record:
    """One page, run. Valid for as long as `key` is the page's key."""

    page: str
    key: str
    date: str
    seconds: float
    cpu_seconds: float
    versions: dict[str, str]
    platform: str
    blocks: tuple[BlockRecord, ...] = ()
    leaks: tuple[str, ...] = ()
    data: dict[str, str] = field(default_factory=dict)  # files read, and their digests

    @property
    def passed(self) -> bool:
        """No block failed (a skipped one is shown as not run) and nothing was left changed."""
        return not self.leaks and all(b.outcome != "failed" for b in self.blocks)

    def count(self, outcome: str) -> int:
        return sum(b.outcome == outcome for b in self.blocks)


def path_of(root: Path, page: Document) -> Path:
    """Where a page's record lies."""
    return root / "build" / "records" / page.folder / f"{page.slug}.json"


def write(root: Path, page: Document, record: Record) -> None:
    """Put the record in place in one step, so that nobody ever reads half of it."""
    body = asdict(record)
    whole = json.dumps({**body, "checksum": _checksum(body)}, ensure_ascii=False, indent=1)
    put(path_of(root, page), whole)


def put(path: Path, text: str) -> None:
    """Write a file by renaming a finished one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def read(root: Path, page: Document) -> Record | None:
    """The record as it was written; None if there is none or it is damaged. Its key may be old."""
    try:
        body = json.loads(path_of(root, page).read_text(encoding="utf-8"))
        if body.pop("checksum") != _checksum(body):
            return None
        blocks = tuple(_block(b) for b in body.pop("blocks"))
        return Record(**{**body, "leaks": tuple(body["leaks"])}, blocks=blocks)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _block(body: dict) -> BlockRecord:
    figures = tuple(Figure(**f) for f in body.pop("figures"))
    return BlockRecord(**{**body, "warnings": tuple(body["warnings"]), "figures": figures})


def _checksum(body: dict) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
