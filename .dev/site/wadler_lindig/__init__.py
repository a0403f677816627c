import importlib.metadata

from ._ansi import ansi_format as ansi_format, ansi_strip as ansi_strip
from ._definitions import (
    array_summary as array_summary,
    bracketed as bracketed,
    comma as comma,
    join as join,
    named_objs as named_objs,
    pdiff as pdiff,
    pdoc as pdoc,
    pformat as pformat,
    pprint as pprint,
)
from ._wadler_lindig import (
    AbstractDoc as AbstractDoc,
    BreakDoc as BreakDoc,
    ConcatDoc as ConcatDoc,
    GroupDoc as GroupDoc,
    NestDoc as NestDoc,
    TextDoc as TextDoc,
)


__version__ = importlib.metadata.version("wadler_lindig")
