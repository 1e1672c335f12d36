"""One process of the cluster: a role with its node, from start to stop."""

import os
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from paxos.config import Config, Endpoint, is_loopback
from paxos.core.names import Member, ProcessName
from paxos.core.role import Role
from paxos.core.settings import Settings
from paxos.errors import InputError, RunError, reason
from paxos.runtime.clock import Clock
from paxos.runtime.deliveries import Deliveries, Output
from paxos.runtime.envelope import Envelope
from paxos.runtime.faults import Faults
from paxos.runtime.framing import Split, split_lines
from paxos.runtime.freshness import Freshness
from paxos.runtime.greeting import Greeting
from paxos.runtime.incarnation import Incarnation, begin
from paxos.runtime.keys import exposure, read_key
from paxos.runtime.multicast import Multicast
from paxos.runtime.network import Network
from paxos.runtime.node import Node, Surroundings
from paxos.runtime.pace import UNLIMITED, Limits
from paxos.runtime.presence import NotThisOneError, Presence, Self
from paxos.runtime.report import describe, fail, say
from paxos.runtime.shutdown import Stop
from paxos.runtime.stdin_reader import Reader
from paxos.runtime.storage import Storage


@dataclass(frozen=True, kw_only=True)
class ProcessOptions:
    """How one process is run. Processes of a cluster may differ in it."""

    run_dir: Path | None = None
    """Where its trace and its statistics go; None: nowhere."""
    limits: Limits = UNLIMITED
    """Of a client."""
    split: Split = split_lines
    """How a client tells the values on its standard input apart."""
    deliveries: Deliveries = field(default_factory=Output)
    """Where a learner's deliveries go; default: standard output, a line a value."""
    verbose: bool = False
    parent_fd: int | None = None
    """Closes at its other end when whoever started the whole cluster is gone; None: nobody did."""


def run_process(member: Member, config: Config, stop: Stop, options: ProcessOptions) -> int:
    """Run a process until it is told to stop, or, a client, until its values are delivered. The
    exit status. Raises `InputError` if it cannot start."""
    _finish_what_is_begun()
    config.check_member(member)
    key = read_key(config.key_file)
    network = _open_network(member.role, config, key)
    clock, faults = Clock(), Faults(config.faults, str(member))
    me = Self.of(member, str(config.identity()["cluster"]))
    presence = Presence(me, Freshness(), time.monotonic())

    def envelope(number: int) -> Envelope:
        tag, members = config.cluster_tag(), config.members()
        return Envelope(tag, member.role, member.id, number, members, key, me.nonce)

    greeting = Greeting(presence, network, config.endpoints(), clock, faults, envelope)
    begun = _begin(member, config, options, clock, greeting)
    presence.begin(begun.number, lambda: begun.storage.commits)
    process = ProcessName(member, begun.number)
    if isinstance(network, Network):
        network.name(str(process))
    role = _make_role(process, config.settings(network.packet_bytes), begun.storage)
    if not begun.is_first:
        role.come_back()
    around = Surroundings(
        network=network,
        groups=config.endpoints(),
        envelope=envelope(begun.number),
        datagram_bytes=config.datagram_bytes,
        clock=clock,
        storage=begun.storage,
        tracer=begun.tracer,
        deliveries=options.deliveries,
        faults=faults,
        stop=stop,
        presence=presence,
        strict_trace=config.trace == "strict",
    )
    node = Node(process, role, around)
    node.trace_failed = begun.trace_failed
    if warning := exposure(key, config.interface):
        say(f"{process}: {warning}")
    _introduce(process, begun, network, options)
    reader = _reader(role, node, stop, options)
    node.start(*([reader.run] if reader else ()))
    stop.wait(parent_fd=options.parent_fd)
    return _finish(node, stop, options, reader)


def _begin(
    member: Member, config: Config, options: ProcessOptions, clock: Clock, greeting: Greeting
) -> Incarnation:
    """Begin an incarnation. Whoever starts a whole cluster has nobody to ask whether it may, and
    would wait for every process of it."""
    with_cluster = options.parent_fd is not None
    ask = None if with_cluster else greeting.ask
    return begin(member, config, options.run_dir, clock, with_cluster=with_cluster, ask=ask)


