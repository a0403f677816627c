"""Every way a page can be wrong is one line with its file and line number."""

import pytest

from scripts.catalog import load
from scripts.catalog.imports import imported
from scripts.catalog.markdown import read

FENCE = "```python"


def test_a_right_page_has_no_problem(checkout, problems):
    checkout.page("first_one", prerequisites="planned_one")
    assert problems() == []


def test_blocks_carry_code_line_section_and_options(checkout):
    body = """
```python {varies} title="clock.py" hl_lines="2"
from nexus.small import double
print(double(1.0))
```

<!--pytest-codeblocks:expected-output-->
```text
2.0
```

```python {raises=ValueError}
float("x")
```

```python {skip="needs a GPU"}
1 / 0
```

```bash
rm -rf nothing
```
"""
    path = checkout.page("first_one", body)
    page = load(checkout.root).pages["first_one"]
    varies, raises, skipped = page.blocks
    assert varies.code == "from nexus.small import double\nprint(double(1.0))\n"
    assert varies.line == checkout.line_of(path, "{varies}")
    assert page.lines[varies.line] == "from nexus.small import double"
    assert varies.varies and varies.display == 'title="clock.py" hl_lines="2"'
    assert varies.expected == "2.0\n"
    assert raises.raises == "ValueError" and not raises.varies
    assert skipped.skip == "needs a GPU"
    assert {b.section for b in page.blocks} == {"1. Overview & Motivation"}


@pytest.mark.parametrize(
    "fence",
    [
        "```py",
        "``` python",
        "```Python",
        "```python3",
        "~~~python",
        "````python",
        "```{.python}",
        "```pycon",
        "```python title=clock.py",
        "```python {vary}",
        "```python {varies=yes}",
        "```python {raises}",
        '```python {title="x"}',
        "    ```python",
        "> ```python",
    ],
)
def test_a_python_fence_spelled_otherwise_is_refused(checkout, problems, fence):
    closing = fence.split("`")[0] if "`" in fence else ""
    ticks = "".join(c for c in fence if c in "`~")
    path = checkout.page("first_one", f"\n{fence}\n{closing}print(1)\n{closing}{ticks}\n")
    (problem,) = problems()
    assert problem.startswith(f"{path}:{checkout.line_of(path, fence)}: ")
    assert "Python fence" in problem


