"""What rendering passes around: the site that was read, and a page in Markdown."""

from dataclasses import dataclass, field

from scripts.catalog.names import Names
from scripts.catalog.records import Catalogue, Problem
from scripts.render.proofs import Proof
from scripts.verify.records import Record

BRANCH = "main"


@dataclass(frozen=True)
class Site:
    """All that pages are rendered from. `records` holds none whose key is old.

    `url` is the address of the site, with its last slash; empty if it is not known.
    """

    catalogue: Catalogue
    names: Names
    records: dict[str, Record] = field(default_factory=dict)
    repo: str = ""
    proofs: dict[str, Proof] = field(default_factory=dict)
    url: str = ""

    def verified(self, slug: str) -> Record | None:
        """The page's record if all of its blocks ran as it stands now."""
        record = self.records.get(slug)
        return record if record and record.passed else None

    def source_url(self, path: str) -> str:
        """Where a file of the checkout is seen; empty if no repository is configured."""
        return f"{self.repo.rstrip('/')}/blob/{BRANCH}/{path}" if self.repo else ""


@dataclass(frozen=True)
class Rendered:
    """A page of the site: where it stands, its front matter, its Markdown, what is wrong."""

    path: str
    meta: dict
    body: str
    problems: tuple[Problem, ...] = ()
