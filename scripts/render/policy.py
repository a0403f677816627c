"""The content security policy of a page: what it may load, and which of its scripts may run."""

import base64
import hashlib
import html
import re

SCRIPT = re.compile(r"<script(?P<attributes>[^>]*)>(?P<code>.*?)</script>", re.S)
HEAD = re.compile(r"<meta charset=[^>]*>")

DIRECTIVES = {
    "default-src": "'self'",
    "script-src": "'self' 'wasm-unsafe-eval'",  # WebAssembly: the full-text search
    "style-src": "'self'",
    "style-src-attr": "'unsafe-inline'",  # KaTeX and figures place things by style attributes
    "img-src": "'self' data:",  # icons in the theme's style sheets, figures as WebP
    "object-src": "'none'",
    "frame-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
}


def with_policy(page: str, content: str) -> str:
    """A page of the site with its policy in a meta tag, before anything that it is about.

    Scripts in the page run only if they are the theme's: what stands in `content`, the part that
    comes from Markdown, is not asked. They are hashed here, so that an upgrade of the theme
    breaks nothing.
    """
    frame = page.replace(content, "") if content else page
    hashes = dict.fromkeys(
        _hash(script["code"]) for script in SCRIPT.finditer(frame) if _runs(script["attributes"])
    )
    directives = {**DIRECTIVES}
    directives["script-src"] = " ".join([DIRECTIVES["script-src"], *hashes])
    text = "; ".join(f"{name} {sources}" for name, sources in directives.items())
    tag = f'<meta http-equiv="Content-Security-Policy" content="{html.escape(text, quote=False)}">'
    return HEAD.sub(lambda found: f"{found[0]}\n      {tag}", page, count=1)


def _runs(attributes: str) -> bool:
    """Whether it is a script in the page, and not data or a file of its own."""
    return "src=" not in attributes and "application/json" not in attributes


def _hash(code: str) -> str:
    digest = hashlib.sha256(code.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
