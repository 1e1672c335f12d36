"""Who is who, with real processes: two of one name, old copies of files, and lives of which others
have heard a later one. Whoever must not go on ends with a line that says why; the others go on."""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from paxos import config as configuration
from paxos.core.batch import pack
from paxos.core.messages import Delivered, Message, Submit, encode_messages
from paxos.runtime.envelope import Envelope, bodies
from paxos.runtime.multicast import Multicast
from tests.cluster.processes import Cluster, conformance, wait_for

pytestmark = pytest.mark.multicast

ALL = ("learner-1", "acceptor-1", "acceptor-2", "acceptor-3", "proposer-1")


class Student(Cluster):
    """A cluster with the configuration of another, in a folder of its own."""

    def __init__(self, folder: Path, other: Cluster) -> None:
        folder.mkdir()
        super().__init__(folder)
        self.config.write_bytes(other.config.read_bytes())


@pytest.fixture
def two(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Cluster, Cluster]]:
    with (
        Cluster(tmp_path, **request.param) as one,
        Student(tmp_path / "other", one) as other,
    ):
        yield one, other


def numbered(name: str, count: int) -> list[bytes]:
    return [b"%s %d" % (name.encode(), n) for n in range(count)]


def said(cluster: Cluster, name: str) -> str:
    return cluster.log(name).read_text(encoding="utf-8")


def has_ended(cluster: Cluster, name: str) -> bool:
    return cluster.processes[name].poll() is not None


def any_has_ended(clusters: tuple[Cluster, Cluster], name: str) -> bool:
    return any(has_ended(cluster, name) for cluster in clusters)


def has_said(cluster: Cluster, name: str, text: str) -> bool:
    return text in said(cluster, name)


def one_of_each_goes_on(clusters: tuple[Cluster, Cluster]) -> list[Cluster]:
    """Wait until of each name one process has ended; which cluster has the other."""
    kept = []
    for name in ALL:
        wait_for(partial(any_has_ended, clusters, name), f"end of a {name}")
        loser, winner = clusters if has_ended(clusters[0], name) else clusters[::-1]
        assert not has_ended(winner, name), said(winner, name)
        assert loser.processes[name].returncode == 2
        label = name.replace("-", " ")
        assert f"another {label} of cluster" in said(loser, name)
        assert f"process {winner.processes[name].pid} on " in said(loser, name)
        assert said(loser, name).splitlines()[-1].startswith("error: ")
        wait_for(partial(has_said, winner, name, "was started (process "), "word of both")
        assert f"process {loser.processes[name].pid} on " in said(winner, name)
        kept.append(winner)
    return kept


@pytest.mark.parametrize(
    "two",
    [
        {"storage": "memory"},
        {"storage": "sqlite"},
        {"storage": "sqlite", "faults": {"loss": 0.2, "duplicate": 0.1, "reorder": 0.1}},
    ],
    ids=["memory", "sqlite", "loss"],
    indirect=True,
)
def test_of_two_clusters_with_one_configuration_one_goes_on(two: tuple[Cluster, Cluster]) -> None:
    """Started at the same time, as by two students on one machine."""
    for name in ALL:
        for cluster in two:
            cluster.start(name)
    kept = one_of_each_goes_on(two)
    client = two[0]
    client.start("client-1")
    client.say("client-1", *numbered("v", 200))
    learner = kept[ALL.index("learner-1")]
    learner.wait_delivered(200, "learner-1")
    assert sorted(learner.lines("learner-1")) == sorted(numbered("v", 200))
    (other,) = {*two} - {learner}
    assert other.lines("learner-1") == []
    for cluster in two:
        cluster.stop()


@pytest.mark.parametrize("two", [{}], indirect=True)
def test_a_cluster_that_runs_is_not_disturbed_by_another_of_its_name(
    two: tuple[Cluster, Cluster],
) -> None:
    first, second = two
    first.start(*ALL, "client-1")
    first.say("client-1", *numbered("before", 50))
    first.wait_delivered(50, "learner-1")
    second.start(*ALL, "client-1")
    assert all(cluster is first for cluster in one_of_each_goes_on(two))
    assert second.processes["client-1"].wait(60) == 2
    assert "another client 1 of cluster" in said(second, "client-1")
    first.say("client-1", *numbered("after", 50))
    first.wait_delivered(100, "learner-1")
    wait_for(lambda: "another client 1 of" in said(first, "client-1"), "word of the client")
    first.stop()
    assert sorted(first.lines("learner-1")) == sorted(
        numbered("before", 50) + numbered("after", 50)
    )
    conformance(first.run_dir)
    assert not list(second.run_dir.glob("*.ndjson")), "they have said and done nothing"


