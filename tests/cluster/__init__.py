"""Tests with real processes over real multicast, each of whose runs is checked against the spec."""