FAULTS = {
    "dead link": ("[there](nowhere.md)", "dead link to 'nowhere.md'"),
    "dead anchor": ("[there](#10-nothing)", "has the anchor #10-nothing"),
    "dead name in prose": ("Use `nexus.small.triple`.", "nexus.small has no 'triple'"),
    "dead name in code": (
        f"\n{FENCE}\nfrom nexus.small import triple\n```\n",
        "nexus.small has no 'triple'",
    ),
    "dead module": (f"\n{FENCE}\nimport nexus.large\n```\n", "nexus has no 'large'"),
    "dead directive": ("\n::: nexus.small.triple\n", "nexus.small has no 'triple'"),
    "note without text": (
        '\n::: nexus.small.double\n    notes:\n      "no such text": it is nowhere\n',
        "'no such text' is found 0 times",
    ),
    "ambiguous note": (
        '\n::: nexus.small.double\n    notes:\n      "x": which one?\n',
        "times in nexus.small.double",
    ),
    "note option": (
        "\n::: nexus.small.double\n    show_source: true\n",
        "takes no option but notes",
    ),
    "block that does not parse": (f"\n{FENCE}\nfor x in:\n```\n", "does not parse"),
    "open fence": (f"\n{FENCE}\nprint(1)\n", "never closed"),
    "steering comment": ("\n<!--pytest-codeblocks:skipfile-->\n", "steers pytest-codeblocks"),
    "mark comment": ("\n<!--pytest.mark.skip-->\n", "steers pytest-codeblocks"),
    "expected output of nothing": (
        "\n<!--pytest-codeblocks:expected-output-->\n```\n1\n```\n",
        "belongs to no block",
    ),
    "script": ("<script>alert(1)</script>", "the HTML tag <script>"),
    "image": ('<img src="https://elsewhere.org/x.png">', "the HTML tag <img>"),
    "handler": ('<div onclick="x()">', "the attribute 'onclick' of <div>"),
    "style": ("<span style='position: fixed'>", "the attribute 'style' of <span>"),
    "handler in an attribute list": ('Text\n{: onclick="x()" }', "the attribute 'onclick'"),
    "script link": ("[x](javascript:alert(1))", "a link with javascript:"),
    "hidden script link": ("[x](JaVa%73cript:alert)", "a link with javascript:"),
    "entity script link": ("[x](&#106;avascript:alert)", "a link with javascript:"),
    "data link": ("[x](data:text/html;base64,AAAA)", "a link with data:"),
    "script autolink": ("<javascript:alert(1)>", "a link with javascript:"),
    "defined script link": ("[x]: javascript:alert(1)", "a link with javascript:"),
    "unknown section": ("\n## 1b. Extra\n", "no section is called '1b. Extra'"),
    "doubled section": ("\n## 1. Overview & Motivation\n", "stands twice"),
    "second title": ("\n# Another\n", "a second title"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_line_with_its_place(checkout, problems, fault):
    text, expected = FAULTS[fault]
    path = checkout.page("first_one", f"\nBefore.\n{text}\n")
    found = [p for p in problems() if expected in p]
    assert len(found) == 1, problems()
    place, _, _ = found[0].partition(": ")
    line = int(place.removeprefix(f"{path}:"))
    lines = (checkout.root / path).read_text().split("\n")
    first = text.strip("\n").split("\n")[0]
    start = max(at for at, each in enumerate(lines, start=1) if each == first)
    assert start <= line <= start + text.strip("\n").count("\n") + 1


@pytest.mark.parametrize(
    "old, new, expected",
    [
        ("year: 2017", "year: soon", "year: Input should be a valid integer"),
        ("year: 2017", "yaer: 2017", "unknown key 'yaer'; did you mean 'year'?"),
        ("summary: It", "sumary: It", "lacks 'summary'"),
        ("summary: It", "aliases: [B]\nsummary: It", "the key 'aliases' stands twice"),
        ('  arxiv: "1706.03762"', "  arxiv: 1706", "paper.arxiv"),
        ('  arxiv: "1706.03762"', "  venue: X", "needs one of arxiv, doi, url"),
        ("year: 2017", "year: 2018", "year is 2018 here and 2017 in the catalogue"),
        ("double]", "triple]", "nexus.small has no 'triple'"),
        ("prerequisites: []", "prerequisites: [nothing]", "no row 'nothing'"),
        ("title: First One", "title: [", "broken YAML"),
        ("# First One", "# Other", "the title is not 'First One'"),
        ("# First One\n", "\n", "there is no title"),
        ("## 4. High-Level Intuition\n", "\n", "'4. High-Level Intuition' is missing"),
        ("## 10. References\n", "\n", "'10. References' is missing"),
        ("## 4. High", "## 11. High", "did you mean '4. High-Level Intuition'"),
    ],
)
def test_wrong_front_matter_and_sections(checkout, problems, old, new, expected):
    path = checkout.page("first_one")
    checkout.edit(path, old, new)
    found = [p for p in problems() if expected in p]
    assert len(found) == 1, problems()
    assert found[0].startswith(f"{path}:") and found[0].split(":")[1].isdigit()


def test_the_line_of_a_wrong_key_is_its_own(checkout, problems):
    path = checkout.page("first_one")
    checkout.edit(path, "year: 2017", "year: soon")
    (problem,) = problems()
    assert problem.startswith(f"{path}:{checkout.line_of(path, 'year: soon')}: ")


def test_swapped_sections_are_named(checkout, problems):
    path = checkout.page("first_one")
    checkout.edit(path, "## 4. High-Level Intuition", "## X")
    checkout.edit(path, "## 5. Implementation Details", "## 4. High-Level Intuition")
    checkout.edit(path, "## X", "## 5. Implementation Details")
    assert any("out of order" in p for p in problems())


@pytest.mark.parametrize(
    "raw, expected",
    [
        (b"", "there is no front matter"),
        (b"\xef\xbb\xbf---\n", "byte order mark"),
        (b"---\r\ntitle: x\r\n", "carriage return"),
        (b"# Title \xff\n", "is not UTF-8"),
        (b"# Title\n\tx\n", "a tab"),
        (b"---\ntitle: x\n", "never closed"),
    ],
)
def test_bytes_that_are_no_page(checkout, problems, raw, expected):
    checkout.row("first_one", "First One")
    checkout.write("docs/02_attention_mechanisms/first_one.md", raw)
    assert any(expected in p for p in problems()), problems()


def test_a_page_has_its_module_and_its_test_and_shows_all_of_the_module(checkout, problems):
    path = checkout.page("first_one")
    text = "class Shown: ...\n\n\ndef double(): ...\n\n\ndef hidden(): ...\n\n\ndef _own(): ...\n"
    checkout.write("nexus/attention/first_one.py", text)
    checkout.edit(path, "Words about References.", "And `Shown`.")
    (checkout.root / "tests/attention/test_first_one.py").unlink()
    line = checkout.line_of(path, "implements:")
    found = [p.split(";")[0] for p in problems()]
    assert found == [
        f"{path}:{line}: hidden of nexus/attention/first_one.py is not shown on this page",
        f"{path}:{line}: there is no tests/attention/test_first_one.py",
    ]
    (checkout.root / "nexus/attention/first_one.py").unlink()
    assert f"{path}:{line}: there is no nexus/attention/first_one.py" in "\n".join(problems())


@pytest.mark.parametrize("path", ["docs/index.md", "docs/02_attention_mechanisms/index.md"])
def test_python_that_nobody_runs_is_refused(checkout, problems, path):
    front = "---\ntitle: Words\nsummary: More than twenty characters of them.\n---\n# Words\n"
    checkout.write(path, f"{front}\n```python\nprint(1)\n```\n")
    assert [p for p in problems() if "nothing runs" in p][0].startswith(f"{path}:7: ")


def test_a_slug_that_stands_twice_is_refused(checkout, problems):
    path = checkout.page("first_one")
    other = "docs/05_positional_encodings/first_one.md"
    checkout.write(other, (checkout.root / path).read_text())
    assert (
        f"{other}:1: the slug 'first_one' is taken by {path}; rename one of the files" in problems()
    )


def test_a_circle_of_prerequisites_is_named(checkout, problems):
    checkout.page("first_one", prerequisites="second_one")
    checkout.page("second_one", prerequisites="first_one")
    assert sum("in a circle: first_one → second_one → first_one" in p for p in problems()) == 1


def test_all_problems_of_all_pages_come_in_one_run(checkout, problems):
    checkout.page("first_one", "\n[x](nowhere.md)\n")
    checkout.page("second_one", "\n[y](nowhere.md)\n\n```py\n```\n")
    assert len(problems()) == 3


def test_a_link_to_a_planned_page_is_alive(checkout, problems):
    checkout.page("first_one", "\n[planned](planned_one.md) and [self](#10-references)\n")
    assert problems() == []


def test_what_is_no_html_passes(checkout, problems):
    body = (
        "\nIf a < b and c > d, $x <y> z$, `<script>`, <https://arxiv.org>, <br>, H<sub>2</sub>O.\n"
    )
    checkout.page("first_one", body + "\n<details markdown><summary>More</summary>x</details>\n")
    assert problems() == []


def test_no_link_formula_or_name_is_read_in_code():
    text = "`[a](b.md) $x$`\n\n```text\n[c](d.md) `nexus.nothing`\n$$y$$\n```\nIt costs $5 or $6.\n"
    document, problems = read("docs/x.md", text.encode())
    assert (document.links, document.formulas, document.names, problems) == ((), (), (), [])


def test_formulas_have_their_lines():
    text = "A $x_1$ and $y$.\n\n$$\n\\frac{a}{b}\n$$\n"
    document, _ = read("docs/x.md", text.encode())
    found = {(f.line, f.tex, f.display) for f in document.formulas}
    assert found == {(1, "x_1", False), (1, "y", False), (3, "\\frac{a}{b}", True)}


def test_the_command_prints_the_problems_and_fails(checkout):
    path = checkout.page("first_one", "\n[x](nowhere.md)\n")
    done = checkout.run("scripts.catalog")
    assert done.returncode == 1
    assert done.stdout.startswith(f"{path}:{checkout.line_of(path, 'nowhere')}: dead link")


def test_imports_are_found_wherever_a_statement_may_stand():
    code = """
def f():
    from nexus.b import c
    class K:
        async def g(self):
            with x:
                for i in y:
                    import nexus.e
                else:
                    import nexus.f
            while 1:
                pass
            else:
                import nexus.g
try:
    import nexus.h
except* E:
    import nexus.i
else:
    import nexus.j
finally:
    import nexus.k
match x:
    case 1:
        import nexus.l, torch
if a: import nexus.m
elif b: import nexus.n
else: import nexus.o
async def q():
    async with p: import nexus.p
    async for i in j: import nexus.q
z = lambda: 0
"""
    expected = {"nexus.b.c", *(f"nexus.{letter}" for letter in "efghijklmnopq")}
    assert {name for _, name in imported(code)} == expected
