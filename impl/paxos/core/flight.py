"""What was sent and not answered yet: what is lost of it, what may be sent now, and when to look.

Clients and leaders keep what they said in one of these. It holds no messages, only numbers: who
sends knows what is behind a number. What is under way is bounded by a window; what is lost is sent
again before anything new, as far as the window admits it.

A message is lost by the *packet threshold* when enough of those that were sent after it are
answered, since networks reorder few, and by its *timer* when it is not answered in time (RFC 9002,
section 6.1, has both under these names). If nothing at all is answered for two timers in a row,
everything counts as lost, and one message at a time asks whether the path is open.
"""

from math import inf

from paxos.core.roundtrip import LONGEST_PAUSE_S, RoundTrip, longer
from paxos.core.settings import Settings
from paxos.core.window import Window

FAST_RESENDS = 3
"""So often a message may be sent again by the packet threshold. What is still not answered then
waits for its timer, which doubles: perhaps the others are answered and this one never is."""

PATIENCE = 4
"""A timer is no longer than before anything was measured, or than so many of the shortest round
trips: many of them vary because others are waited for, and not because the path is slow."""


class _Sent:
    """One message."""

    __slots__ = ("by_threshold", "due_s", "order", "pause_s", "sendings", "sent_s", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self.sendings = 0
        self.order = 0
        """Of its last sending, among all sendings."""
        self.sent_s = self.due_s = inf
        self.by_threshold = False
        """Whether it counts as lost by the packet threshold, which is certain. A timer is not:
        where answers wait for one another, all of them may be late."""
        self.pause_s = 0.0


class Flight:
    """The messages of one sender, by numbers above 0."""

    def __init__(
        self,
        settings: Settings,
        shortest_s: float,
        first_s: float,
        packet_threshold: int,
        *,
        ordered: bool,
    ) -> None:
        """`packet_threshold`: a message is lost when one that was sent so many later is answered.
        The times are those of `RoundTrip`, and `ordered` is that of `Window`."""
        self._settings = settings
        segment = settings.fitting_bytes
        self.window = Window(segment, settings.first_messages, ordered=ordered)
        self.round_trip = RoundTrip(shortest_s, first_s)
        self._first_s = first_s
        self.under_way_bytes = self._waiting_bytes = 0
        self._segment = segment
        self._packet_threshold = packet_threshold
        self._ordered = ordered
        self._under_way: dict[int, _Sent] = {}  # in the order of their last sending
        self._waiting: dict[int, _Sent] = {}  # to be sent, or sent again
        self._is_mixed = False
        """Whether something waits again, behind new messages with higher numbers perhaps."""
        self._orders = 0
        self._arrived = 0  # the last sending that is known to have been answered
        self._answered_s = -inf  # when anything was answered last
        self._measured_s = -inf  # when a round trip was measured last
        self._silences = 0  # timers in a row without an answer
        self._look_s = inf

    def admits(self, size: int) -> bool:
        """Whether a new message of `size` bytes may be sent now, after those that wait."""
        wanted = self.under_way_bytes + self._waiting_bytes + size
        return not (self._under_way or self._waiting) or wanted <= self.window.limit

    def is_full(self) -> bool:
        """Whether the window is used up: another of the largest messages does not fit."""
        return self.under_way_bytes + self._segment > self.window.limit

    def is_new(self, number: int) -> bool:
        """Whether it needs an answer, and was sent once at most."""
        sent = self._under_way.get(number) or self._waiting.get(number)
        return sent is not None and sent.sendings <= 1

    def offer(self, number: int, size: int) -> None:
        """A message is to be sent, when `take` says so."""
        self.forget(number)
        self._wait(number, _Sent(size))

    def _wait(self, number: int, sent: _Sent) -> None:
        self._waiting[number] = sent
        self._waiting_bytes += sent.size

    def answered(self, number: int, now_s: float) -> None:
        """It was answered, perhaps after it was taken for lost."""
        is_full = self.is_full()
        sent = self.forget(number)
        if sent is None:
            return
        self._answered_s = now_s
        if self._silences:
            self._silences = 0
            self._hurry(now_s, now_s - sent.sent_s, 0.0)
        elif sent.pause_s >= LONGEST_PAUSE_S and sent.sendings > 1:
            answer_s = max(now_s - sent.sent_s, self.window.round_s)
            self._hurry(now_s, answer_s, LONGEST_PAUSE_S)
        if sent.sendings == 1:  # otherwise nobody knows which sending was answered
            self._measured_s = now_s
            self._arrived = max(self._arrived, sent.order)
            self.window.measured(now_s - sent.sent_s, now_s)
            most_s = max(self._first_s, PATIENCE * self.window.round_s)
            self.round_trip.measured(now_s - sent.sent_s, most_s)
        self.window.answered(sent.size, now_s, is_full=is_full)

    def _hurry(self, now_s: float, answer_s: float, pause_s: float) -> None:
        """Something is answered again, `answer_s` after it was last sent. Those with pauses of at
        least `pause_s` need not wait for their end: they are lost too, or the receiver had no room
        for them."""
        due_s = now_s + max(self._first_s, PATIENCE * answer_s)
        for sent in self._under_way.values():
            if sent.pause_s >= pause_s:
                sent.due_s = min(sent.due_s, due_s)
        self._look_s = min(self._look_s, due_s)

    def forget(self, number: int) -> _Sent | None:
        """It needs no answer any more. What was known of it."""
        if sent := self._under_way.pop(number, None):
            self.under_way_bytes -= sent.size
        elif sent := self._waiting.pop(number, None):
            self._waiting_bytes -= sent.size
        return sent

    def clear(self) -> None:
        """Nothing needs an answer any more."""
        self._under_way.clear()
        self._waiting.clear()
        self.under_way_bytes = self._waiting_bytes = 0
        self._look_s = inf

    def take(self, now_s: float) -> list[tuple[int, bool]]:
        """What is to be sent now: the numbers, and whether for another time."""
        self._lose_by_threshold(now_s)
        if now_s >= self._look_s:
            self._lose_by_timer(now_s)
        if self._settings.fifo and self._is_mixed:  # none can be answered before the lowest
            self._waiting = dict(sorted(self._waiting.items()))
        self._is_mixed = False
        taken: list[tuple[int, bool]] = []
        for number, sent in self._waiting.items():
            if self._under_way and self.under_way_bytes + sent.size > self.window.limit:
                break
            self._waiting_bytes -= sent.size
            again = sent.sendings > 0
            if again and (sent.by_threshold or not self._ordered):
                self.window.lost(now_s)
            taken.append((number, again))
            self._send(number, sent, now_s)
        for number, _ in taken:
            del self._waiting[number]
        return taken

    def _send(self, number: int, sent: _Sent, now_s: float) -> None:
        self._orders += 1
        sent.order = self._orders
        sent.sendings += 1
        sent.by_threshold = False
        sent.sent_s = now_s
        sent.pause_s = max(sent.pause_s, self.round_trip.timeout_s)
        sent.due_s = now_s + sent.pause_s
        self._under_way[number] = sent
        self.under_way_bytes += sent.size
        self._look_s = min(self._look_s, sent.due_s)

    def deadline_s(self) -> float:
        """When `take` is next wanted, if nothing is answered before."""
        return self._look_s if self._under_way else inf

    def _lose_by_threshold(self, now_s: float) -> None:
        before = self._arrived - self._packet_threshold
        lost: list[int] = []
        for number, sent in self._under_way.items():
            if sent.order > before:
                break
            if sent.sendings <= FAST_RESENDS:
                lost.append(number)
        for number in lost:
            self._under_way[number].by_threshold = True
            self._lose(number)

    def _lose_by_timer(self, now_s: float) -> None:
        late = [number for number, sent in self._under_way.items() if sent.due_s <= now_s]
        if late and self._answered_s < self._under_way[late[0]].sent_s:
            self._silences += 1
            self.round_trip.unanswered()
            if self._silences > 1:
                self.window.silent()
                late = list(self._under_way)
        else:
            if late and self._measured_s < self._under_way[late[0]].sent_s:
                self.round_trip.unanswered()  # of what is answered, all was sent again before
            for number in late:
                self._under_way[number].pause_s = longer(self._under_way[number].pause_s)
        for number in late:
            self._lose(number)
        self._look_s = min((sent.due_s for sent in self._under_way.values()), default=inf)

    def _lose(self, number: int) -> None:
        sent = self._under_way.pop(number)
        self.under_way_bytes -= sent.size
        self._wait(number, sent)
        self._is_mixed = True

    def revive(self) -> None:
        """Somebody is heard again after a silence: do not wait for the end of a long pause."""
        for number in list(self._under_way):
            self._lose(number)
