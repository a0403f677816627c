"""`python -m scripts.check docs/….md`: one page, its module, its test; what is still to mend.

`steps` are the checks, each from a page to what is wrong; `pytests` runs the two test files in a
process of their own. Nothing here needs an oracle: a test that does is counted as not run.
"""
