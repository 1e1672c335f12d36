"""How the roles of a process come to their seats: sockets, whether they may begin, an incarnation
with storage and trace, and the core as the storage left it."""

import time
from collections.abc import Callable, Container, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from paxos.config import Config, Endpoint, is_loopback
from paxos.core.checkpoint import SnapshotError
from paxos.core.messages import Group
from paxos.core.names import Member, ProcessName, Replica
from paxos.core.role import Role
from paxos.core.settings import Settings
from paxos.errors import InputError
from paxos.runtime.acks import HearDiscarded, HearPlaces
from paxos.runtime.checkpoint_file import DamagedError
from paxos.runtime.checkpoint_store import CheckpointStore
from paxos.runtime.checkpointing import Checkpointing
from paxos.runtime.clock import Clock
from paxos.runtime.deliveries import Deliveries
from paxos.runtime.envelope import Envelope
from paxos.runtime.faults import Faults
from paxos.runtime.freshness import Freshness
from paxos.runtime.greeting import Greeting
from paxos.runtime.handover import GROUPS, BesideProposer
from paxos.runtime.incarnation import Beginning, Incarnation, begin, state_folder
from paxos.runtime.keys import exposure, read_key
from paxos.runtime.multicast import Multicast
from paxos.runtime.network import Network
from paxos.runtime.presence import Presence, Self
from paxos.runtime.report import say
from paxos.runtime.seat import Seat, Surroundings
from paxos.runtime.storage import Storage
from paxos.runtime.transferring import Transferring


@dataclass(frozen=True, kw_only=True)
class Seating:
    """Seats the roles of one process."""

    who: Member | Replica
    config: Config
    run_dir: Path | None
    deliveries: Deliveries
    """Where a learner's deliveries go."""
    hear_places: HearPlaces | None = None
    """What a client does with the places of its values; None: it does not ask for them."""
    hear_discarded: HearDiscarded | None = None
    """What it does when values will not be delivered; None: it tells the user."""
    hear_current: Callable[[int], object] | None = None
    """Of a learner whose reads up to a number may see what is delivered; None: nobody reads."""
    with_cluster: bool
    """Whoever starts this process starts the whole cluster. Then it has nobody to ask whether it
    may begin, and would wait for every process of it."""
    verbose: bool
    batch_values: int | None = None
    """A proposer or client puts no more values together; None: as many as the cluster allows."""

    def seats(self) -> list[Seat]:
        """A seat for each role. Raises `InputError` if one of them must not or cannot begin."""
        for member in self.who.members:
            self.config.check_member(member)
        key = read_key(self.config.key_file)
        clock = Clock()
        me = Self.of(self.who.members[0], str(self.config.identity()["cluster"]))
        seats: list[Seat] = []
        with ExitStack() as undo:
            for member in self.who.members:
                seat = self._seat(me._replace(member=member), key, clock, seats)
                seats.append(seat)
                undo.callback(seat.network.close)
                undo.callback(seat.close)
            undo.pop_all()
        if warning := exposure(key, self.config.interface):
            say(f"{self.name_of(seats)}: {warning}")
        return seats

    def name_of(self, seats: Sequence[Seat]) -> str:
        """What the process is called, which a replica is by none of its roles."""
        return str(seats[0].process if len(seats) == 1 else self.who)

    def _seat(self, me: Self, key: bytes | None, clock: Clock, mates: Sequence[Seat]) -> Seat:
        """`mates`: those in the same process that were seated before. No incarnation of it is below
        theirs."""
        config, member = self.config, me.member
        network = _open_network(member.role, config, key)
        faults = Faults(config.faults, str(member))
        presence = Presence(me, Freshness(), time.monotonic())

        def envelope(number: int) -> Envelope:
            tag, members = config.cluster_tag(), config.members()
            return Envelope(tag, member.role, member.id, number, members, key, me.nonce)

        checkpoints = self._checkpoints(member)
        greeting = Greeting(presence, network, config.endpoints(), clock, faults, envelope)
        begun = self._begin(member, clock, greeting, checkpoints, mates)
        presence.begin(begun.number, lambda: begun.storage.commits)
        process = ProcessName(member, begun.number)
        if isinstance(network, Network):
            network.name(str(process))
        settings = self._settings(network.packet_bytes)
        store = checkpoints.store if checkpoints else begun.storage
        role = self._make_role(process, settings, store)
        if not checkpoints and not begun.is_first:
            role.come_back()
        self._introduce(process, begun, network)
        around = Surroundings(
            network=network,
            groups=config.endpoints(),
            envelope=envelope(begun.number),
            datagram_bytes=config.largest_datagram_bytes,
            clock=clock,
            storage=begun.storage,
            tracer=begun.tracer,
            deliveries=self.deliveries,
            checkpoints=checkpoints,
            transferring=_transferring(str(process), role, checkpoints),
            hear_places=self.hear_places,
            hear_discarded=self.hear_discarded,
            hear_current=self.hear_current,
            faults=faults,
            presence=presence,
            strict_trace=config.trace == "strict",
            has_mates=len(self.who.members) > 1,
            unsent=self._unsent(member, mates),
        )
        seat = Seat(process, role, around)
        seat.trace_failed = begun.trace_failed
        return seat

    def _begin(
        self,
        member: Member,
        clock: Clock,
        greeting: Greeting,
        checkpoints: Checkpointing | None,
        mates: Sequence[Seat],
    ) -> Incarnation:
        how = Beginning(
            with_cluster=self.with_cluster,
            least=mates[-1].process.incarnation if mates else 0,
            keeps=checkpoints is not None,
        )
        ask = None if self.with_cluster else greeting.ask
        try:
            return begin(member, self.config, self.run_dir, clock, ask=ask, how=how)
        except BaseException:
            if checkpoints:
                checkpoints.close()
            raise

    def _checkpoints(self, member: Member) -> Checkpointing | None:
        """Of a learner that keeps them: open, and what it delivers goes on from the newest."""
        application = self.deliveries.application
        if member.role != "learner" or application is None or self.config.synod:
            return None
        folder = state_folder(self.config, self.run_dir)
        store = CheckpointStore(folder, member.id, self.config.identity(), application)
        checkpoints = Checkpointing(store, str(member))
        try:
            self.deliveries.begin(checkpoints)
        except BaseException:
            checkpoints.close()
            raise
        return checkpoints

    def _make_role(
        self, process: ProcessName, settings: Settings, storage: Storage | CheckpointStore
    ) -> Role:
        """The core of the role, as its storage left it. Only the role's own module is loaded."""
        name, process_id = process.member
        now_s = time.monotonic()
        if isinstance(storage, CheckpointStore):
            return make_keeper(settings, process, storage)
        if name == "acceptor":
            from paxos.core.acceptor import Acceptor

            votes = storage.acceptor_votes()
            return Acceptor(settings, storage.promised, votes, storage.trimmed, process_id)
        if name == "proposer":
            from paxos.core.proposer import Proposer

            return Proposer(settings, process_id, now_s, storage.round)
        if name == "learner":
            from paxos.core.learner import Learner

            return Learner(settings, now_s, process_id, incarnation=process.incarnation)
        from paxos.core.client import Client

        wants_places = self.hear_places is not None
        return Client(settings, process.client, now_s, wants_places=wants_places)

    def _settings(self, packet_bytes: int) -> Settings:
        settings = self.config.settings(packet_bytes)
        most = self.batch_values or settings.max_batch
        return replace(
            settings,
            max_batch=min(most, settings.max_batch),
            own_acceptor=self.who.id if len(self.who.members) > 1 else 0,
        )

    def _is_alone(self, member: Member) -> bool:
        """Whether it is the only one of its role, and others in this process tell it what there
        is to tell."""
        return len(self.who.members) > 1 and len(self.config.ids(member.role)) == 1

    def _unsent(self, member: Member, mates: Sequence[Seat]) -> Container[Group]:
        """The groups that it need not speak to by the network."""
        always = frozenset(GROUPS[m.role] for m in self.who.members if self._is_alone(m))
        if member.role != "client" or not mates:
            return always
        from paxos.core.proposer import Proposer

        (proposer,) = (seat.role for seat in mates if isinstance(seat.role, Proposer))
        return BesideProposer(proposer, always)

    def _introduce(
        self, process: ProcessName, begun: Incarnation, network: Multicast | Network
    ) -> None:
        """Say what the user should know of a role from the start."""
        if begun.forgets:
            say(
                f"{process}: storage: memory: what it has promised is lost when this process ends, "
                "so it must not be started again in this cluster"
            )
        if not self.verbose:
            return
        no_trace = "no trace (that needs --run-dir, and tracing)"
        traced = f"trace in {self.run_dir}" if begun.tracer else no_trace
        say(f"{process}: {traced}; receive buffer {network.receive_buffer_bytes} bytes")
        if begun.data_dir:
            say(f"{process}: storage in {begun.data_dir}")


