"""The two files of a page's results: `docs/data/<slug>.json`, and `.npz` for its arrays."""

import hashlib
import io
import json
import os
from itertools import count
from pathlib import Path
from typing import Any

from scripts.catalog import Document
from scripts.measure.states import paths

LIMIT = 200_000
"""Bytes that a page's arrays may take, compressed."""


def pack(name: str, seed: int, result: dict) -> tuple[dict, dict[str, Any]]:
    """A result with references in place of its arrays, and these by name."""
    from nexus.experiment import ARRAY

    arrays, numbers = {}, count()

    def swap(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: swap(each) for key, each in value.items()}
        if isinstance(value, list):
            return [swap(each) for each in value]
        if not hasattr(value, "dtype"):
            return value
        arrays[key := f"{name}.{seed}.{next(numbers)}"] = value
        return {ARRAY: key}

    return swap(result), arrays


def npz(arrays: dict[str, Any]) -> bytes:
    """The content of the file that holds these arrays, compressed; the same for the same arrays."""
    import numpy

    buffer = io.BytesIO()
    numpy.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def stored(root: Path, page: Document) -> dict[str, Any]:
    """The arrays of a page's record, by name."""
    import numpy

    beside = paths(root, page)[1]
    if not beside.is_file():
        return {}
    with numpy.load(beside, allow_pickle=False) as file:
        return dict(file)


def too_large(arrays: dict[str, Any]) -> str | None:
    """By how much the arrays are over the limit, in words; None if they are not."""
    size = len(npz(arrays)) if arrays else 0
    if size <= LIMIT:
        return None
    over = f"{size / 1000:.1f} KB, {(size - LIMIT) / 1000:.1f} KB more than the {LIMIT // 1000} KB"
    return f"its arrays take {over} of a page; keep fewer of them, or a narrower dtype (uint8)"


def write(root: Path, page: Document, record: dict[str, Any], arrays: dict[str, Any]) -> None:
    """Put both files in place, by renaming finished ones.

    Whoever is stopped between the two leaves a pair whose digest is wrong, and which is refused.
    """
    file, beside = paths(root, page)
    content = npz(arrays) if arrays else b""
    digest = {"npz": hashlib.sha256(content).hexdigest()} if content else {}
    experiments = {"experiments": record["experiments"]}
    whole = {k: v for k, v in record.items() if k not in ("experiments", "npz")} | digest
    parts = [(beside, content)] if content else []
    parts += [(file, (json.dumps(whole | experiments) + "\n").encode())]
    _rename_into_place(parts)
    if not content:
        beside.unlink(missing_ok=True)


def _rename_into_place(parts: list[tuple[Path, bytes]]) -> None:
    """Write all of them beside where they belong, then move all of them there."""
    drafts = [(path.with_name(f"{path.name}.{os.getpid()}.part"), path) for path, _ in parts]
    try:
        for (draft, _), (path, content) in zip(drafts, parts, strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(content)
        for draft, path in drafts:
            draft.replace(path)
    finally:
        for draft, _ in drafts:
            draft.unlink(missing_ok=True)
