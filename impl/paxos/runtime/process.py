"""One process of the cluster: its role, or those of a replica, and their node, from start to
stop."""

import os
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from paxos.config import Config
from paxos.core.names import Member, Replica
from paxos.errors import InputError, RunError, reason
from paxos.runtime.acks import HearPlaces
from paxos.runtime.deliveries import Deliveries, Output
from paxos.runtime.framing import Split, split_lines
from paxos.runtime.node import Node
from paxos.runtime.pace import UNLIMITED, Limits
from paxos.runtime.presence import NotThisOneError
from paxos.runtime.report import describe, fail, say
from paxos.runtime.seat import Seat
from paxos.runtime.seating import Seating
from paxos.runtime.shutdown import Stop
from paxos.runtime.stdin_reader import Reader


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
    hear_places: HearPlaces | None = None
    """What a client does with the places of its values; None: it does not ask for them."""
    batch_values: int | None = None
    """A proposer or client puts no more values together; None: as many as the cluster allows."""
    verbose: bool = False
    parent_fd: int | None = None
    """Closes at its other end when whoever started the whole cluster is gone; None: nobody did."""


def run_process(who: Member | Replica, config: Config, stop: Stop, options: ProcessOptions) -> int:
    """Run a process until it is told to stop, or, a client, until its values are delivered. The
    exit status. Raises `InputError` if it cannot start."""
    _finish_what_is_begun()
    seating = Seating(
        who=who,
        config=config,
        run_dir=options.run_dir,
        deliveries=options.deliveries,
        hear_places=options.hear_places,
        with_cluster=options.parent_fd is not None,
        verbose=options.verbose,
        batch_values=options.batch_values,
    )
    seats = seating.seats()
    name = seating.name_of(seats)
    node = Node(seats, stop)
    if config.metrics_port:
        from paxos.runtime import metrics  # with the package that it needs

        cluster = str(config.identity()["cluster"])
        metrics.serve(node, cluster, config.metrics_address, config.metrics_port)
    reader = _reader(node, stop, options)
    node.start(*([reader.run] if reader else ()))
    stop.wait(parent_fd=options.parent_fd)
    return _finish(name, node, stop, options, reader)


def _finish_what_is_begun() -> None:
    """Ask the scheduler not to take the processor away for a process that has just been woken: a
    step that wakes its receivers by its first datagram should still send the second. Where that
    cannot be asked for, nothing but time is lost."""
    with suppress(AttributeError, OSError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _reader(node: Node, stop: Stop, options: ProcessOptions) -> Reader | None:
    """Of a client, what reads its input."""
    from paxos.core.client import Client

    role = node.seats[-1].role
    if not isinstance(role, Client):
        return None
    end = None if len(node.seats) == 1 else _nothing
    return Reader(node, role, stop, options.limits, options.split, end=end)


def _nothing() -> None:
    """A replica goes on when its client has nothing more to broadcast: others need it."""


def _what_is_left(name: str, reader: Reader, options: ProcessOptions) -> int:
    """Say which values a client that was stopped leaves without knowing that they are delivered;
    its exit status. Whoever started the whole cluster looks at what the learners delivered."""
    left = reader.unfinished()
    if not left or options.parent_fd is not None:
        return 0
    fail(f"{name}: stopped with {left}")
    return 1


def _finish(
    name: str, node: Node, stop: Stop, options: ProcessOptions, reader: Reader | None
) -> int:
    stop.ignore_signals()
    stopped = node.stop()
    for seat in node.seats:
        _leave_statistics(seat, options, stopped=stopped)
    failure = stop.failure
    if isinstance(failure, NotThisOneError):
        fail(f"{name}: {failure}")
        status = 2
    elif isinstance(failure, InputError):
        status = 2  # said already, when it was met
    elif failure is not None:
        expected = isinstance(failure, RunError)
        fail(f"{name}: {failure if expected else describe(failure)}")
        if options.verbose:
            say("".join(traceback.format_exception(failure)))
        status = 1
    elif not stopped:
        fail(f"{name}: stopped in the middle of a step that did not end; output may be cut")
        status = 1
    elif any(seat.trace_failed for seat in node.seats):
        fail(f"{name}: its trace could not be written, and is not complete")
        status = 1
    else:
        status = 1 if any(seat.discarded or seat.failure for seat in node.seats) else 0
    if reader:
        status = max(status, _what_is_left(name, reader, options))
    if not stopped:
        os._exit(status)  # a thread is stuck in a system call, and would be waited for
    return status


def _leave_statistics(seat: Seat, options: ProcessOptions, *, stopped: bool) -> None:
    if options.verbose:
        say(f"{seat.process}: {seat.stats.received} datagrams received, {seat.stats.sent} sent")
    if options.run_dir and stopped:
        try:
            seat.stats.write(options.run_dir)
        except OSError as error:  # nothing depends on it
            say(f"{seat.process}: statistics in {options.run_dir}: {reason(error)}")
