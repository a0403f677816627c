"""`::: nexus.….name`, with or without notes tied to the text of the code."""

import yaml

from scripts.catalog.fences import Report
from scripts.catalog.records import Pull
from scripts.catalog.yamls import doubled


def pull(lines: list[str], at: int, report: Report) -> tuple[Pull, int]:
    """The directive at a line with its options, and the index of its last line."""
    name = lines[at][4:].strip()
    end = at
    while end + 1 < len(lines) and (
        lines[end + 1].startswith("    ") or (not lines[end + 1].strip() and _more(lines, end + 1))
    ):
        end += 1
    source = "\n".join(lines[at + 1 : end + 1])
    notes, where = None, {}
    try:
        options = yaml.safe_load(source) or {}
        if not isinstance(options, dict) or set(options) - {"notes"}:
            report(at + 2, f"::: {name} takes no option but notes", "remove the others")
        elif "notes" in options:
            notes = options["notes"]
            if not isinstance(notes, dict) or not all(isinstance(v, str) for v in notes.values()):
                report(at + 2, "notes is a mapping from code to a note", 'write "code": note')
                notes = None
            node = yaml.compose(source, yaml.SafeLoader)
            assert isinstance(node, yaml.MappingNode)
            pairs = node.value[0][1].value if notes else []
            where = {k.value: k.start_mark.line + at + 2 for k, _ in pairs}
            for line, key in doubled(node):
                report(line + at + 2, f"the note for {key!r} stands twice", "keep one")
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = at + 2 + (mark.line if mark else 0)
        report(line, f"broken YAML below ::: {name}", "quote keys and values that hold : or #")
    return Pull(at + 1, end + 1, name, notes, where), end


def _more(lines: list[str], at: int) -> bool:
    """Whether an indented line follows the blank ones."""
    following = next((line for line in lines[at:] if line.strip()), "")
    return following.startswith("    ")
