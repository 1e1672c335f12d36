"""The configuration of a cluster: one typed, validated object, whichever file it came from.

`load` takes it from a file in one of the forms of `paxos.forms`. What is wrong is an `InputError`
that names the file, the key and what was expected. No socket is opened here.
"""

import re
import socket
from difflib import get_close_matches
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

import msgspec
from msgspec import Meta, Struct

from paxos import forms
from paxos.core.names import ROLES, Member
from paxos.core.quorum import check_quorums, quorum_size
from paxos.core.settings import Settings
from paxos.datagram import OVERHEAD_BYTES
from paxos.errors import InputError
from paxos.forms import MAX_COUNT, ROLE_GROUPS

__all__ = ["Config", "Endpoint", "FaultRates", "Groups", "Timings", "dump", "load", "override"]

MAX_DATAGRAM_BYTES = 65_507
"""The largest payload of a UDP datagram over IPv4."""

SMALLEST_DATAGRAM_BYTES = 512
"""Every message must fit."""

MAX_ID = 99
"""The largest id where the configuration does not say how many processes there are."""

Count = Annotated[int, Meta(ge=1, le=MAX_COUNT)]
DatagramBytes = Annotated[int, Meta(ge=SMALLEST_DATAGRAM_BYTES, le=MAX_DATAGRAM_BYTES)]
Seconds = Annotated[float, Meta(ge=0.001, le=3600)]
Chance = Annotated[float, Meta(ge=0, le=1)]
Text = Annotated[str, Meta(min_length=1, max_length=100)]
FileName = Annotated[str, Meta(min_length=1, max_length=4096)]

_CORE = Settings()  # where the defaults of what the core uses are
_AS_THEY_ARE = (
    *("acceptors", "batch_wait_s", "max_value_bytes", "window", "in_flight"),
    *("retain_instances", "checkpoint_instances", "checkpoint_bytes", "transfer_bytes_s"),
)


