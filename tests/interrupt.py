"""Programs of the tests end at Ctrl-C as the commands do: with a word, and without a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable

from paxos.errors import INTERRUPTED


def unless_interrupted(main: Callable[[], int]) -> int:
    """What `main` returns; 130 if Ctrl-C came before."""
    try:
        return main()
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return INTERRUPTED
