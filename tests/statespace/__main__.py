"""`make graph`: the larger graphs, compared and driven, as a table. Exit status 1 if anything
differs, 2 if TLC gives no graph."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed

from conformance.statespace.explore import Drift
from conformance.statespace.graph import GraphError
from conformance.tlc.errors import TlcError
from tests.statespace.rows import DRAWN, LARGE, Row, compare_and_drive, replay_and_drive

ACTIONS = (
    "Broadcast", "Phase1a", "Phase1b", "Phase2a", "Phase2b", "Decide", "Learn", "Deliver",
    "TakeSnapshot", "Checkpoint", "Restart", "SendSnapshot", "InstallSnapshot",
    "Trim", "Recover", "RecoverPromise", "RecoverVote", "RecoverCheckpoint", "RecoverInstall",
    "Repeat",
)  # fmt: skip
UNEXPLAINED = "for none of these reasons"


def line(row: Row) -> str:
    driven = row.transitions - row.left.total() - row.unexplained.total()
    return (
        f"{row.name:<14}{row.states:>9,}{row.transitions:>12,}"
        f"{'no' if row.differences else 'yes':>7}{driven:>12,}{row.refusals:>12,}"
        f"{row.seconds:>9.0f}  {row.bounds}"
    )


def by_action(rows: Iterable[Row]) -> Iterable[str]:
    steps, left = Counter[str](), Counter[tuple[str, str]]()
    for row in rows:
        steps += row.steps
        left += row.left
        left += Counter({(a, UNEXPLAINED): n for a, n in row.unexplained.items()})
    yield f"\n{'action':<14}{'transitions':>14}{'driven':>14}"
    for action in ACTIONS:
        reasons = sorted((why, n) for (a, why), n in left.items() if a == action)
        driven = steps[action] - sum(n for _, n in reasons)
        share = f"{100 * driven / steps[action]:.1f} %" if steps[action] else ""
        yield f"{action:<14}{steps[action]:>14,}{driven:>14,}{share:>9}"
        yield from (f"{n:>28,} not: {why}" for why, n in reasons)
    driven = steps.total() - left.total()
    yield f"{'all':<14}{steps.total():>14,}{driven:>14,}{100 * driven / steps.total():>7.1f} %"


def stop(pool: ProcessPoolExecutor, status: int, why: str) -> int:
    """Start no more graphs, and say why."""
    pool.shutdown(wait=False, cancel_futures=True)
    print(why, file=sys.stderr)
    return status


def main() -> int:
    rows: list[Row] = []
    print(
        f"{'graph':<14}{'states':>9}{'transitions':>12}{'equal':>7}{'driven':>12}{'refused':>12}"
        f"{'seconds':>9}  constants",
        flush=True,
    )
    with ProcessPoolExecutor(2) as pool:
        waiting = [pool.submit(compare_and_drive, name, LARGE[name]) for name in LARGE]
        waiting += [
            pool.submit(replay_and_drive, f"{name}, drawn", DRAWN[name], 50, 100) for name in DRAWN
        ]
        try:
            for done in as_completed(waiting):
                rows.append(done.result())
                print(line(rows[-1]), flush=True)
        except (TlcError, GraphError) as error:
            return stop(pool, 2, f"error: {error}")
        except (Drift, AssertionError) as found:
            return stop(pool, 1, f"different: {found}")
    print(*by_action(rows), sep="\n")
    for row in rows:
        for difference in row.differences:
            print(f"{row.name}: {difference}")
        if row.unexplained:
            print(f"{row.name}: {row.unexplained.total()} transitions were not driven")
    return int(any(row.differences or row.unexplained for row in rows))


if __name__ == "__main__":
    sys.exit(main())
