"""What is under way: what is sent when, what is lost, and when to look."""

from itertools import pairwise
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from paxos.core.flight import FAST_RESENDS, Flight
from paxos.core.roundtrip import LONGEST_PAUSE_S
from paxos.core.settings import Settings

SIZE = 1_000


def flight(first_messages: int = 4, packet_threshold: int = 3) -> Flight:
    settings = Settings(message_bytes=SIZE, first_messages=first_messages)
    return Flight(settings, 0.01, 0.1, packet_threshold, ordered=False)


def offered(some: Flight, *numbers: int) -> Flight:
    for number in numbers:
        some.offer(number, SIZE)
    return some


def test_what_the_window_admits_is_sent_and_the_rest_when_something_is_answered() -> None:
    some = offered(flight(), *range(1, 9))
    assert some.take(0.0) == [(n, False) for n in (1, 2, 3, 4)]
    assert not some.admits(1), "the others come first"
    some.answered(1, 0.02)
    assert some.take(0.02) == [(5, False), (6, False)], "one for it, and one since the window grew"


def test_a_timer_that_is_too_short_for_the_path_grows_although_answers_come() -> None:
    """The link gets slow, and its queue fills: each message is sent again before its answer is
    there, so that none tells how long that takes (Karn)."""
    some = flight(16)
    arrivals: list[tuple[float, int]] = []
    again_s: list[float] = []
    free_s = 0.0  # when the link has carried all that is in its queue
    for step in range(800):
        now_s = step * 0.005
        while arrivals and arrivals[0][0] <= now_s:
            some.answered(arrivals.pop(0)[1], now_s)
        if some.admits(SIZE):
            offered(some, step + 1)
        for number, again in some.take(now_s):
            if again:
                again_s.append(now_s)
            free_s = max(free_s, now_s) + (0.001 if now_s < 1.0 else 0.01)
            arrivals.append((free_s, number))
    assert not [at_s for at_s in again_s if at_s < 1.0 or at_s > 2.0], "it has learned"


def test_alone_anything_may_be_sent() -> None:
    some = flight(first_messages=1)
    some.offer(1, 50 * SIZE)
    assert some.take(0.0) == [(1, False)]
    assert not some.admits(1)


def test_what_later_ones_overtake_is_lost_and_sent_before_anything_new() -> None:
    some = offered(flight(8), *range(1, 9))
    some.take(0.0)
    for number in (2, 3):
        some.answered(number, 0.01)
    offered(some, 20)
    assert some.take(0.01) == [(20, False)], "1 may be on its way yet"
    some.answered(4, 0.01)
    offered(some, 21)
    assert (1, True) in some.take(0.01)


def test_what_is_overtaken_again_and_again_waits_for_its_timer() -> None:
    """Perhaps the others are answered and this one never is."""
    some = offered(flight(8), 1)
    sent = len(some.take(0.0))
    for number in range(2, 60):
        offered(some, number)
        taken = some.take(0.0)
        sent += sum(n == 1 for n, _ in taken)
        some.answered(number, 0.0)
    assert sent == 1 + FAST_RESENDS


def test_what_is_not_answered_in_time_is_sent_again_ever_less_often() -> None:
    some = offered(flight(), 1)
    some.take(0.0)
    times = []
    for _ in range(9):
        times.append(some.deadline_s())
        assert some.take(times[-1]) == [(1, True)]
    pauses = [b - a for a, b in pairwise(times)]
    assert pauses == sorted(pauses) and pauses[-1] == LONGEST_PAUSE_S
    assert round(pauses[1] / pauses[0]) == 2


def test_after_two_silences_one_message_asks_whether_the_path_is_open() -> None:
    some = offered(flight(), 1, 2, 3, 4)
    some.take(0.0)
    assert len(some.take(some.deadline_s())) == 4
    assert some.take(some.deadline_s()) == [(1, True)]
    some.answered(1, 5.0)
    assert some.take(5.0) == [(2, True), (3, True)], "and its answer opens the window"


def test_when_somebody_is_heard_again_a_long_pause_ends() -> None:
    some = offered(flight(), 1)
    now_s = 0.0
    for _ in range(6):
        some.take(now_s)
        now_s = some.deadline_s()
    some.take(now_s)
    assert some.deadline_s() > now_s + 1
    some.revive()
    assert some.take(now_s) == [(1, True)]


