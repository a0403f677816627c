"""`python -m scripts.check docs/….md`: one page, its module, its test; what is still to mend.

`steps` reads files and asks tools, `running` runs blocks and tests (`pytests` in a process of its
own), each from the page in `subject` to what is wrong. Nothing here needs an oracle: a test that
does is counted as not run.
"""