def _introduce(
    process: ProcessName, begun: Incarnation, network: Multicast | Network, options: ProcessOptions
) -> None:
    """Say what the user should know of the process from the start."""
    if begun.forgets:
        say(
            f"{process}: storage: memory: what it has promised is lost when this process ends, so "
            "it must not be started again in this cluster"
        )
    if not options.verbose:
        return
    no_trace = "no trace (that needs --run-dir, and tracing)"
    traced = f"trace in {options.run_dir}" if begun.tracer else no_trace
    say(f"{process}: {traced}; receive buffer {network.receive_buffer_bytes} bytes")
    if begun.data_dir:
        say(f"{process}: storage in {begun.data_dir}")


def _open_network(role_name: str, config: Config, key: bytes | None) -> Multicast | Network:
    """The sockets of a process, and beyond the loopback what looks after them."""
    groups = config.endpoints()
    own: Endpoint = getattr(groups, f"{role_name}s")
    sockets = Multicast(own, config.interface, config.ttl)
    if is_loopback(config.interface):
        return sockets
    return Network(sockets, groups, own, config.cluster_tag(), key)


def _finish_what_is_begun() -> None:
    """Ask the scheduler not to take the processor away for a process that has just been woken: a
    step that wakes its receivers by its first datagram should still send the second. Where that
    cannot be asked for, nothing but time is lost."""
    with suppress(AttributeError, OSError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _make_role(process: ProcessName, settings: Settings, storage: Storage) -> Role:
    """The core of the process, as its storage left it. Only the role's own module is loaded."""
    name, process_id = process.member
    now_s = time.monotonic()
    if name == "acceptor":
        from paxos.core.acceptor import Acceptor

        return Acceptor(settings, storage.promised, storage.votes, storage.trimmed, process_id)
    if name == "proposer":
        from paxos.core.proposer import Proposer

        return Proposer(settings, process_id, now_s, storage.round)
    if name == "learner":
        from paxos.core.learner import Learner

        return Learner(settings, now_s, process_id)
    from paxos.core.client import Client

    return Client(settings, process.client, now_s)


def _reader(role: Role, node: Node, stop: Stop, options: ProcessOptions) -> Reader | None:
    """Of a client, what reads its input."""
    from paxos.core.client import Client

    if not isinstance(role, Client):
        return None
    return Reader(node, role, stop, options.limits, options.split)


def _what_is_left(process: ProcessName, reader: Reader, options: ProcessOptions) -> int:
    """Say which values a client that was stopped leaves without knowing that they are delivered;
    its exit status. Whoever started the whole cluster looks at what the learners delivered."""
    left = reader.unfinished()
    if not left or options.parent_fd is not None:
        return 0
    fail(f"{process}: stopped with {left}")
    return 1


def _finish(node: Node, stop: Stop, options: ProcessOptions, reader: Reader | None) -> int:
    process = node.stats.process
    stop.ignore_signals()
    stopped = node.stop()
    if options.verbose:
        say(f"{process}: {node.stats.received} datagrams received, {node.stats.sent} sent")
    if options.run_dir and stopped:
        try:
            node.stats.write(options.run_dir)
        except OSError as error:  # nothing depends on it
            say(f"{process}: statistics in {options.run_dir}: {reason(error)}")
    failure = stop.failure
    if isinstance(failure, NotThisOneError):
        fail(f"{process}: {failure}")
        status = 2
    elif isinstance(failure, InputError):
        status = 2  # said already, when it was met
    elif failure is not None:
        expected = isinstance(failure, RunError)
        fail(f"{process}: {failure if expected else describe(failure)}")
        if options.verbose:
            say("".join(traceback.format_exception(failure)))
        status = 1
    elif not stopped:
        fail(f"{process}: stopped in the middle of a step that did not end; output may be cut")
        status = 1
    else:
        status = 1 if node.trace_failed else 0
    if reader:
        status = max(status, _what_is_left(process, reader, options))
    if not stopped:
        os._exit(status)  # a thread is stuck in a system call, and would be waited for
    return status