def test_of_a_repeated_message_nobody_knows_which_sending_was_answered() -> None:
    some = offered(flight(), 1)
    some.take(0.0)
    some.take(some.deadline_s())
    before = some.round_trip.timeout_s
    some.answered(1, 100.0)
    assert some.round_trip.timeout_s == before


Action = tuple[str, int]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["offer", "answer", "forget", "wait", "revive"]), st.integers(1, 9)
        ),
        max_size=60,
    )
)
def test_whatever_happens_nothing_is_forgotten_and_the_window_is_kept(
    actions: list[Action],
) -> None:
    """Against a model: what was offered and neither answered nor forgotten is under way or waits;
    the bytes are counted right; and there is always a time at which to look."""
    some, wanted, now_s = flight(), set[int](), 0.0
    for what, number in actions:
        match what:
            case "offer":
                some.offer(number, SIZE)
                wanted.add(number)
            case "answer":
                some.answered(number, now_s)
                wanted.discard(number)
            case "forget":
                some.forget(number)
                wanted.discard(number)
            case "revive":
                some.revive()
            case _:
                now_s += number / 20
        for sent, _ in some.take(now_s):
            assert sent in wanted
        assert some._under_way.keys() | some._waiting.keys() == wanted
        assert not some._under_way.keys() & some._waiting.keys()
        assert some.under_way_bytes == SIZE * len(some._under_way)
        assert some._waiting_bytes == SIZE * len(some._waiting)
        assert len(some._under_way) <= 1 or some.under_way_bytes <= some.window.limit + SIZE
        assert (some.deadline_s() < inf) == bool(wanted), "or it would wait for ever"


def test_what_is_answered_after_a_silence_ends_the_long_pauses_of_the_others() -> None:
    """Who is overloaded takes some of what is sent again and drops the rest."""
    some = offered(flight(8), 1, 2, 3, 4)
    now_s = 0.0
    while some.round_trip.timeout_s < LONGEST_PAUSE_S:
        some.take(now_s)
        now_s = some.deadline_s()
    offered(some, 5)
    some.take(now_s)
    first = next(iter(some._under_way))
    some.answered(first, now_s + 0.001)
    if some._under_way:
        assert some.deadline_s() <= now_s + 0.2
    assert some.take(now_s + 0.2), "the others, at once"


def test_what_is_answered_after_long_pauses_ends_those_of_the_others() -> None:
    """Though answers to other messages have come all the time, so that it was never silent."""
    some = offered(flight(8), 1, 2, 3)
    now_s, new = 0.0, 10
    while True:
        some.take(now_s)
        if some._under_way[1].pause_s >= LONGEST_PAUSE_S:
            break
        now_s = max(sent.due_s for sent in some._under_way.values())
        new += 1
        offered(some, new).take(now_s - 0.002)
        some.answered(new, now_s - 0.001)
    assert not some._silences and some._under_way[2].due_s > now_s + 1.0
    some.answered(1, now_s + 0.001)
    assert some._under_way[2].due_s <= now_s + 0.2


def test_an_answer_after_a_silence_ends_the_pauses_of_what_was_sent_with_it() -> None:
    """Several small messages are under way in the window that a silence leaves."""
    some = flight(8)
    for number in (1, 2, 3):
        some.offer(number, SIZE // 10)
    now_s = 0.0
    while some.round_trip.timeout_s < LONGEST_PAUSE_S:
        some.take(now_s)
        now_s = some.deadline_s()
    assert len(some.take(now_s)) == 3
    assert some.deadline_s() >= now_s + LONGEST_PAUSE_S
    some.answered(1, now_s + 0.001)
    assert some.take(now_s + 0.2) == [(2, True), (3, True)]


def test_a_round_trip_is_from_when_it_was_sent_to_when_it_is_answered() -> None:
    some = offered(flight(), 1)
    some.take(100.0)
    some.answered(1, 100.5)
    assert some.window.round_s == 0.5
    assert some.round_trip.timeout_s == 2.0, "twice the mean, and four times the variation"
