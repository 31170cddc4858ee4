"""Where the tools, the build and the shared test data are."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
TOOLS = Path(os.environ.get("NNC_BIN", BUILD / "dev" / "bin"))
NNC = TOOLS / "nnc"

# The ctypes package is used from the tree, so that the tests never meet an installed older one.
sys.path.insert(0, str(ROOT / "python"))


def shared(name):
    """The folder `name` of the test data that lies beside the project, or None where that is absent."""
    folder = Path(os.environ.get("NNC_SHARED", ROOT.parent / "shared")) / name
    return folder if folder.is_dir() else None


def need_tools():
    """Ends the runner when nnc was not built: nothing here can say anything without it."""
    if not NNC.exists():
        sys.exit(f"{NNC} does not exist: build first (scripts/test.sh does), or set NNC_BIN")
