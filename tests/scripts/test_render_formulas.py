from render_site import PATH, checkout, html, line_of, rendered


def test_formulas_are_typeset_with_mathml_and_without_a_script():
    page = html("Let $x_1 < y$.\n\n$$\n\\sum_{t \\le s} a_t & b\n$$\n".replace(" & b", ""))
    assert page.count('<span class="katex">') == 2 and page.count("<math ") == 2
    assert 'class="katex-display"' in page
    assert "<script" not in page and "$" not in page


def test_code_prices_and_tables_stay_what_they_are():
    page = html("`$x$` costs \\$5 and \\$6\n\n| a | b |\n|---|---|\n| $h$ | 2 |\n")
    assert "<code>$x$</code> costs $5 and $6" in page
    assert page.count('<span class="katex">') == 1 and "<td>" in page


def test_short_formulas_stay_on_their_line():
    assert 'class="arithmatex nx-short"' in html("$x$")
    assert "nx-short" not in html("$a + b + c + d + e + f + g + h + i + j + k$")


def test_a_wrong_formula_is_named_with_its_line(tmp_path):
    root = checkout(tmp_path, "good $x$, bad $\\foo{x}$\n\n$$\na = b \\\\\n\\frac{1}\n$$\n")
    found = rendered(root).problems
    assert {p.path for p in found} == {PATH}
    lines = {p.line: p.what for p in found}
    assert "Undefined control sequence: \\foo" in lines[line_of(root, "good $x$")]
    assert len(lines) == 2 and max(lines) >= line_of(root, "a = b")


def test_a_wrong_formula_is_shown_as_it_was_written():
    assert '<code class="nx-tex-error">\\foo &lt; 1</code>' in html("$\\foo < 1$")


def test_a_heading_holds_no_formula(tmp_path):
    root = checkout(tmp_path, "### Cost of $n^2$\n")
    (problem,) = rendered(root).problems
    assert (problem.line, problem.what) == (
        line_of(root, "### Cost"),
        "a formula stands in a heading",
    )
