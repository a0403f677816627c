"""The front matter of pages, as pydantic checks it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Paper(_Strict):
    """The paper a page stands on."""

    title: str = Field(min_length=3)
    authors: list[str] = Field(min_length=1)
    arxiv: str | None = Field(None, pattern=r"^(\d{4}\.\d{4,5}|[a-z-]+(\.[A-Z]{2})?/\d{7})$")
    doi: str | None = Field(None, pattern=r"^10\.\d{4,9}/\S+$")
    url: str | None = Field(None, pattern=r"^https://\S+$")
    venue: str | None = None

    @model_validator(mode="after")
    def _findable(self) -> "Paper":
        if not (self.arxiv or self.doi or self.url):
            raise ValueError("a paper needs one of arxiv, doi, url")
        return self

    @property
    def key(self) -> str:
        """As the catalogue's column `paper` writes it."""
        if self.arxiv:
            return f"arXiv:{self.arxiv}"
        return f"doi:{self.doi}" if self.doi else str(self.url)

    @property
    def link(self) -> str:
        return paper_link(self.key)


def paper_link(key: str) -> str:
    """The address of `arXiv:…`, `doi:…` or a URL."""
    if key.startswith("arXiv:"):
        return f"https://arxiv.org/abs/{key.removeprefix('arXiv:')}"
    return f"https://doi.org/{key.removeprefix('doi:')}" if key.startswith("doi:") else key


class Complexity(_Strict):
    """Growth in time and memory, as plain Unicode."""

    time: str
    memory: str


class FrontMatter(_Strict):
    """The only place where an algorithm's metadata lives."""

    title: str = Field(min_length=2)
    aliases: list[str] = []
    year: int = Field(ge=1900, le=2100)
    paper: Paper
    implements: list[str] = Field(min_length=1)
    prerequisites: list[str] = []
    complexity: Complexity
    summary: str = Field(min_length=20, max_length=200)
    tags: list[str] = []
    also_in: list[str] = []


class ShortFrontMatter(_Strict):
    """Metadata of a category's introduction, or of a notebook."""

    title: str
    summary: str = Field(min_length=20, max_length=200)


class BoardFrontMatter(ShortFrontMatter):
    """Metadata of a leaderboard; `categories` are those whose introductions show it."""

    categories: list[str] = Field(min_length=1)


class Week(_Strict):
    """A stretch of a learning path; `aim` is what a reader can do after it."""

    title: str = Field(min_length=2)
    aim: str = Field(min_length=20, max_length=200)
    steps: list[str] = Field(min_length=1)


class LearningPath(_Strict):
    """Pages in the order to read them; `before` is what a reader should know already."""

    slug: str = Field(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$")
    title: str = Field(min_length=2)
    summary: str = Field(min_length=20, max_length=200)
    before: str = Field(min_length=5, max_length=200)
    unit: Literal["week", "part"]
    weeks: list[Week] = Field(min_length=1)

    @property
    def path(self) -> str:
        """Where its page stands below the checkout; no file is there, it is generated."""
        return f"docs/paths/{self.slug}.md"

    @property
    def steps(self) -> list[str]:
        """The slugs of all weeks in order."""
        return [step for week in self.weeks for step in week.steps]
