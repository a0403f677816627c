"""`python -m scripts.mutants SLUG [--seconds 600]`, or `--check` for what is on record."""

import argparse
import os
import sys
from pathlib import Path

from scripts.mutants import records
from scripts.mutants.checkout import Lost
from scripts.mutants.runner import Run, run


def main() -> int:
    """Exit status 0 only if enough mutants are caught and every survivor is explained."""
    parser = argparse.ArgumentParser(prog="python -m scripts.mutants", description=__doc__)
    parser.add_argument("slug", nargs="?", help="the module's name, as in nexus/…/SLUG.py")
    parser.add_argument("--seconds", type=float, default=600, help="try no further mutant then")
    parser.add_argument("--check", action="store_true", help="only read the records of all pages")
    args = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    root = Path.cwd()
    if args.check:
        problems = [*records.missing(root), *records.stale(root)]
        print("\n".join(problems) or "Every page's mutants are on record, caught or explained.")
        return 1 if problems else 0
    if not args.slug:
        parser.error("which module? make mutants SLUG=grouped_query_attention")
    return tried(root, args.slug, args.seconds)


def tried(root: Path, slug: str, seconds: float) -> int:
    """Run one module's mutants, write the record, print the table."""
    subject = records.subject(root, slug)
    if subject is None:
        print(f"nexus/…/{slug}.py or tests/…/test_{slug}.py is missing, or there are two")
        return 2
    keyed = records.key(root, subject)
    try:
        result = run(root, subject, seconds, say)
    except Lost as lost:
        print(f"\n{subject.module}: {lost}\nNothing is written.")
        return 2
    if records.key(root, subject) != keyed:
        print("\nThe module or its test changed meanwhile. Nothing is written.")
        return 2
    record = records.record(root, subject, result, keyed)
    records.write(records.place(root, subject), record)
    print(table(record, result))
    return 1 if record.wrong() else 0


def say(text: str) -> None:
    """A line of progress, over the last one in a terminal."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    elif " of " not in text or int(text.split()[0]) % 100 == 0:
        print(text, file=sys.stderr, flush=True)


def table(record: records.Record, result: Run) -> str:
    """The survivors, each with its change, and the count."""
    lines = []
    for s in record.survivors:
        lines += [f"{record.module}:{s.line}  {s.operator}"]
        lines += [f"  - {line}" for line in s.before.split("\n")]
        lines += [f"  + {line}" for line in s.after.split("\n")]
        lines += [f"  {s.why or 'no `why` yet: catch it, or explain it in the record'}"]
    share = 100 * record.caught / max(1, record.sampled)
    lines += [
        f"{record.module}: caught {record.caught} of {record.sampled} ({share:.1f} %), "
        f"{record.timeouts} of them by timeout, in {result.seconds:.0f} s "
        f"({result.baseline:.1f} s without a mutant)"
    ]
    if record.sampled < record.mutants:
        lines += [f"{record.sampled} of {record.mutants} mutants were tried: SECONDS=… for more"]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
