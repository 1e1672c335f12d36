"""One process of the cluster: a role with its node, from start to stop."""

import os
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from paxos.config import Config, Endpoint, is_loopback
from paxos.core.role import Role
from paxos.core.settings import Settings
from paxos.errors import InputError, RunError, reason
from paxos.runtime import incarnation
from paxos.runtime.clock import Clock
from paxos.runtime.envelope import Envelope
from paxos.runtime.faults import Faults
from paxos.runtime.freshness import Freshness
from paxos.runtime.greeting import Greeting
from paxos.runtime.keys import exposure, read_key
from paxos.runtime.multicast import Multicast
from paxos.runtime.network import Network
from paxos.runtime.node import Node
from paxos.runtime.pace import UNLIMITED, Limits
from paxos.runtime.presence import NotThisOneError, Presence, Self
from paxos.runtime.report import describe, fail, say
from paxos.runtime.shutdown import Stop
from paxos.runtime.stdin_reader import Reader
from paxos.runtime.storage import Storage


def run_process(
    role_name: str,
    process_id: int,
    config: Config,
    stop: Stop,
    *,
    run_dir: Path | None = None,
    limits: Limits = UNLIMITED,
    verbose: bool = False,
    parent_fd: int | None = None,
) -> int:
    """Run process `process_id` of a role until it is told to stop, or, a client, until its values
    are delivered. The exit status. Raises `InputError` if it cannot start."""
    _finish_what_is_begun()
    config.check_id(role_name, process_id)
    key = read_key(config.key_file)
    network = _open_network(role_name, config, key)
    clock, faults = Clock(), Faults(config.faults, f"{role_name}-{process_id}")

    me = Self.of(role_name, process_id, str(config.identity()["cluster"]))
    presence = Presence(me, Freshness(), time.monotonic())

    def envelope(number: int) -> Envelope:
        tag, members = config.cluster_tag(), config.members()
        return Envelope(tag, role_name, process_id, number, members, key, me.nonce)

    with_cluster = parent_fd is not None
    greeting = Greeting(presence, network, config.endpoints(), clock, faults, envelope)
    # Whoever starts a whole cluster has nobody to ask, and would wait for every process of it.
    ask = None if with_cluster else greeting.ask
    life = incarnation.begin(
        role_name, process_id, config, run_dir, clock, with_cluster=with_cluster, ask=ask
    )
    presence.begin(life.number, lambda: life.storage.commits)
    process = f"{role_name}-{process_id}.{life.number}"
    if isinstance(network, Network):
        network.name(process)
    settings = config.settings(network.packet_bytes)
    role = _make_role(role_name, process_id, life.number, settings, life.storage)
    if not life.is_first:
        role.come_back()
    node = Node(
        process=process,
        role=role,
        network=network,
        groups=config.endpoints(),
        envelope=envelope(life.number),
        datagram_bytes=config.datagram_bytes,
        clock=clock,
        storage=life.storage,
        tracer=life.tracer,
        faults=faults,
        stop=stop,
        presence=presence,
        strict_trace=config.trace == "strict",
    )
    if warning := exposure(key, config.interface):
        say(f"{process}: {warning}")
    node.trace_failed = life.trace_failed
    if life.forgets:
        say(
            f"{process}: storage: memory: what it has promised is lost when this process ends, so "
            "it must not be started again in this cluster"
        )
    if verbose:
        traced = (
            f"trace in {run_dir}" if life.tracer else "no trace (that needs --run-dir, and tracing)"
        )
        say(f"{process}: {traced}; receive buffer {network.receive_buffer_bytes} bytes")
        if life.data_dir:
            say(f"{process}: storage in {life.data_dir}")
    node.start(*_other_work(role, node, stop, limits))
    stop.wait(parent_fd=parent_fd)
    return _finish(process, node, stop, run_dir, verbose)


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


def _make_role(
    name: str, process_id: int, incarnation: int, settings: Settings, storage: Storage
) -> Role:
    """The core of the process, as its storage left it. Only the role's own module is loaded."""
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

    return Client(settings, f"{process_id}.{incarnation}", now_s)


def _other_work(role: Role, node: Node, stop: Stop, limits: Limits) -> list[Callable[[], None]]:
    from paxos.core.client import Client

    return [Reader(node, role, stop, limits).run] if isinstance(role, Client) else []


def _finish(process: str, node: Node, stop: Stop, run_dir: Path | None, verbose: bool) -> int:
    stop.ignore_signals()
    stopped = node.stop()
    if verbose:
        say(f"{process}: {node.stats.received} datagrams received, {node.stats.sent} sent")
    if run_dir and stopped:
        try:
            node.stats.write(run_dir)
        except OSError as error:  # nothing depends on it
            say(f"{process}: statistics in {run_dir}: {reason(error)}")
    failure = stop.failure
    if isinstance(failure, NotThisOneError):
        fail(f"{process}: {failure}")
        status = 2
    elif isinstance(failure, InputError):
        status = 2  # said already, when it was met
    elif failure is not None:
        expected = isinstance(failure, RunError)
        fail(f"{process}: {failure if expected else describe(failure)}")
        if verbose:
            say("".join(traceback.format_exception(failure)))
        status = 1
    elif not stopped:
        fail(f"{process}: stopped in the middle of a step that did not end; output may be cut")
        status = 1
    else:
        status = 1 if node.trace_failed else 0
    if not stopped:
        os._exit(status)  # a thread is stuck in a system call, and would be waited for
    return status
