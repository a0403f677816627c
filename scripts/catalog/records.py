"""What a page is, once read: typed records, and nothing about how they run or look."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from scripts.catalog.front import BoardFrontMatter, FrontMatter, LearningPath, ShortFrontMatter

SECTIONS = (
    "Overview & Motivation",
    "Theoretical Background",
    "Mathematical Formulation",
    "High-Level Intuition",
    "Implementation Details",
    "Code Walkthrough",
    "Optimization Tricks",
    "Experiments & Results",
    "Common Pitfalls",
    "References",
)

PACKAGES = {
    "01_reinforcement_learning": "rl",
    "02_attention_mechanisms": "attention",
    "03_state_space_models": "state_space",
    "04_hybrid_architectures": "hybrid",
    "05_positional_encodings": "position",
    "06_architecture_components": "components",
    "07_inference_optimizations": "inference",
    "08_computer_vision": "vision",
    "09_generative_models": "generative",
    "10_nlp_llm": "language",
    "11_training_infrastructure": "training",
    "12_self_supervised_learning": "self_supervised",
    "13_multimodal_models": "multimodal",
    "14_graph_neural_networks": "graph",
    "15_world_models": "world_models",
    "16_continual_learning": "continual",
    "17_autonomous_driving": "driving",
    "18_imitation_learning": "imitation",
    "19_test_time_compute": "test_time",
}
"""Folders of `docs` that are categories, in order, and the package of `nexus` beside each."""


def module_of(folder: str, slug: str) -> str:
    """The module beside the page `docs/<folder>/<slug>.md`: `nexus.rl.value_based.dqn`."""
    category, *below = folder.split("/")
    return ".".join(["nexus", PACKAGES.get(category, category), *below, slug])


def test_of(folder: str, slug: str) -> str:
    """The file of its tests: `tests/rl/value_based/test_dqn.py`."""
    inside = "/".join(module_of(folder, slug).split(".")[1:-1])
    return f"tests/{inside}/test_{slug}.py"


@dataclass(frozen=True, order=True)
class Problem:
    """Something on a page that does not hold, and how to mend it."""

    path: str
    line: int
    what: str
    mend: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}" + (f"; {self.mend}" if self.mend else "")


@dataclass(frozen=True)
class Block:
    """A Python fence. `line` is the line of its fence in the file, counted from 1."""

    number: int
    line: int
    end: int
    code: str
    section: str
    display: str = ""
    varies: bool = False
    raises: str | None = None
    skip: str | None = None
    expected: str | None = None


@dataclass(frozen=True)
class Pull:
    """`::: nexus.….name`: documentation, or with notes the source itself."""

    line: int
    end: int
    name: str
    notes: dict[str, str] | None
    note_lines: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Link:
    """A Markdown link; `start` and `end` are columns in its line."""

    line: int
    start: int
    end: int
    text: str
    target: str


@dataclass(frozen=True)
class Formula:
    """TeX between dollars."""

    line: int
    tex: str
    display: bool


@dataclass(frozen=True)
class Heading:
    """A heading outside fences."""

    line: int
    level: int
    text: str


@dataclass(frozen=True)
class Document:
    """Any Markdown file, read: its lines and what was found on them. Empty text has line 1."""

    path: str
    text: str
    meta: dict
    body: int
    headings: tuple[Heading, ...]
    blocks: tuple[Block, ...]
    pulls: tuple[Pull, ...]
    links: tuple[Link, ...]
    formulas: tuple[Formula, ...]
    names: tuple[tuple[int, str], ...]

    @cached_property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @property
    def folder(self) -> str:
        """The folder below `docs`: `02_attention_mechanisms`, `01_…/value_based`, or ''."""
        return Path(self.path).parent.as_posix().removeprefix("docs").strip("/")

    @property
    def slug(self) -> str:
        return Path(self.path).stem

    @property
    def module(self) -> str:
        """The module beside it, if it is an algorithm's page."""
        return module_of(self.folder, self.slug)

    @property
    def test(self) -> str:
        """The file of that module's tests."""
        return test_of(self.folder, self.slug)


@dataclass(frozen=True)
class Page(Document):
    """An algorithm's page whose front matter is right."""

    front: FrontMatter

    @property
    def category(self) -> str:
        return self.folder.split("/")[0]


@dataclass(frozen=True)
class Index(Document):
    """A category's (or subfolder's) introduction."""

    front: ShortFrontMatter


@dataclass(frozen=True)
class Notebook(Document):
    """A document of `docs/notebooks` whose front matter is right: it is run like a page."""

    front: ShortFrontMatter


@dataclass(frozen=True)
class Board(Document):
    """A document of `docs/boards`: it measures methods of its categories on the same tasks."""

    front: BoardFrontMatter


@dataclass(frozen=True)
class Row:
    """An algorithm of the catalogue; the truth until its page exists."""

    slug: str
    title: str
    category: str
    folder: str
    year: int
    paper: str
    tier: int
    also_in: tuple[str, ...]
    line: int

    @property
    def path(self) -> str:
        return f"docs/{self.folder}/{self.slug}.md"


@dataclass
class Catalogue:
    """All that is under `docs`, read."""

    root: Path
    pages: dict[str, Page] = field(default_factory=dict)
    indexes: dict[str, Index] = field(default_factory=dict)
    others: dict[str, Document] = field(default_factory=dict)
    notebooks: dict[str, Notebook] = field(default_factory=dict)
    boards: dict[str, Board] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    paths: list[LearningPath] = field(default_factory=list)
    redirects: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def in_category(self, category: str) -> list[Row]:
        """Its rows and those that name it in `also_in`, finished pages first, then by tier."""
        rows = (r for r in self.rows.values() if category in (r.category, *r.also_in))
        return sorted(rows, key=lambda r: (r.slug not in self.pages, r.tier, r.year, r.title))

    @property
    def run(self) -> list[Document]:
        """All documents whose blocks are run."""
        return [*self.pages.values(), *self.notebooks.values(), *self.boards.values()]

    @property
    def measured(self) -> list["Page | Board"]:
        """All documents that may hold experiments."""
        return [*self.pages.values(), *self.boards.values()]

    def of_path(self, path: str) -> Document | None:
        """The document at a path such as `docs/02_…/x.md`."""
        known = (*self.run, *self.indexes.values(), *self.others.values())
        return next((d for d in known if d.path == path), None)
