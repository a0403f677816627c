"""`::: nexus.….name`, with or without notes tied to the text of the code."""

import yaml

from scripts.catalog.fences import Report
from scripts.catalog.records import Pull
from scripts.catalog.yamls import doubled, parsed


def pull(lines: list[str], at: int, report: Report) -> tuple[Pull, int]:
    """The directive at a line with its options, and the index of its last line."""
    name = lines[at][4:].strip()
    end = _end(lines, at)
    source = "\n".join(lines[at + 1 : end + 1])
    notes, where = None, {}
    try:
        node, options = parsed(source)
        options = options or {}
        if not isinstance(options, dict) or set(options) - {"notes"}:
            report(at + 2, f"::: {name} takes no option but notes", "remove the others")
        elif "notes" in options:
            notes = options["notes"]
            if not isinstance(notes, dict) or not all(
                isinstance(text, str) for note in notes.items() for text in note
            ):
                report(at + 2, "notes is a mapping from code to a note", 'write "code": note')
                notes = None
            assert isinstance(node, yaml.MappingNode)
            pairs = node.value[0][1].value if notes else []
            where = {k.value: k.start_mark.line + at + 2 for k, _ in pairs}
            for line, key in doubled(node):
                report(line + at + 2, f"the note for {key!r} stands twice", "keep one")
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = min(at + 2 + (mark.line if mark else 0), end + 1)
        report(line, f"broken YAML below ::: {name}", "quote keys and values that hold : or #")
    return Pull(at + 1, end + 1, name, notes, where), end


def _end(lines: list[str], at: int) -> int:
    """The index of the last indented line below, blank ones between."""
    end = at
    for following, line in enumerate(lines[at + 1 :], start=at + 1):
        if line.startswith("    ") and line.strip():
            end = following
        elif line.strip():
            break
    return end
