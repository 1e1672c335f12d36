"""The assembler: it puts values together whose parts were delivered, or discards them.

What comes of a value is a function of the delivered sequence alone: no time, no message and nothing
else that learners do not share has a say in it. So all learners deliver the same values at the same
positions, and discard the same ones, and one that starts again decides as it did before. A value is
delivered in the moment when its last missing part is, or never.

What is kept of values with missing parts is bounded. A value is discarded

- when there is no room for all: of the client that has the most, the value that was added to the
  longest ago. So a client that lies, or begins much and ends nothing, is the first to lose;
- when none of its parts was among the last `unfinished_positions` values delivered;
- when a later incarnation of its client had a value delivered, for then nobody sends the rest.

Parts that come later of a value that was discarded are dropped. Of the last `outcomes` values it is
remembered what became of them, for clients that ask. Nothing is known here of messages or time.
"""

from collections import OrderedDict
from collections.abc import Iterable

from paxos.core.batch import Packet, WholeValue
from paxos.core.checkpoint import UnfinishedValue
from paxos.core.messages import Fate, Outcome
from paxos.core.names import client_id, client_incarnation
from paxos.core.part import Part, join_parts, read_part
from paxos.core.settings import Settings

UNFINISHED_BYTES, PART_BYTES = 512, 128
"""Of memory, what a value with missing parts takes beyond them, and what each of them takes beyond
its bytes."""

Key = tuple[str, int]
"""`(client, first sequence number)`: a value in parts."""


class _Unfinished:
    """A value with missing parts."""

    __slots__ = ("bytes", "parts", "position", "told")

    def __init__(self, told: Part) -> None:
        self.told = told
        self.parts: dict[int, bytes] = {}
        self.bytes = 0  # of memory
        self.position = 0  # of the part that was delivered last

    def has_room_for(self, part: Part) -> bool:
        """Whether another part can be of the same value, and is not there yet."""
        told = self.told
        same = (part.count, part.total, part.length) == (told.count, told.total, told.length)
        return same and part.index not in self.parts


class _Held:
    """What is kept of the values of one client id."""

    __slots__ = ("bytes", "keys")

    def __init__(self) -> None:
        self.bytes = 0
        self.keys: OrderedDict[Key, None] = OrderedDict()  # the one added to the longest ago first


