"""Evidence: what a whole run of a page's test file proved, in `docs/data/<slug>.evidence.json`.

`plugin` gathers it in the project's own test runs (`--evidence=write` or `check`), `records` is
the file, `key` says for which code it holds, `compare` what a file claims beyond a fresh run.
`python -m scripts.evidence [SLUG or docs/….md …]` writes it. Nothing here imports torch.
"""
