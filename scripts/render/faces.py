"""The faces of nearly every formula inside a script, so that they are there for the first paint.

Fetched later, as KaTeX's own style sheet has it, they change widths and line breaks of a page that
is being read; a style sheet with the fonts inside of it does too. Without scripts that one serves.
"""

import base64
import json
from pathlib import Path

FONTS = "docs/assets/katex/fonts"
FACES = {"KaTeX_Main-Regular": "normal", "KaTeX_Math-Italic": "italic"}
SCRIPT = """\
// Made from KaTeX's fonts (assets/katex/LICENSE) by scripts/render/faces.py.
for (const [family, style, data] of %s) {
  const bytes = Uint8Array.from(atob(data), character => character.charCodeAt(0));
  document.fonts.add(new FontFace(family, bytes, { style, weight: "400" }));
}
"""


def faces(root: Path) -> str:
    """The script."""
    files = {name: root / FONTS / f"{name}.woff2" for name in FACES}
    found = [
        (name.split("-")[0], FACES[name], base64.b64encode(file.read_bytes()).decode())
        for name, file in files.items()
        if file.is_file()
    ]
    return SCRIPT % json.dumps(found)
