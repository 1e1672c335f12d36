"""Tests of the benchmark: that it works and counts right. No test asserts a speed."""
