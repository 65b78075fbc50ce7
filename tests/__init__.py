"""Tests; the folders mirror the packages, and test files need no `__init__.py` beside them.

What was compiled is kept, also where nothing may be written beside the sources (`./dev` does the same): without it,
collecting the suite takes a minute, because pytest rewrites the assertions of 400 files.
"""

import os
import sys
from pathlib import Path

if sys.dont_write_bytecode:
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(Path(__file__).resolve().parents[1] / ".cache" / "bytecode")
    # For the processes that tests start.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
