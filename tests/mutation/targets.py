"""What is changed, and which tests may see it. The one place that names them."""

from __future__ import annotations

from pathlib import Path

PARTS: dict[str, tuple[str, ...]] = {
    "core": ("paxos.core.*",),
    "runtime": (
        "paxos.runtime.batch_files",
        "paxos.runtime.clock",
        "paxos.runtime.envelope",
        "paxos.runtime.freshness",
        "paxos.runtime.handover",
        "paxos.runtime.incarnation",
        "paxos.runtime.node",
        "paxos.runtime.records",
        "paxos.runtime.seat",
        "paxos.runtime.sqlite_storage",
        "paxos.runtime.sqlite_votes",
        "paxos.runtime.storage",
        "paxos.runtime.tracer",
    ),
    "judge 1": (
        "conformance.trace.causality",
        "conformance.trace.reader",
        "conformance.rules.*",
        "conformance.replay.checker",
        "conformance.replay.retention",
        "conformance.replay.run_folder",
    ),
    "judge 2": (
        "conformance.tlcjudge.validator",
        "conformance.tlcjudge.shadow_state",
        "conformance.tlcjudge.encode",
        "conformance.tlcjudge.numbering",
        "conformance.tlcjudge.values",
        "conformance.tlcjudge.survey",
        "conformance.tlcjudge.trace_data",
        "conformance.tlcjudge.report",
        "conformance.tlcjudge.windows",
        "conformance.tlcjudge.diagnosis",
    ),
}
"""The modules of each part. `*` stands for all modules of a package."""

BUDGETS_S = {"core": 20.0, "runtime": 20.0, "judge 1": 20.0, "judge 2": 60.0}
"""How many seconds of tests a mutant of each part gets. What only TLC sees takes the longest."""

QUICK = (
    "tests/core",
    "tests/runtime",
    "tests/conformance",
    "tests/oracle",
    "tests/simulation",
    "tests/fuzz",
    "tests/twins",
    "tests/statespace",
)
"""Where the tests are that are looked at; what takes longer than `QUICK_S` is left out."""

QUICK_S = 10.0
"""How long a quick test takes at most, in seconds, with its lines being noted."""


def files(root: Path) -> dict[str, str]:
    """The part of each file that may be changed, by its path below `root`. Raises `LookupError`
    if a module that is named is not there."""
    found = {}
    for part, modules in PARTS.items():
        for module in modules:
            for path in _paths(root, module):
                found[path.relative_to(root).as_posix()] = part
    return found


def _paths(root: Path, module: str) -> list[Path]:
    base = root / "impl" if module.startswith("paxos.") else root
    path = base.joinpath(*module.removesuffix(".*").split("."))
    if module.endswith(".*"):
        found = sorted(p for p in path.glob("*.py") if p.name != "__init__.py")
    else:
        found = [p for p in (path.with_suffix(".py"),) if p.is_file()]
    if not found:
        raise LookupError(f"no module {module} in {root}")
    return found
