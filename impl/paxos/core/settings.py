"""What the roles need to know of the configuration. Times are in seconds, on the clock whose
readings the roles are given."""

from dataclasses import dataclass
from functools import cached_property

from paxos.core.batch import LENGTH_BYTES, MAX_VALUE_BYTES
from paxos.core.messages import Promise
from paxos.core.part import HEAD_BYTES
from paxos.core.portions import (
    EMPTY_BYTES,
    LIST_BYTES,
    LONGEST_NAME,
    PACKET_BYTES,
    VOTE_BYTES,
)
from paxos.core.quorum import quorum_size

__all__ = ["Settings"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of a cluster, the same in all its processes. What follows from them is worked
    out once: it is asked for with every message."""

    acceptors: int = 3
    phase1_quorum: int | None = None
    """How many acceptors are a quorum of phase 1; None: a majority (`paxos.core.quorum`)."""
    phase2_quorum: int | None = None
    """The same of phase 2."""
    learners: int = 0
    """How many learners there are; 0: nobody knows, and acceptors never trim."""
    synod: bool = False
    """Milestone 1: one instance, one value."""
    direct_learning: bool = False
    prepare_ahead: bool = False
    own_acceptor: int = 0
    """The acceptor in the same process, which proposers and learners of that one hear at once; 0:
    there is none. Processes differ in this."""
    max_batch: int = 1
    """The most values in one instance; 1: batching is off. Spec: `MaxBatch`."""
    fifo: bool = False
    """The values of one client are delivered in the order in which it broadcast them. Spec:
    `Before`."""
    checkpoints: bool = False
    """Learners keep checkpoints (`paxos.core.checkpoint`). What acceptors may forget, and which
    values learners pass over, depends on it. Spec: `Keeps`, `Later`."""

    batch_wait_s: float = 0.0
    """How long the first value of a batch that is not full waits for others; 0: not at all."""

    message_bytes: int = 8_000
    """The most bytes in one message, so that it fits a datagram. A role makes none that is larger:
    it cuts lists (`paxos.core.portions`), and takes no value or batch that is too large."""
    fit_bytes: int | None = None
    """Messages whose size is ours to choose are made no larger, so that the network carries each in
    one packet; None: `message_bytes`. Processes may differ in this."""
    max_value_bytes: int = 16 << 20
    """The largest value. What fits no message is broadcast in parts."""
    unfinished_values: int = 8
    """Learners keep the parts of values of which others are missing. Together they take no more
    than so many of the largest values; beyond, values are discarded."""
    unfinished_positions: int = 100_000_000
    """A value of which no part was among so many values delivered last is discarded, if parts of it
    are missing. At the highest rates that is more than a minute."""
    outcomes: int = 4_096
    """Values of which a learner remembers what became of their parts, the last ones."""
    window: int = 256
    """Instances that Phase 1 covers in advance, with prepare_ahead."""
    in_flight: int = 64
    """Instances that a leader works on at the same time."""
    first_messages: int = 4
    """Messages that clients and leaders have under way at most until they know what the network
    takes (RFC 3390). Where there is none, on the loopback, as many as are `in_flight`."""
    client_packets: int = 256
    """Packets that a client has outstanding at most."""
    waiting_packets: int = 20_000
    """Packets that a proposer keeps waiting at most; beyond, it drops, and clients resend."""
    waiting_bytes: int = 24 << 20
    """The same in bytes."""
    ask_instances: int = 256
    """Instances that a learner asks for, and anybody answers for, at a time."""
    learner_instances: int = 8_192
    """Instances beyond its delivered prefix that a learner keeps anything for."""
    learner_bytes: int = 8 << 20
    """The same in bytes, about; but what a leader has under way is always kept."""
    prepare_instances: int = 4_096
    """Instances that one promise covers at most."""
    retain_instances: int = 10_000
    """Instances that an acceptor keeps its votes in after every learner has delivered them, or a
    majority of the learners has them in checkpoints. A learner that starts again needs all of them
    from the first one on, or from its checkpoint on; what is trimmed is gone."""
    checkpoint_instances: int = 10_000
    """A learner that keeps checkpoints takes a snapshot every so many instances."""
    checkpoint_bytes: int = 64 << 20
    """The same in bytes of delivered values, whichever comes first."""

    transfer_bytes_s: int = 32 << 20
    """What a learner gives of its checkpoint per second at most, to all that take it."""
    transfer_parts: int = 128
    """Parts of a checkpoint that a taker has asked for and not received, at most."""
    transfer_bytes: int = 64 << 30
    """The largest checkpoint that a learner takes."""

    placed_packets: int = 512
    """Packets of one client, those that were delivered last, whose places in the order a learner
    remembers: twice what a client has outstanding."""
    placed_clients: int = 256
    """Clients, those that had values delivered last, of which a learner remembers places."""

    # Limits that no honest process meets. They bound what a stranger's messages can make a process
    # keep or do; what is beyond is dropped, as if it were lost.

    reach_instances: int = 65_536
    """How far beyond what it knows of the log a process follows a message. A proposer knows of the
    instances that are chosen, a learner of those that it has delivered, an acceptor of those that
    a learner has reported delivered. More than ever are in flight. One that comes back late and
    hears of a log far ahead follows in steps of so many."""
    open_ballots: int = 4
    """Ballots, the highest, whose votes a learner counts in one instance."""
    asked_instances: int = 1_024
    """Instances that a process looks up in one step for learners that ask."""
    promised_instances: int = 16_384
    """Instances that an acceptor looks up in one step for proposers that prepare."""
    answered_queries: int = 1_024
    """Queries of learners that read which an acceptor answers in one step. A learner has one under
    way at a time."""
    counted_votes: int = 1 << 18
    """Votes that a proposer or a learner counts in one step: one message may say many."""
    reported_bytes: int = 1 << 20
    """Bytes of votes that an acceptor reports in one step to whoever prepares or asks."""
    delivered_spans: int = 32_768
    """Spans of delivered values that a proposer takes note of in one step."""
    clients: int = 100_000
    """Clients, each incarnation counted, whose values one proposer takes as long as it runs. Of
    every client that had a value delivered, learners must remember which, for ever; with
    checkpoints, only of the latest incarnation of each."""
    chosen_clients: int = 10_000
    """Clients of which a proposer remembers what was chosen, those that it heard of last. What it
    forgets may be proposed again, and is dropped by the learners."""
    chosen_gaps: int = 1_024
    """Runs of values of one client that a proposer remembers to be chosen."""

    heartbeat_s: float = 0.1
    failover_s: float = 0.6
    """A proposer that hears nothing of a leader for so long takes over. Where that was wrong, since
    the leader is there, it waits twice as long from then on, up to
    `paxos.core.election.MOST_GROWN` times."""
    retry_s: float = 0.05
    """A proposer repeats an unanswered Prepare or Accept after so long at first. Later the time
    follows how long answers take, and grows while none comes. The next two are like this one."""
    resend_s: float = 0.25
    """A client resends an undelivered value after so long at first."""
    gap_s: float = 0.05
    """A learner asks for an instance that is missing for so long, at first."""
    shortest_s: float = 0.01
    """These three are never shorter: what is answered when its receiver next gets a processor is
    not lost."""
    repair_s: float = 0.2
    """A leader runs an instance again if a learner still misses it after so long, or twice what
    answers take it."""
    abandoned_s: float = 60.0
    """A proposer drops a value that no client has resent for so long, and that waits."""

    @cached_property
    def has_links(self) -> bool:
        """Whether there is a network between the processes, with links that carry only so much."""
        return self.first_messages < self.in_flight

    @cached_property
    def quorum1(self) -> int:
        """So many acceptors must have promised before a proposer proposes, and must have answered
        before a learner reads."""
        return self.phase1_quorum or quorum_size(self.acceptors)

    @cached_property
    def quorum2(self) -> int:
        """So many votes in one ballot decide."""
        return self.phase2_quorum or quorum_size(self.acceptors)

    @cached_property
    def fitting_bytes(self) -> int:
        """The most bytes in one message, where a smaller one will do."""
        fit = self.message_bytes if self.fit_bytes is None else self.fit_bytes
        return min(fit, self.message_bytes)

    @cached_property
    def fitting_packets_bytes(self) -> int:
        """The most that the packets of a batch take together, if there are several."""
        return self.max_packets_bytes - self.message_bytes + self.fitting_bytes

    @cached_property
    def fitting_payload_bytes(self) -> int:
        """The largest payload of a packet, if it has several values."""
        return self.max_payload_bytes - self.message_bytes + self.fitting_bytes

    @cached_property
    def max_batch_bytes(self) -> int:
        """The largest batch, encoded. It must fit whatever tells it to anybody, and of these a
        promise with the vote for it is the largest."""
        return self.message_bytes - EMPTY_BYTES[Promise] - VOTE_BYTES

    @cached_property
    def max_packets_bytes(self) -> int:
        """The most that the packets of a batch take together."""
        return self.max_batch_bytes - 1 - LIST_BYTES

    @cached_property
    def max_payload_bytes(self) -> int:
        """The largest payload of a packet: it must fit a batch, if only alone."""
        return self.max_packets_bytes - PACKET_BYTES - len(LONGEST_NAME)

    @cached_property
    def packed_value_bytes(self) -> int:
        """The largest value that fits a packet, as the only one of it."""
        return min(self.max_payload_bytes - LENGTH_BYTES, MAX_VALUE_BYTES)

    @cached_property
    def largest_value_bytes(self) -> int:
        """The largest value that can be broadcast. A Synod has one instance, and so no parts."""
        most = self.packed_value_bytes if self.synod else self.max_value_bytes
        return min(most, self.max_value_bytes)

    def fills_packet(self, values: int, size: int) -> bool:
        """Whether so many values, of `size` bytes together, are as much as one packet takes."""
        return values >= self.max_batch or size >= self.fitting_payload_bytes

    def values_of_packet(self, size: int) -> int:
        """How many values of `size` bytes a packet takes, if it is to have several."""
        return min(self.max_batch, self.fitting_payload_bytes // (size + LENGTH_BYTES))

    def numbers_of(self, size: int) -> int:
        """How many sequence numbers a value of `size` bytes takes: one, or one for each part."""
        return 1 if size <= self.packed_value_bytes else -(-size // self.part_bytes)

    @cached_property
    def part_bytes(self) -> int:
        """What a part holds of its value."""
        return self.fitting_payload_bytes - HEAD_BYTES

    @cached_property
    def unfinished_bytes(self) -> int:
        """The most that parts take whose values are not whole."""
        return self.unfinished_values * self.max_value_bytes