def test_a_learner_that_was_replaced_while_it_slept_ends(cluster: Cluster) -> None:
    cluster.start(*ALL, "client-1")
    cluster.say("client-1", b"one")
    cluster.wait_delivered(1, "learner-1")
    sleeper, log = cluster.processes["learner-1"], cluster.run_dir / "sleeper.log"
    sleeper.send_signal(signal.SIGSTOP)
    cluster.log("learner-1").rename(log)
    cluster.start("learner-1")
    cluster.wait_delivered(1, "learner-1")
    sleeper.send_signal(signal.SIGCONT)
    assert sleeper.wait(60) in (1, 2)
    assert re.search(
        r"error: learner-1\.\d+: (another learner 1 .* runs already|\w+ \d has heard incarnation)",
        log.read_text(encoding="utf-8"),
    )
    cluster.say("client-1", b"two")
    cluster.wait_delivered(2, "learner-1")
    assert sleeper.stdin
    sleeper.stdin.close()
    cluster.stop()
    assert cluster.lines("learner-1") == [b"one", b"two"]
    conformance(cluster.run_dir)


# Old copies of files.


def files_of(cluster: Cluster, name: str) -> list[Path]:
    return list((cluster.run_dir / "data").glob(f"{name}.*"))


def run_with_copies(cluster: Cluster, *names: str) -> None:
    """Run a cluster, of which the files of `names` are copied; then run on, and stop all of it but
    the learner and the proposer."""
    cluster.start(*ALL, "client-1")
    cluster.say("client-1", *numbered("before", 20))
    cluster.wait_delivered(20, "learner-1")
    for name in names:
        cluster.kill(name)
        for path in files_of(cluster, name):
            shutil.copy(path, cluster.run_dir / f"{path.name}.kept")
        cluster.start(name)
        wait_for(partial(has_traced, cluster, f"{name}.2", b'"Recover"'), "second life")
    cluster.say("client-1", *numbered("after", 20))
    cluster.wait_delivered(40, "learner-1")
    for name in names:
        if name.startswith("acceptor"):
            wait_for(partial(has_traced, cluster, f"{name}.2", b'"Phase2b"'), "vote")


def has_traced(cluster: Cluster, life: str, text: bytes) -> bool:
    return any(text in path.read_bytes() for path in cluster.run_dir.glob(f"{life}.ndjson"))


def put_back(cluster: Cluster, name: str) -> None:
    for path in files_of(cluster, name):
        path.unlink()
    for path in cluster.run_dir.glob(f"{name}.*.kept"):
        shutil.copy(path, cluster.run_dir / "data" / path.name.removesuffix(".kept"))


def test_old_copies_of_a_majority_are_refused_by_what_the_run_folder_tells(
    cluster: Cluster,
) -> None:
    """All is stopped, so nobody else could tell."""
    two = ("acceptor-1", "acceptor-2")
    run_with_copies(cluster, *two)
    cluster.stop()
    for name in two:
        right = {path: path.read_bytes() for path in files_of(cluster, name)}
        put_back(cluster, name)
        cluster.start(name)
        assert cluster.processes[name].wait(60) == 2
        line = said(cluster, name).splitlines()[-1]
        label = name.replace("-", " ")
        assert re.match(
            rf"error: storage .*{name}\.db is older than what {label} has done: .*{name}\.2\.ndjson"
            rf" .*; what {label} promised is lost with it, so it must not run in this cluster",
            line,
        )
        for path in files_of(cluster, name):
            path.unlink()
        for path, content in right.items():
            path.write_bytes(content)
    cluster.start_all(proposers=1, learners=1)
    cluster.wait_delivered(40, "learner-1")
    cluster.stop()
    conformance(cluster.run_dir)


@pytest.mark.parametrize("name", ["acceptor-1", "proposer-1"])
def test_an_old_copy_without_its_run_folder_is_refused_by_what_others_have_heard(
    cluster: Cluster, tmp_path: Path, name: str
) -> None:
    run_with_copies(cluster, name)
    if name == "proposer-1":  # so that it leads in a higher round
        cluster.kill(name)
        cluster.start(name)
        cluster.say("client-1", *numbered("more", 20))
        cluster.wait_delivered(60, "learner-1")
    cluster.kill(name)
    put_back(cluster, name)
    options = ["--run-dir", str(tmp_path / "new"), "--data-dir", str(cluster.run_dir / "data")]
    cluster.start(name, options=options)
    assert cluster.processes[name].wait(60) == 2
    line = said(cluster, name).splitlines()[-1]
    label = name.replace("-", " ")
    assert re.match(
        rf"error: {label}: it has done more than it knows: \w+ \d has heard of \d+ commits and of "
        r"incarnation \d of it; its storage has \d+, and this is incarnation \d",
        line,
    )
    assert not list((tmp_path / "new").glob("*")), "it has said nothing"


