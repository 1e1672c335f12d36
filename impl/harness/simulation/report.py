"""A simulated run, or many of them, in words."""

from __future__ import annotations

import textwrap
from collections import Counter

from harness.simulation.run import BOUND_S, Outcome

WIDTH = 100
_GLUE = "\0"  # a space at which no line is broken


def report(outcome: Outcome) -> str:
    """What came of a run. All but the speed follows from the request."""
    config = outcome.plan.config
    cluster = ", ".join(
        f"{count} {role if count > 1 else role[:-1]}"
        for role in ("acceptors", "proposers", "learners", "clients")
        for count in [len(config.ids(role[:-1]))]
    )
    settings = outcome.plan.settings
    if outcome.plan.config.quorum_sizes():
        cluster += f", quorums of {settings.quorum1} and {settings.quorum2}"
    if replicas := outcome.plan.shape.replicas:
        cluster += f" ({replicas} of each in replicas)"
    switches = [
        *(["direct learning"] if settings.direct_learning else []),
        *(["prepare ahead"] if settings.prepare_ahead else []),
        *([f"batches of {settings.max_batch}"] if settings.max_batch > 1 else []),
        *(["fifo"] if settings.fifo else []),
    ]
    speed = outcome.events / max(outcome.wall_s, 1e-9)
    lines = [
        f"seed {outcome.request.seed}: {cluster}; {', '.join(switches) or 'no optimisation'}",
        f"  events     {outcome.events:,} in {outcome.steps:,} steps, {outcome.simulated_s:.1f} "
        f"simulated seconds; {speed:,.0f} a second with the checking",
        f"  delivered  {outcome.delivered:,} values",
        *faults(outcome.injected),
        f"  trace      digest {outcome.digest}",
    ]
    return "\n".join([*lines, *_verdict(outcome)])


def faults(injected: Counter[str]) -> list[str]:
    """What went wrong, by kind and how often."""
    counts = [f"{kind} {count:,}".replace(" ", _GLUE) for kind, count in sorted(injected.items())]
    return listed("faults", ", ".join(counts) or "none")


def listed(what: str, text: str) -> list[str]:
    """A part of the report, in lines."""
    lines = textwrap.wrap(
        f"{what:10} {text}",
        WIDTH,
        initial_indent="  ",
        subsequent_indent=" " * 13,
        break_on_hyphens=False,
    )
    return [line.replace(_GLUE, " ") for line in lines]


def _verdict(outcome: Outcome) -> list[str]:
    if outcome.failure is None:
        return [
            "  verdict    conforms to MultiPaxos; all delivered "
            f"{outcome.calm_s:.2f} simulated seconds after the faults (bound {BOUND_S:g})"
        ]
    return [
        f"  verdict    fails: {outcome.failure.kind}",
        outcome.failure.text,
        f"again with: {outcome.request.command()}",
    ]