class Assembler:
    """Is told of all parts, in the order in which they are delivered."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._unfinished: OrderedDict[Key, _Unfinished] = OrderedDict()  # in the same order
        self._held: dict[int, _Held] = {}  # by client id
        self._latest: dict[int, int] = {}  # by client id, its incarnation
        self._outcomes: OrderedDict[Key, Outcome] = OrderedDict()
        self._look_after = 0  # beyond this position something may be too old; 0: nothing is kept
        self.unfinished_bytes = 0
        """What is kept of values with missing parts: about so much memory."""
        self.settled: list[Outcome] = []
        """What became of values; whoever reads it clears it."""
        self.refused: list[str] = []
        """Why parts were dropped, in a few words; the same."""

    def outcome(self, client: str, first: int) -> Outcome | None:
        """What became of the value with this first part, if that is known."""
        return self._outcomes.get((client, first))

    def begins(self, client: str) -> None:
        """The first value of an incarnation of a client is delivered: earlier ones are over."""
        owner, incarnation = client_id(client), client_incarnation(client)
        if incarnation > self._latest.get(owner, 0):
            self._latest[owner] = incarnation
            for key in list(self._held[owner].keys) if owner in self._held else ():
                self._settle(key, Fate.LATER_INCARNATION)

    def reaches(self, position: int) -> None:
        """The delivered sequence has got to `position`. To be called for each packet."""
        while self._look_after and position > self._look_after:
            self._settle(next(iter(self._unfinished)), Fate.TOO_OLD)

    def add(self, instance: int, position: int, packet: Packet) -> WholeValue | None:
        """A part is delivered. The value, if no other part is missing."""
        told = read_part(packet.payload)
        if told is None or told.index >= packet.first:
            self.refused.append("parts that no client makes")
            return None
        key = packet.client, packet.first - told.index
        value = self._unfinished.get(key) or _Unfinished(told)
        if key in self._outcomes:
            return None  # it was discarded
        if reason := self._objection(packet.client, told, value):
            self.refused.append(reason)
            return None
        self._keep(key, value, told.index, packet.payload)
        value.position = position
        if len(value.parts) == told.count:
            self._settle(key, Fate.DELIVERED, instance, position)
            return WholeValue(*key, 1, join_parts(value.parts[n] for n in range(told.count)))
        self._make_room()
        self._plan()
        return None

    # As part of a snapshot.

    def unfinished(self) -> list[UnfinishedValue]:
        """The values with missing parts, the one added to the longest ago first."""
        return [
            UnfinishedValue(*key, value.position, list(value.parts.values()))
            for key, value in self._unfinished.items()
        ]

    def outcomes(self) -> list[Outcome]:
        """What is known to have become of values, the oldest first."""
        return list(self._outcomes.values())

    def restore(
        self,
        clients: Iterable[str],
        unfinished: Iterable[UnfinishedValue],
        outcomes: Iterable[Outcome],
    ) -> None:
        """Have what another one has told, which had heard of `clients`. To be called on a new one.
        Raises `ValueError` if no assembler tells that."""
        for client in clients:
            self.begins(client)
        for outcome in outcomes:
            self._outcomes[outcome.client, outcome.first] = outcome
        for kept in unfinished:
            key = kept.client, kept.first
            for payload in kept.parts:
                told = read_part(payload)
                value = self._unfinished.get(key) or (_Unfinished(told) if told else None)
                if told is None or value is None or self._objection(kept.client, told, value):
                    raise ValueError("its unfinished values are none")
                self._keep(key, value, told.index, payload)
                value.position = kept.position
        if self.unfinished_bytes > self._settings.unfinished_bytes:
            raise ValueError("its unfinished values are more than a learner keeps")
        self._plan()

    def _objection(self, client: str, told: Part, value: _Unfinished) -> str:
        """Why a part is dropped; empty: it is kept."""
        if told.total > self._settings.max_value_bytes:
            return "parts of values above max_value_bytes"
        if client_incarnation(client) < self._latest.get(client_id(client), 0):
            return "parts of an earlier incarnation of a client"
        return "" if value.has_room_for(told) else "parts that contradict others of the same value"

    def _keep(self, key: Key, value: _Unfinished, index: int, payload: bytes) -> None:
        held = self._held.setdefault(client_id(key[0]), _Held())
        added = PART_BYTES + len(payload) + (0 if value.parts else UNFINISHED_BYTES)
        value.parts[index] = payload
        value.bytes += added
        held.bytes += added
        self.unfinished_bytes += added
        self._unfinished[key] = value
        self._unfinished.move_to_end(key)
        held.keys[key] = None
        held.keys.move_to_end(key)

    def _make_room(self) -> None:
        while self.unfinished_bytes > self._settings.unfinished_bytes:
            most = max(self._held, key=lambda owner: (self._held[owner].bytes, owner))
            self._settle(next(iter(self._held[most].keys)), Fate.NO_ROOM)

    def _settle(self, key: Key, fate: Fate, instance: int = 0, position: int = 0) -> None:
        """Nothing is kept of the value any more but what became of it."""
        value = self._unfinished.pop(key)
        self.unfinished_bytes -= value.bytes
        client, first = key
        owner = client_id(client)
        held = self._held[owner]
        held.bytes -= value.bytes
        del held.keys[key]
        if not held.keys:
            del self._held[owner]
        outcome = Outcome(client, first, first + value.told.count - 1, fate, instance, position)
        self._outcomes[key] = outcome
        if len(self._outcomes) > self._settings.outcomes:
            self._outcomes.popitem(last=False)
        self.settled.append(outcome)
        self._plan()

    def _plan(self) -> None:
        """When to look next for what is too old."""
        oldest = next(iter(self._unfinished.values()), None)
        self._look_after = oldest.position + self._settings.unfinished_positions if oldest else 0
