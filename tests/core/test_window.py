"""The window for what is under way."""

from paxos.core.window import BASE_S, ENOUGH, LEAST_MESSAGES, SHRINK, Window

SEGMENT = 1_000


def window(*, ordered: bool = False) -> Window:
    return Window(SEGMENT, 4, ordered=ordered)


def answer(some: Window, count: int, now_s: float, round_trip_s: float = 0.01) -> float:
    """So many messages of a full window are answered, one after the other; when that ends."""
    for _ in range(count):
        now_s += round_trip_s
        some.measured(round_trip_s, now_s)
        some.answered(SEGMENT, now_s, is_full=True)
    return now_s


def test_it_grows_twofold_at_first() -> None:
    some = window()
    assert some.limit == 4 * SEGMENT
    answer(some, 4, 0.0)
    assert some.limit == 8 * SEGMENT


def test_what_does_not_use_it_up_does_not_make_it_grow() -> None:
    some = window()
    for now_s in range(100):
        some.answered(SEGMENT, float(now_s), is_full=False)
    assert some.limit == 4 * SEGMENT


def test_where_a_queue_stands_it_does_not_grow_and_later_only_slowly() -> None:
    some = window()
    now_s = answer(some, 20, 0.0, 0.01)
    now_s = answer(some, 2, now_s, 0.05)
    before = some.limit
    now_s = answer(some, 20, now_s, 0.05)
    assert some.limit == before
    answer(some, 26, now_s, 0.01)
    assert before < some.limit < before + 2 * SEGMENT


def test_where_a_queue_is_longer_than_the_path_it_shrinks_but_not_to_nothing() -> None:
    some = window()
    now_s = answer(some, 20, 0.0, 0.01)
    before = some.limit
    now_s = answer(some, 30, now_s, 0.1)
    assert before - 3 * SEGMENT < some.limit < before
    answer(some, 450, now_s, 0.1)
    assert some.limit == LEAST_MESSAGES * SEGMENT


def test_a_loss_without_a_queue_is_one_by_chance() -> None:
    some = window()
    now_s = answer(some, 20, 0.0)
    before = some.limit
    some.lost(now_s)
    assert some.limit == before


def test_a_loss_where_a_queue_stands_is_congestion_once_in_a_round_trip() -> None:
    some = window()
    now_s = answer(some, 20, 0.0, 0.01)
    now_s = answer(some, 4, now_s, 0.2)
    before = some.limit
    for _ in range(3):
        some.lost(now_s)
    assert before / 2 <= some.limit < before
    smaller = some.limit
    some.lost(now_s + 0.3)
    assert some.limit < smaller


def test_late_answers_are_no_queue_where_they_wait_for_one_another() -> None:
    some = window(ordered=True)
    now_s = answer(some, 20, 0.0, 0.01)
    now_s = answer(some, 4, now_s, 0.2)
    before = some.limit
    some.lost(now_s)
    assert some.limit == before


def test_where_much_is_lost_it_is_congestion_whatever_round_trips_say() -> None:
    for ordered in (False, True):
        some = window(ordered=ordered)
        now_s = answer(some, ENOUGH, 0.0)
        before = some.limit
        for _ in range(ENOUGH):
            some.lost(now_s)
        assert some.limit < before


def test_what_grew_twofold_is_halved_and_what_grew_slowly_loses_a_fifth() -> None:
    some = window()
    now_s = answer(some, ENOUGH, 0.0)
    for factor in (0.5, SHRINK, SHRINK):
        before = some.limit
        now_s += 1.0
        for _ in range(ENOUGH):
            some.lost(now_s)
        assert some.limit == factor * before


def test_after_a_silence_it_begins_with_one_message_and_grows_back_to_half() -> None:
    some = window()
    now_s = answer(some, 60, 0.0)
    before = some.limit
    some.silent()
    assert some.limit == SEGMENT
    now_s = answer(some, 40, now_s)
    assert before / 2 < some.limit < before


def test_an_old_shortest_round_trip_is_forgotten() -> None:
    """The path has become longer."""
    some = window()
    now_s = answer(some, 5, 0.0, 0.01)
    for _ in range(5):
        now_s = answer(some, 3, now_s + BASE_S / 2, 0.5)
    assert some.queue_s() == 0


def test_a_round_lasts_as_long_as_its_shortest_round_trip() -> None:
    """What is measured in it counts from the next one on."""
    some = window()
    for now_s, sample_s, round_s in [(0.0, 0.1, 0.1), (0.05, 0.02, 0.1), (0.11, 0.3, 0.02)]:
        some.measured(sample_s, now_s)
        some.answered(SEGMENT, now_s, is_full=True)
        assert some.round_s == round_s
