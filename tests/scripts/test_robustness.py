"""Whatever a file holds, the parser reads it: no exception, no lost line, no long wait."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scripts.catalog.markdown import read
from scripts.catalog.names import Names
from scripts.catalog.records import Document, Problem

PATH = "docs/02_attention_mechanisms/some_page.md"
OFTEN = settings(deadline=None, derandomize=True, max_examples=200)
REPORTED = {"not UTF-8", "byte order mark", "carriage return", "a tab"}

NASTY = """
```|```python|```python {varies}|```python {raises=ValueError} title="a.py"|```python {skip="a|
``` python|```{.python}|````|````python|~~~|~~~python|~~~~ text|    ```python|> ```|>```python
`````
```python {}|```python {varies|```python title="|```PY|```python {raises=}|` ` `|``|`` ` ``|`|
---|---  |...|# Title|## 1. Overview|##|#nothing|### #|# # # #|====|
title: a|title: [a|title: {a: b|a: &x [*x]|a: *x|a: 2024-99-99|? [a]|? {a: b}|: c|a: !!int ""|
a: !!timestamp x|<<: 3|<<: *x|a: 0b_|a: 1:99|- a|a: |  b: c|a: !!python/none|"|'|a: "\\x|%YAML 9
= : =|
a: !!float x|a: !!bool x|a: !!binary ü|a: !!omap x|a: !!set {a}|a: !a b|&a &b c|[|{|]|}|{a|!!map [

::: nexus.small|::: nexus.small.double|:::|::: |::: nexus|    notes:|    notes: {}|    notes: [a]|
    notes: {1: a}|    notes: {a: 1}|        "a": "b"|        a: b: c|        a: b|    x: y
    notes: &n {a: *n}|
    notes: *y|    - a|    ? [a]|    {a|     notes:|    notes: {a: b, a: c}|    notes: !!set {a}
    :|
<!--|-->|<!-- a -->|<!--pytest-codeblocks:expected-output-->|<!--pytest-codeblocks:skip-->
<!-- pytest.mark.x|
$|$$|$x$|$$x$$|$$ x|\\$ a $b$|$a$1|$ a$|$`a`$|$a|\\\\$|$$$$|$$$|$\\$|
[|]|[a](b)|[a](b.md#c "t")|![a](<b c>)|[a][b]|[b]: c|[b]:|[[a](b)](c)|[a](b(c)d)|[a](|](|[a]: <|)|
`nexus.small.double`|`nexus.`|`nexus.small|``nexus.a.b``|nexus.small|\\`nexus.a`|
words|print(1)|x = "|\u2028|a\u2028b|\u2029|\x0b|a\x0cb|\x85|\x1c\x1d\x1e|\x00|a\x00b|\t|\ta
\ufeff|\r|a\r|
\ufffd|\U0001f600|é|e\u0301|\u202e|\u200b|  |    |	```python|    a
"""
nasty = [part for line in NASTY.strip("\n").split("\n") for part in line.split("|")]
ends = ["\n"] * 12 + ["\n\n", "\r\n", "\r", ""]
pages = st.builds(
    lambda begin, parts: "".join([begin, *(part + end for part, end in parts)]).encode(),
    st.sampled_from(["", "", "---\n", "---\n", "\ufeff", "\ufeff---\n", "```python\n"]),
    st.lists(st.tuples(st.sampled_from(nasty), st.sampled_from(ends)), max_size=30),
)


def check(raw: bytes) -> tuple[Document, list[Problem]]:
    """Read the bytes; all that must be so whatever they are."""
    document, problems = read(PATH, raw)
    count = len(document.lines)
    for problem in problems:
        assert problem.path == PATH and problem.what
        assert 1 <= problem.line <= count, problem
    normal = raw.decode("utf-8", "replace")
    normal = normal.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    assert document.text == normal.replace("\t", "    ")
    if document.text.encode() != raw:
        assert any(what in problem.what for problem in problems for what in REPORTED)
    assert [block.number for block in document.blocks] == [*range(1, len(document.blocks) + 1)]
    last = document.body
    for block in document.blocks:
        assert last < block.line < block.end <= count
        assert block.code.endswith("\n")
        assert "\n".join(document.lines[block.line : block.end - 1]) == block.code[:-1]
        last = block.end
    assert 0 <= document.body <= count
    found = (*document.headings, *document.links, *document.formulas, *document.pulls)
    for line in (*(each.line for each in found), *(line for line, _ in document.names)):
        assert document.body < line <= count
    for pull in document.pulls:
        assert pull.line <= pull.end <= count
        assert set(pull.note_lines) == set(pull.notes or {})
        assert all(pull.line < line <= pull.end for line in pull.note_lines.values())
    for link in document.links:
        text = "\n".join(document.lines[link.line - 1 :])[link.start : link.end]
        assert link.target in text and len(text) == link.end - link.start
    return document, problems


@given(st.binary(max_size=300))
@example(b"")
@example(b"\xff\r\xfe\t")
@OFTEN
def test_any_bytes_are_read(raw):
    check(raw)


@given(st.text(max_size=200))
@OFTEN
def test_any_text_is_read(text):
    check(text.encode("utf-8", "surrogatepass"))


@given(pages)
@example(b"---\na: &x [*x]\n---\n")
@example(b"---\n? [a]\n: b\n---\n")
@example(b"::: nexus.small\n    notes: {1: a}\n")
@example(b"::: nexus.small\n    {a")
@example(b"```python\nx")
@OFTEN
def test_any_page_of_nasty_lines_is_read(raw):
    check(raw)


def test_an_empty_file_has_one_line():
    document, problems = check(b"")
    assert document.lines == [""] and not problems


@pytest.mark.parametrize(
    "between", ["\u2028", "\u2029", "\x0b", "\x0c", "\x85", "\x1c"], ids=lambda c: f"U+{ord(c):04X}"
)
def test_only_a_line_feed_ends_a_line(between):
    text = f"a{between}b\n\n```python\nx = '{between}'\n```\n\n[c](d.md)\n"
    document, problems = check(text.encode())
    (block,), (link,) = document.blocks, document.links
    assert (block.line, block.end, link.line, problems) == (3, 5, 7, [])


@pytest.mark.parametrize(
    "text",
    [
        "`" * 10_000,
        "` " * 5_000,
        "`a ``b ```c ````d " * 600,
        "\n".join("`" * n for n in range(4, 140)),
        "[" * 10_000,
        "[a" * 5_000,
        "[" * 5_000 + "]" * 5_000,
        "[[a]" * 2_500,
        "[a](" * 2_500,
        "[a](" + "(b)" * 3_300,
        "[a](" + "b" * 10_000,
        "[a](" + " " * 10_000,
        "[a](" + "\n" * 10_000 + "b",
        "[a]: " + " " * 10_000 + "b c",
        "[\n" * 5_000,
        "$" * 10_000,
        "$a " * 3_300,
        "$$a\n" * 2_500,
        "$a\\" * 3_300,
        "$" + "\\" * 10_000,
        "<!--" * 2_500,
        "<!--\n" * 2_500,
        "# a" + " " * 10_000 + "b",
        "# " + "#" * 10_000 + "b",
        "#" + " " * 10_000,
        "> " * 5_000 + "```python",
        "```python" + " {}" * 3_300 + "x",
        "```python" + " " * 10_000 + "x",
        "```\n" * 5_001,
        "```python\n" * 5_000,
        "~~~python\n```python\n" * 2_500,
        "::: nexus.small\n" + "\n" * 10_000,
        "::: nexus.small\n\n\n\n" * 2_500,
        "::: nexus.small\n    a: [" + "[" * 3_000,
        "::: nexus.small\n    notes: " + "{a: " * 3_000,
        "---\na: " + "[" * 3_000 + "\n---\n",
        "---\n" + "- " * 5_000 + "\n---\n",
        "---\na0: &a0 [b]\n"
        + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
        + "---\n",
        "---\n" * 10_000,
        "<!--pytest-codeblocks:expected-output-->\n" * 5_000,
        "x" * 1_000_000,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_no_text_takes_long(text):
    begin = time.process_time()
    check(text.encode())
    assert time.process_time() - begin < 1


def test_ten_thousand_lines_take_less_than_a_second():
    part = (
        "## 1. Overview & Motivation\n\n"
        "Words with `nexus.small.double`, $x_1$ and [a link](b.md#c).\n\n"
        "$$\nx = \\sum_i y_i\n$$\n\n```python\nprint(1)\n```\n\n"
        "::: nexus.small.double\n    notes:\n        return: it ends\n\n"
    )
    text = part * (10_000 // part.count("\n") + 1)
    begin = time.process_time()
    document, problems = read(PATH, text.encode())
    assert time.process_time() - begin < 1
    assert len(document.lines) > 10_000 and not problems
    assert len(document.blocks) == len(document.formulas) / 2 == len(document.links)


@pytest.mark.parametrize(
    "code",
    [
        "\x00",
        "x = '\x00'",
        "(" * 300 + ")" * 300,
        "-" * 100_000 + "1",
        "+".join(["a"] * 20_000),
        "a" + ".b" * 5_000,
        "'\\d'",
        "1if 1else 2",
        "\x0cx = 1",
        "\u2028",
        "return",
        "nonlocal x",
    ],
    ids=lambda code: repr(code[:8]),
)
def test_no_code_breaks_the_check_of_names(checkout, code, recwarn):
    document, _ = check(f"```python\n{code}\n```\n".encode())
    names = Names(checkout.root)
    for line, what in names.unknown_in(document.blocks[0]):
        assert 1 <= line <= len(document.lines) and what
    assert not recwarn.list
