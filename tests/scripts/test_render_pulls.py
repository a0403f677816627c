import pytest
from render_site import MODULE, PATH, checkout, html, line_of, rendered


def pull(*notes: str) -> str:
    return "::: nexus.alpha.double\n    notes:\n" + "".join(f"      {note}\n" for note in notes)


def test_without_notes_it_is_left_to_mkdocstrings(tmp_path):
    body = rendered(checkout(tmp_path, "::: nexus.alpha.double\n")).body
    assert "\n::: nexus.alpha.double\n    options:\n      heading_level: 3\n" in body


def test_on_other_pages_its_headings_come_right_below_the_title(tmp_path):
    root = checkout(tmp_path, **{"docs/api/alpha.md": "# nexus.alpha\n\n::: nexus.alpha\n"})
    assert "heading_level: 2\n" in rendered(root, path="docs/api/alpha.md").body


def test_notes_stand_at_the_ends_of_their_lines_and_below(tmp_path):
    notes = ('"def double": takes `x`, costs $1', '"return y": "the  end"')
    found = rendered(checkout(tmp_path, pull(*notes)))
    assert '```python title="nexus/alpha.py"\ndef double(x: int) -> int:  # (1)!\n' in found.body
    assert "    return y  # (2)!\n```\n\n1.  takes `x`, costs \\$1\n2.  the end\n" in found.body
    assert "takes <code>x</code>, costs $1" in html(found.body)
    assert not found.problems


def test_a_note_keeps_the_comment_of_its_line(tmp_path):
    found = rendered(checkout(tmp_path, pull('"x  # equation": why')))
    assert "x  # equation (7) (1)\n" in found.body and not found.problems


def test_two_notes_share_a_line(tmp_path):
    found = rendered(checkout(tmp_path, pull('"return": a', '" y\\n": b', '"return y": c')))
    assert "    return y  # (1) (2)\n" in found.body


def test_methods_are_pulled_without_their_indentation(tmp_path):
    module = "class A:\n    @staticmethod\n    def f():\n        return 1\n"
    text = "::: nexus.alpha.A.f\n    notes:\n      return: one\n"
    front_fits = {"nexus/alpha.py": MODULE + module}
    body = rendered(checkout(tmp_path, text, **front_fits)).body
    assert "\n@staticmethod\ndef f():\n    return 1  # (1)!\n" in body


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Twice x", "inside a string"),
        ("The text", "inside a string"),
        ("x + \\\\", "inside a continued line"),
    ],
)
def test_a_note_where_no_comment_can_stand_is_refused(tmp_path, text, why):
    note = f'"{text}": wrong'
    root = checkout(tmp_path, pull('"return y": the end', note))
    (problem,) = rendered(root).problems
    assert (problem.path, problem.line) == (PATH, line_of(root, note))
    assert why in problem.what


def test_a_comment_that_looks_like_a_note_is_refused(tmp_path):
    module = MODULE.replace("equation (7)", "equation (1)")
    root = checkout(tmp_path, pull('"return y": the end'), **{"nexus/alpha.py": module})
    (problem,) = rendered(root).problems
    assert problem.line == line_of(root, ":::")
    assert "'# equation (1)' in nexus/alpha.py would be taken for a note" in problem.what
