"""Typeset TeX with the real KaTeX, in a JavaScript engine inside this process; kept on disk."""

import hashlib
import json
import re
import sqlite3
from functools import cache
from pathlib import Path

SCRIPT = Path(__file__).parent / "katex" / "katex.min.js"
CACHE = Path(__file__).parents[2] / "build" / "formulas.sqlite"
OPTIONS = {"throwOnError": True, "output": "htmlAndMathml", "strict": "error"}
TYPESET = """
function typeset(tex, options) {
  try { return JSON.stringify({html: katex.renderToString(tex, options)}); }
  catch (e) { return JSON.stringify({wrong: e.rawMessage || e.message, at: e.position || 0}); }
}
"""


class TexError(ValueError):
    """TeX that KaTeX refuses; `at` is the offset in it."""

    def __init__(self, what: str, at: int):
        super().__init__(what)
        self.at = at


@cache
def typeset(tex: str, display: bool) -> str:
    """The formula as HTML with MathML.

    Raises:
        TexError: KaTeX does not understand it.
    """
    key = hashlib.sha256(f"{_version()} {display} {tex}".encode()).hexdigest()
    kept = _cache().execute("SELECT html FROM formulas WHERE key = ?", (key,)).fetchone()
    if kept:
        return kept[0]
    options = json.dumps({**OPTIONS, "displayMode": display})
    found = json.loads(str(_engine().eval(f"typeset({json.dumps(tex)}, {options})")))
    if "wrong" in found:
        what = re.sub(r"^KaTeX parse error: ", "", found["wrong"])
        raise TexError(re.sub(r" at position \d+: .*", "", what, flags=re.S), found["at"])
    _cache().execute("INSERT OR IGNORE INTO formulas VALUES (?, ?)", (key, found["html"]))
    return found["html"]


@cache
def _engine():
    from py_mini_racer import MiniRacer

    engine = MiniRacer()
    engine.eval(SCRIPT.read_text(encoding="utf-8"))
    engine.eval(TYPESET)
    return engine


@cache
def _cache() -> sqlite3.Connection:
    CACHE.parent.mkdir(exist_ok=True)
    kept = sqlite3.connect(CACHE, timeout=30, isolation_level=None, check_same_thread=False)
    kept.execute("PRAGMA synchronous = OFF")
    kept.execute("CREATE TABLE IF NOT EXISTS formulas (key TEXT PRIMARY KEY, html TEXT)")
    return kept


@cache
def _version() -> str:
    return hashlib.sha256(SCRIPT.read_bytes() + repr(OPTIONS).encode()).hexdigest()