def make_keeper(settings: Settings, process: ProcessName, store: CheckpointStore) -> Role:
    """A learner that has come back with the newest checkpoint in `store`, if there is one. Raises
    `InputError` if no learner can."""
    from paxos.core.learner import Learner

    now_s, newest = time.monotonic(), store.newest
    make = partial(
        Learner,
        settings,
        now_s,
        process.member.id,
        keeps=True,
        shares=settings.checkpoints and store.application.transferable,
        incarnation=process.incarnation,
    )
    if newest is None:
        return make()
    try:
        learner = make(snapshot=newest.snapshot())
    except (DamagedError, SnapshotError, OSError) as error:
        raise InputError(
            f"checkpoint {newest.path} is whole, and no learner can go on from it: {error}"
        ) from error
    assert learner.keeping
    learner.keeping.kept_s = now_s - max(0.0, time.time() - newest.made_s)
    learner.come_back(giver=store.giver)
    return learner


def _transferring(name: str, role: Role, checkpoints: Checkpointing | None) -> Transferring | None:
    """What gives a learner's checkpoints to others, and takes theirs, if it shares them."""
    if checkpoints is None:
        return None
    from paxos.core.learner import Learner

    assert isinstance(role, Learner), "others keep no checkpoints"
    return Transferring(checkpoints.store, name, role) if role.transfer else None


def _open_network(role_name: str, config: Config, key: bytes | None) -> Multicast | Network:
    """The sockets of a role, and beyond the loopback what looks after them."""
    groups = config.endpoints()
    own: Endpoint = getattr(groups, f"{role_name}s")
    sockets = Multicast(own, config.interface, config.ttl)
    if is_loopback(config.interface):
        return sockets
    return Network(sockets, groups, own, config.cluster_tag(), key)
