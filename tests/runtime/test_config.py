"""Configurations: the three forms of file, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paxos import config
from paxos.config import Config, Endpoint, FaultRates, Groups, Quorums
from paxos.core.names import Member
from paxos.errors import InputError

COURSE = """\
clients 239.0.0.1 5000
proposers 239.0.0.1 6000
acceptors 239.0.0.1 7000
learners 239.0.0.1 8000
"""

COURSE_2025 = """\
{
    "clients": {"ip": "239.1.2.3", "port": 5000},
    "proposers": {"ip": "239.1.2.3", "port": 6000},
    "acceptors": {"ip": "239.1.2.3", "port": 7000},
    "learners": {"ip": "239.1.2.3", "port": 8000},
    %s
}
"""


def load(tmp_path: Path, name: str, text: str) -> Config:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return config.load(path)


def test_the_courses_lines(tmp_path: Path) -> None:
    loaded = load(tmp_path, "paxos.conf", COURSE)
    assert loaded.groups == Groups()
    assert loaded.acceptors == 3
    loaded.check_member(Member("client", 17))  # nothing says how many clients there are


def test_unknown_lines_of_the_course_are_left_alone(tmp_path: Path) -> None:
    text = (
        "# a comment\n\n   \ngroups many\nwhatever 1 2 3 4\nmonitors 239.0.0.1 9000\nquorum 2\n"
        + COURSE
    )
    assert load(tmp_path, "any.name", text) == load(tmp_path, "paxos.conf", COURSE)


def test_settings_in_the_courses_lines(tmp_path: Path) -> None:
    text = COURSE.replace(" ", "\t") + "acceptors 5\nmilestone synod\nbatching false\n"
    loaded = load(tmp_path, "paxos.conf", text)
    assert (loaded.acceptors, loaded.milestone, loaded.batching) == (5, "synod", False)
    assert loaded.endpoints().acceptors == Endpoint("239.0.0.1", 7000)


@pytest.mark.parametrize(
    "text",
    [
        '{"clients": ["239.0.0.1", 5000], "learners": ["239.0.0.9", 8000]}',
        '{"clients": {"ip": "239.0.0.1", "port": 5000},'
        ' "learners": {"host": "239.0.0.9", "port": 8000}}',
        '{"clients": "239.0.0.1:5000", "learners": "239.0.0.9:8000"}',
        '{"clients": {"group": "239.0.0.1", "port": "5000"}, "learners": "239.0.0.9:8000"}',
        '{"groups": {"clients": ["239.0.0.1", 5000], "learners": ["239.0.0.9", 8000]}}',
        '{"groups": {"learners": "239.0.0.9:8000"}, "acceptors": 3}',
    ],
)
def test_json_in_the_forms_that_courses_have(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, "config.json", text).groups == Groups(
        learners=Endpoint("239.0.0.9", 8000)
    )


@pytest.mark.parametrize("n", ["5", '"5"'])
def test_the_courses_number_of_acceptors(tmp_path: Path, n: str) -> None:
    """In the form of 2025 `acceptors` is a group, and `n` says how many there are."""
    loaded = load(tmp_path, "config.json", COURSE_2025 % f'"n": {n}')
    assert (loaded.acceptors, loaded.settings().quorum1) == (5, 3)
    assert loaded.endpoints().acceptors == Endpoint("239.1.2.3", 7000)
    with pytest.raises(InputError, match="which has acceptors 1 to 5"):
        loaded.check_member(Member("acceptor", 6))


def test_yaml_reaches_the_core(tmp_path: Path) -> None:
    text = "acceptors: 5\nbatch_values: 7\ndatagram_bytes: 1472\ntimings:\n  gap_s: 2\n"
    settings = load(tmp_path, "c.yaml", text).settings()
    assert (settings.acceptors, settings.max_batch, settings.gap_s) == (5, 7, 2.0)
    assert 1390 < settings.message_bytes < 1472
    assert load(tmp_path, "d.yml", "batching: false").settings().max_batch == 1
    assert load(tmp_path, "empty.yaml", "") == Config()


def test_a_synod_has_no_optimisations() -> None:
    wanted = Config(milestone="synod", batching=True, direct_learning=True, checkpoints=True)
    settings = wanted.settings()
    assert (settings.synod, settings.max_batch, settings.direct_learning) == (True, 1, False)
    assert not settings.checkpoints


def test_a_switch_that_is_off_is_no_part_of_what_older_versions_have_stored() -> None:
    assert "checkpoints" not in Config().identity()
    assert Config(checkpoints=True).settings().checkpoints


@given(
    st.builds(
        Config,
        cluster=st.none() | st.text("abc:# -'", min_size=1),
        groups=st.none() | st.builds(Groups, clients=st.just(Endpoint("224.1.2.3", 77))),
        acceptors=st.integers(1, 9),
        clients=st.none() | st.integers(1, 9),
        batching=st.booleans(),
        faults=st.builds(FaultRates, loss=st.floats(0, 1), seed=st.integers(0, 2**53 - 1)),
    )
)
def test_what_is_dumped_is_loaded(original: Config) -> None:
    with TemporaryDirectory() as folder:
        assert load(Path(folder), "config.yaml", config.dump(original)) == original


def test_overriding_keeps_what_is_not_given() -> None:
    base = Config(acceptors=5, faults=FaultRates(loss=0.5))
    changed = config.override(base, acceptors=None, clients=4, loss=None, seed=3)
    assert (changed.acceptors, changed.clients) == (5, 4)
    assert changed.faults == FaultRates(loss=0.5, seed=3)


def test_processes_that_disagree_on_the_protocol_do_not_hear_each_other() -> None:
    configs = [
        Config(),
        Config(cluster="other"),
        Config(acceptors=5),
        Config(milestone="synod"),
        Config(direct_learning=False),
        Config(prepare_ahead=False),
        Config(batching=False),
        Config(fifo=True),
        Config(checkpoints=True),
    ]
    assert len({c.cluster_tag() for c in configs}) == len(configs)
    assert Config(learners=7).cluster_tag() == Config().cluster_tag()


WRONG = [
    ("a.yaml", "acceptor: 3", "unknown key `acceptor`; did you mean `acceptors`?"),
    ("a.yaml", "loss: 0.1", "unknown key `loss`; did you mean `faults.loss`?"),
    ("a.yaml", "zzz: 1", "unknown key `zzz`; known are cluster, milestone"),
    ("a.yaml", "timings: {gap: 1}", "unknown key `timings.gap`; did you mean `timings.gap_s`?"),
    ("a.yaml", "acceptors: three", "acceptors: expected a whole number, got text"),
    ("a.yaml", "acceptors: 0", "acceptors: expected a whole number >= 1"),
    ("a.yaml", "acceptors: 2.5", "acceptors: expected a whole number, got a number"),
    ("a.yaml", "acceptors: [1", "a.yaml:1: not YAML"),
    ("a.yaml", "- 1\n- 2", "expected a mapping of keys to values"),
    ("a.yaml", "7: 8", "expected a mapping of keys to values"),
    ("a.yaml", "batching: 1", "batching: expected true or false, got a whole number"),
    ("a.yaml", "milestone: raft", "milestone: expected multipaxos or synod, not 'raft'"),
    ("a.yaml", "storage: tape", "storage: expected "),
    ("a.yaml", "storage: [tape]", "storage: expected text, got a list"),
    ("a.yaml", "timings: 3", "timings: expected a mapping, got a whole number"),
    ("a.yaml", "timings: {gap_s: 0}", "timings.gap_s: expected a number >= 0.001"),
    ("a.yaml", "timings: {failover_s: 0.01}", "timings: expected failover_s above heartbeat_s"),
    ("a.yaml", "datagram_bytes: 65508", "datagram_bytes: expected a whole number <= 65507"),
    ("a.yaml", "faults: {loss: 1.5}", "faults.loss: expected a number <= 1.0"),
    ("a.yaml", "groups: [1]", "groups: expected a mapping, got a list"),
    ("a.yaml", "groups: {client: [239.0.0.1, 1]}", "did you mean `groups.clients`?"),
    ("a.yaml", "groups: {clients: 5000}", "groups.clients: expected a list, got a whole number"),
    ("a.yaml", "groups: {clients: [10.0.0.1, 1]}", "groups.clients: expected a multicast address"),
    ("a.yaml", "groups: {clients: [239.0.0.300, 1]}", "not '239.0.0.300'"),
    ("a.yaml", "groups: {clients: [239.0.0.1, 0]}", "groups.clients[1]: expected a whole number"),
    ("a.yaml", "groups: {clients: [239.0.0.1, 6000]}", "clients and proposers are both 239.0.0.1"),
    ("a.yaml", "\0", "not YAML"),
    ("a.json", "{", "not JSON"),
    ("a.json", "[]", "expected a mapping"),
    ("a.json", '{"clients": ["localhost", 5000]}', "groups.clients: expected a multicast address"),
    ("a.conf", COURSE.replace("5000", "x"), "a.conf:1: clients: expected a port number"),
    ("a.conf", COURSE.replace("learners 239.0.0.1 8000\n", ""), "no line for learners; expected"),
    ("a.conf", "acceptors: 3\n", "a YAML file's name ends in .yaml"),
    ("a.conf", COURSE + "acceptors many\n", "acceptors: expected a whole number, got text"),
    # A key that is given twice: a reader sees one of the values, and the cluster has the other.
    ("a.yaml", "acceptors: 5\nlearners: 1\nacceptors: 1", "a.yaml:3: `acceptors` is given twice"),
    ("a.yaml", "{acceptors: 5, acceptors: 5}", "a.yaml:1: `acceptors` is given twice, here and in"),
    ("a.yaml", "'acceptors': 5\nacceptors: 1", "a.yaml:2: `acceptors` is given twice"),
    ("a.yaml", "timings:\n  gap_s: 1\n  gap_s: 2", "a.yaml:3: `gap_s` is given twice, here and in"),
    ("a.yaml", "faults: &f {loss: 0, loss: 1}\n<<: *f", "a.yaml:1: `loss` is given twice"),
    ("a.yaml", "<<: {acceptors: 1}\n<<: {acceptors: 3}", "a.yaml:2: `<<` is given twice"),
    ("a.json", '{"acceptors": 5,\n "acceptors": 1}', "a.json:2: `acceptors` is given twice"),
    ("a.json", '{"a": [{"b:": 1,\n"\\u0062:": "{"}]}', "a.json:2: `b:` is given twice"),
    ("a.json", '{"clients": "239.0.0.1:1", "groups": {"clients": "239.0.0.1:2"}}', "in `groups`"),
    ("a.json", COURSE_2025 % '"n": 3, "acceptor": 5', "unknown key `acceptor`; did you mean"),
    ("a.json", COURSE_2025 % '"students": ["a"]', "unknown key `students`; known are"),
    ("a.json", COURSE_2025 % '"n": "three"', "n: expected the number of acceptors, 1 to 999, not"),
    ("a.json", COURSE_2025 % '"n": 0', "n: expected the number of acceptors, 1 to 999, not 0"),
    ("a.json", COURSE_2025 % '"n": 3.0', "n: expected the number of acceptors, 1 to 999, not 3.0"),
    ("a.json", COURSE_2025 % '"n": true', "n: expected the number of acceptors, 1 to 999, not T"),
    ("a.json", COURSE_2025 % f'"n": "{"9" * 5000}"', "n: expected the number of acceptors"),
    ("a.json", COURSE_2025 % '"n": 3, "groups": {"clients": 1}', "`clients` is given twice"),
    ("a.json", '{"n": 5}', "unknown key `n`"),
    ("a.json", '{"n": 5, "acceptors": 3, "clients": "239.0.0.1:1"}', "`n` and `acceptors` both"),
    ("a.json", '{"clients": {"ip": "239.0.0.1"}}', "clients: expected an address (`ip`) and a"),
    ("a.json", '{"clients": {"ip": "a", "host": "a", "port": 1}}', "not `ip`, `host`, `port`"),
    ("a.json", '{"clients": {"ip": "239.0.0.1", "port": 1, "ttl": 1}}', "clients: expected an add"),
    ("a.conf", COURSE + "acceptors 5\nacceptors 1\n", "a.conf:6: `acceptors` is given twice"),
    ("a.conf", COURSE + "clients 239.0.0.1 5001\n", "a.conf:5: `clients` is given twice"),
]


@pytest.mark.parametrize(("name", "text", "said"), WRONG)
def test_what_is_said_of_a_wrong_configuration(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, name, text)
    message = str(caught.value)
    assert said in message
    assert name in message
    assert "\n" not in message


def test_what_is_merged_may_be_replaced(tmp_path: Path) -> None:
    text = "timings: &t {gap_s: 1, repair_s: 2}\nfaults: {seed: 3}\n"
    assert load(tmp_path, "a.yaml", text + "<<: {acceptors: 1, learners: 2}\nacceptors: 5\n") == (
        load(tmp_path, "b.yaml", text + "acceptors: 5\nlearners: 2\n")
    )
    nested = load(tmp_path, "c.json", '{"timings": {"gap_s": 1}, "faults": {"seed": 3}}')
    assert (nested.timings.gap_s, nested.faults.seed) == (1.0, 3)
    assert load(tmp_path, "a.conf", COURSE + "clients 2\n").clients == 2


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("name", "text"),
    [("a.yaml", "acceptors: 5"), ("a.json", '{"acceptors": 5}'), ("a.conf", COURSE)],
)
def test_a_byte_order_mark_is_no_part_of_the_text(
    tmp_path: Path, name: str, text: str, encoding: str
) -> None:
    """Editors on Windows write it. The first key of the course's lines would not be known."""
    path = tmp_path / name
    path.write_text(text, encoding=encoding)
    assert config.load(path).acceptors == (3 if text == COURSE else 5)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.yaml: No such file"):
        config.load(tmp_path / "nothing.yaml")
    with pytest.raises(InputError, match="Is a directory"):
        config.load(tmp_path)
    (tmp_path / "latin.conf").write_bytes(b"clients \xff")
    with pytest.raises(InputError, match="expected UTF-8"):
        config.load(tmp_path / "latin.conf")


