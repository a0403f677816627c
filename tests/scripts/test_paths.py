"""Learning paths: what is wrong in `paths.yml` is said with file and line."""

import pytest

PATH = "docs/data/paths.yml"
GOOD = """\
- slug: first
  title: First
  summary: From the one that is planned to the last.
  before: Nothing at all.
  unit: week
  weeks:
    - title: Begin
      aim: Say which of the two comes first, and why.
      steps: [base, middle]
    - title: Go on
      aim: Build the last one from the others.
      steps:
        - planned_one
        - top
"""


@pytest.fixture
def paths(checkout):
    checkout.page("base")
    checkout.page("middle", prerequisites="base")
    checkout.page("top", prerequisites="middle")
    checkout.write(PATH, GOOD)
    return checkout


def test_a_good_path_is_read(paths, problems):
    from scripts.catalog import load

    assert problems() == []
    (path,) = load(paths.root).paths
    assert path.steps == ["base", "middle", "planned_one", "top"]
    assert path.path == "docs/paths/first.md" and [w.title for w in path.weeks][1] == "Go on"


@pytest.mark.parametrize(
    "old, new, line, said",
    [
        ("- planned_one", "- planed_one", 13, "no row 'planed_one'; did you mean 'planned_one'?"),
        ("- planned_one", "- zzz", 13, "no row 'zzz'; name a slug"),
        ("- planned_one", "- base", 13, "'base' stands twice in 'first'"),
        ("[base, middle]", "[middle, base]", 9, "'middle' stands before 'base'"),
        ("[base, middle]", "[top]", 14, "the step 'top' stands twice"),
        ("        - top\n", "", 0, ""),
        ("  unit: week\n", "  unit: month\n", 5, "unit: Input should be 'week' or 'part'"),
        ("  before: Nothing at all.\n", "", 1, "before: Field required"),
        ("aim: Build the last", "goal: Build the last", 11, "weeks.1.goal: Extra inputs"),
        ("title: First", "title: First\n  title: Second", 3, "the key 'title' stands twice"),
        ("title: Begin", "title: [", 9, "broken YAML"),
        ("slug: first", "slug: First Path", 1, "slug: String should match"),
        ("[base, middle]", "[]", 9, "weeks.0.steps: List should have at least 1"),
        ("- slug: first", "- nothing\n- slug: first", 1, "Input should be a valid dictionary"),
        (GOOD, "paths: none\n", 1, "it is no list"),
        (GOOD, GOOD + GOOD, 15, "the path 'first' stands twice"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(paths, problems, old, new, line, said):
    paths.edit(PATH, old, new)
    found = problems()
    if not said:
        assert found == []
    else:
        assert any(each.startswith(f"{PATH}:{line}: ") and said in each for each in found), found


def test_a_prerequisite_far_away_counts_too(paths, problems):
    paths.edit(PATH, "[base, middle]", "[top]")
    paths.edit(PATH, "        - top\n", "        - base\n")
    (found,) = problems()
    assert found.startswith(f"{PATH}:9: 'top' stands before 'base'")


def test_a_page_may_link_to_a_path_but_not_to_one_that_there_is_not(paths, problems):
    paths.write("docs/about.md", "# About\n\n[one](paths/first.md)\n\n[two](paths/second.md)\n")
    (found,) = problems()
    assert found.startswith("docs/about.md:5: dead link to 'paths/second.md'")
