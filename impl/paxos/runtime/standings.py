"""What `paxos status` shows: a value, made of the answers; and that as a table.

Answers come one after the other while the cluster goes on. So figures of several processes that
differ by a little are not of the same moment.
"""

from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct

from paxos.core.ballot import NO_BALLOT
from paxos.core.names import ROLES, Member
from paxos.core.standing import Standing
from paxos.runtime.asking import Told

ORDER = ("proposer", "acceptor", "learner", "client")
"""In which the roles are shown."""


class Silent(Struct, kw_only=True):
    """A process of the configuration that has not answered."""

    process: str
    silent: bool = True


class Row(Struct, kw_only=True):
    """A process that has answered. `ballot` to `pending`, but for `lag`, and the last two: see
    `paxos.core.standing`."""

    process: str
    silent: bool = False
    incarnation: int
    host: str
    pid: int
    up_s: float
    ballot: tuple[int, int]
    """Round and proposer."""
    leads: bool
    prefix: int
    top: int
    lag: int
    """Instances that it is behind the furthest: an acceptor with its votes, others with what is
    chosen or delivered."""
    values: int
    pending: int
    memory_bytes: int
    received: int
    sent: int
    repeated: int
    dropped: int
    most_dropped: str
    kept: int = 0
    """Of a learner that keeps checkpoints: instances that are in the newest; 0: there is none."""
    kept_s: float = 0.0
    """How old that is."""
    giver: int = 0
    """Of a learner that takes the checkpoint of another one: that one; ..."""
    taken_percent: int = 0
    """... and how much of it is there."""


class Report(Struct, kw_only=True):
    """A cluster at one moment, or nearly so."""

    cluster: str
    leader: str
    """The process that leads; empty: nobody does."""
    ballot: tuple[int, int]
    """That it leads with."""
    delivered: int
    """Instances, by the furthest learner."""
    begun: int
    """The highest instance that anybody has heard of."""
    missing: list[str]
    """Who should be there and is silent, clients left out."""
    processes: list[Row | Silent]

    @property
    def is_well(self) -> bool:
        """Everybody is there, and one leads."""
        return bool(self.leader) and not self.missing


def report(cluster: str, wanted: Collection[Member], answers: Iterable[Told]) -> Report:
    """What is known of a cluster of which `wanted` are configured, from the answers."""
    told = {told.process.member: told for told in answers}
    standings = {member: known.answer.standing for member, known in told.items()}
    top = max((s.top for s in standings.values()), default=0)
    votes = max((s.top for m, s in standings.items() if m.role == "acceptor"), default=0)
    chosen = max((s.prefix for m, s in standings.items() if m.role != "acceptor"), default=0)
    members = sorted({*wanted, *told}, key=lambda m: (ORDER.index(m.role), m.id))
    leader = max(
        ((s.ballot, str(m)) for m, s in standings.items() if s.leads), default=(NO_BALLOT, "")
    )
    missing = [str(m) for m in members if m not in told and m.role != "client"]
    # Where the configuration does not say how many there are, one is the least.
    unknown = [
        role for role in ROLES if role != "client" and not any(m.role == role for m in members)
    ]
    return Report(
        cluster=cluster,
        leader=leader[1],
        ballot=leader[0],
        delivered=max((s.prefix for m, s in standings.items() if m.role == "learner"), default=0),
        begun=top,
        missing=missing + [f"any {role}" for role in unknown],
        processes=[
            _row(told[m], standings[m], votes, chosen) if m in told else Silent(process=str(m))
            for m in members
        ],
    )


def _row(told: Told, standing: Standing, votes: int, chosen: int) -> Row:
    """`votes` and `chosen`: how far the furthest are."""
    answer, role = told.answer, told.process.member.role
    lags = {"acceptor": votes - standing.top, "client": 0}
    return Row(
        process=str(told.process.member),
        incarnation=told.process.incarnation,
        host=answer.host if answer.host.isprintable() else "?",
        pid=answer.pid,
        up_s=round(answer.age_us / 1e6, 3),
        leads=standing.leads,
        ballot=standing.ballot,
        prefix=standing.prefix,
        top=standing.top,
        lag=lags.get(role, chosen - standing.prefix),
        values=standing.values,
        pending=standing.pending,
        memory_bytes=answer.memory_bytes,
        received=answer.received,
        sent=answer.sent,
        repeated=answer.repeated,
        dropped=answer.dropped,
        most_dropped=answer.most_dropped if answer.most_dropped.isprintable() else "?",
        kept=standing.kept,
        kept_s=round(standing.kept_us / 1e6, 3),
        giver=standing.giver,
        taken_percent=min(100, standing.taken_percent),
    )


# As a table.

HEADS = (
    *("process", "where", "up", "ballot", "prefix", "top", "lag", "values", "pending", "MiB"),
    *("received", "sent", "repeated", "dropped"),
)


def table(found: Report) -> str:
    """The report for people."""
    rows = [row for row in found.processes if isinstance(row, Row)]
    leads = f"{found.leader} leads with ballot {_ballot(found.ballot)}"
    lines = [
        f"cluster {found.cluster}: {leads if found.leader else 'nobody leads'}; "
        f"{found.delivered:,} instances delivered, {found.begun:,} begun"
    ]
    lines += _aligned([HEADS, *map(_cells, found.processes)])
    lines += [
        f"{row.process}: most of what it dropped was {row.most_dropped}"
        for row in rows
        if row.most_dropped
    ]
    if kept := [row for row in rows if row.kept]:
        of = [f"{row.process} {row.kept:,} instances, {_time(row.kept_s)} ago" for row in kept]
        lines.append(f"checkpoints: {'; '.join(of)}")
    lines += [
        f"{row.process}: takes the checkpoint of learner {row.giver}: {row.taken_percent} % of it"
        for row in rows
        if row.giver
    ]
    others = [row.process for row in rows if row.leads and row.process != found.leader]
    if others:
        lines.append(f"also believing that it leads, with a lower ballot: {', '.join(others)}")
    if found.missing:
        lines.append(f"missing: {', '.join(found.missing)}")
    return "\n".join(lines)


def _cells(row: Row | Silent) -> Sequence[str]:
    if isinstance(row, Silent):
        return [row.process, "silent", *[""] * (len(HEADS) - 2)]
    counts = (row.prefix, row.top, row.lag, row.values, row.pending)
    traffic = (row.received, row.sent, row.repeated, row.dropped)
    return [
        row.process,
        f"{row.host}:{row.pid}",
        _time(row.up_s),
        _ballot(row.ballot) + "*" * row.leads if row.ballot != NO_BALLOT else "",
        *(f"{count:,}" for count in counts),
        f"{row.memory_bytes / 2**20:.0f}" if row.memory_bytes else "?",
        *(f"{count:,}" for count in traffic),
    ]


def _ballot(ballot: tuple[int, int]) -> str:
    return f"({ballot[0]}, {ballot[1]})"


def _time(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """In columns: the first two to the left, figures to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if n < 2 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
