"""Where the site lies that the browser tests open."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
SITE = Path(os.environ.get("NEXUS_SITE", ROOT / "site"))
