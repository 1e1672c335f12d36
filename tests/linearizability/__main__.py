"""`python -m tests.linearizability HISTORY...`: the verdict for histories in files, each key on its
own. Exit status 0: linearizable; 1: not; 2: not decided, or no history."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.linearizability.judge import judge


def main() -> int:
    """Check what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tests.linearizability", description=__doc__)
    parser.add_argument("history", nargs="+", type=Path, help="a file, an operation a line")
    parser.add_argument("-o", "--out", type=Path, help="draw the first key that is wrong here")
    options = parser.parse_args()
    try:
        verdict = judge(options.history, options.out)
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(verdict.text)
    return {True: 0, False: 1, None: 2}[verdict.ok]


if __name__ == "__main__":
    sys.exit(main())
