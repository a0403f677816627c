"""Compare printed output with what a page says it prints: text exactly, numbers as written."""

import re
from decimal import ROUND_HALF_EVEN, Decimal

NUMBER = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?")


def difference(expected: str, printed: str) -> str | None:
    """Where the two differ, or None. 0.33 in `expected` stands for all that round to it."""
    wanted, got = _lines(expected), _lines(printed)
    for at, (want, have) in enumerate(zip(wanted, got, strict=False), start=1):
        if not _same(want, have):
            return f"line {at} of the output is {have!r}, expected {want!r}"
    if len(wanted) != len(got):
        return f"{len(got)} lines were printed, {len(wanted)} expected"
    return None


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().split("\n")]


def _same(want: str, have: str) -> bool:
    texts = NUMBER.split(want), NUMBER.split(have)
    if [t.split() for t in texts[0]] != [t.split() for t in texts[1]]:
        return False
    return all(map(_rounds_to, NUMBER.findall(want), NUMBER.findall(have)))


def _rounds_to(want: str, have: str) -> bool:
    wanted, got = Decimal(want), Decimal(have)
    if want.lstrip("+-").isdigit():
        return got == wanted  # a whole number is exact
    digits = Decimal(1).scaleb(int(wanted.as_tuple().exponent))
    return got.quantize(digits, ROUND_HALF_EVEN) == wanted
