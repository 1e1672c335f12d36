"""One run of the cluster from start to figures: the usual one, a long one, one with a learner that
comes late."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from harness.bench.benchmark import Flat, Late, Run
from harness.bench.running import Cluster, Sample
from harness.bench.setting import Setting
from harness.bench.summary import figures, window
from harness.bench.system_calls import Counting
from harness.bench.watched import by_role
from harness.measure.folder import Checked, RunFolders, check
from harness.measure.values import value_file
from paxos.core.names import Member
from paxos.errors import RunError
from paxos.runtime.delivered_output import compare

CAUGHT_UP_STALL_S = 20.0
"""A late learner that delivers nothing for so long, when all others are done, is given up."""

COURSE_POINTS = 300
"""Points kept of the course of a run, about."""


class Runner:
    """Makes runs in folders below `out`, and removes those that went well."""

    def __init__(self, out: Path, *, keep: bool) -> None:
        self.out = out
        self.folders = RunFolders(out, keep=keep)

    def run(self, setting: Setting, values: int) -> Run:
        """One run of about `values` values. Raises `RunError`, also when the learners did not
        deliver what the clients broadcast."""
        run, _, _ = self._run(setting, values)
        return run

    def flat(self, setting: Setting, values: int) -> Flat:
        """One long run, with its course."""
        run, cluster, began_s = self._run(setting, values)
        samples = [sample for sample in cluster.samples if sample.at_s >= began_s]
        edges = [1 + run.values * n // 10 for n in range(11)]  # one value warmed it up
        memory = {
            role: [
                (reading.at_s - began_s, reading.rss_bytes / 2**20)
                for reading in max(watched, key=lambda w: w.peak_bytes).readings
                if reading.at_s >= began_s and reading.rss_bytes
            ]
            for role, watched in by_role(cluster.watched).items()
        }
        return Flat(
            run=run,
            tenths=[window(samples, a, b).rate for a, b in pairwise(edges)],
            memory=memory,
        )

    def _run(self, setting: Setting, values: int) -> tuple[Run, Cluster, float]:
        folder = self.folders.new("", 4)
        inputs, total = self.value_files(setting, values)
        with Cluster(setting.config(), folder, setting.value_bytes) as cluster:
            self._start(cluster, setting, inputs, setting.learners)
            began_s = cluster.open_gates()
            cluster.watch(lambda delivered: min(delivered) >= total + 1)
        checked = self._check(setting, folder, inputs, cluster.outputs)
        run = figures(cluster, began_s, total, folder, checked)
        self._done(folder, checked)
        return run, cluster, began_s

    def system_calls(self, setting: Setting, values: int) -> float:
        """System calls of all processes, per value, in a run of which nothing is timed. Raises
        `RunError`."""
        folder = self.folders.new("", 4)
        inputs, total = self.value_files(setting, values)
        with Cluster(setting.config(), folder, setting.value_bytes) as cluster:
            self._start(cluster, setting, inputs, setting.learners)
            cluster.wait_until_all_listen()
            with Counting([w.child.pid for w in cluster.watched if w.child.alive]) as counting:
                cluster.open_gates()
                cluster.watch(lambda delivered: min(delivered) >= total + 1)
                counted = counting.end()
        self._done(folder, self._check(setting, folder, inputs, cluster.outputs))
        return counted / total

    def late(self, setting: Setting, before: int, after: int) -> Late:
        """A learner starts when `before` values are delivered; about `after` more come."""
        folder = self.folders.new("", 4)
        inputs, total = self.value_files(setting, before + after)
        others, wanted = setting.learners - 1, total + 1
        caught_up = True
        with Cluster(setting.config(), folder, setting.value_bytes) as cluster:
            self._start(cluster, setting, inputs, others)
            began_s = cluster.open_gates()
            cluster.watch(lambda delivered: min(delivered) >= before)
            alone = len(cluster.samples)
            cluster.start("learner", [setting.learners])
            cluster.watch(lambda delivered: min(delivered[:others]) >= wanted)
            try:
                cluster.watch(lambda delivered: min(delivered) >= wanted, CAUGHT_UP_STALL_S)
            except RunError:
                caught_up = cluster.samples[-1].delivered[-1] >= wanted
                if caught_up:
                    raise
        outputs = cluster.outputs if caught_up else cluster.outputs[:others]
        checked = self._check(setting, folder, inputs, outputs)
        self._done(folder, checked)
        return _late(cluster.samples, began_s, alone, wanted, caught_up, checked)

    # Parts of a run.

    def _done(self, folder: Path, checked: Checked | None) -> None:
        self.folders.done(folder, conforms=checked is None or checked.conforms)

    def value_files(self, setting: Setting, values: int) -> tuple[list[Path], int]:
        """A file of values for each client, one of one value for the client that warms the cluster
        up, which comes last; and how many values there are without that one."""
        count = max(1, values // setting.clients)
        paths = []
        for client in range(1, setting.clients + 2):
            own = count if client <= setting.clients else 1
            paths.append(self.out / "values" / f"{setting.value_bytes}-{client}-{own}.txt")
            if not paths[-1].exists():
                value_file(paths[-1], client, own, setting.value_bytes)
        return paths, setting.clients * count

    @staticmethod
    def _start(cluster: Cluster, setting: Setting, inputs: Sequence[Path], learners: int) -> None:
        """Start everything, and let one value through, so that a leader is there when the clients
        get theirs."""
        if setting.replicas:
            first = 1 + setting.client_inside
            cluster.start("replica", range(first, setting.acceptors + 1))
        else:
            cluster.start("learner", range(1, learners + 1))
            cluster.start("acceptor", range(1, setting.acceptors + 1))
            cluster.start("proposer", range(1, setting.proposers + 1))
        for number, path in enumerate(inputs[:-1], 1):
            role, options = ("replica", ["--client"]) if setting.client_inside else ("client", [])
            cluster.start_fed(role, number, path, [*options, *setting.client_options()])
        cluster.start("client", [setting.clients + 1], stdin=inputs[-1])
        cluster.wait_for_end(Member("client", setting.clients + 1))

    def _check(
        self, setting: Setting, folder: Path, inputs: Sequence[Path], outputs: Sequence[Path]
    ) -> Checked | None:
        """That everything was delivered in one order, and what the checker says of the traces."""
        problems = compare(inputs, outputs)
        if problems:
            raise RunError(problems[0])
        return check(folder, self.out) if setting.tracing else None


def _late(
    samples: Sequence[Sample],
    began_s: float,
    alone: int,
    wanted: int,
    caught_up: bool,
    checked: Checked | None,
) -> Late:
    """The figures of a run with a late learner, which is in the samples from number `alone` on."""
    behind = min(samples[alone - 1].delivered)
    before = window(samples[:alone], behind - behind // 3, behind)
    live = [(s.at_s, min(s.delivered[:-1])) for s in samples[alone:]]
    own = [(s.at_s, s.delivered[-1]) for s in samples[alone:]]
    # Both were delivering until the others had everything, or it had caught up with them.
    pairs = enumerate(zip(live, own, strict=True))
    both = [n for n, ((_, others), (_, its)) in pairs if 0 < its < others < wanted]
    course = [(s.at_s - began_s, min(s.delivered), 0) for s in samples[:alone] if s.at_s > began_s]
    course += [
        (at_s - began_s, others, its) for (at_s, others), (_, its) in zip(live, own, strict=True)
    ]
    return Late(
        behind=behind,
        live_before=before.rate,
        live_during=_slope(live, both),
        catch_up=_slope(own, both),
        caught_up=caught_up,
        course=course[:: max(1, len(course) // COURSE_POINTS)],
        checked=checked,
    )


def _slope(points: Sequence[tuple[float, int]], which: Sequence[int]) -> float | None:
    """Values per second from the first to the last of the points with these numbers; None if
    there are not two."""
    if len(which) < 2:
        return None
    (from_s, first), (to_s, last) = points[which[0]], points[which[-1]]
    return (last - first) / (to_s - from_s)
