"""`python -m tests.fuzz`: hostile datagrams for as long as you like. Exit status 1 if one of them
raises something or makes a role grow; then the error says which, and with which seed to repeat."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.fuzz.fuzzing import BrokenError, fuzz
from tests.interrupt import unless_interrupted

INPUTS_A_SEED = 20_000


def main() -> int:
    """Fuzz seeds until the time is up; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long (default 60)")
    options = parser.parse_args()
    until_s = time.monotonic() + options.seconds
    seed, outcomes = options.seed, Counter[str]()
    while time.monotonic() < until_s:
        try:
            outcomes += fuzz(seed, INPUTS_A_SEED)
        except BrokenError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        seed += 1
    tried = (seed - options.seed) * INPUTS_A_SEED
    print(f"{tried} hostile datagrams, {outcomes['consumed']} of them consumed; nothing broke")
    return 0


if __name__ == "__main__":
    sys.exit(unless_interrupted(main))
