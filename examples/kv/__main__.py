"""`python examples/kv ...` from anywhere, or `python -m kv ...` where examples/ is in the path."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    if not __package__:
        sys.path[0] = str(Path(__file__).resolve().parents[1])
    from kv.command import main

    sys.exit(main())
