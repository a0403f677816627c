"""Seed 0 once more: where it comes out as on record, changed shared code has changed nothing."""

from datetime import date
from pathlib import Path
from typing import Any

from scripts.catalog import Document
from scripts.measure import states
from scripts.measure.files import pack, stored, write
from scripts.measure.fingerprint import experiments, fingerprint
from scripts.measure.provenance import commit
from scripts.measure.run import compute

ROUNDING = 1e-6
"""Relative difference that arrays of floats may have."""


def smoke(root: Path, page: Document, workers: int) -> bool:
    """Make the page's stale results current, if seed 0 of all its experiments says so.

    Raises:
        Failed: seed 0 of an experiment did not come through.
    """
    before = states.standing(root, page)
    for each in before:
        if not each.holds:
            where = f"{page.path}:{each.line}: {each.name} {each.why}"
            print(f"{where}; seed 0 cannot confirm that: {states.command(page)}")
    if any(each.device.startswith("GPU") for each in before):
        print(f"{page.path}: was measured on a GPU; that is not compared")
        return True
    if not all(each.holds for each in before):
        return False
    found, stamp = experiments(page), {"date": date.today().isoformat()}
    prints = {each.name: fingerprint(root, page, each) for each in found}
    stamp["commit"] = commit(root, page)
    outcomes = compute(root, page, found, workers, only=1)
    record, arrays = states.read(root, page), stored(root, page)
    for each in before:
        was = record["experiments"][each.name]["results"][0]
        now, new = pack(each.name, 0, outcomes[each.name][0].result)
        if what := difference(was, now, arrays, new):
            print(f"{page.path}:{each.line}: {each.name}, seed 0{what}; {states.command(page)}")
            return False
    stale = [each.name for each in before if each.state == "stale"]
    for name in stale:
        record["experiments"][name] |= {"fingerprint": prints[name], "confirmed": stamp}
    if stale:
        write(root, page, record, arrays)
    print(f"{page.path}: seed 0 is as on record; {', '.join(stale) or 'nothing'} was stale")
    return True


def difference(was: Any, now: Any, old: dict[str, Any], new: dict[str, Any]) -> str:
    """The first place where two packed results differ, with both values; empty if none.

    `old` and `new` are the arrays that they refer to.
    """
    from nexus.experiment import ARRAY

    if type(was) is not type(now):
        return f": {_shown(was)} on record, {_shown(now)} now"
    if isinstance(was, dict) and was.keys() == now.keys() == {ARRAY}:
        return _of_arrays(old[was[ARRAY]], new[now[ARRAY]])
    if isinstance(was, dict) and was.keys() == now.keys():
        pairs = [(key, was[key], now[key]) for key in was]
    elif isinstance(was, list) and len(was) == len(now):
        pairs = [(at, one, two) for at, (one, two) in enumerate(zip(was, now, strict=True))]
    else:
        return "" if was == now else f": {_shown(was)} on record, {_shown(now)} now"
    found = ((key, difference(one, two, old, new)) for key, one, two in pairs)
    return next((f"[{key!r}]{what}" for key, what in found if what), "")


def _of_arrays(was: Any, now: Any) -> str:
    import numpy as np

    kinds = [f"{x.dtype} {x.shape}" for x in (was, now)]
    if kinds[0] != kinds[1]:
        return f": {kinds[0]} on record, {kinds[1]} now"
    if was.dtype.kind in "fc":
        same = np.isclose(now, was, rtol=ROUNDING, atol=0, equal_nan=True)
    else:
        same = now == was
    if np.all(same):
        return ""
    place = tuple(np.argwhere(~np.asarray(same))[0].tolist())
    return f"[{', '.join(map(str, place))}]: {was[place]} on record, {now[place]} now"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