class Endpoint(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A multicast group: `[address, port]`."""

    address: str
    port: Annotated[int, Meta(ge=1, le=65_535)]

    def __post_init__(self) -> None:
        if not is_ipv4(self.address) or not 224 <= int(self.address.split(".")[0]) <= 239:
            raise ValueError(
                f"expected a multicast address, 224.0.0.0 to 239.255.255.255, not {self.address!r}"
            )

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


def is_ipv4(text: str) -> bool:
    """Whether `text` is an IPv4 address of four decimal numbers."""
    return bool(re.fullmatch(r"\d{1,3}(\.\d{1,3}){3}", text)) and _resolves(text)


def _resolves(text: str) -> bool:
    try:
        socket.inet_pton(socket.AF_INET, text)
    except OSError:
        return False
    return True


def is_loopback(interface: str) -> bool:
    """Whether only this machine is reached through it."""
    return interface in ("lo", "lo0") or interface.startswith("127.")


class Groups(Struct, frozen=True, forbid_unknown_fields=True):
    """The multicast group of each role. They may share an address, then the ports differ."""

    clients: Endpoint = Endpoint("239.0.0.1", 5000)
    proposers: Endpoint = Endpoint("239.0.0.1", 6000)
    acceptors: Endpoint = Endpoint("239.0.0.1", 7000)
    learners: Endpoint = Endpoint("239.0.0.1", 8000)

    def __post_init__(self) -> None:
        seen: dict[Endpoint, str] = {}
        for role in ROLE_GROUPS:
            endpoint: Endpoint = getattr(self, role)
            if endpoint in seen:
                raise ValueError(
                    f"expected a group for each role, but {seen[endpoint]} and {role} are both "
                    f"{endpoint}"
                )
            seen[endpoint] = role


class Timings(Struct, frozen=True, forbid_unknown_fields=True):
    """In seconds. What each means is said in `paxos.core.settings`."""

    heartbeat_s: Seconds = _CORE.heartbeat_s
    failover_s: Seconds = _CORE.failover_s
    retry_s: Seconds = _CORE.retry_s
    resend_s: Seconds = _CORE.resend_s
    gap_s: Seconds = _CORE.gap_s
    repair_s: Seconds = _CORE.repair_s

    def __post_init__(self) -> None:
        if self.failover_s <= self.heartbeat_s:
            raise ValueError(
                f"expected failover_s above heartbeat_s ({self.heartbeat_s}), not {self.failover_s}"
            )


class FaultRates(Struct, frozen=True, forbid_unknown_fields=True):
    """How often a node loses, duplicates or holds back a datagram that it receives, on purpose."""

    loss: Chance = 0.0
    duplicate: Chance = 0.0
    reorder: Chance = 0.0
    seed: Annotated[int, Meta(ge=0, le=2**53 - 1)] = 0

    def __bool__(self) -> bool:
        return bool(self.loss or self.duplicate or self.reorder)


class Quorums(Struct, frozen=True, forbid_unknown_fields=True):
    """How many acceptors are a quorum, in each phase."""

    phase1: Count
    """So many must promise to a proposer that is to lead, and answer a learner that is to read."""
    phase2: Count
    """So many must vote for a batch, to have it chosen."""


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cluster. Every process of it has the same configuration."""

    cluster: Text | None = None
    """Its name. Clusters that share a multicast group tell their datagrams apart by it."""
    milestone: Literal["multipaxos", "synod"] = "multipaxos"
    groups: Groups | None = None
    acceptors: Count = 3
    proposers: Count | None = None
    learners: Count | None = None
    clients: Count | None = None
    """Where it is not said how many there are, any id up to `MAX_ID` may start."""

    quorums: Quorums | None = None
    """What makes a quorum, where it is not a majority: together more than `acceptors`, so that each
    quorum of phase 1 meets each of phase 2 (`paxos.core.quorum`)."""

    interface: Text = "127.0.0.1"
    """The network interface, by address or name. The loopback keeps everything on the machine."""
    ttl: Annotated[int, Meta(ge=0, le=255)] = 0
    """How many networks a datagram may cross; 0: none, it stays on the machine."""

    key_file: FileName | None = None
    """A file of at least 16 bytes that all processes have and nobody else can read. With it, what
    others send is told apart and dropped; without it, who reaches the network is trusted. In a
    configuration file, a relative name is meant from that file's folder."""

    direct_learning: bool = True
    """Learners learn from the acceptors' votes; no proposer has to tell them what was decided."""
    prepare_ahead: bool = True
    """The leader runs Phase 1 for `window` instances before it knows what to propose in them."""
    batching: bool = True
    """Several values in one instance."""
    batch_values: Annotated[int, Meta(ge=2, le=65_536)] = 1_024
    """With batching, the most values in one instance."""
    batch_wait_s: Annotated[float, Meta(ge=0, le=1)] = _CORE.batch_wait_s
    """With batching, how long a batch that is not full waits for more values; 0: not at all."""

    fifo: bool = False
    """The values of one client are delivered in the order in which it broadcast them. Without it,
    one that has several under way may see a later one delivered first."""
    checkpoints: bool = False
    """Learners keep checkpoints: their state, durable. One that starts again goes on from its own,
    or from another's; acceptors forget what is in those of a majority of the learners, and learners
    forget the clients of which a later incarnation had a value delivered."""

    datagram_bytes: DatagramBytes | None = None
    """The largest datagram. The same in all processes, and no less than when what is in storage was
    voted for. On a network, they are made to fit its packets if they can be (`runtime.parts`)."""
    max_value_bytes: Annotated[int, Meta(ge=1, le=1 << 30)] = _CORE.max_value_bytes
    """The largest value. One that fits no datagram is broadcast in parts (`paxos.core.part`);
    learners keep up to eight times as much of values with missing parts. A Synod has no parts."""
    window: Annotated[int, Meta(ge=1, le=16_384)] = _CORE.window
    """With prepare_ahead, how many instances Phase 1 covers; 1: the next one only."""
    in_flight: Annotated[int, Meta(ge=1, le=16_384)] = _CORE.in_flight
    """How many instances the leader works on at a time; 1: one after another."""
    retain_instances: Annotated[int, Meta(ge=0, le=2**40)] = _CORE.retain_instances
    """Instances that acceptors keep after all learners delivered them; all, without `learners`.
    Older ones are delivered to nobody again: what learners have written is their only copy. With
    `checkpoints`, after a majority of the learners has them in checkpoints."""
    checkpoint_instances: Annotated[int, Meta(ge=1, le=2**40)] = _CORE.checkpoint_instances
    """A learner that keeps checkpoints makes one every so many instances, unless the last one took
    so long that it rests. What came since the last one it learns again when it starts again."""
    checkpoint_bytes: Annotated[int, Meta(ge=1, le=2**50)] = _CORE.checkpoint_bytes
    """The same in bytes of delivered values, whichever comes first."""
    transfer_bytes_s: Annotated[int, Meta(ge=1_000, le=2**40)] = _CORE.transfer_bytes_s
    """What a learner gives of its checkpoint to those that come too late, in bytes per second, all
    together: live traffic goes on beside it."""
    timings: Timings = Timings()
    storage: Literal["sqlite", "memory"] = "sqlite"
    """Where acceptors and proposers keep what they must find again: in files, or nowhere."""
    data_dir: Text | None = None
    """The folder for these files. Default: `data` in the run folder, or `paxos-data` here."""
    trace: Literal["lenient", "strict"] = "lenient"
    """What a process does when its trace cannot be written: say so and go on, or stop."""
    tracing: bool = True
    """Each process that is given a run folder writes there what it does; without, nobody can check
    the run."""
    metrics_port: Annotated[int, Meta(ge=1, le=65_535)] | None = None
    """Each process serves what it counts by HTTP at this port, for Prometheus. On one machine each
    needs a port of its own: `--metrics PORT`."""
    metrics_address: Text = "127.0.0.1"
    """Where: an address of this machine. Anybody who reaches it may read, so by default nobody on
    another machine does."""
    faults: FaultRates = FaultRates()

    def __post_init__(self) -> None:
        if self.quorums is not None:
            check_quorums(self.quorums.phase1, self.quorums.phase2, self.acceptors)

    @property
    def synod(self) -> bool:
        """Whether this is milestone 1, which knows no optimisation."""
        return self.milestone == "synod"

    @property
    def largest_datagram_bytes(self) -> int:
        """Unless said otherwise, the largest that there is where all are on one machine."""
        return self.datagram_bytes or (65_507 if is_loopback(self.interface) else 32_768)

    def endpoints(self) -> Groups:
        """The multicast groups."""
        return self.groups or Groups()

    def settings(self, packet_bytes: int = MAX_DATAGRAM_BYTES) -> Settings:
        """What the core needs to know. `packet_bytes`: the largest datagram that the network
        carries in one packet."""
        return Settings(
            **self.quorum_sizes(),
            learners=self.learners or 0,
            synod=self.synod,
            direct_learning=self.direct_learning and not self.synod,
            prepare_ahead=self.prepare_ahead and not self.synod,
            max_batch=self.batch_values if self.batching and not self.synod else 1,
            fifo=self.fifo and not self.synod,
            checkpoints=self.checkpoints and not self.synod,
            message_bytes=self.largest_datagram_bytes - OVERHEAD_BYTES,
            fit_bytes=max(packet_bytes, SMALLEST_DATAGRAM_BYTES) - OVERHEAD_BYTES,
            first_messages=self.in_flight if is_loopback(self.interface) else _CORE.first_messages,
            **{name: getattr(self, name) for name in _AS_THEY_ARE},
            **msgspec.structs.asdict(self.timings),
        )

    def quorum_sizes(self) -> dict[str, int]:
        """The sizes of the quorums, by what the core and traces call them, if any is not that of a
        majority: what older versions have written has no word of them."""
        majority = quorum_size(self.acceptors)
        if self.quorums is None or self.quorums == Quorums(majority, majority):
            return {}
        return {"phase1_quorum": self.quorums.phase1, "phase2_quorum": self.quorums.phase2}

    def identity(self) -> dict[str, str | int | bool]:
        """What makes this cluster and no other. Processes that disagree on what makes a quorum, on
        the protocol, or on which values are delivered, must not hear each other or take over each
        other's state."""
        settings = self.settings()
        names = (
            *("acceptors", "synod", "direct_learning", "prepare_ahead", "max_batch"),
            *("fifo", "max_value_bytes"),
        )
        return {
            "cluster": self.cluster or "paxos",
            **{name: getattr(settings, name) for name in names},
            # Only if it is on: what older versions have stored has no word of it.
            **({"checkpoints": True} if settings.checkpoints else {}),
            **self.quorum_sizes(),
        }

    def cluster_tag(self) -> bytes:
        """Eight bytes that datagrams of this cluster carry, and those of others do not."""
        identity = tuple(self.identity().values())
        return blake2b(repr(identity).encode(), digest_size=8).digest()

    def ids(self, role: str) -> range:
        """The ids that processes of `role` may have."""
        count: int | None = getattr(self, f"{role}s")
        return range(1, (count or MAX_ID) + 1)

    def members(self) -> dict[str, int]:
        """The highest id that a process of each role may have."""
        return {role: self.ids(role)[-1] for role in ROLES}

    def check_member(self, member: Member) -> None:
        """Raise `InputError` if the cluster has no such process."""
        role, ids = member.role, self.ids(member.role)
        if member.id not in ids:
            known = f"{role}s 1 to {ids[-1]}"
            raise InputError(
                f"{member.words} is not in the configuration, which has {known}; "
                f"choose one of these, or set `{role}s` in the configuration"
            )


def load(path: Path) -> Config:
    """Read the configuration in `path`. Raises `InputError`."""
    config = _convert(path, forms.read(path, Config.__struct_fields__))
    if config.key_file is None:
        return config
    return override(config, key_file=str(path.parent.absolute() / config.key_file))


def override(config: Config, **changes: Any) -> Config:
    """`config` with those of `changes` that are not None; validated again. Raises `InputError`."""
    changes = {key: value for key, value in changes.items() if value is not None}
    faults = {key: changes.pop(key) for key in FaultRates.__struct_fields__ if key in changes}
    content = msgspec.to_builtins(config)
    content.update(changes)
    content["faults"] = {**content.get("faults", {}), **faults}
    return _convert("options", content)


def dump(config: Config) -> str:
    """`config` as YAML that `load` reads."""
    import yaml  # slow to import, and seldom needed

    content = msgspec.to_builtins(config)
    return str(yaml.safe_dump(content, sort_keys=False, default_flow_style=None))


# From plain data to a Config.

_SECTIONS: dict[str, type[Struct]] = {
    **{"groups": Groups, "quorums": Quorums, "timings": Timings, "faults": FaultRates}
}

_WORDS = {
    "`int`": "a whole number",
    "`float`": "a number",
    "`str`": "text",
    "`bool`": "true or false",
    "`object`": "a mapping",
    "`array`": "a list",
    "`null`": "nothing",
    " | null`": "`",
}
"""What msgspec calls types, and what people do."""


def _convert(path: Path | str, content: dict[str, Any]) -> Config:
    _check_keys(path, content, Config, "")
    for section, kind in _SECTIONS.items():
        if isinstance(content.get(section), dict):
            _check_keys(path, content[section], kind, f"{section}.")
    try:
        return msgspec.convert(content, Config)
    except msgspec.ValidationError as error:
        problem, _, where = str(error).partition(" - at ")
        key = where.strip("`").removeprefix("$.").removeprefix("$")
        if problem.startswith("Invalid enum value"):
            choices = " or ".join(get_args(get_type_hints(Config)[key]))
            problem = f"expected {choices}, not {content[key]!r}"
        for word in reversed(_WORDS):
            problem = problem.replace(word, _WORDS[word])
        problem = problem[0].lower() + problem[1:]
        if not where:  # it is about several keys, as only the check of the quorums is
            key = "quorums"
        raise InputError(f"configuration {path}: {key}: {problem}") from error


def _check_keys(
    path: Path | str, content: dict[str, Any], section: type[Struct], prefix: str
) -> None:
    known = section.__struct_fields__
    elsewhere = {key: f"{name}.{key}" for name in _SECTIONS for key in _keys(name)}
    for key in content:
        if key in known:
            continue
        near = get_close_matches(str(key), known, n=1)
        if near:
            hint = f"did you mean `{prefix}{near[0]}`?"
        elif key in elsewhere:
            hint = f"did you mean `{elsewhere[key]}`?"
        else:
            hint = f"known are {', '.join(known)}"
        raise InputError(f"configuration {path}: unknown key `{prefix}{key}`; {hint}")


def _keys(section: str) -> tuple[str, ...]:
    return _SECTIONS[section].__struct_fields__
