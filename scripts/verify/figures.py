"""Turn the matplotlib figures that a block left open into records: SVG that follows the theme."""

import base64
import io
import re
import sys
from pathlib import Path

from scripts.verify.records import Figure

STYLE = Path(__file__).with_name("nexus.mplstyle")
THEMED = "#010203"
LIMIT = 60_000
DPI, POINTS = 200, 72  # an inch of a WebP, and of an SVG


class Untitled(Exception):
    """A figure without a suptitle: it would have no caption and no alternative text."""


def collect(prefix: str) -> tuple[Figure, ...]:
    """Take all open figures, in the order of their numbers, and close them.

    Raises:
        Untitled: a figure has no suptitle.
    """
    if "matplotlib.pyplot" not in sys.modules:
        return ()
    import matplotlib.pyplot as plt

    try:
        figures = [plt.figure(number) for number in plt.get_fignums()]
        if not all(figure.get_suptitle() for figure in figures):
            raise Untitled("a figure has no suptitle; figure.suptitle(…) becomes its caption")
        return tuple(_record(f, f"{prefix}-{at}") for at, f in enumerate(figures, start=1))
    finally:
        plt.close("all")


def close_figures() -> None:
    """Close what is still open, if anything was ever drawn."""
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def _record(figure, prefix: str) -> Figure:
    caption = " ".join(figure.get_suptitle().split())
    figure.suptitle("")  # the caption says it
    svg = _svg(figure, prefix)
    if len(svg.encode()) > LIMIT:
        webp, width, height = _webp(figure)
        return Figure(caption, webp=webp, width=width, height=height)
    width, height = (round(float(v)) for v in re.findall(r'(?:width|height)="([\d.]+)pt"', svg)[:2])
    svg = re.sub(r' width="[\d.]+pt"| height="[\d.]+pt"', "", svg, count=2)
    return Figure(caption, svg=svg, width=width, height=height)


def _svg(figure, prefix: str) -> str:
    """The figure as one line of SVG: text as text, no date, ids of its own."""
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "nexus", "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.S)
    svg = svg.replace(THEMED, "currentColor")
    svg = re.sub(r"<style[^>]*>.*?</style>", "", svg, flags=re.S)  # it would style the page
    svg = re.sub(r"</?a(\s[^>]*)?>", "", svg)  # an artist's url could be a script
    svg = svg.replace("<svg ", '<svg style="stroke-linejoin: round; stroke-linecap: butt" ', 1)
    svg = re.sub(r"font-family: [^;\"]*;? ?", "", svg)  # the reader's own
    svg = re.sub(r"<[^>]*>", _rounded, svg)
    svg = re.sub(r"\s+", " ", svg).replace("> <", "><").replace(' "', '"')
    svg = re.sub(r"data:image/png;base64,([^\"]+)", _lossless, svg)
    svg = re.sub(r"<defs>\s*</defs>", "", svg)
    used = set(re.findall(r'(?:href="|url\()#([^")]+)', svg))

    def rename(match: re.Match) -> str:
        return f' id="{prefix}-{match[1]}"' if match[1] in used else ""

    svg = re.sub(r' id="([^"]*)"', rename, svg)
    svg = re.sub(r'(href="|url\()#', rf"\1#{prefix}-", svg)
    return svg.strip()


def _rounded(tag: re.Match) -> str:
    """Places to a hundredth of a point; numbers that are text stay as they are written."""
    return re.sub(r"(\.\d\d)\d+", r"\1", tag[0])


def _lossless(png: re.Match) -> str:
    """A picture in a drawing as lossless WebP, half as large as matplotlib's PNG."""
    from PIL import Image

    packed = io.BytesIO()
    picture = Image.open(io.BytesIO(base64.b64decode(png[1])))
    picture.save(packed, format="webp", lossless=True, quality=100, method=6)
    return f"data:image/webp;base64,{base64.b64encode(packed.getvalue()).decode()}"


def _webp(figure) -> tuple[str, int, int]:
    """The figure as WebP on white, in base64, and how large it is in points, as an SVG is."""
    from PIL import Image

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, transparent=False, facecolor="white")
    image = Image.open(buffer)
    for quality in (90, 75, 60, 45, 30):
        packed = io.BytesIO()
        image.save(packed, format="webp", quality=quality, method=6)
        if packed.tell() <= LIMIT:
            break
    text = base64.b64encode(packed.getvalue()).decode()
    width, height = (side * POINTS // DPI for side in image.size)
    return text, width, height
