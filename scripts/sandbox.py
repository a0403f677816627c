"""`python -m scripts.sandbox COMMAND …`: run it where strangers' pages can do no harm.

Inside: no network but loopback, the whole machine read-only, `build/` writable, `/tmp` and the
home empty and gone afterwards. Made by bubblewrap. Where that cannot be had, the command runs
without, and says so; with NEXUS_SANDBOX=require it does not run at all.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path


def arguments(root: Path) -> list[str]:
    """What bubblewrap is told: `root` is the checkout."""
    build, ours = root / "build", Path(__file__).parents[1]
    needed = [sys.base_prefix, sys.prefix, str(ours), str(root)]  # they may lie below /tmp
    return [
        *["bwrap", "--unshare-all", "--die-with-parent", "--new-session"],
        *["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"],
        *[word for path in needed for word in ("--ro-bind", path, path)],
        *["--bind", str(build), str(build)],
        *["--chdir", str(root), "--setenv", "HOME", "/tmp", "--setenv", "NEXUS_SANDBOX", "inside"],
    ]


def missing(root: Path) -> str | None:
    """Why there is no sandbox to be had here; None if there is."""
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed"
    (root / "build").mkdir(exist_ok=True)
    tried = subprocess.run([*arguments(root), "true"], capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else tried.stderr.strip() or "bubblewrap failed"


def main(command: list[str]) -> int:
    """The exit status of the command."""
    root, wanted = Path.cwd(), os.environ.get("NEXUS_SANDBOX", "")
    if wanted == "inside":
        return subprocess.call(command)
    if (why := missing(root)) is None:
        return subprocess.call([*arguments(root), *command])
    if wanted == "require":
        print(f"No sandbox: {why}. Nothing was run.", file=sys.stderr)
        return 1
    print(f"No sandbox: {why}. The pages run with your rights.", file=sys.stderr)
    return subprocess.call(command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
