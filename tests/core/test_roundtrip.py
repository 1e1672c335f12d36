"""The estimate of a round trip."""

from paxos.core.roundtrip import RoundTrip

SHORTEST_S, LONGEST_S = 0.005, 0.25


def measured(*samples_s: float) -> RoundTrip:
    trip = RoundTrip(SHORTEST_S, LONGEST_S)
    for number, sample_s in enumerate(samples_s, 1):
        trip.asked(number, 10.0 * number)
        trip.answered(number, 10.0 * number + sample_s)
    return trip


def test_before_anything_is_measured_it_is_patient() -> None:
    assert measured().timeout_s == LONGEST_S


def test_it_follows_what_is_measured_within_its_bounds() -> None:
    steady = measured(*[0.02] * 50)
    assert 0.02 < steady.timeout_s < 0.06, "above the round trip, and not far"
    varying = measured(*[0.01, 0.03] * 25)
    assert varying.timeout_s > steady.timeout_s, "what varies more wants more patience"
    assert measured(*[0.0001] * 50).timeout_s == SHORTEST_S
    assert measured(*[9.0] * 50).timeout_s == LONGEST_S


def test_what_was_asked_twice_measures_nothing() -> None:
    trip = RoundTrip(SHORTEST_S, LONGEST_S)
    trip.asked(1, 0.0)
    trip.repeated(1)
    trip.answered(1, 0.02)
    assert trip.timeout_s == LONGEST_S
    trip.asked(2, 1.0)
    trip.repeated(1)  # another one
    trip.answered(2, 1.02)
    assert trip.timeout_s < LONGEST_S


def test_one_question_is_measured_at_a_time() -> None:
    trip = RoundTrip(SHORTEST_S, LONGEST_S)
    trip.asked(1, 0.0)
    trip.asked(2, 5.0)
    trip.answered(2, 5.001)
    assert trip.timeout_s == LONGEST_S, "only the first is measured"
    trip.answered_to(2, 0.02)
    assert trip.timeout_s < LONGEST_S
    trip.answered_to(9, 99.0)
    assert trip.timeout_s < LONGEST_S, "nothing was asked"
    trip.asked(10, 100.0)
    trip.give_up()
    trip.answered(10, 100.0001)
    assert trip.timeout_s > SHORTEST_S
