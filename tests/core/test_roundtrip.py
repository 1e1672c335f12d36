"""The estimate of a round trip."""

from paxos.core.roundtrip import LONGEST_PAUSE_S, LONGEST_S, RoundTrip, longer

SHORTEST_S, FIRST_S = 0.005, 0.25


def measured(*samples_s: float) -> RoundTrip:
    trip = RoundTrip(SHORTEST_S, FIRST_S)
    for sample_s in samples_s:
        trip.measured(sample_s)
    return trip


def test_before_anything_is_measured_it_is_as_patient_as_told() -> None:
    assert measured().timeout_s == FIRST_S


def test_it_follows_what_is_measured_within_its_bounds() -> None:
    steady = measured(*[0.02] * 50)
    assert 0.02 < steady.timeout_s < 0.06, "above the round trip, and not far"
    varying = measured(*[0.01, 0.03] * 25)
    assert varying.timeout_s > steady.timeout_s, "what varies more wants more patience"
    assert measured(*[0.0001] * 50).timeout_s == SHORTEST_S
    assert 6.0 < measured(*[3.0] * 50).timeout_s <= 8.0, "as slow as the path is"
    assert measured(*[900.0] * 50).timeout_s == LONGEST_S
    for _ in range(50):
        steady.measured(9.0, most_s=36.0)  # who sends allows what its slowest path may take
    assert steady.timeout_s == LONGEST_S


def test_without_an_answer_it_doubles_until_something_is_measured_again() -> None:
    trip = measured(0.02)
    timeouts = []
    for _ in range(12):
        trip.unanswered()
        timeouts.append(trip.timeout_s)
    assert timeouts[1] == 2 * timeouts[0]
    assert timeouts[-1] == LONGEST_PAUSE_S
    trip.measured(0.02)
    assert trip.timeout_s < timeouts[0]


def test_a_pause_that_is_longer_than_all_others_stays() -> None:
    assert longer(3 * LONGEST_PAUSE_S) == 3 * LONGEST_PAUSE_S