@pytest.mark.parametrize(("role", "number"), [("acceptor", 4), ("client", 0), ("learner", -1)])
def test_ids_that_the_cluster_has_not(role: str, number: int) -> None:
    with pytest.raises(InputError, match=f"{role} {number} is not in the configuration"):
        Config().check_member(Member(role, number))


# Quorums that need not be majorities.


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cluster.yaml", "acceptors: 5\nquorums: {phase1: 4, phase2: 2}\n"),
        ("paxos.conf", COURSE + "acceptors 5\nquorums 4 2\n"),
        ("config.json", '{"acceptors": 5, "quorums": {"phase1": 4, "phase2": 2}}'),
    ],
)
def test_quorums_in_each_form(tmp_path: Path, name: str, text: str) -> None:
    config = load(tmp_path, name, text)
    settings = config.settings()
    assert (settings.quorum1, settings.quorum2) == (4, 2)
    assert config.cluster_tag() != Config(acceptors=5).cluster_tag()


def test_majorities_that_are_said_are_no_other_cluster() -> None:
    said = Config(acceptors=5, quorums=Quorums(3, 3))
    assert said.cluster_tag() == Config(acceptors=5).cluster_tag()


@pytest.mark.parametrize(
    ("quorums", "would_do"),
    [
        ("{phase1: 3, phase2: 2}", "{phase1: 3, phase2: 3}"),
        ("{phase1: 1, phase2: 4}", "{phase1: 1, phase2: 5}"),
        ("{phase1: 6, phase2: 2}", "{phase1: 5, phase2: 1}"),
    ],
)
def test_quorums_that_do_not_meet_are_refused(tmp_path: Path, quorums: str, would_do: str) -> None:
    with pytest.raises(InputError) as refused:
        load(tmp_path, "cluster.yaml", f"acceptors: 5\nquorums: {quorums}\n")
    said = str(refused.value)
    assert "cluster.yaml: quorums: expected quorums that meet: of 5 acceptors" in said
    assert said.endswith(f"as {would_do}")
    assert "\n" not in said


def test_both_quorums_are_said_or_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"quorums: .*phase2"):
        load(tmp_path, "cluster.yaml", "acceptors: 5\nquorums: {phase1: 4}\n")
