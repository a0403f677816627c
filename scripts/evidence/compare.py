"""What a committed evidence file claims that a fresh run of the test file does not bear out."""

from collections.abc import Iterator
from dataclasses import replace

from scripts.evidence.records import Evidence, Parity

SLACK = 100.0
"""A claimed error may be this much smaller than the recomputed one: machines round differently."""

EPSILON = {"float64": 2.3e-16, "float32": 1.2e-7, "float16": 9.8e-4, "bfloat16": 7.9e-3}
EPSILON |= {"complex128": EPSILON["float64"], "complex64": EPSILON["float32"]}


def differences(claimed: Evidence, found: Evidence) -> Iterator[str]:
    """Every way in which the claim differs from what was found, in words."""
    if claimed.key != found.key:
        yield f"it is of {claimed.date}, and the test, its code or a pinned version changed since"
        return
    for what in ("page", "test", "tests"):
        if (said := getattr(claimed, what)) != (is_ := getattr(found, what)):
            yield f"it says {what} {said!r}; here it is {is_!r}"
    for what in ("laws", "worked"):
        said, is_ = getattr(claimed, what), getattr(found, what)
        if said != is_:
            odd = sorted(set(said) ^ set(is_)) or ["the order"]
            yield f"its {what} are not those of the test file: {'; '.join(odd)}"
    for kind in ("matches", "transcribed"):
        yield from _parities(getattr(claimed, kind), getattr(found, kind))


def _parities(claimed: tuple[Parity, ...], found: tuple[Parity, ...]) -> Iterator[str]:
    said, is_ = ({(p.test, p.oracle, p.dtype): p for p in each} for each in (claimed, found))
    for test, oracle, dtype in sorted(said.keys() ^ is_.keys()):
        where = "does not name" if (test, oracle, dtype) in is_ else "claims"
        yield f"it {where} {oracle} in {dtype} for {test}"
    for at in said.keys() & is_.keys():
        if replace(said[at], relative_error=0.0) != replace(is_[at], relative_error=0.0):
            yield f"it says {_about(said[at])} of {at[0]}; here it is {_about(is_[at])}"
        allowed = SLACK * max(said[at].relative_error, EPSILON.get(at[2], 0.0))
        if is_[at].relative_error > allowed:
            errors = f"{said[at].relative_error:g} for {at[0]}; here it is"
            yield f"it claims a relative error of {errors} {is_[at].relative_error:g}"


def _about(parity: Parity) -> str:
    gradients = "with" if parity.gradients else "without"
    words = (parity.distribution, parity.version, parity.text, f"{parity.cases} cases")
    return " ".join(filter(None, (*words, f"{gradients} gradients", "at", *parity.shapes)))
