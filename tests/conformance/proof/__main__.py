"""Try all mutants of the encodings: python -m tests.conformance.proof [MODULE ...]."""

from __future__ import annotations

import sys
from collections import Counter
from textwrap import shorten

from tests.conformance.proof.broken import FILES, tried

SHOWN = 100
"""Characters of a mutant's text."""


def main(modules: list[str]) -> int:
    """Exit status 0: each is noticed, or it is known why not."""
    wrong = 0
    for module in modules or FILES:
        if module not in FILES:
            continue
        found: Counter[str] = Counter()
        for mutant in tried(module):
            kind = (
                "by TLC's states and steps" if mutant.noticed_by.startswith(module) else "by proof"
            )
            if not mutant.noticed_by:
                kind = "by nothing, for a reason" if mutant.reason else "by nothing"
                change = shorten(mutant.change, SHOWN)
                print(f"{module}: unnoticed: {change}: {mutant.reason or 'WHY?'}", flush=True)
            found[kind] += 1
        wrong += found["by nothing"]
        noticed = ", ".join(f"{count} {kind}" for kind, count in sorted(found.items()))
        print(f"{module}: of {sum(found.values())} mutants of the encoding are noticed {noticed}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
