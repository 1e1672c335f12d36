"""Messages whose size is ours to choose fit the packets of the network; the others are made all the
same, and whoever has smaller packets takes them too."""

from __future__ import annotations

from paxos.config import Config
from paxos.core.acceptor import Acceptor
from paxos.core.backlog import Backlog
from paxos.core.ballot import Ballot
from paxos.core.batch import pack
from paxos.core.client import Client
from paxos.core.messages import Accept, Prepare, Promise, Submit, encode_messages
from paxos.datagram import OVERHEAD_BYTES

ETHERNET = 1_472
SETTINGS = Config().settings(ETHERNET)
FIT = ETHERNET - OVERHEAD_BYTES
LARGE = bytes(20_000)


def test_the_loopback_has_no_packets() -> None:
    assert Config().settings().fitting_bytes == Config().settings().message_bytes
    assert Config(datagram_bytes=600).settings(ETHERNET).fitting_bytes == 600 - OVERHEAD_BYTES
    assert Config().settings(100).fitting_payload_bytes > 0


def test_a_client_submits_what_fits_and_what_must_be() -> None:
    client = Client(SETTINGS, "1.1", 0.0)
    client.submit([b"small" * 10] * 200 + [LARGE] + [b"small" * 10] * 200, 0.0)
    sizes = []
    for _, message in client.flush(0.0).sends:
        assert isinstance(message, Submit)
        size = len(encode_messages(message))
        assert size <= FIT or [len(p.payload) > 20_000 for p in message.packets] == [True]
        sizes.append(size)
    assert len(sizes) > 10
    assert any(size > FIT for size in sizes)


def test_a_batch_fits_or_is_one_packet() -> None:
    backlog = Backlog(SETTINGS)
    packets = [pack("1.1", 1 + n, [bytes(200)]) for n in range(50)]
    packets.insert(20, pack("2.1", 1, [LARGE]))
    backlog.add(packets, 0.0)
    taken = []
    while batch := backlog.take():
        assert len(batch) == 1 or sum(len(p.payload) for p in batch) < FIT
        taken += batch
    assert taken == packets


def test_an_acceptor_reports_votes_in_promises_that_fit() -> None:
    acceptor = Acceptor(SETTINGS)
    for instance in range(1, 20):
        size = 20_000 if instance == 7 else 300
        batch = encode_messages([pack("1.1", instance, [bytes(size)])])
        acceptor.receive(1, Accept(Ballot(1, 1), instance, batch), 0.0)
    acceptor.flush(0.0)
    promises: list[Promise] = []
    while not promises or promises[-1].last < 100:  # the leader asks for the rest
        first = promises[-1].last + 1 if promises else 1
        acceptor.receive(1, Prepare(Ballot(2, 1), first, 100), 0.0)
        promises += [m for _, m in acceptor.flush(0.0).sends if isinstance(m, Promise)]
    assert [vote.instance for p in promises for vote in p.votes] == list(range(1, 20))
    assert len(promises) > 4
    assert all(len(encode_messages(p)) <= FIT or len(p.votes) == 1 for p in promises)


def test_processes_with_other_packets_take_each_others_messages() -> None:
    """How large a message may be is the same for all."""
    assert SETTINGS.packed_value_bytes == Config().settings().packed_value_bytes
    assert SETTINGS.max_batch_bytes == Config().settings().max_batch_bytes
