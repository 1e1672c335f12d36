"""Write traces/good and traces/bad again: python -m tests.conformance.generate [folder].

Deterministic: a test holds that what it writes is what is kept. traces/bad/expected.yaml says of
each bad run which event must be rejected, by which rule; or what is missing; or which check of its
files says that it is none.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import yaml

from conformance.replay.lateness import CLOCK_CHECK
from tests.conformance.bad_files import write_broken
from tests.conformance.bad_runs import BAD
from tests.conformance.good_runs import GOOD, failover, plain
from tests.paths import TRACES


def last_event(folder: Path, process: str) -> str:
    lines = (folder / f"{process}.ndjson").read_bytes().count(b"\n")
    return f"{process}.ndjson:{lines}"


def write_all(traces: Path) -> None:
    for old in (traces / "good", traces / "bad"):
        shutil.rmtree(old, ignore_errors=True)
    for name, make in GOOD.items():
        make().write(traces / "good" / name)
    # The leader of this one was killed while it wrote a line.
    with (traces / "good" / "failover" / "proposer-1.1.ndjson").open("a") as f:
        f.write('{"event":"Phase2a","process":"proposer-1.1","seq":5,"hl')
    expected = {}
    for name, (rule, make) in BAD.items():
        scenario = make()
        folder = scenario.write(traces / "bad" / name)
        expected[name] = {
            "verdict": "violation",
            "rule": rule,
            "event": last_event(folder, scenario.lines[-1]["process"]),
        }
    expected["vote_at_the_clock_of_its_proposal"] = {
        "verdict": "unknown",
        "missing": f"[{CLOCK_CHECK}]",
        "check": CLOCK_CHECK,
    }
    expected.update(write_lost(traces / "bad"))
    expected.update(write_broken(traces / "bad"))
    text = "# Written by tests/conformance/generate.py\n" + yaml.safe_dump(expected)
    (traces / "bad" / "expected.yaml").write_text(text)


def write_lost(bad: Path) -> dict[str, dict[str, str]]:
    """Good runs of which something is lost."""
    folder = plain(1).write(bad / "lost_acceptor")
    (folder / "acceptor-1.1.ndjson").unlink()
    folder = failover().write(bad / "lost_proposer")
    (folder / "proposer-2.1.ndjson").unlink()
    folder = plain(1).write(bad / "lost_all_events")
    for path in folder.glob("*.ndjson"):
        path.write_text(path.read_text().partition("\n")[0] + "\n")
    folder = plain(1).write(bad / "lost_a_vote")
    path = folder / "acceptor-1.1.ndjson"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:2]))
    return {
        "lost_acceptor": {"verdict": "unknown", "missing": "acceptor 1"},
        "lost_proposer": {"verdict": "unknown", "missing": "proposer 2"},
        "lost_all_events": {"verdict": "unknown", "missing": "no events"},
        "lost_a_vote": {
            "verdict": "violation",
            "rule": "Decide.voted",
            "event": "proposer-1.1.ndjson:4",
        },
    }


if __name__ == "__main__":
    write_all(Path(sys.argv[1]) if len(sys.argv) > 1 else TRACES)