def test_an_acceptor_in_memory_that_was_replaced_in_a_new_folder_is_refused(
    tmp_path: Path,
) -> None:
    """Its run folder knows nothing; the others know that it has run before."""
    with Cluster(tmp_path, storage="memory") as cluster:
        cluster.start(*ALL, "client-1")
        cluster.say("client-1", b"one")
        cluster.wait_delivered(1, "learner-1")
        cluster.kill("acceptor-1")
        cluster.start("acceptor-1", options=["--run-dir", str(tmp_path / "new")])
        assert cluster.processes["acceptor-1"].wait(60) == 2
        assert "has heard of incarnation" in said(cluster, "acceptor-1")
        assert "and it keeps nothing" in said(cluster, "acceptor-1")
        cluster.say("client-1", b"two")
        cluster.wait_delivered(2, "learner-1")


# Numbers from a clock that was wrong.


def speak_as(cluster: Cluster, name: str, incarnation: int, message: Message) -> None:
    """What a life of a process said whose clock was far ahead."""
    config = configuration.load(cluster.config)
    role, number = name.split("-")
    envelope = Envelope(
        config.cluster_tag(), role, int(number), incarnation, config.members(), None, 5
    )
    body = next(bodies([encode_messages(message)], config.largest_datagram_bytes))
    mouth = Multicast(config.endpoints().clients, config.interface, 0)
    for group in ("proposers", "learners", "acceptors"):
        mouth.send(getattr(config.endpoints(), group), envelope.seal(10**15, body))
    mouth.close()


LATER = 4 * 10**15
"""Of a clock in the year 2096."""


def test_a_client_whose_clock_was_far_ahead_is_heard_again(
    cluster: Cluster, tmp_path: Path
) -> None:
    """Its run folder knows nothing of that life; the others have heard of it."""
    cluster.start(*ALL)
    wait_for(lambda: len(list(cluster.run_dir.glob("*.ndjson"))) == len(ALL), "start")
    speak_as(cluster, "client-1", LATER, Submit([pack(f"1.{LATER}", 1, [b"then"])]))
    cluster.wait_delivered(1, "learner-1")
    (tmp_path / "values").write_bytes(b"now\n")
    options = ["--run-dir", str(tmp_path / "new")]
    cluster.start("client-1", values=tmp_path / "values", options=options)
    assert cluster.processes["client-1"].wait(60) == 0
    cluster.wait_delivered(2, "learner-1")
    (trace,) = (tmp_path / "new").glob("client-1.*.ndjson")
    assert trace.name == f"client-1.{LATER + 1}.ndjson"
    cluster.stop()
    assert cluster.lines("learner-1") == [b"then", b"now"]


def test_a_learner_that_is_not_heard_says_so_and_comes_back_by_being_started_again(
    cluster: Cluster,
) -> None:
    cluster.start(*ALL, "client-1")
    cluster.say("client-1", b"one")
    cluster.wait_delivered(1, "learner-1")
    speak_as(cluster, "learner-1", LATER, Delivered(0, []))
    cluster.say("client-1", b"two")  # the learner says that it has delivered
    assert cluster.processes["learner-1"].wait(60) == 1
    assert re.search(
        rf"error: learner-1\.\d+: \w+ \d has heard incarnation {LATER} of learner 1, which is a "
        "later one, and does not hear this one any more; start it again",
        said(cluster, "learner-1"),
    )
    some = [name for name in ALL if "dropped: " in said(cluster, name)]
    assert any(
        f"of an earlier incarnation (learner 1: incarnation {LATER}" in said(cluster, name)
        for name in some
    )
    cluster.start("learner-1")
    cluster.say("client-1", b"three")
    cluster.wait_delivered(3, "learner-1")
    wait_for(partial(delivered_all, cluster), "end of the client")
    cluster.stop()


def delivered_all(cluster: Cluster) -> bool:
    """The client ends when it has heard that all is delivered."""
    pipe = cluster.processes["client-1"].stdin
    if pipe and not pipe.closed:
        pipe.close()
    return cluster.processes["client-1"].poll() == 0
